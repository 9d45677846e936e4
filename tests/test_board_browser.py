"""The board in a real browser: the main path of somebody who has to decide, and nothing asked for beyond loopback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from evalkit.records import Message
from scripts.board_screenshots import PAGES, SITE
from tests.board_world import HOSTILE, TASKS, a_row, a_run
from tests.conftest import REPO

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


pytestmark = pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None or find_spec("streamlit") is None,
    reason="THE BOARD IS NOT WALKED IN A BROWSER: needs Debian's chromium, playwright (group browser) and streamlit",
)


HAS_AXE = find_spec("axe_playwright_python") is not None
OTHERS = ("tradeoff", "versus", "sample", "history", "gate", "cost", "runs")
GATE = {"baseline": "gpt", "candidates": ["qwen", "tiny"], "rules": [{"quality": "all", "margin": 0.3}]}


def browse(folder: Path, *only: str, pages: Sequence[str] = (), seconds: float = 150) -> None:
    """Run the script on all pages or on these; fails with what it says."""
    script = REPO / "scripts" / "board_screenshots.py"
    command = [sys.executable, script, folder / "results", folder / "out", "--chromium", CHROMIUM, "--only", *only]
    command += ["--pages", *pages] if pages else []
    walked = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=seconds, check=False
    )
    assert walked.returncode == 0, walked.stdout + walked.stderr


def test_the_pages_are_those_of_the_board() -> None:
    assert ("", *OTHERS) == PAGES


def test_a_reader_filters_compares_two_models_and_reads_a_flip_and_the_first_page_bars_nobody(tmp_path: Path) -> None:
    """Board and browser take three seconds to start: what is quick is seen by one. The first page goes through what
    the two tests below do with all others."""
    a_run(tmp_path / "results", n=30, gate=GATE)
    browse(tmp_path, "walk", "keyboard", *(["axe"] if HAS_AXE else []), pages=["leaderboard"], seconds=300)


@pytest.mark.long
def test_every_control_is_reached_by_keyboard_and_nothing_is_cut_off_on_a_telephone(tmp_path: Path) -> None:
    a_run(tmp_path / "results", n=30)
    browse(tmp_path, "keyboard", pages=OTHERS)


@pytest.mark.long
@pytest.mark.skipif(not HAS_AXE, reason="NO PAGE IS LOOKED AT BY AXE-CORE: needs the group browser")
def test_axe_core_finds_no_serious_issue_on_any_page_in_light_and_dark(tmp_path: Path) -> None:
    a_run(tmp_path / "results", n=30, gate=GATE)
    browse(tmp_path, "axe", pages=[*OTHERS, SITE], seconds=900)


def test_hostile_answers_open_no_dialog_and_load_nothing(tmp_path: Path) -> None:
    names = ("<img src=https://evil.example/n.png onerror=alert(1)>", "![i](https://evil.example/i.png)")
    rows = [
        a_row(
            name, task, i, text=f"{n}{HOSTILE}", reasoning=HOSTILE, extracted=HOSTILE, target=HOSTILE, reason=HOSTILE,
            served_model=HOSTILE[:200], score=float(n), prompt=(Message("user", HOSTILE),),
        )
        for task in TASKS for i in range(2) for n, name in enumerate(names)
    ]  # fmt: skip
    a_run(tmp_path / "results", names, rows=rows, n=2, suite="<b>suite</b>")
    browse(tmp_path, "visit")


def test_the_report_sorts_by_number_with_unknown_last_and_filters_by_words(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    from evalkit.render.html import page_of
    from evalkit.results.reader import ResultsReader

    run = a_run(tmp_path / "results", n=10)
    page_file = tmp_path / "report.html"
    page_file.write_text(page_of(ResultsReader(run.parent), run.name), "utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(page_file.as_uri())

        def models() -> list[str]:
            found: list[str] = page.locator("table").first.locator("tbody tr:visible td:first-child").all_inner_texts()
            return found

        head = page.get_by_role("button", name="USD per 1,000", exact=True)
        head.click()
        assert models() == ["gpt", "qwen", "tiny"], "dearest first; the price of tiny is unknown"
        head.click()
        assert models() == ["qwen", "gpt", "tiny"]
        page.get_by_label("Show models with").fill("permissive")
        assert models() == ["qwen"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert not said, "nothing was refused by the page's own policy"
        browser.close()
