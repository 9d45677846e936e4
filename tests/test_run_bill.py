"""The bill of a run: by model, task and kind, what caches saved, and the same tokens at other prices."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.cost.billing import Bill, Rates, UnitPrices, bill
from evalkit.cost.derived import Marked, at_equal_quality, derived
from evalkit.cost.run_bill import Amounts, BilledAnswer, RunBill, stored_prices
from evalkit.records import Usage
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit, write_suite

UNIT = UnitPrices(
    "m", "test", ((0, Rates(Decimal("2.5"), Decimal(10), cache_read=Decimal("0.25"), cache_write_5m=Decimal(3))),)
)


def _price(answer: BilledAnswer) -> Bill | None:
    return bill(answer.usage, UNIT)


@st.composite
def answers(draw: st.DrawFn) -> BilledAnswer:
    counts = st.integers(0, 10**6)
    read, written = draw(counts), draw(counts)
    usage = Usage(
        input=draw(st.none() | counts.map(lambda fresh: fresh + read + written)),
        cache_read=read,
        cache_write_5m=written,
        output=draw(counts),
    )
    made = bill(usage, UNIT)
    cost = made.total_usd if made else None
    cached = draw(st.booleans())
    return BilledAnswer(
        draw(st.sampled_from("ab")),
        draw(st.sampled_from("xy")),
        usage,
        0.0,
        cost,
        Decimal(0) if cached else cost,
        cached,
        draw(st.integers(1, 3)),
    )


def _bill(rows: list[BilledAnswer]) -> RunBill:
    made = RunBill()
    for row in rows:
        made.add(row, _price)
    return made


@pytest.mark.long
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first draw imports
@given(st.lists(answers(), max_size=8), st.lists(answers(), max_size=8))
def test_a_bill_is_additive_over_rows(one: list[BilledAnswer], other: list[BilledAnswer]) -> None:
    whole, parts = _bill(one + other), (_bill(one), _bill(other))
    for model in whole.models:
        known = [part.models.get(model, Amounts()).known_usd for part in parts]
        assert whole.models[model].known_usd == sum(known, Decimal(0))
        of_tasks = [amounts for (name, _), amounts in whole.tasks.items() if name == model]
        assert whole.models[model].known_usd == sum((amounts.known_usd for amounts in of_tasks), Decimal(0))


@pytest.mark.long
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first draw imports
@given(st.lists(answers(), max_size=8))
def test_kinds_make_the_known_part_and_nothing_is_negative(rows: list[BilledAnswer]) -> None:
    for amounts in _bill(rows).models.values():
        assert sum(amounts.kinds.values(), Decimal(0)) == amounts.known_usd
        assert all(amount >= 0 for amount in amounts.kinds.values())
        assert amounts.known_usd >= 0 <= amounts.spend_usd


@pytest.mark.long
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first draw imports
@given(st.lists(answers(), min_size=1, max_size=8), answers())
def test_an_unknown_cost_makes_the_total_unknown_and_more_answers_never_cost_less(
    rows: list[BilledAnswer], more: BilledAnswer
) -> None:
    before, after = _bill(rows), _bill([*rows, more])
    for model, amounts in after.models.items():
        unknown = any(row.cost_usd is None for row in [*rows, more] if row.model == model)
        assert (amounts.total_usd is None) == unknown
        assert amounts.known_usd >= before.models.get(model, Amounts()).known_usd


def test_a_total_that_unit_prices_do_not_reproduce_is_not_split() -> None:
    made = _bill([BilledAnswer("a", "x", Usage(1000, output=10), 0.0, Decimal("0.5"), Decimal("0.5"))])
    assert made.models["a"].kinds == {"unsplit": Decimal("0.5")}


def test_the_prompt_cache_saves_the_discount_less_what_writing_cost() -> None:
    usage = Usage(input=2_000_000, cache_read=1_000_000, cache_write_5m=1_000_000, output=0)
    made = bill(usage, UNIT)
    assert made is not None
    total = _bill([BilledAnswer("a", "x", usage, 0.0, made.total_usd, made.total_usd)]).models["a"]
    assert total.prompt_cache_usd == Decimal("2.5") * 2 - Decimal("0.25") - 3


def test_what_the_response_cache_saved_is_unknown_where_a_price_is() -> None:
    known = BilledAnswer("a", "x", Usage(input=1, output=1), 0.0, Decimal("0.1"), Decimal(0), cached=True)
    unknown = BilledAnswer("a", "x", Usage(input=1, output=1), 0.0, None, Decimal(0), cached=True)
    assert _bill([known]).models["a"].as_facts()["reused_usd"] == "0.1"
    assert _bill([known, unknown]).models["a"].as_facts()["reused_usd"] is None


def test_stored_unit_prices_come_back_as_they_were() -> None:
    assert stored_prices(json.loads(json.dumps(UNIT.as_facts()))) == UNIT
    assert stored_prices(None) is None
    assert (
        stored_prices({"model": "m", "source": "s", "usd_per_mtok": [{"above_input_tokens": 0, "input": "x"}]}) is None
    )


@pytest.mark.long
def test_a_run_is_billed_and_priced_anew_without_asking_anybody(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeProvider.in_thread(Behaviour(input_tokens=1000, output_tokens=50, cached_tokens=400)) as provider:
        where = f'adapter: openai_chat, model: x, weights: one, base_url: "{provider.base_url}"'
        models = f'  gpt: {{{where}, price_as: "openai:gpt-5.5"}}'
        suite = write_suite(tmp_path, provider.base_url, models=models, n=4)
        assert evalkit(capsys, "run", suite).code == 0
        assert evalkit(capsys, "run", suite, "--new").code == 0
        asked = len(provider.account)
        first = evalkit(capsys, "price", "--json").json
        total = first["models"]["gpt"]["total"]
        assert total["n_from_cache"] == 4
        assert total["reused_usd"] == total["billed_usd"]
        assert Decimal(total["spend_usd"]) == 0
        assert sum(map(Decimal, total["usd_by_kind"].values())) == Decimal(total["billed_usd"]) > 0
        assert "unsplit" not in total["usd_by_kind"]
        assert Decimal(total["prompt_cache_saved_usd"]) > 0
        assert first["repriced"] is None

        own = tmp_path / "own.yaml"
        own.write_text(
            "- {model: gpt-5.5, valid_from: 2020-01-01, input_per_mtok: 1, cached_input_per_mtok: 0.5, "
            "output_per_mtok: 2}\n",
            "utf-8",
        )
        again = evalkit(capsys, "price", "latest", "--prices", own, "--json").json
        # 4 answers of 600 plain and 400 cached prompt tokens and 50 output tokens
        assert Decimal(again["repriced"]["models"]["gpt"]["total"]["billed_usd"]) == Decimal("0.0036")
        assert again["models"]["gpt"]["total"]["billed_usd"] == total["billed_usd"]

        long_ago = evalkit(capsys, "price", "--at", "2019-01-01", "--prices", own, "--json").json
        assert long_ago["repriced"]["models"]["gpt"]["total"]["n_answers"] == 4
        slip = evalkit(capsys, "price", "--tier", "batsh")
        assert slip.code == 2
        assert "Known are batch, fast, flex, priority, standard" in slip.err
        batch = evalkit(capsys, "price", "--tier", "batch", "--at", "2026-11-01", "--json").json
        half = Decimal(batch["repriced"]["models"]["gpt"]["total"]["usd_by_kind"]["output"])
        assert half * 2 == Decimal(total["usd_by_kind"]["output"])

        shown = evalkit(capsys, "price", "--at", "2026-11-01")
        assert shown.code == 0
        assert "at the prices of 2026-11-01" in shown.out
        assert "response cache" in shown.out
        assert len(provider.account) == asked


def test_a_price_that_nobody_knows_is_said_and_a_bad_day_is_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeProvider.in_thread() as provider:
        suite = write_suite(tmp_path, provider.base_url, n=3)
        assert evalkit(capsys, "run", suite).code == 0
    ran = evalkit(capsys, "price")
    assert ran.code == 0
    assert "unknown" in ran.out
    assert "$0 " not in ran.out
    wrong = evalkit(capsys, "price", "--at", "yesterday")
    assert wrong.code == 2
    assert "2026-11-01" in wrong.err


def test_derived_figures_carry_intervals_and_an_unknown_cost_leaves_none() -> None:
    marked = [Marked(f"s{n}", None, 0.001 * (1 + n % 3), float(n % 2), False) for n in range(60)]
    figures = derived(marked)
    assert figures["usd_per_1k_samples"]["low"] < 2.0 == pytest.approx(figures["usd_per_1k_samples"]["value"])
    assert figures["usd_per_correct"]["value"] == pytest.approx(0.004)
    assert figures["usd_per_correct"]["low"] < 0.004 < figures["usd_per_correct"]["high"]
    # Conversations that are dear and wrong as wholes: 6 of them tell less than 60 items would.
    alike = [Marked(f"s{n}", None, 0.03 if n // 10 % 2 else 0.01, 1.0 - n // 10 % 2, False) for n in range(60)]
    alone, together = (derived(of)["usd_per_correct"] for of in
                       (alike, [replace(one, cluster=f"c{n // 10}") for n, one in enumerate(alike)]))  # fmt: skip
    assert alone["value"] == together["value"] == pytest.approx(0.04)
    assert alone["high"] is not None
    assert together["high"] is None or together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])
    heavy = [Marked(f"s{n}", None, 0.1 if n % 2 else 0.2, float(n % 2), False, "t", 9.0 if n % 2 else 1.0)
             for n in range(60)]  # fmt: skip
    assert derived(heavy)["quality"] == pytest.approx(0.9)
    assert derived(heavy)["usd_per_sample"]["value"] == pytest.approx(0.11)
    unknown = derived([*marked, Marked("t", None, None, 1.0, False)])
    assert unknown["usd_per_sample"] is None
    graded = derived([Marked("s", None, 0.1, 0.5, True), Marked("t", None, 0.2, 0.6, True)])
    assert graded["usd_per_correct"] is None
    assert graded["usd_per_sample"]["value"] == pytest.approx(0.15)


def test_the_cheapest_model_that_is_as_good() -> None:
    def model(quality: float, usd: float | None) -> dict[str, object]:
        return {"quality": quality, "usd_per_1k_samples": None if usd is None else {"value": usd}}

    found = at_equal_quality({"big": model(0.9, 10.0), "small": model(0.8, 1.0), "free": model(0.85, None)})
    assert found["big"] == {"model": "big", "usd_per_1k_samples": 10.0}
    assert found["small"] == {"model": "small", "usd_per_1k_samples": 1.0}
    assert found["free"] == {"model": "big", "usd_per_1k_samples": 10.0}


def test_a_run_billed_by_a_price_file_is_not_priced_anew_by_the_list_in_silence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    entry = "{model: gpt-5.5, provider: openai, valid_from: 2026-01-01, input_per_mtok: 1, output_per_mtok: 2}"
    (tmp_path / "prices.yaml").write_text(f"- {entry}\n", "utf-8")
    with FakeProvider.in_thread(Behaviour(input_tokens=1000, output_tokens=60)) as provider:
        where = f'adapter: openai_chat, model: x, weights: one, base_url: "{provider.base_url}"'
        suite = write_suite(tmp_path, provider.base_url, models=f'  gpt: {{{where}, price_as: "openai:gpt-5.5"}}', n=10)
        assert evalkit(capsys, "run", suite).code == 0
    anew = evalkit(capsys, "price", "--at", "2026-11-20", "--json").json
    assert anew["models"]["gpt"]["total"]["billed_usd"] == "0.01120"
    assert anew["repriced"]["models"]["gpt"]["total"]["billed_usd"] == "0.068000"
    said = " ".join(evalkit(capsys, "price", "--at", "2026-11-20").out.split())
    assert "gpt was billed by prices.yaml" in said
    assert "was billed by" not in evalkit(capsys, "price", "--prices", tmp_path / "prices.yaml").out
