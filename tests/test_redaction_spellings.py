"""Personal data beside other digits, and spelt as addresses and pages spell it: what a person reads is found."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest

from evalkit.suite import phone_numbers
from evalkit.suite.redaction import Redactor
from evalkit.text.spellings import plainly
from tests.tables import table

EVERYTHING = ("email", "phone", "card", "iban", "ip")


def redacted(text: str, *what: str) -> str:
    return Redactor(what or EVERYTHING, {}).text(text, Counter())


CARDS = {
    "4111111111111111": (4, 4, 4, 4), "5500000000000004": (4, 4, 4, 4), "378282246310005": (4, 6, 5),
    "30569309025904": (4, 6, 4), "6011111111111117": (8, 8), "2223003122003222": (4, 4, 4, 4),
}  # fmt: skip


@pytest.mark.parametrize("what", [("card",), EVERYTHING])
def test_a_card_is_found_whatever_digits_stand_beside_it(what: tuple[str, ...]) -> None:
    """A code, an expiry, a year, a count or a phone number made the whole no card, and all of it was sent."""
    others = ["1", "12", "123", "12/27", "2026", "3", "1227", "order 3", "0004", "12 27", "+49 30 12345678", "99999"]
    left = []
    for number, form in CARDS.items():
        groups, at = [], 0
        for n in form:
            groups.append(number[at : at + n])
            at += n
        for gap in (" ", "-", "  ", ".", "\u00a0", "\u2013", "/", "\u200b", "%20", "&nbsp;", ""):
            written = gap.join(groups)
            for before in ("", *others):
                for behind in ("", *others):
                    text = f"{before} {written} {behind}".strip()
                    made = redacted(text, *what)
                    if written in made or ("[CARD]" not in made and "[PHONE]" not in made):
                        left.append((text, made))
    assert left == []


@pytest.mark.parametrize(
    "text",
    [
        "1999 2000 2001 2002 2003 2004 2005 2006 2007 2008",
        "DE89 3704 0044 0532 0130 01",
        "4111\n1111\n1111\n1111 stands in four lines",
        "sizes 4000 3000 2000 1001 900 and 12.5 7.25 3.125",
        "0x4111 1111 is no card",
    ],
)
def test_rows_of_figures_are_no_card(text: str) -> None:
    assert redacted(text) == text


@table(
    ("text", "made"),
    [
        ("5 +49 30 1234567", "5 [PHONE]"),
        ("flat 5 0170 1234567", "flat 5 [PHONE]"),
        ("2 0049 30 1234567", "2 [PHONE]"),
        *((f"{word}+49 30 9876543", f"{word}[PHONE]") for word in ("Tel.", "T", "1", "5.", "_", "ruf")),
        ("Tel.+49309876543, +49 30 9876543+49 30 9876544", "Tel.[PHONE], [PHONE][PHONE]"),
        ("T+1 212 555 1234 12 and 1+44 20 7946 0958 55", "T[PHONE] 12 and 1[PHONE] 55"),
        *(
            (f"Tel.{number}", "Tel.[PHONE]")
            for number in ("0049 30 9876543", "030/9876543", "(030) 987654", "555.123.4567", "06 12 34 56 78")
        ),
        ("T+4111 1111 1111 1111", "T+[CARD]"),
        ('"ann b"@example.org', "[EMAIL]"),
        (
            r'{"m": "call me:\n+49 30 1234567\nIBAN\nDE89 3704 0044 0532 0130 00\nfrom\t2001:db8::1\n"}',
            r'{"m": "call me:\n[PHONE]\nIBAN\n[IBAN]\nfrom\t[IP]\n"}',
        ),
        *(
            (rf"x\{'' if n == 1 else chr(92)}{blank}{number}", rf"x\{'' if n == 1 else chr(92)}{blank}[PHONE]")
            for n in (1, 2)
            for blank in "nrt"
            for number in ("06 12 34 56 78", "030 1234567", "555-123-4567", "+49 30 1234567", "(555) 123-4567")
        ),
        (r"ann\x40example.org", "[EMAIL]"),
        (r'{"m": "x\nann@example.org\tbob@example.org\\nann@example.org"}', r'{"m": "x\n[EMAIL]\t[EMAIL]\\n[EMAIL]"}'),
        ("ip:2001:db8::1", "ip:[IP]"),
        ("inet6 addr:2001:db8::1/64", "inet6 addr:[IP]/64"),
        ("src:2001:db8::1", "src:[IP]"),
        ("client: 2001:db8::1: refused", "client: [IP]: refused"),
        ("host=2001:db8::1:", "host=[IP]:"),
        ("a_2001:db8::1 and ::ffff:10.1.2.3", "a_[IP] and [IP]"),
        ("ip\u5730\u57402001:db8::1\u662f", "ip\u5730\u5740[IP]\u662f"),
        ("\u7535\u8bdd030 1234567\u662f", "\u7535\u8bdd[PHONE]\u662f"),
        ("IBANDE89370400440532013000", "IBAN[IBAN]"),
        ("DE89  3704  0044  0532  0130  00", "[IBAN]"),
        ("q=ann%40example.org&n=1", "q=[EMAIL]&n=1"),
        ("ann%2540example%2Eorg", "[EMAIL]"),
        ("<a>ann&#64;example&#x2E;org</a>", "<a>[EMAIL]</a>"),
        ("ann&commat;example&period;org", "[EMAIL]"),
        ("ann&amp;#64;example.org", "[EMAIL]"),
        ("caf%C3%A9%40example.org", "[EMAIL]"),
        ("a\u00adnn@exam\u200bple.org", "[EMAIL]"),
        ("tel %2B49%2030%201234567.", "tel [PHONE]."),
        ("+49\u200b30\u200b1234567", "[PHONE]"),
        ("&#52;111&nbsp;1111&nbsp;1111&nbsp;1111", "[CARD]"),
        ("DE89%203704%200044%200532%200130%2000", "[IBAN]"),
        ("%31%30.0.0.1", "[IP]"),
        ("100% a&b; %zz %C3%28 &#0; &#xD800; &x; ann%40x.org", "100% a&b; %zz %C3%28 &#0; &#xD800; &x; [EMAIL]"),
    ],
)
def test_what_is_spelt_otherwise_is_found_and_the_rest_stays_as_it_was_written(text: str, made: str) -> None:
    assert redacted(text) == made
    assert redacted(made) == made


@pytest.mark.parametrize(
    "text",
    [
        "Foo::add(a::b)",
        "std::dead(x)",
        "at:12:30:45:",
        "abc: def",
        r"C:\new\table",
        r"$\nu + \theta$",
        "10 05 2024 1200",
        "2024 05 12 10 30 00",
        "1 001 002 003 004",
        "1000000+2000000=3000000, 12+34567890 and x+1234567",
        "GMT+1 2024-12-01 10:30, UTC+2 2024.12.01 and 10:00:00+1000 2024",
        "j.neuro.0162-8828.2010, img.0012345678, T0301234567 and P0123456789",
        f"{'A' * 40}+4930987654",
        "rises 5%2030 in all",
        "x%40",
        "a &amp; b",
    ],
)
def test_what_is_no_personal_data_in_any_spelling_stays(text: str) -> None:
    assert redacted(text) == text


def test_beyond_so_many_sums_what_is_glued_counts_as_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of a megabyte made for it asked libphonenumber for 14 seconds; unknown is taken out, not sent."""
    monkeypatch.setattr(phone_numbers, "_MOST_ASKED", 3)
    assert redacted("1+2000000, " * 2 + "1+49 30 9876543, 1+2000000") == "1+2000000, 1+2000000, 1[PHONE], 1[PHONE]"


