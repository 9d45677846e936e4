"""Walks over the records of stored files: which fields there are, and which keys of a file belong to none of them.

fields_of(RunFacts)                    # ("RunFacts.schema_version", ..., "ModelFacts.adapter", ...)
unknown_keys(RunFacts, content)        # ("shape", "models.gpt.colour"): keys that no record has
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, RootModel


def fields_of(record: type[BaseModel]) -> tuple[str, ...]:
    """`Record.field` for every field of a record and of the records below it, each once."""
    found: dict[str, None] = {}
    _walk_fields(record, found, set())
    return tuple(found)


def unknown_keys(record: type[BaseModel], content: object, *, leave: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Paths of keys in a file's content that its record does not have. Objects that are kept verbatim are not walked,
    nor are the fields of the outermost record that `leave` names."""
    return tuple(_unknown(record, content, "", leave))


def _walk_fields(record: type[BaseModel], found: dict[str, None], seen: set[type]) -> None:
    if record in seen:
        return
    seen.add(record)
    for name, field in record.model_fields.items():
        found[f"{record.__name__}.{name}"] = None
        for inner in _records_in(field.annotation):
            _walk_fields(inner, found, seen)


def _records_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The records that a field's type speaks of; none for a verbatim object."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not issubclass(annotation, RootModel):
            yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from _records_in(inner)


def _unknown(record: type[BaseModel], content: object, at: str, leave: frozenset[str]) -> Iterator[str]:
    if not isinstance(content, Mapping):
        return
    for key, value in content.items():
        path = f"{at}{key}"
        field = record.model_fields.get(key)
        if field is None:
            yield path
        elif key not in leave:
            yield from _below(field.annotation, value, path)


def _below(annotation: object, value: object, at: str) -> Iterator[str]:
    inner = next(_records_in(annotation), None)
    if inner is None:
        return
    depth = _containers(annotation)
    for path, one in _members(value, at, depth):
        yield from _unknown(inner, one, f"{path}.", frozenset())


def _containers(annotation: object) -> int:
    """How many mappings or lists stand around the record: Mapping[str, ModelFacts] has one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return 0
    around = typing.get_origin(annotation)
    found = [_containers(inner) for inner in typing.get_args(annotation) if next(_records_in(inner), None) is not None]
    is_container = isinstance(around, type) and issubclass(around, Mapping | Sequence)
    return max(found, default=0) + is_container


def _members(value: object, at: str, depth: int) -> Iterator[tuple[str, object]]:
    if depth == 0:
        yield at, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _members(inner, f"{at}.{key}", depth - 1)
    elif isinstance(value, list | tuple):
        for n, inner in enumerate(value):
            yield from _members(inner, f"{at}[{n}]", depth - 1)
