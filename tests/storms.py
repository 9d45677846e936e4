"""Storms of kills over one run: start it, kill it at a chosen phase, tear its journal, and go on until it is whole.

    told = storm(tmp_path, n_kills=10, seed=1)     # raises AssertionError where anything was lost or bought too often

Used by `tests/test_kill_storms.py` (10 kills) and `make soak` (60 kills).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from evalkit.store import runs
from evalkit.store.damage import damage
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.judges_world import candidates, judgments, model, write_suite

IN_FLIGHT = 4
PHASES = ("start", "run", "judge", "seal", "told")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP)
_HOPELESS_S = 60.0


def storm(folder: Path, *, n_kills: int, seed: int, n: int = 40) -> dict[str, object]:
    """Kill one judged run again and again, then let it end; figures of what happened.

    Every item has to be there once and rightly marked, nothing left behind, no traceback said, and no request made
    more often than kills may excuse.
    """
    rng = random.Random(seed)
    kills: Counter[str] = Counter()
    n_torn = n_runs = 0
    asked = Behaviour(reply="right", latency_s=0.02)
    judging = Behaviour(reply="[[10]]", latency_s=0.02)
    with FakeProvider.in_thread(asked) as provider, FakeProvider.in_thread(judging) as judge:
        models, judges = model("gpt", provider.base_url), model("strict", judge.base_url, id="j")
        suite = write_suite(folder, models, judges, n=n)
        results = folder / "results"
        for number in range(n_kills):
            phase, number_of = (
                PHASES[number % len(PHASES)],
                SIGNALS[(seed + number + number // len(PHASES)) % len(SIGNALS)],
            )
            kills[f"{phase} {number_of.name}"] += 1
            process = _start(suite, results)
            n_runs += 1
            _wait(_reached(phase, results, process, rng), process)
            said = _kill(process, number_of)
            assert "Traceback" not in said, said
            assert process.returncode != 70, said
            if rng.random() < 0.4:
                n_torn += _tear(results, rng)
        process = _start(suite, results)
        _, said = process.communicate(timeout=_HOPELESS_S * 2)
        assert process.returncode == 0, said
        n_asked, n_judged = len(provider.account), len(judge.account)
    _whole(results, n)
    finished = len(list(results.glob("*/run.json")))
    # A kill excuses what was in flight, and a torn journal one line; a run that was whole and told is another run.
    excused = n_kills * IN_FLIGHT + n_torn
    assert n_asked <= n * finished + excused, f"{n_asked} requests for {n} items in {finished} runs"
    assert n_judged <= n * finished + excused, f"{n_judged} judgments for {n} items in {finished} runs"
    return {
        **{"kills": n_kills, "torn": n_torn, "runs": finished, "requests": n_asked, "judgments": n_judged},
        "excused": excused,
    }


def _start(suite: Path, results: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "evalkit", "run", str(suite), "--results", str(results), "--no-cache"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def _reached(phase: str, results: Path, process: subprocess.Popen[str], rng: random.Random) -> Callable[[], bool]:
    """When to kill: a moment after the phase has begun."""
    later = time.monotonic() + rng.uniform(0.05, 1.5)
    lines = rng.randrange(1, 12)

    def newest() -> Path | None:
        found = sorted(results.glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
        return found[-1].parent if found else None

    def journaled(folder: Path | None) -> int:
        sizes = [] if folder is None else [p.read_bytes().count(b"\n") for p in folder.glob("journal-*.jsonl")]
        return sum(sizes)

    def reached() -> bool:
        folder = newest()
        if phase == "start":
            return time.monotonic() >= later
        if phase == "run":
            return journaled(folder) >= lines
        if phase == "judge":
            return folder is not None and journaled(folder / "judging") >= lines
        if phase == "seal":
            return folder is not None and bool([*folder.glob(".rows-*"), *folder.glob(".texts-*")])
        return folder is not None and runs.read_facts(folder).get(runs.TOLD) is False

    return reached


def _wait(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + _HOPELESS_S
    while process.poll() is None and time.monotonic() < until:
        try:
            if reached():
                return
        except (OSError, ValueError, runs.StoreError):
            pass  # it is being written or moved right now
        time.sleep(0.001)


def _kill(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Send the signal and see the process end; what it said. A stopped one is killed after a moment, as by a reboot."""
    if process.poll() is None:
        process.send_signal(number)
    if number is signal.SIGSTOP:
        time.sleep(0.05)
        process.kill()
    try:
        return process.communicate(timeout=_HOPELESS_S)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"{number.name} did not end the run: {process.communicate()[1]}") from None


def _tear(results: Path, rng: random.Random) -> int:
    """Cut the end of a journal off, or leave half a line there; how many lines that may cost."""
    journals = [path for path in results.glob("**/journal-*.jsonl") if path.stat().st_size > 0]
    if not journals:
        return 0
    path = rng.choice(journals)
    if rng.random() < 0.5:
        with path.open("ab") as file:
            file.write(b'{"task": "talk", "sample_id": "q')
        return 0
    with path.open("r+b") as file:
        file.truncate(max(0, path.stat().st_size - rng.randrange(1, 40)))
    return 1


def _whole(results: Path, n: int) -> None:
    """Every run that says complete holds every item once, judged; the folders hold nothing that was left behind."""
    assert not list(results.glob(".new-*"))
    complete = [info for info in runs.list_runs(results) if info.status == "complete"]
    assert complete, "at least the last one ended"
    for info in complete:
        found = candidates(info.path)
        assert len({row.key for row in found}) == len(found) == n
        assert all(row.outcome in {"right", "scored"} for row in found), Counter(str(row.outcome) for row in found)
        assert len(judgments(info.path)) == n
        assert not list(info.path.glob("**/journal-*.jsonl"))
        assert not list(info.path.glob("**/.*.tmp"))
        assert damage(info.path) is None
        assert len(list(rows_of(info.path))) == n
