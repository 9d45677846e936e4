"""A log's trajectories run freely: known calls return what was recorded, another one ends the sample, said so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.store.journal import recover
from evalkit.store.sealing import rows_of
from tests.test_trajectories_replayed import TOOLS, made
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]
NAMES = ("find_parcel", "refund")


def requests_of(n: int) -> list[dict[str, Any]]:
    """What an agent sent for one parcel: look it up, pay it back, say so."""
    parcel = f"P-{n}"
    said: list[dict[str, Any]] = [{"role": "user", "content": f"Is parcel {parcel} paid back? Say yes or no."}]
    turns = [
        {"role": "assistant", "content": None, "tool_calls": [made("find_parcel", parcel=parcel)]},
        {"role": "tool", "content": f"{parcel} is lost, card of ada@example.org"},
        {"role": "assistant", "content": None, "tool_calls": [made("refund", parcel=parcel)]},
        {"role": "tool", "content": "done" if n % 2 else "refused"},
        {"role": "assistant", "content": "yes" if n % 2 else "no"},
    ]
    found = []
    for until in (1, 3, 5):
        messages = [*said, *turns[:until]]
        found.append({
            "id": f"{n}-{until}", "session_id": f"s{n}", "model": "gpt-4o", "tools": TOOLS, "messages": messages,
            "usage": {"prompt_tokens": 10, "completion_tokens": 5}, "cost_usd": 0.001, "latency_ms": 100,
        })  # fmt: skip
    return found


def imported(folder: Path, capsys: Capture, records: list[dict[str, Any]], *more: str) -> Ran:
    (folder / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    arguments = ("import", "traces", folder / "log.jsonl", "--out", folder / "suite", "--trajectories", "free", *more)
    return evalkit(capsys, *arguments)


def with_candidate(folder: Path, replies: dict[str, list[str]]) -> Path:
    """The suite, its candidate a script."""
    path = folder / "suite" / "suite.yaml"
    suite = yaml.safe_load(path.read_text("utf-8"))
    (name,) = suite["gate"]["candidates"]
    suite["models"][name] = {"adapter": "scripted", "replies": replies}
    suite["gate"]["rules"] = [{"quality": "all", "margin": 0.05}]
    path.write_text(yaml.safe_dump(suite), "utf-8")
    return path


def items_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "suite" / "data" / "requests.jsonl").read_text("utf-8").splitlines()]


def calls(*asked: tuple[str, str]) -> str:
    return json.dumps([{"name": name, "arguments": {"parcel": parcel}} for name, parcel in asked])


def parcel_of(item: dict[str, Any]) -> str:
    return str(item["messages"][0]["content"]).split()[2]


def test_each_trajectory_is_one_sample_and_production_stays_on_its_record(tmp_path: Path, capsys: Capture) -> None:
    records = [one for n in range(1, 9) for one in requests_of(n)]
    done = imported(tmp_path, capsys, records, "--candidate", "scripted:hello")
    assert done.code == 0, done.err
    assert "8 requests, 8 different" in done.err
    assert "dropped: 16: a step on the way of a trajectory" in done.err
    items = items_of(tmp_path)
    assert len(items) == 8
    assert [turn["role"] for turn in items[0]["messages"]] == ["user"], "what came after it is not shown"
    assert "ada@example.org" not in (tmp_path / "suite" / "data" / "tools-1.json").read_text("utf-8")
    assert evalkit(capsys, "check", tmp_path / "suite" / "suite.yaml").code == 0
    path = with_candidate(tmp_path, {
        items[0]["id"]: [calls(*((name, parcel_of(items[0])) for name in NAMES)), items[0]["answer"]],
        items[1]["id"]: ["maybe"],
        items[2]["id"]: [calls(("find_parcel", parcel_of(items[3])))],
        items[3]["id"]: [calls(("refund", parcel_of(items[3]))), calls(("refund", parcel_of(items[3]))), "no"],
        **{one["id"]: [one["answer"]] for one in items[4:]},
    })  # fmt: skip
    ran = evalkit(capsys, "run", path, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    rows = {(row.model == "recorded", row.sample_id): row for row in rows_of(folder)}
    recorded = [row for (is_recorded, _), row in rows.items() if is_recorded]
    assert {str(row.outcome) for row in recorded} == {"right"}
    assert {
        (len(row.steps or ()), row.input_tokens, float(row.cost_usd or 0), round(row.total_s or 0, 6))
        for row in recorded
    } == {(3, 30, 0.003, 0.3)}
    own = [rows[False, one["id"]] for one in items[:4]]
    assert [str(row.outcome) for row in own] == ["right", "wrong", "errored", "errored"]
    assert [row.error_kind for row in own] == [None, None, "off_record", "off_record"]
    assert "left the record at step 1: find_parcel" in str(own[2].error), "another customer's result is not its own"
    assert "was never recorded for this sample" in str(own[2].error)
    assert "left the record at step 2: refund" in str(own[3].error)
    assert "is made more often than it was recorded" in str(own[3].error)
    assert recover(folder).n_errored == 0, "nothing that is asked again"
    assert "2 of 8 samples left the record" in " ".join(ran.out.split())
    shown = evalkit(capsys, "show", folder, "--results", tmp_path / "results", "--json")
    left = {one["model"]: (one["n"], one["off_record"]) for one in json.loads(shown.out)["agents"]}
    assert left == {"recorded": (8, 0), "hello": (6, 2)}


@pytest.mark.long
@pytest.mark.parametrize(
    ("leaves", "wrong", "code", "said"),
    [(0, 0, 0, "PASS"), (30, 0, 3, "lost for passing"), (100, 0, 3, "no pair has a score"), (30, 60, 1, "FAIL")],
)
def test_who_leaves_the_record_passes_no_gate_by_it(
    leaves: int, wrong: int, code: int, said: str, tmp_path: Path, capsys: Capture
) -> None:
    records = [requests_of(n)[-1] for n in range(1, 101)]
    assert imported(tmp_path, capsys, records, "--candidate", "scripted:hello").code == 0
    replies = {}
    for n, one in enumerate(items_of(tmp_path)):
        right = [calls(*((name, parcel_of(one)) for name in NAMES)), str(one["answer"])]
        replies[one["id"]] = [calls(("find_parcel", "P-0"))] if n < leaves else ["?"] if n < leaves + wrong else right
    path = with_candidate(tmp_path, replies)
    ran = evalkit(capsys, "run", path, "--results", tmp_path / "results", "--gate")
    assert ran.code == code, ran.out + ran.err
    assert said in " ".join((ran.out + ran.err).split())
    again = evalkit(capsys, "run", path, "--results", tmp_path / "results", "--gate")
    assert again.code == code, "asking again changes nothing"


@pytest.mark.parametrize("form", ["one of a few words", "an object"])
def test_who_says_the_right_thing_and_does_nothing_is_wrong(form: str, tmp_path: Path, capsys: Capture) -> None:
    """Production paid twelve times of twelve; an agent that only says so paid nobody."""
    records = [requests_of(n)[-1] for n in range(1, 13)]
    for n, one in enumerate(records):
        one["messages"][-1]["content"] = "done" if form == "one of a few words" else json.dumps({"paid": True, "n": n})
    assert imported(tmp_path, capsys, records, "--candidate", "scripted:hello").code == 0
    items = items_of(tmp_path)
    both = [calls(*((name, parcel_of(items[0])) for name in NAMES)), str(items[0]["answer"])]
    looks = [calls(("find_parcel", parcel_of(items[1]))), str(items[1]["answer"])]
    says_otherwise = [calls(*((name, parcel_of(items[2])) for name in NAMES)), '{"paid": false}']
    replies = {items[0]["id"]: both, items[1]["id"]: looks, items[2]["id"]: says_otherwise}
    path = with_candidate(tmp_path, replies | {one["id"]: [str(one["answer"])] for one in items[3:]})
    ran = evalkit(capsys, "run", path, "--results", tmp_path / "results", "--gate")
    assert ran.code == 1, ran.out + ran.err
    rows = {row.sample_id: row for row in rows_of(run_folders(tmp_path / "results")[0]) if row.model != "recorded"}
    assert [name for name, row in rows.items() if row.score] == [items[0]["id"]]
    assert all("refund was not called" in str(rows[one["id"]].reason) for one in items[3:])
    assert "each call that production made is made" in (tmp_path / "suite" / "README.md").read_text("utf-8")


def test_free_text_is_scored_by_the_calls_of_production(tmp_path: Path, capsys: Capture) -> None:
    records = [requests_of(n)[-1] for n in range(1, 7)]
    for n, one in enumerate(records):
        one["messages"][-1]["content"] = f"Dear customer {'x' * n}, all of this is settled, and here is a long text."
    assert imported(tmp_path, capsys, records, "--candidate", "scripted:hello").code == 0
    first, second, *others = items_of(tmp_path)
    path = with_candidate(tmp_path, {
        first["id"]: [calls(("refund", parcel_of(first))), calls(("find_parcel", parcel_of(first))), "Fine."],
        second["id"]: [calls(("find_parcel", parcel_of(second))), "Fine."],
        **{one["id"]: ["Fine."] for one in others},
    })  # fmt: skip
    ran = evalkit(capsys, "run", path, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    rows = {row.sample_id: row for row in rows_of(run_folders(tmp_path / "results")[0]) if row.model != "recorded"}
    assert rows[first["id"]].outcome == "right"
    assert "refund was not called, and must be called" in str(rows[second["id"]].reason)


def test_what_is_no_whole_trajectory_is_counted_with_its_reason(tmp_path: Path, capsys: Capture) -> None:
    steps = requests_of(1)
    nothing = {"tools": TOOLS, "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hi"}]}
    odd = json.loads(json.dumps(steps[2]))
    del odd["messages"][2]
    undeclared = {**steps[2], "id": "u", "session_id": "u", "tools": TOOLS[:1]}
    done = imported(tmp_path, capsys, [*steps[:2], nothing, odd, undeclared])
    assert done.code == 2
    for said in ("a step on the way", "nothing to run freely", "do not belong together", "the log does not declare"):
        assert said in done.err
    assert not (tmp_path / "suite").exists()


@pytest.mark.parametrize("shape", ["anthropic", "opentelemetry", "apart", "openai", "items"])
def test_calls_that_were_made_together_have_a_result_each(shape: str, tmp_path: Path, capsys: Capture) -> None:
    made_calls = [
        {"type": "tool_use", "id": f"c{n}", "name": "find_parcel", "input": {"parcel": f"P-{n}"}} for n in (1, 2)
    ]
    results = [{"type": "tool_result", "tool_use_id": f"c{n}", "content": f"P-{n} is lost"} for n in (2, 1)]
    role = "user" if shape == "anthropic" else "tool"
    calling: list[dict[str, Any]] = [{"role": "assistant", "content": made_calls}]
    returned = [{"role": role, "content": results}]
    if shape == "apart":  # each call and each result as a turn of its own
        calling = [{"role": "assistant", "content": [one]} for one in made_calls]
        returned = [{"role": "user", "content": [one]} for one in results]
    if shape == "openai":
        said = [{**made("find_parcel", parcel=f"P-{n}"), "id": f"c{n}"} for n in (1, 2)]
        calling = [{"role": "assistant", "content": None, "tool_calls": said}]
        returned = [{"role": "tool", "tool_call_id": f"c{n}", "content": f"P-{n} is lost"} for n in (2, 1)]
    if shape == "items":  # as OpenAI's Responses API has them
        items = [(n, json.dumps({"parcel": f"P-{n}"})) for n in (1, 2)]
        calling = [
            {"type": "function_call", "call_id": f"c{n}", "name": "find_parcel", "arguments": a} for n, a in items
        ]
        returned = [{"type": "function_call_output", "call_id": f"c{n}", "output": f"P-{n} is lost"} for n in (2, 1)]
    messages = [{"role": "user", "content": "Are P-1 and P-2 lost?"}, *calling, *returned]
    record = {"tools": TOOLS, "messages": [*messages, {"role": "assistant", "content": "Both."}], "latency_ms": 10}
    done = imported(tmp_path, capsys, [record], "--candidate", "scripted:hello")
    assert done.code == 0, done.err
    recorded = json.loads((tmp_path / "suite" / "data" / "tools-1.json").read_text("utf-8"))["results"]
    said = {one["arguments"]["parcel"]: one["result"]["content"][0]["text"] for one in recorded}
    assert said == {"P-1": "P-1 is lost", "P-2": "P-2 is lost"}
    ran = evalkit(capsys, "run", tmp_path / "suite" / "suite.yaml", "--models", "recorded", "--results", tmp_path / "r")
    assert ran.code == 0, ran.err
    (row,) = rows_of(run_folders(tmp_path / "r")[0])
    assert (str(row.outcome), len(row.steps or ())) == ("right", 2)


def test_each_call_of_production_has_to_be_made_also_one_whose_arguments_are_part_of_another_s(
    tmp_path: Path, capsys: Capture
) -> None:
    """`find {parcel}` and `find {parcel, deep}`: the second alone is not both."""
    tools = json.loads(json.dumps(TOOLS))
    tools[0]["function"]["parameters"]["properties"]["deep"] = {"type": "boolean"}
    asked = [made("find_parcel", parcel="P-1"), made("find_parcel", parcel="P-1", deep=True)]
    messages = [{"role": "user", "content": "What of P-1?"}]
    for n, call in enumerate(asked):
        messages += [
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": f"lost {n}"},
        ]
    record = {
        "tools": tools,
        "messages": [*messages, {"role": "assistant", "content": "It is lost."}],
        "latency_ms": 10,
    }
    assert imported(tmp_path, capsys, [record], "--candidate", "scripted:hello").code == 0
    (item,) = items_of(tmp_path)
    deep = json.dumps([{"name": "find_parcel", "arguments": {"deep": True, "parcel": "P-1"}}])
    path = with_candidate(tmp_path, {item["id"]: [deep, "It is lost."]})
    ran = evalkit(capsys, "run", path, "--results", tmp_path / "r")
    assert ran.code == 0, ran.err
    outcomes = {row.model: str(row.outcome) for row in rows_of(run_folders(tmp_path / "r")[0])}
    assert outcomes == {"recorded": "right", "hello": "wrong"}
