"""The narrow waist to every score: `(Sample, Response) -> Score`, options bound beforehand.

    score = choice.make({"mode": "generate"})
    score(sample, response)          # Score(value=1.0, outcome=Outcome.RIGHT, extracted="C")

The engine scores through `evalkit.scorers.outcomes.score_response`, which sees to refusals, truncation and empty
replies around the scorer, so a scorer judges what was said. Scorers never raise for anything a model wrote.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from evalkit.frozen import dataclass
from evalkit.records import Outcome, Response, Sample, Score

if TYPE_CHECKING:
    from evalkit.suite.functions import OwnFunction

ScoreAnswer = Callable[[Sample, Response], Score]
"""Scores one answer. Pure: same sample and answer, same score."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A scorer with its options bound."""

    name: str
    """As written in the suite: `choice`, `numbers` ..."""
    version: int
    """Raised whenever the same answer could get another score; part of the task's identity."""
    score: ScoreAnswer
    gold: Callable[[Sample], str | None]
    """A reply that must score 1.0 (`evalkit check`); None where the sample has none to offer."""
    gold_tokens: Callable[[Sample], Mapping[str, float]] | None = None
    """First-token scorers: the alternatives (token to natural-log probability) of a reply that must score 1.0. None:
    the scorer reads text or likelihoods."""
    sure: Callable[[Sample], bool] | None = None
    """Whether the gold of a sample scores 1.0, told without scoring it: a cheap test that is never wrong where it says
    yes. None: there is none, and each gold is scored."""
    needs: Literal["text", "likelihood"] = "text"
    """What the model is asked for: an answer, or the log-likelihood of each choice."""
    continuations: Callable[[Sample], tuple[str, ...]] | None = None
    """What to weigh, for likelihood scorers. None: the sample's choices, each after a space."""
    contexts: Callable[[Sample], tuple[str, ...] | None] | None = None
    """The text before each continuation, where it differs between them. None: the sample's messages, for all."""
    options: Mapping[str, object] | None = None
    whole: bool = False
    """The reply is judged as a whole instead of an answer read out of it: a cut reply cannot be judged wrong."""
    reads_calls: bool = False
    """Calls made through a tool interface are what is scored: a reply that is only calls is not empty."""
    slow: bool = False
    """Scoring may take milliseconds or more (a program is run, algebra is done). `score` is then called in a thread:
    blocking the event loop would inflate the measured latency of other requests."""
    judges: bool = False
    """The reply is a judge's words about another answer: what it fails to say is absent, never a 0."""
    several: bool = False
    """Other scorers read the reply, each by all the rules of `outcomes`: none of them is applied around them."""
    keeps_reasoning: bool = False
    """The task asks that reasoning in the text (`<think>` and its like) is scored with the answer; else it is removed
    before any scorer sees the reply."""
    plugin: str | None = None
    """The package of a plug-in, part of the task's identity; with the package's version where the scorer states none of
    its own. None: evalkit's own."""
    later: bool = False
    """Judges score the answer once it is stored; until then the score is absent. Refusals and empty replies are scored
    without them."""
    awaited: Callable[[Sample, Response], Awaitable[Score]] | None = None
    """Scores the answer in the event loop (an async function of the person's own); `score` is then not called. None:
    `score` does it."""
    functions: tuple[OwnFunction, ...] = ()
    """The functions of the person's own that score; (): evalkit's scorer, or a plug-in's."""
    unproved: bool = False
    """A call may cost time or money (a function of the person's own): samples are not scored before the run to see
    whether they can be."""

    @property
    def identity(self) -> dict[str, object]:
        """What of the scorer makes two results comparable, besides its name and options."""
        return {"scorer_version": self.version, **({"scorer_plugin": self.plugin} if self.plugin else {})}

    @property
    def mark(self) -> ScoreAnswer:
        """The former name of `score`; plug-ins written for it go on working, with a DeprecationWarning."""
        _warn_of_old_name()
        return self.score


def _warn_of_old_name() -> None:
    warnings.warn("Scorer.mark is now Scorer.score: rename it in your plug-in.", DeprecationWarning, stacklevel=3)


_with_score = Scorer.__init__


def _with_old_name(self: Scorer, *values: object, **named: object) -> None:
    """`Scorer(...)` that takes `mark=` for `score=` too."""
    if "mark" in named:
        _warn_of_old_name()
        named["score"] = named.pop("mark")
    _with_score(self, *values, **named)  # type: ignore[arg-type]


Scorer.__init__ = functools.wraps(_with_score)(_with_old_name)  # type: ignore[method-assign]


Make = Callable[[Mapping[str, object]], Scorer]
"""Every scorer module has `make(options) -> Scorer`; it raises SuiteError on options it does not know."""


@dataclass(frozen=True, slots=True)
class ScoredExample:
    """A reply, the record it belongs to, and what its score must be: give `right`, `value` or `outcome`."""

    answer: str
    record: Mapping[str, object] = field(default_factory=dict)
    target: str | None = None
    right: bool | None = None
    value: float | None = None
    outcome: Outcome | None = None
    choices: tuple[str, ...] = ()

    @property
    def sample(self) -> Sample:
        """The record as a sample."""
        return Sample(
            task="t",
            id="1",
            digest="d",
            target_digest="d",
            occurrence=0,
            messages=(),
            target=self.target,
            choices=self.choices,
            fields=self.record,
        )
