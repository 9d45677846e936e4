"""Functions that a request offered, in whatever shape a log keeps them.

tools_of([{"type": "function", "function": {"name": "f", "parameters": {...}}}])    # OpenAI
tools_of([{"functionDeclarations": [{"name": "f", ...}]}])                          # Gemini
# each: ({"name": "f", "description": "", "parameters": {...}},)
"""

from __future__ import annotations

from evalkit.bridges.traces.values import decoded, first


def tools_of(said: object) -> tuple[dict[str, object], ...]:
    """Functions that were offered, in OpenAI's, Anthropic's, Gemini's or OpenTelemetry's shape, as name, description
    and parameters."""
    said = decoded(said)
    found: list[dict[str, object]] = []
    if isinstance(said, dict):
        said = said.get("values") or said.get("tools") or [said]
    for item in said if isinstance(said, list) else ():
        one = decoded(item.get("stringValue") if isinstance(item, dict) and "stringValue" in item else item)
        if not isinstance(one, dict):
            continue
        inner = decoded(first(one, "json_schema", "function", "toolSpec") or one)
        if isinstance(inner, dict) and isinstance(inner.get("function"), dict):
            inner = inner["function"]
        declared = one.get("functionDeclarations") or one.get("function_declarations")
        if isinstance(declared, list):
            found += tools_of(declared)
            continue
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            continue
        schema = decoded(
            first(inner, "parameters", "input_schema", "inputSchema", "parameters_json_schema", "parametersJsonSchema")
        )
        if isinstance(schema, dict) and isinstance(schema.get("json"), dict):
            schema = schema["json"]
        found.append(
            {
                "name": inner["name"],
                "description": str(inner.get("description") or ""),
                "parameters": dict(schema) if isinstance(schema, dict) else {"type": "object", "properties": {}},
            }
        )
    return tuple(found)
