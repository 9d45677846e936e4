"""Stored runs as typed objects: every run.json that was ever written opens, and a damaged one is one sentence."""

from __future__ import annotations

import json
import threading
import time
from collections import abc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest

from evalkit.errors import StoreError, UserError
from evalkit.facts import RunFacts, Summary, parse
from evalkit.facts.base import StoredRecord
from evalkit.results import Run, judging_facts, load_run, open_run, read_facts
from evalkit.results.reader import ResultsReader
from evalkit.store.run_lock import lock_run
from evalkit.store.runs import update_facts
from tests.board_world import TASKS, a_row, a_run, an_error
from tests.conftest import REPO
from tests.world import evalkit, run_folders, write_suite

PAYLOADS = sorted((Path(__file__).parent / "payloads" / "runs").glob("*.json"))
SAMPLE_RUNS = sorted((REPO / "results").iterdir())


def folder_with(tmp_path: Path, content: dict[str, Any]) -> Path:
    """A run folder that holds nothing but these facts."""
    folder = tmp_path / "a-run"
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(json.dumps(content), "utf-8")
    return folder


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (Path(__file__).parent / "payloads" / "runs" / f"{name}.json").read_text("utf-8")
    )
    return found


# Every run.json that exists


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_every_kind_of_stored_run_opens(path: Path, tmp_path: Path) -> None:
    told = json.loads(path.read_text("utf-8"))
    facts = read_facts(folder_with(tmp_path, told))
    assert facts.status == told["status"]
    assert list(facts.models or {}) == list(told["models"])
    for name, task in told["tasks"].items():
        assert (facts.tasks or {})[name].n == task["n"]
        assert (facts.tasks or {})[name].identity.root == task["identity"], (
            "an identity is compared: nothing may be lost"
        )
    resolved = told.get("suite_resolved") or {}
    for name, entry in (resolved.get("models") or {}).items():
        assert facts.entry(name) == entry


@pytest.mark.long(but=1)
@pytest.mark.parametrize("folder", SAMPLE_RUNS, ids=lambda folder: folder.name)
def test_the_sample_runs_open_with_rows_and_figures(folder: Path) -> None:
    run = load_run(folder)
    assert run.status == "complete"
    assert run.summary.n_rows == run.facts.n_rows == run.rows().num_rows == len(run.frame())
    model = list(run.models)[
        -1
    ]  # the first of the imported sample was asked once where the others were asked four times
    assert run[model].summary is not None
    assert run[model].n_expected == run[model].rows(["score"]).num_rows


def test_facts_are_typed() -> None:
    own = parse(RunFacts, payload("own-machine-0.1.0"), "run.json")
    tiny = own.model_facts("tiny")
    assert tiny.prices is not None and tiny.prices.usd_per_mtok[0].output == Decimal("0.000588874")
    assert tiny.priced_as == (None, "tiny")
    assert own.spent_usd == Decimal("0.000030038912496")
    assert own.suite_resolved is not None and own.suite_resolved.models["tiny"].hosting is not None
    assert own.suite_resolved.run.max_error_rate == 0.01
    assert own.tasks is not None and own.tasks["triage"].identity.max_output_tokens == 32
    stopped = parse(RunFacts, payload("stopped"), "run.json").stopped_early
    assert stopped is not None and stopped.candidates["cand"].n_used < stopped.candidates["cand"].n_items
    load = parse(RunFacts, payload("load"), "run.json")
    assert load.kind == "load" and load.load is not None and load.load.serves is not None
    judged = parse(RunFacts, payload("judged"), "run.json")
    assert judged.judges and judged.judges_served and judged.judges_unread
    assert any(task.identity.judge is not None for task in (judged.tasks or {}).values())


def test_facts_cannot_be_changed() -> None:
    facts = parse(RunFacts, payload("judged"), "run.json")
    with pytest.raises(ValueError, match="frozen"):
        facts.status = "complete"  # type: ignore[misc]


def test_what_a_later_evalkit_adds_is_ignored(tmp_path: Path) -> None:
    told = payload("stopped")
    told |= {"weather": {"sun": [1]}}
    told["models"] = {name: {**model, "colour": 7} for name, model in told["models"].items()}
    assert read_facts(folder_with(tmp_path, told)) == parse(RunFacts, payload("stopped"), "run.json")


# What cannot be read


def test_an_unknown_newer_version_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"newer evalkit \(schema 2\)") as caught:
        read_facts(folder_with(tmp_path, payload("stopped") | {"schema_version": 2}))
    assert "\n" not in str(caught.value)


