"""Twenty people at once on the board: 50 runs of a million rows each, every interaction through a WebSocket.

    python -m benchmarks.board_load [--rows 1000000] [--runs 50] [--people 20] [--think 1.0] [--seconds 120]

The server is `evalkit board` itself, in a process of its own. A person is a session as a browser opens it: it goes from
page to page, chooses tasks, models and filters, and thinks for a second or so in between. A time is what passes between
the browser's message and "script finished". One run is made and the others link to its files: to the board they are
different runs, with caches of their own. Goals: 95 % of interactions within 1 s, less than 1.5 GB. On a busy machine
only the processor's time of a view means something. It takes less than three minutes: some 20 s make the runs, and
after `--seconds` nobody begins another interaction (what was not reached is said). The people's own work takes
processors too, and is said.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.board import TASKS, make_run
from scripts.board_screenshots import board

SUITES = 10
P95_S, PEAK_MB = 1.0, 1500


def main() -> int:
    """Make the runs, let the people walk, print; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--think", type=float, default=1.0, help="seconds between two interactions, on average")
    parser.add_argument("--seconds", type=float, default=120.0, help="after which nobody begins another interaction")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        results = Path(name)
        names = _runs(results, args.runs, args.rows)
        loads = [os.getloadavg()[0]]
        with board(results) as url:
            server = _listening(int(url.rpartition(":")[2]))
            before = _cpu_s(server)
            mine, until = time.process_time(), time.monotonic() + args.seconds
            times = asyncio.run(_people(url, names, args.people, args.think, until))
            peak, cpu, mine = _peak_mb(server), _cpu_s(server) - before, time.process_time() - mine
        loads.append(os.getloadavg()[0])
    print(f"board: {args.people} people, {args.runs} runs of {args.rows:,} rows, {len(os.sched_getaffinity(0))} cores")
    print(f"  load before {loads[0]:.1f}, after {loads[1]:.1f}")
    for what, taken in times.items():
        print(f"  {what:34} n {len(taken):4}  p50 {statistics.median(taken):5.2f} s  p95 {_p95(taken):5.2f} s")
    every = [one for what, taken in times.items() if what != "first view" for one in taken]
    print(
        f"  {'every interaction':34} n {len(every):4}  p50 {statistics.median(every):5.2f} s  p95 {_p95(every):5.2f} s"
    )
    n_views, whole = len(every) + args.people, args.people * (1 + sum(1 for _ in _walk(random.Random(0), names)))
    print(f"  the server's processor time: {cpu / n_views:.2f} s a view; the people's {mine / n_views:.2f} s")
    if n_views < whole:
        print(f"  {n_views} of {whole} views were reached within {args.seconds:g} s")
    print(f"  goal p95 < {P95_S} s; peak memory {peak:.0f} MB, goal < {PEAK_MB}")
    return int(_p95(every) > P95_S or peak > PEAK_MB)


def _runs(results: Path, n: int, rows: int) -> dict[str, list[str]]:
    """Names of runs by suite, the newest first. All but the first are links to its parts, with facts of their own."""
    first = make_run(results, "suite-0", rows, 1)
    facts = json.loads((first / "run.json").read_text("utf-8"))
    facts.pop("checksum", None)
    names: dict[str, list[str]] = {"suite-0": [first.name]}
    for at in range(1, n):
        suite = f"suite-{at % SUITES}"
        folder = results / f"{suite}-{at:03d}"
        shutil.copytree(first, folder, copy_function=os.link)
        (folder / "run.json").unlink()
        began = f"2026-11-{28 - at // SUITES:02d}T10:00:00Z"
        mine = {
            **facts,
            "suite": suite,
            "started_at": began,
            "suite_resolved": {**facts["suite_resolved"], "name": suite},
        }
        (folder / "run.json").write_text(json.dumps(mine), "utf-8")
        names.setdefault(suite, []).append(folder.name)
    return names


