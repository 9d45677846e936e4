"""Promoted baselines: one small file each, made by a person and read in review.

    # baselines/support.yaml
    run: support-swap-20261120T100155Z-9f3c1a
    model: gpt
    rows_digest: 4be1...            # of the rows as they were when somebody looked at them
    by: Ada
    why: In production since 12 November, incident-free.

A baseline never moves by itself: a gate that names it compares with these very rows, or with nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from evalkit import writing
from evalkit.errors import StoreError, SuiteError, UserError
from evalkit.facts import RunFacts
from evalkit.reading import read_file
from evalkit.store import judge_files, runs
from evalkit.store import table as stored
from evalkit.store.damage import refuse_damage

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 2
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MOST_BYTES = 64_000
"""Of a baseline's file: it is read in review."""
_FIGURES = ("cost_usd", "ttft_s", "ttfr_s", "tpot_s", "total_s")
_LATER = ("parts_digest", "facts_digest", "labels_digest")
"""What earlier evalkits did not write."""
_TEXTS = ("name", "suite", "run", "model", "rows_digest", "promoted_at", "by", "why")


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a baseline's file says."""

    name: str
    suite: str
    run: str
    """Name of the run folder."""
    model: str
    rows_digest: str
    n_rows: int
    promoted_at: str
    by: str
    why: str
    where: str | None = None
    """Where the run folder can be fetched from, in the words of whoever promoted it; None: nobody said."""
    parts_digest: str | None = None
    """Of the marks of each single scorer or judge. None: the rows had none, or an older evalkit promoted them."""
    facts_digest: str | None = None
    """Of what run.json says that a comparison rests on. None: an older evalkit promoted them."""
    labels_digest: str | None = None
    """Of what people say of its answers. None: no judge scored them, or an older evalkit promoted them."""


@dataclass(frozen=True, slots=True)
class FoundBaseline:
    """A baseline whose rows are here and are the ones that were promoted."""

    baseline: Baseline
    folder: Path
    model: str
    rows: pa.Table
    """As `stored.model_rows` reads them."""


def promote(
    folder: Path, model: str, *, name: str, by: str, why: str, baselines: Path, where: str | None, replace: bool
) -> Path:
    """Write the file of a new baseline; its path.

    Raises UserError for a name that is taken or none, an empty `by` or `why`, and a run that is not whole.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r} is no name for a baseline: letters, digits, dots, dashes and underscores.")
    if not by.strip() or not why.strip():
        raise UserError("A baseline says who promoted it and why: --by NAME --why TEXT.")
    facts = runs.open_facts(folder)
    refuse_damage(folder)
    rows = stored.model_rows(folder, model)
    _refuse_unwhole(folder, model, facts, rows)
    path = baselines / f"{name}.yaml"
    if path.exists() and not replace:
        raise UserError(
            f"{path} exists: a baseline never moves by itself. Choose another name (--as), or move this one on purpose "
            "with --replace."
        )
    made = Baseline(
        name=name,
        suite=str(facts.suite),
        run=folder.resolve().name,
        model=model,
        rows_digest=rows_digest(rows),
        n_rows=rows.num_rows,
        promoted_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        by=by.strip(),
        why=why.strip(),
        where=where,
        parts_digest=parts_digest(folder, model),
        facts_digest=facts_digest(facts),
        labels_digest=labels_digest(folder, model, facts),
    )
    baselines.mkdir(parents=True, exist_ok=True)
    signature_of(path).unlink(missing_ok=True)  # of what the file said before
    writing.write_atomically(path, _as_yaml(made).encode())
    return path


def file_of(name: str, baselines: Path) -> Path:
    """The file of a baseline. Raises UserError, with what there is, when it is missing."""
    path = baselines / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        there = ", ".join(sorted(p.stem for p in baselines.glob("*.yaml"))) if baselines.is_dir() else ""
        raise UserError(
            f"There is no baseline {name!r} in {baselines} ({f'there are: {there}' if there else 'it holds none'}). "
            f"Make one: evalkit baseline promote RUN --model MODEL --as {name} --by YOU --why TEXT"
        )
    return path


def signature_of(path: Path) -> Path:
    """Where the signature of a baseline's file stands, beside it."""
    return path.with_name(f"{path.name}.sig")


