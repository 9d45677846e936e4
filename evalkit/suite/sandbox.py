"""The Jinja environment of all templates: a sandbox that reads data, writes JSON, and ends soon.

    environment().from_string("{{ meta.items }}").render(meta={"items": "inner"})      # 'inner'

Four things differ from Jinja's own sandbox. A key of the data wins over a method of Python's (`meta.items`), and a
method that is not called is no value. Every value becomes text by `rendering.text`, in output, `~`, `join` and the
other text filters. An index that counts from the end is taken only where the template writes it (`turns[-1]`): a label
of -1 in the data names nothing. Loops, repetition and padding are bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from itertools import chain
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context, pass_environment
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS, do_float, do_indent, do_int, do_round, do_wordwrap, make_attrgetter
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from evalkit.suite.metering import charge, made, metered, step
from evalkit.suite.rendering import LONGEST, TooMuch, Unwritable, as_json, bounded, joined, replaced, text, too_long
from evalkit.suite.wording import short

_MOST_PARTS = 10_000
_MOST_DIGITS = 300
"""Of `round`: no float has more."""
_MOST_BITS = 4_096
_REFUSED_ATTRIBUTES = frozenset(
    {"ljust", "rjust", "center", "zfill", "expandtabs", "format", "format_map", "to_bytes", "encode", "translate"}
)
_REFUSED_FILTERS = ("random", "center", "format", "xmlattr", "urlize", "pprint")
_TEXT_FILTERS = (
    *("capitalize", "e", "escape", "forceescape", "lower", "string", "striptags"),
    *("title", "trim", "truncate", "upper", "urlencode", "wordcount", "wordwrap"),
)
_LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"})
"""What a loop says of itself: plain values, which Jinja's sandbox gives too."""
_DATA = (str, bool, int, float, list, dict, type(None))


class BadValue(Exception):
    """A value that does not fit where the template uses it. `str()` is half a sentence."""


class Sandbox(ImmutableSandboxedEnvironment):
    """See the module."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_Rewriter().visit(source), *args, **kwargs)

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        return attr not in _REFUSED_ATTRIBUTES and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: object) -> Callable[..., str] | None:
        """No str.format: its widths are unbounded, and templates have {{ }}."""
        return None

    def getattr(self, obj: object, attribute: str) -> Any:
        """A key of the data. Where nothing of Python's own is meant, there are no attributes."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if type(obj) is LoopContext and attribute in _LOOP:
            return getattr(obj, attribute)
        if _is_data(obj):
            return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> object:
        """A key or place of the data. Raises BadValue for a place before the first."""
        if _is_data(obj):
            if isinstance(argument, int) and argument < 0 and not isinstance(obj, dict):
                raise BadValue(f"{argument} names nothing: a list is counted from 0, and -1 often means no label")
            try:
                return obj[argument]
            except (TypeError, LookupError):
                return self.undefined(obj=obj, name=argument)
        return super().getitem(obj, argument)

    def call(self, context: Context, obj: object, *args: Any, **kwargs: object) -> Any:
        """Methods of texts that could fill the memory, or find what is not there, are ours."""
        step(context)
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str) and not kwargs:
            if name == "join" and len(args) == 1:
                return joined(args[0], owner)
            if name == "replace" and len(args) in {2, 3}:
                return replaced(owner, *args)
            if name in {"index", "find"} and len(args) == 1:
                _check_letter(owner, args[0])
        charge(context, owner, *args)
        return made(context, super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> object:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "**" and not (numbers and abs(left) < 1e6 and abs(right) <= 32):
            raise SecurityError("this power is too large for a template")
        if operator == "%" and not numbers:
            raise SecurityError("text formatting with % is not available; use {{ ... }} or round()")
        if operator == "*":
            _check_product(left, right, numbers)
        return made(context, bounded(super().call_binop(context, operator, left, right)))


class Variables(Context):
    """Jinja's context of one rendering, made in a tenth of the time: these templates have no blocks and no exports."""

    def __init__(self, values: Mapping[str, object]) -> None:
        ours = environment()
        self.parent = {**ours.globals, **values}
        self.vars = {}
        self.environment = ours
        self.eval_ctx = EvalContext(ours)  # its own: {% autoescape %} changes it
        self.exported_vars = set()
        self.name = None
        self.globals_keys = set()  # Jinja reads it for imports only
        self.blocks = {}


class _Rewriter(NodeTransformer):
    """Puts our own steps where Jinja calls Python directly."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """`a ~ b`: each part as text."""
        self.generic_visit(node)
        node.nodes = [_filtered(child, "_text") for child in node.nodes]
        return _filtered(node, "_bounded")

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        """`x[-1]`, written so: the template's own wish to count from the end."""
        self.generic_visit(node)
        place = node.arg
        written = place.node.value if isinstance(place, nodes.Neg) and isinstance(place.node, nodes.Const) else None
        if isinstance(place, nodes.Const) and isinstance(place.value, int) and place.value < 0:
            written = -place.value  # Jinja may have worked it out already
        if isinstance(written, int):
            return _filtered(node.node, "_from_end", nodes.Const(written))
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        """`m.items()`: a method, also of a mapping that has a key of this name."""
        if isinstance(node.node, nodes.Getattr):
            node.node = _filtered(node.node.node, "_method", nodes.Const(node.node.attr))
        self.generic_visit(node)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        """`a in b`, `a == b`: two lists of lists may take for ever."""
        self.generic_visit(node)
        node.expr = _filtered(node.expr, "_weighed")
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, "_weighed")
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:
        """Each round is counted, those that an `if` passes over too."""
        self.generic_visit(node)
        if node.test is not None:
            node.test = _filtered(node.test, "_step")
        step = nodes.ExprStmt(_filtered(nodes.Const(True), "_step"), lineno=node.lineno)
        node.body.insert(0, step)
        return node


