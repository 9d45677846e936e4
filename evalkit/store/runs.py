"""Run folders: `results/<suite>-<UTC time>-<digest6>/` with `run.json`, the facts of the run.

    {"schema_version": 1, "suite": "support-swap", "suite_digest": "9f3c...", "status": "complete",
     "started_at": "2026-11-20T10:01:55Z", "finished_at": "2026-11-20T10:04:12Z", "models": [...], ...}

This room makes, finds, locks and lists run folders. What else the facts say is the engine's; how rows are kept is the
journal's. A folder is taken for a run because of its `run.json`, so folders may be renamed and moved.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from evalkit.errors import StoreError, UserError
from evalkit.frozen import dataclass
from evalkit.paths import of_person
from evalkit.reading import read_json
from evalkit.store.drafts import Draft, drafted
from evalkit.store.row_codec import plain
from evalkit.store.run_cut import part_in, some_names
from evalkit.store.run_lock import is_locked
from evalkit.text.escape import visible
from evalkit.writing import write_atomically

if TYPE_CHECKING:
    from evalkit.facts import RunFacts

SCHEMA_VERSION = 1
"""Of run.json and of the folder around it."""
STATUSES = ("running", "complete", "incomplete", "interrupted")
"""`running` with nobody holding the lock means killed. All but `complete` can be resumed."""
FACTS = "run.json"
CHECKSUM = "checksum"
"""The key of a JSON file of ours that holds the checksum of all its others. Files of before have none."""
TOLD = "told"
"""The fact that is false from a run's completion until its result has been printed."""
unvouched: set[Path] = set()
"""Facts that this process read and whose checksum is missing or another: what then goes wrong is most likely theirs."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One line in a list of runs. Everything but name and path is None when `problem` is set."""

    name: str
    path: Path
    suite: str | None = None
    suite_digest: str | None = None
    status: str | None = None
    """One of STATUSES; `interrupted` for a killed run."""
    started_at: str | None = None
    finished_at: str | None = None
    part: str | None = None
    """What it was cut to, or who was stopped early, in words; None: it has the whole suite, or cannot say."""
    is_cut: bool = False
    """Whether its caller asked for a part: --limit or --tasks. A gate that stopped it early decided on the whole."""
    told: bool = True
    """False for a complete run whose process was killed before it could tell anybody."""
    problem: str | None = None
    """Why the run cannot be read, for the user; None when it can."""

    @property
    def rank(self) -> int:
        """What is shown first, newest first within each: 0 a complete run, also one that a gate decided early, 1 one
        that was cut by --limit or --tasks, 2 others."""
        return 2 if self.status != "complete" else int(self.is_cut)


def default_results() -> Path:
    """Where results are kept: EVALKIT_RESULTS, or `results` in the working directory."""
    return results_at(os.environ.get("EVALKIT_RESULTS") or "results")


def results_at(folder: object) -> Path:
    """A folder of results that a person named, `~/` being their home. Raises UserError as `refuse_address`, and where
    it is no path."""
    refuse_address(folder)
    return of_person(folder, "the folder of results")


def refuse_address(folder: object) -> None:
    """Raises UserError where a folder of results is written as an address, whatever its scheme, is no name at all, or
    is one that Parquet files cannot be written under."""
    if not str(folder).strip():
        raise UserError("The folder of results has no name. Is the variable that should hold it empty?")
    try:
        os.fsencode(str(folder)).decode()
    except UnicodeDecodeError as error:
        shown = os.fsencode(str(folder)).decode("utf-8", "backslashreplace")
        raise UserError(
            f"{shown}: the name of a folder of results must be UTF-8. Choose another: --results."
        ) from error
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/", str(folder))
    if found is not None:
        raise UserError(
            f"{folder} is an address, and results are kept in a folder of this machine ({found[1]}:// is not "
            "supported). Give a folder, and copy it there afterwards."
        )


def create_run(results: Path, suite_name: str, suite_digest: str, facts: RunFacts) -> Path:
    """A new run folder with its run.json, status `running`. The folder appears with its facts or not at all.

    Raises StoreError when `results` cannot hold it.
    """
    with drafted_run(results, suite_name, suite_digest, facts) as draft:
        return draft.place()


@contextmanager
def drafted_run(results: Path, suite_name: str, suite_digest: str, facts: RunFacts) -> Iterator[Draft]:
    """The same for a run that is written whole before anybody sees it (another tool's results): a draft of it, hidden
    until it is placed.

    Lock its folder while it is written: nothing removes it then. What a killed process leaves of one, the next removes.
    """
    now = datetime.now(UTC)
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", suite_name).strip(".-")[:80] or "suite"
    content = {
        **facts.as_json(),
        "schema_version": SCHEMA_VERSION,
        "suite": suite_name,
        "suite_digest": suite_digest,
        "status": "running",
        "started_at": _stamp(now),
    }
    with drafted(results, f"{slug}-{now:%Y%m%dT%H%M%SZ}-{suite_digest[:6]}") as draft:
        write_facts(draft.folder, content)
        yield draft


