"""`--debug`: each call's request and reply as a line of JSON on standard error, keys masked.

    with logged(sys.stderr, plan.work.storing): ...      # every attempt within is written

    {"model": "gpt", "task": "triage", "sample": "t1", "attempt": 1, "to": "api.openai.com",
     "request": {"messages": [...], "settings": {...}}, "reply": {"text": "...", "usage": {...}}, "seconds": 0.81}

What is written is what adapters are given and what they make of a reply; bytes of the wire are not shown. A pipeline
keeps what a command writes, so a suite that redacts what is stored (`redact: where: [storing]`) has it redacted here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TextIO

from evalkit.engine.work import Item
from evalkit.errors import RequestError
from evalkit.records import Message, Request, Response
from evalkit.store.message_codec import content_record
from evalkit.text.escape import json_commands
from evalkit.text.secrets import without_keys

if TYPE_CHECKING:  # a plain run starts without it
    from evalkit.suite.redaction import Redactor

_out: list[tuple[TextIO, Redactor | None]] = []


@contextmanager
def logged(file: TextIO, storing: Redactor | None = None) -> Iterator[None]:
    """Write every attempt made within. `storing`: what is taken out of it before; None: nothing."""
    held = (file, storing)
    _out.append(held)
    try:
        yield
    finally:
        _out.remove(held)


def is_on() -> bool:
    """Whether calls are written."""
    return bool(_out)


def write(item: Item, request: Request, attempt: int, seconds: float, found: Response | RequestError) -> None:
    """One attempt."""
    if isinstance(found, Response):
        reply: dict[str, object] = {"reply": _said(asdict(found))}
    else:
        reply = {"error": {"kind": type(found).__name__, "message": str(found)}}
    where = {
        **{"model": item.model.name, "task": item.task.name, "sample": item.sample.id, "repeat": item.repeat},
        **{"attempt": attempt, "to": item.model.adapter.endpoint.host},
    }
    sent = _said({
        "model": item.model.adapter.spec.model,
        "messages": [_turn(message) for message in request.messages],
        "settings": _said(asdict(request.settings)),
        "tools": [asdict(tool) for tool in request.tools],
        "continuations": request.continuations,
    })  # fmt: skip
    for file, storing in _out:
        said = {"request": sent, **reply}
        if storing is not None:
            said = _redacted(said, request, storing)
        line = {**where, **said, "seconds": round(seconds, 3)}
        # Plain ASCII, and no command that a CI system would obey: no text of a model reaches the terminal as it is.
        file.write(json_commands(without_keys(json.dumps(line, default=str))) + "\n")


def _redacted(said: dict[str, object], request: Request, storing: Redactor) -> dict[str, object]:
    """Request and reply without what is taken out of rows; ids of samples stay, as they do in rows. Log-probabilities
    are left out: token by token they say what no single one shows."""
    from evalkit.engine.stored import error_as_stored, texts_as_stored  # here: few suites redact what they store

    if (error := said.get("error")) is not None:
        assert isinstance(error, dict)
        sent = [message.text for message in request.messages]
        said = {**said, "error": {**error, "message": error_as_stored(error["message"], sent, storing)}}
    if (reply := said.get("reply")) is not None:
        assert isinstance(reply, dict)
        said = {**said, "reply": {name: value for name, value in reply.items() if name != "top_logprobs"}}
    made: dict[str, object] = texts_as_stored(said, storing)
    if (tools := request.tools) and isinstance(asked := made.get("request"), dict):
        declared = storing.record({"tools": [asdict(tool) for tool in tools]}, Counter())
        made["request"] = {**asked, **declared}
    return made


def _turn(message: Message) -> dict[str, object]:
    """A turn; of its pictures what they are, not their bytes."""
    return {**asdict(replace(message, content="")), "content": content_record(message.content)}


def _said(values: dict[str, object]) -> dict[str, object]:
    """Without what is not set."""
    return {name: value for name, value in values.items() if value not in (None, (), [], {})}
