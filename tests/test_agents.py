"""Agents through the command line: several requests a sample, what is stored of each, and how the end is scored."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from evalkit.api.planning import suite_at
from evalkit.cost.prices import PriceBook
from evalkit.engine.asking import Obtained
from evalkit.engine.episodes import begun, stepped
from evalkit.engine.plan import PlanOptions, make_plan
from evalkit.engine.rows import AttemptInfo
from evalkit.engine.work import item_for
from evalkit.records import Response, StopReason, ToolCall
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.agent_world import ASK, FIND, GOOD, HAND_OVER, REFUND, TASK, by_id, calls, run, scripted, write
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]


def test_an_agent_acts_until_it_is_done_and_every_step_is_stored(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted(GOOD))
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    row = by_id(suite)["lost"]
    assert (row.outcome, row.reason, row.text) == ("right", None, "You get 12.50 back.")
    assert row.steps is not None
    assert [[call.name for call in step.calls] for step in row.steps] == [
        ["parcel.find"],
        ["ask_customer"],
        ["refund"],
        [],
    ]
    assert [result.text for step in row.steps for result in step.results] == [
        '{"status": "lost", "paid": 1250, "refunds": []}', "yes", '{"refunded": 1250}'
    ]  # fmt: skip
    assert row.total_s == pytest.approx(sum(step.total_s or 0.0 for step in row.steps))
    assert row.input_tokens == sum(step.input_tokens or 0 for step in row.steps)
    assert row.steps[3].input_tokens > row.steps[0].input_tokens, "later steps are asked with what came before"
    assert row.ttft_s == row.steps[-1].ttft_s
    assert row.parts == {"steps": 4.0, "calls": 3.0, "failed_calls": 0.0, "at_limit": 0.0}
    other = by_id(suite)["coming"]
    assert other.outcome == "right", "a tool that ends the sample ends it"
    assert len(other.steps or ()) == 1


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ([calls(FIND), calls(ASK), calls(REFUND, REFUND), "Done."], "more than"),
        ([calls(ASK), calls(REFUND), "Done."], "refund was called before parcel.find"),
        ([calls(FIND), calls(REFUND), "Done."], "refund was called before ask_customer had confirmed it"),
        ([calls(FIND), calls(ASK), "I paid it back."], "parcels.P-1.refunds is [], and should be [1250]"),
        ([calls(FIND), calls(ASK), calls({"name": "refund", "arguments": {"parcel": "P-1", "cents": 9}}), "Done."],
         "parcels.P-1.refunds is [9], and should be [1250]"),
        ([calls(FIND)], "it was stopped at the limit of 6 steps"),
        ([calls(HAND_OVER)], "handed_over is true, and should be absent"),
    ],
)  # fmt: skip
def test_what_an_agent_did_wrong_is_said(replies: list[str], reason: str, tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({**GOOD, "lost": replies}))
    assert run(capsys, suite, "--no-cache").code == 0
    row = by_id(suite)["lost"]
    if reason == "more than":
        assert row.reason == "a refund was issued twice; parcels.P-1.refunds is [1250, 1250], and should be [1250]"
    else:
        assert reason in str(row.reason)
    assert (row.outcome, row.score) == ("wrong", 0.0)


SILENT = [*GOOD["lost"][:-1], ""]


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    ("replies", "answer", "outcome", "reason"),
    [
        (SILENT, False, "right", None),
        ([*SILENT[:-1], "<think>All is paid back.</think>"], False, "right", None),
        ([calls(FIND), ""], False, "wrong", "parcels.P-1.refunds is [], and should be [1250]"),
        (SILENT, True, "wrong", "the answer: the agent says nothing at the end"),
        ([*SILENT[:-1], "<think>All is"], False, "truncated", "the reply ends within its reasoning"),
        ([""], False, "unparseable", "the reply is empty"),
    ],
)
def test_an_agent_that_ends_without_a_word_is_scored_by_what_it_did(
    replies: list[str], answer: bool, outcome: str, reason: str | None, tmp_path: Path, capsys: Capture
) -> None:
    told = '    target: "12.50"\n    score:\n      end-state:\n        answer: contains\n'
    task = TASK.replace("    score:\n      end-state:\n", told) if answer else TASK
    suite = write(tmp_path, scripted({**GOOD, "lost": replies}), task=task)
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    row = by_id(suite)["lost"]
    assert (row.outcome, row.reason) == (outcome, reason)
    assert row.score == float(outcome == "right")
    again = evalkit(capsys, "rescore", "latest", "--results", tmp_path / "results", "--suite", suite, "--json")
    assert again.json["tasks"][0]["n_changed"] == 0, "stored steps are scored alike"


def test_a_silent_agent_is_scored_in_a_list_too(tmp_path: Path, capsys: Capture) -> None:
    score = (
        TASK.partition("    score:")[0] + "    target: back\n    score: [{end-state: {ignore: [asked]}}, contains]\n"
    )
    suite = write(tmp_path, scripted({**GOOD, "lost": SILENT}), task=score)
    assert run(capsys, suite, "--no-cache").code == 0
    row = by_id(suite)["lost"]
    assert (row.score, row.parts["end-state"], row.parts["contains"]) == (0.5, 1.0, 0.0)
    assert "contains 0: the reply is empty" in str(row.reason)


def test_a_model_is_told_what_it_called_wrongly_and_may_go_on(tmp_path: Path, capsys: Capture) -> None:
    wrong = [
        {"name": "parcel.find", "arguments": {"parcel": "P-9"}},
        {"name": "refund", "arguments": {"parcel": "P-1", "cents": "all"}},
        {"name": "refund", "arguments": {"parcel": "P-1"}},
        {"name": "refund", "arguments": {"parcel": "P-1", "cents": 0}},
        {"name": "pay", "arguments": {}},
        {"name": "parcel.find", "arguments": {"id": 1, "parcel": "P-1"}},
        {"name": "refund", "arguments": {"parcel": "P-1", "cents": 9999}},
    ]
    suite = write(tmp_path, scripted({**GOOD, "lost": [calls(*wrong), *GOOD["lost"]]}))
    assert run(capsys, suite, "--no-cache").code == 0
    row = by_id(suite)["lost"]
    assert row.outcome == "right", row.reason
    assert row.steps is not None
    assert [result.text for result in row.steps[0].results] == [
        "Error: there is no parcel P-9",
        "Error: 'cents' must be of the type integer; it is 'all'",
        "Error: the argument 'cents' is missing",
        "Error: 'cents' is 0, and the least is 1",
        "Error: there is no function 'pay'; there are parcel.find, ask_customer, refund, hand_over",
        "Error: there is no argument 'id'; there are parcel",
        "Error: more than was paid",
    ]
    assert all(result.failed for result in row.steps[0].results)
    assert row.parts["failed_calls"] == 7.0


DIALECTS = ["openai", "openai_chat", "anthropic", "gemini", "bedrock-converse", "ollama-native"]
WITHOUT_V1 = {"gemini", "bedrock-converse", "ollama-native", "anthropic"}


def asking(dialect: str, provider: FakeProvider) -> str:
    url = provider.origin if dialect in WITHOUT_V1 else provider.base_url
    more = {"probe_tools": False} if dialect == "openai_chat" else {}
    return f"  m: {json.dumps({'adapter': dialect, 'model': 'm-1', 'weights': 'one', 'base_url': url, **more})}"


def script(replies: list[str]) -> tuple[object, ...]:
    """A scripted model's replies as the fake provider's."""
    found: list[object] = []
    for reply in replies:
        try:
            made = [{**one, "name": one["name"].replace(".", "_")} for one in json.loads(reply)]
            found.append(tuple(made))
        except ValueError:
            found.append(reply)
    return tuple(found)


SCRIPTS = {"P-1 is lost": script(GOOD["lost"]), "P-2": script(GOOD["coming"])}


@pytest.mark.long(but=1)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_tool_interface_carries_calls_and_results(
    dialect: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake provider refuses calls without results, and results of no call, as the real ones do."""
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache.sqlite"))
    behaviour = Behaviour(scripts=SCRIPTS, reasoning="Let me think.")  # type: ignore[arg-type]
    with FakeProvider.in_thread(behaviour) as provider:
        suite = write(tmp_path, asking(dialect, provider))
        ran = run(capsys, suite)
        assert ran.code == 0, ran.err
        found = by_id(suite)
        assert {row.outcome for row in found.values()} == {"right"}, [row.reason for row in found.values()]
        assert len(provider.account) == 5
        steps = found["lost"].steps or ()
        assert [step.calls[0].name for step in steps[:3]] == ["parcel.find", "ask_customer", "refund"]
        assert all(step.input_tokens for step in steps)
        assert steps[-1].text == "You get 12.50 back."
        again = run(capsys, suite, "--new")
        assert again.code == 0, again.err
        assert len(provider.account) == 5, "each step comes from the cache"
    assert all(row.cached for row in by_id(suite).values())
    assert {row.outcome for row in by_id(suite).values()} == {"right"}
    assert {row.spend_usd for row in by_id(suite).values()} == {Decimal(0)}


