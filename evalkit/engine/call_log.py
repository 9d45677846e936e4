"""`--debug`: each call's request and reply as a line of JSON on standard error, keys masked.

    with logged(sys.stderr): ...      # every attempt within is written

    {"model": "gpt", "task": "triage", "sample": "t1", "attempt": 1, "to": "api.openai.com",
     "request": {"messages": [...], "settings": {...}}, "reply": {"text": "...", "usage": {...}}, "seconds": 0.81}

What is written is what adapters are given and what they make of a reply; bytes of the wire are not shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TextIO

from evalkit.adapters.keys import without_keys
from evalkit.engine.work import Item
from evalkit.errors import RequestError
from evalkit.records import Message, Request, Response
from evalkit.store.message_codec import content_record
from evalkit.text.escape import json_commands

_out: list[TextIO] = []


@contextmanager
def logged(file: TextIO) -> Iterator[None]:
    """Write every attempt made within."""
    _out.append(file)
    try:
        yield
    finally:
        _out.remove(file)


def is_on() -> bool:
    """Whether calls are written."""
    return bool(_out)


def write(item: Item, request: Request, attempt: int, seconds: float, found: Response | RequestError) -> None:
    """One attempt."""
    if isinstance(found, Response):
        reply: dict[str, object] = {"reply": _said(asdict(found))}
    else:
        reply = {"error": {"kind": type(found).__name__, "message": str(found)}}
    line = {
        **{"model": item.model.name, "task": item.task.name, "sample": item.sample.id, "repeat": item.repeat},
        **{"attempt": attempt, "to": item.model.adapter.endpoint.host},
        "request": _said({
            "model": item.model.adapter.spec.model,
            "messages": [_turn(message) for message in request.messages],
            "settings": _said(asdict(request.settings)),
            "tools": [asdict(tool) for tool in request.tools],
            "continuations": request.continuations,
        }),
        **reply,
        "seconds": round(seconds, 3),
    }  # fmt: skip
    # Plain ASCII, and no command that a CI system would obey: no text of a model reaches the terminal as it is.
    text = json_commands(without_keys(json.dumps(line, default=str)))
    for file in _out:
        file.write(text + "\n")


def _turn(message: Message) -> dict[str, object]:
    """A turn; of its pictures what they are, not their bytes."""
    return {**asdict(replace(message, content="")), "content": content_record(message.content)}


def _said(values: dict[str, object]) -> dict[str, object]:
    """Without what is not set."""
    return {name: value for name, value in values.items() if value not in (None, (), [], {})}