def _in(told: dict[str, Any], *path: str | int) -> Callable[[Any], None]:
    """Sets the value at a path."""
    at: Any = told
    for key in path[:-1]:
        at = at[key]

    def put(value: Any) -> None:
        at[path[-1]] = value

    return put


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("models",), [1], "`models`: it should be an object"),
        (("models", "cand"), "x", "models"),
        (("models", "cand", "prices"), 5, "`models.cand.prices`: it should be an object"),
        (("models", "cand", "facts"), [], "`models.cand.facts`: it should be an object"),
        (("tasks", "letters", "n"), "12", "`tasks.letters.n`: it should be a whole number"),
        (("tasks", "letters", "n"), True, "`tasks.letters.n`: it should be a whole number"),
        (("tasks", "letters", "n"), -1, "`tasks.letters.n`: it should not be negative"),
        (("tasks", "letters", "identity"), [1], "`tasks.letters.identity`: it should be an object"),
        (("tasks", "letters", "identity"), {"settings": {"max_output_tokens": "all"}}, "settings.max_output_tokens"),
        (("suite_resolved",), 3, "`suite_resolved`: it should be an object"),
        (("suite_resolved", "tasks"), [3], r"`suite_resolved.tasks\[0\]`: it should be an object"),
        (
            ("suite_resolved", "run", "max_error_rate"),
            "1",
            "`suite_resolved.run.max_error_rate`: it should be a number",
        ),
        (("suite_resolved", "models", "cand"), {"adapter": 1}, "`suite_resolved.models.cand`: adapter"),
        (("repeats",), 0, "`repeats`"),
        (("repeats",), 1.5, "`repeats`: it should be a whole number"),
        (("stopped_early",), {"seed": 0, "counts": {"all": "many"}}, "stopped early, but not how"),
        (("started_at",), {"a": 1}, "`started_at`: it should be a text"),
        (("told",), "yes", "`told`: it should be true or false"),
        (("reasons",), [["a"]], r"`reasons\[0\]`: it should be a text"),
        (("spent_usd",), "NaN", "`spent_usd`: it should be a number"),
        (("sealed",), [], "`sealed`: it should be an object"),
    ],
)
def test_a_damaged_field_is_a_sentence_with_file_and_key(
    tmp_path: Path, path: tuple[str | int, ...], value: Any, said: str
) -> None:
    told = payload("stopped")
    _in(told, *path)(value)
    folder = folder_with(tmp_path, told)
    with pytest.raises(StoreError, match=said) as caught:
        open_run("a-run", results=tmp_path)
    assert str(folder / "run.json") in str(caught.value)
    assert "\n" not in str(caught.value) and "pydantic" not in str(caught.value)


def test_fields_that_nothing_is_decided_by_may_be_damaged(tmp_path: Path) -> None:
    odd = {"lanes": 3, "client_lag": {"n": []}, "servers": [1], "judges_served": ["strict"], "judges_unread": 3}
    facts = read_facts(folder_with(tmp_path, payload("judged") | odd))
    assert (facts.lanes, facts.client_lag, facts.servers, facts.judges_served) == (None, None, None, None)


@pytest.mark.parametrize("depth", [100, 300, 900])
def test_a_deeply_nested_file_is_no_traceback(tmp_path: Path, depth: int) -> None:
    told = payload("judged")
    deep: Any = 1
    for _ in range(depth):
        deep = {"a": deep}
    told["tasks"]["talk"]["identity"] = {"odd": deep}
    folder = folder_with(tmp_path, {})
    (folder / "run.json").write_text(json.dumps(told), "utf-8")
    try:
        read_facts(folder)
    except StoreError as error:
        assert "run.json is damaged" in str(error)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a run"):
        load_run(tmp_path)
    with pytest.raises(StoreError, match="no runs in"):
        open_run(results=tmp_path)


# A run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    rows = [a_row(m, t, i) for t in TASKS for i in range(10) for m in ("gpt", "qwen")][:-1]
    a_run(tmp_path, ("gpt", "qwen"), n=10, rows=[*rows, an_error("qwen", TASKS[-1], 9)])
    return open_run(results=tmp_path)


