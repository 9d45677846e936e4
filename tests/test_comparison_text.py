"""What a person reads of a comparison: the short tables of Python, and p beside an interval that says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

import evalkit as door
from evalkit.records import Outcome, Row
from evalkit.render.comparison import disagreement, without_p
from evalkit.results.compare import Difference
from tests.board_world import a_row, a_run, an_error
from tests.gate_world import one, stored
from tests.world import evalkit


def swap(results: Path, *, lost: int, won: int = 0, errored: int = 0, n: int = 40) -> door.Run:
    """Two models over `n` samples of each of two tasks; in the first, `now` is right where `new` is not, and so on."""

    def one(model: str, task: str, at: int, right: bool) -> Row:
        return a_row(model, task, at, score=float(right), outcome=Outcome.RIGHT if right else Outcome.WRONG)

    rows = []
    for at in range(n):
        is_lost, is_won = at < lost, lost <= at < lost + won
        rows.append(one("now", "refunds", at, not is_won))
        broken = lost + won <= at < lost + won + errored
        rows.append(an_error("new", "refunds", at) if broken else one("new", "refunds", at, not is_lost))
        rows += [one(model, "triage", at, True) for model in ("now", "new")]
    return door.load_run(a_run(results, ("now", "new"), n=n, rows=rows))


def test_where_only_the_interval_says_different_both_are_said_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    swap(tmp_path, lost=5)
    ran = evalkit(capsys, "compare", "latest:now", "latest:new", "--results", tmp_path)
    said = " ".join(ran.out.split())
    assert "refunds: the interval [−26.8, −2.0] says that the two differ, p 0.062 does not." in said
    assert "sees only the items that changed sides" in said and "Go by the interval." in said


def test_where_only_p_says_different_the_pairs_without_a_score_are_named(tmp_path: Path) -> None:
    run = swap(tmp_path, lost=7, errored=3, n=60)
    said = str(door.compare(run["now"], run["new"])).replace("\n", " ")
    assert "refunds: p 0.016 says that the two differ, the interval" in said
    assert "the 3 without a score may have gone either way" in said


@pytest.mark.parametrize(
    ("p", "low", "high", "alone"),
    [
        (0.03, -0.10, -0.01, None),
        (0.30, -0.10, 0.10, None),
        (0.03, -0.10, 0.0, "p"),
        (0.03, -0.01, 0.10, "p"),
        (0.06, 0.01, 0.10, "interval"),
        (0.05, -0.10, -0.01, "interval"),
        (None, 0.01, 0.10, None),
        (0.03, None, None, None),
    ],
)
def test_which_of_them_alone_says_different(
    p: float | None, low: float | None, high: float | None, alone: str | None
) -> None:
    found = Difference("all", 40, 0, 0.02, low, high, "exact paired test", p)
    assert found.shown_only_by == alone
    assert bool(disagreement(found)) == (alone is not None)


def test_two_that_agree_get_no_remark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    swap(tmp_path, lost=20)
    ran = evalkit(capsys, "compare", "latest:now", "latest:new", "--results", tmp_path)
    assert "Go by the interval" not in ran.out


def test_a_comparison_prints_a_short_table(tmp_path: Path) -> None:
    run = swap(tmp_path, lost=20)
    shown = str(door.compare(run["now"], run["new"]))
    assert shown.splitlines()[0] == f"{run.name}:new minus {run.name}:now: 20 items lost, 0 won"
    line = next(line for line in shown.splitlines() if line.startswith("refunds"))
    assert line.split()[:3] == ["refunds", "40", "−50.0"] and line.endswith("<0.001")
    assert max(map(len, shown.splitlines())) <= 100


def test_a_run_prints_a_short_table(tmp_path: Path) -> None:
    run = swap(tmp_path, lost=20, errored=4)
    lines = str(run).splitlines()
    assert lines[0] == f"{run.name} (complete)"
    of_new = [line.split() for line in lines if line.startswith("new")]
    assert [cells[:4] for cells in of_new] == [["new", "refunds", "40", "0.444"], ["new", "triage", "40", "1.000"]]
    assert [cells[6] for cells in of_new] == ["4", "0"]
    assert of_new[0][7] == "unknown", "the price of an unknown model is not zero"
    assert repr(run).startswith("<Run "), "repr stays short"


def test_hostile_names_act_on_no_terminal(tmp_path: Path) -> None:
    evil = "\x1b[2J\u202e[red]::error::x"
    rows = [a_row(model, "refunds", at) for at in range(4) for model in (evil, "gpt")]
    run = door.load_run(a_run(tmp_path, (evil, "gpt"), rows=rows, n=4))
    for shown in (str(run), str(door.compare(run["gpt"], run[evil]))):
        assert "\x1b" not in shown and "\u202e" not in shown
        assert "[red]" in shown, "brackets are no markup"


def test_a_run_that_cannot_be_read_says_so_instead_of_a_table(tmp_path: Path) -> None:
    run = swap(tmp_path, lost=1)
    (run.folder / "rows-1.parquet").write_bytes(b"PAR1 no more")
    (run.folder / "summary.json").unlink()
    assert "rows-1.parquet" in str(door.load_run(run.folder))


@pytest.mark.parametrize("repeats", [1, 3])
def test_pages_say_that_they_test_every_answer_of_items_that_were_asked_several_times(
    repeats: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        one(n, model, float((n + k + len(model)) % 4 > k % 2), repeat=k, total_s=(97 * n + k + len(model) / 9) / 991)
        for model in ("base", "b")
        for n in range(30)
        for k in range(repeats)
    ]
    run = stored(tmp_path / "results", {"base": [], "b": []}, rows=rows, tasks={"t": 30}, repeats=repeats)
    results = ("--results", tmp_path / "results")
    told = " ".join(evalkit(capsys, "compare", f"{run.name}:base", f"{run.name}:b", *results).out.split())
    assert ("every answer is a pair" in told) == (repeats > 1)
    found = door.open_run(run.name, tmp_path / "results")
    printed = " ".join(str(door.compare(found["base"], found["b"])).split())
    assert ("every answer is a pair" in printed) == (repeats > 1)
    page = tmp_path / "page.html"
    assert evalkit(capsys, "report", run.name, *results, "--html", page).code == 0
    assert ("every answer is a pair" in page.read_text("utf-8")) == (repeats > 1)


def test_a_p_that_is_absent_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def graded(model: str, at: int) -> Row:
        return a_row(model, "refunds", at, score=0.3 + 0.01 * at, outcome=Outcome.SCORED)

    rows = [graded(model, at) for at in range(30) for model in ("now", "new")]
    run = door.load_run(a_run(tmp_path, ("now", "new"), n=30, rows=rows))
    told = evalkit(capsys, "compare", "latest:now", "latest:new", "--results", tmp_path).out
    for said in (told, str(door.compare(run["now"], run["new"]))):
        assert "No p: scores between 0 and 1 are no sides to change" in " ".join(said.split())


def test_a_reason_names_the_rows_that_it_is_for() -> None:
    rows = [
        Difference("all tasks", 40, 0, 0.02, 0.01, 0.03, "exact", 0.01),
        Difference("essays", 40, 0, 0.02, 0.01, 0.03, "t", None, "scores are graded"),
        Difference("letters", 40, 0, 0.02, 0.01, 0.03, "t", None, "scores are graded"),
    ]
    assert without_p(rows) == ["No p for essays and letters: scores are graded."]
    assert without_p(rows[:1]) == []
