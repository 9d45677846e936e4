"""What answers cost: exact, dated, and unknown where nobody knows."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.adapters.dialects.anthropic_messages import read_usage as read_anthropic
from evalkit.cost.billing import Bill, Rates, UnitPrices, bill, worst_case
from evalkit.cost.price_file import read_prices
from evalkit.cost.prices import PriceBook, _unit_prices, book_version
from evalkit.errors import UserError
from evalkit.records import Usage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PARTS = ("input_usd", "cache_read_usd", "cache_write_usd", "output_usd", "reasoning_usd", "request_usd")
SIMPLE = UnitPrices("m", "test", ((0, Rates(Decimal("2.5"), Decimal(10))),))
BOOK = PriceBook.load()


def file_with(folder: Path, text: str) -> Path:
    path = folder / "prices.yaml"
    path.write_text(text, "utf-8")
    return path


ENTRY = """
- model: Our-Model
  valid_from: 2026-01-01
  input_per_mtok: 1.00
  output_per_mtok: 3
"""


# From usage to money.


def test_a_published_worked_example() -> None:
    """10 M input plus 5 M output tokens a day at 2.50 / 10.00 USD per million: 75 USD a day."""
    day = bill(Usage(input=10_000_000, output=5_000_000), SIMPLE)
    assert day is not None
    assert day.total_usd == 75
    assert day.total_usd * 365 == 27_375


def test_cached_tokens_are_a_part_of_the_input_and_reasoning_of_the_output() -> None:
    rates = Rates(Decimal(2), Decimal(10), cache_read=Decimal("0.2"), cache_write=Decimal("2.5"))
    usage = Usage(input=1000, cache_read=400, cache_write_other=100, output=50, reasoning=30)
    made = bill(usage, UnitPrices("m", "test", ((0, rates),)))
    assert made is not None
    assert made.input_usd == Decimal("0.001")
    assert made.cache_read_usd == Decimal("0.00008")
    assert made.cache_write_usd == Decimal("0.00025")
    assert made.output_usd == Decimal("0.0002")
    assert made.reasoning_usd == Decimal("0.0003")
    assert made.total_usd == Decimal("0.00183")


def test_without_a_cached_price_a_cache_read_costs_full_input() -> None:
    plain = bill(Usage(input=1000, output=0), SIMPLE)
    cached = bill(Usage(input=1000, cache_read=900, output=0), SIMPLE)
    assert plain and cached
    assert plain.total_usd == cached.total_usd


def test_a_cache_write_without_a_price_is_unknown() -> None:
    assert bill(Usage(input=1000, cache_write_5m=10, output=1), SIMPLE) is None
    short = UnitPrices("m", "test", ((0, Rates(Decimal(2), Decimal(10), cache_write_5m=Decimal("2.5"))),))
    assert bill(Usage(input=1000, cache_write_5m=10, output=1), short) is not None
    assert bill(Usage(input=1000, cache_write_1h=10, output=1), short) is None


def test_reasoning_with_a_price_of_its_own_must_be_counted() -> None:
    unit = UnitPrices("m", "test", ((0, Rates(Decimal(2), Decimal(8), reasoning=Decimal(3))),))
    assert bill(Usage(input=1, output=10), unit) is None
    made = bill(Usage(input=0, output=10, reasoning=4), unit)
    assert made is not None
    assert made.total_usd == Decimal("0.00006")


@pytest.mark.parametrize(
    "usage",
    [
        None,
        Usage(),
        Usage(input=10),
        Usage(output=10),
        Usage(input=-1, output=1),
        Usage(input=10, cache_read=11, output=1),
        Usage(input=10, output=1, reasoning=2),
        Usage(input=10**13, output=1),
    ],
)
def test_usage_that_is_missing_or_contradicts_itself_has_no_price(usage: Usage | None) -> None:
    assert bill(usage, SIMPLE) is None


def test_a_stated_zero_is_zero_even_without_usage() -> None:
    free = UnitPrices("tiny", "prices.yaml", ((0, Rates(Decimal(0), Decimal(0))),))
    made = bill(None, free)
    assert made is not None
    assert made.total_usd == 0


def test_a_long_prompt_pays_the_dearer_band_for_all_of_it() -> None:
    unit = UnitPrices(
        "m", "test", ((0, Rates(Decimal(1), Decimal(4))), (200_000, Rates(Decimal(2), Decimal(6)))), Decimal("0.01")
    )
    at, above = (bill(Usage(input=n, output=1_000_000), unit) for n in (200_000, 200_001))
    assert at and above
    assert at.total_usd == Decimal("4.21")
    assert above.total_usd == Decimal("6.410002")


COUNTS = st.integers(0, 2_000_000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    parts = [draw(st.none() | COUNTS) for _ in range(4)]
    reasoning = draw(st.none() | COUNTS)
    read, short, long, other = parts
    total_input, total_output = sum(p or 0 for p in parts) + draw(COUNTS), (reasoning or 0) + draw(COUNTS)
    return Usage(total_input, read, short, long, other, total_output, reasoning)


@st.composite
def units(draw: st.DrawFn) -> UnitPrices:
    price = st.decimals(min_value=0, max_value=1000, places=6)
    bands = [Rates(*(draw(price if f.name in {"input", "output"} else st.none() | price) for f in fields(Rates)))]
    return UnitPrices("m", "test", ((0, bands[0]),), draw(st.sampled_from([Decimal(0), Decimal("0.005")])))


@pytest.mark.long
@given(usages(), units())
def test_the_parts_add_up_to_the_total_and_are_never_negative(usage: Usage, unit: UnitPrices) -> None:
    made = bill(usage, unit)
    if made is None or unit.free:
        return
    parts = [getattr(made, name) for name in PARTS if getattr(made, name) is not None]
    assert all(part >= 0 for part in parts)
    assert sum(parts) == made.total_usd


@pytest.mark.long
@given(usages(), units())
def test_no_bill_exceeds_the_worst_case(usage: Usage, unit: UnitPrices) -> None:
    made = bill(usage, unit)
    worst = worst_case(usage.input or 0, usage.output or 0, unit)
    if made is not None:
        assert worst is not None
        assert made.total_usd <= worst


@given(usages(), st.integers(0, 1000))
def test_more_tokens_never_cost_less(usage: Usage, more: int) -> None:
    unit = UnitPrices("m", "test", ((0, Rates(Decimal(2), Decimal(10), Decimal("0.2"), Decimal(3))),))
    bigger = Usage(
        (usage.input or 0) + more, usage.cache_read, usage.cache_write_5m, None, None, (usage.output or 0) + more
    )
    smaller = Usage(usage.input, usage.cache_read, usage.cache_write_5m, None, None, usage.output)
    less, more_usd = bill(smaller, unit), bill(bigger, unit)
    assert less and more_usd
    assert less.total_usd <= more_usd.total_usd


# The book.


def total(
    provider: str | None, model: str, usage: Usage, at: datetime = NOW, tier: str | None = None
) -> Decimal | None:
    made = BOOK.price(provider, model, usage, at, tier)
    return None if made is None else made.total_usd


MILLION = Usage(input=100_000, output=100_000)


def test_a_price_is_the_one_of_its_day() -> None:
    before, after = (total("openai", "o3", MILLION, datetime(2025, 6, day, tzinfo=UTC)) for day in (9, 11))
    assert before == Decimal("5.0")
    assert after == Decimal("1.0")


def test_the_day_is_utc_wherever_the_clock_stands() -> None:
    tokyo = timezone(timedelta(hours=9))
    evening = datetime(2025, 6, 10, 3, tzinfo=tokyo)  # still the 9th in UTC
    assert total("openai", "o3", MILLION, evening) == Decimal("5.0")
    with pytest.raises(ValueError, match="time zone"):
        BOOK.known_price("openai", "o3", datetime(2025, 6, 10))


def test_service_tiers_have_their_own_prices_and_an_unknown_tier_has_none() -> None:
    standard = total("openai", "gpt-6-sol", MILLION)
    assert standard is not None
    assert total("openai", "gpt-6-sol", MILLION, tier="default") == standard
    assert total("openai", "gpt-6-sol", MILLION, tier="batch") == standard / 2
    priority = total("openai", "gpt-6-sol", MILLION, tier="priority")
    assert priority is not None
    assert priority > standard
    assert total("openai", "gpt-6-sol", MILLION, tier="scale") is None
    assert total("mistral", "mistral-medium-latest", MILLION, tier="priority") is None


def test_the_tier_that_served_wins_over_the_tier_asked_for() -> None:
    served = Usage(input=1000, output=1000, service_tier="default")
    assert total("openai", "gpt-6-sol", served, tier="priority") == total("openai", "gpt-6-sol", served)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        (None, "gpt-6-sol"),  # an address of one's own: nobody is known to bill
        ("openai_chat", "gpt-6-sol"),  # begins like OpenAI, and is not
        ("ctranslate2", "tiny"),
        ("vllm", "Qwen/Qwen3.5-32B"),
        ("openai", "no-such-model"),
        ("openai", ""),
        ("openai", "tts-1"),  # priced by characters
        ("cerebras", "qwen-3-coder-480b"),  # the book lists no price or zero: a free trial is no price
    ],
)
def test_what_nobody_lists_is_unknown_and_never_zero(provider: str | None, model: str) -> None:
    assert BOOK.price(provider, model, MILLION, NOW) is None
    assert not BOOK.known_price(provider, model, NOW)
    assert BOOK.worst_case_usd(provider, model, 10, 10, NOW) is None
    assert model in (BOOK.why_unknown(provider, model, NOW) or "")


def test_a_zero_in_the_book_is_no_price() -> None:
    assert _unit_prices("m", {"input_mtok": Decimal(0), "output_mtok": Decimal(0)}) is None
    assert _unit_prices("m", {"input_mtok": Decimal(0), "output_mtok": Decimal(1)}) is not None


def test_the_bill_names_the_model_that_the_list_matched() -> None:
    made = BOOK.price("openai", "gpt-4o-mini-2024-07-18", MILLION, NOW)
    assert made is not None
    assert made.unit is not None
    assert made.unit.model == "gpt-4o-mini"
    assert made.source == book_version() == made.unit.source


def test_what_the_provider_says_wins() -> None:
    usage = Usage(input=1000, output=10, provider_cost_usd=Decimal("0.0042"))
    made = BOOK.price("openrouter", "whatever", usage, NOW)
    assert made == Bill(Decimal("0.0042"), "provider")
    broken = Usage(input=1000, output=10, provider_cost_usd=Decimal("NaN"))
    assert BOOK.price(None, "whatever", broken, NOW) is None


def test_a_price_file_that_the_person_names_wins_over_what_the_provider_says(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(
        "- {model: ours, valid_from: 2026-01-01, currency: USD, input_per_mtok: 1, output_per_mtok: 2}\n"
        "- {model: tiered, tier: standard, valid_from: 2026-01-01, currency: USD, input_per_mtok: 1,"
        " output_per_mtok: 2}\n"
    )
    stated = Usage(input=1_000_000, output=0, reasoning=0, provider_cost_usd=Decimal("0.0000001"))
    beside, named = PriceBook.load(path), PriceBook.load(path, named=True)
    assert beside.price(None, "ours", stated, NOW) == Bill(Decimal("0.0000001"), "provider")
    made = named.price(None, "Ours", stated, NOW)
    assert made is not None and made.total_usd == 1
    other = named.price(None, "not-in-the-file", stated, NOW)
    assert other is not None and other.source == "provider"
    odd = replace(stated, service_tier="a tier of the server's own")
    assert named.price(None, "tiered", odd, NOW) is None, "a tier that a server makes up brings back no statement"


def test_unit_prices_go_into_json_as_strings() -> None:
    unit = BOOK.unit_prices("anthropic", "claude-sonnet-5-5", NOW)
    assert unit is not None
    facts = json.loads(json.dumps(unit.as_facts()))
    assert facts["source"].startswith("genai-prices ")
    assert facts["usd_per_mtok"][0] == {
        "above_input_tokens": 0,
        "input": "2",
        "output": "10",
        "cache_read": "0.1",
        "cache_write": "2.5",
        "cache_write_1h": "4",
    }


def test_the_worst_case_writes_the_whole_prompt_to_the_dearest_cache() -> None:
    assert BOOK.worst_case_usd("anthropic", "claude-sonnet-5-5", 1000, 100, NOW) == Decimal("0.005")


def test_pricing_a_row_costs_microseconds() -> None:
    usage = Usage(input=1000, cache_read=100, output=50, reasoning=20)
    BOOK.price("openai", "gpt-6-sol", usage, NOW)
    begun = time.perf_counter()
    for _ in range(2000):
        BOOK.price("openai", "gpt-6-sol", usage, NOW)
    assert (time.perf_counter() - begun) / 2000 < 100e-6  # a tenth of that on a free core


def test_own_arithmetic_equals_the_books(shared_data: Path) -> None:
    """Real API usages with the prices that genai-prices' own tests expect, at a date before later price changes."""
    entries = json.loads(gzip.decompress((shared_data / "prices" / "genai_usages_even.json.gz").read_bytes()))
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    equal, other = 0, []
    for entry in entries:
        for extracted in entry["extracted"]:
            usage = _mapped(extracted["usage"])
            for expected in extracted["extractors"]:
                if usage is None or "input_price" not in expected:
                    continue  # tokens of other media, or no price of this model at this provider
                made = BOOK.price(expected["provider_id"], entry["model"], usage, at)
                if made and _sides(made) == (Decimal(expected["input_price"]), Decimal(expected["output_price"])):
                    equal += 1
                else:
                    other.append((expected["provider_id"], entry["model"], expected["input_price"]))
    assert equal >= 1600
    assert other == [
        ("google", "claude-sonnet-4-5-20250929", "1.204404"),  # the book has gained a band for long prompts since
        ("cerebras", "qwen-3-coder-480b", "0"),  # the book has no price; to it that is 0, to us unknown
    ]


