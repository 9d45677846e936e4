"""A gate with history: stored answers of older models save items, and nobody can choose them once the order is known.

Everything goes through the command line, on replayed answers: runs are stored, promoted, found, frozen and walked
again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalkit.decide.early_stopping import EarlyStopping
from evalkit.results import read_facts
from evalkit.store import history, runs
from evalkit.store import table as store_table
from evalkit.suite.schema import GateEntry
from tests.run_facts import set_facts
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]

N = 300
SUITE = """name: support
models:
{models}
tasks:
  - name: t
    data: {{path: items.jsonl, id: id}}
    prompt: "{{{{ question }}}}"
    target: "{{{{ answer }}}}"
    score: exact
    slices: [kind]
"""
GATE = """gate:
  baseline: {baseline}
  candidates: [cand]
  early_stop: {early_stop}
  history: {history}
  rules: [{rule}]
"""
RULE = "{quality: all, margin: 0.03, scope: suite}"
OLDER = ("old1", "old2", "old3", "old4", "old5")


def answer(folder: Path) -> None:
    """Items, and answers by models that find the same items hard."""
    rng = np.random.default_rng(7)
    hard = rng.normal(size=N)
    items = [{"id": f"q{n}", "question": f"Is it {n}?", "answer": "yes", "kind": "abc"[n % 3]} for n in range(N)]
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    able = {"base": 0.9, "cand": 0.9, **{name: 0.7 + k / 10 for k, name in enumerate(OLDER)}}
    for name, ability in able.items():
        right = ability - hard + rng.normal(size=N) * 0.5 > 0
        lines = [{"id": f"q{n}", "text": "yes" if right[n] else "no"} for n in range(N)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


class Desk:
    """The command line in a folder of its own, with the answers at hand."""

    def __init__(self, capsys: Capture, folder: Path) -> None:
        self.capsys, self.folder = capsys, folder
        self.places = ("--results", folder / "results")
        self.baselines = ("--baselines", folder / "baselines")

    def suite(self, name: str, *models: str, **gate: str) -> Path:
        entries = "\n".join(f"  {model}: {{adapter: replay, path: {model}.jsonl}}" for model in models)
        said = {"baseline": "baseline@prod", "early_stop": "save", "history": "auto", "rule": RULE, **gate}
        path = self.folder / name
        path.write_text(SUITE.format(models=entries) + (GATE.format(**said) if gate else ""))
        return path

    def store(self) -> None:
        """Runs of the older models and of the baseline, which is promoted."""
        for models in (OLDER[:2], (*OLDER[2:], "base")):
            assert evalkit(self.capsys, "run", self.suite("old.yaml", *models), *self.places).code == 0
        self.promote("base", "prod")

    def promote(self, model: str, name: str) -> None:
        said = ("--model", model, "--as", name, "--by", "Ada", "--why", "in production")
        run = next(
            one.name for one in runs.list_runs(self.folder / "results") if model in (read_facts(one.path).models or {})
        )
        assert evalkit(self.capsys, "baseline", "promote", run, *said, *self.places, *self.baselines).code == 0

    def run(self, suite: Path, *args: object) -> Ran:
        return evalkit(self.capsys, "run", suite, "--gate", *self.places, *self.baselines, *args)

    def gate(self, *args: object) -> Ran:
        return evalkit(self.capsys, "gate", "latest", *self.places, *self.baselines, *args)

    @property
    def latest(self) -> Path:
        return runs.resolve_run("latest", self.folder / "results")

    def decided(self) -> dict[str, Any]:
        found = self.gate("--json")
        said: dict[str, Any] = json.loads(found.out)["candidates"][0]
        return said


@pytest.fixture
def desk(tmp_path: Path, capsys: Capture, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Runs of the older models and of the baseline are stored, and the baseline is promoted: once for all tests."""
    kept = tmp_path_factory.getbasetemp() / "stored"
    if not kept.exists():
        draft = tmp_path_factory.mktemp("draft")
        answer(draft)
        Desk(capsys, draft).store()
        draft.rename(kept)
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    return Desk(capsys, tmp_path)


_RAN: list[Ran] = []


