"""A small environment, two samples and what an agent may do with them, for tests."""

from __future__ import annotations

import json
from pathlib import Path

from evalkit.records import Row
from evalkit.store.sealing import rows_of
from tests.world import Ran, evalkit, run_folders

ENVIRONMENT = """
about: A desk for parcels.
state:
  parcels:
    P-1: {status: lost, paid: 1250, refunds: []}
    P-2: {status: on its way, paid: 800, refunds: []}
  asked: []
  yes: true
tools:
  - name: parcel.find
    description: What is known of a parcel.
    parameters: {type: object, properties: {parcel: {type: string}}, required: [parcel]}
    do:
      - {require: "{{ args.parcel in state.parcels }}", else: "there is no parcel {{ args.parcel }}"}
    returns: "{{ state.parcels[args.parcel] }}"
  - name: ask_customer
    description: Ask the customer to confirm something.
    parameters: {type: object, properties: {question: {type: string}}, required: [question]}
    do: [{append: {asked: "{{ args.question }}"}}]
    returns: "{{ 'yes' if state.yes else 'no' }}"
  - name: refund
    description: Pay a parcel back.
    parameters:
      type: object
      properties: {parcel: {type: string}, cents: {type: integer, minimum: 1}}
      required: [parcel, cents]
    do:
      - {require: "{{ args.parcel in state.parcels }}", else: "there is no parcel {{ args.parcel }}"}
      - {require: "{{ args.cents <= state.parcels[args.parcel].paid }}", else: "more than was paid"}
      - append: {"parcels.{{ args.parcel }}.refunds": "{{ args.cents }}"}
    returns: {refunded: "{{ args.cents }}"}
  - name: hand_over
    description: Hand over to a person.
    do: [{set: {handed_over: true}}]
    ends: true
"""
RECORDS = [
    {
        "id": "lost",
        "request": "My parcel P-1 is lost. Please pay me back.",
        "end": {"parcels": {"P-1": {"refunds": [1250]}}},
        "conduct": [{"only": "refund", "after": "parcel.find"}],
        "solution": [
            {"name": "parcel.find", "arguments": {"parcel": "P-1"}},
            {"name": "ask_customer", "arguments": {"question": "Pay back 12.50?"}},
            {"name": "refund", "arguments": {"parcel": "P-1", "cents": 1250}},
        ],
    },
    {
        "id": "coming",
        "request": "Pay me back for P-2, which has not come yet.",
        "start": {"yes": False, "parcels": {"P-1": None}},
        "end": {"handed_over": True},
        "conduct": [{"never": "refund", "because": "a parcel that is on its way is not paid back"}],
        "solution": [{"name": "hand_over", "arguments": {}}],
    },
]
TASK = """
  - name: desk
    data: {path: parcels.jsonl, id: id}
    environment: parcels.environment.yaml
    start: "{{ start | default({}) }}"
    at_most: {steps: 6}
    system: You work at a desk for parcels.
    prompt: "{{ request }}"
    score:
      end-state:
        ignore: [asked]
        conduct:
          - {at_most: 1, of: refund, because: a refund was issued twice}
          - {confirmed_by: ask_customer, saying: "yes", before: [refund]}
"""
FIND = {"name": "parcel.find", "arguments": {"parcel": "P-1"}}
ASK = {"name": "ask_customer", "arguments": {"question": "Pay back 12.50?"}}
REFUND = {"name": "refund", "arguments": {"parcel": "P-1", "cents": 1250}}
HAND_OVER = {"name": "hand_over", "arguments": {}}


def calls(*made: dict[str, object]) -> str:
    """Calls as a scripted model or a model asked in text writes them."""
    return json.dumps(list(made))


GOOD = {
    "lost": [calls(FIND), calls(ASK), calls(REFUND), "You get 12.50 back."],
    "coming": [calls(HAND_OVER)],
}


def write(folder: Path, models: str, *, task: str = TASK, environment: str = ENVIRONMENT, more: str = "") -> Path:
    """A suite with its files; `models` are the lines below `models:`."""
    (folder / "parcels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in RECORDS), "utf-8")
    (folder / "parcels.environment.yaml").write_text(environment, "utf-8")
    path = folder / "suite.yaml"
    path.write_text(f"name: desk\nmodels:\n{models}\ntasks:{task}{more}", encoding="utf-8")
    return path


def scripted(replies: dict[str, object], **more: object) -> str:
    """A model that follows a script."""
    return f"  m: {json.dumps({'adapter': 'scripted', 'replies': replies} | more)}"


def run(capsys: object, suite: Path, *more: object) -> Ran:
    """`evalkit run` into a folder beside the suite."""
    return evalkit(capsys, "run", suite, "--results", suite.parent / "results", "--json", *more)  # type: ignore[arg-type]


def by_id(suite: Path) -> dict[str, Row]:
    """The rows of the newest run."""
    newest = max(run_folders(suite.parent / "results"), key=lambda folder: (folder / "run.json").stat().st_mtime_ns)
    return {row.sample_id: row for row in rows_of(newest)}
