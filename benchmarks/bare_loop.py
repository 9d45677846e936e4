"""The reference: the least a Python program can do to ask n questions over aiohttp with streaming, and keep the answers.

    python -m benchmarks.bare_loop BASE_URL QUESTIONS OUT IN_FLIGHT

Writes one JSON line an answer with the time to first content token; scores nothing, retries nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

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


async def main() -> None:
    """Ask everything, `in_flight` at a time."""
    base_url, questions, out, in_flight = sys.argv[1:]
    with open(questions, encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    waiting = iter(items)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        with open(out, "w", encoding="utf-8") as file:

            async def worker() -> None:
                for item in waiting:
                    answer = await ask(session, f"{base_url}/chat/completions", item)
                    file.write(json.dumps(answer) + "\n")

            await asyncio.gather(*(worker() for _ in range(int(in_flight))))


if __name__ == "__main__":
    asyncio.run(main())
