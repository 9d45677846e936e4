"""kill -9 in the middle, then the same command: what is asked twice? And what does a run wholly from cache cost?

Goals: only requests in flight at the kill are sent again; the stored result equals an uninterrupted run's; 1,000
samples from cache cost under 1 CPU second beyond start-up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.harness import EVALKIT, folder_bytes, measure, middle, suite
from evalkit.testing.fake_provider import Behaviour, FakeProvider

N, IN_FLIGHT, ROUNDS = 1_000, 32, 5


def main() -> None:
    """Measure and print."""
    repeated: list[int] = []
    flying: list[int] = []
    cached: list[float] = []
    start: list[float] = []
    with tempfile.TemporaryDirectory() as name, FakeProvider.in_process(Behaviour(latency_s=0.1)) as provider:
        folder = Path(name)
        path = suite(folder, provider.base_url, N, in_flight=IN_FLIGHT)
        few = suite(folder, provider.base_url, 1, in_flight=IN_FLIGHT)
        for number in range(ROUNDS):
            provider.reset()
            results = folder / f"results-{number}"
            env = {"EVALKIT_CACHE": str(folder / f"cache-{number}")}
            command = [*EVALKIT, "run", str(path), "--results", str(results)]
            victim = subprocess.Popen(
                command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            while len(provider.account) < N * (0.3 + 0.1 * number):
                time.sleep(0.01)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            measure(command, env=env)
            asked = provider.account.asked()
            repeated.append(sum(count - 1 for count in asked.values()))
            flying.append(sum(1 for record in provider.account if record.cut))
            assert len(asked) == N, f"{len(asked)} of {N} questions were asked"
            cached.append(measure([*command, "--new"], env=env).cpu_s)
            start.append(measure([*EVALKIT, "run", str(few), "--results", str(results), "--new"], env=env).cpu_s)
            assert folder_bytes(results) > 0
    print(f"\nresume: {N:,} questions, {IN_FLIGHT} in flight, kill -9, then the same command; {ROUNDS} rounds")
    print(
        f"asked twice: {repeated} (in flight at the kill: at most {IN_FLIGHT}; cut off, as the endpoint saw: {flying})"
    )
    beyond = middle(c - s for c, s in zip(cached, start, strict=True))
    print(f"all {N:,} from cache: {middle(cached):.2f} CPU s, {beyond:.2f} beyond start-up    goal < 1")
