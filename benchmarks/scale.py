"""100,000 samples: when the first is asked, how memory grows, and what it costs to look at the run afterwards.

The same suite with 1,000 and with 100,000 questions; memory growth is the difference of the peaks, and the whole
command stands beside the bare loop of `speed`. Goals: first request within 1 s, command at most 1.5 x the bare loop,
`evalkit check` under 3 s, memory growth under 100 MB, `evalkit show` under 1 CPU second.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.harness import EVALKIT, folder_bytes, measure, middle, suite
from evalkit.testing.fake_provider import Behaviour, FakeProvider

FEW, MANY, IN_FLIGHT = 1_000, 100_000, 256


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as name,
        FakeProvider.in_process(Behaviour(latency_s=0.02), max_seconds=1200) as provider,
    ):
        folder = Path(name)
        peak, wall, size, first, cpu = {}, {}, {}, {}, {}
        for n in (FEW, MANY):
            results = folder / f"results-{n}"
            path = suite(folder, provider.base_url, n, in_flight=IN_FLIGHT)
            provider.reset()
            got = measure([*EVALKIT, "run", str(path), "--no-cache", "--results", str(results)], timeout_s=900)
            peak[n], wall[n], size[n], cpu[n] = got.peak_mb, got.wall_s, folder_bytes(results), got.cpu_s
            first[n] = min(record.arrived_unix for record in provider.account) - got.started_at
        provider.reset()
        questions, answers = folder / f"questions-{MANY}.jsonl", folder / "bare.jsonl"
        loop = [sys.executable, "-m", "benchmarks.bare_loop", provider.base_url]
        bare = measure([*loop, str(questions), str(answers), str(IN_FLIGHT)], timeout_s=900)
        check = measure([*EVALKIT, "check", str(path)])
        show = [measure([*EVALKIT, "show", "latest", "--results", str(folder / f"results-{MANY}")]) for _ in range(3)]
        summary = next((folder / f"results-{MANY}").glob("*/summary.json"))
        summary.unlink()
        rebuilt = measure([*EVALKIT, "show", "latest", "--results", str(folder / f"results-{MANY}")])
    print(f"\nscale: {FEW:,} and {MANY:,} samples, {IN_FLIGHT} in flight")
    print(f"peak memory {peak[FEW]:.0f} -> {peak[MANY]:.0f} MB: grows by {peak[MANY] - peak[FEW]:.0f} MB    goal < 100")
    print(f"first request after {first[FEW]:.2f} s and {first[MANY]:.2f} s    goal <= 1")
    print(
        f"beside the bare loop: wall {wall[MANY] / bare.wall_s:.2f} x, goal <= 1.5; "
        f"CPU {cpu[MANY]:.1f} s and {bare.cpu_s:.1f} s: {cpu[MANY] / bare.cpu_s:.2f} x"
    )
    print(f"check of all: {check.cpu_s:.1f} CPU s    goal < 3")
    print(f"run {wall[MANY]:.0f} s; on disk {size[MANY] / MANY:.0f} bytes a sample")
    print(
        f"show: {middle(s.cpu_s for s in show):.2f} CPU s    goal < 1; with the summary lost: {rebuilt.cpu_s:.2f} CPU s"
    )
