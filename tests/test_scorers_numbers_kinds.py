"""What a careful person reads as the number of a reply: kinds of statements, spellings and languages."""

from __future__ import annotations

import time

import pytest

from evalkit.records import Outcome
from tests.scoring import mark, sample
from tests.tables import table

# (reply, the number that it gives)
READ = [
    # Powers, roots and the like are worked out where they are whole, plain numbers
    ("The answer is 10^4.", "10000"),
    ("So there are 2^8 subsets.", "256"),
    ("The answer is 3^{4}", "81"),
    ("7.5×10²", "750"),
    ("4·10^2", "400"),
    ("9 \\cdot 10^{3}", "9000"),
    ("10⁻²", "0.01"),
    ("2.5e-3", "0.0025"),
    ("2 × 10^-3", "0.002"),
    ("It holds 10**3 litres.", "1000"),
    # Units that carry exponents are units
    ("The area is 15 cm^2.", "15"),
    ("The volume is 15 m^{3}.", "15"),
    ("Speed: 9 m/s^2", "9"),
    ("\\boxed{15\\text{ m}^2}", "15"),
    ("\\boxed{15\\,\\mathrm{m}^{2}}", "15"),
    ("$15\\ \\text{cm}^3$", "15"),
    ("\\boxed{\\mathbf{15}}", "15"),
    ("\\boxed{15~\\text{km/h}}", "15"),
    ("The density is 3 kg/m^3.", "3"),
    ("It is 40 sq ft.", "40"),
    ("20 m2", "20"),
    # Signs
    ("The answer is - 8.", "-8"),
    ("The answer is minus eight, -8.", "-8"),
    ("The answer is minus 8.", "-8"),
    ("It drops to negative 8 degrees.", "-8"),
    ("\\boxed{- 8}", "-8"),
    ("Answer: − 8", "-8"),
    ("The answer is -$8.", "-8"),
    ("\\frac{3}{-4}", "-0.75"),
    ("答案是-8。", "-8"),
    ("答案是负8", "-8"),
    ("x = - 8", "-8"),
    # Beside letters of other scripts
    ("答案是42个", "42"),
    ("คำตอบคือ42บาท", "42"),
    ("答えは42円です。", "42"),
    ("정답은 42개입니다.", "42"),
    ("总共42本书。", "42"),
    ("所以答案是42。", "42"),
    ("因此，小红一共有42元。", "42"),
    ("คำตอบคือ 42", "42"),
    ("Ответ: 42 рубля.", "42"),
    ("Ответ — 42.", "42"),
    ("उत्तर 42 है।", "42"),
    ("الجواب هو 42.", "42"),
    ("התשובה היא 42.", "42"),
    ("La respuesta es 42.", "42"),
    ("La réponse est 42.", "42"),
    ("Die Antwort ist 42.", "42"),
    ("A resposta é 42.", "42"),
    ("La risposta è 42.", "42"),
    ("Het antwoord is 42.", "42"),
    ("Odpowiedź: 42", "42"),
    ("Cevap: 42", "42"),
    ("Đáp án là 42.", "42"),
    ("Jawabannya adalah 42.", "42"),
    ("উত্তর হল 42।", "42"),
    ("Jibu ni 42.", "42"),
    ("సమాధానం 42.", "42"),
    ("答案是42，而不是41。", "42"),
    ("La respuesta es 42 y no 41.", "42"),
    # Other digits
    ("४२", "42"),
    ("الجواب: ٤٢", "42"),
    ("４２", "42"),
    ("উত্তর: ৪২", "42"),
    ("۴۲", "42"),
    ("٣٫٥", "3.5"),
    ("١٬٢٣٤", "1234"),
    ("The answer is 42 (forty-two).", "42"),
    # Grouping and decimals
    ("The answer is 25 000.", "25000"),
    ("3 456 789", "3456789"),
    ("3\u2009456\u2009789", "3456789"),
    ("3’456’789", "3456789"),
    ("₹45,67,890", "4567890"),
    ("2,50,000", "250000"),
    ("Die Antwort ist 4,5.", "4.5"),
    ("Antwort: 12,75 €", "12.75"),
    ("La réponse est 3 456,5", "3456.5"),
    ("3.456,78 €", "3456.78"),
    ("0,25", "0.25"),
    ("2½", "2.5"),
    ("¾", "0.75"),
    ("The answer is 3 ¼.", "3.25"),
    ("\\cfrac{7}{8}", "0.875"),
    ("\\frac{2.5}{5}", "0.5"),
    ("\\frac{2,000}{4}", "500"),
    ("3\\frac{1}{4}", "3.25"),
    ("\\boxed{3\\tfrac14}", "3.25"),
    ("3 1/4", "3.25"),
    ("10\\,000", "10000"),
    ("\\boxed{10{,}000}", "10000"),
    ("\\boxed{10,\\!000}", "10000"),
    # Currencies and magnitudes
    ("CHF250", "250"),
    ("Rs.250", "250"),
    ("USD250", "250"),
    ("EUR 250", "250"),
    ("250 EUR", "250"),
    ("The answer is 5k.", "5000"),
    ("$2.5bn", "2500000000"),
    ("4M", "4000000"),
    ("4 million", "4000000"),
    ("The answer is 5 hundred.", "500"),
    ("3 dozen", "36"),
    ("5 lakh", "500000"),
    ("3万", "30000"),
    ("答案是3.5亿", "350000000"),
    # The final number beats a total in mid-working
    ("Total: 12 apples.\nHe eats 5, so 7 are left.", "7"),
    ("Total cost: $48.\nChange: $2.", "2"),
    ("Result of step one: 9\nThen 9 - 4 = 5.", "5"),
    ("Total = 60.\nEach of the 4 gets 60/4 = 15.", "15"),
    ("The total is 18 and she gives away 6.\nTherefore she has 12 left.", "12"),
    ("Answer: 12", "12"),
    ("Sum: 40 + 2 = 42", "42"),
    ("The final answer is 7. I checked it 2 times.", "7"),
    ("**Answer:** 7\n\nCheck: 3 + 4 = 7, and 7 - 4 = 3.", "7"),
    ("#### 7", "7"),
    ("\\boxed{7}\n\nThis uses rule 3.", "7"),
    ("The answer is 7, because 3 + 4 makes that.", "7"),
    ("The answer is 7 (out of 10).", "7"),
    # Corrections
    ("The answer is 5. Wait, that is wrong. The answer is 6.", "6"),
    ("The answer is 5... no, 6.", "6"),
    ("The answer is 5. Actually, it's 6.", "6"),
    ("The answer is 5. Correction: 6.", "6"),
    ("It is not 5 but 6.", "6"),
    ("The answer is 6, not 5.", "6"),
    ("The answer is 6 instead of 5.", "6"),
    ("I first thought 5, but the answer is 6.", "6"),
    # Other words around the number
    ("The answer is exactly 5.", "5"),
    ("The answer is just 5 apples.", "5"),
    ("The answer is therefore 5.", "5"),
    ("The answer should be 5.", "5"),
    ("The answer would be: 5", "5"),
    ("The answer is $5 per hour.", "5"),
    ("The answer is 5!", "5"),
    ("The answer is 20% off.", "20"),
    ("The answer to 3 + 4 is 7.", "7"),
    ("The answer is 3 + 4 = 7.", "7"),
    ("The answer is 72 m/s.", "72"),
    ("In 2024 she has 5 cats.", "5"),
    ("It takes 3 hours.", "3"),
    ("The answer is x = 5.", "5"),
    ("5\n", "5"),
]  # fmt: skip

