"""Built-in tasks on the files that the hub has: columns as published, the same samples as in our own form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.data_world import DataWorld

LONG = ["one", "two", "three", "four"]
HUB: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("mmlu", {"question": "Q?", "subject": "s", "choices": LONG, "answer": 2}, {"shots": 0}, "C"),
    ("mmlu", {"question": "Q?", "subject": "s", "choices": LONG, "answer": "C", "split": "test"}, {"shots": 0}, "C"),
    ("mmlu", {"question": "Q?", "subject": "s", "choices": LONG, "answer": "2"}, {"shots": 0}, "C"),
    ("mmlu", {"input": "Q?", "A": "one", "B": "two", "C": "three", "D": "four", "target": "C"}, {"shots": 0}, "C"),
    (
        "mmlu_pro",
        {"question_id": 70, "question": "Q?", "options": LONG, "answer": "C", "answer_index": 2, "cot_content": "",
         "category": "law", "src": "x"},
        {}, "The answer is (C)",
    ),
    (
        "mmlu_pro",
        {"question_id": 70, "question": "Q?", "options": [*LONG, "N/A", "N/A"], "answer": "C", "answer_index": 2,
         "cot_content": "", "category": "law", "src": "x"},
        {}, "The answer is (C)",
    ),
    (
        "gpqa",
        {"Question": "Q?", "Correct Answer": "three\n", "Incorrect Answer 1": "one", "Incorrect Answer 2": "two",
         "Incorrect Answer 3": "four", "Record ID": "rec1", "Subdomain": "Physics"},
        {}, "three",
    ),
    (
        "truthfulqa",
        {"question": "Q?", "mc1_targets": {"choices": ["three", "one"], "labels": [1, 0]},
         "mc2_targets": {"choices": ["three", "one"], "labels": [1, 0]}},
        {}, "three",
    ),
    ("truthfulqa", {"question": "Q?", "mc1_targets": {"three": 1, "one": 0}}, {}, "three"),
    (
        "pubmedqa",
        {"pubid": 10808977, "question": "Q?", "context": {"contexts": ["u", "w"], "labels": ["A", "B"], "meshes": []},
         "long_answer": "", "final_decision": "yes"},
        {}, "yes",
    ),
    (
        "arc",
        {"id": "Mercury_1", "question": "Q?", "choices": {"text": LONG, "label": ["A", "B", "C", "D"]},
         "answerKey": "C"},
        {}, "C",
    ),
    ("bbh", {"input": "Q?\nOptions:\n(A) one\n(B) two", "target": "(B)"}, {}, "So the answer is (b)."),
    ("arc", {"id": "x", "question": "Q?", "choices": {"text": LONG, "label": list("1234")}, "answerKey": "3"}, {}, "C"),
    ("arc", {"id": "x", "question": "Q?", "choices": {"text": LONG, "label": list("BACD")}, "answerKey": "B"}, {}, "A"),
    ("arc", {"id": "x", "question": "Q?", "choices": {"text": LONG, "label": list("4321")}, "answerKey": "1"}, {}, "D"),
    (
        "mmlu_pro",
        {"question_id": 71, "question": "Q?", "options": ["one", "N/A", "three", "four", "N/A"], "answer": "C",
         "answer_index": 2, "category": "law"},
        {}, "The answer is three.",
    ),
    (
        "hellaswag",
        {"ind": 24, "activity_label": "Roof", "ctx_a": "He sits.", "ctx_b": "he", "ctx": "He sits. he",
         "endings": LONG, "source_id": "x~1", "split": "val", "split_type": "indomain", "label": "2"},
        {}, "C",
    ),
    ("winogrande", {"sentence": "A saw B because _ was tall.", "option1": "A", "option2": "B", "answer": "2"}, {}, "B"),
    ("boolq", {"question": "is it so", "passage": "It is so.", "answer": True}, {}, "yes"),
    ("boolq", {"question": "is it so", "passage": "It is so.", "answer": False}, {}, "no"),
]  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataWorld:
    return DataWorld(tmp_path, capsys)


@pytest.mark.long(but=4)
@pytest.mark.parametrize(("name", "record", "more", "reply"), HUB)
def test_a_built_in_task_takes_the_published_file(
    world: DataWorld, name: str, record: dict[str, Any], more: dict[str, Any], reply: str
) -> None:
    ran, rows = world.run([record], reply=reply, use=name, **{"with": {"path": "d.jsonl", **more}})
    assert ran.code == 0, ran.err
    assert str(rows[0].outcome) == "right", (rows[0].prompt[-1].content, rows[0].target, rows[0].reason)


BAD: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("mmlu", {"question": "Q?", "subject": "s", "choices": LONG, "answer": 4}, {"shots": 0}),
    ("mmlu", {"question": "Q?", "subject": "s", "choices": LONG, "answer": -1}, {"shots": 0}),
    ("mmlu", {"question": "Q?", "subject": "s", "choices": LONG, "answer": ""}, {"shots": 0}),
    ("mmlu", {"question": "Q?", "subject": "s", "choices": LONG, "answer": None}, {"shots": 0}),
    ("mmlu_pro", {"question_id": 1, "question": "Q?", "options": LONG, "answer": "", "category": "x"}, {}),
    ("mmlu_pro", {"question_id": 1, "question": "Q?", "options": LONG, "answer": "E", "category": "x"}, {}),
    ("arc", {"id": "x", "question": "Q?", "choices": {"text": LONG, "label": list("ABCD")}, "answerKey": ""}, {}),
    ("hellaswag", {"ind": 1, "ctx": "u", "endings": LONG, "label": "", "activity_label": "x"}, {}),
    ("winogrande", {"sentence": "A _ B", "option1": "A", "option2": "B", "answer": ""}, {}),
    ("winogrande", {"sentence": "A _ B", "option1": "A", "option2": "B", "answer": "0"}, {}),
    ("boolq", {"question": "q", "passage": "p", "answer": None}, {}),
    ("truthfulqa", {"question": "Q?", "mc1_targets": {"choices": ["u", "w"], "labels": [0, 0]}}, {}),
    ("truthfulqa", {"question": "Q?", "mc1_targets": {"choices": ["u", "w"], "labels": [1, 1]}}, {}),
    ("gpqa", {"Question": "Q?", "Correct Answer": None, "Incorrect Answer 1": "u", "Incorrect Answer 2": "w",
              "Incorrect Answer 3": "z"}, {}),
    ("pubmedqa", {"pubid": 1, "question": "Q?", "context": {"contexts": ["u"]}, "final_decision": ""}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "record", "more"), BAD)
def test_a_published_record_without_a_right_answer_is_refused(
    world: DataWorld, name: str, record: dict[str, Any], more: dict[str, Any]
) -> None:
    assert "d.jsonl:1" in world.said([record], use=name, **{"with": {"path": "d.jsonl", **more}})


def test_both_forms_are_the_same_samples(world: DataWorld) -> None:
    own = {"question": "Q?", "subject": "s", "choices": LONG, "answer": "C", "split": "test"}
    hub = {"question": "Q?", "subject": "s", "choices": LONG, "answer": 2}
    found = []
    for record in (own, hub):
        _, rows = world.run([record], use="mmlu", **{"with": {"path": "d.jsonl", "shots": 0}})
        found.append((rows[0].sample_digest, rows[0].target_digest))
    assert found[0] == found[1]


def test_the_place_of_the_right_option_says_nothing(world: DataWorld) -> None:
    records = [
        {"Question": f"Q{i}?", "Correct Answer": "r", "Incorrect Answer 1": "u", "Incorrect Answer 2": "w",
         "Incorrect Answer 3": "z", "Record ID": f"rec{i}"}
        for i in range(40)
    ]  # fmt: skip
    _, rows = world.run(records, reply="A", use="gpqa", **{"with": {"path": "d.jsonl"}})
    assert 2 <= sum(str(row.outcome) == "right" for row in rows) <= 20


def test_one_option_left_is_nothing_to_choose_and_is_counted(world: DataWorld) -> None:
    record = {"question_id": 1, "question": "Q?", "options": LONG, "answer": "C", "category": "law"}
    noted = world.noted(
        [record, {**record, "question_id": 2, "options": ["one"], "answer": "A"}],
        use="mmlu_pro",
        **{"with": {"path": "d.jsonl"}},
    )
    assert "1 record" in noted and "one option" in noted


def test_columns_can_be_mapped_to_fields(world: DataWorld) -> None:
    fields = {"question": "Frage Text", "choices": "Optionen", "answer": "Richtig"}
    record = {"Frage Text": "Q?", "Optionen": LONG, "Richtig": "B", "subject": "s"}
    ran, rows = world.run(
        [record],
        reply="B",
        use="mmlu",
        **{"with": {"data": {"path": "d.jsonl", "fields": fields, "where": {}}, "shots": 0}},
    )
    assert ran.code == 0, ran.err
    assert str(rows[0].outcome) == "right"
    said = world.said(
        [record], use="mmlu", **{"with": {"data": {"path": "d.jsonl", "fields": {"question": "Frage"}}, "shots": 0}}
    )
    assert "'Frage'" in said and "Frage Text" in said


def test_a_file_of_one_split_gives_no_examples_of_itself(world: DataWorld) -> None:
    records = [{"question": f"Q{i}?", "subject": "s", "choices": LONG, "answer": i % 4} for i in range(9)]
    said = world.said(records, use="mmlu", **{"with": {"path": "d.jsonl"}})
    assert "'split'" in said and "shots" in said
