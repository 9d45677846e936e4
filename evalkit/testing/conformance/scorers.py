"""Checks of a scorer: does it say what it should of known answers, and is it calm about all others?"""

from __future__ import annotations

import asyncio
import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalkit.errors import SuiteError
from evalkit.records import Outcome, Response, Score, Timing
from evalkit.scorers.base import ScoredExample, Scorer
from evalkit.scorers.outcomes import score_awaited_response, score_response
from evalkit.testing.conformance.bench import Complaint, Finding, expect

_SLOWEST_S = 5.0
"""Seconds that the score of one reply of 100,000 characters may take, on a busy machine."""
_NO_TIME = Timing(sent_at=0.0, total_s=0.0)
ODD_REPLIES = (
    "",
    " \n\t ",
    "?",
    "\x00\x07\x1b[31m",
    "a \ud800 b",
    "\u202eevil\u202c \u200b\ufeff",
    "I cannot help with that.",
    "The answer is not Paris. Or is it?",
    "{" * 2_000,
    "(((((" * 2_000 + "a" * 2_000,
    "1e999 NaN -inf 0x10 ١٢٣ ½",
    '{"answer": "Paris"',
    "Paris " * 16_000,
    "<think>Paris</think>",
    "東京" * 20_000,
)
"""What models also say. None of it may make a scorer raise."""
ODD_TARGETS = ("word", "", None)
"""Targets that data also has: a word where a number belongs, an empty field, none at all."""


Case = ScoredExample


@dataclass(frozen=True, slots=True)
class _Bench:
    make: Callable[[Mapping[str, object]], Scorer]
    scorer: Scorer
    cases: Sequence[Case]
    options: Mapping[str, object]

    def score(self, case: Case, answer: str) -> Score:
        response = Response(answer, "stop", _NO_TIME)
        if self.scorer.awaited is not None:
            return asyncio.run(score_awaited_response(case.sample, response, self.scorer))
        return score_response(case.sample, response, self.scorer)


def check_scorer(
    make: Callable[..., Any],
    cases: Sequence[Case],
    options: Mapping[str, object] | None = None,
    *,
    only: str | None = None,
) -> list[Finding]:
    """What is wrong with the scorer; empty when it conforms. `only` runs the check of that name.

    `make` is `make(options) -> Scorer` or a plain function `(answer, record) -> float | bool | Score`. There must be
    cases that are right and cases that are not: a scorer that gives everything 1.0 would pass else.
    """
    from evalkit.scorers.plugged import n_positional, plain_scorer

    def made(given: Mapping[str, object]) -> Scorer:
        if n_positional(make) >= 2:
            return plain_scorer(getattr(make, "__name__", "scorer"), make, given)
        found = make(given)
        expect(isinstance(found, Scorer), f"make returned {type(found).__name__}; it must return a Scorer")
        scorer: Scorer = found
        return scorer

    findings: list[Finding] = []
    for name in SCORER_CHECKS if only is None else (only,):
        try:
            _BY_NAME[name](_Bench(made, made(options or {}), cases, options or {}))
        except Complaint as complaint:
            findings.append(Finding(name, str(complaint)))
        except Exception as error:  # noqa: BLE001 - a scorer that breaks is a finding, whatever it raises
            findings.append(Finding(name, f"raised {type(error).__name__}: {error}"))
    return findings


def every_case_gets_its_score(bench: _Bench) -> None:
    """The cases, of which some must be full marks and some not."""
    full = set()
    for case in bench.cases:
        score = bench.score(case, case.answer)
        said = f"{case.answer[:80]!r} got {score.value} ({score.outcome}: {score.reason})"
        if case.right is not None:
            expect((score.value == 1.0) is case.right, f"{said}; it must be {'right' if case.right else 'not right'}")
        if case.value is not None:
            near = score.value is not None and math.isclose(score.value, case.value, abs_tol=1e-9)
            expect(near, f"{said}, not {case.value}")
        if case.outcome is not None:
            expect(score.outcome is case.outcome, f"{said}, not {case.outcome}")
        full.add(score.value == 1.0)
    expect(full == {True, False}, "give cases with a full score and cases without: else nothing is told apart")


def scores_are_well_formed(bench: _Bench) -> None:
    """A value in [0, 1] with an outcome that fits, or none with a reason."""
    for case, answer, score in _scores(bench):
        said = f"{answer[:60]!r} to {dict(case.record)}"
        expect(isinstance(score, Score), f"{said} got {type(score).__name__}; it must be a Score")
        if score.value is None:
            expect(score.reason, f"{said} has no score and no reason")
            expect(score.outcome is Outcome.ERRORED, f"{said} has no score, and the outcome {score.outcome}")
            continue
        fine = isinstance(score.value, int | float) and not math.isnan(score.value) and 0 <= score.value <= 1
        expect(fine, f"{said} got {score.value!r}; a score is from 0 to 1")
        expect(score.outcome is not Outcome.ERRORED, f"{said} got {score.value} and counts as an error")
        whole = {Outcome.RIGHT: 1.0, Outcome.WRONG: 0.0}.get(score.outcome)
        expect(whole is None or score.value == whole, f"{said} is {score.outcome} and got {score.value}")


