"""Refusals, truncation and empty replies; which scorers there are and how options are refused."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome, Response, Sample, Score, Timing
from evalkit.scorers.base import Scorer
from evalkit.scorers.outcomes import score_response
from evalkit.scorers.refusal_words import is_refusal
from evalkit.scorers.registry import known_scorers, make_scorer
from tests.conftest import REPO
from tests.scoring import mark, sample

CITIES = ("London", "Rome", "Paris", "Berlin")

REFUSALS = [
    "I can't help with that.",
    "I can’t help with that.",
    "I cannot assist with this request.",
    "I'm sorry, but I can't provide that information.",
    "I’m sorry, but I cannot fulfill this request.",
    "Sorry, I can't do that.",
    "I am unable to help with this.",
    "I'm not able to provide medical advice.",
    "As an AI language model, I cannot answer this question.",
    "Unfortunately, I can't assist with that.",
    "I must decline.",
    "I won't help you do this.",
    "I'd rather not answer.",
    "I apologize, but I will not write that.",
    "  I'm really sorry, but I'm unable to comply with that request.",
]
NO_REFUSALS = [
    "The shop cannot deliver on Sundays.",
    "Deny the refund.",
    "It can't be A.",
    "I think the answer is C.",
    "You can't assist a player who is offside.",
    "I'm sorry to hear that! Here is your refund.",
    "",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_words_of_refusal_are_recognised(text: str) -> None:
    assert is_refusal(text)
    assert mark("choice", {}, sample("Paris", CITIES), text).outcome is Outcome.REFUSED
    assert mark("exact", {}, sample("Paris"), text).outcome is Outcome.REFUSED


@pytest.mark.parametrize("text", NO_REFUSALS)
def test_other_sentences_are_no_refusals(text: str) -> None:
    assert not is_refusal(text)


def test_a_refusal_is_not_a_wrong_answer() -> None:
    item = sample("Paris", CITIES)
    for stop_reason in ("refusal", "content_filter"):
        score = mark("choice", {}, item, "C", stop_reason)  # type: ignore[arg-type]
        assert (score.value, score.outcome) == (0.0, Outcome.REFUSED)
    score = mark("choice", {}, item, "", "refusal", refusal="cyber")
    assert score.reason == "cyber"


def test_refusing_is_right_where_the_task_says_so() -> None:
    score = mark("exact", {"refusal": "right"}, sample("x"), "I can't help with that.")
    assert (score.value, score.outcome) == (1.0, Outcome.REFUSED)
    score = mark("choice", {"refusal": "right"}, sample("Paris", CITIES), "", "content_filter")
    assert (score.value, score.outcome) == (1.0, Outcome.REFUSED)


def test_an_answer_after_an_apology_is_an_answer() -> None:
    text = "I'm sorry, I can't help laughing. The answer is C."
    assert mark("choice", {}, sample("Paris", CITIES), text).outcome is Outcome.RIGHT
    assert mark("exact", {}, sample("I can't help with that."), "I can't help with that.").outcome is Outcome.RIGHT


def test_a_long_reply_that_opens_with_an_apology_is_no_refusal() -> None:
    text = "I'm sorry, but I can't provide live prices. " + "Here is what I know. " * 60
    assert mark("contains", {}, sample("Paris"), text).outcome is Outcome.WRONG


def test_an_empty_reply_is_unparseable_or_truncated_never_wrong() -> None:
    for text in ("", " \n\t"):
        assert mark("exact", {}, sample("x"), text).outcome is Outcome.UNPARSEABLE
        assert mark("exact", {}, sample("x"), text, "length").outcome is Outcome.TRUNCATED


def test_a_cut_reply_that_is_judged_whole_cannot_be_wrong() -> None:
    assert mark("exact", {}, sample("Paris, France"), "Paris", "length").outcome is Outcome.TRUNCATED
    assert mark("contains", {}, sample("Paris"), "It is Paris, which", "length").outcome is Outcome.RIGHT
    rules = {"instructions": [{"kind": "punctuation:no_comma"}, {"kind": "keywords:existence", "keywords": ["end"]}]}
    score = mark("instructions", {"level": "instruction"}, sample(**rules), "no commas", "length")
    assert (score.value, score.outcome) == (0.0, Outcome.TRUNCATED)
    assert score.parts["instruction_strict"] == 0.5


def test_an_unknown_scorer_is_refused_with_a_near_name_and_the_list() -> None:
    with pytest.raises(SuiteError, match=r"did you mean 'choice'.*known: .*choice, code, contains"):
        make_scorer("choise")
    with pytest.raises(SuiteError, match=r"there is no option 'ignorecase' \(did you mean 'ignore_case'\?\)"):
        make_scorer("exact", {"ignorecase": True})


def test_all_wrong_options_are_told_at_once() -> None:
    with pytest.raises(SuiteError) as caught:
        make_scorer("exact", {"strip": "yes", "refusal": "maybe", "nonsense": 1})
    assert len(caught.value.complaints) == 3


def test_every_scorer_can_be_made_and_carries_its_whole_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.scorers.code.allowed", lambda: True)
    needed: dict[str, dict[str, object]] = {"regex": {"pattern": "a"}, "several": {"of": [{"use": "exact"}]}}
    for name in known_scorers():
        scorer = make_scorer(name, needed.get(name, {}))
        assert scorer.name == name
        assert scorer.options is not None
        assert scorer.options["refusal"] == "wrong"


def test_naming_the_scorers_imports_nothing_heavy() -> None:
    code = (
        "import sys; from evalkit.scorers.registry import known_scorers, make_scorer; known_scorers(); "
        "[make_scorer(n) for n in ('choice', 'exact', 'contains', 'numbers', 'instructions', 'json')]; "
        "print([m for m in ('pyarrow', 'numpy', 'jsonschema', 'pandas') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "[]"


def test_a_scorer_of_a_package_that_breaks_costs_its_row_alone() -> None:
    def breaks(_sample: Sample, _response: Response) -> Score:
        raise RuntimeError("no model loaded")

    own = replace(make_scorer("exact"), score=breaks)
    said = Response(text="a", stop_reason="stop", timing=Timing(sent_at=0.0, total_s=0.1))
    found = score_response(sample("a"), said, replace(own, plugin="acme-scorers 1.0"))
    assert (found.value, found.outcome) == (None, Outcome.ERRORED)
    assert found.reason is not None
    assert "acme-scorers 1.0" in found.reason
    with pytest.raises(RuntimeError):  # evalkit's own: no reply can cause this, so it is a defect and says so
        score_response(sample("a"), said, own)


_BESIDE_A_LOOP = """
import asyncio, json, sys
from evalkit.scorers.outcomes import prepare, score_at_once, score_response
from evalkit.scorers.registry import make_scorer
from tests.scoring import said, sample

