"""The embedded engine on real weights: a toy checkpoint whose every token is computed by CTranslate2 here."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest
from tokenizers import Tokenizer

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.ctranslate2 import local as ctranslate2_local
from evalkit.adapters.ctranslate2.batching import Gatherer
from evalkit.adapters.ctranslate2.chat_template import chat_template
from evalkit.adapters.ctranslate2.engine import Job
from evalkit.adapters.ctranslate2.llama_weights import converted
from evalkit.adapters.ctranslate2.local import CTranslate2Adapter
from evalkit.errors import Rejected, ServerError, SuiteError, Unsupported
from evalkit.records import Message, Request, Response, Settings
from tests.toy_checkpoint import MAX_TOKENS, make_toy


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_toy(tmp_path_factory.mktemp("toy") / "toy")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _one_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are converted, and tried in a process of their own, once for the file and not once a test."""
    monkeypatch.setenv("EVALKIT_CACHE", str(cache))


def make(folder: Path, **options: Any) -> CTranslate2Adapter:
    return ctranslate2_local.make(
        ModelSpec(name="mine", adapter="ctranslate2", model=str(folder), options={"intra_threads": 1, **options})
    )


@asynccontextmanager
async def loaded(folder: Path, **options: Any) -> AsyncIterator[CTranslate2Adapter]:
    adapter = make(folder, **options)
    try:
        yield adapter
    finally:
        await adapter.aclose()


def ask(text: str, **settings: Any) -> Request:
    return Request((Message("user", text),), Settings(**{"max_output_tokens": 12, **settings}))


def score(context: str, *continuations: str) -> Request:
    return Request((Message("user", context),), continuations=continuations)


def directly(folder: Path, tokens: list[str], limit: int) -> list[int]:
    """What the engine says when it is asked alone, without any of our code but the conversion."""
    engine = ctranslate2.Generator(str(converted(folder)), compute_type="float32", intra_threads=1)
    options = {"end_token": [2, 3], "return_end_token": True, "include_prompt_in_result": False}
    ids: list[int] = engine.generate_batch([tokens], max_length=limit, **options)[0].sequences_ids[0]
    return ids


async def test_answers_in_a_batch_are_those_that_the_engine_gives_alone(toy: Path) -> None:
    tokenizer = Tokenizer.from_file(str(toy / "tokenizer.json"))
    questions = ["what is red", "a", "the answer is what? " * 3, "blue", "green is the answer"]
    async with loaded(toy) as adapter:
        responses = await asyncio.gather(*(adapter.respond(ask(question)) for question in questions))
    for question, response in zip(questions, responses, strict=True):
        prompt = tokenizer.encode(f"<|bos|><|user|>{question}<|end|><|assistant|>", add_special_tokens=False)
        ids = directly(toy, prompt.tokens, 12)
        assert response.text == tokenizer.decode([one for one in ids if one not in {2, 3}])
        assert response.usage is not None
        assert (response.usage.input, response.usage.output, response.usage.reasoning) == (len(prompt.ids), len(ids), 0)
        assert response.stop_reason == ("stop" if ids[-1] in {2, 3} else "length")


async def test_a_limit_of_tokens_holds_for_each_answer_of_a_batch(toy: Path) -> None:
    async with loaded(toy) as adapter:
        limits = [1, 5, 12, 3]
        responses = await asyncio.gather(*(adapter.respond(ask("what is red", max_output_tokens=n)) for n in limits))
        whole = responses[2].text
    for limit, response in zip(limits, responses, strict=True):
        assert response.usage is not None and response.usage.output is not None
        assert response.usage.output == limit or response.stop_reason == "stop"
        assert whole.startswith(response.text.rstrip("�"))


async def test_times_are_in_order_and_count_the_wait(toy: Path) -> None:
    async with loaded(toy) as adapter:
        timing = (await adapter.respond(ask("what is red"))).timing
    assert timing.ttft_s is not None and timing.last_s is not None
    assert 0 < timing.ttft_s <= timing.last_s <= timing.total_s
    assert adapter.capabilities.streaming


async def test_the_event_loop_goes_on_while_the_engine_works(toy: Path) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    async with loaded(toy) as adapter:
        ticking = asyncio.create_task(tick())
        await asyncio.gather(*(adapter.respond(ask(f"what is {n}", max_output_tokens=40)) for n in range(32)))
        ticking.cancel()
    assert ticks > 100


