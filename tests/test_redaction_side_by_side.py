"""Two or three numbers that stand side by side: each that is found alone is found there too, whatever divides them."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from evalkit.store.sealing import rows_of
from evalkit.suite.redaction import Redactor
from evalkit.suite.side_by_side import beside, rests
from tests.tables import table
from tests.world import evalkit, run_folders

EVERYTHING = ("email", "phone", "card", "iban", "ip")
OWN = {"ticket": "T-[0-9]{6}", "seat": "[1-9][0-9]{2}#[0-9]{4}"}
DIVIDERS = [
    *(" ", "/", ". ", " - ", "|", "\t", "  ", " / ", " | ", ", ", "; ", "\n", "   ", " (", ") ", " \u2013 ", " & "),
    *("\u00a0", " . ", " -- ", "*", " : ", " \t ", "\u2022", "()", "%20"),
]


class Numbers:
    """True numbers of each kind, drawn."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._draw = random.Random(9)
        self._kinds = {"phone": self._phone, "card": self._card, "iban": self._iban, "ip": self._ip}
        self._kinds |= {"email": self._email, "ticket": lambda: f"T-{self._digits(6)}"}
        self._kinds |= {"seat": lambda: f"{self._some(3)}#{self._digits(4)}"}
        if redactor.countries:
            self._kinds["own"] = self._of_a_country
        self.kinds = tuple(self._kinds)

    def alone(self, kind: str) -> str:
        while left(self._redactor, said := self._kinds[kind]()):
            pass
        return said

    def _digits(self, n: int) -> str:
        return "".join(self._draw.choice("0123456789") for _ in range(n))

    def _some(self, n: int) -> str:
        return self._draw.choice("123456789") + self._digits(n - 1)

    def _pairs(self, n: int) -> str:
        return " ".join(self._digits(2) for _ in range(n))

    def _phone(self) -> str:
        city, local = self._draw.choice(["30", "89", "171", "6221"]), self._some(self._draw.choice([6, 7, 8]))
        return self._draw.choice(
            [
                *(f"+49 {city} {local}", f"0049 {city} {local}", f"00 49 {city} {local}", f"0{city} {local}"),
                *(f"0{city}/{local}", f"(0{city}) {local}", f"+49{city}{local}", f"+49 (0){city} {local}"),
                *(f"+33 {self._draw.choice('12345')} {self._pairs(4)}", f"06 {self._pairs(4)}"),
                *(f"+1 212 {self._some(3)} {self._digits(4)}", f"({self._some(3)}) {self._some(3)}-{self._digits(4)}"),
                f"{self._some(3)}-{self._some(3)}-{self._digits(4)}",
            ]
        )

    def _of_a_country(self) -> str:
        return self._draw.choice(
            [
                *(f"06.{self._pairs(4).replace(' ', '.')}", f"415555{self._digits(4)}", f"212 355 {self._digits(4)}"),
                f"1-800-356-{self._digits(4)}",
            ]
        )

    def _card(self) -> str:
        while True:
            said = self._draw.choice(["4", "51", "5998"])
            said += self._digits(16 - len(said))
            doubled = [int(one) * 2 - 9 * (int(one) > 4) for one in said[0::2]]
            if (sum(doubled) + sum(map(int, said[1::2]))) % 10 == 0:
                gap = self._draw.choice(["", " ", "-"])
                return gap.join(said[n : n + 4] for n in range(0, 16, 4))

    def _iban(self) -> str:
        country, rest = self._draw.choice(
            [("DE", self._digits(18)), ("NO", self._digits(11)), ("BE", self._digits(12))]
        )
        check = 98 - int("".join(str(int(one, 36)) for one in rest + country + "00")) % 97
        said = f"{country}{check:02}{rest}"
        return said if self._draw.random() < 0.4 else " ".join(said[n : n + 4] for n in range(0, len(said), 4))

    def _ip(self) -> str:
        four = ".".join(str(self._draw.randrange(1, 255)) for _ in range(4))
        return self._draw.choice([four, f"2001:db8::{self._draw.randrange(1, 9_999):x}"])

    def _email(self) -> str:
        return f"{self._draw.choice(['ann', 'bob.miller', 'c_d7'])}@{self._draw.choice(['example.org', 'x1.example'])}"


def left(redactor: Redactor, text: str) -> bool:
    """Whether redaction leaves a digit or a part of an address."""
    made = redactor.text(text, Counter())
    return re.search(r"[0-9@]|::|db8", re.sub(r"\[[A-Z]+\]|%20", " ", made)) is not None


@pytest.mark.parametrize("countries", [(), ("FR", "US")])
def test_numbers_of_every_kind_are_found_beside_those_of_every_other(countries: tuple[str, ...]) -> None:
    """Of two phone numbers that a blank divides, one in four left digits of the second."""
    redactor = Redactor(EVERYTHING, OWN, countries)
    numbers = Numbers(redactor)
    texts = []
    for n, (one, other) in enumerate(product(numbers.kinds, numbers.kinds)):
        for divider in DIVIDERS if one == other == "phone" else DIVIDERS[n % 3 :: 3]:
            third = [numbers.alone(numbers.kinds[n % len(numbers.kinds)])] if n % 4 == 0 else []
            texts.append(divider.join([numbers.alone(one), numbers.alone(other), *third]))
    found = [text for text in texts if left(redactor, text)]
    assert len(found) <= 0.005 * len(texts), (len(found), len(texts), found)


