"""Code of a model: what counts as its answer, that tests decide, and that it can do no harm."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome
from evalkit.scorers import code_worker
from evalkit.scorers.code_reply import whole_function
from evalkit.scorers.registry import make_scorer
from tests.parity import marked, records
from tests.scoring import mark, sample

PROMPT = 'from typing import List\n\ndef double(x: int) -> int:\n    """Twice x."""\n'
ITEM = sample(prompt=PROMPT, test="def check(f):\n    assert f(2) == 4\n    assert f(0) == 0", entry_point="double")

pytestmark = pytest.mark.skipif(code_worker.unsupported() is not None, reason="seccomp of Linux")


@pytest.fixture(autouse=True)
def _may_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(code_worker._permission, "allowed", True)
    yield


REPLIES = [
    ("    return 2 * x", Outcome.RIGHT),
    ("def double(x):\n    return x + x", Outcome.RIGHT),
    ("Sure:\n```python\ndef double(x: int) -> List[int]:\n    return x * 2\n```\nDone.", Outcome.RIGHT),
    ("```\n    return x * 2\n```", Outcome.RIGHT),
    ("    return x", Outcome.WRONG),
    ("    return 2 *", Outcome.WRONG),
    ("I cannot write code.", Outcome.REFUSED),
    ("No.", Outcome.UNPARSEABLE),
    ("    import sys; sys.exit(0)", Outcome.WRONG),
    ("    import os; os._exit(0)", Outcome.WRONG),
]


@pytest.mark.parametrize(("reply", "outcome"), REPLIES)
def test_the_tests_decide(reply: str, outcome: Outcome) -> None:
    assert mark("code", {}, ITEM, reply).outcome is outcome


def harmful(line: str) -> str:
    return f"    import os, socket, subprocess, threading, ctypes\n    {line}\n    return 2 * x"


HARM = [
    "socket.socket()",
    "socket.create_connection(('127.0.0.1', {port}))",
    "subprocess.run(['true'])",
    "os.fork()",
    "os.kill(os.getppid(), 0)",
    "os.execv('/bin/true', ['true'])",
    "open('{folder}/made', 'w')",
    "os.remove('{folder}/kept')",
    "os.rename('{folder}/kept', '{folder}/moved')",
    "os.truncate('{folder}/kept', 0)",
    "os.mkdir('{folder}/made')",
    "os.chmod('{folder}/kept', 0)",
    "os.setsid()",
    "x = bytearray(3 << 30)",
]


@pytest.mark.long(but=7)
@pytest.mark.parametrize("line", HARM)
def test_harm_is_refused_by_the_kernel(line: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = line.format(port=server.getsockname()[1], folder=tmp_path)
        score = mark("code", {}, ITEM, harmful(text))
    assert score.outcome is Outcome.WRONG
    assert score.reason is not None
    assert score.reason.startswith(("PermissionError", "MemoryError", "OSError"))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_text() == "mine"


def test_threads_are_no_harm_and_the_environment_is_empty() -> None:
    os.environ["EVALKIT_TEST_SECRET"] = "s"
    body = (
        "    import os, threading\n    t = threading.Thread(target=print); t.start(); t.join()\n"
        "    assert 'EVALKIT_TEST_SECRET' not in os.environ\n    return 2 * x"
    )
    assert mark("code", {}, ITEM, body).value == 1.0


def test_what_the_code_reads_cannot_reach_a_result() -> None:
    for line in (
        "raise ValueError(open('/proc/%d/environ' % os.getppid()).read() + 'LEAK')",
        "raise type('LEAK', (Exception,), {})()",
        "os.write(3, b'LEAK'); os.write(4, b'LEAK'); os.write(5, b'LEAK')",
    ):
        score = mark("code", {}, ITEM, harmful(line))
        assert score.outcome is Outcome.WRONG
        assert "LEAK" not in (score.reason or "")


def test_a_program_without_end_is_ended() -> None:
    start = time.monotonic()
    score = mark("code", {"limit_s": 1}, ITEM, "    while True: pass")
    assert score.outcome is Outcome.WRONG
    assert time.monotonic() - start < 20


def test_it_is_off_unless_allowed_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(code_worker._permission, "allowed", False)
    with pytest.raises(SuiteError, match="--allow-code-execution"):
        make_scorer("code", {})


def test_a_reply_that_continues_the_prompt_is_told_from_a_whole_function() -> None:
    assert whole_function(PROMPT, "    return 1", "double") == PROMPT + "    return 1"
    assert "Twice" not in whole_function(PROMPT, "def double(x): return 1", "double")


@pytest.mark.long
def test_humanevals_own_solutions_pass(shared_data: Path) -> None:
    scorer = make_scorer("code", {})
    items = list(records(shared_data / "humaneval" / "HumanEval.jsonl.gz"))
    assert len(items) == 164
    for item in items[::4]:  # every fourth keeps the suite quick; all 164 were run once, see docs/scoring.md
        one = sample(**item)
        gold = scorer.gold(one)
        assert gold is not None
        assert marked(one, gold, scorer).value == 1.0, item["task_id"]
        assert marked(one, "    return None", scorer).value == 0.0, item["task_id"]
