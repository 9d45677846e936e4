"""DuckDB as evalkit opens it: it loads no extension, and writes what no longer fits into memory where nobody else can.

    con = database()       # in memory; spills below /tmp/evalkit-x7k2.../, which only this user may enter

By itself it spills to `.tmp` of the working directory, where a checkout may have put links under the names that it will
write: the files behind them would be emptied.
"""

from __future__ import annotations

import itertools
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_numbers = itertools.count()


def database() -> duckdb.DuckDBPyConnection:
    """A database of its own in memory, which spills into a folder of its own."""
    import duckdb

    outer = _folder(os.getpid())
    return duckdb.connect(
        ":memory:",
        config={
            "temp_directory": "" if outer is None else str(outer / str(next(_numbers))),  # made when it spills
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "allow_persistent_secrets": "false",  # those of ~/.duckdb
        },
    )


@cache
def _folder(process: int) -> Path | None:
    """A new folder that is only this user's, removed when the process ends.

    None, so that nothing is spilled: there is no room for temporary files but the working directory, which Python would
    take last.
    """
    import atexit
    import shutil
    import tempfile

    try:
        if Path(tempfile.gettempdir()).samefile(Path.cwd()):
            return None
        made = Path(tempfile.mkdtemp(prefix="evalkit-"))
    except OSError:
        return None

    def remove() -> None:
        if os.getpid() == process:  # and not in a fork of it
            shutil.rmtree(made, ignore_errors=True)

    atexit.register(remove)
    return made