@pytest.fixture
def ran(tmp_path: Path, desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """What `run --gate` of the plain suite said, with its run in the desk's folder: asked once for all tests."""
    kept = tmp_path_factory.getbasetemp() / "stored-and-run"
    if not _RAN:
        _RAN.append(desk.run(desk.suite("suite.yaml", "cand", history="auto")))
        shutil.copytree(tmp_path, kept)
    else:
        shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    return _RAN[0]


@pytest.mark.long
def test_history_saves_items_and_says_so_before_and_after(desk: Desk, ran: Ran) -> None:
    assert ran.code == 0, ran.err
    assert "older models (" in ran.err
    assert "before the order was drawn" in ran.err
    assert "expected to leave" in ran.out
    assert "history moved the estimate by" in ran.out
    assert "the plain paired difference of the same" in ran.out
    assert "the closest, " in ran.out
    said = desk.decided()
    assert said["verdict"] == "pass"
    assert said["saved"]["n_used"] < N
    assert said["history"]["digest"] == read_facts(desk.latest).history.digest
    assert len(said["history"]["older"]) == 5


@pytest.mark.long
def test_the_stored_run_gives_the_same_verdict_without_the_older_runs(desk: Desk, ran: Ran) -> None:
    for one in runs.list_runs(desk.folder / "results"):
        facts = read_facts(one.path)
        if one.path != desk.latest and "base" not in (facts.models or {}):
            shutil.rmtree(one.path)
    again = desk.gate()
    assert again.code == ran.code == 0
    assert again.out.splitlines()[0] in ran.out
    assert "settled after" in again.out


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("{quality: all, margin: 0.06}", {"early_stop": "save"}),
        ("{quality: all, margin: 0.06}", {"early_stop": "curtail"}),
        ("{quality: t/kind=a, margin: 0.1, scope: suite}", {"early_stop": "save"}),
        ("{quality: t, margin: 0.05, scope: suite}, {quality: t/kind=b, margin: 0.12}", {"early_stop": "save"}),
        (RULE, {"early_stop": "strict"}),
        ("{quality: all, margin: 0.1}", {"early_stop": "strict", "history": "off"}),
        (RULE, {"early_stop": "save", "history": "auto\n  scan: {margin: 0.3}"}),
    ],
)
def test_the_stored_run_is_walked_to_the_same_verdict(desk: Desk, rule: str, more: dict[str, str]) -> None:
    ran = desk.run(desk.suite("suite.yaml", "cand", **{"history": "auto", "rule": rule, **more}))
    assert ran.code in {0, 3}, ran.err
    again = desk.gate()
    assert again.code == ran.code
    assert again.out.splitlines()[0] in ran.out
    assert (desk.decided()["history"] is not None) == (more.get("history") != "off")
    if "scan" not in str(more):
        assert desk.decided()["saved"] is not None


def test_a_worse_candidate_fails_early(desk: Desk) -> None:
    lines = (desk.folder / "cand.jsonl").read_text().splitlines()
    lost = [line.replace('"yes"', '"no"') if n % 4 == 0 else line for n, line in enumerate(lines)]
    (desk.folder / "cand.jsonl").write_text("\n".join(lost) + "\n")
    ran = desk.run(desk.suite("suite.yaml", "cand", history="auto"))
    assert ran.code == desk.gate().code == 1
    assert desk.decided()["saved"]["n_used"] < N


@pytest.mark.usefixtures("ran")
def test_the_order_follows_from_the_frozen_scores(desk: Desk) -> None:
    facts = read_facts(desk.latest)
    assert facts.history is not None
    assert facts.history.seed == facts.stopped_early.seed == history.frozen_of(desk.latest, facts).seed
    desk.run(desk.folder / "suite.yaml", "--new")
    assert read_facts(desk.latest).history.seed == facts.history.seed  # asking again is no second chance


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("how", ["edit", "remove", "edit both", "other seed", "no history"])
def test_history_that_was_changed_after_the_order_was_known_is_refused(desk: Desk, how: str) -> None:
    path, facts = desk.latest / history.FILE, runs.read_facts(desk.latest)
    said = json.loads(path.read_text())
    said["older"][0] = [1.0 - value for value in said["older"][0]]
    if how == "remove":
        path.unlink()
    elif how.startswith("edit"):
        path.write_text(json.dumps(said))
    if how == "edit both":
        import hashlib

        facts["history"]["digest"] = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    if how == "other seed":
        facts["history"]["seed"] += 1
    if how == "no history":
        facts["history"] = None
    runs.write_facts(desk.latest, facts)
    found = desk.gate()
    assert found.code == 2, found.out


@pytest.mark.usefixtures("ran")
def test_a_changed_baseline_is_refused(desk: Desk) -> None:
    desk.promote("old1", "other")
    other = (desk.folder / "baselines" / "other.yaml").read_text()
    (desk.folder / "baselines" / "prod.yaml").write_text(other.replace("name: other", "name: prod"))
    found = desk.gate()
    assert found.code == 2
    assert "other scores than when the run was asked" in found.err


