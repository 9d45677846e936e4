"""The leaderboard as a PNG for a slide or a pull request: drawn by Pillow, which comes with Streamlit.

Its built-in font knows ASCII only, so signs are written plainly (`numbers.plain_ascii`) rather than as empty boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from evalkit.results.entries import LeaderboardLine
from evalkit.text import numbers
from evalkit.text.escape import visible

_INK, _SOFT, _BLUE, _PAPER = "#1a1a1a", "#666666", "#0072B2", "#ffffff"
_ROW, _TOP, _WIDTH, _CHART = 44, 70, 1200, (330, 640)


def picture(lines: Sequence[LeaderboardLine], letters: Sequence[str]) -> bytes:
    """A PNG of place, model, whiskers, quality, cost and time."""
    from PIL import Image, ImageDraw, ImageFont

    font, small = ImageFont.load_default(size=18), ImageFont.load_default(size=14)
    image = Image.new("RGB", (_WIDTH, _TOP + _ROW * len(lines) + 40), _PAPER)
    draw = ImageDraw.Draw(image)
    heads = ((20, "place"), (100, "model"), (_CHART[0], "quality, 95 % interval"), (680, "quality"), (880, "USD/1,000"))
    for x, text in (*heads, (1010, "TTFT p50"), (1110, "total p95")):
        draw.text((x, 34), text, _SOFT, small)
    ends = [v for line in lines for v in (line.cell.quality.low, line.cell.quality.high) if v is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    reach = max(high - low, 0.02)

    def x_of(value: float) -> float:
        return _CHART[0] + (value - low) / reach * (_CHART[1] - _CHART[0])

    for n, (line, letter) in enumerate(zip(lines, letters, strict=True)):
        y = _TOP + _ROW * n
        quality, times = line.cell.quality, line.cell.latency
        place = f"{line.place} {letter}" if line.place else numbers.UNDEFINED
        _write(draw, (20, y), place, font)
        _write(draw, (100, y), visible(line.entry.model, limit=22), font)
        if quality.low is not None and quality.high is not None:
            draw.line((x_of(quality.low), y + 11, x_of(quality.high), y + 11), _BLUE, 3)
        if quality.mean is not None:
            at = x_of(quality.mean)
            draw.ellipse((at - 6, y + 5, at + 6, y + 17), _BLUE)
        shown = numbers.quality_with_interval(quality.mean, quality.low, quality.high)
        _write(draw, (680, y), shown, font)
        _write(draw, (880, y), numbers.usd(line.cell.cost.usd_per_1k_samples), font)
        _write(draw, (1010, y), numbers.time(times.ttft_s.p50), font)
        _write(draw, (1110, y), numbers.time(times.total_s.p95), font)
    suites = ", ".join(dict.fromkeys(visible(line.entry.run.name, limit=60) for line in lines))
    _write(draw, (20, image.height - 28), f"evalkit: {visible(suites, limit=130)}", small)
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _write(draw: object, at: tuple[int, int], text: str, font: object) -> None:
    draw.text(at, numbers.plain_ascii(text), _INK, font)  # type: ignore[attr-defined]
