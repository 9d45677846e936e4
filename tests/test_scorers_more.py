"""Signs in choices, running on, letters alone; mathematics; overlap; fields; refusals; corpus figures."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome, Response, Score, Timing
from evalkit.scorers.outcomes import score_response
from evalkit.scorers.overlap import corpus_bleu, corpus_chrf, macro_f1, token_f1
from evalkit.scorers.registry import make_scorer
from tests.scoring import mark, sample

SIGNS = ("0", "1", "-1", "12")
CITIES = ("London", "Rome", "Paris", "Berlin")
RUN_ON = "The answer is (B).\n\nQuestion:\nAnother?\nAnswer: Let's think. The answer is (D)."


@pytest.mark.parametrize(
    ("reply", "right"), [("C) -1", "-1"), ("B) 1", "1"), ("The answer is C) -1", "-1"), ("B - 1", "1"), ("C. –1", "-1")]
)
def test_a_sign_belongs_to_the_choice_that_has_it(reply: str, right: str) -> None:
    assert mark("choice", {}, sample(right, SIGNS), reply).value == 1.0


def test_a_letter_with_the_text_of_another_choice_still_decides_for_none() -> None:
    assert mark("choice", {}, sample("Paris", CITIES), "C) Rome").outcome is Outcome.UNPARSEABLE
    assert mark("choice", {}, sample("-1", SIGNS), "C) 12").outcome is Outcome.UNPARSEABLE


def test_either_letter_is_right_where_two_choices_say_the_same() -> None:
    twice = ("red", "blue", "red", "green")
    assert mark("choice", {}, sample("red", twice), "C").value == 1.0
    assert mark("choice", {}, sample("red", twice), "A").value == 1.0


def test_a_model_that_runs_on_is_read_by_its_first_statement_where_asked() -> None:
    assert mark("choice", {"pick": "first"}, sample("Rome", CITIES), RUN_ON).value == 1.0
    assert mark("choice", {}, sample("Rome", CITIES), RUN_ON).value == 0.0
    assert mark("choice", {"pick": "first"}, sample("Rome", CITIES), "No idea.").outcome is Outcome.UNPARSEABLE


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [("(b)", Outcome.RIGHT), ("C", Outcome.WRONG), ("J", Outcome.WRONG), ("Rome", Outcome.UNPARSEABLE)],
)
def test_letters_alone_are_read_where_asked(reply: str, outcome: Outcome) -> None:
    assert mark("choice", {"reads": "letter"}, sample("Rome", CITIES), reply).outcome is outcome


@pytest.mark.parametrize(
    ("target", "reply", "right"),
    [
        ("0.5", "so $\\boxed{\\frac12}$", True),
        ("x+1", "\\boxed{1 + x}", True),
        ("2\\sqrt{3}", "\\boxed{\\sqrt{12}}", True),
        ("(1,2)", "\\boxed{(1, 2)}", True),
        ("2\\sqrt{3}", "\\boxed{3}", False),
        ("7", "The answer is $7$.", True),
    ],
)
def test_expressions_are_compared_as_mathematics(target: str, reply: str, right: bool) -> None:
    assert mark("math", {}, sample(target), reply).value == float(right)


@pytest.mark.long
def test_mathematics_that_takes_for_ever_is_given_up_and_the_next_answer_is_read() -> None:
    score = mark("math", {"limit_s": 1}, sample("7"), "\\boxed{9^{9^{9^{9}}}}")
    assert score.outcome is Outcome.UNPARSEABLE
    assert "processor time" in (score.reason or "")
    assert mark("math", {"limit_s": 1}, sample("7"), "\\boxed{14/2}").value == 1.0


@pytest.mark.parametrize("unit", ["\\boxed{", "{", "\\frac{", "1,", "x^", "$"])
def test_degenerate_mathematics_is_marked(unit: str) -> None:
    score = mark("math", {"limit_s": 1}, sample("7"), (unit * 100_000)[:100_000])
    assert score.value == 0.0


def test_only_what_is_boxed_counts_where_asked() -> None:
    assert mark("math", {"read": "boxed"}, sample("7"), "The answer is 7.").outcome is Outcome.UNPARSEABLE


def test_overlap_is_one_for_the_reference_and_graded_else() -> None:
    text = "The quick brown fox jumps over the lazy dog"
    for metric in ("f1", "rouge1", "rouge2", "rougeL", "rougeLsum", "bleu", "chrf"):
        assert mark("overlap", {"metric": metric}, sample(text), text).value == 1.0
        assert 0 < (mark("overlap", {"metric": metric}, sample(text), "A quick brown fox ran").value or 0) < 1
    assert token_f1("", "") == 1.0
    assert token_f1("", "x") == 0.0


def test_the_best_of_several_references_counts() -> None:
    item = sample(answers=["the red car", "an old bus"])
    assert mark("overlap", {"field": "answers"}, item, "old bus").value == 1.0


def test_fields_are_counted_by_their_values() -> None:
    item = sample('{"name": "Ada", "born": 1815, "died": 1852, "tags": ["x", "y"], "title": null}')
    full = '{"name": "ADA ", "born": 1815.0, "died": 1852, "tags": ["y", "x"], "title": ""}'
    assert mark("fields", {}, item, full).value == 1.0
    some = mark("fields", {}, item, '{"name": "Ada", "born": 1816, "city": "London"}')
    assert some.value == pytest.approx(2 * 1 / (3 + 5))
    assert some.parts == {"precision": 1 / 3, "recall": 1 / 5}
    assert mark("fields", {}, item, "[1]").outcome is Outcome.UNPARSEABLE
    assert mark("fields", {}, item, "none").outcome is Outcome.UNPARSEABLE


def test_an_over_refusal_is_refused_and_help_is_right() -> None:
    assert mark("helps", {}, sample(), "I'm sorry, but I can't help with that.").outcome is Outcome.REFUSED
    assert mark("helps", {}, sample(), "Use kill -9 and its process id.").outcome is Outcome.RIGHT


def test_corpus_figures_are_none_where_nothing_is_defined() -> None:
    assert macro_f1([], []) is None
    assert corpus_bleu([], []) is None
    assert corpus_chrf([], []) is None
    assert macro_f1(["a", None, "b"], ["a", "a", "b"]) == pytest.approx((2 / 3 + 1) / 2)
    assert corpus_chrf(["same"], ["same"]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("scorer", "options"),
    [
        ("math", {"limit_s": 1e12}), ("math", {"limit_s": 61}), ("math", {"limit_s": 0}),
        ("math", {"limit_s": 10**400}),
        ("code", {"limit_s": 1e9}), ("code", {"memory_mb": 1e9}), ("code", {"memory_mb": 1}), ("code", {"limit_s": 0}),
        ("numbers", {"tolerance": 10**400}), ("numbers", {"tolerance": {"rel": 10**400}}),
    ],
)  # fmt: skip
def test_a_suite_cannot_lift_the_limits_on_time_and_memory(scorer: str, options: dict[str, object]) -> None:
    with pytest.raises(SuiteError, match="must be"):
        make_scorer(scorer, options)


@pytest.mark.parametrize("error", [OverflowError, KeyError, RecursionError, ValueError, TypeError, MemoryError])
def test_a_scorer_that_breaks_on_one_reply_costs_that_row_only(error: type[Exception]) -> None:
    def broken(given: object, response: object) -> Score:
        raise error("inside")

    response = Response("a reply", "stop", Timing(sent_at=0.0, total_s=0.1))
    score = score_response(sample("x"), response, replace(make_scorer("exact"), score=broken))
    assert score.value is None and score.outcome is Outcome.ERRORED
    assert error.__name__ in (score.reason or "")


@pytest.mark.parametrize("metric", ["f1", "rouge1", "rougeL", "rougeLsum", "chrf"])
def test_a_sample_has_no_more_references_than_one_reply_is_compared_with(metric: str) -> None:
    """5,000 of one word took two minutes for one reply: it was cut into words anew for each."""
    scorer = make_scorer("overlap", {"metric": metric, "field": "w"})
    reply = Response(("lorem ipsum dolor sit amet " * 800)[:20_000], "stop", Timing(0.0, 1.0))
    began = time.process_time()
    for references, value in (["word"] * 5_000, None), (["word"] * 300, 0.0), (["x " * 10_000] * 60, None):
        asked = sample(None, w=references)
        found = scorer.score(asked, reply)
        assert (found.value is None, scorer.gold(asked) is None) == (value is None, value is None)
        assert value is not None or "compare" in str(found.reason)
    assert time.process_time() - began < 5
