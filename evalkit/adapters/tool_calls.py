"""Functions on their way to a provider, and calls on their way back in pieces.

    names = wire_names((Tool("math.factorial", ...),))        # {"math.factorial": "math_factorial"}
    calls_seen = CallCollector(tools)
    calls_seen.begin("math_factorial", '{"number"'); calls_seen.add(0, ": 5}")
    calls_seen.calls()                                             # (ToolCall("math.factorial", '{"number": 5}'),)

No provider takes every name: a dot is refused by most, and BFCL's own harness replaces it by an underscore. So each
function has a spelling of its own on the wire, and calls come back under the task's names. A name that was not offered
stays as the model said it.

Functions that reach the model behind a server of one's own make a prompt longer (`unproved`): llama.cpp and vLLM drop
functions without a word where the model's chat template has no place for them. The model then never calls any, which is
wrong where one fits, and right by accident where none does.
"""

from __future__ import annotations

import json
from dataclasses import replace

import orjson

from evalkit.adapters.reply_fields import joined, text_limit, too_long
from evalkit.errors import BadReply, Unfit
from evalkit.late import late
from evalkit.records import Message, Request, Response, Settings, Tool, ToolCall

LONGEST_NAME = 64
"""What OpenAI and Gemini take; Anthropic takes twice as much."""
MAX_CALLS = 10_000
"""Of one answer: beyond it a server is broken or hostile."""
_REFUSED = late(r"[^A-Za-z0-9_-]")
_FITS = late(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


def wire_names(tools: tuple[Tool, ...]) -> dict[str, str]:
    """How each function is spelled on the wire, by its own name, in order; no two alike. A name that fits is kept."""
    taken = {tool.name for tool in tools if _FITS.fullmatch(tool.name)}
    names = {}
    for tool in tools:
        name = tool.name
        if not _FITS.fullmatch(name):
            plain = fitting_name(name)
            name, n = plain, 1
            while name in taken:
                n += 1
                name = f"{plain[: LONGEST_NAME - len(str(n)) - 1]}_{n}"
            taken.add(name)
        names[tool.name] = name
    return names


def fitting_name(name: str) -> str:
    """The name as every provider takes it, also of a function that a model made up: it goes back with its call."""
    plain = _REFUSED.sub("_", name)
    return (plain if _FITS.match(plain) else f"_{plain}")[:LONGEST_NAME]


def offered(tools: tuple[Tool, ...], *, schema_as: str) -> list[dict[str, object]]:
    """The functions as every dialect describes them, up to what it calls their `parameters`."""
    names = wire_names(tools)
    return [
        {"name": names[tool.name], "description": tool.description, schema_as: dict(tool.parameters)} for tool in tools
    ]


class CallCollector:
    """The calls of one answer as far as they have come; made for each request that offers functions."""

    __slots__ = ("_left", "_own", "_said")

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        self._own = {wire: own for own, wire in wire_names(tools).items()}
        self._said: list[tuple[str, list[str]]] = []
        self._left = text_limit()

    def begin(self, name: object, arguments: object = None) -> int:
        """A call begins; its number, under which arguments may follow. Raises TypeError for what is no text, BadReply
        for more calls than any answer has."""
        if not isinstance(name, str):
            raise TypeError(f"{type(name).__name__} is no name of a function")
        if len(self._said) >= MAX_CALLS:
            raise BadReply(f"The answer makes more than {MAX_CALLS:,} calls; reading stopped.")
        self._spend(len(name))
        self._said.append((name, []))
        self.add(len(self._said) - 1, arguments)
        return len(self._said) - 1

    def add(self, number: int, arguments: object) -> None:
        """More arguments of a call: a piece of JSON, a whole object, or None. Raises TypeError for anything else."""
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        elif not isinstance(arguments, str | None):
            raise TypeError(f"{type(arguments).__name__} are no arguments")
        if arguments:
            self._spend(len(arguments))
            self._said[number][1].append(arguments)

    def _spend(self, n_characters: int) -> None:
        """Names and arguments count against the limit of one answer. Raises BadReply beyond it."""
        self._left -= n_characters
        if self._left < 0:
            raise too_long(text_limit())

    def forget(self) -> None:
        """The answer begins anew."""
        self._said.clear()

    def is_whole(self, number: int) -> bool:
        """Whether the arguments of a call are complete JSON by now."""
        try:
            orjson.loads("".join(self._said[number][1]))
        except orjson.JSONDecodeError:
            return False
        return True

    def calls(self) -> tuple[ToolCall, ...]:
        """All calls in their order; () when none was made."""
        return tuple(ToolCall(joined([self._own.get(name, name)]), joined(arguments)) for name, arguments in self._said)


def recorded(value: object) -> tuple[ToolCall, ...]:
    """Calls as files have them: a list (or its JSON) of {name, arguments}, bare or in OpenAI's `{"function": {...}}`.

    Arguments are an object, or the text that a model wrote. Raises ValueError (half a sentence) for anything else.
    """
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"is no JSON ({error})") from error
    if not isinstance(value, list):
        raise ValueError(f"is {type(value).__name__}; expected a list of calls")  # noqa: TRY004
    calls = []
    for entry in value:
        inner = entry.get("function", entry) if isinstance(entry, dict) else None
        name, arguments = (inner.get("name"), inner.get("arguments")) if isinstance(inner, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(arguments, dict | str):
            raise ValueError('holds what is no call; expected {"name": "f", "arguments": {}}')  # noqa: TRY004
        written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        calls.append(ToolCall(name, written))
    return tuple(calls)


WITHOUT = Request((Message("user", "Hello"),), Settings(max_output_tokens=16))
BESIDE = replace(
    WITHOUT,
    tools=(
        Tool(
            "book_a_table",
            "Books a table in a restaurant for a number of guests.",
            {"type": "object", "properties": {"guests": {"type": "integer"}}, "required": ["guests"]},
        ),
    ),
)


WANTED = replace(
    BESIDE,
    messages=(Message("user", "Book a table for 4 guests. Call the function book_a_table."),),
    settings=Settings(max_output_tokens=256),
)


def looks_dropped(without: Response, beside: Response) -> bool:
    """Whether a function added no input tokens."""
    n_without, n_beside = (answer.usage.input if answer.usage else None for answer in (without, beside))
    return n_without is not None and n_beside is not None and n_beside <= n_without


def unproved(without: Response, beside: Response, who: str) -> str | None:
    """Why it is not known whether functions reach the model; None where they do. Raises Unfit where they do not."""
    n_without, n_beside = (answer.usage.input if answer.usage else None for answer in (without, beside))
    if n_without is None or n_beside is None:
        return "whether functions reach the model could not be proved: the server reports no input tokens"
    if not looks_dropped(without, beside):
        return None
    raise Unfit(
        f"{who} drops functions that it is offered: a prompt has {n_without} input tokens without one and {n_beside} "
        "with it. Serve the model with a chat template that has a place for them, or ask with interface: text. "
        "Where the server is known to pass them on: probe_tools: false in the model's entry."
    )