def _walk(rng: random.Random, names: dict[str, list[str]]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(what, page, query) of one person: of the suite and the models that concern this person."""
    suite = rng.choice(list(names))
    run, task, model = rng.choice(names[suite]), rng.choice(TASKS), f"model-{rng.randrange(3, 10)}"
    a, b = f"{run}:model-1", f"{run}:{model}"
    yield "leaderboard of a suite", "", {"suite": suite}
    yield "leaderboard: one task", "", {"suite": suite, "task": task}
    yield "leaderboard: search", "", {"suite": suite, "task": task, "search": "model-"}
    yield "trade-off", "tradeoff", {"suite": suite}
    yield "trade-off: one task", "tradeoff", {"suite": suite, "task": task}
    yield "versus", "versus", {"a": a, "b": b}
    yield "versus: one task's changes", "versus", {"a": a, "b": b, "in": task, "change": "right to wrong"}
    yield "versus: other models", "versus", {"a": a, "b": f"{run}:model-2"}
    yield "sample", "sample", {"run": run}
    yield "cost", "cost", {"run": run}
    yield "history", "history", {"suite": suite}
    yield "runs", "runs", {"run": run}
    yield "leaderboard again", "", {"suite": suite}


async def _people(url: str, names: dict[str, list[str]], n: int, think: float, until: float) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    await asyncio.gather(*(_person(url, names, random.Random(seed), think, times, until) for seed in range(n)))
    return times


async def _person(
    url: str,
    names: dict[str, list[str]],
    rng: random.Random,
    think: float,
    times: dict[str, list[float]],
    until: float,
) -> None:
    import aiohttp

    await asyncio.sleep(rng.random() * think)
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(
            f"{url.replace('http', 'ws')}/_stcore/stream", origin=url, protocols=("streamlit",), max_msg_size=0
        ) as socket,
    ):
        told = asyncio.Queue[bytes]()
        # Read at all times: who thinks longer than the server waits for an answer to its ping would lose the session.
        reader = asyncio.create_task(_read(socket, told))
        try:
            pages = await _ask(socket, told, "first view", "", {}, {}, times)
            for what, page, query in _walk(rng, names):
                await asyncio.sleep(rng.expovariate(1 / think))
                if time.monotonic() > until:
                    return
                await _ask(socket, told, what, page, query, pages, times)
        finally:
            reader.cancel()


async def _read(socket: Any, told: asyncio.Queue[bytes]) -> None:
    async for message in socket:
        told.put_nowait(message.data)


async def _ask(
    socket: Any,
    received: asyncio.Queue[bytes],
    what: str,
    page: str,
    query: dict[str, str],
    pages: dict[str, str],
    times: dict[str, list[float]],
) -> dict[str, str]:
    """One interaction; the pages by address, as the server names them. Raises RuntimeError where the page fails."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    message = BackMsg()
    message.rerun_script.query_string = urllib.parse.urlencode(query)
    message.rerun_script.page_script_hash = pages.get(page, "")
    message.rerun_script.page_name = page if not pages else ""
    began, found, n = time.perf_counter(), dict(pages), 0
    await socket.send_bytes(message.SerializeToString())
    while True:
        told = ForwardMsg()
        told.ParseFromString(await asyncio.wait_for(received.get(), 300))
        kind = told.WhichOneof("type")
        if kind == "navigation":
            found = {one.url_pathname if not one.is_default else "": one.page_script_hash
                     for one in told.navigation.app_pages}  # fmt: skip
        elif kind == "delta":
            n += 1
            if told.delta.new_element.WhichOneof("type") == "exception":
                raise RuntimeError(f"{what}: {told.delta.new_element.exception.message}")
        elif kind == "script_finished" and told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            break
    if n < 5:
        raise RuntimeError(f"{what}: the page drew {n} elements only")
    times.setdefault(what, []).append(time.perf_counter() - began)
    return found


def _listening(port: int) -> int:
    """The process that listens on a port of loopback: the board's."""
    found = subprocess.run(["ss", "-ltnpH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return int(found.partition("pid=")[2].partition(",")[0])


def _peak_mb(process: int) -> float:
    return int(Path(f"/proc/{process}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def _cpu_s(process: int) -> float:
    """Seconds of processors that the process took, all its threads together."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _p95(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


if __name__ == "__main__":
    sys.exit(main())
