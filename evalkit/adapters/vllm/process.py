"""One `vllm serve` process: started on loopback, watched, stopped whatever happens.

    process = VllmProcess(Launch(executable, ["/weights", "--dtype=float32"], port, key), log)
    await process.start(1800, note)       # returns when /health answers; raises Unfit with the reason in its log
    process.alive; await process.stop()

The key goes by the environment, never on the command line, where every user of the machine could read it. A server
that a killed evalkit left behind is found by its note in the cache folder and stopped by the next one.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from evalkit import child
from evalkit.adapters.vllm.child import environment, keep_log, make_home, secrets_of
from evalkit.errors import Unfit
from evalkit.reading import open_to_read, read_file
from evalkit.store.cache_folder import cache_folder

TELL_EVERY_S = 10.0
STOP_S = 20.0
"""How long a server may take to end by itself before it is killed."""
LOG_S = 2.0
"""How long the last lines of its log may take."""
_MOST_ENDING = 40_000
"""Bytes of a log's end that are looked at."""
_REASONS = (
    (r"address already in use", "its port was taken by another program; run the same command again"),
    (
        r"CUDA out of memory|OutOfMemoryError|No available memory for the cache blocks|desired (GPU|CPU) memory util"
        r"|larger than the maximum number of tokens|VLLM_CPU_KVCACHE_SPACE|less than desired",
        "there is not enough memory: lower max_model_len or gpu_memory_utilization, raise tensor_parallel_size, choose "
        "a quantization, or stop what else uses the GPU (on a CPU, set VLLM_CPU_KVCACHE_SPACE to a few GiB)",
    ),
    (
        r"not a valid model identifier|Repository Not Found|RepositoryNotFoundError|OfflineModeIsEnabled|LocalEntryNot"
        r"|couldn't connect to|is not a local folder",
        "the model is not on this machine and could not be fetched: check its name, or download it once with network",
    ),
    (r"gated repo|GatedRepo|401 Client Error", "the model needs a licence to be accepted on the hub, and HF_TOKEN"),
    (
        r"Failed to infer device type|No CUDA GPUs|no NVIDIA driver|CUDA driver version",
        "vLLM found no device that it can use: `nvidia-smi` shows GPUs; the CPU build is vllm-cpu (see docs)",
    ),
    (r"World size .* is larger|tensor_parallel_size.*(GPU|devices)", "there are fewer GPUs than tensor_parallel_size"),
    (r"unrecognized arguments|invalid choice|ValidationError", "this vLLM does not know one of the flags under serve"),
)


@dataclass(frozen=True, slots=True)
class Launch:
    """What is started."""

    executable: str
    arguments: list[str]
    port: int
    key: str
    model: str
    """How the suite calls it, for messages."""
    from_hub: bool = False
    """The weights are named, not a folder: the server may have to fetch them."""