def read_facts(folder: Path) -> dict[str, object]:
    """The facts of a run. Raises StoreError when there are none, or they are damaged or from a newer evalkit."""
    path = folder / FACTS
    if visible(folder.name, limit=_LONGEST_NAME) != folder.name:
        raise StoreError(
            f"{visible(folder.name)} is no name for a run: it holds signs that act on a terminal or command a CI "
            "system. Rename the folder.",
            folder,
        )
    try:
        facts = read_json(path)
    except FileNotFoundError as error:
        raise StoreError(f"{folder} is not a run: it has no {FACTS}. `evalkit list` shows the runs.", folder) from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}).", path) from error
    except ValueError as error:
        raise StoreError(f"{path} is damaged ({error}). Restore it, or remove the folder.", path) from error
    if not isinstance(facts, dict) or not isinstance(facts.get("schema_version"), int):
        raise StoreError(f"{path} was not written by evalkit: it has no schema_version.", path)
    for name in ("models", "tasks", "judges"):
        told = facts.get(name)
        if isinstance(told, dict) and not all(isinstance(one, dict) for one in told.values()):
            raise StoreError(f"{path} is damaged: what it says of {name} is none. Restore it.", path)
    said = facts.pop(CHECKSUM, None)  # `edited` looks at it: whoever edits the facts on purpose can still read the run
    try:
        if said != checksum(facts):
            unvouched.add(path)
    except TypeError as error:  # what can be read can be nested more deeply than can be written
        raise StoreError(f"{path} is damaged: it is nested too deeply. Restore it.", path) from error
    if facts["schema_version"] > SCHEMA_VERSION:
        newer = facts["schema_version"]
        raise StoreError(f"{path} was written by a newer evalkit (schema {newer}). Upgrade to read it.", path)
    return facts


def open_facts(folder: Path) -> RunFacts:
    """The facts of a run as a record. Raises StoreError as `read_facts`, and for a damaged field, with file and key."""
    from evalkit.facts import RunFacts, parse  # here: a run starts without it

    return parse(RunFacts, read_facts(folder), folder / FACTS)


def update_facts(folder: Path, changes: RunFacts) -> None:
    """Replace the facts that `changes` sets, all at once. None removes nothing: it is stored as null.

    A status other than `running` also sets finished_at, unless given. Raises StoreError, or RunIncomplete when the
    disk is full; the old facts then stay.
    """
    if changes.status is not None and changes.status not in STATUSES:
        raise ValueError(f"status is one of {', '.join(STATUSES)}, not {changes.status!r}")
    facts = read_facts(folder)
    if changes.status is not None:
        facts["finished_at"] = None if changes.status == "running" else _stamp(datetime.now(UTC))
    write_facts(folder, facts | changes.as_json())


def write_facts(folder: Path, facts: Mapping[str, object]) -> None:
    """Replace run.json at once, with a checksum of what it says. Raises RunIncomplete when it cannot."""
    plain = orjson.loads(_dump(facts))
    write_atomically(folder / FACTS, _dump({**plain, CHECKSUM: checksum(plain)}))


def checksum(content: Mapping[str, object]) -> str:
    """Of what a JSON file says: `sha256:` and the digest of its canonical form."""
    return f"sha256:{hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()}"


def edited(folder: Path) -> bool:
    """Whether run.json says something else than evalkit wrote there: damage, or somebody's hand. False where it has no
    checksum, or cannot be read."""
    try:
        facts = read_json(folder / FACTS)
    except (OSError, ValueError):
        return False
    said = facts.pop(CHECKSUM, None) if isinstance(facts, dict) else None
    try:
        return said is not None and said != checksum(facts)
    except TypeError:
        return True  # nested more deeply than evalkit could have written


def find_incomplete(results: Path, suite_name: str, suite_digest: str) -> Path | None:
    """The newest run of this suite if it is not complete, for resuming; None when it is, or there is none.

    One that was complete when its process was killed, before anybody was told, is resumed too: nothing is owed, and
    nothing is bought a second time. Whether git keeps it is for whoever goes on with it (`brought_along`).

    Runs that cannot be read are passed over here; `list_runs` shows them.
    """
    for info in list_runs(results):
        if info.suite == suite_name and info.suite_digest == suite_digest and info.status in STATUSES:
            return None if info.status == "complete" and info.told else info.path
    return None


def brought_along(folder: Path) -> bool:
    """Whether git keeps a part of a run, so that a pull request may have brought its answers along."""
    from evalkit.checkouts import named_by_git  # few runs are unfinished

    return named_by_git(folder) is not None


def require_digest(folder: Path, suite_digest: str) -> None:
    """Raises StoreError when the run belongs to another suite, or to the same one before it was edited."""
    facts = read_facts(folder)
    if facts.get("suite_digest") != suite_digest:
        raise StoreError(
            f"{folder} belongs to suite {facts.get('suite')!r} with digest {str(facts.get('suite_digest'))[:12]}, not "
            f"to this one ({suite_digest[:12]}): its answers are to other questions. Start a new run: --new.",
            folder,
        )


