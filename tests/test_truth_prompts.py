"""What a record holds is what is sent and compared: nothing of Python stands in a prompt or a right answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data_world import TWO, DataWorld
from tests.world import evalkit


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataWorld:
    return DataWorld(tmp_path, capsys)


def one(**fields: Any) -> list[dict[str, Any]]:
    return [{"id": "1", "q": "b", "a": "x", **fields}]


NULLS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"a": None}, {}, "a"),
    ({"q": None}, {}, "q"),
    ({"q": None}, {"prompt": "Question: {{ q }}"}, "q"),
    ({"a": None}, {"target": "{{ a | lower }}"}, "a"),
    ({"a": None}, {"target": "{{ a | string }}"}, "a"),
    ({"a": None}, {"target": "{{ a | trim | upper }}"}, "a"),
    ({"q": None}, {"prompt": "{{ 'Q: ' ~ q }}"}, "q"),
    ({"m": {"x": None}}, {"prompt": "{{ m.x }}"}, "m"),
    ({"m": {"x": None}}, {"prompt": "{{ m['x'] }} {{ q }}"}, "m"),
    ({"m": ["u", None]}, {"prompt": "{{ m[1] }}"}, "m"),
    ({"m": ["u", None]}, {"prompt": "{{ m | join(', ') }}"}, "m"),
    ({"m": ["u", None]}, {"prompt": "{% for x in m %}{{ x }} {% endfor %}"}, "m"),
    ({"s": None}, {"system": "You are {{ s }}."}, "s"),
    ({"l": None}, {"choices": ["neg", "pos"], "target": "{{ letters[l | int] }}", "score": "choice"}, "l"),
    ({"l": "two"}, {"choices": ["neg", "pos"], "target": "{{ letters[l | int] }}", "score": "choice"}, "two"),
    ({"l": None}, {"target": "{{ l | float }}"}, "l"),
    ({"l": "n/a"}, {"target": "{{ l | float }}"}, "n/a"),
    ({"m": [1, None]}, {"turns": "{{ m }}"}, "m"),
    ({"c": ["u", None], "a": "u"}, {"choices": "{{ c }}", "score": "choice"}, "c"),
]


@pytest.mark.parametrize(("fields", "task", "named"), NULLS)
def test_a_null_is_never_a_word(world: DataWorld, fields: dict[str, Any], task: dict[str, Any], named: str) -> None:
    said = world.said(one(**fields), reply="None", **task)
    assert "d.jsonl:1" in said and named in said


@pytest.mark.parametrize(
    ("fields", "prompt", "expected"),
    [
        ({"c": None}, "{{ c or '' }}{{ q }}", "b"),
        ({"c": None}, "{{ c | default('-', true) }}", "-"),
        ({"c": None}, "{% if c %}{{ c }}{% endif %}{{ q }}", "b"),
        ({"c": None}, "{% if c is none %}no{% endif %} {{ q }}", "no b"),
        ({"m": {"k": None}}, "{{ m | tojson }}", '{"k": null}'),
        ({"q": "None"}, "{{ q }}", "None"),
        ({"l": None}, "{{ l | int(7) }}", "7"),
    ],
)
def test_a_template_may_say_what_stands_for_null(
    world: DataWorld, fields: dict[str, Any], prompt: str, expected: str
) -> None:
    _, rows = world.run(one(**fields), prompt=prompt)
    assert rows[0].prompt[-1].content == expected


EMPTY: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"q": ""}, {}, "prompt"),
    ({"q": " \n\t"}, {}, "prompt"),
    ({"q": "\u00a0\u3000"}, {}, "prompt"),
    ({"q": ""}, {"prompt": None, "messages": [{"role": "user", "content": "{{ q }}"}]}, "messages"),
    ({"q": "\u200b\ufeff"}, {}, "prompt"),
    ({"a": ""}, {}, "no right answer"),
    ({"a": "  "}, {}, "no right answer"),
    ({"a": ""}, {"score": "contains"}, "no right answer"),
    ({"a": "\n"}, {"score": {"use": "exact", "ignore_case": True}}, "no right answer"),
    ({"a": ""}, {"score": "numbers"}, "no right answer"),
    ({"a": ""}, {"choices": ["u", "v"], "score": "choice"}, "no right answer"),
    ({"a": []}, {"score": {"use": "exact", "field": "a"}, "target": None}, "a"),
]


@pytest.mark.parametrize(("fields", "task", "said"), EMPTY)
def test_what_is_empty_is_neither_asked_nor_right(
    world: DataWorld, fields: dict[str, Any], task: dict[str, Any], said: str
) -> None:
    told = world.said(one(**fields), **task)
    assert said in told and ("d.jsonl:1" in told or "sample '1'" in told)


def test_an_empty_cell_of_a_csv_file_is_no_right_answer(world: DataWorld) -> None:
    told = world.said(b"id,q,a\n1,2+2?,4\n2,3+3?,\n", name="d.csv")
    assert "d.csv:3" in told and "no right answer" in told


METHODS = ["items", "keys", "values", "get", "copy", "pop", "update", "clear", "setdefault", "popitem", "fromkeys"]


@pytest.mark.long(but=4)
@pytest.mark.parametrize("name", METHODS)
def test_a_key_wins_over_a_method_of_its_name(world: DataWorld, name: str) -> None:
    _, rows = world.run(one(meta={name: "inner"}), prompt="{{ meta." + name + " }} {{ meta['" + name + "'] }}")
    assert rows[0].prompt[-1].content == "inner inner"


@pytest.mark.parametrize(
    "prompt",
    [
        "{{ meta.items }}",
        "{{ meta['keys'] }}",
        "{{ q.upper }}",
        "{{ tags.count }}",
        "{{ tags.append }}",
        "{{ n.bit_length }}",
        "{{ range }}",
        "{{ dict }}",
        "{{ tags | map('upper') }}",
        "{{ meta.items() }}",
        "{{ tags | batch(1) }}",
        "{{ self }}",
        "{% for x in tags %}{{ loop }}{% endfor %}",
        "{{ 'a: ' ~ q.strip }}",
        "{{ [q.upper] | join }}",
        "{{ range(3) }}",
    ],
)
def test_nothing_of_python_is_sent(world: DataWorld, prompt: str) -> None:
    said = world.said(one(meta={"k": "v"}, tags=["u"], n=3), prompt=prompt)
    assert "0x" not in said and "d.jsonl:1" in said


@pytest.mark.parametrize("condition", ["meta.copy", "q.title", "meta.get is defined", "tags.index"])
def test_a_method_is_no_field_in_a_condition(world: DataWorld, condition: str) -> None:
    suite = {"prompt": "{% if " + condition + " %}yes{% endif %}{{ q }}"}
    ran = world.check(one(meta={"k": "v"}, tags=["u"]), **suite)
    if ran.code == 0:
        _, rows = world.run(one(meta={"k": "v"}, tags=["u"]), **suite)
        assert rows[0].prompt[-1].content == "b"


def test_methods_can_still_be_called(world: DataWorld) -> None:
    prompt = "{% for k, v in m.items() %}{{ k }}={{ v }} {% endfor %}{{ q.upper() }} {{ q.replace('b', 'c') }}"
    _, rows = world.run(one(m={"items": "1", "z": "2"}), prompt=prompt)
    assert rows[0].prompt[-1].content == "items=1 z=2 B c"


JSON: list[tuple[Any, str, str]] = [
    (True, "{{ v }}", "true"),
    (False, "is {{ v }}", "is false"),
    (True, "{{ 'v: ' ~ v }}", "v: true"),
    ([True, False], "{{ v | join('/') }}", "true/false"),
    ({"k": "v", "n": None, "t": True}, "{{ v }}", '{"k": "v", "n": null, "t": true}'),
    (["u", 'it"s'], "{{ v }}", '["u", "it\\"s"]'),
    ([{"é": 1}], "see {{ v }}", 'see [{"é": 1}]'),
    ({"k": [1, 2.5]}, "{{ 'see ' ~ v }}", 'see {"k": [1, 2.5]}'),
    (["u"], "{{ v | string }}", '["u"]'),
    ([["u", "w"], ["x"]], "{{ v | join('; ') }}", '["u", "w"]; ["x"]'),
    ({"k": True}, "{% for x in [v] %}{{ x }}{% endfor %}", '{"k": true}'),
    ([True], "{{ v | replace('t', 'T') }}", "[True]"),
    (1.5, "{{ v }}", "1.5"),
    (True, "{{ v | upper }}", "TRUE"),
    ([3, 1, 2], "{{ v | sort }}", "[1, 2, 3]"),
    ({"k": "v"}, "{{ v.k ~ [1, true, none] }}", "v[1, true, null]"),
]


@pytest.mark.long(but=5)
@pytest.mark.parametrize(("value", "prompt", "expected"), JSON)
def test_values_are_written_as_json_has_them(world: DataWorld, value: Any, prompt: str, expected: str) -> None:
    _, rows = world.run(one(v=value), prompt=prompt)
    assert rows[0].prompt[-1].content == expected


@pytest.mark.parametrize(
    ("value", "task", "reply"),
    [
        (True, {}, "true"),
        (False, {}, "false"),
        (True, {"choices": ["true", "false"], "score": "choice"}, "true"),
        (True, {"choices": ["True", "False"], "score": "choice"}, "True"),
        (False, {"choices": ["no", "yes"], "target": "{{ letters[a] }}", "score": "choice"}, "no"),
        (True, {"target": "{{ 'yes' if a else 'no' }}"}, "yes"),
        ({"k": [True]}, {}, '{"k": [true]}'),
    ],
)
def test_a_json_value_is_right_as_json(world: DataWorld, value: Any, task: dict[str, Any], reply: str) -> None:
    ran, rows = world.run(one(a=value), reply=reply, **task)
    assert ran.code == 0, ran.err
    assert str(rows[0].outcome) == "right", (rows[0].target, rows[0].reason)


LABELS: list[tuple[Any, str]] = [
    (-1, "{{ letters[label] }}"),
    (-2, "{{ choices[label] }}"),
    ("-1", "{{ letters[label | int] }}"),
    (0, "{{ letters[label - 1] }}"),
    (2, "{{ letters[label] }}"),
    (99, "{{ choices[label] }}"),
    (-1, "{{ 'AB'[label] }}"),
    (None, "{{ letters[label] }}"),
    (0.5, "{{ letters[label] }}"),
    ("", "{{ letters['AB'.index(label)] }}"),
    ("AB", "{{ letters['AB'.index(label)] }}"),
    (-1, "{{ label }}"),
]


@pytest.mark.parametrize(("label", "target"), LABELS)
def test_a_label_that_names_no_option_is_refused(world: DataWorld, label: Any, target: str) -> None:
    said = world.said(one(label=label), choices=["neg", "pos"], target=target, score="choice", reply="B")
    assert "d.jsonl:1" in said


def test_the_last_of_a_list_can_still_be_named(world: DataWorld) -> None:
    _, rows = world.run(one(t=["u", "w"]), prompt="{{ t[-1] }} {{ t[:-1] | join }}")
    assert rows[0].prompt[-1].content == "w u"


CONSTANT: list[tuple[dict[str, Any], list[str]]] = [
    ({"prompt": "Question: {q}", "target": "a"}, ["{{ q }}", "{{ a }}"]),
    ({"target": "a"}, ["{{ a }}"]),
    ({"target": "{a}"}, ["{{ a }}"]),
    ({"prompt": "$q"}, ["{{ q }}"]),
    ({"prompt": "Answer now."}, ["prompt", "same"]),
    ({"target": "yes"}, ["right answer", "same"]),
    ({"target": "{{ 'a' }}"}, ["right answer", "same"]),
    ({"prompt": "{{ 'q' }}"}, ["prompt", "same"]),
    ({"prompt": "{{ s }}: {q}"}, ["{q}", "{{ q }}"]),
    ({"target": "{{ s }}"}, ["right answer", "same"]),
    ({"prompt": "%(q)s"}, ["{{ q }}"]),
    ({"prompt": None, "messages": [{"role": "user", "content": "Do {q}"}]}, ["{{ q }}"]),
]


@pytest.mark.parametrize(("task", "words"), CONSTANT)
def test_what_is_the_same_for_every_record_is_said(world: DataWorld, task: dict[str, Any], words: list[str]) -> None:
    noted = world.noted([{**record, "s": "plain"} for record in TWO], **task)
    assert all(word in noted for word in words), noted


def test_nothing_is_said_of_what_varies(world: DataWorld) -> None:
    assert world.noted(TWO) == ""
    assert world.noted(TWO[:1], prompt="{{ q }}") == ""


@pytest.mark.long(but=4)
@pytest.mark.parametrize(
    ("column", "prompt", "target"),
    [
        ("Question Text", "{{ row['Question Text'] }}", "{{ a }}"),
        ("Question Text", "{{ record['Question Text'] }}", "{{ row['a'] }}"),
        ("ticket-text", '{{ row["ticket-text"] }}', "{{ a }}"),
        ("meta.text", "{{ row['meta.text'] }}", "{{ a }}"),
        ("Frage (kurz)", "{{ row['Frage (kurz)'] | trim }}", "{{ a }}"),
        ("質問 本文", "{{ row['質問 本文'] }}", "{{ a }}"),
        ("1st", "{{ row['1st'] }}", "{{ a }}"),
        ("class", "{{ class }}", "{{ a }}"),
        ("q?", "{% if row['q?'] %}{{ row['q?'] }}{% endif %}", "{{ a }}"),
        ("row", "{{ row }}", "{{ a }}"),
    ],
)
def test_a_column_of_any_name_can_be_read(world: DataWorld, column: str, prompt: str, target: str) -> None:
    _, rows = world.run([{"id": "1", column: "2+2?", "a": "4"}], prompt=prompt, target=target, reply="4")
    assert rows[0].prompt[-1].content == "2+2?" and str(rows[0].outcome) == "right"


def test_columns_of_any_name_serve_everywhere(world: DataWorld) -> None:
    records = [
        {
            "Ticket ID": "x1",
            "Q T": "u?",
            "Right One": "v",
            "All Options": ["u", "v"],
            "My Lang": "de",
            "Thread No": "7",
        },
        {
            "Ticket ID": "x2",
            "Q T": "w?",
            "Right One": "u",
            "All Options": ["u", "v"],
            "My Lang": "en",
            "Thread No": "8",
        },
    ]
    _, rows = world.run(
        records,
        reply="B",
        data={"path": "d.jsonl", "id": "Ticket ID"},
        prompt="{{ row['Q T'] }} {{ options }}",
        choices="{{ row['All Options'] }}",
        target="{{ row['Right One'] }}",
        score="choice",
        slices=["My Lang"],
        cluster="Thread No",
        critical="{{ row['My Lang'] == 'de' }}",
    )
    assert [row.sample_id for row in rows] == ["x1", "x2"]
    assert rows[0].slices == {"My Lang": "de"} and rows[0].cluster == "7" and rows[0].critical
    assert [str(row.outcome) for row in rows] == ["right", "wrong"]


@pytest.mark.parametrize(
    ("prompt", "advice"),
    [
        ("{{ Question Text }}", "row['Question Text']"),
        ("{{ my-q }}", "row['my-q']"),
        ("{{ meta.q }}", "row['meta.q']"),
        ("{{ Q }}", "q"),
        ("{{ quesion }}", "question"),
        ("{{ row['Question text'] }}", "Question Text"),
        ("{{ Question  Text | trim }}", "row['Question Text']"),
    ],
)
def test_a_name_that_is_no_field_is_answered_with_the_way_to_write_it(
    world: DataWorld, prompt: str, advice: str
) -> None:
    fields = {"Question Text": "u", "my-q": "u", "meta.q": "u", "question": "u"}
    assert advice in world.said(one(**fields), prompt=prompt)


def test_what_only_another_column_tells_apart_is_another_sample(world: DataWorld) -> None:
    records = [{"id": "1", "Q T": "u", "a": "x"}, {"id": "2", "Q T": "w", "a": "x"}]
    suite = world.suite(records, prompt="{{ row['Q T'] }}")
    _, rows = world.ran(suite)
    assert len({row.sample_digest for row in rows}) == 2
    _, plain = world.run([{"id": "1", "QT": "u", "a": "x"}], prompt="{{ row['QT'] }}")
    _, named = world.run([{"id": "1", "QT": "u", "a": "x"}], prompt="{{ QT }}")
    assert plain[0].sample_digest == named[0].sample_digest, "the same field, however it is written"


def test_a_judge_reads_columns_of_any_name_too(world: DataWorld) -> None:
    suite = world.suite([{"id": "1", "q": "b", "Ideal Answer": "u"}], target=None)
    judge = {
        "by": "j",
        "prompt": "{{ row['Ideal Answer'] }} or {{ answer }}?",
        "reference": "{{ row['Ideal Answer'] }}",
    }
    whole = json.loads(suite.read_text())
    whole["judges"] = {"j": {"adapter": "scripted", "replies": {"*": "[[5]]"}}}
    whole["tasks"][0]["score"] = {"judge": judge}
    suite.write_text(json.dumps(whole))
    ran = evalkit(world.capsys, "check", suite)
    assert ran.code == 0, ran.err


def test_one_line_with_a_count_for_one_kind_of_mistake(world: DataWorld) -> None:
    records = [{"id": str(i), "q": f"q{i}", "a": "Billing"} for i in range(30)]
    said = world.said(records, choices=["billing", "refund"], score="choice").strip()
    assert said.count("\n") == 0, said
    assert "did you mean 'billing'" in said and "| lower" in said and "29 more" in said


@pytest.mark.parametrize(
    ("label", "advice"),
    [
        ("Billing", "| lower"),
        (" billing", None),
        ("B. refund", "refund"),
        ("(B)", "B"),
        ("b", "B"),
        ("biling", "billing"),
        ("1", "letters[FIELD"),
    ],
)
def test_a_label_that_is_nearly_an_option_is_answered_with_the_way_out(
    world: DataWorld, label: str, advice: str | None
) -> None:
    records = one(a=label)
    if advice is None:
        assert world.check(records, choices=["billing", "refund"], score="choice").code == 0
    else:
        assert advice in world.said(records, choices=["billing", "refund"], score="choice")


def test_options_that_read_alike_or_are_empty_are_said(world: DataWorld) -> None:
    noted = world.noted(one(a="A", c=["u", "u ", "w"]), choices="{{ c }}", score="choice", target="{{ a }}")
    assert "alike" in noted
    assert "empty" in world.noted(one(a="A", c=["u", ""]), choices="{{ c }}", score="choice")


@pytest.mark.parametrize(
    "body",
    ["prompt: {{ q }}", "prompt: {{ q }} Answer.", "target: {{ a }}", "choices: {{ c }}",
     "prompt: {q}", "critical: {{ a == 'x' }}"],
)  # fmt: skip
def test_braces_without_quotes_are_answered_with_the_quotes(world: DataWorld, body: str) -> None:
    world.suite()
    key = body.partition(":")[0]
    task = {"prompt": '"{{ q }}"', "target": '"{{ a }}"', "score": "exact", "data": "d.jsonl", "name": "t"}
    task.pop(key, None)
    lines = "".join(f"    {name}: {value}\n" for name, value in task.items())
    text = f"name: n\nmodels: {{m: {{adapter: scripted}}}}\ntasks:\n  - {body}\n{lines}"
    (world.folder / "suite.yaml").write_text(text)
    ran = evalkit(world.capsys, "check", world.folder / "suite.yaml")
    assert ran.code == 2 and "quotes" in ran.err and key in ran.err, ran.err
    assert ran.err.strip().count("\n") == 0, ran.err


BOMBS = [
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "{% set a = 'x' * 100000 %}{{ a | replace('x', a) }}",
    "{% set a = 'x' * 100000 %}{{ a.replace('x', a) }}",
    "{% set a = 'x' * 100000 %}{{ ([a] * 100000) | join }}",
    "{% set a = 'x' * 100000 %}{{ a.join([a] * 100000) }}",
    "{% set a = [1] * 100000 %}{{ ([a] * 100000) | sum(start=[]) }}",
    "{{ [1] | batch(1000000000, 'x') | list }}",
    "{{ [1] | slice(1000000000) | list }}",
    "{{ 'x' | indent(100) | indent(1000000) }}",
    "{% set a = 'x' * 100000 %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = 'x' * 100000 %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a | tojson }}",
    "{% set a = 9 ** 32 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
    "{{ range(100000) | map('string') | join | replace('', 'x' * 100000) }}",
]


@pytest.mark.long(but=5)
@pytest.mark.parametrize("prompt", BOMBS)
def test_a_template_ends_soon_whatever_it_says(world: DataWorld, prompt: str) -> None:
    import time

    began = time.process_time()
    assert "d.jsonl:1" in world.said(one(), prompt=prompt)
    assert time.process_time() - began < 8.0


@pytest.mark.parametrize("score", ["exact", "contains", {"overlap": {"metric": "f1"}}])
@pytest.mark.parametrize("answers", [["Paris", "City of Paris"], ["Paris"], [1, 2], [["a"], "b"]])
def test_a_list_as_the_right_answer_is_said_with_the_way_out(world: DataWorld, score: Any, answers: Any) -> None:
    ran = world.check(one(a=answers), score=score)
    assert ran.code == 0
    assert "a list as the right answer" in ran.out + ran.err
    assert "field: ..." in ran.out + ran.err


@pytest.mark.parametrize("answer", ["[citation]", "[x", "A [B]", "4"])
def test_a_text_with_brackets_is_no_list(world: DataWorld, answer: str) -> None:
    ran = world.check(one(a=answer))
    assert "a list as the right answer" not in ran.out + ran.err


def test_a_list_under_field_needs_no_note(world: DataWorld) -> None:
    ran = world.check(one(a=["u", "v"]), score={"exact": {"field": "a"}}, target=None)
    assert ran.code == 0
    assert "a list as" not in ran.out + ran.err
