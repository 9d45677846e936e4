"""Is the recorded time to first token the endpoint's own? 4,000 questions, lognormal latency, 256 in flight.

The endpoint keeps the moment each request was read and the moment its first content left. The error is the difference
of the distributions' p50 and p99: client minus endpoint. Goals: p50 within 5 ms; p99 at most 20 ms above what the bare
loop shows on the same job.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import EVALKIT, measure, middle, quantile, questions, suite
from evalkit.testing.fake_provider import Behaviour, FakeProvider

N, IN_FLIGHT, ROUNDS = 4_000, 256, 5


def main() -> None:
    """Measure and print one table."""
    errors: dict[str, list[tuple[float, float]]] = {"bare": [], "evalkit": []}
    lags: list[float] = []
    with (
        tempfile.TemporaryDirectory() as name,
        FakeProvider.in_process(Behaviour(latency_s=0.2, latency_sigma=0.5)) as provider,
    ):
        folder = Path(name)
        file = questions(N, folder / "q.jsonl")
        path = suite(folder, provider.base_url, N, in_flight=IN_FLIGHT)
        for _ in range(ROUNDS):
            provider.reset()
            out = folder / "bare.jsonl"
            measure(
                [sys.executable, "-m", "benchmarks.bare_loop", provider.base_url, str(file), str(out), str(IN_FLIGHT)]
            )
            seen = [json.loads(line)["ttft_s"] for line in out.open(encoding="utf-8")]
            errors["bare"].append(_error(seen, _truth(provider.account)))
            provider.reset()
            results = Path(tempfile.mkdtemp(dir=folder))
            measure([*EVALKIT, "run", str(path), "--no-cache", "--results", str(results)])
            errors["evalkit"].append(_error(_recorded(results), _truth(provider.account)))
            lags.append(json.loads(next(results.glob("*/run.json")).read_text())["client_lag"]["p99_s"])
    print(f"\nlatency truth: {N:,} questions, lognormal 200 ms, {IN_FLIGHT} in flight, median of {ROUNDS} rounds")
    print(f"{'':12}{'p50 error ms':>14}{'p99 error ms':>14}")
    for who, found in errors.items():
        print(f"{who:12}{middle(e[0] for e in found) * 1000:14.1f}{middle(e[1] for e in found) * 1000:14.1f}")
    above = (middle(e[1] for e in errors["evalkit"]) - middle(e[1] for e in errors["bare"])) * 1000
    print(
        f"p99 above the bare loop's: {above:+.1f} ms    goal <= +20; own lag recorded: p99 {middle(lags) * 1000:.1f} ms"
    )


def _truth(account: object) -> list[float]:
    return [r.ttft_s for r in account if r.ttft_s is not None]  # type: ignore[attr-defined]


def _recorded(results: Path) -> list[float]:
    import pyarrow.parquet as pq

    run = next(results.glob("*/run.json")).parent
    values = pq.read_table(sorted(run.glob("rows-*.parquet")), columns=["ttft_s"])["ttft_s"].to_pylist()
    return [value for value in values if value is not None]


def _error(client: list[float], endpoint: list[float]) -> tuple[float, float]:
    return (
        quantile(client, 0.5) - quantile(endpoint, 0.5),
        quantile(client, 0.99) - quantile(endpoint, 0.99),
    )
