"""Multiple choice: what a reply names, and the likelihood modes."""

from __future__ import annotations

import math
import time

import pytest

from evalkit import reasoning
from evalkit.errors import SuiteError
from evalkit.records import Outcome
from evalkit.scorers.choice import continuations, target_index
from evalkit.scorers.choice_reading import LETTERS, labels, read_choice
from evalkit.scorers.registry import make_scorer
from tests import choice_replies_certain as certain
from tests import choice_replies_later as later
from tests.choice_replies import GROUPS
from tests.scoring import mark, said, sample
from tests.tables import table

CITIES = ("London", "Rome", "Paris", "Berlin")
NUMBERS = ("24", "23", "26", "25")
TEN = tuple(f"x{i}" for i in range(10))
THIRTY = tuple(f"x{i}" for i in range(30))

NAMED = [
    ("C", "C"),
    ("c", "C"),
    ("C.", "C"),
    ("(C)", "C"),
    ("[C]", "C"),
    ("**C**", "C"),
    ("`C`", "C"),
    (" C \n", "C"),
    ("C)", "C"),
    ("C:", "C"),
    ("(c)", "C"),
    ("c.", "C"),
    ("\\boxed{C}", "C"),
    ("$\\boxed{C}$", "C"),
    ("\\boxed{\\text{C}}", "C"),
    ("Ｃ", "C"),
    ("（Ｃ）", "C"),
    ('"C"', "C"),
    ("C) Paris", "C"),
    ("C. Paris", "C"),
    ("(C) Paris", "C"),
    ("C: Paris", "C"),
    ("C - Paris", "C"),
    ("**C) Paris**", "C"),
    ("**C.** Paris", "C"),
    ("Paris", "C"),
    ("paris.", "C"),
    (" PARIS ", "C"),
    ('"Paris"', "C"),
    ("**Paris**", "C"),
    ("The answer is C", "C"),
    ("The answer is C.", "C"),
    ("Answer: C", "C"),
    ("ANSWER: C", "C"),
    ("**Answer:** C", "C"),
    ("answer is (C)", "C"),
    ("The correct answer is: **C**", "C"),
    ("The answer is **C) Paris**.", "C"),
    ("The answer is Paris.", "C"),
    ("Final answer: (C)", "C"),
    ("The correct option is C because it is", "C"),
    ("The answer is option C.", "C"),
    ("Option C is correct.", "C"),
    ("(C) is the correct answer", "C"),
    ("C is correct", "C"),
    ("I choose C", "C"),
    ("I would go with C.", "C"),
    ("I'd pick (C).", "C"),
    ("the answer is c", "C"),
    ("The answer is c.", "C"),
    ("The answer is:\n\nC", "C"),
    ("The best answer is C. A is wrong because", "C"),
    ("A is tempting. The answer is B. No wait, the answer is C.", "C"),
    ("Rome? The answer is B.\nLet me check again.\n\nC", "C"),
    ("C\n\nParis is the capital of France.", "C"),
    ("C) Paris\n\nA is wrong, B is wrong.", "C"),
    ("Therefore, the answer is most likely C.", "C"),
    ("It is C.", "C"),
    ("I think C", "C"),
    ("Thinking (C) fits", "C"),
    ("So $\\boxed{\\text{C) Paris}}$", "C"),
    ("Paris\n\nIt is the capital of France.", "C"),
    ("The answer is (C) or Paris", "C"),
    ("A dog is an animal", None),
    ("A", "A"),
    ("A. London", "A"),
    ("The answer is a dog", None),
    ("The answer is A dog", None),
    ("I think so", None),
    ("A or B", None),
    ("The answer is A or B", None),
    ("The answer is (A) or (B).", None),
    ("Answer: A, B", None),
    ("A and C", None),
    ("A, B", None),
    ("A/B", None),
    ("C) Rome", None),
    ("The answer is C) Rome", None),
    ("(C) Rome", None),
    ("not C", None),
    ("The answer is not C", None),
    ("It is not C.", None),
    ("The answer is C. Actually, the answer is not C.", None),
    ("A) London\nB) Rome\nC) Paris\nD) Berlin", None),
    ("(A) and (C) both fit", None),
    ("", None),
    ("   ", None),
    ("Vitamin C helps", None),
    ("I don't know.", None),
    ("E", None),
    ("The answer is E", None),
    ("Z)", None),
    ("U.S. policy", None),
    ("The answer isn't C", None),
    ("None of them", None),
    ("I can't help with that", None),
    ("London or Paris", None),
    ("Option A is wrong and option B is wrong", None),
    ("aaaa", None),
]