def read(name: str, baselines: Path) -> Baseline:
    """The file of a baseline. Raises UserError, with what there is, when it is missing or not readable."""
    from evalkit.suite.source_map import parse

    path = file_of(name, baselines)
    try:
        tree = parse(read_bytes(path).decode("utf-8"), path.name)
    except (SuiteError, OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read: {str(error).splitlines()[0]}. Restore it, or promote again."
        ) from error
    if tree.complaints:
        raise UserError(f"{path} cannot be read: {tree.complaints[0]}. Restore it, or promote again.")
    said: object = tree.data
    if not isinstance(said, dict) or said.get("version") != VERSION:
        raise UserError(f"{path} is no baseline of this evalkit (version {VERSION}). Promote the run again.")
    wrong = [key for key in _TEXTS if not isinstance(said.get(key), str)]
    if wrong or not isinstance(said.get("n_rows"), int):
        raise UserError(f"{path} lacks {', '.join(wrong or ['n_rows'])}. Promote the run again.")
    if said["name"] != name:  # a signature is of the file, whatever it is called
        raise UserError(f"{path} is the file of the baseline {said['name']!r}, not of {name!r}. Promote the run again.")
    if not isinstance(said.get("where"), str | None):
        raise UserError(f"{path}: where is a text that says where the run is kept. Promote the run again.")
    if odd := [key for key in _LATER if not isinstance(said.get(key), str | None)]:
        raise UserError(f"{path}: {odd[0]} is none that evalkit wrote. Promote the run again.")
    if said["run"] in {"", ".", ".."} or Path(said["run"]).name != said["run"] or "\\" in said["run"]:
        raise UserError(
            f"{path} names {said['run']!r} as its run, which is no folder of results: only its plain name can stand "
            "there. Promote the run again."
        )
    texts = {key: said[key] for key in _TEXTS}
    return Baseline(
        **texts,
        n_rows=said["n_rows"],
        where=said.get("where"),
        parts_digest=said.get("parts_digest"),
        facts_digest=said.get("facts_digest"),
        labels_digest=said.get("labels_digest"),
    )


def find(name: str, baselines: Path, results: Path) -> FoundBaseline:
    """The baseline with its rows. Raises UserError when they are not here, or are not the ones that were promoted."""
    baseline = read(name, baselines)
    folder = results / baseline.run  # the very folder: a prefix could mean another run
    if not runs.has_facts(folder):
        where = f" They are kept at: {baseline.where}." if baseline.where else ""
        raise StoreError(
            f"The rows of baseline {name!r} are not here: {baseline.run} is not in {results}.{where} Fetch that "
            f"folder into {results} (in CI: restore it from the artifact or cache that holds it), or promote a run "
            "that is here."
        )
    rows, facts = stored.model_rows(folder, baseline.model), runs.open_facts(folder)
    if baseline.facts_digest not in (None, facts_digest(facts)):
        raise StoreError(
            f"{folder / runs.FACTS} does not say what it said when {name!r} was promoted on {baseline.promoted_at} "
            "(tasks, prompts, scorers, judges or repeats; their digest differs): it was changed or scored anew since. "
            f"Restore it, or look at the run and promote again: {_again(baseline, folder)}"
        )
    otherwise = rows.num_rows != baseline.n_rows or rows_digest(rows) != baseline.rows_digest
    told = baseline.parts_digest
    if otherwise or (told is not None and told != parts_digest(folder, baseline.model)):
        raise StoreError(
            f"The rows of {baseline.model} in {folder} are not the ones that were promoted as {name!r} on "
            f"{baseline.promoted_at} (their digest differs): they were changed or marked again since. Restore them, or "
            f"look at them and promote again: {_again(baseline, folder)}"
        )
    if baseline.labels_digest not in (None, labels_digest(folder, baseline.model, facts)):
        raise StoreError(
            f"What people say of the answers of {baseline.model} in {folder} is not what it was when {name!r} was "
            f"promoted on {baseline.promoted_at} ({judge_files.FOLDER}/{judge_files.LABELS}; its digest differs). "
            f"Restore it, or look at it and promote again: {_again(baseline, folder)}"
        )
    return FoundBaseline(baseline, folder, baseline.model, rows)


