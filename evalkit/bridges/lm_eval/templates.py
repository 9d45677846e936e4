"""lm-eval's templates in a sandbox with an end: task files of a pull request render with it.

    sandbox_templates()                                    # for this process, from now on
    may_hang("(a|a)*b")                                    # "repeats alternatives"

What a template prints is what lm-eval's own environment prints, and of an item it sees plain data alone: no picture
whose methods write files (`plain_values`). Loops, repetition, padding, powers and the length of a
text are bounded, as in the templates of a suite. Python's `re` backtracks, so a pattern that can take time beyond any
bound is refused by its form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from jinja2 import BaseLoader, StrictUndefined, Template, pass_eval_context
from jinja2.exceptions import SecurityError
from jinja2.filters import do_tojson
from jinja2.nodes import EvalContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evalkit.bridges.lm_eval.plain_values import plain_fields
from evalkit.suite import sandbox
from evalkit.suite.metering import Spent, charge, made, step
from evalkit.suite.plain_templates import BadTemplate
from evalkit.suite.rendering import bounded, measure, too_long
from evalkit.suite.template_trees import refuse_many_tokens

if TYPE_CHECKING:
    from jinja2.runtime import Context


LONGEST = 10_000_000
"""Characters of one text."""
LONGEST_PATTERN = 1_000
MOST_CHOICES = 12
"""Places of one pattern where the number of repeats is open: each may double the time."""
_WIDTH = re.compile(r"[-#0 +.0-9]*(?:\d{4}|\*)")
_spent: dict[str, Spent] = {}
"""By the source of a template: what its texts took so far."""
_REFUSED = ("random", "center", "xmlattr", "pprint", "batch", "slice", "urlize")
_WIDEST_INDENT = 100
_WITH_METHODS = (str, list, tuple, dict)


class Bounded(sandbox.Sandbox):
    """Jinja's own meaning of values and attributes, with the bounds of evalkit's sandbox."""

    def from_string(self, source: Any, *args: Any, **kwargs: Any) -> Any:
        """The template; lm-eval compiles it anew for each record, and its texts are counted together."""
        try:
            refuse_many_tokens(str(source))
        except BadTemplate as error:
            raise SecurityError(f"a template {error}") from error
        made_of = super().from_string(source, *args, **kwargs)
        made_of.spent = _spent.setdefault(str(source), Spent())  # type: ignore[attr-defined]
        return made_of

    def getattr(self, obj: object, attribute: str) -> Any:
        """As in Jinja's own sandbox."""
        return ImmutableSandboxedEnvironment.getattr(self, obj, attribute)

    def getitem(self, obj: object, argument: object) -> Any:
        """As in Jinja's own sandbox."""
        return ImmutableSandboxedEnvironment.getitem(self, obj, argument)

    def call(self, context: Context, obj: object, *args: Any, **kwargs: object) -> Any:
        """A method of a text is called where its result cannot fill the memory; macros are counted."""
        step(context)
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if not (owner is None or isinstance(owner, _WITH_METHODS) or type(owner).__module__.startswith("jinja2.")):
            raise SecurityError(
                f"a template calls methods of texts, lists and mappings alone, not {name!r} of {type(owner).__name__}"
            )
        if isinstance(owner, str) and name == "join" and len(args) == 1:
            return _joined(args[0], owner)
        if isinstance(owner, str) and name == "replace" and len(args) >= 2:
            return _replaced(owner, *args)
        charge(context, owner, *args)
        return made(context, bounded(ImmutableSandboxedEnvironment.call(self, context, obj, *args, **kwargs)))


class _Template(Template):
    spent: Spent

    def render(self, *args: object, **kwargs: object) -> str:
        """The text. Raises TooMuch for one that is too long or takes too long."""
        pieces: list[str] = []
        n = 0
        with self.spent.counted():
            for piece in self.generate(plain_fields(dict(*args, **kwargs), self.environment.undefined)):
                n += len(piece)
                if n > LONGEST:
                    raise too_long()
                pieces.append(piece)
        return "".join(pieces)


def sandbox_templates() -> None:
    """Have lm-eval render its templates in the sandbox, in this process from now on."""
    import lm_eval.utils

    trusted = lm_eval.utils.env
    if not isinstance(trusted, Bounded):
        lm_eval.utils.env = _environment(trusted.keep_trailing_newline, dict(trusted.filters))


def _environment(keep_trailing_newline: bool, known: dict[str, Callable[..., Any]]) -> Bounded:
    ours = Bounded(
        loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=keep_trailing_newline, finalize=_printed
    )
    ours.template_class = _Template
    for name in ("lipsum", "cycler", "joiner", "namespace"):
        ours.globals.pop(name, None)
    ours.filters |= known
    for name in _REFUSED:
        ours.filters.pop(name, None)
    plain = sandbox.environment().filters
    ours.filters |= {"_bounded": plain["_bounded"], "indent": plain["indent"], "sum": plain["sum"]}
    ours.filters |= {"_text": _printed, "regex_replace": _regex_replace, "format": _format, "join": _join}
    ours.filters |= {"replace": _replaced, "tojson": _tojson, "wordwrap": sandbox.wordwrap}
    sandbox.meter(ours)
    return ours


