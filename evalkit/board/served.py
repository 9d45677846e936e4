"""What `evalkit board` starts: the pages of `app.py` behind the guard. Streamlit finds `app` in this file."""

from __future__ import annotations

from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from evalkit.board import sign_in
from evalkit.board.guard import Guard, hold_settings

hold_settings()
sign_in.set_up()
app = App(Path(__file__).with_name("app.py"), middleware=[Middleware(Guard), Middleware(sign_in.WayBack)])
