"""Texts in scripts without spaces, decomposed letters, and answers on the next line."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest

from evalkit.records import Outcome
from tests.scoring import mark, sample
from tests.tables import table

WHOLE_WORDS = [
    ("東京", "首都は東京です。", Outcome.RIGHT),
    ("北京", "答案：北京", Outcome.RIGHT),
    ("กรุงเทพ", "เมืองหลวงคือกรุงเทพครับ", Outcome.RIGHT),
    ("서울", "수도는 서울입니다.", Outcome.RIGHT),
    ("ភ្នំពេញ", "រាជធានីគឺភ្នំពេញ។", Outcome.RIGHT),
    ("500円", "合計は500円になります", Outcome.RIGHT),
    ("500円", "合計は1500円になります", Outcome.WRONG),
    ("12月", "会议在12月举行", Outcome.RIGHT),
    ("2月", "会议在12月举行", Outcome.WRONG),
    ("iPhone", "我的iPhone很好", Outcome.RIGHT),
    ("cat", "我喜欢concatenate函数", Outcome.WRONG),
    ("cat", "the cats sat", Outcome.WRONG),
    ("नई दिल्ली", "राजधानी नई दिल्ली है।", Outcome.RIGHT),
    ("दिल", "राजधानी दिल्ली है।", Outcome.WRONG),
    ("مصر", "القاهرة عاصمة مصر.", Outcome.RIGHT),
    ("café", "Un cafe\u0301 noir", Outcome.RIGHT),
    ("cafe", "Un café noir", Outcome.WRONG),
    ("cafe", "Un cafe\u0301 noir", Outcome.WRONG),
    ("Kind", "Das Kind schläft.", Outcome.RIGHT),
    ("Kind", "Der Kindergarten ist zu.", Outcome.WRONG),
    ("巴黎", "答案是伦敦。", Outcome.WRONG),
    ("C++", "Written in C++.", Outcome.RIGHT),
    ("C++", "Written in C++11.", Outcome.WRONG),
    ("#1", "We are #1!", Outcome.RIGHT),
    ("#1", "We are #12!", Outcome.WRONG),
]


@table(("target", "reply", "outcome"), WHOLE_WORDS)
def test_whole_words_in_any_script(target: str, reply: str, outcome: Outcome) -> None:
    assert mark("contains", {"whole_words": True}, sample(target), reply).outcome is outcome


def overlap(metric: str, target: str, reply: str, **options: Any) -> float:
    score = mark("overlap", {"metric": metric, **options}, sample(target), reply)
    assert score.value is not None
    return score.value


PAIRS = [
    ("OK نعم", "OK لا"),
    ("iPhone 手机很好", "iPhone 手机很差"),
    ("今天天气很好", "今天天气很坏"),
    ("вчера шёл дождь", "вчера шёл снег"),
    ("วันนี้อากาศดี", "วันนี้อากาศร้อน"),
    ("आज मौसम अच्छा है", "आज मौसम खराब है"),
    ("今日は晴れです", "今日は雨です"),
    ("오늘 날씨가 좋다", "오늘 날씨가 나쁘다"),
    ("ο καιρός είναι καλός", "ο καιρός είναι κακός"),
    ("größere Bäume", "größere Häuser"),
]


@pytest.mark.parametrize("metric", ["f1", "rouge1", "rougeL"])
@pytest.mark.parametrize(("target", "reply"), PAIRS)
def test_overlap_sees_the_words_of_every_script(metric: str, target: str, reply: str) -> None:
    assert overlap(metric, target, target) == 1.0
    assert 0.0 < overlap(metric, target, reply) < 1.0
    assert overlap(metric, target, "??? 123") == 0.0


@pytest.mark.parametrize("metric", ["f1", "rouge1", "rouge2", "rougeL", "bleu", "chrf"])
@pytest.mark.parametrize(
    "text", ["el niño comió un jamón añejo", "Việt Nam là một nước ở Đông Nam Á", "ガギグゲゴを練習する子供"]
)
def test_composed_and_decomposed_letters_are_the_same(metric: str, text: str) -> None:
    assert overlap(metric, normalize("NFC", text), normalize("NFD", text)) == 1.0
    assert overlap(metric, normalize("NFD", text), normalize("NFC", text)) == 1.0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The answer is:\n\nParis", "Paris"),
        ("The answer is\nParis\nIt is in France.", "Paris"),
        ("The answer is:  \r\n\r\n  Paris\r\n", "Paris"),
        ("**The answer is:**\n\nParis", "Paris"),
        ("The answer is Paris\nLondon", "Paris"),
        ("The answer is:\n```\nParis\n```", "Paris"),
        ("The answer is: `Paris`", "Paris"),
        ("The answer is **Paris**", "Paris"),
        ("The answer is:\n- Paris", "Paris"),
        ("The answer is:\n> Paris", "Paris"),
    ],
)
def test_an_answer_on_the_next_line_is_found(text: str, found: str) -> None:
    assert mark("exact", {"take": {"after": "the answer is"}}, sample(found), text).outcome is Outcome.RIGHT


@pytest.mark.parametrize("text", ["The answer is", "The answer is:", "The answer is:\n\n", "Paris"])
def test_nothing_after_the_words_is_unparseable(text: str) -> None:
    assert mark("exact", {"take": {"after": "the answer is"}}, sample("Paris"), text).outcome is Outcome.UNPARSEABLE


REGEX = [
    (r"(?:Answer: (\w+)|Final (\w+))", "Final yes", "yes", Outcome.RIGHT),
    (r"(?:Answer: (\w+)|Final (\w+))", "Answer: yes", "yes", Outcome.RIGHT),
    (r"(?:Answer: (\w+)|Final (\w+))", "Answer: no, Final yes", "yes", Outcome.RIGHT),
    (r"(?:Answer: (\w+)|Final (\w+))", "Answer: yes, Final no", "yes", Outcome.WRONG),
    (r"(?P<unit>kg|lb) (?P<answer>\d+)", "kg 12", "12", Outcome.RIGHT),
    (r"(?P<answer>\d+) (?P<unit>kg|lb)", "12 kg", "12", Outcome.RIGHT),
    (r"(\d+) (kg|lb)", "12 kg", "12", Outcome.RIGHT),
    (r"(\d+) (kg|lb)", "12 kg", "kg", Outcome.WRONG),
    (r"A=(\d*)|B=(\d*)", "B=7", "7", Outcome.RIGHT),
    (r"\d+", "it is 12", "12", Outcome.RIGHT),
    (r"(x)?y", "y", "x", Outcome.UNPARSEABLE),
]


@pytest.mark.parametrize(("pattern", "reply", "target", "outcome"), REGEX)
def test_the_group_that_matched_counts(pattern: str, reply: str, target: str, outcome: Outcome) -> None:
    assert mark("regex", {"pattern": pattern}, sample(target), reply).outcome is outcome


WRAPPED = [
    ("(B)", "So the answer is (B).", True),
    ("(B)", "So the answer is **(B)**.", True),
    ("(B)", "**So the answer is (B).**", True),
    ("(B)", "So the answer is:\n\n(B)", True),
    ("(B)", "So the answer is $\\boxed{B}$.", True),
    ("(B)", "So the answer is $\\boxed{\\text{(B)}}$", True),
    ("(B)", "So the answer is (b).", True),
    ("(B)", "So the answer is B) the red book.", True),
    ("(B)", "So the answer is (B) the red book.", True),
    ("(B)", "So the answer is `(B)`", True),
    ("(B)", "So the answer is (C).", False),
    ("(B)", "So the answer is (B) or (C).", False),
    ("(B)", "So the answer is not (B).", False),
    ("(B)", "So the answer is Bob.", False),
    ("(B)", "So the answer is (B), but wait, it could be something else.", False),
    ("(A)", "So the answer is a mystery.", False),
    ("No", "So the answer is no.", True),
    ("No", "So the answer is **No**", True),
    ("No", "So the answer is “No”.", True),
    ("No", "So the answer is NO, it does not follow.", True),
    ("No", "So the answer is nothing.", False),
    ("No", "So the answer is no or yes.", False),
    ("No", "So the answer is No, wait, Yes.", False),
    ("Yes", "So the answer is Yes, because she won.", True),
    ("Yes", "So the answer is Yes, or maybe No.", False),
    ("valid", "So the answer is valid.", True),
    ("valid", "So the answer is invalid.", False),
    ("valid", "So the answer is not valid.", False),
    ("True", "So the answer is true", True),
    ("8", "So the answer is **8**.", True),
    ("8", "So the answer is 8 fruits.", True),
    ("8", "So the answer is 8 or 9.", False),
    ("8", "So the answer is 8 dozen.", False),
    ("8", "So the answer is 80.", False),
    ("8", "So the answer is 8.5.", False),
    ("-8", "So the answer is -8", True),
    ("] } )", "So the answer is ] } ).", True),
    ("] } )", "So the answer is ] }.", False),
    ("apple pear", "So the answer is *apple pear*.", True),
    ("apple pear", "So the answer is pear apple.", False),
]


@table(("target", "reply", "right"), WRAPPED)
def test_wrapping_around_an_answer_is_ignored_and_nothing_taken_back(target: str, reply: str, right: bool) -> None:
    options = {"take": {"after": "answer is"}, "ignore_wrapping": True, "ignore_case": True}
    assert (mark("exact", options, sample(target), reply).outcome is Outcome.RIGHT) is right


def test_emphasis_that_closes_behind_the_phrase_is_no_part_of_the_answer() -> None:
    assert mark("exact", {"take": {"after": "final answer:"}}, sample("blue"), "**Final answer:** blue").value == 1.0
