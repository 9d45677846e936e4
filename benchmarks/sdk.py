"""What the SDK adapters add to the official SDKs: CPU of the same job, whole command beside the bare SDK.

The job of `speed`: 2,000 short questions, 200 ms, 256 in flight; the slope from 400 is the marginal figure.
evalkit's whole command (plan, scores, journal, Parquet, table) against the bare SDK. Goal: at most 1.15 x its CPU.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.harness import EVALKIT, Measured, interleaved, measure, middle, questions, suite
from evalkit.testing.fake_provider import Behaviour, FakeProvider

N, FEW, IN_FLIGHT, ROUNDS = 2_000, 400, 256, 5


def main() -> None:
    """Measure both SDKs and print one table."""
    with tempfile.TemporaryDirectory() as name, FakeProvider.in_process(Behaviour(latency_s=0.2)) as provider:
        folder = Path(name)
        files = {n: questions(n, folder / f"q-{n}.jsonl") for n in (N, FEW)}
        print(f"\nSDK adapters: {N:,} questions, {IN_FLIGHT} in flight, median of {ROUNDS} interleaved rounds")
        for sdk in ("openai", "anthropic"):
            base_url = provider.base_url if sdk == "openai" else provider.origin
            suites = {n: suite(folder, base_url, n, in_flight=IN_FLIGHT, adapter=sdk) for n in (N, FEW)}

            def evalkit(n: int, suites: dict[int, Path] = suites) -> Measured:
                results = tempfile.mkdtemp(dir=folder)
                return measure([*EVALKIT, "run", str(suites[n]), "--no-cache", "--results", results])

            def bare(n: int, sdk: str = sdk) -> Measured:
                command = [sys.executable, "-m", "benchmarks.bare_sdk", sdk, provider.base_url]
                return measure([*command, str(files[n]), str(IN_FLIGHT)])

            got = interleaved(
                ROUNDS,
                {
                    "bare": lambda bare=bare: bare(N),  # type: ignore[misc]
                    "evalkit": lambda evalkit=evalkit: evalkit(N),  # type: ignore[misc]
                    "bare few": lambda bare=bare: bare(FEW),  # type: ignore[misc]
                    "evalkit few": lambda evalkit=evalkit: evalkit(FEW),  # type: ignore[misc]
                },
            )
            cpu = {name: middle(m.cpu_s for m in runs) for name, runs in got.items()}
            slope = {who: (cpu[who] - cpu[f"{who} few"]) / (N - FEW) * 1000 for who in ("bare", "evalkit")}
            print(
                f"{sdk:10} CPU s: bare {cpu['bare']:.2f}, evalkit {cpu['evalkit']:.2f}, "
                f"ratio {cpu['evalkit'] / cpu['bare']:.2f} (goal <= 1.15); "
                f"ms a request: {slope['bare']:.2f} -> {slope['evalkit']:.2f}"
            )
