"""What a person watching a run sees, on a terminal and in a log."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Outcome, Row
from evalkit.render.progress import ModelShare, Progress
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit, finish, start, write_suite


class Clock:
    """A clock that moves only when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def row(outcome: Outcome = Outcome.RIGHT, spend: str | None = "0.001", **more: Any) -> Row:
    fields: dict[str, Any] = {"task": "t", "sample_id": "s", "sample_digest": "d", "target_digest": "e", "score": 1.0}
    fields |= {"occurrence": 0, "model": "m", "repeat": 0, "started_at": 0.0, **more}
    if outcome is Outcome.ERRORED:
        fields.setdefault("error_kind", "timeout")
    return Row(**fields, outcome=outcome, spend_usd=None if spend is None else Decimal(spend))


def watched(total: int, *, live: bool = False, done: int = 0, **more: Any) -> tuple[Progress, io.StringIO, Clock]:
    return of_models({"m": ModelShare(total, done)}, live=live, **more)


def of_models(shares: dict[str, ModelShare], *, live: bool = False, **more: Any) -> tuple[Progress, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    return Progress(shares, stream=stream, live=live, clock=clock, **more), stream, clock


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


def test_a_terminal_line_is_rewritten_at_most_five_times_a_second() -> None:
    progress, stream, clock = watched(10_000, live=True)
    for _ in range(10_000):
        clock.now += 0.0001
        progress.row(row())
    assert stream.getvalue().count("\r") <= 6


def test_an_unknown_price_is_shown_as_unknown() -> None:
    progress, _, clock = watched(10)
    progress.row(row(spend=None))
    assert "spend unknown" in progress.line(clock.now)
    progress.row(row(spend="0", cached=True))
    assert "spend unknown" in progress.line(clock.now), "what the cache gave says nothing of what was asked"
    progress.row(row())
    assert "$0.001 + 1 unpriced" in progress.line(clock.now)


def test_an_error_is_an_error_and_no_unknown_price() -> None:
    progress, _, clock = watched(10)
    progress.row(row(Outcome.ERRORED, None))
    line = progress.line(clock.now)
    assert "1 failed" in line
    assert "unknown" not in line


def test_a_verdict_that_cannot_be_read_is_unreadable_as_in_the_tables_and_no_failure() -> None:
    for phase, said in (("judging", "2 unreadable"), ("", "2 without a score")):
        progress, _, clock = watched(10, phase=phase)
        for _ in range(2):
            progress.row(row(Outcome.ERRORED, error_kind=None, reason="no verdict in the reply"))
        line = progress.line(clock.now)
        assert said in line and "failed" not in line and "$0.002" in line


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
    assert "\r\x1b[Jopenai: slow down\\x1b[2J\n" in stream.getvalue()


def test_a_reader_who_leaves_ends_the_display_not_the_run() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    progress = Progress({"m": ModelShare(3)}, stream=Closed(), live=True, clock=Clock())
    for _ in range(3):
        progress.row(row())
    progress.note("x")
    progress.close()
    progress.close()


def test_a_stream_without_utf8_still_gets_its_line() -> None:
    raw = io.BytesIO()
    progress = Progress({"m": ModelShare(3)}, stream=io.TextIOWrapper(raw, "ascii"), live=False, clock=Clock())
    progress.note("naïve …")
    assert raw.getvalue() == b"na\\xefve ...\n"


def test_an_empty_run_divides_by_nothing() -> None:
    progress, stream, _ = watched(0)
    progress.tick()
    progress.close()
    assert "0/0 done" in stream.getvalue()


def test_a_row_costs_microseconds() -> None:
    shares = {name: ModelShare(5_000) for name in ("m", *map(str, range(40)))}
    progress = Progress(shares, stream=io.StringIO(), live=True)
    one = row()
    begun = time.perf_counter()
    for _ in range(20_000):
        progress.row(one)
    assert (time.perf_counter() - begun) / 20_000 < 20e-6  # ten times what it takes on a free core


THIRTEEN = {f"model-{n}": ModelShare(100) for n in range(13)}


def test_each_model_has_a_line_and_of_many_those_that_are_least_far() -> None:
    progress, _, clock = of_models(THIRTEEN)
    clock.now += 2
    for n in range(13):
        for _ in range(100 if n in {1, 2} else 60 - n):
            progress.row(row(model=f"model-{n}"))
    first, *lines, last = progress.block(clock.now, 79, 24)
    assert first.startswith("785/1,300")
    assert [line.split()[0] for line in lines] == [f"model-{n}" for n in range(6, 13)]  # in the suite's order
    assert lines[0].split()[1:5] == ["54/100", "27/s", "2", "s"]
    assert "2 s left" in first  # as long as the slowest takes, not 1.3 s
    assert last == "  and 6 more: 2 done"


def test_a_model_says_what_holds_it_up_and_what_was_not_asked_now() -> None:
    progress, _, clock = of_models({"gpt": ModelShare(10, 4, "openai"), "claude": ModelShare(10, 0, "anthropic")})
    progress.row(row(Outcome.ERRORED, None, model="gpt", attempts=3))
    progress.row(row(spend="0", model="gpt", cached=True))
    progress.waiting("openai", 12)
    first, gpt, claude = progress.block(clock.now, 119, 24)
    assert gpt.split("  ")[-1] == "waiting 12 s, 1 failed, 2 retries, 1 cached, 4 resumed"
    assert "waiting" not in claude
    assert "6/20" in first


def test_a_model_that_is_asked_no_further_says_why_and_is_not_waited_for() -> None:
    progress, stream, clock = of_models({"gpt": ModelShare(10), "claude": ModelShare(10)})
    progress.row(row(Outcome.ERRORED, None, model="gpt"))
    progress.gave_up("gpt", "models.gpt: 401 from 127.0.0.1:1/v1 for model 'gpt': \x1b[2Jbad key" + " and more" * 40)
    for _ in range(5):
        clock.now += 1
        progress.row(row(model="claude"))
    first, gpt, claude = progress.block(clock.now, 79, 24)
    assert "5 s left" in first and "given up: gpt" in first
    assert "given up: 401: \\x1b[2Jbad key" in gpt and "\x1b" not in gpt and len(gpt) < 80
    assert claude.split()[-2:] == ["s", "$0.005"]
    clock.now += 60
    progress.tick()
    assert stream.getvalue().rstrip().endswith("slowest: claude 5/10")


def test_cached_answers_are_not_in_the_rate() -> None:
    progress, _, clock = watched(1000)
    for _ in range(500):
        progress.row(row(spend="0", cached=True))
    clock.now += 10
    progress.row(row())
    assert "0.1/s" in progress.line(clock.now)


@pytest.mark.parametrize("width", [79, 119, 30])
def test_no_line_is_wider_than_the_terminal_and_no_name_acts_on_it(width: int) -> None:
    names = ("plain", "\x1b[2Jevil\r\n", "模型" * 40, "x" * 200)
    progress, _, clock = of_models({name: ModelShare(1_000_000) for name in names})
    for name in names:
        for _ in range(30):
            progress.row(row(Outcome.ERRORED, None, model=name, attempts=4))
    progress.waiting("endpoint", 3000)
    for line in progress.block(clock.now + 9, width, 24):
        assert sum(2 if "\u4e00" <= sign <= "\u9fff" else 1 for sign in line) <= width
        assert line.isprintable()


def test_the_display_is_never_higher_than_the_terminal() -> None:
    progress, _, clock = of_models(THIRTEEN)
    assert [len(progress.block(clock.now, 79, height)) for height in (24, 8, 5, 3)] == [9, 7, 4, 1]


def test_a_log_names_the_model_that_is_least_far_and_grows_by_fewer_lines() -> None:
    progress, stream, clock = of_models({"fast": ModelShare(9000), "slow": ModelShare(9000)})
    for _ in range(3600):
        clock.now += 1
        progress.row(row(model="fast"))
    lines = stream.getvalue().splitlines()
    assert "slowest: slow 0/9,000" in lines[0]
    assert len(lines) < 90  # an hour


class Screen:
    """What a terminal shows: the few signs that the display uses, and nothing else."""

    def __init__(self, columns: int) -> None:
        self.lines, self.x, self.y, self.columns = [""], 0, 0, columns

    def feed(self, text: str) -> None:
        for sign in re.findall(r"\x1b\[\d*[A-Za-z]|[\r\n]|[^\r\n\x1b]+", text):
            if sign == "\r":
                self.x = 0
            elif sign == "\n":
                self.y += 1
                self.lines += [""] * (self.y + 1 - len(self.lines))
            elif sign.endswith("A"):
                self.y -= int(sign[2:-1])
            elif sign == "\x1b[K":
                self.lines[self.y] = self.lines[self.y][: self.x]
            elif sign == "\x1b[J":
                self.lines = [*self.lines[: self.y], self.lines[self.y][: self.x]]
            elif not sign.startswith("\x1b"):
                before = self.lines[self.y]
                self.lines[self.y] = before[: self.x].ljust(self.x) + sign + before[self.x + len(sign) :]
                self.x += len(sign)
                assert len(self.lines[self.y]) < self.columns or "/results/" in sign


def on_a_terminal(columns: int, *args: object) -> tuple[list[list[str]], list[str], int]:
    """Run the command on a terminal of 24 lines: what the screen showed from time to time, what it showed at the end,
    and the exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES"}} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "evalkit", *map(str, args)]
    process = subprocess.Popen(command, env=env, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    screen, seen = Screen(columns), []
    while True:
        try:
            got = os.read(ours, 65536)
        except OSError:  # Linux: the other end is closed
            got = b""
        if not got:
            break
        screen.feed(got.decode())
        seen.append([line.rstrip() for line in screen.lines])
    os.close(ours)
    return seen, [line for line in screen.lines if line], process.wait(60)


@pytest.mark.long
@pytest.mark.parametrize("columns", [80, 120])
def test_a_run_on_a_terminal_is_redrawn_in_place(columns: int, tmp_path: Path) -> None:
    faulty = Behaviour(reply="B", latency_s=0.03, faults={"500": 0.1}, fault_attempts=1)
    with FakeProvider.in_thread(faulty) as slow, FakeProvider.in_thread(Behaviour(reply="B")) as fast:
        models = "\n".join(
            f'  maker-model-{n}: {{adapter: openai_chat, model: m{n}, weights: w-{n}, base_url: "{where.base_url}"}}'
            for n, where in enumerate([fast] * 6 + [slow] * 5)
        )
        suite = write_suite(tmp_path, "", n=30, models=models, in_flight=2)
        seen, last, code = on_a_terminal(columns, "run", suite, "--results", tmp_path / "results", "--no-cache")
    assert code == 0
    folded = [block for block in seen if any("more: 6 done" in line for line in block)]
    assert folded
    shown = {line.split()[0] for line in folded[0] if line.startswith("  maker")}
    assert shown <= {f"maker-model-{n}" for n in range(6, 11)}  # the slow ones
    assert len(folded[0][0]) < columns
    assert not any("maker-model" in line or "more" in line for line in last)  # nothing of it is left
    assert "330/330 done in" in "\n".join(last)
    assert "retries" in "\n".join(last)


@pytest.mark.long
def test_a_refused_key_is_seen_while_the_others_are_still_asked(tmp_path: Path) -> None:
    refusing, slow = Behaviour(faults={"401": 1.0}), Behaviour(reply="B", latency_s=0.1)
    with FakeProvider.in_thread(refusing) as no, FakeProvider.in_thread(slow) as yes:
        models = "\n".join(
            f'  {name}: {{adapter: openai_chat, model: {name}, weights: {name}, base_url: "{where.base_url}"}}'
            for name, where in (("kimi", no), ("gpt", yes))
        )
        suite = write_suite(tmp_path, "", n=30, models=models, in_flight=1)
        results = tmp_path / "results"
        seen, _, code = on_a_terminal(240, "run", suite, "--results", results, "--no-cache")
    assert code == 4
    lines = [line for block in seen for line in block if line.startswith("  kimi") and "given up: " in line]
    assert lines, seen[-3:]
    print(lines[-1])
    assert "given up: 401: Incorrect API key provided" in lines[-1]


@pytest.mark.long
@pytest.mark.parametrize("flag", ["--quiet", "--json"])
def test_quiet_and_json_show_no_progress(flag: str, tmp_path: Path) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url)
        ran = finish(start("run", suite, "--results", tmp_path / "results", flag))
    assert ran.code == 0
    assert "20/20" not in ran.err
    assert ran.out


def test_rows_of_an_earlier_session_are_said_model_by_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    once = Behaviour(reply="B", faults={"400": 0.5}, fault_attempts=1)
    with FakeProvider.in_thread(once) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=40)
        place = ("--results", tmp_path / "results", "--no-cache")
        first = evalkit(capsys, "run", suite, *place)
        second = evalkit(capsys, "run", suite, *place)
    assert (first.code, second.code) == (4, 0)
    assert re.search(r"40/40 done in .*  \d+ resumed", second.err)


def test_turns_that_were_not_asked_are_no_retries_and_in_no_rate() -> None:
    progress, stream, clock = watched(40)
    for _ in range(10):
        clock.now += 1
        progress.row(row(Outcome.ERRORED, None, attempts=3))
        progress.row(row(Outcome.ERRORED, None, attempts=0))  # the turn after it
    progress.close()
    assert stream.getvalue().splitlines()[-1] == "20/40 done in 10 s  1.0/s  $0  20 failed  20 retries"
