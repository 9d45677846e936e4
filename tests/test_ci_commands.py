"""Nothing that evalkit prints is a command to the CI system that reads its output."""

from __future__ import annotations

import io
import re
import time

import orjson
import pytest

from evalkit.text.escape import json_line, visible
from evalkit.text.page import Column, Page

OBEYED = [
    "##vso[task.setvariable variable=PATH]/x",
    "said ##vso[task.complete result=Succeeded;]",
    "##VSO[task.prependpath]/x",
    "é ##vso[a]",
    "##teamcity[buildStatus status='SUCCESS']",
    "##[add-mask]secret",
    "###[command]x",
    "::error::x",
    "  ::add-mask::e",
    "\t::stop-commands::word",
    "x\n::set-output name=exit-code::0",
    "x\r\n ::warning file=a,line=1::b",
]
LEFT_ALONE = ["::1", "a::b::c", "std::vector<int>::iterator", "## Heading [link]", "# a", "#1 [b]", "::1 and ::2"]


@pytest.mark.parametrize("text", OBEYED)
def test_a_command_is_written_out(text: str) -> None:
    for lines in (False, True):
        shown = visible(text, lines=lines)
        assert "##vso[" not in shown.lower() and "##teamcity[" not in shown and "##[" not in shown
        assert not any(line.lstrip().startswith("::") for line in shown.splitlines())
        assert "\\x3a:" in shown or "\\x23#" in shown
    line = json_line({"said": text, text: 1})
    assert "##vso[" not in line.lower() and "##teamcity[" not in line and "##[" not in line
    assert orjson.loads(line) == {"said": text, text: 1}


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert visible(text) == text == visible(text, lines=True)


@pytest.mark.parametrize("piece", [" ", "\n", " \n", "::a", "::a\n", "##a", "#", "##" + "a" * 400])
def test_it_takes_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    start = time.process_time()
    visible(text, limit=10**6, lines=True)
    json_line(text)
    assert time.process_time() - start < 3


@pytest.mark.parametrize("command", ["::error::x", "::add-mask::e", "::stop-commands::w", "::set-output name=a::b"])
@pytest.mark.parametrize("indent", range(1, 100, 9))
def test_folding_a_text_into_lines_makes_no_command_of_it(command: str, indent: int) -> None:
    """A reply says it in the middle of a line; the page breaks the line just there."""
    written = io.StringIO()
    said = visible(f"{'w' * indent} {f'{command} ' * 40}", limit=2000)
    with Page(None, written) as page:
        page.say(said)
        page.table("t", [Column("model", [said], left=True, folds=True)])
    shown = written.getvalue()
    assert command.split(maxsplit=1)[0] in shown, "inside a line it stands as it came"
    assert not [line for line in shown.splitlines() if re.match(r"\s*::[A-Za-z][\w-]*.*::", line)]
