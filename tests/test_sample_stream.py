"""Runs of many samples: the first is asked before the last is checked, and a wrong record costs nobody an answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.cost.prices import PriceBook
from evalkit.engine import conversation, sample_stream
from evalkit.engine.plan import PlanOptions, make_plan
from evalkit.engine.sample_stream import SampleStream
from evalkit.errors import SuiteError
from evalkit.suite.loading import load_suite
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import Ran, evalkit, prompt_of, rows, run_folders, write_suite

Capture = pytest.CaptureFixture[str]
N = 500
LAST = N - 1


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds for tens of thousands of samples is shown with fewer."""
    monkeypatch.setattr(sample_stream, "KEPT", 150)
    monkeypatch.setattr(sample_stream, "HEAD", 100)
    monkeypatch.setattr(conversation, "WINDOW", 100)


def change(folder: Path, number: int, **fields: object) -> None:
    """Other fields for one record; None takes a field out."""
    path = folder / "items.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    record = {**json.loads(lines[number]), **fields}
    lines[number] = json.dumps({name: value for name, value in record.items() if value is not None})
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def hurry(suite: Path) -> None:
    """More requests at once: how a run is driven is no part of what it asks."""
    suite.write_text(suite.read_text(encoding="utf-8").replace("in_flight: 2", "in_flight: 128"), encoding="utf-8")


def run(capsys: Capture, folder: Path, suite: Path) -> Ran:
    return evalkit(capsys, "run", suite, "--no-cache", "--results", folder / "results")


def stream_of(suite: Path) -> SampleStream:
    plan = make_plan(load_suite(suite), PlanOptions(stream=True), PriceBook.load(None))
    stream = plan.work.tasks[0].stream
    assert stream is not None
    return stream


@pytest.mark.long
def test_every_question_is_asked_once_and_all_are_counted_from_the_start(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        ran = run(capsys, tmp_path, write_suite(tmp_path, provider.base_url, n=N, in_flight=64))
        assert {provider.account.times_asked(prompt_of(n)) for n in range(N)} == {1}
    assert ran.code == 0, ran.err
    assert f"{N:,}/{N:,}" in ran.err
    folder = run_folders(tmp_path / "results")[0]
    facts = json.loads((folder / "run.json").read_text())
    assert (facts["n_rows"], facts["tasks"]["letters"]["n"], facts["status"]) == (N, N, "complete")
    assert len({row["key"] for row in rows(folder)}) == N


@pytest.mark.long
def test_a_wrong_record_breaks_the_run_off_and_the_mended_file_resumes_it(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.02)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=N, in_flight=2)
        change(tmp_path, LAST, answer=7)
        change(tmp_path, LAST - 1, question=None)
        checked = evalkit(capsys, "check", suite, "--results", tmp_path / "results")
        ran = run(capsys, tmp_path, suite)
        n_asked = len(provider.account)
        assert ran.code == 2
        assert checked.code == 2
        complaints = checked.err.removeprefix("evalkit: ").splitlines()
        assert len(complaints) == 2
        assert all(complaint in ran.err for complaint in complaints), "the words of `check`, all of them"
        assert 0 < n_asked < N // 2, "found long before its turn"
        (folder,) = run_folders(tmp_path / "results")
        facts = json.loads((folder / "run.json").read_text())
        assert facts["status"] == "incomplete"
        assert complaints[0] in facts["reasons"]
        assert len(rows(folder)) == n_asked, "what was asked is kept"

        change(tmp_path, LAST, answer=1)
        change(tmp_path, LAST - 1, question=f"Question {LAST - 1}?")
        hurry(suite)
        again = run(capsys, tmp_path, suite)
        assert again.code == 0, again.err
        assert {provider.account.times_asked(prompt_of(n)) for n in range(N)} == {1}
    assert run_folders(tmp_path / "results") == [folder]
    facts = json.loads((folder / "run.json").read_text())
    assert (facts["status"], facts["broken_off"]) == ("complete", None)


@pytest.mark.long
def test_a_file_whose_asked_records_were_changed_too_starts_another_run(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.02)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=N, in_flight=2)
        change(tmp_path, LAST, answer=7)
        assert run(capsys, tmp_path, suite).code == 2
        change(tmp_path, LAST, answer=1)
        change(tmp_path, 0, answer=2)
        hurry(suite)
        assert run(capsys, tmp_path, suite).code == 0
    broken, whole = sorted(run_folders(tmp_path / "results"), key=lambda folder: len(rows(folder)))
    assert len(rows(whole)) == N
    assert json.loads((broken / "run.json").read_text())["status"] == "incomplete"


@pytest.mark.long(but=1)
@pytest.mark.parametrize("named", ["latest", "name"])
def test_a_run_that_is_named_takes_the_mended_file_as_the_plain_command_does(
    tmp_path: Path, capsys: Capture, named: str
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.02)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=N, in_flight=2)
        change(tmp_path, LAST, answer=7)
        assert run(capsys, tmp_path, suite).code == 2
        (folder,) = run_folders(tmp_path / "results")
        change(tmp_path, LAST, answer=1)
        hurry(suite)
        resume = ("--resume", "latest" if named == "latest" else folder.name)
        again = evalkit(capsys, "run", suite, "--no-cache", "--results", tmp_path / "results", *resume)
        assert again.code == 0, again.err
        assert {provider.account.times_asked(prompt_of(n)) for n in range(N)} == {1}
    assert run_folders(tmp_path / "results") == [folder]


