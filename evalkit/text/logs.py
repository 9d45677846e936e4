"""What libraries log is written out as all text of others: no sign in it acts on a terminal, and no key stands in it.

    hold_logs()      # of this process, whoever makes a record: the board, and each command

A library quotes what a server, a file or a browser said. Where nobody asked for its words, Python prints warnings and
errors as they are (`logging.lastResort`).
"""

from __future__ import annotations

import logging

from evalkit.text.escape import visible
from evalkit.text.secrets import without_keys

LONGEST_LOGGED = 2_000
"""Characters of one message."""
_MOST_TRACED = 200
"""Of a traceback."""


def hold_logs() -> None:
    """From now on every record of this process is written out, whoever makes it. Calling it again changes nothing."""
    made = logging.getLogRecordFactory()
    if getattr(made, "is_plain", False):
        return

    def plain(*args: object, **more: object) -> logging.LogRecord:
        record: logging.LogRecord = made(*args, **more)
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001  # logging itself says what is wrong with such a call
            return record
        record.msg, record.args = _logged(said, LONGEST_LOGGED), None
        if record.exc_info:
            traced = logging.Formatter().formatException(record.exc_info)
            record.exc_text = _logged("\n".join(traced.splitlines()[-_MOST_TRACED:]), _MOST_TRACED * 200)
        return record

    plain.is_plain = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(plain)


def _logged(text: str, limit: int) -> str:
    """Lines after the first are indented: none can be taken for a record of its own."""
    return visible(without_keys(text), limit=limit, lines=True).replace("\n", "\n    ")
