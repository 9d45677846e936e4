"""The gate's statistics on answers that real models gave to real benchmarks: counts, p-values and verdicts.

What is right or wrong is the source's own flag. Every reference here is written apart from evalkit's code.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from evalkit.stats import decide, mcnemar, sequential, test

Flags = dict[str, float]
"""Item -> 1.0 where the model was right."""

pair_of = test
"""The name `test` would be collected as one."""
del test


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield json.loads(line)


@cache
def _suites(data: Path) -> dict[str, dict[str, Flags]]:
    """Benchmark -> model -> flags."""
    found: dict[str, dict[str, Flags]] = {}
    for name in ("gsm", "crux", "math_l5"):
        for path in sorted((data / f"zeroeval_{name}" / "outputs").glob("*.jsonl.gz")):
            flags = {str(line["id"]): float(bool(line["source_correct"])) for line in _lines(path)}
            found.setdefault(f"zeroeval {name}", {})[path.name] = flags
    for path in sorted((data / "ifeval" / "responses").glob("*.jsonl.gz")):
        found.setdefault("ifeval", {})[path.name] = {str(x["key"]): float(all(x["strict"])) for x in _lines(path)}
    items = {x["question_id"]: x for x in _lines(data / "mmlu_pro" / "items.jsonl.gz")}
    for path in sorted((data / "mmlu_pro" / "outputs").glob("*.jsonl.gz")):
        for line in _lines(path):
            item = items[line["question_id"]]
            right = float(line["source_pred"] == item["answer"])
            found.setdefault(f"mmlu_pro {item['category']}", {}).setdefault(path.name, {})[str(line["question_id"])] = (
                right
            )
    for n, line in enumerate(_lines(data / "routellm" / "mmlu_correct.jsonl.gz")):
        for model in ("mixtral-8x7b-instruct", "gpt-4-1106-preview"):
            found.setdefault("routellm", {}).setdefault(model, {})[str(n)] = float(line[model])
    for path in sorted((data / "bbh").glob("*.jsonl.gz")):
        for line in _lines(path):
            cot = line["cot"].split("answer is ")[-1].strip().removesuffix(".")
            for model, said in (("direct", line["direct"].strip()), ("cot", cot)):
                flags = found.setdefault(f"bbh {path.name.partition('.')[0]}", {}).setdefault(model, {})
                flags[str(line["id"])] = float(said == line["target"].strip())
    return found


@pytest.fixture(scope="module")
def pairs(shared_data: Path) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(name, baseline, candidate) of every pair of models on the items that both answered."""
    made = []
    for suite, models in _suites(shared_data).items():
        for (a, first), (b, second) in combinations(sorted(models.items()), 2):
            items = sorted(first.keys() & second.keys())
            made.append(
                (f"{suite}: {a} / {b}", np.array([first[i] for i in items]), np.array([second[i] for i in items]))
            )
    return made


@pytest.mark.long
def test_discordant_counts_and_mcnemar_are_those_of_a_direct_count_and_of_statsmodels(pairs: Any) -> None:
    assert len(pairs) > 60
    for name, base, cand in pairs:
        tested = pair_of(base, cand, 0.02)
        wins = sum(1 for a, b in zip(base.tolist(), cand.tolist(), strict=True) if b > a)
        losses = sum(1 for a, b in zip(base.tolist(), cand.tolist(), strict=True) if a > b)
        assert (tested.wins, tested.losses) == (wins, losses), name
        reference = statsmodels_mcnemar([[0, losses], [wins, 0]], exact=True).pvalue
        assert mcnemar(wins, losses) == pytest.approx(float(reference), abs=1e-9), name


