"""docs/tutorials/logs-to-verdict.md, step by step as it stands there, and the formats of docs/import-traces.md."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.conftest import REPO
from tests.world import Ran, evalkit

PAGE = REPO / "docs" / "tutorials" / "logs-to-verdict.md"


def blocks(kind: str) -> list[str]:
    """The page's blocks of one language."""
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def commands() -> list[list[str]]:
    """The page's calls of evalkit, as words."""
    whole = "\n".join(blocks("bash")).replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in whole.split("\n") if line.startswith("evalkit ")]


def says(ran: Ran, lines: str) -> None:
    """Every line of the page stands in what the command said."""
    for line in lines.strip().split("\n"):
        assert line in ran.out, f"{line!r} is not in\n{ran.out}"


@pytest.mark.long
def test_the_tutorial_leads_from_a_log_to_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("python")[0], str(PAGE), "exec"), {})
    importing, checking, running, part = commands()

    def run(words: list[str], port: str) -> Ran:
        return evalkit(capsys, *(word.replace("8100", port) for word in words))

    with FakeProvider.in_thread(Behaviour().changed(json.loads(blocks("json")[0]))) as provider:
        port = provider.base_url.split(":")[2].split("/")[0]
        made = run(importing, port)
        assert made.code == 0, made.err
        assert [*made.err.strip().split("\n"), made.out.strip()] == blocks("text")[0].strip().split("\n")
        suite = tmp_path / "support" / "suite.yaml"
        written = suite.read_text()
        suite.write_text(
            written.replace("8100", port).replace('gpt-4o-mini", ', 'gpt-4o-mini", price_as: "openai:gpt-4o-mini", ')
        )
        assert "price_as" in suite.read_text()
        checked = run(checking, port)
        assert checked.code == 0, checked.out + checked.err
        decided = run(running, port)
        assert decided.code == 1, decided.out + decided.err
        says(decided, blocks("text")[1])
        alone = run(part, port)
        assert alone.code == 4
        says(alone, blocks("text")[2])
        text = suite.read_text()
        at, end = text.index("  - name: extract-order-json-fields"), text.index("\nrun:")
        other = text.find("  - name: ", at + 5)
        suite.write_text(text[:at] + text[other if other > 0 else end :])
        decided = run([*running, "--new"], port)
        assert decided.code == 0, decided.out + decided.err


def test_every_format_of_the_page_is_one_that_is_read() -> None:
    page = (REPO / "docs" / "import-traces.md").read_text("utf-8")
    for name in ("OpenTelemetry", "Langfuse", "LiteLLM", "Phoenix", "MLflow", "OpenAI", "Anthropic", "Gemini"):
        assert f"\n## {name}" in page