def test_a_frame_has_one_row_a_sample_model_and_repeat(run: Run) -> None:
    frame = run.frame()
    assert len(frame) == 10 * 2 * len(TASKS)
    assert not frame.duplicated(["model", "task", "sample_digest", "occurrence", "repeat"]).any()
    assert {"model", "task", "sample_id", "outcome", "score", "cost_usd", "ttft_s"} <= set(frame.columns)
    assert "text" not in frame.columns
    errored = frame[frame["outcome"] == "errored"]
    assert len(errored) == 1 and errored["score"].isna().all()


def test_texts_come_on_demand(run: Run) -> None:
    frame = run.frame(text=True)
    assert {"prompt", "text", "extracted", "reason", "target"} <= set(frame.columns)
    assert len(frame) == len(run.frame())
    assert set(run.rows(["model", "text"]).column_names) == {"model", "text"}


def test_an_unknown_column_names_the_near_one(run: Run) -> None:
    with pytest.raises(UserError, match="did you mean 'score'"):
        run.rows(["scor"])


def test_a_side_is_one_model(run: Run) -> None:
    side = run["gpt"]
    assert side.n_expected == 10 * len(TASKS) == side.rows().num_rows
    assert set(side.frame()["model"]) == {"gpt"}
    assert side.summary == run.summary.models["gpt"]
    with pytest.raises(KeyError, match="did you mean 'gpt'"):
        run["gtp"]
    assert list(run) == ["gpt", "qwen"] and "qwen" in run and "tiny" not in run


def test_a_run_that_goes_on_shows_what_is_there(tmp_path: Path) -> None:
    a_run(tmp_path, ("gpt",), n=4, rows=[a_row("gpt", TASKS[0], 0)], status="running")
    run = open_run(results=tmp_path)
    assert run.status == "interrupted", "nobody holds its lock"
    assert len(run.frame(text=True)) == run.summary.n_rows == 1


def test_a_notebook_shows_a_table_with_every_name_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    a_run(tmp_path, (evil, "gpt"), n=4)
    shown = open_run(results=tmp_path)._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert shown.count("<tr>") == 1 + 2 * len(TASKS)


