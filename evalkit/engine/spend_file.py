"""What a capped run has spent and set aside, written down as it happens, so that `kill -9` does not make it cheaper.

    spend_file = SpendFile.open(folder)
    spend_file.keep(Decimal("0.42"))      # at every reservation and every settlement
    SpendFile.left_in(folder)            # Decimal("0.42") after a kill; None after a clean end

One number in one file, overwritten in place without waiting for the disk: the kernel keeps it when the process dies, at
a few microseconds a request. Only a crash of the whole machine may lose the last of it. Runs without a cap have none.
"""

from __future__ import annotations

import os
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path

from evalkit.reading import read_file
from evalkit.writing import open_descriptor

_FILE = ".pledged"
_WIDTH = 64
"""Each number overwrites the one before whole."""


class SpendFile:
    """The file of one run, open while a session lasts."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    @classmethod
    def open(cls, folder: Path) -> SpendFile | None:
        """The file of this run, with what it says already; None where it cannot be kept (a full or read-only disk)."""
        path = folder / _FILE
        try:
            return cls(path, open_descriptor(path, os.O_RDWR | os.O_CREAT))
        except OSError:
            return None  # the journal, which a run cannot do without, will say what is wrong

    @staticmethod
    def left_in(folder: Path) -> Decimal | None:
        """Dollars spent and set aside when a session was killed; None where none was, or nothing can be read."""
        try:
            amount = Decimal(read_file(folder / _FILE, most=_WIDTH).decode("ascii").strip())
        except (OSError, UnicodeDecodeError, InvalidOperation):
            return None
        return amount if amount.is_finite() and amount >= 0 and abs(amount.adjusted()) < _WIDTH else None

    def keep(self, total: Decimal) -> None:
        """Write down what is spent and set aside now, in dollars."""
        with suppress(OSError):  # as above
            os.pwrite(self._fd, f"{total:<{_WIDTH}f}".encode(), 0)

    def close(self, *, done: bool) -> None:
        """Let go of the file; `done`: run.json has the sum, so the file goes too."""
        os.close(self._fd)
        if done:
            self._path.unlink(missing_ok=True)
