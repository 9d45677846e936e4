"""Seeded fuzz of replies: a good reply of a dialect gets other values, lost or doubled parts, or other bytes, and goes
the whole way: adapter, row, journal line, Parquet batch. Anything that is no `RequestError` is a fault.

    uv run python -m tests.faults.fuzz 50000 --seed 1        # all dialects, streamed and whole; exit 1 on a fault
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from typing import Any

from evalkit.adapters.keys import scrubbed
from evalkit.engine.rows import AttemptInfo, answered
from evalkit.errors import RequestError
from evalkit.records import Outcome, Request, Response, Sample, Score, Settings
from evalkit.store import parts
from evalkit.store.row_codec import from_line, to_line
from tests.faults import replies

VALUES: list[Any] = [
    *(None, True, False, 0, -7, 1.5, -1e308, 2**62, 2**64, 10**30, 1e300, "", "text", "9", "-3", "NaN", "\ud800"),
    *("a\u0000b", "\u202e", "x" * 5_000, [], [1], {}, {"a": 1}, [None], [{}], [[[[]]]], {"text": {"text": 1}}),
    *("stop", "error", "content_filter", "MAX_TOKENS", [{"type": "text", "text": 3}]),
]
BYTES = [
    b"\x00",
    b"\xff\xfe",
    b"\r",
    b"\n",
    b"\n\n",
    b"data:",
    b"event: error\n",
    b"NaN",
    b"[" * 2_000,
    b"\xef\xbb\xbf",
    b"{",
]


class Server:
    """Answers every request on its connections with the body that is set."""

    def __init__(self) -> None:
        self.answer = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
                )
                await reader.readexactly(length)
                writer.write(self.answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def fuzz(n: int, seed: int, *, seconds: float = 600.0) -> tuple[Counter[str], dict[str, str]]:
    """(how many replies ended how, each kind of fault with the change that made it)."""
    draw = random.Random(seed)
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**22)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    adapters = {dialect: replies.adapter_at(dialect, url, idle_timeout_s=3.0) for dialect in replies.DIALECTS}
    seen: Counter[str] = Counter()
    faults: dict[str, str] = {}
    until = time.monotonic() + seconds
    n_dialects = len(replies.DIALECTS)
    try:
        for number in range(n):
            if time.monotonic() > until:
                break
            dialect = replies.DIALECTS[number % n_dialects]
            body, kind, what = _mutated(dialect, draw, streamed=number // n_dialects % 2 == 0)
            server.answer = replies.http(body, kind=kind)
            request = Request(
                replies.ASK.messages,
                Settings(max_output_tokens=64),
                tools=(replies.TOOL,) if draw.random() < 0.4 else (),
            )
            try:
                async with asyncio.timeout(10):
                    response = await adapters[dialect].respond(request)
                _stored(scrubbed(response), request)
                seen["answered"] += 1
            except RequestError as error:
                seen[error.kind] += 1
            except Exception as error:  # noqa: BLE001 - what escapes is what is looked for
                frame = traceback.extract_tb(error.__traceback__)[-1]
                seen["FAULT"] += 1
                faults.setdefault(f"{type(error).__name__} {error!s:.80} at {frame.filename}:{frame.lineno}", what)
    finally:
        for adapter in adapters.values():
            await adapter.aclose()
        listening.close()
    return seen, faults


def _stored(response: Response, request: Request) -> None:
    """The rest of the way of an answer. Raises whatever goes wrong."""
    digest = "0" * 64
    sample = Sample("t", "s", digest, digest, 0, request.messages, "B", tools=request.tools)
    attempt = AttemptInfo(started_at=time.time(), queue_s=0.0, retry_s=0.0, attempts=1)
    row = answered(sample, "m", 0, attempt, response, Score(1.0, Outcome.RIGHT), None, ())
    back = from_line(to_line(row))
    parts.rows_batch([back])
    parts.texts_batch([back])
    counts = (back.input_tokens, back.output_tokens, back.reasoning_tokens, back.cache_read_tokens)
    if not all(n is None or (type(n) is int and n >= 0) for n in counts):
        raise AssertionError(f"counts {counts}")
    names = (back.served_model, back.service_tier, back.fingerprint, back.stop_reason, back.text, back.reasoning)
    if not all(isinstance(word, str | None) for word in names):
        raise AssertionError(f"names {names}")


def _mutated(dialect: str, draw: random.Random, *, streamed: bool) -> tuple[bytes, str, str]:
    """(the body, its content type, what was changed)."""
    events = copy.deepcopy(replies.good(dialect) if streamed else [replies.whole(dialect)])
    said = []
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        said.append(change(events, draw))
    body = replies.as_stream(dialect, events) if streamed else json.dumps(events[0] if events else {}).encode()
    if draw.random() < 0.2:
        at, junk = draw.randrange(len(body) + 1), draw.choice(BYTES)
        body = body[:at] + junk + body[at + draw.choice([0, 0, 1, 9]) :]
        said.append(f"{junk[:12]!r} at byte {at}")
    if draw.random() < 0.05:
        body = body[: draw.randrange(len(body) + 1)]
        said.append("cut")
    return body, "text/event-stream" if streamed else "application/json", f"{dialect}: {'; '.join(said)}"


def change(events: list[Any], draw: random.Random) -> str:
    """One change somewhere in the values (in place): another value, one lost, one doubled; says which."""
    at = draw.randrange(len(events)) if events else 0
    if not events:
        return "nothing left"
    if draw.random() < 0.06:
        events.insert(draw.randrange(len(events) + 1), copy.deepcopy(events[at]))
        return f"event {at} twice"
    if draw.random() < 0.04:
        events.pop(at)
        return f"event {at} gone"
    places = [place for place in _places(events[at]) if place]
    if not places:
        return "nothing to change"
    place = draw.choice(places)
    node = events[at]
    for key in place[:-1]:
        node = node[key]
    if draw.random() < 0.12:
        del node[place[-1]]
        return f"event {at} {place} gone"
    value = copy.deepcopy(draw.choice(VALUES))
    node[place[-1]] = value
    return f"event {at} {place} = {value!r:.60}"


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _places(child, (*path, key))


def main() -> int:
    """Runs the fuzz and says what came out."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("n", type=int, nargs="?", default=50_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=600.0)
    chosen = options.parse_args()
    seen, faults = asyncio.run(fuzz(chosen.n, chosen.seed, seconds=chosen.seconds))
    print(f"{sum(seen.values()):,} replies, seed {chosen.seed}: {dict(seen.most_common())}")
    for fault, what in faults.items():
        print(f"  FAULT {fault}\n    by {what[:300]}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