OTHER_CHOICES = [
    ("26", NUMBERS, 2),
    ("The answer is 26.", NUMBERS, 2),
    ("3", NUMBERS, None),
    ("C", NUMBERS, 2),
    ("26 apples", NUMBERS, None),
    ("The answer is 26.5", NUMBERS, None),
    ("C) 26", NUMBERS, 2),
    ("C) 25", NUMBERS, None),
    ("C++", ("C", "C++", "Java"), 1),
    ("The answer is C++", ("C", "C++", "Java"), 1),
    ("A", ("B", "A"), None),
    ("B", ("A", "B"), 1),
    ("2", tuple(map(str, range(40, 70))), 1),
    ("The answer is 28", THIRTY, 27),
    ("28) x27", THIRTY, 27),
    ("J", TEN, 9),
    ("I", TEN, 8),
    ("I think J is it", TEN, None),
    ("The answer is I", TEN, 8),
    ("New York", ("New", "New York"), 1),
    ("The answer is New York.", ("New", "New York"), 1),
    ("yes", ("yes", "no"), 0),
    ("No.", ("yes", "no"), 1),
    ("a", ("x", "a"), None),
    ("deny", ("approve", "deny", "escalate"), 1),
    ("Deny the refund", ("approve", "deny", "escalate"), None),
    ("B", ("same", "same"), 1),
    ("C", ("a", "b"), None),
    ("x", (), None),
]


@table(("reply", "letter"), NAMED)
def test_a_reply_names_a_letter_or_honestly_none(reply: str, letter: str | None) -> None:
    index = read_choice(reply, CITIES).index
    assert (None if index is None else LETTERS[index]) == letter


@table(("reply", "choices", "index"), OTHER_CHOICES)
def test_numbers_long_lists_and_words_as_choices(reply: str, choices: tuple[str, ...], index: int | None) -> None:
    assert read_choice(reply, choices).index == index


@table(("kind", "choices", "rows"), GROUPS)
def test_replies_are_read_as_a_careful_person_reads_them(
    kind: str, choices: tuple[str, ...], rows: list[tuple[str, str]]
) -> None:
    """Every reply of the table, in some thirty languages. A choice that is read against the table is a false
    right for somebody."""
    del kind
    read_otherwise = []
    for reply, wanted in rows:
        index = read_choice(reply, choices).index
        read = "-" if index is None else LETTERS[index]
        if read != wanted and not (wanted.endswith("-") and read in ("-", wanted[0])):
            read_otherwise.append((reply, wanted, read))
    assert read_otherwise == []


BATCHES = {
    "first": later.FIRST,
    "second": later.SECOND,
    "third": later.THIRD,
    "fourth": later.FOURTH,
    "fifth": later.FIFTH,
    "sixth": later.SIXTH,
    "seventh": later.SEVENTH,
    "eighth": later.EIGHTH,
    "ninth": later.NINTH,
    "tenth": later.TENTH,
    "eleventh": later.ELEVENTH,
    "twelfth": later.TWELFTH,
    "thirteenth": later.THIRTEENTH,
    "fourteenth": later.FOURTEENTH,
    "fifteenth": later.FIFTEENTH,
    "sixteenth": later.SIXTEENTH,
    "seventeenth": certain.SEVENTEENTH,
}


@pytest.mark.parametrize("batch", BATCHES)
def test_later_replies_are_read_as_a_careful_person_reads_them(batch: str) -> None:
    """Denials, corrections, questions, reports and suppositions, each batch written before it was tried."""
    read_otherwise = []
    for choices, rows in BATCHES[batch]:
        for reply, wanted in rows:
            index = read_choice(reply, choices).index
            read = "-" if index is None else LETTERS[index]
            if read != wanted and not (wanted.endswith("-") and read in ("-", wanted[0])):
                read_otherwise.append((reply, wanted, read))
    assert read_otherwise == []


@table(("choices", "reply", "wanted", "pick"), later.READ_FROM_REAL_OUTPUTS)
def test_kinds_found_in_published_outputs_are_read_as_a_careful_person_reads_them(
    choices: tuple[str, ...], reply: str, wanted: str, pick: str
) -> None:
    """A wanted "B-" may also be read as nothing."""
    index = read_choice(reply, choices, pick=pick).index
    assert ("-" if index is None else LETTERS[index]) in wanted


LONG_UNITS = [
    "(",
    "A ",
    "A, ",
    "[A",
    '{"a":',
    "l'a'b'c'd",
    "the answer is not A ",
    "wait. ",
    "答案",
    "<b>B</b>",
    "\n",
    "B?",
]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("unit", LONG_UNITS)
def test_a_reply_of_a_megabyte_is_read_at_once(unit: str) -> None:
    """Well under a second of processor time; the bound is loose because the machine is shared."""
    start = time.process_time()
    read_choice("The answer is B. " + (unit * 1_000_000)[:1_000_000], CITIES)
    assert time.process_time() - start < 3