def nothing_that_a_model_says_makes_it_fail(bench: _Bench) -> None:
    """No reply may make it raise, or take long; where there is no score, the model is not to blame."""
    for case in bench.cases[:3]:
        for answer in ODD_REPLIES:
            started = time.perf_counter()
            score = bench.score(case, answer)
            took_s = time.perf_counter() - started
            expect(took_s < _SLOWEST_S, f"{answer[:30]!r}... ({len(answer):,} characters) took {took_s:.1f} s")
            expect(not _raised(score), f"{answer[:60]!r}: {score.reason}")


def a_target_that_is_no_use_makes_it_fail_nowhere(bench: _Bench) -> None:
    """A word, an empty text, none: `unscored(why)`, and no gold. Data is not written by those who wrote the scorer."""
    for target in ODD_TARGETS:
        case = replace(bench.cases[0], target=target)
        said = f"the target {target!r}"
        try:
            gold = bench.scorer.gold(case.sample)
        except Exception as error:
            raise Complaint(f"{said}: gold raised {type(error).__name__}: {error}; return None") from error
        for answer in (case.answer, gold):
            score = None if answer is None else bench.score(case, answer)
            expect(score is None or not _raised(score), f"{said}: {score and score.reason}; return unscored(why)")


def the_same_answer_gets_the_same_score(bench: _Bench) -> None:
    """Pure: asked twice, and by a scorer made anew, it says the same; it changes neither sample nor record."""
    again = replace(bench, scorer=bench.make(bench.options))
    for case in bench.cases:
        before = copy.deepcopy(dict(case.record))
        first = bench.score(case, case.answer)
        expect(bench.score(case, case.answer) == first, f"{case.answer[:60]!r} got another score the second time")
        expect(again.score(case, case.answer) == first, f"{case.answer[:60]!r} got another score from a new scorer")
        expect(dict(case.record) == before, f"the record {before} was changed")


def its_own_right_answer_gets_full_marks(bench: _Bench) -> None:
    """`evalkit check` asks for it before anything is paid."""
    for case in bench.cases:
        gold = bench.scorer.gold(case.sample)
        if gold is not None:
            score = bench.score(case, gold)
            expect(
                score.value == 1.0,
                f"its own right answer {gold[:60]!r} got {score.value} ({score.reason}); `gold`, the fourth argument "
                "of Scorer, must give a reply with a full score",
            )


def it_declares_what_it_is(bench: _Bench) -> None:
    """A name, a version, and options that are complete."""
    scorer = bench.scorer
    expect(scorer.name, "name is empty")
    expect(isinstance(scorer.version, int) and scorer.version >= 1, f"version is {scorer.version!r}; it counts from 1")
    expect(scorer.needs in {"text", "likelihood"}, f"needs is {scorer.needs!r}")


def an_unknown_option_is_refused(bench: _Bench) -> None:
    """By a SuiteError that names the option."""
    try:
        bench.make({**bench.options, "no_such_option": 1})
    except SuiteError as error:
        expect("no_such_option" in str(error), f"the message must name the option: {error}")
        return
    raise Complaint("an option that does not exist was taken; raise SuiteError (evalkit.scorers.options.read does it)")


def _raised(score: Score) -> bool:
    """Whether the scorer raised: a function of a person's own, or a scorer with `make`."""
    reason = score.reason or ""
    return reason.startswith("the scorer raised ") or " broke on this reply (" in reason


def _scores(bench: _Bench) -> Iterator[tuple[Case, str, Score]]:
    for case in bench.cases:
        yield case, case.answer, bench.score(case, case.answer)
    for case in bench.cases[:3]:
        for answer in ODD_REPLIES:
            yield case, answer, bench.score(case, answer)


_BY_NAME: Mapping[str, Callable[[_Bench], None]] = {
    check.__name__: check
    for check in (
        it_declares_what_it_is,
        every_case_gets_its_score,
        scores_are_well_formed,
        nothing_that_a_model_says_makes_it_fail,
        a_target_that_is_no_use_makes_it_fail_nowhere,
        the_same_answer_gets_the_same_score,
        its_own_right_answer_gets_full_marks,
        an_unknown_option_is_refused,
    )
}
SCORER_CHECKS = tuple(_BY_NAME)
"""Names of all checks, for pytest.mark.parametrize."""