def test_every_place_leads_back_to_what_was_written() -> None:
    draws = random.Random(3)
    pieces = [
        "a",
        "b ",
        "%40",
        "%2540",
        "&#64;",
        "&amp;",
        "&amp;#64;",
        "\u200b",
        "%C3%A9",
        "%",
        "&",
        ";",
        "#64;",
        "é",
        "25",
    ]
    for _ in range(3_000):
        text = "".join(draws.choices(pieces, k=draws.randint(1, 12)))
        read = plainly(text)
        for n, char in enumerate(read.text):
            start, stop = read.span((n, n + 1))
            assert 0 <= start < stop <= len(text)
            assert plainly(text[start:stop]).text in (char, text[start:stop]), (text, n, text[start:stop])
        if read.text:
            spans = [read.span((n, n + 1)) for n in range(len(read.text))]
            assert all(one[1] <= after[0] for one, after in pairwise(spans)), text


UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u180e\u200e\u200f\u202a\u202e\u2061\u2066\u2069\u206f\u3164\ufe00\ufe0f\ufeff\x00\x1b"
)
WHOLE = (
    "ann@example.org",
    "+49 30 1234567",
    "4111 1111 1111 1111",
    "DE89370400440532013000",
    "192.0.2.77",
    "2001:db8::1",
)


