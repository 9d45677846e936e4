"""Other people's text on a terminal: seen, never obeyed."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.text.escape import visible

ANYTHING = st.text(st.characters(categories=None) | st.sampled_from("\x1b\u202e\u200b\u2066\ud800\x9b\r\n\t\U000e0041"))


@given(ANYTHING, st.integers(1, 300), st.booleans())
def test_nothing_that_acts_on_a_terminal_comes_through(text: str, limit: int, lines: bool) -> None:
    out = visible(text, limit=limit, lines=lines)
    assert len(out) <= limit
    allowed = "\n" if lines else ""
    bad = [c for c in out if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"} and c not in allowed]
    assert not bad
    out.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, as it is", "plain text, as it is"),
        ("naïve 日本語 ½ 😀", "naïve 日本語 ½ 😀"),
        ("\x1b[31mPASS\x1b[0m", r"\x1b[31mPASS\x1b[0m"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("half \ud83d", r"half \ud83d"),
        ("private \ue000", r"private \ue000"),
        ("one\ntwo\tthree\rfour", r"one\ntwo\tthree\rfour"),
        ("line\u2028separator", r"line\u2028separator"),
        ("blank \u3164 filler", r"blank \u3164 filler"),
        ("[red]not red[/red]", "[red]not red[/red]"),
        ("\x00\x7f", r"\x00\x7f"),
    ],
)
def test_what_is_written_out_and_what_is_left(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_are_kept_where_asked_for() -> None:
    assert visible("a\r\nb\n\tc\x1b", lines=True) == "a\nb\n    c\\x1b"


def test_a_cut_text_says_so_and_no_escape_is_cut_in_two() -> None:
    assert visible("abcdef", limit=4) == "abc…"
    assert visible("ab\x1b\x1b", limit=7) == r"ab\x1b…"
    assert visible("abcd", limit=4) == "abcd"


def test_a_tower_of_accents_is_taken_down() -> None:
    assert visible("e\u0301") == "e\u0301"
    assert visible("e" + "\u0301" * 5).count("\u0301") == 3


def test_a_huge_text_costs_no_more_than_its_limit() -> None:
    huge = "\x1b" * 20_000_000
    begun = time.process_time()
    assert len(visible(huge, limit=100)) <= 100
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "text",
    ["ok\u202etxt.exe", "\x9b2J", "zero\u200bwidth", "\U000e0041tag", "\x7f", "\ufeff", "é中文🙂", "\u2028", '"\\'],
)
def test_json_on_standard_output_acts_on_no_terminal_and_says_the_same(text: str) -> None:
    import json
    import unicodedata

    from evalkit.text.escape import json_line

    line = json_line({text: [text]})
    assert line.endswith("}\n")
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} for char in line[:-1])
    assert json.loads(line) == {text: [text]}


def test_no_command_writes_json_past_it() -> None:
    """Every command prints JSON through `json_line`."""
    from tests.conftest import REPO

    for path in sorted((REPO / "evalkit" / "cli").glob("*.py")):
        assert "stdout.write(orjson" not in path.read_text("utf-8"), path.name
