"""Templates and patterns of task files that a pull request brings: bounded, and otherwise as lm-eval's own."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from time import process_time
from typing import ClassVar

import pytest
from jinja2 import BaseLoader, Environment, StrictUndefined
from jinja2.exceptions import SecurityError, UndefinedError

from evalkit.bridges.lm_eval.templates import Bounded, _environment, _regex_replace, may_hang
from evalkit.suite import metering

NESTED = "{% set a = [s, s] %}" + "{% set a = [a, a, a, a, a, a, a, a, a, a] %}" * 9
"""Ten billion parts, in ten lists."""
DOC = {"q": "a", "list": ["x", "y"], "n": 3, "deep": {"items": [1, None, True]}}


def environment() -> Bounded:
    return _environment(True, {"regex_replace": _regex_replace})


@pytest.mark.long(but=30)
@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{{ (q * 2000000000)|length }}",
        "{% for a in range(9999) %}{{ 'x' * 90000 }}{% endfor %}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ '%*d'|format(1000000000, 1) }}",
        "{{ '{:>1000000000}'.format(q) }}",
        "{{ q.ljust(1000000000) }}",
        "{{ q.center(1000000000) }}",
        "{{ q|center(1000000000) }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ range(99999)|join('x' * 99999) }}",
        "{{ ('x' * 99999).join(range(99999)|map('string')) }}",
        "{{ ('x' * 99999)|replace('x', 'y' * 99999) }}",
        "{{ ('x' * 99999).replace('x', 'y' * 99999) }}",
        "{{ ('a' * 40)|regex_replace('(a|a)*b', '') }}",
        "{{ ('a' * 40)|regex_replace('(a+)+b', '') }}",
        "{{ ('a' * 99999)|regex_replace('a', 'b' * 99999) }}",
        "{{ q|indent(1000000000) }}",
        "{{ q.__class__.__mro__ }}",
        "{{ list.append(1) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ '%(a)3000000000s'|format(a=1) }}",
        "{{ '%% %((b))-9999999999d'|format(**{'(b)': 1}) }}",
        "{{ '%(a)s %.1000000000f'|format(a=1) }}",
        "{{ ['%(a)3000000000s']|map('format', a=1)|list }}",
        "{{ list|tojson(indent=2000000000) }}",
        "{{ n|round(1000000000, 'floor') }}",
        "{{ [n]|map('round', 1000000000, 'ceil')|list }}",
        "{{ ('a ' * 50000)|wordwrap(1, true, 'y' * 100000) }}",
        "{{ ('http://a.com ' * 7000)|urlize(rel='y' * 100000) }}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        f"{{% set s = 'x' * 100000 %}}{NESTED}{{{{ a|string|length }}}}",
        f"{{% set s = 'x' * 100000 %}}{NESTED}{{{{ a }}}}",
        f"{{% set s = 'x' * 100000 %}}{NESTED}{{{{ (a ~ 'x')|length }}}}",
        f"{{% set s = 'x' * 100000 %}}{NESTED}{{{{ ('%s'|format(a))|length }}}}",
        f"{{% set s = 1 %}}{NESTED}{{% set b = a %}}{NESTED}{{{{ a == b }}}}",
        f"{{% set s = 1 %}}{NESTED}{{% set b = a %}}{NESTED}{{{{ a in [b, b] }}}}",
        "{{ range(100000)|select('in', range(100000)|reverse|list)|list|length }}",
        "{{ ([('a' * 100000)] * 90000)|map('upper')|list|length }}",
    ],
)
def test_a_bomb_ends_soon(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "LONGEST_S", 0.5)  # a run allows 3 s
    began = process_time()
    with pytest.raises(Exception) as caught:
        environment().from_string(template).render(**DOC)
    assert process_time() - began < 4
    assert not isinstance(caught.value, MemoryError)


@pytest.mark.parametrize(
    "template",
    [
        "{{q}}\n",
        "{{ list }} {{ n }} {{ deep['items'] }} {{ none }}",
        "{{ list[-1] }} {{ list.index('y') }} {{ deep.items() }}",
        "{% for one in list %}{{ loop.index }}. {{ one }}\n{% endfor %}",
        "{{ list|join(', ') }} {{ list|length }} {{ q ~ list }} {{ q + 'b' }}",
        "{{ 'a b'|replace('a', 'c') }} {{ 'a b'.replace('a', 'c') }} {{ 'a,b'.split(',') }} {{ 'x'.join(list) }}",
        "{{ [q + 'x', q + 'y'] }} {{ {'A': 0, 'B': 1}['B'] }} {{ ['A', 'B'].index('B') }}",
        "{{ '%.2f'|format(2.5) }} {{ q.strip() }} {{ q|upper|trim|tojson }} {{ n if n is number else q }}",
        "{{ 'ab  c'|regex_replace(' +', ' ') }} {{ q * 3 }}",
        "{%- set x = list|map('upper')|list %} {{ x }} {{ list|first }} {{ list|last }}",
        "{{ '%(a)5s %% %d%s'|format(a=q) if none else '%5.1f%%1000000'|format(2) }} {{ 2.567|round(1) }}",
        "{{ n in [3] }}",
        "{{ q == 'a' }} {{ list != ['x'] }} {{ list|select('in', ['x'])|list }} {{ deep|tojson(indent=2) }} {{ deep }}",
        "{% macro say(x) %}<{{ x }}>{% endmacro %}{{ say(q) }}{{ say(list) }} {{ list|sum(start='') if none else '' }}",
        "{{ 'a b c'|wordwrap(3) }} {{ [3, 1, 2]|sort }} {{ [1, 1]|unique|list }} {{ 'b' > q > '' }} {{ n is odd }}",
    ],
)
def test_other_templates_print_what_lm_eval_prints(template: str) -> None:
    theirs = Environment(loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=True)
    theirs.filters["regex_replace"] = _regex_replace
    values = {**DOC, "none": None}
    assert environment().from_string(template).render(**values) == theirs.from_string(template).render(**values)


def test_a_template_of_a_hundred_thousand_words_is_made_no_code_of() -> None:
    with pytest.raises(SecurityError, match="words and signs"):
        environment().from_string("{{ q" + " ~ q" * 50_000 + " }}")


@pytest.mark.parametrize(
    "pattern",
    [
        "(a|a)*b",
        "(a+)+$",
        "(a*)*b",
        "(?:a?){30}b",
        "((?:x|y)+z?)*",
        "(a{1,30}){1,30}b",
        "(?=(a+)+b)",
        "(?i)(\\w+\\s?)*$",
        "a?" * 30 + "a" * 30,
        "(" * 500 + ")" * 500,
        "x" * 2000,
        "(",
        5,
        ["a"],
    ],
)
def test_a_pattern_that_may_hang_is_found(pattern: object) -> None:
    assert may_hang(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"#### (\-?[0-9\.\,]+)",
        r"(-?[$0-9.,]{2,})|(-?[0-9]+)",
        r"((?<=The answer is )(.*)(?=.)|(?<=the answer is )(.*)(?=.)|(?<=The answer: )(.*)(?=.))",
        r"(\([A-Z]\))",
        r"\b(Yes|No|yes|no)\b",
        r"Erantzuna [$%]? ?(-?[0-9]+([ .,][0-9.,]+)?) ?[$%]? da",
        r"answer is \(?([A-J])\)?",
        r"(?i)final answer:\s*(\d+)",
        r"(\w+) \1",
        r"[,$]",
        "",
    ],
)
def test_patterns_that_lm_eval_ships_are_taken(pattern: str) -> None:
    assert may_hang(pattern) is None


class Picture:
    """A value as `datasets` hands over: its methods write files."""

    saved: ClassVar[list[str]] = []

    def save(self, path: str, form: str = "") -> str:
        self.saved.append(path)
        return "saved"

    def __str__(self) -> str:
        return "a picture"


@pytest.mark.parametrize(
    "template",
    [
        "{{ q.save('/tmp/x', 'PPM') }}",
        "{{ q }}",
        "{{ [q]|map('string')|list }}",
        "{{ q|attr('save') }}",
        "{{ in_list[0].save('/tmp/x') }}",
        "{{ in_map.inner[0].save('/tmp/x') }}",
        "{% for one in in_list %}{{ one.save('/tmp/x') }}{% endfor %}",
        "{{ octets.decode() }}",
        "{{ n.bit_length() }}",
        "{{ f.hex() }}",
        "{{ amount.scaleb(999999)|int > 4 }}",
        "{{ day.strftime('%1999999999d') }}",
    ],
)
def test_a_template_sees_plain_data_alone(template: str) -> None:
    pictures = {"q": Picture(), "in_list": [Picture()], "in_map": {"inner": (Picture(),)}, "octets": b"ab"}
    numbers = {"n": 5, "f": 1.5, "amount": Decimal("1.5"), "day": datetime(2026, 1, 1)}
    with pytest.raises((SecurityError, UndefinedError)):
        environment().from_string(template).render(**pictures, **numbers)
    assert not Picture.saved


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, 1.5, "text", [1, ["a"]], (1, "a"), {"a": [None], 3: "b"}),
        *(date(2026, 1, 1), datetime(2026, 1, 1, 12), time(12, 30), timedelta(days=1), Decimal("1.50")),
    ],
    ids=repr,
)
def test_plain_values_print_as_in_lm_evals_own_environment(value: object) -> None:
    theirs = Environment(loader=BaseLoader(), undefined=StrictUndefined).from_string("{{ v }}")
    assert environment().from_string("{{ v }}").render(v=value) == theirs.render(v=value)


def test_what_is_no_plain_value_may_stand_beside_what_is_asked() -> None:
    assert environment().from_string("{{ text }}").render(text="a", picture=Picture()) == "a"
    with pytest.raises(UndefinedError, match="the field 'picture' holds a value of the type Picture"):
        environment().from_string("{{ picture }}").render(picture=Picture())
