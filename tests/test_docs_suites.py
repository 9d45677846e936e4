"""The suites of docs/suites.md that ask nobody, run as they stand there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import REPO
from tests.world import evalkit

TICKETS = [("t1", "billing"), ("t2", "shipping"), ("t3", "billing"), ("t4", "shipping")]


def whole(name: str) -> str:
    """The page's suite of this name."""
    blocks = re.findall(r"```yaml\n(.*?)```", (REPO / "docs" / "suites.md").read_text("utf-8"), re.DOTALL)
    return next(block for block in blocks if block.startswith(f"name: {name}\n"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [{"id": key, "ticket": f"Ticket {key}", "queue": queue} for key, queue in TICKETS]
    (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_recorded_answers_as_the_page_writes_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "suite.yaml").write_text(whole("logs-and-new"))
    said = [{"id": key, "text": "billing"} for key, _ in TICKETS]
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said))
    others = [f"{key},{queue},{90},{3},{0.4}" for key, queue in TICKETS]
    (folder / "other.csv").write_text("\n".join(["ticket_id,reply,tokens_in,tokens_out,seconds", *others]) + "\n")
    ran = evalkit(capsys, "run", folder / "suite.yaml", "--results", folder / "results")
    assert ran.code == 0, ran.out + ran.err
    assert "0.500" in ran.out and "1.000" in ran.out


def test_a_script_as_the_page_writes_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "suite.yaml").write_text(whole("tried-without-keys"))
    ran = evalkit(capsys, "run", folder / "suite.yaml", "--results", folder / "results")
    assert ran.code == 0, ran.out + ran.err
    assert "0.750" in ran.out and "0.500" in ran.out


def test_prompt_variants_of_the_page_ask_for_what_is_scored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that says "reply with the queue" must not make prompts that ask for a letter."""
    (folder / "suite.yaml").write_text(whole("prompts-and-models"))
    ran = evalkit(capsys, "check", folder / "suite.yaml", "--show-prompt")
    assert ran.code == 0, ran.out + ran.err
    assert "billing, shipping" in ran.out and "letter" not in ran.out
