r"""A suite's own regular expressions, run in linear time.

Suites come from pull requests and replies from models, so neither side may be trusted with Python's backtracking
`re`: `(a+)+$` on thirty letters runs for minutes. pyarrow, which evalkit needs anyway, carries RE2, whose time is
linear in the text whatever the pattern. A time limit would be the other way, but then a busy machine changes scores.

    Pattern.compile(r"ticket #(\d+)").find_all("see ticket #12 and ticket #40")   # ["12", "40"]

RE2 has no look-around and no back-references; `\d` and `\w` mean ASCII (write `\p{Nd}`, `\p{L}` for more); flags are
written inline: `(?i)`, `(?m)`, `(?s)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from evalkit.errors import SuiteError
from evalkit.text.pattern_time import complaint

LONGEST_PATTERN = 1_000
"""Characters. RE2's time is also linear in the size of the pattern, and a person could not review a longer one."""
LONGEST_TEXT = 100_000
"""Characters. Longer text is cut at the far end from where the scorer looks first."""

_MOST_GROUPS = 9  # what a replacement of RE2's can name
_OPEN, _CLOSE = "\x1e", "\x1f"  # record and unit separators: taken out of the text beforehand
_UNMARKED = str.maketrans("", "", _OPEN + _CLOSE)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    text: str
    groups: tuple[int, ...]
    """The groups that may hold the answer, the first that is not empty wins: the one named `answer` and then those of
    other alternatives (`Answer: (?P<answer>\\w+)|(\\d+)`), else all of them (at most nine). (0,), the whole match,
    where there is none."""

    @classmethod
    def compile(cls, text: str) -> Pattern:
        """Raises SuiteError with RE2's own words when the pattern is not one, and for one that takes long to read."""
        if len(text) > LONGEST_PATTERN:
            raise SuiteError(
                f"the pattern has {len(text)} characters; at most {LONGEST_PATTERN} are allowed: shorten it"
            )
        try:
            _mark_matches("", text, (0,))
        except ValueError as error:
            raise SuiteError(
                f"pattern {text!r} is not a regular expression that RE2 reads: {error} (RE2 has no look-around and no "
                "back-references, so that no pattern can hang a run)"
            ) from error
        if (wrong := complaint([text])) is not None:
            raise SuiteError(f"pattern {text!r:.80} {wrong}")
        named = _place_of_answer(text)
        if named is not None and _has_group(text, named):
            others = [n for n in _in_other_alternatives(text, named) if _has_group(text, n)]
            return cls(text, (named, *others))
        return cls(text, tuple(takewhile(lambda group: _has_group(text, group), range(1, _MOST_GROUPS + 1))) or (0,))

    def find_all(self, text: str) -> list[str]:
        """Every match from left to right, none overlapping: the text of its group, "" where no group took part."""
        marked = _mark_matches(text.translate(_UNMARKED), self.text, self.groups)
        pieces = [piece.split(_CLOSE)[: len(self.groups)] for piece in marked.split(_OPEN)[1:]]
        return [next(filter(None, piece), "") for piece in pieces]

    def found(self, text: str) -> bool:
        """Whether it matches anywhere."""
        import pyarrow.compute as pc

        return bool(pc.match_substring_regex(_scalar(text), pattern=self.text).as_py())


_GROUP = re.compile(
    r"\\(?:Q(?:[^\\]|\\[^E])*(?:\\E)?|.)|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?P?<(?P<name>\w+)>|(?!\?))", re.DOTALL
)


_TOKEN = re.compile(
    r"\\(?:Q(?:[^\\]|\\[^E])*(?:\\E)?|.)|\[\^?\]?(?:\\.|[^\]\\])*\]"
    r"|\(\?P?<(?P<name>\w+)>|(?P<plain>\((?!\?))|\(\?|[|)]",
    re.DOTALL,
)


def _place_of_answer(pattern: str) -> int | None:
    """The number of the group named `answer`; None where there is none (within the first nine)."""
    opened = [match["name"] for match in _GROUP.finditer(pattern) if match[0].startswith("(")]
    return next((n for n, name in enumerate(opened[:_MOST_GROUPS], 1) if name == "answer"), None)


def _in_other_alternatives(pattern: str, named: int) -> list[int]:
    """The groups (within the first nine) that stand in other top-level alternatives than this one."""
    depth, branch, places = 0, 0, list[int]()
    for token in _TOKEN.finditer(pattern):
        if token[0] == "|":
            branch += depth == 0
        elif token[0] == ")":
            depth -= 1
        elif token[0].startswith("("):
            depth += 1
            if token["name"] is not None or token["plain"] is not None:
                places.append(branch)
    return [n for n, place in enumerate(places[:_MOST_GROUPS], 1) if place != places[named - 1]]


def _has_group(pattern: str, group: int) -> bool:
    try:
        _mark_matches("", pattern, (group,))
    except ValueError:
        return False
    return True


def _mark_matches(text: str, pattern: str, groups: Sequence[int]) -> str:
    """The text with every match replaced by its groups between marks. Raises ValueError (ArrowInvalid is one)."""
    import pyarrow.compute as pc

    replacement = _OPEN + "".join(f"\\{group}{_CLOSE}" for group in groups)
    return str(pc.replace_substring_regex(_scalar(text), pattern=pattern, replacement=replacement).as_py())


def _scalar(text: str) -> Any:
    import pyarrow as pa

    # Lone surrogates cannot be written as UTF-8, which is what RE2 reads.
    return pa.scalar(text.encode("utf-8", "replace").decode("utf-8"), type=pa.string())