@pytest.mark.parametrize("tokens", [1000, 250_000, 3_000_000])
def test_every_model_of_the_book_costs_what_the_book_says(tokens: int) -> None:
    import genai_prices
    from genai_prices.data import providers

    ours = Usage(input=tokens, cache_read=tokens // 4, output=500, reasoning=100)
    theirs = genai_prices.Usage(
        input_tokens=tokens, cache_read_tokens=tokens // 4, output_tokens=500, output_reasoning_tokens=100
    )
    compared = 0
    for provider in providers:
        for model in provider.models:
            made = BOOK.price(provider.id, model.id, ours, NOW)
            if made is None or not model.is_match(model.id):
                continue
            expected = genai_prices.calc_price(theirs, model.id, provider_id=provider.id, genai_request_timestamp=NOW)
            assert made.total_usd == expected.total_price, (provider.id, model.id)
            compared += 1
    assert compared > 1500


def _mapped(tokens: dict[str, int]) -> Usage | None:
    names = {
        "input_tokens": "input",
        "output_tokens": "output",
        "output_reasoning_tokens": "reasoning",
        "cache_read_tokens": "cache_read",
        "cache_write_tokens": "cache_write_other",
        "cache_write_5m_tokens": "cache_write_5m",
        "cache_write_1h_tokens": "cache_write_1h",
    }
    media = {key for key in tokens if any(medium in key for medium in ("audio", "image", "video"))}
    if media:
        return None
    counts: dict[str, Any] = {"input": 0, "output": 0} | {names[k]: n for k, n in tokens.items() if k in names}
    if "cache_write_other" in counts:  # theirs includes the writes of known lifetime
        counts["cache_write_other"] -= counts.get("cache_write_5m", 0) + counts.get("cache_write_1h", 0)
    return Usage(**counts)


def _sides(made: Bill) -> tuple[Decimal, Decimal]:
    known = {name: getattr(made, name) or Decimal(0) for name in PARTS}
    output = known["output_usd"] + known["reasoning_usd"]
    return made.total_usd - output - known["request_usd"], output


# The user's own prices.


def test_the_users_price_wins_over_the_book_in_its_days(tmp_path: Path) -> None:
    path = file_with(
        tmp_path,
        """
        - {model: gpt-6-sol, provider: openai, valid_from: 2026-11-01, until: 2026-11-21,
           input_per_mtok: 1.1, output_per_mtok: 2.2}
        """,
    )
    book = PriceBook.load(path)
    made = book.price("openai", "GPT-6-Sol", MILLION, NOW)
    assert made is not None
    assert (made.total_usd, made.source) == (Decimal("0.33"), "prices.yaml")
    later = book.price("openai", "gpt-6-sol", MILLION, NOW + timedelta(days=1))
    assert later is not None
    assert later.source == book_version()


def test_the_days_of_an_entry_are_utc(tmp_path: Path) -> None:
    book = PriceBook.load(file_with(tmp_path, ENTRY))
    tokyo = timezone(timedelta(hours=9))
    assert not book.known_price(None, "our-model", datetime(2026, 1, 1, 8, 59, tzinfo=tokyo))
    assert book.known_price(None, "our-model", datetime(2026, 1, 1, 9, 0, tzinfo=tokyo))


def test_an_entry_without_provider_prices_a_server_of_ones_own(tmp_path: Path) -> None:
    book = PriceBook.load(file_with(tmp_path, ENTRY))
    made = book.price(None, "our-model", MILLION, NOW)
    assert made is not None
    assert made.total_usd == Decimal("0.4")
    assert book.price(None, "our-model-2", MILLION, NOW) is None
    assert book.price(None, "our-model", MILLION, datetime(2025, 12, 31, tzinfo=UTC)) is None


def test_the_entry_that_says_most_wins(tmp_path: Path) -> None:
    more = ENTRY.replace("1.00", "2.00") + "  provider: azure\n"
    most = ENTRY.replace("1.00", "9.00") + "  provider: azure\n  tier: priority\n"
    book = PriceBook.load(file_with(tmp_path, ENTRY + more + most))
    prices = [
        book.unit_prices(provider, "our-model", NOW, tier)
        for provider, tier in ((None, None), ("azure", "default"), ("azure", "priority"))
    ]
    assert [unit and unit.bands[0][1].input for unit in prices] == [1, 2, 9]


def test_a_provider_may_be_called_by_either_of_its_names(tmp_path: Path) -> None:
    book = PriceBook.load(file_with(tmp_path, ENTRY + "  provider: gemini\n"))
    assert book.known_price("google", "our-model", NOW)
    assert book.known_price("gemini", "our-model", NOW)
    assert not book.known_price("mistral", "our-model", NOW)


def test_a_zero_is_zero_where_the_user_wrote_it(tmp_path: Path) -> None:
    text = ENTRY.replace("1.00", "0").replace("per_mtok: 3", "per_mtok: 0")
    made = PriceBook.load(file_with(tmp_path, text)).price("ctranslate2", "our-model", None, NOW)
    assert made is not None
    assert made.total_usd == 0


def test_prices_never_pass_through_a_float(tmp_path: Path) -> None:
    book = PriceBook.load(file_with(tmp_path, ENTRY.replace("1.00", "0.123456789")))
    made = book.price(None, "our-model", Usage(input=1, output=0), NOW)
    assert made is not None
    assert made.total_usd == Decimal("0.000000123456789")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ENTRY + "  outputs_per_mtok: 3\n", ["prices.yaml:6", "outputs_per_mtok", "did you mean output_per_mtok?"]),
        (ENTRY + "  currency: EUR\n", ["prices.yaml:6", "'EUR'", "USD"]),
        (ENTRY.replace("1.00", "$1.00"), ["prices.yaml:4", "'$1.00'", "2.50"]),
        (ENTRY.replace("1.00", "-1"), ["prices.yaml:4", "'-1'"]),
        (ENTRY.replace("1.00", ".nan"), ["prices.yaml:4", "'.nan'"]),
        (ENTRY.replace("1.00", "1e30"), ["prices.yaml:4", "'1e30'"]),
        (ENTRY.replace("1.00", "[1, 2]"), ["prices.yaml:4", "one plain value"]),
        (ENTRY.replace("2026-01-01", "last year"), ["prices.yaml:3", "'last year'", "2026-07-01"]),
        (ENTRY.replace("  output_per_mtok: 3\n", ""), ["prices.yaml:2", "needs output_per_mtok"]),
        (ENTRY + "  model: again\n", ["prices.yaml:6", "twice"]),
        (ENTRY + "  until: 2025-01-01\n", ["prices.yaml:6", "later than valid_from"]),
        (ENTRY + ENTRY, ["prices.yaml:7", "overlap", "line 2", "until: 2026-01-01"]),
        (ENTRY + "- just words\n", ["prices.yaml:6", "- model:"]),
        ("model: x\n", ["prices.yaml:1", "is a list"]),
        ("- model: [", ["prices.yaml", "no valid YAML"]),
        (ENTRY + "  provider: ''\n", ["prices.yaml:6", "is empty"]),
    ],
)
def test_what_is_wrong_with_a_price_file_is_said_with_its_line(tmp_path: Path, text: str, says: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        PriceBook.load(file_with(tmp_path, text))
    for words in says:
        assert words in str(caught.value)


def test_every_complaint_is_made_at_once(tmp_path: Path) -> None:
    text = ENTRY.replace("1.00", "cheap") + "  currency: EUR\n  modle: x\n"
    with pytest.raises(UserError) as caught:
        read_prices(file_with(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 3


def test_a_missing_price_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        PriceBook.load(tmp_path / "none.yaml")


def test_an_empty_price_file_changes_nothing(tmp_path: Path) -> None:
    assert PriceBook.load(file_with(tmp_path, "# nothing yet\n")).entries == ()


def test_entries_one_after_the_other_do_not_overlap(tmp_path: Path) -> None:
    text = ENTRY + "  until: 2026-06-01\n" + ENTRY.replace("2026-01-01", "2026-06-01").replace("1.00", "5")
    book = PriceBook.load(file_with(tmp_path, text))
    found = [book.unit_prices(None, "our-model", datetime(2026, 6, 1, tzinfo=UTC) - timedelta(hours=h)) for h in (0, 1)]
    assert [unit and unit.bands[0][1].input for unit in found] == [5, 1]


def test_fast_mode_and_writes_of_no_stated_lifetime_are_billed_as_anthropic_bills_them() -> None:
    counts = {"input_tokens": 1000, "output_tokens": 1000, "service_tier": "standard"}
    usual, fast = (read_anthropic(counts | {"speed": speed}) for speed in ("standard", "fast"))
    assert total("anthropic", "claude-opus-4-8", usual) == Decimal("0.03")
    assert total("anthropic", "claude-opus-4-8", fast) == Decimal("0.06")
    none = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
    written = read_anthropic(counts | {"cache_creation_input_tokens": 1000, "cache_creation": none})
    assert total("anthropic", "claude-opus-4-8", written) == Decimal("0.03") + Decimal("0.00625")
