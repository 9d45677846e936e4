"""Two stored results compared: B minus A over the same items, with its interval, and how many items changed sides.

    compare(run["gpt"], other["qwen"])                               # row by row, by task; refuses as the gate does
    compare_samples(reader, ("run-1", "gpt"), ("run-2", "qwen"))     # from the scores by sample: a page of the board

Nothing is decided here: there is no margin. `compare` reads the rows and refuses what is not comparable. The board's
`compare_samples` reads scores.npz: ten million rows take milliseconds. Both test the same: where items were asked
several times, every answer is a pair, and those of one item are a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from evalkit.errors import StoreError
from evalkit.frozen import dataclass
from evalkit.results import completeness
from evalkit.results.changed_items import changed_items, paired
from evalkit.results.comparable import refuse_unless_comparable, shown
from evalkit.results.entries import LeaderboardLine
from evalkit.results.flips import Flips, count_flips
from evalkit.results.pairing import common_rows
from evalkit.results.pairs import Pairs, dependence_of
from evalkit.results.parts import pair_part, part_names
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import SampleSide
from evalkit.results.served import changed_line, served_lines, served_otherwise
from evalkit.results.side import Side
from evalkit.results.standings import ModelStanding
from evalkit.stats import best
from evalkit.stats.comparison import test
from evalkit.stats.sign_flips import mcnemar
from evalkit.stats.verdict import Verdict
from evalkit.store import table as stored
from evalkit.text import numbers
from evalkit.text.secrets import cut_short

if TYPE_CHECKING:
    import pyarrow as pa

ALPHA = 0.025
"""Of each side of a 95 % interval."""
GRADED = "scores between 0 and 1 are no sides to change, and McNemar's test counts items that changed sides"
TOGETHER = "related items, or several answers to one, move together, and McNemar's test takes each for itself"
STOPPED = "a gate stopped the run early, and a p for a fixed number of items would not hold"
"""Why a comparison has no p-value."""


@dataclass(frozen=True, slots=True)
class Difference:
    """B minus A over the same items."""

    subject: str
    n: int
    n_unscored: int
    """Pairs without a score on some side: not part of the difference, but of its interval, both ways."""
    delta: float | None
    """None when no pair is scored."""
    low: float | None
    high: float | None
    method: str
    p_no_difference: float | None = None
    """McNemar's exact p-value; None where scores are graded, clustered or repeated, for which it does not hold."""
    why_no_p: str = ""
    """Why there is none, in a sentence without its end; empty where there is one."""

    @property
    def shown_only_by(self) -> Literal["p", "interval"] | None:
        """Which of the two alone says, at 5 %, that A and B differ; None where both say the same or one is absent.

        p looks only at the items that changed sides. The interval is that of the gate's test, over all pairs, with
        those that lack a score counted both ways; so near 5 % one can say "different" where the other does not yet.
        """
        if self.p_no_difference is None or self.low is None or self.high is None:
            return None
        by_p, by_interval = self.p_no_difference < 2 * ALPHA, not self.low <= 0 <= self.high
        return None if by_p == by_interval else "p" if by_p else "interval"


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """What two results say of each other."""

    differences: tuple[Difference, ...]
    """Over all tasks first, where there are several."""
    flips: Flips
    compared: tuple[str, ...]
    served: tuple[str, ...]
    """The model id and fingerprint that the provider reported for A and for B, and a sentence for a side that several
    models answered; empty where it reported none."""
    caveats: tuple[str, ...]
    """Why the evidence is not whole; empty when it is."""
    repeated: bool = False
    """Whether items were asked several times: each answer is then a pair, and those of one item a cluster."""
    among: str | None = None
    """A sentence where the interval over all tasks leaves out zero, and the two are too close to call all the same
    among the models of their run."""
    among_by_task: tuple[tuple[str, str], ...] = ()
    """The same of single tasks, where there are several."""


