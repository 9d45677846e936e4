"""`gate --suite`: what a pull request may not say of its own candidate, nor leave in a cache or in an earlier run."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.budget import most_output
from evalkit.engine.callouts import callouts
from evalkit.records import Row, Settings
from evalkit.store.sealing import rows_of
from evalkit.suite.extra_fields import other_limits, others_asked, prompt_fields, providers_asked
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.gate_world import Gate, gate, scores, stored
from tests.run_facts import set_facts
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]

COST = "{cost: usd_per_sample, max_ratio: 0.5, tail: smooth}"
QUALITY = "{quality: all, margin: 0.5}"
RATIO = "{latency: total_p50, max_ratio: 50}"


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider.in_thread(Behaviour(output_tokens=7)) as started:
        yield started


class World:
    """A protected suite and a pull request's, over the same items, asked of one server."""

    def __init__(self, folder: Path, url: str, capsys: Capture, n_items: int = 40) -> None:
        self.folder, self.url, self.capsys = folder, url, capsys
        with (folder / "items.jsonl").open("w") as items:
            for n in range(n_items):
                items.write(json.dumps({"id": f"q{n}", "question": f"Is it {n}?", "answer": "B", "n": n}) + "\n")

    def entry(self, model: str, **more: Any) -> dict[str, Any]:
        settings = {"max_output_tokens": 16, **more.pop("settings", {})}
        return {"adapter": "openai_chat", "model": model, "base_url": self.url, "settings": settings, **more}

    def suite(self, name: str, rule: str, cand: dict[str, Any], **more: Any) -> Path:
        models = {"base": self.entry("base", price_as="openai:gpt-4.1"), "cand": cand, **more.pop("models", {})}
        path = self.folder / name
        path.write_text(
            f"name: own-word\nsensitivity: public\nmodels: {json.dumps(models)}\n"
            "tasks:\n  - {name: t, data: {path: items.jsonl, id: id}, prompt: '{{ question }}', target: '{{ answer }}',"
            " choices: [A, B], score: choice}\n"
            f"run: {json.dumps({'in_flight': 4, **more})}\n"
            f"gate: {{baseline: base, candidates: [cand], early_stop: 'off', rules: [{rule}]}}\n"
        )
        return path

    def run(self, suite: Path, *options: object) -> Ran:
        return evalkit(self.capsys, "run", suite, "--results", self.folder / "results", *options)

    def gate(self, suite: Path, *options: object) -> Ran:
        return evalkit(self.capsys, "gate", "latest", "--suite", suite, "--results", self.folder / "results", *options)

    def judged(self, theirs: Path, ours: Path) -> tuple[int, str]:
        ran = self.run(theirs)
        assert ran.code == 0, ran.err
        decided = self.gate(ours)
        return decided.code, " ".join((decided.out + decided.err).split())


@pytest.fixture
def world(tmp_path: Path, provider: FakeProvider, capsys: Capture) -> World:
    return World(tmp_path, provider.base_url, capsys)


@pytest.fixture
def few(tmp_path: Path, provider: FakeProvider, capsys: Capture) -> World:
    """A world of 8 items, for runs whose scores are not what a test is about."""
    return World(tmp_path, provider.base_url, capsys, 8)


def test_the_cache_does_not_choose_which_answers_are_timed(tmp_path: Path, capsys: Capture) -> None:
    """The slow fifth was asked by an earlier suite, and comes out of the cache in this run."""
    judge = Gate(capsys, tmp_path)
    rule = {"latency": "total_p90", "max_s": 1.0}

    def slow(row: Row) -> Row:
        n = int(row.sample_id[1:])
        return replace(row, total_s=5.0 + n / 1000, cached=True) if n % 5 == 0 else row

    ran = judge(stored(judge.results, {"base": scores(300), "cand": scores(300)}, gate(rule), change=slow))
    assert ran.code == 3, ran.out
    assert "60 items came from the cache" in " ".join(ran.out.split()) and "--no-cache" in ran.out


def test_a_few_answers_of_the_cache_do_not_hold_a_limit_up(tmp_path: Path, capsys: Capture) -> None:
    judge = Gate(capsys, tmp_path)
    rule = {"latency": "total_p90", "max_s": 9.0}

    def few(row: Row) -> Row:
        return replace(row, cached=int(row.sample_id[1:]) < 6)

    assert judge(stored(judge.results, {"base": scores(300), "cand": scores(300)}, gate(rule), change=few)).code == 0


