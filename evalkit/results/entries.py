"""The lines of a leaderboard: one model of one run, with its figures and what a reader should beware of.

    entries = entries_of(store, "support-swap")     # the newest whole run of each model of this suite
    table = standing(store, entries, task=None)     # who leads, who is too close to call, who is behind; best first
    part = standing(store, entries, None, shown)    # some of them, by the same verdicts

Shared by the board and the HTML report, so that both show the same order. A warning is a sentence; colours only repeat
what the sentence says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from evalkit.addresses import is_loopback
from evalkit.catalogue.facts import Claim, Known
from evalkit.catalogue.reading import FILE_NAME, CatalogueReader
from evalkit.errors import StoreError, UserError
from evalkit.facts import Figures, Identity, ModelSummary, RunFacts
from evalkit.frozen import dataclass
from evalkit.results.busy_client import busy_client
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import SampleSide
from evalkit.results.standings import ModelStanding
from evalkit.results.state import RunState
from evalkit.store.run_cut import part_of
from evalkit.store.runs import RunInfo, newest_first
from evalkit.text import numbers

STALE_DAYS = 90
"""A hosted model is silently replaced and repriced faster than that."""

_FROM_FILES = (None, "imported", "replay", "scripted")
"""Adapters that read answers from a file; None: not recorded."""
Cell = Figures
_Asked = tuple[Identity, str]
"""What makes two results of a task comparable, and the field that says what its samples stand for (empty: none)."""


@dataclass(frozen=True, slots=True)
class CatalogueFacts:
    """The catalogue as the readers of one results folder see it, with what runs, users and the folder add to it.

    A board over fifty runs is no less true for a slip in one file of facts: it is left out, and that is said.
    """

    reader: CatalogueReader
    problems: tuple[str, ...] = ()
    """What was left out of it, and why."""

    @classmethod
    def beside(cls, results: Path) -> CatalogueFacts:
        """With `models.yaml` of the results folder, where there is one, as the last word."""
        path = results / FILE_NAME
        try:
            return cls(CatalogueReader([path] if path.is_file() else []))
        except UserError as error:
            return cls(CatalogueReader(own=False), (_left_out(error),))

    def known(self, facts: RunFacts, model: str, asked_as: str | None) -> tuple[Known | None, tuple[str, ...]]:
        """What is known of the version that a run asked under this name (None: nothing), and what was left out.

        `facts` are those of the run; the suite's word on a licence counts where nobody else has one.
        """
        problems = self.problems
        try:
            catalogue = self.reader.catalogue(facts.catalogue)
        except UserError as error:
            catalogue, problems = self.reader.plain, (*problems, _left_out(error))
        known = catalogue.find(asked_as)
        licence = _licence_of(facts, model)
        if licence is None or (known is not None and known.claims.get("licence")):
            return known, problems
        told = Known(asked_as or model, claims={"licence": (licence,)})
        return (known.corrected(told) if known else told), problems


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """One model of one run."""

    run: RunInfo
    model: str
    """The name that the suite gives it."""
    asked_as: str | None
    """The id that was sent to the provider; None where the run does not say."""
    cells: ModelSummary
    """`all` and `tasks`, as in the summary."""
    known: Known | None
    """What the catalogue knows of this version; None where it is not listed."""
    warnings: tuple[str, ...]
    comparable: bool
    """Whether it was asked the same questions in the same way as the first entry."""

    is_own: bool | None
    """Whether it ran on machines of one's own: the suite says what they cost, or nothing left this machine. None: the
    run does not say, or read its answers from a file."""

    @property
    def maker(self) -> str | None:
        """The company that made the model; None: not known."""
        return self.known.maker if self.known else None

    @property
    def openness(self) -> str | None:
        """The tier that every source agrees on, `disputed` where they do not; None: not known."""
        return self.known.openness if self.known else None

    @property
    def licence(self) -> str | None:
        """The licence as a person reads it, with doubts; None: not known, or there is none to speak of."""
        return self.known.shown("licence") if self.known else None

    @property
    def context_tokens(self) -> int | None:
        """The context window in tokens; None: not known, or sources disagree."""
        found = self.known.value("context_tokens") if self.known else None
        return found if isinstance(found, int) else None

    @property
    def key(self) -> str:
        """RUN:MODEL, one side of a comparison."""
        return f"{self.run.name}:{self.model}"

    def cell(self, task: str | None) -> Cell | None:
        """The figures over one task, or over all (None); None where the model was not asked that task."""
        return self.cells.all if task is None else self.cells.tasks.get(task)


@dataclass(frozen=True, slots=True)
class LeaderboardLine:
    """An entry with its figures and where it stands towards the leader."""

    entry: ReportEntry
    cell: Cell
    standing: ModelStanding | None
    """None for what is not comparable or has no score."""

    ranked: tuple[SampleSide, ...] = ()
    """All that have a standing, best first, also those that are not shown: a verdict on a pair is made among these."""

    @property
    def model(self) -> str:
        """The name that the suite gives it."""
        return self.entry.model

    shares_first: bool = False
    """Whether it measured exactly as the leader did, or is a leader that another equals."""

    @property
    def state(self) -> str:
        """The standing in words; empty without one."""
        if self.shares_first and self.standing is not None and self.standing.state != "behind":
            return "shares the first place"
        return str(self.standing) if self.standing else ""


def suites(runs: Sequence[RunInfo]) -> list[str]:
    """The names of the suites, that of the newest run first."""
    return list(dict.fromkeys(info.suite for info in runs if info.suite))


def entries_of(
    store: ResultsReader,
    suite: str,
    run: str | None = None,
    today: date | None = None,
    readable: Sequence[RunInfo] | None = None,
) -> list[ReportEntry]:
    """One entry a model: of the named run, or of the newest run that has the whole of it.

    Runs that were cut (--limit, --tasks) or in which the model was stopped early come after whole ones, unfinished ones
    after those: they count where there is nothing better, and their warnings say what they are.

    `readable`: the runs that can be shown, where the caller has looked already.
    """
    known_facts = CatalogueFacts.beside(store.results)
    every = store.readable() if readable is None else newest_first(readable)
    mine = [info for info in every if info.suite == suite and run in (None, info.name)]
    having = [(model, info) for info in mine for model in store.summary(info.name).models]
    # Not by `rank`: where a gate stopped one model, the others have the whole suite. Stable: newest first within each.
    rows = {(info.name, model): store.summary(info.name).models[model].all.n for model, info in having}
    having.sort(
        key=lambda one: (
            one[1].status != "complete",
            _is_part(store.facts(one[1].name), one[0], rows[one[1].name, one[0]]),
        )
    )
    chosen: dict[str, RunInfo] = {}
    for model, info in having:
        chosen.setdefault(model, info)
    first = next(iter(chosen.values()), None)
    reference = _identities(store, first.name) if first else {}
    states = {name: store.state(name) for name in dict.fromkeys(info.name for info in chosen.values())}
    day = today or datetime.now(UTC).date()
    weighted = first is not None and any(weight for _, weight in reference.values())
    other_weights = {
        name: store.other_weights(first.name, name) if first is not None and weighted and name != first.name else None
        for name in states
    }
    return [
        _entry(store, info, model, known_facts, states[info.name], reference, other_weights[info.name], day)
        for model, info in chosen.items()
    ]


def standing(
    store: ResultsReader, entries: Sequence[ReportEntry], task: str | None, shown: Sequence[ReportEntry] | None = None
) -> list[LeaderboardLine]:
    """The entries that were asked this task (None: all tasks), best first; those that cannot be compared come last.

    `shown`: those of them that come out (None: all). The best of these then leads, and whoever is behind it is so among
    it and all entries below it, shown or not: hiding a model changes no verdict on a pair.
    """
    asked = [(entry, cell) for entry in entries if (cell := entry.cell(task)) is not None]
    asked.sort(key=lambda one: _order(*one))
    scored = [entry for entry, cell in asked if _is_ranked(entry, cell)]
    ranked = ranked_of(entries, task)
    keys = {entry.key for entry in (entries if shown is None else shown)}
    first = next((n for n, entry in enumerate(scored) if entry.key in keys), len(scored))
    found = store.standings(ranked[first:], task)
    stands = {entry.key: one for entry, one in zip(scored[first:], found, strict=True)}
    shown_ones = [(entry, cell) for entry, cell in asked if entry.key in keys]
    means = [cell.quality.mean for entry, cell in shown_ones if entry.key in stands and cell.quality.mean is not None]
    best = max(means, default=None)
    tie = means.count(best) > 1 if best is not None else False
    return [
        LeaderboardLine(entry, cell, stands.get(entry.key), ranked, tie and cell.quality.mean == best)
        for entry, cell in shown_ones
    ]


def ranked_of(entries: Sequence[ReportEntry], task: str | None) -> tuple[SampleSide, ...]:
    """Who has a standing over a task (None: over all), best first: a verdict on a pair is made among these."""
    asked = [(entry, cell) for entry in entries if (cell := entry.cell(task)) is not None and _is_ranked(entry, cell)]
    return tuple((entry.run.name, entry.model) for entry, cell in sorted(asked, key=lambda one: _order(*one)))


def _is_ranked(entry: ReportEntry, cell: Cell) -> bool:
    return entry.comparable and cell.quality.mean is not None


def states_of(store: ResultsReader, lines: Sequence[LeaderboardLine]) -> dict[str, RunState]:
    """How far the run of each model is. Raises StoreError."""
    runs = {name: store.state(name) for name in dict.fromkeys(line.entry.run.name for line in lines)}
    return {line.model: runs[line.entry.run.name] for line in lines}


@dataclass(frozen=True, slots=True)
class OtherRuns:
    """What the folder has of a run's suite besides that run: a page about the run alone decides without it."""

    n_newer: int
    """Runs that began later, and are as whole."""
    models: tuple[str, ...]
    """Those that this run does not have, of runs that are results."""


