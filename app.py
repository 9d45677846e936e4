from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from evalkit.board import app as pages
from evalkit.board import sign_in
from evalkit.board.front_end import FrontEnd
from evalkit.board.guard import Guard, hold_settings

# `streamlit run app.py`: the board over ./results or EVALKIT_RESULTS, behind the guard of evalkit/board/guard.py.
hold_settings()
sign_in.set_up()
app = App(Path(pages.__file__), middleware=[Middleware(Guard), Middleware(sign_in.WayBack), Middleware(FrontEnd)])
