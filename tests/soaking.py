"""Long runs with faults: memory and open files of a run must stay flat. `make soak` is this module as a command.

uv run python -m tests.soaking --requests 200000 --kills 60       # some ten minutes
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.storms import storm
from tests.world import write_suite

FAULTS = {"500": 0.02, "529": 0.01, "drop": 0.01, "drop_mid": 0.01, "malformed": 0.005, "end_mid": 0.005, "429": 0.01}


@dataclass(frozen=True, slots=True)
class Soaked:
    """What a run looked like from outside, four times a second."""

    n_items: int
    n_requests: int
    code: int
    took_s: float
    rss_mb: tuple[float, ...]
    open_files: tuple[int, ...]

    def grown_mb(self) -> float:
        """Growth of the resident memory between the end of the first third and the end, in MB (medians)."""
        third = max(1, len(self.rss_mb) // 3)
        return _median(self.rss_mb[-third:]) - _median(self.rss_mb[third : 2 * third])

    def most_files(self) -> tuple[int, int]:
        """The most open files in the first half, and in the second."""
        half = max(1, len(self.open_files) // 2)
        return max(self.open_files[:half]), max(self.open_files[half:], default=0)


def soak(folder: Path, n: int, *, in_flight: int = 64) -> Soaked:
    """Ask n items of a provider that fails in one of ten cases, in a process of its own, and watch it."""
    behaviour = Behaviour(reply="B", faults=FAULTS)
    with FakeProvider.in_process(behaviour, max_seconds=3600) as provider:
        suite = write_suite(folder, provider.base_url, n=n, in_flight=in_flight, run="timeout_s: 120")
        command = [sys.executable, "-m", "evalkit", "run", str(suite), "--results", str(folder / "results")]
        began = time.monotonic()
        process = subprocess.Popen([*command, "--no-cache"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        memory: list[float] = []
        files: list[int] = []
        size, last = 0, None
        while process.poll() is None:
            time.sleep(0.25)
            size, before = _journaled(folder), size
            if last is not None and size > before:  # answers still came after that look: it saw no sealing
                memory.append(last[0])
                files.append(last[1])
            last = _look(process.pid)
        took_s = time.monotonic() - began
        n_requests = len(provider.account)
    return Soaked(n, n_requests, process.returncode, took_s, tuple(memory), tuple(files))


def _journaled(folder: Path) -> int:
    """Bytes of the journals; sealing, which has a memory of its own, takes them away."""
    total = 0
    for path in folder.glob("results/*/journal-*.jsonl"):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _look(pid: int) -> tuple[float, int] | None:
    """Resident MB and open files of a process; None once it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        n_files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except (OSError, ValueError):
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), None)
    return None if line is None else (int(line.split()[1]) / 1024, n_files)


def _median(values: tuple[float, ...]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def main() -> None:
    """The command: figures as JSON, exit 1 where something was lost or grew."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=60)
    asked = parser.parse_args()
    fine = True
    if asked.kills:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(storm(Path(folder), n_kills=asked.kills, seed=7)), flush=True)
    if asked.requests:
        with tempfile.TemporaryDirectory() as folder:
            seen = soak(Path(folder), asked.requests)
        fine = seen.code in {0, 4} and seen.grown_mb() < 50 and seen.most_files()[1] <= seen.most_files()[0] + 16
        told = {"items": seen.n_items, "requests": seen.n_requests, "exit": seen.code, "seconds": round(seen.took_s)}
        peak = max(seen.rss_mb, default=0.0)
        told |= {"rss_peak_mb": round(peak), "rss_grown_mb": round(seen.grown_mb()), "files": list(seen.most_files())}
        print(json.dumps(told), flush=True)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
