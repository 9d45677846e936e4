"""`end-state`: what an agent made of the state of its environment, and whether it kept to the rules on its way.

    {"id": "r1", "request": "Refund my lost parcel P-1.", "end": {"parcels": {"P-1": {"refunds": [1250]}}},
     "conduct": [{"only": "refund", "after": "verify_customer"}, {"at_most": 1, "of": "refund"}],
     "solution": [{"name": "verify_customer", "arguments": {"customer": "C-7"}}, ...]}

`end` is what is otherwise at the end than at the beginning, merged into it as `start` is: everything else must be as it
was (`compare: named`: only the places that `end` names count). `conduct` are rules for this sample, beside those of the
option `conduct`, which hold for all. `solution` is a list of calls that does it: `evalkit check` carries it out. With
`answer: NAME` the last words of the agent are scored too, by that scorer against the task's target; without it an agent
may end without a word.

A sample that a limit ended is wrong, whatever it had done by then: the agent did not come to an end.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from evalkit.errors import SuiteError
from evalkit.facts.base import Json
from evalkit.records import Response, Sample, Score, ToolCall
from evalkit.scorers.base import Scorer
from evalkit.scorers.options import Entries, Names, OneOf, OptionRule, Text, read
from evalkit.scorers.scores import right_or_wrong, unparseable, unscored
from evalkit.suite.environments import BrokenEnvironment, Played, World, world_of
from evalkit.suite.environments.conduct import Conduct, ConductEntry, read_conduct
from evalkit.suite.environments.recorded import USED
from evalkit.suite.environments.state import patched
from evalkit.suite.environments.values import as_plain
from evalkit.suite.wording import short

MOST_DIFFERENCES = 3
"""That a reason names."""
_RULES: Mapping[str, OptionRule] = {
    "field": Text("end"),
    "conduct_field": Text("conduct"),
    "solution_field": Text("solution"),
    "compare": OneOf(("whole", "named"), "whole"),
    "answer": Text(),
    "ignore": Names(),
    "conduct": Entries(),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a sample expects of its agent."""

    end: Json
    """The whole state at the end."""
    named: Json
    """What is otherwise at the end than at the beginning, as the record has it."""
    conduct: tuple[ConductEntry, ...]
    solution: tuple[ToolCall, ...] | None
    """None: the record has none."""


def make(given: Mapping[str, object]) -> Scorer:
    """`field` (end), `conduct_field` (conduct) and `solution_field` (solution) name fields of the record. `ignore` is a
    list of paths that do not count (`*`: any key)."""
    options = read("end-state", given, _RULES)
    ignored = tuple(tuple(path.split(".")) for path in options.names("ignore"))
    fields = (options.text("field"), options.text("conduct_field"), options.text("solution_field"))
    says = _answer_scorer(options.optional_text("answer"))
    conduct = as_plain(options.entries("conduct"))

    def score(sample: Sample, response: Response) -> Score:
        world = world_of(sample)
        if world is None:
            return unscored("the task has no environment; write environment: FILE")
        try:
            expected = _expected(sample, world, fields, conduct)
            answers, text = _done(response)
            conduct_kept = Conduct(expected.conduct)
            told = None if response.steps is None else [step.results for step in response.steps]
            played = world.played(answers, conduct_kept.look, told)
            over = world.over(response.steps) if response.steps else None
            wrong = [*([over] if over else []), *conduct_kept.breaches(played)]
            wrong += _differences(played, expected, ignored, named=options["compare"] == "named")
        except (SuiteError, BrokenEnvironment) as error:
            return unscored(str(error))
        if says is not None and (sample.target or "").strip():  # a record without an answer asks for none
            said = replace(response, text=text, steps=None, calls=None)
            score = says.score(sample, said) if text.strip() else unparseable("the agent says nothing at the end")
            if score.value is None:
                return score
            wrong += [] if score.value >= 1.0 else [f"the answer: {score.reason or score.outcome}"]
        return right_or_wrong(not wrong, _shown(answers), "; ".join(wrong) or None)

    def gold(sample: Sample) -> str | None:
        world = world_of(sample)
        if world is None:
            return None
        found = _expected(sample, world, fields, conduct)
        if found.solution is None or world.environment.live is not None:  # no call is made to try a solution
            return None
        calls = [{"name": call.name, "arguments": json.loads(call.arguments)} for call in found.solution]
        return json.dumps({"calls": calls, "says": (says.gold(sample) if says is not None else None) or ""})

    return Scorer("end-state", 2, score, gold, options=options, reads_calls=True, slow=True)


def _answer_scorer(name: str | None) -> Scorer | None:
    """Who scores the last words. Raises SuiteError for a scorer that cannot."""
    if name is None:
        return None
    from evalkit.scorers.registry import make_scorer

    scorer = make_scorer(name)
    if scorer.needs != "text" or scorer.later or scorer.awaited is not None or name == "end-state":
        raise SuiteError(f"scorer end-state: answer: {name!r} cannot score the last words of an agent")
    return scorer


