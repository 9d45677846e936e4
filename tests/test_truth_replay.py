"""Recorded answers and examples: each answer belongs to the sample that it was given to, or nobody is scored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.data_world import DataWorld, lines
from tests.world import Ran


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataWorld:
    return DataWorld(tmp_path, capsys)


REPLAY = {"adapter": "replay", "path": "answers.jsonl"}


def answered(
    world: DataWorld, records: Sequence[dict[str, Any]], answers: Sequence[dict[str, Any]], **keys: Any
) -> tuple[Ran, list[Any]]:
    (world.folder / "answers.jsonl").write_bytes(lines(answers))
    return world.run(records, model=keys.pop("model", REPLAY), **keys)


def asked(ids: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"id": name, "q": f"q{i}", "a": f"a{i}"} for i, name in enumerate(ids)]


def said(ids: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"id": name, "text": f"a{i}"} for i, name in enumerate(ids)]


def test_answers_counted_from_zero_never_go_to_questions_counted_from_one(world: DataWorld) -> None:
    records = [{"q": f"q{i}", "a": f"a{i}"} for i in range(150)]
    ran, _ = answered(world, records, said([str(i) for i in range(150)]))
    assert ran.code == 2 and "counted from 0" in ran.err and "1 sample" in ran.err


def test_nor_the_other_way_round(world: DataWorld) -> None:
    ran, _ = answered(world, asked(range(20)), said(range(1, 21)))
    assert ran.code == 2 and "answers.jsonl" in ran.err


@pytest.mark.long(but=4)
@pytest.mark.parametrize(
    ("ids", "answers"),
    [
        (["1", "2"], [1, 2]),
        ([1, 2], ["1", "2"]),
        (["1", "2"], [1.0, 2.0]),
        ([1.0, 2.0], ["1", "2"]),
        ([1.0, 2.0], [1, 2]),
        (["1", "2"], ["1.0", "2.0"]),
        (["t-1", "t-2"], ["t-1", "t-2"]),
        (["007", "7"], ["007", "7"]),
        ([True, False], ["true", "false"]),
        (["a b", "c"], ["a b", "c"]),
    ],
)
def test_the_same_number_is_the_same_id_however_it_is_written(
    world: DataWorld, ids: list[Any], answers: list[Any]
) -> None:
    ran, rows = answered(world, asked(ids), said(answers))
    assert ran.code == 0, ran.err
    assert [str(row.outcome) for row in rows] == ["right", "right"]


@pytest.mark.parametrize(
    ("ids", "answers", "words"),
    [
        (["1", "2", "3"], ["1", "2"], ["'3'", "no answer"]),
        (["1", "2"], ["1", "2", "9"], ["'9'", "no sample"]),
        (["007", "8"], ["7", "8"], ["'007'"]),
        (["T1", "T2"], ["t1", "t2"], ["'T1'"]),
        (["1.5", "2.5"], [1, 2], ["'1.5'"]),
        (["1", "1.0"], ["1", "2"], ["'2'"]),
        (["a", "b"], [None, "b"], ["answers.jsonl:1"]),
        (["a", "b"], ["", "b"], ["answers.jsonl:1"]),
    ],
)
def test_an_answer_or_a_sample_without_its_partner_stops_the_run(
    world: DataWorld, ids: list[Any], answers: list[Any], words: list[str]
) -> None:
    ran, _ = answered(world, asked(ids), said(answers))
    assert ran.code == 2 and all(word in ran.err for word in words), ran.err


@pytest.mark.parametrize(
    ("ids", "answers"), [(["1", "1.0"], ["1"]), ([1.0, 1], [1]), (["7", "7.00"], ["7.0"]), (["1", 1.0, "2"], [1, 2])]
)
@pytest.mark.parametrize("partial", [False, True])
def test_one_answer_is_never_given_to_two_samples(
    world: DataWorld, ids: list[Any], answers: list[Any], partial: bool
) -> None:
    ran, _ = answered(world, asked(ids), said(answers), model={**REPLAY, "partial": partial})
    # Whole numbers that are floats are one id already where the records are read.
    assert ran.code == 2 and ("one answer for both" in ran.err or "ids must differ" in ran.err), ran.err


def test_a_file_of_more_answers_is_taken_where_the_suite_says_so(world: DataWorld) -> None:
    ran, rows = answered(world, asked(["1", "2"]), said(["1", "2", "9"]), model={**REPLAY, "partial": True})
    assert ran.code == 0 and "1 answer" in ran.err and len(rows) == 2


def test_partial_is_no_way_round_a_shift(world: DataWorld) -> None:
    records = [{"q": f"q{i}", "a": f"a{i}"} for i in range(9)]
    ran, _ = answered(world, records, said(range(9)), model={**REPLAY, "partial": True})
    assert ran.code == 2 and "counted from 0" in ran.err


def test_a_sample_without_an_answer_ends_incomplete_even_where_partial(world: DataWorld) -> None:
    ids = [f"t{i}" for i in range(150)]
    ran, _ = answered(world, asked(ids), said(ids[:-1]), model={**REPLAY, "partial": True})
    assert ran.code == 4 and "1 sample" in ran.err


def test_a_missing_recorded_answer_is_not_promised_to_come_by_asking_again(world: DataWorld) -> None:
    ran, _ = answered(world, asked(["1", "2", "3"]), said(["1", "2"]), model={**REPLAY, "partial": True})
    assert ran.code == 4 and "stay without one" in ran.err
    assert "Run the same command again" not in ran.err


def test_a_look_at_some_samples_leaves_the_other_answers_alone(world: DataWorld) -> None:
    (world.folder / "answers.jsonl").write_bytes(lines(said(["1", "2", "3"])))
    suite = world.suite(asked(["1", "2", "3"]), model=REPLAY)
    assert world.ran(suite, "--limit", "1")[0].code == 0
    where = world.suite(asked(["1", "2", "3"]), model=REPLAY, data={"path": "d.jsonl", "where": {"q": "q1"}})
    assert world.ran(where)[0].code == 0


def test_two_tasks_may_not_share_ids_for_different_questions(world: DataWorld) -> None:
    (world.folder / "answers.jsonl").write_bytes(lines(said(["1", "2"])))
    (world.folder / "other.jsonl").write_bytes(lines([{"q": "else?", "a": "z"}, {"q": "more?", "a": "z"}]))
    task = {"name": "t", "data": "d.jsonl", "prompt": "{{ q }}", "target": "{{ a }}", "score": "exact"}
    other = {**task, "name": "u", "data": "other.jsonl"}
    ran, _ = world.run([{"q": "b", "a": "x"}, {"q": "c", "a": "y"}], model=REPLAY, tasks=[task, other])
    assert ran.code == 2 and "'1'" in ran.err and "two tasks" in ran.err
    again, _ = world.run(
        [{"q": "b", "a": "x"}, {"q": "c", "a": "y"}], model=REPLAY, tasks=[task, {**task, "name": "u"}]
    )
    assert again.code == 0, "one file asked by two tasks is the same question"


def test_repeats_of_one_recorded_answer_are_refused_before_the_run(world: DataWorld) -> None:
    ran, _ = answered(world, asked(["1", "2"]), said(["1", "2"]), run={"repeats": 4})
    assert ran.code == 2 and "repeats" in ran.err


@pytest.mark.parametrize(
    "taken", ["1:turn2", "1:turn3"],
)  # fmt: skip
def test_an_id_that_a_turn_would_take_is_refused(world: DataWorld, taken: str) -> None:
    records = [
        {"id": "1", "q": "a", "more": ["b", "c"], "g": "A"},
        {"id": taken, "q": "z", "more": [], "g": "Z"},
    ]
    said = world.said(records, turns="{{ more }}", target="{{ g }}", score="contains")
    assert repr(taken) in said and "turn" in said


def test_an_id_that_an_order_would_take_is_refused(world: DataWorld) -> None:
    records = [{"id": name, "q": name, "a": "u", "c": ["u", "w"]} for name in ("1", "1:order2")]
    said = world.said(records, permute=2, choices="{{ c }}", score="choice")
    assert "'1:order2'" in said


# Few-shot examples


def shots(question: dict[str, Any], *examples: dict[str, Any]) -> list[dict[str, Any]]:
    records = [{"id": "1", "split": "test", **question}]
    return records + [{"id": f"e{i}", "split": "dev", **example} for i, example in enumerate(examples)]


FEW: dict[str, Any] = {"data": {"path": "d.jsonl", "where": {"split": "test"}}, "shots": {"where": {"split": "dev"}}}


@pytest.mark.long(but=4)
@pytest.mark.parametrize(
    ("question", "twin"),
    [
        ("2+2?", "2+2? "),
        ("2+2?", " 2+2?\n"),
        ("What is it now?", "What is  it\tnow?"),
        ("What is it now?", "WHAT IS IT NOW?"),
        ("What is it now?", "What is it now"),
        ("What is “it” now?", 'What is "it" now?'),
        ("caf\u00e9?", "cafe\u0301?"),
        ("Ｗhat is it?", "What is it?"),
        ("It's here?", "It’s here?"),
        ("a\u00a0b?", "a b?"),
        ("What is it now?", "What\u200b is it now?\ufeff"),
        ("What is it now?", "**What is it now?**"),
        ("What’s 5 % of 20?", "What's 5% of 20?"),
        ("Is it A & B?", "Is it A &amp; B?"),
        ("What is it – now?", "What is it - now?"),
    ],
)
def test_a_question_is_not_asked_beside_its_own_answer(world: DataWorld, question: str, twin: str) -> None:
    records = shots({"q": question, "a": "4"}, {"q": "1+1?", "a": "2"}, {"q": twin, "a": "4"})
    ran, rows = world.run(records, **FEW)
    assert ran.code == 0, ran.err
    assert [turn.content for turn in rows[0].prompt] == ["1+1?", "2", question]
    assert "1 sample" in ran.err and "example" in ran.err


def test_nor_with_its_options_in_another_order(world: DataWorld) -> None:
    records = shots(
        {"q": "b?", "a": "u", "c": ["u", "w"]},
        {"q": "b?", "a": "u", "c": ["w", "u"]},
        {"q": "d?", "a": "u", "c": ["w", "u"]},
    )
    _, rows = world.run(records, choices="{{ c }}", score="choice", **FEW)
    assert len(rows[0].prompt) == 3 and "d?" in rows[0].prompt[0].content


@pytest.mark.parametrize(
    ("question", "other"),
    [("2+2?", "2+3?"), ("x > 2?", "x < 2?"), ("-5?", "5?"), ("a b", "ab"), ("2**4", "24"), ("x − y", "x + y")],
)
def test_another_question_stays_an_example(world: DataWorld, question: str, other: str) -> None:
    _, rows = world.run(shots({"q": question, "a": "4"}, {"q": other, "a": "5"}), **FEW)
    assert len(rows[0].prompt) == 3


def test_near_duplicates_are_said(world: DataWorld) -> None:
    question = (
        "A train leaves the old station at noon and travels for three hours to the coast; how far did it go then?"
    )
    near = question.replace("coast", "sea")
    noted = world.noted(shots({"q": question, "a": "4"}, {"q": near, "a": "4"}, {"q": "1+1?", "a": "2"}), **FEW)
    assert "nearly" in noted and "1 sample" in noted
