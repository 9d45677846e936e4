"""Scorers of plug-ins: what an entry point of the group `evalkit.scorers` names, as evalkit's own kind of scorer.

    def names_the_city(answer: str, record: Mapping[str, object], *, ignore_case: bool = True) -> bool: ...

    [project.entry-points."evalkit.scorers"]
    names-the-city = "my_package.scoring:names_the_city"

    score: {names-the-city: {ignore_case: false}}     # in a suite

An entry point names one of three things: a function `(answer, record) -> float | bool | Score`, a function
`make(options) -> Scorer` (`options` is a mapping, or a record of `evalkit.scorers.declared`), or a `Scorer`.
Keyword-only parameters of the first are its options, checked by their types. `answer` is the reply's text without its
reasoning, `record` the record as the data has it; a parameter called `sample` gets the whole sample, one called
`response` the whole response. How such a function is called, awaited and read is `evalkit.scorers.function`, as for
functions that are given in Python.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from evalkit.foreign import kept
from evalkit.plugins import Plugin
from evalkit.scorers.base import Make, Scorer
from evalkit.scorers.declared import read_record, record_of
from evalkit.scorers.options import REFUSAL, OptionRule, read
from evalkit.suite.functions import FunctionIdentity, OwnFunction

_OF_ANSWERS, _OF_SAMPLES = ("score", "awaited", "gold", "gold_tokens"), ("sure", "continuations", "contexts")
"""Fields of a Scorer that are code of its package: where they raise, an answer has no score; or nothing can be asked.
"""
_WANTED = "a function (answer, record) -> float | bool | Score, a function make(options) -> Scorer, or a Scorer"


def maker_of(plugin: Plugin) -> Make:
    """The plug-in as `make(options) -> Scorer`. Raises PluginError for what is none of the three."""
    found = plugin.import_object()
    with plugin.running(f"reading {plugin.value}"):
        if not isinstance(found, Scorer) and not callable(found):
            raise plugin.wrong(_WANTED, found)
        make = _maker(found, plugin)

    def made(options: Mapping[str, object]) -> Scorer:
        with plugin.running(f"making it by {plugin.value}"):
            return _held(make(options), plugin)

    return made


def _maker(found: Any, plugin: Plugin) -> Make:
    if isinstance(found, Scorer):
        return lambda options: _own_version(_without_options(found, plugin, options), plugin)
    if n_positional(found) >= 2:
        return lambda options: plain_scorer(plugin.name, found, options, plugin=plugin)
    return lambda options: _own_version(_made(found, plugin, options), plugin)


def _held(scorer: Scorer, plugin: Plugin) -> Scorer:
    """The scorer, each of whose functions runs as code of a package does: nothing that it raises ends the process."""
    given: dict[str, Any] = {name: getattr(scorer, name) for name in (*_OF_ANSWERS, *_OF_SAMPLES)}
    held: dict[str, Any] = {
        name: kept(one) if name in _OF_ANSWERS else plugin.held(one, name)
        for name, one in given.items()
        if callable(one)
    }
    return replace(scorer, **held)


def plain_scorer(
    name: str, function: Callable[..., Any], options: Mapping[str, object], *, plugin: Plugin | None = None
) -> Scorer:
    """A function `(answer, record)` as a scorer. An attribute `version` of the function, a whole number, says when it
    scores otherwise; without one the version of its package does. Raises SuiteError for wrong options.
    """
    from evalkit.scorers.function import make as of_function

    rules = {name: _Keyword(kind, default) for name, (kind, default) in _keywords(function).items()}
    given = read(name, options, rules)
    bound = functools.partial(function, **{key: value for key, value in given.items() if key in rules})
    known_as = plugin.value if plugin is not None else getattr(function, "__qualname__", name)
    made = of_function(OwnFunction(bound, FunctionIdentity(known_as, None, known_as)), f"scorer {name}")
    version = getattr(function, "version", None)
    stated = version if isinstance(version, int) and not isinstance(version, bool) else None
    identity = None if plugin is None else plugin.origin if stated is None else plugin.package
    return replace(made, name=name, version=stated or 1, options=given, plugin=identity)


class _Keyword:
    """A keyword-only parameter as the rule of an option."""

    def __init__(self, kind: Any, default: object) -> None:
        self._kind = kind
        self.default = default

    def complaint(self, value: object) -> str | None:
        from pydantic import TypeAdapter, ValidationError

        try:
            TypeAdapter(self._kind).validate_python(value, strict=True)
        except ValidationError:
            return f"of the kind {getattr(self._kind, '__name__', self._kind)}"
        return None


def _keywords(function: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Keyword-only parameters: name to (type, default). `sample` and `response` are no options."""
    from evalkit.scorers.function import WHOLE

    try:
        hints = typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 - annotations of another package that cannot be evaluated say nothing
        hints = {}
    return {
        name: (hints.get(name, Any), None if one.default is inspect.Parameter.empty else one.default)
        for name, one in inspect.signature(function).parameters.items()
        if one.kind is inspect.Parameter.KEYWORD_ONLY and name not in WHOLE
    }


def n_positional(function: Callable[..., Any]) -> int:
    """How many arguments a function needs by position; 1 where nobody says."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in kinds and one.default is inspect.Parameter.empty for one in parameters)


def _made(make: Callable[..., Any], plugin: Plugin, options: Mapping[str, object]) -> Scorer:
    record = record_of(make)
    given: Any = options if record is None else read_record(plugin.name, record, options)
    made = make(given)
    if not isinstance(made, Scorer):
        raise plugin.wrong(_WANTED, made)
    return made if record is None else replace(made, options=given.model_dump(mode="json"))


def _without_options(scorer: Scorer, plugin: Plugin, options: Mapping[str, object]) -> Scorer:
    rules: dict[str, OptionRule] = {}
    given = read(plugin.name, {key: value for key, value in options.items() if key != "refusal"}, rules)
    return replace(scorer, options={**given, "refusal": options.get("refusal", REFUSAL.default)})


def _own_version(scorer: Scorer, plugin: Plugin) -> Scorer:
    """A scorer that says its version itself: the package's version is then no part of the task's identity."""
    if not isinstance(scorer.version, int) or scorer.version < 1:
        raise plugin.wrong(f"a Scorer whose version ({scorer.version!r}) is a whole number from 1 on", scorer)
    return replace(scorer, name=plugin.name, plugin=plugin.package)