# (reply, a number that it does not give)
NOT = [
    # Words are not read, and nothing else is taken for them
    ("There are 3 boxes, so the answer is forty-two.", "3"),
    ("一共3盒，答案是四十二。", "3"),
    # Denied
    ("The answer is not 5.", "5"),
    ("The answer isn't 5.", "5"),
    ("The answer can't be 5.", "5"),
    ("It is definitely not 5.", "5"),
    ("5 is not the answer.", "5"),
    ("5 is wrong.", "5"),
    ("5 is incorrect.", "5"),
    ("5? No.", "5"),
    ("The answer is 5? I doubt it.", "5"),
    ("Is it 5? No.", "5"),
    ("The wrong answer is 5.", "5"),
    ("The answer is never 5.", "5"),
    ("答案不是5。", "5"),
    ("La respuesta no es 5.", "5"),
    ("La réponse n'est pas 5.", "5"),
    ("Die Antwort ist nicht 5.", "5"),
    ("Ответ не 5.", "5"),
    ("答えは5ではありません。", "5"),
    ("답은 5가 아닙니다.", "5"),
    ("I do not think the answer is 5.", "5"),
    ("It would be false to say that the answer is 5.", "5"),
    # Alternatives
    ("The answer is 5 or 6.", "5"),
    ("The answer is 5 or 6.", "6"),
    ("Either 5 or 6.", "6"),
    ("5 or 6", "6"),
    ("The answer is either 5 or 6.", "5"),
    ("The answers are 5 and 6.", "6"),
    ("5/6 or 6", "6"),
    ("The answer is 5 (or maybe 6).", "5"),
    ("答案是5或6。", "5"),
    ("La respuesta es 5 o 6.", "5"),
    ("Die Antwort ist 5 oder 6.", "6"),
    ("The answer is 5, 6 or 7.", "5"),
    ("x = 5 or x = 6", "6"),
    ("The answer is {5, 6}.", "5"),
    ("The answer is 5 and 6.", "5"),
    # Bounds, ranges, spreads
    ("The answer is at least 5.", "5"),
    ("The answer is at most 5.", "5"),
    ("The answer is more than 5.", "5"),
    ("The answer is less than 5.", "5"),
    ("The answer is fewer than 5.", "5"),
    ("The answer is > 5.", "5"),
    ("x >= 5", "5"),
    ("x \\geq 5", "5"),
    ("The answer is ≥5", "5"),
    ("The answer is over 5.", "5"),
    ("The answer is under 5.", "5"),
    ("The answer is up to 5.", "5"),
    ("The answer is between 3 and 5.", "5"),
    ("The answer is between 3 and 5.", "3"),
    ("The answer is 3–5.", "3"),
    ("The answer is 3-5.", "5"),
    ("3-5", "5"),
    ("from 3 to 5", "5"),
    ("The answer is 3 to 5.", "3"),
    ("The answer is 5 ± 1.", "5"),
    ("The answer is 5\\pm 1.", "5"),
    ("The answer is ±5.", "5"),
    ("The answer is 5+.", "5"),
    ("5 or more", "5"),
    ("5 at most", "5"),
    ("The answer is no more than 5.", "5"),
    ("答案至少是5。", "5"),
    ("mindestens 5", "5"),
    # Part of an expression
    ("The answer is 10^4.", "10"),
    ("The answer is 2^5.", "5"),
    ("The answer is 4\\sqrt{3}.", "4"),
    ("The answer is 4√3.", "4"),
    ("The answer is √7.", "7"),
    ("\\sqrt{7}", "7"),
    ("The answer is 6π.", "6"),
    ("The answer is 6\\pi", "6"),
    ("The answer is 6x.", "6"),
    ("\\boxed{6x+1}", "6"),
    ("\\boxed{6!}", "6"),
    ("\\boxed{6n}", "6"),
    ("\\boxed{k+6}", "6"),
    ("\\boxed{6^n}", "6"),
    ("\\boxed{<6}", "6"),
    ("\\boxed{\\ge 6}", "6"),
    ("\\boxed{6\\text{ or }7}", "6"),
    ("\\boxed{6 \\pm 1}", "6"),
    ("\\boxed{6\\%}", "0.06"),
    ("\\boxed{(6, 7)}", "6"),
    ("The answer is (6, 7).", "6"),
    ("The answer is [6, 7].", "7"),
    ("The answer is 6 + 2i.", "6"),
    ("The answer is 6k.", "6"),
    ("The answer is 6bn.", "6"),
    ("6²", "6"),
    ("6^2", "2"),
    ("The answer is log 6.", "6"),
    ("The answer is ln(6).", "6"),
    ("The answer is cos 60.", "60"),
    ("The answer is 6 choose 2.", "6"),
    ("The answer is |6 - x|.", "6"),
    ("The answer is 6:2.", "6"),
    ("The answer is 6:30 am.", "6"),
    ("The answer is 06/07/2024.", "6"),
    ("2024-06-07", "7"),
    ("The answer is version 6.1.2.", "6.1"),
    ("Call 555-0123.", "123"),
    ("The answer is +1 555 123 4567.", "4567"),
    ("The answer is 0x1F.", "0"),
    ("The answer is 6 dozen.", "6"),
    ("The answer is 101_2.", "101"),
    ("Area: 72 m^2", "2"),
    ("72 cm³", "3"),
    ("H2O", "2"),
    ("CO2", "2"),
    ("1/0", "1"),
    # Signs and decimals
    ("The answer is - 8.", "8"),
    ("minus 8", "8"),
    ("negative 8", "8"),
    ("The answer is minus eight.", "8"),
    ("\\boxed{- 8}", "8"),
    ("3½", "3"),
    ("0,75", "75"),
    ("12,50 €", "12"),
    ("10 000", "0"),
    ("₹12,34,567", "34567"),
    ("答案是-8。", "8"),
    ("答案是负8。", "8"),
    ("四十二", "2"),
    ("forty-two", "2"),
    ("3万", "3"),
    ("٣٫٥", "5"),
    # Corrections
    ("The answer is 5. Wait, it must be 6.", "5"),
    ("The answer is 5... no, 6.", "5"),
    ("The answer is 5, no, sorry, 6.", "5"),
    ("The answer is 5. Hmm, that's not right.", "5"),
    ("\\boxed{5} Wait, I made a mistake: 6.", "5"),
    ("#### 5\n\nCorrection: 6", "5"),
    ("The answer is 5. Oops, I mean 6.", "5"),
    ("答案是5。不对，应该是6。", "5"),
    ("The answer is 5. Actually, it's 6.", "5"),
    # Conditions
    ("If the answer is 5, then x is even.", "5"),
    ("Suppose the answer is 5.", "5"),
    ("The answer may be 5, I cannot tell.", "5"),
    ("I can't tell whether the answer is 5.", "5"),
    ("The answer is unknown. There are 5 boxes.", "5"),
]  # fmt: skip


