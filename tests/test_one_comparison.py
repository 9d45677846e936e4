"""One comparison decides everywhere: the gate, `compare`, the board, the report, `show` and Python test the same pairs.

Samples that were asked several times are where pages could differ: answers, or means of samples.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evalkit as api
from evalkit.decide.gate import findings
from evalkit.decide.pairing import OUTCOMES, Half, Pairs
from evalkit.records import Row
from evalkit.render.comparison import BY_ANSWER, BY_MEAN
from evalkit.results.compare import compare_samples
from evalkit.results.reader import ResultsReader
from evalkit.suite.schema import GateEntry
from tests.gate_world import Gate, gate, one, scores, stored

Capture = pytest.CaptureFixture[str]
Score = Callable[[random.Random, str, int], float | None]


def right_or_wrong(rng: random.Random, model: str, n: int) -> float:
    """Steady on most items, unsteady on a third of them."""
    hard = 0.55 if n % 3 == 0 else 0.97
    return float(rng.random() < hard - (0.1 if model == "cand" else 0.0))


def graded(rng: random.Random, model: str, n: int) -> float:
    return round(min(1.0, max(0.0, rng.gauss(0.6 - (0.05 if model == "cand" else 0), 0.2))), 3)


def with_errors(rng: random.Random, model: str, n: int) -> float | None:
    return None if rng.random() < 0.03 else right_or_wrong(rng, model, n)


def one_repeat_decides(rng: random.Random, model: str, n: int) -> float:
    """Differences of a few items that hold in each of their answers."""
    return float(not (model == "cand" and n < 6))


def rows_of(score: Score, seed: int, n: int = 45, repeats: int = 4, **more: Callable[[int], Any]) -> list[Row]:
    rng = random.Random(seed)
    return [
        one(k, model, score(rng, model, k), repeat=repeat, **{name: of(k) for name, of in more.items()})
        for model in ("base", "cand")
        for k in range(n)
        for repeat in range(repeats)
    ]


CASES: Mapping[str, list[Row]] = {
    **{f"right/wrong {seed}": rows_of(right_or_wrong, seed) for seed in range(2)},
    "graded": rows_of(graded, 1, repeats=3),
    "errors": rows_of(with_errors, 1, repeats=3),
    "all or nothing": rows_of(one_repeat_decides, 0),
    "clusters": rows_of(right_or_wrong, 7, cluster=lambda k: f"c{k // 4}"),
    "some clusters": rows_of(right_or_wrong, 8, cluster=lambda k: f"c{k // 4}" if k < 30 else None),
    "weights and errors": rows_of(with_errors, 9, weight=lambda k: 1.0 + k % 5),
    "asked once": rows_of(right_or_wrong, 3, repeats=1, n=200),
}


@pytest.mark.long
def test_gate_compare_board_report_show_and_python_test_the_same_pairs(tmp_path: Path, capsys: Capture) -> None:
    rule = {"quality": "all", "margin": 0.0, "tail": "smooth"}
    wrong = []
    for n, (name, rows) in enumerate(CASES.items()):
        judge = Gate(capsys, tmp_path / str(n))
        repeats = max(row.repeat for row in rows) + 1
        facts: dict[str, Any] = {"tasks": {"t": len({row.sample_digest for row in rows})}, "repeats": repeats}
        suite = {"gate": gate(rule, alpha=0.025), "run": {"max_error_rate": 0.5, "seed": 0}}
        run = stored(
            judge.results, {"base": [], "cand": []}, rows=rows, suite_resolved=suite, max_error_rate=0.5, **facts
        )
        sides = f"{run.name}:base", f"{run.name}:cand"
        said = judge.cli("compare", *sides, "--json").json["paired"]["differences"][0]
        compared = said["delta"], said["low"], said["high"]
        reader = ResultsReader(judge.results)
        board = compare_samples(reader, (run.name, "base"), (run.name, "cand"))
        (decided,) = judge(run, "--json").json["candidates"][0]["findings"]
        stored_run = api.open_run(str(run))
        python = api.compare(stored_run["base"], stored_run["cand"]).differences[0]
        everywhere = {
            "board and report": (board.delta, board.low, board.high),
            "python": (python.delta, python.low, python.high),
            "gate": (decided["value"], decided["low"], decided["high"]),
        }
        for place, found in everywhere.items():
            if found != pytest.approx(compared, abs=1e-5):
                wrong.append(f"{name}: {place} {found}, compare {compared}")
        shown = not said["low"] <= 0 <= said["high"]
        behind = "behind" in str(stored_run.standings["cand"]) or "behind" in str(stored_run.standings["base"])
        if not board.is_shown == shown == behind:
            wrong.append(f"{name}: compare {shown}, board {board.is_shown}, leaderboard {behind}")
        words = BY_ANSWER in " ".join(judge.cli("compare", *sides).out.split())
        if not (board.unit == "answer") == words == (repeats > 1):
            wrong.append(f"{name}: what is tested is said otherwise: {board.unit}, {words}")
    assert not wrong, "\n".join(wrong)


def test_sides_that_were_not_asked_equally_often_are_compared_by_means_and_say_so(tmp_path: Path) -> None:
    """`compare` and the gate refuse them; a leaderboard of several runs still has to put them in an order."""
    often = stored(tmp_path, {"base": []}, rows=rows_of(right_or_wrong, 1)[:180], tasks={"t": 45}, repeats=4)
    once = stored(tmp_path, {"cand": scores(45, [1])}, tasks={"t": 45})
    reader = ResultsReader(tmp_path)
    found = compare_samples(reader, (often.name, "base"), (once.name, "cand"))
    assert (found.unit, found.n) == ("mean", 45)
    assert BY_MEAN != BY_ANSWER


def test_a_yardstick_from_outside_decides_rules_on_rows_that_it_made_up() -> None:
    """Without a stored run, and without the columns that no rule of it reads: the gate's own findings come out."""
    rng, n = np.random.default_rng(0), 240
    item, zeros, right = np.repeat(np.arange(60), 4), np.zeros(n, dtype=np.int64), OUTCOMES.index("right")
    slow = np.repeat(rng.lognormal(0, 0.4, 60), 4)

    def half(times: float) -> Half:
        seconds, unknown = slow * times * rng.lognormal(0, 0.1, n), np.full(n, np.nan)
        return Half(
            score=np.ones(n), outcome=np.full(n, right), cached=np.zeros(n, dtype=bool), cost_usd=np.ones(n),
            ttft_s=unknown, ttfr_s=unknown, tpot_s=unknown, total_s=seconds,
        )  # fmt: skip

    pairs = Pairs(
        tasks=("t",), task=zeros, item=item, repeat=np.tile(np.arange(4), 60), cluster=zeros - 1,
        critical=np.zeros(n, dtype=bool), digest=None, occurrence=zeros, baseline=half(1.0), candidate=half(0.7),
    )  # fmt: skip
    faster, twice_as_fast = ({"latency": "total_p50", "max_ratio": most} for most in (1.0, 0.5))
    rules = [faster, twice_as_fast, {"licence": ["MIT"]}]
    found = findings(GateEntry.model_validate(gate(*rules)), pairs)
    assert [one.verdict.value for one in found] == ["pass", "fail", "inconclusive"]
    assert found[0].n == n and found[0].value == pytest.approx(0.7, abs=0.05)
