"""evalkit's own adapters and scorers through the kit that plug-ins use (`evalkit.testing.conformance`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

import pytest

from evalkit.adapters.assembly import assemble
from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.adapters.dialects import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    ollama_native,
    openai_chat,
    openai_responses,
)
from evalkit.adapters.presets import load_preset
from evalkit.errors import Overloaded
from evalkit.records import Message, Response, Sample, Score
from evalkit.scorers.registry import known_scorers, make_scorer, own_scorers
from evalkit.scorers.scores import right_or_wrong
from evalkit.testing.conformance import ADAPTER_CHECKS, Case, FakeServer, check_adapter, check_scorer
from evalkit.testing.fake_provider import Behaviour

OPENAI = FakeServer(adapter="openai", endpoint="/v1/responses", key_env=("OPENAI_API_KEY",))
ANTHROPIC = FakeServer(
    adapter="anthropic",
    path="",
    endpoint="/v1/messages",
    key_env=("ANTHROPIC_API_KEY",),
    faults={"error_mid": Overloaded},
    refuses_with="I can't help with that.",
)
GEMINI = FakeServer(
    adapter="gemini",
    path="",
    key_env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    faults={"error_mid": Overloaded},
)
CHAT = FakeServer(
    adapter="deepseek",
    endpoint="/v1/chat/completions",
    key_env=("DEEPSEEK_API_KEY",),
    behaviour=Behaviour(reasoning_field="reasoning_content"),
)
BEDROCK = FakeServer(
    adapter="bedrock-converse",
    path="",
    endpoint="/converse-stream",
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    options={"region": "us-east-1"},
    faults={"error_mid": Overloaded},
    names_model=False,
    counts_reasoning=False,
)
OLLAMA = FakeServer(
    adapter="ollama-native",
    path="",
    endpoint="/api/chat",
    counts_reasoning=False,
    counts_cached=False,
    refuses_with="I can't help with that.",
    refusals=False,
)
"""Its key is wanted by its cloud alone, so that no check of a missing key fits it."""


def _chat(spec: ModelSpec) -> Adapter:
    return openai_chat.make(spec, load_preset("deepseek"))


ADAPTERS: Mapping[str, tuple[Callable[[ModelSpec], Adapter], FakeServer]] = {
    "openai": (openai_responses.make, OPENAI),
    "anthropic": (anthropic_messages.make, ANTHROPIC),
    "gemini": (gemini.make, GEMINI),
    "chat": (_chat, CHAT),
    "bedrock": (bedrock_converse.make, BEDROCK),
    "ollama": (ollama_native.make, OLLAMA),
}


@pytest.mark.parametrize("check", ADAPTER_CHECKS)
@pytest.mark.parametrize("name", ADAPTERS)
async def test_our_adapters_conform(name: str, check: str) -> None:
    make, server = ADAPTERS[name]
    assert await check_adapter(make, server, only=check) == []


class _Broken:
    """An adapter with one defect, around one that has none."""

    def __init__(self, inner: Adapter) -> None:
        self.inner = inner
        self.spec, self.capabilities, self.endpoint = inner.spec, inner.capabilities, inner.endpoint

    async def respond(self, request: Any) -> Response:
        return await self.inner.respond(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


class _Retries(_Broken):
    async def respond(self, request: Any) -> Response:
        try:
            return await self.inner.respond(request)
        except Exception:  # noqa: BLE001 - the defect under test
            return await self.inner.respond(request)


class _Raises(_Broken):
    async def respond(self, request: Any) -> Response:
        try:
            return await self.inner.respond(request)
        except Exception as error:
            raise ValueError("no") from error


class _DropsUsage(_Broken):
    async def respond(self, request: Any) -> Response:
        from dataclasses import replace

        return replace(await self.inner.respond(request), usage=None)


class _ShowsKey(_Broken):
    def __repr__(self) -> str:
        import os

        return f"Adapter(key={os.environ.get('DEEPSEEK_API_KEY')})"


class _Blind(_Broken):
    async def respond(self, request: Any) -> Response:
        from dataclasses import replace

        return await self.inner.respond(replace(request, messages=(Message("user", request.prompt),)))


@pytest.mark.parametrize(
    ("broken", "check", "said"),
    [
        (_Blind, "pictures_reach_the_model", "images is a capability, and two pictures and a text did not arrive"),
        (_Retries, "every_fault_has_its_kind", "never retry"),
        (_Raises, "every_fault_has_its_kind", "Nothing but a RequestError"),
        (_DropsUsage, "an_answer_comes_whole_with_its_bill", "usage is None"),
        (_ShowsKey, "the_key_is_in_one_header_and_nowhere_else", "the key is in a URL, a message or a repr"),
    ],
)
async def test_the_kit_finds_what_is_wrong_with_an_adapter(broken: type[_Broken], check: str, said: str) -> None:
    findings = await check_adapter(lambda spec: broken(_chat(spec)), CHAT, only=check)
    assert [finding.check for finding in findings] == [check]
    assert said in findings[0].says


async def test_a_key_in_a_header_of_its_own_conforms_where_the_kit_is_told_which(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gemini, "assemble", lambda *given, header: assemble(*given, header="x-brook-key"))
    check = "the_key_is_in_one_header_and_nowhere_else"
    assert await check_adapter(gemini.make, replace(GEMINI, key_header="X-Brook-Key"), only=check) == []
    for wrong in (GEMINI, replace(GEMINI, key_header="x-other")):
        (finding,) = await check_adapter(gemini.make, wrong, only=check)
        assert "FakeServer(key_header=...)" in finding.says


ABC = ("red", "green", "blue")
SCORERS: Mapping[str, tuple[Mapping[str, Any], list[Case]]] = {
    "choice": (
        {},
        [
            Case("The answer is B.", target="B", choices=ABC, right=True),
            Case("A", target="B", choices=ABC, right=False),
        ],
    ),
    "exact": ({}, [Case(" Paris\n", target="Paris", right=True), Case("Paris!", target="Paris", right=False)]),
    "contains": ({}, [Case("It is Paris.", target="Paris", right=True), Case("Rome", target="Paris", right=False)]),
    "regex": (
        {"pattern": r"Ticket (\d+)"},
        [Case("Ticket 12", target="12", right=True), Case("none", target="12", right=False)],
    ),
    "numbers": ({}, [Case("The answer is 42.", target="42", right=True), Case("41", target="42", right=False)]),
    "json": ({}, [Case('{"a": 1}', right=True), Case("a: 1", right=False)]),
    "math": ({}, [Case("$\\frac{1}{2}$", target="1/2", right=True), Case("2", target="1/2", right=False)]),
    "overlap": ({}, [Case("a cat sat", target="a cat sat", right=True), Case("dogs", target="a cat sat", right=False)]),
    "fields": ({}, [Case('{"a": 1}', target='{"a": 1}', right=True), Case('{"a": 2}', target='{"a": 1}', right=False)]),
}


@pytest.mark.parametrize("name", SCORERS)
def test_our_scorers_conform(name: str) -> None:
    options, cases = SCORERS[name]
    assert check_scorer(partial(make_scorer, name), cases, options) == []


def test_a_plain_function_can_be_checked_too() -> None:
    def names_it(answer: str, record: Mapping[str, Any], *, ignore_case: bool = True) -> bool:
        wanted = record["city"]
        return wanted.lower() in answer.lower() if ignore_case else wanted in answer

    cases = [Case("paris", {"city": "Paris"}, right=True), Case("Rome", {"city": "Paris"}, right=False)]
    assert check_scorer(names_it, cases) == []
    assert [finding.check for finding in check_scorer(names_it, cases, {"ignore_case": False})] == [
        "every_case_gets_its_score"
    ]


def _always(answer: str, record: Mapping[str, Any]) -> bool:
    return True


def _raises(answer: str, record: Mapping[str, Any]) -> bool:
    return {"Paris": True, "Rome": False}[answer]


def _too_much(answer: str, record: Mapping[str, Any]) -> float:
    return 2.0 if answer == "Rome" else 1.0


def _takes_anything(options: Mapping[str, Any]) -> Any:
    from evalkit.scorers.base import Scorer

    def score(sample: Sample, response: Response) -> Score:
        return right_or_wrong(response.text == "Paris", None)

    return Scorer("any", 1, score, lambda sample: "London", options={})


def _counts(options: Mapping[str, Any], *, gold: Callable[[Sample], str | None] = lambda sample: None) -> Any:
    from evalkit.scorers.base import Scorer
    from evalkit.scorers.options import read

    def score(sample: Sample, response: Response) -> Score:
        return right_or_wrong(len(response.text.split()) == int(sample.target or 0), None)

    return Scorer("counts", 1, score, gold, options=read("counts", options, {}))


def test_the_kit_gives_a_scorer_targets_that_are_of_no_use() -> None:
    cases = [Case("one two", target="2", right=True), Case("one", target="2", right=False)]
    raises = partial(_counts, gold=lambda sample: "word " * int(sample.target or ""))
    for make, says in ((_counts, "broke on this reply (ValueError)"), (raises, "gold raised ValueError")):
        (found,) = check_scorer(make, cases)
        assert found.check == "a_target_that_is_no_use_makes_it_fail_nowhere"
        assert "the target 'word': " in found.says and says in found.says


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (_always, "every_case_gets_its_score"),
        (_raises, "nothing_that_a_model_says_makes_it_fail"),
        (_too_much, "every_case_gets_its_score"),
        (_takes_anything, "an_unknown_option_is_refused"),
        (_takes_anything, "its_own_right_answer_gets_full_marks"),
    ],
)
def test_the_kit_finds_what_is_wrong_with_a_scorer(broken: Callable[..., Any], found: str) -> None:
    cases = [Case("Paris", right=True), Case("Rome", value=0.0)]
    assert found in {finding.check for finding in check_scorer(broken, cases)}


def test_every_scorer_that_answers_alone_is_in_the_table() -> None:
    apart = {"code", "end-state", "instructions", "judge", "several", "tools", "verdict"}  # programs, judges, parts ...
    kinds = {name for name, path in own_scorers().items() if path.startswith("evalkit.scorers.kinds.")}
    assert {name for name in known_scorers()} - apart == set(SCORERS) | kinds


@pytest.mark.parametrize("path", [path for path in own_scorers().values() if path.startswith("evalkit.scorers.kinds.")])
def test_a_scorer_in_a_file_of_its_own_conforms_by_its_examples(path: str) -> None:
    module = import_module(path.partition(":")[0])
    assert check_scorer(module.make, module.EXAMPLES) == []
