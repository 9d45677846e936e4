"""What the seventeenth attack found: labels that no signature covered, marks of single scorers that no digest of a
baseline covered, programs as tools under a protected suite, keys in JSON's escapes, and names for trackers."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.adapters.http_errors import Where
from evalkit.adapters.keys import keep_out_of_replies, scrubbed_facts, without_keys
from evalkit.bridges.trackers import figures_of, plain_name
from evalkit.records import Outcome, Row
from evalkit.store import judge_files
from evalkit.text.escape import markdown
from tests.gate_world import Gate, gate, one, open_judged, scores, stored
from tests.run_facts import set_facts
from tests.store_rows import write_sealed
from tests.test_signatures_and_dossier import allow, make_key, needs_ssh
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
N = 120
SEVERAL = {"score": {"name": "several", "options": {"of": [{"name": "exact"}, {"name": "form"}], "need": "mean"}}}
BY_PEOPLE = {"quality": "t", "margin": 0.1, "labels": "random"}


def judged(results: Path, models: Sequence[str], section: dict[str, object]) -> Path:
    """A run whose judge calls every answer right, and people the candidate's wrong."""
    folder = stored(results, {name: [1.0] * N for name in models}, section)
    inner = open_judged(folder, {"tasks": {"t": {"n": N, "identity": {"judges": ["j"]}}}})
    set_facts(inner, status="complete")
    labels = [(one(n, name, 1.0).key, float(name == "base")) for name in models for n in range(N)]
    judge_files.write_labels(inner, labels)
    return folder


def change_labels(folder: Path, *, to: float) -> None:
    labels = folder / "judging" / "labels.jsonl"
    labels.write_text(labels.read_text().replace(f'"label":{1 - to:.1f}', f'"label":{to:.1f}'))


@needs_ssh
def test_labels_of_a_signed_run_are_signed_and_recorded(tmp_path: Path, capsys: Capture) -> None:
    key, results, dossier = make_key(tmp_path / "ada"), tmp_path / "results", tmp_path / "dossier.jsonl"
    run, signers = judged(results, ("base", "cand"), gate(BY_PEOPLE)), allow(tmp_path, key)
    assert evalkit(capsys, "sign", run, "--key", key).code == 0
    assert evalkit(capsys, "gate", run, "--signed-run", signers, "--dossier", dossier).code == 1
    change_labels(run, to=1)
    refused = evalkit(capsys, "gate", run, "--signed-run", signers)
    assert refused.code == 2 and "what was signed has changed" in refused.err
    checked = evalkit(capsys, "dossier", "--verify", "--dossier", dossier, "--results", results)
    assert checked.code == 2 and "judging/labels.jsonl changed since entry 1" in checked.out


@needs_ssh
def test_labels_of_a_promoted_baseline_count_beside_signatures_where_its_run_is_signed(
    tmp_path: Path, capsys: Capture
) -> None:
    key, results, baselines = make_key(tmp_path / "ada"), tmp_path / "results", tmp_path / "baselines"
    section = gate(BY_PEOPLE, baseline="baseline@prod", candidates=["cand"])
    before = judged(results, ("base",), section)
    promote = Gate(capsys, tmp_path).promote(before, "base", "prod", "--sign", key, "--baselines", baselines)
    assert promote.code == 0, promote.err
    time.sleep(1.1)  # a run is named by the second
    run, signers = judged(results, ("cand",), section), allow(tmp_path, key)

    def decided(*more: object) -> tuple[int, str]:
        ran = evalkit(capsys, "gate", run, "--results", results, "--baselines", baselines, *more)
        return ran.code, ran.err

    required = ("--signed-baseline", signers)
    code, said = decided(*required)
    assert code == 2 and f"labels: random reads people's labels in {before.name}" in said and "evalkit sign" in said
    assert decided()[0] == 1
    assert evalkit(capsys, "sign", before, "--key", key).code == 0
    assert decided(*required)[0] == 1
    change_labels(before, to=0)
    assert decided(*required)[0] == 2


