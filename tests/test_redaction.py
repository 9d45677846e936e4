"""What `redact:` names is taken out of every record before anything is made of it, and counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.suite.phone_numbers import usual
from evalkit.suite.redaction import make_redactor
from evalkit.suite.schema import RedactEntry
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.tables import table
from tests.world import evalkit, rows, run_folders

Capture = pytest.CaptureFixture[str]
EVERYTHING = ("email", "phone", "card", "iban", "ip")


def redacted(text: str, *what: str) -> str:
    redactor = make_redactor(RedactEntry.model_validate({"what": what or EVERYTHING}))
    assert redactor is not None
    return redactor.text(text, Counter())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jane.doe+x@mail.example.org.", "write to [EMAIL]."),
        ("<mailto:O'Hara@example.co.uk>, thanks", "<mailto:[EMAIL]>, thanks"),
        ("müller@bücher.example", "[EMAIL]"),
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｏｒｇ", "[EMAIL]"),
        ("call +49 (0)30 123456-78 now", "call [PHONE] now"),
        ("0033 1 23 45 67 89", "[PHONE]"),
        ("(555) 123-4567 or 555-123-4567", "[PHONE] or [PHONE]"),
        ("030/1234567", "[PHONE]"),
        ("Tel.: +４４ ２０ ７９４６ ０９５８", "Tel.: [PHONE]"),
        ("card 4111 1111 1111 1111, exp 12/27", "card [CARD], exp 12/27"),
        ("5500-0000-0000-0004", "[CARD]"),
        ("378282246310005", "[CARD]"),
        ("IBAN DE89 3704 0044 0532 0130 00 at the bank", "IBAN [IBAN] at the bank"),
        ("gb82west12345698765432", "[IBAN]"),
        ("NO9386011117947.", "[IBAN]."),
        ("MT84MALT011000012345MTLCAST001S and Fr14-2004-1010-0505-0001-3M02-606", "[IBAN] and [IBAN]"),
        ("of AB12 DE89370400440532013000EUR", "of AB12 [IBAN]EUR"),
        ("from 192.168.1.20:8080 and 10.0.0.1.", "from [IP]:8080 and [IP]."),
        ("host 2001:db8::8a2e:370:7334 up", "host [IP] up"),
        ("::1 is here", "[IP] is here"),
    ],
)
def test_personal_data_is_found_in_its_usual_forms(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a@b is no address, nor is @handle or name@",
        "order 4111 1111 1111 1112 (wrong check digit)",
        "0000 0000 0000 0000",
        "DE89 3704 0044 0532 0130 01",
        "ba9353ffb449f79442b0",  # the checksum is right, and Bosnia's have digits
        "XY54 WEST 1234 5698 7654 32",  # no such country
        "DE51 3704 0044 0532 0130 0",  # a digit too few, and the checksum is right
        "version 1.2.3.4.5 of 2026-11-28, 12:30:45",
        "999.1.1.1",
        "3.14159265358979, 1,234,567 and 2026",
        "std::vector<int> a::b",
        "Paragraph 15 (2) of the act of 1998",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert redacted(text) == text


def of_countries(text: str, *countries: str) -> str:
    redactor = make_redactor(RedactEntry(what=EVERYTHING, countries=countries))
    assert redactor is not None
    return redactor.text(text, Counter())


OF_COUNTRIES = [
    ("06.12.34.56.78", "FR"),
    ("1-800-356-9377", "US"),
    ("4155552671", "US"),
    ("612 345 678", "ES"),
    ("912 345 678", "PT"),
    ("22 12 34 56", "NO"),
    ("412 34 567", "NO"),
    ("22 12 34 56", "DK"),
    ("138 1234 5678", "CN"),
    ("2345 6789", "HK"),
    ("6345 6789", "SG"),
    ("9876543210", "IN"),
]


SENTENCES = ("call {} now", "{}", "Tel.:{}, thanks.", '{{"phone": "{}"}}', "phone no. {}!")


@table("number, country, said", [(*one, said) for one in OF_COUNTRIES for said in SENTENCES])
def test_phone_numbers_are_found_as_the_countries_that_are_named_write_them(
    number: str, country: str, said: str
) -> None:
    text = said.format(number)
    assert of_countries(text, "DE", country) == said.format("[PHONE]")
    assert redacted(text) == text, "without a country only the usual ways are known"
    assert of_countries(text, "IS") == text, "and other countries write them otherwise"


@pytest.mark.parametrize(
    "text",
    [
        "on 2024-01-15, 15.01.2024, 20240115 and 2024-11-28 10:30:45",
        "version 1.2.3.4, 120.0.6099.109 or 2.16.2",
        "order 4155552671, invoice no. 4155552671, item #4155552671",
        '{"user_id": 4155552671, "created": 1764500000, "orderNumber": "4155552671"}',
        "it costs $4155552671, 22.345.678 NOK or 22 345 678 kr, 4155552671 EUR",
        "1764500000 and 1764500000.25, 3.1415926535",
        "from 2019-2026, https://x.example/4155552671?at=4155552671",
        "8f4155552671ab, 550e8400-e29b-41d4-a716-446655440000, sku_4155552671",
    ],
)
def test_dates_amounts_versions_and_numbers_of_orders_are_no_phone_numbers_of_any_country(text: str) -> None:
    assert redacted(text, "phone") == text
    redactor = make_redactor(RedactEntry(what=("phone",), countries=("US", "NO", "DK", "FR", "IN", "HK", "ES", "CN")))
    assert redactor is not None
    assert redactor.text(text, Counter()) == text


def test_a_country_that_is_named_leaves_nothing_that_was_found_without_it() -> None:
    text = "+49 30 1234567, 555-123-4567, (030) 123456 and 06 12 34 56 78"
    assert of_countries(text, "FR") == redacted(text) == "[PHONE], [PHONE], [PHONE] and [PHONE]"


def test_a_number_abroad_with_the_check_digit_of_a_card_is_a_phone_number() -> None:
    assert redacted("+86 138 1234 5678, 0086 138 1234 5678") == "[PHONE], [PHONE]"
    assert redacted("+86 138 1234 5678", "card") == "+[CARD]", "where no phone is to be found, it may be a card"
    assert redacted("+4111 1111 1111 1111 and 4111111111111111") == "+[CARD] and [CARD]"


def test_countries_that_there_are_not_are_refused_with_the_way_out() -> None:
    for given, hint in (("UK", "did you mean GB?"), ("fr", "did you mean FR?"), ("XX", "two letters")):
        with pytest.raises(SuiteError, match=r"redact\.countries") as refused:
            make_redactor(RedactEntry(what=("phone",), countries=(given,)))
        assert hint in str(refused.value)
    with pytest.raises(SuiteError, match=r"name phone in redact\.what"):
        make_redactor(RedactEntry(what=("email",), countries=("FR",)))


def test_only_what_is_named_is_taken_out_and_patterns_have_names() -> None:
    assert redacted("a@b.org 192.168.0.1", "ip") == "a@b.org [IP]"
    redactor = make_redactor(RedactEntry.model_validate({"patterns": {"ticket": "T-[0-9]{6}"}}))
    assert redactor is not None
    counts: Counter[str] = Counter()
    record = {"id": "T-000001", "text": "T-123456 and T-234567", "deep": [{"x": "T-345678"}], "n": 5, "none": None}
    made = redactor.record(record, counts, keep="id")
    assert made == {**record, "text": "[TICKET] and [TICKET]", "deep": [{"x": "[TICKET]"}]}
    assert counts == {"ticket": 3}
    assert make_redactor(RedactEntry()) is None
    for pattern in ("(", "(?=x)", "x" * 3_000):
        with pytest.raises(SuiteError, match=r"redact\.patterns\.bad"):
            make_redactor(RedactEntry.model_validate({"patterns": {"bad": pattern}}))


def test_a_card_that_is_written_as_a_number_is_found() -> None:
    redactor = make_redactor(RedactEntry(what=("card",)))
    assert redactor is not None
    assert redactor.record({"n": 4111111111111111, "m": 7}, Counter()) == {"n": "[CARD]", "m": 7}


@pytest.mark.parametrize(
    "value",
    [
        {"ann@mail.example": 1, "bob@mail.example": {"carl@mail.example": [{"dora@mail.example": None}]}},
        [{"ann@mail.example": "x"}, {"4111 1111 1111 1111": "x"}],
        {"4111111111111111": 1, "text": {"５５００-0000-0000-0004": 2}},
        4111111111111111.0,
        [4111111111111111.0, {"deep": 5500000000000004.0}],
        {"DE89 3704 0044 0532 0130 00": {"192.168.1.20": "+49 30 9182736"}},
    ],
)
def test_names_inside_groups_and_numbers_with_a_point_are_texts_too(value: object) -> None:
    redactor = make_redactor(RedactEntry(what=EVERYTHING))
    assert redactor is not None
    counts: Counter[str] = Counter()
    said = str(redactor.record({"who": value}, counts))
    for find in ("mail.example", "411111", "4111 11", "0000-0004", "55000", "DE89", "192.168", "9182736"):
        assert find not in said, said
    assert sum(counts.values()) >= 1
    assert redactor.record({"who": {"a": 1, "b": 0.5, "c": 12.0, "n": True}}, Counter()) == {
        "who": {"a": 1, "b": 0.5, "c": 12.0, "n": True}
    }


def test_names_that_become_alike_keep_their_values_apart() -> None:
    redactor = make_redactor(RedactEntry(what=("email",)))
    assert redactor is not None
    given = {f"user{n}@mail.example": n for n in range(20_000)}
    made = redactor.record({"ages": given}, Counter())["ages"]
    assert list(made.values()) == list(given.values())
    assert list(made)[:3] == ["[EMAIL]", "[EMAIL] 2", "[EMAIL] 3"]


def test_hostile_text_takes_no_time() -> None:
    for text in ("a" * 200_000, "1 " * 100_000, "a@" * 100_000, "DE89" * 50_000, "+1 (" * 50_000, ":" * 100_000):
        redacted(text[:100_000])


def test_prompts_examples_judges_and_stored_rows_hold_nothing_of_it(tmp_path: Path, capsys: Capture) -> None:
    canary = "jane.canary@mail.example"
    items = [{"id": f"q{n}", "q": f"Ask {canary} about {n}", "gold": canary, "kind": "x"} for n in range(3)]
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, items)))
    (tmp_path / "shots.jsonl").write_text(json.dumps({"id": "s", "q": f"Who? {canary}", "gold": canary, "kind": "y"}))
    behaviour = Behaviour(reply=f"Write to {canary}. [[8]]")
    with FakeProvider.in_thread(Behaviour(reply=behaviour.reply)) as model, FakeProvider.in_thread(behaviour) as judge:
        entry = "{{adapter: openai-chat, model: x, base_url: '{}'}}"
        (tmp_path / "suite.yaml").write_text(
            f"""name: s
