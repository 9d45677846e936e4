"""From a suite file to a `Suite`, or to every complaint about it at once.

    suite = load_suite(Path("suites/refunds.yaml"), known_adapters=known_adapters(), known_scorers=known_scorers(),
                       options=OptionsOfAdapters("suites"))

Four looks at the file, each on what the one before left standing: YAML, variables, schema, conditions between keys.
Data is not opened here: `Task.examine` reads it, so that a suite can be looked at where its data is not.

Single values of a suite can be changed where it is run: `--set models.gpt.settings.temperature=0`.

    apply_changes(tree, ["run.seed=3", "tasks.triage.limit.n=20"])

A key is written with dots. A list is entered by the `name` of its item, or by its place from 0. The value is YAML, as
it would stand in the file. The change is made before anything of the suite is checked, so a key that does not exist and
a value that cannot be are refused with the words that the file itself would get. The run keeps the suite as changed.

Of a folder, `evalkit run FOLDER` runs each suite, and says of every other YAML file why it was left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from io import BufferedReader
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.paths import find, refuse_led_astray
from evalkit.reading import open_to_read, opened_for_person
from evalkit.suite.conditions import add_conditions
from evalkit.suite.external_task import ExternalTask
from evalkit.suite.filekinds import HEAD, not_utf8, other_kind
from evalkit.suite.metering import count_anew
from evalkit.suite.model_options import check_options, expanded
from evalkit.suite.model_prompts import with_prompts
from evalkit.suite.schema import SuiteFile
from evalkit.suite.schema.options import KnownOptions
from evalkit.suite.source_map import Loc, SourceMap, parse
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.suite_errors import translate
from evalkit.suite.variables import fill
from evalkit.suite.wording import near
from evalkit.text.numbers import whole_number

LARGEST = 2_000_000
"""Bytes of a suite file: items belong into data files."""


def load_suite(
    path: Path,
    *,
    known_adapters: Collection[str] | None = None,
    known_scorers: Collection[str] | None = None,
    options: KnownOptions | None = None,
    allow_unpinned: bool = False,
    environ: Mapping[str, str] | None = None,
    changes: Sequence[str] = (),
) -> ResolvedSuite:
    """The suite in this file. Raises one SuiteError with every complaint, each with file, line, key and way out.

    Names of adapters and scorers, and the options of adapters, are checked against those given (None: not checked, and
    what makes the model refuses them later). `allow_unpinned` lets data come from a branch of the hub. `environ` is
    where `${NAME}` is looked up; None: the process's environment. `changes`: `key=value`, put in the place of
    what the file says.
    """
    tree = parse(read_text(path), str(path))
    if tree.data is None and not tree.complaints:
        raise SuiteError(f"{path}: is empty; a suite has at least name, models and tasks")
    if not isinstance(tree.data, dict) and not tree.complaints:
        raise SuiteError(
            f"{path}:{tree.line(())}: a suite is a mapping with name, models and tasks, not a list or a text"
        )
    if changes and not tree.complaints:
        apply_changes(tree, changes)
    return resolve(
        tree,
        path,
        known_adapters=known_adapters,
        known_scorers=known_scorers,
        options=options,
        allow_unpinned=allow_unpinned,
        environ=environ,
    )


def resolve(
    tree: SourceMap,
    path: Path,
    *,
    known_adapters: Collection[str] | None = None,
    known_scorers: Collection[str] | None = None,
    options: KnownOptions | None = None,
    allow_unpinned: bool = False,
    environ: Mapping[str, str] | None = None,
) -> ResolvedSuite:
    """The suite that this tree says. `path` is the suite's file; of one made in Python, a name in the folder that its
    paths are relative to. Raises as `load_suite`.
    """
    count_anew()
    data = fill(tree, os.environ if environ is None else environ)
    if not isinstance(data, dict):
        raise SuiteError(_in_order(tree))
    file = check_options(tree, data, _add_schema(tree, data), options)
    external: list[ExternalTask] = []
    tasks = add_conditions(tree, path, data, file, known_adapters, known_scorers, allow_unpinned, external)
    if tree.complaints or file is None:
        raise SuiteError(_in_order(tree))
    models, judges = with_prompts(expanded(file.models), file.prompts), expanded(file.judges)
    inline = {task.index: task.rows for task in tasks if task.rows is not None}
    written = dict(tree.data)
    if inline:
        from evalkit.suite.cases import without_cases

        written["tasks"] = without_cases(tree.data["tasks"], inline)
    return ResolvedSuite(path, file, models, tuple(tasks), written=written, external=tuple(external), judges=judges)


def read_text(path: Path) -> str:
    """The file's text, without a byte-order mark. Raises SuiteError, with near names for a file that is not there."""
    try:
        refuse_led_astray(path)
        if path.is_dir():
            raise SuiteError(f"{path}: is a folder; name a suite file in it{_suites(path, '')}")
        if not path.exists():
            raise SuiteError(f"{path}: there is no such file{_suites(path.parent, path.name)}")
        with _opened(path) as file:
            content = file.read(LARGEST + 1)  # of a device that never ends too
        if len(content) > LARGEST:
            raise SuiteError(f"{path}: is larger than {LARGEST // 1_000_000} MB; items belong into a data file")
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        said = other_kind(error.object[:HEAD], "yaml") or not_utf8(error)
        raise SuiteError(f"{path}: {said}") from error
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read: {error.strerror or error}") from error


