"""One rule of a gate, as the suite file writes it. Each kind of rule is a class of its own, in a file of its own.

    read_rule({"quality": "all", "margin": 0.02})       # a QualityRule of evalkit.decide.rules.quality

The class is the rule: its fields are its part of the suite schema, its methods decide and describe. The suite layer
imports none of them: it finds a class by the key that names the kind, as adapters and scorers are found by name, in a
file of decide/rules of that name or among installed packages (entry points `evalkit.rules`). So every place that reads
a gate (a suite file, run.json, Python) checks it in the same way, without being handed a list of parsers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import nullcontext
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import ClassVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, to_json

from evalkit import plugins
from evalkit.suite.schema.parts import Part

_FIRST = ("quality", "cost", "latency", "rate", "licence")
"""The order in which kinds are listed; the others follow by name."""
_RULES = Path(__file__).parents[2] / "decide" / "rules"
_NO_RULES = frozenset({"base", "returned"})
_METHODS = ("needs_baseline", "subjects", "problems", "conditions")
"""Of a rule, besides those that decide and tell (`decide.rules` calls them)."""
Problem = tuple[tuple[str, ...], str]
"""(keys from the rule on, sentence); no keys: the rule as a whole."""


class RuleEntry(Part):
    """One condition that a candidate must meet: one kind (quality, cost, latency, rate, licence) with its limits."""

    kind: ClassVar[str] = ""
    """The key that names this kind of rule, which is one of its fields."""
    limits: ClassVar[tuple[str, ...]] = ()
    """Fields that limit something. A rule needs at least one of them, where its kind has any."""
    compares: ClassVar[frozenset[str]] = frozenset()
    """Those of the limits that compare with the baseline; the others are about the candidate alone."""
    reads: ClassVar[frozenset[str]] = frozenset()
    """What the verdict rests on: scores, outcomes, costs, times, licence. A gate from a protected branch then refuses
    a run that brings its own prices, load or licence along."""

    required: bool = True
    """false: shown, but not part of the verdict."""

    @property
    def needs_baseline(self) -> bool:
        """Whether the rule compares with a baseline."""
        return any(getattr(self, limit) is not None for limit in self.compares)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Tasks and slices that the rule names; empty where it is about all answers."""
        return ()

    def problems(self, tasks: Collection[str], slices: Mapping[str, Collection[str]]) -> Iterator[Problem]:
        """What is wrong with the rule in a suite with these tasks and slices of tasks."""
        yield from ()


@cache
def own_rules() -> tuple[str, ...]:
    """The kinds of rule that evalkit has itself: each is a file of decide/rules. Lists a folder, imports nothing."""
    files = {path.stem for path in _RULES.glob("[a-z]*.py")} - _NO_RULES
    return (*_FIRST, *sorted(files - set(_FIRST)))


def rule_class(kind: str) -> type[RuleEntry] | None:
    """The class of a kind; None where neither evalkit nor an installed package has it. Raises UserError for a package
    whose rule cannot be used."""
    return _of_evalkit(kind) if kind in own_rules() else _of_package(kind)


def own_keys() -> list[str]:
    """Every key that evalkit's own rules know."""
    return list(dict.fromkeys(key for kind in own_rules() for key in _class(kind).model_fields))


def read_rule(value: object, *, from_json: bool = False) -> RuleEntry:
    """The rule that a mapping writes. Raises ValueError (pydantic's ValidationError too) for what is none.

    `from_json`: the mapping was read from JSON, which writes dollars as texts.
    """
    if isinstance(value, RuleEntry):
        return value
    if not isinstance(value, Mapping):
        return RuleEntry.model_validate(value)  # says that a mapping is expected
    written = {key: entry for key, entry in value.items() if entry is not None}
    kinds = [kind for kind in own_rules() if kind in written]
    if not kinds:
        kinds = [key for key in written if isinstance(key, str) and key not in own_keys() and rule_class(key)]
    if not kinds and (unknown := [key for key in written if key not in own_keys()]):
        details = [InitErrorDetails(type="extra_forbidden", loc=(str(key),), input=written[key]) for key in unknown]
        raise ValidationError.from_exception_data("rule", details)
    if len(kinds) != 1:
        known = [*own_rules(), *(plugin.name for plugin in plugins.installed("rules"))]
        raise ValueError(f"a rule is about exactly one of {', '.join(known)} (seen: {', '.join(kinds) or 'none'})")
    kind = _class(kinds[0])
    written[kind.kind] = written.pop(kinds[0])
    misplaced = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{error}", {"error": said}), loc=(key,), input=written[key]
        )
        for key in written
        if key not in kind.model_fields and (said := _belongs(key, kind))
    ]
    if misplaced:
        raise ValidationError.from_exception_data("rule", misplaced)
    plugin = None if kind.kind in own_rules() else plugins.find("rules", kind.kind)
    with nullcontext() if plugin is None else plugin.running("reading a rule", lets=ValueError):
        return kind.model_validate_json(to_json(written)) if from_json else kind.model_validate(written)


def _belongs(key: str, kind: type[RuleEntry]) -> str:
    """Why a key of another kind of rule cannot stand here; empty where no own kind has it."""
    owners = [name for name in own_rules() if key in _class(name).model_fields]
    if any(key in _class(name).limits for name in owners):
        its = f"; its limits are {', '.join(kind.limits)}" if kind.limits else ", which has no limits"
        return f"does not belong to a rule about {kind.kind}{its}"
    return f"belongs to a rule about {' or '.join(owners)}" if owners else ""


def _class(kind: str) -> type[RuleEntry]:
    found = rule_class(kind)
    assert found is not None, kind
    return found


@cache
def _of_evalkit(kind: str) -> type[RuleEntry]:
    """The class of that kind in the file of that name."""
    module = vars(import_module(f"evalkit.decide.rules.{kind}"))
    classes = [entry for entry in module.values() if isinstance(entry, type) and issubclass(entry, RuleEntry)]
    return next(entry for entry in classes if entry.kind == kind)


def _of_package(kind: str) -> type[RuleEntry] | None:
    """The rule of an installed package, under its entry point's name."""
    plugin = plugins.find("rules", kind)
    if plugin is None:
        return None
    found = plugin.import_object()
    with plugin.running(f"reading {plugin.value}"):
        named = isinstance(found, type) and issubclass(found, RuleEntry) and found.kind == plugin.name
    if not named or found.kind not in found.model_fields:
        raise plugin.wrong(
            f"a subclass of evalkit.decide.rules.GateRule with kind = {plugin.name!r} and a field of that name", found
        )
    rule: type[RuleEntry] = found
    plugin.hold(rule, _METHODS)
    return rule
