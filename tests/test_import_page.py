"""The commands of docs/import-table.md for other tools' files run as they stand there, on small files of the tools."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.test_import_harbor import trial
from tests.test_import_prices import of_eee, of_evalscope, of_promptfoo
from tests.world import evalkit

PAGE = Path(__file__).parent.parent / "docs" / "import-table.md"
HEADING = "## promptfoo, EvalScope, Harbor, Every Eval Ever"


def commands() -> list[list[str]]:
    block = PAGE.read_text().split(HEADING)[1].split("```bash\n")[1].split("```")[0]
    return [shlex.split(line, comments=True) for line in block.splitlines()]


def test_the_commands_of_the_page_run_as_they_stand_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    of_promptfoo(tmp_path).rename("output.json")
    of_evalscope(tmp_path).rename(Path("outputs", "20261128_153500"))
    trial(Path("jobs"), "hello-world__Ab3")
    of_eee(tmp_path).rename("UUID_samples.jsonl")
    Path("UUID.json").write_text('{"schema_version": "0.3.0", "evaluation_results": []}')
    asked = commands()
    tools = [words[2] for words in asked if words[1] == "import"]
    assert tools == ["promptfoo", "evalscope", "harbor", "every-eval-ever"]
    for words in asked:
        assert words[0] == "evalkit"
        ran = evalkit(capsys, *words[1:])
        assert ran.code == 0, (words, ran.err)
        if words[1] == "import":
            assert "1 row of 1 task" in ran.err and Path(ran.out.strip(), "run.json").is_file()
