"""Function calls as a model writes them, read without running anything.

    read_calls('[{"name": "weather", "arguments": {"city": "Paris"}}]')     # [Call("weather", {"city": "Paris"})]
    read_calls('[weather(city="Paris")]')                                   # the same

Read: JSON (one call, a list, `{"tool_calls": [..]}`, or several one after another; `name` or `function`, `arguments`,
`parameters` or `args`, which may be JSON in a text; OpenAI's `{"function": {"name": .., "arguments": ".."}}`;
`{"weather": {..}}`), JSON in Markdown fences or among prose, calls in Python's syntax with literal keyword arguments
(`true` and `null` too), and the tags of open models (`tagged`). Every call of the reply counts.
Nothing is run: names, operators and comprehensions are no values.

    made_calls((ToolCall("weather", '{"city": "Paris"}'),))                 # through a tool interface: the same
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.records import ToolCall
from evalkit.scorers.fences import fenced_blocks, plain_lines
from evalkit.scorers.structure import DECODER, NotJson, parse

LONGEST = 20_000
"""Characters of a reply that are read. Calls are short; a longer reply is prose or a loop."""
_STARTS_TRIED = 20  # braces among prose that are tried as the start of JSON
_START = re.compile(r"[{\[]")


@dataclass(frozen=True, slots=True)
class ScoredCall:
    """One call: a function and its arguments by name."""

    name: str
    arguments: Mapping[str, object]
    as_texts: bool = False
    """The arguments stood between tags and are texts: what type each has, the function's declaration says."""


class NoCalls(ValueError):
    """The reply makes no call that can be read; the message says why in one line."""


class BrokenCalls(NoCalls):
    """The reply sets out to call (it opens the tags of a call), and what stands there cannot be read."""


def read_calls(reply: str) -> list[ScoredCall]:
    """The calls of a reply in its order; [] for an empty list. Raises NoCalls where there is nothing to read."""
    text = plain_lines(reply[:LONGEST]).strip()
    parts = tagged(text)
    if parts is not None:
        return [call for part in parts for call in _in_tags(part)]
    for read in (_from_json, _from_fences, _from_python, _from_prose):
        calls = read(text)
        if calls is not None:
            return calls
    raise NoCalls("the reply holds no function call")


def made_calls(made: Sequence[ToolCall]) -> list[ScoredCall]:
    """Calls that came through a tool interface. Raises NoCalls where their arguments are no JSON object, or endless."""
    if sum(len(call.name) + len(call.arguments) for call in made) > LONGEST:
        raise NoCalls(f"the calls are longer than {LONGEST:,} characters")
    calls = []
    for call in made:
        try:
            arguments = parse(call.arguments) if call.arguments.strip() else {}
        except NotJson as error:
            raise NoCalls(f"the arguments of {call.name[:80]} cannot be read: {error}") from error
        if not isinstance(arguments, dict):
            raise NoCalls(f"the arguments of {call.name[:80]} are no object")
        calls.append(ScoredCall(call.name, arguments))
    return calls


def _in_tags(part: str) -> list[ScoredCall]:
    """The calls between two tags. Raises BrokenCalls."""
    written = text_calls(part)
    if written:
        calls = [
            ScoredCall(call.name, call.arguments, as_texts=True) if isinstance(call.arguments, dict)
            else _with(call.name, call.arguments)
            for call in written
        ]  # fmt: skip
        read = [call for call in calls if call is not None]
        if len(read) == len(calls):
            return read
    for way in (_from_json, _from_fences, _from_python):
        found = way(part)
        if found is not None:
            return found
    raise BrokenCalls("the reply opens a function call that cannot be read")


def _from_json(text: str) -> list[ScoredCall] | None:
    """Calls in JSON and nothing else: one value, or several divided by white space, commas or semicolons."""
    if text[:1] not in ("{", "["):
        return None
    calls: list[ScoredCall] = []
    position = 0
    while position < len(text):
        try:
            value, position = DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return None
        entries = _entries(value)
        if entries is None:
            return None
        calls += entries
        position = len(text) - len(text[position:].lstrip(" \n\t;,"))
    return calls


def _entries(value: object) -> list[ScoredCall] | None:
    """The calls of one JSON value; None where it is anything else."""
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    calls = [_call(entry) for entry in (value if isinstance(value, list) else [value])]
    return None if None in calls else [call for call in calls if call is not None]


