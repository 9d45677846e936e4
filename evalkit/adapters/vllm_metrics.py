"""What a vLLM server says of itself at /metrics while a run goes on: queue, cache hits, room in the KV cache.

    vllm:prefix_cache_queries_total{engine="0",model_name="tiny"} 5121.0
    vllm:kv_cache_usage_perc{engine="0",model_name="tiny"} 0.12

Sampled into the run's facts: a slow answer that waited in the server's own queue is not a slow model.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import Any

import aiohttp

EVERY_S = 2.0
_LINE = re.compile(r"^(vllm:[a-z_]+)(?:\{[^}]*\})?\s+([0-9.eE+-]+)\s*$", re.MULTILINE)
_PEAKS = {
    "vllm:num_requests_running": "running_peak",
    "vllm:num_requests_waiting": "waiting_peak",
    "vllm:kv_cache_usage_perc": "kv_cache_use_peak",
}
_TOTALS = {
    "vllm:prefix_cache_queries_total": "prefix_cache_queried_tokens",
    "vllm:prefix_cache_hits_total": "prefix_cache_hit_tokens",
    "vllm:prompt_tokens_total": "prompt_tokens",
    "vllm:generation_tokens_total": "generation_tokens",
    "vllm:num_preemptions_total": "preemptions",
}


def read_metrics(text: str) -> dict[str, float]:
    """Sums over engines of every plain figure of vLLM's, by name."""
    found: dict[str, float] = {}
    for name, value in _LINE.findall(text):
        with suppress(ValueError):
            found[name] = found.get(name, 0.0) + float(value)
    return found


class MetricsSampler:
    """Peaks and totals of one server over a run. A server without /metrics leaves `facts` empty."""

    def __init__(self, root: str) -> None:
        self._url = f"{root}/metrics"
        self._peaks: dict[str, float] = {}
        self._totals: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sample from now on."""
        self._task = asyncio.create_task(self._sample())

    async def stop(self) -> None:
        """Look once more, then end."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
            await self._look(session)

    @property
    def facts(self) -> dict[str, Any]:
        """For run.json; prefix_cache_hit_rate is None where nothing was looked up."""
        if not self._totals and not self._peaks:
            return {}
        queried = self._totals.get("prefix_cache_queried_tokens")
        hits = self._totals.get("prefix_cache_hit_tokens")
        rate = hits / queried if queried and hits is not None else None
        return {**self._peaks, **self._totals, "prefix_cache_hit_rate": rate}

    async def _sample(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
            while True:
                await self._look(session)
                await asyncio.sleep(EVERY_S)

    async def _look(self, session: aiohttp.ClientSession) -> None:
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with session.get(self._url) as reply:
                if reply.status != 200:
                    return
                found = read_metrics(await reply.text())
            for name, shown in _PEAKS.items():
                if name in found:
                    self._peaks[shown] = max(self._peaks.get(shown, 0.0), found[name])
            self._totals |= {shown: found[name] for name, shown in _TOTALS.items() if name in found}
