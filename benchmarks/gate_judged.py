"""Judged rules with labels: false pass and power under judges that prefer one of the two models.

    python -m benchmarks.gate_judged --draws 300

A thousand items; people labelled both answers of a hundred. Truth: the candidate is right as often as the baseline
(power) or exactly 5 points less often (false pass, margin 5 points), and differs from it on some of the items. Judges
err with their own rates on right and on wrong answers of each model:

    even        the same small rates for both models
    length      wrong answers of the candidate, which are longer, are called right more often
    place       pairs are judged in one order: of pairs that truly tie, the second place, the candidate's, wins some
    family      the candidate is of the judge's family: its wrong answers pass often, the baseline's right ones less
    strict      the judge is stricter with the candidate
    blind       the judge does not see the candidate's losses at all
    coin        the judge says nothing
    good        one answer in a hundred is judged wrongly

Floors (`min`): one model, right exactly as often as the floor says, judged with the candidate's rates. Weights:
lognormal (spread .8), half of the cells with losses, and the judge's errors, more frequent among heavy items.

Compared: prediction-powered (what the gate does), Rogan and Gladen 1978 with both uncertainties (Lang and Reiczigel
2014; rates of each model from its labels), the judge alone, the labels alone, and five times as many labels alone.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from benchmarks.gate_draws import Floats, Rates
from benchmarks.gate_goals import Goal, with_noise
from evalkit.stats import decide
from evalkit.stats.intervals import t_tail
from evalkit.stats.judged import decide_judged, decide_judged_floor, test_judged
from evalkit.stats.judged_estimate import JudgedPairs
from evalkit.stats.verdict import Verdict

SEED = 20261129
N, MARGIN, ALPHA = 1_000, 0.05, 0.05
JUDGES = {
    # right answers called wrong, wrong answers called right; of the baseline, then of the candidate
    "even": (0.08, 0.12, 0.08, 0.12),
    "length": (0.08, 0.12, 0.08, 0.35),
    "place": (0.08, 0.12, 0.08, 0.12),
    "family": (0.15, 0.10, 0.03, 0.40),
    "strict": (0.05, 0.20, 0.20, 0.05),
    "blind": (0.05, 0.10, 0.05, 0.10),
    "coin": (0.50, 0.50, 0.50, 0.50),
    "good": (0.01, 0.01, 0.01, 0.02),
}


def draw(rng: np.random.Generator, judge: str, accuracy: float, differ: float, delta: float) -> tuple[Floats, ...]:
    """True scores and judged scores of both models, float64[N] each."""
    base = (rng.random(N) < accuracy).astype(float)
    lose, win = (differ - delta) / 2 / accuracy, (differ + delta) / 2 / (1 - accuracy)
    cand = np.where(base == 1, rng.random(N) >= lose, rng.random(N) < win).astype(float)
    down_b, up_b, down_c, up_c = JUDGES[judge]
    seen_b = np.where(base == 1, rng.random(N) >= down_b, rng.random(N) < up_b).astype(float)
    seen_c = np.where(cand == 1, rng.random(N) >= down_c, rng.random(N) < up_c).astype(float)
    if judge == "place":
        tie = (base == cand) & (rng.random(N) < 0.2)
        seen_b, seen_c = np.where(tie, 0.0, seen_b), np.where(tie, 1.0, seen_c)
    if judge == "blind":
        seen_c = np.where(cand < base, seen_b, seen_c)
    return base, cand, seen_b, seen_c


def other_shapes(rng: np.random.Generator, shape: str) -> JudgedPairs:
    """Pairs with the truth at the margin and a judge of the candidate's family, in other shapes than the table's."""
    base, cand, seen_b, seen_c = draw(rng, "family", 0.75, 0.15, -MARGIN)
    truth, seen = cand - base, seen_c - seen_b
    task, group, n = np.zeros(N, dtype=np.intp), np.arange(N), {"40 labels": 40, "clusters": 200}.get(shape, 100)
    if shape == "clusters":  # 100 clusters of 10: the loss of each is its own, and so is what the judge overlooks
        group = np.repeat(np.arange(100), 10)
        lose = np.repeat(rng.beta(0.4, 3.6, 100), 10)
        truth = np.where(rng.random(N) < lose, -1.0, np.where(rng.random(N) < 0.05 / 0.9, 1.0, 0.0))
        seen = np.where(rng.random(N) < np.repeat(rng.beta(1, 3, 100), 10), 0.0, truth)
    if shape == "two tasks":  # of one a fifth is labelled, of the other a twentieth; the judge leans in the first alone
        task = (np.arange(N) >= N // 2).astype(np.intp)
        seen = np.where(task == 1, np.where(rng.random(N) < 0.1, 0.0, truth), seen)
    if shape == "graded":
        truth = np.clip(truth * rng.beta(4, 2, N) + rng.normal(0, 0.05, N), -1, 1)
        truth -= truth.mean() - rng.normal(-MARGIN, truth.std() / np.sqrt(N))
        seen = np.clip(0.6 * truth + 0.1 + rng.normal(0, 0.15, N), -1, 1)
        truth = np.clip(truth, -1, 1)
    labelled = np.zeros(N, dtype=bool)
    labelled[rng.permutation(N)[:n]] = True
    if shape == "two tasks":
        labelled = rng.random(N) < np.where(task == 1, 0.05, 0.2)
    return JudgedPairs(seen, np.where(labelled, truth, np.nan), task, group)


def rogan_gladen(truth: tuple[Floats, Floats], seen: tuple[Floats, Floats], labelled: np.ndarray) -> Verdict:
    """The corrected difference with the delta method's variance of each model's prevalence and rates."""
    estimate, variance = 0.0, 0.0
    for sign, true, said in ((-1, truth[0], seen[0]), (1, truth[1], seen[1])):
        t, s = true[labelled], said[labelled]
        n1, n0 = t.sum(), (1 - t).sum()
        # One half of an error of each kind is added, so that no rate is exactly 0 or 1.
        sensitivity, specificity = (s[t == 1].sum() + 0.5) / (n1 + 1), ((1 - s[t == 0]).sum() + 0.5) / (n0 + 1)
        informative = sensitivity + specificity - 1
        if informative <= 0.05:
            return Verdict.INCONCLUSIVE
        share = said.mean()
        rate = (share + specificity - 1) / informative
        estimate += sign * rate
        variance += (
            share * (1 - share) / len(said)
            + rate**2 * sensitivity * (1 - sensitivity) / (n1 + 1)
            + (1 - rate) ** 2 * specificity * (1 - specificity) / (n0 + 1)
        ) / informative**2
    t = (estimate + MARGIN) / math.sqrt(variance)
    if t_tail(t, int(labelled.sum()) - 1) <= ALPHA:
        return Verdict.PASS
    return Verdict.FAIL if t_tail(-t, int(labelled.sum()) - 1) <= ALPHA else Verdict.INCONCLUSIVE


def drawn(
    rng: np.random.Generator, judge: str, accuracy: float, differ: float, delta: float, n: int
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], np.ndarray, JudgedPairs]:
    """True and judged scores of both models, which pairs people labelled (n of them), and what the gate sees."""
    base, cand, seen_b, seen_c = draw(rng, judge, accuracy, max(differ, abs(delta)), delta)
    labelled = np.zeros(N, dtype=bool)
    labelled[rng.permutation(N)[:n]] = True
    labels = np.where(labelled, cand - base, np.nan)
    pairs = JudgedPairs(seen_c - seen_b, labels, np.zeros(N, dtype=np.intp), np.arange(N))
    return (base, cand), (seen_b, seen_c), labelled, pairs


def judged(reps: int, n: int = 100) -> list[Goal]:
    """The table, with n labelled pairs; of 2,000 draws a cell each gets 400."""
    draws, wrong, power = max(1, reps // 5), Rates(), Rates()
    columns = ("PPI", "Rogan-Gladen", "judge alone", f"{n} labels", f"{5 * n} labels")
    print(f"\njudged, seed {SEED}, {draws} draws of {N} items, {n} labelled pairs; passes at the margin | when equal")
    print(f"{'judge, accuracy, discordance':<32}" + "".join(f"{name:>16}" for name in columns))
    for judge in JUDGES:
        for accuracy, differ in ((0.8, 0.08), (0.7, 0.2)):
            shares: list[Floats] = []
            for delta in (-MARGIN, 0.0):
                rng = np.random.default_rng([SEED, int(100 * differ), len(shares)])
                passed = np.zeros(5)
                for _ in range(draws):
                    (base, cand), (seen_b, seen_c), labelled, pairs = drawn(rng, judge, accuracy, differ, delta, n)
                    passed += [
                        verdict is Verdict.PASS
                        for verdict in (
                            test_judged(pairs, MARGIN, ALPHA).decision.verdict,
                            rogan_gladen((base, cand), (seen_b, seen_c), labelled),
                            decide(seen_b, seen_c, MARGIN),
                            decide(base[labelled], cand[labelled], MARGIN),
                            decide(base[: 5 * n], cand[: 5 * n], MARGIN),
                        )
                    ]
                shares.append(passed / draws)
            cells = "".join(f"{at:>9.3f} {equal:.3f} " for at, equal in zip(*shares, strict=True))
            print(f"{judge + f', {accuracy}, {differ}':<32}{cells}", flush=True)
            wrong.add(float(shares[0][0]))
            if judge == "good":
                power.add(float(shares[1][0] / shares[1][4]))
    for shape in ("40 labels", "clusters", "two tasks", "graded"):
        rng = np.random.default_rng([SEED, len(shape)])
        said = [test_judged(other_shapes(rng, shape), MARGIN, ALPHA).decision.verdict for _ in range(draws)]
        wrong.add(said.count(Verdict.PASS) / draws)
        print(
            f"{shape}: false pass {wrong.cells[-1]:.3f}, false fail {said.count(Verdict.FAIL) / draws:.3f}", flush=True
        )
    n_cells = len(wrong.cells)
    return [
        Goal(
            "judged, with labels: false pass, worst cell",
            0.06,
            max(wrong.cells),
            allowed=with_noise(0.06, draws, n_cells),
        ),
        Goal("judged, good judge: power by that of five times the labels", 0.8, min(power.cells), at_least=True),
    ]


SPREAD = 0.8
FLOORS = (0.7, 0.85, 0.95)


def heavier(rng: np.random.Generator, *, tied: bool) -> tuple[Floats, Floats]:
    """Weights of N items, and by how much more often heavy ones go wrong: of weighted mean 1 in the long run."""
    latent = rng.standard_normal(N)
    weights = np.exp(SPREAD * latent)
    # E[w h(w)] / E[w] = 1 for h = exp(a z - a s - a^2 / 2), z the latent normal, s the spread.
    rise = np.exp(0.4 * latent - 0.4 * SPREAD - 0.08) if tied else np.ones(N)
    return weights, rise


def floor_answers(
    rng: np.random.Generator, judge: str, floor: float, n: int, kind: str, distance: float = 0.0
) -> JudgedPairs:
    """One model whose true mean score is the floor plus `distance`; `kind`: plain, weighted, tied, clusters."""
    weights, rise = heavier(rng, tied=kind == "tied")
    group, wrong_rate = np.arange(N), (1 - floor - distance) * rise
    if kind == "clusters":
        group = np.repeat(np.arange(200), 5)
        wrong_rate = np.repeat(rng.beta(wrong_rate[0] * 4, (1 - wrong_rate[0]) * 4, 200), 5)
    wrong = rng.random(N) < np.minimum(wrong_rate, 1.0)
    truth = 1.0 - wrong
    down, up = JUDGES[judge][2:]
    blind = judge in {"blind", "place"}
    up = 0.9 if blind else up
    lean = np.minimum(up * (rise if kind == "tied" else 1.0), 1.0)
    seen = np.where(wrong, np.where(rng.random(N) < lean, 1.0, truth), (rng.random(N) >= down).astype(float))
    labels = np.full(N, np.nan)
    some = rng.permutation(N)[:n]
    labels[some] = truth[some]
    heavy = weights if kind in {"weighted", "tied"} else None
    return JudgedPairs(seen, labels, np.zeros(N, dtype=np.intp), group, weights=heavy)


def weighted_pairs(
    rng: np.random.Generator, judge: str, differ: float, delta: float, n: int, *, tied: bool
) -> JudgedPairs:
    """Two models on weighted items, the weighted difference exactly `delta`."""
    weights, rise = heavier(rng, tied=tied)
    lose, win = (differ - delta) / 2 * rise, (differ + delta) / 2 * rise
    u = rng.random(N)
    truth = np.where(u < lose, -1.0, np.where(u > 1 - win, 1.0, 0.0))
    down_b, up_b, down_c, up_c = JUDGES[judge]
    base = np.where(truth == 0, rng.random(N) < 0.75, truth < 0).astype(float)
    cand = base + truth
    seen_b = np.where(base == 1, rng.random(N) >= down_b, rng.random(N) < up_b).astype(float)
    seen_c = np.where(cand == 1, rng.random(N) >= down_c, rng.random(N) < np.minimum(up_c * rise, 1)).astype(float)
    if judge == "blind":
        seen_c = np.where(cand < base, seen_b, seen_c)
    labels = np.full(N, np.nan)
    some = rng.permutation(N)[:n]
    labels[some] = truth[some]
    return JudgedPairs(seen_c - seen_b, labels, np.zeros(N, dtype=np.intp), np.arange(N), weights=weights)


def floors(draws: int, n: int = 100) -> list[Goal]:
    """False pass and false fail of floors and of weighted pairs, and what a model beyond the limit passes."""
    wrong_pass, wrong_fail = Rates(), Rates()
    print(
        f"\nfloors and weights with {n} labels of {N}, seed {SEED}, {draws} draws: false pass, false fail, worst judge"
    )
    for kind in ("plain", "weighted", "tied", "clusters"):
        for floor in FLOORS:
            cells: list[tuple[float, float, str]] = []
            for judge in JUDGES:
                rng = np.random.default_rng([SEED, int(100 * floor), len(judge)])
                said = [
                    decide_judged_floor(floor_answers(rng, judge, floor, n, kind), floor, ALPHA) for _ in range(draws)
                ]
                cells.append((said.count(Verdict.PASS) / draws, said.count(Verdict.FAIL) / draws, judge))
                wrong_pass.add(cells[-1][0])
                wrong_fail.add(cells[-1][1])
            rng = np.random.default_rng([SEED, 1])
            half = (1 - floor) / 2
            power = [
                decide_judged_floor(floor_answers(rng, "good", floor, n, kind, half), floor, ALPHA)
                for _ in range(draws)
            ].count(Verdict.PASS) / draws
            _print_cells(f"floor {floor}, {kind}", cells, f"; good judge, half as many wrong: passes {power:.2f}")
    for tied in (False, True):
        for differ in (0.08, 0.2):
            cells = []
            for judge in JUDGES:
                rng = np.random.default_rng([SEED, int(100 * differ), len(judge), 7])
                said = [
                    decide_judged(weighted_pairs(rng, judge, differ, -MARGIN, n, tied=tied), MARGIN, ALPHA)
                    for _ in range(draws)
                ]
                cells.append((said.count(Verdict.PASS) / draws, said.count(Verdict.FAIL) / draws, judge))
                wrong_pass.add(cells[-1][0])
                wrong_fail.add(cells[-1][1])
            _print_cells(f"margin, weighted{', tied' if tied else ''}, discordance {differ}", cells, "")
    n_cells = len(wrong_pass.cells)
    return [
        Goal(
            "judged, floors and weights: false pass, worst cell",
            0.06,
            max(wrong_pass.cells),
            allowed=with_noise(0.06, draws, n_cells),
        ),
        Goal("judged, floors and weights: false fail, mean", 0.06, wrong_fail.mean, allowed=0.06),
    ]


def _print_cells(name: str, cells: list[tuple[float, float, str]], more: str) -> None:
    passes, fails = [c[0] for c in cells], [c[1] for c in cells]
    worst = max(cells)
    print(
        f"{name:<44} pass {np.mean(passes):.3f} / {worst[0]:.3f} ({worst[2]}), fail {np.mean(fails):.3f} / "
        f"{max(fails):.3f}{more}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--only", choices=["margins", "floors"])
    given = parser.parse_args()
    if given.only != "floors":
        judged(5 * given.draws, given.labels)
    if given.only != "margins":
        floors(given.draws, given.labels)


if __name__ == "__main__":
    main()