def _opened(path: Path) -> BufferedReader:
    """The file. A link is followed where it stays in its folder, or leads to a data folder that the person named: a
    checkout may bring one along that leads to a file of secrets, which complaints would quote. Raises SuiteError."""
    if path.is_relative_to("/dev"):  # there is what a shell hands over: <(...)
        return opened_for_person(path)
    if path.is_symlink():
        return find(path.name, path.parent, label=str(path)).open_file()
    return open_to_read(path)


def _suites(folder: Path, name: str) -> str:
    if not folder.is_dir():
        return f"; its folder {folder} does not exist either"
    names = sorted(p.name for p in folder.iterdir() if p.suffix in {".yaml", ".yml"})
    close = get_close_matches(name, names, n=2) if name else []
    if name and not close and (folder / "suites" / name).is_file():
        close = [str(folder / "suites" / name)]
    if close:
        return f"; did you mean {' or '.join(close)}?"
    return f"; the folder's YAML files: {', '.join(names[:8])}" if names else "; there is no .yaml file in that folder"


def _add_schema(tree: SourceMap, data: object) -> SuiteFile | None:
    """The file by the schema, or None with complaints added."""
    try:
        return SuiteFile.model_validate(data)
    except ValidationError as error:
        for loc, message in translate(error, tree):
            tree.refuse(loc, message)
        return None


def _in_order(tree: SourceMap) -> list[str]:
    """Complaints by line, each once."""

    def line(complaint: str) -> int:
        rest = complaint.removeprefix(f"{tree.name}:").split(":", 1)[0]
        return whole_number(rest) or 0

    return sorted(dict.fromkeys(tree.complaints), key=line)


_PART = re.compile(r"""\.?(?:"([^"]*)"|\[(\d+)\]|([^.\[\]"=]+))""")


def apply_changes(tree: SourceMap, changes: Sequence[str]) -> None:
    """Put the values into the tree. Raises SuiteError for a change that leads nowhere, with what there is."""
    for change in changes:
        key, value = _read(change)
        _put(tree, change, key, value)


