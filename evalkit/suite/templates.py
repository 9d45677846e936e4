"""One sandboxed Jinja template: text in, text out, nothing else reachable.

    compiled = Template("Hello {{ name }}!", "prompt")
    compiled.render({"name": "Ada"})     # 'Hello Ada!'

Suites come from pull requests, so a template has no loader, no macros, no attributes that reach into Python, no
randomness (the same record must give the same prompt) and bounded loops and repetition (`evalkit.suite.sandbox`). It is
for text; what needs a program belongs into the data. `trim_blocks` and `lstrip_blocks` are on: a line that holds only a
`{% ... %}` leaves no blank line behind. Values are written as JSON has them, without HTML escapes.

A field whose name is no single word is read through `row` (or `record`, the same): `{{ row['Question Text'] }}`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from evalkit.suite.metering import Spent, check_time
from evalkit.suite.plain_templates import (
    EVERY_FIELD,
    ROW,
    BadTemplate,
    EndlessTemplate,
    Parts,
    field_reading,
    names_in,
    plain,
)
from evalkit.suite.rendering import LONGEST, TooMuch, Unwritable, text
from evalkit.suite.wording import listed

if TYPE_CHECKING:
    import jinja2

__all__ = ["EVERY_FIELD", "ROW", "BadTemplate", "EndlessTemplate", "Expression", "Template", "field_reading"]


class Template:
    """A compiled template. `names` are the variables that it reads; `where` is its key in the task."""

    __slots__ = ("_parts", "_spent", "_template", "fields", "names", "source", "where")

    def __init__(self, source: str, where: str) -> None:
        self.source = source
        self.where = where
        self._spent = Spent()
        self._template: jinja2.Template | None = None
        self._parts = plain(source)
        if self._parts is not None:
            self.names, self.fields = names_in(self._parts), frozenset[str]()
        else:
            from evalkit.suite.template_trees import read_template

            self.names, self.fields, self._parts = read_template(source)
            if self._parts is None:
                self._template = self._coded()

    @property
    def reads(self) -> frozenset[str]:
        """The names of fields that decide what is rendered; EVERY_FIELD where the record is read as a whole."""
        return self.names | self.fields

    def render(self, values: Mapping[str, object]) -> str:
        """The text for these variables. Raises BadTemplate: an absent variable, or what the expression runs into."""
        if self._parts is not None and self.names <= values.keys():
            return self._filled_in(self._parts, values)
        from evalkit.suite.sandbox import Variables

        template = self._template = self._template or self._coded()
        pieces: list[str] = []
        total, since = 0, time.thread_time()
        try:
            with self._spent.counted():
                for piece in template.root_render_func(Variables(values)):
                    pieces.append(piece)
                    total += len(piece)
                    if total > LONGEST:
                        break
                    if len(pieces) % 1_024 == 0:
                        check_time(since)
        except TooMuch as error:
            raise EndlessTemplate(str(error)) from error
        except Exception as error:  # a template of the user's can raise anything; all of it becomes his complaint
            raise BadTemplate(why(error, self, values), null=_is_null(error)) from error
        return _of_pieces(pieces, total)

    def _coded(self) -> jinja2.Template:
        from evalkit.suite.template_trees import coded

        return coded(self.source)

    def _filled_in(self, parts: Parts, values: Mapping[str, object]) -> str:
        """What Jinja would make of a template that only names its variables. Raises BadTemplate as `render` does."""
        pieces: list[str] = []
        total = 0
        try:
            for part in parts:
                piece = part if type(part) is str else part.of(values)  # type: ignore[union-attr]
                if type(piece) is not str:
                    piece = text(piece)
                pieces.append(piece)
                total += len(piece)
                if total > LONGEST:
                    break
        except TooMuch as error:
            raise EndlessTemplate(str(error)) from error
        except Exception as error:  # as in `render`
            raise BadTemplate(why(error, self, values), null=_is_null(error)) from error
        return _of_pieces(pieces, total)


def _of_pieces(pieces: list[str], total: int) -> str:
    if total > LONGEST:
        raise BadTemplate(f"renders more than {LONGEST:,} characters, the limit")
    return "".join(pieces)


class Expression:
    """A template that is one expression, `{{ choices }}`, and gives the value itself instead of its text."""

    __slots__ = ("_evaluate", "_inner", "_name", "_spent", "fields", "names", "source", "where")

    def __init__(self, source: str, where: str) -> None:
        self.source = source
        self.where = where
        self._spent = Spent()
        inner = source.strip()
        if not (inner.startswith("{{") and inner.endswith("}}")) or "{{" in inner[2:] or "{%" in inner:
            raise BadTemplate('expected a list, or one template that names a list, like "{{ choices }}"')
        self._inner = inner[2:-2].strip("-+ \n")
        self._evaluate: Callable[..., object] | None = None
        parts = plain(inner)
        if parts is not None and names_in(parts) == {self._inner}:
            self.names, self.fields = names_in(parts), frozenset[str]()
        else:
            from evalkit.suite.template_trees import fields_read, names_read, parsed

            tree = parsed(source)
            self.names = names_read(tree)
            self.fields = fields_read(tree, self.names)
            self._evaluate = self._coded()
        self._name = self._inner if self.names == {self._inner} and self._inner != "self" else None
        """The one variable that the expression is, which needs no template."""

    @property
    def reads(self) -> frozenset[str]:
        """As of a Template."""
        return self.names | self.fields

    def value(self, values: Mapping[str, object]) -> Any:
        """What the expression gives. Raises BadTemplate."""
        if self._name is not None and self._name in values:
            return values[self._name]
        from jinja2 import Undefined

        evaluate = self._evaluate = self._evaluate or self._coded()
        try:
            with self._spent.counted():
                result = evaluate(dict(values))
        except TooMuch as error:
            raise EndlessTemplate(str(error)) from error
        except Exception as error:  # as in Template.render
            raise BadTemplate(why(error, self, values), null=_is_null(error)) from error
        if isinstance(result, Undefined):
            raise BadTemplate(why(None, self, values))
        return result

    def _coded(self) -> Callable[..., object]:
        from evalkit.suite.template_trees import coded_expression

        return coded_expression(self._inner)


def _is_null(error: Exception) -> bool:
    return isinstance(error, Unwritable) and str(error) == "is null"


def why(error: Exception | None, template: Template | Expression, values: Mapping[str, object]) -> str:
    """Half a sentence: the absent or null field by name with the way out, or what else went wrong."""
    from jinja2.exceptions import TemplateError

    from evalkit.suite.sandbox import BadValue, environment

    known = [name for name in values if name not in ROW]
    own = values.get("row")
    columns = list(own) if isinstance(own, Mapping) else known
    absent = [name for name in sorted(template.names) if name not in values and name not in environment().globals]
    absent += [name for name in sorted(template.fields - {EVERY_FIELD}) if name not in columns]
    if absent and (error is None or isinstance(error, TemplateError)):
        named = " and ".join(field_reading(name) for name in absent)
        verb = "is no field" if len(absent) == 1 else "are no fields"
        return f"{named} {verb} of the record{_advice(absent, template.source, columns)}; known are {listed(known)}"
    if isinstance(error, Unwritable):
        nulls = [name for name in sorted(template.names | template.fields) if _has_null(values.get(name), own, name)]
        if _is_null(error) and nulls:
            first, inside = field_reading(nulls[0]), ""
            if values.get(nulls[0], _of(own, nulls[0])) is not None:
                part = re.search(rf"\{{\{{-?\s*({re.escape(nulls[0])}[.\[][^|}}]*?)\s*(?:\||-?\}}\}})", template.source)
                if part is None:
                    return f"{first} is null in part, which is no text; leave such records out, or write another text"
                first = f"{{{{ {part[1]} }}}}"
            return (
                f"{first} is null{inside}, which is no text; leave such records out, or write what stands for it: "
                f"{first[:-3]} or '' }}}}"
            )
        return f"a value of {' or '.join(map(field_reading, sorted(template.names)[:3])) or 'the template'} {error}"
    if isinstance(error, BadValue):
        return f"cannot be rendered: {error}"
    return f"cannot be rendered: {str(error) or type(error).__name__}"


def _advice(absent: list[str], source: str, columns: Iterable[str]) -> str:
    """`; write {{ row['my-q'] }}`, or `; did you mean {{ question }}?`; empty where no field is near."""
    if "null" in absent:
        return "; a template writes null as none: {{ x is none }}, {{ x is not none }}"
    squeezed = re.sub(r"\s+", "", source)
    for column in columns:
        if not column.isidentifier() and re.sub(r"\s+", "", column) in squeezed and f"[{column!r}]" not in source:
            return f"; write {field_reading(column)}"
    folded = {column.casefold(): column for column in columns}
    for name in absent:
        near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.75)
        if near:
            return f"; did you mean {field_reading(folded[near[0]])}?"
    return ""


def _of(own: object, name: str) -> object:
    return own.get(name, "") if isinstance(own, Mapping) else ""


def _has_null(value: object, own: object, name: str) -> bool:
    """Whether the field is null, or a list or mapping with a null in it."""
    if value is None and isinstance(own, Mapping):
        value = own.get(name, "")
    if isinstance(value, dict):
        return any(_has_null(inner, None, "") for inner in list(value.values())[:1_000])
    if isinstance(value, list | tuple):
        return any(_has_null(inner, None, "") for inner in value[:1_000])
    return value is None
