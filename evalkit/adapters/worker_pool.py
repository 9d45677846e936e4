"""Programs that answer one line of JSON for each line that they read, kept alive between requests.

    pool = WorkerPool(Program(argv, environment, "worker.py"), workers=2, idle_s=120)
    reply, sent_at, ended_at = await pool.ask({"prompt": "..."})     # {"id": 1, "prompt": ..} -> {"id": 1, "text": ..}

Each worker is a child process of `evalkit.child`, in a process group of its own. Whatever goes wrong (no reply in time,
a line that is no JSON, a line without end, an interrupted run) ends the whole group; the next request starts another.
What a program writes to its standard error is kept for messages, as far as a person reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import orjson

from evalkit import child
from evalkit.adapters.http_errors import Where
from evalkit.adapters.reply_fields import parsed, text_limit
from evalkit.errors import BadReply, ConnectionFailed, Rejected, Stalled, Unfit
from evalkit.text.secrets import without_keys

MOST_LINE_BYTES = 32 * 2**20
"""Of one reply: a text of 16 MiB with escapes."""
_ERRORS_KEPT = 2_000
"""Bytes of standard error that a message may quote from, the latest ones."""
_START_S = 60.0
_END_S = 2.0


@dataclass(frozen=True, slots=True)
class Program:
    """What is started, and how it speaks."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    title: str
    """For messages: `worker.py`."""
    greets: bool = False
    """Whether its first line says that it is ready, or why it is not."""


@dataclass(eq=False, slots=True)
class _Worker:
    """One process."""

    process: child.Process[bytes]
    lines: asyncio.StreamReader
    input: asyncio.WriteTransport
    pumps: list[asyncio.Task[None]] = field(default_factory=list)
    waiting: dict[int, asyncio.Future[dict[str, object]]] = field(default_factory=dict)
    said: bytearray = field(default_factory=bytearray)
    """The latest of its standard error."""
    said_more: bool = False
    """Whether it wrote more than is kept."""
    transports: list[asyncio.BaseTransport] = field(default_factory=list)
    gone: BaseException | None = None
    ending: asyncio.Task[None] | None = None

    async def end(self, *, within_s: float = 0.0) -> None:
        """Kill its process group, if it does not end by itself before, and wait for it; once."""
        if self.ending is None:
            self.ending = asyncio.create_task(asyncio.to_thread(child.end, self.process, within_s=within_s))
        await asyncio.shield(self.ending)


