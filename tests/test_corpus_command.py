"""`evalkit corpus`: figures of whole tasks, from a stored run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gate_world import one, stored
from tests.world import evalkit

SUITE = """
name: classes
models:
  one: {adapter: scripted, replies: {a: "yes", b: "no", c: "yes", d: "perhaps so", "*": "yes"}}
tasks:
  - name: classes
    data: {path: items.jsonl, id: id}
    prompt: "{{ text }}"
    choices: ["yes", "no"]
    target: "{{ label }}"
    score: choice
  - name: words
    data: {path: items.jsonl, id: id}
    prompt: "Say: {{ text }}"
    target: "{{ label }} it is indeed so"
    score: {overlap: {metric: chrf}}
run: {repeats: 2}
"""


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "items.jsonl").open("w") as file:
        for key, label in (("a", "yes"), ("b", "no"), ("c", "no"), ("d", "yes")):
            file.write(json.dumps({"id": key, "text": f"text {key}", "label": label}) + "\n")
    (tmp_path / "suite.yaml").write_text(SUITE)
    assert evalkit(capsys, "run", tmp_path / "suite.yaml").code == 0


def test_figures_are_printed_for_the_tasks_that_have_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, capsys)
    ran = evalkit(capsys, "corpus")
    assert ran.code == 0, ran.err
    # yes: said twice and right once of two; no: said once and right, of two
    assert "classes × one: macro-F1 of 2 classes 0.5833 (n 8)" in ran.out
    assert "classes × one: pass@2 0.5000 (n 4)" in ran.out
    assert "words × one: corpus chrf" in ran.out
    figures = evalkit(capsys, "corpus", "latest", "--json").json["figures"]
    named = {figure["name"] for figure in figures}
    assert named == {"macro-F1 of 2 classes", "pass@1", "pass@2", "pass^2", "corpus chrf"}
    assert all(figure["n_errored"] == 0 for figure in figures)


def test_a_run_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    ran = evalkit(capsys, "corpus", "nowhere")
    assert ran.code == 2
    assert "There are no runs" in ran.err


def test_pass_figures_are_those_that_show_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights count, and one answer that errored leaves out its item alone."""
    rows = [
        one(n, m, None if (m, n, k) == ("cand", 3, 1) else float((n + k * (n % 2) + len(m)) % 3 > 0), repeat=k,
            weight=1.0 + n)
        for m in ("base", "cand") for n in range(30) for k in range(3)
    ]  # fmt: skip
    folder = stored(tmp_path, {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"t": 30}, repeats=3)
    told = evalkit(capsys, "show", folder.name, "--results", tmp_path, "--json").json["repeats"]
    found = evalkit(capsys, "corpus", folder.name, "--results", tmp_path, "--json").json["figures"]
    for model in ("base", "cand"):
        at = told[model]["tasks"]["t"]
        said = {figure["name"]: figure["value"] for figure in found if figure["model"] == model}
        assert said == pytest.approx({"pass@1": at["pass_1"], "pass@3": at["pass_k"], "pass^3": at["pass_all_k"]})