@table(("reply", "target"), READ)
def test_the_number_that_a_careful_person_reads(reply: str, target: str) -> None:
    found = mark("numbers", {}, sample(target), reply)
    assert found.outcome is Outcome.RIGHT, (found.extracted, found.reason)


@table(("reply", "target"), NOT)
def test_a_number_that_a_reply_does_not_give_is_never_right(reply: str, target: str) -> None:
    found = mark("numbers", {}, sample(target), reply)
    assert found.outcome is not Outcome.RIGHT, (found.extracted, found.reason)


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    "reply",
    ["5! " * 330_000, "12,34," * 160_000, "1 234 " * 160_000, "the answer is not " * 55_000, "5 or " * 200_000,
     "10^" * 330_000, "\\boxed{" * 140_000, "9" * 1_000_000, "答案是" * 330_000, "not " * 250_000 + "5"],
    ids=lambda reply: repr(reply[:12]),
)  # fmt: skip
def test_a_hostile_megabyte_is_read_in_little_time(reply: str) -> None:
    start = time.process_time()
    mark("numbers", {}, sample("4"), reply)
    assert time.process_time() - start < 20.0  # one pass takes a second or two


OPENING = [
    ("540", "**540 meters**\n\nHe runs 3 sprints of 60 meters, 3 times a week.", "right"),
    ("18", "**$18**\n\nShe sells 9 eggs at $2 each.", "right"),
    ("9", "**$18**\n\nShe sells 9 eggs at $2 each.", "wrong"),
    ("7", "7\n\nWait, there are 2 more, so it is 9.", "wrong"),
    ("9", "7\n\nWait, there are 2 more, so it is 9.", "right"),
    ("70", "70\n\n48 + 24 = 72", "wrong"),
    ("72", "70\n\n48 + 24 = 72", "right"),
    ("12", "12 apples\n\nIn total she has 15.", "wrong"),
    ("15", "12 apples\n\nIn total she has 15.", "right"),
    ("3", "3. First step\n\nThe sum is 5", "wrong|unparseable"),
    ("1", "Step 1\n\nWe add 2 and 3 to get 5", "wrong"),
    ("5", "Step 1\n\nWe add 2 and 3 to get 5", "right"),
    ("2024", "2024\n\nThe year has 366 days.", "right"),
    ("72", "72\n\nThe answer is 74.", "wrong"),
    ("45", "45 miles\n\nHe drives for 3 hours.", "right"),
    ("45", "not 45\n\nHe drives for 3 hours.", "wrong|unparseable"),
    ("45", "45?\n\nNo, 46.", "wrong|unparseable"),
    ("5", "5 or 6\n\nDepending on 2 things", "wrong|unparseable"),
    ("1250", "Cuesta 1.250 pesos.", "right"),
    ("1250", "Son $ 1.250 pesos", "right"),
    ("1000000", "1·000·000", "right"),
    ("10500000", "Son 10·500·000 habitantes.", "right"),
    ("1000", "1·000", "right"),
    ("500", "2·500", "unparseable"),
    ("12", "3·4", "unparseable"),
    ("2", "2·000·3", "unparseable"),
]
"""A number that is a paragraph of its own before a remark, and thousands parted by raised dots."""


