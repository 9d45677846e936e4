"""What a protected gate asks of judged rows comes from the protected suite, never from the run's own word."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import StoreError
from evalkit.store import integrity, judge_files, runs
from tests.gate_world import Gate, gate
from tests.test_attack_seventeen import change_labels, judged
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]
Facts = dict[str, Any]
N = 40
SUITE = """
name: judged
models:
  base: {{adapter: replay, path: base.jsonl}}
  cand: {{adapter: replay, path: cand.jsonl}}
judges:
  j: {{adapter: replay, path: verdicts.jsonl}}
tasks:
  - name: t
    data: {{path: items.jsonl, id: id}}
    prompt: "{{{{ text }}}}"
    target: "{{{{ answer }}}}"
    critical: "{{{{ n == 0 }}}}"
    score: {{judge: {{by: j, prompt: "{prompt}", scale: [1, 10]}}}}
gate: {{baseline: base, candidates: [cand], early_stop: 'off', rules: [{{quality: t, margin: 0.3{labels}}}]}}
"""


def _suite(folder: Path, name: str, *, labels: str = "", prompt: str = "{{ answer }}") -> Path:
    path = folder / name
    path.write_text(SUITE.format(labels=labels, prompt=prompt))
    return path


@pytest.fixture
def run(tmp_path: Path, capsys: Capture) -> Path:
    """A judged run of recorded answers, and the suite beside it."""
    files: dict[str, list[dict[str, object]]] = {"items": [], "base": [], "cand": [], "verdicts": []}
    for n in range(N):
        files["items"].append({"id": f"q{n}", "text": f"Ask {n}", "answer": "x", "n": n})
        for model in ("base", "cand"):
            files[model].append({"id": f"q{n}", "text": f"{n} of {model}"})
            files["verdicts"].append({"id": f"t/q{n}/0/{model}", "text": f"[[{8 + (n + len(model[1:])) % 2}]]"})
    for name, lines in files.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    suite = _suite(tmp_path, "suite.yaml")
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    return folder


def _gate(capsys: Capture, run: Path, suite: Path) -> Ran:
    return evalkit(capsys, "gate", run, "--suite", suite, "--results", run.parent)


def _no_digests(facts: Facts) -> None:
    facts["sealed"] = {name: said for name, said in facts["sealed"].items() if not name.startswith("judging/")}


def _no_judge(facts: Facts) -> None:
    del facts["tasks"]["t"]["identity"]["judge"]


def _no_verdicts(facts: Facts) -> None:
    del facts["judges_unread"]
    del facts["judges_served"]


def _unvouched_for(facts: Facts) -> None:
    facts["judges"] = {}


def _another_prompt(facts: Facts) -> None:
    facts["tasks"]["t"]["identity"]["judge"]["prompt"] = "0" * 32


def _another_judge(facts: Facts) -> None:
    judges = facts["tasks"]["t"]["identity"]["judge"]["judges"]
    judges["k"] = judges.pop("j")


def _other_words(facts: Facts) -> None:
    facts["judges"]["j"]["facts"] = {}


def _fewer(facts: Facts) -> None:
    facts["tasks"]["t"]["n"] = N - 1


def _unmarked(facts: Facts) -> None:
    del facts["suite_resolved"]["tasks"][0]["marks"]


def _another_model(facts: Facts) -> None:
    facts["models"]["base"]["model"] = "somebody-else"


SAID: dict[str, tuple[list[Callable[[Facts], None]], str]] = {
    "no judge at all": (
        [_no_digests, _no_judge, _no_verdicts, _unvouched_for],
        "t: the suite has it scored by j, and run.json says of no judge that it did",
    ),
    "no judge's facts": ([_unvouched_for], "the judge j: run.json does not say who answered for it"),
    "another judge": ([_another_judge], "t: run.json says that k scored it, and the suite says j"),
    "another prompt": ([_another_prompt], "t: the judge's prompt changed, or how its verdict is read"),
    "no word of its file": ([_other_words], "the judge j: its recorded answers changed"),
    "fewer samples": ([_fewer], f"t: {N - 1} in the run, {N} in the suite"),
    "no marks": ([_unmarked], "t: the run does not record which items are clustered"),
    "another model": ([_another_model], "the baseline base: run.json says that it was 'somebody-else'"),
}


def test_each_fact_that_the_suite_says_is_held_also_where_it_is_gone(
    run: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Each stood in the run's own word alone, or was held only where the run said it."""
    suite = tmp_path / "suite.yaml"
    assert _gate(capsys, run, suite).code == 0
    whole, missed = runs.read_facts(run), []
    shutil.copytree(run / "judging", tmp_path / "judging")
    for name, (edits, said) in SAID.items():
        facts = json.loads(json.dumps(whole))
        for edit in edits:
            edit(facts)
        runs.write_facts(run, facts)
        if name == "no judge at all":
            shutil.rmtree(run / "judging")
        ran = _gate(capsys, run, suite)
        if ran.code != 2 or said not in " ".join(ran.err.split()):
            missed.append((name, ran.code, ran.err))
        if not (run / "judging").is_dir():
            shutil.copytree(tmp_path / "judging", run / "judging")
    assert not missed


