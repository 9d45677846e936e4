"""How `datasets` reads a file for a task file that is not trusted: the options that it may set, and their values.

    plain_options({"sep": ";", "header": None}, "csv", "the page of org/name")      # {"sep": ";"}

A reader of `datasets` has dozens of options, and among them are patterns, programs and encodings that never end. So
whoever sets one, a task file or a dataset's page, sets one of these.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping

from evalkit.errors import SuiteError

_LONGEST_TEXT = 1_000
_OF_BYTES = re.compile(r"utf-8(-sig)?|ascii|iso8859-\d+|cp125[0-8]|cp437|cp850|koi8-[ru]|mac-roman")
"""Encodings in which a bracket or a quotation mark is one byte, and that byte nothing else."""
_WIDE = re.compile(r"utf-(16|32)(-[bl]e)?")
_SPLIT = re.compile(r"[\w.\[\]:%+() -]{1,200}", re.ASCII)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_sign(value: object) -> bool:
    return isinstance(value, str) and len(value) == 1


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _is_numbers(value: object) -> bool:
    return _is_number(value) or (isinstance(value, list) and all(map(_is_number, value)))


def _is_encoding(value: object) -> bool:
    return _named(value, _OF_BYTES)


def _is_any_encoding(value: object) -> bool:
    return _is_encoding(value) or _named(value, _WIDE)


def _named(value: object, known: re.Pattern[str]) -> bool:
    try:
        return isinstance(value, str) and len(value) < 30 and known.fullmatch(codecs.lookup(value).name) is not None
    except (LookupError, ValueError):
        return False


def _is_yes_or_no(value: object) -> bool:
    return isinstance(value, bool)


_Value = tuple[Callable[[object], bool], str]
_SIGN: _Value = (_is_sign, "one character; a pattern could take for ever")
_NAMES: _Value = (_is_texts, "a list of names")
_YES: _Value = (_is_yes_or_no, "true or false")
_OF_ALL: Mapping[str, _Value] = {
    "split": (lambda value: isinstance(value, str) and _SPLIT.fullmatch(value) is not None, "the name of a split"),
    "keep_in_memory": _YES,
    "verification_mode": (
        lambda value: value in ("no_checks", "basic_checks", "all_checks"), "no_checks, basic_checks or all_checks"
    ),
}  # fmt: skip
_OF_READER: Mapping[str, Mapping[str, _Value]] = {
    "json": {
        "field": (_is_text, "a name"),
        "encoding": (_is_encoding, "utf-8, or an encoding of one byte for a character (like latin-1)"),
    },
    "csv": {
        "sep": _SIGN, "delimiter": _SIGN, "quotechar": _SIGN, "names": _NAMES, "column_names": _NAMES,
        "header": (lambda value: value == "infer" or _is_numbers(value), "a number"),
        "skiprows": (_is_numbers, "a number"),
        "encoding": (_is_any_encoding, "a usual one, like utf-8"),
    },
    "parquet": {"columns": _NAMES},
    "text": {
        "sample_by": (lambda value: value in ("line", "paragraph", "document"), "line, paragraph or document"),
        "keep_linebreaks": _YES,
        "encoding": (_is_any_encoding, "a usual one, like utf-8"),
    },
    "arrow": {},
}  # fmt: skip
"""By reader, what may be set."""


def plain_options(given: Mapping[str, object], reader: str, whose: str) -> dict[str, object]:
    """The options that say something. `whose` opens complaints.

    Raises SuiteError for one that is not known to be harmless, and for one whose value is not.
    """
    known = {**_OF_ALL, **_OF_READER[reader]}
    made: dict[str, object] = {}
    for key, value in given.items():
        if value is None:
            continue
        if key not in known:
            raise SuiteError(
                f"{whose} sets {str(key)[:80]!r} for the reader {reader}; without trust it may set {', '.join(known)}"
            )
        fits, said = known[key]
        if not fits(value):
            raise SuiteError(f"{whose}: {key} is {said} (value seen: {str(value)[:80]!r})")
        made[key] = value
    return made
