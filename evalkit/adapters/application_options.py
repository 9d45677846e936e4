"""What a suite says of an application of one's own behind HTTP: how it is asked, and where its reply says what.

    bot:
      adapter: http
      base_url: https://bot.example.com/chat
      header_env: {Authorization: EVALKIT_BOT_TOKEN}
      request: {question: "{{ prompt }}"}
      answer: data.text
      usage: {input: usage.prompt_tokens, output: usage.completion_tokens}
      cost_usd: usage.cost

Paths are those of `json_paths`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from evalkit.adapters.error_kinds import ErrorKind
from evalkit.adapters.json_paths import BadPath, JsonPath, read_path
from evalkit.adapters.options import AdapterOptions
from evalkit.facts.base import Json
from evalkit.suite.schema.parts import Part, Several, Text

CLOSED, DONE = "closed", "[DONE]"
"""Ends of a stream that are no path: that of the connection, and a line of its own."""


def _checked_path(value: object) -> object:
    if isinstance(value, str):
        try:
            read_path(value)
        except BadPath as error:
            raise ValueError(str(error)) from error
    return value


def _words(value: object) -> object:
    """One word or several; true, false and numbers as JSON writes them."""
    listed = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in listed)


def _end(value: object) -> object:
    return value if value in (CLOSED, DONE) else _checked_path(value)


def _status(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _place(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


def _delta(value: object) -> object:
    return {"delta": value} if isinstance(value, str) else value


Path = Annotated[str, BeforeValidator(_checked_path)]
Words = Annotated[Several[Text], BeforeValidator(_words, json_schema_input_type=str | bool | int | list[str])]
Kind = Literal["filtered", "rejected", "key_refused", "out_of_credit", "rate_limited", "overloaded", "server_error"]
KINDS: Mapping[Kind, ErrorKind] = {
    "filtered": ErrorKind.DECLINED,
    "rejected": ErrorKind.REJECTED,
    "key_refused": ErrorKind.KEY_REFUSED,
    "out_of_credit": ErrorKind.OUT_OF_CREDIT,
    "rate_limited": ErrorKind.RATE_LIMITED,
    "overloaded": ErrorKind.OVERLOADED,
    "server_error": ErrorKind.SERVER,
}
"""How kinds of errors are called in stored rows; `filtered` is an answer: the prompt was turned away."""


class UsagePaths(Part):
    """Where a reply says what was billed, as whole numbers of tokens."""

    input: Path | None = None
    """Every token of the prompts, those from a cache included."""
    output: Path | None = None
    """Every token that was made, reasoning included."""
    cached: Path | None = None
    """Those of the input that came from a cache."""
    reasoning: Path | None = None
    """Those of the output that are reasoning."""


class Finish(Part):
    """Where a reply says why it ended, and which words mean what. Words of no list: `other`."""

    path: Path
    stop: Words = ("stop", "end", "end_turn", "done", "completed", "complete", "success", "false", "null")
    """It ended by itself."""
    length: Words = ("length", "max_tokens", "max_output_tokens", "truncated")
    """The limit of the output cut it."""
    refusal: Words = ("refusal", "refused", "declined")
    """The model declined."""
    content_filter: Words = ("content_filter", "content-filter", "blocked", "safety", "guardrail", "true")
    """A filter or a guard turned it away."""
    said: Path | None = None
    """Where it says why it was turned away. None: the word itself is kept."""


class EventPaths(Part):
    """How an answer comes in pieces. What is not said here stands at the places of a whole reply."""

    delta: Path
    """Where an event has the next piece of the answer."""
    reasoning: Path | None = None
    """Where an event has the next piece of the reasoning."""
    done: Annotated[str, BeforeValidator(_end)] | dict[Path, Words] = DONE
    """What says that the answer is whole: the line `data: [DONE]` (if nothing else is given), a path that the last
    event has, {path: word}, or `closed`: the end of the connection, where a broken answer cannot be told from a whole
    one."""
    form: Literal["events", "named", "lines"] = "events"
    """events: server-sent events. named: the same, each under its name ({token: {...}} for `event: token`). lines: one
    JSON object a line."""
    usage: UsagePaths | None = None
    cost_usd: Path | None = None


class Errors(Part):
    """What an error says, where the usual reading of statuses and words is not enough."""

    message: Path | None = None
    """Where the body of an error says what is wrong. In a reply with status 200, a text there is an error."""
    statuses: dict[Annotated[int, BeforeValidator(_status), Field(ge=400, le=599)], Kind] = Field(default_factory=dict)
    """By HTTP status what it means: {451: filtered}."""


class HttpOptions(AdapterOptions):
    """What a suite says of an application of one's own behind HTTP."""

    request: dict[str, Json] | None = None
    """The body as a mapping; its texts are templates over prompt, messages, system, record, settings, model, new_id."""
    method: Literal["POST", "PUT", "PATCH"] | None = None
    """None: POST."""
    query: dict[str, str | int | bool] | None = None
    """What stands behind the ? of the address, the same for all requests."""
    header_env: dict[Text, Text] | None = None
    """By header the environment variable that holds its value; allow each: --allow-key-host VARIABLE@HOST."""
    answer: Path | None = None
    """Where the reply has the answer."""
    answer_as: Literal["text", "json"] | None = None
    """text: it is a text (the default). json: any value, written as JSON."""
    reasoning: Path | None = None
    """Where the reply has reasoning that is no part of the answer."""
    usage: UsagePaths | None = None
    """Where the reply says how many tokens were billed: {input: PATH, output: PATH}. None: nothing is known of them."""
    cost_usd: Path | None = None
    """Where the reply says what it cost in US dollars."""
    finish: Annotated[Finish, BeforeValidator(_place, json_schema_input_type=str | Finish)] | None = None
    """Where the reply says why it ended: a path, or {path: PATH, refusal: [WORD]}. None: it always ended by itself."""
    served_model: Path | None = None
    """Where the reply names the model, or its own version."""
    trace_id: Path | None = None
    """Where the reply names its trace; kept with the row's usage."""
    events: Annotated[EventPaths, BeforeValidator(_delta, json_schema_input_type=str | EventPaths)] | None = None
    """How an answer comes in pieces: {delta: PATH, done: ...}. None: it comes whole, and has no first token."""
    errors: Errors | None = None
    """Where errors say what is wrong, and what statuses mean."""


def path_of(written: str | None) -> JsonPath | None:
    """The path of an option that was checked; None for none."""
    return None if written is None else read_path(written)