def parts(model: str, form: float) -> list[Row]:
    """Answers that score one half as a whole, whichever of the two scorers they please."""
    return [
        replace(one(n, model, 0.5), outcome=Outcome.SCORED, parts={"exact": 1 - form, "form": form}) for n in range(N)
    ]


def test_a_promoted_baseline_holds_the_marks_of_each_scorer(tmp_path: Path, capsys: Capture) -> None:
    told = Gate(capsys, tmp_path)
    section = gate({"quality": "t/form", "margin": 0.05}, baseline="baseline@prod", candidates=["cand"])
    about = {"tasks": {"t": N}, "identity": SEVERAL}
    base = stored(told.results, {"base": [1.0]}, section, rows=parts("base", 0.9), **about)
    assert told.promote(base).code == 0
    file = told.baselines / "prod.yaml"
    assert "parts_digest: " in file.read_text()
    other = tmp_path / "elsewhere"
    run = stored(other, {"cand": [1.0]}, section, rows=parts("cand", 0.2), **about)
    assert told(run).code == 1
    for path in base.glob("*.parquet"):
        path.unlink()
    facts = json.loads((base / "run.json").read_text())
    del facts["sealed"]
    (base / "run.json").write_text(json.dumps(facts))
    write_sealed(base, parts("base", 0.15))
    changed = told(run)
    assert changed.code == 2 and "are not the ones that were promoted" in changed.err
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith("parts_digest")))
    older = told(run)
    assert older.code == 2 and "compares the scores of one scorer" in older.err
    assert "--replace" in older.err


@pytest.mark.parametrize(
    ("before", "after"),
    [('"old prompt"', '"new prompt"'), ('"exact"', '"contains"'), ('"max_error_rate": 0.01', '"max_error_rate": 0.5')],
)
def test_a_promoted_baseline_holds_what_its_run_says_of_questions_and_marks(
    tmp_path: Path, capsys: Capture, before: str, after: str
) -> None:
    told = Gate(capsys, tmp_path)
    section = gate({"quality": "t", "margin": 0.05}, baseline="baseline@prod", candidates=["cand"])
    base = stored(told.results, {"base": scores(200, range(40))}, section, identity={"messages": "old prompt"})
    assert told.promote(base).code == 0
    run = stored(tmp_path / "elsewhere", {"cand": scores(200, range(20))}, section, identity={"messages": "new prompt"})
    refused = told(run)
    assert refused.code == 2 and "are not comparable" in refused.err
    facts = base / "run.json"
    assert before in facts.read_text()
    facts.write_text(facts.read_text().replace(before, after))
    changed = told(run)
    assert changed.code == 2 and "does not say what it said when 'prod' was promoted" in changed.err
    assert "--replace" in changed.err


def test_a_baseline_of_one_scorer_has_no_digest_of_parts(tmp_path: Path, capsys: Capture) -> None:
    told = Gate(capsys, tmp_path)
    run = stored(told.results, {"base": scores(30)}, gate({"quality": "t", "min": 0.5}))
    assert told.promote(run).code == 0
    assert "parts_digest" not in (told.baselines / "prod.yaml").read_text()


MCP = """
name: demo
models: {base: {adapter: openai_chat, model: a}, cand: {adapter: openai_chat, model: b}}
tasks:
  - name: t
    cases: [{q: Look., a: seen}]
    environment: desk.environment.yaml
    prompt: "{{ q }}"
    target: "{{ a }}"
    score: {end-state: {answer: contains}}
gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.1}]}
"""


