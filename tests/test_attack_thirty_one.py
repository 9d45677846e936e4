"""Finds of the thirty-first reading of docs/safety.md: suites of pull requests and replies of servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.suite.plain_templates import BadTemplate
from evalkit.suite.templates import Expression, Template
from tests.tables import table
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


def suite(folder: Path, **keys: object) -> Path:
    """A suite of one record, for a model that says what it is told."""
    (folder / "items.jsonl").write_text('{"id": "1", "q": "x", "label": "4"}\n')
    task = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "prompt": "{{ q }}", "target": "{{ label }}"}
    whole = {"name": "s", "models": {"m": {"adapter": "scripted", "replies": {"*": "4"}}}}
    path = folder / "suite.yaml"
    path.write_text(json.dumps({**whole, "tasks": [{**task, "score": "exact", **keys}]}))
    return path


CHAINS = (
    *("q" + link * 200 for link in (" and q", " + q", " ** q", "|e", ".a", "[0]", "()", " if q else q", "[1:2]")),
    *(before * 200 + "q" + behind * 200 for before, behind in (("not ", ""), ("-", ""), ("(", ")"), ("[", "]"))),
)


@table("chain", CHAINS)
def test_a_chain_in_a_template_has_an_end(chain: str) -> None:
    for read in (
        lambda: Template(f"a {{{{ {chain} }}}}", "prompt"),
        lambda: Expression(f"{{{{ {chain} }}}}", "options"),
    ):
        with pytest.raises(BadTemplate, match="a chain of more than"):
            read()


def test_a_chain_in_a_template_is_named_by_check(tmp_path: Path, capsys: Capture) -> None:
    ran = evalkit(capsys, "check", suite(tmp_path, prompt="{{ q" + " and q" * 200 + " }}"))
    assert ran.code == 2 and "tasks[0].prompt" in ran.err and "a chain of more than" in " ".join(ran.err.split())