@table(("target", "reply", "outcomes"), OPENING)
def test_a_number_that_opens_the_reply_counts_before_a_remark_only(target: str, reply: str, outcomes: str) -> None:
    assert mark("numbers", {}, sample(target), reply).outcome.value in outcomes.split("|")


CHECKS_BEHIND = [
    ("28", "The answer is 7. For n = 8 the sum would be 36, which contradicts the given 28.", "wrong"),
    ("7", "The answer is 7. For n = 8 the sum would be 36, which contradicts the given 28.", "right"),
    ("12", "The answer is 12. Disregard the root -3.", "right"),
    ("-3", "The answer is 12. Disregard the root -3.", "wrong"),
    ("8", "The answer is 7. Disregard that, it is 8.", "right"),
    ("8", "Of the 24 hours, 8 hours are left.", "right"),
    ("60", "The answer is 60 minutes, 15 minutes for each lap.", "right"),
    ("3", "After 5 days, 3 days remain.", "right"),
    ("30", "The trip takes 2 hours 30 minutes.", "unparseable"),
    ("3", "The answer is 5 feet 3 inches", "unparseable"),
    ("12", "Leila has 5 apples, Ali has 12.", "right"),
    ("12", "The answer is 12: Ali sold 7 and Leila 5.", "right"),
]
"""Checks behind an answer are no correction, two quantities of one unit are two, and Ali is a name."""


