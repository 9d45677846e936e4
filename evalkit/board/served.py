"""What `evalkit board` starts: the pages of `app.py` behind the guard. Streamlit finds `app` in this file."""

from __future__ import annotations

import gc
import threading
import time
from contextlib import suppress
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from evalkit.board import sign_in
from evalkit.board.front_end import FrontEnd
from evalkit.board.guard import Guard, hold_settings
from evalkit.board.sessions import OneCookie, OnlyViews
from evalkit.errors import EvalkitError
from evalkit.text.escape import hold_logs

_COLLECT_S = 5.0
"""Between two looks for what sessions left behind. Streamlit's own way is to look after every view."""

_AFTER_S, _NEWEST = 10.0, 50
"""When the first page has long been drawn, so many runs are looked at."""
_REST = 3.0
"""Times as long as a look took, nothing is done: readers come first."""
_NEWS = 20_000
"""Objects that were made since the last look: fewer are no view."""

hold_settings()
hold_logs()
sign_in.set_up()
sign_in.hold_cookie()
_BEFORE = [
    *(Middleware(Guard), Middleware(OneCookie, hours=sign_in.hours), Middleware(OnlyViews, may_see=sign_in.may_see)),
    *(Middleware(sign_in.WayBack), Middleware(FrontEnd)),
]
app = App(Path(__file__).with_name("app.py"), middleware=_BEFORE)


def read_ahead(results: Path) -> None:
    """Read the figures of the first page in a thread of its own, while nobody waits for them yet.

    A browser takes a second to load Streamlit's own modules before it asks for the page. What goes wrong is told by the
    page itself.

    Then everything that lives as long as the server (modules, classes, those figures) is taken out of the garbage
    collector's sight: a quarter of a million objects, each of which it would look at again while every reader waits.
    What sessions leave behind is collected every few seconds, which then takes hundredths of one.
    """
    threading.Thread(target=_prepare, args=(results,), daemon=True).start()


def _prepare(results: Path) -> None:
    _read(results)
    gc.collect()
    gc.freeze()
    threading.Thread(target=_look_ahead, args=(results,), daemon=True).start()
    while True:
        time.sleep(_COLLECT_S)
        if gc.get_count()[0] > _NEWS or any(gc.get_count()[1:]):
            gc.collect()


def _look_ahead(results: Path) -> None:
    """Look at the parts of the newest runs, which takes half a second for a million rows and is remembered."""
    from evalkit.results.reader import ResultsReader
    from evalkit.store.queries import refuse_bombs

    time.sleep(_AFTER_S)
    with suppress(Exception):  # as in `_read`
        for info in ResultsReader(results).readable()[:_NEWEST]:
            begun = time.perf_counter()
            with suppress(EvalkitError, OSError):  # a page that needs it says so
                refuse_bombs(info.path)
            time.sleep(_REST * (time.perf_counter() - begun))


def _read(results: Path) -> None:
    from evalkit.results.entries import entries_of, standing, suites
    from evalkit.results.reader import ResultsReader

    try:
        store = ResultsReader(results)
        runs = sorted(store.readable(), key=lambda info: info.rank)
        for info in runs:
            store.state(info.name)
        if names := suites(runs):
            standing(store, entries_of(store, names[0], readable=runs), None)
    except Exception:  # noqa: BLE001  # nobody waits for it, and the page meets the same
        return