def test_a_protected_gate_believes_no_tools_that_are_a_program(tmp_path: Path, capsys: Capture) -> None:
    """Only the files that its command names are compared; what they import could hold the right answers."""
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    suite = tmp_path / "suite.yaml"
    suite.write_text(MCP)
    (tmp_path / "server.py").write_text("import helper")
    environment = tmp_path / "desk.environment.yaml"
    environment.write_text("mcp: {command: [python3, ./server.py]}")
    run = stored(tmp_path / "results", {"base": [1.0], "cand": [1.0]}, gate())
    refused = evalkit(capsys, "gate", run, "--suite", suite)
    assert refused.code == 2
    assert "t: desk.environment.yaml starts a program (mcp.command)" in refused.err and "--record-tools" in refused.err
    assert "starts a program" not in evalkit(capsys, "gate", run, "--suite", suite, "--allow-recorded").err
    environment.write_text('mcp: {base_url: "http://127.0.0.1:9/mcp"}')
    assert "starts a program" not in evalkit(capsys, "gate", run, "--suite", suite).err


KEY = "canary+seventeen/no'key=="
SPELT = {
    "as it is": KEY,
    "PHP": KEY.replace("/", r"\/"),
    ".NET": KEY.replace("+", r"\u002B").replace("'", r"\u0027").replace("=", r"\u003D"),
    "JSON in JSON": KEY.replace("+", r"\\u002b").replace("/", r"\\\/"),
    "letters too": "".join(f"\\u{ord(sign):04x}" for sign in KEY),
    "an address": KEY.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D"),
    "HTML": KEY.replace("+", "&#43;").replace("/", "&#x2F;").replace("'", "&#39;"),
}


@pytest.mark.parametrize("spelt", SPELT.values(), ids=SPELT)
def test_a_key_is_cut_out_however_a_server_spells_it(spelt: str) -> None:
    keep_out_of_replies(KEY)
    said = f'{{"authorization": "Bearer {spelt}"}}'
    assert without_keys(said) == '{"authorization": "Bearer [key removed]"}'
    assert scrubbed_facts({"tools": [said]}) == {"tools": ['{"authorization": "Bearer [key removed]"}']}
    cleaned = Where("m", "m", "h", (), KEY).clean(said)
    assert "canary" not in cleaned and "seventeen" not in cleaned


def test_cutting_keys_out_leaves_other_texts_alone_and_takes_no_time() -> None:
    keep_out_of_replies(KEY)
    for text in (r"\frac{a}{b} \u002B %2B &#43;", "canary%2Bseventeen", KEY[:-1]):
        assert without_keys(text) == text
    began = time.process_time()
    without_keys("\\" * 1_000_000 + r"canary\u002B" * 10_000)
    assert time.process_time() - began < 5


HOSTILE = ("..", "/abs", "a//b", "../../up", "", "x" * 400, "a\nb", ".", "C++", "C#", "c/d")


def test_figures_of_trackers_have_a_name_of_their_own_whatever_tasks_and_slices_are_called(tmp_path: Path) -> None:
    rows = [
        replace(one(n, "m", float(n % 2)), task=task, slices={"k": value})
        for task in HOSTILE
        for n, value in enumerate(HOSTILE)
    ]
    folder = stored(tmp_path, {"m": [1.0]}, gate(), rows=rows, tasks=dict.fromkeys(HOSTILE, len(HOSTILE)))
    (figures,) = figures_of(folder)
    names = [name for name in figures.figures if name.endswith("/quality")]
    assert len(names) == 1 + len(HOSTILE) + len(HOSTILE) ** 2
    assert all(len(name) <= 250 for name in names)
    assert all(piece.strip(". ") == piece and piece for name in names for piece in name.split("/"))
    assert plain_name("kind=a") == "kind_a" and plain_name("C++") != plain_name("C#")


def test_trackers_take_hostile_names(tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("mlflow")
    rows = [replace(one(n, "m", 1.0), task=task) for task in HOSTILE for n in range(2)]
    folder = stored(tmp_path, {"m": [1.0]}, gate(), rows=rows, tasks=dict.fromkeys(HOSTILE, 2))
    for to in ("mlflow", "wandb"):
        ran = evalkit(capsys, "export", folder, "--to", to, "--out", tmp_path / to)
        assert ran.code == 0, ran.err
        shutil.rmtree(tmp_path / to)


def test_a_name_in_a_comment_is_no_link() -> None:
    assert "www." not in markdown("see www.evil.example and WWW.evil.example").lower()
