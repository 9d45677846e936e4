"""Rows for the tests of the store: typical ones, and one with everything that a careless or hostile model can write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from evalkit.records import Message, Outcome, Row, Tool, ToolCall
from evalkit.store import sealing
from evalkit.store.journal import Journal
from evalkit.store.row_kinds import COUNTS, odd_field
from tests.run_facts import made_run

HOSTILE = "\x1b[2J\x1b]0;owned\x07 \u202egpj.exe\u2066 \u2028\u2029 \x00 \r\n\t \ufeff \U0001f600 é e\u0301 \\ud83d \"'"


def a_row(n: int = 0, model: str = "gpt", **changes: Any) -> Row:
    """Row number n of a model: right unless n divides by 5, 0.2 s to the first token."""
    right = n % 5 != 0
    values: dict[str, Any] = {
        "task": "mmlu",
        "sample_id": f"q{n}",
        "sample_digest": _digest(f"sample {n}"),
        "target_digest": _digest("target"),
        "occurrence": 0,
        "model": model,
        "repeat": 0,
        "outcome": Outcome.RIGHT if right else Outcome.WRONG,
        "score": float(right),
        "started_at": 1763632915.25 + n,
        "queue_s": 0.01,
        "retry_s": 0.0,
        "ttft_s": 0.2 + n / 1000,
        "tpot_s": 0.01,
        "total_s": 0.4 + n / 1000,
        "input_tokens": 80,
        "output_tokens": 20,
        "cost_usd": Decimal("0.000131"),
        "spend_usd": Decimal("0.000131"),
        "stop_reason": "stop",
        "served_model": "gpt-6-sol-2026-08-01",
        "prompt": (Message("system", "Answer with the letter."), Message("user", f"Question {n}?")),
        "text": "The answer is B.",
        "extracted": "B",
        "target": "B",
        "raw_usage": {"prompt_tokens": 80, "details": {"cached_tokens": 0}},
    }
    return Row(**values | changes)


@cache
def _digest(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def an_error(n: int = 0, model: str = "gpt", **changes: Any) -> Row:
    """A row whose request brought no answer."""
    return Row(
        **{
            **{"task": "mmlu", "sample_id": f"q{n}", "sample_digest": a_row(n).sample_digest, "target_digest": "t"},
            **{"occurrence": 0, "model": model, "repeat": 0, "outcome": Outcome.ERRORED, "score": None},
            **{"started_at": 1.0, "error_kind": "server_error", "error_status": 500, "error": "the provider broke"},
            **changes,
        }
    )


def a_hostile_row(**changes: Any) -> Row:
    """Every field filled, every text hostile."""
    return a_row(
        7,
        **{
            **dict.fromkeys(("text", "reasoning", "extracted", "target", "reason", "error", "refusal"), HOSTILE),
            **{"outcome": Outcome.SCORED, "score": 0.1 + 0.2, "critical": True, "cached": True, "attempts": 4},
            **{"slices": {"language": HOSTILE, "": "x"}, "parts": {"loose": 0.5, "depth": 1e-300}},
            **{"prompt": (Message("user", HOSTILE), Message("assistant", ""))},
            **{"tools": (Tool("weather.get", HOSTILE, {"type": "object", "properties": {HOSTILE: {}}}),)},
            **{"calls": (ToolCall(HOSTILE, '{"broken": '), ToolCall("f", HOSTILE))},
            **{"raw_usage": {HOSTILE: [1, None, {"deep": True}]}, "dropped": ("temperature", HOSTILE)},
            **{"logliks": (-1.5, float("-inf"), -0.0), "cluster": HOSTILE, "fingerprint": "fp", "service_tier": "flex"},
            **{"cost_usd": Decimal("0.000000000123456"), "spend_usd": Decimal("0"), "ttfr_s": 0.1},
            **{"cache_read_tokens": 0, "cache_write_5m_tokens": 1, "cache_write_1h_tokens": 2},
            **{"cache_write_other_tokens": 3, "reasoning_tokens": 4, "occurrence": 2, "repeat": 1},
            **changes,
        },
    )


def a_run(results: Path, rows: Iterable[Row] = (), **facts: Any) -> Path:
    """A run folder whose journal holds these rows."""
    folder = made_run(results, "demo", "a1b2c3d4e5f6", facts)
    write(folder, rows)
    return folder


def write(folder: Path, rows: Iterable[Row], writer: str = "main") -> None:
    """Journal these rows."""
    with Journal.open(folder, writer) as journal:
        for row in rows:
            journal.append(row)


_NUMBERS = (
    *("occurrence", "repeat", "score", "started_at", "weight", *COUNTS),
    *("queue_s", "retry_s", "ttft_s", "ttfr_s", "tpot_s", "total_s"),
)
_numbers = attrgetter(*_NUMBERS)


def write_sealed(folder: Path, rows: Iterable[Row]) -> None:
    """Store these rows as a part of their own: what sealing their journal leaves, at a quarter of the work."""
    made = list(rows)
    if made and len({row.key for row in made}) == len(made) and all(map(_is_usual, made)):
        sealing.seal_rows(folder, iter(made))
    else:  # of several rows of one key sealing takes one, and a line has no odd numbers
        write(folder, made)
        sealing.seal(folder)


def _is_usual(row: Row) -> bool:
    """Whether its numbers are such as come back from a journal as they were."""
    money = (usd for usd in (row.cost_usd, row.spend_usd) if usd is not None)
    return odd_field(dict(zip(_NUMBERS, _numbers(row), strict=True))) is None and all(map(Decimal.is_finite, money))
