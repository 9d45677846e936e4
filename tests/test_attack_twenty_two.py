"""What a reader of docs/safety.md found on 2026-11-30; each kind with variants of its own.

Tiers of service: tests/test_asked_tier.py; fields that pass prompts on: tests/test_callouts.py.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.suite.pictures import pixels
from evalkit.text.escape import LONGEST_LOGGED, hold_logs
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Where a library's logger writes while the board holds the logs of its process."""
    before, out = logging.getLogRecordFactory(), io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("a.library")
    logger.addHandler(handler)
    logger.propagate = False
    hold_logs()
    hold_logs()
    try:
        yield out
    finally:
        logging.setLogRecordFactory(before)
        logger.removeHandler(handler)


@pytest.mark.parametrize("sign", ["\x1b]0;pwned\x07", "\x1b[2J", "\u202e", "\u200b", "\x9b2J", "\r"])
def test_a_strangers_words_in_a_librarys_log_act_on_no_terminal(log: io.StringIO, sign: str) -> None:
    logging.getLogger("a.library").error("Error during authentication: %s", f"x{sign}y")
    logging.getLogger("a.library").error(f"Error: x{sign}y")
    assert sign not in log.getvalue()
    assert log.getvalue().count("ERROR Error") == 2


def test_a_strangers_words_make_up_no_line_and_fill_no_log(log: io.StringIO) -> None:
    logging.getLogger("a.library").warning("said: %s", "a\nERROR made up\n" + "b" * 60_000)
    lines = log.getvalue().splitlines()
    assert lines[0] == "WARNING said: a" and all(line.startswith("    ") for line in lines[1:])
    assert len(log.getvalue()) < LONGEST_LOGGED + 200


def test_the_words_of_an_exception_are_written_out_too(log: io.StringIO) -> None:
    try:
        int("\x1b[31mred\u202e")
    except ValueError:
        logging.getLogger("a.library").exception("it failed")
    assert "x1b[31mred" in log.getvalue() and "u202e" in log.getvalue()
    assert "\x1b" not in log.getvalue() and "\u202e" not in log.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "run: !!bool abc",
        "n_rows: !!int abc",
        "version: !!timestamp x",
        "a: &a [*a]",
        "? [1, 2]\n: 3",
        "<<: 5",
        "[" * 3000 + "]" * 3000,
        "run: !!python/object/apply:os.getcwd []",
    ],
)
def test_an_odd_baseline_is_a_sentence_and_hides_no_other(capsys: Capture, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "baselines"
    folder.mkdir()
    (folder / "x.yaml").write_text(text + "\n")
    (folder / "good.yaml").write_text(
        "version: 2\nname: good\nsuite: s\nrun: r\nmodel: m\nrows_digest: d\nn_rows: 1\n"
        "promoted_at: 2026-11-30T00:00:00Z\nby: ada\nwhy: it ran\n"
    )
    began = time.process_time()
    ran = evalkit(capsys, "baseline", "list", "--baselines", folder)
    assert ran.code == 2
    assert "x.yaml" in ran.err and "good: m of r" in ran.out
    assert time.process_time() - began < 5


SCENARIO = "name: s\nunit: {name: u, input_tokens: 1, output_tokens: 1}\nvolumes_per_day: [1]\nlines: []\n"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "api: !!bool abc",
        "about: !!int abc",
        "about: !!float [1]",
        "about: !!timestamp soon",
        "? [1, 2]\n: 3",
        "[" * 3000 + "]" * 3000,
        "{a: " * 3000 + "1" + "}" * 3000,
        "x0: &x0 [1]\n" + "\n".join(f"x{n}: &x{n} [{', '.join(['*x' + str(n - 1)] * 8)}]" for n in range(1, 13)),
        "about: " + "x" * 2_000_000,
        "about: !!python/object/apply:os.getcwd []",
    ],
)
def test_an_odd_scenario_is_a_sentence_in_seconds(capsys: Capture, tmp_path: Path, text: str) -> None:
    (tmp_path / "scenario.yaml").write_text(SCENARIO + text + "\n")
    began = time.process_time()
    ran = evalkit(capsys, "breakeven", "--scenario", tmp_path / "scenario.yaml")
    assert ran.code == 2, ran.err
    assert "scenario.yaml" in ran.err and "Traceback" not in ran.err
    assert time.process_time() - began < 5


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_thousands_of_brackets_are_no_suite_and_take_no_time(capsys: Capture, tmp_path: Path, brackets: str) -> None:
    (tmp_path / "s.yaml").write_text("models: " + brackets[0] * 3000 + brackets[1] * 3000 + "\n")
    began = time.process_time()
    ran = evalkit(capsys, "check", tmp_path / "s.yaml")
    assert ran.code == 2 and "nested too deeply" in ran.err
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "inside",
    [b"\xff\xe0\x00\x02" * 1_100_000, b"\xff" * 4_000_000, b"\xff\xd0" * 2_000_000],
    ids=["empty", "fill", "bare"],
)
def test_a_picture_of_empty_segments_takes_no_time(inside: bytes) -> None:
    began = time.process_time()
    for _ in range(20):
        assert pixels(b"\xff\xd8" + inside, "image/jpeg") is None
    assert time.process_time() - began < 2


def test_a_picture_with_many_segments_has_its_size() -> None:
    """A camera writes a profile and previews in pieces of 64 kB before the size."""
    segment = b"\xff\xe2" + (1000).to_bytes(2, "big") + b"x" * 998
    frame = b"\xff\xc0\x00\x11\x08" + (480).to_bytes(2, "big") + (640).to_bytes(2, "big") + b"\x03" + bytes(9)
    assert pixels(b"\xff\xd8" + segment * 1_000 + frame, "image/jpeg") == (640, 480)
