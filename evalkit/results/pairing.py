"""Pairs two models' rows by content, never by position or name, and refuses what does not pair.

    pairs = pair(baseline_rows, candidate_rows)

The refusal is the sentence that says which side lacks what; nothing is left out in silence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evalkit.errors import NotComparable, Unpaired, UserError
from evalkit.records import SCORE_OF
from evalkit.results.pairs import (
    ERRORED,
    OUTCOMES,
    SUPPORTED,
    Codes,
    Half,
    Pairs,
    rows_of_half,
)
from evalkit.stats.copies import with_copies
from evalkit.stats.traffic import row_weights
from evalkit.store import table as stored
from evalkit.text import numbers

if TYPE_CHECKING:
    import pyarrow as pa

_FIGURES = ("cost_usd", "ttft_s", "ttfr_s", "tpot_s", "total_s", "retry_s", "given_up")
_MUST_AGREE = (
    ("target_digest", "The right answers"),
    ("cluster", "The clusters"),
    ("critical", "The marks as critical"),
    ("weight", "The weights"),
)
_MARK_AGAIN = (
    "Answers scored against other right answers do not compare: score both again without asking a model "
    "(evalkit rescore RUN), or run both from the same suite."
)

_SAME_VALUE = "In a table of another tool, give each item the same value for every model, and import it again."
_RUN_AGAIN = "Run both from the same suite and data: what is unchanged comes from the cache and costs nothing."


def pair(baseline: pa.Table, candidate: pa.Table) -> Pairs:
    """Every row of both tables, paired. Raises NotComparable unless both hold exactly the same items and repeats with
    the same right answers, groups and marks as critical, and UserError for scores that are none."""
    sides = (baseline, candidate)
    n = baseline.num_rows
    for side, table in zip(("baseline", "candidate"), sides, strict=True):
        if any(table[name].null_count for name in ("task", "sample_digest", "occurrence", "repeat")):
            raise NotComparable(f"The {side} has rows that do not say which item they are. Run the suite again.")
    if not n and not candidate.num_rows:
        raise NotComparable("Neither side has a row. Run the suite again.")
    names, task_codes = stored.labels_codes(_both(sides, "task"))
    (digests,) = stored.names_codes([_both(sides, "sample_digest")])
    occurrence, repeat = stored.floats(_both(sides, "occurrence")), stored.floats(_both(sides, "repeat"))
    items = stored.joint(task_codes, digests, occurrence)
    keys = stored.joint(items, repeat)
    order_b, order_c = np.argsort(keys[:n], kind="stable"), np.argsort(keys[n:], kind="stable")
    sorted_b, sorted_c = keys[:n][order_b], keys[n:][order_c]
    for side, ordered in (("baseline", sorted_b), ("candidate", sorted_c)):
        if (n_twice := int((np.diff(ordered) == 0).sum())) > 0:
            raise NotComparable(
                f"{n_twice:,} rows of the {side} stand in its files twice: the folder was changed by hand. Restore it, "
                "or run the suite again."
            )
    if not np.array_equal(sorted_b, sorted_c):
        raise Unpaired(_unpaired(sorted_b, sorted_c, keys, task_codes, names), _RUN_AGAIN)
    place = np.empty(n, dtype=np.int64)
    place[order_b] = order_c  # the candidate's row for each of the baseline's
    for column, what in _MUST_AGREE:
        a, b = _codes_of(baseline[column], candidate[column])
        if not np.array_equal(a, b[place]):
            n_differ = int((a != b[place]).sum())
            way_out = _MARK_AGAIN if column == "target_digest" else _RUN_AGAIN
            raise NotComparable(
                f"{what} of {n_differ:,} of {n:,} items differ between the two sides. {way_out} {_SAME_VALUE}"
            )
    (cluster,) = stored.names_codes([baseline["cluster"]])
    task = task_codes[:n]
    if (cluster >= 0).any():
        alone = cluster < 0
        cluster = stored.joint(task, cluster)  # the same name in two tasks is two clusters
        cluster[alone] = -1
    if len(np.unique(stored.joint(items[:n], cluster))) > len(np.unique(items[:n])):
        raise NotComparable(
            "Repeats of one item stand in different clusters: the rows are damaged. Run the suite again."
        )
    cluster, n_copies = with_copies(cluster, task, items[:n], stored.joint(task, digests[:n]), occurrence[:n])
    digest = baseline["sample_digest"].combine_chunks()
    return Pairs(
        tasks=tuple(names),
        task=task,
        item=items[:n],
        repeat=repeat[:n].astype(np.int64),
        cluster=cluster,
        critical=stored.floats(baseline["critical"]) == 1,
        weight=row_weights(stored.floats(baseline["weight"])),
        digest=digest,
        occurrence=occurrence[:n].astype(np.int64),
        baseline=_read_half(baseline, "baseline"),
        candidate=rows_of_half(_read_half(candidate, "candidate"), place),
        slice_rows=_agreed_slices(baseline, candidate, task, place, names),
        n_copies=n_copies,
    )


def common_rows(first: pa.Table, second: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The rows of both that the other has too: a stopped side was asked less."""
    from evalkit.store import arrays

    names = []
    for column in ("task", "sample_digest"):
        names.append(stored.names_codes([first[column], second[column]]))
    keys = [
        [names[0][k], names[1][k], stored.floats(table["occurrence"]), stored.floats(table["repeat"])]
        for k, table in enumerate((first, second))
    ]
    joined = stored.joint(*(np.concatenate((a, b)) for a, b in zip(*keys, strict=True)))
    n = first.num_rows
    ours, theirs = np.isin(joined[:n], joined[n:]), np.isin(joined[n:], joined[:n])
    return (
        first.take(arrays.integers(np.flatnonzero(ours).tolist())),
        second.take(arrays.integers(np.flatnonzero(theirs).tolist())),
    )


