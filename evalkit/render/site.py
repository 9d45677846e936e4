"""A results folder as a static site: an index (who leads in each suite), a report for each run, a page for each gate.

    folder = SiteFolder.open(out, replace=False)
    for page in pages_of(ResultsReader(results)):
        folder.write(page.path, page.text)

Figures and words are those of the board: both read `results.standing`, `render.standings`, `decide.stored`. Each page
is self-contained and loads nothing; links are relative, so the site works from a disk. File names are made of the
runs' names, which others chose, by `writing.file_name`. A `SiteFolder` replaces and removes nothing of
anybody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from evalkit.errors import EvalkitError, UserError
from evalkit.facts import RunFacts
from evalkit.reading import open_to_read
from evalkit.render import charts
from evalkit.render.cards import cards
from evalkit.render.cells import run_titles
from evalkit.render.html import GateSection, opens_samples, prepared, without_folders
from evalkit.render.html_page import Link, PageDraft, written
from evalkit.render.html_tables import PageCell, PageTable, by_task, leaderboard
from evalkit.render.standings import gate_question, headline
from evalkit.render.vega import Chart
from evalkit.results.entries import ReportEntry, entries_of, standing, states_of, suites
from evalkit.results.reader import ResultsReader
from evalkit.results.unreadable import unreadable_of
from evalkit.store.runs import RunInfo
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.writing import file_name, write_atomically

INDEX = "index.html"
FOLDERS = ("runs", "gates")
"""Folders of a site, beside its index."""
_REASONS = 3
"""Candidates of a gate that the index gives a reason for each."""
_AT_ONCE = 8
"""Runs whose charts are drawn by one process."""


@dataclass(frozen=True, slots=True)
class SitePage:
    """One file of a site."""

    path: str
    """Relative to the site's folder, with slashes."""
    text: str


@dataclass(frozen=True, slots=True)
class _Made:
    """What the index says of a run."""

    info: RunInfo
    title: str
    file: str
    gate: GateSection | str = ""

    def href(self, folder: str) -> str:
        return f"{folder}/{quote(self.file)}"


def pages_of(store: ResultsReader, *, samples: bool | None = None) -> Iterator[SitePage]:
    """Every page, the index last. What cannot be read has no page; the index names it. `samples`: with prompts and
    answers of some of each run."""
    every = store.runs()
    problems = {info.name: info.problem or store.problem(info.name) for info in every}
    readable = [info for info in every if problems[info.name] is None]
    titles, taken = run_titles(readable), set[str]()
    runs = [_Made(info, titles[info.name], _file(info.name, taken)) for info in readable]
    done = []
    for at in range(0, len(runs), _AT_ONCE):
        drafts: list[tuple[str, PageDraft]] = []
        for run in runs[at : at + _AT_ONCE]:
            try:
                made, pages = _of_run(store, run, samples)
            except EvalkitError as error:  # a live run that went away, a damaged part
                problems[run.info.name] = str(error)
                continue
            done.append(made)
            drafts += pages
        texts = written([page for _, page in drafts])
        yield from (SitePage(path, text) for (path, _), text in zip(drafts, texts, strict=True))
    damaged = [(info.name, problem) for info in every if (problem := problems[info.name]) is not None]
    yield SitePage(INDEX, written([_index(store, done, damaged, samples)])[0])


def _file(run: str, taken: set[str]) -> str:
    """The name of a run's pages: one that every disk and every upload takes, and no other run has."""
    plain = file_name(run.replace(":", "/"))
    name, n = plain, 1
    while name.casefold() in taken:
        n += 1
        name = f"{plain}-{n}"
    taken.add(name.casefold())
    return f"{name}.html"


def _of_run(store: ResultsReader, run: _Made, samples: bool | None) -> tuple[_Made, list[tuple[str, PageDraft]]]:
    """The run's report and, where it has a gate, the gate's page. Raises StoreError."""
    home = Link("All runs", f"../{INDEX}")
    facts = store.facts(run.info.name)
    has_gate = facts.suite_resolved is not None and bool(facts.suite_resolved.gate)
    links = [home, *([Link("Gate", f"../{run.href('gates')}")] if has_gate else [])]
    report = prepared(store, run.info.name, links, samples=samples)
    pages = [(f"runs/{run.file}", report)]
    if not has_gate:
        return run, pages
    gate = report.values["gate"]
    values = {
        "title": f"Gate of {facts.suite}",
        "run": run.info.name,
        "links": [home, Link("Report of the run", f"../{run.href('runs')}")],
        "status": report.values["status"],
        "started_at": facts.started_at,
        "gate": gate,
    }
    decided = gate if isinstance(gate, GateSection) else str(gate)
    drawn = [] if isinstance(decided, str) else [name for one in decided.candidates for name in one.drawings]
    pages.append((f"gates/{run.file}", PageDraft("gate.html", values, {name: report.charts[name] for name in drawn})))
    return replace(run, gate=decided), pages


def _index(
    store: ResultsReader, runs: Sequence[_Made], damaged: Sequence[tuple[str, str]], samples: bool | None
) -> PageDraft:
    reports = {run.info.name: (run.title, run.href("runs")) for run in runs}
    wanted: dict[str, Chart] = {}
    ordered = sorted(runs, key=lambda run: run.info.rank)  # as on the board
    of_suites = [_suite(store, name, reports, wanted, samples) for name in suites([run.info for run in ordered])]
    count = numbers.plural(len(runs), "run")
    values = {
        "title": "Results",
        "links": (),
        "counted": f"{count}, {len(damaged):,} that cannot be read" if damaged else count,
        "written_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "suites": [one for one in of_suites if one],
        "gates": _gates(store, runs),
        "runs": _runs(store, runs),
        "damaged": PageTable(
            ["run", "problem"],
            [[visible(n, limit=120), visible(without_folders(store, w), limit=400)] for n, w in damaged],
        ),
    }
    return PageDraft("index.html", values, wanted)


