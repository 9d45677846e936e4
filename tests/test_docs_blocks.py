"""Every block of code in the documents is tried: commands and options exist, suites fit the schema, code compiles.

Blocks of docs/python.md and docs/tutorial.md are run as a whole by tests of their own.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from evalkit.cli import cli
from evalkit.suite.schema import SuiteFile
from evalkit.suite.schema.policy import PolicyFile
from evalkit.suite.source_map import parse
from tests.conftest import REPO
from tests.tables import table

PAGES = [
    *(REPO / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")),
    *sorted((REPO / "docs").rglob("*.md")),
    *sorted((REPO / "examples").rglob("*.md")),
]
FENCE = re.compile(r"^( *)```(\S*)[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^(?:\$ |- run: )?(?:(?:pip install uv && )?uv run (?:--\S+ \S+ )*)?(evalkit [a-z].*)$")
MADE = {"commands.md", "fake-provider.md"}
"""Pages that are made from what they show."""


def blocks(kind: str | None) -> Iterator[Any]:
    """(page and line, text) of every block of one language; None: of all."""
    for page in PAGES:
        if page.name in MADE or not page.is_file():
            continue
        text = page.read_text("utf-8")
        for found in FENCE.finditer(text):
            if kind is None or found[2] == kind:
                line = text[: found.start()].count("\n") + 1
                indent = len(found[1])
                body = "\n".join(row[indent:] for row in found[3].splitlines())
                yield pytest.param(body, id=f"{page.relative_to(REPO)}:{line}")


def commands() -> Iterator[Any]:
    """Every line of a block that calls evalkit."""
    for block in blocks(None):
        (body,) = block.values
        joined = re.sub(r"\\\n\s*", " ", body)
        for row in joined.splitlines():
            if (found := COMMAND.match(row.strip())) is not None:
                yield pytest.param(found[1], id=f"{block.id} {found[1][:60]}")


@table("line", list(commands()))
def test_every_command_in_the_documents_is_one_that_evalkit_has(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"there is no command {words[0]!r}: {line}"
        command, words = found, words[1:]
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)} | {"--help"}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"{command.name} has no option {word}: {line}"
        if word in {"|", ">", "&&", ";"}:
            break


def test_the_documents_call_evalkit_often() -> None:
    assert len(list(commands())) > 25


@pytest.mark.parametrize("text", list(blocks("json")))
def test_json_in_the_documents_is_json(text: str) -> None:
    json.loads(text)


@table("text", list(blocks("python")))
def test_python_in_the_documents_compiles(text: str) -> None:
    compile(text, "<document>", "exec", flags=0x2000)  # PyCF_ALLOW_TOP_LEVEL_AWAIT: blocks of notebooks await


@table("text", list(blocks("yaml")))
def test_yaml_in_the_documents_fits_its_schema(text: str) -> None:
    written = parse(text, "document.yaml").data
    if isinstance(written, list):
        if all(isinstance(entry, dict) and {"use", "lm_eval", "name"} & entry.keys() for entry in written):
            written = {"tasks": written}  # entries of `tasks:`
        else:
            return  # entries of prices.yaml, steps of a workflow: tests of their own read those
    assert isinstance(written, dict)
    if isinstance(written.get("gate"), dict) and "script" in written["gate"]:
        return  # a job of GitLab that is called gate
    if "endpoints" in written:
        PolicyFile.model_validate(written)
    elif set(written) <= set(SuiteFile.model_fields):
        whole = {
            "name": "document",
            "models": {"m": {"adapter": "scripted", "replies": {"*": "a"}}},
            "tasks": [{"name": "t", "data": "t.jsonl", "prompt": "{{ q }}", "target": "{{ a }}", "score": "exact"}],
        }
        SuiteFile.model_validate(whole | written)
    elif set(written) & set(SuiteFile.model_fields) and "permissions" not in written and "sources" not in written:
        assert not {"name", "tasks"} <= set(written), f"a suite with keys that no suite has: {sorted(written)}"


def test_the_site_s_pages_are_all_reached() -> None:
    """A page that no table of contents names is found by nobody; Sphinx says so too, and only `make docs` runs it."""
    index = (REPO / "site" / "index.md").read_text("utf-8")
    named = set(re.findall(r"^(?:docs/)?([\w-]+)$", index, re.MULTILINE))
    assert [page.stem for page in sorted((REPO / "docs").glob("*.md")) if page.stem not in named] == []


def test_the_list_of_decisions_is_whole() -> None:
    folder = REPO / "docs" / "decisions"
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text("utf-8"))
    assert listed == [page.name for page in sorted(folder.glob("[0-9]*.md"))]


def test_pages_are_looked_for_where_they_are() -> None:
    assert all(page.is_file() for page in PAGES if page.name != "CONTRIBUTING.md")
    assert Path("docs") in {page.relative_to(REPO).parent for page in PAGES}
