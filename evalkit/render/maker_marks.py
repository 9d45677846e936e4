"""A maker's mark beside a model's name in tables: letters on a colour, drawn by us; no company's own sign.

    mark = mark_of("OpenAI", "closed")      # letters "OA" on blue; a square
    mark.words                              # "OpenAI, closed"
    mark.image()                            # an SVG as a data address, for tables that take pictures
    legend([mark, ...])                     # "OA OpenAI, ... Square: closed; circle: open weights."

The shapes are those of the trade-off chart: a square is a closed model, a circle has open weights. Nothing rests on the
colour: there are more makers than colours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from evalkit.catalogue.facts import MAKERS
from evalkit.render.rows import ink_on
from evalkit.render.vega import COLOURS
from evalkit.text.escape import visible

Shape = Literal["square", "circle", "octagon"]
_NEUTRAL = COLOURS[6]
"""Of an unknown maker; no maker's colour."""
TINTS = (*(colour for colour in COLOURS if colour != _NEUTRAL), _NEUTRAL)
_UNKNOWN = "?"
_SIZE = 26
_SHAPES: dict[Shape, str] = {
    "square": '<rect x="1" y="1" width="24" height="24" rx="4"/>',
    "circle": '<circle cx="13" cy="13" r="12.5"/>',
    "octagon": '<path d="M8 1h10l7 7v10l-7 7h-10l-7 -7v-10z"/>',
}
_SHAPE_WORDS: dict[Shape, str] = {"square": "closed", "circle": "open weights", "octagon": "openness not known"}


@dataclass(frozen=True, slots=True)
class MakerMark:
    """What is drawn."""

    maker: str | None
    """The company; None: not known."""
    shape: Shape

    @property
    def letters(self) -> str:
        """One to three."""
        return MAKERS.get(self.maker or "", _UNKNOWN)

    @property
    def tint(self) -> int:
        """Which of TINTS it has."""
        makers = list(MAKERS)
        return makers.index(self.maker) % (len(TINTS) - 1) if self.maker in makers else len(TINTS) - 1

    @property
    def colour(self) -> str:
        """Of the ground; stands out 3 to 1 from a light and a dark page."""
        return TINTS[self.tint]

    @property
    def ink(self) -> str:
        """Of the letters; stands out 4.5 to 1 from the ground."""
        return ink_on(self.colour)

    @property
    def words(self) -> str:
        """For those who do not see it: "OpenAI, closed"."""
        return f"{visible(self.maker or 'maker not known', limit=60)}, {_SHAPE_WORDS[self.shape]}"

    def image(self) -> str:
        """The mark as an SVG in a data address."""
        text = f'<text x="13" y="17" text-anchor="middle" font-size="{11 if len(self.letters) < 3 else 9}" '
        text += f'font-family="sans-serif" font-weight="bold" fill="{self.ink}">{self.letters}</text>'
        size = f'width="{_SIZE}" height="{_SIZE}" viewBox="0 0 {_SIZE} {_SIZE}"'
        drawn = f'<g fill="{self.colour}">{_SHAPES[self.shape]}</g>{text}'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</svg>'
        return f"data:image/svg+xml,{quote(svg)}"


def mark_of(maker: str | None, openness: str | None) -> MakerMark:
    """The mark of a model; `openness` as `ReportEntry.openness` has it: a tier, `disputed`, or None for not known."""
    if openness in {None, "disputed"}:
        return MakerMark(maker, "octagon")
    return MakerMark(maker, "square" if openness == "closed" else "circle")


def legend(marks: Iterable[MakerMark]) -> str:
    """Whose marks these are, and what their shapes say, in words; empty where nothing is known of any."""
    found = list(marks)
    known = {mark.letters: mark.maker for mark in found if mark.maker}
    if not known:
        return ""
    makers = ", ".join(f"{letters} {visible(maker, limit=60)}" for letters, maker in sorted(known.items()))
    shapes = [shape for shape in _SHAPES if any(mark.shape == shape for mark in found)]
    told = [f"{shape}: {_SHAPE_WORDS[shape]}" for shape in shapes]
    if any(mark.maker is None for mark in found):
        told.append(f"{_UNKNOWN}: maker not known")
    return f"{makers}. {'; '.join(told).capitalize()}."
