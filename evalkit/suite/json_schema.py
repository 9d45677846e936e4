"""The suite file's JSON schema, so that editors complete keys and show what they mean.

    python -m evalkit.suite.json_schema          # writes suites/*.schema.json, the starter's, and api/keywords.py
    evalkit schema --out suites/my.schema.json   # the same with the options of the plug-ins that are installed
    # yaml-language-server: $schema=suite.schema.json

Descriptions are the lines that stand under the fields in `schema/`, and under the options of each adapter: one text for
the reader and for the editor. What a type checker knows of the keys of `Model(...)` comes from the same place.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from evalkit.python_words import in_python
from evalkit.suite import schema
from evalkit.suite.schema import policy, rules

STARTER = Path(__file__).parents[1] / "starter" / "suite.schema.json"
"""The same schema in the package: a suite that is made of a person's file names it in its first line."""
KEYWORDS = Path(__file__).parents[1] / "api" / "keywords.py"
"""The keys of a model as types."""
OptionsByAdapter = Mapping[str, type[schema.AdapterOptions]]


def json_schema(
    kind: type[schema.Part] = schema.SuiteFile,
    options: OptionsByAdapter | None = None,
    more_rules: Sequence[str] = (),
) -> dict[str, object]:
    """The schema of a file as data, with every field's description. Raises OSError where the source is not at hand.

    `options` are the options of each adapter by its name, which a model may have; None: a model may have any key.
    `more_rules` are kinds of gate rules of installed packages.
    """
    whole = kind.model_json_schema(by_alias=True, mode="validation")
    _add_rules(whole["$defs"], more_rules)
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
    if options is not None:
        for title in ("ModelEntry", "VariantEntry"):
            _add_options(whole["$defs"][title], options)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | whole


def _add_rules(parts: dict[str, Any], more: Sequence[str]) -> None:
    """The keys of every kind of rule, evalkit's own and `more`, as one mapping: an editor completes them all."""
    if "RuleEntry" not in parts:
        return
    properties: dict[str, Any] = parts["RuleEntry"]["properties"]
    for kind in dict.fromkeys([*rules.own_rules(), *more]):
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


def as_text(
    kind: type[schema.Part] = schema.SuiteFile,
    options: OptionsByAdapter | None = None,
    more_rules: Sequence[str] = (),
) -> str:
    """The file's content."""
    return json.dumps(json_schema(kind, options, more_rules), indent=1, ensure_ascii=False) + "\n"


def _add_options(entry: dict[str, Any], options: OptionsByAdapter) -> None:
    """Adds the options of all adapters to the schema of a model; no other key may stand there."""
    readers: dict[str, dict[str, list[str]]] = {}
    for adapter, record in options.items():
        documented = _descriptions(record)
        for name, field in record.model_json_schema(mode="validation").get("properties", {}).items():
            field.pop("title", None)
            field["description"] = documented.get(name, field.get("description", ""))
            readers.setdefault(name, {}).setdefault(json.dumps(field, sort_keys=True), []).append(adapter)
    for name, kinds in sorted(readers.items()):
        fields = [_with_readers(json.loads(text), adapters) for text, adapters in kinds.items()]
        entry["properties"][name] = fields[0] if len(fields) == 1 else {"anyOf": fields, "default": None}
    entry["additionalProperties"] = False


def _with_readers(field: dict[str, object], adapters: list[str]) -> dict[str, object]:
    """The field, its description led by the names of the adapters that read it."""
    first = sorted(adapters, key=lambda name: (name != "openai-chat", name))
    said = ", ".join(first) if len(first) <= 3 else f"{first[0]}, {first[1]} and {len(first) - 2} more"
    return field | {"description": f"{said}: {field['description']}"}


def _descriptions(kind: type[schema.Part]) -> dict[str, str]:
    """Field to the text literal that follows it in the source of the class, or of one that it builds on."""
    found: dict[str, str] = {}
    for part in reversed([part for part in kind.__mro__ if issubclass(part, schema.Part)]):
        body = _classes_of(part.__module__).get(part.__qualname__)
        if body is None:
            continue  # made at run time: its fields bring their descriptions themselves
        for field, after in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
                found[field.target.id] = inspect.cleandoc(ast.literal_eval(after.value))
    return found