def _filtered(node: nodes.Node, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


@pass_environment
def _method(environment: Sandbox, owner: object, name: str) -> object:
    return ImmutableSandboxedEnvironment.getattr(environment, owner, name)


@pass_environment
def _from_end(environment: Sandbox, owner: Any, place: int) -> object:
    try:
        return owner[-place]
    except (TypeError, LookupError):
        return environment.undefined(obj=owner, name=str(-place))


@pass_context
def _step(context: object, value: object) -> object:
    """The value as it is; every round of every loop comes by. Raises TooMuch."""
    step(context)
    return value


@pass_context
def _weighed(context: object, value: object) -> object:
    """The value as it is; each side of a comparison comes by. Raises TooMuch."""
    if value.__class__ is not str or len(value) > 1_000:
        charge(context, value)
    return value


def _check_product(left: Any, right: Any, numbers: bool) -> None:
    if numbers:
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > _MOST_BITS:
            raise SecurityError("this number is too large for a template")
        return
    whole, times = (left, right) if isinstance(right, int) else (right, left)
    if not isinstance(times, int) or len(whole) * times > 100_000:
        raise SecurityError("this repetition is too large for a template")


def _check_letter(owner: str, part: object) -> None:
    """`'ABCD'.index(answer)`: an answer is one of the letters, and no part of the row of them."""
    if owner in ascii_uppercase or owner in ascii_lowercase:
        if not isinstance(part, str) or len(part) != 1 or part not in owner:
            raise BadValue(f"{short(part)} is none of the letters {owner}")
    elif part == "":
        raise BadValue("an empty text is found everywhere, so its place says nothing")


def _is_data(obj: object) -> bool:
    return isinstance(obj, _DATA) or type(obj) is tuple


def _of_text(original: Callable[..., object]) -> Callable[..., object]:
    """A filter whose first argument becomes text as everywhere, and whose result is bounded."""
    takes_more = hasattr(original, "jinja_pass_arg")

    @wraps(original)
    def apply(*args: object, **kwargs: object) -> object:
        if takes_more:
            return bounded(original(args[0], text(args[1]), *args[2:], **kwargs))
        return bounded(original(text(args[0]), *args[1:], **kwargs))

    return apply


_ABSENT: Any = object()


def _int(value: object, default: object = _ABSENT, base: int = 10) -> object:
    found: object = do_int(value, _ABSENT, base)
    return _or(found, default, value, "whole number", "int(0)")


def _float(value: object, default: object = _ABSENT) -> object:
    return _or(do_float(value, _ABSENT), default, value, "number", "float(0)")


def _or(found: object, default: object, value: object, wanted: str, way: str) -> object:
    if found is not _ABSENT:
        return found
    if default is not _ABSENT:
        return default
    if value is None:
        raise Unwritable("is null")
    raise BadValue(f"{short(value)} is no {wanted}; for another value in its place write | {way}")


@pass_environment
def _join(environment: Sandbox, value: Iterable[Any], d: object = "", attribute: str | int | None = None) -> str:
    if value is None:
        raise Unwritable("is null")
    pieces = value if attribute is None else map(make_attrgetter(environment, attribute), value)
    return joined(pieces, d)


@pass_environment
def _sum(
    environment: Sandbox, iterable: Iterable[Any], attribute: str | int | None = None, start: object = 0
) -> object:
    numbers = iterable if attribute is None else map(make_attrgetter(environment, attribute), iterable)
    total: int | float = 0
    for number in chain((start,), numbers):
        if not isinstance(number, int | float):
            raise BadValue(f"{short(number)} is no number, and sum adds numbers")
        total += number
    return total


def _indent(value: object, width: int = 4, first: bool = False, blank: bool = False) -> str:
    if not 0 <= width <= 100:
        raise SecurityError("an indent is 0 to 100 characters wide")
    here = text(value)
    if (here.count("\n") + 1) * width > 10_000_000:
        raise TooMuch("makes a text that is too long")
    return str(bounded(do_indent(here, width, first, blank)))


def _in_parts(original: Callable[..., object]) -> Callable[..., object]:
    @wraps(original)
    def apply(value: object, n: int, fill_with: object = None) -> object:
        if not 1 <= n <= _MOST_PARTS:
            raise SecurityError(f"this takes 1 to {_MOST_PARTS:,} parts")
        return original(value, n, fill_with)

    return apply


def _round(value: object, precision: int = 0, method: str = "common") -> object:
    if not isinstance(precision, int) or abs(precision) > _MOST_DIGITS:
        raise SecurityError(f"round takes at most {_MOST_DIGITS} digits")
    return do_round(value, precision, method)  # type: ignore[arg-type]  # Jinja refuses other methods itself


@pass_environment
def wordwrap(environment: Sandbox, s: str, width: int = 79, break_long_words: bool = True,
              wrapstring: str | None = None, break_on_hyphens: bool = True) -> str:  # fmt: skip
    """Jinja's filter, where what stands between the lines cannot fill the memory."""
    if wrapstring is not None and len(s) * len(wrapstring) > LONGEST:
        raise too_long()
    return do_wordwrap(environment, s, width, break_long_words, wrapstring, break_on_hyphens)


def meter(environment: Sandbox) -> None:
    """Have every filter and test of this environment paid for; to be called once, when all are there."""
    free = {"_step": _step, "_weighed": _weighed, "_method": _method, "_from_end": _from_end}
    environment.filters["round"] = _round
    known: dict[str, Any]
    for known in (environment.filters, environment.tests):
        for name in known.keys() - free.keys():
            one: Any = known[name]
            known[name] = metered(one)
    environment.filters |= free


@cache
def environment() -> Sandbox:
    """The one environment of the process. Templates share no state through it."""
    ours = Sandbox(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False, finalize=text)
    for name in ("lipsum", "cycler", "joiner", "namespace"):
        del ours.globals[name]
    for name in _REFUSED_FILTERS:
        del ours.filters[name]
    for name in _TEXT_FILTERS:
        ours.filters[name] = _of_text(wordwrap if name == "wordwrap" else FILTERS[name])
    for name in ("batch", "slice"):
        ours.filters[name] = _in_parts(FILTERS[name])
    ours.filters |= {
        "tojson": as_json,
        "indent": _indent,
        "join": _join,
        "replace": replaced,
        "sum": _sum,
        "int": _int,
        "float": _float,
        "_text": text,
        "_bounded": bounded,
    }
    meter(ours)
    return ours
