"""A stranger's environment: what its file may say, and that a protected suite's gate holds a run to its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.agent_world import ENVIRONMENT, GOOD, TASK, by_id, run, scripted, write
from tests.test_agents import SCRIPTS
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("ends: true", "end: true", "tools[3].end: unknown key (value seen: true); did you mean 'ends'?"),
        ("append: {asked:", "push: {asked:", "known are append, else, find"),
        ('require: "{{ args.cents <=', 'require: "args.cents <=', "expected a list, or one template"),
        ("do: [{set: {handed_over: true}}]", "do: [{}]", "must say exactly one of require, let, find"),
        ("do: [{set: {handed_over: true}}]", "do: [{set: {a: 1}, remove: b}]", "it says set and remove"),
        ("do: [{set: {handed_over: true}}]", "do: [{let: {state: 1}}]", "'state' has a meaning of its own"),
        ("do: [{set: {handed_over: true}}]", "do: [{set: {'a..b': 1}}]", "a path with an empty step"),
        ("do: [{set: {handed_over: true}}]", "do: [{set: {a: '{% include x %}'}}]", "uses {% include %}"),
        ("name: hand_over", "name: refund", "there are two tools 'refund'"),
        ("minimum: 1", "pattern: '(a+)+'", "'pattern' is not checked here; say it with require"),
        ("state:\n", "code: x\nstate:\n", "unknown key"),
        ("yes: true", "yes: &a true", "anchors and aliases are refused"),
    ],
)  # fmt: skip
def test_an_environment_that_cannot_be_meant_is_refused_with_its_place(
    old: str, new: str, reason: str, tmp_path: Path, capsys: Capture
) -> None:
    assert old in ENVIRONMENT
    ran = evalkit(capsys, "check", write(tmp_path, scripted(GOOD), environment=ENVIRONMENT.replace(old, new)))
    assert ran.code == 2
    assert reason in ran.err
    assert "parcels.environment.yaml" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("environment: parcels", "environment: /etc/parcels", "outside the suite's folder"),
        ("environment: parcels", "environment: parcel", "there is no such file"),
        ('    start: "', '    turns: ["x"]\n    start: "', "cannot stand beside environment"),
        ('    start: "', '    tools: [{name: x}]\n    start: "', "the environment brings its own"),
        ("    environment: parcels.environment.yaml\n", "", "belongs to a task with an environment"),
        ("steps: 6", "steps: 100000", "at_most.steps"),
        ("{{ start | default({}) }}", "{{ request }}", "expected a mapping"),
        ("at_most: 1, of: refund", "at_most: 1, of: refunds", "names the tool 'refunds'; there are parcel.find"),
        ("at_most: 1, of: refund", "only: refund, if: '{{ args.cents < }}'", "score.conduct[0].if"),
        ("ignore: [asked]", "ignores: [asked]", "there is no option 'ignores'"),
    ],
)
def test_a_task_that_cannot_be_meant_is_refused(
    old: str, new: str, reason: str, tmp_path: Path, capsys: Capture
) -> None:
    assert old in TASK
    ran = evalkit(capsys, "check", write(tmp_path, scripted(GOOD), task=TASK.replace(old, new)))
    assert ran.code == 2
    assert reason in ran.err
    assert "Traceback" not in ran.err


BOMBS = {
    "a long text": "{set: {a: \"{{ 'x' * 90000 * 90000 }}\"}}",
    "a long loop": '{let: {a: "{% for i in range(900000) %}{% for j in range(900000) %}x{% endfor %}{% endfor %}"}}',
    "reaching out": '{let: {a: "{{ state.__class__.__mro__ }}"}}',
    "no JSON": '{let: {a: "{{ range(3) }}"}}',
    "no such place": "{set: {nowhere.deep.down: 1}}",
}


@pytest.mark.parametrize("action", BOMBS.values(), ids=BOMBS)
def test_what_a_tool_cannot_do_is_said_and_bounded(action: str, tmp_path: Path, capsys: Capture) -> None:
    environment = ENVIRONMENT.replace("do: [{set: {handed_over: true}}]", f"do: [{action}]")
    ran = evalkit(capsys, "check", write(tmp_path, scripted(GOOD), environment=environment))
    assert ran.code == 2, ran.out
    assert "hand_over.do[0]" in ran.err
    assert "Traceback" not in ran.err


def test_a_model_s_words_are_values_and_never_templates(tmp_path: Path, capsys: Capture) -> None:
    """Arguments are filled in once: a path has as many steps as it is written with, and a template in them is text."""
    environment = ENVIRONMENT.replace(
        '{append: {asked: "{{ args.question }}"}}', '{set: {"asked.{{ args.question }}": 1}}'
    )
    environment = environment.replace("asked: []", "asked: {}")
    replies = [
        json.dumps([{"name": "ask_customer", "arguments": {"question": word}}])
        for word in ("parcels.P-1.paid", "../../x", "{{ state }}", "__class__")
    ]
    suite = write(tmp_path, scripted({**GOOD, "lost": [*replies, "Done."]}), environment=environment)
    assert run(capsys, suite, "--no-cache").code == 0
    steps = by_id(suite)["lost"].steps or ()
    assert [result.failed for step in steps for result in step.results] == [False] * 4


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """The folder of a pull request."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    return folder


