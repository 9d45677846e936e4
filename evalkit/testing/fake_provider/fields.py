"""The fields of a record with the line that stands under each in its source.

    fields_of(Behaviour)[0]      # FieldLine("seed", "int", "0", "Of every draw: latency, refusals, faults.")

From it come `help(Behaviour)`, `--fields` on the command line and the page docs/fake-provider.md.
"""

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import NamedTuple


class FieldLine(NamedTuple):
    """One field."""

    name: str
    type: str
    """As it is written."""
    default: str
    """As it is written; "" for none."""
    says: str
    """On one line."""


def fields_of(record: type) -> list[FieldLine]:
    """The fields of a class in their order; empty where its source cannot be read."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(record))).body[0]
    except (OSError, SyntaxError, TypeError):
        return []
    inner = body.body if isinstance(body, ast.ClassDef) else []
    found = []
    for line, under in pairwise(inner):
        if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
            continue
        says = under.value.value if isinstance(under, ast.Expr) and isinstance(under.value, ast.Constant) else ""
        default = "" if line.value is None else ast.unparse(line.value).replace("field(default_factory=dict)", "{}")
        found.append(FieldLine(line.target.id, ast.unparse(line.annotation), default, " ".join(str(says).split())))
    return found


def with_fields(text: str, record: type) -> str:
    """The text, and below it a line for each field."""
    lines = [f"    {one.name} = {one.default}\n        {one.says}" for one in fields_of(record)]
    return "\n\n".join([inspect.cleandoc(text), *lines]) if lines else text