@pytest.mark.long
def test_own_answers_copies_and_the_baseline_predict_nothing(desk: Desk) -> None:
    (desk.folder / "copy.jsonl").write_text((desk.folder / "old5.jsonl").read_text())
    evalkit(desk.capsys, "run", desk.suite("more.yaml", "copy", "cand"), *desk.places)
    ran = desk.run(desk.suite("suite.yaml", "cand", history="auto"))
    told = {one.model: one.left_out for one in read_facts(desk.latest).history.models}
    assert told["cand"] == "it is the candidate itself"
    assert told["base"] == "it is the baseline itself"
    assert [name for name, why in told.items() if why and "item by item" in why] in (["copy"], ["old5"])
    assert "it is the candidate itself" in ran.err


def test_a_key_under_the_name_of_a_model_is_shown(desk: Desk) -> None:
    lines = (desk.folder / "old1.jsonl").read_text().replace('"no"', '"yes"')
    (desk.folder / "leak.jsonl").write_text(lines)
    evalkit(desk.capsys, "run", desk.suite("more.yaml", "leak"), *desk.places)
    ran = desk.run(desk.suite("suite.yaml", "cand", history="auto"))
    assert "leak" in ran.err
    assert "nearly everything right" in ran.err


def test_a_baseline_of_the_suite_is_found_among_the_stored_runs(desk: Desk) -> None:
    ran = desk.run(desk.suite("suite.yaml", "base", "cand", history="auto", baseline="base"))
    assert ran.code == 0, ran.err
    told = read_facts(desk.latest).history
    assert [one.model for one in told.models if one.is_baseline] == ["base"]
    assert desk.gate().code == 0


def test_without_stored_answers_the_gate_is_the_plain_one(desk: Desk) -> None:
    other = desk.folder / "items.jsonl"
    other.write_text(other.read_text().replace("Is it", "Was it"))
    ran = desk.run(desk.suite("suite.yaml", "base", "cand", history="auto", baseline="base"))
    assert "history is not used: no stored answers of the baseline base were found" in ran.err
    told = read_facts(desk.latest)
    assert told.history.digest is None
    assert told.stopped_early.seed == 0
    assert desk.gate().code == ran.code


def test_a_run_that_is_named_and_does_not_fit_is_refused_before_anything_is_asked(desk: Desk) -> None:
    other = desk.suite("other.yaml", "old1")
    other.write_text(other.read_text().replace("{{ question }}", "Say: {{ question }}").replace("support", "else"))
    evalkit(desk.capsys, "run", other, *desk.places)
    name = desk.latest.name
    ran = desk.run(desk.suite("suite.yaml", "cand", history=f"[{name}]"))
    assert ran.code == 2
    assert "t was asked or scored otherwise" in ran.err
    missing = desk.run(desk.suite("suite.yaml", "cand", history="[no-such-run]"))
    assert missing.code == 2


@pytest.mark.usefixtures("ran")
def test_an_interrupted_run_goes_on_with_the_history_that_it_froze(desk: Desk) -> None:
    first = read_facts(desk.latest).history
    folder = desk.latest
    set_facts(folder, status="incomplete", stopped_early=None, told=False)
    evalkit(desk.capsys, "run", desk.suite("more.yaml", "old1"), *desk.places, "--new")
    desk.run(desk.folder / "suite.yaml", "--resume", folder.name)
    facts = read_facts(folder)
    assert facts.history.digest == first.digest
    assert facts.stopped_early.seed == first.seed


def test_answers_that_were_there_before_the_history_are_walked_without_it(desk: Desk) -> None:
    suite = desk.suite("suite.yaml", "cand", history="auto")
    evalkit(desk.capsys, "run", suite, *desk.places)
    folder = desk.latest
    set_facts(folder, status="incomplete", told=False)
    ran = desk.run(suite, "--resume", folder.name)
    assert "answers were there before a history was frozen" in ran.err
    assert read_facts(folder).history.digest is None
    assert desk.gate().code == ran.code


