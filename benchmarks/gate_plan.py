"""Whether `evalkit power` and `plan --earlier` keep what they promise: promised and achieved power to pass, by set.

    python -m benchmarks.gate_plan --data ../shared/data --draws 400

A plan is made from stored answers for a candidate that is truly equal, at a wanted power of .8. Achieved: the share of
`draws` new runs of that size which the gate's own test passes. *Same items*: both draw from all stored items. *Half*:
the plan sees a random half of the items, and the runs are drawn from all: it also errs by what the half did not show.

Rules on bills and times are planned for a candidate whose true ratio is .8 of the limit (.95 for RouterBench's bills,
where .8 takes 15 items), weighted samples with lognormal weights (spread .7). With history: the share of the items that
a gate with history asks, as planned and as drawn anew. Together: all rules of a gate at once, and what the smallest
chance of a rule and the product of all would have promised.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.gate_axes import fixed_pairs
from benchmarks.gate_draws import Floats
from benchmarks.gate_history_data import sets
from evalkit.stats.joint_power import JointRule, JointTrials, WantedFloor
from evalkit.stats.planned_limits import StoredAmounts, WantedLimit, limit_pass_chance, smallest_of_limit
from evalkit.stats.resampling import StoredPair
from evalkit.stats.sample_size import Mix, WantedPower, fewest_items, pass_chance, smallest, stopping_early

SEED = 20261129
_NEAR = 0.08  # of the two means: nobody plans a swap for a far worse model


def mcpmark(data: Path) -> list[Floats]:
    """float64[127, 4] for each model with four runs."""
    scores: dict[str, dict[str, dict[str, float]]] = {}
    with gzip.open(data / "mcpmark" / "runs.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            scores.setdefault(row["model"], {}).setdefault(row["task"], {})[row["run"]] = float(row["success"])
    whole = [by for by in scores.values() if all(len(runs) == 4 for runs in by.values())]
    return [np.array([[by[task][run] for run in sorted(by[task])] for task in sorted(by)]) for by in whole]


def pairs_of(models: list[Floats], n: int, rng: np.random.Generator) -> list[StoredPair]:
    """Random ordered pairs whose means lie near each other."""
    means = [float(model.mean()) for model in models]
    near = [
        (i, j)
        for i in range(len(models))
        for j in range(len(models))
        if i != j and abs(means[i] - means[j]) <= _NEAR and 0.1 < means[i] < 0.98
    ]
    return [StoredPair(models[i], models[j]) for i, j in (near[k] for k in rng.permutation(len(near))[:n])]


Stored = StoredPair | StoredAmounts
Wanted = WantedPower | WantedLimit
BELOW = 0.8
"""Of the limit: the true ratio of the planned candidate."""


@dataclass(frozen=True)
class Cell:
    """One row of the table: pairs of one set, and what is to be shown of them."""

    name: str
    pairs: list[Stored]
    repeats: int
    question: Wanted


def cells(data: Path, results: Path, n: int, rng: np.random.Generator) -> Iterator[Cell]:
    """Scores, bills and times of MCPMark; scores and bills of RouterBench; scores of ZeroEval; times of LLMPerf."""
    agents = mcpmark(data)
    pairs: list[Stored] = [*pairs_of(agents, n, rng)]
    for k in (1, 2, 4):
        yield Cell("mcpmark scores", pairs, k, WantedPower(0.05))
    all_sets = sets(data)
    for name in ("routerbench_arc_challenge", "zeroeval_gsm"):
        pairs = [*pairs_of([row[:, None] for row in all_sets[name]], n, rng)]
        yield Cell(f"{name} scores", pairs, 1, WantedPower(0.03))
        heavy: list[Stored] = [
            replace(one, weights=rng.lognormal(0, 0.7, len(one.baseline)))
            for one in pairs
            if isinstance(one, StoredPair)
        ]
        yield Cell(f"{name} scores, weighted", heavy, 1, WantedPower(0.05))
    found = [pair for _, _, pair in fixed_pairs(next(results.glob("mcpmark-*")), n, rng)]
    bills: list[Stored] = [StoredAmounts(pair.usd[1], pair.usd[0]) for pair in found]
    times: list[Stored] = [StoredAmounts(pair.seconds[1], pair.seconds[0]) for pair in found]
    for k in (1, 4):
        yield Cell("mcpmark bills", bills, k, WantedLimit(1.0, supposed=BELOW))
        for q in (0.5, 0.95):
            yield Cell(f"mcpmark p{100 * q:g}", times, k, WantedLimit(1.0, q, supposed=BELOW))
    for name in ("routerbench_mbpp", "routerbench_arc_challenge"):
        usd = _dollars(data / "history" / f"{name}.csv.gz")
        chosen = [rng.permutation(len(usd))[:2] for _ in range(n)]
        bills = [StoredAmounts(usd[j][:, None], usd[i][:, None]) for i, j in chosen]
        yield Cell(f"{name} bills", bills, 1, WantedLimit(1.0, supposed=0.95))
    times = []
    for first, second in (("together", "fireworks"), ("anyscale", "lepton"), ("groq", "perplexity"))[:n]:
        base, cand = (_seconds(data / "llmperf" / "individual" / f"{name}_70b.json.gz") for name in (first, second))
        times.append(StoredAmounts(cand[: len(base), None], base[: len(cand), None]))
    weighted: list[Stored] = [replace(one, weights=rng.lognormal(0, 0.7, len(one.candidate))) for one in times]
    for q in (0.5, 0.95):
        yield Cell(f"llmperf p{100 * q:g}", times, 1, WantedLimit(1.0, q, supposed=BELOW))
        yield Cell(f"llmperf p{100 * q:g}, weighted", weighted, 1, WantedLimit(1.0, q, supposed=BELOW))


def _dollars(path: Path) -> Floats:
    usd = _columns(path, "usd")
    return np.asarray(usd[:, ~np.isnan(usd).any(axis=0)])


def _columns(path: Path, what: str) -> Floats:
    """float64[models, items]: `score` or `usd`, NaN where there is none."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    places = [n for n, name in enumerate(head) if name.endswith(f"|{what}")]
    return np.array([[float(row[n]) if row[n] else np.nan for row in rows] for n in places])