def list_runs(results: Path, info_of: Callable[[Path], RunInfo | None] | None = None) -> list[RunInfo]:
    """Every run of a results folder, newest first; unreadable ones last, with their problem. Opens run.json only.
    `info_of`: reads one folder as `run_info` does; None: `run_info`.

    An absent folder has no runs. Raises StoreError when `results` is no folder or may not be read.
    """
    try:
        folders = [p for p in results.iterdir() if p.is_dir() and not p.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(
            f"{results} is no folder of results ({error.strerror}). Choose one: --results.", results
        ) from error
    runs = [info for info in map(info_of or run_info, folders) if info is not None]
    readable = newest_first(r for r in runs if r.problem is None)
    return readable + sorted((r for r in runs if r.problem is not None), key=lambda r: r.name)


def newest_first(runs: Iterable[RunInfo]) -> list[RunInfo]:
    """Whether complete or not."""
    return sorted(runs, key=lambda info: (info.started_at or "", info.name), reverse=True)


_LONGEST_NAME, _MOST_STEPS = 4_000, 100
"""Characters and slashes of what names a run: file systems take 4,095 characters."""


def resolve_run(ref: str, results: Path) -> Path:
    """The run folder that RUN means: a path, a name or the beginning of one in `results`, or `latest`; behind a slash a
    folder inside it, as in `latest/judging`.

    Raises StoreError, with the candidates, when none or several fit.
    """
    if len(ref) > _LONGEST_NAME or ref.count("/") > _MOST_STEPS:
        raise StoreError(f"{ref[:60]!r}… is too long for the name or path of a run.", results)
    if ref and has_facts(Path(ref)):
        return Path(ref)
    outer, _, inner = ref.rpartition("/")
    if outer and inner:
        with suppress(StoreError):
            found = resolve_run(outer, results) / inner
            if has_facts(found):
                return found
    runs = list_runs(results)
    names = [r.name for r in runs]
    if ref == "latest":
        fits = [r for r in runs if r.problem is None][:1]
    else:
        fits = [r for r in runs if r.name == ref] or [r for r in runs if ref and r.name.startswith(ref)]
    if len(fits) == 1:
        return fits[0].path
    if not names:
        raise StoreError(
            f"There are no runs in {results}. Make one: evalkit run SUITE (or point elsewhere: --results).", results
        )
    if not fits:
        raise StoreError(f"No run {ref!r} in {results}. There are: {some_names(names)}.", results)
    raise StoreError(
        f"{ref!r} fits {len(fits)} runs: {some_names([r.name for r in fits])}. Write more of the name.", results
    )


def has_facts(folder: Path) -> bool:
    """Whether this is a run's folder; no, where it is no path that can be looked up (a name of a file may be any)."""
    try:
        return (folder / FACTS).is_file()
    except OSError:
        return False


def split_side(side: str) -> tuple[str, str | None]:
    """`RUN:MODEL` as (run, model); model is None when only a run is named. Model names may hold further colons."""
    if has_facts(Path(side)):
        return side, None
    run, colon, model = side.partition(":")
    if not run or (colon and not model):
        raise StoreError(f"{side!r} names no side of a comparison. Write RUN:MODEL, as in latest:gpt.")
    return run, model or None


def run_info(folder: Path) -> RunInfo | None:
    """What run.json says; None for a folder that has nothing of a run."""
    try:
        facts = read_facts(folder)
    except StoreError as error:
        ours = (folder / FACTS).exists() or any(folder.glob("rows-*.parquet")) or any(folder.glob("journal-*.jsonl"))
        return RunInfo(folder.name, folder, problem=str(error)) if ours else None
    status = _text(facts.get("status"))
    if status == "running" and not is_locked(folder):
        status = "interrupted"
    return RunInfo(
        folder.name,
        folder,
        suite=_text(facts.get("suite")),
        suite_digest=_text(facts.get("suite_digest")),
        status=status,
        started_at=_text(facts.get("started_at")),
        finished_at=_text(facts.get("finished_at")),
        part=part_in(facts),
        is_cut=isinstance(facts.get("cut_by_limit"), int) or isinstance(facts.get("cut_by_tasks"), list),
        told=facts.get(TOLD) is not False,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _dump(facts: Mapping[str, object]) -> bytes:
    how = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    try:
        return orjson.dumps(facts, default=_as_text, option=how)
    except TypeError as error:
        if "64-bit" not in str(error) and "surrogates" not in str(error):
            raise
        return orjson.dumps(plain(facts), option=how)  # 10^30 of a suite or another tool is kept as text


def _as_text(value: object) -> str:
    if isinstance(value, Decimal | Path):
        return str(value)
    raise TypeError(f"a fact of a run is JSON, a Decimal or a path, not {type(value).__name__}")