def test_the_end_of_a_very_long_reply_is_still_read() -> None:
    assert read_choice("Let me think about it once more. " * 10_000 + "\n\nThe answer is C.", CITIES).index == 2


def test_the_mark_shows_letter_and_text() -> None:
    score = mark("choice", {}, sample("Paris", CITIES), "The answer is (C).")
    assert (score.value, score.outcome, score.extracted) == (1.0, Outcome.RIGHT, "C) Paris")
    score = mark("choice", {}, sample("Paris", CITIES), "B")
    assert (score.value, score.outcome, score.extracted) == (0.0, Outcome.WRONG, "B) Rome")


def test_no_choice_named_is_unparseable_and_not_wrong() -> None:
    score = mark("choice", {}, sample("Paris", CITIES), "Hard to say, A or B")
    assert (score.value, score.outcome, score.extracted) == (0.0, Outcome.UNPARSEABLE, None)


def test_the_target_may_be_a_text_or_a_letter_and_text_wins() -> None:
    assert target_index(sample("Paris", CITIES)) == 2
    assert target_index(sample("C", CITIES)) == 2
    assert target_index(sample("A", ("B", "A"))) == 1
    assert target_index(sample("Madrid", CITIES)) is None


def test_a_target_outside_the_choices_is_never_scored() -> None:
    score = mark("choice", {}, sample("Madrid", CITIES), "C")
    assert (score.value, score.outcome) == (None, Outcome.ERRORED)


def test_two_choices_with_the_same_text_are_the_same_answer() -> None:
    assert mark("choice", {}, sample("same", ("same", "same")), "B").value == 1.0


@pytest.mark.parametrize(
    "choices", [CITIES, NUMBERS, THIRTY, ("B", "A"), ("a", "the dog"), ("C", "C++"), ("yes", "no")]
)
def test_every_right_choice_scores_one_on_its_gold(choices: tuple[str, ...]) -> None:
    scorer = make_scorer("choice")
    for choice in choices:
        item = sample(choice, choices)
        gold = scorer.gold(item)
        assert gold is not None
        assert mark("choice", {}, item, gold).value == 1.0


def test_likelihood_takes_the_likeliest_and_lengths_can_turn_it() -> None:
    item = sample("a longer text", ("short", "a longer text"))
    assert continuations(item) == (" short", " a longer text")
    more = {"logliks": (-6.0, -7.0), "loglik_tokens": (1, 3)}
    assert mark("choice", {"mode": "likelihood"}, item, "", **more).value == 0.0
    for normalise in ("tokens", "chars", "bytes"):
        assert mark("choice", {"mode": "likelihood", "normalise": normalise}, item, "", **more).value == 1.0


def test_a_tie_goes_to_the_first_and_is_noted() -> None:
    score = mark("choice", {"mode": "likelihood"}, sample("y", ("x", "y")), "", logliks=(-1.0, -1.0))
    assert score.value == 0.0
    assert score.reason is not None
    assert "2 choices" in score.reason


@pytest.mark.parametrize("logliks", [None, (), (-1.0,), (math.nan, -1.0), (-math.inf, -math.inf)])
def test_missing_likelihoods_are_the_systems_fault(logliks: tuple[float, ...] | None) -> None:
    score = mark("choice", {"mode": "likelihood"}, sample("y", ("x", "y")), "", logliks=logliks)
    assert (score.value, score.outcome) == (None, Outcome.ERRORED)


def test_first_token_adds_up_the_spellings_of_a_letter() -> None:
    top = ({"A": math.log(0.4), " B": math.log(0.3), "B": math.log(0.25), "the": math.log(0.05)},)
    assert mark("choice", {"mode": "first_token"}, sample("y", ("x", "y")), "A", top_logprobs=top).value == 1.0
    nothing = ({"the": -0.1},)
    score = mark("choice", {"mode": "first_token"}, sample("y", ("x", "y")), "the", top_logprobs=nothing)
    assert score.outcome is Outcome.UNPARSEABLE
    score = mark("choice", {"mode": "first_token"}, sample("y", ("x", "y")), "A")
    assert score.outcome is Outcome.ERRORED


def test_a_cut_reply_keeps_the_answer_that_was_read() -> None:
    item = sample("Paris", CITIES)
    assert mark("choice", {}, item, "C) Paris, because the", "length").outcome is Outcome.RIGHT
    assert mark("choice", {}, item, "B) Rome, because the", "length").outcome is Outcome.WRONG
    assert mark("choice", {}, item, "Let us think about", "length").outcome is Outcome.TRUNCATED


def test_labels_go_on_as_numbers_beyond_z() -> None:
    assert labels(4) == ("A", "B", "C", "D")
    assert labels(27)[:2] + labels(27)[-1:] == ("1", "2", "27")