def other_runs(store: ResultsReader, run: str) -> OtherRuns:
    """Other runs of the suite of a run. What cannot be read counts as absent. Raises StoreError for the run itself."""
    facts = store.facts(run)
    every = [info for info in store.runs() if info.problem is None and info.suite == facts.suite]
    own = next((info for info in every if info.name == run), None)
    others = [info for info in every if own is not None and info.name != run and info.rank <= max(own.rank, 1)]
    newer = [info for info in others if (info.started_at or "") > (facts.started_at or "")]
    found: dict[str, None] = {}
    for info in others:
        with suppress(StoreError):
            found |= dict.fromkeys(store.facts(info.name).models or ())
    return OtherRuns(len(newer), tuple(name for name in found if name not in (facts.models or ())))


def _order(entry: ReportEntry, cell: Cell) -> tuple[bool, float, float, str]:
    mean = cell.quality.mean
    return (not entry.comparable, mean is None, -(mean or 0.0), entry.model)


def _identities(store: ResultsReader, run: str) -> dict[str, _Asked]:
    facts = store.facts(run)
    suite = facts.suite_resolved
    declared = {task.name: task.marks or {} for task in suite.tasks} if suite is not None else {}
    return {
        name: (task.identity, str(declared.get(name, {}).get("weight") or ""))
        for name, task in (facts.tasks or {}).items()
    }