@pytest.mark.long
def test_verdicts_are_those_of_the_formulas_written_independently(pairs: Any) -> None:
    checked = close = 0
    for name, base, cand in pairs:
        if len(base) > 1500:
            continue
        for margin in (0.02, 0.05):
            wins, losses = int((cand > base).sum()), int((base > cand).sum())
            up, down = _exact(wins, losses, len(base), margin, -1), _exact(losses, wins, len(base), margin, 1)
            expected = "pass" if up <= 0.05 else "fail" if down <= 0.05 else "inconclusive"
            checked += 1
            if min(abs(up - 0.05), abs(down - 0.05)) < 0.004:
                close += 1  # the search over discordances is cut differently; a p-value at the edge may fall either way
                continue
            assert decide(base, cand, margin) == expected, (name, margin, up, down)
    assert checked > 100
    assert close <= 0.05 * checked


def test_a_suite_that_is_stopped_early_says_what_the_whole_suite_says(pairs: Any) -> None:
    rng = random.Random(7)
    agreed = total = 0
    shares = []
    for _, base, cand in pairs:
        n = len(base)
        for margin in (0.02, 0.05):
            whole = "pass" if (cand - base).sum() >= -margin * n - 1e-9 else "fail"
            for _ in range(3):
                order = np.array(rng.sample(range(n), n))
                gate = sequential(n, margin, 0.05, scope="suite")
                verdict = gate.update(base[order], cand[order])
                agreed += verdict == whole
                total += 1
                shares.append((gate.n_used or n) / n)
    assert total > 350
    print(f"agreement {agreed / total:.4f} over {total}, median share of items {np.median(shares):.2f}")
    assert agreed / total >= 0.995


def _exact(wins: int, losses: int, n: int, margin: float, side: int) -> float:
    """P-value of Tango's ordering, maximised over the share of discordant pairs (research, section 2.1).

    side -1: against "worse by the margin or more"; side 1 (with wins and losses swapped) against the opposite claim.
    """
    d0 = margin * side
    observed = _tango(np.array([float(wins)]), np.array([float(losses)]), n, d0)[0]
    lost = np.arange(n + 1, dtype=float)
    least = np.full(n + 1, n + 1)
    low, high = np.zeros(n + 1), n - lost + 1  # the smallest number of wins that is at least as extreme
    while (low < high).any():
        middle = np.floor((low + high) / 2)
        enough = _tango(middle, lost, n, d0) >= observed - 1e-9
        open_ = low < high
        high = np.where(open_ & enough, middle, high)
        low = np.where(open_ & ~enough, middle + 1, low)
    spread = 6 * np.sqrt((wins + losses + 4) / n**2)
    centre = (wins + losses) / n
    low_end, high_end = max(abs(d0) + 1e-9, centre - spread), min(1.0, centre + spread)
    mean = n * (high_end - d0) / 2  # no share makes more than 1e-20 of the outcomes lose more than this often:
    lost = lost[: int(mean + 10 * np.sqrt(mean) + 40)]
    least = low[: len(lost)]

    def chance(psi: float) -> float:
        p_win, p_loss = (psi + d0) / 2, (psi - d0) / 2
        tail = binom.sf(least - 1, n - lost, p_win / (1 - p_loss))
        return float((binom.pmf(lost, n, p_loss) * tail).sum())

    found: dict[float, float] = {}
    for _ in range(3):  # each look closes in on the best point of the one before
        shares = np.linspace(low_end, high_end, 13)
        found |= {float(psi): chance(float(psi)) for psi in shares if float(psi) not in found}
        best, step = max(found, key=found.__getitem__), shares[1] - shares[0]
        low_end, high_end = max(low_end, best - step), min(high_end, best + step)
    return max(found.values())


def _tango(wins: np.ndarray, losses: np.ndarray, n: int, d0: float) -> np.ndarray:
    a, b = 2 * n, -wins - losses + (2 * n - wins + losses) * d0
    q = (np.sqrt(b * b + 4 * a * losses * d0 * (1 - d0)) - b) / (2 * a)
    variance = n * (2 * q + d0 * (1 - d0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, (wins - losses - n * d0) / np.sqrt(np.maximum(variance, 1e-300)), 0.0)
