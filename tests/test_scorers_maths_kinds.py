"""Maths: answers that differ and must not be joined, and spellings of one answer that must."""

from __future__ import annotations

import time
from importlib.util import find_spec

import pytest

from evalkit import child
from evalkit.records import Outcome
from tests.scoring import mark, sample
from tests.tables import table

if find_spec("math_verify") is None:  # importing it here takes half a second; a process of its own does the comparing
    pytest.skip("math_verify is not installed", allow_module_level=True)

DIFFERENT = [
    ("\\frac{1}{2^{99}}", "\\boxed{\\frac{1}{2^{98}}}"),
    ("\\frac{1}{100!}", "\\boxed{\\frac{1}{101!}}"),
    ("10^{-20}", "\\boxed{10^{-21}}"),
    ("1011_2", "\\boxed{1011_3}"),
    ("12_5", "\\boxed{12_7}"),
    ("0.0000001", "\\boxed{0.0000002}"),
    ("\\frac{2^{200}+1}{2^{201}}", "\\boxed{\\frac12}"),
    ("(1,2)", "\\boxed{\\{1,2\\}}"),
    ("\\{1,2\\}", "\\boxed{(1,2)}"),
    ("[1,2]", "\\boxed{(1,2)}"),
    ("(1,2]", "\\boxed{[1,2)}"),
    ("[1,2]", "\\boxed{\\{1,2\\}}"),
    ("(1,2)", "\\boxed{(2,1)}"),
    ("1,2,\\ldots,n", "\\boxed{2,4,\\ldots,n}"),
    ("a_1, a_2, \\dots", "\\boxed{b_1, b_2, \\dots}"),
    ("x^2+1", "\\boxed{y^2+1}"),
    ("2x+1", "\\boxed{2y+1}"),
    ("x+y", "\\boxed{a+b}"),
    ("\\pm 2", "\\boxed{2}"),
    ("2", "\\boxed{\\pm 2}"),
    ("\\pm 2", "\\boxed{-2}"),
    ("0.5\\%", "\\boxed{0.5}"),
    ("5\\text{ km}", "\\boxed{5\\text{ m}}"),
    ("5\\text{ cm}", "\\boxed{5\\text{ km}}"),
    ("5\\text{ hours}", "\\boxed{5\\text{ minutes}}"),
    ("x>5", "\\boxed{x\\ge 5}"),
    ("x<5", "\\boxed{x>5}"),
    ("x=5", "\\boxed{y=5}"),
    ("5", "\\boxed{-5}"),
    ("\\sqrt{2}", "\\boxed{1.414}"),
    ("\\pi", "\\boxed{3.14}"),
    ("\\pi", "\\boxed{3.14159}"),
    ("\\frac13", "\\boxed{0.33}"),
    ("3", "\\boxed{3i}"),
    ("2^{100}", "\\boxed{2^{100}+1}"),
    ("10^{50}", "\\boxed{10^{50}+1}"),
    ("(x-1)(x+2)", "\\boxed{(x-1)(x-2)}"),
    ("\\infty", "\\boxed{-\\infty}"),
    ("(-\\infty,3)", "\\boxed{(-\\infty,3]}"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{\\begin{pmatrix}2\\\\1\\end{pmatrix}}"),
    ("7", "The answer is not 7"),
    ("7", "The answer is 7 or 8."),
    ("7", "The answer is probably 7."),
    ("7", "The answer is at least 7."),
    ("7", "\\boxed{7} Wait, that is wrong, it should be 8."),
    ("\\frac{1}{2}", "\\boxed{\\frac{1}{2} or \\frac{1}{3}}"),
    ("\\text{A}", "\\boxed{\\text{B}}"),
    ("\\text{Monday}", "\\boxed{\\text{Tuesday}}"),
    ("x=1", "\\boxed{x=1 \\text{ or } x=2}"),
    ("1", "\\boxed{1,2}"),
    ("1,2", "\\boxed{1}"),
    ("7", "\\boxed{7!}"),
    ("2", "\\boxed{2\\cdot x}"),
    ("\\log 2", "\\boxed{\\ln 2}"),
    ("\\binom{5}{2}", "\\boxed{\\frac{5}{2}}"),
    ("\\sin 30", "\\boxed{\\sin 30^\\circ}"),
    ("100!", "\\boxed{100!+1}"),
    ("1.0000001", "\\boxed{1}"),
    ("123456789", "\\boxed{123456788}"),
    ("0.1234567", "\\boxed{0.1234568}"),
    ("3.0000004", "\\boxed{3}"),
    ("\\emptyset", "\\boxed{0}"),
    ("y=2x+1", "\\boxed{y=2x-1}"),
    ("1/0", "\\boxed{2/0}"),
    ("e^{100}", "\\boxed{e^{100}+1}"),
    ("7", "答案不是7。"),
    ("10^{-10}", "\\boxed{0}"),
    ("\\frac{1}{10^{12}}", "\\boxed{0}"),
    ("3\\text{ dozen}", "\\boxed{3}"),
    ("\\frac{\\pi}{180}", "\\boxed{1^\\circ}"),
    ("x", "\\boxed{2x}"),
    ("\\cos x", "\\boxed{\\cos y}"),
    ("[0,1)", "\\boxed{[0,1]}"),
    ("\\{1,2,3\\}", "\\boxed{\\{1,2\\}}"),
    ("n(n+1)/2", "\\boxed{m(m+1)/2}"),
    ("\\mathbb{R}", "\\boxed{\\mathbb{Z}}"),
    ("\\text{yes}", "\\boxed{\\text{no}}"),
]  # fmt: skip
SAME = [
    ("10000", "\\boxed{10\\,000}"),
    ("10000", "\\boxed{10{,}000}"),
    ("10\\,000", "\\boxed{10000}"),
    ("10,\\!000", "\\boxed{10000}"),
    ("\\frac12", "\\boxed{\\dfrac{1}{2}}"),
    ("\\frac12", "\\boxed{0.5}"),
    ("1\\frac12", "\\boxed{\\frac32}"),
    ("1.5", "\\boxed{1\\frac{1}{2}}"),
    ("5", "\\boxed{x=5}"),
    ("x=5", "\\boxed{5}"),
    ("7", "\\boxed{\\text{7}}"),
    ("7", "\\text{The answer is } 7"),
    ("7.", "\\boxed{7}"),
    ("7", "\\boxed{7.}"),
    ("The answer is 7", "\\boxed{7}"),
    ("(1,2)", "So the answer is (1, 2)."),
    ("x^2+1", "So the answer is x^2 + 1"),
    ("x^2+1", "The final answer is $x^2+1$."),
    ("7", "答案是7。"),
    ("\\frac{3}{4}", "The answer is 3/4."),
    ("30^\\circ", "\\boxed{30°}"),
    ("30^{\\circ}", "\\boxed{30^\\circ}"),
    ("90", "\\boxed{90^\\circ}"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{\\begin{bmatrix}1\\\\2\\end{bmatrix}}"),
    ("\\{1,2\\}", "\\boxed{\\{2,1\\}}"),
    ("1,2", "\\boxed{2,1}"),
    ("x^2+C", "\\boxed{x^2 + C}"),
    ("(x-1)(x+1)", "\\boxed{x^2-1}"),
    ("\\sqrt{8}", "\\boxed{2\\sqrt{2}}"),
    ("e^{i\\pi}", "\\boxed{-1}"),
    ("i", "\\boxed{\\sqrt{-1}}"),
    ("2^{10}", "\\boxed{1024}"),
    ("\\frac{\\sqrt2}{2}", "\\boxed{\\frac{1}{\\sqrt{2}}}"),
    ("50\\%", "\\boxed{\\frac12}"),
    ("0.5", "\\boxed{50\\%}"),
    ("5\\text{ km}", "\\boxed{5}"),
    ("5", "\\boxed{5\\text{ km}}"),
    ("\\$5", "\\boxed{5}"),
    ("5", "\\boxed{\\$5.00}"),
    ("\\pm 2", "\\boxed{2,-2}"),
    ("\\pm\\sqrt{2}", "\\boxed{-\\sqrt2, \\sqrt2}"),
    ("x=1, x=2", "\\boxed{1, 2}"),
    ("\\text{A}", "\\boxed{A}"),
    ("\\text{(A)}", "\\boxed{\\text{A}}"),
    ("1011_2", "\\boxed{1011_{2}}"),
    ("1{,}000{,}000", "\\boxed{10^6}"),
    ("\\tfrac{1}{3}", "\\boxed{\\frac{1}{3}}"),
    ("\\cfrac{1}{3}", "\\boxed{\\frac13}"),
    ("3\\pi", "\\boxed{9.42477796}"),
    ("\\left(3, \\frac{\\pi}{2}\\right)", "\\boxed{(3,\\pi/2)}"),
    ("-\\frac{1}{2}", "\\boxed{\\frac{-1}{2}}"),
    ("\\ln 4", "\\boxed{2\\ln 2}"),
    ("\\binom{5}{2}", "\\boxed{10}"),
    ("5!", "\\boxed{120}"),
    ("y=2x+1", "\\boxed{2x+1}"),
    ("\\frac{1}{2^{99}}", "\\boxed{2^{-99}}"),
    ("\\frac{2}{2^{100}}", "\\boxed{\\frac{1}{2^{99}}}"),
    ("\\text{Monday}", "\\boxed{Monday}"),
    ("2\\cdot 10^{5}", "\\boxed{200000}"),
    ("1,2,\\ldots,n", "\\boxed{1, 2, \\dots, n}"),
    ("\\infty", "\\boxed{\\infty}"),
    ("3", "The answer is $3$"),
    ("\\frac{1}{2}", "\\boxed{\\frac{1}{2}} is the answer. Wait, let me check: 2/4 = 1/2. Yes, \\frac{1}{2}."),
    ("x^2", "\\boxed{The answer is: $$x^2$$}"),
    ("2\\sqrt{3}", "The answer is 2\\sqrt{3}."),
    ("8", "\\boxed{7} is wrong. The answer is \\boxed{8}"),
    ("50\\%", "\\boxed{50}"),
    ("50", "\\boxed{50\\%}"),
    ("30", "\\boxed{30^\\circ}"),
]  # fmt: skip


@table(("target", "reply"), DIFFERENT)
def test_different_answers_are_never_right(target: str, reply: str) -> None:
    found = mark("math", {}, sample(target), reply)
    assert found.outcome is not Outcome.RIGHT, (found.extracted, found.reason)


@table(("target", "reply"), SAME)
def test_spellings_of_one_answer_are_right(target: str, reply: str) -> None:
    found = mark("math", {}, sample(target), reply)
    assert found.outcome is Outcome.RIGHT, (found.extracted, found.reason)


@pytest.mark.long
@pytest.mark.parametrize(
    "reply", ["\\boxed{9^{9^{9^{9}}}}", "\\boxed{(10^{10^{10}})!}", "The answer is 9^{9^{9^{9}}}."]
)
def test_a_bomb_is_given_up_within_its_limit(reply: str) -> None:
    start = time.perf_counter()
    found = mark("math", {"limit_s": 0.8}, sample("1"), reply)
    assert found.outcome is not Outcome.RIGHT
    assert time.perf_counter() - start < 100  # processor time is bounded; a busy machine takes longer


@pytest.mark.long
def test_scorers_with_limits_of_their_own_share_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    start = child.start
    monkeypatch.setattr(child, "start", lambda *a, **k: started.append(a) or start(*a, **k))
    for limit_s in (3.1, 3.2, 3.3):
        assert mark("math", {"limit_s": limit_s}, sample("x+y"), "\\boxed{y + x}").outcome is Outcome.RIGHT
    assert len(started) <= 1


ORDINARY = (
    "The maximum value is 12.",
    "The minimum of f is $12$.",
    "The sum of numbers below 5 is 12",
    "The angle between the lines is 12.",
    "The distance from A to B is 12.",
    "The area under the curve is 12.",
    "The rainfall in May is 12.",
    "The number of integers that are not prime is 12.",
)


@pytest.mark.parametrize("reply", ORDINARY)
def test_words_of_the_question_in_a_short_answer_deny_nothing(reply: str) -> None:
    assert mark("math", {}, sample("12"), reply).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    "reply",
    ["It might be 12", "It is probably 12", "It is not 12", "I think it could be 12", "maybe 12", "not 12", "12?"],
)
def test_a_short_answer_that_is_hedged_or_denied_is_not_right(reply: str) -> None:
    assert mark("math", {}, sample("12"), reply).outcome is not Outcome.RIGHT
