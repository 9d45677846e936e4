"""The last net for keys: whatever is stored, kept or printed, a key that evalkit handed out is in none of it.

Replies and errors are cleaned where they come in (tests/test_hostile_servers.py); these tests skip that on purpose.
"""

from __future__ import annotations

import io
import logging
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import click
import pytest

from evalkit.cli import Forgiving
from evalkit.records import Message, Response, Timing, ToolCall
from evalkit.store.answer_codec import CachedAnswer
from evalkit.store.cache import ResponseCache
from evalkit.store.journal import Journal, iter_rows
from evalkit.text import secrets
from evalkit.text.escape import hold_logs
from tests.store_rows import a_row

KEY = 'PLACEHOLDER-"canary"-7f3a'


@pytest.fixture(autouse=True)
def a_key() -> None:
    secrets.remember(KEY)


def test_a_row_is_stored_without_a_key_whatever_field_carries_it(tmp_path: Path) -> None:
    call = ToolCall(KEY, '{"a": "' + KEY.replace('"', '\\"') + '"}')
    row = a_row(text=f"you sent {KEY}", error=f"{KEY}{KEY}", reason=KEY, calls=(call,), service_tier=KEY)
    with Journal.open(tmp_path, "w") as journal:
        journal.append(row)
        journal.verify()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"canary" not in written
    assert [one.text for one in iter_rows(tmp_path)] == [f"you sent {secrets.REMOVED}"]


def test_names_that_the_suite_gives_stay_so_that_a_row_is_found_again(tmp_path: Path) -> None:
    secrets.remember("evaluation-team")  # the value of a header that a suite sends
    name, asked = "evaluation-team", (Message("user", "ask the evaluation-team"),)
    row = a_row(model=name, task=name, sample_id=name, prompt=asked, text="ask the evaluation-team")
    with Journal.open(tmp_path, "w") as journal:
        journal.append(row)
    (kept,) = iter_rows(tmp_path)
    assert (kept.key, kept.prompt) == (row.key, row.prompt)
    assert kept.text == f"ask the {secrets.REMOVED}"


def test_a_key_of_digits_in_a_bill_makes_no_row_that_cannot_be_sealed(tmp_path: Path) -> None:
    """A server that knows the key could end any run by billing it."""
    secrets.remember("482913")
    bill = Decimal("0.482913")
    row = a_row(cost_usd=bill, spend_usd=bill, input_tokens=482913, total_s=482913.0, text="482913")
    with Journal.open(tmp_path, "w") as journal:
        journal.append(row)
    (kept,) = iter_rows(tmp_path)
    assert (kept.cost_usd, kept.spend_usd, kept.input_tokens) == (bill, bill, 482913)
    assert kept.text == secrets.REMOVED


def test_an_answer_that_holds_a_key_is_not_kept_for_later_runs(tmp_path: Path) -> None:
    clean, spoilt = (
        Response(text=text, stop_reason="stop", timing=Timing(sent_at=0.0, total_s=1.0)) for text in ("a", KEY)
    )
    with closing(ResponseCache.open(tmp_path / "cache.sqlite")) as cache:
        assert cache.put(b"1" * 32, CachedAnswer(clean, 1.0, None))
        assert not cache.put(b"2" * 32, CachedAnswer(spoilt, 1.0, None))


def test_nothing_that_is_printed_or_logged_holds_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    made, out = logging.getLogRecordFactory(), io.StringIO()
    stream = Forgiving(out)
    monkeypatch.setattr(sys, "stderr", stream)
    library, handler = logging.getLogger("some.library"), logging.StreamHandler()
    library.addHandler(handler)  # as Python prints what nobody handles: pytest has handlers of its own
    try:
        hold_logs()
        click.echo(f"evalkit: the server said {KEY}", err=True)
        library.error("%s of %s", KEY, "a server", exc_info=RuntimeError(f"\x1b[2J{KEY}"))
    finally:
        library.removeHandler(handler)
        logging.setLogRecordFactory(made)
    assert "canary" not in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count(secrets.REMOVED) >= 3
