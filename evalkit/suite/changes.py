"""Single values of a suite, changed where it is run: `--set models.gpt.settings.temperature=0`.

    apply_changes(tree, ["run.seed=3", "tasks.triage.limit.n=20"])

A key is written with dots. A list is entered by the `name` of its item, or by its place from 0. The value is YAML, as
it would stand in the file. The change is made before anything of the suite is checked, so a key that does not exist and
a value that cannot be are refused with the words that the file itself would get. The run keeps the suite as changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from evalkit.errors import SuiteError
from evalkit.suite.source_map import Loc, SourceMap, parse
from evalkit.suite.wording import near

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
    if part.isdigit() and int(part) < len(at):
        return int(part)
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
