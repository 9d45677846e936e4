"""A scorer that is a plain function: does the document say what the answer quotes?

quotes('He was born in Ulm ("born in Ulm in 1879").', {"document": "Einstein, born in Ulm in 1879, ..."})   # 1.0
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalkit.records import Outcome, Score

_QUOTED = re.compile(r'"([^"]{3,})"|“([^”]{3,})”|„([^“]{3,})“|«([^»]{3,})»')


def quotes(answer: str, record: Mapping[str, Any], *, field: str = "document") -> Score | float:
    """The share of quoted passages that stand in the record's field, blanks and capitals aside.

    An answer without any quote is unparseable. Raises KeyError for a record without the field.
    """
    document = _plain(str(record[field]))
    passages = ["".join(groups) for groups in _QUOTED.findall(answer)]
    if not passages:
        return Score(0.0, Outcome.UNPARSEABLE, reason="the answer quotes nothing")
    invented = [passage for passage in passages if _plain(passage) not in document]
    share = 1 - len(invented) / len(passages)
    if share == 1:
        return Score(1.0, Outcome.RIGHT, extracted=passages[0])
    reason = f"not in the {field}: {invented[0][:80]!r}"
    outcome = Outcome.WRONG if share == 0 else Outcome.SCORED
    return Score(share, outcome, extracted=passages[0], reason=reason)


quotes.version = 1  # type: ignore[attr-defined]  # raise it when the same answer could get another score


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".,;:!?")
