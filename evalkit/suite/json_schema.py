"""The suite file's JSON schema, so that editors complete keys and show what they mean.

    python -m evalkit.suite.json_schema          # writes suites/suite.schema.json
    # yaml-language-server: $schema=suite.schema.json

Descriptions are the lines that stand under the fields in `schema/`: one text for the reader and for the editor.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

from evalkit.suite import schema


def json_schema() -> dict[str, Any]:
    """The schema as data, with every field's description. Raises OSError where the source is not at hand."""
    whole = schema.SuiteFile.model_json_schema(by_alias=True, mode="validation")
    aliases = {info.alias: name for name, info in schema.TaskEntry.model_fields.items() if info.alias}
    for title, part in [("SuiteFile", whole), *whole["$defs"].items()]:
        kind = getattr(schema, title, None)
        if kind is None:
            continue
        documented = _descriptions(kind)
        for key, field in part.get("properties", {}).items():
            name = aliases.get(key, key)
            field.pop("title", None)
            if name in documented:
                field["description"] = documented[name]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | whole


def as_text() -> str:
    """The file's content."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def _descriptions(kind: type[schema.Part]) -> dict[str, str]:
    """Field to the text literal that follows it in the source of the class, or of one that it builds on."""
    found: dict[str, str] = {}
    for part in reversed([part for part in kind.__mro__ if issubclass(part, schema.Part)]):
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
        assert isinstance(body, ast.ClassDef)
        for field, after in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
                found[field.target.id] = inspect.cleandoc(ast.literal_eval(after.value))
    return found


def main(arguments: list[str]) -> None:
    """Write the schema to the given path, else to suites/suite.schema.json of this checkout."""
    default = Path(__file__).parents[2] / "suites" / "suite.schema.json"
    target = Path(arguments[0]) if arguments else default
    target.write_text(as_text(), "utf-8")
    print(f"wrote {target}")


if __name__ == "__main__":
    main(sys.argv[1:])