@cache
def _classes_of(module: str) -> dict[str, ast.ClassDef]:
    """Qualified name to the class in the source of a module; empty where there is no source."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError, KeyError):
        return {}
    found: dict[str, ast.ClassDef] = {}
    inside: list[tuple[str, ast.AST]] = [("", ast.parse(source))]
    while inside:
        prefix, node = inside.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                found[prefix + child.name] = child
                inside.append((f"{prefix}{child.name}.", child))
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inside.append((f"{prefix}{child.name}.<locals>.", child))
            elif isinstance(child, ast.stmt):
                inside.append((prefix, child))
    return found


_OF_KEYWORDS = '''"""The keys of `Model(...)` in Python, and of `settings`, as a type checker knows them.

Written by `python -m evalkit.suite.json_schema`, out of the schema that a suite file has. Not edited by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypedDict
'''
_TYPED = {"SettingsEntry": "SettingsKeywords", "HostingEntry": "HostingKeywords", "ModelEntry": "ModelKeywords"}
"""Parts of a suite file whose keys a type checker is told."""
_IN_SIGNATURE = {"adapter", "model", "settings"}
_PLAIN = {"string": "str", "integer": "int", "boolean": "bool", "null": "None", "object": "Mapping[str, object]"}


def keywords(options: OptionsByAdapter) -> str:
    """The module `evalkit.api.keywords`: a TypedDict for each of `_TYPED`."""
    parts: dict[str, Any] = json_schema(options=options)["$defs"]  # type: ignore[assignment]
    lines = [_OF_KEYWORDS]
    for title, name in _TYPED.items():
        lines += ["", f"class {name}(TypedDict, total=False):"]
        about = "The keys of a model, those of every adapter among them." if title == "ModelEntry" else ""
        lines += [f'    """{about or parts[title]["description"]}"""', ""]
        for key, field in parts[title]["properties"].items():
            if title == "ModelEntry" and key in _IN_SIGNATURE:
                continue
            lines.append(f"    {key}: {' | '.join(_types(key, field))}")
            if said := _all_said(field):
                lines.append(textwrap.indent(textwrap.fill(f'"""{said}"""', 116), "    "))
        lines.append("")
    return "\n".join(lines)


def _types(key: str, field: Mapping[str, Any]) -> list[str]:
    """What a field may be, as types of Python, each once and None last."""
    if "anyOf" in field:
        every = dict.fromkeys(one for part in field["anyOf"] for one in _types(key, part))
        return [*(one for one in every if one != "None"), *(["None"] if "None" in every else [])]
    if "$ref" in field:
        return [_TYPED.get(field["$ref"].rpartition("/")[2], "Mapping[str, object]")]
    kind, exact = field.get("type", ""), "ge" in field or "gt" in field  # dollars are no binary fractions
    if "enum" in field or "const" in field:
        found = [f"Literal[{', '.join(json.dumps(word) for word in field.get('enum', [field.get('const')]))}]"]
    elif kind == "array":
        found = [f"Sequence[{' | '.join(_types(key, field['items']))}]"]
    elif kind == "number":
        found = ["float", "Decimal"] if exact else ["float"]
    else:
        found = ["str", "Path"] if kind == "string" and key == "path" else [_PLAIN.get(kind, "object")]
    return found


def _all_said(field: Mapping[str, Any]) -> str:
    """The description of a field, or those of all adapters that read it."""
    said = field.get("description") or " ".join(
        dict.fromkeys(part["description"] for part in field.get("anyOf", ()) if part.get("description"))
    )
    return " ".join(in_python(said).replace("\\", "\\\\").split())


def main(arguments: list[str]) -> None:
    """Write both schemas to the given folder, else to suites/ of this checkout and what `evalkit init` puts beside a
    suite."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "suites"
    # The options come from above: as a program, this module may look there.
    options = import_module("evalkit.adapters.registry").all_options(own=True)
    for name, kind, of_models in (("suite", schema.SuiteFile, options), ("policy", policy.PolicyFile, None)):
        target = folder / f"{name}.schema.json"
        text = as_text(kind, of_models)
        target.write_text(text, "utf-8")
        print(f"wrote {target}")
        if name == "suite" and not arguments:
            STARTER.write_text(text, "utf-8")
            print(f"wrote {STARTER}")
    if not arguments:
        functions = import_module("evalkit.adapters.function").FunctionOptions
        KEYWORDS.write_text(keywords({**options, "a function": functions}), "utf-8")
        print(f"wrote {KEYWORDS}")


if __name__ == "__main__":
    main(sys.argv[1:])
