"""How long a gate takes on two stored runs: reading, pairing, rules, scan and report, in a process of its own.

    uv run python -m benchmarks.gate_scale --rows 100000

Goals (issue 4): 100,000 rows a run under 2 s, 1,000,000 under 10 s. Rows are made here, with 8 tasks and a slice of 5
values; the two runs stand in two folders, as a promoted baseline and a fresh candidate do.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SUITE = "scale"


def write_run(results: Path, name: str, model: str, n: int, accuracy: float, seed: int) -> Path:
    """A sealed run of n rows, written by columns: a million Row objects would take longer than the gate."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from evalkit.facts import RunFacts
    from evalkit.store import parts, runs

    identity = {"messages": ["x"], "scorer_version": 1}
    tasks = {f"task{k}": {"n": len(range(k, n, 8)), "identity": identity, "scorer": "exact"} for k in range(8)}
    rule = {"quality": "all", "margin": 0.02}
    gate = {"baseline": "baseline@base", "candidates": ["cand"], "rules": [rule], "scan": {"margin": 0.1}}
    facts = {
        "models": {model: {"adapter": "scripted", "model": model}},
        "tasks": tasks,
        "repeats": 1,
        "run_version": 1,
        "suite_resolved": {"gate": gate, "run": {"max_error_rate": 0.01, "seed": 0}},
    }
    folder = runs.create_run(results, name, "0" * 12, RunFacts.model_validate(facts))
    rng = np.random.default_rng(seed)
    at = np.arange(n)
    digest = [f"{(k * 2654435761) % 2**64:032x}" for k in at.tolist()]
    right = rng.random(n) < accuracy
    values = {
        "model": [model] * n,
        "task": [f"task{k % 8}" for k in at.tolist()],
        "sample_digest": digest,
        "target_digest": digest,
        "occurrence": np.zeros(n, dtype=np.int64),
        "repeat": np.zeros(n, dtype=np.int64),
        "sample_id": [str(k) for k in at.tolist()],
        "outcome": np.where(right, "right", "wrong").tolist(),
        "score": right.astype(float),
        "cached": np.zeros(n, dtype=bool),
        "critical": np.zeros(n, dtype=bool),
        "attempts": np.ones(n, dtype=np.int64),
        "ttft_s": rng.lognormal(-1, 0.5, n),
        "total_s": rng.lognormal(0, 0.5, n),
        "slices": [[("language", "deutsch" if k % 5 else "english")] for k in at.tolist()],
    }
    schema = parts.rows_schema()
    order = rng.permutation(n)
    columns = [
        pa.array(values[field.name], type=field.type) if field.name in values else pa.nulls(n, field.type)
        for field in schema
    ]
    table = pa.Table.from_arrays(columns, schema=schema).take(pa.array(order))
    pq.write_table(table, folder / "rows-1.parquet", compression="zstd")
    pq.write_table(parts.texts_schema().empty_table(), folder / "texts-1.parquet")
    runs.update_facts(folder, RunFacts(status="complete"))
    return folder


def measure(results: Path, n: int) -> tuple[float, float]:
    """(wall, CPU) seconds of `evalkit gate`, start-up included."""
    from evalkit.store import baselines

    base = write_run(results, "base", "base", n, 0.9, 1)
    candidate = write_run(results, "cand", "cand", n, 0.898, 2)
    baselines.promote(base, "base", name="base", by="b", why="w", baselines=results / "b", where=None, replace=False)
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "evalkit", "gate", str(candidate), "--results", str(results)]
    done = subprocess.run([*command, "--baselines", str(results / "b")], capture_output=True, text=True, check=False)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in {0, 1, 3}:
        raise SystemExit(done.stderr)
    print(done.stdout)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    given, _ = parser.parse_known_args(arguments)  # `python -m benchmarks` leaves the names of others there
    with tempfile.TemporaryDirectory() as folder:
        took, cpu = measure(Path(folder), given.rows)
    print(f"gate of two runs of {given.rows:,} rows each: {took:.2f} s, of CPU {cpu:.2f} s")


if __name__ == "__main__":
    main()
