"""Every figure that shared/data/traces states for files that 25 tools really wrote, read by `import traces`.

Where we read something else than the index says, the table `ARGUED` says what and why.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.registry import OptionsOfAdapters
from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.importing import TracesOptions, import_traces
from evalkit.bridges.traces.log_reading import LogReading
from evalkit.bridges.traces.otlp_protobuf import spans_of_protobuf
from evalkit.bridges.traces.sources import read_sources
from evalkit.bridges.traces.spans import LoggedSpan, spans_of
from evalkit.bridges.traces.spool import Spool
from evalkit.errors import UserError
from evalkit.suite.loading import load_suite

TRACES = Path(os.environ.get("EVALKIT_TEST_DATA", "/nowhere")) / "traces"
INDEX: list[dict[str, Any]] = json.loads((TRACES / "index.json").read_text())["files"] if TRACES.is_dir() else []
pytestmark = pytest.mark.skipif(not INDEX, reason="needs the shared data: EVALKIT_TEST_DATA")
RESULTS = ("deepeval", "evalscope", "every_eval_ever", "inspect_ai", "lm_eval", "promptfoo")
"""Tools whose files hold scores: they have imports of their own."""
ARGUED: dict[str, dict[str, Any]] = {
    # `total` is 278 where input + output are 214: the 64 of reasoning are billed output too.
    "langfuse/langgraph-js-2025-10-30.trace.json": {"output_tokens": 123},
    # Two of five rows hold neither input nor output nor usage: start and end of calls that stand there already.
    "langfuse/beeai-2025-08-01.trace.json": {"llm_calls": 3, "output_tokens": None, "duration_s": 38.467},
    # The parent repeats its child, with other figures: only the child is the request.
    "langfuse/vercel-aisdk-2025-11-17.trace.json": {
        "llm_calls": 1,
        "input_tokens": 62,
        "output_tokens": 85,
        "cost_usd": 0.0009275,
        "duration_s": 3.043,
    },
    # Steps with is_copied_context are another trajectory's.
    "harbor_atif/harbor_terminus2_sub_summary.json": {"llm_calls": 1},
    # One step of the parent made no request (llm_call_count: 0), and the embedded agent made one.
    "harbor_atif/v17_embedded_subagents.json": {
        "input_tokens": 42 + 25,
        "output_tokens": 12 + 9,
        "first_user_40": "Research ATIF v1.7 embedded subagents.",
    },
    # What a tool does is no call of a model.
    "otel_genai_js_spans/otel_genai_tool_execution_span.json": {"llm_calls": 0},
    # The index has the first message of any role here.
    "otel_genai_js_spans/openinference_client_span_tool_calls.json": {"first_user_40": "Weather in Paris?"},
    # Counts written as text, under llm.usage.*.
    "promptflow_otlp/large-data-span-example.json": {"input_tokens": 1497, "output_tokens": 14},
    # The end of a stream, a span of its own, has the tokens: only one call has none, and the failed one.
    "logfire/logfire-5.4.0_openai.traces.json": {"calls_without_tokens": 2},
    # The time of a stream is that to its end: response_time, which the index adds up, is that to its first token.
    "litellm/standard_logging_payload-1.110.2.jsonl": {"duration_s": 1.916},
}


def read(*paths: Path) -> tuple[LogReading, list[Call]]:
    with Spool() as spool:
        reading = read_sources(paths, spool)
        return reading, list(reading.settling.calls())


def added(values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def figures(reading: LogReading, calls: list[Call]) -> dict[str, Any]:
    in_time = sorted(calls, key=lambda call: call.started_at or 0)
    first = next((call.first_user for call in in_time if call.first_user), None)
    return {
        "llm_calls": len(calls),
        "first_user_40": None if first is None else first[:40],
        "input_tokens": added([call.usage.input for call in calls]),
        "output_tokens": added([call.usage.output for call in calls]),
        "cost_usd": added([call.usage.cost_usd for call in calls]),
        "cache_read": added([call.usage.cached for call in calls]),
        "errors": sum(call.error is not None for call in calls),
        "calls_without_tokens": sum(call.usage.is_empty for call in calls),
        "calls_without_input_messages": sum(not call.messages for call in calls),
        "spans": reading.n_spans,
    }


LOGS = [one for one in INDEX if one["format"] not in RESULTS]


@pytest.mark.parametrize("entry", LOGS, ids=[one["file"] for one in LOGS])
def test_what_the_index_says_of_a_log_is_what_is_read(entry: dict[str, Any]) -> None:
    reading, calls = read(TRACES / entry["file"])
    expected, found = {**entry["expected"], **ARGUED.get(entry["file"], {})}, figures(reading, calls)
    assert "snapshot" in f"{entry['version']} {entry['shows']}" or not reading.not_understood
    if "llm_rows" in expected and "span_attributes" in (TRACES / entry["file"]).read_text():
        assert len(calls) == expected["llm_rows"]
    for name, value in found.items():
        if name not in expected or (expected[name] in (None, 0, "") and value in (None, 0)):
            continue  # unknown is None here, where the index adds up nothing to 0
        if name == "first_user_40" and not expected[name]:
            continue  # the index could not read one
        if name == "spans" and entry["format"] == "mlflow":
            continue  # counted as steps of a trace
        assert value == pytest.approx(expected[name]), name
    asked, served = ({one for call in calls if (one := getattr(call, which))} for which in ("model", "served"))
    models = set(expected.get("models", ()))
    if models and "braintrust" not in entry["format"]:
        assert models <= asked | served | {f"openai/{one}" for one in asked}


def spans_in(path: Path) -> list[LoggedSpan]:
    content = path.read_bytes()
    if path.suffix == ".pb":
        found = spans_of_protobuf(content)
    else:
        whole = (
            [json.loads(content)]
            if path.suffix == ".json"
            else [json.loads(one) for one in content.split(b"\n") if one]
        )
        listed = [inner for one in whole for inner in (one if isinstance(one, list) else [one])]
        found = [span for one in listed for span in spans_of(one)]
    return [one for one in found if isinstance(one, LoggedSpan)]


def clock_s(path: Path) -> float:
    """From the first beginning to the last end."""
    spans = spans_in(path)
    return max(one.ended_at or 0 for one in spans) - min(one.started_at or 0 for one in spans)


WALL = ("otel_genai", "otlp_json_file", "openllmetry", "logfire", "langfuse_sdk_otlp", "vercel_ai_sdk")
WALL_FILES = [one for one in LOGS if one["format"] in WALL and one["expected"].get("duration_s") is not None]


@pytest.mark.parametrize("entry", WALL_FILES, ids=[one["file"] for one in WALL_FILES])
def test_times_of_spans_are_read(entry: dict[str, Any]) -> None:
    if entry["format"] == "vercel_ai_sdk":
        _, calls = read(TRACES / entry["file"])
        assert added([call.total_s for call in calls]) == pytest.approx(entry["expected"]["duration_s"], abs=0.001)
    else:
        assert clock_s(TRACES / entry["file"]) == pytest.approx(entry["expected"]["duration_s"], abs=0.001)


SUMS = [one for one in LOGS if one["format"] in ("langfuse", "langsmith", "litellm")]


@pytest.mark.parametrize("entry", SUMS, ids=[one["file"] for one in SUMS])
def test_durations_of_calls_are_read_in_seconds(entry: dict[str, Any]) -> None:
    _, calls = read(TRACES / entry["file"])
    expected = {**entry["expected"], **ARGUED.get(entry["file"], {})}["duration_s"]
    assert added([call.total_s for call in calls]) == pytest.approx(expected, abs=0.001)


def test_the_same_nine_calls_say_the_same_through_every_instrumentation() -> None:
    files = [one["file"] for one in LOGS if one["format"] in ("otel_genai", "otlp_json_file", "openllmetry", "logfire")]
    files = [
        one for one in files if "_event.traces" not in one and "legacy.traces" not in one and "legacy.logs" not in one
    ]
    for file in files:
        _, calls = read(TRACES / file)
        said = {call.last_user for call in calls}
        assert {"What is the capital of France?", "What is the weather in Paris?", "Count to five."} <= said, file
        answers = {call.answer.text for call in calls}
        assert {"Paris is the capital of France.", "It is 18 degrees and sunny in Paris."} <= answers, file
        called = [one for call in calls for one in call.answer.calls]
        assert [(one.name, json.loads(one.arguments)) for one in called] == [("get_weather", {"city": "Paris"})], file
        assert sum("429" in (call.error or "") or "RateLimit" in (call.error or "") for call in calls) == 1, file


def test_content_in_log_records_joins_its_spans(tmp_path: Path) -> None:
    """The ids of these files were made anew file by file: here each record gets the span of its response again."""
    folder = TRACES / "otel_genai"
    spans = spans_in(folder / "genai-openai-1.3b0_event.traces.json")
    by_response = {one.attributes.get("gen_ai.response.id"): one for one in spans if one.name.startswith("chat")}
    logs = json.loads((folder / "genai-openai-1.3b0_event.logs.json").read_text())
    for record in logs["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        about = {one["key"]: one["value"] for one in record["attributes"]}
        span = by_response[about.get("gen_ai.response.id", {}).get("stringValue")]
        record |= {"traceId": span.trace, "spanId": span.span}
    (tmp_path / "logs.json").write_text(json.dumps(logs))
    _, calls = read(folder / "genai-openai-1.3b0_event.traces.json", tmp_path / "logs.json")
    assert len(calls) == 9
    assert all(call.messages for call in calls if call.error is None)
    assert added([call.usage.input for call in calls]) == 2261
    asked = {call.last_user: call.answer.text for call in calls}
    assert asked["What is the capital of France?"] == "Paris is the capital of France."


def test_content_that_is_not_there_is_said_to_be_withheld() -> None:
    _, calls = read(TRACES / "litellm" / "standard_logging_payload-1.110.2.jsonl")
    assert [call.withheld for call in calls if call.withheld] == ["redacted by LiteLLM"]
    _, calls = read(TRACES / "litellm" / "spend_logs_payload-1.110.2.jsonl")
    assert all("store_prompts_in_spend_logs" in (call.withheld or "") for call in calls)
    _, calls = read(TRACES / "otel_genai" / "genai-openai-1.3b0_event.traces.json")
    assert all(call.withheld for call in calls)


def test_pictures_are_no_text() -> None:
    files = ("otel_genai/genai-openai-1.3b0_span.traces.json", "openinference_otlp/chat-multimodal.json")
    for file in (*files, "harbor_atif/multimodal_trajectory.json", "logfire/logfire-5.4.0_openai.traces.json"):
        _, calls = read(TRACES / file)
        assert any(turn.other for call in calls for turn in call.messages), file


def test_turns_of_plain_conversations() -> None:
    entry = next(one for one in LOGS if one["format"] == "messages_jsonl")
    _, calls = read(TRACES / entry["file"])
    n = entry["expected"]["conversations"]
    turns = [sum(turn.role == "user" for turn in call.messages) for call in calls]
    assert turns[:n] == entry["expected"]["user_turns"]
    assert turns[n:] == [1, 2, 3]  # the three earlier answers of the conversation with four
    assert {call.session for call in calls[n:]} == {calls[turns.index(4)].session}
    assert all(call.usage.is_empty and call.total_s is None and call.model is None for call in calls)


OTHERS = [one for one in INDEX if one["format"] in RESULTS]


@pytest.mark.parametrize("entry", OTHERS, ids=[one["file"] for one in OTHERS])
def test_a_result_of_an_evaluation_is_sent_to_its_own_import(entry: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="evalkit import"):
        read(TRACES / entry["file"])


def test_protobuf_and_json_of_one_kind_are_read_alike() -> None:
    _, calls = read(TRACES / "langfuse_sdk_otlp" / "langfuse-sdk-5.0.4.otlp.pb")
    weather = next(call for call in calls if call.answer.calls)
    assert weather.answer.calls[0].name == "get_weather"
    assert weather.tools[0]["name"] == "get_weather"
    assert "max_output_tokens" not in weather.settings  # the log says "Infinity"


def test_all_of_them_together_are_a_suite_that_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CANDIDATE_MODEL", "m")
    monkeypatch.setenv("EVALKIT_JUDGE_MODEL", "m")
    told = import_traces([TRACES / one["file"] for one in LOGS], tmp_path / "suite", TracesOptions())
    assert told.n_calls > 150 and told.n_sampled > 50
    assert sum(one.drawn.weight for task in told.plan.tasks for one in task.sampled) == pytest.approx(told.n_usable)
    suite = load_suite(tmp_path / "suite" / "suite.yaml", options=OptionsOfAdapters(str(tmp_path / "suite")))
    assert [complaint for task in suite.tasks for complaint in task.examine().complaints] == []
