"""What a person watching a run sees on stderr: how far, how fast, how long still, at what cost, and what holds it up.

    1,412/2,600  54 %  58.3/s  20 s left  $0.41  3 failed
      gpt-6-sol         102/200   4.1/s       24 s   $0.21  2 failed, waiting 12 s
      claude-opus-5-5   131/200   5.0/s       14 s   $0.19
      kimi-k3             5/200                         $0  given up: 401 Invalid key, 5 failed
      and 11 more: 4 done

On a terminal the block is redrawn in place, at most five times a second, and is never higher or wider than the
terminal. Elsewhere (CI logs) a plain line is printed now and then. A run of one model has the first line alone. Drawn
by hand, because it is called for every row of a run: a row costs a microsecond, and only drawing costs more.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TextIO

from evalkit.frozen import dataclass
from evalkit.records import Outcome, Row
from evalkit.text import numbers
from evalkit.text.escape import visible

_LIVE_S = 0.2
_PLAIN_S = ((60.0, 10.0), (600.0, 30.0))
"""Seconds since the start -> seconds between two lines of a log until then; later lines are a minute apart."""
_PLAIN_LAST_S = 60.0
_RATE_WINDOW_S = 30.0  # recent enough to show a slowdown, long enough not to jump
_MODELS = 8
"""Lines of models at most: what a person takes in at a glance."""
_NAME = 24
"""Columns for a name, so that a line of 80 has room for what went wrong."""
_WHY = 60
"""Columns for why a model was given up."""


@dataclass(frozen=True, slots=True)
class ModelShare:
    """What one model (or judge) has to do in a run."""

    n_rows: int
    """Rows of the complete run."""
    n_done: int = 0
    """Those that an earlier session left."""
    lane: str = ""
    """The endpoint whose rate limit holds it up."""


class _Count:
    """What one model, or all of them, did so far."""

    __slots__ = (
        "asked",
        "cached",
        "done",
        "errors",
        "given_up",
        "lane",
        "resumed",
        "retries",
        "spend_usd",
        "total",
        "unmarked",
        "unmarked_word",
        "unpriced",
    )

    def __init__(self, share: ModelShare, *, is_judge: bool = False) -> None:
        self.unmarked_word = "unreadable" if is_judge else "without a score"
        self.total, self.lane = share.n_rows, share.lane
        self.done = self.resumed = share.n_done
        self.asked = self.cached = self.errors = self.retries = self.unpriced = self.unmarked = 0
        self.spend_usd = Decimal(0)
        self.given_up = ""

    def row(self, row: Row) -> None:
        self.done += 1
        if row.cached:
            self.cached += 1
        elif row.attempts:  # none: a turn that was not asked, since the one before it failed
            self.asked += 1
            self.retries += row.attempts - 1
        if row.outcome is Outcome.ERRORED and row.error_kind is None and not row.waits:
            self.unmarked += 1
        if row.outcome is Outcome.ERRORED and not row.waits and row.error_kind is not None:
            self.errors += 1
        elif row.spend_usd is None:
            self.unpriced += 1
        if row.spend_usd:
            self.spend_usd += row.spend_usd

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 1.0

    @property
    def left(self) -> int:
        """Rows that are still to come: none of a model that is asked no further."""
        return 0 if self.given_up else max(0, self.total - self.done)

    @property
    def spent(self) -> str:
        if self.unpriced and not self.spend_usd:  # what came from the cache cost nothing, and says nothing
            return "spend unknown"
        more = f" + {numbers.count(self.unpriced)} unpriced" if self.unpriced else ""
        return numbers.usd(self.spend_usd) + more

    @property
    def remarks(self) -> list[str]:
        """What went wrong, then what was not asked in this session."""
        found = [f"given up: {self.given_up}"] if self.given_up else []
        found += [f"{numbers.count(self.errors)} failed"] if self.errors else []
        found += [f"{numbers.count(self.unmarked)} {self.unmarked_word}"] if self.unmarked else []
        if self.retries:
            found.append(numbers.plural(self.retries, "retry", "retries"))
        if self.cached:
            found.append(f"{numbers.count(self.cached)} cached")
        if self.resumed:
            found.append(f"{numbers.count(self.resumed)} resumed")
        return found


class Progress:
    """The progress of one run. Call `row` for every finished row, `tick` a few times a second, `close` at the end.

    Rows of an earlier session and cached ones count as done, not in the rate. A stream that goes away (a closed pipe)
    ends the display, never the run. `phase`: what is going on, before the first number; empty: models are asked.
    """

    def __init__(
        self,
        shares: Mapping[str, ModelShare],
        *,
        phase: str = "",
        stream: TextIO | None = None,
        live: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.models = {name: _Count(share, is_judge=phase == "judging") for name, share in shares.items()}
        n_rows, n_done = (sum(getattr(share, of) for share in shares.values()) for of in ("n_rows", "n_done"))
        self.all = _Count(ModelShare(n_rows, n_done), is_judge=phase == "judging")
        self._phase = f"{phase}  " if phase else ""
        self._stream: TextIO | None = stream if stream is not None else sys.stderr
        self._live = self._stream.isatty() and os.environ.get("TERM") != "dumb" if live is None else live
        self._clock = clock
        now = clock()
        self._begun = now
        self._next_draw = now if self._live else now + _PLAIN_S[0][1]
        self._waits: dict[str, float] = {}
        self._points: deque[tuple[float, list[int]]] = deque([(now, self._asked())])
        self._shown: list[str] = []

    def row(self, row: Row) -> None:
        """A row was finished and stored."""
        self.all.row(row)
        if (model := self.models.get(row.model)) is not None:
            model.row(row)
        now = self._clock()
        if now >= self._next_draw:
            self._draw(now)

    def waiting(self, lane: str, seconds: float) -> None:
        """A lane is held up by a rate limit for this much longer."""
        now = self._clock()
        self._waits[lane] = now + seconds
        if now >= self._next_draw:
            self._draw(now)

    def gave_up(self, model: str, why: str) -> None:
        """A model is asked no further: its line says so and why, and it is waited for no longer."""
        if (count := self.models.get(model)) is not None:
            count.given_up = _short(why, model)
            if len(self.models) == 1:
                self.all.given_up = count.given_up
        if self._live:
            self.tick()

    def tick(self) -> None:
        """Time passed; keeps the display moving while nothing finishes."""
        now = self._clock()
        if now >= self._next_draw:
            self._draw(now)

    def note(self, text: str) -> None:
        """A line that stays, above the progress."""
        self._erase()
        self._write(visible(text, limit=1000, lines=True) + "\n")
        if self._live:
            self._draw(self._clock())

    def close(self) -> None:
        """The last state, as a line that stays. Safe to call twice."""
        if self._stream is None:
            return
        self._erase()
        self._write(self._ending(self._clock()) + "\n")
        self._stream = None

    def line(self, now: float) -> str:
        """The whole run at this moment of the clock, in one line."""
        every = self.all
        parts = [f"{self._phase}{_of(every)}", numbers.share(every.share), *self._pace(now, every, 0)]
        parts += [every.spent, *every.remarks, *self._without()]
        for lane, until in sorted(self._waits.items()):
            if until > now:
                parts.append(f"waiting {numbers.duration(until - now)} on a rate limit ({visible(lane, limit=40)})")
        return "  ".join(parts)

    def block(self, now: float, width: int, height: int) -> list[str]:
        """The lines of the display: the whole run, then its models, the slowest of them where not all have room."""
        first = _cut(self.line(now), width)
        room = min(_MODELS, height - 2)
        if len(self.models) < 2 or room < 2:
            return [first]
        shown = self._slowest(room if len(self.models) <= room else room - 1)
        # In the suite's order, so that a line stays where it is while its numbers move.
        rows = [self._cells(now, name, at) for at, name in enumerate(self.models) if name in shown]
        lines = [_cut(f"  {line}", width) for line in _in_columns(rows)]
        folded = [count for name, count in self.models.items() if name not in shown]
        if folded:
            n_done = sum(count.done >= count.total for count in folded)
            done = f": {numbers.count(n_done)} done" if n_done else ", further on"
            lines.append(_cut(f"  and {numbers.count(len(folded))} more{done}", width))
        return [first, *lines]

    def _slowest(self, n: int) -> frozenset[str]:
        """Names of the models that are least far; of those that are done none where not all have room."""
        order = sorted(self.models, key=lambda name: self.models[name].share)
        if n < len(order):
            order = [name for name in order if self.models[name].share < 1] or order
        return frozenset(order[:n])

    def _cells(self, now: float, name: str, at: int) -> Sequence[str]:
        count = self.models[name]
        spent = count.spent.removeprefix("spend ")
        rate, left = [*self._pace(now, count, at + 1), "", ""][:2]
        remarks = count.remarks
        if self._waits.get(count.lane, 0.0) > now:
            remarks.insert(0, f"waiting {numbers.duration(self._waits[count.lane] - now)}")
        if count.done >= count.total:
            rate, left = "", "done"
        elif count.given_up:
            rate = left = ""
        return (
            _cut(visible(name, limit=80), _NAME),
            _of(count),
            rate,
            left.removesuffix(" left"),
            spent,
            ", ".join(remarks),
        )

    def _pace(self, now: float, count: _Count, at: int) -> list[str]:
        """Answers a second over the last half minute and what is left; nothing before there is anything to go by."""
        if (rate := self._rate(now, count, at)) is None:
            return []
        left_s = count.left / rate
        if count is self.all:  # the slowest model ends it, however fast the others are
            rates = [self._rate(now, one, n) for n, one in enumerate(self.models.values(), 1)]
            left = [one.left / each for one, each in zip(self.models.values(), rates, strict=True) if each]
            left_s = max(sum(one.left for one in self.models.values()) / rate, *left)
        return [f"{numbers.rate(rate)}/s", f"{numbers.duration(left_s)} left"]

    def _rate(self, now: float, count: _Count, at: int) -> float | None:
        then, before = self._points[0]
        if count.asked == before[at] or now - then < _LIVE_S:
            return None
        return (count.asked - before[at]) / (now - then)

    def _ending(self, now: float) -> str:
        took, every = max(now - self._begun, 1e-9), self.all
        parts = [f"{self._phase}{_of(every)} done in {numbers.duration(took)}"]
        if every.asked:
            parts.append(f"{numbers.rate(every.asked / took)}/s")
        return "  ".join([*parts, every.spent, *every.remarks, *self._without()])

    def _without(self) -> list[str]:
        """Which of several models are asked no further."""
        names = [visible(name, limit=40) for name, count in self.models.items() if count.given_up]
        if not names or len(self.models) == 1:
            return []
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return [f"given up: {names[0]}{more}"]

    def _plain(self, now: float) -> str:
        """A line of a log, which names the model that is least far."""
        told = self.line(now)
        if len(self.models) > 1 and any(count.left for count in self.models.values()):
            slowest = min(
                (name for name, count in self.models.items() if count.left), key=lambda name: self.models[name].share
            )
            told += f"  slowest: {visible(slowest, limit=40)} {_of(self.models[slowest])}"
        return told

    def _asked(self) -> list[int]:
        return [self.all.asked, *(count.asked for count in self.models.values())]

    def _draw(self, now: float) -> None:
        self._next_draw = now + (_LIVE_S if self._live else _plain_every(now - self._begun))
        if now - self._points[-1][0] >= 0.5:
            self._points.append((now, self._asked()))
            while len(self._points) > 2 and now - self._points[1][0] >= _RATE_WINDOW_S:
                self._points.popleft()
        if not self._live:
            self._write(self._plain(now) + "\n")
            return
        columns, rows = _size_of(self._stream)
        lines = self.block(now, max(columns - 1, 10), rows)
        # Each line is written over the one before, and what is left below is erased: no flicker.
        self._write(self._to_top(columns) + "\x1b[K\n".join(lines) + "\x1b[K\x1b[J")
        self._shown = lines

    def _erase(self) -> None:
        if self._shown:
            self._write(self._to_top(_size_of(self._stream)[0]) + "\x1b[J")
            self._shown = []

    def _to_top(self, columns: int) -> str:
        """Moves to the first sign of what is shown, which takes more lines where the window was made narrower since."""
        n_lines = sum(max(1, -(-_width(line) // columns)) for line in self._shown)
        return "\r" + (f"\x1b[{n_lines - 1}A" if n_lines > 1 else "")

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(numbers.plain_ascii(text))
            self._stream.flush()
        except (OSError, ValueError):  # the reader went away, or the stream is closed: nobody is left to tell
            self._stream = None


def _of(count: _Count) -> str:
    return f"{numbers.count(count.done)}/{numbers.count(count.total)}"


def _short(why: str, model: str) -> str:
    """The beginning of what an endpoint said: its line has no room for more, and the end of the run says it whole."""
    told = visible(why, limit=400).removeprefix(f"models.{model}: ").removeprefix(f"judges.{model}: ")
    return _cut(re.sub(r"^(\d{3}) from .*? for model '.*?': ", r"\1: ", told), _WHY)


def _plain_every(elapsed_s: float) -> float:
    """Seconds until a log's next line."""
    return next((every for until, every in _PLAIN_S if elapsed_s < until), _PLAIN_LAST_S)


def _size_of(stream: TextIO | None) -> tuple[int, int]:
    """(columns, lines) of the terminal behind a stream; 80 by 24 where it does not say."""
    try:
        size = os.get_terminal_size(stream.fileno()) if stream is not None else shutil.get_terminal_size()
    except (OSError, ValueError):
        size = shutil.get_terminal_size()
    return size.columns or 80, size.lines or 24


def _in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines: the first and the last column to the left, those between to the right."""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for first, *figures, last in rows:
        cells = [first + " " * (widths[0] - _width(first))]
        cells += [
            " " * (width - _width(cell)) + cell for cell, width in zip(figures, widths[1:-1], strict=True) if width
        ]
        lines.append("  ".join([*cells, last]).rstrip())
    return lines


def _width(text: str) -> int:
    """The columns that a text takes on a terminal; Chinese and the like take two a sign."""
    if text.isascii():  # nearly always, and a run starts without rich
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _cut(text: str, width: int) -> str:
    """The text, or its beginning and an ellipsis where it is wider."""
    if _width(text) <= width:
        return text
    from rich.cells import set_cell_size

    return set_cell_size(text, width - 1).rstrip() + "…"