async def test_a_stop_string_cuts_the_answer_before_itself(toy: Path) -> None:
    async with loaded(toy) as adapter:
        whole = (await adapter.respond(ask("what is red"))).text
        stop = whole[3:5]
        cut = await adapter.respond(ask("what is red", stop=("never said", stop)))
    assert cut.text == whole[: whole.index(stop)]
    assert cut.stop_reason == "stop"


async def test_greedy_is_the_default_and_a_temperature_samples(toy: Path) -> None:
    async with loaded(toy) as adapter:
        greedy = [await adapter.respond(ask("what is red", temperature=t)) for t in (None, 0.0, None)]
        hot = await asyncio.gather(
            *(adapter.respond(ask("what is red", temperature=5.0, top_p=0.99)) for _ in range(8))
        )
    assert len({response.text for response in greedy}) == 1
    assert len({response.text for response in hot}) > 1


async def test_what_the_engine_has_no_part_for_is_dropped_and_said_to_be(toy: Path) -> None:
    async with loaded(toy) as adapter:
        response = await adapter.respond(ask("x", seed=1, json_schema={}, reasoning_effort="low", top_logprobs=1))
        assert response.dropped == ("json_schema", "reasoning_effort", "seed", "top_logprobs")
        assert not adapter.capabilities.seed
        with pytest.raises(Unsupported, match="min_p"):
            await adapter.respond(ask("x", extra={"min_p": 0.1}))


async def test_a_prompt_that_does_not_fit_is_rejected_with_the_figures(toy: Path) -> None:
    async with loaded(toy) as adapter:
        with pytest.raises(Rejected, match=f"takes {MAX_TOKENS}"):
            await adapter.respond(ask("x y " * MAX_TOKENS))
        with pytest.raises(Rejected, match="at least 1"):
            await adapter.respond(ask("x", max_output_tokens=0))
        nearly = await adapter.respond(ask("x" * (MAX_TOKENS - 6), max_output_tokens=50))
        assert nearly.usage is not None and nearly.usage.input is not None and nearly.usage.output is not None
        assert nearly.usage.input + nearly.usage.output <= MAX_TOKENS


def by_hand(folder: Path, ids: list[int], start: int) -> tuple[float, bool]:
    """Log-likelihood of ids[start:] token by token, each from its own forward pass."""
    engine = ctranslate2.Generator(str(converted(folder)), compute_type="float32", intra_threads=1)
    total, greedy = 0.0, True
    for place in range(start, len(ids)):
        logits = np.array(engine.forward_batch([ids[:place]]))[0, -1].astype(np.float64)
        logprobs = logits - np.logaddexp.reduce(logits)
        total += logprobs[ids[place]]
        greedy &= int(logits.argmax()) == ids[place]
    return total, greedy


async def test_likelihoods_are_those_of_the_tokens_one_by_one(toy: Path) -> None:
    tokenizer = Tokenizer.from_file(str(toy / "tokenizer.json"))
    context, continuations = "what is the answer:", (" red", " blue is the answer", " x")
    async with loaded(toy) as adapter:
        response = await adapter.respond(score(context, *continuations))
    start = len(tokenizer.encode(context).ids)
    expected = [by_hand(toy, tokenizer.encode(context + one).ids, start) for one in continuations]
    assert response.logliks == pytest.approx([one for one, _ in expected], abs=1e-4)
    assert response.logliks_greedy == tuple(greedy for _, greedy in expected)
    assert response.loglik_tokens == tuple(len(tokenizer.encode(context + c).ids) - start for c in continuations)
    assert (response.text, response.timing.ttft_s) == ("", None)


async def test_the_greedy_flag_is_true_for_what_greedy_decoding_says(toy: Path) -> None:
    tokenizer = Tokenizer.from_file(str(toy / "tokenizer.json"))
    n_checked = 0
    async with loaded(toy) as adapter:
        for context in ("what is", "the answer is", "red", "blue green", "is what"):
            ids = tokenizer.encode(context).ids
            best = directly(toy, tokenizer.encode(context).tokens, 1)
            said = tokenizer.decode(best)
            if tokenizer.encode(context + said).ids == ids + best:  # the token reads back as itself
                response = await adapter.respond(score(context, said, said + " zebra"))
                assert response.logliks_greedy == (True, False)
                n_checked += 1
    assert n_checked


async def test_blanks_at_the_end_of_a_prompt_belong_to_the_continuation(toy: Path) -> None:
    async with loaded(toy) as adapter:
        first = await adapter.respond(score("the answer is", " red"))
        second = await adapter.respond(score("the answer is ", "red"))
    assert first.logliks == second.logliks


