"""How a number looks, decided once: digits, signs, units, and how "unknown" and "undefined" look.

    quality_with_interval(0.8342, 0.801, 0.862)  ->  "0.834 [0.80, 0.86]"
    usd(Decimal("0.00123"))                      ->  "$0.00123"
    usd(None)                                    ->  "unknown"

Quality is a fraction of 1 with three decimals, never per cent. A difference of two qualities is in points of 100, a
share of requests in per cent, on every page (JSON and JUnit's values keep fractions of 1). Money is US dollars with
three significant digits below one dollar. A time carries its unit, or a whole column shares one.
Nothing that is not zero is ever shown as zero: 0.2 % is "<1 %".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

UNKNOWN = "unknown"
"""It has a value, which nobody told us: a price, a token count."""
UNDEFINED = "–"
"""It has no value: a mean of nothing, a time to first token where nothing was streamed."""

Number = float | int | Decimal
TimeUnit = Literal["ms", "s"]


_DIGITS = re.compile("[0-9]{1,24}")


def whole_number(text: str | bytes) -> int | None:
    """The whole number that a text of digits spells; None for any other text. What stands in a file may be ², which
    `isdigit` takes and `int` does not, or have the 4,301 digits that `int` refuses."""
    said = text.decode("latin-1") if isinstance(text, bytes) else text
    return int(said) if _DIGITS.fullmatch(said) else None


def _exact(value: Number) -> float:
    """Without the noise of sums: a difference that comes as -0.0875 by two ways is rounded one way."""
    return round(float(value), 12)


def quality(value: Number | None) -> str:
    """A score in [0, 1], three decimals. A value just below 1 is never rounded up to 1, nor one above 0 down to it."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    text = f"{_exact(value):.3f}"
    if text == "1.000" and value < 1:
        return "0.999"
    return "0.001" if text == "0.000" and value > 0 else text


def interval(low: Number | None, high: Number | None) -> str:
    """Bounds in score units: two decimals, three where they are less than 0.02 apart."""
    if low is None or high is None:
        return ""
    digits = 3 if float(high) - float(low) < 0.02 else 2
    # A bound that rounds to zero has no sign: nobody's score is minus zero.
    first, second = (f"{bound:.{digits}f}" for bound in (low, high))
    plain = [text.removeprefix("-") if float(text) == 0 else text.replace("-", "−") for text in (first, second)]
    return f"[{', '.join(plain)}]"


def quality_with_interval(mean: Number | None, low: Number | None, high: Number | None) -> str:
    """Like "0.834 [0.80, 0.86]"; the mean alone where there is no interval."""
    return f"{quality(mean)} {interval(low, high)}".rstrip()


def agreement(value: Number | None, low: Number | None = None, high: Number | None = None) -> str:
    """Kappa or alpha, from −1 to 1, with its interval where there is one: "0.62 [0.41, 0.83]"."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    return f"{value:.2f} {interval(low, high)}".rstrip().replace("-", "−")


def difference(value: Number | None, *, exact: bool = False) -> str:
    """A difference of scores or shares with its sign, in points of 100: "+1.2 points", "−<0.1 points"; "0.0 points"
    without one only where it is exactly zero. `exact`: a limit that somebody stated, with all of its digits."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    size, sign = abs(_exact(value)), "" if value == 0 else "+" if value > 0 else "−"
    if exact and size:
        return f"{sign}{_stated(100 * size)} points"
    return f"{sign}{points(size)}"


def percent(value: Number | None, *, exact: bool = False) -> str:
    """A share of answers: "0.4 %", "<0.1 %", "100.0 %"; `exact` as for `difference`."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    size = _exact(value)
    if exact:
        return f"{_stated(100 * size)} %"
    return "<0.1 %" if 0 < size < 0.0005 else ">99.9 %" if 0.9995 <= size < 1 else f"{100 * float(f'{size:.3f}'):.1f} %"


def _stated(hundredths: float) -> str:
    """One decimal, or as many as were stated."""
    return f"{hundredths:.1f}" if abs(hundredths - round(hundredths, 1)) < 1e-9 else f"{hundredths:.10g}"


def points(size: Number) -> str:
    """How large a difference of scores is, in points of 100: "4.8 points", "<0.1 points"; rounded as `difference`."""
    found = abs(_exact(size))
    return f"{100 * float(f'{found:.3f}'):.1f} points" if found == 0 or found >= 0.0005 else "<0.1 points"


def difference_interval(low: Number | None, high: Number | None) -> str:
    """Bounds of a difference, in points of 100: "[−8.1, −1.6]"; "−0.0" lies just below zero, "0.0" on it."""
    return "" if low is None or high is None else f"[{_signed_point(low)}, {_signed_point(high)}]"


def signed_points(value: Number | None) -> str:
    """A difference of scores in points of 100 with its sign: "+1.2", "−8.1"; "0.0" where it is exactly zero."""
    return UNDEFINED if value is None or not math.isfinite(value) else _signed_point(value)


def points_interval(low: Number | None, high: Number | None) -> str:
    """Bounds of a difference in points of 100: "−8.1 to −1.6"; "−0.0" lies just below zero, "0.0" on it."""
    return "" if low is None or high is None else f"{_signed_point(low)} to {_signed_point(high)}"


def _signed_point(value: Number) -> str:
    if value == 0:
        return "0.0"
    sign = "+" if value > 0 else "−"
    return f"{sign}{100 * float(f'{abs(_exact(value)):.3f}'):.1f}"  # as `difference` rounds


def p_value(value: Number | None) -> str:
    """A p-value: "0.14", "0.012", "<0.001"; undefined for None."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    return "<0.001" if value < 0.001 else f"{value:.2f}" if value >= 0.095 else f"{value:.3f}"


