r"""The textual forms in which open models write function calls, cut into the stretches that hold one call or more.

    <tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}\n</tool_call>       Hermes, Qwen; several in a row
    [TOOL_CALLS][{..}, {..}]        [TOOL_CALLS]weather{"city": "Paris"}                 Mistral, old and new
    <|python_tag|>{..}; {..}        <|python_start|>[weather(city="Paris")]<|python_end|>    Llama 3 and 4
    <function=weather>{"city": "Paris"}</function>                                       Llama 3
    <function=weather><parameter=city>Paris</parameter></function>                       Qwen Coder
    <invoke name="weather"><parameter name="city">Paris</parameter></invoke>
    weather<arg_key>city</arg_key><arg_value>Paris</arg_value>                           GLM
    <|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>{..}<|tool_call_end|>  Kimi; DeepSeek's are alike
    functools[{..}]                                                                      Phi
    <|channel|>commentary to=functions.weather <|constrain|>json<|message|>{..}<|call|>  gpt-oss

This room knows tags only; what stands between them is read by `evalkit.scorers.calls`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
