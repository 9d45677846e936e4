"""The body that an application is sent, from a template that is itself a mapping: JSON is never pasted together.

    body = BodyTemplate({"question": "{{ prompt }}", "limit": "{{ settings.max_output_tokens }}"}, "models.bot.request")
    body.filled(request, "bot-2")      # {"question": "Where is it?", "limit": 300}

A text that is one expression and nothing else gives the value itself, a number or a list as such; where that is null
the key is left out. Any other text gives a text. Templates are the sandboxed ones of prompts (`suite.templates`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields as fields_of
from itertools import chain
from typing import TYPE_CHECKING

from evalkit.errors import SuiteError, Unsupported
from evalkit.facts.base import Json
from evalkit.records import Request, Settings
from evalkit.suite.wording import SECRET_KEY, near

if TYPE_CHECKING:
    from evalkit.suite.templates import Expression, Template

VARIABLES = ("prompt", "messages", "system", "record", "settings", "model", "new_id")
"""What the templates may read."""
SETTINGS = tuple(one.name for one in fields_of(Settings) if one.name not in {"extra", "top_logprobs"})
"""Those of `settings`."""
_MOST_VALUES, _DEEPEST = 2_000, 20
_LARGEST = 4_000_000
"""Characters of all texts of one body."""

_Filler = Callable[[Mapping[str, object]], object]


class _LeftOut(Exception):
    """The value is null, so its key is not sent."""


class BodyTemplate:
    """A compiled body. `settings` and `record` are the names of what it reads of each."""

    def __init__(self, written: Mapping[str, Json], place: str) -> None:
        """`place` opens every complaint. Raises SuiteError with all of them."""
        self._place = place
        self._complaints: list[str] = []
        self._n = 0
        self.record: frozenset[str] = frozenset()
        """Fields of the record that it reads."""
        self.settings: frozenset[str] = frozenset()
        self._fill = self._compiled(dict(written), "", 0)
        if self._complaints:
            raise SuiteError(self._complaints)

    def filled(self, request: Request, model: str) -> dict[str, object]:
        """The body for a request. Raises Unsupported for what cannot be rendered."""
        from evalkit.suite.rendering import TooMuch
        from evalkit.suite.templates import BadTemplate

        try:
            made = self._fill(_values(request, model))
        except BadTemplate as error:
            raise Unsupported(f"{self._place}{error.args[0]}", sent=False) from error
        except TooMuch as error:
            raise Unsupported(f"{self._place}: {error}", sent=False) from error
        assert isinstance(made, dict)
        return made

    def _compiled(self, value: Json, at: str, depth: int) -> _Filler:
        self._n += 1
        if self._n > _MOST_VALUES or depth > _DEEPEST:
            if self._n == _MOST_VALUES + 1 or depth > _DEEPEST:
                self._refuse("", f"has more than {_MOST_VALUES:,} values, or is nested deeper than {_DEEPEST}")
            return lambda values: None
        if isinstance(value, str):
            return self._text(value, at)
        if isinstance(value, dict):
            inner = {key: self._compiled(one, f"{at}.{key}", depth + 1) for key, one in value.items()}
            for key in value:
                self._check_key(key, value[key], at)
            return lambda values: dict(_filled(inner.items(), values))
        if isinstance(value, list):
            several = [(str(n), self._compiled(one, f"{at}[{n}]", depth + 1)) for n, one in enumerate(value)]
            return lambda values: [one for _, one in _filled(several, values)]
        return lambda values: value

    def _check_key(self, key: str, value: Json, at: str) -> None:
        if "{{" in key or "{%" in key:
            self._refuse(f"{at}.{key}", "a key is no template; templates stand in values")
        elif SECRET_KEY.search(key) and isinstance(value, str) and "{{" not in value:
            self._refuse(
                f"{at}.{key}", "a key or password does not stand in a suite; header_env names a variable that holds it"
            )

    def _text(self, source: str, at: str) -> _Filler:
        """A constant, an expression that gives its own value, or a text."""
        if "{{" not in source and "{%" not in source and "{#" not in source:
            return lambda values: source
        from evalkit.suite.sandbox import environment
        from evalkit.suite.template_trees import items_read
        from evalkit.suite.templates import EVERY_FIELD, BadTemplate

        try:
            filler, compiled = _compile(source, at)
            for name in sorted(compiled.names - {*VARIABLES, *environment().globals}):
                self._refuse(at, f"{{{{ {name} }}}} is nothing that a request has; {near(name, VARIABLES)}")
            settings, record = items_read(source, "settings"), items_read(source, "record")
        except BadTemplate as error:
            self._refuse(at, str(error))
            return lambda values: source
        for name in sorted(settings - {*SETTINGS, EVERY_FIELD}):
            self._refuse(at, f"settings has no {name!r}; {near(name, SETTINGS)}")
        for name, read, example in (("settings", settings, "temperature"), ("record", record, "customer")):
            if EVERY_FIELD in read:
                self._refuse(at, f"reads {name} as a whole; name what is sent of it: {{{{ {name}.{example} }}}}")
        self.settings |= settings
        self.record |= record
        return filler

    def _refuse(self, at: str, why: str) -> None:
        self._complaints.append(f"{self._place}{at}: {why}")


def _filled(inner: Iterable[tuple[str, _Filler]], values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """(key, value) of those that are not left out. Raises BadTemplate, TooMuch for more than a body may hold."""
    from evalkit.suite.rendering import TooMuch

    total = 0
    for key, fill in inner:
        try:
            made = fill(values)
        except _LeftOut:
            continue
        total += _size(made)
        if total > _LARGEST:
            raise TooMuch(f"makes a body of more than {_LARGEST:,} characters")
        yield key, made


def texts_in(value: object) -> Iterator[str]:
    """All texts in a value, without the names of fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(texts_in, value.values()))
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(texts_in, value))


