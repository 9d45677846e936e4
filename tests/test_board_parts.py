"""What the pages are made of: labels, pictures, break-even, and how `evalkit board` starts."""

from __future__ import annotations

import random
import shlex
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.board_world import HOSTILE, a_run
from tests.world import evalkit

pytest.importorskip("streamlit", reason="THE BOARD IS NOT TESTED: streamlit is not installed")

from evalkit.board.breakeven import (
    MeasuredHardware,
    crossover,
    gpus_needed,
    machines_text,
    measured_hardware,
    own_usd,
)
from evalkit.board.elements import cell, listed, name_width, plain, shell, shown
from evalkit.board.leaderboard_table import picture
from evalkit.cost.breakeven import Own, Range, usd_per_year
from evalkit.render.comparison import word_diff
from evalkit.render.history_chart import HistoryPoint
from evalkit.render.html_tables import bill_sentence
from evalkit.render.run_history import MOST, drawn_models
from evalkit.results.entries import entries_of, standing
from evalkit.results.reader import ResultsReader
from scripts.board_example import make


def test_labels_have_no_markdown_left_to_act() -> None:
    assert plain("**a** [b](c) ![d](e) $x$ <i> _u_") == r"\*\*a\*\* \[b\]\(c\) \!\[d\]\(e\) \$x\$ \<i\> \_u\_"
    assert len(plain(HOSTILE)) < 400


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("http://evil.example/x", r"`http`\:`//evil.example/x`"),
        ("www.evil.example", "`www.evil.example`"),
        ("WWW.evil.example.", "`WWW.evil.example.`"),
        ("ask a@evil.example now", "ask `a@evil.example` now"),
        (":smile:", r"\:`smile`\:"),
        (":material/home:", r"\:`material/home`\:"),
        (":streamlit:", r"\:`streamlit`\:"),
        ("a -> b -- c", "a `->` b `--` c"),
        ("a <= b", "a `<=` b"),
        ("x`y://z", r"``x`y``\:`//z`"),
        ("`://`", r"`` ` ``\:`` //` ``"),
        ("model:7b", r"model\:7b"),
    ],
)
def test_what_a_browser_would_make_something_of_stands_in_code(text: str, written: str) -> None:
    assert plain(text) == written


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "@a", "-x", " =1", "\uff1d1"])
def test_no_cell_of_a_table_is_a_formula(text: str) -> None:
    assert cell(text, 80).startswith("'")


@pytest.mark.parametrize("text", ["-1", "+0.5", "1e-5", "gpt-5", "a=b"])
def test_numbers_and_names_stay_as_they_are_in_a_table(text: str) -> None:
    assert cell(text, 80) == text


@pytest.mark.parametrize("name", ["a; touch x", "$(touch x)", "a`touch x`", "-x\ny", "a'b"])
def test_a_command_to_copy_holds_a_name_as_one_word(name: str) -> None:
    assert len(shlex.split(f"evalkit show {shell(name)}")) == 3


def test_long_lines_are_folded_and_long_texts_cut() -> None:
    text = shown(HOSTILE)
    assert len(text) < 21_000
    assert max(map(len, text.split("\n"))) <= 2_000


def test_differences_are_marked_word_by_word_and_only_where_marks_say_something() -> None:
    def own(a: str, b: str) -> tuple[list[str], list[str]] | None:
        marked = word_diff(a, b)
        if marked is None:
            return None
        assert ("".join(text for text, _ in marked[0]), "".join(text for text, _ in marked[1])) == (a, b)
        return [text for text, of_a in marked[0] if of_a], [text for text, of_b in marked[1] if of_b]

    assert own("Refund within 30 days.\nAnswer: yes", "Refund within 14 days.\nAnswer: no") == (
        ["30", "yes"],
        ["14", "no"],
    )
    assert own("same words here", "same words here and more") == ([], ["and more"])
    assert own("A", "B") is None, "nothing in common"
    assert own("Yes, you get your money back.", "The answer is no, for it is too late.") is None, "few words in common"
    assert own("You can get it back in a shop.", "It is in a box, a red one, at home.") is None, "blanks do not count"
    assert own("a\nb", "a\nb") is None, "alike"
    assert own("x y " * 5_000, "x z " * 5_000) is None, "too long"


def test_the_picture_is_a_png_of_every_line(tmp_path: Path) -> None:
    a_run(tmp_path, n=10)
    store = ResultsReader(tmp_path)
    lines = standing(store, entries_of(store, "support"), None)
    content = picture(lines)
    assert content.startswith(b"\x89PNG")
    assert len(content) < 100_000


def test_nothing_stands_alone_in_the_script_that_streamlit_would_write_onto_the_page() -> None:
    import ast

    from evalkit.board import app

    body = ast.parse(Path(app.__file__ or "").read_text()).body
    assert [node for node in body if isinstance(node, ast.Expr)][1:] == [], "only the docstring of the module"


def test_gpus_come_in_whole_ones() -> None:
    month_s = 730 * 3600
    assert gpus_needed(1, 1.0, 1.0) == 1
    assert gpus_needed(month_s, 1.0, 1.0) == 1
    assert gpus_needed(month_s + 3600, 1.0, 1.0) == 2
    assert gpus_needed(month_s, 1.0, 3.0) == 3