def alone(rows: pa.Table) -> Pairs:
    """One model's rows, in the form of pairs whose baseline has no figure at all: every comparison with it says so.

    Raises as `pair` does.
    """
    pairs = pair(rows, rows)
    n = pairs.n
    nothing = np.full(n, np.nan)
    absent = Half(nothing, np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=bool), *[nothing] * 7)
    return replace(pairs, baseline=absent)


def _both(sides: tuple[pa.Table, pa.Table], name: str) -> pa.ChunkedArray:
    import pyarrow as pa

    return pa.chunked_array([*sides[0][name].chunks, *sides[1][name].chunks], type=sides[0][name].type)


def _codes_of(first: pa.ChunkedArray, second: pa.ChunkedArray) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    import pyarrow as pa

    if not pa.types.is_string(first.type):
        return np.nan_to_num(stored.floats(first), nan=-1), np.nan_to_num(stored.floats(second), nan=-1)
    a, b = stored.names_codes([first, second])
    return a, b


def _read_half(table: pa.Table, side: str) -> Half:
    labels, codes = stored.labels_codes(table["outcome"])
    unknown = [label for label in labels if label not in OUTCOMES]
    if unknown or (codes < 0).any():
        raise UserError(f"The {side}'s rows hold outcomes that evalkit does not write. Run the suite again.")
    places = np.array([OUTCOMES.index(label) for label in labels] or [0], dtype=np.int64)
    outcome = places[codes]
    score = stored.floats(table["score"])
    outside = ~np.isnan(score) & ~((score >= 0) & (score <= 1))
    if outside.any() or np.isinf(score).any():
        raise UserError(
            f"The {side}'s rows hold a score of {score[outside][0]:g}: scores lie between 0 and 1. The rows are "
            "damaged or were written by something else; restore them, or run the suite again."
        )
    for named, value in SCORE_OF.items():
        if (contradicts := (outcome == OUTCOMES.index(named)) & ~np.isnan(score) & (score != value)).any():
            raise UserError(
                f"The {side}'s rows call an answer {named} and give it a score of {score[contradicts][0]:g}. They are "
                "damaged or were written by something else; restore them, or run the suite again."
            )
    cost = stored.floats(table["cost_usd"])
    if (cost < 0).any():
        raise UserError(f"The {side}'s rows hold a negative cost. Restore them, or run the suite again.")
    score[outcome == ERRORED] = np.nan  # the system's fault is never a score, whatever stands beside it
    times = {name: stored.floats(table[name]) for name in _FIGURES}
    for name, values in times.items():
        if np.isinf(values).any() or (values < 0).any():
            raise UserError(
                f"The {side}'s rows hold a {name} that is negative or infinite. Restore them, or run the suite again."
            )
    score[times["given_up"] > 0] = np.nan  # who asks until an answer is quick chooses among them
    times[SUPPORTED] = (
        stored.floats(table[SUPPORTED]) if SUPPORTED in table.column_names else np.full(len(score), np.nan)
    )
    return Half(score=score, outcome=outcome, cached=stored.floats(table["cached"]) != 0, **times)