def may_hang(pattern: object) -> str | None:
    """Why a search with this pattern may take time beyond any bound, as half a sentence; None where it may not.

    What is left is a power of the text's length at most, of a low degree.
    """
    from re import _parser  # type: ignore[attr-defined]  # the reader behind re.compile

    if not isinstance(pattern, str):
        return "is no text"
    if len(pattern) > LONGEST_PATTERN:
        return f"has more than {LONGEST_PATTERN:,} characters"
    try:
        parsed = _parser.parse(pattern)
        return _grows(parsed) or ("leaves too many repeats open" if _n_open(parsed) > MOST_CHOICES else None)
    except (re.error, RecursionError, OverflowError) as error:
        return f"is no regular expression that can be read ({error})"


def _grows(parsed: Iterable[tuple[object, Any]], repeated: bool = False) -> str | None:
    for operation, argument in parsed:
        name = str(operation)
        if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            least, most, inner = argument
            if repeated and least != most:
                return "has a repeat inside a repeat"
            if found := _grows(inner, repeated or most > 1):
                return found
        elif name == "BRANCH" and repeated:
            return "repeats alternatives"
        else:
            for inner in _inside(argument):
                if found := _grows(inner, repeated):
                    return found
    return None


def _n_open(parsed: Iterable[tuple[object, Any]]) -> int:
    n = 0
    for operation, argument in parsed:
        if str(operation).endswith("_REPEAT"):
            n += argument[0] != argument[1]
        if str(operation) == "BRANCH":
            n += max((_n_open(inner) for inner in argument[1]), default=0)
        else:
            n += sum(_n_open(inner) for inner in _inside(argument))
    return n


def _inside(argument: object) -> Iterator[Any]:
    """The patterns inside an argument of the parser's."""
    from re import _parser  # type: ignore[attr-defined]

    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for inner in argument:
            yield from _inside(inner)


def _printed(value: object) -> Any:
    """The value as it is. Raises TooMuch for a list whose text is too long."""
    if isinstance(value, list | tuple | dict):
        measure(value)
    return value


@pass_eval_context
def _tojson(context: EvalContext, value: object, indent: int | None = None) -> Any:
    if indent is not None and not (isinstance(indent, int) and 0 <= indent <= _WIDEST_INDENT):
        raise SecurityError(f"an indent is 0 to {_WIDEST_INDENT} characters wide")
    measure(value, 0 if indent is None else indent)
    return do_tojson(context, value, indent)


def _regex_replace(string: str, pattern: str, repl: str, count: int = 0) -> str:
    if why := may_hang(pattern):
        raise SecurityError(f"the pattern {str(pattern)[:80]!r} {why}")
    if len(str(string)) * max(1, len(str(repl))) > LONGEST * 10:
        raise too_long()
    return str(bounded(re.sub(pattern, repl, string, count=count)))


def _format(value: Any, *args: object, **kwargs: object) -> Any:
    from jinja2.filters import do_format

    if any(_WIDTH.match(form) for form in _forms(str(value))):
        raise SecurityError("this width is too large for a template")
    return bounded(do_format(value, *args, **kwargs))


def _forms(text: str) -> Iterator[str]:
    """What stands after each % and the name in brackets that may follow it."""
    at = text.find("%")
    while at >= 0:
        at += 1
        if text[at : at + 1] == "(":
            depth = 0
            for at in range(at, len(text)):  # noqa: B020  # up to the bracket that ends the name
                depth += (text[at] == "(") - (text[at] == ")")
                if depth == 0:
                    break
            at += 1
        yield text[at : at + 1_000]
        at = text.find("%", at + (text[at : at + 1] == "%"))


def _join(value: Iterable[Any], d: str = "", attribute: object = None) -> str:
    if attribute is not None:
        raise SecurityError("join takes no attribute here; write a loop")
    return _joined(value, d)


def _joined(pieces: Iterable[Any], between: str) -> str:
    texts: list[str] = []
    n = 0
    for piece in pieces:
        texts.append(str(piece))
        n += len(texts[-1]) + len(between)
        if n > LONGEST:
            raise too_long()
    return between.join(texts)


def _replaced(whole: object, old: object, new: object, count: int | None = None) -> str:
    here, part, other = str(whole), str(old), str(new)
    times = here.count(part) if count is None or count < 0 else min(count, here.count(part))
    if len(here) + times * (len(other) - len(part)) > LONGEST:
        raise too_long()
    return here.replace(part, other, -1 if count is None else count)
