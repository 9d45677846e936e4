"""Places in a JSON value, as a person writes them: keys with dots between, numbers in brackets.

    read_path("choices[0].delta.text").of({"choices": [{"delta": {"text": "Par"}}]})     # "Par"
    read_path("usage.tokens").of({})                                                     # ABSENT

A key with a dot or a bracket in it stands in quotes: `data["answer.text"]`. `[-1]` is the last of a list. What is not
there is ABSENT, which is not null: a server that says null has said something.
"""

from __future__ import annotations

import re
from enum import Enum

from evalkit.frozen import dataclass

_PART = re.compile(r"""\.?([^.\[\]"'\s]+)|\[(-?\d{1,6})\]|\["([^"]*)"\]|\['([^']*)'\]""")
_MOST_PARTS, _LONGEST = 32, 400


class Absent(Enum):
    """The kind of ABSENT."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
"""What stands at a path where there is nothing."""


class BadPath(ValueError):
    """Why a text is no path: half a sentence."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """One place."""

    written: str
    parts: tuple[str | int, ...]

    @property
    def first(self) -> str:
        """The key of the outermost object; "" where the path begins in a list."""
        return self.parts[0] if isinstance(self.parts[0], str) else ""

    def of(self, value: object) -> object:
        """What stands there; ABSENT where the value has no such place."""
        for part in self.parts:
            value = _inside(value, part)
            if value is ABSENT:
                break
        return value


def _inside(value: object, part: str | int) -> object:
    """One step further; ABSENT where there is none."""
    if isinstance(part, int):
        return value[part] if isinstance(value, list) and -len(value) <= part < len(value) else ABSENT
    return value[part] if isinstance(value, dict) and part in value else ABSENT


def read_path(written: str) -> JsonPath:
    """The path that a text means; a `$.` before it is passed over. Raises BadPath."""
    rest = written.strip().removeprefix("$")
    parts: list[str | int] = []
    at = 0
    while at < len(rest) <= _LONGEST and len(parts) <= _MOST_PARTS:
        found = _PART.match(rest, at)
        if found is None or (not parts and found[0].startswith(".") and not written.strip().startswith("$")):
            break
        key, number, *quoted = found.groups()
        parts.append(int(number) if number is not None else key or quoted[0] or quoted[1] or "")
        at = found.end()
    if not parts or at < len(rest) or len(parts) > _MOST_PARTS:
        raise BadPath("expected a path in the reply, like data.answer or choices[0].text")
    return JsonPath(written, tuple(parts))