def test_graded_scores_stop_early_with_history_only() -> None:
    rng = np.random.default_rng(3)
    hard = rng.random(N)
    base, cand, *older = (np.clip(np.round(hard + 0.1 * rng.normal(size=N), 1), 0, 1) for _ in range(6))
    items = [("t", f"{n:032x}", 0) for n in range(N)]
    frozen = history.freeze(items, base, np.array(older), exact=True)
    gate = GateEntry.model_validate(
        {"baseline": "base", "candidates": ["cand"], "rules": [{"quality": "all", "margin": 0.05, "scope": "suite"}]}
    )
    used = {}
    for helped in (frozen, None):
        watch = EarlyStopping(gate, [(*item, {}) for item in items], frozen.seed, passes_early=True, history=helped)
        for n, item in enumerate(items):
            watch.note("base", item, float(base[n]))
        for n, item in enumerate(items):
            watch.note("cand", item, float(cand[n]))
        used[helped is not None] = watch.facts()
    assert used[False] is None
    assert used[True].candidates["cand"].verdict == "pass"
    assert used[True].candidates["cand"].n_used < N / 2


class TestProtected:
    """`gate --suite`: what a pull request may not choose."""

    NAMES = "[baseline@o1, baseline@o2, baseline@o4]"

    @pytest.fixture
    def ours(self, desk: Desk) -> Path:
        for model, name in (("old1", "o1"), ("old2", "o2"), ("old4", "o4")):
            desk.promote(model, name)
        return desk.suite("ours.yaml", "cand", history=self.NAMES)

    def judge(self, desk: Desk, ours: Path, theirs: Path) -> Ran:
        desk.run(theirs)
        return desk.gate("--suite", ours, "--allow-recorded")

    def test_promoted_history_is_believed(self, desk: Desk, ours: Path) -> None:
        found = self.judge(desk, ours, ours)
        assert found.code == 0, found.err
        assert "history: 3 older models" in found.out

    @pytest.mark.long(but=1)
    @pytest.mark.parametrize(
        "theirs",
        [
            *("off", "auto", "[baseline@o1, baseline@o2]", "[baseline@o1]"),
            "[baseline@o1, baseline@o2, baseline@o4, baseline@o1]",  # the order follows from each
            "[baseline@o2, baseline@o1, baseline@o4]",
        ],
    )
    def test_another_history_is_refused(self, desk: Desk, ours: Path, theirs: str) -> None:
        found = self.judge(desk, ours, desk.suite("theirs.yaml", "cand", history=theirs))
        assert found.code == 2, found.out
        assert "another history than the protected gate names" in found.err

    @pytest.mark.parametrize("says", ["off", "auto"])
    def test_history_that_the_protected_suite_does_not_name_is_refused(self, desk: Desk, ours: Path, says: str) -> None:
        protected = desk.suite("protected.yaml", "cand", history=says)
        found = self.judge(desk, protected, desk.suite("theirs.yaml", "cand", history="auto"))
        assert found.code == 2
        assert "the protected gate believes none" in found.err

    def test_runs_of_the_results_folder_are_not_believed(self, desk: Desk, ours: Path) -> None:
        run = next(one.name for one in runs.list_runs(desk.folder / "results"))
        protected = desk.suite("protected.yaml", "cand", history=f"[{run}]")
        found = self.judge(desk, protected, protected)
        assert found.code == 2
        assert "Promote it" in found.err

    def test_rows_of_a_promoted_model_that_were_changed_are_refused(self, desk: Desk, ours: Path) -> None:
        desk.run(ours)
        folder = desk.latest
        said = json.loads((folder / history.FILE).read_text())
        frozen = history.frozen_of(folder, read_facts(folder))
        assert frozen is not None
        made = history.freeze(frozen.items, frozen.baseline, 1.0 - frozen.older, exact=frozen.exact)
        history.write(folder, made)
        facts = runs.read_facts(folder)
        facts["history"] |= {"digest": made.digest, "seed": made.seed}
        facts["stopped_early"] = (
            None if facts["stopped_early"] is None else {**facts["stopped_early"], "seed": made.seed}
        )
        runs.write_facts(folder, facts)
        assert said["older"] != made.older.tolist()
        found = desk.gate("--suite", ours, "--allow-recorded")
        assert found.code == 2
        assert "does not hold what the promoted baselines scored" in found.err

    def test_a_plain_run_of_all_items_needs_no_history(self, desk: Desk, ours: Path) -> None:
        evalkit(desk.capsys, "run", ours, *desk.places)
        assert desk.gate("--suite", ours, "--allow-recorded").code == 0


@pytest.mark.parametrize(("history", "plan"), [("auto", "save"), ("off", "curtail")])
def test_a_suite_that_says_nothing_saves_items_where_history_helps(desk: Desk, history: str, plan: str) -> None:
    suite = desk.suite("suite.yaml", "cand", early_stop="null", history=history, rule="{quality: all, margin: 0.2}")
    assert desk.run(suite).code == 0
    assert desk.decided()["findings"][0]["method"].startswith(f"sequential test ({plan})")


