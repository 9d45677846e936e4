"""Patterns that are compiled when they are first used: a plain run has some hundred that it never needs.

    _WWW = late(r"www(?=\\.)", re.IGNORECASE)
    _WWW.sub("www&#8203;", text)          # compiled here, once

Compiling all of a plain run's takes a thirtieth of its start (docs/benchmarks.md). A module that is loaded before the
first request takes `late` for a pattern that is not used by then; anywhere else `re.compile` is as good.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

_OF_PATTERN = (
    *("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"),
    *("pattern", "flags", "groups", "groupindex"),
)


class _Late:
    """Becomes like its pattern once anything of it is asked for."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._written = pattern, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _OF_PATTERN:
            raise AttributeError(name)
        compiled = re.compile(*self._written)
        for one in _OF_PATTERN:
            self.__dict__[one] = getattr(compiled, one)
        return self.__dict__[name]


if TYPE_CHECKING:

    def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
        """As `re.compile`."""
        ...

else:

    def late(pattern, flags=0):
        """As `re.compile`."""
        return _Late(pattern, flags)