def test_beyond_the_crossover_own_gpus_are_cheaper_at_every_volume() -> None:
    rng = random.Random(3)
    found = 0
    for _ in range(300):
        usd, asked, gpu = rng.uniform(1e-5, 1e-2), rng.uniform(0.1, 1.0), rng.uniform(0.5, 8)
        per_s, peak = rng.uniform(0.1, 20), rng.uniform(1, 6)

        def own(volume: float) -> float:
            return gpus_needed(volume * asked, per_s, peak) * gpu * 730  # noqa: B023

        cross = crossover(usd, asked, gpu, per_s, peak)
        if cross is None:
            huge = 1e13
            assert own(huge) >= usd * asked * huge * 0.999
            continue
        found += 1
        assert all(own(cross * m) <= usd * asked * cross * m * 1.000001 for m in (1.0001, 1.01, 1.5, 2, 3.3, 10, 1000))
        assert any(own(cross * m) > usd * asked * cross * m for m in (0.5, 0.9, 0.99, 0.999, 0.99999))
    assert found > 50


def test_board_without_streamlit_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("evalkit.cli.board.find_spec", lambda name: None)
    ran = evalkit(capsys, "board", "--results", tmp_path)
    assert ran.code == 2
    assert "--extra app" in ran.err
    assert "evalkit report" in ran.err


def test_the_help_of_board_and_report_needs_no_streamlit() -> None:
    import subprocess

    code = "import sys; from evalkit.cli import run_command; run_command(['board', '--help']); "
    code += "run_command(['report', '--help']); assert 'streamlit' not in sys.modules and 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_a_sentence_names_the_first_of_many_models() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c*"]) == r"a, b and c\*"
    many = [f"m{n}" for n in range(39)]
    assert listed(many) == "m0, m1, m2, m3, m4 and 34 more"


@pytest.mark.parametrize(("figure", "first"), [("quality", "m7"), ("USD per 1,000 samples", "m0")])
def test_where_none_is_chosen_the_best_by_the_figure_are_drawn(figure: str, first: str) -> None:
    """The best is the highest quality and the lowest bill."""
    points = [HistoryPoint("2026-01-01", f"m{n}", "r", float(n), None, None, str(n), ()) for n in range(8)]
    shown = drawn_models(points, [], figure)
    assert len(shown) == MOST and first in shown
    assert ("m0" in shown) is (figure != "quality")


def test_the_column_of_names_has_room_for_the_longest_and_no_more_than_a_third_of_the_page() -> None:
    assert name_width(["o3", "mistral-medium-3.5"]) >= 18 * 6.5 + 16 + 8, "6.5 px a sign, padding, air"
    assert name_width(["o3"]) == name_width([]) == 100
    assert name_width(["x" * 200]) == 360


def test_machines_that_are_paid_while_busy_cost_by_the_request_at_every_volume() -> None:
    busy = MeasuredHardware(3.6, 10.0, "a sweep", elastic=True)
    whole = MeasuredHardware(3.6, 10.0, "a sweep")
    assert own_usd(busy, 1_000_000, 3.0) == pytest.approx(1_000_000 / 36_000 * 3.6)
    assert own_usd(busy, 2_000_000, 3.0) == pytest.approx(2 * own_usd(busy, 1_000_000, 3.0))
    assert own_usd(whole, 1_000_000, 3.0) == pytest.approx(3.6 * 730)
    assert machines_text(busy, 1_000_000, 3.0) == "28 busy hours"
    assert machines_text(whole, 1_000_000, 3.0) == "1 copy"


@pytest.mark.long
def test_the_board_and_the_command_have_one_answer_about_own_machines(tmp_path: Path) -> None:
    """`evalkit breakeven` counts them by the same rule: busy hours where only these are paid."""
    store = ResultsReader(tmp_path)
    make(tmp_path, scale=0.05)
    run = max(info.name for info in store.runs() if info.name.startswith("support-swap"))
    found = measured_hardware(store, run)["gpt-oss-120b"]
    assert found.elastic
    line = Own(
        "own", Range.of(Decimal(found.usd_per_hour) * 8760), tokens_per_s=Range.of(Decimal(found.requests_per_s)),
        elastic=True,
    )  # fmt: skip
    a_day = Decimal(1_000_000) * 12 / 365
    assert own_usd(found, 1_000_000, 3.0) * 12 == pytest.approx(float(usd_per_year(line, a_day)))


def test_the_board_and_the_command_have_one_bill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`evalkit price` begins with the total that Cost begins with; models are sorted, and many tasks are one grid."""
    make(tmp_path, scale=0.05, others=False)
    store = ResultsReader(tmp_path)
    run = max(info.name for info in store.runs() if info.name.startswith("support-swap"))
    said = evalkit(capsys, "price", run, "--results", tmp_path).out
    lines = said.splitlines()
    assert lines[0] == bill_sentence(store.summary(run).models, store.judges(run))
    assert lines[0].startswith("$") and "for judges" in lines[0]
    assert len(lines) < 125
    costs = {name: model.all.cost.known_usd for name, model in store.summary(run).models.items()}
    dearest = sorted(costs, key=lambda name: -costs[name])
    grid = said[said.index("billed, by task") :]
    assert [line.split()[0] for line in grid.splitlines()[3 : 3 + len(costs)]] == dearest
    assert all(task in grid.replace("-\n", "-") for task in ("triage", "extract-order"))