@table(
    ("text", "made"),
    [
        ("at +33 1 35 69 32 20. 0049 30 8538057 is mine", "at [PHONE]. [PHONE] is mine"),
        ("030/2149131 030/3127540", "[PHONE] [PHONE]"),
        ("+49 30 498 9289 - 030 5417627", "[PHONE] - [PHONE]"),
        ("+1 212 355 7144/030/9279139", "[PHONE]/[PHONE]"),
        ("5998-2308-4697-4950 030 7859026", "[CARD] [PHONE]"),
        ("030/1234567-ann@example.org", "[PHONE]-[EMAIL]"),
        ("ann@example.org-030/1234567", "[EMAIL]-[PHONE]"),
        ("+44 20 2034 5744 682#5548", "[PHONE][SEAT]"),
        ("call 00 49 30 2534103 now", "call [PHONE] now"),
        ("00 (49) 30 2534103, + 49 30 2534103", "[PHONE], [PHONE]"),
        ("00 33 1 23 45 67 89 and 00 1 212 355 7144", "[PHONE] and [PHONE]"),
    ],
)
def test_what_divides_two_numbers_stays(text: str, made: str) -> None:
    assert Redactor(EVERYTHING, OWN).text(text, Counter()) == made


@table(
    "text",
    [
        *("10:00 49 30 2534103", "00 12 34 56 78 90 11", "7f 45 00 49 30 25 34 10 33", "12 + 3456789012"),
        *("x 00 30 00 15 22 44", "sum 5 + 49 301234567", "1.00 49 30 2534103", "3, 00 49 301"),
    ],
)
def test_rows_of_figures_and_sums_are_no_numbers_with_a_prefix_apart(text: str) -> None:
    assert Redactor(EVERYTHING, {}).text(text, Counter()) == text


@table(
    ("text", "made"),
    [
        ("+49 30 1234567, table 5 6 7 8 9 10", "[PHONE], table 5 6 7 8 9 10"),
        ("4000 0012 3456 7899 12/27", "[CARD] 12/27"),
        ("DE89 3704 0044 0532 0130 00 2026", "[IBAN] 2026"),
        ("10.0.0.1 12 users", "[IP] 12 users"),
        ("T-123456 2 5 8", "[TICKET] 2 5 8"),
    ],
)
def test_figures_beside_a_find_stay(text: str, made: str) -> None:
    assert Redactor(EVERYTHING, OWN).text(text, Counter()) == made


def test_a_list_of_numbers_of_a_country_is_no_longer_word() -> None:
    redactor = Redactor(("phone",), {}, ("US",))
    assert redactor.text("2125555118/2125556801", Counter()) == "[PHONE]/[PHONE]"
    for text in ("https://x.example/4155552671/2125556801", "sku_4155552671/2125556801", "$4155552671"):
        assert redactor.text(text, Counter()) == text


def test_what_is_found_beside_stands_in_order_and_apart() -> None:
    redactor = Redactor(EVERYTHING, OWN)
    numbers = Numbers(redactor)
    ways: dict[str, Callable[[str], int]] = {"a": lambda text: 4 if text[:1] == "0" else 0}
    assert beside("030/2149131 0309", [(0, 15, "a")], ways, lambda kind, said: False) == [(0, 11, "a"), (12, 16, "a")]
    assert rests("ab cd ef", [(0, 4, "a")], [(3, 8, "b")]) == [(0, 4, "a"), (4, 8, "b")]
    draw = random.Random(4)
    for _ in range(200):
        text = draw.choice(DIVIDERS).join(numbers.alone(draw.choice(numbers.kinds)) for _ in range(6))
        counts: Counter[str] = Counter()
        made = redactor.text(text, counts)
        assert sum(counts.values()) == len(re.findall(r"\[[A-Z]+\]", made)) >= 4, (text, made)


@table("text", ["01 23 45 67 89 ", "00 49 30 123 ", "030/1234567 ", "+1 (", "a@b.c-", "4111 1111 1111 1111 "])
def test_a_text_made_of_neighbours_takes_no_time(text: str) -> None:
    began = time.process_time()
    Redactor(EVERYTHING, OWN).text(text * (60_000 // len(text)), Counter())
    assert time.process_time() - began < 4


def test_a_second_number_is_sent_to_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Call me at +33 1 35 69 32 20. 0049 30 8538057 is my office; 5998-2308-4697-4950 030 7859026"
    (tmp_path / "d.jsonl").write_text(json.dumps({"id": "1", "q": text}))
    (tmp_path / "suite.yaml").write_text(
        """
name: rd
redact: {what: [phone, card]}
models: {m: {adapter: scripted, replies: {"*": x}}}
tasks: [{name: t, data: {path: d.jsonl, id: id}, prompt: "{{ q }}", target: x, score: exact}]
"""
    )
    ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results")
    assert ran.code == 0 and "1 card, 3 phone" in ran.err, ran.err
    (row,) = rows_of(run_folders(tmp_path / "results")[0])
    assert row.prompt[0].content == "Call me at [PHONE]. [PHONE] is my office; [CARD] [PHONE]"


@pytest.mark.long
def test_numbers_of_a_country_are_found_behind_any_number_of_digits() -> None:
    """libphonenumber gave up after 65,535 tries, without a word."""
    redactor = Redactor(("phone",), {}, ("FR", "US"))
    for before in ("99/99/99 " * 44_000, "1 2 3 4 " * 50_000):
        assert redactor.text(f"{before}\nplease call 06.12.34.56.78 or 4155552671", Counter()).endswith(
            "call [PHONE] or [PHONE]"
        )