@pytest.mark.long(but=1)
@pytest.mark.parametrize("cheap", [{"price_as": "openai:gpt-4.1-nano"}, {"reported_cost": True}])
def test_an_answer_of_the_cache_has_no_bill_of_an_earlier_suite(world: World, cheap: dict[str, Any]) -> None:
    plain = world.entry("x", weights="one")
    ours = world.suite("ours.yaml", COST, plain)
    assert world.run(world.suite("first.yaml", COST, {**plain, **cheap})).code == 0
    code, said = world.judged(ours, ours)
    assert code == 3, said
    assert "of 40 answers of either side cost is unknown" in said


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("rule", "first", "said"),
    [
        (COST, {"price_as": "openai:gpt-4.1-nano"}, "models.cand.price_as: changed while the run was made"),
        (RATIO, {"timeout_s": 5}, "run.timeout_s: changed while the run was made"),
        (RATIO, {"idle_timeout_s": 3}, "run.idle_timeout_s: changed while the run was made"),
        (COST, {"hosting": {"usd_per_gpu_hour": 1}}, "models.cand.hosting: changed while the run was made"),
    ],
)
def test_a_resumed_run_tells_what_its_first_part_was_asked_with(
    world: World, rule: str, first: dict[str, Any], said: str
) -> None:
    of_run = {key: value for key, value in first.items() if key.endswith("_s")}
    plain = world.entry("x", price_as="openai:gpt-4.1", weights="one")
    ours = world.suite("ours.yaml", rule, plain)
    theirs = world.suite("pr.yaml", rule, {**plain, **{k: v for k, v in first.items() if k not in of_run}}, **of_run)
    assert world.run(theirs, "--max-cost", "0.0012", "--no-cache").code == 4
    assert world.run(ours, "--no-cache").code == 0
    assert len(run_folders(world.folder / "results")) == 1, "the second suite resumed the first one's run"
    decided = world.gate(ours)
    assert decided.code == 2, decided.out
    assert said in " ".join(decided.err.split())
    assert world.run(ours, "--new", "--no-cache").code == 0
    assert "changed while the run was made" not in world.gate(ours).err


def test_nobody_else_is_asked_beside_a_baseline_whose_times_count(few: World) -> None:
    cand = few.entry("x")
    beside = {"more": few.entry("y", base_url=few.url.replace("127.0.0.1", "localhost"))}
    ours, theirs = few.suite("ours.yaml", RATIO, cand), few.suite("pr.yaml", RATIO, cand, models=beside)
    code, said = few.judged(theirs, ours)
    assert code == 2 and "more: asked in the same run, but not a model of the suite" in said
    code, said = few.judged(theirs, theirs)
    assert "asked in the same run" not in said, "a suite may say so itself"
    free = few.suite("free.yaml", QUALITY, cand)
    assert "asked in the same run" not in " ".join(few.gate(free).err.split()), "no rule compares times"


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    "extra",
    [
        {"instructions": "The answers: B"},
        {"system_instruction": {"parts": [{"text": "B"}]}},
        {"systemPrompt": "B"},
        {"chat_template": "B"},
        {"documents": [{"text": "B"}]},
        {"extra_fields": {"preamble": "B"}},
        {"chat-history": [{"message": "B"}]},
        {"continue_final_message": True},
        {"unheard_of": "B " * 200},
        {"unheard_of": {str(n): "B" for n in range(200)}},
    ],
)
def test_a_candidate_reads_no_prompt_of_its_own(few: World, extra: dict[str, Any]) -> None:
    ours = few.suite("ours.yaml", QUALITY, few.entry("x"))
    theirs = few.suite("pr.yaml", QUALITY, few.entry("x", settings={"extra": extra}))
    code, said = few.judged(theirs, ours)
    assert code == 2, said
    assert f"settings.extra.{next(iter(extra))}" in said and "would read what the suite does not say" in said
    assert few.gate(theirs).code != 2, "a suite may say so itself"