class VllmProcess:
    """One server. `start` may be called again after it died: it comes back on the same port with the same key."""

    def __init__(self, launch: Launch, log: Path) -> None:
        self.launch = launch
        self.log = log
        self._process: child.Process[bytes] | None = None
        self._log: threading.Thread | None = None
        self._note: Path | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.launch.port}"

    async def start(self, timeout_s: float, tell: Callable[[str], None]) -> float:
        """Start and wait for /health; the seconds it took. Raises Unfit, with the server stopped."""
        began = time.monotonic()
        self._spawn()
        try:
            await self._healthy(began + timeout_s, began, tell)
        except BaseException:
            await asyncio.shield(self.stop())
            raise
        return time.monotonic() - began

    async def stop(self) -> None:
        """End the server and its children; safe to call at any time."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            with suppress(ProcessLookupError):
                process.terminate()
            deadline = time.monotonic() + STOP_S
            while process.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110  # a process sets no event
                await asyncio.sleep(0.1)
        child.end_group(process.pid)
        await asyncio.to_thread(process.wait)
        self._process = None
        if self._log is not None:
            await asyncio.to_thread(self._log.join, LOG_S)
        if self._note is not None:
            self._note.unlink(missing_ok=True)

    async def recovers(self) -> bool:
        """Whether a server that dropped a connection answers again; False once it is dead, or mute for 20 s.

        An engine that broke takes its server along, but not in the same moment.
        """
        deadline = time.monotonic() + STOP_S
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while self.alive and time.monotonic() < deadline:
                if await self._answers(session):
                    return True
                await asyncio.sleep(0.25)
        return False

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with session.get(f"{self.root}/health") as reply:
                return reply.status == 200
        return False

    def ending(self) -> str:
        """The last lines of the server's log that say something, with the way out where it is known."""
        try:
            with open_to_read(self.log) as file:
                file.seek(max(0, self.log.stat().st_size - _MOST_ENDING))
                text = file.read(_MOST_ENDING).decode("utf-8", "replace")
        except OSError:
            return "its log cannot be read"
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if re.search(r"\b\w*(Error|Exception)\b: |error: ", line)]
        errors = [line for line in errors if "EngineDeadError" not in line and "INFO:" not in line] or errors
        said = re.sub(
            r"^\(.*?pid=\d+\)\s*(ERROR [\d-]+ [\d:]+ \[[^\]]*\]\s*)?", "", (errors or lines or ["nothing"])[-1]
        )
        known = next((way for pattern, way in _REASONS if re.search(pattern, text, re.IGNORECASE)), None)
        return f"{known} (it said: {said[:300]})" if known else f"it said: {said[:400]}"

    def _spawn(self) -> None:
        sweep()
        given = environment(self.launch.key, from_hub=self.launch.from_hub)
        make_home(given)
        command = [self.launch.executable, "serve", *self.launch.arguments]
        try:
            self._process = child.start(command, stdout=child.PIPE, stderr=child.STDOUT, environment=given)
        except child.ChildFailed as error:
            raise Unfit(f"models.{self.launch.model}: {error} ({self.launch.executable})") from error
        assert self._process.stdout is not None
        self._log = keep_log(self._process.stdout, self.log, secrets_of(given))
        self._note = _remember(self._process.pid, self.launch)

    async def _healthy(self, deadline: float, began: float, tell: Callable[[str], None]) -> None:
        told = began
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while True:
                if not self.alive:
                    if self._log is not None:
                        await asyncio.to_thread(self._log.join, LOG_S)
                    raise Unfit(
                        f"models.{self.launch.model}: vllm serve ended before it was ready: {self.ending()}. "
                        f"{self._see()}"
                    )
                if await self._answers(session):
                    return
                now = time.monotonic()
                if now > deadline:
                    raise Unfit(
                        f"models.{self.launch.model}: vllm serve was not ready after {deadline - began:.0f} s (serve: "
                        f"startup_timeout_s): {self.ending()}. {self._see()}"
                    )
                if now - told >= TELL_EVERY_S:
                    told = now
                    tell(f"{self.launch.model}: vllm serve is starting, {now - began:.0f} s; its log: {self.log}")
                await asyncio.sleep(0.25)

    def _see(self) -> str:
        return f"Its log: {self.log}"


def free_port() -> int:
    """A port of loopback that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def sweep() -> list[int]:
    """Stop servers whose evalkit is gone (killed); the process ids that were stopped."""
    stopped = []
    for note in _notes().glob("*.json"):
        try:
            known = json.loads(read_file(note, most=_MOST_ENDING))
            pid, born = int(known["pid"]), str(known["born"])
            owner, owner_born = int(known["owner"]), str(known["owner_born"])
        except (OSError, ValueError, KeyError, TypeError):
            note.unlink(missing_ok=True)
            continue
        if _born(owner) == owner_born:
            continue  # its evalkit is at work
        if _born(pid) == born:
            child.end_group(pid)
            stopped.append(pid)
        note.unlink(missing_ok=True)
    return stopped


def _remember(pid: int, launch: Launch) -> Path:
    folder = _notes()
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"{pid}.json"
    known = {
        "pid": pid,
        "born": _born(pid),
        "owner": os.getpid(),
        "owner_born": _born(os.getpid()),
        "port": launch.port,
    }
    note.write_text(json.dumps(known), encoding="utf-8")
    return note


def _notes() -> Path:
    return cache_folder() / "servers"


def _born(pid: int) -> str | None:
    """When a process began, in ticks since boot: with its id it names one process for ever. None where it is gone."""
    try:
        stat = read_file(Path(f"/proc/{pid}/stat")).decode("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]
