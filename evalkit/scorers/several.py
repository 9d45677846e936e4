"""`several`: more than one scorer for the same reply, each with a weight; the score is their weighted mean, or all of
them must give 1.

    score: [exact, {contains: {field: must_say}, weight: 2, name: facts}]     # how a suite writes it
    score: {all: [{json: {schema: {type: object}}}, {regex: {pattern: '\\d+', compare: found}}]}

    make({"of": [{"name": "exact", "use": "exact", "options": {}, "weight": 1.0}, ...], "need": "mean"})

Each part reads the reply by its own rules for refusals, cut and empty replies. The parts' scores are stored with the
row (`parts`), under their names.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evalkit.errors import SuiteError
from evalkit.records import Outcome, Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.options import OneOf, OptionRule, read
from evalkit.scorers.outcomes import score_awaited_response, score_response
from evalkit.scorers.scores import graded, right_or_wrong, unscored
from evalkit.suite.wording import short

_MOST = 20
_FULL = 1.0
_SAME = frozenset({Outcome.UNPARSEABLE, Outcome.REFUSED, Outcome.TRUNCATED})
"""What the whole is called where it is what each part is called."""


@dataclass(frozen=True, slots=True)
class ScorerPart:
    """One of the scorers."""

    name: str
    scorer: Scorer
    weight: float
    """Above 0."""


class _Parts:
    """The rule of `of`."""

    default: Sequence[object] = ()

    def complaint(self, value: object) -> str | None:
        fine = isinstance(value, list | tuple) and value and all(isinstance(one, Mapping) for one in value)
        return None if fine else "a list of scorers, like [exact, {contains: {field: must_say}, weight: 2}]"


_RULES: Mapping[str, OptionRule] = {"of": _Parts(), "need": OneOf(("mean", "all"), "mean")}


def make(
    given: Mapping[str, object], own: Mapping[int | None, Scorer] | None = None, *, keeps_reasoning: bool = False
) -> Scorer:
    """Raises SuiteError with every complaint about the parts. `own`: by its place, the scorer of a part that is a
    function given in Python. `keeps_reasoning`: each part reads the reply as it came (`reasoning: keep`)."""
    options = read("several", given, _RULES)
    written = options["of"]
    assert isinstance(written, list | tuple)
    complaints: list[str] = []
    parts: list[ScorerPart] = []
    for n, one in enumerate(written):
        try:
            parts.append(_part(one, (own or {}).get(n)))
        except SuiteError as error:
            complaints += [f"score[{n}]: {complaint}" for complaint in error.complaints]
    if not 1 <= len(written) <= _MOST:
        complaints.append(f"score: a list of 1 to {_MOST} scorers (seen: {len(written)})")
    names = [part.name for part in parts]
    if twice := next((name for name in names if names.count(name) > 1), None):
        complaints.append(f"score: two of the scorers are called {twice!r}; give one of them another `name:`")
    if complaints:
        raise SuiteError(complaints)
    if keeps_reasoning:
        parts = [replace(part, scorer=replace(part.scorer, keeps_reasoning=True)) for part in parts]
    return of_parts(parts, need_all=options.text("need") == "all", options=options)


def of_parts(parts: Sequence[ScorerPart], *, need_all: bool, options: Mapping[str, object]) -> Scorer:
    """The parts as one scorer."""
    own = tuple(parts)

    def score(sample: Sample, response: Response) -> Score:
        return _together(own, [score_response(sample, response, part.scorer) for part in own], need_all)

    async def awaited(sample: Sample, response: Response) -> Score:
        return _together(own, [await _awaited(sample, response, part.scorer) for part in own], need_all)

    plugins = sorted({part.scorer.plugin for part in own if part.scorer.plugin})
    return Scorer(
        "several",
        2 + sum(part.scorer.version for part in own),  # raised whenever that of a part is
        score,
        lambda sample: _gold(own, sample),
        options=options,
        several=True,
        reads_calls=any(part.scorer.reads_calls for part in own),
        slow=any(part.scorer.slow for part in own),
        keeps_reasoning=any(part.scorer.keeps_reasoning for part in own),
        unproved=any(part.scorer.unproved for part in own),
        plugin=", ".join(plugins) or None,
        awaited=awaited if any(part.scorer.awaited is not None for part in own) else None,
        functions=tuple(one for part in own for one in part.scorer.functions),
    )


def keeping_reasoning(scorer: Scorer) -> Scorer:
    """The scorer for a task with `reasoning: keep`: each part reads the reply as it came."""
    made = make(scorer.options or {}, keeps_reasoning=True)
    return replace(made, keeps_reasoning=True, version=scorer.version)


async def _awaited(sample: Sample, response: Response, scorer: Scorer) -> Score:
    """The score of one part beside parts that are awaited."""
    if scorer.awaited is not None:
        return await score_awaited_response(sample, response, scorer)
    if scorer.slow:
        return await asyncio.to_thread(score_response, sample, response, scorer)
    return score_response(sample, response, scorer)


def _part(one: Mapping[str, object], own: Scorer | None = None) -> ScorerPart:
    from evalkit.scorers.registry import make_scorer

    use, options, weight = one.get("use"), one.get("options") or {}, one.get("weight", 1.0)
    name = one.get("name", use)
    if unknown := sorted(set(one) - {"use", "options", "weight", "name"}):
        raise SuiteError(f"there is no key {unknown[0]!r}; a part has use, options, weight and name")
    if not isinstance(use, str) or not isinstance(name, str) or not isinstance(options, Mapping):
        raise SuiteError("a part is a scorer's name, or {NAME: {option: value}, weight: 2, name: ...}")
    if not name.strip() or not name.isprintable():
        raise SuiteError(f"name is {name!r}; it is the name of a column, on one line: like tone")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not (math.isfinite(weight) and weight > 0):
        raise SuiteError(f"weight must be a number above 0; it is {short(weight)}. Leave the scorer out instead of 0")
    if use == "several":
        raise SuiteError("a list of scorers cannot hold a list of scorers")
    scorer = own or make_scorer(use, options)
    if scorer.later or scorer.judges:
        raise SuiteError(f"{use} cannot stand in a list: a judge scores a task alone. Write a second task for it")
    if scorer.needs != "text" or scorer.gold_tokens is not None:
        raise SuiteError(f"{use} reads likelihoods here, and a list of scorers reads the reply: mode: generate")
    return ScorerPart(name, scorer, float(weight))


def _together(parts: Sequence[ScorerPart], scores: Sequence[Score], need_all: bool) -> Score:
    """The score of the whole; absent where that of a part is."""
    named = list(zip(parts, scores, strict=True))
    if absent := next(((part, score) for part, score in named if score.value is None), None):
        return unscored(f"{absent[0].name}: {absent[1].reason or 'it gives no score'}")
    values = {part.name: float(score.value or 0.0) for part, score in named}
    extracted = next((score.extracted for score in scores if score.extracted is not None), None)
    short = [_why(part, score) for part, score in named if (score.value or 0.0) < _FULL]
    reason = "; ".join(short) or None
    total = sum(part.weight for part in parts)
    mean = sum(part.weight * values[part.name] for part in parts) / total
    if all(value == _FULL for value in values.values()):
        mean = _FULL  # never a hair less by rounding
    outcomes = {score.outcome for score in scores}
    if len(outcomes) == 1 and (only := outcomes.pop()) in _SAME:
        return Score(mean if not need_all else float(mean == _FULL), only, None, reason, values)
    if need_all or (all(score.outcome in {Outcome.RIGHT, Outcome.WRONG} for score in scores) and len(parts) == 1):
        return right_or_wrong(mean == _FULL, extracted, reason, values)
    return graded(mean, extracted, reason, values)


def _why(part: ScorerPart, score: Score) -> str:
    said = f": {score.reason}" if score.reason else ""
    return f"{part.name} {score.value:.2g}{said}"


def _gold(parts: Sequence[ScorerPart], sample: Sample) -> str | None:
    """A reply that each part scores 1.0: one of their own right answers. One that fails its own part is given too, so
    that the check tells; None where no single reply is known that satisfies all."""
    golds = [(part, gold) for part in parts if (gold := part.scorer.gold(sample)) is not None]
    for part, gold in golds:
        if score_response(sample, Response(text=gold), part.scorer).value != _FULL:
            return gold
    for _, gold in golds:
        if all(score_response(sample, Response(text=gold), part.scorer).value == _FULL for part in parts):
            return gold
    return None