@pytest.mark.parametrize(
    "settings",
    [
        {"extra": {"top_k": 40, "service_tier": "flex", "chat_template_kwargs": {"enable_thinking": False}}},
        {"temperature": 0.5, "reasoning_effort": "low"},
        {
            "extra": {
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "f",
                            "parameters": {"type": "object", "properties": {"prompt": {"type": "string"}}},
                        },
                    }
                ]
            }
        },
    ],
)
def test_what_tunes_a_candidate_is_its_own(few: World, settings: dict[str, Any]) -> None:
    ours = few.suite("ours.yaml", QUALITY, few.entry("x"))
    code, said = few.judged(few.suite("pr.yaml", QUALITY, few.entry("x", settings=settings)), ours)
    assert code in {0, 1, 3}, said


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    ("had", "change", "said"),
    [
        ({"price_as": "openai:gpt-4.1"}, {"price_as": None}, "price_as of its entry changed"),
        ({}, {"adapter": "groq", "model": "llama-3.1-8b-instant"}, "its adapter or address changed"),
        ({}, {"adapter": "xai", "model": "grok-unpriced"}, "what this address itself says that it bills"),
        ({}, {"settings": {}}, "settings.max_output_tokens was taken away"),
        ({}, {"settings": {"max_output_tokens": 16, "extra": {"max_new_tokens": 9000}}}, "sets max_new_tokens"),
    ],
)
def test_a_candidate_is_billed_as_the_suite_says(
    few: World, had: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    entry = few.entry("x", **had)
    ours = few.suite("ours.yaml", COST, entry)
    theirs = {key: value for key, value in {**entry, **change}.items() if value is not None}
    code, told = few.judged(few.suite("pr.yaml", COST, theirs), ours)
    assert code == 2, told
    assert said in told
    free = few.suite("free.yaml", QUALITY, entry)
    assert said not in " ".join(few.gate(free).err.split()), "no rule is about cost"


def test_a_promoted_baseline_comes_from_a_folder_that_the_person_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    ours = world.suite("ours.yaml", QUALITY, world.entry("x"))
    ours.write_text(ours.read_text().replace("baseline: base,", "baseline: baseline@prod,"))
    assert world.run(ours).code == 0
    promote = ("baseline", "promote", "latest", "--model", "base", "--as", "prod", "--by", "Ada", "--why", "It serves.")
    assert evalkit(world.capsys, *promote, "--results", world.folder / "results").code == 0
    refused = world.gate(ours)
    assert refused.code == 2 and "--baselines DIR" in refused.err
    assert world.gate(ours, "--baselines", "baselines").code in {0, 1, 3}
    monkeypatch.setenv("EVALKIT_BASELINES", str(world.folder / "baselines"))
    assert world.gate(ours).code in {0, 1, 3}


@pytest.mark.parametrize(
    "extra",
    [
        {"max_tokens": 9000},
        {"max_completion_tokens": 9000},
        {"maxOutputTokens": 9000},
        {"max-new-tokens": 9000},
        {"generationConfig": {"maxOutputTokens": 9000}},
        {"generation_config": {"candidateCount": 8}},
        {"options": {"num_predict": 9000}},
        {"best_of": 20},
        {"parameters": {"inner": [{"max_length": 9000}]}},
        {"max_tokens": None},
        {"generationConfig": None},
        {"inference_config": None},
        {"models": ["openai/o1-pro"]},
        {"extra_body": {"route": "fallback"}},
        {"provider": {"order": ["dear"]}},
        {"generationConfig": {"maxOutputTokens": None}},
    ],
)
def test_a_budget_is_not_kept_by_a_limit_that_is_not_sent(few: World, extra: dict[str, Any]) -> None:
    entry = few.entry("x", price_as="openai:gpt-4.1", settings={"extra": extra})
    ran = evalkit(few.capsys, "plan", few.suite("s.yaml", QUALITY, entry), "--max-cost", "1")
    assert ran.code == 2, ran.out
    assert (
        "cannot be kept for cand" in ran.err
        and (*other_limits(extra), *others_asked(extra), *providers_asked(extra))[0] in ran.err
    )


def test_a_budget_counts_what_thinking_may_take_beside_the_limit(few: World) -> None:
    """At some providers `max_tokens` leaves the chain of thought out: a cap of 5 cents was passed 77 times."""
    for extra, limit in (
        ({"enable_thinking": True, "thinking_budget": 32_000}, 32_016),
        ({"thinking": {"type": "enabled", "budgetTokens": "32000"}}, 32_016),
        ({"chat_template_kwargs": {"maxThinkingTokens": 32_000}}, 32_016),
        ({"cot_length": 32_000}, 32_016),
        ({"enable_thinking": True, "reasoning_effort": "max", "include_thoughts": True}, 16),
        ({}, 16),
    ):
        assert most_output(Settings(max_output_tokens=16, extra=extra)) == limit
    assert most_output(Settings(extra={"thinking_budget": 5})) is None
    for extra, host, taken in (
        ({"thinking_budget": -1}, None, False),
        ({"thinking_budget": "dynamic"}, None, False),
        ({"enable_thinking": True}, None, True),
        ({"enable_thinking": True}, "dashscope-intl.aliyuncs.com", False),
        ({"enable_thinking": True, "thinking_budget": 4_000}, "dashscope-intl.aliyuncs.com", True),
        ({"enable_thinking": False}, "dashscope-intl.aliyuncs.com", True),
        ({"top_k": 3}, "dashscope-intl.aliyuncs.com", False),
        ({"metadata": {"enable_thinking": False, "thinking_budget": 1}}, "dashscope-intl.aliyuncs.com", False),
        ({"thinking": {"type": "enabled"}}, "gateway.corp.example", False),
        ({"thinking": {"type": "disabled"}}, "gateway.corp.example", True),
        ({"thinking": {"type": "enabled"}, "thinking_budget": 4_000}, "gateway.corp.example", True),
        ({"thinking": {"type": "enabled"}}, "api.deepseek.com", True),
        ({"thinking": {"type": "enabled"}}, "api.deepseek.com.corp.example", False),
    ):
        settings = {"extra": extra, "max_output_tokens": 16}
        entry = few.entry("deepseek-v4-flash", price_as="openai:gpt-4.1", settings=settings)
        entry |= {} if host is None else {"base_url": f"https://{host}/v1"}
        plan = few.suite("s.yaml", QUALITY, entry)
        ran = evalkit(few.capsys, "plan", plan, "--max-cost", "100", "--allow-key-host", host or "127.0.0.1")
        assert (ran.code, "cannot be kept for cand" in ran.err) == ((0, False) if taken else (2, True)), ran.err


@pytest.mark.long
def test_a_long_text_in_extra_is_searched_in_linear_time() -> None:
    for text in ("x" * 1_000_000, "a.b-" * 250_000, "://" * 300_000, " //a" * 250_000, "//" + "a." * 500_000 + "1"):
        started = time.process_time()
        callouts("gpt", {"a": text})
        assert time.process_time() - started < 5
    (found,) = callouts("gpt", {"a": "x" * 100_000 + "://evil.example/x"})
    assert found.host == "evil.example"


def test_repeats_have_an_end(few: World) -> None:
    ran = evalkit(few.capsys, "plan", few.suite("s.yaml", QUALITY, few.entry("x"), repeats=10**18))
    assert ran.code == 2 and "run.repeats" in ran.err and "1000" in ran.err


def test_names_of_prompts_are_found_wherever_they_stand() -> None:
    deep: Any = {"prompt": "x"}
    for _ in range(5):
        deep = {"inner": [deep]}
    assert prompt_fields(deep) and prompt_fields({"a": {"SystemPrompt": "x"}})
    assert not prompt_fields({"prompt": None, "top_k": 3, "prompt_cache_key": "a"})


def test_a_licence_that_the_suite_says_is_of_the_model_that_it_names(world: World) -> None:
    ours = world.suite("ours.yaml", "{licence: [MIT]}", world.entry("cand", licence="MIT"))
    theirs = world.suite(
        "theirs.yaml", "{licence: [MIT]}", {**world.entry("cand", licence="MIT"), "model": "restricted"}
    )
    code, said = world.judged(theirs, ours)
    assert code == 2, said
    assert "under the licence that the suite says of its own" in said
    code, said = world.judged(world.suite("same.yaml", "{licence: [MIT]}", world.entry("cand", licence="MIT")), ours)
    assert code == 0, said


def test_a_run_that_was_resumed_under_another_load_shows_no_times(world: World) -> None:

    rule = "{latency: total_p50, max_s: 9}"
    ours = world.suite("ours.yaml", rule, world.entry("cand"))
    code, said = world.judged(ours, ours)
    assert code == 0, said
    (folder,) = [path for path in (world.folder / "results").iterdir() if (path / "run.json").is_file()]
    set_facts(folder, in_flight="1, then 4")  # as `engine.session` writes it when a run is gone on with
    ran = world.gate(ours)
    assert ran.code == 2, ran.out
    assert "resumed under another load" in " ".join(ran.err.split())


def test_prices_that_the_person_names_stand_before_what_a_moved_candidate_says_of_its_bill(
    world: World, provider: FakeProvider
) -> None:
    """A pull request moves its candidate to a server that calls each answer a bargain."""
    provider.behaviour = replace(provider.behaviour, billed={"cost_in_usd_ticks": 1})
    ours = world.suite("ours.yaml", COST, world.entry("x", price_as="openai:gpt-4.1"))
    moved = world.entry("theirs", base_url=world.url.replace("127.0.0.1", "localhost"))
    theirs = world.suite("pr.yaml", COST, moved)
    prices = world.folder / "named.yaml"
    prices.write_text(
        "- {model: other, valid_from: 2026-01-01, currency: USD, input_per_mtok: 1, output_per_mtok: 2}\n"
    )
    assert world.run(theirs, "--prices", prices).code == 0
    refused = world.gate(ours)
    assert refused.code == 2 and "this model's too" in " ".join(refused.err.split())
    prices.write_text(prices.read_text() + prices.read_text().replace("other", "theirs"))
    assert world.run(theirs, "--prices", prices, "--new").code == 0
    folder = max(run_folders(world.folder / "results"), key=lambda one: (one / "run.json").stat().st_mtime_ns)
    paid = {row.cost_usd for row in rows_of(folder) if row.model == "cand"}
    assert paid and all(cost is not None and cost > Decimal("0.000001") for cost in paid)


def test_a_cap_rests_on_the_list_of_whoever_s_host_it_is_in_any_dialect(few: World) -> None:
    """`openai-chat` at OpenAI's own address took the suite's word for a price 300 times too low (R17-1)."""
    for host, taken in (("api.openai.com", False), ("eu.api.openai.com", False), ("llm.corp.example", True)):
        entry = {**few.entry("gpt-5-pro", price_as="openai:gpt-5-nano"), "base_url": f"https://{host}/v1"}
        plan = few.suite("s.yaml", QUALITY, entry)
        ran = evalkit(few.capsys, "plan", plan, "--max-cost", "100", "--allow-key-host", host)
        assert (ran.code, "below the list of openai" in ran.err) == ((0, False) if taken else (2, True)), ran.err


def test_a_cap_rests_on_the_person_s_price_of_the_model_that_is_asked(few: World) -> None:
    """A file that was named made every word of the suite good, and its line for the model was not read where the suite
    had `price_as` (A2-5)."""
    mine = few.folder / "mine.yaml"
    entry = {**few.entry("deepseek-chat", price_as="openai:gpt-5-nano"), "base_url": "https://api.deepseek.com/v1"}
    plan = few.suite("s.yaml", QUALITY, entry)
    for model, taken in (("deepseek-chat", True), ("another", False)):
        mine.write_text(f"- {{model: {model}, valid_from: 2025-01-01, input_per_mtok: 3000, output_per_mtok: 8000}}\n")
        more = ("--prices", mine, "--allow-key-host", "api.deepseek.com")
        ran = evalkit(few.capsys, "plan", plan, "--max-cost", "100", *more)
        assert (ran.code, "cannot rest on the suite's word" in ran.err) == ((0, False) if taken else (2, True)), ran.err
    mine.write_text("- {model: deepseek-chat, valid_from: 2025-01-01, input_per_mtok: 3000, output_per_mtok: 8000}\n")
    told = evalkit(few.capsys, "plan", plan, "--prices", mine, "--allow-key-host", "api.deepseek.com", "--json")
    assert "gpt-5-nano" not in told.out
    listed = {**few.entry("gpt-5-pro", price_as="openai:gpt-5-nano"), "base_url": "https://api.openai.com/v1"}
    mine.write_text("- {model: gpt-5-nano, valid_from: 2025-01-01, input_per_mtok: 1, output_per_mtok: 1}\n")
    more = ("--max-cost", "100", "--prices", mine, "--allow-key-host", "api.openai.com")
    dear = evalkit(few.capsys, "plan", few.suite("s.yaml", QUALITY, listed), *more)
    assert dear.code == 2 and "below the list of openai" in dear.err, (
        "a cheap model's price is none of a dear one (R19-1)"
    )