def _again(baseline: Baseline, folder: Path) -> str:
    return (
        f"evalkit baseline promote {quote(folder.name)} --model {quote(baseline.model)} --as {baseline.name} --replace "
        "--by YOU --why TEXT"
    )


def read_bytes(path: Path) -> bytes:
    """A baseline's file. Raises OSError where it cannot be read, or is larger than any of ours."""
    return read_file(path, most=_MOST_BYTES)


def list_all(baselines: Path) -> tuple[list[Baseline], list[str]]:
    """Every baseline of a folder, by name, and a sentence for each that cannot be read: it hides no other."""
    found: list[Baseline] = []
    unreadable: list[str] = []
    for path in sorted(baselines.glob("*.yaml")) if baselines.is_dir() else ():
        try:
            found.append(read(path.stem, baselines))
        except UserError as error:
            unreadable.append(str(error))
    return found, unreadable


def rows_digest(rows: pa.Table) -> str:
    """Identity of a model's rows, whatever their order: sha256 over the sorted columns that a gate reads.

    A contract: baselines in people's repositories rest on it.
    """
    import numpy as np

    ordered = rows.sort_by([(name, "ascending") for name in ("task", "sample_digest", "occurrence", "repeat")])
    total = hashlib.sha256(b"evalkit.rows/2\0")
    for name in ("task", "sample_digest", "target_digest", "outcome", "cluster", "served_model"):
        for part in _string_bytes(ordered[name]):
            total.update(part)
        total.update(b"\1")
    for part in _slices_bytes(ordered["slices"]):
        total.update(part)
    for name in (*("occurrence", "repeat", "score", "critical", "cached"), *_FIGURES):
        numbers = stored.floats(ordered[name])
        numbers[np.isnan(numbers)] = np.nan  # one spelling of "absent"
        total.update(numbers.astype("<f8").tobytes())
        total.update(b"\1")
    for name in ("weight", "given_up"):
        numbers = stored.floats(ordered[name])
        if not np.isnan(numbers).all():  # baselines of before they were known keep their digest
            total.update(numbers.astype("<f8").tobytes())
    return total.hexdigest()[:32]


def facts_digest(facts: RunFacts) -> str:
    """Identity of what run.json says of the questions and of how they were marked: what a comparison with the baseline
    rests on besides its rows. A contract as `rows_digest`."""
    import orjson

    suite = facts.suite_resolved
    said = {
        "tasks": {
            name: [
                task.n,
                dict(task.identity.root),
                task.scorer,
                task.tool_server.tools_digest if task.tool_server is not None else None,
            ]
            for name, task in (facts.tasks or {}).items()
        },
        "repeats": facts.repeats,
        "run_version": facts.run_version,
        "judges_served": facts.judges_served,
        "judges_unread": facts.judges_unread,
        "max_error_rate": suite.run.max_error_rate if suite is not None else None,
    }
    content = orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(b"evalkit.facts/1\0" + content).hexdigest()[:32]


def labels_digest(folder: Path, model: str, facts: RunFacts) -> str | None:
    """Identity of what people say of a judged model's answers, nothing included; None where no judge scored them.

    A contract as `rows_digest`: rules with `labels: random` rest on it. Raises StoreError.
    """
    import orjson

    if not any(task.identity.judge is not None for task in (facts.tasks or {}).values()):
        return None
    inner = judge_files.judging_of(folder)
    said = sorted((key, label) for key, label in judge_files.read_labels(inner) if key[0] == model) if inner else []
    return hashlib.sha256(b"evalkit.labels/1\0" + orjson.dumps(said)).hexdigest()[:32]


