"""`evalkit completion SHELL`, and what a shell is told when it asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_reads(shell: str, capsys: Capture) -> None:
    ran = evalkit(capsys, "completion", shell)
    assert ran.code == 0 and f"_EVALKIT_COMPLETE={shell}_complete" in ran.out
    if (program := shutil.which(shell)) is not None:
        read = subprocess.run([program, "-n"], input=ran.out, text=True, capture_output=True, check=False)
        assert read.returncode == 0, read.stderr


def asked(words: str, position: int) -> list[str]:
    env = {**os.environ, "_EVALKIT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "evalkit"], env=env, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    if position == 1:
        assert "evalkit.cli.run" not in done.stderr, "a key press waits for no command's imports"
    return done.stdout.split()


def test_commands_and_options_are_completed() -> None:
    assert asked("evalkit com", 1) == ["plain,compare", "plain,completion"]
    assert "plain,--max-cost" in asked("evalkit run --max", 2)
