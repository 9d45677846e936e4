"""Which requests of a run were under way when a session of it ended: `sent.bin` in the run's folder.

    log.out(row.key); ...; log.back(row.key)      # the request goes out; its row is there, or nothing is under way
    left(folder)                                  # {key_hash: how often}: sent, and no session has seen an answer

Whoever asks these again has another answer drawn (`Row.given_up`), so a session that goes on has to know of them, also
after kill -9. An entry is a sign and `key_hash`, 17 bytes. The file is removed when the run is complete.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from evalkit.errors import StoreError
from evalkit.reading import open_to_read
from evalkit.store.row_codec import Key, key_hash
from evalkit.writing import open_descriptor

FILE = "sent.bin"
_ENTRY = 17
_MOST_OPEN = 1_000_000
"""Requests that a run has under way at once, at most."""


class SentLog:
    """Of one session. Its file is made at the first request."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._fd = -1
        self._open: set[bytes] = set()
        self._ended = b""
        """Entries that are written with the next request, so that each costs one write."""

    def out(self, key: Key) -> None:
        """The request of a row goes out; one that is out already stays so, as that of an agent's later step does."""
        place = key_hash(key)
        if place not in self._open:
            self._open.add(place)
            self._note(b"+" + place)

    def back(self, key: Key, *, is_stored: bool = False) -> None:
        """Nothing of it is under way any more; nothing happens where it is not out. `is_stored`: its row is there and
        not owed again, so that nobody asks about it, and the note may wait."""
        if self._open and (place := key_hash(key)) in self._open:
            self._open.discard(place)
            if is_stored:
                self._ended += b"-" + place
            else:
                self._note(b"-" + place)

    def close(self) -> None:
        """May be called twice."""
        if self._ended:
            self._note(b"")
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _note(self, entry: bytes) -> None:
        with suppress(OSError):  # a disk without room: the row itself will say so
            if self._fd < 0:
                self._fd = open_descriptor(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(self._fd, self._ended + entry)
            self._ended = b""


def left(folder: Path) -> dict[bytes, int]:
    """By `key_hash`: how often a row's request was under way when a session ended. Empty where the file is none.

    Raises StoreError where more are open than any run has.
    """
    sent: dict[bytes, int] = {}
    try:
        with open_to_read(folder / FILE) as file:
            while len(entry := file.read(_ENTRY)) == _ENTRY:
                place = entry[1:]
                n = sent.get(place, 0) + (1 if entry[:1] == b"+" else -1)
                if n > 0:
                    sent[place] = n
                else:
                    sent.pop(place, None)
                if len(sent) > _MOST_OPEN:
                    raise StoreError(
                        f"{folder.name}/{FILE} names more than {_MOST_OPEN:,} requests under way at once, which no run "
                        "has: it is damaged. Run the suite again with --new.",
                        folder,
                    )
    except OSError:
        return {}
    return sent


def forget(folder: Path) -> None:
    """Remove it: the run is complete."""
    with suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)
