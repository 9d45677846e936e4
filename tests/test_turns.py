"""`turns`: conversations in which every turn is a row, and the next question stands on the model's own answers."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

import pytest

from evalkit.records import Row
from evalkit.store import journal
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.conftest import REPO
from tests.run_facts import set_facts
from tests.world import Ran, evalkit, finish, run_folders, start

Capture = pytest.CaptureFixture[str]
TASK = """
  - name: talk
    data: {path: items.jsonl}
    prompt: "First {{ id }}?"
    turns: ["Second {{ id }}, turn {{ turn }}?", "Third {{ id }}?"]
    target: "a{{ turn }}"
    score: contains
    settings: {max_output_tokens: 32}
"""


@pytest.fixture
def task_file(shared_data: Path, tmp_path: Path) -> Path:
    """MT-bench as `scripts/task_data.py` writes it."""
    spec = importlib.util.spec_from_file_location("task_data", REPO / "scripts" / "task_data.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    path = tmp_path / "mt_bench.jsonl"
    records = script.mt_bench(shared_data)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def write(
    folder: Path, models: str, *, task: str = TASK, n: int = 4, run: str = "in_flight: 4", more: str = ""
) -> Path:
    with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
        for number in range(n):
            record = {"id": f"q{number}", "say": ["one?", "two?", "three?"][: 1 + number % 3], "team": number % 2}
            file.write(json.dumps(record) + "\n")
    path = folder / "suite.yaml"
    path.write_text(f"name: talks\nmodels:\n{models}\ntasks:{task}run: {{{run}}}\n{more}", encoding="utf-8")
    return path


def scripted(replies: Mapping[str, object], **more: object) -> str:
    return f"  m: {json.dumps({'adapter': 'scripted', 'replies': replies} | more)}"


def fake(provider: FakeProvider) -> str:
    return f'  m: {{adapter: openai_chat, model: fake, weights: one, base_url: "{provider.base_url}"}}'


def run(capsys: Capture, suite: Path, *more: object) -> Ran:
    return evalkit(capsys, "run", suite, "--results", suite.parent / "results", "--json", *more)


def by_id(suite: Path) -> dict[str, Row]:
    """Of the newest run."""
    return {row.sample_id: row for row in rows_of(run_folders(suite.parent / "results")[-1])}


def said(row: Row) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in row.prompt]


def whole(suite: Path, n: int) -> None:
    """Every conversation holds what its own rows say that the model answered."""
    found = by_id(suite)
    assert len(found) == 3 * n
    for number in range(n):
        first, second, third = (found[f"q{number}{turn}"] for turn in ("", ":turn2", ":turn3"))
        talk = [
            ("user", f"First q{number}?"), ("assistant", first.text), ("user", f"Second q{number}, turn 2?"),
            ("assistant", second.text), ("user", f"Third q{number}?"),
        ]  # fmt: skip
        assert (said(first), said(second), said(third)) == (talk[:1], talk[:3], talk)


def test_every_turn_is_a_row_and_holds_the_models_own_answers(tmp_path: Path, capsys: Capture) -> None:
    replies = {"*": "a1 a2 a3", "q0": "x", "q0:turn2": "y a2", "q0:turn3": "z"}
    suite = write(tmp_path, scripted(replies), n=2)
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    found = by_id(suite)
    whole(suite, 2)
    assert [found[i].score for i in ("q0", "q0:turn2", "q0:turn3")] == [0.0, 1.0, 0.0]
    assert found["q0:turn3"].input_tokens == len(
        ["First", "q0?", "x", "Second", "q0,", "turn", "2?", "y", "a2", "Third", "q0?"]
    )
    task = ran.json["models"]["m"]["tasks"]["talk"]
    assert {name: block["quality"]["mean"] for name, block in task["slices"].items()} == {
        "turn=1": 0.5, "turn=2": 1.0, "turn=3": 0.5,
    }  # fmt: skip
    assert {row.cluster for row in found.values()} == {"record q0", "record q1"}
    assert task["quality"]["interval"] == "clustered"


def test_a_template_may_name_a_list_of_turns_of_any_length(tmp_path: Path, capsys: Capture) -> None:
    task = TASK.replace('"First {{ id }}?"', '"{{ say[0] }}"').replace(
        '["Second {{ id }}, turn {{ turn }}?", "Third {{ id }}?"]', '"{{ say[1:] }}"\n    cluster: team'
    )
    suite = write(tmp_path, scripted({"*": "a1"}), task=task, n=3)
    assert run(capsys, suite, "--no-cache").code == 0
    assert sorted(by_id(suite)) == ["q0", "q1", "q1:turn2", "q2", "q2:turn2", "q2:turn3"]
    assert {row.cluster for row in by_id(suite).values()} == {"0", "1"}


def test_a_turn_after_a_failed_one_is_counted_and_not_missing(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({"*": "a1"}, fail={"q1": "rejected"}))
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 4
    found = by_id(suite)
    assert len(found) == 12
    assert found["q1"].error_kind == "rejected"
    for turn in (2, 3):
        row = found[f"q1:turn{turn}"]
        assert (row.outcome, row.score, row.error_kind) == ("errored", None, "not_asked")
        assert row.error == f"turn 1 was not answered (rejected), so turn {turn} was not asked"
    assert ran.json["models"]["m"]["all"]["outcomes"]["errored"] == 3


def test_a_model_that_says_nothing_has_answered_the_turns_that_cannot_follow(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({"*": "a1 a2 a3", "q1:turn2": " "}))
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    row = by_id(suite)["q1:turn3"]
    assert (row.outcome, row.score, row.cost_usd, row.input_tokens) == ("unparseable", 0.0, 0, 0)
    assert row.reason == "not asked: there was no text in the answer to turn 2"
    again = run(capsys, suite, "--no-cache")
    assert again.code == 0
    assert len(by_id(suite)) == 12


def test_a_second_run_buys_no_turn(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(answers="echo")) as provider:
        suite = write(tmp_path, fake(provider))
        assert run(capsys, suite).code == 0
        assert len(provider.account) == 12
        assert run(capsys, suite, "--new").code == 0
        assert len(provider.account) == 12
    assert all(row.cached for row in by_id(suite).values())
    whole(suite, 4)


def test_repeats_are_conversations_of_their_own(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({"*": "a1"}), run="repeats: 2")
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    assert ran.json["models"]["m"]["all"]["n"] == 24


def test_a_resumed_run_goes_on_from_the_stored_answer(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="what was said before")) as provider:
        suite = write(tmp_path, fake(provider))
        assert run(capsys, suite, "--no-cache").code == 0
        (folder,) = run_folders(tmp_path / "results")
        kept = [row for row in rows_of(folder) if not row.sample_id.endswith("turn3")]
        for path in (*folder.glob("*.parquet"), folder / "summary.json"):
            path.unlink()
        set_facts(folder, status="running", sealed={})
        with journal.Journal.open(folder, "killed") as log:  # what a kill leaves: third turns have no rows yet
            for row in kept:
                log.append(row)
        provider.reset()
        provider.behaviour = Behaviour(answers="echo")
        ran = run(capsys, suite, "--no-cache")
        assert ran.code == 0, ran.err
        assert len(provider.account) == 4
    whole(suite, 4)


def test_a_conversation_that_failed_at_its_first_turn_is_asked_whole_on_resume(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(answers="echo", faults={"400": 1.0})) as provider:
        suite = write(tmp_path, fake(provider))
        assert run(capsys, suite, "--no-cache").code == 4
        assert len(provider.account) == 4
        provider.behaviour = Behaviour(answers="echo")
        ran = run(capsys, suite, "--no-cache")
        assert ran.code == 0, ran.err
        assert len(provider.account) == 16
    whole(suite, 4)


def started(suite: Path, provider: FakeProvider, *, after: int) -> Popen[str]:
    """The command at work, once it has asked so many times."""
    process = start("run", suite, "--results", suite.parent / "results", "--no-cache")
    until = time.monotonic() + 30
    while len(provider.account) < after and time.monotonic() < until:
        time.sleep(0.01)
    return process


def test_after_kill_9_conversations_go_on_and_little_is_asked_twice(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(answers="echo", latency_s=0.02)) as provider:
        suite = write(tmp_path, fake(provider), n=30)
        process = started(suite, provider, after=40)
        process.kill()
        process.communicate()
        assert run(capsys, suite, "--no-cache").code == 0
        assert 90 <= len(provider.account) <= 94
    assert len(run_folders(tmp_path / "results")) == 1
    whole(suite, 30)


@pytest.mark.long
def test_ctrl_c_stops_between_turns(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(answers="echo", latency_s=0.05)) as provider:
        suite = write(tmp_path, fake(provider), n=20)
        process = started(suite, provider, after=10)
        process.terminate()
        assert finish(process).code == 143
        assert len(provider.account) < 25
        assert run(capsys, suite, "--no-cache").code == 0
        assert len(provider.account) == 60
    whole(suite, 20)


@pytest.mark.long(but=1)
@pytest.mark.parametrize("in_flight", [1, 8])
def test_a_budget_is_kept_between_turns_and_ends_in_no_deadlock(
    in_flight: int, tmp_path: Path, capsys: Capture
) -> None:
    price = "- {model: fake, valid_from: 2020-01-01, currency: USD, input_per_mtok: 1000, output_per_mtok: 1000}\n"
    (tmp_path / "prices.yaml").write_text(price, encoding="utf-8")
    with FakeProvider.in_thread(Behaviour(reply="a1", input_tokens=10, output_tokens=1, latency_s=0.01)) as provider:
        suite = write(tmp_path, fake(provider), n=20, run=f"in_flight: {in_flight}")  # 0.011 USD an answer
        ran = run(capsys, suite, "--no-cache", "--max-cost", "0.5")
        assert ran.code == 4
        assert "the budget is used" in ran.err
        assert ran.json["models"]["m"]["all"]["cost"]["spend_usd"] <= 0.5
        again = run(capsys, suite, "--no-cache", "--max-cost", "5")
        assert again.code == 0, again.err
        assert len(provider.account) == 60
    whole(suite, 20)


def test_turns_that_were_never_asked_count_for_nothing_in_a_cap(tmp_path: Path, capsys: Capture) -> None:
    price = "- {model: fake, valid_from: 2020-01-01, currency: USD, input_per_mtok: 1000, output_per_mtok: 1000}\n"
    (tmp_path / "prices.yaml").write_text(price, encoding="utf-8")
    behaviour = Behaviour(reply="a1", input_tokens=10, output_tokens=1)
    with FakeProvider.in_thread(replace(behaviour, faults={"400": 1.0})) as provider:
        suite = write(tmp_path, fake(provider), n=20)  # at most 0.06 USD a turn, in fact 0.011
        assert run(capsys, suite, "--no-cache", "--max-cost", "2").code == 4
        provider.behaviour = behaviour
        again = run(capsys, suite, "--no-cache", "--max-cost", "2.5")
        assert again.code == 0, again.err
    whole(suite, 20)


def test_rows_of_two_models_pair_though_their_conversations_differ(tmp_path: Path, capsys: Capture) -> None:
    models = scripted({"*": "a1 a2 a3 in one way"}) + '\n  other: {adapter: scripted, replies: {"*": "a1 a2 a3"}}'
    gate = "gate: {baseline: m, candidates: [other], rules: [{quality: talk/turn=2, margin: 0.1, scope: suite}]}\n"
    suite = write(tmp_path, models, n=12, more=gate)
    ran = evalkit(capsys, "run", suite, "--gate", "--no-cache", "--results", tmp_path / "results")
    assert ran.code == 0, ran.out + ran.err


def test_stored_conversations_can_be_marked_again(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({"*": "a1 a2 a3 A"}))
    run(capsys, suite, "--no-cache")
    suite.write_text(suite.read_text("utf-8").replace("score: contains", "score: {regex: {pattern: 'zzz'}}"), "utf-8")
    ran = evalkit(capsys, "rescore", "latest", "--suite", suite, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    assert {row.score for row in by_id(suite).values()} == {0.0}
    whole(suite, 4)


def test_a_judge_sees_the_whole_conversation(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({"*": "mine"}), n=1)
    run(capsys, suite, "--no-cache")
    out = tmp_path / "judge.jsonl"
    ran = evalkit(capsys, "judge-data", "latest", "--out", out, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    last = [json.loads(line) for line in out.read_text("utf-8").splitlines()][-1]
    turns = ["First q0?", "mine", "Second q0, turn 2?", "mine", "Third q0?"]
    assert last["question"] == "\n\n".join(f"[{('user', 'assistant')[n % 2]}]\n{turn}" for n, turn in enumerate(turns))
    assert last["answer"] == "mine"


def test_check_shows_the_conversation_and_plan_counts_every_turn(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({"*": "mine"}))
    ran = evalkit(capsys, "check", suite, "--show-prompt")
    assert "sample q0:turn3 and 2 before it" in ran.out
    assert "(what the model says)" in ran.out
    assert "talk 12 samples" in ran.out
    made = evalkit(capsys, "plan", suite, "--json", "--results", tmp_path / "results").json
    assert made["models"][0]["n_requests"] == 12


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("score: contains", "score: choice\n    choices: [a1, a2]", "cannot stand beside choices"),
        ("score: contains", "score: contains\n    slices: [turn]", "is the slice that turns make"),
        ('["Second {{ id }}, turn {{ turn }}?", "Third {{ id }}?"]', "[]", "expected a list of templates"),
        ('["Second {{ id }}, turn {{ turn }}?", "Third {{ id }}?"]', '"{{ id }}"', "expected a list of texts"),
        ('["Second {{ id }}, turn {{ turn }}?", "Third {{ id }}?"]', '"{{ [id] * 60 }}"', "the most is 50"),
        ("Third {{ id }}?", "{{ '' }}", "a turn has no text here"),
        ("{{ turn }}", "{{ round }}", "{{ round }} is no field of the record"),
        ("score: contains", "score: contains\n    permute: 2", "this task has no choices"),
    ],
)
def test_what_cannot_be_a_conversation_is_refused_with_a_reason(
    old: str, new: str, reason: str, tmp_path: Path, capsys: Capture
) -> None:
    assert old in TASK
    ran = evalkit(capsys, "check", write(tmp_path, scripted({"*": "x"}), task=TASK.replace(old, new)))
    assert ran.code == 2
    assert reason in ran.err


def test_a_list_of_replies_for_what_is_asked_once_is_refused(tmp_path: Path, capsys: Capture) -> None:
    """Only an agent takes one after another: of any other the rest would be lost in silence."""
    once = "\n  - {name: one, cases: [{id: q0}], prompt: Hi, target: a, score: contains}\n"
    for task, replies, refused in [
        (TASK, {"*": "a", "q0": ["a1", "a2"]}, "models.m: 'q0' has 2 replies and is asked once"),
        (TASK, {"*": "a", "q0:turn2": ["a1", "a2", "a3"]}, "models.m: 'q0:turn2' has 3 replies"),
        (TASK, {"*": ["a1", "a2"]}, "models.m: '*' has 2 replies"),
        (once, {"q0": ["a", "b"]}, "models.m: 'q0' has 2 replies"),
        (once, {"q0": ["a"], "unknown": ["a", "b"], "*": ["a", "b"]}, None),
    ]:
        suite = write(tmp_path, scripted(replies), task=task)
        for command in ("check", "run"):
            ran = evalkit(capsys, command, suite, *(["--results", tmp_path / "r"] if command == "run" else []))
            assert ran.code == (2 if refused else 0), (command, replies, ran)
            assert refused is None or refused in ran.err, (command, ran.err)


@pytest.mark.long
def test_mt_bench_is_asked_in_its_two_turns(task_file: Path, tmp_path: Path, capsys: Capture) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        f"name: mt\nmodels:\n{scripted({'*': 'Words.'})}\n"
        "judges:\n  judge: {adapter: scripted, replies: {'*': '[[7]]'}}\n"
        f"tasks:\n  - {{use: mt_bench, with: {{path: {task_file}}}}}\n",
        encoding="utf-8",
    )
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    found = list(rows_of(run_folders(tmp_path / "results")[-1]))
    assert len(found) == 160
    assert {row.slices["turn"] for row in found} == {"1", "2"}
    with_reference = [row for row in found if row.target]
    assert len(with_reference) == 60
    assert {row.slices["category"] for row in with_reference} == {"math", "reasoning", "coding"}
