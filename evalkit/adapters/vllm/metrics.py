"""What a vLLM server says of itself at /metrics while a run goes on: queue, cache hits, room in the KV cache.

    vllm:prefix_cache_queries_total{engine="0",model_name="tiny"} 5121.0
    vllm:request_queue_time_seconds_sum{engine="0",model_name="tiny"} 3.5
    vllm:kv_cache_usage_perc{engine="0",model_name="tiny"} 0.12

Sampled into the run's facts: a slow answer that waited in the server's own queue is not a slow model. Totals and means
are the server's own sums and exact. Peaks are of the moments that were looked at, and low: vLLM counts after each step
of its engine, when what was answered in it has left (a likelihood is done in one step and never shows as running).
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from time import perf_counter

import aiohttp

FIRST_S, EVERY_S, SLOWER = 0.1, 1.0, 1.25
"""Seconds from one look to the next: at first, at most, and the factor between. A look costs the server 3 ms."""
LARGEST = 8_000_000
"""Bytes of one page that is read: vLLM's own takes some hundred thousand."""
_LINE = re.compile(r"^(vllm:[a-z_]+)(?:\{.*\})?[ \t]+([0-9.eE+-]+)[ \t]*\r?$", re.MULTILINE)
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
    "vllm:request_queue_time_seconds_sum": "queue_s",
    "vllm:request_inference_time_seconds_sum": "inference_s",
    "vllm:request_queue_time_seconds_count": "requests",
}
_SUMS = ("queue_s", "inference_s")
"""Seconds of all requests together: shown as means."""


def read_metrics(text: str) -> dict[str, float]:
    """Sums over engines of every plain figure of vLLM's, by name."""
    found: dict[str, float] = {}
    for name, value in _LINE.findall(text):
        with suppress(ValueError):
            found[name] = found.get(name, 0.0) + float(value)
    return found


async def _at_most(body: aiohttp.StreamReader, largest: int) -> bytes | None:
    """The whole body; None where it is longer."""
    said = bytearray()
    async for piece in body.iter_chunked(1 << 16):
        said += piece
        if len(said) > largest:
            return None
    return bytes(said)


class MetricsSampler:
    """Peaks and totals of one server over a run. A server without /metrics leaves `facts` empty."""

    def __init__(self, root: str) -> None:
        self._url = f"{root}/metrics"
        self._peaks: dict[str, float] = {}
        self._totals: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._before: dict[str, float] = {}
        """Totals of the server's earlier lives."""
        self._n_looks = 0
        self._began = self._span_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sample from now on."""
        self._began = perf_counter()
        self._task = asyncio.create_task(self._sample())

    async def stop(self) -> None:
        """Look once more, then end."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3), auto_decompress=False) as session:
            await self._look(session)

    @property
    def facts(self) -> dict[str, object]:
        """For run.json; None where the server did not say, or nothing was counted yet.

        Peaks are of `looks` moments; prefix_cache_hit_rate is hit tokens over tokens looked up; queue_s_mean is what a
        request waited in the server before anything was computed for it; running_mean and waiting_mean are requests at
        a time over the server's whole turn (Little's law: seconds of all requests over seconds).
        """
        if not self._totals and not self._peaks:
            return {}
        waited, n = self._totals.get("queue_s"), self._totals.get("requests")
        queried = self._totals.get("prefix_cache_queried_tokens")
        hits = self._totals.get("prefix_cache_hit_tokens")
        rate = hits / queried if queried and hits is not None else None
        means = {
            "queue_s_mean": waited / n if n and waited is not None else None,
            "running_mean": self._at_a_time("inference_s"),
            "waiting_mean": self._at_a_time("queue_s"),
            "prefix_cache_hit_rate": rate,
        }
        kept = {name: value for name, value in self._totals.items() if name not in _SUMS}
        return {**self._peaks, **kept, "looks": self._n_looks, **means}

    def _at_a_time(self, name: str) -> float | None:
        seconds = self._totals.get(name)
        return seconds / self._span_s if seconds is not None and self._span_s > 0 else None

    async def _sample(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3), auto_decompress=False) as session:
            pause_s = FIRST_S
            while True:
                await self._look(session)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * SLOWER, EVERY_S)

    async def _look(self, session: aiohttp.ClientSession) -> None:
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            # Not followed, not packed, and with an end: the server answers for nothing but itself.
            async with session.get(self._url, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as reply:
                if reply.status != 200 or "Content-Encoding" in reply.headers:
                    return
                said = await _at_most(reply.content, LARGEST)
                if said is None:
                    return
                found = read_metrics(said.decode("utf-8", "replace"))
            self._n_looks += 1
            self._span_s = perf_counter() - self._began
            for name, shown in _PEAKS.items():
                if name in found:
                    self._peaks[shown] = max(self._peaks.get(shown, 0.0), found[name])
            for name, shown in _TOTALS.items():
                if name in found:
                    self._count(shown, found[name])

    def _count(self, shown: str, value: float) -> None:
        """A server that was started again counts from nought: what it had counted before is kept."""
        if value < self._last.get(shown, 0.0):
            self._before[shown] = self._before.get(shown, 0.0) + self._last[shown]
        self._last[shown] = value
        self._totals[shown] = self._before.get(shown, 0.0) + value
