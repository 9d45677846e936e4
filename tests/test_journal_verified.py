"""What is sealed is what was answered: a journal that something else changed while its run wrote it is never sealed as
if nothing had been."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import evalkit
from evalkit import Request, Suite, Task
from evalkit.errors import RunIncomplete
from evalkit.store.journal import ASIDE, Journal, recover
from tests.board_world import a_row

N = 24


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b'"text"') + 12] ^= 1  # a letter of an answer becomes another letter
    with path.open("r+b") as file:
        file.write(content)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 30)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _blank(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    with path.open("r+b") as file:
        file.write(b" " * (len(lines[0]) - 1))


def _twice(path: Path) -> None:
    first = path.read_bytes().splitlines(keepends=True)[0]
    with path.open("ab") as file:
        file.write(first.replace(b'"refunds"', b'"triage"'))


DAMAGES = {"flip": (_flip, 1), "cut": (_cut, 1), "empty": (_empty, 8), "blank": (_blank, 1), "more": (_twice, 0)}


@pytest.mark.parametrize(("damage", "n_lost"), DAMAGES.values(), ids=DAMAGES)
def test_a_line_that_is_not_as_it_was_written_is_owed(
    damage: Callable[[Path], None], n_lost: int, tmp_path: Path
) -> None:
    with Journal.open(tmp_path, "main") as log:
        for n in range(8):
            log.append(a_row("gpt", "refunds", n, text="some words"))
        log.verify()
        damage(log.path)
        with pytest.raises(RunIncomplete, match=f"{n_lost} of 8 answers"):
            log.verify()
    assert recover(tmp_path).n_done == 8 - n_lost
    assert (tmp_path / ASIDE).exists() is (damage is not _empty)


@pytest.mark.parametrize("removed", [Path.unlink, lambda path: path.rename(path.with_suffix(".bak"))])
def test_a_journal_that_is_gone_is_said(removed: Callable[[Path], object], tmp_path: Path) -> None:
    with Journal.open(tmp_path, "main") as log:
        log.append(a_row("gpt", "refunds", 0))
        removed(log.path)
        with pytest.raises(RunIncomplete, match="is gone"):
            log.verify()


@pytest.mark.parametrize("damage", [_flip, _empty])
def test_a_run_whose_journal_was_changed_is_not_complete_and_asks_what_is_owed(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    asked: list[str] = []

    def model(request: Request) -> str:
        asked.append(request.prompt)
        if len(asked) == N // 2:
            damage(next(tmp_path.glob("*/journal-*.jsonl")))
        return "x"

    data = [{"q": f"question {n}"} for n in range(N)]
    suite = Suite({"m": model}, [Task("t", data=data, prompt="{{ q }}", target="x", score="exact")])
    with pytest.raises(RunIncomplete, match="was changed by something else"):
        evalkit.run(suite, results=tmp_path, in_flight=1)
    assert evalkit.open_run("latest", results=tmp_path).status == "incomplete"
    n_first = len(asked)
    run = evalkit.run(suite, results=tmp_path, in_flight=1)
    assert run.status == "complete" and run.frame().score.tolist() == [1] * N
    assert n_first == N < len(asked) < 2 * N