async def test_a_tokenizer_that_closes_texts_does_not_close_them_before_the_continuation(
    toy: Path, tmp_path: Path
) -> None:
    closing = make_toy(tmp_path / "closing", adds_eos=True)
    async with loaded(toy) as one, loaded(closing) as other:
        plain, closed = [await adapter.respond(score("the answer is", " red")) for adapter in (one, other)]
    assert closed.logliks == plain.logliks
    assert closed.loglik_tokens == plain.loglik_tokens


async def test_an_empty_prompt_is_scored_after_the_start_token(toy: Path, tmp_path: Path) -> None:
    async with loaded(make_toy(tmp_path / "toy", adds_bos=False)) as bare, loaded(toy) as adding:
        first, second = [await adapter.respond(score("", "red")) for adapter in (bare, adding)]
    assert first.logliks == second.logliks
    assert first.logliks is not None and math.isfinite(first.logliks[0])


async def test_a_continuation_without_a_token_is_rejected(toy: Path) -> None:
    async with loaded(toy) as adapter:
        with pytest.raises(Rejected, match="no token"):
            await adapter.respond(score("the answer is", ""))


async def test_scores_do_not_depend_on_what_shares_the_batch(toy: Path) -> None:
    async with loaded(toy) as adapter:
        alone = (await adapter.respond(score("the answer is", " red"))).logliks
        others = [score("what is the answer " * n, " red", " blue green") for n in range(1, 6)]
        together = await asyncio.gather(
            *(adapter.respond(one) for one in [*others, score("the answer is", " red"), ask("red")])
        )
    assert together[5].logliks == pytest.approx(alone, abs=1e-4)


async def test_a_template_that_writes_its_start_token_gets_no_second_one(toy: Path) -> None:
    async with loaded(toy) as adapter:
        tokens = adapter._prompt((Message("user", "red"),))
        assert tokens.count("<|bos|>") == 1
        assert tokens[:2] == ["<|bos|>", "<|user|>"]
        assert adapter.endpoint.facts["prompt"] == "chat template"


async def test_a_checkpoint_without_a_template_gets_plain_text(tmp_path: Path) -> None:
    async with loaded(make_toy(tmp_path / "base", template=None)) as adapter:
        tokens = adapter._prompt((Message("system", "red"), Message("user", "blue")))
        assert tokens[0] == "<|bos|>" and tokens.count("<|bos|>") == 1
        assert adapter.endpoint.facts["prompt"] == "plain text"


def test_a_template_is_code_of_a_stranger_and_stays_in_its_sandbox(tmp_path: Path) -> None:
    escape = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    render = chat_template(tmp_path, {"chat_template": escape})
    assert render is not None
    with pytest.raises(Rejected, match="chat template"):
        render((Message("user", "x"),))
    complaining = chat_template(tmp_path, {"chat_template": "{{ raise_exception('roles must alternate') }}"})
    assert complaining is not None
    with pytest.raises(Rejected, match="alternate"):
        complaining((Message("user", "x"),))
    with pytest.raises(ValueError, match="cannot be read"):
        chat_template(tmp_path, {"chat_template": "{% if %}"})


@pytest.mark.long
async def test_int8_is_another_model_than_float32(toy: Path) -> None:
    async with loaded(toy) as whole, loaded(toy, compute_type="int8") as small:
        assert whole.endpoint.place != small.endpoint.place
        assert whole.endpoint.lane == small.endpoint.lane == "cpu"
        assert not whole.endpoint.network and whole.endpoint.host is None
        first, second = [await adapter.respond(score("the answer is", " red")) for adapter in (whole, small)]
    assert first.logliks != second.logliks
    assert first.fingerprint != second.fingerprint


