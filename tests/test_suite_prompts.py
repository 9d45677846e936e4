"""evalkit.suite.prompts and templates: a record becomes exactly the question that the suite describes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from evalkit.records import Message
from evalkit.suite import metering
from evalkit.suite.prompt_compiling import compile_prompt
from evalkit.suite.prompts import BadRecord, Prompt
from evalkit.suite.schema import TaskEntry
from evalkit.suite.templates import BadTemplate, Template

RECORD = {"q": "Best pet?", "a": "cat", "options": ["cat", "dog"], "i": 1}


def prompt(**keys: Any) -> Prompt:
    compiled, wrong = compile_prompt(TaskEntry.model_validate({"name": "t", "data": "d.jsonl", "score": "e", **keys}))
    assert compiled is not None, wrong
    return compiled


def asked(p: Prompt, record: dict[str, Any]) -> str:
    return p.messages(p.values(record, p.choices(record)))[-1].content


def goal(p: Prompt, record: dict[str, Any]) -> str | None:
    choices = p.choices(record)
    return p.target(p.values(record, choices), choices)


def test_choices_that_the_prompt_does_not_show_are_appended() -> None:
    p = prompt(prompt="{{ q }}\n", choices=["cat", "{{ 'd' ~ 'og' }}"], target="{{ a }}")
    assert asked(p, RECORD) == "Best pet?\n\nA. cat\nB. dog\n\nAnswer with the letter of the right option only."
    assert p.letters
    assert p.instruction is not None


@pytest.mark.parametrize("where", ["prompt", "system", "messages"])
def test_a_task_that_shows_its_choices_is_left_as_it_is(where: str) -> None:
    keys: dict[str, Any] = {"prompt": "{{ q }}"}
    if where == "prompt":
        keys = {"prompt": "{{ q }} {{ choices | join('/') }}"}
    elif where == "system":
        keys["system"] = "One of {{ choices | join('/') }}"
    else:
        keys = {"messages": [{"role": "user", "content": "{{ q }} {{ choices[0] }}?"}]}
    p = prompt(choices=["cat", "dog"], target="cat", **keys)
    assert p.instruction is None
    assert not p.letters
    assert "Answer with" not in asked(p, RECORD)


def test_likelihood_shows_no_options_and_answers_with_text() -> None:
    p = prompt(prompt="{{ q }}", choices=["cat", "dog"], target="A", mode="likelihood")
    assert asked(p, RECORD) == "Best pet?"
    values = p.values(RECORD, ("cat", "dog"))
    assert p.answer(values, ("cat", "dog")) == Message("assistant", "cat")


def test_one_template_may_name_the_list_of_choices() -> None:
    p = prompt(prompt="{{ q }}\n{{ options }}", choices="{{ options }}", target="{{ letters[i] }}")
    assert p.choices(RECORD) == ("cat", "dog")
    assert asked(p, RECORD) == "Best pet?\nA. cat\nB. dog"
    assert goal(p, RECORD) == "dog"
    for wrong in (None, "cat", ["cat"], [["cat"], "dog"]):
        with pytest.raises(BadRecord):
            p.choices({**RECORD, "options": wrong})
    with pytest.raises(BadRecord, match="is no field of the record; known are q"):
        p.choices({"q": "x"})


@pytest.mark.parametrize(
    ("target", "choices", "expected"),
    [
        ("dog", ["cat", "dog"], "dog"),
        ("B", ["cat", "dog"], "dog"),
        (" B\n", ["cat", "dog"], "dog"),
        ("A", ["A", "B"], "A"),
        ("{{ choices[0] }}", ["B", "A"], "B"),
        ("{{ letters[0] }}", ["B", "A"], "B"),
        ("B", ["x", "same", "same"], "same"),
    ],
)
def test_a_target_names_a_choice_by_text_or_letter(target: str, choices: list[str], expected: str) -> None:
    assert goal(prompt(prompt="{{ options }}", choices=choices, target=target), RECORD) == expected


@pytest.mark.parametrize(
    ("target", "choices", "expected"),
    [
        ("B", ["B", "A"], "is a letter and also the text of another option"),
        ("C", ["cat", "dog"], "which is none of the options"),
        ("b", ["cat", "dog"], "which is none of the options"),
        ("1", ["cat", "dog"], "for an index write {{ letters[FIELD] }}"),
        ("", ["cat", "dog"], "the record has no right answer"),
        ("same", ["same", "same", "x"], "is the text of 2 options; name the right one by its letter"),
    ],
)
def test_a_target_that_is_not_exactly_one_choice_is_refused(target: str, choices: list[str], expected: str) -> None:
    with pytest.raises(BadRecord) as raised:
        goal(prompt(prompt="{{ options }}", choices=choices, target=target), RECORD)
    assert expected in str(raised.value)
    assert raised.value.key == "target"


def test_more_than_26_choices_are_not_lettered() -> None:
    many = [str(i) for i in range(27)]
    with pytest.raises(BadRecord, match="cannot be lettered"):
        prompt(prompt="{{ q }}", choices=many, target="1").choices(RECORD)
    assert len(prompt(prompt="{{ q }}", choices=many, target="1", mode="likelihood").choices(RECORD)) == 27


@pytest.mark.parametrize(
    ("critical", "expected"),
    [
        (True, True),
        ("{{ i == 1 }}", True),
        (" yes ", True),
        ("1", True),
        ("{{ i == 2 }}", False),
        ("no", False),
        ("", False),
    ],
)
def test_critical_is_yes_or_no(critical: bool | str, expected: bool) -> None:
    assert prompt(prompt="{{ q }}", critical=critical).critical(RECORD) is expected


def test_a_critical_that_is_neither_is_not_taken_for_no() -> None:
    with pytest.raises(BadRecord, match="expected true or false"):
        prompt(prompt="{{ q }}", critical="{{ a }}").critical(RECORD)


def test_an_absent_field_is_named_with_the_fields_that_exist() -> None:
    with pytest.raises(BadRecord) as raised:
        asked(prompt(prompt="{{ qq }}"), {"q": "x", "a": "y"})
    assert raised.value.key == "prompt"
    assert str(raised.value) == "{{ qq }} is no field of the record; known are q, a"
    assert asked(prompt(prompt="{{ qq | default('none') }}"), {"q": "x"}) == "none"
    with pytest.raises(BadRecord, match="a template writes null as none"):
        asked(prompt(prompt="{{ q == null }}"), {"q": "x"})


def test_system_and_turns_keep_their_order() -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello {{ a }}"},
        {"role": "user", "content": "{{ q }}"},
    ]
    p = prompt(system="Be kind.", messages=turns)
    assert [m.role for m in p.messages(RECORD)] == ["system", "user", "assistant", "user"]
    shots = (Message("user", "1?"), Message("assistant", "1"))
    assert p.messages(RECORD, shots)[-3:] == (*shots, Message("user", "Best pet?"))
    assert p.reads == {"a", "q"}


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ q.__class__ }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ 'a' * 10**9 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ 'a'.ljust(10**9) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ [1] * 10**9 }}",
        "{{ cycler }}",
        "{{ 1 / 0 }}",
        "{{ q + 1 }}",
        "{{ q.append('x') }}",
        "{{ l.append(1) }}",
    ],
)
def test_a_hostile_template_gives_a_sentence_at_once(source: str) -> None:
    with pytest.raises(BadTemplate):
        Template(source, "prompt").render({"q": "x", "l": []})


@pytest.mark.parametrize(
    "source",
    [
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{% for a in x recursive %}{{ loop(a) }}{% endfor %}",
        "{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}",
        "{{ x | random }}",
        "{{ open",
        "(" * 10 + "{{" + "(" * 5000,
    ],
)
def test_what_a_template_may_not_do_is_refused_when_it_is_read(source: str) -> None:
    with pytest.raises(BadTemplate):
        Template(source, "prompt")


def test_templates_write_json_as_a_model_should_read_it() -> None:
    assert Template("{{ x | tojson }}", "prompt").render({"x": {"a": "<é>"}}) == '{"a": "<é>"}'


def test_lines_that_hold_only_a_tag_leave_no_blank_line() -> None:
    source = "Facts:\n{% for f in facts %}\n  - {{ f }}\n{% endfor %}\nEnd"
    assert Template(source, "prompt").render({"facts": ["a", "b"]}) == "Facts:\n  - a\n  - b\nEnd"


NESTED = "{% set a = [s, s] %}" + "{% set a = [a, a, a, a, a, a, a, a, a, a] %}" * 9
"""Ten billion parts, in ten lists."""


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    "template",
    [
        "{{ n|round(1000000000, 'floor') }}",
        "{{ [n]|map('round', 1000000000, 'ceil')|list }}",
        "{{ ('a ' * 50000)|wordwrap(1, true, 'y' * 100000) }}",
        "{{ range(100000)|select('in', range(100000)|reverse|list)|list|length }}",
        "{{ range(100000)|reject('in', range(100000)|reverse|list)|list|length }}",
        "{{ ([('a' * 100000)] * 90000)|map('upper')|list|length }}",
        "{{ ([('a' * 100000)] * 90000)|map('list')|list|length }}",
        f"{{% set s = 1 %}}{NESTED}{{% set b = a %}}{NESTED}{{{{ a == b }}}}",
        f"{{% set s = 1 %}}{NESTED}{{% set b = a %}}{NESTED}{{{{ a in [b, b] }}}}",
        f"{{% set s = 1 %}}{NESTED}{{% set b = a %}}{NESTED}{{{{ [a, b]|sort|length }}}}",
        f"{{% set s = 1 %}}{NESTED}{{% set b = a %}}{NESTED}{{{{ [a, a]|map('equalto', b)|list }}}}",
        f"{{% set s = 1 %}}{NESTED}{{% set b = a %}}{NESTED}{{{{ [a, a].count(b) }}}}",
        "".join(f"{{% set a{i} = ('a ' * 50000).split() * 2 %}}" for i in range(200)) + "{{ a1|length }}",
    ],
)
def test_no_filter_test_or_comparison_takes_for_ever(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "LONGEST_S", 0.5)  # a run allows 3 s
    began = time.process_time()
    with pytest.raises(BadRecord):
        asked(prompt(prompt=template + " {{ q }}", target="x"), {"q": "x", "n": 1})
    assert time.process_time() - began < 4


def test_ordinary_filters_and_comparisons_work() -> None:
    record = {"q": "b", "l": ["b", "a"], "n": 2.567, "long": "word " * 20_000}
    template = (
        "{{ l|sort|join }} {{ n|round(1) }} {{ q in l }} {{ q == 'b' and 1 < n < 3 }} {{ l|select('in', ['a'])|list }} "
        "{{ l|unique|list }} {{ (long|wordwrap(20)).split()|length }} {{ long|length }} {{ l.index('a') }}"
    )
    said = asked(prompt(prompt=template, target="x"), record)
    assert said == 'ab 2.6 true true ["a"] ["b", "a"] 20000 100000 1'
