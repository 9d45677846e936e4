"""The suite file's JSON schema, so that editors complete keys and show what they mean.

    python -m evalkit.suite.json_schema          # writes suites/suite.schema.json and suites/policy.schema.json
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
from evalkit.suite.schema import policy, rules


def json_schema(kind: type[schema.Part] = schema.SuiteFile) -> dict[str, Any]:
    """The schema of a file as data, with every field's description. Raises OSError where the source is not at hand."""
    whole = kind.model_json_schema(by_alias=True, mode="validation")
    _add_rules(whole["$defs"])
    aliases = {info.alias: name for name, info in schema.TaskEntry.model_fields.items() if info.alias}
    for title, part in [(kind.__name__, whole), *whole["$defs"].items()]:
        entry = getattr(schema, title, None) or getattr(policy, title, None)
        if entry is None:
            continue
        documented = _descriptions(entry)
        for key, field in part.get("properties", {}).items():
            name = aliases.get(key, key)
            field.pop("title", None)
            if name in documented:
                field["description"] = documented[name]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | whole


def _add_rules(parts: dict[str, Any]) -> None:
    """The keys of every kind of rule, evalkit's own, as one mapping: an editor completes them all."""
    if "RuleEntry" not in parts:
        return
    properties: dict[str, Any] = parts["RuleEntry"]["properties"]
    for kind in rules.OWN_RULES:
        record = rules.rule_class(kind)
        assert record is not None
        documented, own = _descriptions(record), record.model_json_schema(by_alias=True, mode="validation")
        for key, field in own["properties"].items():
            field.pop("title", None)
            said = documented.get(key)
            if key in properties:
                before = properties[key].get("description")
                if said and before and said not in before:
                    properties[key]["description"] = f"{before}\n{said}"
            else:
                properties[key] = {**field, **({"description": said} if said else {})}


def as_text(kind: type[schema.Part] = schema.SuiteFile) -> str:
    """The file's content."""
    return json.dumps(json_schema(kind), indent=1, ensure_ascii=False) + "\n"


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
    """Write both schemas to the given folder, else to suites/ of this checkout."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "suites"
    for name, kind in (("suite", schema.SuiteFile), ("policy", policy.PolicyFile)):
        target = folder / f"{name}.schema.json"
        target.write_text(as_text(kind), "utf-8")
        print(f"wrote {target}")


if __name__ == "__main__":
    main(sys.argv[1:])
