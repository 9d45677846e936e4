"""Templates as Jinja reads them: which variables and fields they name, what they may not hold, and their code."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice

import jinja2
from jinja2 import meta, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError

from evalkit.suite.plain_templates import EVERY_FIELD, ROW, BadTemplate, Parts, Read, field_reading
from evalkit.suite.sandbox import environment

_DEEPEST_LOOP = 2
_DEEPEST = 80
"""Levels of a template's tree: each link of a chain (`a + b + c`, `a.b.c`, `a|b|c`) is one. Whatever reads the tree or
its code calls itself for each."""
_MOST_TOKENS, _SHORT = 10_000, 5_000
"""Words and signs of a template outside its plain text: each takes some 5 kB while it is read. A template of fewer
characters than the second is not counted."""
_REFUSED = (nodes.Macro, nodes.CallBlock, nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends, nodes.Block)
_SEVERAL_WORDS = re.compile(r"\{\{-?\s*(\w[\w.?#%&/:-]*(?:\s+[\w.?#%&/:-]+)*)\s*(?:\||-?\}\})")
"""What stands for a field and is no expression: `{{ Question Text }}`, `{{ 1st }}`, `{{ Correct? }}`."""


_TOO_DEEP = f"is nested too deeply for a template, or has a chain of more than {_DEEPEST} links"


def parsed(source: str) -> nodes.Template:
    try:
        refuse_many_tokens(source)
        tree = environment().parse(source)
    except TemplateSyntaxError as error:
        found = _SEVERAL_WORDS.search(source)
        name = "" if found is None else re.sub(r"^(?:row|record)\.", "", " ".join(found[1].split()))
        way = f"; a field of this name is written {field_reading(name)}" if name else ""
        raise BadTemplate(
            f"is not a valid template: {error.message} (line {error.lineno} of the template){way}"
        ) from error
    except RecursionError as error:
        raise BadTemplate(_TOO_DEEP) from error
    _refuse_depth(tree)
    for node in tree.find_all(_REFUSED):
        kind = type(node).__name__.lower()
        raise BadTemplate(f"uses {{% {kind} %}} in its line {node.lineno}; templates have output, if, for and set only")
    _check_loops(tree, 0)
    return tree


@lru_cache(maxsize=64)
def read_template(source: str) -> tuple[frozenset[str], frozenset[str], Parts | None]:
    """The variables and the fields that a template reads, and its parts where it is plain for Jinja: many tasks are
    asked by the same one. Raises BadTemplate."""
    tree = parsed(source)
    names = names_read(tree)
    return names, fields_read(tree, names), _parts(tree)


@lru_cache(maxsize=64)
def coded(source: str) -> jinja2.Template:
    """A template that has been read, as code. Raises BadTemplate."""
    try:
        return environment().from_string(parsed(source))
    except (SyntaxError, RecursionError, MemoryError) as error:  # of Python's own parser
        raise BadTemplate(_TOO_DEEP) from error


def coded_expression(inner: str) -> Callable[..., object]:
    """What gives the value of an expression. Raises BadTemplate."""
    try:
        parsed(f"{{{{ {inner} }}}}")
        return environment().compile_expression(inner, undefined_to_none=False)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise BadTemplate(_TOO_DEEP) from error
    except TemplateError as error:
        raise BadTemplate(f"is not a valid template: {error}") from error


def refuse_many_tokens(source: str) -> None:
    """Of a template, before it is read. Raises BadTemplate, TemplateSyntaxError."""
    if len(source) <= _SHORT:
        return
    tokens = (1 for _, kind, _ in environment().lex(source) if kind not in {"data", "whitespace"})
    if sum(islice(tokens, _MOST_TOKENS + 1)) > _MOST_TOKENS:
        raise BadTemplate(f"has more than {_MOST_TOKENS:,} words and signs outside its plain text")


def _refuse_depth(tree: nodes.Node) -> None:
    """Raises BadTemplate; calls itself for nothing."""
    level: list[nodes.Node] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise BadTemplate(_TOO_DEEP)


def names_read(tree: nodes.Template) -> frozenset[str]:
    try:
        return frozenset(meta.find_undeclared_variables(tree))
    except TemplateSyntaxError as error:  # unknown filters and tests show only when code is made
        raise BadTemplate(f"is not a valid template: {error.message}") from error


def items_read(source: str, name: str) -> frozenset[str]:
    """The keys that a template reads of the variable of this name, like `{{ settings.temperature }}`; EVERY_FIELD where
    it reads the variable as a whole. Raises BadTemplate."""
    tree = parsed(source)
    return fields_read(tree, names_read(tree), frozenset({name}))


def fields_read(tree: nodes.Template, names: frozenset[str], rows: frozenset[str] = ROW) -> frozenset[str]:
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


def _parts(tree: nodes.Template) -> Parts | None:
    """Texts and variables in their order, where a template has nothing else; None for any other."""
    parts: list[str | Read] = []
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


def _read_by(node: nodes.Node) -> Read | None:
    if any(name.name == "self" for name in node.find_all(nodes.Name)):
        return None  # Jinja's own word
    if isinstance(node, nodes.Name):
        return None if node.name == "self" else Read(node.name)
    if not isinstance(node, nodes.Getitem) or not isinstance(node.node, nodes.Name):
        return None
    if isinstance(node.arg, nodes.Name):
        return Read(node.node.name, by=node.arg.name)
    place = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return Read(node.node.name, place) if isinstance(place, str) or (type(place) is int and place >= 0) else None
