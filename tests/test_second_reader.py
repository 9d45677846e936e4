"""Twenty-two batches of replies in over twenty languages, each with the outcomes that a careful person would accept.

Each batch was written before it was run, from the second on by somebody who had read the code.
What it found is mended, and it stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from evalkit.scorers import code_worker
from tests.scoring import mark, sample

BATCHES = [import_module(f"tests.reader.batch_{n}").CASES for n in range(1, 23)]
CASES = [(n, *case) for n, batch in enumerate(BATCHES, start=1) for case in batch]


@pytest.fixture(autouse=True)
def _may_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(code_worker._permission, "allowed", True)
    yield


@pytest.mark.parametrize(("batch", "kind", "scorer", "options", "target", "reply", "outcomes", "fields"), CASES)
def test_a_reply_is_read_as_a_careful_person_would(
    batch: int, kind: str, scorer: str, options: dict[str, Any], target: str | None, reply: str, outcomes: str,
    fields: dict[str, Any],
) -> None:  # fmt: skip
    if scorer == "code" and code_worker.unsupported() is not None:
        pytest.skip("seccomp of Linux")
    if scorer == "math":
        pytest.importorskip("math_verify")
    if scorer == "overlap" and options.get("metric") != "f1":
        pytest.importorskip("rouge_score")
    more = {name: value for name, value in fields.items() if name != "choices"}
    item = sample(target, fields.get("choices", ()), **more)
    assert mark(scorer, options, item, reply).outcome.value in outcomes.split("|"), f"batch {batch}, {kind}"
