"""Runs that are started from the board: by a person with the code, of a named folder, as planned, once, and stopped."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit import child
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import Ran, evalkit, run_folders, write_suite

pytest.importorskip("streamlit")
from streamlit.testing.v1 import AppTest

from evalkit.board import orders, start
from evalkit.board.orders import NotStarted, Order
from evalkit.results import read_facts

Capture = pytest.CaptureFixture[str]
PRICES = "- {model: fake, valid_from: 2020-01-01, currency: USD, input_per_mtok: 1, output_per_mtok: 1}\n"


@pytest.fixture(autouse=True)
def _no_board_before_or_after() -> Iterator[None]:
    orders._desk = None
    yield
    orders.stop_all(lambda told: None)
    orders._desk = None


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    folder = tmp_path / "suites"
    folder.mkdir()
    (folder / "prices.yaml").write_text(PRICES)
    return folder


def _page(results: str) -> None:
    from pathlib import Path

    from evalkit.board import runs
    from evalkit.results.reader import ResultsReader

    runs.render(ResultsReader(Path(results)))


def draw(results: Path, code: str | None = None) -> AppTest:
    """The page Runs, unlocked where a code is given."""
    at = AppTest.from_function(_page, kwargs={"results": str(results)}, default_timeout=60).run()
    if code is not None:
        at.text_input[0].set_value(code)
        press(at, "Unlock")
    return at


def press(at: AppTest, label: str) -> AppTest:
    (found,) = [button for button in at.button if button.label.replace("\\", "") == label]
    found.click().run()
    assert not at.exception, [entry.value for entry in at.exception]
    return at


def plan(at: AppTest, dollars: float | None = 2.5, suite: str = "suite.yaml") -> AppTest:
    at.selectbox[0].set_value(suite)
    at.number_input[0].set_value(dollars)
    return press(at, "Show what it would take")


def with_plan_of(at: AppTest, results: Path, code: str) -> AppTest:
    """Somebody else, who has planned the same at the same time."""
    other = draw(results, code)
    other.session_state[start._PLAN] = at.session_state[start._PLAN]
    return other.run()


def said(at: AppTest) -> str:
    shown = [*at.text, *at.markdown, *at.error, *at.info, *at.code, *at.subheader]
    return "\n".join(str(entry.value) for entry in shown)


def until(seen: Callable[[], Any], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.mark.long
def test_a_person_plans_starts_stops_and_goes_on_and_a_second_one_cannot_start_it_too(
    suites: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.3)) as provider:
        write_suite(suites, provider.base_url, n=40, in_flight=2)
        code = orders.allow(suites)
        at = plan(draw(results, code.lower()))
        assert "Say at how many dollars" not in said(at)
        assert "letters 40 samples. Nothing has been sent." in said(at) and "prompts go to 127.0.0.1" in said(at)
        assert "In all $" in said(at) and "The run stops before $2.50" in said(at)
        (row,) = at.dataframe[0].value.to_dict("records")
        assert (row["model"], row["requests"]) == ("fake", "40")
        assert len(provider.account) == 0, "a plan sends nothing"

        other = with_plan_of(at, results, code)
        press(at, "Start, for at most $2.50")
        press(other, "Start, for at most $2.50")
        assert "running already" in said(other)
        until(lambda: len(provider.account) > 3)
        press(at.run(), "Stop")
        assert "Go on" not in [button.label for button in at.button]
        until(lambda: orders.jobs(results)[0].code is not None)
        (folder,) = run_folders(results)
        assert orders.jobs(results)[0].code == 130
        assert folder.name in said(at.run()) and "stopped; what was answered is kept" in said(at)
        n_before = len(provider.account)
        assert 3 < n_before < 40

        provider.behaviour = Behaviour(reply="B")
        press(at, "Go on")
        assert f"Goes on with {folder.name}" in said(at)
        old = with_plan_of(at, results, code)
        press(at, "Start, for at most $2.50")
        until(lambda: orders.jobs(results)[0].code is not None)
        assert run_folders(results) == [folder] and "complete" in said(at.run())
        assert len(provider.account) == 40, "nothing is asked twice"
        press(old, "Start, for at most $2.50")
        assert "since the plan was made" in said(old) and len(provider.account) == 40
        press(at, "Hide")
        assert not orders.jobs(results)


@pytest.mark.long
def test_stop_stops_the_run_that_it_stood_beside_whatever_was_started_since(suites: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.3)) as provider:
        written = write_suite(suites, provider.base_url, n=40, in_flight=2)
        (suites / "second.yaml").write_text(written.read_text().replace("name: letters", "name: second", 1))
        code = orders.allow(suites)
        at = press(plan(draw(results, code)), "Start, for at most $2.50")
        until(lambda: len(provider.account) > 1)
        at.run()
        press(plan(draw(results, code), suite="second.yaml"), "Start, for at most $2.50")
        press(at, "Stop")
        states = {job.order.suite: job for job in orders.jobs(results)}
        until(lambda: orders.jobs(results) and states["suite.yaml"].code is not None)
        assert states["suite.yaml"].code == 130 and states["second.yaml"].n_stops == 0
        orders.stop(states["second.yaml"])
        until(lambda: orders.jobs(results) and states["second.yaml"].code is not None)


@pytest.mark.parametrize("changed", ["items.jsonl", "suite.yaml", "prices.yaml"])
def test_what_changed_since_the_plan_is_not_run(suites: Path, tmp_path: Path, changed: str, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(suites, provider.base_url, n=4)
        results = tmp_path / "results"
        same = ("--results", results, "--max-cost", "1")
        planned = evalkit(capsys, "plan", suite, *same, "--json").json["digest"]
        path = suites / changed
        text = path.read_text()
        changes = {
            "Question 1?": "Question one?",
            "127.0.0.1:": "localhost:",
            "input_per_mtok: 1": "input_per_mtok: 2",
        }
        path.write_text(next(text.replace(old, new) for old, new in changes.items() if old in text))
        ran = evalkit(capsys, "run", suite, *same, "--planned", planned)
        assert ran.code == 2 and "not what was planned" in ran.err and len(provider.account) == 0
        path.write_text(text)
        assert evalkit(capsys, "run", suite, *same, "--planned", planned).code == 0
        assert len(provider.account) == 4


@pytest.mark.long
def test_the_page_says_why_a_run_did_not_start(suites: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        write_suite(suites, provider.base_url, n=2)
        at = draw(results, orders.allow(suites))
        plan(at, dollars=None)
        assert "Say at how many dollars" in said(at) and not at.dataframe
        plan(at)
        with (suites / "items.jsonl").open("a") as file:
            file.write('{"id": "more", "question": "?", "choices": ["w", "x", "y", "z"], "answer": 1}\n')
        press(at, "Start, for at most $2.50")
        until(lambda: orders.jobs(results)[0].code is not None)
        assert "failed (exit code 2)" in said(at.run()) and "not what was planned" in said(at)
        assert len(provider.account) == 0
    (suites / "suite.yaml").write_text("models: {a: {adapter: nobody}}\ntasks: []\n")
    assert "there is no adapter or preset" in said(plan(at))


def test_without_leave_nothing_can_be_started_and_without_the_code_nothing_is_shown(
    suites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_ALLOW_RUNS", str(suites))
    assert "Start a run" not in said(draw(tmp_path / "results"))
    with pytest.raises(NotStarted):
        orders.planned(Order("suite.yaml", "1"), tmp_path)
    write_suite(suites, "http://127.0.0.1:9")
    orders.allow(suites)
    monkeypatch.setattr(orders, "_WRONG_S", 0.01)
    at = draw(tmp_path / "results", "2222-2222")
    assert "not the code" in said(at) and not at.selectbox


@pytest.mark.long
def test_names_of_suites_are_only_names(suites: Path, tmp_path: Path) -> None:
    text = write_suite(suites, "http://127.0.0.1:9/v1", n=2).read_text()
    odd = ["--help.yaml", "$(touch owned).yaml", "a\nb.yaml", "![i](x).yaml", "; touch owned;.yaml"]
    for name in odd:
        (suites / name).write_text(text)
    (tmp_path / "elsewhere.yaml").write_text(text)
    (suites / "link.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    code = orders.allow(suites)
    assert set(orders.suites()) == {"suite.yaml", *odd}
    at = plan(draw(tmp_path / "results", code), suite=odd[0])
    assert "letters 2 samples" in said(at) and r"\-\-help" in said(at)
    planned = orders.planned(Order(odd[1], "1"), tmp_path)
    assert planned.report["suite"] == "letters"
    run = orders.start(planned, "", tmp_path)
    orders.stop(run)  # before it has begun to hear
    until(lambda: orders.jobs(tmp_path)[0].code is not None)
    assert run.code == 130 and run.can_go_on
    for name in ("link.yaml", "../elsewhere.yaml", str(tmp_path / "elsewhere.yaml"), "none.yaml"):
        with pytest.raises(NotStarted):
            orders.planned(Order(name, "1"), tmp_path)
    assert not list(tmp_path.rglob("owned"))


@pytest.mark.long
def test_the_end_of_the_board_stops_what_it_started_and_says_so(suites: Path, tmp_path: Path) -> None:
    results, told = tmp_path / "results", list[str]()
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.2)) as provider:
        write_suite(suites, provider.base_url, n=60, in_flight=2)
        orders.allow(suites)
        orders.start(orders.planned(Order("suite.yaml", "1"), results), "mira@example.org", results)
        until(lambda: len(provider.account) > 2)
        orders.stop_all(told.append)
    assert "stopping" in told[0] and "what was answered is kept" in told[1]
    (info,) = orders.list_runs(results)
    assert info.status == "interrupted"
    assert read_facts(info.path).started_by == "mira@example.org"


@pytest.mark.long
def test_a_run_hears_that_the_board_was_killed(suites: Path, tmp_path: Path) -> None:
    """The kernel closes the pipe that the board held, and nothing goes on spending."""
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.2)) as provider:
        suite = write_suite(suites, provider.base_url, n=60, in_flight=2)
        command = child.function("evalkit.cli.held:main", "run", str(suite), "--results", str(tmp_path / "results"))
        process = child.start(command, stdin=child.PIPE, environment=dict(os.environ))
        assert process.stdin is not None
        until(lambda: len(provider.account) > 2)
        process.stdin.close()
        assert process.wait(30) == 130
    (info,) = orders.list_runs(tmp_path / "results")
    assert info.status == "interrupted"


@pytest.mark.parametrize(
    ("options", "hosts", "why"),
    [
        (("--address", "0.0.0.0"), "", "for this machine alone"),
        (("--address", "192.168.1.5"), "", "for this machine alone"),
        ((), "board.example", "for this machine alone"),
        ((), "*", "for this machine alone"),
    ],
)
def test_a_board_that_others_reach_starts_nothing(
    options: tuple[str, ...], hosts: str, why: str, suites: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_BOARD_HOSTS", hosts)
    ran: Ran = evalkit(capsys, "board", "--allow-runs", suites, *options)
    assert ran.code == 2 and why in ran.err and not orders.allowed()


def test_a_folder_that_is_not_there_is_named(capsys: Capture, tmp_path: Path) -> None:
    ran = evalkit(capsys, "board", "--allow-runs", tmp_path / "none")
    assert ran.code == 2 and "there is no such folder" in ran.err


def test_a_port_that_is_taken_names_another(capsys: Capture, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        ran = evalkit(capsys, "board", "--port", port, "--no-browser", "--results", tmp_path)
    assert ran.code == 2 and f"Port {port} of 127.0.0.1 is taken" in ran.err and "evalkit board --port" in ran.err
