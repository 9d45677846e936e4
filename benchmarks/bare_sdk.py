"""The reference for the SDK adapters: the official SDK, streaming, the same questions, nothing else.

python -m benchmarks.bare_sdk openai|anthropic BASE_URL QUESTIONS IN_FLIGHT
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any


async def openai_answer(client: Any, prompt: str) -> str:
    """One question through Responses."""
    text = ""
    stream = await client.responses.create(
        model="fake", input=[{"role": "user", "content": prompt}], max_output_tokens=64, stream=True, store=False
    )
    async for event in stream:
        if event.type == "response.output_text.delta":
            text += event.delta
    return text


async def anthropic_answer(client: Any, prompt: str) -> str:
    """One question through Messages."""
    text = ""
    stream = await client.messages.create(
        model="fake", messages=[{"role": "user", "content": prompt}], max_tokens=64, stream=True
    )
    async for event in stream:
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            text += event.delta.text
    return text


def client_of(sdk: str, base_url: str) -> tuple[Any, Any]:
    """The SDK's client as its documentation shows it, retries off, and the function that asks."""
    if sdk == "openai":
        from openai import AsyncOpenAI

        return AsyncOpenAI(api_key="none", base_url=base_url, max_retries=0), openai_answer
    from anthropic import AsyncAnthropic

    return AsyncAnthropic(api_key="none", base_url=base_url.removesuffix("/v1"), max_retries=0), anthropic_answer


async def ask_all(sdk: str, base_url: str, items: list[dict[str, Any]], in_flight: int) -> None:
    """Ask everything, `in_flight` at a time."""
    waiting = iter(items)
    client, answer = client_of(sdk, base_url)

    async def worker() -> None:
        for item in waiting:
            options = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", item["choices"], strict=True))
            await answer(client, f"{item['question']}\n{options}\nReply with the letter only.")

    await asyncio.gather(*(worker() for _ in range(in_flight)))


def main() -> None:
    """Read the questions and ask."""
    sdk, base_url, questions, in_flight = sys.argv[1:]
    with Path(questions).open(encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    asyncio.run(ask_all(sdk, base_url, items, int(in_flight)))


if __name__ == "__main__":
    main()