def text_bytes(value: object) -> int:
    """Bytes of all texts in a value, names included; a few for anything else."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return sum(text_bytes(key) + text_bytes(inner) for key, inner in value.items())
    return sum(map(text_bytes, value)) if isinstance(value, list | tuple) else 8


def _size(value: object) -> int:
    """Characters of the texts in a value, as far as they count: what was counted below is not counted again."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list | tuple) else 1


def _compile(source: str, at: str) -> tuple[_Filler, Expression | Template]:
    """What fills a text in, and the template behind it. Raises BadTemplate."""
    from evalkit.suite.templates import BadTemplate, Expression, Template

    try:
        expression = Expression(source, at)
    except BadTemplate:  # not one expression alone: what is wrong with it is said for the template
        template = Template(source, at)
        return _text_of(template, at), template
    return _value_of(expression, at), expression


def _value_of(expression: Expression, at: str) -> _Filler:
    from evalkit.suite.rendering import Unwritable, measure
    from evalkit.suite.templates import BadTemplate

    def fill(values: Mapping[str, object]) -> object:
        try:
            value = expression.value(values)
        except BadTemplate as error:
            raise BadTemplate(f"{at}: {error}", null=error.null) from error
        if value is None:
            raise _LeftOut
        if isinstance(value, tuple):
            value = list(value)
        if not isinstance(value, str | bool | int | float | list | dict):
            raise BadTemplate(f"{at}: gives a {type(value).__name__}, which JSON does not have; add | list")
        try:
            measure(value)
        except Unwritable as error:
            raise BadTemplate(f"{at}: {error}") from error
        return value

    return fill


def _text_of(template: Template, at: str) -> _Filler:
    from evalkit.suite.templates import BadTemplate

    def fill(values: Mapping[str, object]) -> object:
        try:
            return template.render(values)
        except BadTemplate as error:
            raise BadTemplate(f"{at}: {error}", null=error.null) from error

    return fill


def _values(request: Request, model: str) -> Mapping[str, object]:
    messages = [{"role": one.role, "content": one.text} for one in request.messages]
    settings: dict[str, object] = {name: getattr(request.settings, name) for name in SETTINGS}
    settings["stop"] = list(request.settings.stop) or None
    return {
        "prompt": request.prompt,
        "messages": messages,
        "system": request.system,
        "record": dict(request.record),
        "settings": settings,
        "model": model or None,
        "new_id": str(uuid.uuid4()),
    }