def ratio(value: Number | None) -> str:
    """How many times as much: "0.0025×", "0.52×", "12.3×", "140×"; "0.00×" only where it is nothing."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    if 0 < value < 0.01:
        return f"{value:.2g}×" if value >= 0.0001 else "<0.0001×"
    return f"{value:,.2f}×" if value < 10 else f"{value:,.1f}×" if value < 100 else f"{value:,.0f}×"


def usd(value: Number | None) -> str:
    """Dollars: "$0", "$0.00123", "$12.34", "$1,235"; "unknown" for None."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "$0"
    sign, size = ("−" if value < 0 else ""), abs(Decimal(str(value)))
    if size >= 1000:
        return f"{sign}${size:,.0f}"
    if size >= Decimal("0.995"):
        return f"{sign}${size:.2f}"
    if size < Decimal("0.000001"):
        return f"{sign}<$0.000001"
    decimals = 2 - size.adjusted()  # three significant digits
    text = f"{size:.{decimals}f}".rstrip("0")
    whole, _, cents = text.partition(".")
    return f"{sign}${whole}.{cents.ljust(2, '0')}"


def count(value: int | None) -> str:
    """Items or tokens: "1,319"; "unknown" for None."""
    return UNKNOWN if value is None else f"{value:,}"


def plural(n: int, one: str, several: str = "") -> str:
    """A number with its noun: "1 run", "1,319 runs"; `several`: the plural where it is not `one` with an s."""
    return f"{n:,} {one if n == 1 else several or f'{one}s'}"


def plural_of(names: Mapping[str, int], one: str) -> str:
    """Counts by name with their noun: "triage 320, refunds 40 samples", "triage 1 sample"."""
    told = ", ".join(f"{name} {count(n)}" for name, n in names.items())
    return f"{told} {one if sum(names.values()) == 1 else f'{one}s'}"


def verb(n: int, one: str, several: str) -> str:
    """The verb that goes with a count: `verb(1, "is", "are")`."""
    return one if n == 1 else several


def share(value: Number | None) -> str:
    """A fraction of requests in per cent: "0 %", "<1 %", "12 %", ">99 %", "100 %"."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    if 0 < value < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < value < 1 else f"{value * 100:.0f} %"


def rate(value: Number | None) -> str:
    """Tokens or requests a second: "5.6", "56", "1,234"."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    return f"{value:.2g}" if 0 < value < 1 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def volume(value: Number | str) -> str:
    """Tokens or requests a day, three digits: "250", "21.9 M", "101 k"; exact decimals may come as text."""
    number = float(value)
    for scale, sign in ((1e12, " T"), (1e9, " B"), (1e6, " M")):
        if number >= scale:
            return f"{number / scale:.3g}{sign}"
    if number >= 1e4:
        return f"{number / 1e3:.3g} k"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def time_unit(seconds: Iterable[Number | None]) -> TimeUnit:
    """The unit that a column of times shares: milliseconds where all are below one second."""
    return "ms" if all(value is None or value < 1 for value in seconds) else "s"


def time_in(unit: TimeUnit, seconds: Number | None) -> str:
    """A time without its unit, for a column that states it: "312", "3.1" (ms), "1.23", "123" (s)."""
    if seconds is None or not math.isfinite(seconds):
        return UNDEFINED
    if unit == "ms":
        return f"{seconds * 1000:,.0f}" if seconds >= 0.00995 else f"{seconds * 1000:.1f}"
    return f"{seconds:.2f}" if seconds < 99.995 else f"{seconds:,.0f}"


def time(seconds: Number | None) -> str:
    """A time with its unit: "3.1 ms", "312 ms", "1.23 s"."""
    if seconds is None or not math.isfinite(seconds):
        return UNDEFINED
    unit = time_unit((seconds,))
    return f"{time_in(unit, seconds)} {unit}"


def duration(seconds: Number | None) -> str:
    """How long a person waits: "8 s", "3 min 20 s", "2 h 05 min", "3 d 4 h"."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def short_digests(text: str) -> str:
    """The text with every long digest cut to 12 digits, which is enough for a person to see that two differ."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{28,52}\b", r"\1…", text)


def plain_ascii(text: str) -> str:
    """The same with ASCII signs only, for terminals that cannot show more; other characters become \\u escapes."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


_ASCII = str.maketrans({"–": "-", "−": "-", "×": "x", "…": "...", "·": "|", "─": "-", "━": "-", "│": "|", "╌": "-"})
