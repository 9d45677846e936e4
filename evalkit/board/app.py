"""The app: pages and the way between them. `evalkit board` and `streamlit run app.py` both end here."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import streamlit as st

from evalkit.board import elements, sign_in
from evalkit.render import vega
from evalkit.results.reader import ResultsReader
from evalkit.store.runs import default_results

if TYPE_CHECKING:
    from PIL.Image import Image

_M_ARENA_MAX = -8  # malloc.h
# Where the keyboard is, on every control (the page as a whole and the cells of a table show it by themselves), and the
# colour of the page's text where Streamlit's greys stand out less than 4.5 to 1 (WCAG 2.2, 1.4.3). A comment, because
# Streamlit writes a string that stands alone in this file onto the page.
_STYLE = """
[data-testid="stMainBlockContainer"] { padding-top: 3rem; }
@media (min-width: 800px) { [data-testid="stMainBlockContainer"] { padding-left: 2rem; padding-right: 2rem; } }
:focus-visible { outline: 3px solid #0072B2 !important; outline-offset: 2px; border-radius: 4px; }
[data-testid="stMain"]:focus-visible, canvas:focus-visible { outline: none !important; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * { color: inherit !important; opacity: 1; }
[data-testid="stCode"] code span { color: inherit !important; }
[data-testid="stButtonGroup"] [role="toolbar"] { flex-wrap: wrap !important; }
[data-testid="stVegaLiteChart"] svg text { fill: currentColor !important; }
[data-testid^="stBaseButton-primary"] { background: #0072B2 !important; border-color: #0072B2 !important; }
"""
PAGES: tuple[tuple[str, str, str], ...] = (
    ("leaderboard", "Leaderboard", ":material/leaderboard:"),
    ("tradeoff", "Trade-off", ":material/scatter_plot:"),
    ("versus", "Versus", ":material/compare_arrows:"),
    ("sample", "Sample", ":material/article:"),
    ("history", "History", ":material/timeline:"),
    ("gate", "Gate", ":material/rule:"),
    ("cost", "Cost", ":material/payments:"),
    ("runs", "Runs", ":material/list:"),
)


def main() -> None:
    """Draw the board over EVALKIT_RESULTS (or ./results)."""
    few_arenas()
    st.set_page_config(page_title="evalkit", page_icon=_icon(), layout="wide")
    st.html(f"<style>{_STYLE}</style>")
    if not sign_in.passed():
        return
    store = ResultsReader.of_now(default_results())
    pages = {}
    for path, title, icon in PAGES:
        page: Callable[[], None] = partial(import_module(f"evalkit.board.{path}").render, store)
        page.__name__ = path
        pages[path] = st.Page(page, title=title, icon=icon, url_path=path, default=path == "leaderboard")
    st.session_state[elements.PAGES] = pages
    st.navigation(list(pages.values()), position="sidebar").run()


def few_arenas() -> None:
    """Keep freed memory in one place: Streamlit draws every view in a new thread, and glibc gives each its own heap."""
    with suppress(OSError, AttributeError):  # another C library: nothing to ask for
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _icon() -> Image:
    """Three bars, drawn here: Streamlit fetches symbols and emojis for this place from the network."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for x, top in ((3, 18), (12, 10), (21, 4)):
        draw.rectangle((x, top, x + 7, 29), fill=vega.COLOURS[0])
    return image


if __name__ == "__main__":
    main()
