"""`evalkit board`: the leaderboard in a browser, over a folder of results."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from evalkit.cli.options import results_folder
from evalkit.cli.printing import echo
from evalkit.installed import install_hint

_WARM = ("altair", "duckdb", "pandas", "pyarrow.parquet", "evalkit.stats.comparison", "ruamel.yaml")
"""What the pages import when they first need it."""


@click.command()
@results_folder
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Anything else lets others read every prompt and answer: there is no password.",
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def command(results: Path, port: int, address: str, no_browser: bool) -> int:
    """Open the board: leaderboard, trade-off, flips, gate, cost, runs. Reads results; needs no key and no network."""
    from evalkit.errors import MissingPackage

    if find_spec("streamlit") is None:
        raise MissingPackage(
            f"The board needs streamlit, which comes with the extra `app`: {install_hint('app')}. "
            "Without it: evalkit report RUN --html report.html"
        )
    if address not in {"127.0.0.1", "localhost", "::1"}:
        echo(f"evalkit: listening on {address}: whoever reaches it can read every prompt and answer.", err=True)
    os.environ["EVALKIT_RESULTS"] = str(results.resolve())
    leave_the_working_directory()
    from streamlit.web import cli as streamlit

    from evalkit.board import served

    for module in _WARM:  # now, rather than while the first reader waits
        importlib.import_module(module)
    args = ["run", served.__file__, *_flags(port, address, no_browser)]
    streamlit.main(args, prog_name="streamlit", standalone_mode=False)
    return 0


def leave_the_working_directory() -> None:
    """Go where no settings lie: Streamlit takes `.streamlit/config.toml` and `secrets.toml` from where one stands.

    Folders that evalkit itself takes from there are named in full before.
    """
    from evalkit import child
    from evalkit.decide.stored import promoted_folder

    os.environ["EVALKIT_BASELINES"] = str(promoted_folder().resolve())
    for name in ("EVALKIT_CATALOGUE", "EVALKIT_CACHE", "XDG_CONFIG_HOME"):
        if named := os.environ.get(name):
            os.environ[name] = str(Path(named).expanduser().absolute())
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
