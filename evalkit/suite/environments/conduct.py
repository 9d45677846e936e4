"""Rules about what an agent may do on its way: which calls must and must not be made, in which order, under which
condition.

    {"must": "verify_customer"}                                  {"never": "close_account"}
    {"at_most": 1, "of": "refund"}                               {"only": "refund", "after": "verify_customer"}
    {"only": "refund", "if": "{{ args.amount <= 500 }}"}         {"confirmed_by": "ask_customer", "saying": "yes"}

A call that was refused counts for `never` alone: it was tried. Each rule may say `because`, in the words that a person
reads when it is broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated

from pydantic import Field, ValidationError

from evalkit.facts.base import Json, JsonMap
from evalkit.suite.environments.values import Names, StateCondition
from evalkit.suite.environments.world import Played, PlayedCall
from evalkit.suite.schema.parts import Count, Part, Text, Texts
from evalkit.suite.templates import BadTemplate
from evalkit.suite.wording import listed, short

MOST_RULES = 50
_KINDS = ("must", "never", "at_most", "only", "confirmed_by")


class ConductEntry(Part):
    """One rule: exactly one of must, never, at_most, only and confirmed_by."""

    must: Text | None = None
    """A tool that has to be called, with success."""
    never: Text | None = None
    """A tool that may not be called, not even without success."""
    at_most: Annotated[int, Field(ge=0)] | None = None
    """How often the tool `of` may be called with success."""
    of: Text | None = None
    only: Text | None = None
    """A tool that may be called only `after` another, or only `if` a condition holds."""
    after: Text | None = None
    """only: the tool that must have been called before, with success."""
    condition: Text | None = Field(default=None, alias="if")
    """only: a condition that reads `args` of the call and the `state` before it."""
    confirmed_by: Text | None = None
    """Nothing is changed before this tool was called and returned what `saying` says."""
    saying: Json = None
    """confirmed_by: the text that has to stand in what it returned. null: anything."""
    before: Texts = ()
    """confirmed_by: the tools that need it. Empty: every tool that changes the state."""
    given: JsonMap | None = Field(default=None, alias="with")
    """Only calls with these arguments count. null: all."""
    times: Count = 1
    """must: how often at least."""
    because: Text | None = None
    """What a person reads when the rule is broken. null: the rule in words."""

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that it names."""
        named = (self.must, self.never, self.of, self.only, self.after, self.confirmed_by, *self.before)
        return tuple(one for one in named if one)


def read_conduct(written: Json, where: str, tools: Sequence[str] | None) -> tuple[ConductEntry, ...]:
    """The rules, as a suite or a record has them; `tools` None: nobody knows yet which there are. Raises ValueError (a
    sentence) for what is no rule."""
    if written is None:
        return ()
    if not isinstance(written, list) or len(written) > MOST_RULES:
        raise ValueError(f"{where} is a list of at most {MOST_RULES} rules (value seen: {short(written)})")
    return tuple(_rule(one, f"{where}[{n}]", tools) for n, one in enumerate(written))


def _rule(written: Json, where: str, tools: Sequence[str] | None) -> ConductEntry:
    try:
        rule = ConductEntry.model_validate(written)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        said = "is no key of a rule" if first["type"] == "extra_forbidden" else first["msg"]
        raise ValueError(f"{where}{'.' if key else ''}{key}: {said} (value seen: {short(written)})") from error
    kinds = [kind for kind in _KINDS if getattr(rule, kind) is not None]
    if len(kinds) != 1:
        raise ValueError(f"{where} must say exactly one of {', '.join(_KINDS)} (value seen: {short(written)})")
    if rule.at_most is not None and rule.of is None:
        raise ValueError(f"{where}: at_most says which tool: of")
    if rule.only is not None and (rule.after is None) == (rule.condition is None):
        raise ValueError(f"{where}: only says either after or if")
    if tools is not None and (unknown := [name for name in rule.tools if name not in tools]):
        raise ValueError(f"{where} names the tool {short(unknown[0])}; there are {listed(tools)}")
    if rule.condition is not None:
        try:
            _condition(rule.condition)
        except BadTemplate as error:
            raise ValueError(f"{where}.if: {error}") from error
    return rule


