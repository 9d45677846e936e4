"""Standard output and error that may be closed, full or gone: printing must never change what a command did.

`evalkit run ... | head -1`, `>&-`, `2>/dev/full`: the run is complete and stored whatever becomes of its table. A
reader that has seen enough is no error. A full disk behind stdout is one, told by the exit code (see `cli.main`).
"""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import IO, TextIO, cast


class Forgiving:
    """A text stream that swallows its own failure, once and for all, and remembers it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        """What went wrong with writing; None while all is well. A closed pipe is kept as BrokenPipeError."""

    def write(self, text: str) -> int:
        """Write, or pretend to once the stream has failed."""
        if not isinstance(text, str):
            raise TypeError("a text stream takes str")
        if self.failure is None:
            try:
                self._stream.write(text)
            except OSError as error:
                self._fail(error)
        return len(text)

    def flush(self) -> None:
        """Flush, or pretend to."""
        if self.failure is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = error
        with suppress(OSError, ValueError):  # what is buffered must not fail again when the process ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def guard() -> tuple[Forgiving, Forgiving]:
    """Put forgiving streams in place of stdout and stderr; a stream that was closed at the start leads nowhere."""
    out, err = Forgiving(_or_nowhere(sys.stdout)), Forgiving(_or_nowhere(sys.stderr))
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    return out, err


def _or_nowhere(stream: TextIO | None) -> TextIO:
    nowhere: IO[str] = stream if stream is not None else open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    # click writes past an ASCII stream to the bytes behind it, and so past `Forgiving`; as UTF-8 it leaves it alone.
    if isinstance(nowhere, TextIOWrapper) and _is_ascii(nowhere.encoding):
        nowhere.reconfigure(encoding="utf-8", errors="backslashreplace")
    return cast(TextIO, nowhere)


def _is_ascii(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "ascii"
    except LookupError:
        return False
