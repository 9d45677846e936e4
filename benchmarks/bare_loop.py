"""The reference: the least a Python program can do to ask n questions over aiohttp, streaming, and keep the answers.

    python -m benchmarks.bare_loop BASE_URL QUESTIONS OUT IN_FLIGHT

Writes one JSON line an answer with the time to first content token; scores nothing, retries nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TextIO

import aiohttp


async def ask(session: aiohttp.ClientSession, url: str, item: dict[str, object]) -> dict[str, object]:
    """One question, streamed."""
    options = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", item["choices"], strict=True))  # type: ignore[call-overload]
    body = {
        "model": "fake",
        "messages": [{"role": "user", "content": f"{item['question']}\n{options}\nReply with the letter only."}],
        "max_tokens": 64,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    start = time.perf_counter()
    first = None
    text = ""
    async with session.post(url, json=body) as response:
        async for line in response.content:
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            event = json.loads(line[6:])
            if event["choices"] and (piece := event["choices"][0]["delta"].get("content")):
                if first is None:
                    first = time.perf_counter() - start
                text += piece
    return {"id": item["id"], "text": text, "ttft_s": first, "total_s": time.perf_counter() - start}


async def ask_all(base_url: str, items: list[dict[str, object]], in_flight: int, file: TextIO) -> None:
    """Ask everything, `in_flight` at a time."""
    waiting = iter(items)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker() -> None:
            for item in waiting:
                answer = await ask(session, f"{base_url}/chat/completions", item)
                file.write(json.dumps(answer) + "\n")

        await asyncio.gather(*(worker() for _ in range(in_flight)))


def main() -> None:
    """Read the questions, ask, keep the answers."""
    base_url, questions, out, in_flight = sys.argv[1:]
    with Path(questions).open(encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    with Path(out).open("w", encoding="utf-8") as file:
        asyncio.run(ask_all(base_url, items, int(in_flight), file))


if __name__ == "__main__":
    main()
