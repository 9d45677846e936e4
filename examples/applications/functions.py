"""The ticket sorter as a Python function, once plain and once with its bill."""

from __future__ import annotations

from app import answered, queue_of


def sort(request) -> str:
    """The queue of a ticket."""
    return queue_of(request.prompt, "v1")


async def sort_with_bill(request) -> dict[str, object]:
    """The same by version 2, with what it cost."""
    said = answered(request.prompt, "v2", request.record.get("plan"))
    bill = said["bill"]
    return {
        "text": said["answer"]["queue"],
        "usage": {"input": bill["in"], "output": bill["out"]},
        "cost_usd": bill["usd"],
        "served_model": said["app"],
    }
