"""Files of other tools that somebody sent: refused in a sentence, within bounds."""

from __future__ import annotations

import copy
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize("odd", HUGE, ids=lambda odd: repr(odd)[:12])
@pytest.mark.parametrize("line", [weighed(0, 1.0), generated(0, "none", 1.0)], ids=["weighed", "generated"])
def test_odd_values_in_samples_of_lm_eval(capsys: Capture, tmp_path: Path, line: dict[str, Any], odd: Any) -> None:
    for at in places(line):
        path = tmp_path / f"samples_arc_{WHEN}.jsonl"
        path.write_text(json.dumps(changed(line, at, odd)) + "\n")
        say_no_defect(capsys, tmp_path, "lm-eval", path)


@pytest.mark.parametrize("odd", HUGE, ids=lambda odd: repr(odd)[:12])
def test_odd_values_in_results_of_lm_eval(capsys: Capture, tmp_path: Path, odd: Any) -> None:
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / f"samples_arc_{WHEN}.jsonl").write_text(json.dumps(weighed(0, 1.0)) + "\n")
    for at in places(RESULTS):
        (tmp_path / "o" / f"results_{WHEN}.json").write_text(json.dumps(changed(RESULTS, at, odd)))
        say_no_defect(capsys, tmp_path, "lm-eval", tmp_path / "o")


@pytest.mark.parametrize("odd", HUGE, ids=lambda odd: repr(odd)[:12])
def test_odd_values_in_a_log_of_inspect(capsys: Capture, tmp_path: Path, odd: Any) -> None:
    log = {**INSPECT, "samples": [inspect_sample(1, "C", started_at="2026-01-01T00:00:00Z")]}
    for at in places(log):
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
