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
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import Undefined, meta, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError

from evalkit.frozen import dataclass
from evalkit.suite.metering import Spent, check_time
from evalkit.suite.rendering import LONGEST, TooMuch, Unwritable, text
from evalkit.suite.sandbox import BadValue, Variables, environment
from evalkit.suite.wording import listed

ROW = frozenset({"row", "record"})
"""What templates call the whole record."""
EVERY_FIELD = "*"
"""Stands among the fields of a template that reads the record as a whole."""
_DEEPEST_LOOP = 2
_REFUSED = (nodes.Macro, nodes.CallBlock, nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends, nodes.Block)
_SEVERAL_WORDS = re.compile(r"\{\{-?\s*(\w[\w.?#%&/:-]*(?:\s+[\w.?#%&/:-]+)*)\s*(?:\||-?\}\})")
"""What stands for a field and is no expression: `{{ Question Text }}`, `{{ 1st }}`, `{{ Correct? }}`."""


class BadTemplate(Exception):
    """A template that cannot be compiled, or not rendered for this record. `str()` is half a sentence."""

    def __init__(self, reason: str, *, null: bool = False) -> None:
        self.null = null
        """The record says null where the template writes a value."""
        super().__init__(reason)


class EndlessTemplate(BadTemplate):
    """One that takes too long or too much memory: no other record is tried."""


class Template:
    """A compiled template. `names` are the variables that it reads; `where` is its key in the task."""

    __slots__ = ("_constant", "_parts", "_spent", "_template", "fields", "names", "source", "where")

    def __init__(self, source: str, where: str) -> None:
        self.source = source
        self.where = where
        self._spent = Spent()
        self.names, self.fields, self._constant, self._parts, self._template = _compiled(source)

    @property
    def reads(self) -> frozenset[str]:
        """The names of fields that decide what is rendered; EVERY_FIELD where the record is read as a whole."""
        return self.names | self.fields

    def render(self, values: Mapping[str, object]) -> str:
        """The text for these variables. Raises BadTemplate: an absent variable, or what the expression runs into."""
        if self._template is None:
            return self._constant or ""
        if self._parts is not None and self.names <= values.keys():
            return self._filled_in(self._parts, values)
        template = self._template
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

    def _filled_in(self, parts: Iterable[str | _Read], values: Mapping[str, object]) -> str:
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

    __slots__ = ("_evaluate", "_name", "_spent", "fields", "names", "source", "where")

    def __init__(self, source: str, where: str) -> None:
        self.source = source
        self.where = where
        self._spent = Spent()
        inner = source.strip()
        if not (inner.startswith("{{") and inner.endswith("}}")) or "{{" in inner[2:] or "{%" in inner:
            raise BadTemplate('expected a list, or one template that names a list, like "{{ choices }}"')
        tree = _parsed(source)
        self.names = _names(tree)
        self.fields = _fields(tree, self.names)
        inner = inner[2:-2].strip("-+ \n")
        try:
            compiled = environment().compile_expression(inner, undefined_to_none=False)
        except (TemplateError, SyntaxError, RecursionError) as error:
            raise BadTemplate(f"is not a valid template: {error}") from error
        self._evaluate: Callable[..., object] = compiled
        self._name = inner if self.names == {inner} and inner != "self" else None
        """The one variable that the expression is, which needs no template."""

    @property
    def reads(self) -> frozenset[str]:
        """As of a Template."""
        return self.names | self.fields

    def value(self, values: Mapping[str, object]) -> Any:
        """What the expression gives. Raises BadTemplate."""
        if self._name is not None and self._name in values:
            return values[self._name]
        try:
            with self._spent.counted():
                result = self._evaluate(dict(values))
        except TooMuch as error:
            raise EndlessTemplate(str(error)) from error
        except Exception as error:  # as in Template.render
            raise BadTemplate(why(error, self, values), null=_is_null(error)) from error
        if isinstance(result, Undefined):
            raise BadTemplate(why(None, self, values))
        return result


def _is_null(error: Exception) -> bool:
    return isinstance(error, Unwritable) and str(error) == "is null"


def why(error: Exception | None, template: Template | Expression, values: Mapping[str, object]) -> str:
    """Half a sentence: the absent or null field by name with the way out, or what else went wrong."""
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
            first = field_reading(nulls[0])
            inside = "" if values.get(nulls[0], _of(own, nulls[0])) is None else " in part"
            return (
                f"{first} is null{inside}, which is no text; leave such records out, or write what stands for it: "
                f"{first[:-3]} or '' }}}}"
            )
        return f"a value of {' or '.join(map(field_reading, sorted(template.names)[:3])) or 'the template'} {error}"
    if isinstance(error, BadValue):
        return f"cannot be rendered: {error}"
    return f"cannot be rendered: {str(error) or type(error).__name__}"


def field_reading(name: str) -> str:
    """How a template reads this field: `{{ q }}`, or `{{ row['Question Text'] }}`."""
    return f"{{{{ {name} }}}}" if name.isidentifier() else f"{{{{ row[{name!r}] }}}}"


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


