"""Text of a run in Markdown, HTML, CSV and GitHub's commands: shown as it is, never obeyed."""

from __future__ import annotations

import csv
import io
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.text.escape import (
    _HARMLESS,
    acts_on_a_terminal,
    csv_cell,
    html,
    markdown,
    markdown_block,
    markdown_code,
    visible,
    workflow_data,
    workflow_property,
)
from evalkit.text.page import html_table

EVIL = [
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)",
    "</td></table><iframe src=//evil.example>",
    "![pixel](https://evil.example/p.png)",
    "[click](javascript:alert(1))",
    "<!-- hidden -->",
    "| new | cell |",
    "@everyone look",
    "```\ncode\n```",
    "~~gone~~ **bold** _it_ # heading",
    "a\n\n# heading\n- list",
    "&lt;already&gt;",
    "\u202eevil\x1b[2J",
]


@pytest.mark.parametrize("text", EVIL)
def test_html_shows_the_very_characters_and_makes_no_tag(text: str) -> None:
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag == "p" and [name for name, _ in attrs] == ["title"], tag

        def handle_data(self, data: str) -> None:
            seen.append(data)

    Reader().feed(f'<p title="{html(text)}">{html(text)}</p>')
    assert "".join(seen) == visible(text)


@pytest.mark.parametrize("text", EVIL)
def test_markdown_has_no_sign_left_that_acts(text: str) -> None:
    shown = markdown(text)
    assert "\n" not in shown and "<" not in shown and "://" not in shown
    for at, sign in enumerate(shown):
        if sign in "*_[]()#|~`!":
            assert shown[at - 1] == "\\", (sign, shown)
    assert "@e" not in shown, "a mention would call somebody"


@pytest.mark.parametrize("text", ["```\nout", "````", "a ``` b `````` c", "~~~"])
def test_no_text_closes_its_code_block(text: str) -> None:
    first, *inner, last = "\n".join(markdown_block(text, limit=1000)).split("\n")
    assert first == last + "text" and set(last) == {"`"}
    assert not any(line.strip().startswith(last) for line in inner)
    assert "`" not in markdown_code(text) and "|" not in markdown_code("a|b")


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1＋1", "=HYPERLINK(1)"],
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1.5", "+2", "-1e-7", "plain", "", "a=b", "1-2", "–", "5 %"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert csv_cell(text) == text


@given(st.text(max_size=60))
def test_a_cell_is_read_back_from_a_file(text: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow([csv_cell(text.replace("\x00", "")), "next"])
    row = next(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert len(row) == 2 and row[0].removeprefix("'") == text.replace("\x00", "").removeprefix("'")


@pytest.mark.parametrize("text", ["a\n::error::b", "a\r\n::add-mask::x", "100%\n", "title=x,file=y::z"])
def test_a_workflow_command_stays_one_line(text: str) -> None:
    for shown in (workflow_data(text), workflow_property(text)):
        assert "\n" not in shown and "\r" not in shown
    assert ":" not in workflow_property(text) and "," not in workflow_property(text)


@pytest.mark.parametrize("text", EVIL)
def test_a_notebook_s_table_escapes_every_part(text: str) -> None:
    drawn = html_table(text, [text], [[text]], [text])
    assert drawn.count("<t") == html_table("a", ["a"], [["a"]], ["a"]).count("<t")
    assert "<script" not in drawn and "<iframe" not in drawn and "<!--" not in drawn


def test_what_passes_quickly_is_what_would_pass_sign_by_sign() -> None:
    quick = [chr(c) for c in range(0x110000) if chr(c).isprintable() and _HARMLESS.fullmatch(chr(c))]
    assert len(quick) > 30_000
    assert not [sign for sign in quick if acts_on_a_terminal(sign) or unicodedata.category(sign).startswith("M")]
    assert visible("support-swap · 28 Nov 14:29 – “Größe” 模型") == "support-swap · 28 Nov 14:29 – “Größe” 模型"
    assert visible("a ·\u202e b\u0301\u0301\u0301\u0301") != "a ·\u202e b\u0301\u0301\u0301\u0301"