def parts_digest(folder: Path, model: str) -> str | None:
    """Identity of the marks that single scorers or judges gave a model's rows; None where there are none.

    A contract as `rows_digest`: rules about one scorer of several rest on these marks. Raises StoreError.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = stored.model_rows(folder, model, also=("parts",))
    ordered = rows.sort_by([(name, "ascending") for name in ("task", "sample_digest", "occurrence", "repeat")])
    parts = ordered["parts"].combine_chunks()
    names = sorted(name for name in pc.unique(parts.keys).to_pylist() if name is not None)
    if not names:
        return None
    total = hashlib.sha256(b"evalkit.parts/1\0")
    for name in names:
        total.update(len(name.encode()).to_bytes(8, "little") + name.encode())
        marks = stored.floats(_column_of(pc.map_lookup(parts, pa.scalar(name), "first")))
        marks[marks != marks] = float("nan")  # noqa: PLR0124  # one spelling of "absent"
        total.update(marks.astype("<f8").tobytes())
    return total.hexdigest()[:32]


def _string_bytes(column: pa.ChunkedArray) -> Iterator[bytes]:
    """A column of strings as its lengths in bytes (64 bits each, -1 for None) and then its UTF-8, however it is cut."""
    import numpy as np

    texts = []
    for chunk in column.chunks:
        if not len(chunk):
            continue
        offsets = np.frombuffer(chunk.buffers()[1], dtype=np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        lengths = np.diff(offsets).astype("<i8")
        if chunk.null_count:
            lengths[stored.floats(_column_of(chunk.is_null())) == 1] = -1
        yield lengths.tobytes()
        content = chunk.buffers()[2]
        texts.append(b"" if content is None else bytes(memoryview(content)[offsets[0] : offsets[-1]]))
    yield from texts


def _slices_bytes(column: pa.ChunkedArray) -> Iterator[bytes]:
    """The slices of each row: how many there are, their names, their values."""
    import numpy as np
    import pyarrow as pa

    whole = column.combine_chunks()
    ends = stored.floats(_column_of(whole.offsets)).astype(np.int64) if len(whole) else np.zeros(1, dtype=np.int64)
    yield np.diff(ends).astype("<i8").tobytes()
    for names in (whole.keys, whole.items):
        yield from _string_bytes(pa.chunked_array([names[ends[0] : ends[-1]]]))
        yield b"\1"


def _column_of(array: pa.Array) -> pa.ChunkedArray:
    """One array as a column."""
    import pyarrow as pa

    return pa.chunked_array([array])


def _refuse_unwhole(folder: Path, model: str, facts: RunFacts, rows: pa.Table) -> None:
    if facts.models is not None and model not in facts.models:
        raise UserError(f"{folder.name} has no model {model!r}. It has: {', '.join(facts.models)}.")
    problems = []
    if facts.status != "complete":
        problems.append(f"it is {facts.status}")
    for cut, option in ((facts.cut_by_limit, "--limit"), (facts.cut_by_tasks, "--tasks")):
        if cut is not None:
            problems.append(f"it was cut by {option}")
    expected = (facts.repeats or 1) * sum(task.n or 0 for task in (facts.tasks or {}).values())
    if rows.num_rows < max(expected, 1):
        why = " (a gate stopped it early)" if facts.stopped_early else ""
        problems.append(f"it holds {rows.num_rows:,} of the {expected:,} rows of {model}{why}")
    if problems:
        raise UserError(
            f"{folder.name} cannot be a baseline: {'; '.join(problems)}. Run the whole suite first: evalkit run SUITE "
            "(what was answered comes from the cache)."
        )


def _as_yaml(baseline: Baseline) -> str:
    from ruamel.yaml import YAML

    out = StringIO()
    said: dict[str, object] = {"version": VERSION}
    said |= {key: getattr(baseline, key) for key in (*_TEXTS, "n_rows", "where", *_LATER)}
    yaml = YAML()
    yaml.width = 120
    yaml.dump({key: value for key, value in said.items() if value is not None}, out)
    return "# A promoted baseline of evalkit: read it in review, never edit the digest.\n" + out.getvalue()