def _from_fences(text: str) -> list[ScoredCall] | None:
    """The calls of all blocks that hold some; None where no block does."""
    found = [
        calls for block in fenced_blocks(text)
        if (calls := _from_json(block.text.strip()) or _from_python(block.text.strip())) is not None
    ]  # fmt: skip
    return [call for calls in found for call in calls] if found else None


def _from_prose(text: str) -> list[ScoredCall] | None:
    """The calls in JSON among other words; None where there are none."""
    calls: list[ScoredCall] = []
    position, tries = 0, 0
    while tries < _STARTS_TRIED and (start := _START.search(text, position)) is not None:
        try:
            value, position = DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            tries, position = tries + 1, start.start() + 1
            continue
        calls += (value and _entries(value)) or []
    return calls or None


def _call(entry: object) -> ScoredCall | None:
    """One entry in any of the known forms; None when it is none of them."""
    if not isinstance(entry, dict):
        return None
    inner = entry.get("function")
    if isinstance(inner, dict):
        entry = inner
    name = entry.get("name", entry.get("function"))
    if isinstance(name, str):
        for key in ("arguments", "parameters", "args", "input"):
            if key in entry:
                return _with(name, entry[key])
        return ScoredCall(name, {}) if set(entry) <= {"name", "function", "type", "id"} else None
    if len(entry) == 1:
        name, arguments = next(iter(entry.items()))
        return _with(name, arguments) if isinstance(arguments, dict) else None
    return None


def _with(name: str, arguments: object) -> ScoredCall | None:
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except (ValueError, RecursionError):
            return None
    return ScoredCall(name, arguments) if isinstance(arguments, dict) else None


