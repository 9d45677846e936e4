"""docs/python.md is a notebook: its blocks run in order, in one running loop, and print what it shows."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import os
import re
from pathlib import Path

import pytest

from tests.conftest import REPO

PAGE = REPO / "docs" / "python.md"
_BLOCK = re.compile(r"^```(python|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def cells() -> list[tuple[int, str, str | None]]:
    """(line, code, what it shows; None where nothing is shown)."""
    text = PAGE.read_text("utf-8")
    found: list[tuple[int, str, str | None]] = []
    for block in _BLOCK.finditer(text):
        line = text[: block.start()].count("\n") + 2
        if block[1] == "python":
            found.append((line, block[2], None))
        else:
            found[-1] = (*found[-1][:2], block[2])
    return found


@pytest.mark.long
async def test_every_block_of_the_page_does_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "suites").symlink_to(REPO / "suites")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVALKIT_DATA_ROOTS")
    names: dict[str, object] = {"__name__": "__main__"}
    wrong: list[str] = []
    assert len(cells()) >= 10
    for line, code, shown in cells():
        printed = io.StringIO()
        compiled = compile("\n" * (line - 1) + code, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with contextlib.redirect_stdout(printed):
            result = eval(compiled, names)
            if inspect.iscoroutine(result):
                await result
        if printed.getvalue() != (shown or ""):
            wrong.append(f"docs/python.md:{line} prints\n{printed.getvalue()}")
    assert not wrong, "\n".join(wrong)
    assert os.listdir(tmp_path / "results")  # noqa: PTH208


def test_the_page_names_every_option_of_a_call() -> None:
    from evalkit.api.options import RunKeywords

    text = PAGE.read_text("utf-8")
    assert [name for name in RunKeywords.__annotations__ if f"`{name}" not in text] == []


def test_the_page_names_every_public_function_and_class_of_the_door() -> None:
    text = PAGE.read_text("utf-8")
    wanted = ("run", "arun", "open_run", "load_run", "compare", "gate", "Suite", "Model", "Task", "Score", "Response")
    assert [name for name in wanted if f"evalkit.{name}" not in text and f"`{name}" not in text] == []
