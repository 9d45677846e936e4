"""`evalkit board`: the leaderboard in a browser, over a folder of results."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import GivenPath, baselines_folder, env_file, results_folder
from evalkit.cli.printing import echo
from evalkit.errors import UserError
from evalkit.installed import install_hint

if TYPE_CHECKING:
    from evalkit.board.sign_in import SignIn

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_WARM = ("altair", "duckdb", "pandas", "pyarrow.parquet", "evalkit.stats.comparison", "ruamel.yaml")
"""What the pages import when they first need it."""


@click.command()
@results_folder
@baselines_folder
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Anything else lets others read every prompt and answer: set up sign-in before "
    "(docs/board.md), without it there is no password.",
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--allow-runs",
    type=GivenPath(path_type=Path),
    metavar="DIR",
    help="Let the page Runs start and stop runs of the suites in DIR, with your keys. Only on 127.0.0.1.",
)
@env_file
def command(results: Path, baselines: Path, port: int, address: str, no_browser: bool, allow_runs: Path | None) -> int:
    """Open the board: leaderboard, trade-off, flips, gate, cost, runs. Reads results; needs no key and no network."""
    from evalkit.errors import MissingPackage

    if find_spec("streamlit") is None:
        raise MissingPackage(
            f"The board needs streamlit, which comes with the extra `app`: {install_hint('app')}. "
            "Without it: evalkit report RUN --html report.html"
        )
    from evalkit.board import sign_in
    from evalkit.checkouts import below_home, refuse_in_checkout

    refuse_in_checkout(
        below_home("~/.streamlit/config.toml", " to a folder: Streamlit asks for one"),
        "start the board with a HOME outside: it says how every page of the board looks",
    )
    signing_in = sign_in.set_up()
    if address not in _LOOPBACK:
        who = "whoever reaches it" if signing_in is None else "whoever signs in"
        echo(f"evalkit: listening on {address}: {who} can read every prompt and answer.", err=True)
    if allow_runs is not None:
        _allow_runs(allow_runs, address, signing_in)
    _must_be_free(address, port)
    os.environ["EVALKIT_RESULTS"] = str(results.resolve())
    os.environ["EVALKIT_BASELINES"] = str(baselines.resolve())
    leave_the_working_directory()
    from streamlit.web import cli as streamlit

    from evalkit.board import served
    from evalkit.board.front_end import preloads
    from evalkit.board.guard import hold_frames
    from evalkit.store.runs import default_results

    for module in _WARM:  # now, rather than while the first reader waits
        importlib.import_module(module)
    served.read_ahead(default_results())
    preloads("/")
    hold_frames()
    logging.getLogger("streamlit.config").addFilter(_is_news)
    args = ["run", served.__file__, *_flags(port, address, no_browser)]
    signal.signal(signal.SIGTERM, _end)  # the server ends first, and then raises it once more
    try:
        ended: object = streamlit.main(args, prog_name="streamlit", standalone_mode=False)
    finally:
        from evalkit.board import orders

        orders.stop_all(lambda told: echo(told, err=True))
    return ended if isinstance(ended, int) else 0


def _end(number: int, frame: object) -> None:
    """A polite kill: what was started from the page is stopped, and said."""
    raise click.exceptions.Exit(128 + number)


def _must_be_free(address: str, port: int) -> None:
    """Raises UserError where somebody listens there already: most likely another board."""
    import errno
    import socket

    try:
        with socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET):
            return
    except OSError as error:  # anything else is told by the server, which knows more ways to read an address
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"Port {port} of {address} is taken, perhaps by another board. Choose another: evalkit board --port "
                f"{port + 1 if port < 65535 else port - 1}"
            ) from error


def _is_news(record: logging.LogRecord) -> bool:
    """Not that our own flags differ from Streamlit's defaults, which it takes for an edited file of settings."""
    return "[server] config option section" not in record.getMessage()


def _allow_runs(folder: Path, address: str, signing_in: SignIn | None) -> None:
    """Give leave to start runs, and say the code. Raises UsageError where others than this machine reach the board."""
    from evalkit.board import guard, orders
    from evalkit.text.escape import visible

    named = [one.strip() for one in os.environ.get(guard.HOSTS, "").split(",")]
    named += [signing_in.host] if signing_in is not None else []
    others = [one for one in named if one and one.lower() not in _LOOPBACK]
    if address not in _LOOPBACK:
        raise click.UsageError(f"--allow-runs is for this machine alone, --address {address} is not: leave one out.")
    if others:
        shown = visible(", ".join(others), limit=200)
        raise click.UsageError(
            f"--allow-runs is for this machine alone, and others reach this board as {shown} ({guard.HOSTS}, or the "
            "redirect_uri of its sign-in): start another board for it."
        )
    code = orders.allow(folder)
    echo(f"evalkit: the page Runs may start the suites in {visible(str(folder), limit=300)}. Code: {code}", err=True)


def leave_the_working_directory() -> None:
    """Go where no settings lie: Streamlit takes `.streamlit/config.toml` and `secrets.toml` from where one stands.

    Folders that evalkit itself takes from there are named in full before.
    """
    from evalkit import child
    from evalkit.decide.stored import promoted_folder
    from evalkit.paths import ROOTS_VARIABLES, of_person

    os.environ["EVALKIT_BASELINES"] = str(promoted_folder().resolve())
    for name in ("EVALKIT_CATALOGUE", "EVALKIT_CACHE", "EVALKIT_POLICY"):
        if named := os.environ.get(name):
            os.environ[name] = str(of_person(named, name).absolute())
    for name in ROOTS_VARIABLES:
        if listed := [one for one in os.environ.get(name, "").split(os.pathsep) if one.strip()]:
            os.environ[name] = os.pathsep.join(str(of_person(one, name).absolute()) for one in listed)
    sys.path[:] = child.import_path()  # without that folder
    os.chdir(Path(__file__).resolve().parent.parent / "board")


def _flags(port: int, address: str, no_browser: bool) -> list[str]:
    """Loopback unless asked otherwise, no statistics sent, nothing watched on disk."""
    flags = {
        "server.port": port,
        "server.address": address,
        "server.headless": str(no_browser).lower(),
        "server.fileWatcherType": "none",
        "server.showEmailPrompt": "false",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "global.developmentMode": "false",
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "server.enableStaticServing": "false",
        "server.baseUrlPath": "",
    }
    return [part for name, value in flags.items() for part in (f"--{name}", str(value))]