def _suite(
    store: ResultsReader,
    suite: str,
    reports: dict[str, tuple[str, str]],
    wanted: dict[str, Chart],
    samples: bool | None,
) -> dict[str, object]:
    """What the board's leaderboard says of a suite; its chart is added to `wanted`. Empty: no model has a row."""
    every = entries_of(store, suite)
    lines = standing(store, every, None, [entry for entry in every if entry.run.name in reports])
    if not lines:
        return {}
    name = f"leaderboard {suite}"
    if (chart := charts.leaderboard(lines)) is not None:
        wanted[name] = chart
    entries = [line.entry for line in lines]
    tasks = list(dict.fromkeys(task for entry in entries for task in entry.cells.tasks))
    shown = {(entry.run.name, entry.model) for entry in entries}
    unreadable = [one for run in dict.fromkeys(run for run, _ in shown) for one in unreadable_of(store, run)]
    return {
        "name": suite,
        "chart": name,
        "headline": " ".join(
            filter(
                None, (headline(lines, states=states_of(store, lines)), gate_question(lines, _facts(store, entries)))
            )
        ),
        "cards": cards(lines),
        "leaderboard": leaderboard(lines, reports),
        "tasks": by_task(entries, tasks) if len(tasks) > 1 else None,
        "unreadable": [
            one.sentence(quotes=opens_samples(store.facts(one.run), samples))
            for one in unreadable
            if (one.run, one.model) in shown
        ],
        "warnings": [(entry.model, warning) for entry in entries for warning in entry.warnings],
    }


def _facts(store: ResultsReader, entries: Sequence[ReportEntry]) -> list[RunFacts]:
    return [store.facts(run) for run in dict.fromkeys(entry.run.name for entry in entries)]


def _gates(store: ResultsReader, runs: Sequence[_Made]) -> PageTable:
    """A row a run with a gate: the verdict, and why."""
    rows: list[list[str | PageCell]] = []
    for run in runs:
        if not run.gate:
            continue
        link = PageCell(run.title, href=run.href("gates"))
        if isinstance(run.gate, str):
            rows.append([link, "not decided", run.gate])
        else:
            few = run.gate.reasons[:_REASONS] if len(run.gate.reasons) <= _REASONS else ()
            said = " ".join(few if len(few) == 1 else (run.gate.counted, *few))
            rows.append([link, run.gate.verdict, said])
    return PageTable(["gate", "verdict", "why"], rows)


def _runs(store: ResultsReader, runs: Sequence[_Made]) -> PageTable:
    """A row a run, newest first."""
    rows: list[list[str | PageCell]] = []
    for run in runs:
        summary = store.summary(run.info.name)
        rows.append(
            [
                PageCell(run.title, href=run.href("runs")),
                visible(str(store.state(run.info.name)), limit=60),
                PageCell(numbers.count(summary.n_rows), summary.n_rows),
                visible(", ".join(summary.models), limit=200),
                visible(run.info.name, limit=120),
            ]
        )
    return PageTable(["run", "status", "rows", "models", "folder"], rows, numeric=[2])


_MARK = b'<meta name="generator" content="evalkit">'
_HEAD = 400
"""Bytes in which the mark of our pages stands."""


@dataclass(slots=True)
class SiteFolder:
    """An open folder. Pages appear one by one, each at once; the index is to be written last."""

    path: Path
    written: set[Path] = field(default_factory=set)

    @classmethod
    def open(cls, path: Path, *, replace: bool) -> SiteFolder:
        """The folder, made where it is missing. Raises UserError where it holds something and `replace` is not said,
        or where a file or a link is in the way."""
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise UserError(f"{path} is no folder. Choose another: --site FOLDER.")
        if not path.parent.is_dir():
            raise UserError(f"{path.parent} is no folder, so {path.name} cannot be made there.")
        try:
            if path.is_dir() and any(path.iterdir()) and not replace:
                raise UserError(
                    f"{path} is there and not empty. Choose another folder, or replace the pages of an earlier site in "
                    "it with --force."
                )
            for folder in (path, *(path / name for name in FOLDERS)):
                if folder.is_symlink():
                    raise UserError(f"{folder} is a link, and evalkit writes through none. Remove it.")
                folder.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"{path} cannot be written ({error.strerror}). Choose another: --site FOLDER.") from error
        return cls(path)

    def write(self, name: str, text: str) -> bool:
        """Write a page; always true. Raises UserError where a file that is no page of ours has its name, RunIncomplete
        where the disk refuses."""
        path = self.path / name
        if path.exists() and not _is_ours(path):
            raise UserError(
                f"{path} is no page of evalkit's, so it is not replaced. Move it, or choose another folder."
            )
        write_atomically(path, text.encode("utf-8", "backslashreplace"))
        self.written.add(path)
        return True

    def sweep(self) -> None:
        """Remove the pages of runs that are gone: ours alone, and only of an earlier site."""
        for folder in FOLDERS:
            for path in (self.path / folder).glob("*.html"):
                if path not in self.written and _is_ours(path):
                    path.unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    try:
        with open_to_read(path) as file:
            return not path.is_symlink() and _MARK in file.read(_HEAD)
    except OSError:
        return False