def test_calls_in_text_are_carried_out_too(tmp_path: Path, capsys: Capture) -> None:
    task = TASK.replace("at_most: {steps", "interface: text\n    at_most: {steps")
    behaviour = Behaviour(scripts={"P-1 is lost": tuple(GOOD["lost"]), "P-2": tuple(GOOD["coming"])})
    with FakeProvider.in_thread(behaviour) as provider:
        suite = write(tmp_path, asking("openai_chat", provider), task=task)
        ran = run(capsys, suite, "--no-cache")
        assert ran.code == 0, ran.err
    found = by_id(suite)
    assert {row.outcome for row in found.values()} == {"right"}
    assert found["lost"].prompt[0].content.startswith("You may call these functions:\n[{")
    assert found["lost"].tools is None


def test_functions_stand_in_the_prompts_that_models_have_of_their_own(tmp_path: Path, capsys: Capture) -> None:
    task = TASK.replace("at_most: {steps", "interface: text\n    at_most: {steps")
    suite = write(tmp_path, scripted(GOOD), task=task)
    suite.write_text(suite.read_text() + "prompts: {terse: {system: Be terse.}, own: {prompt: 'Do: {{ request }}'}}\n")
    assert run(capsys, suite, "--no-cache").code == 0
    (folder,) = run_folders(tmp_path / "results")
    systems = {row.model.partition("+")[2]: row.prompt[0].content for row in rows_of(folder)}
    assert systems.keys() == {"", "terse", "own"}
    desk = "You work at a desk for parcels."
    listed = {name: said.removesuffix("Be terse.").removesuffix(desk) for name, said in systems.items()}
    assert listed[""].startswith("You may call these functions:\n[{") and len(set(listed.values())) == 1
    assert systems["terse"] != systems[""], "its own words are said too"