@pytest.mark.long
async def test_a_ready_ctranslate2_folder_is_taken_as_it_is(toy: Path, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    shutil.copytree(converted(toy), ready)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(toy / name, ready)
    async with loaded(toy) as one, loaded(ready) as other:
        first, second = [await adapter.respond(ask("what is red")) for adapter in (one, other)]
    assert first.text == second.text


async def test_a_shipped_checkpoint_answers_to_its_name() -> None:
    async with loaded(Path("tiny")) as adapter:
        response = await adapter.respond(ask("What is 3 + 4?"))
    assert response.served_model == "tiny"
    assert response.stop_reason == "stop"


def complaint(folder: Path | str, **options: Any) -> str:
    with pytest.raises(SuiteError) as caught:
        make(Path(folder), **options)
    return str(caught.value)


def test_what_cannot_work_is_said_before_the_run(toy: Path, tmp_path: Path) -> None:
    assert "there is no folder" in complaint(tmp_path / "nowhere")
    assert "this CPU computes in" in complaint(toy, compute_type="float3")
    assert "did you mean max_batch" in complaint(toy, max_batsch=3)
    assert complaint(toy, max_batch=0, intra_threads=-1, inter_threads=True).count("whole number") == 3
    (tmp_path / "empty").mkdir()
    assert "no tokenizer.json" in complaint(tmp_path / "empty")
    broken = tmp_path / "broken"
    shutil.copytree(toy, broken)
    (broken / "tokenizer.json").write_text("{")
    assert "tokenizer.json cannot be read" in complaint(broken)
    other = tmp_path / "other"
    shutil.copytree(toy, other)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"architectures": ["MambaForCausalLM"]}))
    assert "MambaForCausalLM" in complaint(other)
    (other / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    assert "config.json has no" in complaint(other)
    (other / "model.bin").write_bytes(b"no weights")
    assert "CTranslate2 cannot load it" in complaint(other)


class Item:
    def __init__(self, key: str, length: int, *, bad: bool = False) -> None:
        self.key, self.length, self.bad = key, length, bad


async def test_batches_hold_like_items_and_the_oldest_first() -> None:
    batches: list[list[Item]] = []

    def run(items: Sequence[Item]) -> None:
        assert threading.current_thread() is not threading.main_thread()
        batches.append(list(items))

    gatherer = Gatherer(run, max_batch=3, n_threads=1)
    items = [Item("a", length) for length in (50, 1, 2, 3, 49, 51)] + [Item("b", 1)]
    await asyncio.gather(*(gatherer.done(item) for item in items))
    await gatherer.done(Item("b", 2))  # a worker that has gone home comes back
    await gatherer.aclose()
    assert [sorted(item.length for item in batch) for batch in batches] == [[49, 50, 51], [1, 2, 3], [1], [2]]
    assert all(len({item.key for item in batch}) == 1 for batch in batches)


async def test_one_bad_item_spoils_no_other_of_its_batch() -> None:
    def run(items: Sequence[Item]) -> None:
        if any(item.bad for item in items):
            raise RuntimeError("bad item")

    gatherer = Gatherer(run, max_batch=4, n_threads=2)
    items = [Item("a", 1), Item("a", 1, bad=True), Item("a", 1)]
    results = await asyncio.gather(*(gatherer.done(item) for item in items), return_exceptions=True)
    await gatherer.aclose()
    assert [type(result) for result in results] == [type(None), RuntimeError, type(None)]


async def test_a_caller_that_gives_up_does_not_hold_up_the_others(toy: Path) -> None:
    async with loaded(toy, max_batch=1) as adapter:
        tasks = [asyncio.create_task(adapter.respond(ask(f"what is {n}", max_output_tokens=60))) for n in range(4)]
        await asyncio.sleep(0)  # all of them wait now, and none has run
        tasks[0].cancel()
        tasks[2].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError) and isinstance(results[2], asyncio.CancelledError)
    assert isinstance(results[1], Response) and isinstance(results[3], Response)


async def test_generation_ends_early_when_nobody_waits_for_it(toy: Path) -> None:
    async with loaded(toy) as adapter:
        prompt = adapter._prompt((Message("user", "what is red"),))
        jobs = [Job(("text", 0.0, 1.0), len(prompt), prompt, 40, given_up=given_up) for given_up in (True, False)]
        adapter._engine.run(jobs)
    assert len(jobs[0].ids) == 1 < len(jobs[1].ids)


async def test_a_failing_engine_is_an_error_of_the_tree(toy: Path) -> None:
    adapter = make(toy)
    adapter._engine.unload()
    with pytest.raises(ServerError, match="CTranslate2"):
        await adapter.respond(ask("x"))
    await adapter._gatherer.aclose()


async def test_another_chat_template_is_another_place_so_that_no_old_answer_is_served(tmp_path: Path) -> None:
    folder = make_toy(tmp_path / "toy")
    async with loaded(folder) as first:
        before = first.endpoint.place
    (folder / "chat_template.jinja").write_text("{% for m in messages %}{{ m.content }}!{% endfor %}")
    async with loaded(folder) as second:
        assert second.endpoint.place != before
