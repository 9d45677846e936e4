"""Repeats: pass@k, pass^k, unstable items, variance components, and what another repeat or more items would do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from evalkit.records import Row
from evalkit.results.reader import ResultsReader
from evalkit.results.repeats import flaky_items, read_repeats
from evalkit.results.run import load_run
from evalkit.stats.repeats import Marks, chance_of_all, components, stability
from tests.gate_world import one, stored
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


def marks(scores: list[list[float]], **more: object) -> Marks:
    return Marks(
        n=np.array([len(s) for s in scores]),
        total=np.array([sum(s) for s in scores], dtype=float),
        squares=np.array([sum(x * x for x in s) for s in scores], dtype=float),
        n_right=np.array([sum(x >= 0.5 for x in s) for s in scores]),
        **more,  # type: ignore[arg-type]
    )


def test_pass_at_k_and_pass_all_k_are_the_shares_over_every_choice_of_k_answers() -> None:
    scores = [[1, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]]
    found = stability(marks([list(map(float, s)) for s in scores]))
    assert (found.k, found.n_items, found.n_fewer) == (4, 4, 0)
    assert found.pass_1 == pytest.approx((0.75 + 0.25 + 0 + 1) / 4)
    assert found.pass_k == pytest.approx(3 / 4)
    assert found.pass_all_k == pytest.approx(1 / 4)
    assert found.unstable == pytest.approx(2 / 4)
    assert 1 - chance_of_all(np.array([2]), np.array([3]), 2)[0] == pytest.approx(2 / 3)


def test_an_item_with_more_answers_than_usual_counts_by_all_its_choices() -> None:
    longer = [1.0, 0.0, 0.0, 0.0]
    found = stability(marks([[1.0, 0.0], [0.0, 0.0], longer]))
    assert found.k == 2
    either = [max(pair) for pair in combinations(longer, 2)]
    assert found.pass_k == pytest.approx((1 + 0 + sum(either) / len(either)) / 3)


def test_items_with_fewer_answers_are_counted_and_left_out_of_pass_at_k() -> None:
    found = stability(marks([[1.0, 0.0], [1.0], [1.0, 1.0]]))
    assert (found.k, found.n_fewer, found.pass_all_k) == (2, 1, 0.5)
    assert found.pass_1 == pytest.approx((0.5 + 1 + 1) / 3)


def test_graded_scores_have_no_pass_at_k_but_unstable_items() -> None:
    found = stability(marks([[0.4, 0.6], [0.9, 0.8]], binary=False))
    assert (found.pass_k, found.pass_all_k, found.unstable) == (None, None, 0.5)


def test_one_answer_an_item_says_nothing_of_repeats() -> None:
    found = stability(marks([[1.0], [0.0], [1.0]]))
    assert (found.pass_k, found.unstable, found.components, found.helps_more) == (None, None, None, None)
    assert found.se is not None


def test_variance_components_find_what_was_put_in() -> None:
    rng = np.random.default_rng(3)
    ability = rng.beta(1.5, 1.5, 20_000)  # variance 1/16
    scores = (rng.random((20_000, 3)) < ability[:, None]).astype(float)
    found = components(np.full(20_000, 3), scores.sum(1), (scores**2).sum(1))
    assert found is not None
    assert found.item == pytest.approx(1 / 16, abs=0.003)
    assert found.run == pytest.approx(0.25 - 1 / 16, abs=0.003)


def test_more_items_beat_more_repeats_unless_all_the_noise_is_within_items() -> None:
    rng = np.random.default_rng(5)
    apart = (rng.random((400, 4)) < rng.beta(0.3, 0.3, 400)[:, None]).astype(float).tolist()
    coin = (rng.random((400, 4)) < 0.5).astype(float).tolist()
    for scores, says in ((apart, "items"), (coin, "either")):
        found = stability(marks(scores))
        assert found.helps_more == says
        assert found.se is not None
        assert found.se_one_more_repeat is not None
        assert found.se_without_noise is not None
        assert found.se_as_many_new_items == pytest.approx(found.se * math.sqrt(4 / 5))
        assert found.se_without_noise <= found.se_one_more_repeat <= found.se


def test_two_runs_of_one_model_lie_within_the_noise() -> None:
    rng = np.random.default_rng(9)
    chance = rng.beta(0.8, 0.8, 300)[:, None]
    runs = [(rng.random((300, 3)) < chance).astype(float) for _ in range(400)]
    noise = stability(marks(runs[0].tolist())).noise
    assert noise is not None
    apart = [abs(first.mean() - second.mean()) for first, second in zip(runs[::2], runs[1::2], strict=True)]
    assert np.mean(np.array(apart) <= noise) == pytest.approx(0.95, abs=0.045)


def test_what_moves_together_has_a_larger_error() -> None:
    rng = np.random.default_rng(7)
    shared = np.repeat(rng.random(20), 10)
    scores = (rng.random((200, 3)) < shared[:, None]).astype(float).tolist()
    alone, together = (stability(marks(scores, clusters=c)) for c in (None, np.repeat(np.arange(20), 10)))
    assert alone.se is not None
    assert together.se is not None
    assert together.se > 1.5 * alone.se


ANSWERS = {"cand": [[1, 1, 0], [1, 1, 1], [0, 0, 0], [0, 1, 0]], "base": [[1, 1, 1], [1, 1, 1], [0, 0, 0], [0, 0, 0]]}


def run_of(results: Path, answers: dict[str, list[list[int]]]) -> Path:
    rows: list[Row] = [
        replace(one(n, model, float(score)), repeat=repeat, total_s=0.4 + n / 100 + repeat / 1000)
        for model, items in answers.items()
        for n, scores in enumerate(items)
        for repeat, score in enumerate(scores)
    ]
    return stored(results, {name: [1.0] for name in answers}, rows=rows, tasks={"t": 4}, repeats=3, n_samples=4)


def figures_of(told: object, place: str = "") -> dict[str, object]:
    """Every figure by its place: the order in which rows are added up moves the last digit."""
    inner = asdict(told) if is_dataclass(told) and not isinstance(told, type) else told
    if isinstance(inner, Mapping):
        return {key: one for name, x in inner.items() for key, one in figures_of(x, f"{place}.{name}").items()}
    return {place: inner}


def test_show_python_and_the_board_say_the_same(tmp_path: Path, capsys: Capture) -> None:
    folder = run_of(tmp_path, ANSWERS)
    found = load_run(folder).repeats
    assert found["cand"].all.unstable == found["cand"].tasks["t"].unstable == 0.5
    assert found["base"].all.unstable == 0
    boards = ResultsReader(tmp_path).repeats(folder.name)
    assert boards is not None
    assert figures_of(boards.models) == pytest.approx(figures_of(found), nan_ok=True)
    ran = evalkit(capsys, "show", folder.name, "--results", tmp_path)
    assert ran.code == 0, ran.err
    assert "pass@3" in ran.out
    assert "50 % [15 %, 85 %]" in ran.out
    told = evalkit(capsys, "show", folder.name, "--results", tmp_path, "--json").json["repeats"]["cand"]["all"]
    assert told["pass_k"] == found["cand"].all.pass_k == pytest.approx(3 / 4)
    assert told["helps_more"] == found["cand"].all.helps_more


def test_flaky_items_are_listed_the_least_steady_first(tmp_path: Path, capsys: Capture) -> None:
    folder = run_of(tmp_path, ANSWERS)
    items = load_run(folder).flaky()
    assert [dict(item.right) for item in items] == [{"cand": (2, 3)}, {"cand": (1, 3)}]
    assert load_run(folder).flaky("base") == []
    ran = evalkit(capsys, "show", folder.name, "--results", tmp_path, "--flaky")
    assert "cand 2/3" in ran.out
    assert len(evalkit(capsys, "show", folder.name, "--results", tmp_path, "--flaky", "--json").json["flaky"]) == 2
    assert flaky_items(folder, limit=1) == items[:1]


def test_errors_are_no_wrong_answers(tmp_path: Path) -> None:
    def change(row: Row) -> Row:
        if row.model == "cand" and row.sample_id.endswith("0") and row.repeat == 2:
            return replace(one(0, "cand", None), repeat=2)
        return row

    rows = [
        change(replace(one(n, m, float(s)), repeat=r, total_s=0.4 + n / 100 + r / 1000))
        for m, items in ANSWERS.items()
        for n, scores in enumerate(items)
        for r, s in enumerate(scores)
    ]
    folder = stored(tmp_path, {m: [1.0] for m in ANSWERS}, rows=rows, tasks={"t": 4}, repeats=3, n_samples=4)
    found = load_run(folder).repeats["cand"].all
    assert found.n_fewer == 1
    assert found.unstable == pytest.approx(1 / 3)  # of the three items with three answers, one wavers


def test_a_run_without_repeats_says_nothing_of_them(tmp_path: Path, capsys: Capture) -> None:
    folder = stored(tmp_path, {"base": [1.0, 0.0], "cand": [1.0, 1.0]})
    assert read_repeats(folder) is None
    assert load_run(folder).repeats == {}
    assert "pass@" not in evalkit(capsys, "show", folder.name, "--results", tmp_path).out


def test_a_share_of_unstable_items_has_an_interval_within_0_and_1_where_items_move_together() -> None:
    one_wavers = [[1.0, 0.0], *[[1.0, 1.0]] * 59]
    pairs = np.array([0, 0, *range(1, 59)])
    found = stability(marks(one_wavers, clusters=pairs))
    around = found.unstable_interval
    assert around is not None and found.unstable == pytest.approx(1 / 60)
    assert 0 <= around.low < 1 / 60 < around.high < 0.15
    steady = stability(marks([[1.0, 1.0]] * 60, clusters=pairs)).unstable_interval
    assert steady is not None and steady.low == 0 and 0.03 < steady.high < 0.12
    assert stability(marks(one_wavers, clusters=np.zeros(60, dtype=int))).unstable_interval is None
