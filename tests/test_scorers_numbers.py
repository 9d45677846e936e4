"""Numbers: which one of a reply counts, and when two are equal."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome
from evalkit.scorers.number_statements import find_answer
from evalkit.scorers.registry import make_scorer
from tests.scoring import mark, sample
from tests.tables import table

READ = [
    ("42", 42),
    ("42.", 42),
    ("The answer is 42.", 42),
    ("1,234", 1234),
    ("1,234,567.5", Fraction("2469135/2")),
    ("$1,234.50", Fraction("2469/2")),
    ("€ 5", 5),
    ("-5", -5),
    ("−5", -5),
    ("-$5", -5),
    ("$-5", -5),
    ("3/4", Fraction("3/4")),
    ("1 1/2", Fraction("3/2")),
    ("\\frac{3}{4}", Fraction("3/4")),
    ("-\\frac{3}{4}", Fraction("-3/4")),
    ("\\dfrac34", Fraction("3/4")),
    ("$\\frac{1}{2}$", Fraction("1/2")),
    ("50%", 50),
    ("50\\%", 50),
    ("0.5", Fraction("1/2")),
    (".5", Fraction("1/2")),
    ("1e3", 1000),
    ("1.5E-2", Fraction("3/200")),
    ("2×10^3", 2000),
    ("2 \\times 10^{3}", 2000),
    ("6.02 \\cdot 10^{23}", Fraction("602000000000000000000000")),
    ("5 km", 5),
    ("5km", 5),
    ("10-5 = 5", 5),
    ("x = -5", -5),
    ("3 million", 3000000),
    ("2.5 billion dollars", 2500000000),
    ("\\boxed{42}", 42),
    ("\\boxed{\\frac{1}{2}}", Fraction("1/2")),
    ("\\boxed{2\\sqrt{3}}", None),
    ("\\boxed{x = 5}", 5),
    ("\\boxed{5 \\text{ cm}}", 5),
    ("\\boxed{5^\\circ}", 5),
    ("\\boxed{1{,}234}", 1234),
    ("\\boxed{1\\,234}", 1234),
    ("\\boxed{90\\%}", 90),
    ("\\boxed{}", None),
    ("#### 18", 18),
    ("blah 3 4\n#### 1,000", 1000),
    ("The answer is 3 apples.", 3),
    ("Answer: $18", 18),
    ("Answer: **18**", 18),
    ("The answer is 5 + 3 = 8.", 8),
    ("So 2 + 2 = 4", 4),
    ("12 then 13 then 14.", 14),
    ("The answer is 5. I checked with 6 cases.", 5),
    ("none", None),
    ("", None),
    ("H2O", None),
    ("x1 and y2", None),
    ("version 1.2.3", None),
    ("on 1/2/2024", None),
    ("the 2nd", None),
    ("5/0", None),
    ("3,5", Fraction("7/2")),
    ("1,23", Fraction("123/100")),
    ("(7)", 7),
    ("[7]", 7),
    ("7!", None),
    ("~7", 7),
    ("≈ 7", 7),
    ("12\u202f345", 12345),
    ("12 345", 12345),
    ("1'234", 1234),
    ("1" * 500, None),
    ("1e999", None),
    ("３", 3),
    ("٣", 3),
    ("²", None),
    ("forty-two", None),
    ("The final answer is \\(7\\).", 7),
    ("$$7$$", 7),
    ("The total is $70,000.", 70000),
    ("100,000", 100000),
    ("It is 5 – 3 dollars", None),
    ("5-3", None),
    ("1.", 1),
    ("1. First\n2. Second", 2),
    ("+7", 7),
    ("The answer is negative", None),
    ("10:30", None),
    ("She has 1/2 of 10 = 5 left", 5),
    ("answer: 1,000,000 people", 1000000),
    ("$\\$5$", 5),
    ("The result is 3.0e+2", 300),
    ("0", 0),
    ("-0", 0),
    ("00012", 12),
    ("12e", 12),
    ("1_000", None),
    ("\\boxed{-3}", -3),
    ("\\boxed{3} or \\boxed{4}", 4),
    ("\\boxed{(3,4)}", None),
    ("2 + 2", None),
    ("GPT-4", 4),
]


@table(("reply", "number"), READ)
def test_the_number_of_a_reply_is_read_exactly(reply: str, number: Fraction | int | None) -> None:
    found = find_answer(reply, "final").number
    assert (None if found is None else found.value) == number


COMPARED: list[tuple[dict[str, Any], str, str, bool]] = [
    ({}, "1/2", "0.5", True),
    ({}, "0.1 + 0.2 = 0.3", "0.3", True),
    ({}, "3.14", "3.14159", False),
    ({"tolerance": 0.01}, "3.14", "3.14159", True),
    ({"tolerance": {"rel": 0.01}}, "101", "100", True),
    ({"tolerance": {"rel": 0.01}}, "102", "100", False),
    ({"tolerance": {"abs": 3, "rel": 0.01}}, "102", "100", True),
    ({}, "50%", "50", True),
    ({}, "50%", "0.5", False),
    ({"percent": "ratio"}, "50%", "0.5", True),
    ({"percent": "ratio"}, "0.5", "50%", True),
    ({"pick": "first"}, "7 of 9", "7", True),
    ({"pick": "last"}, "The answer is 7. Checked 9 times.", "9", True),
    ({"pick": "final"}, "The answer is 7. Checked 9 times.", "7", True),
    ({}, "$70,000", "70000", True),
    ({}, "-18", "18", False),
]


@pytest.mark.parametrize(("options", "reply", "target", "right"), COMPARED)
def test_numbers_compare_as_the_options_say(options: dict[str, Any], reply: str, target: str, right: bool) -> None:
    assert mark("numbers", options, sample(target), reply).outcome is (Outcome.RIGHT if right else Outcome.WRONG)


def test_no_number_is_unparseable_and_not_wrong() -> None:
    assert mark("numbers", {}, sample("4"), "I do not know").outcome is Outcome.UNPARSEABLE
    assert mark("numbers", {"pick": "boxed"}, sample("4"), "The answer is 4").outcome is Outcome.UNPARSEABLE


def test_a_cut_reply_counts_only_with_a_whole_final_statement() -> None:
    item = sample("12")
    assert mark("numbers", {}, item, "First 12 apples, then", "length").outcome is Outcome.TRUNCATED
    assert mark("numbers", {}, item, "The answer is 12", "length").outcome is Outcome.TRUNCATED
    assert mark("numbers", {}, item, "The answer is 12. That", "length").outcome is Outcome.RIGHT
    assert mark("numbers", {}, item, "The answer is 13. That", "length").outcome is Outcome.WRONG


def test_a_target_that_is_no_number_is_never_scored() -> None:
    for target in (None, "many", "3 or 4"):
        score = mark("numbers", {}, sample(target), "3")
        assert (score.value, score.outcome) == (None, Outcome.ERRORED)


@pytest.mark.parametrize("pick", ["final", "last", "first", "boxed"])
@pytest.mark.parametrize("target", ["4", "-3.5", "1,234", "3/4", "\\frac{1}{2}", "50%", "$5", "1e-3"])
def test_every_target_scores_one_on_its_gold(pick: str, target: str) -> None:
    item = sample(target)
    gold = make_scorer("numbers", {"pick": pick}).gold(item)
    assert gold is not None
    assert mark("numbers", {"pick": pick}, item, gold).value == 1.0


def test_a_bad_tolerance_is_refused() -> None:
    for tolerance in (-1, "0.1", {"relative": 0.1}, {"abs": True}, float("inf")):
        with pytest.raises(SuiteError, match="tolerance"):
            make_scorer("numbers", {"tolerance": tolerance})
