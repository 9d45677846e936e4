"""Fields that make a provider pass parts of prompts on are known, shown, and refused where prompts may not go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.registry import make_adapter
from evalkit.engine.address_texts import Callout
from evalkit.engine.callouts import callouts
from evalkit.errors import SuiteError
from evalkit.records import Settings
from evalkit.suite.extra_fields import draws, other_limits, thinking_budget
from tests.tables import table
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
EVIL = "https://evil.example/x"
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


@table(
    ("extra", "kind", "host"),
    [
        ({"tools": [{"type": "mcp", "server_url": EVIL}]}, "mcp", "evil.example"),
        ({"tools": [FUNCTION, {"type": "mcp", "server_url": "HTTPS://EVIL.example:444/"}]}, "mcp", "evil.example"),
        ({"tools": [{"type": "mcp", "connector_id": "connector_gmail"}]}, "mcp", None),
        ({"tools": [{"type": "web_search"}]}, "web_search", None),
        ({"tools": [{"type": "web_search_preview_2025_03_11"}]}, "web_search_preview_2025_03_11", None),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search_20250305", None),
        ({"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]}, "web_fetch_20250910", None),
        ({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, "code_interpreter", None),
        ({"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}, "file_search", None),
        ({"tools": [{"type": "x_search"}]}, "x_search", None),
        ({"tools": [{"type": "retrieval", "retrieval": {"knowledge_id": "1"}}]}, "retrieval", None),
        ({"tools": [{"google_search": {}}]}, "google_search", None),
        ({"tools": [{"googleSearch": {}}]}, "googleSearch", None),
        ({"tools": [{"url_context": {}}]}, "url_context", None),
        ({"tools": {"urlContext": {}}}, "urlContext", None),
        ({"tools": [{"function_declarations": [], "google_search": {}}]}, "function_declarations, google_search", None),
        ({"tools": [{"a_tool_of_next_year": {}}]}, "a_tool_of_next_year", None),
        ({"tools": [{"type": "function", "name": "f", "server": EVIL}]}, "address", "evil.example"),
        ({"tools": ["web_search"]}, "web_search", None),
        ({"Tools": [{"type": "mcp"}]}, "mcp", None),
        ({"mcp_servers": [{"type": "url", "url": EVIL, "name": "x"}]}, "mcp_servers", "evil.example"),
        ({"mcpServers": [{"url": EVIL}]}, "mcp_servers", "evil.example"),
        ({"plugins": [{"id": "web"}]}, "plugins", None),
        ({"provider": {"order": ["Other"]}}, "provider", None),
        ({"models": ["other/model"], "route": "fallback"}, "models", None),
        ({"web_search_options": {}}, "web_search_options", None),
        ({"search_parameters": {"mode": "on"}}, "search_parameters", None),
        ({"enable_search": True}, "enable_search", None),
        ({"data_sources": [{"parameters": {"endpoint": "https://evil.example"}}]}, "data_sources", "evil.example"),
        ({"webhook": {"url": EVIL}}, "webhook", "evil.example"),
        ({"background": True}, "background", None),
        ({"store": True}, "store", None),
        ({"prompt": {"id": "pmpt_1"}}, "prompt", None),
        ({"container": "cntr_1"}, "container", None),
        ({"metadata": {"hook": EVIL}}, "address", "evil.example"),
        ({"metadata": {EVIL: "x"}}, "address", "evil.example"),
        ({"metadata": {"webhook_url": "evil.example/x"}}, "address", "evil.example"),
        ({"unheard_of": {"deep": [{"er": [EVIL]}]}}, "address", "evil.example"),
        ({"unheard_of": "see wss://evil.example/x and more"}, "address", "evil.example"),
        ({"unheard_of": "//evil.example/x"}, "address", "evil.example"),
        ({"unheard_of": "gs://bucket/x"}, "address", "bucket"),
        ({"image_url": "https://user:pw@evil.example/x"}, "address", None),
        ({"callbackUrl": EVIL}, "callback_url", "evil.example"),
        ({"preset": "x"}, "preset", None),
        ({"enable_code_interpreter": True}, "enable_code_interpreter", None),
        ({"deferred": True}, "deferred", None),
        ({"agent_id": "ag_1"}, "agent_id", None),
        ({"guardrailConfig": {"guardrailIdentifier": "g"}}, "guardrail_config", None),
        ({"modelArmorConfig": {"promptTemplateName": "t"}}, "model_armor_config", None),
        ({"features": {"web_search": True}}, "features", None),
        ({"success_callback": ["langfuse"]}, "success_callback", None),
        ({"a_switch_of_next_year": True}, "a_switch_of_next_year", None),
        ({"aNameOfNextYear": "kept_1"}, "a_name_of_next_year", None),
        ({"additionalModelRequestFields": {"a_name_of_next_year": 1}}, "a_name_of_next_year", None),
        (
            {"additionalModelRequestFields": {"toolConfig": {"tools": [{"systemTool": {"name": "x"}}]}}},
            "systemTool",
            None,
        ),
        ({"generationConfig": {"tools": [{"googleSearch": {}}]}}, "googleSearch", None),
        ({"thinking": {"type": "enabled", "tools": [{"type": "web_search_20250305"}]}}, "web_search_20250305", None),
        ({"reasoning": {"mcp": "x"}}, "mcp", None),
        ({"logit_bias": {"deep": [{"webSearchOptions": {}}]}}, "web_search_options", None),
        ({"parameters": {"enable_search": True}}, "enable_search", None),
        ({"parameters": {"a_way_of_next_year": True}}, "a_way_of_next_year", None),
        ({"additionalModelRequestFields": {"parameters": {"tools": [{"type": "mcp"}]}}}, "mcp", None),
        *(({field: {"deep": {"plugins": ["web"]}}}, "plugins", None) for field in ("labels", "metadata", "documents")),
        *(
            ({field: {"send_to": "x"}}, "send_to", None)
            for field in ("user", "format", "text", "reasoning", "thinking")
        ),
        ({"generationConfig": {"a_way_of_next_year": True}}, "a_way_of_next_year", None),
        ({"output_config": {"format": {"sink": "bucket"}}}, "sink", None),
        ({"tools": [{"type": "custom", "name": "f", "connector_id": "c"}]}, "connector_id", None),
        ({"tools": [{"name": "f", "parameters": {}, "googleSearch": {}}]}, "google_search", None),
        ({"tools": [{"type": "function", "function": {"name": "f", "server_label": "x"}}]}, "server_label", None),
        ({"tools": [{"functionDeclarations": [{"name": "f", "agent": "x"}]}]}, "agent", None),
        *(
            ({"metadata": {"x": address}}, "address", "evil.example")
            for address in (
                *(
                    "https:evil.example/x",
                    "https:\\\\evil.example/x",
                    "https:\\/\\/evil.example",
                    "see https:/evil.example",
                ),
                *(
                    "https%3A%2F%2Fevil.example",
                    "https&#58;//evil.example",
                    "mail it to a@evil.example",
                    "ht\u200btps://evil.example",
                ),
            )
        ),
        ({"metadata": {"x": "[2001:db8::1]:80"}}, "address", "2001:db8::1"),
        ({"metadata": {"x": "2001:db8::1"}}, "address", "2001:db8::1"),
        *(
            ({"metadata": {"x": address}}, "address", host)
            for host, addresses in {
                "1.2.3.4": ("//1.2.3.4/x", "\\\\1.2.3.4\\x", "![x](//1.2.3.4/y)", "see 1.2.3.4:80/x", "a@[1.2.3.4]"),
                "2001:db8::1": ("//[2001:db8::1]:80/x", "https:[2001:db8::1]/x", "send it to [2001:db8::1]:80 now"),
                "evil.example": (
                    "send it to evil.example:8080/x now",
                    "evil.example.:80",
                    "//evil.example:444/x",
                    '"a b"@evil.example',
                    "ＨＴＴＰＳ：／／evil.example",
                    "//evil。example/x",
                ),
                "evil": ("https:evil:8080/x", "https:/evil/x"),
                "bücher.example": ("bücher.example:80", "a@bücher.example"),
                None: (
                    "https:2130706433/x",
                    "http:0x7f000001/x",
                    "https:.evil.example",
                    "https:bücher.example",
                    "https:@evil.example",
                ),
            }.items()
            for address in addresses
        ),
        *(
            ({"metadata": {field: ["evil.example"]}}, "address", "evil.example")
            for field in ("hosts", "endpoints", "servers", "webhooks", "callback")
        ),
    ],
)
def test_a_field_that_calls_out_is_known(extra: dict[str, Any], kind: str, host: str | None) -> None:
    found = callouts("m", extra)
    assert (kind, host) in {(one.kind, one.host) for one in found}, found


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1, "logit_bias": {"1": 2}, "user": "team-a"},
        {"tools": [FUNCTION, {"name": "g", "input_schema": {"type": "object"}}, {"type": "custom", "name": "h"}]},
        {"tools": [{"function_declarations": [{"name": "f"}]}, {"functionDeclarations": []}]},
        {"store": False, "background": False, "enable_search": False, "plugins": None},
        {"response_format": {"json_schema": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}, "service_tier": "flex", "metadata": {"team": "a/b"}},
        {"chat_template_kwargs": {"enable_thinking": False}, "guided_regex": "a//b|c", "reasoning": {"effort": "low"}},
        {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}, "safetySettings": [{"category": "x"}]},
        {"a_switch_of_next_year": False, "deferred": False, "a_name_of_next_year": None},
        {"serviceTier": {"type": "flex"}, "performanceConfig": {"latency": "optimized"}, "speed": "fast"},
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}, "metadata": {"agent": "a", "search": "b"}},
        {"response_format": {"json_schema": {"schema": {"properties": {"tools": {"type": "string"}}}}}},
        {"metadata": {"ratio": "3:2", "at": "12:30", "build": "a1:b2", "note": "http: a protocol", "n": "::"}},
        {"metadata": {"at": "run 12.30:45", "v": "uses 1.2.3.4", "m": "gpt.oss:20b", "r": "https?:[^ ]+//[A-Z]"}},
        {
            "tools": [
                {"type": "custom", "name": "h", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}}
            ]
        },
        {"tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"properties": {"agent": {}}}}]}]},
        {"format": {"type": "object", "properties": {"agent": {"type": "string"}}}, "options": {"num_ctx": 8192}},
        {"text": {"verbosity": "low", "format": {"type": "json_schema", "name": "x", "schema": {"properties": {}}}}},
        {
            "reasoning": {"effort": "low", "summary": "auto", "max_tokens": 20, "exclude": True},
            "logit_bias": {"50256": -100},
        },
        {"tool_choice": {"type": "function", "function": {"name": "f"}}, "stream_options": {"include_usage": True}},
        {
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
            "output_config": {"effort": "low"},
            "parameters": {"top_k": 5},
        },
        {"system": "Be brief.", "documents": [{"text": "x"}], "max_new_tokens": 9, "guided_json": {"type": "object"}},
    ],
)
def test_ordinary_settings_stay_with_the_provider(extra: dict[str, Any]) -> None:
    assert callouts("gpt-6", extra) == ()


ODD = (
    *("ssh:evil.example", "tel:1", "evil.example/x", "see 1.2.3.4", "//evil", "@evil", "s3:evil", "ev\til.example"),
    *("ｅｖｉｌ.example", "evil[.]example", "evil(dot)example", "evil․example", "x/y", "https[:]evil"),
)


@table(
    "place",
    [
        *("keep_alive", "service_tier", "truncation", "prompt_cache_retention", "inference_geo", "format", "include"),
        *("tool_choice.type", "cache_control.ttl", "generationConfig.responseMimeType", "reasoning.effort"),
        *("safetySettings.threshold", "audio.format", "additionalModelRequestFields.anthropic_beta", "temperature"),
    ],
)
def test_no_spelling_of_an_address_stands_in_a_field_that_takes_words(place: str) -> None:
    for text in ODD:
        for value in (text, [text]):
            extra: Any = value
            for name in reversed(place.split(".")):
                extra = {name: extra}
            assert callouts("m", extra), text


@pytest.mark.parametrize(
    "extra",
    [
        {"include": ["reasoning.encrypted_content", "message.output_text.logprobs"], "keep_alive": "5m", "n": 1},
        {"generationConfig": {"responseMimeType": "text/x.enum", "speechConfig": {"languageCode": "de-DE"}}},
        {"responseMimeType": "application/json", "anthropic_beta": ["context-1m-2025-08-07"], "format": "json"},
        {"tool_choice": {"type": "tool", "name": "weather.get"}, "stop": ["\n\nQ:", "A/B."], "bad_words": ["a.b"]},
        {"prediction": {"type": "content", "content": "return x.y"}, "grammar": 'root ::= "a.b"', "suffix": "}\n"},
        {"text": {"format": {"type": "json_schema", "name": "r", "description": "An answer. (short)", "schema": {}}}},
        {"output_config": {"format": {"type": "json_schema", "schema": {"description": "x, y: z."}}}},
        {"functions": [{"name": "f", "description": "Gets: x."}], "prompt_cache_key": "a:b/c", "labels": {"t": "a.b"}},
        {"truncate_prompt_tokens": -1, "transforms": ["middle-out"], "audio": {"voice": "alloy", "format": "wav"}},
    ],
)
def test_what_providers_take_are_plain_words(extra: dict[str, Any]) -> None:
    assert callouts("gpt-6", extra) == ()


@pytest.mark.parametrize(
    "model", ["openai/gpt-6:online", "gpt-4o-search-preview", "perplexity/sonar-pro", "groq/compound"]
)
def test_models_that_search_by_themselves_are_known(model: str) -> None:
    assert callouts(model, {}) == (Callout("model", "web_search"),)


@pytest.mark.parametrize(
    "model",
    [
        "pplx-70b-online",
        "relace/relace-search",
        "moonshotai/kimi-researcher",
        "qwen-deep-search-planning",
        "jina-deepsearch-v1",
        "gpt-4-browsing",
        "gemini-pro-grounding",
    ],
)
def test_further_models_that_search(model: str) -> None:
    assert Callout("model", "web_search") in callouts(model, {})


@pytest.mark.parametrize("what", ["prompt/P1", "flow/F1/alias/A1", "agent-alias/A/B", "knowledge-base/K"])
def test_what_a_provider_keeps_under_an_arn_is_no_model(what: str) -> None:
    assert Callout("model", "prompt") in callouts(f"arn:aws:bedrock:eu-west-1:123456789012:{what}", {})


@pytest.mark.parametrize(
    "model",
    [
        *("openrouter/auto", "openrouter/fusion", "openrouter/bodybuilder", "switchpoint/router", "model-router"),
        *("openrouter/free", "openai/gpt-oss:cheapest", "a/b:fastest"),
        "arn:aws:bedrock:eu-west-1:123456789012:default-prompt-router/anthropic.claude:1",
    ],
)
def test_models_that_ask_others_are_known(model: str) -> None:
    assert callouts(model, {}) == (Callout("model", "routing"),)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-6",
        "autobahn-7b",
        "meta/llama-auto-2",
        "outer/fusion-7b",
        "research-1",
        "a/searcher",
        "tongyi-deepresearch-30b-a3b",
        "a/free",
        "b/fastest",
    ],
)
def test_other_models_are_asked_themselves(model: str) -> None:
    assert callouts(model, {}) == ()


def write(folder: Path, where: str, extra: object, sensitivity: str) -> Path:
    (folder / "items.jsonl").write_text('{"id": "1", "q": "x"}\n')
    settings = f"settings: {{extra: {json.dumps(extra)}}}"
    own = {one: f", {settings}" if one == where else "" for one in ("model", "task", "judge", "variant")}
    score = "{judge: {by: j, rubric: judge_rating}}" if where == "judge" else "contains"
    target = "" if where == "judge" else ", target: B"
    variant = f", variants: {{v: {{{settings}}}}}" if where == "variant" else ""
    path = folder / "suite.yaml"
    path.write_text(
        f"""name: s
