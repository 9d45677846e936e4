"""What a person watching a run sees, on a terminal and in a log."""

from __future__ import annotations

import io
import time
from decimal import Decimal
from typing import Any

from evalkit.records import Outcome, Row
from evalkit.render.progress import Progress


class Clock:
    """A clock that moves only when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def row(outcome: Outcome = Outcome.RIGHT, spend: str | None = "0.001", **more: Any) -> Row:
    fields: dict[str, Any] = {"task": "t", "sample_id": "s", "sample_digest": "d", "target_digest": "e", "score": 1.0}
    fields |= {"occurrence": 0, "model": "m", "repeat": 0, "started_at": 0.0}
    return Row(**fields, outcome=outcome, spend_usd=None if spend is None else Decimal(spend), **more)


def watched(total: int, *, live: bool = False, **more: Any) -> tuple[Progress, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    return Progress(total, stream=stream, live=live, clock=clock, **more), stream, clock


def test_a_log_gets_a_line_every_ten_seconds_and_one_at_the_end() -> None:
    progress, stream, clock = watched(100)
    for _ in range(50):
        clock.now += 0.5
        progress.row(row())
    progress.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0] == "20/100  20 %  2.0/s  40 s left  $0.02"
    assert lines[-1] == "50/100 done in 25 s  2.0/s  $0.05"
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()


def test_a_terminal_line_is_rewritten_at_most_eight_times_a_second() -> None:
    progress, stream, clock = watched(10_000, live=True)
    for _ in range(10_000):
        clock.now += 0.0001
        progress.row(row())
    assert stream.getvalue().count("\r") <= 9


def test_an_unknown_price_is_shown_as_unknown() -> None:
    progress, _, clock = watched(10)
    progress.row(row(spend=None))
    assert "spend unknown" in progress.line(clock.now)
    progress.row(row())
    assert "$0.001 + 1 unpriced" in progress.line(clock.now)


def test_an_error_is_an_error_and_no_unknown_price() -> None:
    progress, _, clock = watched(10)
    progress.row(row(Outcome.ERRORED, None))
    line = progress.line(clock.now)
    assert "1 error" in line
    assert "unknown" not in line


def test_a_rate_limit_is_named_while_it_lasts() -> None:
    progress, _, clock = watched(10)
    progress.waiting("openai", 12)
    assert "waiting 12 s on a rate limit (openai)" in progress.line(clock.now)
    assert "waiting" not in progress.line(clock.now + 13)


def test_time_moves_on_while_nothing_finishes() -> None:
    progress, stream, clock = watched(10, live=True)
    progress.waiting("openai", 12)
    clock.now += 5
    progress.tick()
    assert "waiting 7 s" in stream.getvalue()


def test_rows_of_an_earlier_run_count_as_done_but_not_in_the_rate() -> None:
    progress, _, clock = watched(100, done=90)
    clock.now += 2
    progress.row(row())
    assert progress.line(clock.now).startswith("91/100  91 %  0.5/s  18 s left  $0.001")


def test_a_resumed_run_whose_prices_are_unknown_says_so() -> None:
    progress, _, clock = watched(100, done=90)
    progress.row(row(spend=None))
    assert "spend unknown" in progress.line(clock.now)


def test_a_note_stays_and_cannot_move_the_cursor() -> None:
    progress, stream, _ = watched(10, live=True)
    progress.row(row())
    progress.note("openai: slow down\x1b[2J")
    assert "\r\x1b[Kopenai: slow down\\x1b[2J\n" in stream.getvalue()


def test_a_reader_who_leaves_ends_the_display_not_the_run() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    progress = Progress(3, stream=Closed(), live=True, clock=Clock())
    for _ in range(3):
        progress.row(row())
    progress.note("x")
    progress.close()
    progress.close()


def test_a_stream_without_utf8_still_gets_its_line() -> None:
    raw = io.BytesIO()
    progress = Progress(3, stream=io.TextIOWrapper(raw, "ascii"), live=False, clock=Clock())
    progress.note("naïve …")
    assert raw.getvalue() == b"na\\xefve ...\n"


def test_an_empty_run_divides_by_nothing() -> None:
    progress, stream, _ = watched(0)
    progress.tick()
    progress.close()
    assert "0/0 done" in stream.getvalue()


def test_a_row_costs_microseconds() -> None:
    progress = Progress(200_000, stream=io.StringIO(), live=True)
    one = row()
    begun = time.perf_counter()
    for _ in range(20_000):
        progress.row(one)
    assert (time.perf_counter() - begun) / 20_000 < 20e-6  # ten times what it takes on a free core