def _seconds(path: Path) -> Floats:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        told = json.load(file)
    return np.array([one["end_to_end_latency_s"] for one in told if one.get("error_code") is None])


def promised(stored: Stored, question: Wanted, k: int, seed: int, draws: int) -> Mix | None:
    """The plan."""
    if isinstance(stored, StoredPair) and isinstance(question, WantedPower):
        return smallest(stored, question, k, seed=seed, draws=draws)
    assert isinstance(stored, StoredAmounts) and isinstance(question, WantedLimit)
    return smallest_of_limit(stored, question, k, seed=seed, draws=draws)


def achieved(stored: Stored, question: Wanted, items: int, k: int, seed: int, draws: int) -> float | None:
    """What the gate's own test passes of new runs."""
    if isinstance(stored, StoredPair) and isinstance(question, WantedPower):
        return pass_chance(stored, question, items, k, draws=draws, seed=seed)
    assert isinstance(stored, StoredAmounts) and isinstance(question, WantedLimit)
    return limit_pass_chance(stored, question, items, k, draws=draws, seed=seed)


def half_of(stored: Stored, rng: np.random.Generator) -> Stored:
    """A random half of the items."""
    assert stored.baseline is not None
    places = rng.permutation(len(stored.baseline))[: len(stored.baseline) // 2]
    weights = None if stored.weights is None else stored.weights[places]
    return replace(stored, baseline=stored.baseline[places], candidate=stored.candidate[places], weights=weights)


def with_history(data: Path, draws: int, rng: np.random.Generator) -> None:
    """Share of the items asked, without history and with it: as planned from a half of the items, and of all."""
    all_sets = sets(data)
    for name in ("routerbench_arc_challenge", "routerbench_mbpp", "mmlu_pro", "zeroeval_math_l5"):
        scores = all_sets[name]
        order = rng.permutation(len(scores))
        pair, older = StoredPair(scores[order[0]][:, None], scores[order[1]][:, None]), scores[order[2:18]]
        half = rng.permutation(scores.shape[1])[: scores.shape[1] // 2]
        few = StoredPair(pair.baseline[half], pair.candidate[half])
        n, question = min(600, scores.shape[1]), WantedPower(0.04)
        told = []
        for one, others in ((few, older[:, half]), (pair, older)):
            alone = stopping_early(one, None, question, n, draws=draws)
            helped = stopping_early(one, others, question, n, draws=draws, seed=1)
            told.append("none" if alone is None or helped is None else f"{alone.asked:.3f} without, {helped.asked:.3f}")
        print(f"{name}, {n} items, {len(older)} older: planned from a half {told[0]}; all items {told[1]}", flush=True)


def gates(data: Path, results: Path, n: int, rng: np.random.Generator) -> Iterator[tuple[str, int, list[JointRule]]]:
    """Name, answers an item and rules of gates about quality, bills and times."""
    for first, second, pair in fixed_pairs(next(results.glob("mcpmark-*")), n, rng):
        swap = f"mcpmark {first} -> {second}"
        scores, usd = StoredPair(*pair.score), StoredAmounts(pair.usd[1], pair.usd[0])
        rules = [
            JointRule("quality", scores, WantedPower(0.1), difference=0.0),
            JointRule("cost", usd, WantedLimit(1.0, supposed=BELOW)),
            JointRule("p50", StoredAmounts(pair.seconds[1], pair.seconds[0]), WantedLimit(1.0, 0.5, supposed=BELOW)),
        ]
        for k in (1, 4):
            yield swap, k, rules
    for name, margin in (("routerbench_mbpp", 0.05), ("routerbench_arc_challenge", 0.03)):
        path = data / "history" / f"{name}.csv.gz"
        right, usd_of = (_columns(path, what) for what in ("score", "usd"))
        there = ~np.isnan(right).any(axis=0) & ~np.isnan(usd_of).any(axis=0)
        right, usd_of = right[:, there, None], usd_of[:, there, None]
        for _ in range(n):
            i, j = rng.permutation(len(right))[:2]
            floor = float(right[i].mean()) - 2 * margin
            yield (
                name,
                1,
                [
                    JointRule("quality", StoredPair(right[i], right[j]), WantedPower(margin), difference=0.0),
                    JointRule("cost", StoredAmounts(usd_of[j], usd_of[i]), WantedLimit(1.0, supposed=0.9)),
                    JointRule("floor", StoredPair(right[j], right[j]), WantedFloor(max(0.05, floor))),
                ],
            )


def balanced(rules: list[JointRule]) -> list[JointRule]:
    """The same with suppositions by which the truth lies as many standard deviations from every limit as from the first
    one's: so every rule fails about as often, and what they have in common shows."""
    wanted = 0.999 * _slope_of(rules[:1])
    made = rules[:1]
    for rule in rules[1:]:
        low, high = 0.0, 1.0  # of the way from the limit to 0, or from the mean score to 0
        for _ in range(30):
            way = (low + high) / 2
            low, high = (way, high) if _slope_of([rules[0], _at(rule, way)]) < wanted else (low, way)
        made.append(_at(rule, high))
    return made


def _at(rule: JointRule, way: float) -> JointRule:
    if isinstance(rule.question, WantedLimit):
        return replace(rule, question=replace(rule.question, supposed=rule.question.at * (1 - way)))
    assert isinstance(rule.question, WantedFloor)
    return replace(rule, question=replace(rule.question, at=float(rule.stored.candidate.mean()) * (1 - way)))


def _slope_of(rules: list[JointRule]) -> float:
    """Of the one whose truth lies nearest to its limit."""
    trials = JointTrials.of(rules, 1)
    return 0.0 if trials is None else trials.slope


def together(data: Path, results: Path, n: int, draws: int) -> None:
    """Promised and achieved chance that all rules of a gate pass, each about as hard, and the product of their own."""
    print(f"all rules together, {n} pairs a set, {draws} draws: items; promised, achieved, each rule, their product")
    for place, (name, k, given) in enumerate(gates(data, results, n, np.random.default_rng(SEED))):
        rules = balanced(given)
        trials = JointTrials.of(rules, k)
        mix = None if trials is None else fewest_items(trials, None, WantedPower(0.0), k, seed=place, draws=2 * draws)
        if trials is None or mix is None:
            print(f"{name} x {k}: no plan", flush=True)
            continue
        *each, got = trials.shares(mix.items, draws, seed=1000 + place)
        said = " ".join(f"{chance:.2f}" for chance in each)
        print(f"{name} x {k}: {mix.items}; {mix.passes:.3f}, {got:.3f}, {said}, {np.prod(each):.3f}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("EVALKIT_TEST_DATA", "../shared/data")))
    parser.add_argument("--results", type=Path, default=Path(__file__).parents[1] / "results")
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--only", nargs="*", help="Rows whose name holds one of these words.")
    parser.add_argument("--plans", type=int, help="So many plans of each pair, from the same items: is a gap noise?")
    given = parser.parse_args()
    if given.plans:
        print(f"seed {SEED}, {given.plans} plans a pair, {2 * given.draws} draws behind each, {given.draws} its check")
        for cell in cells(given.data, given.results, given.pairs, np.random.default_rng(SEED)):
            if not given.only or any(word in cell.name for word in given.only):
                _print_many(cell, given.plans, given.draws)
        return
    print(f"seed {SEED}, {given.pairs} pairs, {given.draws} draws; power: mean promised, mean achieved, worst gap")
    for cell in cells(given.data, given.results, given.pairs, np.random.default_rng(SEED)):
        if not given.only or any(word in cell.name for word in given.only):
            _print(cell, given.draws)
    if not given.only or "together" in given.only:
        together(given.data, given.results, given.pairs, given.draws)
    if not given.only or "history" in given.only:
        with_history(given.data, given.draws, np.random.default_rng(SEED))


def _print_many(cell: Cell, plans: int, draws: int) -> None:
    """Promised and achieved of many plans of each pair: what is left on average is no noise of the draws."""
    pairs, spread = [], []
    for place, stored in enumerate(cell.pairs):
        gaps = []
        for plan in range(plans):
            seed = SEED + place + 1000 * plan
            mix = promised(stored, cell.question, cell.repeats, seed, 2 * draws)
            got = None if mix is None else achieved(stored, cell.question, mix.items, cell.repeats, seed, draws)
            if mix is not None and got is not None:
                gaps.append((mix.passes, got, got - mix.passes))
        if len(gaps) > 1:
            pairs.append(np.mean(gaps, axis=0))
            spread.append(float(np.std([gap for *_, gap in gaps], ddof=1)))
    said, came, gap = np.transpose(pairs)
    worst = float(gap[np.abs(gap).argmax()])
    name = f"{cell.name} x {cell.repeats}"
    print(
        f"{name}: promised {said.mean():.3f}, achieved {came.mean():.3f}, gap of a pair at most {worst:+.3f}, "
        f"one plan's spread {np.mean(spread):.3f}",
        flush=True,
    )


def _print(cell: Cell, draws: int) -> None:
    rng = np.random.default_rng(SEED)
    rows: dict[str, list[tuple[float, float]]] = {"same items": [], "half": []}
    within = {"same items": 0, "half": 0}
    items = []
    for place, stored in enumerate(cell.pairs):
        for kind, seen in (("same items", stored), ("half", half_of(stored, rng))):
            mix = promised(seen, cell.question, cell.repeats, SEED + place, 2 * draws)
            if mix is None:
                continue
            got = achieved(stored, cell.question, mix.items, cell.repeats, place, draws)
            if got is not None:
                rows[kind].append((mix.passes, got))
                within[kind] += mix.passes_low - 0.03 <= got <= mix.passes_high + 0.03
                items += [mix.items] if kind == "same items" else []
    told = []
    for kind, values in rows.items():
        if values:
            said, came = np.array(values).T
            gap = float(np.abs(came - said).max())
            told.append(
                f"{kind} {said.mean():.3f} {came.mean():.3f} {gap:.3f}, in the stated range {within[kind]} of "
                f"{len(values)}"
            )
    span = f"{min(items)} to {max(items)} items" if items else "no plan"
    print(f"{cell.name} x {cell.repeats}, {span}: " + "; ".join(told), flush=True)


if __name__ == "__main__":
    main()
