"""`evalkit plan`: what a run would take, said before anything is sent, and how near it comes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from evalkit.engine.budget import prompt_bytes, request_bytes
from evalkit.records import Message, Request, Settings
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.conftest import REPO
from tests.world import evalkit, write_suite


def _priced(base_url: str, model: str = "x") -> str:
    where = f'adapter: openai_chat, model: {model}, weights: one, base_url: "{base_url}"'
    return f'  gpt: {{{where}, price_as: "openai:gpt-5.5"}}'


def test_a_first_plan_gives_a_range_and_says_what_it_assumes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeProvider.in_thread(Behaviour(output_tokens=7)) as provider:
        suite = write_suite(tmp_path, provider.base_url, models=_priced(provider.base_url), n=30)
        (model,) = evalkit(capsys, "plan", suite, "--json").json["models"]
        assert len(provider.account) == 0
        assert model["n_requests"] == 30
        assert model["usd"]["value"] is None  # nobody knows how long the answers will be
        low, high = Decimal(model["usd"]["low"]), Decimal(model["usd"]["high"])
        ran = evalkit(capsys, "run", suite, "--json").json
        spent = Decimal(str(ran["models"]["gpt"]["all"]["cost"]["total_usd"]))
        assert low <= spent <= high
        shown = evalkit(capsys, "plan", suite, "--no-cache")
        assert "127.0.0.1" in shown.out
        assert shown.code == 0


@pytest.mark.long
def test_what_earlier_runs_taught_makes_the_next_plan_exact_and_what_was_bought_is_free(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeProvider.in_thread(Behaviour(output_tokens=7, latency_s=0.02)) as provider:
        first = write_suite(tmp_path, provider.base_url, models=_priced(provider.base_url), n=20)
        spent = evalkit(capsys, "run", first, "--json").json["models"]["gpt"]["all"]["cost"]["total_usd"]
        (again,) = evalkit(capsys, "plan", first, "--json").json["models"]
        assert (again["n_requests"], again["n_cached"]) == (0, 20)
        assert Decimal(again["usd"]["value"]) == 0
        (anew,) = evalkit(capsys, "plan", first, "--json", "--no-cache").json["models"]
        assert float(anew["usd"]["value"]) == pytest.approx(spent, rel=0.1)
        assert "learned from 20" in anew["input_basis"]
        assert 0 < anew["minutes"] < 1
        (paced,) = evalkit(capsys, "plan", first, "--json", "--no-cache", "--requests-per-minute", "10").json["models"]
        assert paced["minutes"] == 2


def test_an_unknown_price_is_said_and_never_zero(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    suite = write_suite(tmp_path, "http://127.0.0.1:9/v1", n=5)
    ran = evalkit(capsys, "plan", suite)
    assert ran.code == 0
    assert "price unknown" in ran.out
    (model,) = evalkit(capsys, "plan", suite, "--json").json["models"]
    assert set(model["usd"].values()) == {None}
    capped = evalkit(capsys, "plan", suite, "--max-cost", "1")
    assert capped.code == 2
    assert "price is unknown" in capped.err


def test_local_models_count_by_their_own_tokenizer(capsys: pytest.CaptureFixture[str]) -> None:
    suite = REPO / "suites" / "quickstart.yaml"
    made = evalkit(capsys, "plan", suite, "--models", "tiny", "--limit", "8", "--json").json
    ran = evalkit(capsys, "run", suite, "--models", "tiny", "--limit", "8", "--json").json
    (model,) = made["models"]
    assert model["input_basis"] == "counted by its own tokenizer"
    assert model["input_tokens"]["value"] == ran["models"]["tiny"]["all"]["tokens"]["input"]
    assert model["receiver"] is None


def test_the_time_of_a_model_on_this_machine_asks_for_no_account(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    suite = write_suite(
        tmp_path,
        "",
        models="  weights: {adapter: ctranslate2, model: tiny}\n"
        '  served: {adapter: vllm, model: y, base_url: "http://127.0.0.1:9/v1"}\n'
        "  far: {adapter: openai, model: gpt-6-luna}",
        n=5,
    )
    made = evalkit(capsys, "plan", suite, "--no-cache", "--results", tmp_path / "none", "--json")
    assert made.code == 0, made.err
    said = {one["model"]: one["minutes_basis"] for one in made.json["models"]}
    assert {name: "account" in text for name, text in said.items()} == {"weights": False, "served": False, "far": True}
    assert all(text.startswith("unknown: no earlier run") for text in said.values())


def test_a_gate_says_the_smallest_regression_it_would_catch(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/v1"
    models = f'{_priced(url)}\n  own: {{adapter: vllm, model: y, base_url: "{url}"}}'
    suite = write_suite(tmp_path, url, models=models, n=400)
    gate = "\ngate: {baseline: gpt, candidates: [own], rules: [{quality: all, margin: 0.05}]}\n"
    suite.write_text(suite.read_text("utf-8") + gate, "utf-8")
    (look,) = evalkit(capsys, "plan", suite, "--json").json["gate"]
    assert look["n"] == 400
    assert 0.05 < look["smallest_regression"] < 0.2
    said = " ".join(evalkit(capsys, "plan", suite).out.split())
    assert "fails with a chance of 80 %" in said and "evalkit plan --earlier RUN" in said


@pytest.mark.long
def test_likelihoods_read_their_prompt_once_a_choice_in_the_plan_and_under_a_cap(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "prices.yaml").write_text(
        "- {model: ow, valid_from: 2026-01-01, input_per_mtok: 1, output_per_mtok: 1}\n", "utf-8"
    )
    with FakeProvider.in_thread(Behaviour(flavour="vllm")) as provider:
        models = f'  own: {{adapter: vllm, model: ow, base_url: "{provider.base_url}"}}'
        suite = write_suite(tmp_path, provider.base_url, models=models, n=20, max_output_tokens=1)
        weighed = suite.read_text("utf-8").replace("score: choice", "score: choice\n    mode: likelihood")
        suite.write_text(weighed.replace("{{ question }}", "{{ question }} " + "a b c d e f g h " * 20), "utf-8")
        first = evalkit(capsys, "plan", suite, "--json").json["models"][0]["usd"]
        assert evalkit(capsys, "run", suite, "--no-cache").code == 0
        true = Decimal(evalkit(capsys, "price", "--json").json["models"]["own"]["total"]["billed_usd"])
        assert Decimal(first["low"]) <= true <= Decimal(first["high"]) * 2  # its words are two bytes long
        again = evalkit(capsys, "plan", suite, "--no-cache", "--json").json["models"][0]["usd"]
        assert again == first
        capped = evalkit(capsys, "run", suite, "--no-cache", "--new", "--max-cost", str(true / 2))
        assert capped.code == 4
        spent = evalkit(capsys, "price", "--json").json["models"]["own"]["total"]["spend_usd"]
        assert Decimal(spent or 0) <= true / 2


def test_what_goes_with_a_prompt_counts_in_its_worst_case() -> None:
    plain = Request((Message("user", "abc"),))
    schema = replace(plain, settings=Settings(json_schema={"type": "object", "title": "x" * 1000}))
    assert request_bytes(plain) == prompt_bytes(plain.messages) == 19
    assert request_bytes(schema) > 1019
    assert request_bytes(replace(plain, continuations=(" A", " B", " C"))) == 3 * 21