def test_a_notebook_names_what_cannot_be_read(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt",), n=4)
    run = load_run(folder)
    (folder / "rows-1.parquet").write_bytes(b"PAR1 no more")
    (folder / "summary.json").unlink()
    assert "rows-1.parquet" in run._repr_html_()


def test_a_summary_that_is_damaged_is_computed_from_the_rows(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt",), n=4)
    truth = load_run(folder).summary
    facts = json.loads((folder / "run.json").read_text())
    facts.pop("sealed", None), facts.pop("checksum", None)
    (folder / "run.json").write_text(json.dumps(facts))
    told = json.loads((folder / "summary.json").read_text())
    told["models"]["gpt"]["all"]["quality"] = "good"
    (folder / "summary.json").write_text(json.dumps(told))
    assert load_run(folder).summary == truth


def test_a_run_without_judges_has_no_judging(run: Run) -> None:
    assert judging_facts(run.folder) is None


# The records know every key that is written


def unknown_keys(kind: Any, content: Any, at: str = "") -> list[str]:
    """Keys of a file that its record has no field for; mappings that are kept verbatim are not looked into."""
    if get_origin(kind) in {UnionType, Union}:
        return unknown_keys(next((one for one in get_args(kind) if one is not NoneType), None), content, at)
    if get_origin(kind) is Annotated:
        return unknown_keys(get_args(kind)[0], content, at)
    inside: list[tuple[Any, Any, str]] = []
    found: list[str] = []
    if content is not None and get_origin(kind) is abc.Mapping:
        inside = [(get_args(kind)[1], value, f"{at}.{name}") for name, value in content.items()]
    elif content is not None and get_origin(kind) is tuple:
        inside = [(get_args(kind)[0], value, f"{at}[]") for value in content]
    elif content is not None and isinstance(kind, type) and issubclass(kind, StoredRecord):
        found = [f"{at}.{name}" for name in content if name not in kind.model_fields]
        fields = kind.model_fields.items()
        inside = [(field.annotation, content[name], f"{at}.{name}") for name, field in fields if name in content]
    return found + [key for one in inside for key in unknown_keys(*one)]


def test_an_unknown_key_is_found_wherever_it_stands() -> None:
    told = {"odd": 1, "models": {"a": {"colour": 1}}, "suite_resolved": {"tasks": [{"name": "t", "shape": 2}]}}
    assert unknown_keys(RunFacts, told) == [".odd", ".models.a.colour", ".suite_resolved.tasks[].shape"]


NOT_READ_BACK = {".checksum"}
"""Keys that only the file's own check looks at."""


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_every_key_of_a_stored_run_has_a_field(path: Path) -> None:
    found = {key for key in unknown_keys(RunFacts, json.loads(path.read_text("utf-8"))) if key not in NOT_READ_BACK}
    assert found == set()


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_stored_run_is_written_as_it_was_read(path: Path) -> None:
    told = json.loads(path.read_text("utf-8"))
    told.pop("checksum", None)
    assert RunFacts.model_validate(told).as_json() == told


def test_every_key_that_a_run_writes_today_has_a_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = '  a: {adapter: scripted, replies: {"*": "B"}}\n  b: {adapter: scripted, replies: {"*": "B"}}'
    suite = write_suite(tmp_path, "", n=20, models=models)
    suite.write_text(
        suite.read_text() + "\ngate: {baseline: a, candidates: [b], rules: [{quality: all, margin: 0.4}]}\n"
    )
    evalkit(capsys, "run", suite, "--gate", "--results", tmp_path / "results")
    (folder,) = run_folders(tmp_path / "results")
    told = json.loads((folder / "run.json").read_text())
    found = {key for key in unknown_keys(RunFacts, told) if key not in NOT_READ_BACK}
    assert found == set()
    assert RunFacts.model_validate(told).as_json() == {key: told[key] for key in told if key != "checksum"}
    assert unknown_keys(Summary, json.loads((folder / "summary.json").read_text())) == []


def test_a_view_looks_at_each_folder_once_and_the_next_view_sees_what_changed(tmp_path: Path) -> None:
    name = a_run(tmp_path, ["gpt"], n=4).name
    view = ResultsReader.of_now(tmp_path)
    assert view.summary(name).models["gpt"].all.n == 8
    (tmp_path / name / "run.json").unlink()
    assert view.problem(name) is None
    assert [info.name for info in view.runs()] == [name]
    assert ResultsReader.of_now(tmp_path).problem(name) is not None
    assert ResultsReader(tmp_path).runs()[0].problem is not None


def test_a_run_that_was_going_on_is_looked_at_again_in_the_next_view(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ["gpt"], n=2)
    update_facts(folder, RunFacts(status="running"))
    assert ResultsReader.of_now(tmp_path).runs()[0].status == "interrupted"  # nobody holds its lock
    with lock_run(folder):
        assert ResultsReader.of_now(tmp_path).runs()[0].status == "running"
    assert ResultsReader.of_now(tmp_path).runs()[0].status == "interrupted"


def test_a_slow_figure_holds_up_only_those_who_ask_for_it(tmp_path: Path) -> None:
    reader, begun, go_on, made = ResultsReader(tmp_path), threading.Event(), threading.Event(), []

    def slow() -> str:
        made.append(1)
        begun.set()
        assert go_on.wait(20)
        return "slow"

    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(reader.remember, (tmp_path, "slow"), slow) for _ in range(2)]
        assert begun.wait(20)
        assert pool.submit(reader.remember, (tmp_path, "quick"), lambda: "quick").result(20) == "quick"
        go_on.set()
        assert [one.result(20) for one in waiting] == ["slow", "slow"]
    assert made == [1]


def test_a_figure_that_cannot_be_made_is_tried_again(tmp_path: Path) -> None:
    def broken() -> str:
        raise StoreError("not now")

    reader = ResultsReader(tmp_path)
    with pytest.raises(StoreError):
        reader.remember((tmp_path, "broken"), broken)
    assert reader.remember((tmp_path, "broken"), lambda: "made") == "made"


def test_a_figure_that_failed_is_made_again_by_one_and_not_by_everybody(tmp_path: Path) -> None:
    reader, failing, go_on, making = ResultsReader(tmp_path), threading.Event(), threading.Event(), threading.Event()
    made: list[int] = []

    def figure() -> str:
        made.append(len(made))
        if len(made) == 1:
            failing.set()
            go_on.wait(20)
            raise OSError("gone for a moment")
        making.set()
        time.sleep(0.3)
        return "figure"

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(reader.remember, (tmp_path, "once"), figure)
        assert failing.wait(20)
        second = pool.submit(reader.remember, (tmp_path, "once"), figure)
        time.sleep(0.1)  # the second one waits for the first
        go_on.set()
        assert making.wait(20)
        third = pool.submit(reader.remember, (tmp_path, "once"), figure)
        assert (second.result(20), third.result(20)) == ("figure", "figure")
        assert isinstance(first.exception(20), OSError)
    assert made == [0, 1]
