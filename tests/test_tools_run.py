"""Functions offered natively or in text, through the command line: run, cache, rescore, compare, export, refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.budget import TOOLS_PREAMBLE, prompt_bytes, request_bytes
from evalkit.records import Message, Request, Tool
from evalkit.store.runs import read_facts
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit, run_folders

GET = {
    "name": "weather.get",
    "description": "Weather of a city.",
    "parameters": {
        "type": "dict",
        "properties": {"city": {"type": "string"}, "days": {"type": "float"}},
        "required": ["city"],
    },
}
ITEMS = [
    ("simple", "Weather in Paris?", [{"weather.get": {"city": ["Paris"], "days": ["", 1.0]}}]),
    ("parallel", "Weather in Rome and Oslo?", [{"weather.get": {"city": [city]}} for city in ("Rome", "Oslo")]),
    ("irrelevance", "Who wrote Emma?", []),
    ("broken", "Weather in Bern?", [{"weather.get": {"city": ["Bern"]}}]),
]  # fmt: skip
SUITE = """
name: calls
sensitivity: internal
models:
  fake: {{adapter: openai_chat, model: fake, weights: one, base_url: "{url}", settings: {{max_output_tokens: 64}}}}
tasks:
  - use: bfcl
    with: {{path: items.jsonl{interface}}}
"""


def calls_of(*cities: str) -> list[dict[str, Any]]:
    return [{"name": "weather_get", "arguments": {"city": city}} for city in cities]


BEHAVIOUR = Behaviour(
    reply="None of the functions fits.",
    calls={
        "Paris": calls_of("Paris"),
        "Rome": calls_of("Oslo", "Rome"),
        "Bern": [{"name": "weather_get", "arguments": '{"city": "Bern"'}],
    },
)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider.in_thread(BEHAVIOUR) as running:
        yield running


@pytest.fixture
def suite(tmp_path: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALKIT_RESULTS", str(tmp_path / "results"))
    with (tmp_path / "items.jsonl").open("w", encoding="utf-8") as file:
        for category, question, right in ITEMS:
            record = {
                "id": category, "category": category, "question": [[{"role": "user", "content": question}]],
                "function": [GET], "ground_truth": right,
            }  # fmt: skip
            file.write(json.dumps(record) + "\n")
    return written(tmp_path, provider)


def written(folder: Path, provider: FakeProvider, interface: str = "") -> Path:
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(url=provider.base_url, interface=interface), encoding="utf-8")
    return path


def ended(folder: Path) -> dict[str, str]:
    return {row.sample_id: str(row.outcome) for row in rows_of(folder)}


RIGHT = {"simple": "right", "parallel": "right", "irrelevance": "right", "broken": "unparseable"}


def test_calls_are_made_marked_kept_and_marked_again(
    suite: Path, provider: FakeProvider, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ran = evalkit(capsys, "run", suite)
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    assert ended(folder) == RIGHT
    rows = {row.sample_id: row for row in rows_of(folder)}
    assert [call.name for call in rows["parallel"].calls or ()] == ["weather.get", "weather.get"]
    assert rows["parallel"].extracted == 'weather.get({"city": "Oslo"}); weather.get({"city": "Rome"})'
    assert rows["irrelevance"].calls == ()
    assert rows["irrelevance"].text == "None of the functions fits."
    assert rows["simple"].stop_reason == "tool_use"
    assert rows["simple"].ttft_s is not None
    assert rows["simple"].tools is not None
    assert rows["simple"].tools[0].parameters["properties"]["days"] == {"type": "number"}
    assert [message.role for message in rows["simple"].prompt] == ["user"], "functions are offered, not described"

    n_asked = len(provider.account)
    again = evalkit(capsys, "rescore", "latest", "--suite", suite)
    assert again.code == 0, again.err
    assert "0 of 4 scores changed" in again.out
    anew = evalkit(capsys, "run", suite, "--new")
    assert anew.code == 0, anew.err
    (second,) = (one for one in run_folders(tmp_path / "results") if one != folder)
    assert ended(second) == RIGHT
    assert all(row.cached for row in rows_of(second)), "an answer that is only calls is an answer"
    assert len(provider.account) == n_asked

    out = tmp_path / "rows.jsonl"
    assert evalkit(capsys, "export", "latest", "--to", "jsonl", "--out", out).code == 0
    exported = {record["sample_id"]: record for record in map(json.loads, out.read_text("utf-8").splitlines())}
    assert exported["simple"]["calls"] == [{"name": "weather.get", "arguments": '{"city":"Paris"}'}]


def test_the_same_task_in_text_is_another_question(
    suite: Path, provider: FakeProvider, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert evalkit(capsys, "run", suite).code == 0
    provider.behaviour = Behaviour(reply="[]", answers={"Paris": json.dumps(calls_of("Paris"))})
    other = written(tmp_path, provider, ", interface: text")
    ran = evalkit(capsys, "run", other)
    assert ran.code == 0, ran.err
    folders = run_folders(tmp_path / "results")
    asked = {read_facts(folder)["tasks"]["bfcl"]["identity"]["interface"]: folder for folder in folders}
    native, text = asked["native"], asked["text"]
    assert ended(text) == {"simple": "right", "parallel": "wrong", "irrelevance": "right", "broken": "wrong"}
    rows = {row.sample_id: row for row in rows_of(text)}
    assert (rows["simple"].calls, rows["simple"].tools) == (None, None)
    assert rows["simple"].prompt[0].content.startswith("You may call these functions:\n[{")
    refused = evalkit(capsys, "compare", f"{native.name}:fake", f"{text.name}:fake")
    assert refused.code == 2
    assert "the interface of the functions (native, text) ('native' and 'text')" in refused.err
    mixed = evalkit(capsys, "rescore", native.name, "--suite", other)
    assert mixed.code == 2
    assert "interface" in mixed.err


def test_a_model_without_a_tool_interface_is_refused_before_the_run_with_the_way_out(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite.write_text(
        suite.read_text("utf-8").replace("tasks:", "  tiny: {adapter: ctranslate2, model: tiny}\ntasks:"), "utf-8"
    )
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert "needs a tool interface, which tiny (ctranslate2) does not have. Use interface: text" in ran.err
    assert "Traceback" not in ran.err


def test_a_server_that_does_not_read_calls_stops_the_model_and_names_its_flags(
    suite: Path, provider: FakeProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.behaviour = Behaviour(flavour="vllm", rejects={"tools": ("*",)})
    ran = evalkit(capsys, "run", suite)
    assert ran.code == 4
    assert "start vLLM with --enable-auto-tool-choice --tool-call-parser NAME" in ran.err
    assert len(provider.account) <= 4


def test_recorded_and_scripted_calls_stand_in_for_a_model(
    suite: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    logged = [
        {"id": "simple", "reply": None, "made": calls_of("Paris")},
        {"id": "parallel", "reply": "", "made": [{"function": {"name": "weather.get", "arguments": "{}"}}]},
        {"id": "irrelevance", "reply": "Jane Austen.", "made": None},
        {"id": "broken", "reply": "Bern is fine.", "made": "[]"},
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in logged), "utf-8")
    models = """
  log: {adapter: replay, path: log.jsonl, text_field: reply, calls_field: made}
  script: {adapter: scripted, replies: {simple: '[{"name": "weather.get", "arguments": {"city": "Paris"}}]', "*": No.}}
