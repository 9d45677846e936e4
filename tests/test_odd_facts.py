"""A run folder that a pull request brought along may say anything; reading it never ends in a defect."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from evalkit.store import runs
from tests.test_odd_parts import folder
from tests.world import evalkit

__all__ = ["folder"]
Capture = pytest.CaptureFixture[str]
ODD: list[Any] = [None, "", "x", {}, [], [{}], [1, None], {"a": None}, -1, 2**63, 1e308, True]
KEYS = [
    "judges_unread",
    "reasons",
    "cut_by_tasks",
    "cut_by_limit",
    "repeats",
    "status",
    "models",
    "tasks",
    "n_rows",
    "sealed",
    "told",
]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("key", KEYS)
def test_odd_facts_are_no_defect(capsys: Capture, folder: Path, key: str) -> None:
    path = folder / "run.json"
    facts = orjson.loads(path.read_bytes())
    commands: tuple[tuple[str, ...], ...] = (
        ("list",),
        ("show", "latest"),
        ("gate", "latest"),
        ("gate", "latest", "--suite", "s.yaml", "--allow-recorded"),
        ("baseline", "promote", "latest", "--model", "a", "--as", "p", "--by", "me", "--why", "x", "--replace"),
    )
    for n, value in enumerate(ODD, KEYS.index(key)):
        path.write_bytes(orjson.dumps({**facts, key: value}))
        for command in (
            commands[n % 5],
            commands[(n + 2) % 5],
        ):  # a command meets each value under some keys
            ran = evalkit(capsys, *command)
            assert ran.code != 70 and "Traceback" not in ran.err, (key, value, command, ran.err[-300:])


INSIDE: list[tuple[tuple[Any, ...], Any]] = [
    (("judges_unread",), {"j": {"b": {"t": [1, "x"]}}}),
    (("judges_unread",), {"j": {"b": "x"}}),
    (("judges_unread",), {"j": 3}),
    (("judges_unread",), {"j": {"b": {"t": None}}}),
    (("models", "a", "priced_as"), [{"": ""}, "x"]),
    (("models", "a", "priced_as"), ["openai", ["x"]]),
    (("models", "a", "priced_as"), [1, 2]),
    (("tasks",), {}),
    *(
        (("suite_resolved", "models", "a", "hosting"), {"usd_per_gpu_hour": 2, key: 2.5})
        for key in ("load", "gpu", "gpus")
    ),
    *((("redaction",), {"where": ["storing"], "what": what}) for what in (["passport"], ["email", ""])),
    (("redaction",), {"where": ["storing"], "patterns": {"x": "("}}),
    (("redaction",), {"where": ["storing"], "what": ["phone"], "countries": ["XX"]}),
]


@pytest.mark.parametrize(("at", "value"), INSIDE)
def test_odd_facts_under_a_right_checksum_are_no_defect(
    capsys: Capture, folder: Path, at: tuple[Any, ...], value: Any
) -> None:
    facts = runs.read_facts(folder)
    put(facts, at, value)
    runs.write_facts(folder, facts)
    of_models = ("compare", f"{folder.name}:a", f"{folder.name}:b")
    again = ("rescore", "latest", "--preview", "--suite", "s.yaml")
    for command in (("gate", "latest", "--json"), ("price", "latest", "--json"), ("price", "latest"), of_models, again):
        ran = evalkit(capsys, *command)
        assert ran.code != 70 and "Traceback" not in ran.err, (value, command, ran.err[-300:])


FIGURES: list[Any] = [None, "x", {}, [], -1, True, {"a": None}, 2**63, 1e308, "<removed>"]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("value", FIGURES, ids=repr)
def test_figures_of_a_summary_that_are_none_are_made_anew(capsys: Capture, folder: Path, value: Any) -> None:
    path = folder / "summary.json"
    summary = orjson.loads(path.read_bytes())
    before = evalkit(capsys, "show", "latest", "--slices").out
    kinds = {
        ("models", "b"),
        *((("models", "b", "all", *rest)) for rest in ((), ("quality",), ("quality", "mean"), ("cost",), ("latency",))),
        *((("models", "b", "tasks", "t", *rest)) for rest in ((), ("quality",), ("outcomes", "right"), ("slices",))),
        ("models", "b", "all", "cost", "usd_per_1k_samples"),
        ("models", "b", "all", "latency", "ttft_s", "p50"),
        ("models", "b", "served"),
        ("models",),
    }
    for n, at in enumerate(sorted(kinds)):
        odd = orjson.loads(orjson.dumps(summary))
        put(odd, at, value)
        path.write_bytes(orjson.dumps(odd))
        facts = runs.read_facts(folder)
        digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        runs.write_facts(folder, {**facts, "sealed": {**facts["sealed"], "summary.json": digest}})
        dear = (("compare", "latest:a", "latest:b"), ("report", "latest", "--html", "r.html", "--force"))
        # Every place, and every value, meets these some times.
        for command in (("show", "latest", "--slices"), *(dear if (n + FIGURES.index(value)) % 5 == 0 else ())):
            ran = evalkit(capsys, *command)
            assert ran.code in {0, 2} and "Traceback" not in ran.err, (value, at, command, ran.err[-300:])
            if command[0] == "show" and not isinstance(value, int | float | None) and len(at) > 3:
                assert ran.out == before, (value, at)


def put(value: Any, at: tuple[Any, ...], odd: Any) -> None:
    """Change what stands there; `<removed>` takes it away."""
    for key in at[:-1]:
        value = value[key]
    if odd == "<removed>":
        del value[at[-1]]
    else:
        value[at[-1]] = odd