def _slices(table: pa.Table, task: Codes, names: list[str]) -> tuple[tuple[str, str, str, Codes], ...]:
    """Row numbers by (task, slice name, value), read from the map column without a Python object per row."""
    import pyarrow as pa

    column = table["slices"].combine_chunks()
    if not len(column) or not len(column.keys):
        return ()
    book_names, name_codes = stored.labels_codes(pa.chunked_array([column.keys]))
    book_values, value_codes = stored.labels_codes(pa.chunked_array([column.items]))
    offsets = stored.floats(pa.chunked_array([column.offsets])).astype(np.int64)
    rows = np.repeat(np.arange(len(column)), np.diff(offsets))
    first = offsets[0] if len(offsets) else 0
    name_codes, value_codes = name_codes[first : first + len(rows)], value_codes[first : first + len(rows)]
    groups = stored.joint(task[rows], name_codes, value_codes)
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    found = []
    for of_group in np.split(order, starts[1:]):
        at = of_group[0]
        if value_codes[at] >= 0:
            found.append(
                (names[task[rows[at]]], book_names[name_codes[at]], book_values[value_codes[at]], rows[of_group])
            )
    return tuple(sorted(found, key=lambda entry: entry[:3]))


def _agreed_slices(
    baseline: pa.Table, candidate: pa.Table, task: Codes, place: Codes, names: list[str]
) -> tuple[tuple[str, str, str, Codes], ...]:
    """The slices of the pairs. Raises NotComparable where the sides differ: a scan would miss what one leaves out."""
    ours = _slices(baseline, task, names)
    if baseline["slices"].equals(candidate["slices"]) and np.array_equal(place, np.arange(len(place))):
        return ours
    of_candidate = np.empty(len(place), dtype=np.int64)
    of_candidate[place] = np.arange(len(place))
    theirs = _slices(candidate, task[of_candidate], names)
    same = [entry[:3] for entry in ours] == [entry[:3] for entry in theirs] and all(
        np.array_equal(a[3], np.sort(of_candidate[b[3]])) for a, b in zip(ours, theirs, strict=True)
    )
    if not same:
        raise NotComparable(
            "The slices of some items differ between the two sides, and a collapse in one could go unseen. Run both "
            "from the same suite (what is unchanged comes from the cache), and promote the baseline again. "
            f"{_SAME_VALUE}"
        )
    return ours


def _unpaired(first: Codes, second: Codes, keys: Codes, tasks: Codes, names: list[str]) -> str:
    """Which side lacks how many items of which task."""
    task_of = dict(zip(*(array.tolist() for array in _unique(keys, tasks)), strict=True))
    lines = []
    for only, has, lacks in (
        (np.setdiff1d(first, second), "baseline", "candidate"),
        (np.setdiff1d(second, first), "candidate", "baseline"),
    ):
        counts: dict[str, int] = {}
        for key in only.tolist():
            name = names[task_of[key]]
            counts[name] = counts.get(name, 0) + 1
        lines += [
            f"  {numbers.plural(n, 'item')} of {name} {numbers.verb(n, 'stands', 'stand')} only on the "
            f"{has}'s side, not on the {lacks}'s"
            for name, n in sorted(counts.items())
        ]
    return "The two sides were not asked the same items (they pair by content: prompt fields, choices):\n" + "\n".join(
        lines
    )


def _unique(keys: Codes, tasks: Codes) -> tuple[Codes, Codes]:
    found, first = np.unique(keys, return_index=True)
    return found, tasks[first]