@pytest.mark.parametrize(("target", "reply", "outcomes"), CHECKS_BEHIND)
def test_ordinary_words_around_a_number_change_nothing(target: str, reply: str, outcomes: str) -> None:
    assert mark("numbers", {}, sample(target), reply).outcome.value in outcomes.split("|")


@table(
    ("reply", "target"),
    [
        # all but this number
        ("The answer is anything but 5.", "5"),
        ("The answer is everything except 5.", "5"),
        ("Die Antwort ist alles außer 5.", "5"),
        ("La réponse est tout sauf 5.", "5"),
        ("La respuesta es todo menos 5.", "5"),
        # judged behind
        ("Answer: 5 (wrong)", "5"),
        ("Answer: 5 [incorrect]", "5"),
        ("The answer is 5 (this is wrong)", "5"),
        ("The answer is 5 – incorrect.", "5"),
        # answers that the reply itself does not hold
        ("The naive answer is 5.", "5"),
        ("The tempting answer is 5.", "5"),
        ("The intermediate answer is 5.", "5"),
        ("A partial answer is 5.", "5"),
        # bounds
        ("The answer is just shy of 5.", "5"),
        ("The answer is short of 5.", "5"),
        ("The answer is north of 5.", "5"),
        ("The answer is capped at 5.", "5"),
        ("The answer is bounded by 5.", "5"),
        # computed with
        ("The answer is 10 over 2.", "10"),
        ("The total is 5 short of 20.", "5"),
        # one for each case
        ("The answer is 5 if x is even, 6 otherwise.", "5"),
        ("The answer is 5 if n=2 and 6 otherwise.", "5"),
        ("Die Antwort ist 5, wenn x gerade ist, sonst 6.", "5"),
        ("La réponse est 5 si x est pair, sinon 6.", "5"),
        ("The answer is 5 before tax and 6 after.", "5"),
        # corrected under a heading
        ("Answer: 5\nEdit: 6", "5"),
        ("Answer: 5\nUpdate: 6", "5"),
        ("Answer: 5\nRevised: 6", "5"),
        # only pointed to, or described
        ("The answer is given in equation 5.", "5"),
        ("The answer is found in Table 5.", "5"),
        ("The answer is on line 5.", "5"),
        ("The answer is a number divisible by 5.", "5"),
        ("The answer is prime, like 5.", "5"),
    ],
)
def test_numbers_beside_an_answer_are_none(reply: str, target: str) -> None:
    assert mark("numbers", {}, sample(target), reply).outcome is not Outcome.RIGHT


@pytest.mark.parametrize(
    ("reply", "target"),
    [
        ("Answer: 5\nEdit: 6", "6"),
        ("Answer: 5\nUpdate: it is 6", "6"),
        ("The answer is 5? No, 6.", "6"),
        ("The answer is 12, with 3 left after the party.", "12"),
        ("The answer is 5 if I am not mistaken.", "5"),
        ("The answer is 5, if we round 4.6.", "5"),
        ("The answer is 5 (not possible to be negative).", "5"),
        ("Answer: 18 - the other options are wrong", "18"),
        ("By equation 3, the answer is 8.", "8"),
        ("The answer is 40 over 3 years.", "40"),
        ("The answer is 40 over the whole year.", "40"),
        ("The trick: 3*4. The answer is 12.", "12"),
        ("The answer is 5. Is that ok?", "5"),
        ("Edit: fixed a typo. The answer is 5.", "5"),
        ("The answer is 5, when the store opens at 9.", "5"),
        ("The answer is 7 days before the 12th.", "7"),
    ],
)
def test_words_like_them_change_nothing(reply: str, target: str) -> None:
    found = mark("numbers", {}, sample(target), reply)
    assert found.outcome is Outcome.RIGHT, (found.extracted, found.reason)