redact: {{what: [email], patterns: {{ask: Ask}}}}
models:
  m: {entry.format(model.base_url)}
judges:
  j: {entry.format(judge.base_url)}
tasks:
  - {{name: t, data: items.jsonl, shots: {{path: shots.jsonl}}, prompt: "{{{{ q }}}}", target: "{{{{ gold }}}}",
      score: {{judge: {{by: j, rubric: judge_rating}}}}}}
"""
        )
        ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results", "--no-cache")
        assert ran.code == 0, ran.err
        assert "t: redacted before anything is sent: 3 ask, 6 email" in ran.err
    (folder,) = run_folders(tmp_path / "results")
    from evalkit.store.sealing import rows_of

    for place in (folder, folder / "judging"):
        for row in rows_of(place):
            assert canary not in " ".join(message.content for message in row.prompt)
            assert canary not in str(row.target)
    assert len(rows(folder)) == 3
    told = json.loads((folder / "run.json").read_text())
    assert told["redaction"]["found"] == {"t": {"email": 6, "ask": 3}}
    assert told["tasks"]["t"]["identity"]["redact"]["what"] == ["email"]


def test_a_suite_that_redacts_cannot_take_tasks_of_lm_eval(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: s\nredact: {what: [email]}\nmodels: {m: {adapter: scripted, replies: {'*': B}}}\n"
        "tasks: [{lm_eval: arc_easy}]\n"
    )
    ran = evalkit(capsys, "check", path)
    assert ran.code == 2 and "redact: cannot stand beside lm_eval" in ran.err


def _patterns(**patterns: str) -> RedactEntry:
    return RedactEntry.model_validate({"patterns": patterns})


def test_names_that_later_patterns_read_cannot_make_a_text_grow_without_bound() -> None:
    names = {f"{'A' * 78}{n}": "[A-Z]" for n in range(10, 60)}
    redactor = make_redactor(_patterns(**names))
    assert redactor is not None
    with pytest.raises(SuiteError, match=r"redact\.patterns\.A+10: .* times as long"):
        redactor.record({"q": "HELLO, YOU OUT THERE IN THE COLD, GETTING LONELY"}, Counter())
    shown = redactor.text("HELLO " * 10_000, Counter())
    assert shown == f"[{'A' * 78}10]"


@pytest.mark.parametrize("pattern", ["x*", "", "(?:a{0,100}){0,10}", r"\b", "^", "$", "(?:)", "a|", "(?m)^", r"\B"])
def test_a_pattern_that_matches_no_text_is_refused(pattern: str) -> None:
    with pytest.raises((SuiteError, ValueError), match=r"matches no text|at least 1"):
        make_redactor(_patterns(t=pattern))


def test_patterns_find_as_before_within_the_bound() -> None:
    redactor = make_redactor(_patterns(digit="[0-9]", word="secret"))
    assert redactor is not None
    counts: Counter[str] = Counter()
    assert redactor.record({"q": "42 secrets", "n": 7}, counts) == {"q": "[DIGIT][DIGIT] [WORD]s", "n": "[DIGIT]"}
    assert counts == {"digit": 3, "word": 1}


@pytest.mark.parametrize(
    "text", ["due 02-12-2026", "on 07/12/2026 14:30.", "01 12 2026", "from 01.12.2026 to 09.12.2026"]
)
def test_a_date_with_its_day_first_is_no_telephone_number(text: str) -> None:
    assert list(usual(text)) == []