def _entry(
    store: ResultsReader,
    info: RunInfo,
    model: str,
    known_facts: CatalogueFacts,
    state: RunState,
    reference: Mapping[str, _Asked],
    other_weights: str | None,
    today: date,
) -> ReportEntry:
    facts = store.facts(info.name)
    asked_as = facts.model_facts(model).model
    known, left_out = known_facts.known(facts, model, asked_as)
    cells = store.summary(info.name).models[model]
    identities = _identities(store, info.name)
    differs = [task for task, identity in identities.items() if task in reference and reference[task] != identity]
    other = sorted(set(identities) ^ set(reference)) if identities and reference else []
    warnings = [*left_out]
    if differs:
        warnings.append(
            f"not comparable: {', '.join(differs)} asked differently (data, prompt, mode, scorer or weight)"
        )
    if other:
        warnings.append(f"not comparable over all: {', '.join(other)} only on one side")
    if other_weights is not None:
        warnings.append(f"not comparable: {other_weights}")
    comparable = not differs and not other and other_weights is None
    warnings += _about_run(info, model, state, facts, cells.all, today)
    warnings += known.badges(today) if known else []
    return ReportEntry(info, model, asked_as, cells, known, tuple(warnings), comparable, _is_own(facts, model))


def _is_own(facts: RunFacts, model: str) -> bool | None:
    about = facts.model_facts(model)
    is_billed = about.prices is not None and about.prices.is_a_bill
    if facts.entry(model).get("hosting") or (about.host and is_loopback(about.host) and not is_billed):
        return True
    if about.host:
        return False
    return None if about.adapter in _FROM_FILES else True