def _parsed(source: str) -> nodes.Template:
    try:
        tree = environment().parse(source)
    except TemplateSyntaxError as error:
        found = _SEVERAL_WORDS.search(source)
        name = "" if found is None else re.sub(r"^(?:row|record)\.", "", " ".join(found[1].split()))
        way = f"; a field of this name is written {field_reading(name)}" if name else ""
        raise BadTemplate(
            f"is not a valid template: {error.message} (line {error.lineno} of the template){way}"
        ) from error
    except RecursionError as error:
        raise BadTemplate("is nested too deeply for a template") from error
    for node in tree.find_all(_REFUSED):
        kind = type(node).__name__.lower()
        raise BadTemplate(f"uses {{% {kind} %}} in its line {node.lineno}; templates have output, if, for and set only")
    _check_loops(tree, 0)
    return tree


@lru_cache(maxsize=64)
def _compiled(
    source: str,
) -> tuple[frozenset[str], frozenset[str], str | None, tuple[str | _Read, ...] | None, jinja2.Template | None]:
    """`names`, `fields`, `_constant`, `_parts` and `_template` of a Template: many tasks are asked by the same one."""
    tree = _parsed(source)
    names = _names(tree)
    read = names, _fields(tree, names), _constant(tree), _parts(tree)  # code changes the tree as it is made
    return *read, None if read[2] is not None else environment().from_string(tree)


def _names(tree: nodes.Template) -> frozenset[str]:
    try:
        return frozenset(meta.find_undeclared_variables(tree))
    except TemplateSyntaxError as error:  # unknown filters and tests show only when code is made
        raise BadTemplate(f"is not a valid template: {error.message}") from error


def items_read(source: str, name: str) -> frozenset[str]:
    """The keys that a template reads of the variable of this name, like `{{ settings.temperature }}`; EVERY_FIELD where
    it reads the variable as a whole. Raises BadTemplate."""
    tree = _parsed(source)
    return _fields(tree, _names(tree), frozenset({name}))


def _fields(tree: nodes.Template, names: frozenset[str], rows: frozenset[str] = ROW) -> frozenset[str]:
    """The fields that are read as `row['...']`; EVERY_FIELD where `row` stands for the whole record."""
    if not names & rows:
        return frozenset()
    found = set()
    n_named = 0
    for item in tree.find_all(nodes.Getitem):
        if _is_row(item.node, rows) and isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
            found.add(item.arg.value)
            n_named += 1
    for attribute in tree.find_all(nodes.Getattr):
        if _is_row(attribute.node, rows):
            found.add(attribute.attr)
            n_named += 1
    n_read = sum(name.name in rows and name.ctx == "load" for name in tree.find_all(nodes.Name))
    methods = any(
        isinstance(call.node, nodes.Getattr) and _is_row(call.node.node, rows) for call in tree.find_all(nodes.Call)
    )
    return frozenset(found | ({EVERY_FIELD} if n_read > n_named or methods else set()))


def _is_row(node: nodes.Node, rows: frozenset[str]) -> bool:
    return isinstance(node, nodes.Name) and node.name in rows


def _check_loops(node: nodes.Node, depth: int) -> None:
    if isinstance(node, nodes.For):
        depth += 1
        if node.recursive or depth > _DEEPEST_LOOP:
            raise BadTemplate(
                f"has loops nested deeper than {_DEEPEST_LOOP}, or a recursive one, in line {node.lineno}"
            )
    for child in node.iter_child_nodes():
        _check_loops(child, depth)


@dataclass(frozen=True, slots=True)
class _Read:
    """A variable, `{{ name }}`, or one item of it, `{{ name[place] }}`, read as the sandbox reads it."""

    name: str
    place: object = None
    """A key or a number; None: the variable itself."""
    by: str | None = None
    """The variable that holds the place."""

    def of(self, values: Mapping[str, object]) -> Any:
        """The value, or Jinja's word for an absent one. Raises KeyError for an absent variable."""
        whole = values[self.name]
        place = self.place if self.by is None else values[self.by]
        if place is None and self.by is None:
            return whole
        if type(whole) is list and type(place) is int and 0 <= place < len(whole):
            return whole[place]  # as the sandbox has it
        return environment().getitem(whole, place)


def _parts(tree: nodes.Template) -> tuple[str | _Read, ...] | None:
    """Texts and variables in their order, where a template has nothing else; None for any other."""
    parts: list[str | _Read] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                parts.append(node.data)
            elif (read := _read_by(node)) is not None:
                parts.append(read)
            else:
                return None
    return tuple(parts)


def _read_by(node: nodes.Node) -> _Read | None:
    if any(name.name == "self" for name in node.find_all(nodes.Name)):
        return None  # Jinja's own word
    if isinstance(node, nodes.Name):
        return None if node.name == "self" else _Read(node.name)
    if not isinstance(node, nodes.Getitem) or not isinstance(node.node, nodes.Name):
        return None
    if isinstance(node.arg, nodes.Name):
        return _Read(node.node.name, by=node.arg.name)
    place = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return _Read(node.node.name, place) if isinstance(place, str) or (type(place) is int and place >= 0) else None


def _constant(tree: nodes.Template) -> str | None:
    """The text of a template without variables; None for any other."""
    parts: list[str] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            if not isinstance(node, nodes.TemplateData):
                return None
            parts.append(node.data)
    return "".join(parts)
