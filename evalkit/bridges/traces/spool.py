"""Calls on the disk while they are read: a log of 50,000 takes the memory of their names.

with Spool() as spool:
    place = spool.add(call)
    spool.call(place)         # the same call

The file has no name (it is unlinked as it is made), so that nobody else reads it and nothing is left behind.
"""

from __future__ import annotations

import tempfile
from types import TracebackType

from evalkit.bridges.traces.calls import Call, unpacked
from evalkit.errors import UserError

MOST_BYTES = 64 * 2**30
Place = tuple[int, int]
"""Where a call stands in the file, and how many bytes it takes."""


class Spool:
    """Calls in a file without a name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        self._end = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def add(self, call: Call) -> Place:
        """Write it at the end. Raises UserError where the disk is full."""
        content = call.packed()
        if self._end + len(content) > MOST_BYTES:
            raise UserError(f"the logs hold more than {MOST_BYTES // 2**30} GB of calls: import a part of them")
        try:
            self._file.seek(self._end)
            self._file.write(content)
        except OSError as error:
            raise UserError(f"no room for temporary files in {tempfile.gettempdir()}: {error.strerror}") from error
        place = (self._end, len(content))
        self._end += len(content)
        return place

    def call(self, place: Place) -> Call:
        """The call that stands there."""
        self._file.seek(place[0])
        return unpacked(self._file.read(place[1]))

    def close(self) -> None:
        """Let the file go."""
        self._file.close()