@pytest.mark.parametrize(
    "sign", [*UNSEEN, "\U000e0041", "\U000e0100", "&lrm;", "&#8207;", "&#x202A;", "\\u200e", "%E2%80%8E"]
)
def test_signs_that_nobody_sees_hide_nothing(sign: str) -> None:
    left = []
    for whole in WHOLE:
        for place in (0, 1, 3, len(whole) // 2, len(whole)):
            made = redacted(f"to {whole[:place]}{sign}{whole[place:]} now")
            if not made.removeprefix("to ").removesuffix(" now").replace(sign, "").lstrip("\u200e").startswith("["):
                left.append((whole, place, made))
    assert left == []


def test_digits_drawn_as_keys_are_digits() -> None:
    assert redacted("+49 " + "".join(f"{one}\ufe0f\u20e3" for one in "301234567"), "phone").startswith("[PHONE]")


@pytest.mark.parametrize(
    "address",
    [
        "jose\u0301@example.org",
        "jose\u0301.garcia@example.org",
        "mueller@mu\u0308nchen.de",
        "\u0905\u091c\u092f@\u0921\u093e\u091f\u093e.\u092d\u093e\u0930\u0924",
        "\u0915\u0940\u0930\u094d\u0924\u093f@example.org",
        "\u0e2a\u0e21\u0e0a\u0e32\u0e22@\u0e44\u0e17\u0e22.\u0e44\u0e17\u0e22",
        "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f@example.org",
    ],
)
def test_addresses_with_marks_on_their_letters_are_found_whole(address: str) -> None:
    assert redacted(f"to {address} now") == "to [EMAIL] now"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("https://x.example/?tel=%2B49+30+1234567&a=b", "https://x.example/?tel=[PHONE]&a=b"),
        ("?q=030+1234567", "?q=[PHONE]"),
        ("q=call+me+at+030+1234567+or+so", "q=call+me+at+[PHONE]+or+so"),
        ("/pay?iban=DE89+3704+0044+0532+0130+00", "/pay?iban=[IBAN]"),
        ("/pay?card=4111+1111+1111+1111&x", "/pay?card=[CARD]&x"),
        ("?to=ann+x@example.org", "?to=[EMAIL]"),
        ("x = 030+1234567", "x = 030+1234567"),
        ("192.168.001.010 was it", "[IP] was it"),
        ('{"a": "\\f030 1234567", "b": "\\bDE89370400440532013000"}', '{"a": "\\f[PHONE]", "b": "\\b[IBAN]"}'),
        ("+49\u201430\u20151234567", "[PHONE]"),
    ],
)
def test_further_ways_to_write_what_is_found(text: str, made: str) -> None:
    assert redacted(text) == made


def test_names_of_a_records_fields_are_read_and_words_of_templates_stay() -> None:
    counts: Counter[str] = Counter()
    record = {
        "id": "ann@example.org",
        "question": "x",
        "ann@example.org": 1,
        "bob@example.org": 2,
        "tel 030 1234567": 3,
    }
    made = Redactor(EVERYTHING, {"word": "[a-z]{8}"}).record(record, counts, keep="id")
    assert made["id"] == "ann@example.org" and made["question"] == "x"
    assert list(made.values()) == ["ann@example.org", "x", 1, 2, 3]
    assert "@" not in "".join(list(made)[1:]) and "030" not in "".join(made)
