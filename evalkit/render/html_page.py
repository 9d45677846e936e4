"""What our HTML pages share: the template, the policy, the one script, and charts drawn for many pages at once.

    page = PageDraft("page.html", {"title": ...}, {"leaderboard": chart})
    [text] = written([page])

No font, no image and no address is in a page. It has one script, our own (`templates/page.js`), which sorts and filters
tables; the page's policy forbids the browser to load anything and to run any other script. Without it the page is
whole. Templates lay text out and escape every value (Jinja, autoescape) after `visible`. Only the drawings and that
script are markup: the drawings are made here from the charts of the board, and no value is in the script.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from evalkit.errors import NoPicture
from evalkit.render import pictures
from evalkit.render.maker_marks import TINTS
from evalkit.render.rows import ink_on
from evalkit.render.vega import Chart
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Link:
    """A way to another page of a site. `href` is made by us: a relative address of file names that we chose."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class PageDraft:
    """A page but for its drawings."""

    template: str
    values: Mapping[str, object]
    charts: Mapping[str, Chart] = field(default_factory=dict)
    """By the name under which the template shows them."""


def written(pages: Sequence[PageDraft]) -> list[str]:
    """The pages as text. The charts of all of them are drawn in one process, which takes half a second to start.

    Where charts cannot be drawn the pages say so: their tables have the same figures.
    """
    from markupsafe import Markup

    script = Markup(files("evalkit.render").joinpath("templates", "page.js").read_text("utf-8"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    no_drawings, made = "", list[str]()
    try:
        made = pictures.inline_svg([chart for page in pages for chart in page.charts.values()])
    except NoPicture as error:
        no_drawings = f"Without charts; every figure is in the tables. {error}"
    drawn = iter(made)
    return [
        _environment().get_template(page.template).render(
            **page.values,
            script=script,
            script_sha256=digest,
            drawings={} if no_drawings else {name: Markup(next(drawn)) for name in page.charts},  # vl-convert escapes
            no_drawings=no_drawings,
        )
        for page in pages
    ]  # fmt: skip


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("evalkit.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["shown"] = _shown
    made.filters["said"] = _said
    made.globals["tints"] = [{"ground": colour, "ink": ink_on(colour)} for colour in TINTS]
    made.globals["plural"] = numbers.plural
    return made


def _shown(value: object, limit: int = 200) -> str:
    return "" if value is None else visible(str(value), limit=limit)


def _said(value: object, limit: int = 200) -> Markup:
    """A sentence of ours, made visible and escaped; what stands between backticks in it is set as code."""
    from markupsafe import Markup, escape

    parts = re.split(r"`([^`\n]+)`", _shown(value, limit))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts)
    )
