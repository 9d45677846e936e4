"""What pydantic finds, as sentences for the person who wrote the file.

suites/x.yaml:12: tasks[1].promt: unknown key (value seen: 'Hello'); did you mean 'prompt'?
suites/x.yaml:20: run.repeats: expected a whole number (value seen: 'three')
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from evalkit.suite.schema import RuleEntry, SuiteFile
from evalkit.suite.schema.rules import own_keys
from evalkit.suite.source_map import Loc, SourceMap
from evalkit.suite.wording import SECRET_KEY, is_secret, near, value_seen

MOST_TOLD = 100
"""Findings of one kind that are told at once."""
_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "decimal_type": "a number",
    "is_instance_of": "a number",
    "decimal_parsing": "a number",
    "dict_type": "a mapping, {key: value}",
    "model_type": "a mapping, {key: value}",
    "tuple_type": "a list",
    "list_type": "a list",
}


def translate(
    error: ValidationError, tree: SourceMap, under: Loc = (), root: type[BaseModel] = SuiteFile
) -> list[tuple[Loc, str]]:
    """The findings with their places in the file, in its order, as `first_of` has them.

    `under`: where in a suite the tree stands; `root`: the schema of the whole file.
    """
    found: dict[Loc, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False, include_context=True):
        loc = _in_file(detail, tree)
        if detail["type"] == "too_short" and detail["input"]:
            continue  # it is not empty: its items are unreadable, and each has a finding of its own
        if loc not in tree.refused:
            found.setdefault(loc, []).append(detail)
    inside = {loc[:n] for loc in found for n in range(len(loc))}
    said = (
        (loc, _of_place(found[loc], (*under, *loc), root, inside=loc in inside)) for loc in sorted(found, key=tree.line)
    )
    return first_of((loc, sentence) for loc, sentence in said if sentence is not None)


def first_of(findings: Iterable[tuple[Loc, str]]) -> list[tuple[Loc, str]]:
    """As many findings as a person reads, and that there are more where there are: a sentence takes a look at every
    name that could have been meant, and a file of a megabyte has places for 60,000."""
    told: list[tuple[Loc, str]] = []
    for loc, sentence in findings:
        if len(told) == MOST_TOLD:
            told.append(
                (loc, f"is wrong as well, and there may be more below: mend the {MOST_TOLD} places above first")
            )
            break
        told.append((loc, sentence))
    return told


def _of_place(details: list[ErrorDetails], loc: Loc, root: type[BaseModel], *, inside: bool) -> str | None:
    """What is wrong at one place, where a list or a text may stand, say: of the kind that was written, if it is one of
    these; None where that one has findings of its own `inside`."""
    for detail in details:
        if detail["type"] not in _EXPECTED:
            return _sentence(detail, loc, root)
    if inside:
        return None
    kinds = dict.fromkeys(_EXPECTED[detail["type"]] for detail in details)
    return f"expected {' or '.join(kinds)} {value_seen(details[0]['input'], loc)}"


def keys_at(loc: Loc, root: type[BaseModel] = SuiteFile) -> list[str]:
    """The keys that the schema knows in the mapping at this place; [] where keys are free."""
    kind: object = root
    for part in loc:
        kind = _inside(kind, part)
    model = _model(kind)
    if model is RuleEntry:  # which kind of rule it is stands in its keys
        return own_keys()
    return [] if model is None else [info.alias or name for name, info in model.model_fields.items()]


def _in_file(detail: ErrorDetails, tree: SourceMap) -> Loc:
    """The finding's place: without what only the schema knows (union members, keys of short forms)."""
    kept: Loc = ()
    for part in detail["loc"]:
        if (*kept, part) in tree.lines:
            kept = (*kept, part)
    return (*kept, detail["loc"][-1]) if detail["type"] == "missing" else kept


def _sentence(detail: ErrorDetails, loc: Loc, root: type[BaseModel] = SuiteFile) -> str:  # noqa: PLR0911  # one return for each kind of finding
    kind, value, last = detail["type"], detail["input"], str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        if SECRET_KEY.search(last):
            return (
                "unknown key (its value is not shown); keys and passwords come from the environment, never from a suite"
            )
        known = keys_at(loc[:-1], root)
        below = next((key for key in known if last in keys_at((*loc[:-1], key), root)), None)
        hint = near(last, known) if below is None else f"did you mean {below + '.' + last!r}?"
        return f"unknown key {value_seen(value, loc)}; {hint}"
    if kind == "missing":
        return "is required, and missing"
    if kind == "value_error":
        said = str(detail["ctx"]["error"])
        return said.partition(" (value seen:")[0] if is_secret(loc) else said
    if "pattern" in kind:
        return (
            "names are letters, digits, '.', '_', '+' and '-', and begin with a letter or digit "
            f"{value_seen(value, loc, 'seen')}"
        )
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        return f"expected one of {', '.join(options)} {value_seen(value, loc)}{_guess(value, options)}"
    if kind in {"too_short", "string_too_short"}:
        return "must not be empty"
    return f"{detail['msg'].replace('Input should', 'must')} {value_seen(value, loc)}"


def _guess(value: object, options: list[str]) -> str:
    close = get_close_matches(value, options, n=1) if isinstance(value, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""


def _inside(kind: object, part: str | int) -> object:
    """The type of one item or key of this type; None where it has none."""
    model = _model(kind)
    if model is not None and isinstance(part, str):
        for name, info in model.model_fields.items():
            if part == (info.alias or name):
                return info.annotation
        return None
    for option in _options(kind):
        arguments = typing.get_args(option)
        if typing.get_origin(option) is dict and isinstance(part, str):
            return arguments[1]
        if typing.get_origin(option) is tuple and isinstance(part, int):
            return arguments[0]
    return None


def _model(kind: object) -> type[BaseModel] | None:
    return next((o for o in _options(kind) if isinstance(o, type) and issubclass(o, BaseModel)), None)


def _options(kind: object) -> list[object]:
    """The members of a union, without the wrapping of Annotated."""
    if typing.get_origin(kind) is typing.Annotated:
        return _options(typing.get_args(kind)[0])
    arguments = typing.get_args(kind)
    if arguments and typing.get_origin(kind) not in {dict, tuple, list}:
        return [option for argument in arguments for option in _options(argument)]
    return [kind]
