"""What libraries log in the board's process, written out: a stranger's words act on no terminal and fill no log.

Streamlit logs, for instance, what a sign-in that failed was told (`/oauth2callback?error=...`), by whoever asked.
"""

from __future__ import annotations

import logging

from evalkit.text.escape import visible

LONGEST = 2_000
"""Characters of one message."""
_MOST_LINES = 200
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
        record.msg, record.args = _lines(said, LONGEST), None
        if record.exc_info:
            traced = logging.Formatter().formatException(record.exc_info)
            record.exc_text = _lines("\n".join(traced.splitlines()[-_MOST_LINES:]), _MOST_LINES * 200)
        return record

    plain.is_plain = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(plain)


def _lines(text: str, limit: int) -> str:
    """Lines after the first are indented: none can be taken for a record of its own."""
    return visible(text, limit=limit, lines=True).replace("\n", "\n    ")
