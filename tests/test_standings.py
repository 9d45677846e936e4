"""Places on the leaderboard: as wide as the evidence leaves them, and who is on the front."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from evalkit.records import Outcome
from evalkit.render.comparison import sentence
from evalkit.results.changes import KINDS
from evalkit.results.changes import list_changes as list_flips
from evalkit.results.compare import compare_samples as compare
from evalkit.results.entries import entries_of, standing, tie_groups
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import Pair
from evalkit.results.standings import Place, on_front, places
from tests.board_world import TASKS, a_row, a_run, an_error


def places_of(*columns: list[float]) -> list[Place | None]:
    values = [np.array(column) for column in columns]
    known = [not np.isnan(column).all() for column in values]

    def pair(i: int, j: int) -> Pair:
        both = ~(np.isnan(values[i]) | np.isnan(values[j]))
        first, second = values[i][both], values[j][both]
        return Pair(int(both.sum()), int((second > first).sum()), int((second < first).sum()), int((~both).sum()))

    return places(known, pair)


def test_models_that_cannot_be_told_apart_share_their_places() -> None:
    good, twin, bad = [1.0] * 90 + [0.0] * 10, [1.0] * 89 + [0.0] * 11, [1.0] * 30 + [0.0] * 70
    found = places_of(good, twin, bad)
    assert [str(place) for place in found] == ["1–2", "1–2", "3"]
    assert found[0] is not None and found[0].tied == {1}


def test_a_model_without_scores_has_no_place_and_takes_none() -> None:
    found = places_of([1.0] * 50, [float("nan")] * 50, [0.0] * 50)
    assert [str(place) for place in found] == ["1", "None", "2"]


def test_models_without_a_sample_in_common_are_not_ranked_against_each_other() -> None:
    nan = float("nan")
    found = places_of([1.0] * 50 + [nan] * 50, [nan] * 50 + [0.0] * 50)
    assert [str(place) for place in found] == ["1–2", "1–2"]


def test_equal_models_are_rarely_given_different_places() -> None:
    """The promise is 5 % over all pairs at once; 400 leaderboards of five equal models keep it."""
    rng = random.Random(7)
    wrong = 0
    for _ in range(400):
        hard = [rng.random() for _ in range(120)]
        columns = [[float(rng.random() < 0.4 + 0.5 * h) for h in hard] for _ in range(5)]
        wrong += any(str(place) != "1–5" for place in places_of(*columns))
    assert wrong <= 400 * 0.05


def test_the_front_knows_ties_and_unknown_prices() -> None:
    points = [(0.9, 1.0), (0.88, 0.5), (0.7, 2.0), (0.89, 3.0), (0.95, None)]
    ties: list[set[int]] = [{1, 3}, {0, 3}, set(), {0, 1}, set()]
    assert on_front(points, ties) == ["front", "front", "beaten", "possible", "unknown"]


def test_the_newest_complete_run_of_each_model_counts(tmp_path: Path) -> None:
    a_run(tmp_path, ("gpt", "tiny"), n=10)
    newest = a_run(tmp_path, ("gpt",), n=10)
    a_run(tmp_path, ("gpt",), n=10, rows=[a_row("gpt", "triage", 0)], status="interrupted")
    entries = entries_of(ResultsReader(tmp_path), "support")
    assert {entry.model: entry.run.name for entry in entries}["gpt"] == newest.name
    assert {entry.model for entry in entries} == {"gpt", "tiny"}


def test_what_was_asked_otherwise_is_shown_but_not_ranked(tmp_path: Path) -> None:
    import json

    old = a_run(tmp_path, ("tiny",), n=10)
    facts = json.loads((old / "run.json").read_text())
    facts["tasks"]["triage"]["identity"] = {"messages": "another prompt"}
    (old / "run.json").write_text(json.dumps(facts))
    a_run(tmp_path, ("gpt", "qwen"), n=10)
    lines = standing(ResultsReader(tmp_path), entries_of(ResultsReader(tmp_path), "support"), None)
    assert lines[-1].entry.model == "tiny"
    assert lines[-1].place is None
    assert "not comparable: triage" in lines[-1].entry.warnings[0]
    assert tie_groups(lines)[-1] == ""


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt",), n=4, rows=[a_row("gpt", "triage", 0)], status="running")
    store = ResultsReader(tmp_path)
    assert store.summary(folder.name).n_rows == 1
    from tests.store_rows import write

    write(folder, [a_row("gpt", "triage", 1)], writer="second")
    assert store.summary(folder.name).n_rows == 2
    assert store.query([folder.name], "select count(*) as n from rows")[0]["n"] == 2


def test_a_comparison_says_a_difference_only_where_one_is_shown(tmp_path: Path) -> None:
    run = a_run(tmp_path, ("gpt", "qwen", "tiny"), n=40).name
    store = ResultsReader(tmp_path)
    clear = sentence(compare(store, (run, "gpt"), (run, "tiny")), "gpt", "tiny")
    assert clear.startswith("tiny is ") and "points worse than gpt" in clear and "in 80 samples" in clear
    unclear = sentence(compare(store, (run, "gpt"), (run, "qwen")), "gpt", "qwen")
    assert unclear.startswith("No difference is shown")
    same = compare(store, (run, "gpt"), (run, "gpt"))
    assert same.delta == 0 and same.flips == 0
    assert "measured equal" in sentence(same, "a", "b")


def test_flips_count_the_same_as_the_comparison(tmp_path: Path) -> None:
    rows = [a_row(m, t, i) for t in TASKS for i in range(20) for m in ("gpt", "tiny")][:-1]
    run = a_run(tmp_path, ("gpt", "tiny"), n=20, rows=[*rows, an_error("tiny", "triage", 19)]).name
    store, a, b = ResultsReader(tmp_path), (run, "gpt"), (run, "tiny")
    versus = compare(store, a, b)
    assert versus.n_errored == 1
    assert versus.n == 39
    counted = {kind: list_flips(store, a, b, limit=3, offset=0, kind=kind)[1] for kind in KINDS}
    assert (counted["better"], counted["worse"]) == (versus.gained, versus.lost)
    assert counted["every sample"] == 40
    page, n = list_flips(store, a, b, limit=5, offset=5, kind="every sample")
    assert (len(page), n) == (5, 40)


def test_percent_signs_and_underscores_are_searched_as_they_are(tmp_path: Path) -> None:
    rows = [a_row(m, "triage", i, text="100% sure" if i else "100 sure") for i in range(3) for m in ("gpt", "qwen")]
    run = a_run(tmp_path, ("gpt", "qwen"), n=3, rows=rows).name
    store = ResultsReader(tmp_path)

    def hits(text: str) -> int:
        return list_flips(store, (run, "gpt"), (run, "qwen"), limit=9, offset=0, kind="every sample", text=text)[1]

    assert hits("100%") == 2
    assert hits("1__ sure") == 0


def test_repeats_are_averaged_within_a_sample_first(tmp_path: Path) -> None:
    rows = [a_row("gpt", "triage", 0, repeat=r, score=float(r > 0), outcome=Outcome.RIGHT) for r in range(4)]
    rows += [a_row("qwen", "triage", 0, score=1.0, outcome=Outcome.RIGHT)]
    run = a_run(tmp_path, ("gpt", "qwen"), n=1, rows=rows).name
    assert compare(ResultsReader(tmp_path), (run, "gpt"), (run, "qwen")).delta == 0.25