def gated(folder: Path, url: str, **changes: str) -> Path:
    models = "\n".join(
        f"  {name}: {json.dumps({'adapter': 'openai_chat', 'model': name, 'base_url': url, 'probe_tools': False})}"
        for name in ("base", "cand")
    )
    gate = "gate: {baseline: base, candidates: [cand], early_stop: 'off', rules: [{quality: all, margin: 0.9}]}\n"
    return write(folder, models, more=gate, **changes)


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"environment": ENVIRONMENT.replace("minimum: 1", "minimum: 0")}, "the environment changed"),
        ({"environment": ENVIRONMENT.replace("paid: 1250", "paid: 1250.0")}, "the environment changed"),
        ({"environment": ENVIRONMENT.replace("A desk for parcels", "Another description")}, None),
        ({"task": TASK.replace("steps: 6", "steps: 7")}, "the environment changed"),
        ({"task": TASK.replace("ignore: [asked]", "ignore: [asked, parcels]")}, "scorer or settings changed"),
    ],
)
def test_a_gate_holds_the_environment_to_the_protected_suite_s(
    change: dict[str, str], said: str | None, tmp_path: Path, theirs: Path, capsys: Capture
) -> None:
    with FakeProvider.in_thread(Behaviour(scripts=SCRIPTS)) as provider:  # type: ignore[arg-type]
        ours = gated(tmp_path, provider.base_url)
        their_suite = gated(theirs, provider.base_url, **change)
        assert run(capsys, their_suite, "--no-cache").code == 0
        ran = evalkit(capsys, "gate", "latest", "--suite", ours, "--results", theirs / "results")
    told = " ".join((ran.out + ran.err).split())
    if said is None:
        assert ran.code in {0, 3}, told  # two samples are little evidence
    else:
        assert ran.code == 2
        assert said in told


def test_what_one_sample_may_say_is_bounded(tmp_path: Path, capsys: Capture) -> None:
    """Each request holds those before it: a tool with long results ends the sample, and no memory is filled."""
    long = ENVIRONMENT.replace('returns: "{{ state.parcels[args.parcel] }}"', "returns: \"{{ 'x' * 90000 }}\"")
    task = TASK.replace("steps: 6", "steps: 200")
    many = json.dumps([{"name": "parcel.find", "arguments": {"parcel": "P-1"}}] * 60)
    suite = write(tmp_path, scripted({**GOOD, "lost": [many]}), environment=long, task=task)
    assert run(capsys, suite, "--no-cache").code == 0
    row = by_id(suite)["lost"]
    assert str(row.reason).startswith("it was stopped at the limit of 4,000,000 characters")
    assert row.steps is not None
    assert len(row.steps) == 1
    assert row.steps[0].results[50].text.startswith("Error: more than 50 calls in one answer")


def test_an_agent_that_calls_for_ever_is_ended(tmp_path: Path, capsys: Capture) -> None:
    task = TASK.replace("steps: 6", "steps: 200")
    many = json.dumps([{"name": "ask_customer", "arguments": {"question": "?"}}] * 50)
    suite = write(tmp_path, scripted({**GOOD, "lost": [many]}), task=task)
    assert run(capsys, suite, "--no-cache").code == 0
    row = by_id(suite)["lost"]
    assert str(row.reason).startswith("it was stopped at the limit of 1,000 calls")
    assert len(row.steps or ()) == 21


def test_a_rule_with_a_condition_sees_the_arguments_and_the_state_before(tmp_path: Path, capsys: Capture) -> None:
    rule = '{only: refund, if: "{{ args.cents == state.parcels[args.parcel].paid }}", because: not the whole price}'
    task = TASK.replace("- {at_most: 1, of", f"- {rule}\n          - {{at_most: 1, of")
    replies = [*GOOD["lost"][:2], json.dumps([{"name": "refund", "arguments": {"parcel": "P-1", "cents": 5}}]), "Done."]
    suite = write(tmp_path, scripted({**GOOD, "lost": replies}), task=task)
    assert run(capsys, suite, "--no-cache").code == 0
    assert str(by_id(suite)["lost"].reason).startswith("not the whole price; parcels.P-1.refunds is [5]")