def compare(a: Side, b: Side) -> PairedComparison:
    """The comparison. Raises NotComparable with a list of what differs, StoreError for rows of a task that run.json
    does not have."""
    refuse_unless_comparable(a, b)
    ours, theirs = stored.model_rows(a.folder, a.model), stored.model_rows(b.folder, b.model)
    asked = ((a, ours.num_rows), (b, theirs.num_rows))
    caveats = list(dict.fromkeys([*completeness.unfinished(a), *completeness.unfinished(b)]))
    common = bool(caveats or a.facts.stopped_early or b.facts.stopped_early)
    if common:
        n = max(ours.num_rows, theirs.num_rows)
        ours, theirs = common_rows(ours, theirs)
        if ours.num_rows < n:
            kept = numbers.plural(ours.num_rows, "row that both have is", "rows that both have are")
            caveats.append(f"only the {kept} compared, of {n:,}")
            caveats += changed_items(a, b)
    pairs = paired(a, b, ours, theirs)
    if unsaid := [task for task in pairs.tasks if task not in a.tasks]:
        raise StoreError(
            f"{a.folder.name}/run.json says nothing of {cut_short(', '.join(unsaid), 80)}, of which there are rows: it "
            "is damaged, or was changed.",
            a.folder,
        )
    subjects = [("all tasks", np.ones(pairs.n, dtype=bool))] if len(pairs.tasks) != 1 else []
    subjects += [(task, pairs.task_mask(task)) for task in a.tasks if task in pairs.tasks]
    found = [_difference(name, pairs.only(rows)) for name, rows in subjects]
    for task in a.tasks:
        shared = [part for part in part_names(a.facts, task) if part in part_names(b.facts, task)]
        found += [_difference(f"{task}/{part}", pair_part(a, b, task, part, common=common)) for part in shared]
    if stopped := [side.label for side, n in asked if side.facts.cut_short(side.model, n)]:
        found = [replace(one, low=None, high=None, p_no_difference=None, why_no_p=STOPPED) for one in found]
        caveats.append(
            f"a gate stopped {' and '.join(stopped)} early: no interval and no p are shown, since ones for a fixed "
            "number of items would not hold"
        )
    caveats += completeness.undigested(a, b)
    differences = tuple(found)
    return PairedComparison(
        differences,
        count_flips(pairs),
        tuple([*shown(a, b), *served_otherwise(ours, theirs)]),
        (*served_lines(A=ours, B=theirs), *_changed(ours, theirs)),
        tuple(caveats),
        pairs.repeated,
        _among(a, b, differences[0], None),
        tuple(
            (task, why)
            for task, one in zip((task for task in a.tasks if task in pairs.tasks), differences[1:], strict=False)
            if len(pairs.tasks) != 1 and (why := _among(a, b, one, task)) is not None
        ),
    )


def _among(a: Side, b: Side, found: Difference, task: str | None) -> str | None:
    unclear = found.low is None or found.high is None or found.low <= 0 <= found.high
    if unclear or a.folder.resolve() != b.folder.resolve():
        return None
    reader, ranked = _ranked(a.folder, task)
    if not ranked:
        return None
    sides = (ranked[0][0], a.model), (ranked[0][0], b.model)
    return too_close_of(reader, ranked, *sides, task, whose=" of this run")


def too_close_of(
    reader: ResultsReader,
    ranked: Sequence[SampleSide],
    a: SampleSide,
    b: SampleSide,
    task: str | None,
    *,
    whose: str = "",
) -> str | None:
    """Why two of a leaderboard are not told apart though the interval of their difference leaves out zero; None: the
    one that measured less is shown to be behind, or they are not both of it. `whose` models these are, where it is not
    all that the reader sees. Raises StoreError."""
    if a not in ranked or b not in ranked:
        return None
    i, j = sorted((ranked.index(a), ranked.index(b)))
    if is_behind(reader, ranked, i, j, task):
        return None
    n, which = len(ranked) - i, "" if i == 0 else " (the better of the two and all that measured less)"
    return (
        f"too close to call among {n} models{whose}{which}: the interval leaves out zero, but of so many models one "
        f"falls this far behind the {'leader' if i == 0 else 'best'} by chance"
    )


def is_behind(reader: ResultsReader, ranked: Sequence[SampleSide], i: int, j: int, task: str | None) -> bool:
    """Whether the j-th of a leaderboard is shown to be behind the i-th, which measured better (i < j).

    Decided among the i-th and all below it, as on a leaderboard that the i-th leads; so a pair has one verdict whatever
    else is shown. Raises StoreError.
    """
    m = len(ranked) - i
    key = ("p worse", reader.marks([ranked[i][0], ranked[j][0]]), ranked[i], ranked[j], task)
    p = reader.remember(key, lambda: reader.pair(ranked[i], ranked[j], task).p_worse())
    if p > best.ALPHA / 2:
        return False
    if p <= best.ALPHA / (m * (m - 1)):  # the lowest level that `best.behind` sets among so many: no need to look
        return True
    stands = reader.standings(ranked[i:], task)[j - i]
    return stands is not None and stands.state == "behind"


def run_standings(folder: Path) -> dict[str, ModelStanding | None]:
    """Where the models of a run stand towards its leader; None for one without a score. Raises StoreError."""
    reader, ranked = _ranked(folder)
    stands = {model: one for (_, model), one in zip(ranked, reader.standings(ranked), strict=True)}
    return {model: stands.get(model) for model in reader.summary(folder.resolve().name).models}


def _ranked(folder: Path, task: str | None = None) -> tuple[ResultsReader, tuple[SampleSide, ...]]:
    """The models of a run that have a score over a task (None: over all), best first, as `entries.standing` orders
    them."""
    folder = folder.resolve()
    reader = ResultsReader(folder.parent)
    cells = {
        name: model.all if task is None else model.tasks.get(task)
        for name, model in reader.summary(folder.name).models.items()
    }
    means = {name: cell.quality.mean for name, cell in cells.items() if cell is not None}
    known = sorted((-mean, name) for name, mean in means.items() if mean is not None)
    return reader, tuple((folder.name, name) for _, name in known)


def _changed(ours: pa.Table, theirs: pa.Table) -> list[str]:
    """A sentence for each side that was answered by several served models."""
    found = (changed_line(name, table) for name, table in (("side A", ours), ("side B", theirs)))
    return [line for line in found if line is not None]


