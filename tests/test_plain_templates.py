"""A template that is read without Jinja is read as Jinja reads it."""

from __future__ import annotations

import random
from itertools import product

import pytest

from evalkit.suite.plain_templates import names_in, plain
from evalkit.suite.template_trees import read_template
from evalkit.suite.templates import BadTemplate, Expression, Template

READ_HERE = ("{{ x }}", "{{x}}", "{{ x[0] }}", "{{ x[12] }}", "{{ x['a b'] }}", "{{ x[y] }}", "{{ _x1['?'] }}")
TEXTS = ("a", "", "\n", " \n\n", "{", "}", "}}", "{ {", "ü", "##", "{}", "%}", "#}", "-", "'", "\\n", "\u2028", "\x0c")
LEFT_TO_JINJA = (
    *("{{ x|upper }}", "{{- x }}", "{{ x -}}", "{% if x %}a{% endif %}", "{# c #}", "{{ row.x }}", "{{ self }}"),
    *("{{ loop }}", "{{ true }}", "{{ None }}", "{{ range }}", "{{ dict }}", "{{ x[-1] }}", r"{{ x['a\n'] }}"),
    *("{{ x.y }}", "{{ x[0][1] }}", "{{ x(1) }}", "{{ 'x' }}", "{{ 1 }}", "{{ x[1_0] }}", "{{ x[007] }}", "{{"),
    *("{{ x", "{{ ö }}", "\r\n", "{{ x ~ y }}", "{{ not }}"),
)


def test_what_is_read_here_is_what_jinja_reads() -> None:
    pieces = (*READ_HERE, *TEXTS, *LEFT_TO_JINJA)
    draw = random.Random(1)
    sources = {"".join(pair) for pair in product(pieces, pieces)}
    sources |= {"".join(draw.choices([*READ_HERE, *TEXTS], k=4)) for _ in range(300)}
    read = {source: parts for source in sources if (parts := plain(source)) is not None}
    wrong = [source for source, parts in read.items() if read_template(source) != (names_in(parts), set(), parts)]
    assert not wrong
    assert len(read) > 600


def test_what_most_prompts_are_needs_no_jinja() -> None:
    assert all(plain(f"Question: {source}\n\nReply with the letter {{}} only.\n") is not None for source in READ_HERE)
    assert all(plain(f"Question: {source}") is None for source in LEFT_TO_JINJA)


def test_a_record_without_the_variable_is_told_as_ever() -> None:
    for render in (Template("{{ questoin }}", "prompt").render, Expression("{{ questoin }}", "choices").value):
        with pytest.raises(BadTemplate, match=r"did you mean \{\{ question \}\}\?"):
            render({"question": "q"})
