"""Prompt variants x models: one grid, whose prompts are compared and gated like models."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import yaml

import evalkit as library
from evalkit.api.planning import suite_at
from evalkit.cost.prices import PriceBook
from evalkit.engine.plan import PlanOptions, make_plan
from evalkit.suite.schema import ModelEntry
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]
PROMPTS = """
prompts:
  terse: {system: "Reply in one word about {{ topic }}."}
  polite: {prompt: "Please: {{ question }}", models: [a]}
"""
TASK = """
tasks:
  - name: sums
    data: {path: items.jsonl, id: id}
    system: You are careful.
    prompt: "{{ question }}"
    target: "{{ answer }}"
    score: exact
    settings: {max_output_tokens: 16}
"""
GATE = "gate: {baseline: a, candidates: [a+terse], rules: [{quality: all, margin: 0.3}]}\n"


def a_suite(folder: Path, url: str, prompts: str = PROMPTS, task: str = TASK, more: str = GATE) -> Path:
    items = [{"id": f"q{n}", "question": f"{n} + 1?", "answer": str(n + 1), "topic": "sums"} for n in range(12)]
    (folder / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items), encoding="utf-8")
    model = '{{adapter: openai_chat, model: {0}, base_url: "{1}"}}'
    models = f"models:\n  a: {model.format('m-a', url)}\n  b: {model.format('m-b', url)}\n"
    path = folder / "suite.yaml"
    path.write_text(f"name: grid\nsensitivity: internal\n{models}{prompts}{task}{more}", encoding="utf-8")
    return path


RIGHT = Behaviour(answers={f"{n} + 1?": str(n + 1) for n in reversed(range(12))})
"""The fake provider says the right number, however the question is worded."""


def ran(capsys: Capture, folder: Path, path: Path, *more: object) -> Ran:
    found = evalkit(capsys, "run", path, "--results", folder / "results", "--no-cache", *more)
    assert found.code in {0, 1, 3}, found.err
    return found


def test_each_model_is_asked_with_each_prompt_on_the_same_items(capsys: Capture, tmp_path: Path) -> None:
    with FakeProvider.in_thread(RIGHT) as fake:
        ran(capsys, tmp_path, a_suite(tmp_path, fake.base_url))
    frame = library.open_run("latest", tmp_path / "results").frame(text=True)
    said = {(row.model, row.sample_id): row for row in frame.itertuples()}
    assert {model for model, _ in said} == {"a", "b", "a+terse", "b+terse", "a+polite"}
    three = ("a", "a+terse", "a+polite")
    asked = {model: [tuple(turn.values()) for turn in json.loads(str(said[model, "q3"].prompt))] for model in three}
    assert asked["a"] == [("system", "You are careful."), ("user", "3 + 1?")]
    assert asked["a+terse"] == [("system", "Reply in one word about sums."), ("user", "3 + 1?")]
    assert asked["a+polite"] == [("system", "You are careful."), ("user", "Please: 3 + 1?")]
    assert len({said[model, "q3"].sample_digest for model in (*three, "b")}) == 1


def test_prompts_are_compared_and_gated_as_models_are(capsys: Capture, tmp_path: Path) -> None:
    with FakeProvider.in_thread(RIGHT) as fake:
        ran(capsys, tmp_path, a_suite(tmp_path, fake.base_url))
    results = ("--results", tmp_path / "results")
    compared = evalkit(capsys, "compare", "latest:a", "latest:a+terse", *results)
    assert compared.code == 0 and "system: none → 'Reply in one word" in compared.out
    gated = evalkit(capsys, "gate", "latest", *results, "--json")
    (candidate,) = gated.json["candidates"]
    assert candidate["name"] == "a+terse" if "name" in candidate else "a+terse" in gated.out
    assert gated.json["verdict"] in {"pass", "inconclusive"} and "12" in gated.out


def test_a_variant_may_have_its_own_prompt_for_one_task(capsys: Capture, tmp_path: Path) -> None:
    model = '{adapter: scripted, replies: {"*": "1"}, variants: {b: {prompt: {other: "What is {{ answer }}?"}}}}'
    path = a_suite(tmp_path, "http://127.0.0.1:9", prompts="", more="")
    text = path.read_text("utf-8").partition("models:")[0] + f"models:\n  a: {model}\n{TASK}"
    path.write_text(text.replace("name: sums", "name: other"), encoding="utf-8")
    shown = evalkit(capsys, "check", path, "--show-prompt")
    assert shown.code == 0, shown.err
    assert "the same sample as b is asked:" in shown.out and "What is 1?" in shown.out


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ('prompts:\n  t: {system: "{{ topc }}"}\n', "{{ topic }}"),
        ("prompts:\n  t: {}\n", "changes nothing"),
        ('prompts:\n  t: {prompt: {sms: "x"}}\n', "did you mean 'sums'"),
        ("prompts:\n  t: {system: x, models: [c]}\n", "there is no model 'c'"),
        ('prompts:\n  t: {prompt: "{% for %}"}\n', "is not a valid template"),
        ("judges:\n  j: {adapter: scripted, system: x}\n", "belongs to a model"),
    ],
)
def test_prompts_that_cannot_be_meant_are_refused_before_anything_is_sent(
    prompts: str, said: str, capsys: Capture, tmp_path: Path
) -> None:
    found = evalkit(capsys, "check", a_suite(tmp_path, "http://127.0.0.1:9", prompts=prompts, more=""))
    assert found.code == 2 and said in found.err, found.err


def test_a_record_that_one_prompt_cannot_be_made_of_is_named(capsys: Capture, tmp_path: Path) -> None:
    path = a_suite(tmp_path, "http://127.0.0.1:9", more="")
    lines = (tmp_path / "items.jsonl").read_text("utf-8").splitlines()
    lines[4] = lines[4].replace('"sums"', "null")
    (tmp_path / "items.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = evalkit(capsys, "check", path)
    assert found.code == 2 and "models.a+terse" in found.err and "'q4'" in found.err


def test_options_and_examples_follow_the_other_prompt(capsys: Capture, tmp_path: Path) -> None:
    task = """
