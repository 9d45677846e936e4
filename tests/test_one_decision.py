"""One comparison decides everywhere: leaderboard, Versus, report, terminal and Python never contradict each other."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

import evalkit
from evalkit.facts import RunFacts
from evalkit.records import WAITS, Outcome, Row
from evalkit.render.comparison import sentence
from evalkit.render.differences import differences_of
from evalkit.render.html import page_of
from evalkit.render.standings import headline
from evalkit.results.compare import behind_of, compare_samples
from evalkit.results.entries import LeaderboardLine, ReportEntry, entries_of, standing
from evalkit.results.reader import ResultsReader
from evalkit.store import run_lock
from evalkit.store.judge_files import open_judging
from tests.board_world import TASKS, a_row, a_run, facts_of
from tests.run_facts import set_facts
from tests.store_rows import write
from tests.test_board_pages import draw
from tests.world import evalkit as command

Capture = pytest.CaptureFixture[str]
N = 125


def row(model: str, task: str, n: int, right: bool) -> Row:
    outcome = Outcome.RIGHT if right else Outcome.WRONG
    return a_row(model, task, n, outcome=outcome, score=float(right))


def a_suite(results: Path, wrong: Mapping[str, int]) -> str:
    """A run of models of which each is wrong on the first so many items of each task."""
    made = [row(m, t, i, i >= n) for t in TASKS for i in range(N) for m, n in wrong.items()]
    return a_run(results, tuple(wrong), n=N, rows=made).name


NEAR = {"gpt": 10, "qwen": 11, "middle": 17}
CASES = {
    "three": NEAR,
    "three, and ten far behind": NEAR | {f"bad-{n}": 90 for n in range(10)},
    "an even field": {f"m{n}": 10 + n for n in range(13)},
    "two": {"gpt": 10, "middle": 17},
}


@pytest.mark.long(but=1)
@pytest.mark.parametrize("wrong", CASES.values(), ids=CASES)
def test_every_page_says_the_same(tmp_path: Path, capsys: Capture, wrong: Mapping[str, int]) -> None:
    run = a_suite(tmp_path / "results", wrong)
    store = ResultsReader(tmp_path / "results")
    lines = standing(store, entries_of(store, "support"), None)
    stands = {line.model: line.standing.state for line in lines if line.standing}
    opened = evalkit.open_run(run, tmp_path / "results")
    assert {name: one.state for name, one in opened.standings.items() if one} == stands
    said = headline(lines)
    assert said in " ".join(command(capsys, "show", run, "--results", tmp_path / "results").out.split())
    page = page_of(store, run)
    assert said in page
    leader = lines[0].model
    assert said.startswith(f"{leader} leads (")
    for model, state in stands.items():
        if state == "leads":
            continue
        versus = compare_samples(store, (run, leader), (run, model), leaderboard=lines)
        assert versus.is_shown == (state == "behind"), model
        words = f"{model} is" if versus.is_shown else f"No difference is shown between {model} and {leader}"
        assert words in page
        compared = evalkit.compare(opened[leader], opened[model])
        first = compared.differences[0]
        assert first.high is not None
        assert (first.high < 0 and compared.among is None) == (state == "behind"), model
        assert ("too close to call" in str(compared)) == (compared.among is not None)


@pytest.mark.long
def test_versus_says_what_the_leaderboard_says(tmp_path: Path) -> None:
    """In an even field of 13 there is one whose own interval leaves out zero, and who is too close to call all the
    same."""
    run = a_suite(tmp_path / "results", CASES["an even field"])
    store = ResultsReader(tmp_path / "results")
    lines = standing(store, entries_of(store, "support"), None)
    by_itself = {line.model: compare_samples(store, (run, "m0"), (run, line.model)).is_shown for line in lines}
    held = [line.model for line in lines if by_itself[line.model] and line.state == "too close to call"]
    assert held
    at = draw("versus", tmp_path / "results", a=f"{run}:m0", b=f"{run}:{held[0]}")
    assert "too close to call among 13 models" in at.subheader[0].value
    assert at.subheader[0].value.startswith("No difference is shown")


def verdict_of(store: ResultsReader, lines: list[LeaderboardLine], a: LeaderboardLine, b: LeaderboardLine) -> bool:
    sides = ((a.entry.run.name, a.model), (b.entry.run.name, b.model))
    return compare_samples(store, *sides, leaderboard=lines).is_shown


@pytest.mark.long
def test_compare_in_the_terminal_begins_with_the_sentence_of_versus(tmp_path: Path, capsys: Capture) -> None:
    run = a_suite(tmp_path / "results", CASES["an even field"])
    store = ResultsReader(tmp_path / "results")
    lines = standing(store, entries_of(store, "support"), None)
    kinds = set()
    for other in ("m1", "m6", "m12"):
        versus = sentence(compare_samples(store, (run, "m0"), (run, other), leaderboard=lines), "A", "B")
        said = command(capsys, "compare", f"{run}:m0", f"{run}:{other}", "--results", tmp_path / "results").out
        versus = versus.replace(" samples.", " pairs.").replace(" models", " models of this run")
        assert versus in " ".join(said.split())
        kinds.add(versus.split()[0])
    assert kinds == {"No", "B"}


@pytest.mark.long
def test_no_filter_changes_a_verdict(tmp_path: Path) -> None:
    """Whatever is hidden, the leaderboard says of each model and the best shown one what Versus says of the two."""
    run = a_suite(tmp_path / "results", CASES["an even field"])
    store = ResultsReader(tmp_path / "results")
    entries = entries_of(store, "support")
    whole = standing(store, entries, None)
    rng = random.Random(3)
    hidden = [{line.model for line in whole[:n]} for n in range(len(whole) - 1)]
    hidden += [{line.model for line in rng.sample(whole, rng.randint(1, 11))} for _ in range(12)]
    said = set()
    opened = evalkit.open_run(run, tmp_path / "results")
    for gone in hidden:
        lines = standing(store, entries, None, [entry for entry in entries if entry.model not in gone])
        assert [line.model for line in lines] == [line.model for line in whole if line.model not in gone]
        first = lines[0]
        assert first.state == "leads"
        behind = behind_of(store, lines, None)
        for n, line in enumerate(lines[1:], 1):
            is_behind = line.state == "behind"
            assert verdict_of(store, whole, first, line) == is_behind, (gone, line.model)
            assert verdict_of(store, whole, line, first) == is_behind
            assert behind(n, 0) == is_behind
            said.add((first.model, line.model, is_behind))
            if first.model == "m3":  # Python and `compare`, of two that do not lead the run
                compared = evalkit.compare(opened[first.model], opened[line.model])
                high = compared.differences[0].high
                assert high is not None
                assert (high < 0 and compared.among is None) == is_behind
    assert len(said) == len({(a, b) for a, b, _ in said})  # one verdict a pair
    assert {told for *_, told in said} == {True, False}


def test_hiding_a_model_never_makes_another_one_behind(tmp_path: Path) -> None:
    """By itself the third is behind the first; too close to call among 13. It stays so when only the two are shown."""
    a_suite(tmp_path / "results", CASES["an even field"])
    store = ResultsReader(tmp_path / "results")
    entries = entries_of(store, "support")
    whole = standing(store, entries, None)
    alone = {line.model: compare_samples(store, _side(whole[0]), _side(line)).is_shown for line in whole}
    held = next(line.model for line in whole if alone[line.model] and line.state == "too close to call")
    shown = [entry for entry in entries if entry.model in {"m0", held}]
    assert standing(store, shown, None)[1].state == "behind"
    assert standing(store, entries, None, shown)[1].state == "too close to call"


def _side(line: LeaderboardLine) -> tuple[str, str]:
    return line.entry.run.name, line.model


@pytest.mark.long
def test_a_filtered_leaderboard_says_what_versus_says(tmp_path: Path) -> None:
    """Page against page, where the leader of all is hidden: the best of the shown ones, and the one held with it."""
    run = a_suite(tmp_path / "results", CASES["an even field"])
    store = ResultsReader(tmp_path / "results")
    whole = standing(store, entries_of(store, "support"), None)
    at = draw("leaderboard", tmp_path / "results", search="m1")  # m1, m10, m11, m12
    assert at.subheader[0].value.startswith("m1 leads (")
    assert any("m0" in one.value and "which leads all of them, is hidden" in one.value for one in at.caption)
    close = [line for line in standing(store, [line.entry for line in whole], None, _named("m1", whole))[1:]]
    for line in close:
        versus = draw("versus", tmp_path / "results", a=f"{run}:m1", b=f"{run}:{line.model}").subheader[0].value
        assert versus.startswith("No difference is shown") == (line.state == "too close to call"), line.model
    assert {line.state for line in close} <= {"behind", "too close to call"}


def _named(text: str, lines: list[LeaderboardLine]) -> list[ReportEntry]:
    return [line.entry for line in lines if text in line.model]


@pytest.mark.parametrize("marked", [0, 4])
def test_a_run_that_is_being_judged_says_so_and_not_that_it_failed(tmp_path: Path, marked: int) -> None:
    """Leaderboard, Versus, report and `show`: what waits for its judges is no failure."""
    results, names = tmp_path / "results", ("gpt", "qwen")

    def waits(model: str, n: int) -> Row:
        if n < marked:
            return row(model, TASKS[0], n, True)
        return a_row(model, TASKS[0], n, outcome=Outcome.ERRORED, score=None, reason=WAITS)

    run = a_run(results, names, n=15, rows=[waits(m, i) for m in names for i in range(15)], status="running")
    set_facts(run, n_rows=30)
    inner = open_judging(run, RunFacts.model_validate(facts_of(["strict"], 30)))
    write(inner, [a_row("strict", TASKS[0], n) for n in range(5)])
    with run_lock.lock_run(run):
        head = "So far (judging 5 of 60): "
        leaderboard = draw("leaderboard", results).subheader[0].value
        assert leaderboard.startswith(head + ("gpt and qwen share" if marked else "No model has a score yet."))
        versus = draw("versus", results, a=f"{run.name}:gpt", b=f"{run.name}:qwen")
        assert versus.subheader[0].value.startswith(head)
        said = [one.value for one in versus.caption]
        assert not [one for one in said if "failed" in one]
        assert any(f"{15 - marked} samples have no score on a side" in one for one in said)
        assert head in page_of(ResultsReader(results), run.name)


def test_a_suite_of_which_only_a_running_run_exists_has_a_whole_headline(tmp_path: Path) -> None:
    made = [row(m, TASKS[0], i, i >= n) for i in range(20) for m, n in {"gpt": 1, "qwen": 2, "tiny": 3}.items()]
    run = a_run(tmp_path / "results", ("gpt", "qwen", "tiny"), n=100, rows=made, status="running")
    with run_lock.lock_run(run):
        said = draw("leaderboard", tmp_path / "results").subheader[0].value
    assert said.startswith("So far (running: 60 of 600): gpt leads (0.950). Too close to call: no other model is shown")


def test_models_that_measured_equal_share_the_first_place(tmp_path: Path) -> None:
    a_suite(tmp_path / "results", {"gpt": 0, "qwen": 0, "tiny": 90})
    store = ResultsReader(tmp_path / "results")
    said = headline(standing(store, entries_of(store, "support"), None))
    assert said.startswith("gpt and qwen share the first place (1.000). ") and "Too close" not in said


def test_the_headline_names_the_cheap_one_that_is_behind(tmp_path: Path) -> None:
    run = a_suite(tmp_path / "results", {"gpt": 5, "qwen": 25})
    store = ResultsReader(tmp_path / "results")
    said = headline(standing(store, entries_of(store, "support"), None))
    assert said == "gpt leads (0.960). qwen is 16.0 points behind at 20 % of the cost."
    assert run


def test_a_page_about_one_run_says_among_which_models_it_decided(tmp_path: Path, capsys: Capture) -> None:
    """Where the folder has more of the suite, the board decides among more: no two pages may look contradictory."""
    results = tmp_path / "results"
    older = a_run(results, ("gpt", "tiny"), n=10)
    assert "Decided among" not in command(capsys, "show", older.name, "--results", results).out
    newer = a_run(results, ("gpt", "qwen"), n=10)
    set_facts(newer, started_at="2030-01-01T00:00:00Z")
    said = " ".join(command(capsys, "show", older.name, "--results", results).out.split())
    assert "Decided among the models of this run alone. The folder also has 1 newer run of this suite and " in said
    assert "1 model that only other runs have (qwen)" in said
    assert "1 model that only other runs have (tiny): the board" in page_of(ResultsReader(results), newer.name)
    caption = next(one.value for one in draw("leaderboard", results).caption if one.value.startswith("Of 2 runs"))
    assert "(2 models)" in caption and "(1 model)" in caption


def test_a_task_is_decided_as_its_leaderboard_decides_it(tmp_path: Path, capsys: Capture) -> None:
    """On each task by itself, too: the colour of Versus' row, the words of `compare` and the standing are one."""
    run = a_suite(tmp_path / "results", CASES["an even field"])
    store = ResultsReader(tmp_path / "results")
    entries, seen = entries_of(store, "support"), set()
    for task in TASKS:
        stands = {line.model: line.state for line in standing(store, entries, task)}
        leader = next(model for model, state in stands.items() if state == "leads")
        for model in set(stands) - {leader}:
            sides = (run, leader), (run, model)
            rows = {
                name: one
                for name, _, one in differences_of(store, *sides, TASKS, compare_samples(store, *sides), entries)
            }
            assert rows[task].is_shown == (stands[model] == "behind"), (task, model)
            if rows[task].among is not None:
                seen.add(model)
                said = command(
                    capsys, "compare", f"{run}:{leader}", f"{run}:{model}", "--results", tmp_path / "results"
                )
                assert f"{task}: too close to call among 13 models of this run" in " ".join(said.out.split())
    assert seen, "or this says nothing"


def test_who_is_equal_shares_the_first_place_on_every_part_of_the_page(tmp_path: Path) -> None:
    a_suite(tmp_path / "results", {"one": 3, "two": 3, "three": 90})
    at = draw("leaderboard", tmp_path / "results")
    assert at.subheader[0].value.startswith("one and two share the first place")
    assert at.dataframe[0].value["standing"].tolist() == ["shares the first place", "shares the first place", "behind"]
    assert any("**one and two** · 0.976" in block.value.replace("\\", "") for block in at.markdown)
