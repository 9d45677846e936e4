r"""A suite's own regular expressions, run in linear time.

Suites come from pull requests and replies from models, so neither side may be trusted with Python's backtracking
`re`: `(a+)+$` on thirty letters runs for minutes. pyarrow, which evalkit needs anyway, carries RE2, whose time is
linear in the text whatever the pattern. A time limit would be the other way, but then a busy machine changes scores.

    Pattern.compile(r"ticket #(\d+)").find_all("see ticket #12 and ticket #40")   # ["12", "40"]

RE2 has no look-around and no back-references; `\d` and `\w` mean ASCII (write `\p{Nd}`, `\p{L}` for more); flags are
written inline: `(?i)`, `(?m)`, `(?s)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evalkit.errors import SuiteError

LONGEST_PATTERN = 1_000
"""Characters. RE2's time is also linear in the size of the pattern, and a person could not review a longer one."""
LONGEST_TEXT = 100_000
"""Characters. Longer text is cut at the far end from where the scorer looks first."""

_OPEN, _CLOSE = "\x1e", "\x1f"  # record and unit separators: taken out of the text beforehand
_UNMARKED = str.maketrans("", "", _OPEN + _CLOSE)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; `group` is 1 when it has a group, which is then the answer, else 0: the whole match."""

    text: str
    group: int

    @classmethod
    def compile(cls, text: str) -> Pattern:
        """Raises SuiteError with RE2's own words when the pattern is not one."""
        if len(text) > LONGEST_PATTERN:
            raise SuiteError(
                f"the pattern has {len(text)} characters; at most {LONGEST_PATTERN} are allowed: shorten it"
            )
        try:
            _mark_matches("", text, 0)
        except ValueError as error:
            raise SuiteError(
                f"pattern {text!r} is not a regular expression that RE2 reads: {error} (RE2 has no look-around and no "
                "back-references, so that no pattern can hang a run)"
            ) from error
        try:
            _mark_matches("", text, 1)
        except ValueError:
            return cls(text, 0)
        return cls(text, 1)

    def find_all(self, text: str) -> list[str]:
        """Every match from left to right, none overlapping: the first group's text, "" where it took no part."""
        marked = _mark_matches(text.translate(_UNMARKED), self.text, self.group)
        return [piece.split(_CLOSE, 1)[0] for piece in marked.split(_OPEN)[1:]]

    def found(self, text: str) -> bool:
        """Whether it matches anywhere."""
        import pyarrow.compute as pc

        return bool(pc.match_substring_regex(_scalar(text), pattern=self.text).as_py())


def _mark_matches(text: str, pattern: str, group: int) -> str:
    """The text with every match replaced by its group between marks. Raises ValueError (ArrowInvalid is one)."""
    import pyarrow.compute as pc

    replacement = f"{_OPEN}\\{group}{_CLOSE}"
    return str(pc.replace_substring_regex(_scalar(text), pattern=pattern, replacement=replacement).as_py())


def _scalar(text: str) -> Any:
    import pyarrow as pa

    # Lone surrogates cannot be written as UTF-8, which is what RE2 reads.
    return pa.scalar(text.encode("utf-8", "replace").decode("utf-8"), type=pa.string())
