"""Thirty-one batches of replies in over twenty languages, each with the outcomes that a careful person would accept.

Each batch was written before it was run, from the second on by somebody who had read the code.
What it found is mended, and it stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from evalkit.scorers import code_worker
from tests.scoring import mark, sample

BATCHES = {n: import_module(f"tests.reader.batch_{n}").CASES for n in range(1, 32)}


@pytest.fixture(autouse=True)
def _may_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(code_worker._permission, "allowed", True)
    yield


@pytest.mark.long(but=3)
@pytest.mark.parametrize("batch", BATCHES)
def test_a_reply_is_read_as_a_careful_person_would(batch: int) -> None:
    """Thousands of replies, each marked in a millisecond: one test a batch, which names all that are read otherwise."""
    otherwise = []
    for kind, scorer, options, target, reply, outcomes, fields in BATCHES[batch]:
        if _can_run(scorer, options):
            more = {name: value for name, value in fields.items() if name != "choices"}
            found = mark(scorer, options, sample(target, fields.get("choices", ()), **more), reply).outcome.value
            if found not in outcomes.split("|"):
                otherwise.append(f"{kind}: {scorer} {options}, target {target!r}, {reply!r} is {found}, not {outcomes}")
    assert not otherwise, "\n".join(otherwise)


def _can_run(scorer: str, options: dict[str, Any]) -> bool:
    """Whether what the scorer needs is on this machine."""
    if scorer == "code":
        return code_worker.unsupported() is None
    if scorer == "math":
        return find_spec("math_verify") is not None
    return scorer != "overlap" or options.get("metric") == "f1" or find_spec("rouge_score") is not None
