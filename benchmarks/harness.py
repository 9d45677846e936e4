"""One measured command: wall seconds, CPU seconds, peak memory; and the jobs that are given to every contender."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

EVALKIT = (sys.executable, "-m", "evalkit")
WORDS = ("river", "stone", "market", "garden", "engine", "window", "letter", "bridge", "copper", "silver", "planet")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process cost."""

    wall_s: float
    cpu_s: float
    """User and system time of the process and its children."""
    peak_mb: float
    started_at: float
    """Unix time just before the process was started."""
    stdout: str


def measure(command: Sequence[str], *, env: dict[str, str] | None = None, timeout_s: float = 300.0) -> Measured:
    """Run a command to its end, children included. Raises RuntimeError with its output when it fails."""
    started_at, start = time.time(), time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})}, text=True
    )
    killer = threading.Timer(timeout_s, process.kill)
    killer.start()
    texts = {}
    readers = [threading.Thread(target=_read, args=(process, name, texts)) for name in ("stdout", "stderr")]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    _, status, usage = os.wait4(process.pid, 0)  # this process's own usage; Popen.wait would throw it away
    wall_s = time.perf_counter() - start
    killer.cancel()
    process.returncode = code = os.waitstatus_to_exitcode(status)
    if code != 0:
        raise RuntimeError(f"{' '.join(command)} exited {code}:\n{texts['stderr'][-3000:]}\n{texts['stdout'][-1000:]}")
    return Measured(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, started_at, texts["stdout"])


def _read(process: subprocess.Popen[str], name: str, texts: dict[str, str]) -> None:
    texts[name] = getattr(process, name).read()


def questions(n: int, path: Path) -> Path:
    """`n` short four-option questions as JSONL, the same for every contender."""
    rng = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for number in range(n):
            choices = rng.sample(WORDS, 4)
            question = f"Question {number}: which of these words did I pick after {rng.choice(WORDS)}?"
            file.write(json.dumps({"id": f"q{number}", "question": question, "choices": choices, "answer": 1}) + "\n")
    return path


def suite(
    folder: Path, base_url: str, n: int, *, in_flight: int, adapter: str = "openai_chat", model: str = "fake"
) -> Path:
    """A suite of `n` questions for one model at `base_url`."""
    questions(n, folder / f"questions-{n}.jsonl")
    path = folder / f"{adapter}-{n}-{in_flight}.yaml"
    path.write_text(
        f"""name: bench-{adapter.replace("_", "-")}-{n}
models:
  fake: {{adapter: {adapter}, model: {model}, base_url: "{base_url}"}}
tasks:
  - name: questions
    data: {{path: questions-{n}.jsonl, id: id}}
    prompt: |-
      {{{{ question }}}}
      {{{{ options }}}}
      Reply with the letter only.
    choices: "{{{{ choices }}}}"
    target: "{{{{ letters[answer] }}}}"
    score: choice
    settings: {{max_output_tokens: 64}}
run: {{in_flight: {in_flight}}}
""",
        encoding="utf-8",
    )
    return path


def interleaved(rounds: int, contenders: dict[str, Callable[[], Measured]]) -> dict[str, list[Measured]]:
    """Every contender once a round, in turn, so that a busy minute hits them alike."""
    measured: dict[str, list[Measured]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            measured[name].append(contender())
    return measured


def middle(values: Iterable[float]) -> float:
    """The median."""
    return median(values)


def folder_bytes(folder: Path) -> int:
    """Bytes of all files under a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def quantile(values: Sequence[float], q: float) -> float:
    """Linear-interpolation quantile of a non-empty sequence."""
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
