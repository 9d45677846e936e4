"""One sandboxed Jinja template: text in, text out, nothing else reachable.

    compiled = compile_template("Hello {{ name }}!", "prompt")
    compiled.render({"name": "Ada"})     # 'Hello Ada!'

Suites come from pull requests, so a template has no loader, no macros, no attributes that reach into Python, no
randomness (the same record must give the same prompt) and bounded loops and repetition. It is for text; what needs a
program belongs into the data. `trim_blocks` and `lstrip_blocks` are on: a line that holds only a `{% ... %}` leaves
no blank line behind. `tojson` writes plain JSON, without HTML escapes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, Undefined, meta, nodes
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError
from jinja2.filters import do_indent
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evalkit.suite.wording import listed

LONGEST = 2_000_000
"""Characters of one rendered text: beyond any model's window, so it can only be a mistake."""
_DEEPEST_LOOP = 2
_REFUSED = (nodes.Macro, nodes.CallBlock, nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends, nodes.Block)
_PADDING = frozenset({"ljust", "rjust", "center", "zfill", "expandtabs", "format", "format_map"})


class BadTemplate(Exception):
    """A template that cannot be compiled, or not rendered for this record. `str()` is half a sentence."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox, also bounded in what repetition and padding can make of a few characters."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in _PADDING and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """No str.format: its widths are unbounded, and templates have {{ }}."""
        return None

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "**" and not (numbers and abs(left) < 1e6 and abs(right) <= 32):
            raise SecurityError("this power is too large for a template")
        if operator == "%" and not numbers:
            raise SecurityError("text formatting with % is not available; use {{ ... }} or round()")
        if operator == "*" and not numbers:
            text, times = (left, right) if isinstance(right, int) else (right, left)
            if not isinstance(times, int) or len(text) * times > 100_000:
                raise SecurityError("this repetition is too large for a template")
        return super().call_binop(context, operator, left, right)


@cache
def environment() -> _Sandbox:
    """The one environment of the process. Templates share no state through it."""
    made = _Sandbox(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    for name in ("lipsum", "cycler", "joiner", "namespace"):
        del made.globals[name]
    for name in ("random", "center", "format", "xmlattr", "urlize", "pprint"):
        del made.filters[name]
    made.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    made.filters["indent"] = _indent
    return made


def _indent(text: str, width: int = 4, first: bool = False, blank: bool = False) -> str:
    if not 0 <= width <= 100:
        raise SecurityError("an indent is 0 to 100 characters wide")
    return do_indent(text, width, first, blank)


class Template:
    """A compiled template. `names` are the variables that it reads; `where` is its key in the task."""

    __slots__ = ("_constant", "_template", "names", "source", "where")

    def __init__(self, source: str, where: str) -> None:
        self.source = source
        self.where = where
        tree = _parsed(source)
        self.names = _names(tree)
        self._constant = _constant(tree)
        self._template = None if self._constant is not None else environment().from_string(tree)

    def render(self, values: Mapping[str, Any]) -> str:
        """The text for these variables. Raises BadTemplate: an absent variable, or what the expression runs into."""
        if self._template is None:
            return self._constant or ""
        template = self._template
        try:
            pieces = list(template.root_render_func(template.new_context(values)))  # type: ignore[arg-type]
        except Exception as error:  # a template of the user's can raise anything; all of it becomes his complaint
            raise BadTemplate(why(error, self.names, values)) from error
        text = "".join(pieces)
        if len(text) > LONGEST:
            raise BadTemplate(f"renders {len(text):,} characters; the limit is {LONGEST:,}")
        return text


class Expression:
    """A template that is one expression, `{{ choices }}`, and gives the value itself instead of its text."""

    __slots__ = ("_evaluate", "names", "source", "where")

    def __init__(self, source: str, where: str) -> None:
        self.source = source
        self.where = where
        inner = source.strip()
        if not (inner.startswith("{{") and inner.endswith("}}")) or "{{" in inner[2:] or "{%" in inner:
            raise BadTemplate('expected a list, or one template that names a list, like "{{ choices }}"')
        self.names = _names(_parsed(source))
        try:
            compiled = environment().compile_expression(inner[2:-2].strip("-+ \n"), undefined_to_none=False)
        except (TemplateError, SyntaxError, RecursionError) as error:
            raise BadTemplate(f"is not a valid template: {error}") from error
        self._evaluate: Callable[..., Any] = compiled

    def value(self, values: Mapping[str, Any]) -> Any:
        """What the expression gives. Raises BadTemplate."""
        try:
            result = self._evaluate(**values)
        except Exception as error:  # as in Template.render
            raise BadTemplate(why(error, self.names, values)) from error
        if isinstance(result, Undefined):
            raise BadTemplate(why(None, self.names, values))
        return result


def why(error: Exception | None, names: Iterable[str], values: Mapping[str, Any]) -> str:
    """Half a sentence: the absent field by name with the fields that exist, or what else went wrong."""
    absent = sorted(set(names) - values.keys() - environment().globals.keys())
    if absent and (error is None or isinstance(error, TemplateError)):
        named = " and ".join(f"{{{{ {name} }}}}" for name in absent)
        verb = "is no field" if len(absent) == 1 else "are no fields"
        return f"{named} {verb} of the record; known are {listed(values)}"
    return f"cannot be rendered: {str(error) or type(error).__name__}"


def _parsed(source: str) -> nodes.Template:
    try:
        tree = environment().parse(source)
    except TemplateSyntaxError as error:
        raise BadTemplate(f"is not a valid template: {error.message} (line {error.lineno} of the template)") from error
    except RecursionError as error:
        raise BadTemplate("is nested too deeply for a template") from error
    for node in tree.find_all(_REFUSED):
        kind = type(node).__name__.lower()
        raise BadTemplate(f"uses {{% {kind} %}} in its line {node.lineno}; templates have output, if, for and set only")
    _check_loops(tree, 0)
    return tree


def _names(tree: nodes.Template) -> frozenset[str]:
    try:
        return frozenset(meta.find_undeclared_variables(tree))
    except TemplateSyntaxError as error:  # unknown filters and tests show only when code is made
        raise BadTemplate(f"is not a valid template: {error.message}") from error


def _check_loops(node: nodes.Node, depth: int) -> None:
    if isinstance(node, nodes.For):
        depth += 1
        if node.recursive or depth > _DEEPEST_LOOP:
            raise BadTemplate(
                f"has loops nested deeper than {_DEEPEST_LOOP}, or a recursive one, in line {node.lineno}"
            )
    for child in node.iter_child_nodes():
        _check_loops(child, depth)


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
