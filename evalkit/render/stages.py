"""What `show` prints of pipelines, from `results.stages` alone.

parts of guarded: what each took of it
part    role    asked  blocked  cost per 1,000  tokens in/out  total ms p50/p95
guard   before     30        2         $0.0121         276/30              9/16
sorter  model      28        0         $0.0290         520/84             11/19
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TextIO

from evalkit.results.stages import StageFigures
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page


def render_stages(
    found: Mapping[str, Sequence[StageFigures]],
    *,
    markdown: bool = False,
    width: int | None = None,
    file: TextIO | None = None,
) -> None:
    """Print what each part of each pipeline was billed and took."""
    with Page(width, file, markdown=markdown) as page:
        for name, parts in found.items():
            page.grid(
                f"parts of {visible(name, limit=60)}",
                Column("part", [visible(one.model, limit=60) for one in parts], left=True, folds=True),
                [
                    Column("role", [one.role for one in parts], left=True),
                    Column("asked", [numbers.count(one.n) for one in parts]),
                    Column("blocked", [numbers.count(one.blocked) for one in parts]),
                    Column("cost per\n1,000", [_per_1000(one) for one in parts]),
                    Column("tokens\nin/out", [f"{_n(one.input_tokens)}/{_n(one.output_tokens)}" for one in parts]),
                    Column("total ms\np50/p95", [f"{_ms(one.total_p50_s)}/{_ms(one.total_p95_s)}" for one in parts]),
                ],
            )


def _per_1000(one: StageFigures) -> str:
    return numbers.usd(None if one.cost_usd is None else float(one.cost_usd * Decimal(1_000) / one.n))


def _n(count: int | None) -> str:
    return numbers.UNKNOWN if count is None else numbers.count(count)


def _ms(seconds: float | None) -> str:
    return numbers.UNKNOWN if seconds is None else numbers.time_in("ms", seconds)
