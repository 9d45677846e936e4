"""Reading what a test is given: equal-length scores in [0, 1] and labels. Anything else is refused with a sentence.

A number that is absent must be left out by the caller, who knows why it is absent; a NaN that slips through would turn
every comparison false and so decide something that nobody meant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Sequence
from numbers import Real
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from evalkit.frozen import dataclass

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Labels = Sequence[Hashable] | npt.NDArray[Any]
"""What moves together: one label for each row, of any kind that can be compared."""


def read_pair(baseline: object, candidate: object) -> tuple[Floats, Floats]:
    """Both sides as arrays. Raises ValueError when they are empty, unequal in length, or not all within [0, 1]."""
    first, second = read(baseline, "baseline"), read(candidate, "candidate")
    if first.size != second.size:
        raise ValueError(
            f"the baseline has {first.size} scores and the candidate {second.size}: a paired test needs both models' "
            "scores of the same items, in the same order"
        )
    if not first.size:
        raise ValueError("there are no pairs of scores to compare: an empty comparison decides nothing")
    for name, values in (("baseline", first), ("candidate", second)):
        outside = np.flatnonzero((values < 0) | (values > 1))
        if outside.size:
            raise ValueError(f"{name} score {outside[0]} is {values[outside[0]]:g}: scores lie between 0 and 1")
    return first, second


def read(values: object, name: str) -> Floats:
    """One side as a one-dimensional array of finite numbers. Raises ValueError naming the first offender."""
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(f"the {name} values are masked: leave absent ones out, on both sides")  # noqa: TRY004
    try:
        array = _numbers(values)
    except (TypeError, ValueError):
        raise ValueError(f"the {name} values are not all numbers: leave absent ones out, on both sides") from None
    if array.ndim != 1:
        raise ValueError(f"the {name} values have {array.ndim} dimensions: give one number for each item")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(
            f"{name} value {bad[0]} is {array[bad[0]]}: an absent score is not a number; leave the pair out and count "
            "it as errored"
        )
    return array


def _numbers(values: object) -> Floats:
    found = np.asarray(values)
    if found.dtype.kind in "cmM":  # a complex number would lose its other half, and a date become a large number
        raise TypeError(found.dtype)
    return found.astype(np.float64, copy=False)


def read_labels(labels: Labels, n: int, name: str) -> Codes:
    """Labels as whole numbers from 0; each None stands alone. Raises ValueError for NaN, a wrong length, and for what
    is no list of labels: the letters of one word are none."""
    if isinstance(labels, str | bytes) or not hasattr(labels, "__len__") or getattr(labels, "ndim", 1) != 1:
        raise ValueError(f"give a list of {n} {name} labels, one for each pair, not {_shown(labels)}")
    if len(labels) != n:
        raise ValueError(f"{n} pairs need {n} {name} labels, one each; there are {len(labels)}")
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "iub":
        if n and labels.dtype.kind == "i" and labels.min() == 0 and labels.max() < n and np.bincount(labels).all():
            return np.asarray(labels, dtype=np.intp).reshape(n)  # whole numbers from 0 without a gap already
        return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.intp).reshape(n)
    codes: dict[Hashable, int] = {}
    read = np.empty(n, dtype=np.intp)
    for i, label in enumerate(labels):
        if isinstance(label, float) and math.isnan(label):
            raise ValueError(f"{name} label {i} is NaN: give None for a pair that stands alone")
        try:
            read[i] = codes.setdefault(_Alone(i) if label is None else label, len(codes))
        except TypeError:
            raise ValueError(f"{name} label {i} is {_shown(label)}: a label is a word, a number or None") from None
    return read


def _shown(given: object) -> str:
    shape = getattr(given, "shape", None)
    return f"an array of shape {shape}" if shape else f"{type(given).__name__} {given!r:.40}"


def read_weights(weights: object, n: int) -> Floats | None:
    """Weights of n rows, float64[n], in any unit; None where all weigh alike.

    Raises ValueError for a wrong number of them, and for one that is not a positive number.
    """
    if weights is None:
        return None
    found = read(weights, "weight")
    if found.size != n:
        raise ValueError(f"{n} rows need {n} weights, one each; there are {found.size}")
    if (found <= 0).any():
        at = int((found <= 0).argmax())
        raise ValueError(f"weight {at} is {found[at]:g}: a weight says how many requests a row stands for")
    return None if found.size == 0 or found.min() == found.max() else found


def read_lost(n_errored: int, errored_weight: float | None, weights: object) -> float:
    """How many average rows the rows without a score weigh: `n_errored` where nothing says otherwise.

    Raises ValueError for a weight without a row, or below 0.
    """
    if errored_weight is None or weights is None or not n_errored:
        return float(n_errored)
    weight = check_positive(errored_weight, f"errored_weight is what {n_errored} rows weigh together")
    return float(weight / np.mean(read(weights, "weight")))


def read_dependence(
    n: int, clusters: Labels | None, items: Labels | None, weights: object = None, *, weighted: bool = False
) -> tuple[Codes | None, Floats | None]:
    """(what moves together, int[n]; weight of each row, float64[n]), from labels of clusters and of repeated items.

    Repeats are averaged within their item, which is then a cluster unless `clusters` says more. None where every row
    stands alone, or all rows weigh alike. Rows of unequal `weights` are each a cluster where nothing else groups them:
    the tests that suppose equal draws do not hold for them. `weighted`: rows that are not among these weigh otherwise,
    though these weigh alike. Raises ValueError where repeats of one item lie in two
    clusters, and as `read_weights` does.
    """
    given = read_weights(weights, n)
    if given is None and weighted:
        given = np.ones(n)
    found = given
    labels = None if clusters is None else read_labels(clusters, n, "cluster")
    if items is not None:
        asked = read_labels(items, n, "item")
        repeats = np.bincount(asked)[asked]
        if repeats.max() > 1:
            found = 1.0 / repeats if given is None else given / repeats
            if labels is None:
                labels = asked
            elif not np.array_equal(_last_of(asked, labels)[asked], labels):
                raise ValueError("an item lies in two clusters: repeats of one item belong to one cluster")
    if labels is not None and np.bincount(labels).max() == 1:
        labels = None  # every cluster is a single row: independent after all
    if labels is None and given is not None:
        labels = np.arange(n)
    return labels, found


def _last_of(codes: Codes, values: Codes) -> Codes:
    """int64[codes from 0]: the last of the values beside each code."""
    found = np.zeros(int(codes.max()) + 1, dtype=np.intp)
    found[codes] = values
    return found


class MoreOfRows(TypedDict, total=False):
    """What a test may be told of rows besides their scores and clusters. Left out: nothing of the kind."""

    items: Labels | None
    """What was asked several times: repeats are averaged first, then each item is a cluster unless `clusters` says
    more."""
    n_errored: int
    """Rows that lack a score (pairs: on some side): lost for passing, won for failing."""
    weights: npt.ArrayLike | None
    """float64[n], how many requests of the traffic each row stands for, in any unit: means are then weighted."""
    errored_weight: float | None
    """What the rows without a score weigh together. None: as much as average ones."""


@dataclass(frozen=True, slots=True)
class ReadRows:
    """`MoreOfRows`, read and checked."""

    labels: Codes | None
    """int[n], what moves together. None: every row stands alone."""
    weights: Floats | None
    """float64[n]. None: all weigh alike."""
    n_errored: int
    lost: float
    """How many average rows the rows without a score weigh."""
    weighted: bool
    """Whether rows weigh differently, those without a score included."""
    repeats: float
    """See `repeated_share`."""


def refuse_unknown(given: Collection[str], known: Collection[str]) -> None:
    """Raises TypeError for an argument that is none: left unread, it would decide otherwise without a word."""
    if unknown := [name for name in given if name not in known]:
        raise TypeError(f"there is no argument {unknown[0]!r}; by name there are {', '.join(known)}")


def read_rows(n: int, clusters: Labels | None, more: MoreOfRows) -> ReadRows:
    """What is known of n rows. Raises TypeError for an unknown name, ValueError for impossible values, and as
    `read_dependence` does."""
    refuse_unknown(more, MoreOfRows.__annotations__)
    n_errored, weights = check_count(more.get("n_errored", 0)), more.get("weights")
    lost = read_lost(n_errored, more.get("errored_weight"), weights)
    weighted = read_weights(weights, n) is not None or not math.isclose(lost, n_errored, rel_tol=1e-6)
    items = more.get("items")
    labels, found = read_dependence(n, clusters, items, weights, weighted=weighted)
    return ReadRows(labels, found, n_errored, lost, weighted, repeated_share(labels, items))


def repeated_share(labels: Codes | None, items: Labels | None) -> float:
    """Of the pairs of rows that share a group of `labels` (as `read_dependence` gave them), the share that are answers
    to one item: 1 where each group is an item, 0 where no item was asked twice."""
    if labels is None or items is None:
        return 0.0
    together, of_items = (
        float((n * (n - 1)).sum()) for n in (np.bincount(labels), np.bincount(read_labels(items, labels.size, "item")))
    )
    return min(1.0, of_items / together) if together else 0.0


class _Alone(int):
    """The key of a pair without a label: equal to no label that a caller could give."""

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = int.__hash__


def check_margin(margin: float) -> float:
    """The margin. Raises ValueError unless it lies in [0, 1)."""
    says = "a margin lies between 0 and 1, in score units (0.02: two points)"
    return check_number(margin, says, lambda number: 0 <= number < 1)


def check_alpha(alpha: float) -> float:
    """The level. Raises ValueError unless it lies in (0, 0.5)."""
    says = "alpha is the accepted probability of a wrong verdict, between 0 and 0.5 like 0.05"
    return check_number(alpha, says, lambda number: 0 < number < 0.5)


def check_positive(value: object, says: str) -> float:
    """The number. Raises ValueError with this sentence unless it is finite and above 0."""
    return check_number(value, says, lambda number: math.isfinite(number) and number > 0)


def check_limit(limit: object, says: str, quantile: object, alpha: float) -> None:
    """Raises ValueError for a limit of a percentile that cannot be one, with this sentence or its own."""
    check_alpha(alpha)
    check_number(quantile, "a quantile lies between 0 and 1, like 0.95", lambda number: 0 < number < 1)
    check_positive(limit, says)


def check_count(n_errored: object) -> int:
    """How many rows have no score. Raises ValueError unless it is a whole number of at least 0."""
    says = "n_errored counts rows without a score, in whole numbers from 0"
    return int(check_number(n_errored, says, lambda number: number >= 0 and number.is_integer()))


def check_number(value: object, says: str, within: Callable[[float], bool]) -> float:
    """The number. Raises ValueError with this sentence for what is none, and for one that does not lie within."""
    one = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if not isinstance(one, Real) or not within(float(one)):
        raise ValueError(f"{says}, not {one if isinstance(one, Real) else repr(value)}")
    return float(one)


def check_words(*, tail: str = "strict", scope: str = "population") -> None:
    """Raises ValueError for a word that is none of those that are known: read as another one it would decide more."""
    if tail not in {"strict", "smooth"}:
        raise ValueError(f"tail is strict or smooth, not {tail!r}")
    if scope not in {"population", "suite"}:
        raise ValueError(f"scope is population or suite, not {scope!r}")