@pytest.mark.parametrize(("stop", "carried_out"), [("length", 0), ("content_filter", 0), ("tool_use", 2)])
def test_the_calls_of_an_answer_that_is_not_whole_are_not_carried_out_even_where_one_ends_the_sample(
    tmp_path: Path, stop: StopReason, carried_out: int
) -> None:
    plan = make_plan(suite_at(write(tmp_path, scripted(GOOD))), PlanOptions(), PriceBook.load(None))
    (task,), (model,) = plan.work.tasks, plan.work.models
    item = begun(item_for(task, next(iter(task.samples())), model, 0))
    made = (ToolCall("hand_over", "{}"), ToolCall("refund", json.dumps(REFUND["arguments"])))
    answer = Obtained(Response("", stop, calls=made), AttemptInfo(0.0, None, None, 1), None)
    episode = stepped(item, answer).episode
    assert episode is not None
    assert len(episode.steps[0].results or ()) == carried_out
    assert bool(episode.state.get("handed_over")) is bool(carried_out)


def test_check_carries_out_the_solutions(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted(GOOD))
    assert evalkit(capsys, "check", suite).code == 0
    records = (tmp_path / "parcels.jsonl").read_text("utf-8")
    (tmp_path / "parcels.jsonl").write_text(records.replace("[1250]}}}", "[1251]}}}"), "utf-8")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert "parcels.P-1.refunds is [1250], and should be [1251]" in ran.err


def test_a_list_of_replies_is_for_agents_alone(tmp_path: Path, capsys: Capture) -> None:
    once = TASK + "  - {name: once, cases: [{id: q0}, {id: q1}], prompt: Hi, target: a, score: contains}\n"
    steps, judges = {"*": GOOD["lost"]}, "judges: {j: {adapter: scripted, replies: {'*': ['[[5]]', '[[6]]']}}}\n"
    judged = once.replace("score: contains", "score: {judge: {by: j}}")
    for replies, task, more, said in [
        (GOOD | {"*": "a"}, once, "", ""),
        (steps | {"q0": "a", "q1": "a"}, once, "", ""),
        (steps | {"q1": "a"}, once, "", "models.m: '*' has 4 replies and is asked once"),
        (GOOD | {"q1": ["a", "b"], "*": "a"}, once, "", "models.m: 'q1' has 2 replies and is asked once"),
        (GOOD | {"*": "a"}, judged, judges, "judges.j: '*' has 2 replies and is asked once"),
    ]:
        ran = evalkit(capsys, "check", write(tmp_path, scripted(replies), task=task, more=more))
        assert (ran.code, said in ran.err) == (2 if said else 0, True), ran
