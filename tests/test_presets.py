"""Presets as data, the registry that finds them, and the bills they help to read."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from evalkit.adapters import registry
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.chat_usage import usage_of
from evalkit.adapters.dialects.openai_chat import OpenAIChat
from evalkit.adapters.keys import checked_host, is_loopback
from evalkit.adapters.presets import filled, load_preset, placeholders, preset_names
from evalkit.adapters.registry import known_adapters, make_adapter, preset_of
from evalkit.errors import MissingPackage, SuiteError

EVERYTHING = {"region": "eu-central-1", "resource": "our-team"}


def spec_of(adapter: str, **fields: Any) -> ModelSpec:
    return ModelSpec(name="m", adapter=adapter, model="model-1", **fields)


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_whole_and_says_what_it_cannot(name: str) -> None:
    preset = load_preset(name)
    assert preset.about.endswith(".")
    assert "2026" in preset.source
    assert preset.cannot and all(isinstance(one, str) and one.endswith(".") for one in preset.cannot)
    if preset.base_url is None:
        return
    ready = filled(preset, spec_of(name, options=EVERYTHING))
    host = checked_host(str(ready.base_url), spec_of(name))
    assert "{" not in host
    assert "{" not in "".join(ready.key_hosts)
    if is_loopback(host):
        assert preset.is_local and not preset.key_required and preset.region == "this machine"
    else:
        assert preset.key_required and preset.key_env
        if "{resource}" in preset.base_url:
            assert ready.key_hosts == (), "anybody can have a resource: only the person lets a key go to one"
        else:
            assert host in ready.key_hosts, "a key must reach its own provider"


@pytest.mark.parametrize("name", [name for name in preset_names() if load_preset(name).dialect == "chat"])
def test_every_chat_preset_makes_an_adapter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in load_preset(name).key_env:
        monkeypatch.setenv(variable, "sk-canary")
    base_url = "http://127.0.0.1:8000/v1" if name == "openai-chat" else None
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "our-team.openai.azure.com")
    wanted = {key: EVERYTHING[key] for key in placeholders(load_preset(name))}
    adapter = make_adapter(spec_of(name, base_url=base_url, options=wanted))
    assert isinstance(adapter, OpenAIChat)
    assert adapter.endpoint.facts["preset"] == name
    assert adapter.endpoint.lane and adapter.endpoint.place.startswith(adapter.endpoint.lane)
    assert "sk-canary" not in f"{adapter!r}{adapter.endpoint!r}{adapter.spec!r}"


def test_every_price_provider_is_known_to_the_price_list() -> None:
    from genai_prices.data import providers

    known = {provider.id for provider in providers}
    wanted = {load_preset(name).price_provider for name in preset_names()} - {None}
    assert wanted <= known


def test_templates_are_filled_from_the_models_options() -> None:
    preset = filled(load_preset("bedrock"), spec_of("bedrock", options={"region": "us-west-2"}))
    assert preset.base_url == "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1"
    assert "bedrock-runtime.us-west-2.amazonaws.com" in preset.key_hosts
    assert preset.region == "us-west-2"


def test_a_missing_option_is_asked_for() -> None:
    with pytest.raises(SuiteError, match="needs resource"):
        filled(load_preset("azure"), spec_of("azure"))


@pytest.mark.parametrize("value", ["evil.com/x", "a.b", "", "a@b", "x?y", 7, "-a"])
def test_an_option_cannot_name_another_host(value: Any) -> None:
    with pytest.raises(SuiteError, match=r"models\.m\.region"):
        filled(load_preset("bedrock"), spec_of("bedrock", options={"region": value}))


def test_a_key_stays_home_when_the_suite_names_another_address() -> None:
    ours = spec_of("bedrock", base_url="https://bedrock-mantle.us-west-2.api.aws/v1", options={"region": "us-west-2"})
    assert "bedrock-mantle.us-west-2.api.aws" in filled(load_preset("bedrock"), ours).key_hosts
    nowhere = spec_of("bedrock", base_url="https://evil.execute-api.us-west-2.amazonaws.com/v1")
    assert filled(load_preset("bedrock"), nowhere).key_hosts == ()


def test_names_are_found_however_they_are_written() -> None:
    assert preset_of("LMStudio") is preset_of("lm_studio") is preset_of("lm-studio")
    assert preset_of("llamacpp") is load_preset("llama-cpp")
    assert preset_of("openai_chat") is load_preset("openai-chat")
    assert preset_of("anthropic") is None
    assert {"openai", "anthropic", "gemini", "ctranslate2", "replay", "scripted", "vllm", "xai"} <= set(
        known_adapters()
    )


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(SuiteError, match=r"models\.m\.adapter is 'antropic'.*did you mean anthropic"):
        make_adapter(spec_of("antropic"))
    with pytest.raises(SuiteError, match="base_url"):
        make_adapter(spec_of("zzzz"))


def test_a_missing_package_names_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._ADAPTERS, "anthropic", "nowhere_to_be_found.adapters")
    with pytest.raises(MissingPackage, match="pip install nowhere_to_be_found"):
        make_adapter(spec_of("anthropic"))
    monkeypatch.setitem(registry._EXTRAS, "nowhere_to_be_found", "vllm")
    with pytest.raises(MissingPackage, match="uv sync --extra vllm"):
        make_adapter(spec_of("anthropic"))


def test_listing_adapters_imports_no_client() -> None:
    code = (
        "import sys; from evalkit.adapters.registry import known_adapters; known_adapters(); "
        "print([m for m in ('aiohttp', 'openai', 'anthropic', 'ctranslate2', 'ruamel.yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_preset_with_an_unknown_field_is_refused() -> None:
    from evalkit.adapters.presets import checked

    with pytest.raises(ValueError, match="no field 'bas_url'"):
        checked("mine", {"about": "x.", "source": "y", "bas_url": "z"})
    with pytest.raises(ValueError, match="no setting 'sede'"):
        checked("mine", {"about": "x.", "source": "y", "supports": ["sede"]})


@pytest.mark.parametrize(
    ("preset", "raw", "expected"),
    [
        # input, cache_read, cache_write_other, output, reasoning
        ("openai-chat", {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}, (9, None, None, 4, None)),
        (
            "openai-chat",
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 13,
                "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            (9, 5, 2, 4, 3),
        ),
        # reasoning outside of completion: the total says so
        (
            "openai-chat",
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 313,
                "completion_tokens_details": {"reasoning_tokens": 300},
            },
            (9, None, None, 304, 300),
        ),
        # ... or, without a total, that it could not be inside
        (
            "openai-chat",
            {"prompt_tokens": 9, "completion_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 300}},
            (9, None, None, 304, 300),
        ),
        ("deepseek", {"prompt_tokens": 9, "completion_tokens": 4, "prompt_cache_hit_tokens": 0}, (9, 0, None, 4, None)),
        ("mistral", {"prompt_tokens": 9, "completion_tokens": 4, "num_cached_tokens": 8}, (9, 8, None, 4, None)),
        # nonsense is unknown, not zero
        ("openai-chat", {"prompt_tokens": -1, "completion_tokens": "4"}, None),
        ("openai-chat", {"prompt_tokens": 9.0, "completion_tokens": True}, (9, None, None, None, None)),
        ("openai-chat", {}, None),
        ("openai-chat", None, None),
        ("openai-chat", [1], None),
    ],
)
def test_bills_are_read_alike(preset: str, raw: Any, expected: tuple[int | None, ...] | None) -> None:
    usage = usage_of(raw, load_preset(preset), tier="default", showed_reasoning=False)
    if expected is None:
        assert usage is None
        return
    assert usage is not None
    found = (usage.input, usage.cache_read, usage.cache_write_other, usage.output, usage.reasoning)
    assert found == expected
    assert usage.service_tier == "default"


@pytest.mark.parametrize(
    ("cost", "expected"),
    [(0.1, Decimal("0.1")), ("0.25", Decimal("0.25")), (0, Decimal(0)), ("free", None), (-1, None), (True, None)],
)
def test_a_cost_is_exact_or_unknown(cost: Any, expected: Decimal | None) -> None:
    raw = {"prompt_tokens": 1, "completion_tokens": 1, "cost": cost}
    usage = usage_of(raw, load_preset("openrouter"), tier=None, showed_reasoning=False)
    assert usage is not None and usage.provider_cost_usd == expected
