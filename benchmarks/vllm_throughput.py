"""Requests a second of one vLLM server: through evalkit, and through the least Python that keeps the answers.

    python -m benchmarks.vllm_throughput http://127.0.0.1:8000/v1 tiny

Both ask the same items of suites/data/quickstart/choice.jsonl, in turns; a rate is items over the time from the first
request sent to the last answer read, so that start-up is in neither. Goal: at least 0.95 of the bare loop.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.harness import EVALKIT, measure, middle
from evalkit.store.sealing import rows_of

ROUNDS = 3
REPO = Path(__file__).parent.parent
ITEMS = [json.loads(line) for line in (REPO / "suites/data/quickstart/choice.jsonl").read_text("utf-8").splitlines()]
PROMPTS = {"likelihood": "{{ question }}\nAnswer:", "chat": "{{ question }} Reply in a few words."}
SUITE = """
name: throughput
sensitivity: public
models: {{served: {{adapter: vllm, model: {model}, base_url: "{base_url}"}}}}
tasks:
  - name: {kind}
    data: {{path: items.jsonl, id: id}}
    prompt: {prompt}
    {marking}
    settings: {{max_output_tokens: 16, temperature: 0}}
run: {{in_flight: {in_flight}, repeats: {repeats}}}
"""
TARGET = 'target: "{{ choices[answer] }}"'
MARKING = {
    "likelihood": f'choices: "{{{{ choices }}}}"\n    {TARGET}\n    mode: likelihood\n    score: choice',
    "chat": f"{TARGET}\n    score: contains",
}


def body(kind: str, model: str, item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Path and body of one item, as evalkit sends it."""
    prompt = PROMPTS[kind].replace("{{ question }}", item["question"])
    if kind == "likelihood":
        prompts = [f"{prompt} {choice}" for choice in item["choices"]]
        asked = {"prompt": prompts, "echo": True, "logprobs": 1, "max_tokens": 0, "temperature": 0}
        return "/completions", {"model": model, **asked}
    messages = [{"role": "user", "content": prompt}]
    told = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 16, "temperature": 0}
    return "/chat/completions", {"model": model, "messages": messages, **told}


async def bare(base_url: str, model: str, kind: str, in_flight: int, repeats: int) -> float:
    """Requests a second of a plain loop."""
    waiting = iter(ITEMS * repeats)
    kept: list[Any] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker() -> None:
            for item in waiting:
                path, asked = body(kind, model, item)
                async with session.post(base_url + path, json=asked) as reply:
                    if kind == "likelihood":
                        kept.append(await reply.json())
                    else:
                        kept.append([json.loads(line[6:]) async for line in reply.content if line[:7] == b"data: {"])

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(in_flight)))
        return len(kept) / (time.perf_counter() - began)


def through_evalkit(base_url: str, model: str, kind: str, in_flight: int, repeats: int, folder: Path) -> float:
    """Requests a second of `evalkit run`, by the rows that it stored."""
    suite = folder / f"{kind}-{in_flight}.yaml"
    prompt, marking = json.dumps(PROMPTS[kind]), MARKING[kind]
    told = {"model": model, "base_url": base_url, "kind": kind, "prompt": prompt, "marking": marking}
    suite.write_text(SUITE.format(**told, in_flight=in_flight, repeats=repeats), encoding="utf-8")
    results = Path(tempfile.mkdtemp(dir=folder))
    measure([*EVALKIT, "run", str(suite), "--no-cache", "--results", str(results)])
    rows = [row for row in rows_of(next(results.iterdir())) if row.total_s is not None]
    began = min(row.started_at for row in rows)
    return len(rows) / (max(row.started_at + (row.total_s or 0.0) for row in rows) - began)


def main() -> None:
    """Measure and print one table."""
    base_url, model = sys.argv[1:3]
    print(f"{len(ITEMS)} items x 2, median of {ROUNDS} rounds in turns; requests a second")
    print(f"{'':24}{'bare':>8}{'evalkit':>9}{'ratio':>7}   goal >= 0.95")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in ITEMS), encoding="utf-8")
        asyncio.run(bare(base_url, model, "chat", 8, 1))  # warm
        for kind in PROMPTS:
            for in_flight in (32, 256):
                rates = [
                    (
                        asyncio.run(bare(base_url, model, kind, in_flight, 2)),
                        through_evalkit(base_url, model, kind, in_flight, 2, folder),
                    )
                    for _ in range(ROUNDS)
                ]
                plain, ours = middle(one for one, _ in rates), middle(one for _, one in rates)
                ratio = middle(b / a for a, b in rates)
                print(f"{kind + f', {in_flight} in flight':24}{plain:8.0f}{ours:9.0f}{ratio:7.2f}")


if __name__ == "__main__":
    main()