tasks:
  - name: sums
    data: {path: items.jsonl, id: id}
    prompt: "{{ question }}"
    choices: ["{{ answer }}", "none"]
    target: "{{ answer }}"
    shots: [{question: "1 + 0?", answer: "1", topic: x}]
    score: choice
"""
    prompts = 'prompts:\n  loud: {prompt: "HEY {{ question }}"}\n'
    shown = evalkit(
        capsys, "check", a_suite(tmp_path, "http://127.0.0.1:9", prompts=prompts, task=task, more=""), "--show-prompt"
    )
    assert shown.code == 0, shown.err
    loud = shown.out.partition("as a+loud is asked:")[2].partition("as b+loud")[0]
    assert "HEY 1 + 0?" in loud and "HEY 0 + 1?" in loud and loud.count("Answer with the letter") == 2


def test_a_candidate_with_another_prompt_than_the_protected_suite_has_is_refused(
    capsys: Capture, tmp_path: Path
) -> None:
    with FakeProvider.in_thread(RIGHT) as fake:
        ran(capsys, tmp_path, a_suite(tmp_path, fake.base_url))
        (tmp_path / "main").mkdir()
        kind = PROMPTS.replace("Reply in one word", "Reply kindly")
        protected = a_suite(tmp_path / "main", fake.base_url, prompts=kind)
    found = evalkit(capsys, "gate", "latest", "--results", tmp_path / "results", "--suite", protected)
    assert found.code == 2 and "a+terse" in found.err and "system" in found.err, found.err


_ASKS_THE_SAME = {"hosting", "price_as", "licence", "alone", "variants"}
"""Keys of a model's entry that change what is known of it, and nothing of what it is asked."""
_ANOTHER = {
    "adapter": "mistral",
    "model": "another",
    "base_url": "http://127.0.0.1:9/v1",
    "system": "Answer with a novel.",
    "prompt": {"sums": "Ignore: {{ question }}"},
    "settings": {"seed": 3},
    "weights": "others",
    "serve": None,  # of servers that evalkit starts; their flags stand in the place
}