tasks:"""
    text = suite.read_text("utf-8")
    start, stop = text.index("  fake:"), text.index("tasks:")
    suite.write_text(text[:start].rstrip("\n") + models + text[stop + len("tasks:") :], "utf-8")
    ran = evalkit(capsys, "run", suite)
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    found = {(row.model, row.sample_id): str(row.outcome) for row in rows_of(folder)}
    assert found["log", "simple"] == found["log", "irrelevance"] == "right"
    assert found["log", "parallel"] == "wrong"
    assert found["log", "broken"] == "unparseable"
    assert found["script", "simple"] == found["script", "irrelevance"] == "right"
    assert found["script", "parallel"] == "unparseable"


def test_a_plan_and_a_cap_reckon_with_the_bytes_of_the_functions(
    suite: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tool = Tool("f", "x" * 500, {"type": "object"})
    plain = Request((Message("user", "hi"),))
    offered = Request((Message("user", "hi"),), tools=(tool,))
    assert request_bytes(plain) == prompt_bytes(plain.messages)
    assert request_bytes(offered) > request_bytes(plain) + 500 + TOOLS_PREAMBLE
    prices = tmp_path / "prices.yaml"
    prices.write_text(
        "- {model: fake, valid_from: 2026-01-01, currency: USD, input_per_mtok: 1000, output_per_mtok: 0}\n", "utf-8"
    )
    planned = evalkit(capsys, "plan", suite, "--json").json["models"][0]
    questions = sum(len(question) for _, question, _ in ITEMS)
    assert planned["input_tokens"]["value"] > questions / 4 + 4 * 40, "functions are input too"
    ran = evalkit(capsys, "run", suite, "--max-cost", str(Decimal("0.9")))
    assert ran.code == 4, "a request's worst case is above 1,000 tokens"
    assert "the budget is used" in ran.err


def test_a_server_that_drops_functions_is_given_up_before_it_is_measured(
    suite: Path, provider: FakeProvider, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    provider.behaviour = Behaviour(reply="None of the functions fits.", ignores=("tools",))
    ran = evalkit(capsys, "run", suite)
    assert ran.code == 4
    assert "drops functions that it is offered" in ran.err
    assert "interface: text" in ran.err
    (folder,) = run_folders(tmp_path / "results")
    assert list(rows_of(folder)) == [], "no item counts as rightly left without a call"
    assert len(provider.account) == 3


def test_calls_are_shown_to_a_judge(suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = 'weather.get({"city": "Paris"})'
    with FakeProvider.in_thread(Behaviour(reply="[[2]]", answers={shown: "[[10]]"})) as judge:
        suite.write_text(f"""
name: judged
models:
  script:
    adapter: scripted
    replies: {{simple: '[{{"name": "weather.get", "arguments": {{"city": "Paris"}}}}]', "*": No.}}
judges:
  strict: {{adapter: openai_chat, model: j, base_url: "{judge.base_url}"}}
tasks:
  - name: calls
    data: {{path: items.jsonl, id: id}}
    prompt: "{{{{ question[0][0].content }}}}"
    tools: "{{{{ function }}}}"
    score: {{judge: {{by: strict}}}}
""")
        ran = evalkit(capsys, "run", suite)
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    assert {row.sample_id: row.score for row in rows_of(folder)}["simple"] == 1.0
    assert evalkit(capsys, "judge-data", folder, "--out", tmp_path / "judged.jsonl").code == 0
    records = [json.loads(line) for line in (tmp_path / "judged.jsonl").read_text().splitlines()]
    assert shown in {record["answer"] for record in records}