class Conduct:
    """Watches a trajectory while it is played, and says what was done against the rules.

    conduct = Conduct(rules); played = world.played(answers, conduct.look); conduct.breaches(played)
    """

    __slots__ = ("_held", "_rules")

    def __init__(self, rules: Sequence[ConductEntry]) -> None:
        self._rules = rules
        self._held: dict[int, str] = {}
        """By place the rules whose condition did not hold of a call, and what is said of it."""

    def look(self, call: PlayedCall, before: JsonMap) -> None:
        """See one call with the state in which it was made. Raises BrokenEnvironment."""
        for place, rule in enumerate(self._rules):
            if rule.condition is None or call.failed or place in self._held:
                continue
            if _of([call], rule.only or "", rule.given):
                names: Names = {"args": dict(call.arguments), "state": dict(before)}
                if not _condition(rule.condition).holds(names):
                    self._held[place] = f"{call.name} was called where {rule.condition} does not hold"

    def breaches(self, played: Played) -> list[str]:
        """A sentence for each rule that was broken; empty where none was."""
        found = ((rule, self._held.get(n) or _said(rule, played.calls)) for n, rule in enumerate(self._rules))
        return [rule.because or said for rule, said in found if said is not None]


def _said(rule: ConductEntry, calls: Sequence[PlayedCall]) -> str | None:
    done = [call for call in calls if not call.failed]
    if rule.must is not None:
        n = len(_of(done, rule.must, rule.given))
        times = "" if rule.times == 1 else f" {rule.times} times"
        said = f"{rule.must} was {_often(n)}{_which(rule.must, rule, calls)}, and must be called{times}"
        return said if n < rule.times else None
    if rule.never is not None:
        return f"{rule.never} was called, and must not be" if _of(calls, rule.never, rule.given) else None
    if rule.at_most is not None and rule.of is not None:
        n = len(_of(done, rule.of, rule.given))
        said = f"{rule.of} was {_often(n)}{_which(rule.of, rule, calls)}, and may be at most {rule.at_most}"
        return said if n > rule.at_most else None
    if rule.only is not None:
        return _too_early(rule.only, rule, done)
    assert rule.confirmed_by is not None
    return _unconfirmed(rule, rule.confirmed_by, done)


def _too_early(tool: str, rule: ConductEntry, done: Sequence[PlayedCall]) -> str | None:
    seen = rule.after is None
    for call in done:
        if not seen and _of([call], tool, rule.given):
            return f"{tool} was called before {rule.after}"
        seen = seen or call.name == rule.after
    return None


def _unconfirmed(rule: ConductEntry, tool: str, done: Sequence[PlayedCall]) -> str | None:
    wanted = rule.saying
    for call in done:
        if call.name == tool and (wanted is None or (str(wanted).casefold() in call.text.casefold())):
            return None
        needs = call.name in rule.before if rule.before else call.writes and call.name != tool
        if needs and _of([call], call.name, rule.given):
            return f"{call.name} was called before {tool} had confirmed it"
    return None


def _of(calls: Sequence[PlayedCall], tool: str, given: JsonMap | None) -> list[PlayedCall]:
    return [
        call
        for call in calls
        if call.name == tool and all(call.arguments.get(name) == value for name, value in (given or {}).items())
    ]


def _often(n: int) -> str:
    return ("not called", "called once", "called twice")[n] if n < 3 else f"called {n} times"


def _which(tool: str, rule: ConductEntry, calls: Sequence[PlayedCall]) -> str:
    """Which calls of a tool were counted, where others were made too."""
    named = [call for call in calls if call.name == tool]
    fitting = _of(named, tool, rule.given)
    failed = " with success" if any(call.failed for call in fitting) else ""
    return failed + (" with the arguments of the rule" if len(fitting) < len(named) else "")


@lru_cache(maxsize=512)
def _condition(source: str) -> StateCondition:
    """Raises BadTemplate."""
    return StateCondition(source, "conduct")
