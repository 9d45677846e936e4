"""`gate --suite`: words of the suite that a pull request keeps beside something else that is asked.

`price_as`, `hosting`, prices of a file and a known name say what the suite's own model costs and may do. Beside another
model, server, precision or tier they are not the suite's word any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.decide.candidate_bills import _billed_as_another, _names_itself
from evalkit.decide.judged import Judged
from evalkit.facts import ModelFacts
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.test_gate_own_word import QUALITY, World

Capture = pytest.CaptureFixture[str]
CHEAP = "{cost: usd_per_sample, max_usd: 1, tail: smooth}"
PRICES = """
- {model: small, valid_from: 2025-01-01, input_per_mtok: 1, output_per_mtok: 1}
- {model: big, valid_from: 2025-01-01, input_per_mtok: 900, output_per_mtok: 900}
"""


@pytest.fixture
def world(tmp_path: Path, capsys: Capture) -> Iterator[World]:
    with FakeProvider.in_thread(Behaviour(output_tokens=7)) as provider:
        (tmp_path / "prices.yaml").write_text(PRICES)
        yield World(tmp_path, provider.base_url, capsys)


@pytest.mark.long(but=1)
@pytest.mark.parametrize("rule", [CHEAP, QUALITY])
@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"model": "a", "price_as": "small"}, {"model": "big"}, "model of its entry changed, and it would be billed"),
        ({"model": "a", "price_as": "openai:gpt-4.1"}, {"model": "b"}, "billed by the price_as that the suite says"),
        ({"model": "small", "price_as": "small"}, {"weights": "fp32"}, "weights of its entry changed"),
        ({"model": "small"}, {"settings": {"extra": {"service_tier": "priority"}}}, "settings.extra.service_tier"),
        ({"model": "small"}, {"settings": {"extra": {"serviceTier": "flex"}}}, "another service tier"),
        ({"model": "small"}, {"settings": {"extra": {"speed": "fast"}}}, "settings.extra.speed"),
    ],
)
def test_what_the_suite_says_of_a_price_holds_for_what_the_suite_asks(
    world: World, rule: str, before: dict[str, Any], after: dict[str, Any], said: str
) -> None:
    ours = world.suite("ours.yaml", rule, world.entry(**before))
    code, told = world.judged(world.suite("pr.yaml", rule, world.entry(**{**before, **after})), ours)
    assert (code == 2 and said in told) if rule == CHEAP else code == 0, told


def test_a_change_that_no_price_rests_on_is_free(world: World) -> None:
    """Another listed model of the suite's own server has its own price, and is judged."""
    ours = world.suite("ours.yaml", CHEAP, world.entry("small"))
    code, told = world.judged(world.suite("pr.yaml", CHEAP, world.entry("big", settings={"temperature": 1})), ours)
    assert code == 0, told


def test_a_price_of_a_file_is_not_that_of_a_server_of_ones_own(world: World) -> None:
    """The entry names no address: the preset's default is this machine."""
    ours = world.suite("ours.yaml", CHEAP, {"adapter": "openrouter", "model": "big"})
    other = {**world.entry("small"), "adapter": "vllm"}
    code, told = world.judged(world.suite("pr.yaml", CHEAP, other), ours)
    assert code == 2 and "a rule is about its cost" in told, told


@pytest.mark.parametrize(
    "changed",
    [
        *({"compute_type": "float32"}, {"inter_threads": 1}, {"intra_threads": 1}, {"max_batch": 1}, {"num_ctx": 9}),
        *(
            {"serve": {"tensor_parallel_size": 8}},
            {"serve": {"quantization": "fp8"}},
            {"adapter": "vllm"},
            {"lora": "x"},
        ),
        {"base_url": "http://127.0.0.1:9/v1"},
    ],
)
def test_a_load_sweep_speaks_for_what_it_measured(changed: dict[str, Any]) -> None:
    ours = {"adapter": "ctranslate2", "model": "tiny", "compute_type": "int8", "hosting": {"usd_per_gpu_hour": 1}}
    prices = {"model": "tiny", "source": "hosting (reserved, 50% busy; stated) by load sweep x", "usd_per_mtok": []}
    ran = ModelFacts.model_validate({"adapter": "ctranslate2", "priced_as": [None, "tiny"], "prices": prices})
    assert not list(_billed_as_another(Judged("cand", ours, {**ours, "settings": {"temperature": 1}}, ran)))
    (line,) = _billed_as_another(Judged("cand", ours, {**ours, **changed}, ran))
    assert next(iter(changed)) in line and "load sweep" in line


LOCAL, HOSTED = "http://127.0.0.1:8399/v1", {"adapter": "together", "model": "openai/gpt-oss-20b"}


@pytest.mark.parametrize(
    ("ours", "changed", "host", "itself"),
    [
        (HOSTED, {"adapter": "openai_chat", "base_url": LOCAL}, "127.0.0.1", True),
        (HOSTED, {"adapter": "vllm"}, "127.0.0.1", True),
        (HOSTED, {"adapter": "ollama-native"}, "localhost", True),
        (HOSTED, {"base_url": "https://other.example/v1"}, "other.example", True),
        (HOSTED, {"adapter": "azure", "resource": "mine"}, "mine.openai.azure.com", True),
        (HOSTED, {"adapter": "vllm", "serve": {"dtype": "auto"}}, "127.0.0.1", False),
        (HOSTED, {"adapter": "ctranslate2"}, None, False),
        (HOSTED, {"adapter": "groq"}, "api.groq.com", False),
        (HOSTED, {"model": "openai/gpt-oss-120b"}, "api.together.ai", False),
        (HOSTED, {"base_url": "https://named.example/v1/"}, "named.example", False),
        ({**HOSTED, "adapter": "vllm", "base_url": LOCAL}, {"model": "gpt-oss-120b"}, "127.0.0.1", False),
    ],
)
def test_a_server_of_ones_own_may_call_its_weights_anything(
    ours: dict[str, Any], changed: dict[str, Any], host: str | None, itself: bool
) -> None:
    ran = ModelFacts.model_validate({"adapter": "x", "host": host})
    one = Judged("cand", ours, {**ours, **changed}, ran)
    assert _names_itself(one, frozenset({"https://named.example/v1"})) is itself


def test_a_licence_is_not_believed_by_the_name_that_a_server_gives_itself(world: World) -> None:
    rule = "{licence: [Apache-2.0]}"
    ours = world.suite("ours.yaml", rule, HOSTED)
    elsewhere = {**world.entry("gpt-oss-20b"), "base_url": world.url.replace("127.0.0.1", "localhost")}
    code, told = world.judged(world.suite("pr.yaml", rule, elsewhere), ours)
    assert code == 2 and "is a name that its own server gives it" in told, told
    assert world.judged(world.suite("pr.yaml", rule, world.entry("gpt-oss-20b")), ours)[0] == 0, (
        "the suite's own server"
    )