@pytest.mark.long(but=1)
@pytest.mark.parametrize("history", ["auto", "off"])
def test_clusters_do_not_matter_to_a_verdict_about_exactly_these_items(desk: Desk, history: str) -> None:
    def grouped(suite: Path) -> Path:
        suite.write_text(suite.read_text().replace("slices: [kind]", "slices: [kind]\n    cluster: kind"))
        return suite

    assert evalkit(desk.capsys, "run", grouped(desk.suite("base.yaml", "base")), *desk.places).code == 0
    said = ("--model", "base", "--as", "grouped", "--by", "Ada", "--why", "in production")
    assert evalkit(desk.capsys, "baseline", "promote", "latest", *said, *desk.places, *desk.baselines).code == 0
    gate = {"baseline": "baseline@grouped", "history": history}
    ran = desk.run(grouped(desk.suite("suite.yaml", "cand", rule="{quality: all, margin: 0.1, scope: suite}", **gate)))
    assert ran.code == desk.gate().code == 0
    assert "does not stop early" not in ran.out + ran.err
    assert desk.decided()["saved"]["n_used"] < N
    assert (desk.decided()["history"] is not None) == (history == "auto")
    ran = desk.run(grouped(desk.suite("suite.yaml", "cand", rule="{quality: all, margin: 0.1}", **gate)))
    assert "the gate does not stop early: items have clusters" in ran.out + ran.err
    assert desk.decided()["saved"] is None


@pytest.mark.long(but=1)
@pytest.mark.parametrize(("scope", "margin"), [("suite", 0.1), ("population", 0.2)])
def test_repeats_stop_early_with_history(desk: Desk, scope: str, margin: float) -> None:
    """Every item is asked twice, both of its answers before the next one, and the stored run is walked again."""

    def twice(suite: Path, name: str) -> Path:
        lines = [json.loads(line) for line in (desk.folder / f"{name}.jsonl").read_text().splitlines()]
        script = "\n".join(json.dumps({"id": one["id"], "replies": one["text"]}) for one in lines)
        (desk.folder / f"{name}.script.jsonl").write_text(script)
        entry = suite.read_text().replace(f"replay, path: {name}.jsonl", f"scripted, path: {name}.script.jsonl")
        suite.write_text(entry + "run: {repeats: 2}\n")
        return suite

    assert evalkit(desk.capsys, "run", twice(desk.suite("base.yaml", "base"), "base"), *desk.places).code == 0
    said = ("--model", "base", "--as", "twice", "--by", "Ada", "--why", "in production")
    assert evalkit(desk.capsys, "baseline", "promote", "latest", *said, *desk.places, *desk.baselines).code == 0
    rule = f"{{quality: all, margin: {margin}, scope: {scope}}}"
    gate = {"baseline": "baseline@twice", "early_stop": "null", "rule": rule}
    suite = twice(desk.suite("suite.yaml", "cand", **gate), "cand")
    ran = desk.run(suite)
    assert "older models (" in ran.err
    assert "does not stop early" not in ran.err
    assert ran.code == desk.gate().code == 0
    saved = desk.decided()["saved"]
    assert saved["n_used"] < N == saved["n_items"]
    assert desk.decided()["n_pairs"] == 2 * saved["n_used"]
    table = store_table.model_rows(desk.latest, "cand")
    assert 2 * saved["n_used"] <= table.num_rows < 2 * N
    suite.write_text(suite.read_text().replace("history: auto", "history: off"))
    assert "items are asked several times, and no history helps" in desk.run(suite).err
    assert desk.decided()["saved"] is None


def test_an_item_is_walked_once_every_answer_to_it_is_there() -> None:
    items = [("t", f"{n:032x}", 0) for n in range(60)]
    older = np.random.default_rng(1).integers(0, 3, (4, 60)) / 2
    frozen = history.freeze(items, np.full(60, 0.5), older, exact=True)
    gate = GateEntry.model_validate(
        {"baseline": "base", "candidates": ["cand"], "rules": [{"quality": "all", "margin": 0.05, "scope": "suite"}]}
    )
    asked = [(*item, {}) for item in items]
    watch = EarlyStopping(gate, asked, frozen.seed, passes_early=True, history=frozen, repeats=2)
    for repeat in (0, 1):
        for item in items:
            watch.note("base", item, float(repeat), repeat)
            watch.note("cand", item, 1.0 - repeat, repeat)
        assert watch.is_final("cand") == (repeat == 1), "half of the answers say nothing: the others could be all wrong"
    assert watch.facts().candidates["cand"].verdict == "pass"
