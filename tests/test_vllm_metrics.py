"""A server's own figures: what is read of them, and what they mean when it was started again."""

from __future__ import annotations

import asyncio
import gzip
import resource
from collections.abc import Awaitable, Callable, Iterator

import pytest
from aiohttp import web

from evalkit.adapters.vllm.metrics import MetricsSampler

PAGE = """
# HELP vllm:num_requests_running Number of requests in model execution batches.
vllm:num_requests_running{{engine="0",model_name="a}} b"}} {running}
vllm:num_requests_running{{engine="1",model_name="tiny"}} 1.0
vllm:num_requests_waiting{{engine="0",model_name="tiny"}} 2.0
vllm:kv_cache_usage_perc{{engine="0",model_name="tiny"}} 0.25
vllm:prefix_cache_queries_total{{engine="0",model_name="tiny"}} {queried}
vllm:prefix_cache_hits_total{{engine="0",model_name="tiny"}} {hits}
vllm:request_queue_time_seconds_bucket{{engine="0",le="0.3",model_name="tiny"}} 7.0
vllm:request_queue_time_seconds_sum{{engine="0",model_name="tiny"}} {queue_s}
vllm:request_queue_time_seconds_count{{engine="0",model_name="tiny"}} {n}
vllm:request_inference_time_seconds_sum{{engine="0",model_name="tiny"}} 0.5
vllm:prompt_tokens_total nonsense
"""


def page(running: float, queried: float, hits: float, queue_s: float, n: float) -> str:
    return PAGE.format(running=running, queried=queried, hits=hits, queue_s=queue_s, n=n)


async def sampled(pages: Iterator[str], n_looks: int) -> MetricsSampler:
    """Look at a real server that shows each page once, the last one again and again."""
    shown = [next(pages)]

    async def metrics(request: web.Request) -> web.Response:
        text = shown[0]
        shown[0] = next(pages, text)
        return web.Response(text=text)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sampler = MetricsSampler(f"http://127.0.0.1:{runner.addresses[0][1]}")
    sampler.start()
    async with asyncio.timeout(20):
        while sampler.facts.get("looks", 0) < n_looks:  # noqa: ASYNC110  # a look sets no event
            await asyncio.sleep(0.01)
    await sampler.stop()
    await runner.cleanup()
    return sampler


async def test_engines_are_summed_peaks_kept_and_means_computed_from_totals() -> None:
    facts = (await sampled(iter([page(3, 100, 40, 1.5, 6), page(0, 200, 120, 2.0, 8)]), 2)).facts
    assert (facts["running_peak"], facts["waiting_peak"], facts["kv_cache_use_peak"]) == (4.0, 2.0, 0.25)
    assert (facts["queue_s_mean"], facts["requests"], facts["prefix_cache_hit_rate"]) == (0.25, 8.0, 0.6)
    assert facts["running_mean"] > 0 and facts["waiting_mean"] > 0
    assert "prompt_tokens" not in facts, "what is no number is unknown"


async def test_a_server_that_was_started_again_counts_on() -> None:
    lives = [page(0, 100, 40, 1.0, 4), page(0, 10, 5, 0.5, 1)]
    facts = (await sampled(iter(lives), 2)).facts
    assert (facts["requests"], facts["prefix_cache_queried_tokens"], facts["queue_s_mean"]) == (5.0, 110.0, 0.3)


async def test_a_server_without_metrics_leaves_nothing() -> None:
    sampler = MetricsSampler("http://127.0.0.1:9")
    sampler.start()
    await asyncio.sleep(0.05)
    await sampler.stop()
    assert sampler.facts == {}


@pytest.mark.parametrize("text", ["", "<html>", "vllm:num_requests_running{" + "x" * 100_000])
async def test_what_is_no_metrics_page_does_no_harm(text: str) -> None:
    assert (await sampled(iter([text]), 0)).facts == {}


async def _looked_at(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> tuple[MetricsSampler, int]:
    """A sampler after it has looked at least twice, and how often another page of the server was asked for."""
    asked = {"metrics": 0, "elsewhere": 0}

    async def metrics(request: web.Request) -> web.StreamResponse:
        asked["metrics"] += 1
        return await answer(request)

    async def elsewhere(request: web.Request) -> web.Response:
        asked["elsewhere"] += 1
        return web.Response(text=page(9, 9, 9, 9, 9))

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/elsewhere", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sampler = MetricsSampler(f"http://127.0.0.1:{runner.addresses[0][1]}")
    sampler.start()
    async with asyncio.timeout(20):
        while asked["metrics"] < 3:  # noqa: ASYNC110  # a look sets no event
            await asyncio.sleep(0.01)
    await sampler.stop()
    await runner.cleanup()
    return sampler, asked["elsewhere"]


async def test_another_place_is_not_asked_for_the_figures() -> None:
    async def redirect(request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    sampler, elsewhere = await _looked_at(redirect)
    assert elsewhere == 0 and not sampler.facts.get("looks")


@pytest.mark.long(but=1)
@pytest.mark.parametrize("kind", ["packed", "endless"])
async def test_a_page_that_is_packed_or_has_no_end_is_not_read(kind: str) -> None:
    packed = gzip.compress(page(9, 9, 9, 9, 9).encode() + b"#" * 50_000_000)

    async def answer(request: web.Request) -> web.StreamResponse:
        if kind == "packed":
            return web.Response(body=packed, headers={"Content-Encoding": "gzip"})
        reply = web.StreamResponse()
        await reply.prepare(request)
        await reply.write(page(9, 9, 9, 9, 9).encode())
        for _ in range(40):
            await reply.write(b"# " + b"x" * 1_000_000 + b"\n")
        return reply

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sampler, _ = await _looked_at(answer)
    assert not sampler.facts.get("looks")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000, "kilobytes"