sensitivity: {sensitivity}
models:
  m: {{adapter: openai, model: x{own["model"]}{variant}}}
judges:
  j: {{adapter: anthropic, model: y{own["judge"]}}}
tasks:
  - {{name: t, data: items.jsonl, prompt: "{{{{ q }}}}"{target}, score: {score}{own["task"]}}}
""",
        "utf-8",
    )
    return path


@pytest.mark.long(but=1)
@pytest.mark.parametrize("where", ["model", "task", "judge", "variant"])
@pytest.mark.parametrize("extra", [{"tools": [{"type": "mcp", "server_url": EVIL}]}, {"metadata": {"x": EVIL}}])
def test_prompts_that_are_not_public_are_not_passed_on(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, where: str, extra: object
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    suite = write(tmp_path, where, extra, "internal")
    for command in ("check", "plan", "run"):
        ran = evalkit(capsys, command, suite)
        assert ran.code == 2
        assert "may pass parts of prompts on to evil.example" in ran.err
        assert "--allow-callout evil.example" in ran.err
    assert evalkit(capsys, "check", suite, "--allow-callout", "evil.example").code == 0
    assert evalkit(capsys, "check", suite, "--allow-callout", "other.example").code == 2
    assert evalkit(capsys, "check", suite, "--sensitivity", "restricted", "--allow-callout", "evil.example").code == 2
    shown = evalkit(capsys, "check", write(tmp_path, where, extra, "public"))
    assert shown.code == 0
    assert "may pass parts of prompts on to evil.example" in shown.out


def test_a_text_that_is_no_plain_word_is_allowed_by_its_field(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    suite = write(tmp_path, "model", {"truncation": "ssh:evil.example"}, "internal")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2 and "truncation takes plain words, and this text is none" in " ".join(ran.err.split())
    assert "--allow-callout truncation" in ran.err
    assert evalkit(capsys, "check", suite, "--allow-callout", "truncation").code == 0


def test_a_tool_whose_place_the_provider_decides_is_allowed_by_its_name(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    suite = write(tmp_path, "model", {"tools": [{"type": "web_search"}]}, "internal")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2 and "--allow-callout web_search" in ran.err
    monkeypatch.setenv("EVALKIT_CALLOUTS", "mcp, web_search")
    ran = evalkit(capsys, "plan", suite)
    assert ran.code == 0 and "a place that the provider decides" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    "extra",
    [
        {"tools": [{"type": "web_search", "filters": {"blocked_domains": ["mcp.corp.example"]}}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search", "blocked_domains": ["mcp.corp.example"]}]},
        {"search_parameters": {"sources": [{"type": "web"}, {"type": "rss", "links": ["https://mcp.corp.example/x"]}]}},
        {"tools": [{"type": "code_interpreter", "server_url": "https://mcp.corp.example/"}]},
        {"tools": [{"type": "mcp", "connector_id": "connector_gmail", "server_url": "https://mcp.corp.example/"}]},
        {"tools": [{"type": "mcp", "server_description": "https://mcp.corp.example/", "authorization": "x"}]},
        {"plugins": [{"id": "web"}, {"id": "x", "url": "https://mcp.corp.example/"}]},
    ],
)
def test_an_address_inside_a_tool_does_not_hide_the_tool(extra: dict[str, Any]) -> None:
    """One host that was allowed made web search pass for internal prompts (R18-4)."""
    found = callouts("gpt", extra)
    assert any(one.host is None for one in found), found
    assert any(one.host == "mcp.corp.example" for one in found), found


def test_a_tool_that_goes_to_its_address_alone_is_allowed_by_the_host() -> None:
    for extra in (
        {"tools": [{"type": "mcp", "server_label": "x", "server_url": "https://mcp.corp.example/"}]},
        {"mcp_servers": [{"type": "url", "url": "https://mcp.corp.example/", "name": "x"}]},
        {"webhook": "https://mcp.corp.example/"},
    ):
        assert {one.host for one in callouts("gpt", extra)} == {"mcp.corp.example"}, extra


@pytest.mark.parametrize("kind", [["function"], {"a": 1}, 5, True])
def test_a_tool_of_an_odd_type_is_a_way_out_and_no_fault(kind: object) -> None:
    """It ended check in a traceback (R18-5)."""
    assert callouts("gpt", {"tools": [{"type": kind, "name": "f", "parameters": {}}]})


@pytest.mark.parametrize("inner", [{"n": 1}, {"enabled": True, "max_length": 3}, [{"speed": "fast"}], {"a": {"n": 1}}])
def test_a_field_of_no_known_name_is_a_way_out_whatever_is_called_like_a_limit_in_it(inner: object) -> None:
    """Each new tool of a provider has a limit of its own inside, and many take one more key in silence."""
    for extra in (
        {"browsing": inner},
        {"reasoning": {"browsing": inner}},
        {"additionalModelRequestFields": {"browsing": inner}},
    ):
        assert [one.kind for one in callouts("m", extra)] == ["browsing"], extra


@pytest.mark.parametrize("name", ["Model", "MODEL", "modeL", "me\u017f\u017fages", "Mess_ages", "STREAM"])
@pytest.mark.parametrize("adapter", ["ollama-native", "openai_chat"])
def test_a_field_that_evalkit_sets_is_not_set_again_in_capitals(name: str, adapter: str) -> None:
    """Servers in Go read names whatever their case, and take the last: another model would be asked."""
    settings = Settings(extra={name: "x:120b-cloud"})
    with pytest.raises(SuiteError, match="evalkit sets this field itself"):
        make_adapter(ModelSpec("m", adapter, "x", base_url="http://127.0.0.1:9/v1", settings=settings))


@pytest.mark.parametrize(
    "extra", [{"Num_Predict": 9}, {"mAx_tokens": 9}, {"options": {"num_pRedict": 9}}, {"MaxTokens": 9}]
)
def test_a_limit_is_known_in_any_case(extra: dict[str, Any]) -> None:
    assert other_limits(extra)


def test_other_fields_are_known_in_any_case_too() -> None:
    assert draws({"TEMPERATURE": 1}) and thinking_budget({"Thinking_Budget": 7}) == 7
    assert [one.kind for one in callouts("m", {"WEB_search": {}, "Mcp_Servers": [{"url": "https://a.example"}]})] == [
        "web_search",
        "mcp_servers",
    ]


def test_two_names_that_differ_by_case_alone_are_told() -> None:
    tool = {"type": "function", "function": {"name": "x"}}
    assert [one.kind for one in callouts("m", {"tools": [{**tool, "Type": "web_search"}]})] == ["type_named_twice"]
    twice = {"top_k": 1, "options": {"Top_K": 1, "TOP_K": 2}}
    assert [one.kind for one in callouts("m", twice)] == ["top_k_named_twice"]
    own = {"type": "object", "properties": {"Name": {"type": "string"}, "name": {"type": "string"}}}
    assert callouts("m", {"tools": [{"type": "function", "function": {"name": "x", "parameters": own}}]}) == ()


def test_the_name_of_a_field_is_looked_at_for_addresses_too() -> None:
    found = callouts("app", {"https://elsewhere.example/h": 1})
    assert "elsewhere.example" in {one.host for one in found}
