"""Files of other tools that somebody sent: refused in a sentence, within bounds."""

from __future__ import annotations

import copy
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from evalkit.bridges import every_eval_ever
from tests.test_import_export import INSPECT, WHEN, generated, inspect_sample, weighed
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
HUGE: list[Any] = [
    10**400,
    -(10**400),
    10**20,
    float("inf"),
    float("nan"),
    "9" * 400,
    "\ud800",
    [[]],
    {"a": None},
    True,
]
RESULTS = {"model_name": "m", "date": 1.0, "versions": {"arc": 1}, "configs": {"arc": {}}, "n-shot": {"arc": 0}}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([at] if at else []), *(way for key, one in inside for way in places(one, (*at, key)))]


def in_turn(value: Any, odd: Any) -> list[tuple[Any, ...]]:
    """Every third place, from another one for each odd value: each place meets three or four of the ten."""
    return places(value)[[one is odd for one in HUGE].index(True) % 3 :: 3]


def changed(value: Any, at: tuple[Any, ...], odd: Any) -> Any:
    made = copy.deepcopy(value)
    inner = made
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = odd
    return made


def say_no_defect(capsys: Capture, tmp_path: Path, *command: object) -> None:
    ran = evalkit(capsys, "import", *command, "--results", tmp_path / "results")
    assert ran.code in {0, 2, 4} and "Traceback" not in ran.err, (command, ran.err[-500:])
    assert "report this line" not in ran.err, (command, ran.err[-500:])


@pytest.mark.parametrize("odd", HUGE, ids=lambda odd: repr(odd)[:12])
@pytest.mark.parametrize("line", [weighed(0, 1.0), generated(0, "none", 1.0)], ids=["weighed", "generated"])
def test_odd_values_in_samples_of_lm_eval(capsys: Capture, tmp_path: Path, line: dict[str, Any], odd: Any) -> None:
    for at in in_turn(line, odd):
        path = tmp_path / f"samples_arc_{WHEN}.jsonl"
        path.write_text(json.dumps(changed(line, at, odd)) + "\n")
        say_no_defect(capsys, tmp_path, "lm-eval", path)


@pytest.mark.parametrize("odd", HUGE, ids=lambda odd: repr(odd)[:12])
def test_odd_values_in_results_of_lm_eval(capsys: Capture, tmp_path: Path, odd: Any) -> None:
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / f"samples_arc_{WHEN}.jsonl").write_text(json.dumps(weighed(0, 1.0)) + "\n")
    for at in in_turn(RESULTS, odd):
        (tmp_path / "o" / f"results_{WHEN}.json").write_text(json.dumps(changed(RESULTS, at, odd)))
        say_no_defect(capsys, tmp_path, "lm-eval", tmp_path / "o")


@pytest.mark.long(but=2)
@pytest.mark.parametrize("odd", HUGE, ids=lambda odd: repr(odd)[:12])
def test_odd_values_in_a_log_of_inspect(capsys: Capture, tmp_path: Path, odd: Any) -> None:
    log = {**INSPECT, "samples": [inspect_sample(1, "C", started_at="2026-01-01T00:00:00Z")]}
    for at in in_turn(log, odd):
        (tmp_path / "log.json").write_text(json.dumps(changed(log, at, odd)))
        say_no_defect(capsys, tmp_path, "inspect", tmp_path / "log.json")


@pytest.mark.parametrize("name", [f"samples_arc_{WHEN}.jsonl", f"results_{WHEN}.json"])
@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_devices_and_pipes_beside_samples_are_not_read(capsys: Capture, tmp_path: Path, name: str, kind: str) -> None:
    folder = tmp_path / "o"
    folder.mkdir()
    (folder / f"samples_arc_{WHEN}.jsonl").write_text(json.dumps(weighed(0, 1.0)) + "\n")
    (folder / name).unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    ran = evalkit(capsys, "import", "lm-eval", folder, "--results", tmp_path / "results")
    if name.startswith("samples"):
        assert ran.code == 2 and "no ordinary file" in ran.err
    else:
        assert ran.code == 0, "what a results file would add is unknown"


