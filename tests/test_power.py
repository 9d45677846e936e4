"""`evalkit power` and `plan --earlier`: items and repeats from an earlier run, and whether the promise is kept."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from math import comb
from pathlib import Path

import numpy as np
import pytest

from evalkit.decide.earlier_amounts import EarlierAmounts
from evalkit.decide.earlier_run import Earlier
from evalkit.decide.mixes import Limits, cheapest_mixes
from evalkit.decide.rules import conditions
from evalkit.errors import UserError
from evalkit.facts import RunFacts
from evalkit.records import Outcome
from evalkit.stats.resampling import Population, StoredPair
from evalkit.stats.sample_size import WantedPower, fail_chance, pass_chance, smallest
from evalkit.store import judge_files
from evalkit.suite.schema.rules import read_rule
from tests.conftest import REPO
from tests.gate_world import dollars, gate, one, stored
from tests.run_facts import set_facts
from tests.store_rows import write_sealed
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
FAST = 100


def answers(n: int, k: int, seed: int = 1, spread: float = 0.6) -> StoredPair:
    rng = np.random.default_rng(seed)
    chance = rng.beta(spread, spread, n)[:, None]
    moved = np.clip(chance + rng.normal(0, 0.1, (n, 1)), 0, 1)
    return StoredPair(*((rng.random((n, k)) < p).astype(float) for p in (chance, moved)))


def test_what_is_promised_is_achieved() -> None:
    pair = answers(300, 1)
    mix = smallest(pair, WantedPower(0.09), 1, draws=300)
    assert mix is not None
    assert mix.passes == pytest.approx(0.8, abs=0.02)
    assert pass_chance(pair, WantedPower(0.09), mix.items, 1, draws=250, seed=9) == pytest.approx(0.8, abs=0.09)


@pytest.mark.long
def test_repeats_save_items_and_cost_answers() -> None:
    pair = answers(200, 3)
    few, many = (smallest(pair, WantedPower(0.12), k, draws=400) for k in (1, 3))
    assert few is not None
    assert many is not None
    assert many.items < few.items
    assert many.items * 3 > few.items


def test_the_drawn_difference_is_the_supposed_one() -> None:
    pair = answers(250, 3, seed=4)
    rng = np.random.default_rng(0)
    for repeats in (1, 2, 3, 6):
        for difference in (0.0, -0.1):
            source = Population.of(pair, repeats, difference)
            assert source is not None
            run = source.draw(rng, 20_000)
            assert len(run.item) == len(run.baseline) == 20_000 * repeats
            assert run.candidate.mean() - run.baseline.mean() == pytest.approx(difference, abs=0.012)


def test_made_up_answers_vary_as_the_stored_ones() -> None:
    pair = answers(4_000, 3, seed=6)
    source = Population.of(pair, 6, 0.0)
    assert source is not None
    run = source.draw(np.random.default_rng(1), 8_000)
    between = np.bincount(run.item, weights=run.baseline) / 6
    truth = pair.baseline.mean(axis=1)
    within = truth.var() - (pair.baseline.var(axis=1, ddof=1).mean()) / 3
    assert between.var() == pytest.approx(within + pair.baseline.var(axis=1, ddof=1).mean() / 6, rel=0.1)


def test_a_difference_at_the_margin_cannot_be_planned() -> None:
    assert smallest(answers(100, 1), WantedPower(0.05, difference=-0.05), 1) is None


def test_identical_models_are_planned_by_what_n_items_may_miss() -> None:
    same = np.random.default_rng(2).integers(0, 2, (100, 1)).astype(float)
    mix = smallest(StoredPair(same, same), WantedPower(0.05), 1, draws=FAST)
    assert mix is not None
    assert 55 <= mix.items <= 75  # 59 identical items pass a margin of 5 points
    assert np.isnan(fail_chance(StoredPair(same, same), WantedPower(0.05), 60, 1, draws=10))


def run_of(results: Path, k: int = 2, section: dict[str, object] | None = None) -> Path:
    pair = answers(60, k, seed=3)
    rows = [
        replace(one(n, model, float(score)), repeat=r, total_s=1.0 + n / 1e3 + r / 1e4)
        for model, side in (("base", pair.baseline), ("cand", pair.candidate))
        for n, scores in enumerate(side)
        for r, score in enumerate(scores)
    ]
    models = {"base": [1.0], "cand": [1.0]}
    return stored(results, models, section, rows=rows, tasks={"t": 60}, repeats=k, n_samples=60)


def test_the_command_takes_models_and_margin_from_the_runs_gate(tmp_path: Path, capsys: Capture) -> None:
    folder = run_of(tmp_path, 1, gate({"quality": "all", "margin": 0.1}))
    ran = evalkit(capsys, "power", folder.name, "--results", tmp_path, "--json", "--draws", 40)
    assert ran.code == 0, ran.err
    found = ran.json
    assert (found["baseline"], found["candidate"], found["question"]["margin"]) == ("base", "cand", 0.1)
    assert found["variance"] is None
    assert [mix["repeats"] for mix in found["mixes"]] == [1]
    mix = found["mixes"][0]
    assert mix["n_answers"] == 2 * mix["items"]
    assert mix["minutes"] == pytest.approx(mix["items"] * 1.03 / 4 / 60, rel=0.05)  # four in flight
    assert mix["usd"] is not None


def test_the_command_names_what_is_missing(tmp_path: Path, capsys: Capture) -> None:
    folder = run_of(tmp_path, 1, {"candidates": ["cand"], "rules": [{"quality": "all", "min": 0.1}]})
    ran = evalkit(capsys, "power", folder.name, "--results", tmp_path)
    assert ran.code == 2
    assert "--baseline, --margin" in ran.err
    ran = evalkit(capsys, "power", folder.name, "--results", tmp_path, "--repeats", "1,x")
    assert ran.code == 2
    assert "no list of whole numbers" in ran.err


def test_why_no_number_of_items_would_do_is_said(tmp_path: Path, capsys: Capture) -> None:
    folder = run_of(tmp_path / "two", 1, gate({"quality": "all", "margin": 0.1}))
    alike = stored(tmp_path / "same", {"base": [1.0] * 60, "cand": [1.0] * 60}, gate({"quality": "all", "margin": 0.1}))
    for run, results, difference, says, not_said in (
        (folder, "two", "-0.1", "lies at the margin of 10.0 points or beyond it", "cannot be weighed"),
        (folder, "two", "-0.3", "lies at the margin of 10.0 points or beyond it", "cannot be weighed"),
        (alike, "same", "-0.05", "cannot be weighed so that the supposed difference (−5.0 points) is true", "lies at"),
        (folder, "two", "-0.0999", "even 20,000 items are not shown to be enough", "lies at the margin"),
    ):
        asked = ("power", run.name, "--results", tmp_path / results, "--difference", difference, "--draws", 20)
        ran = evalkit(capsys, *asked)
        said = " ".join(ran.out.split())
        assert ran.code == 0, ran.err
        assert says in said and not_said not in said, said


@pytest.mark.long
def test_items_that_do_not_exist_are_said_and_paid_for(tmp_path: Path) -> None:
    earlier = Earlier.of(run_of(tmp_path), "base", "cand")
    found = cheapest_mixes(earlier, WantedPower(0.25), Limits((1, 2), most_items=5, usd_per_new_item=10.0), draws=20)
    assert all(not one.fits for one in found.mixes)
    assert found.parts is not None
    dear = found.mixes[0]
    plain = cheapest_mixes(earlier, WantedPower(0.25), Limits((dear.mix.repeats,), most_items=5), draws=20)
    assert dear.usd is not None
    assert plain.mixes[0].usd is not None
    assert dear.usd - plain.mixes[0].usd == pytest.approx(10 * max(0, dear.mix.items - 60), abs=400)


def test_one_answer_an_item_says_nothing_of_repeats(tmp_path: Path) -> None:
    earlier = Earlier.of(run_of(tmp_path, 1), "base", "cand")
    with pytest.raises(UserError, match="repeats: 2"):
        cheapest_mixes(earlier, WantedPower(0.1), Limits(repeats=(2,)))
    with pytest.raises(UserError, match="the same model"):
        Earlier.of(run_of(tmp_path / "other"), "base", "base")


@pytest.mark.long
def test_plan_takes_an_earlier_run(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run_of(tmp_path / "results", 1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.jsonl").write_text('{"id": "1", "q": "x", "a": "y"}\n')
    (tmp_path / "s.yaml").write_text(
        "name: s\nmodels:\n  base: {adapter: scripted, replies: {'*': y}}\n  cand: {adapter: scripted, "
        "replies: {'*': y}}\ntasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', "
        "target: '{{ a }}', score: exact}\n"
        "gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.25}]}\n"
    )
    ran = evalkit(capsys, "plan", "s.yaml", "--earlier", folder.name, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    assert "cheapest first" in ran.out
    assert "asked once" in ran.out
    assert "An earlier run" not in ran.out


@pytest.mark.long
def test_plan_names_the_run_that_it_could_plan_by(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.jsonl").write_text("".join(f'{{"id": "{n}", "q": "x{n}", "a": "y"}}\n' for n in range(9)))
    (tmp_path / "s.yaml").write_text(
        "name: s\nmodels:\n  base: {adapter: scripted, replies: {'*': y}}\n  cand: {adapter: scripted, "
        "replies: {'*': z}}\ntasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', "
        "target: '{{ a }}', score: exact}\n"
        "gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.25}]}\n"
    )
    assert "An earlier run" not in evalkit(capsys, "plan", "s.yaml").out
    evalkit(capsys, "run", "s.yaml", "--models", "base")
    assert "An earlier run" not in evalkit(capsys, "plan", "s.yaml").out  # the candidate was never asked
    assert evalkit(capsys, "run", "s.yaml", "--new").code == 0
    told = evalkit(capsys, "plan", "s.yaml").out
    command = " ".join(told.rpartition("takes: evalkit plan")[2].split())
    assert command.startswith("s.yaml --earlier s-")
    assert evalkit(capsys, "plan", *command.split()).code == 0


@pytest.mark.long
def test_the_forecast_rests_on_the_earlier_run_that_was_named(tmp_path: Path, capsys: Capture) -> None:
    """Wherever it lies; and where a name was another model there, that is said."""
    folder = run_of(tmp_path / "elsewhere", 1)
    (tmp_path / "d.jsonl").write_text('{"id": "1", "q": "x", "a": "y"}\n')
    suite = tmp_path / "s.yaml"
    for model, ids in (("cand", "same"), ("other-id", "other"), ("some-id", "none stored")):
        if ids == "none stored":
            base = {"adapter": "openai_chat", "model": "base", "facts": {}}
            set_facts(folder, models={"base": base, "cand": {"adapter": "replay", "facts": {}}})
        where = 'adapter: vllm, base_url: "http://127.0.0.1:9/v1"'
        suite.write_text(
            f"name: s\nmodels:\n  base: {{{where}, model: base}}\n  cand: {{{where}, model: {model}}}\n"
            "run: {in_flight: 4}\ntasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', "
            "target: '{{ a }}', score: exact}\n"
            "gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.25}]}\n"
        )
        asked = ("plan", suite, "--earlier", folder, "--results", tmp_path / "empty", "--no-cache", "--json")
        made = evalkit(capsys, *asked)
        assert made.code == 0, made.err
        said = {one["model"]: one["minutes_basis"] for one in made.json["models"]}
        assert "as in earlier runs" in said["base"]
        assert ("no earlier run" in said["cand"]) == (ids == "other"), said
        assert any("cand was cand there and is other-id here" in note for note in made.json["notes"]) == (
            ids == "other"
        )


def test_each_judge_alone_and_all_together_are_mixes_of_their_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    rows = []
    for model in ("base", "cand"):
        truth = rng.random(60) < 0.6
        for n in range(60):
            parts = {judge: float(truth[n] ^ (rng.random() < error)) for judge, error in (("a", 0.02), ("b", 0.3))}
            row = one(n, model, 0.5)
            rows.append(replace(row, score=sum(parts.values()) / 2, outcome=Outcome.SCORED, parts=parts))
    folder = stored(tmp_path, {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"t": 60})
    inner = judge_files.open_judging(
        folder, RunFacts.model_validate({"tasks": {"t": {"n": 60, "identity": {"judges": ["a", "b"]}}}})
    )
    set_facts(inner, status="complete")
    earlier = Earlier.of(folder, "base", "cand")
    assert list(earlier.by_judges) == [("a",), ("b",), ("a", "b")]
    np.testing.assert_allclose(earlier.whole.candidate[:, 0], [row.score for row in rows[60:]])
    found = cheapest_mixes(earlier, WantedPower(0.3), Limits(), draws=20)
    assert {mix.judges for mix in found.mixes} == set(earlier.by_judges)
    assert found.judge_variance is not None
    assert found.judge_variance > 0.05
    assert all(mix.usd is None for mix in found.mixes)  # what the judges cost is not stored


def test_scorers_of_a_task_are_no_judges_though_another_task_is_judged(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for model in ("base", "cand"):
        for n in range(40):
            exact, form = float(rng.random() < 0.7), float(rng.random() < 0.9)
            rows.append(one(n, model, (3 * exact + form) / 4, task="sums", parts={"exact": exact, "format": form}))
            said = float(rng.random() < 0.6)
            rows.append(one(n + 100, model, said, task="advice", parts={"a": said, "b": said}))
    folder = stored(tmp_path, {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"sums": 40, "advice": 40})
    panel = {"judges": {"a": {}, "b": {}}}
    inner = judge_files.open_judging(
        folder, RunFacts.model_validate({"tasks": {"advice": {"n": 40, "identity": panel}}})
    )
    set_facts(inner, status="complete")
    sums = Earlier.of(folder, "base", "cand", "sums")
    assert list(sums.by_judges) == [()]
    ours = [row.score for row in rows if row.task == "sums" and row.model == "base"]
    np.testing.assert_allclose(np.sort(sums.whole.baseline[:, 0]), sorted(ours))
    assert list(Earlier.of(folder, "base", "cand").by_judges) == [()]  # and of both tasks: one has no judge
    assert list(Earlier.of(folder, "base", "cand", "advice").by_judges) == [("a",), ("b",), ("a", "b")]


@pytest.mark.long
def test_a_gate_of_repeats_says_further_items_not_answers(tmp_path: Path, capsys: Capture) -> None:
    """Four answers an item: its figure is that of `power`, within what either is known to."""
    rng = np.random.default_rng(3)
    chance = np.where(rng.random(100) > 0.4, 0.95, 0.05)
    given = {m: (rng.random((100, 4)) < chance[:, None]).astype(float) for m in ("base", "cand")}
    rows = [
        one(n, m, float(given[m][n, k]), repeat=k, total_s=0.3 + n / 991 + k / 77 + len(m) / 331 + (m == "cand") / 97)
        for m in given
        for n in range(100)
        for k in range(4)
    ]
    section = gate({"quality": "t", "margin": 0.012})
    folder = stored(tmp_path, {"base": [1.0], "cand": [1.0]}, section, rows=rows, tasks={"t": 100}, repeats=4)
    ran = evalkit(capsys, "gate", folder.name, "--results", tmp_path, "--json")
    (found,) = ran.json["candidates"][0]["findings"]
    assert found["verdict"] == "inconclusive", ran.out
    n = found["more_if_equal"]
    said = " ".join(evalkit(capsys, "gate", folder.name, "--results", tmp_path).out.split())
    assert f"about {n:,} more items, each asked 4 times ({4 * n:,} answers of a model)," in said
    mix = cheapest_mixes(Earlier.of(folder, "base", "cand"), WantedPower(0.012), Limits(repeats=(4,)), draws=60).mixes[
        0
    ]
    assert 100 + found["more_if_equal"] == pytest.approx(mix.mix.items, rel=0.3)


@pytest.mark.long
def test_the_example_of_the_gate_s_page_is_what_the_command_prints(capsys: Capture) -> None:
    page = (REPO / "docs" / "gate.md").read_text("utf-8")
    (block,) = re.findall(r"^```\n(\$ evalkit power .*?)```", page, re.DOTALL | re.MULTILINE)
    asked, *shown = block.strip().split("\n")
    ran = evalkit(capsys, *shlex.split(asked)[2:], "--results", REPO / "results")
    assert ran.code == 0, ran.err
    printed = [line.rstrip() for line in ran.out.split("\n")]
    assert [line for line in shown if line != "..." and line.rstrip() not in printed] == [], ran.out


def test_the_chance_of_a_critical_item_on_the_gate_s_page() -> None:
    """Two equal models get 95 of 100 right; one of 20 items fails newly where most of its repeats are wrong."""
    page = (REPO / "docs" / "gate.md").read_text("utf-8")
    said = re.search(r"in (\d+) of 100 gates if each is asked once, in (\d+) with `repeats: 3`, in (\d+) with", page)
    assert said is not None
    for repeats, shown in zip((1, 3, 5), said.groups(), strict=True):
        fails = sum(comb(repeats, k) * 0.05**k * 0.95 ** (repeats - k) for k in range(repeats // 2 + 1, repeats + 1))
        assert int(shown) == round(100 * (1 - (1 - fails * (1 - fails)) ** 20))


@pytest.mark.parametrize("seed", [0, 6])
def test_a_plan_of_more_repeats_than_stored_admits_how_little_two_answers_tell(seed: int) -> None:
    """Two answers to each of 60 items show no spread between items by chance, where there is one: the range is wide."""
    rng = np.random.default_rng(seed)
    chance = np.where(rng.random(60) < 0.5, 0.5, 0.9)
    stored_pair = StoredPair(
        *((rng.random((60, 2)) < p).astype(float) for p in (np.full((60, 1), 0.7), chance[:, None]))
    )
    mix = smallest(stored_pair, WantedPower(0.1), 8, draws=60, seed=1)
    assert mix is not None
    assert mix.passes_low < 0.65
    assert mix.passes_high > 0.9


@pytest.mark.long(but=1)
@pytest.mark.parametrize("judges", [("a",), ("a", "b")])
def test_judges_are_paid_for_by_the_answers_that_they_mark(judges: tuple[str, ...], tmp_path: Path) -> None:
    """40 items of which one half is judged, at a cent a verdict: marking both answers of a judged item costs 2 cents a
    judge, of any item 1 cent; with one judge as with two, of which each may mark alone."""
    rng = np.random.default_rng(1)
    rows, verdicts = [], []
    for side, model in enumerate(("base", "cand", "third")):
        for n in range(20):
            rows.append(one(n, model, float(rng.random() < 0.7), task="sums", **dollars("0.001")))
            parts = {judge: float(rng.random() < 0.6) for judge in judges}
            score = sum(parts.values()) / len(parts)
            rows.append(one(n + 100, model, score, task="advice", parts=parts, **dollars("0.001")))
            for judge in judges:
                verdicts.append(one(1000 * side + n, judge, 1.0, task="advice", **dollars("0.01")))
    folder = stored(tmp_path, {m: [] for m in ("base", "cand")}, rows=rows, tasks={"sums": 20, "advice": 20})
    about = {"tasks": {"advice": {"n": 60, "identity": {"judges": list(judges)}}}}
    inner = judge_files.open_judging(
        folder, RunFacts.model_validate({**about, "models": {j: {"adapter": "openai_chat"} for j in judges}})
    )
    write_sealed(inner, verdicts)
    set_facts(inner, status="complete")
    subjects = {"sums": 0.0, "advice": 0.02, "all": 0.01}
    for subject, usd in subjects.items():
        earlier = Earlier.of(folder, "base", "cand", subject)
        assert earlier.prices.judge_usd == {judge: pytest.approx(usd) for judge in judges if usd}, subject
        for named in earlier.by_judges:
            asked = len(named) or (len(judges) if usd else 0)
            assert earlier.prices.usd_with(named) == pytest.approx(0.002 + asked * usd), (subject, named)
    mix = cheapest_mixes(Earlier.of(folder, "base", "cand", "advice"), WantedPower(0.4), Limits(), draws=20).mixes[0]
    assert mix.usd == pytest.approx(mix.mix.items * (0.002 + 0.02))
    (bill,) = conditions(read_rule({"cost": "usd_per_sample", "max_ratio": 2.0}))
    by_bills = EarlierAmounts.of(folder, "base", "cand", bill).prices
    assert by_bills == Earlier.of(folder, "base", "cand").prices, "a run costs the same, whichever rule plans it"


@pytest.mark.long
def test_a_plan_says_which_chances_are_made_up_or_unknown(tmp_path: Path, capsys: Capture) -> None:
    rng = np.random.default_rng(9)
    rows = []
    for model in ("base", "cand"):
        for n in range(60):
            chance = 0.7 if model == "base" else (0.5, 0.9)[n % 2]
            for k in range(2):
                score = float(rng.random() < chance) if (n, k, model) != (0, 0, "cand") else None
                rows.append(one(n, model, score, repeat=k, total_s=0.3 + len(rows) / 997))
    folder = stored(tmp_path / "results", {"base": [], "cand": []}, gate(), rows=rows, tasks={"t": 60}, repeats=2)
    more = ("--margin", "0.3", "--draws", "40", "--results", tmp_path / "results")
    told = evalkit(capsys, "power", folder.name, *more, "--repeats", "4")
    assert told.code == 0, told.err
    assert "beyond the 2 stored of each item are made up" in told.out
    assert "1 item lacks an answer and is left out." in told.out
    assert "no item of this run lies beyond a loss of two margins" in told.out
    told = evalkit(capsys, "power", folder.name, *more, "--repeats", "2")
    assert "made up" not in told.out
