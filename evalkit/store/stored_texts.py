"""Columns of texts that hold JSON (prompt, tools, calls): read and checked, for whoever reads them by a query.

A run may be of any origin: a text that is not what evalkit writes is StoreError, never a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson

from evalkit.errors import StoreError
from evalkit.records import Message, Tool, ToolCall
from evalkit.store.message_codec import read_message

T = TypeVar("T")


def messages_of(cell: str | None) -> tuple[Message, ...]:
    """The conversation of a prompt's column; () where it is absent. Raises StoreError for what evalkit never wrote."""
    return _each(cell, "prompt", read_message)


def tools_of(cell: str | None) -> tuple[Tool, ...]:
    """The functions that were offered; () where none were. Raises StoreError."""
    return _each(cell, "tools", _tool)


def plain_tool(tool: Tool) -> dict[str, Any]:
    """A function's declaration as JSON has it."""
    return {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}


def calls_of(cell: str | None) -> tuple[ToolCall, ...]:
    """The calls that a model made; () where it made none. Raises StoreError."""
    return _each(cell, "calls", _call)


def mapping_of(cell: str | None, column: str) -> Mapping[str, object] | None:
    """A column that holds an object; None where it is absent. Raises StoreError."""
    if cell is None:
        return None
    value = _parsed(cell, column)
    if not isinstance(value, dict):
        raise _odd(column)
    return value


def trace_of(cell: str | None) -> str | None:
    """The trace that an application named beside its answer (`trace_id` of the row's `raw_usage`): an id, an address,
    or a tree as JSON. Words of a stranger. None: there is none, or nobody can read it.
    """
    try:
        said = None if cell is None else orjson.loads(cell)
    except ValueError:
        return None
    trace = said.get("trace_id") if isinstance(said, dict) else None
    if isinstance(trace, str):
        return trace or None
    return None if trace is None else orjson.dumps(trace, option=orjson.OPT_INDENT_2).decode()


def _tool(one: Mapping[str, object]) -> Tool | None:
    name, description, parameters = one.get("name"), one.get("description"), one.get("parameters")
    if not isinstance(name, str) or not isinstance(description, str) or not isinstance(parameters, dict):
        return None
    return Tool(name, description, parameters)


def _call(one: Mapping[str, object]) -> ToolCall | None:
    name, arguments = one.get("name"), one.get("arguments")
    return ToolCall(name, arguments) if isinstance(name, str) and isinstance(arguments, str) else None


def _each(cell: str | None, column: str, read: Callable[[Mapping[str, object]], T | None]) -> tuple[T, ...]:
    if not cell:
        return ()
    value = _parsed(cell, column)
    found: list[T] = []
    for one in value if isinstance(value, list) else [None]:
        made = read(one) if isinstance(one, dict) else None
        if made is None:
            raise _odd(column)
        found.append(made)
    return tuple(found)


def _parsed(cell: str, column: str) -> object:
    import orjson

    try:
        return orjson.loads(cell)
    except (ValueError, TypeError) as error:
        raise _odd(column) from error


def _odd(column: str) -> StoreError:
    return StoreError(f"the {column} of a stored row is not what evalkit writes there: the run was edited or damaged")