def _difference(subject: str, pairs: Pairs) -> Difference:
    scored = pairs.scored
    n_unscored = int((~scored).sum())
    if not scored.any():
        return Difference(subject, 0, n_unscored, None, None, None, "no pair is scored", why_no_p="no pair is scored")
    tested = test(
        pairs.baseline.score[scored],
        pairs.candidate.score[scored],
        0.0,
        ALPHA,
        tail="smooth",
        n_errored=n_unscored,
        **dependence_of(pairs, scored, ~scored),
    )
    interval, p, why = tested.interval, None, ""
    if tested.wins is None or tested.losses is None:
        why = GRADED
    elif tested.n_clusters is not None:
        why = TOGETHER
    else:
        p = mcnemar(tested.wins, tested.losses)
    return Difference(
        subject,
        tested.n,
        n_unscored,
        tested.delta,
        interval.low if interval else None,
        interval.high if interval else None,
        tested.method,
        p,
        why,
    )


@dataclass(frozen=True, slots=True)
class SampleComparison:
    """One comparison over the samples that both sides were asked."""

    task: str | None
    """None: over all tasks that both were asked."""
    n: int
    """Samples with a score on both sides."""
    n_errored: int
    """Samples without a score on at least one side; answers where every answer is tested (`unit`)."""
    delta: float | None
    """None: no sample is scored on both sides."""
    low: float | None
    """None, as `high`: no interval can be given, or a gate stopped one of them early and none would hold."""
    high: float | None
    gained: int
    """Samples on which B scored higher."""
    lost: int
    """Samples on which B scored lower."""
    method: str | None
    flips: int
    """Samples that are right with one and wrong with the other (`results.flips`)."""
    is_shown: bool = False
    """Whether a difference is shown. Of two on one leaderboard that is the leaderboard's own decision (`is_behind`); of
    any other two, that the interval leaves out zero."""
    refused: str | None = None
    """Why the two do not compare; nothing else is known then. None: they do."""
    unit: Literal["sample", "answer", "mean"] = "sample"
    """What is tested: each sample's answer; every answer of samples that were asked several times, those of one sample
    together; or, where the two sides were not asked equally often, the mean of a sample's answers."""
    among: str | None = None
    """Why the two of a leaderboard are too close to call, where the interval leaves out zero all the same."""


def compare_samples(
    reader: ResultsReader,
    a: SampleSide,
    b: SampleSide,
    task: str | None = None,
    leaderboard: Sequence[LeaderboardLine] = (),
    *,
    ranked: Sequence[SampleSide] = (),
    slice: tuple[str, str] | None = None,
) -> SampleComparison:
    """The comparison over a task, or over all (None), and of a slice, or of all (None); `leaderboard` is the one, over
    the same, on which both stand, or `ranked` who stands on it, best first.

    Raises StoreError.
    """

    def computed() -> SampleComparison:
        if (why := reader.other_weights(a[0], b[0])) is not None:
            return SampleComparison(task, 0, 0, None, None, None, 0, 0, None, 0, refused=why)
        pair = reader.pair(a, b, task, slice)
        if pair.n == 0:
            return SampleComparison(task, 0, pair.n_errored, None, None, None, 0, 0, None, 0)
        tested = pair.test(ALPHA)
        rows = {(run, model): reader.summary(run).models[model].all.n for run, model in (a, b)}
        stopped = any(reader.facts(run).cut_short(model, n) for (run, model), n in rows.items())  # as the gate
        low, high = (tested.interval.low, tested.interval.high) if tested.interval and not stopped else (None, None)
        counts = (pair.gained, pair.lost, tested.method, pair.n_flips)
        shown = tested.verdict is not Verdict.INCONCLUSIVE
        repeated = any((reader.facts(run).repeats or 1) > 1 for run, _ in (a, b))
        unit: Literal["sample", "answer", "mean"] = "mean" if repeated else "sample"
        n_errored = pair.n_errored
        if pair.answers is not None:
            unit, n_errored = "answer", pair.answers.n_errored
        return SampleComparison(task, pair.n, n_errored, tested.delta, low, high, *counts, shown, unit=unit)

    found = reader.remember(("compare", reader.marks([a[0], b[0]]), a, b, task, slice), computed)
    among = ranked or (leaderboard[0].ranked if leaderboard else ())
    why = too_close_of(reader, among, a, b, task) if found.is_shown and slice is None else None
    return found if why is None else replace(found, is_shown=False, among=why)


def behind_of(reader: ResultsReader, lines: Sequence[LeaderboardLine], task: str | None) -> Callable[[int, int], bool]:
    """Whether one line of a leaderboard is shown to be worse than another, as `compare_samples` says it of the two."""

    def worse(i: int, j: int) -> bool:
        ours, theirs = lines[i], lines[j]
        ranked = ours.ranked
        a, b = ((line.entry.run.name, line.entry.model) for line in (theirs, ours))
        if a not in ranked or b not in ranked or ranked.index(a) >= ranked.index(b):
            return False
        return is_behind(reader, ranked, ranked.index(a), ranked.index(b), task)

    return worse
