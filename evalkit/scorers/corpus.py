"""Figures of a whole task that are no mean over its samples: macro-F1, corpus BLEU and chrF, pass@k.

They are shown beside the scores and not gated: a gate compares sample with sample, and these have no value for one.
Every function here is pure; None means that the figure is not defined for what was given (no sample, no class).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb

from evalkit.errors import MissingPackage


def macro_f1(said: Sequence[str | None], right: Sequence[str]) -> float | None:
    """Mean over the classes that stand in `right` of each one's F1, every class alike; None without samples.

    An answer that could not be read (None) is no class: it misses its own and spoils no other. A class that is said
    but never right has no F1 of its own here; it lowers the others' recall. (scikit-learn counts it as a class with 0.)
    """
    hits = Counter(r for s, r in zip(said, right, strict=True) if s == r)
    n_said = Counter(s for s in said if s is not None)
    n_right = Counter(right)
    if not n_right:
        return None
    return sum(2 * hits[name] / (n_said[name] + n_right[name]) for name in n_right) / len(n_right)


def corpus_bleu(replies: Sequence[str], references: Sequence[str], *, tokenize: str = "13a") -> float | None:
    """BLEU in [0, 1] by sacrebleu, one reference a reply; None without replies. Raises MissingPackage."""
    if not replies:
        return None
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError as error:
        raise _missing() from error
    return float(BLEU(tokenize=tokenize).corpus_score(list(replies), [list(references)]).score) / 100


def corpus_chrf(replies: Sequence[str], references: Sequence[str]) -> float | None:
    """chrF in [0, 1] by sacrebleu; None without replies. Raises MissingPackage."""
    if not replies:
        return None
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise _missing() from error
    return float(CHRF().corpus_score(list(replies), [list(references)]).score) / 100


def pass_at_k(n: int, n_right: int, k: int) -> float | None:
    """Chance that at least one of k answers, drawn from n of which `n_right` are right, is right (Chen et al. 2021).

    None where there are fewer than k answers.
    """
    if not 0 < k <= n:
        return None
    return 1 - comb(n - n_right, k) / comb(n, k)


def pass_all_k(n: int, n_right: int, k: int) -> float | None:
    """Chance that all of k answers, drawn from n of which `n_right` are right, are right: pass^k of tau-bench
    (Yao et al. 2024, arXiv:2406.12045). None where there are fewer than k answers."""
    if not 0 < k <= n:
        return None
    return comb(n_right, k) / comb(n, k)


def _missing() -> MissingPackage:
    return MissingPackage("this metric needs sacrebleu. Install the extra: uv sync --extra metrics")
