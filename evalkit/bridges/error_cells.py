"""Texts in a column `error`: a provider that did not answer, or a check that the answer failed.

    is_providers("openai.RateLimitError: Error code: 429 - {...}")     # True: nobody answered
    is_providers("AssertionError: expected 429 to equal 200")          # False: an answer, and a wrong one

Tools write a score of 0 beside both. Only what plainly is a provider's or a connection's own error is one: whatever
speaks of a check, or of the agent's own time, stays a wrong answer. Unlike `adapters.error_kinds`, which knows that a
text is a provider's, this reads texts of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from evalkit.records import Outcome
from evalkit.store import table_values as cells
from evalkit.text import numbers

Ended = tuple[Outcome, float | None, str | None]
"""How an answer ended, its score, and the kind of its error."""
IMPORTED_ERROR = "imported_error"
_LOOKED_AT = 300
"""Characters in which a provider says what it is; behind them stands what was asked, or a page of HTML."""
_NO_ERROR = frozenset({"false", "0", "0.0", "[]", "{}", "ok", "no", "no error"})
_CHECK = re.compile(
    r"\bassert|\bexpect(ed|ing|s)?\b|\bmismatch|\bto (equal|be|contain|match|have)\b"
    r"|\bshould (be|have|equal|return|contain)|\bbut got\b|(?<![a-z])tests?(?![a-z])|agent|verifier|grader",
    re.IGNORECASE,
)
_NAMED = (
    r"(Rate_?Limit|Too_?Many_?Requests|API_?Connection|API_?Timeout|Internal_?Server|Service_?Unavailable|Overloaded"
    r"|Throttling)"
)
_PROVIDERS = re.compile(
    r"^\W*(408|429|5\d\d)\W*$"
    r"|\b(http|status|code|error|api|response)\w*\W{1,4}(code|status|error)?\W{0,4}(401|402|408|429|5\d\d)\b"
    r"|^\W*(429|5\d\d)\W+(too many|server error|internal|bad gateway|service unavailable|gateway)"
    rf"|\b{_NAMED}_?(Error|Exception)\b|\b(Read|Connect|Pool|Gateway|Request|API)_?Timeout(Error|Exception)?\b"
    r"|\b(overloaded|rate_limit|server|api|timeout)_error\b|\binsufficient_quota\b|\bRESOURCE_EXHAUSTED\b"
    r"|\brate[- ]limit(s|ed)?\b.{0,20}\b(exceeded|reached|hit)\b|\bexceeded .{0,30}\b(rate limit|current quota)"
    r"|\btoo many requests\b"
    r"|\b(internal server error|bad gateway|service (temporarily )?unavailable|gateway time-?out)\b"
    r"|\b(request|read|connect|connection|connect call|upstream|response) time[d ]?[- ]?out\b"
    r"|\bconnection (error|refused|reset|aborted|closed|timed out)\b"
    r"|\b(APIConnection|Connection(Refused|Reset|Aborted)?|Connect|RemoteProtocol|ClientConnector|Network)Error\b"
    r"|\bE(CONNRESET|CONNREFUSED|TIMEDOUT|PIPE|AI_AGAIN|NOTFOUND)\b|\bsocket hang up\b|^fetch failed\b"
    r"|\bserver disconnected\b|\b(model|server|engine) is (currently )?overloaded\b"
    r"|^\W*((asyncio|concurrent\.futures)\.)?Time(out|d out)(Error|Exception)?\W*$",
    re.IGNORECASE,
)


def is_error(cell: object) -> bool:
    """Whether an error stands there."""
    return not cells.empty(cell) and str(cell).strip().lower() not in _NO_ERROR


def is_providers(cell: object) -> bool:
    """Whether it is the error of a provider, or of the way to it."""
    if not is_error(cell):
        return False
    text = str(cells.words(cell)).strip()
    if "Traceback (most recent call last)" in text:
        text = text.splitlines()[-1]
    text = text[:_LOOKED_AT]
    return _PROVIDERS.search(text) is not None and _CHECK.search(text) is None


class ErrorCells:
    """Counts what the texts beside scores made of the answers."""

    def __init__(self) -> None:
        self.n_providers = 0
        """Rows with a score of 0 that nobody answered."""
        self.n_wrong = 0
        self.n_scored = 0
        """Rows with text in `error` that stay a wrong answer, and with a score above 0."""

    def judged(self, column: Sequence[Any], ends: Sequence[Ended]) -> list[Ended]:
        """How answers ended, once the texts beside them are read too: an error where nobody answered."""
        found = list(ends)
        for row, (cell, (outcome, score, _)) in enumerate(zip(column, ends, strict=True)):
            if score is None or not is_error(cell):
                continue
            if outcome is Outcome.WRONG and is_providers(cell):
                self.n_providers += 1
                found[row] = Outcome.ERRORED, None, IMPORTED_ERROR
            else:
                self.n_wrong += score == 0
                self.n_scored += score > 0
        return found

    def notes(self, *, is_mapped: bool) -> Iterator[str]:
        """What was counted, as sentences. `is_mapped`: whether a map is a way out."""
        if self.n_providers:
            yield (
                f"{numbers.plural(self.n_providers, 'row')} with a score of 0 and a provider's error (a status like "
                "429, a time limit, a connection): nobody answered, so they are errors and no wrong answers"
                + (". If they are wrong answers, leave `error` out of the map" if is_mapped else "")
            )
        if self.n_wrong:
            yield (
                f"{numbers.plural(self.n_wrong, 'row')} with a score of 0 and text in `error` that is no provider's "
                "error: they are wrong answers"
                + (". Where nobody answered, leave the score empty" if is_mapped else "")
            )
        if self.n_scored:
            yield f"{numbers.plural(self.n_scored, 'row')} with text in `error` and a score above 0: the score counts"