def test_an_unknown_mode_is_refused_with_a_near_name() -> None:
    with pytest.raises(SuiteError, match="did you mean 'generate'"):
        make_scorer("choice", {"mode": "generated"})


def test_marking_bare_letters_is_cheap() -> None:
    """2,000 marks in 30 ms on a free core; the bound here is loose because the machine is shared."""
    scorer, item, response = make_scorer("choice"), sample("Paris", CITIES), said("C")
    best = math.inf
    for _ in range(5):
        start = time.process_time()
        for _ in range(2000):
            scorer.score(item, response)
        best = min(best, time.process_time() - start)
    assert best < 0.12


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("hello there billing", "a choice is named, but not as the answer"),
        ("billing and shipping", "more than one choice is named"),
    ],
)
def test_one_named_choice_of_two_is_not_told_as_both(reply: str, reason: str) -> None:
    reading = read_choice(reply, ("billing", "shipping"))
    assert reading.index is None
    assert reading.reason == reason


@pytest.mark.parametrize(
    ("reply", "index"),
    [
        ("The answer is B. Option A is tempting, but it contradicts the text.", 1),
        ("B. A is wrong: it contradicts line 1.", 1),
        ("The correct answer is C. A says X. This contradicts the law.", 2),
        ("The answer is B. Wait, that doesn't add up.", None),
    ],
)
def test_what_is_said_of_another_option_takes_nothing_back(reply: str, index: int | None) -> None:
    from evalkit.scorers.choice_reading import read_choice

    assert read_choice(reply, ("alpha", "beta", "gamma")).index == index


FIELDS = [
    ("Primary: technical\nSecondary: billing", "technical"),
    ("**Primary:** technical\n**Secondary:** billing", "technical"),
    ("Route: technical\nNot: billing", "technical"),
    ("Zielfach: technical, zuvor: billing", "technical"),
    ("Queue: technical\nAlternative: billing", "technical"),
    ("Queue → technical\nRunner-up → shipping", "technical"),
    ("New queue: technical\nOld queue: billing", "technical"),
    ("Old queue: billing\nNew queue: technical", "technical"),
    ("Category: technical | Previous category: billing", "technical"),
    ("Principal : technical\nSecondaire : billing", "technical"),
    ("Primary: B\nSecondary: A", "technical"),
    ("Queue: technical\nOther: low priority", "technical"),
    ("Old: technical\nPrevious: billing", None),
    ("Route: technical\nTeam: shipping\nNot: billing", None),
]


@pytest.mark.parametrize(("reply", "read"), FIELDS)
def test_a_field_that_is_no_answer_is_not_read_as_one(reply: str, read: str | None) -> None:
    choices = ("billing", "technical", "shipping", "other")
    index = read_choice(reply, choices).index
    assert (None if index is None else choices[index]) == read


def test_a_reply_that_is_a_choice_to_the_letter_is_that_choice_where_another_differs_in_case() -> None:
    item = sample("Billing", ("billing", "Billing", "shipping"))
    assert mark("choice", {}, item, "Billing").outcome is Outcome.RIGHT
    assert mark("choice", {}, item, "billing").outcome is Outcome.WRONG


def test_a_gold_that_is_sure_without_being_scored_would_score_a_full_mark() -> None:
    """`check` does not score such golds."""
    scorer = make_scorer("choice", {})
    texts = [
        "Paris",
        " Paris ",
        "",
        "  ",
        "B",
        "A) x",
        "B) B) y",
        "1",
        "11",
        "1) 1",
        "none of these",
        "not A",
        "A and B",
    ]
    texts += [
        "analysis",
        "Here is my response:",
        "x</think>y",
        "[THINK] z",
        "◁think▷",
        "a < b",
        "é",
        "<|channel|>final",
    ]
    n_sure = 0
    for width in (2, 3, 28):
        for start in range(len(texts)):
            choices = tuple(texts[(start + step) % len(texts)] for step in range(width))
            for target in (*choices, "A", "2", "absent"):
                asked = sample(target, choices)
                if scorer.sure is not None and scorer.sure(asked):
                    n_sure += 1
                    gold = scorer.gold(asked)
                    assert gold is not None
                    assert mark("choice", {}, asked, gold).value == 1.0, (choices, target)
    assert n_sure > 400


def test_every_tag_of_reasoning_begins_with_a_sign_that_is_looked_for_first() -> None:
    tags = ("<think>", "< /think>", "<seed:think>", "[THINK]", "◁/think▷", "<|END_THINKING|>", "<|end_of_thought|>")
    for text in (
        *tags,
        "<|inner_suffix|>",
        "<|channel>thought",
        "<channel|>",
        '<details type="reasoning">',
        "</details>",
    ):
        found = reasoning._TAG.search(f"so {text}")
        assert found is not None
        assert found[0].startswith(reasoning.SIGNS)