def test_a_run_that_is_named_says_why_it_cannot_go_on_with_other_records(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.02)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=N, in_flight=2)
        change(tmp_path, LAST, answer=7)
        assert run(capsys, tmp_path, suite).code == 2
        before = (run_folders(tmp_path / "results")[0] / "run.json").read_text()
        change(tmp_path, LAST, answer=1)
        change(tmp_path, 0, answer=2)
        again = evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--resume", "latest")
        assert again.code == 2
        assert "records were changed that it has answers to" in again.err
        assert "--new" in again.err
        change(tmp_path, 0, answer=1)
        text = suite.read_text(encoding="utf-8").replace("{{ question }}", "Now: {{ question }}")
        suite.write_text(text, encoding="utf-8")
        other = evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--resume", "latest")
        assert other.code == 2
        assert "answers are to other questions" in other.err
    assert (run_folders(tmp_path / "results")[0] / "run.json").read_text() == before


@pytest.mark.parametrize(
    ("number", "fields"),
    [
        (3, {"answer": 7}),
        (3, {"question": None}),
        (LAST, {"id": "q0"}),
        (LAST, {"id": []}),
    ],
)
def test_what_can_be_known_before_anything_is_sent_is(
    tmp_path: Path, capsys: Capture, number: int, fields: dict[str, object]
) -> None:
    """A wrong record among the first, an id that stands twice, an id that is none."""
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=N)
        change(tmp_path, number, **fields)
        ran = run(capsys, tmp_path, suite)
        assert ran.code == 2, ran.err
        assert len(provider.account) == 0
    assert ran.err == evalkit(capsys, "check", suite).err
    assert not (tmp_path / "results").exists()


def test_a_line_that_is_no_json_is_found_before_anything_is_sent(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=N)
        with (tmp_path / "items.jsonl").open("a", encoding="utf-8") as file:
            file.write('{"id": "torn", "question": \n')
        assert run(capsys, tmp_path, suite).code == 2
        assert len(provider.account) == 0


@pytest.mark.long
def test_notes_tell_of_the_first_samples_first_and_of_all_at_the_end(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=N, in_flight=64)
        change(tmp_path, LAST, choices=["w", "x", "x ", "z"])
        ran = run(capsys, tmp_path, suite)
    assert ran.code == 0, ran.err
    assert "note: letters: the right answer is the same for the first 100 samples ('x')" in ran.err
    assert ran.err.count("the right answer is the same") == 1, "it is said once"
    assert f"1 sample ('q{LAST}') has two options that read alike" in ran.err


def test_each_sample_is_checked_once_whoever_reaches_it_first(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, "http://127.0.0.1:9/v1", n=N)
    stream = stream_of(suite)
    assert (stream.n, len(stream.head)) == (N, 100)
    one, other = stream.samples(), stream.samples()
    ids = [next(one).id for _ in range(450)]
    assert [next(other).id for _ in range(450)] == ids
    while not stream.finished:
        stream.check_for(0.05)
    assert [*ids, *(sample.id for sample in one)] == [f"q{n}" for n in range(N)]
    assert stream.errors() == []


def test_a_file_that_changes_under_the_run_is_said(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, "http://127.0.0.1:9/v1", n=N)
    stream = stream_of(suite)
    write_suite(tmp_path, "http://127.0.0.1:9/v1", n=N + 1)
    with pytest.raises(SuiteError, match="was changed while it was read"):
        for _ in range(10_000):
            stream.check_for(0.05)


def test_a_file_of_the_same_length_that_changes_is_said_at_the_next_look(tmp_path: Path) -> None:
    stream = stream_of(write_suite(tmp_path, "http://127.0.0.1:9/v1", n=1_000))
    asked = stream.samples()
    next(asked)
    change(tmp_path, 999, question="Another one?")
    with pytest.raises(SuiteError, match="was changed while it was read"):
        stream.check_for(0.0001)
    with pytest.raises(SuiteError, match="was changed while it was read"):
        for n, _ in enumerate(asked):
            assert n < 600, "noticed long before its end"


def test_a_file_that_is_copied_over_with_the_same_content_is_the_same(tmp_path: Path) -> None:
    stream = stream_of(write_suite(tmp_path, "http://127.0.0.1:9/v1", n=N))
    path = tmp_path / "items.jsonl"
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(path.read_bytes())
    copy.replace(path)
    assert len(list(stream.samples())) == N
    stream.check_for(0.05)
    assert stream.finished


def test_small_tasks_and_those_that_a_person_must_see_whole_are_checked_first(tmp_path: Path) -> None:
    for n, more in ((150, ""), (N, "redact: {what: [email]}\n")):
        suite = write_suite(tmp_path, "http://127.0.0.1:9/v1", n=n)
        suite.write_text(suite.read_text(encoding="utf-8") + more, encoding="utf-8")
        plan = make_plan(load_suite(suite), PlanOptions(stream=True), PriceBook.load(None))
        assert plan.work.tasks[0].stream is None
    whole = write_suite(tmp_path, "http://127.0.0.1:9/v1", n=N)
    plan = make_plan(load_suite(whole), PlanOptions(), PriceBook.load(None))
    assert plan.work.tasks[0].stream is None, "check and plan always look at everything"


def test_what_is_mended_may_not_change_what_a_row_counts_as(tmp_path: Path) -> None:
    """Cluster, slices and `critical` stand in the rows and in no digest of a sample."""
    from evalkit.engine.resumption import _as_asked

    sample = next(iter(stream_of(write_suite(tmp_path, "http://127.0.0.1:9/v1", n=N)).head))
    as_it_was = _as_asked(sample, sample.id, sample.digest)
    for change in ({"critical": True}, {"cluster": "c"}, {"slices": {"language": "de"}}):
        other = replace(sample, **change)
        assert _as_asked(other, other.id, other.digest) != as_it_was
    assert _as_asked(sample, "another name", sample.digest) != as_it_was