class WorkerPool:
    """Workers of one program, started when the first request is due; inside one running loop."""

    def __init__(self, program: Program, where: Where, *, workers: int, at_once: int, idle_s: float) -> None:
        """`at_once`: requests that one worker gets before it has answered; its replies then need their `id`."""
        self._program, self._where, self._idle_s = program, where, idle_s
        self._places = [index for index in range(workers) for _ in range(at_once)]
        self._free: asyncio.Queue[int] | None = None
        self._workers: dict[int, _Worker] = {}
        self._starting: dict[int, asyncio.Lock] = {}
        self._n = 0

    async def ask(self, record: Mapping[str, object]) -> tuple[dict[str, object], float, float]:
        """(the reply, when it was asked, when the reply was there), by `time.perf_counter()`.

        Waiting for a free worker, or for its start, is not asking. Raises a RequestError.
        """
        index = await self._queue().get()
        try:
            worker = await self._alive(index)
            return await self._asked(index, worker, record)
        finally:
            self._queue().put_nowait(index)

    async def ask_once(self, record: Mapping[str, object]) -> tuple[bytes, float, float]:
        """(all that it writes, when it was started, when it had ended), of a program that is started for one request
        and reads its input to the end. Raises a RequestError."""
        index = await self._queue().get()
        sent_at = perf_counter()
        try:
            worker = await self._start(in_lines=False)
            try:
                async with asyncio.timeout(self._idle_s):
                    worker.input.write(self._line(record))
                    worker.input.close()
                    out = await self._all(worker)
                    await worker.end(within_s=_END_S)
            except TimeoutError as error:
                raise self._silent(worker) from error
            finally:
                await worker.end()
                await _put_away(worker)
        finally:
            self._queue().put_nowait(index)
        ended_at = perf_counter()
        if (code := worker.process.returncode) != 0:
            broke = ConnectionFailed(
                f"models.{self._where.name}: {self._program.title} ended with exit status {code}{self._quoted(worker)}"
            )
            broke.begun = True  # perhaps at what its model had answered
            raise broke
        return out, sent_at, ended_at

    async def aclose(self) -> None:
        """End every worker: its input is closed, and what does not end by itself is killed. A second call does
        nothing."""
        for index in list(self._workers):
            worker = self._workers.pop(index)
            worker.gone = worker.gone or ConnectionFailed(f"models.{self._where.name}: the run is over")
            worker.input.close()
            await worker.end(within_s=_END_S)
            await _put_away(worker)

    def _queue(self) -> asyncio.Queue[int]:
        """Places that are free, of the running loop."""
        if self._free is None:
            self._free = asyncio.Queue()
            for index in self._places:
                self._free.put_nowait(index)
        return self._free

    def _line(self, record: Mapping[str, object]) -> bytes:
        try:
            return orjson.dumps(record) + b"\n"
        except TypeError as error:
            raise Rejected(f"models.{self._where.name}: the request is no valid JSON: {error}", sent=False) from error

    async def _all(self, worker: _Worker) -> bytes:
        """Everything up to the end. Raises BadReply for more than a reply may have."""
        pieces: list[bytes] = []
        total = 0
        while piece := await worker.lines.read(2**16):
            pieces.append(piece)
            total += len(piece)
            if total > MOST_LINE_BYTES:
                raise BadReply(f"models.{self._where.name}: {self._program.title} wrote without end")
        return b"".join(pieces)

    def _silent(self, worker: _Worker) -> Stalled:
        return Stalled(
            f"models.{self._where.name}: {self._program.title} said nothing for {self._idle_s:g} s "
            f"(run.idle_timeout_s), and was ended{self._quoted(worker)}"
        )

    async def _asked(
        self, index: int, worker: _Worker, record: Mapping[str, object]
    ) -> tuple[dict[str, object], float, float]:
        self._n += 1
        number = self._n
        line = self._line({"id": number, **record})
        reply: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        worker.waiting[number] = reply
        sent_at = perf_counter()
        try:
            worker.input.write(line)
            async with asyncio.timeout(self._idle_s):
                told = await reply
        except TimeoutError as error:
            await self._kill(index, worker)
            raise self._silent(worker) from error
        except (asyncio.CancelledError, BadReply, ConnectionFailed) as error:
            await self._kill(index, worker)
            if isinstance(error, ConnectionFailed):
                error.begun = True  # perhaps at what its model had answered
            raise
        finally:
            worker.waiting.pop(number, None)
        return told, sent_at, perf_counter()

    async def _alive(self, index: int) -> _Worker:
        async with self._starting.setdefault(index, asyncio.Lock()):
            worker = self._workers.get(index)
            if worker is not None and worker.gone is None:
                return worker
            if worker is not None:
                await self._kill(index, worker)
            self._workers[index] = worker = await self._start()
            if self._program.greets:
                await self._greeted(index, worker)
            return worker

    async def _start(self, *, in_lines: bool = True) -> _Worker:
        program = self._program
        try:
            process = child.start(
                program.argv,
                stdin=child.PIPE,
                stdout=child.PIPE,
                stderr=child.PIPE,
                environment=program.environment,
            )
        except child.ChildFailed as error:
            raise Unfit(f"models.{self._where.name}: {self._where.clean(str(error))}", sent=False) from error
        loop = asyncio.get_running_loop()
        lines = asyncio.StreamReader(limit=min(MOST_LINE_BYTES, 2 * text_limit()))
        errors = asyncio.StreamReader(limit=2**16)
        read, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), process.stdout)
        heard, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(errors), process.stderr)
        written, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        worker = _Worker(process, lines, written)
        worker.transports = [read, heard, written]
        worker.pumps = [loop.create_task(_listen(worker, errors))]
        if in_lines:
            worker.pumps.append(loop.create_task(self._read(worker)))
        return worker

    async def _greeted(self, index: int, worker: _Worker) -> None:
        """Wait until it says that it is ready. Raises Rejected with its reason."""
        ready: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        worker.waiting[0] = ready
        try:
            async with asyncio.timeout(_START_S):
                told = await ready
        except TimeoutError as error:
            await self._kill(index, worker)
            why = f"{self._program.title} was not ready within {_START_S:g} s{self._quoted(worker)}"
            raise Unfit(f"models.{self._where.name}: {why}", sent=False) from error
        except (BadReply, ConnectionFailed, asyncio.CancelledError):
            await self._kill(index, worker)
            raise
        if told.get("ready") is not True:
            await self._kill(index, worker)
            why = self._where.clean(without_keys(str(told.get("error"))))
            raise Unfit(f"models.{self._where.name}: {why}", sent=False)

    async def _read(self, worker: _Worker) -> None:
        """Hands each line to whoever waits for it; the end, or a line that is none, ends all of them."""
        why: BadReply | ConnectionFailed
        try:
            while line := await worker.lines.readline():
                if line.strip():
                    self._hand_out(worker, line)
            why = ConnectionFailed(f"models.{self._where.name}: {self._program.title} ended before it answered")
        except ValueError:  # asyncio's word for a line beyond the limit
            why = BadReply(f"models.{self._where.name}: {self._program.title} wrote a line without end")
        except BadReply as error:
            why = error
        if isinstance(why, ConnectionFailed):
            await worker.end(within_s=_END_S)
            await asyncio.sleep(0)  # what it said last is read
            why = ConnectionFailed(f"{why} (exit status {worker.process.returncode}){self._quoted(worker)}")
        self._lose(worker, why)

    def _hand_out(self, worker: _Worker, line: bytes) -> None:
        try:
            told = parsed(line)
            if not isinstance(told, dict):
                raise ValueError("no object")  # noqa: TRY301, TRY004
        except ValueError as error:
            start = without_keys(self._where.beginning(line))
            raise BadReply(
                f"models.{self._where.name}: {self._program.title} wrote a line that is no JSON object: {start}. "
                "Logs belong to standard error"
            ) from error
        number = told.get("id")
        if number is None and len(worker.waiting) == 1:
            number = next(iter(worker.waiting))
        reply = worker.waiting.get(number) if type(number) is int else None  # True == 1
        if reply is None:
            raise BadReply(
                f"models.{self._where.name}: {self._program.title} answered what nobody asked (id {number!r})"
            )
        if not reply.done():
            reply.set_result(cast("dict[str, object]", told))

    def _lose(self, worker: _Worker, why: BadReply | ConnectionFailed) -> None:
        worker.gone = why
        for reply in worker.waiting.values():
            if not reply.done():
                reply.set_exception(type(why)(str(why)))

    async def _kill(self, index: int, worker: _Worker) -> None:
        if self._workers.get(index) is worker:
            del self._workers[index]
        if worker.gone is None:
            self._lose(worker, ConnectionFailed(f"models.{self._where.name}: {self._program.title} was ended"))
        await worker.end()
        await _put_away(worker)

    def _quoted(self, worker: _Worker) -> str:
        """What the program wrote to its standard error, for a message; empty where it wrote nothing."""
        said = self._where.clean(without_keys(_from_a_whole_line(worker).decode("utf-8", "replace")))
        return f"; it wrote: …{said[-300:]}" if len(said) > 300 else f"; it wrote: {said}" if said else ""


async def _listen(worker: _Worker, errors: asyncio.StreamReader) -> None:
    while piece := await errors.read(2**16):
        worker.said += piece
        worker.said_more |= len(worker.said) > _ERRORS_KEPT
        del worker.said[:-_ERRORS_KEPT]


def _from_a_whole_line(worker: _Worker) -> bytes:
    """What is kept of its standard error, from the first whole line (on a single line: word) on where more was written:
    half a key at the cut would be known as none."""
    if not worker.said_more:
        return bytes(worker.said)
    found = re.search(rb"\n", worker.said) or re.search(rb"\s", worker.said)
    return bytes(worker.said[found.end() :]) if found else b""


async def _put_away(worker: _Worker) -> None:
    """Close what a process left open."""
    pumps = [pump for pump in worker.pumps if pump is not asyncio.current_task()]
    for pump in pumps:
        pump.cancel()
    await asyncio.gather(*pumps, return_exceptions=True)
    for transport in worker.transports:
        with contextlib.suppress(AttributeError):  # asyncio's word for one that is closed for good
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()  # what was never read would keep it open
            else:
                transport.close()
    for _ in range(2):  # the transports' last callbacks
        await asyncio.sleep(0)
