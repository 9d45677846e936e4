"""Files of other tools in a version that was never tried: read with a note, or refused with the way out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.test_import_harbor import ATIF
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
LOOK = "look at the figures before you rely on them"
OF_EEE = {"evaluation_name": "t", "sample_id": "1", "model_id": "m", "evaluation": {"score": 1.0, "is_correct": True}}
OF_INSPECT = {"id": 1, "epoch": 1, "input": "q", "target": "a", "scores": {"match": {"value": "C"}}}


def inspect_log(version: object) -> dict[str, Any]:
    return {"version": version, "status": "success", "eval": {"task": "t", "model": "m"}, "samples": [OF_INSPECT]}


@pytest.mark.parametrize(
    ("tool", "file", "content", "said"),
    [
        ("inspect", "i.json", inspect_log(9), "version 9 of Inspect's log was never tried; versions 2 and 3 were: "),
        (
            "every-eval-ever",
            "e_samples.jsonl",
            {**OF_EEE, "schema_version": "9.0.0"},
            "version 9.0.0 of Every Eval Ever's schema was never tried; versions 0.2 and 0.3 were: ",
        ),
        (
            "harbor",
            "t.json",
            {**ATIF, "schema_version": "ATIF-v9.0"},
            "version 9.0 of ATIF trajectories was never tried; versions 1.4 to 1.7 were: ",
        ),
    ],
)
def test_a_version_that_was_never_tried_is_read_with_a_note(
    tmp_path: Path, capsys: Capture, tool: str, file: str, content: dict[str, Any], said: str
) -> None:
    (tmp_path / file).write_text(json.dumps(content))
    ran = evalkit(capsys, "import", tool, tmp_path / file, "--results", tmp_path / "results")
    assert ran.code == 0 and said + LOOK in ran.err, ran.err


@pytest.mark.parametrize(
    ("tool", "file", "content"),
    [
        ("inspect", "i.json", inspect_log(2)),
        ("inspect", "i.json", inspect_log(3)),
        ("every-eval-ever", "e_samples.jsonl", {**OF_EEE, "schema_version": "0.3.1"}),
        ("every-eval-ever", "e_samples.jsonl", {**OF_EEE, "schema_version": "0.2.0"}),
        ("harbor", "t.json", {**ATIF, "schema_version": "ATIF-v1.4"}),
        ("harbor", "t.json", {**ATIF, "schema_version": "ATIF-v1.7"}),
    ],
)
def test_of_versions_that_were_tried_nothing_is_said(
    tmp_path: Path, capsys: Capture, tool: str, file: str, content: dict[str, Any]
) -> None:
    (tmp_path / file).write_text(json.dumps(content))
    ran = evalkit(capsys, "import", tool, tmp_path / file, "--results", tmp_path / "results")
    assert ran.code == 0 and "never tried" not in ran.err, ran.err


def test_trajectories_of_an_untried_version_are_told_once_in_logs_too(tmp_path: Path, capsys: Capture) -> None:
    lines = [json.dumps({**ATIF, "schema_version": version}) for version in ("ATIF-v9.0", "ATIF-v9.0", "ATIF-v2")]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    ran = evalkit(capsys, "import", "traces", tmp_path / "log.jsonl", "--out", tmp_path / "suite")
    assert ran.code == 0, ran.err
    for version in ("9.0", "2"):
        said = f"note: version {version} of ATIF trajectories was never tried; versions 1.4 to 1.7 were: {LOOK}"
        assert ran.err.count(said) == 1, ran.err


@pytest.mark.parametrize(
    ("tool", "content", "said"),
    [
        ("promptfoo", {"results": {"version": 9, "results": []}}, "version 9 of promptfoo's results cannot be read; "),
        ("inspect", {"version": 9, "spec": {}}, "version 9 of Inspect's log cannot be read; versions 2 and 3 were"),
    ],
)
def test_a_newer_version_that_cannot_be_read_is_refused_with_the_way_out(
    tmp_path: Path, capsys: Capture, tool: str, content: dict[str, Any], said: str
) -> None:
    (tmp_path / "f.json").write_text(json.dumps(content))
    ran = evalkit(capsys, "import", tool, tmp_path / "f.json", "--results", tmp_path / "results")
    assert ran.code == 2 and said in ran.err and "A newer evalkit may read it" in ran.err, ran.err
    assert not (tmp_path / "results").exists()


def test_an_older_version_is_made_anew(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "f.json").write_text(json.dumps({"results": {"version": 2, "results": []}}))
    ran = evalkit(capsys, "import", "promptfoo", tmp_path / "f.json", "--results", tmp_path / "results")
    assert ran.code == 2 and "Make the file anew with a newer release of the tool" in ran.err
