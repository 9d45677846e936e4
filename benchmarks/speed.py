"""2,000 short questions, an endpoint that answers after 200 ms, 256 in flight: the whole command beside a bare loop.

`evalkit` plans, asks, scores, journals, seals and prints; the bare loop only asks and writes lines. Marginal CPU is the
slope between 2,000 and 6,000 questions, so what is paid once is not in it. Goals: wall at most 1.5 x, marginal CPU at
most 0.6 ms a request, first request within 0.6 s of the command's start, peak memory at most 150 MB, at most 1 KB a
sample on disk.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.harness import EVALKIT, Measured, folder_bytes, interleaved, measure, middle, questions, suite
from evalkit.testing.fake_provider import Behaviour, FakeProvider

N, MANY, IN_FLIGHT, ROUNDS = 2_000, 6_000, 256, 5


def main() -> None:
    """Measure and print one table."""
    with tempfile.TemporaryDirectory() as name, FakeProvider.in_process(Behaviour(latency_s=0.2)) as provider:
        folder = Path(name)
        files = {n: questions(n, folder / f"questions-{n}.jsonl") for n in (N, MANY)}
        suites = {n: suite(folder, provider.base_url, n, in_flight=IN_FLIGHT) for n in (N, MANY)}
        first_s: list[float] = []
        disk: list[float] = []

        def evalkit(n: int) -> Measured:
            provider.reset()
            results = Path(tempfile.mkdtemp(dir=folder))
            command = [*EVALKIT, "run", str(suites[n]), "--no-cache", "--results", str(results)]
            got = measure(command)
            if n == N:
                first_s.append(min(record.arrived_unix for record in provider.account) - got.started_at)
                disk.append(folder_bytes(results) / N)
            return got

        def bare(n: int) -> Measured:
            command = [sys.executable, "-m", "benchmarks.bare_loop", provider.base_url]
            return measure([*command, str(files[n]), str(folder / "bare.jsonl"), str(IN_FLIGHT)])

        got = interleaved(
            ROUNDS,
            {
                "bare": lambda: bare(N),
                "evalkit": lambda: evalkit(N),
                "bare many": lambda: bare(MANY),
                "evalkit many": lambda: evalkit(MANY),
            },
        )

    wall = {name: middle(m.wall_s for m in runs) for name, runs in got.items()}
    cpu = {name: middle(m.cpu_s for m in runs) for name, runs in got.items()}
    marginal = {who: (cpu[f"{who} many"] - cpu[who]) / (MANY - N) * 1000 for who in ("bare", "evalkit")}
    ratio = middle(e.wall_s / b.wall_s for e, b in zip(got["evalkit"], got["bare"], strict=True))
    print(f"\nspeed: {N:,} questions, 200 ms, {IN_FLIGHT} in flight, median of {ROUNDS} interleaved rounds")
    print(f"{'':12}{'wall s':>8}{'CPU s':>8}{'ms CPU/request':>16}{'peak MB':>9}")
    for who in ("bare", "evalkit"):
        peak = middle(m.peak_mb for m in got[who])
        print(f"{who:12}{wall[who]:8.2f}{cpu[who]:8.2f}{marginal[who]:16.3f}{peak:9.0f}")
    print(f"wall ratio (median of rounds)        {ratio:.2f}    goal <= 1.5")
    print(f"marginal CPU a request               {marginal['evalkit']:.2f} ms goal <= 0.6")
    print(f"first request after command's start  {middle(first_s):.2f} s  goal <= 0.6")
    print(f"bytes on disk a sample               {middle(disk):.0f}     goal <= 1024")
