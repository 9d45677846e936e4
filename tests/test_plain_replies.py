"""A short reply that says no word of any choice is read once for all samples: it must be read as it would be anew."""

from __future__ import annotations

import random

import pytest

from evalkit.scorers import choice_reading
from evalkit.scorers.choice_set import prepare
from evalkit.scorers.plain_replies import stand_ins, words_of_plain_reply
from evalkit.scorers.reply_words import word_set

CHOICES = (
    ("river", "stone", "market", "garden"),
    ("Paris", "Lyon", "Nice"),
    ("yes", "no"),
    ("true", "false"),
    ("positive", "negative", "neutral"),
    ("SUPPORTS", "REFUTES", "NOT ENOUGH"),
    ("the cell wall", "None of the above", "Both A and B"),
    ("Cannot be determined", "Alice", "Bob"),
    ("A", "B", "C"),
    ("B", "A"),
    ("not spam", "spam"),
    ("I don't know", "maybe", "unsure option"),
    ("well", "first", "so", "now"),
    ('"river"', "(stone)", "B.", "it's"),
    ("5", "12 km", "x"),
    ("(2, 5)", "(1, 3)"),
    ("same", "same", "other"),
    ("北京", "上海"),
    ("", "B"),
    ("happy", "unhappy"),
    ("positive", "negative", "neither"),
    ("correct answer", "so it is", "Well, no", "e"),
    ("The cell wall. It is B", "none of these", "it", "don"),
    ("river.", "stone; D", "river", "a"),
    ("first", "second\nB", "third"),
    (*(f"word{chr(97 + n)}" for n in range(26)), "last", "x"),
)
WORDS = word_set(
    "The answer is A B C D E (B) (C) **B** b c I think so not isn't wrong maybe option choice would pick be correct "
    "sure or and but wait no yes of course: , . ! ? - river Paris spam neutral it's definitely Answer: unknown know "
    "cannot don't first well 12 5 same"
)
KNOWN = (
    "The answer is B.",
    "(B)",
    "**B**",
    "Answer: **C**",
    "I'm not sure, B",
    "We cannot know: B",
    "A: yes, B: no",
    "It is not B, it is C.",
    "The answer is E.",
    "A, because B is wrong",
    "The text NOT supports B",
)


@pytest.mark.long(but=4)
@pytest.mark.parametrize("pick", ["last", "first"])
@pytest.mark.parametrize("choices", CHOICES, ids=" ".join)
def test_a_reply_is_read_alike_whether_it_was_met_before_or_not(choices: tuple[str, ...], pick: str) -> None:
    rng = random.Random(11)
    made = [" ".join(rng.choices(sorted(WORDS), k=rng.randint(2, 7))) for _ in range(400)]
    for reply in (*KNOWN, *made):
        anew = choice_reading._read(reply, choices, prepare(choices), pick)
        assert choice_reading.read_choice(reply, choices, pick=pick) == anew, reply
        assert choice_reading.read_choice(reply, choices, pick=pick) == anew, reply


def test_most_plain_replies_are_read_for_all_samples_at_once() -> None:
    choice_reading._read_by_label.cache_clear()
    for at in range(50):
        choices = tuple(f"{word}{'x' * at}" for word in ("river", "stone", "market"))
        assert choice_reading.read_choice("The answer is B.", choices).index == 1
    assert choice_reading._read_by_label.cache_info().misses == 1


@pytest.mark.parametrize(
    "reply", ["Wir wählen B", "<b>B</b>", '{"answer": "B"}', "A\nB", "~~A~~ B", "NONE: B", "B" * 101]
)
def test_replies_with_markup_are_read_anew(reply: str) -> None:
    assert len(reply) > choice_reading.LONGEST_KEPT or words_of_plain_reply(reply) is None


@pytest.mark.long(but=137)
@pytest.mark.parametrize("letter", "ABCDEabc1")
@pytest.mark.parametrize(
    "choices",
    [
        *CHOICES,
        ("**b**", "xy", "zz"),
        (r"\text{b}", "xy", "zz"),
        ("<s>a", "xy", "zz"),
        ("[INST]b", "xy", "c"),
        ("xy", "zz", "ⓐ"),
        ("_a_", "__b__", "`c`"),
    ],
    ids=" ".join,
)
def test_a_letter_alone_is_the_same_with_and_without_what_the_choices_say(
    letter: str, choices: tuple[str, ...]
) -> None:
    known = prepare(choices)
    if letter in known.by_label and letter.casefold() not in known.by_text:
        assert choice_reading.read_choice(letter, choices) == choice_reading.ChoiceReading(
            known.by_label[letter], "letter alone"
        )
    else:
        assert choice_reading.read_choice(letter, choices) == choice_reading._read(letter, choices, known, "last")


def test_stand_ins_are_ordinary_choices_that_differ() -> None:
    assert prepare(stand_ins(30)).ordinary and len(set(stand_ins(30))) == 30
