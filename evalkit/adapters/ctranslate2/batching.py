"""Gathering concurrent calls into batches: engines are fast with many sequences at a time, evalkit asks one by one.

    gatherer = Gatherer(run_batch, max_batch=32, n_threads=1)
    await gatherer.done(item)       # many at once; each run_batch(items) happens in a worker thread and fills its items

Only items with the same `key` share a batch. The oldest waiting item is always in the next batch, with those of the
nearest length beside it, so that little is computed on padding and nothing waits for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

LINGER_S = 0.002
"""How long a batch that is not full waits for calls that are about to come. The callers of the batch before resume in
the event loop one after another, so that without it every second batch would be nearly empty."""


MAX_SQUARES = 2**23
"""Items of a batch times the square of the longest one's length: attention holds a number for each pair of tokens, in
every head. 32 prompts of 512 tokens, 8 of 1,024, 2 of 2,048; a longer one runs alone."""


class Batchable(Protocol):
    """What the gatherer looks at."""

    @property
    def key(self) -> Hashable: ...

    @property
    def length(self) -> int: ...


ItemT = TypeVar("ItemT", bound=Batchable)


@dataclass(slots=True, eq=False)
class _Waiting(Generic[ItemT]):
    item: ItemT
    future: asyncio.Future[None]


class Gatherer(Generic[ItemT]):
    """Runs batches in worker threads while the event loop goes on. `run` writes its results into the items."""

    def __init__(self, run: Callable[[Sequence[ItemT]], None], *, max_batch: int, n_threads: int) -> None:
        self._run = run
        self._max_batch = max_batch
        self._n_threads = n_threads
        self._threads = ThreadPoolExecutor(n_threads, thread_name_prefix="evalkit-engine")
        self._waiting: list[_Waiting[ItemT]] = []
        self._n_busy = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def done(self, item: ItemT) -> None:
        """Returns once a batch with this item has run. Raises what `run` raises for it alone."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, future))
        if self._n_busy < self._n_threads:
            self._n_busy += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)  # the loop itself keeps only a weak reference
            task.add_done_callback(self._tasks.discard)
        await future

    async def aclose(self) -> None:
        """Waits for the batches that run and lets the threads go."""
        for waiting in self._waiting:
            waiting.future.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=False)

    async def _work(self) -> None:
        while True:
            if len(self._waiting) < self._max_batch:
                await asyncio.sleep(LINGER_S)
            batch = self._take()
            if not batch:
                self._n_busy -= 1  # in the same step as the look at who waits: nobody is left behind
                return
            await self._settle(batch)

    async def _settle(self, batch: list[_Waiting[ItemT]]) -> None:
        """Runs one batch. When it fails as a whole each item runs alone, so that one bad item spoils no other."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, self._run, [one.item for one in batch])
        except Exception as error:  # noqa: BLE001 - given to the caller whose item it is
            if len(batch) > 1:
                for one in batch:
                    await self._settle([one])
            elif not batch[0].future.done():
                batch[0].future.set_exception(error)
            return
        for one in batch:
            if not one.future.done():
                one.future.set_result(None)

    def _take(self) -> list[_Waiting[ItemT]]:
        """The next batch, taken from those waiting; empty when nobody waits. Items that callers gave up are dropped."""
        self._waiting = [one for one in self._waiting if not one.future.done()]
        if not self._waiting:
            return []
        oldest = self._waiting[0]
        alike = sorted(
            (one for one in self._waiting if one.item.key == oldest.item.key), key=lambda one: one.item.length
        )
        start = min(max(0, alike.index(oldest) - self._max_batch // 2), max(0, len(alike) - self._max_batch))
        batch = alike[start : start + self._max_batch]
        while len(batch) > 1 and len(batch) * batch[-1].item.length ** 2 > MAX_SQUARES:
            batch.pop(0 if batch[-1] is oldest else -1)
        taken = set(map(id, batch))
        self._waiting = [one for one in self._waiting if id(one) not in taken]
        return batch
