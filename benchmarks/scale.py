"""100,000 samples: how memory grows, and what it costs to look at the run afterwards.

The same suite with 1,000 and with 100,000 questions; memory growth is the difference of the peaks. Goals: under 100 MB;
`evalkit show` under 1 CPU second.
"""

from __future__ import annotations

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
        peak, wall, size = {}, {}, {}
        for n in (FEW, MANY):
            results = folder / f"results-{n}"
            path = suite(folder, provider.base_url, n, in_flight=IN_FLIGHT)
            provider.reset()
            got = measure([*EVALKIT, "run", str(path), "--no-cache", "--results", str(results)], timeout_s=900)
            peak[n], wall[n], size[n] = got.peak_mb, got.wall_s, folder_bytes(results)
        show = [measure([*EVALKIT, "show", "latest", "--results", str(folder / f"results-{MANY}")]) for _ in range(3)]
        summary = next((folder / f"results-{MANY}").glob("*/summary.json"))
        summary.unlink()
        rebuilt = measure([*EVALKIT, "show", "latest", "--results", str(folder / f"results-{MANY}")])
    print(f"\nscale: {FEW:,} and {MANY:,} samples, {IN_FLIGHT} in flight")
    print(f"peak memory {peak[FEW]:.0f} -> {peak[MANY]:.0f} MB: grows by {peak[MANY] - peak[FEW]:.0f} MB    goal < 100")
    print(f"run {wall[MANY]:.0f} s; on disk {size[MANY] / MANY:.0f} bytes a sample")
    print(
        f"show: {middle(s.cpu_s for s in show):.2f} CPU s    goal < 1; with the summary lost: {rebuilt.cpu_s:.2f} CPU s"
    )
