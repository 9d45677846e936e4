"""What `evalkit board` starts: the pages of `app.py` behind the guard. Streamlit finds `app` in this file."""

from __future__ import annotations

import threading
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from evalkit.board import sign_in
from evalkit.board.guard import Guard, hold_settings

hold_settings()
sign_in.set_up()
app = App(Path(__file__).with_name("app.py"), middleware=[Middleware(Guard)])


def read_ahead(results: Path) -> None:
    """Read the figures of the first page in a thread of its own, while nobody waits for them yet.

    A browser takes a second to load Streamlit's own modules before it asks for the page. What goes wrong is told by the
    page itself.
    """
    threading.Thread(target=_read, args=(results,), daemon=True).start()


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