def _read(change: str) -> tuple[list[str], Any]:
    parts, end = [], 0
    while end < len(change) and change[end] != "=":
        match = _PART.match(change, end)
        if match is None:
            break
        parts.append(next(part for part in match.groups() if part is not None).strip())
        end = match.end()
    if not parts or not change[end:].startswith("="):
        raise SuiteError(f"--set {change!r}: write KEY=VALUE, like --set models.gpt.settings.temperature=0")
    try:
        said = parse(f"value: {change[end + 1 :]}\n", f"--set {change}")
    except SuiteError:
        said = None
    if said is None or said.complaints:
        raise SuiteError(f"--set {change!r}: the value is not YAML; put signs like : and {{ into quotes")
    return parts, said.data.get("value")


def _put(tree: SourceMap, change: str, key: Sequence[str], value: object) -> None:
    at: Any = tree.data
    loc: Loc = ()
    for n, part in enumerate(key):
        step = _step(at, part, change, loc)
        loc = (*loc, step)
        last = n == len(key) - 1
        if last:
            at[step] = value
            _line(tree, loc, value)
        else:
            if isinstance(at, dict) and not isinstance(at.get(step), dict | list):
                if at.get(step) is not None:
                    raise SuiteError(f"--set {change!r}: {'.'.join(key[: n + 1])} has no keys of its own in the suite")
                at[step] = {}
                _line(tree, loc, {})
            at = at[step]


def _step(at: object, part: str, change: str, loc: Loc) -> str | int:
    """The key of a mapping, or the place in a list."""
    if isinstance(at, dict):
        if not loc or loc in {("models",), ("judges",)}:
            known = [name for name in at if isinstance(name, str)]
            if loc and part not in at:
                kind = str(loc[0]).removesuffix("s")
                raise SuiteError(f"--set {change!r}: there is no {kind} {part!r}; {near(part, known)}")
        return part
    if not isinstance(at, list):
        raise SuiteError(f"--set {change!r}: {'.'.join(map(str, loc)) or 'the suite'} has no keys of its own")
    names = [item.get("name") if isinstance(item, dict) else None for item in at]
    if part in names:
        return names.index(part)
    number = whole_number(part)
    if number is not None and number < len(at):
        return number
    told = [str(name) for name in names if name is not None]
    raise SuiteError(
        f"--set {change!r}: there is no item {part!r} in {loc[-1] if loc else 'the suite'}; {near(part, told)}"
    )


def _line(tree: SourceMap, loc: Loc, value: object) -> None:
    """Complaints about the new value name the nearest line around it."""
    line = tree.line(loc[:-1])
    for one in [one for one in tree.lines if one[: len(loc)] == loc]:
        del tree.lines[one]
    waiting = [(loc, value)]
    while waiting:
        at, inner = waiting.pop()
        tree.lines[at] = line
        items = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        waiting += [((*at, key), item) for key, item in items]


_KEYS = ("models", "tasks")


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A YAML file of the folder."""

    path: Path
    left_out: str | None = None
    """Why it is no suite: a price file, a policy and the like may stand beside suites. None: it is one."""
    problem: str | None = None
    """Why it cannot be read, so that nobody knows whether it is a suite. None: it can."""


def yaml_files(folder: Path) -> Iterator[YamlFile]:
    """The YAML files of a folder by name, folders inside it left out. Raises SuiteError where a link of a
    checkout leads there (`paths`)."""
    refuse_led_astray(folder)
    for path in sorted(folder.iterdir()):
        if path.suffix in {".yaml", ".yml"} and not path.is_dir():
            yield _looked_at(path)


def _looked_at(path: Path) -> YamlFile:
    if path.exists() and not path.is_file():  # a pipe would never end
        return YamlFile(path, problem=f"{path}: is a device, a pipe or a socket, and is not read")
    try:
        tree = parse(read_text(path), str(path))
    except SuiteError as error:
        return YamlFile(path, problem=str(error))
    if tree.complaints:  # broken YAML may be a suite: running it says what is wrong
        return YamlFile(path)
    missing = [key for key in _KEYS if not isinstance(tree.data, dict) or key not in tree.data]
    return YamlFile(path, left_out=f"it has no `{'` and no `'.join(missing)}`" if missing else None)
