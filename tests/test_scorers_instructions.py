"""Checkable instructions: each kind on small replies, then all of them on four models' real IFEval replies."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome
from evalkit.scorers.instructions import Instruction, follows_loosely, follows_strictly, known_kinds, read_instructions
from evalkit.scorers.instructions.language import language_of
from evalkit.scorers.instructions.length import count_sentences
from evalkit.scorers.registry import make_scorer
from tests.ifbench_cases import CASES
from tests.scoring import mark, sample
from tests.tables import table

ROOT = Path(__file__).parent.parent
IFEVAL = Path(os.environ.get("EVALKIT_TEST_DATA", ROOT.parent / "shared" / "data")) / "ifeval"

FOLLOWED: list[tuple[str, dict[str, Any], str, bool]] = [
    ("change_case:english_capital", {}, "HAMMER SAW 7!", True),
    ("change_case:english_capital", {}, "HAMMER saw", False),
    ("change_case:english_capital", {}, "ПРИВЕТ МИР", False),
    ("change_case:english_lowercase", {}, "car, bus.", True),
    ("change_case:english_lowercase", {}, "Car", False),
    ("change_case:english_lowercase", {}, "123", False),
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"}, "I am OK", True),
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "less than"}, "I am OK", False),
    ("length_constraints:number_words", {"num_words": 3, "relation": "exactly"}, "one two, three!", True),
    ("length_constraints:number_words", {"num_words": 3, "relation": "at most"}, "one two three four", False),
    ("length_constraints:number_words", {"num_words": 3.0, "relation": "less than"}, "one two", True),
    ("length_constraints:number_sentences", {"num_sentences": 2, "relation": "at least"}, "One. Two", True),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\n***\nb", True),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\n***\n\n***\nb", False),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "so"},
        'a\n\n"So, b',
        True,
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "so"},
        "a\n\nso",
        False,
    ),
    ("keywords:existence", {"keywords": ["Mom", "c++"]}, "my MOM likes C++", True),
    ("keywords:existence", {"keywords": ["mom", "dad"]}, "mom", False),
    ("keywords:forbidden_words", {"forbidden_words": ["rock"]}, "a rocket", True),
    ("keywords:forbidden_words", {"forbidden_words": ["rock"]}, "Rock!", False),
    ("keywords:frequency", {"keyword": "war", "frequency": 2, "relation": "at least"}, "war warm", True),
    ("keywords:frequency", {"keyword": "war", "frequency": 2, "relation": "less than"}, "war warm", False),
    ("keywords:letter_frequency", {"letter": "!", "let_frequency": 2, "let_relation": "at least"}, "a!b!", True),
    ("startend:end_checker", {"end_phrase": "The end."}, 'He said "the end."', True),
    ("startend:end_checker", {"end_phrase": "The end."}, "the end. really", False),
    ("startend:quotation", {}, ' "a" ', True),
    ("startend:quotation", {}, '"', False),
    ("punctuation:no_comma", {}, "a b", True),
    ("punctuation:no_comma", {}, "a, b", False),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "x\n* a\n - b\n**bold**", True),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n* b\n* c", False),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*a* and **b**", True),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 1}, "* *", False),
    ("detectable_format:title", {}, "<<poem of joy>>\nx", True),
    ("detectable_format:title", {}, "<< >>", False),
    ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', True),
    ("detectable_format:json_format", {}, "{a}", False),
    ("detectable_format:constrained_response", {}, "Well. My answer is maybe.", True),
    ("detectable_format:constrained_response", {}, "maybe", False),
    ("detectable_format:multiple_sections", {"section_spliter": "PART", "num_sections": 2}, "PART 1\nPART 2", True),
    ("detectable_format:multiple_sections", {"section_spliter": "SECTION", "num_sections": 2}, "SECTION 1", False),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[name], [[date]]", True),
    ("detectable_content:number_placeholders", {"num_placeholders": 1}, "[a\nb]", False),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "bye\np. s. x", True),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "P.S. x", False),
    ("combination:two_responses", {}, "a\n******\nb", True),
    ("combination:two_responses", {}, "a\n******\na", False),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say hi."}, "say HI. Hi!", True),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say hi."}, "Hi!", False),
    ("language:response_language", {"language": "de"}, "Das ist ein Haus und nicht mehr.", True),
    ("language:response_language", {"language": "ru"}, "Это не дом.", True),
    ("language:response_language", {"language": "ru"}, "This is a house.", False),
    ("evalkit:exact_reply", {"text": "fig OWL 7"}, "fig OWL 7\n", True),
    ("evalkit:exact_reply", {"text": "fig OWL 7"}, "fig owl 7", False),
    *CASES,
]  # fmt: skip


@table(("kind", "given", "reply", "followed"), FOLLOWED)
def test_each_kind_is_followed_or_not(kind: str, given: dict[str, Any], reply: str, followed: bool) -> None:
    (instruction,) = read_instructions({"instructions": [{"kind": kind, **given}]})
    assert instruction.check(reply) is followed


def test_every_kind_stands_in_the_table() -> None:
    assert {row[0] for row in FOLLOWED} == set(known_kinds())


def test_an_empty_reply_follows_nothing() -> None:
    assert not Instruction("punctuation:no_comma", {}).check(" \n")


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("One. Two! Three?", 3),
        ("Mr. Smith met Dr. J. Doe at 5 p.m. They spoke.", 1),
        ("e.g. this one. and small letters", 2),
        ("Wait... what? Yes.", 2),
        ("1. First.\n2. Second.", 4),
        ("", 0),
        ('He said "go." Then left.', 2),
    ],
)
def test_sentences_are_counted(text: str, n: int) -> None:
    assert count_sentences(text) == n


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The house is on the hill.", "en"),
        ("La casa no es de los niños y las niñas.", "es"),
        ("Je ne suis pas dans la maison et vous êtes en retard.", "fr"),
        ("هذا هو البيت الذي من على", "ar"),
        ("این خانه است و را از که", "fa"),
        ("यह घर है और वह नहीं है", "hi"),
        ("これは家です", "ja"),
        ("这是房子", "zh"),
        ("이것은 집입니다", "ko"),
        ("ನಮಸ್ಕಾರ", "kn"),
        ("12345", None),
    ],
)
def test_languages_are_told_by_script_and_little_words(text: str, code: str | None) -> None:
    assert language_of(text) == code


def test_strict_is_the_score_and_loose_is_shown() -> None:
    item = sample(
        instructions=[{"kind": "change_case:english_lowercase"}, {"kind": "keywords:existence", "keywords": ["car"]}]
    )
    score = mark("instructions", {}, item, "Sure:\n**car** bus")
    assert (score.value, score.outcome) == (0.0, Outcome.WRONG)
    assert score.reason == "not followed: change_case:english_lowercase"
    assert score.parts == {"instruction_strict": 0.5, "prompt_loose": 1.0, "instruction_loose": 1.0}
    graded = mark("instructions", {"level": "instruction"}, item, "Sure:\n**car** bus")
    assert (graded.value, graded.outcome) == (0.5, Outcome.SCORED)


def test_ifevals_own_form_is_read_with_its_nulls() -> None:
    fields = {
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
        "kwargs": [{"num_words": None}, {"num_words": 2, "relation": "at least", "keywords": None}],
    }
    assert mark("instructions", {}, sample(**fields), "two words").value == 1.0
    assert mark("instructions", {"field": "rules"}, sample(rules=[{"kind": "punctuation:no_comma"}]), "a").value == 1.0


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "no list of instructions"),
        ({"instructions": []}, "no list of instructions"),
        (
            {"instructions": [{"kind": "punctuation:no_coma"}]},
            "did you mean 'punctuation:no_comma'.*known: change_case",
        ),
        ({"instructions": [{"kind": "keywords:existence"}]}, "needs 'keywords'"),
        ({"instructions": [{"kind": "keywords:existence", "keywords": "a"}]}, "must be a list of texts"),
        ({"instructions": [{"kind": "punctuation:no_comma", "n": 1}]}, "no parameter 'n'"),
        (
            {"instructions": [{"kind": "length_constraints:number_words", "num_words": 1, "relation": "about"}]},
            "one of",
        ),
        ({"instruction_id_list": ["punctuation:no_comma"], "kwargs": []}, "one mapping for each"),
    ],
)
def test_instructions_that_cannot_be_checked_stop_the_check_and_are_never_scored(
    fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SuiteError, match=complaint):
        make_scorer("instructions").gold(sample(**fields))
    score = mark("instructions", {}, sample(**fields), "anything")
    assert (score.value, score.outcome) == (None, Outcome.ERRORED)


def test_every_quickstart_example_scores_one() -> None:
    scorer = make_scorer("instructions")
    for record in _lines((ROOT / "suites/data/quickstart/instructions.jsonl").read_text("utf-8")):
        gold = scorer.gold(sample(**record))
        assert gold is not None
        assert mark("instructions", {}, sample(**record), gold).value == 1.0, record["id"]


def _lines(text: str) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in text.split("\n") if line.strip())


KNOWN_DISAGREEMENTS = {
    # langdetect finds one to three words, and some lists of names, not to be English; evalkit takes them for it.
    "change_case:english_lowercase": 8,
    "change_case:english_capital": 5,
    # Replies half in English, two of them after lines were cut.
    "language:response_language": 3,
    # Curly quotation marks behind the period, and chains of "...": punkt divides them differently.
    "length_constraints:number_sentences": 5,
    # The shipped loose verdict is False where the shipped strict one is True, which cannot be.
    "keywords:letter_frequency": 2,
}


@pytest.mark.long
@pytest.mark.skipif(not IFEVAL.exists(), reason="the shared data is not here: set EVALKIT_TEST_DATA")
def test_verdicts_agree_with_ifevals_own_on_four_models() -> None:
    """6,672 verdicts (834 instructions, strict and loose, four models): 23 differ. See docs/scoring.md."""
    asked = {}
    for record in _lines((IFEVAL / "en_input_data_mifeval.jsonl").read_text("utf-8")):
        kinds = [kind.removeprefix("en:") for kind in record["instruction_id_list"]]
        asked[record["key"]] = read_instructions({"instruction_id_list": kinds, "kwargs": record["kwargs"]})
    n, differing = 0, Counter[str]()
    for path in sorted((IFEVAL / "responses").glob("*.jsonl.gz")):
        for row in _lines(gzip.decompress(path.read_bytes()).decode("utf-8")):
            instructions = asked[row["key"]]
            for ours, theirs in (
                (follows_strictly(instructions, row["response"]), row["strict"]),
                (follows_loosely(instructions, row["response"]), row["loose"]),
            ):
                for instruction, mine, verdict in zip(instructions, ours, theirs, strict=True):
                    n += 1
                    differing[instruction.kind] += mine != verdict
    assert n == 6672
    assert +differing == Counter(KNOWN_DISAGREEMENTS)
    assert sum(differing.values()) / n <= 0.004
