"""Bills of many rows at once are those of the rows one by one, to the last digit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.cli import pricing
from evalkit.cli.stored_answers import _plain
from evalkit.cost.billing import Rates, UnitPrices, bill
from evalkit.cost.column_bill import COUNTS, PLACES, BilledColumns, Splits, TooFine, amounts
from evalkit.cost.run_bill import BilledAnswer, RunBill
from evalkit.records import Usage
from evalkit.results import read_facts
from evalkit.store import integrity
from tests.conftest import REPO

PLAIN = UnitPrices("m", "test", ((0, Rates(Decimal("2.5"), Decimal(10))),))
CACHED = Rates(
    Decimal("0.15"), Decimal("0.60"), cache_read=Decimal("0.075"), cache_write_5m=Decimal("0.1875"),
    cache_write_1h=Decimal("0.3"),
)  # fmt: skip
UNITS = [
    PLAIN,
    UnitPrices("m", "test", ((0, CACHED),)),
    UnitPrices("m", "test", ((0, Rates(Decimal(1), Decimal(8), reasoning=Decimal(3))),)),
    UnitPrices("m", "test", ((0, Rates(Decimal("1.25"), Decimal(10))), (2_000, Rates(Decimal("2.5"), Decimal(15))))),
    UnitPrices("m", "test", ((0, Rates(Decimal("0.02"), None)),)),
    UnitPrices("m", "test", ((0, Rates(Decimal(2), Decimal(4))),), usd_per_request=Decimal("0.005")),
]
FREE = UnitPrices("m", "test", ((0, Rates(Decimal(0), Decimal(0))),))


def _rows(unit: UnitPrices) -> st.SearchStrategy[list[BilledAnswer]]:
    counts = st.none() | st.sampled_from([0, 1, 999, 2_000, 2_001, 10**7, 10**12 + 1]) | st.integers(0, 10**7)
    small = st.none() | st.integers(0, 500)

    @st.composite
    def answer(draw: st.DrawFn) -> BilledAnswer:
        usage = Usage(
            input=draw(counts),
            cache_read=draw(small),
            cache_write_5m=draw(small),
            cache_write_1h=draw(small),
            cache_write_other=draw(small),
            output=draw(counts),
            reasoning=draw(small),
            beside=draw(st.sampled_from([(), (), ("search",)])),
        )
        made = bill(usage, unit)
        exact = _plain(made.total_usd) if made else None
        cost = draw(st.sampled_from([None, exact, Decimal("0.5"), Decimal("0.000123"), Decimal(0)]))
        spend = draw(st.sampled_from([None, cost, Decimal(0), Decimal("0.25")]))
        cached, errored = draw(st.booleans()), draw(st.booleans())
        return BilledAnswer("m", "t", usage, 1.0, cost, spend, cached, draw(st.integers(1, 3)), errored)

    return st.lists(answer(), max_size=12)


def _units(amount: Decimal | None) -> int:
    return 0 if amount is None else int(amount.scaleb(PLACES))


def _columns(rows: list[BilledAnswer]) -> BilledColumns:
    def whole(of: Callable[[BilledAnswer], Any]) -> Any:
        return np.array([of(row) for row in rows], dtype=np.int64)

    def count(name: str) -> Any:
        return whole(lambda row: -1 if getattr(row.usage, name) is None else getattr(row.usage, name))

    return BilledColumns(
        counts={name: count(name) for name in COUNTS},
        beside=whole(lambda row: bool(row.usage.beside)).astype(bool),
        cost=whole(lambda row: _units(row.cost_usd)),
        cost_known=whole(lambda row: row.cost_usd is not None).astype(bool),
        spend=whole(lambda row: _units(row.spend_usd)),
        spend_known=whole(lambda row: row.spend_usd is not None).astype(bool),
        cached=whole(lambda row: row.cached).astype(bool),
        attempts=whole(lambda row: row.attempts),
        errored=whole(lambda row: row.errored).astype(bool),
    )


@pytest.mark.long(but=1)
@pytest.mark.parametrize("reprice", [False, True])
@pytest.mark.parametrize("unit", [*UNITS, FREE], ids=range(len(UNITS) + 1))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_bill_in_columns_is_the_bill_row_by_row(unit: UnitPrices, reprice: bool, data: st.DataObject) -> None:
    rows = data.draw(_rows(unit))
    columns, splits = _columns(rows), Splits.of(len(rows))
    one_by_one = RunBill()
    for row in rows:
        one_by_one.add(row, lambda answer: bill(answer.usage, unit), reprice=reprice)
    every = np.arange(len(rows))
    able = every[~columns.errored] if reprice else every[~columns.errored & columns.cost_known]
    try:
        splits.price(able, unit, columns, wanted=None if reprice else columns.cost)
        found = amounts(columns, every, splits, reprice=reprice)
    except TooFine:
        odd = unit is FREE and any(row.usage.cache_read or row.usage.cache_write_5m or row.usage.cache_write_1h
                                   or row.usage.cache_write_other for row in rows)  # fmt: skip
        assert odd or (reprice and any(row.cached and not row.errored for row in rows))
        return
    expected = one_by_one.tasks["m", "t"] if rows else found
    assert found.as_facts() == expected.as_facts()
    assert list(found.tokens) == list(expected.tokens)


@pytest.mark.parametrize(
    "unit",
    [
        UnitPrices("m", "test", ((0, Rates(Decimal("0.0000000001"), Decimal(1))),)),
        UnitPrices("m", "test", ((0, Rates(Decimal(10) ** 12, Decimal(1))),)),
    ],
)
def test_a_price_that_whole_numbers_do_not_hold_is_left_to_the_rows(unit: UnitPrices) -> None:
    rows = [BilledAnswer("m", "t", Usage(input=10**9, output=1), 1.0, None, None)]
    with pytest.raises(TooFine):
        Splits.of(1).price(np.arange(1), unit, _columns(rows))


@pytest.mark.long
@pytest.mark.parametrize("how", [{}, {"at": "2026-10-01"}, {"at": "2025-03-01", "tier": "batch"}])
@pytest.mark.parametrize("name", ["mcpmark", "quickstart", "own-machine"])
def test_the_shipped_runs_have_the_same_bill_both_ways(
    name: str, how: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = (REPO / "results").glob(f"{name}-*")
    facts = read_facts(folder)
    asked: dict[str, Any] = {"at": pricing._moment(how.get("at")), "tier": how.get("tier")}
    counted = []
    whole = pricing._row_by_row
    monkeypatch.setattr(pricing, "_row_by_row", lambda *args: counted.append(1) or whole(*args))
    fast = pricing.bill_of(folder, facts, REPO / "results", **asked)
    in_columns = not counted
    monkeypatch.setattr(pricing, "_in_columns", lambda *_: None)
    assert json.dumps(fast) == json.dumps(pricing.bill_of(folder, facts, REPO / "results", **asked))
    assert in_columns == (name != "own-machine")  # which has models on own hardware


@pytest.mark.long
def test_a_run_that_was_resumed_counts_each_answer_once(tmp_path: Path) -> None:
    (shipped,) = (REPO / "results").glob("mcpmark-*")
    folder = shutil.copytree(shipped, tmp_path / shipped.name)
    facts, at = read_facts(folder), pricing._moment("2026-10-01")
    once = pricing.bill_of(folder, facts, tmp_path, at=at)
    for kind in ("rows", "texts"):
        shutil.copy(folder / f"{kind}-1.parquet", folder / f"{kind}-2.parquet")
    integrity.record(folder, new_part=2)
    assert pricing.bill_of(folder, facts, tmp_path, at=at) == once


@pytest.mark.long
def test_a_bill_loads_no_http_client_and_whoever_asks_for_one_gets_it() -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from evalkit.cli.pricing import price_run\n"
        f"price_run('mcpmark', at='2026-10-01', prices=None, tier=None, results=Path({str(REPO / 'results')!r}), "
        "as_json=False)\n"
        "print('LATE', not any(name.startswith('httpx2.') for name in sys.modules), 'duckdb' in sys.modules)\n"
        "import genai_prices.update_prices as updates\n"
        "import httpx2\n"
        "print('STOOD', type(httpx2).__name__)\n"
        "print('REAL', updates.httpx2.get is httpx2.get)\n"
        "import httpx2 as again\n"
        "import httpx2._client\n"
        "print('NOW', type(again).__name__, again.Client is httpx2._client.Client)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert "LATE True False" in done.stdout
    assert "STOOD _Late\nREAL True\nNOW module True\n" in done.stdout