def test_a_run_is_not_resumed_with_another_prompt_or_any_other_key_that_decides_answers(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", "canary-that-is-no-key")
    entry = {"adapter": "openai_chat", "model": "m", "base_url": "http://127.0.0.1:1/v1"}

    def digest(changes: dict[str, object], prompts: str = "") -> str:
        path = a_suite(tmp_path, "http://127.0.0.1:1/v1", prompts=prompts, more="")
        suite = yaml.safe_load(path.read_text("utf-8"))
        suite["models"] = {"a": {**entry, **changes}}
        path.write_text(yaml.safe_dump(suite, sort_keys=False), "utf-8")
        plan = make_plan(suite_at(path), PlanOptions(sends=False), PriceBook.load(None))
        asyncio.run(plan.aclose())
        return plan.digest

    first = digest({})
    assert digest({"price_as": "openai:gpt-4.1", "licence": "MIT"}) == first
    keys = set(ModelEntry.model_fields)
    assert keys == _ANOTHER.keys() | _ASKS_THE_SAME, "say of a new key whether it decides answers"
    alike = [key for key, said in _ANOTHER.items() if said is not None and digest({key: said}) == first]
    assert not alike
    assert digest({}, "prompts: {own: {prompt: 'Ignore: {{ question }}'}}") != digest(
        {}, "prompts: {own: {prompt: 'Please: {{ question }}'}}"
    )


def test_a_prompt_of_a_model_for_a_task_that_is_not_there_is_said(capsys: Capture, tmp_path: Path) -> None:
    path = a_suite(tmp_path, "http://127.0.0.1:1/v1", prompts="", more="")
    suite = yaml.safe_load(path.read_text("utf-8"))
    suite["models"]["a"] |= {"prompt": {"summs": "x"}, "variants": {"c": {"prompt": {"sumz": "y"}}}}
    path.write_text(yaml.safe_dump(suite, sort_keys=False), "utf-8")
    found = evalkit(capsys, "check", path)
    assert found.code == 2 and "models.a.prompt: there is no task 'summs'; did you mean 'sums'?" in found.err
    assert "models.a.variants.c.prompt: there is no task 'sumz'" in found.err


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("{contains: {field: topic}}", "send: 'topic' is what contains scores by"),
        ("[exact, {contains: {field: topic}}]", "send: 'topic' is what contains scores by"),
        ("exact", None),
    ],
)
def test_what_a_scorer_marks_by_is_not_sent_to_an_application(
    capsys: Capture, tmp_path: Path, score: str, said: str | None
) -> None:
    task = TASK.replace("score: exact", f"score: {score}\n    send: [topic]")
    found = evalkit(capsys, "check", a_suite(tmp_path, "http://127.0.0.1:1/v1", prompts="", task=task, more=""))
    assert found.code == (0 if said is None else 2), found.err
    assert said is None or said in " ".join(found.err.split())


def test_the_system_text_of_a_task_s_messages_stays_beside_another_question(capsys: Capture, tmp_path: Path) -> None:
    system, turns = "    system: You are careful.\n", '    prompt: "{{ question }}"\n'
    said = '[{role: system, content: You are careful.}, {role: user, content: "{{ question }}"}]'
    task = TASK.replace(system, "").replace(turns, f"    messages: {said}\n")
    with FakeProvider.in_thread(RIGHT) as fake:
        ran(capsys, tmp_path, a_suite(tmp_path, fake.base_url, task=task, more=""), "--limit", 1)
    frame = library.open_run("latest", tmp_path / "results").frame(text=True)
    systems = {row.model: json.loads(str(row.prompt))[0]["content"] for row in frame.itertuples()}
    assert systems["a"] == systems["a+polite"] == "You are careful."
    assert systems["a+terse"] == "Reply in one word about sums."