def test_another_prompt_of_the_judge_is_another_suite(run: Path, tmp_path: Path, capsys: Capture) -> None:
    ran = _gate(capsys, run, _suite(tmp_path, "other.yaml", prompt="Say [[10]]. {{ answer }}"))
    assert ran.code == 2
    assert "t: the judge's prompt changed" in " ".join(ran.err.split())


def test_labels_that_a_protected_gate_does_not_believe_are_never_idle(
    run: Path, tmp_path: Path, capsys: Capture
) -> None:
    """`judging/run.json` that names no task made the rule one about a task that nobody judges."""
    suite = _suite(tmp_path, "labels.yaml", labels=", labels: random")
    assert _gate(capsys, run, suite).code == 3
    inner = run / "judging"
    runs.write_facts(inner, {**runs.read_facts(inner), "tasks": {}})
    ran = _gate(capsys, run, suite)
    assert ran.code == 3, ran.out
    assert "labels that a run holds are not believed" in " ".join(ran.out.split())


def test_a_promoted_baseline_holds_what_people_say_of_its_answers(tmp_path: Path, capsys: Capture) -> None:
    """An artifact with other labels, their digests written anew, passed a gate that fails."""
    judge = Gate(capsys, tmp_path)
    section = gate({"quality": "t", "margin": 0.05, "labels": "random"}, baseline="baseline@prod", candidates=["cand"])
    before = judged(judge.results, ("base",), section)
    assert judge.promote(before).code == 0
    file = judge.baselines / "prod.yaml"
    assert "labels_digest: " in file.read_text()
    after = judged(tmp_path / "elsewhere", ("cand",), section)
    assert judge(after).code == 1
    change_labels(before, to=0)
    integrity.note(before / "judging", judge_files.LABELS)
    ran = judge(after)
    assert ran.code == 2
    assert "What people say of the answers of base" in " ".join(ran.err.split())
    file.write_text("".join(x for x in file.read_text().splitlines(True) if not x.startswith("labels_digest")))
    ran = judge(after)
    assert ran.code == 2
    assert "labels: random goes by people's labels of its answers" in " ".join(ran.err.split())
    assert "--replace" in ran.err


@pytest.mark.parametrize("label", ["1e308", "7", "-3", "NaN", '"0.5"', "true", "null"])
def test_labels_are_numbers_from_0_to_1(run: Path, label: str) -> None:
    inner = run / "judging"
    (inner / "labels.jsonl").write_text(f'{{"key": ["cand", "t", "x", 0, 0], "label": {label}}}\n')
    with pytest.raises(StoreError, match=r"labels\.jsonl is damaged"):
        judge_files.read_labels(inner)


def test_no_number_of_short_labels_fills_the_memory(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_files, "MOST_LABELS", 3)
    inner = run / "judging"
    (inner / "labels.jsonl").write_text('{"key": ["", "", "", 0, 0], "label": 0}\n' * 4)
    with pytest.raises(StoreError, match="more than 3 labels"):
        judge_files.read_labels(inner)
