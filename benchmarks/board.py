"""The board on 50 runs, one of them with 1 or 10 million rows: first view, interactions, memory.

    python -m benchmarks.board [ROWS ...]       # 1,000,000 and 10,000,000 unless told otherwise

Pages are drawn by Streamlit's AppTest in a process of its own, so that its peak of memory is the board's. "First" is
what the first reader waits for after the run was written, "again" an interaction with the page open. Goals: first view
2 s; interactions 0.3 s on 1,000,000 rows, 1 s on 10,000,000; 600 MB.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MODELS, RUNS, SMALL = 10, 50, 400
GOALS = {1_000_000: 0.3, 10_000_000: 1.0}
_OLDER, _NEWER = 98, 99
"""Seeds of the two large runs of one suite; the older one has a tenth of the rows."""
_GROUP = 4_000
"""Rows that sealing writes at a time: small groups make a large footer, which every reader pays for."""
TASKS = ("refunds", "triage", "instructions", "mathematics")


def main(sizes: list[int] | None = None) -> None:
    """Make the runs, walk the pages, print."""
    for size in sizes or list(GOALS):
        with tempfile.TemporaryDirectory() as name:
            results = Path(name)
            for n in range(RUNS - 2):
                make_run(results, f"small-{n % 7}", SMALL, n)
            began = time.perf_counter()
            make_run(results, "large", size // 10, _OLDER)
            make_run(results, "large", size, _NEWER)
            print(f"\nboard: {RUNS} runs, the largest {size:,} rows (made in {time.perf_counter() - began:.0f} s)")
            command = [sys.executable, "-m", "benchmarks.board", "--walk", str(results)]
            walked = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
            if walked.returncode:
                print(walked.stderr[-3000:])
                raise SystemExit(1)
            shown = json.loads(walked.stdout.splitlines()[-1])
        goal = GOALS.get(size, 1.0)
        for what, first, again in shown["pages"]:
            slowest = max(first[0], again[0] if again else 0.0)
            late = "   over the goal" if slowest > (2.0 if again is None else goal) else ""
            print(f"  {what:40} first {_shown(first)}   again {_shown(again)}{late}")
        print(
            f"  peak memory {shown['peak_mb']:.0f} MB    goal < 600"
            f" (Python, Streamlit and its imports: {shown['base_mb']:.0f})"
        )


def _shown(seconds: list[float] | None) -> str:
    """On the clock, and of processors."""
    return "" if seconds is None else f"{seconds[0]:5.2f} s (CPU {seconds[1]:4.2f})"


def make_run(results: Path, suite: str, n_rows: int, seed: int) -> Path:
    """A sealed run of so many rows, laid out as sealing lays it out, written as columns: what weeks leave behind."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from evalkit.facts import RunFacts
    from evalkit.store import parts, runs
    from evalkit.store.summary import write_summary

    rng = np.random.default_rng(seed)
    models = [f"model-{m}" for m in range(MODELS)]
    gate = {"baseline": models[1], "candidates": [models[2]], "rules": [{"quality": "all", "margin": 0.02}]}
    facts = {
        "models": {m: {"model": m, "adapter": "openai_chat", "prices": None} for m in models},
        "tasks": {t: {"n": n_rows // MODELS // len(TASKS), "identity": {"messages": "m"}} for t in TASKS},
        "n_rows": n_rows,
        "suite_resolved": {"name": suite, "gate": gate},
    }
    folder = runs.create_run(results, suite, f"{seed:06d}abcdef", RunFacts.model_validate(facts))
    kept = {"compression": "zstd", "use_dictionary": list(parts.LOW_CARDINALITY)}
    rows_file = pq.ParquetWriter(parts.rows_path(folder, 1), parts.rows_schema(), **kept)
    texts_file = pq.ParquetWriter(parts.texts_path(folder, 1), parts.texts_schema(), **kept)
    step = 200_000
    with rows_file, texts_file:
        for start in range(0, n_rows, step):
            n = np.arange(start, min(start + step, n_rows))
            model, sample = n % MODELS, n // MODELS
            right = rng.random(n.size) < 0.6 + 0.03 * model
            columns: dict[str, Any] = {
                "model": pa.array(np.array(models)[model]),
                "task": pa.array(np.array(TASKS)[sample % len(TASKS)]),
                # Scattered as digests are: in order of size they would be found far too fast.
                "sample_digest": pa.array([f"{s * 0x9E3779B97F4A7C15 % 2**64:016x}{s:016x}" for s in sample.tolist()]),
                "sample_id": pa.array([f"s{s}" for s in sample]),
                "target_digest": pa.array(["t"] * n.size),
                "outcome": pa.array(np.where(right, "right", "wrong")),
                "score": right.astype(float),
                "started_at": 1.7e9 + n / 50,
                "ttft_s": rng.lognormal(-1.5, 0.4, n.size),
                "total_s": rng.lognormal(-0.5, 0.4, n.size),
                "queue_s": np.full(n.size, 0.01),
                "retry_s": np.zeros(n.size),
                "served_model": pa.array(np.array(models)[model]),
                **dict.fromkeys(("occurrence", "repeat"), np.zeros(n.size, dtype=np.int64)),
                **dict.fromkeys(("attempts",), np.ones(n.size, dtype=np.int64)),
                **dict.fromkeys(("input_tokens", "output_tokens"), np.full(n.size, 100, dtype=np.int64)),
                **dict.fromkeys(("cached", "critical"), np.zeros(n.size, dtype=bool)),
            }
            columns["cost_usd"] = pa.array([None] * n.size, parts.rows_schema().field("cost_usd").type)
            language = [[("language", "en" if s % 3 else "de")] for s in sample.tolist()]
            columns["slices"] = pa.array(language, parts.rows_schema().field("slices").type)
            texts = {name: columns[name] for name in (*parts.KEY_COLUMNS, "outcome")}
            texts["prompt"] = pa.array([f'[{{"role": "user", "content": "Ticket {s}: refund?"}}]' for s in sample])
            texts["text"] = pa.array(
                [f"Having read ticket {s}, I say {'yes' if r else 'no'}." for s, r in zip(sample, right, strict=True)]
            )
            for file, values, schema in (
                (rows_file, columns, parts.rows_schema()),
                (texts_file, texts, parts.texts_schema()),
            ):
                for batch in _table(values, schema, n.size).to_batches(max_chunksize=_GROUP):
                    file.write_batch(batch)
    runs.update_facts(folder, RunFacts(status="complete"))
    write_summary(folder)
    return folder


def _table(columns: dict[str, Any], schema: Any, n: int) -> Any:
    import pyarrow as pa

    arrays = []
    for field in schema:
        found = columns.get(field.name)
        arrays.append(pa.nulls(n, field.type) if found is None else pa.array(found).cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def walk(results: str) -> None:
    """Draw the pages and interact with them; prints the times as JSON."""
    import logging

    logging.disable(logging.WARNING)
    import altair  # noqa: F401 - `evalkit board` imports these before it listens
    import duckdb  # noqa: F401
    import pandas as pd  # noqa: F401
    import pyarrow.parquet as pq  # noqa: F401
    from streamlit.testing.v1 import AppTest

    import evalkit.stats.comparison  # noqa: F401
    from evalkit.board.app import few_arenas

    few_arenas()
    base = _peak_mb()
    times: list[tuple[str, tuple[float, float], tuple[float, float] | None]] = []

    def draw(what: str, page: str, interact: Any = None, **query: str) -> AppTest:
        at = AppTest.from_function(_page, kwargs={"name": page, "results": results}, default_timeout=600)
        for key, value in query.items():
            at.query_params[key] = value
        first = _timed(at.run)
        again = _timed(lambda: interact(at)) if interact else _timed(at.run)
        if at.exception:
            raise RuntimeError(at.exception[0].value)
        times.append((what, first, again))
        return at

    run, older = (_large(results, seed) for seed in (_NEWER, _OLDER))
    a, b = f"{run}:model-1", f"{run}:model-2"
    first = AppTest.from_function(_page, kwargs={"name": "leaderboard", "results": results}, default_timeout=600)
    times.append(("leaderboard, first view of 50 runs", _timed(first.run), None))
    of_large, both = {"suite": "large"}, {"a": a, "b": b}

    def pick(key: str, value: str) -> Any:
        return lambda at: at.selectbox(key=key).set_value(value).run()

    def write(key: str, value: str) -> Any:
        return lambda at: at.text_input(key=key).set_value(value).run()

    draw("leaderboard: search", "leaderboard", write("search", "model-3"), **of_large)
    draw("leaderboard: one task, and back", "leaderboard", pick("task", "all tasks"), **of_large, task="triage")
    draw("trade-off: another axis", "tradeoff", lambda at: at.selectbox(key="axis").select_index(2).run(), **of_large)
    draw("versus: two models", "versus", **both)
    draw("versus: only right to wrong", "versus", pick("change", "right to wrong"), **both)
    draw("versus: one task's flips", "versus", pick("in", "triage"), **both)
    draw("versus: one slice", "versus", pick("slice", "language = de"), **both)
    draw("versus: other models", "versus", pick("b", f"{run}:model-5"), **both)
    draw("versus: another run", "versus", pick("b", f"{older}:model-2"), **both)
    draw("versus: text search", "versus", write("text", "ticket 77,"), **both)
    draw("sample: first items", "sample", run=run)
    draw("sample: find by id", "sample", write("find", "s4242"), run=run)
    draw(
        "history: two runs, drift of 10 models",
        "history",
        pick("figure", "seconds to the first token, p50"),
        **of_large,
    )
    draw("gate: asked before deciding", "gate", run=run)
    draw("gate: decide (not an interaction)", "gate", lambda at: at.button[0].click().run(), run=run)
    draw("cost", "cost", run=run)
    draw("runs", "runs", run=run)
    print(json.dumps({"pages": times, "peak_mb": _peak_mb(), "base_mb": base}))


def _large(results: str, seed: int) -> str:
    return next(path.name for path in Path(results).iterdir() if path.name.endswith(f"{seed:06d}"))


def _page(name: str, results: str) -> None:
    from importlib import import_module
    from pathlib import Path

    from evalkit.results.reader import ResultsReader

    import_module(f"evalkit.board.{name}").render(ResultsReader(Path(results)))


def _timed(work: Any) -> tuple[float, float]:
    """Seconds on the clock, and of processors: on a busy machine only the second means something."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


def _peak_mb() -> float:
    """VmHWM rather than ru_maxrss, which a child inherits from whoever started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--walk"]:
        walk(sys.argv[2])
    else:
        main([int(size) for size in sys.argv[1:]] or None)
