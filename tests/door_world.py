"""Helpers for the tests of the Python door: a small suite of three-queue tickets, answered by functions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import evalkit

QUEUES = ("billing", "shipping", "returns")


def tickets(n: int = 6) -> list[dict[str, Any]]:
    """Records whose ticket names its queue."""
    return [{"id": f"t{i}", "ticket": f"Ticket {i} about {QUEUES[i % 3]}.", "queue": QUEUES[i % 3]} for i in range(n)]


async def right(request: evalkit.Request) -> str:
    """Names the queue that the prompt names."""
    return next(queue for queue in QUEUES if queue in request.prompt)


async def billing(request: evalkit.Request) -> str:
    """Right for a third."""
    return "billing"


def same_queue(answer: str, record: Mapping[str, Any]) -> bool:
    """A scorer."""
    return answer == str(record["queue"])


def task(n: int = 6, **options: Any) -> evalkit.Task:
    """The tickets, scored by a function unless `score` says otherwise."""
    given = {"data": tickets(n), "prompt": "{{ ticket }}", "target": "{{ queue }}", "score": same_queue, **options}
    return evalkit.Task("triage", **given)


def suite(models: Mapping[str, Any] | None = None, *, n: int = 6, **options: Any) -> evalkit.Suite:
    """One task and the models given, `mine` unless others are."""
    return evalkit.Suite(models or {"mine": right}, options.pop("tasks", None) or [task(n)], **options)


def facts(run: evalkit.Run) -> dict[str, Any]:
    """run.json as it is."""
    import orjson

    found: dict[str, Any] = orjson.loads((Path(run.folder) / "run.json").read_bytes())
    return found