prepare({"choice"})
in_a_thread = []

async def in_thread(work):
    in_a_thread.append("evalkit.scorers.refusal_words" in sys.modules)
    return work()

async def main():
    item, scorer = sample("Paris", ("Lyon", "Paris")), make_scorer("choice")
    for text in ("B", "The answer is A.", "I'm sorry, but I can't help with that.", "I cannot answer this.", "Hm."):
        reply = said(text)
        score = await score_at_once(item, reply, scorer, in_thread)
        print(json.dumps([str(score.outcome), len(in_a_thread)]))
        assert score == score_response(item, reply, scorer)
    assert in_a_thread == [False]

asyncio.run(main())
"""


@pytest.mark.parametrize("given", [Score(1.0, Outcome.WRONG), Score(1.5), Score(float("nan"))])
def test_a_score_of_a_plugin_that_no_reader_would_believe_is_no_score(given: Score) -> None:
    own = Scorer("acme", 1, lambda sample, response: given, lambda sample: None, plugin="acme-scorers 1.0")
    found = score_response(sample("a"), Response(text="x"), own)
    assert found.outcome is Outcome.ERRORED and "acme-scorers 1.0 gave a score with" in str(found.reason)


def test_words_of_refusal_are_loaded_beside_the_loop_by_the_first_reply_that_needs_them() -> None:
    done = subprocess.run([sys.executable, "-c", _BESIDE_A_LOOP], capture_output=True, text=True, cwd=REPO, check=False)
    assert done.returncode == 0, done.stderr
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert seen == [["right", 0], ["wrong", 0], ["refused", 1], ["refused", 1], ["unparseable", 1]]