def _expected(sample: Sample, world: World, fields: tuple[str, str, str], for_all: Json) -> Expected:
    """Raises SuiteError where the record does not say it."""
    end, conduct, solution = fields
    if end not in sample.fields and conduct not in sample.fields and not for_all:
        raise SuiteError(f"the record has neither the field {end!r} (what is otherwise at the end) nor {conduct!r}")
    environment = world.environment
    tools = None if environment.live is not None and environment.listed is None else list(environment.functions)
    try:
        named = as_plain(sample.fields.get(end) or {})
        rules = (
            *read_conduct(for_all, "score.conduct", tools),
            *read_conduct(as_plain(sample.fields.get(conduct)), f"the field {conduct!r}", tools),
        )
        calls = _solution(as_plain(sample.fields.get(solution)), solution)
    except ValueError as error:
        raise SuiteError(str(error)) from error
    if named and environment.live is not None:
        raise SuiteError(f"the field {end!r}: nobody knows the state of a live server; use conduct and answer")
    if not isinstance(named, dict):
        raise SuiteError(f"the field {end!r} must be a mapping: what is otherwise at the end (seen: {short(named)})")
    return Expected(patched(dict(world.state), named), named, rules, calls)


def _solution(written: Json, name: str) -> tuple[ToolCall, ...] | None:
    """Raises ValueError for what is no list of calls."""
    if written is None:
        return None
    if not isinstance(written, list):
        raise ValueError(f"the field {name!r} must be a list of calls")  # noqa: TRY004
    calls = []
    for one in written:
        called = one.get("name") if isinstance(one, dict) else None
        arguments = one.get("arguments", {}) if isinstance(one, dict) else None
        if not isinstance(called, str) or not isinstance(arguments, dict):
            raise ValueError(f"the field {name!r} holds what is no call: {short(one)}")  # noqa: TRY004
        calls.append(ToolCall(called, json.dumps(arguments, ensure_ascii=False)))
    return tuple(calls)


def _done(response: Response) -> tuple[list[Sequence[ToolCall]], str]:
    """The calls of each answer that were carried out, and the last words. A solution that is tried before the run says
    both in its text."""
    if response.steps is not None:
        return [step.calls if step.results else () for step in response.steps], response.text
    try:
        tried = json.loads(response.text)
        calls = [(ToolCall(one["name"], json.dumps(one["arguments"])),) for one in tried["calls"]]
        return [*calls], str(tried["says"])
    except (ValueError, TypeError, KeyError):
        return [], response.text


def _shown(answers: Sequence[Sequence[ToolCall]]) -> str | None:
    """The calls in their order, for people."""
    told = "; ".join(f"{call.name}({call.arguments})" for calls in answers for call in calls)
    return told[:500] or None


def _differences(played: Played, expected: Expected, ignored: tuple[tuple[str, ...], ...], *, named: bool) -> list[str]:
    """Where the state is otherwise than expected, as sentences; the first few, and how many more."""
    found: list[str] = []
    n = 0
    for path, is_there, wanted in _unlike(dict(played.state), expected.end, ()):
        if (
            path[:1] == (USED,)
            or any(_covers(one, path) for one in ignored)
            or (named and not _names(expected.named, path))
        ):
            continue
        n += 1
        if n <= MOST_DIFFERENCES:
            found.append(f"{'.'.join(path) or 'the state'} {_is(is_there)}, and should be {_value(wanted)}")
    return [*found, f"and {n - MOST_DIFFERENCES} more"] if n > MOST_DIFFERENCES else found


_NOTHING = object()


def _unlike(one: object, other: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object, object]]:
    """(path, what is there, what should be) of each difference; lists differ as wholes."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*other, *(key for key in one if key not in other)]:
            yield from _unlike(one.get(key, _NOTHING), other.get(key, _NOTHING), (*path, key))
    elif not _alike(one, other):
        yield path, one, other


def _alike(one: object, other: object) -> bool:
    """Equal as JSON; numbers within what sums of money in floats are off by."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    return one == other


def _covers(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether a path is the pattern's, or below it."""
    return len(pattern) <= len(path) and all(part in ("*", step) for part, step in zip(pattern, path, strict=False))


def _names(named: Json, path: tuple[str, ...]) -> bool:
    """Whether the record says something of this place, or of one above it."""
    for step in path:
        if not isinstance(named, dict):
            return True
        if step not in named:
            return False
        named = named[step]
    return True


def _is(value: object) -> str:
    return "is not there" if value is _NOTHING else f"is {_value(value)}"


def _value(value: object) -> str:
    return "absent" if value is _NOTHING else json.dumps(value, ensure_ascii=False)[:80]