@pytest.mark.long(but=1)
@pytest.mark.parametrize("member", ["header.json", "samples/1.json", "summaries.json"])
def test_a_log_of_inspect_that_unpacks_to_far_more_is_not_read(capsys: Capture, tmp_path: Path, member: str) -> None:
    log = tmp_path / "log.eval"
    with zipfile.ZipFile(log, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, said in (("header.json", INSPECT), ("samples/1.json", inspect_sample(1, "C"))):
            if name != member:
                archive.writestr(name, json.dumps(said))
        with archive.open(member, "w") as file:
            for _ in range(120):
                file.write(b" " * 1_000_000)
    assert log.stat().st_size < 1_000_000
    ran = evalkit(capsys, "import", "inspect", log, "--results", tmp_path / "results")
    assert ran.code == 2 and "unpacks to 120 MB" in ran.err, ran.err


PROMPTFOO = {
    "evalId": "e",
    "results": {
        "version": 3,
        "timestamp": "2026-01-01T00:00:00Z",
        "prompts": [{"raw": "q {{x}}", "label": "p", "provider": "echo"}],
        "results": [
            {
                **{"promptIdx": 0, "testIdx": 0, "success": True, "score": 1, "latencyMs": 12, "cost": 0.1},
                "prompt": {"raw": "q 1", "label": "p"},
                "provider": {"id": "echo", "label": ""},
                "response": {"output": "1", "tokenUsage": {"prompt": 3, "completion": 1, "total": 4}, "cached": False},
                "gradingResult": {"pass": True, "score": 1, "reason": "ok", "componentResults": []},
                "vars": {"x": 1},
                "testCase": {"vars": {"x": 1}, "assert": [{"type": "equals", "value": "1"}]},
            }
        ],
    },
}
EVALUATION = {
    "about": {
        "schema_version": "0.3.0",
        "evaluation_timestamp": "1750000000",
        "eval_library": {"name": "x"},
        "detailed_evaluation_results": {"file_path": "u_samples.jsonl"},
        "evaluation_results": [
            {"evaluation_name": "t", "evaluation_result_id": "r", "metric_config": {"min_score": 0, "max_score": 5}}
        ],
    },
    "sample": {
        **{"sample_id": "1", "model_id": "m", "evaluation_name": "t", "evaluation_result_id": "r"},
        **{"interaction_type": "single_turn", "error": None, "metadata": {"epoch": 1, "outcome": "right"}},
        "evaluation": {"score": 2.0},
        "input": {"raw": "q", "reference": ["a"]},
        "output": {"raw": ["a"]},
        "answer_attribution": [{"extracted_value": "a"}],
        "token_usage": {"input_tokens": 3, "output_tokens": 1},
        "performance": {"latency_ms": 12},
    },
}
EVALSCOPE = {
    "review": {"index": 0, "target": ["t"], "input": "q", "sample_score": {"score": {"value": {"acc": 1.0}}}},
    "answer": {"index": 0, "model": "m", "model_output": {"usage": {"input_tokens": 3, "output_tokens": 1}}},
}
MAP = {
    **{"model": "model", "item": "item", "task": {"const": "x"}, "repeat": "n", "slices": ["lang"], "scorer": "us"},
    **{"score": {"column": "score", "max": 2}, "total_s": {"column": "ms", "unit": "ms"}},
    **{"input_tokens": {"sum": ["a", "b"]}, "started_at": {"const": "2026-03-01"}, "times": {"measured_by": "us"}},
    "models": {"m": {"model": "gpt-4.1", "price_as": "openai:gpt-4.1"}},
}
TABLE = {"model": "m", "item": "i", "n": 1, "lang": "de", "score": 1, "ms": 12, "a": 1, "b": 2}
SWEEP = json.loads((Path(__file__).parent / "payloads" / "guidellm-0.8.1.json").read_text("utf-8"))
SWEEP = {**SWEEP, "benchmarks": SWEEP["benchmarks"][:1]}
ODD: list[Any] = [*HUGE, "/", "x" * 400, "\0", "..", None, [], [None], {"a": {"b": [1]}}, -1, ""]


def of_promptfoo(folder: Path, value: Any) -> tuple[object, ...]:
    (folder / "o.json").write_text(json.dumps(value))
    return "promptfoo", folder / "o.json"


def of_every_eval_ever(folder: Path, value: Any) -> tuple[object, ...]:
    (folder / "u.json").write_text(json.dumps(value["about"]))
    (folder / "u_samples.jsonl").write_text(json.dumps(value["sample"]))
    return "every-eval-ever", folder / "u.json"


def of_evalscope(folder: Path, value: Any) -> tuple[object, ...]:
    for name, one in (("reviews", "review"), ("predictions", "answer")):
        place = folder / "o" / name / "m"
        place.mkdir(parents=True, exist_ok=True)
        (place / "t.jsonl").write_text(json.dumps(value[one]))
    return "evalscope", folder / "o"


def of_a_map(folder: Path, value: Any) -> tuple[object, ...]:
    (folder / "t.jsonl").write_text(json.dumps(TABLE))
    (folder / "m.yaml").write_text(json.dumps(value))
    return "table", folder / "t.jsonl", "--map", folder / "m.yaml"


def of_a_table(folder: Path, value: Any) -> tuple[object, ...]:
    (folder / "t.jsonl").write_text(json.dumps(value))
    (folder / "m.yaml").write_text(json.dumps(MAP))
    return "table", folder / "t.jsonl", "--map", folder / "m.yaml"


def of_guidellm(folder: Path, value: Any) -> tuple[object, ...]:
    (folder / "g.json").write_text(json.dumps(value))
    return "guidellm", folder / "g.json"


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("written", "good"),
    [
        (of_promptfoo, PROMPTFOO),
        (of_every_eval_ever, EVALUATION),
        (of_evalscope, EVALSCOPE),
        (of_a_map, MAP),
        (of_a_table, TABLE),
        (of_guidellm, {key: value for key, value in SWEEP.items() if key != "benchmarks"} | {"benchmarks": []}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_odd_values_in_files_of_further_tools(capsys: Capture, tmp_path: Path, written: Any, good: Any) -> None:
    for number, at in enumerate(places(good)):
        say_no_defect(capsys, tmp_path, *written(tmp_path, changed(good, at, ODD[(7 * number) % len(ODD)])))


@pytest.mark.parametrize(
    ("written", "good", "at", "odd"),
    [
        (of_every_eval_ever, EVALUATION, ("about", "detailed_evaluation_results", "file_path"), "/"),
        (of_every_eval_ever, EVALUATION, ("about", "detailed_evaluation_results", "file_path"), "x" * 400),
        (of_every_eval_ever, EVALUATION, ("about", "detailed_evaluation_results", "file_path"), "a\0b"),
        (of_a_map, MAP, ("total_s", "unit"), [[]]),
        (of_a_map, MAP, ("total_s", "unit"), {"a": 1}),
        (of_guidellm, SWEEP, ("metadata", "guidellm_version"), "\ud800"),
        (of_guidellm, SWEEP, ("metadata", "guidellm_version"), {"\udfff": ["\ud800"]}),
    ],
)
def test_values_that_were_a_defect(
    capsys: Capture, tmp_path: Path, written: Any, good: Any, at: tuple[Any, ...], odd: Any
) -> None:
    say_no_defect(capsys, tmp_path, *written(tmp_path, changed(good, at, odd)))


def test_what_nobody_foresaw_in_a_file_is_a_sentence(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(every_eval_ever, "_score", lambda score, scale: score / 0)
    ran = evalkit(capsys, "import", *of_every_eval_ever(tmp_path, EVALUATION), "--results", tmp_path / "r")
    assert ran.code == 2
    assert "ZeroDivisionError at test_odd_imports.py:" in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("lm-eval", "samples_t_2026-01-01T00-00-00.jsonl"),
        pytest.param("traces", "e.csv", marks=pytest.mark.long),
        ("inspect", "x.eval"),
        ("promptfoo", "x.json"),
    ],
)
def test_a_file_of_zeros_is_told_by_its_size_and_fills_no_memory(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "src").mkdir()
    with (tmp_path / "src" / name).open("wb") as file:
        file.truncate(8 * 2**30)
    source = tmp_path / "src" if command in ("lm-eval", "traces") else tmp_path / "src" / name
    out = ("--out", tmp_path / "out") if command == "traces" else ("--results", tmp_path / "results")
    began = time.process_time()
    ran = evalkit(capsys, "import", command, source, *out)
    assert ran.code == 2 and name in ran.err, ran.err
    assert time.process_time() - began < 3
