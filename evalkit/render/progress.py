"""What a person watching a run sees on stderr: how far, how fast, how long still, at what cost, and what holds it up.

    412/2,000  21 %  58.3/s  27 s left  $0.0412  3 errors  waiting 12 s on a rate limit (openai)

On a terminal one line is rewritten, at most eight times a second; elsewhere (CI logs) a plain line is printed every ten
seconds. Drawn by hand, because it is called for every row of a run: a row costs a microsecond.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import TextIO

from evalkit.records import Outcome, Row
from evalkit.text import numbers
from evalkit.text.escape import visible

_LIVE_S = 0.125
_PLAIN_S = 10.0
_RATE_WINDOW_S = 30.0  # recent enough to show a slowdown, long enough not to jump


class Progress:
    """The progress of one run. Call `row` for every finished row, `tick` a few times a second, `close` at the end.

    `done` rows exist already (a resumed run): they count as done, not in the rate. A stream that goes away (a closed
    pipe) ends the display, never the run.
    """

    def __init__(
        self,
        total: int,
        *,
        done: int = 0,
        stream: TextIO | None = None,
        live: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self.done = done
        self.errors = 0
        self.cached = 0
        self.spend_usd = Decimal(0)
        self.n_unpriced = 0
        """Answers whose price or usage is unknown: the spend shown does not contain them."""
        self._stream: TextIO | None = stream if stream is not None else sys.stderr
        self._live = self._stream.isatty() if live is None else live
        self._clock = clock
        now = clock()
        self._begun = now
        self._already = done
        self._every = _LIVE_S if self._live else _PLAIN_S
        self._next_draw = now if self._live else now + self._every
        self._waits: dict[str, float] = {}
        self._points: deque[tuple[float, int]] = deque([(now, done)])
        self._shown = False

    def row(self, row: Row) -> None:
        """A row was finished and stored."""
        self.done += 1
        if row.outcome is Outcome.ERRORED and not row.waits:
            self.errors += 1
        elif row.spend_usd is None:
            self.n_unpriced += 1
        if row.spend_usd:
            self.spend_usd += row.spend_usd
        if row.cached:
            self.cached += 1
        now = self._clock()
        if now >= self._next_draw:
            self._draw(now)

    def waiting(self, lane: str, seconds: float) -> None:
        """A lane is held up by a rate limit for this much longer."""
        now = self._clock()
        self._waits[lane] = now + seconds
        if now >= self._next_draw:
            self._draw(now)

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
        """The state at this moment of the clock, in one line."""
        done = f"{numbers.count(self.done)}/{numbers.count(self.total)}"
        parts = [done, numbers.share(self.done / self.total if self.total else 1.0)]
        rate = self._rate(now)
        if rate:
            parts.append(f"{numbers.rate(rate)}/s")
            parts.append(f"{numbers.duration((self.total - self.done) / rate)} left")
        parts += self._sums()
        for lane, until in sorted(self._waits.items()):
            if until > now:
                parts.append(f"waiting {numbers.duration(until - now)} on a rate limit ({visible(lane, limit=40)})")
        return "  ".join(parts)

    def _ending(self, now: float) -> str:
        took = max(now - self._begun, 1e-9)
        new = self.done - self._already
        parts = [f"{numbers.count(self.done)}/{numbers.count(self.total)} done in {numbers.duration(took)}"]
        if new:
            parts.append(f"{numbers.rate(new / took)}/s")
        return "  ".join(parts + self._sums())

    def _sums(self) -> list[str]:
        """Spend, cached and errors."""
        answered = self.done - self._already - self.errors
        if self.n_unpriced and self.n_unpriced == answered:
            parts = ["spend unknown"]
        else:
            parts = [numbers.usd(self.spend_usd)]
            if self.n_unpriced:
                parts[0] += f" + {numbers.count(self.n_unpriced)} unpriced"
        if self.cached:
            parts.append(f"{numbers.count(self.cached)} from the cache")
        if self.errors:
            parts.append(f"{numbers.count(self.errors)} error{'s' if self.errors > 1 else ''}")
        return parts

    def _rate(self, now: float) -> float | None:
        """Rows a second over the last half minute; None before there is anything to go by."""
        then, before = self._points[0]
        if self.done == before or now - then < 0.2:
            return None
        return (self.done - before) / (now - then)

    def _draw(self, now: float) -> None:
        self._next_draw = now + self._every
        if now - self._points[-1][0] >= 0.5:
            self._points.append((now, self.done))
            while len(self._points) > 2 and now - self._points[1][0] >= _RATE_WINDOW_S:
                self._points.popleft()
        if not self._live:
            self._write(self.line(now) + "\n")
            return
        width = max(shutil.get_terminal_size().columns - 1, 10)
        self._write("\r" + self.line(now)[:width] + "\x1b[K")
        self._shown = True

    def _erase(self) -> None:
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

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