def _from_python(text: str) -> list[ScoredCall] | None:
    """Calls in Python's syntax, `[f(a=1), g(b="x")]` or a line each; positional arguments have no name: refused."""
    text = text.strip("`\n ").removeprefix("python").strip()
    if "(" not in text:
        return None
    text = _LISTED.sub(r"\g<call>", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "invalid escape sequence" and the like, in a model's text
            lines = ast.parse(text).body
        nodes: list[ast.expr] = []
        for line in lines:
            if not isinstance(line, ast.Expr):
                return None
            nodes += line.value.elts if isinstance(line.value, ast.List | ast.Tuple) else [line.value]
        return [_python_call(node) for node in nodes]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


class _JsonWords(ast.NodeTransformer):
    """`true`, `false` and `null`, which models write in Python's syntax too."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        known = {"true": True, "false": False, "null": None}
        return ast.Constant(known[node.id]) if node.id in known else node


_LISTED = re.compile(r"^[ \t]*(?:\d{1,3}[.)]|[-*•])[ \t]+`?(?=[A-Za-z_][\w.]*\()(?P<call>.*?)`?$", re.MULTILINE)
"""A line of a list that holds a call, with or without backticks."""
_MODULES = ("default_api.", "functions.")
"""Before names of functions, as Gemini and others write them in code."""


def _python_call(node: ast.expr) -> ScoredCall:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "print" and len(node.args) == 1 and not node.keywords:
        node = node.args[0]  # Gemini's tool code
    if not isinstance(node, ast.Call) or node.args or any(keyword.arg is None for keyword in node.keywords):
        raise ValueError("not a call with named arguments")
    values = {str(k.arg): ast.literal_eval(_JsonWords().visit(k.value)) for k in node.keywords}
    name = ast.unparse(node.func)
    name = next((name.removeprefix(one) for one in _MODULES if name.startswith(one)), name)
    return ScoredCall(name.removesuffix(".call"), values)  # Llama's built-in tools: brave_search.call(query="..")


# Textual forms in which open models write function calls, cut into the stretches that hold one call or more:
#   <tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}\n</tool_call>       Hermes, Qwen; several in a row
#   [TOOL_CALLS][{..}, {..}]        [TOOL_CALLS]weather{"city": "Paris"}                 Mistral, old and new
#   <|python_tag|>{..}; {..}        <|python_start|>[weather(city="Paris")]<|python_end|>    Llama 3 and 4
#   <function=weather>{"city": "Paris"}</function>                                       Llama 3
#   <function=weather><parameter=city>Paris</parameter></function>                       Qwen Coder
#   <invoke name="weather"><parameter name="city">Paris</parameter></invoke>
#   weather<arg_key>city</arg_key><arg_value>Paris</arg_value>                           GLM
#   <|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>{..}<|tool_call_end|>  Kimi; DeepSeek's are alike
#   functools[{..}]                                                                      Phi
#   <|channel|>commentary to=functions.weather <|constrain|>json<|message|>{..}<|call|>  gpt-oss
_TAG = re.compile(
    r"(?P<opens><(?:tool_calls?|tools|function_calls?|functioncall)>|\[TOOL_CALLS\]|<\|tool_calls?\|>|<\|python_tag\|>"
    r"|<\|python_start\|>|<\|tool_call_begin\|>|<｜tool▁call▁begin｜>|<\|action_start\|>(?:<\|plugin\|>)?|functools(?=\[)"
    r"|<\|channel\|>\w{1,20}(?= to=functions\.)|<\|start\|>assistant(?= to=functions\.))"
    r"|(?P<closes></(?:tool_calls?|tools|function_calls?|functioncall|s)>|\[/TOOL_CALLS\]|<\|/?tool_calls?_(?:section_)?(?:begin|end)\|>"
    r"|<\|(?:call|python_end|eom_id|eot_id|im_end|end_of_text|endoftext|action_end)\|>|<｜tool▁(?:calls▁begin|call▁end|calls▁end)｜>)"
)
_FUNCTION = re.compile(
    r"<(?:function=(?P<name>[^<>\s]{1,200})|(?:invoke|function) name=\"(?P<quoted>[^\"<>]{1,200})\")\s*>"
)
_FUNCTION_END = re.compile(r"</(?:function|invoke)>")
_PARAMETER = re.compile(
    r"<parameter(?:=(?P<name>[^<>]{1,200})| name=\"(?P<quoted>[^\"<>]{1,200})\"[^<>]{0,100})>(?P<value>.*?)"
    r"(?:</parameter>|(?=<parameter)|$)",
    re.DOTALL,
)
_ARG = re.compile(r"<arg_key>(?P<name>[^<>]{1,200})</arg_key>\s*<arg_value>(?P<value>.*?)(?:</arg_value>|$)", re.DOTALL)
_NAMED = re.compile(
    r"(?:function<｜tool▁sep｜>)?(?:to=)?(?:functions\.)?(?P<name>[A-Za-z_][\w.\-]{0,199})(?::\d+)?\s*"
    r"(?:\[CALL_ID\]\w+)?(?:\[ARGS\]|<\|tool_call_argument_begin\|>|<｜tool▁sep｜>"
    r"|(?:<\|channel\|>\w{1,20}\s*)?(?:<\|constrain\|>)?\s*(?:json|code)?\s*<\|message\|>)?\s*"
    r"(?:```json\s*)?(?P<arguments>\{.*\})\s*(?:```)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class TextCall:
    """A call whose name and arguments stand apart."""

    name: str
    arguments: str | dict[str, str]
    """JSON; or texts by name, whose types only the function's declaration can tell."""


def tagged(text: str) -> list[str] | None:
    """What stands between the tags of calls, in order, without blank stretches; None where there are no such tags."""
    found, start = [], None
    seen = False
    for tag in _TAG.finditer(text):
        if start is not None:
            found.append(text[start : tag.start()])
        seen = seen or tag["opens"] is not None
        start = tag.end() if tag["opens"] is not None else None
    if start is not None:
        found.append(text[start:])
    if not seen:
        return [text] if _FUNCTION.search(text) else None
    return [part.strip() for part in found if part.strip()]


def text_calls(part: str) -> list[TextCall]:
    """The calls of a stretch that name their function outside the arguments; [] where it is written otherwise."""
    opened = list(_FUNCTION.finditer(part))
    if opened:
        ends = [following.start() for following in opened[1:]] + [len(part)]
        return [
            TextCall(
                tag["name"] or tag["quoted"], _arguments(_FUNCTION_END.split(part[tag.end() : end], maxsplit=1)[0])
            )
            for tag, end in zip(opened, ends, strict=True)
        ]
    if "<arg_key>" in part:
        name = part[: part.index("<arg_key>")].strip()
        return [TextCall(name, {match["name"].strip(): match["value"].strip() for match in _ARG.finditer(part)})]
    named = _NAMED.fullmatch(part)
    return [] if named is None else [TextCall(named["name"], named["arguments"])]


def _arguments(body: str) -> str | dict[str, str]:
    parameters = {
        (match["name"] or match["quoted"]).strip(): match["value"].strip() for match in _PARAMETER.finditer(body)
    }
    return parameters or body.strip() or "{}"