def _is_part(facts: RunFacts, model: str, n_rows: int) -> bool:
    """Whether a complete run asked this model a part of the suite only."""
    return facts.cut_short(model, n_rows) is not None or _cut(facts) is not None


def _cut(facts: RunFacts) -> str | None:
    return part_of(facts.cut_by_limit, facts.cut_by_tasks, ())


def _about_run(info: RunInfo, model: str, state: RunState, facts: RunFacts, cell: Cell, today: date) -> list[str]:
    warnings = []
    if info.status != "complete":
        warnings.append(f"{state}: its figures are of what there is so far")
    if (cut := _cut(facts)) is not None:
        warnings.append(cut)
    if (stopped := facts.cut_short(model, cell.n)) is not None:
        used = f"{numbers.count(stopped.n_used)} of {numbers.count(stopped.n_items)} items"
        warnings.append(
            f"stopped early: {used} decided the gate, and its figures here are of all answers that came; no interval "
            "is shown, since one for a fixed number would not hold"
        )
    elif cell.quality.mean is not None and cell.quality.n > 1 and cell.quality.interval is None:
        warnings.append(
            f"no interval can be given: its "
            f"{numbers.plural(cell.quality.n, 'sample counts', 'samples count')} as one (they ask the same, or belong "
            "together), or all scored alike"
        )
    if cell.n_failed:
        warnings.append(f"{cell.n_failed:,} failed: its quality is over the rest")
    if cell.n_unmarked:
        warnings.append(f"{numbers.plural(cell.n_unmarked, 'answer')} without a score: its quality is over the rest")
    if (busy := busy_client(facts, model, cell.latency.total_s.p50)) is not None:
        warnings.append(busy)
    age = _age_days(info.started_at, today)
    if age is not None and age > STALE_DAYS:
        warnings.append(f"stale: measured {age} days ago")
    return warnings


def _age_days(stamp: str | None, today: date) -> int | None:
    try:
        return (today - datetime.fromisoformat(stamp or "").date()).days
    except ValueError:
        return None


def _licence_of(facts: RunFacts, model: str) -> Claim | None:
    """`licence:` of the model's entry in the suite."""
    entry = facts.suite_resolved.models.get(model) if facts.suite_resolved is not None else None
    if entry is None or entry.licence is None:
        return None
    return Claim(entry.licence, "the suite", (facts.started_at or "")[:10], file=facts.suite_path or "")


def _left_out(error: UserError) -> str:
    first, *more = str(error).splitlines()
    return f"facts of your own are left out: {first}{f' (and {len(more):,} more complaints)' if more else ''}"
