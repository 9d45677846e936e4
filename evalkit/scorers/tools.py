"""Function calls against the accepted ones, by the rules of BFCL's AST checker (Patil et al. 2025).

    make({})            the record has `function` (what may be called) and `ground_truth` (which calls are right):
    {"ground_truth": [{"get_weather": {"city": ["Paris", "Paris, France"], "unit": ["celsius", ""]}}]}

Each argument has a list of accepted values; "" among them says that it may be left out. A call is right when the
function is the right one, every required argument is there, none is made up, each value has the declared type (an
integer is taken for a float, not the other way) and is among the accepted. Texts compare without case, spaces and the
marks ,./-_*^ and in Unicode's composed form; between two digits a mark keeps them apart (3-4 is not 34), and -5 is not
5. Lists keep their order. Several calls may come in any order unless `order: strict`.

An empty `ground_truth` says that no function fits: then a reply that makes no call is right, whatever it says.

Where functions were offered through a tool interface, the calls made through it count. One that is written as text
instead is none, and never right: a server that does not parse its model's calls would otherwise excel at making none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.calls import BrokenCalls, NoCalls, ScoredCall, made_calls, read_calls
from evalkit.scorers.options import OneOf, OptionRule, Text, read
from evalkit.scorers.schemas import canonical
from evalkit.scorers.scores import right_or_wrong, unparseable, unscored
from evalkit.scorers.structure import NotJson, parse

_RULES: Mapping[str, OptionRule] = {"order": OneOf(("any", "strict"), "any"), "field": Text(), "functions": Text()}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "float": (float, int), "number": (float, int), "boolean": (bool,),
    "array": (list, tuple), "tuple": (list, tuple), "dict": (dict,), "object": (dict,), "null": (type(None),),
}  # fmt: skip
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SIGN = re.compile(r"(^|[,;:(\[{=])\s*[-\u2212](?=[\d.])")
_POINT_FIRST = re.compile(r"(^|[,;:(\[{=\s\x1e])\.(?=\d)")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ ,./\-_*^]+(?=\d)")
_MARKS = str.maketrans({mark: "" for mark in " ,./-_*^"} | {"'": '"'})


def make(given: Mapping[str, object]) -> Scorer:
    """`field` names the accepted calls (`ground_truth`), `functions` the declarations (`function`)."""
    options = read("tools", given, _RULES)
    accepted_in, declared_in = (
        options.optional_text("field") or "ground_truth",
        options.optional_text("functions") or "function",
    )
    strict = options.text("order") == "strict"

    def score(sample: Sample, response: Response) -> Score:
        try:
            wanted = accepted_calls(sample.fields, accepted_in)
            declared = declarations(sample, declared_in)
        except SuiteError as error:
            return unscored(str(error))
        try:
            calls = _heard(response, declared)
        except NoCalls as error:
            return unparseable(str(error))
        if calls is None and (wanted or response.stop_reason == "length"):
            return unparseable("no function is called")
        if calls is None:
            return right_or_wrong(True, None, "no function is called")
        shown = "; ".join(f"{call.name}({canonical(dict(call.arguments))})" for call in calls)[:500]
        if not wanted:
            return right_or_wrong(not calls, shown or None, "no function fits" if calls else "no function is called")
        complaint = _complaint(calls, wanted, declared, strict=strict)
        return right_or_wrong(complaint is None, shown, complaint)

    def gold(sample: Sample) -> str | None:
        wanted = accepted_calls(sample.fields, accepted_in)
        declared = declarations(sample, declared_in)
        calls = [
            {"name": name, "arguments": _declared(_first(values), values, declared.get(name))}
            for name, values in wanted
        ]
        return canonical(calls) if calls else "None of the functions fits."

    return Scorer("tools", 5, score, gold, options=options, reads_calls=True)


def _heard(response: Response, declared: Mapping[str, object]) -> list[ScoredCall] | None:
    """The calls of a reply; None where it makes none. Raises NoCalls for calls that cannot be read."""
    if response.calls:
        return made_calls(response.calls)
    try:
        written = [_typed(call, declared) for call in read_calls(response.text)]
    except BrokenCalls:
        raise
    except NoCalls:
        return None
    if response.calls is None:
        return written
    offered = {spelling for name in declared for spelling in (name, name.replace(".", "_"))}
    if any(call.name in offered for call in written):
        raise NoCalls("a call is written as text, and none was made through the tool interface")
    return None


def _typed(call: ScoredCall, declared: Mapping[str, Any]) -> ScoredCall:
    """The call with each argument that was written as text in its declared type: texts stay, all else is JSON."""
    shape: Mapping[str, object] = next(
        (declared[name] for name in declared if call.name in (name, name.replace(".", "_"))), {}
    )
    properties = shape.get("properties")
    if not call.as_texts or not isinstance(properties, Mapping):
        return call
    values: dict[str, object] = {}
    for name, text in call.arguments.items():
        types = (
            _types(properties.get(name, {}).get("type", "any")) if isinstance(properties.get(name), Mapping) else None
        )
        try:
            values[name] = text if types is None or str in types else parse(str(text))
        except NotJson:
            values[name] = text
    return ScoredCall(call.name, values)


def accepted_calls(fields: Mapping[str, object], name: str) -> list[tuple[str, Mapping[str, object]]]:
    """(function, accepted values by argument) of each right call. Raises SuiteError when the record lacks them."""
    value = fields.get(name)
    if not isinstance(value, list) or any(not isinstance(c, dict) or len(c) != 1 for c in value):
        raise SuiteError(f"the record's field {name!r} must be a list of {{function: {{argument: [values]}}}}")
    calls = [next(iter(call.items())) for call in value]
    if any(not isinstance(arguments, dict) for _, arguments in calls):
        raise SuiteError(f"the record's field {name!r} must give each function its arguments as a mapping")
    if any(not isinstance(accepted, list) for _, arguments in calls for accepted in arguments.values()):
        raise SuiteError(f"the record's field {name!r} must give each argument the list of its accepted values")
    return calls


def declarations(sample: Sample, name: str) -> dict[str, Mapping[str, object]]:
    """Each function's `parameters` by its name: the record's, or else what the sample is offered through an interface.

    Raises SuiteError when there are neither.
    """
    if name not in sample.fields and sample.tools:
        return {tool.name: tool.parameters for tool in sample.tools}
    value = sample.fields.get(name)
    entries = value if isinstance(value, list) else [value]
    declared = {}
    for entry in entries:
        inner = entry.get("function", entry) if isinstance(entry, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("parameters"), dict):
            raise SuiteError(
                f"the record's field {name!r} must list functions, each with `name` and `parameters` (another "
                "field: `score: {tools: {functions: FIELD}}`)"
            )
        declared[str(inner.get("name"))] = inner["parameters"]
    return declared


def _complaint(
    calls: Sequence[ScoredCall],
    wanted: Sequence[tuple[str, Mapping[str, object]]],
    declared: Mapping[str, Mapping[str, object]],
    *,
    strict: bool,
) -> str | None:
    """The first thing wrong; None when all calls are right."""
    if len(calls) != len(wanted):
        return f"{len(calls)} calls where {len(wanted)} are right"
    found = [[_call_complaint(c, name, values, declared.get(name, {})) for c in calls] for name, values in wanted]
    if strict:
        return next((complaint for place in range(len(calls)) if (complaint := found[place][place])), None)
    unmet = _unmet([[complaint is None for complaint in row] for row in found])
    return None if unmet is None else found[unmet[0]][unmet[1]]


def _unmet(fits: Sequence[Sequence[bool]]) -> tuple[int, int] | None:
    """A right call that no made one is left for, and a made one that is left over; None when all are met.

    Augmenting paths (Kuhn 1955), where BFCL takes the first fit: what is right must not depend on the order of calls.
    """
    serves: dict[int, int] = {}

    def met(place: int, tried: set[int]) -> bool:
        for position, fit in enumerate(fits[place]):
            if fit and position not in tried:
                tried.add(position)
                if position not in serves or met(serves[position], tried):
                    serves[position] = place
                    return True
        return False

    for place in range(len(fits)):
        if not met(place, set()):
            return place, next(position for position in range(len(fits)) if position not in serves)
    return None


def _call_complaint(
    call: ScoredCall, name: str, values: Mapping[str, Any], declared: Mapping[str, object]
) -> str | None:
    # Providers do not allow dots in names, so a model may have seen `math_factorial` for `math.factorial`.
    if call.name not in (name, name.replace(".", "_")):
        return f"{call.name} is called, {name} is right"
    properties, needed = declared.get("properties"), declared.get("required")
    properties = properties if isinstance(properties, Mapping) else {}
    for required in needed if isinstance(needed, list) else ():
        if required not in call.arguments:
            return f"{name}: {required!r} is missing"
    for argument, said in call.arguments.items():
        if argument not in properties or argument not in values:
            return f"{name}: there is no argument {argument!r}"
        if complaint := _value_complaint(said, values[argument], properties[argument]):
            return f"{name}: {argument!r} {complaint}"
    missing = [a for a, accepted in values.items() if a not in call.arguments and "" not in accepted]
    return f"{name}: {missing[0]!r} is missing" if missing else None


def _value_complaint(said: object, accepted: Sequence[Any], declared: object) -> str | None:
    kind = declared.get("type", "any") if isinstance(declared, Mapping) else "any"
    types = _types(kind)
    if types is not None and not _is_a(said, types):
        # Some accepted values are names of variables, whatever the declared type: then the same type is asked for.
        others = {type(value) for value in accepted if value != ""}
        if type(said) not in others or any(_is_a(value, types) for value in accepted if value != ""):
            return f"is not of type {kind}"
    if any(_alike(said, value) for value in accepted if value != "" or said == ""):
        return None
    return f"is {canonical(said)[:80]}, which is not accepted"


def _types(kind: object) -> tuple[type, ...] | None:
    """What a value of a declared type may be, or of one of several; None: anything."""
    kinds = kind if isinstance(kind, list) else [kind]
    known = [_TYPES[one] for one in kinds if isinstance(one, str) and one in _TYPES]
    return tuple(found for types in known for found in types) if known and len(known) == len(kinds) else None


def _is_a(value: object, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and (not isinstance(value, bool) or bool in types)


def _alike(said: object, accepted: object) -> bool:
    """Whether a value is an accepted one; the accepted fields of a mapping are lists of accepted values again."""
    if isinstance(said, str) and isinstance(accepted, str):
        return _plain(said) == _plain(accepted)
    if isinstance(said, list | tuple) and isinstance(accepted, list | tuple):
        return len(said) == len(accepted) and all(map(_alike, said, accepted))
    if isinstance(said, dict) and isinstance(accepted, dict):
        if any(key not in accepted for key in said):
            return False
        return all(
            any(_alike(said[key], value) for value in _options(values)) if key in said else "" in _options(values)
            for key, values in accepted.items()
        )
    if isinstance(said, bool) or isinstance(accepted, bool) or not isinstance(said, int | float):
        return said is accepted
    return isinstance(accepted, int | float) and said == accepted


def _options(values: object) -> Sequence[Any]:
    return values if isinstance(values, list) else [values]


def _plain(text: str) -> str:
    """Without case and marks. One between two digits keeps them apart: 3-4 is not 34, and 1.5 is not 15. A sign before
    a number stays (-5 is not 5), and so does a text of marks alone."""
    text = _THOUSANDS.sub("", unicodedata.normalize("NFC", text))
    told = _POINT_FIRST.sub(r"\g<1>0.", _SIGN.sub("\\1\x1e", text))
    return _BETWEEN_DIGITS.sub("\x1f", told).translate(_MARKS).lower() or text.strip()


def _first(values: Mapping[str, object]) -> dict[str, object]:
    """The first accepted value of each argument; one that may only be left out is left out."""
    chosen = {}
    for argument, accepted in values.items():
        real = [value for value in _options(accepted) if value != ""]
        if real:
            chosen[argument] = _plain_value(real[0])
    return chosen


def _declared(chosen: dict[str, object], accepted: Mapping[str, object], declared: object) -> dict[str, object]:
    """Without arguments that the function does not declare and that may be left out: BFCL's files name a few."""
    properties = declared.get("properties") if isinstance(declared, Mapping) else None
    known = properties if isinstance(properties, Mapping) else {}
    return {name: value for name, value in chosen.items() if name in known or "" not in _options(accepted[name])}


def _plain_value(value: object) -> Any:
    """A nested mapping's accepted values, the first of each; everything else as it is."""
    if isinstance(value, dict):
        return _first(value)
    return [_plain_value(item) for item in value] if isinstance(value, list) else value
