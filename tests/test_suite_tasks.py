"""evalkit.suite.tasks: the same file gives the same samples, and what cannot be asked is said beforehand."""

from __future__ import annotations

import gc
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Message
from evalkit.suite import examination
from evalkit.suite.digests import canonical_json, digest
from evalkit.suite.examination import HELD
from evalkit.suite.loading import load_suite
from evalkit.suite.tasks import ResolvedTask

Records = list[dict[str, Any]]
TICKETS: Records = [
    {"id": f"t{i}", "text": f"Ticket {i}", "label": ["approve", "deny"][i % 2], "lang": ["en", "de"][i % 2], "p": i % 3}
    for i in range(1, 7)
]
CHOICE = """
    prompt: "{{ text }}"
    choices: [approve, deny, escalate]
    target: "{{ label }}"
    score: choice
    slices: [lang]
    critical: "{{ p == 0 }}"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def task(records: Records, body: str = CHOICE, data: str = "d.jsonl") -> ResolvedTask:
    Path("d.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    Path("s.yaml").write_text(
        f"name: x\nmodels:\n  m: {{adapter: scripted}}\ntasks:\n  - name: refunds\n    data: {data}\n{body}"
    )
    return load_suite(Path("s.yaml")).tasks[0]


def test_a_record_becomes_a_sample() -> None:
    sample = next(task(TICKETS).samples())
    assert (sample.task, sample.id, sample.target, sample.occurrence) == ("refunds", "t1", "deny", 0)
    assert sample.choices == ("approve", "deny", "escalate")
    assert sample.messages[0].content.startswith(
        "Ticket 1\n\nA. approve\nB. deny\nC. escalate\n\nAnswer with the letter"
    )
    assert sample.slices == {"lang": "de"}
    assert sample.fields == TICKETS[0]
    assert [s.critical for s in task(TICKETS).samples()] == [False, False, True, False, False, True]


def test_identity_is_what_is_asked_and_not_how_the_file_is_made() -> None:
    before = [s.digest for s in task(TICKETS).samples()]
    renamed = [{"label": r["label"], "ref": r["id"], "lang": "fr", "p": 1, "text": r["text"]} for r in TICKETS]
    assert [s.digest for s in task(renamed).samples()] == before
    other = [{**r, "label": "escalate"} for r in TICKETS]
    changed = list(task(other).samples())
    assert [s.digest for s in changed] == before
    assert not {s.target_digest for s in changed} & {s.target_digest for s in task(TICKETS).samples()}
    asked = [{**r, "text": r["text"] + "!"} for r in TICKETS]
    assert not {s.digest for s in task(asked).samples()} & set(before)


def test_digests_are_a_contract() -> None:
    assert canonical_json({"b": [1, 1.0, None, "é"], "a": True}) == '{"a":true,"b":[1,1.0,null,"é"]}'.encode()
    expected = hashlib.sha256(b'evalkit.sample/1\0{"choices":[],"fields":{"q":"hi"}}').hexdigest()[:32]
    assert digest("evalkit.sample/1", {"fields": {"q": "hi"}, "choices": []}) == expected
    sample = next(task([{"q": "hi", "id": 7}], '    prompt: "{{ q }}"\n    score: exact\n').samples())
    assert (sample.digest, sample.id) == (expected, "7")
    for bad in (float("nan"), float("inf"), "\ud800"):
        with pytest.raises(ValueError):
            canonical_json([bad])
    within: list[object] = []
    within.append(within)
    for _ in range(2):  # the one encoder that writes all values keeps nothing of those that it refused
        with pytest.raises(ValueError, match="Circular"):
            canonical_json({"a": within})
        with pytest.raises(TypeError):
            canonical_json({"a": [b"bytes"]})
    again = {"b": "\u2028\x1f\n", "a": (1e16, 10**30, -0.0), "é": {}}
    written = json.dumps(again, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert canonical_json(again) == written.encode()


def test_samples_that_ask_the_same_are_told_apart_by_occurrence() -> None:
    records = [{**TICKETS[0], "id": str(i), "text": text} for i, text in enumerate("abaab")]
    refunds = task(records)
    assert [s.occurrence for s in refunds.samples()] == [0, 0, 1, 2, 1]
    assert refunds.examine().n_alike == 3


def test_without_an_id_the_line_names_the_sample() -> None:
    records = [{k: v for k, v in r.items() if k != "id"} for r in TICKETS]
    assert [s.id for s in task(records).samples()] == ["1", "2", "3", "4", "5", "6"]
    named = task(TICKETS, data="{path: d.jsonl, id: text}")
    assert next(named.samples()).id == "Ticket 1"


def test_every_record_that_cannot_be_asked_is_named_with_its_place() -> None:
    records = [
        TICKETS[0],
        {**TICKETS[1], "label": "maybe"},
        {k: v for k, v in TICKETS[2].items() if k != "text"},
        {k: v for k, v in TICKETS[3].items() if k != "lang"},
        {**TICKETS[4], "id": "t1"},
    ]
    found = task(records).examine()
    assert found.complaints == (
        "d.jsonl:2 (sample 't2'): renders 'maybe', which is none of the options "
        "['approve', 'deny', 'escalate'] (s.yaml:5: tasks[0].target)",
        "d.jsonl:3 (sample 't3'): {{ text }} is no field of the record; "
        "known are id, label, lang, p, choices, letters, options (s.yaml:5: tasks[0].prompt)",
        "d.jsonl:4 (sample 't4'): the record has no field 'lang'; "
        "its fields are id, text, label, p (s.yaml:5: tasks[0].slices)",
        "d.jsonl:5: the id 't1' stands in d.jsonl:1 too; ids must differ: "
        "change one, or name another column with id: COLUMN (s.yaml:5: tasks[0].data)",
    )
    with pytest.raises(SuiteError, match="renders 'maybe'"):
        list(task(records).samples())


def test_a_missing_id_column_is_answered_with_the_columns() -> None:
    found = task(TICKETS, data="{path: d.jsonl, id: ticket}").examine().complaints
    assert found[0].startswith("d.jsonl:1: the record has no field 'ticket'; its fields are id, text, label")
    assert found[0].endswith("(s.yaml:5: tasks[0].data.id); and 5 more like this")
    null = task([{**TICKETS[0], "id": None}]).examine().complaints
    assert "must name the record (value seen: None)" in null[0]


def test_complaints_of_one_kind_are_one_line_with_a_count() -> None:
    records = [{**TICKETS[0], "id": str(i), "label": "maybe"} for i in range(1, 1001)]
    found = task(records).examine()
    assert len(found.complaints) == 1
    assert found.complaints[0].endswith("(s.yaml:5: tasks[0].target); and 999 more like this")


def test_missing_and_empty_data_are_complaints_too() -> None:
    assert "holds no record" in task([]).examine().complaints[0]
    missing = task(TICKETS, data="e.jsonl")
    assert "tasks[0].data: e.jsonl: there is no such file" in missing.examine().complaints[0]
    assert "did you mean d.jsonl?" in missing.examine().complaints[0]


def test_a_null_group_is_unknown_and_not_a_group() -> None:
    body = CHOICE.replace("slices: [lang]", "slices: [lang]\n    cluster: conv")
    records = [{**TICKETS[0], "lang": None, "conv": None}, {**TICKETS[1], "conv": 7}]
    first, second = task(records, body).samples()
    assert (first.slices, first.cluster) == ({}, None)
    assert (second.slices, second.cluster) == ({"lang": "en"}, "7")


def test_a_limit_is_a_seeded_subset_that_does_not_depend_on_the_order() -> None:
    many = [{**TICKETS[0], "id": f"t{i}", "text": f"Ticket {i}"} for i in range(400)]
    limited = task(many, CHOICE + "    limit: 20\n")
    ids = [s.id for s in limited.samples()]
    assert len(ids) == 20
    assert limited.examine().n == 20
    assert ids == sorted(ids, key=lambda i: int(i[1:]))
    assert {s.id for s in task(many[::-1], CHOICE + "    limit: 20\n").samples()} == set(ids)
    assert set(ids) <= {s.id for s in task(many, CHOICE + "    limit: 30\n").samples()}
    other = task(many, CHOICE + "    limit: {n: 20, seed: 1}\n")
    assert {s.id for s in other.samples()} != set(ids)
    assert len({limited.identity_digest, other.identity_digest, task(many).identity_digest}) == 3
    assert task(many[:5], CHOICE + "    limit: 20\n").examine().n == 5


def test_a_limit_keeps_occurrences_of_the_whole_file() -> None:
    alike = [{**TICKETS[0], "id": str(i)} for i in range(10)]
    found = [s.occurrence for s in task(alike, CHOICE + "    limit: 4\n").samples()]
    assert len(set(found)) == 4


def test_identity_follows_the_task_and_not_its_data() -> None:
    before = task(TICKETS).identity_digest
    assert task(TICKETS[:2]).identity_digest == before
    assert task(TICKETS, CHOICE.replace("slices: [lang]", "slices: [p]")).identity_digest == before
    for old, new in (
        ("{{ text }}", "{{ text }}."),
        ("escalate", "other"),
        ("score: choice", "score: {choice: {a: 1}}"),
        ("score: choice", "score: choice\n    settings: {temperature: 0}"),
        ("score: choice", "score: choice\n    mode: likelihood"),
        ("score: choice", "score: choice\n    shots: [{text: s, label: deny, p: 1}]"),
        ("score: choice", "score: choice\n    system: Hi"),
    ):
        assert task(TICKETS, CHOICE.replace(old, new)).identity_digest != before, new


def test_examples_stand_before_the_question_with_their_letter() -> None:
    shots = "    shots: [{text: Broken, label: approve}, {text: Late, label: deny}]\n"
    sample = next(task(TICKETS, CHOICE + shots + "    system: Be brief.\n").samples())
    assert [m.role for m in sample.messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert sample.messages[2] == Message("assistant", "A")
    assert sample.messages[3].content.startswith("Late\n\nA. approve")
    text = task(TICKETS, CHOICE + shots + "    mode: likelihood\n")
    assert next(text.samples()).messages[1] == Message("assistant", "approve")


def test_examples_come_from_a_file_by_seed_and_group() -> None:
    pool = [{"text": f"Old {i}", "label": "deny", "lang": ["en", "de"][i % 2]} for i in range(20)]
    Path("pool.jsonl").write_text("".join(json.dumps(r) + "\n" for r in pool))
    first = next(task(TICKETS, CHOICE + "    shots: {path: pool.jsonl, n: 2, same: lang}\n").samples())
    assert [m.content.split("\n")[0] for m in first.messages] == ["Old 1", "B", "Old 3", "B", "Ticket 1"]
    seeded = [task(TICKETS, CHOICE + f"    shots: {{path: pool.jsonl, n: 3, seed: {s}}}\n") for s in (1, 1, 2)]
    a, b, c = (t.identity_digest for t in seeded)
    assert a == b != c
    for shots, expected in (
        ("{path: pool.jsonl, n: 12, same: lang}", "12 examples are asked for; there are 10 with lang: 'en'"),
        ("{path: pol.jsonl, n: 1}", "did you mean pool.jsonl"),
        ("{path: pool.jsonl, n: 1, same: text}", "there is no example with text: 'Ticket 1'"),
        ("[{text: x, label: no}]", "records[0]: target renders 'no', which is none of the options"),
    ):
        found = task(TICKETS, CHOICE + f"    shots: {shots}\n").examine().complaints
        assert expected in found[0]
        assert "s.yaml:5: tasks[0].shots" in found[0]


def test_a_question_never_sees_itself_among_its_examples() -> None:
    shots = "    shots: [{text: Ticket 3, label: deny}, {text: Late, label: deny}]\n"
    seeing = task(TICKETS, CHOICE + shots)
    assert seeing.examine().n_left_out == 1
    assert [len(s.messages) for s in seeing.samples()] == [5, 5, 3, 5, 5, 5]


def test_without_a_target_the_rest_of_the_record_is_the_goal() -> None:
    body = '    prompt: "{{ q }}"\n    score: instructions\n'
    one, same, other = (
        next(task([{"id": i, "q": "Write.", "rules": [rule]}], body).samples()) for i, rule in enumerate("aab")
    )
    assert one.target is None
    assert one.target_digest == same.target_digest != other.target_digest
    assert one.digest == same.digest == other.digest


def test_a_number_that_json_lacks_is_a_complaint() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"q": [1.5, float("nan")]}), "n.parquet")
    found = task([], '    prompt: "{{ q }}"\n    score: exact\n', data="n.parquet").examine().complaints
    assert len(found) == 1
    assert "n.parquet row 2: the field 'q' holds NaN (no number), which is no value to ask about" in found[0]


@pytest.mark.long
def test_a_large_task_is_streamed_again_and_gives_the_same() -> None:
    many = [{**TICKETS[0], "id": f"t{i}", "text": f"Ticket {i % 5400}"} for i in range(5_500)]
    large = task(many)
    once = [(s.id, s.digest, s.occurrence) for s in large.samples()]
    found = large.examine()
    assert (found.n, found.complaints, found.n_alike) == (5_500, (), 100)
    assert [(s.id, s.digest, s.occurrence) for s in large.samples()] == once


@pytest.mark.parametrize(
    ("name", "path", "n", "first"),
    [
        ("gsm8k", "gsm8k/test.jsonl.gz", 1_319, "18"),
        ("ifeval", "ifeval/input_data.jsonl", 541, None),
        ("mmlu", "mmlu/mmlu.jsonl.gz", 14_042, "2"),
    ],
)
@pytest.mark.long(but=2)
def test_built_in_tasks_read_the_published_files(
    shared_data: Path, name: str, path: str, n: int, first: str | None
) -> None:
    Path("s.yaml").write_text(
        "name: x\nmodels: {m: {adapter: scripted}}\n"
        f"tasks: [{{use: {name}, with: {{path: {shared_data / path}}}}}]\n"
    )
    task = load_suite(Path("s.yaml")).tasks[0]
    found, sample = task.examine(), next(iter(task.samples()))
    assert (found.n, found.complaints) == (n, ())
    assert sample.target == ("4" if name == "mmlu" else first)
    assert len(sample.messages) == (11 if name == "mmlu" else 1)


@pytest.mark.long
def test_many_tasks_over_one_file_hold_no_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "MOST_BYTES", 300_000)
    record = {"q": "Why?", "pages": [str(number) for number in range(1_000)]}
    Path("d.jsonl").write_text(json.dumps(record) + "\n")
    entry = "{name: tN, data: d.jsonl, prompt: '{{ q }}', target: x, score: exact}"
    tasks = ", ".join(entry.replace("tN", f"t{number}") for number in range(20))
    Path("s.yaml").write_text(f"name: x\nmodels: {{m: {{adapter: scripted}}}}\ntasks: [{tasks}]\n")
    gc.collect()
    before = HELD._n_bytes
    suite = load_suite(Path("s.yaml"))
    assert [task.examine().n for task in suite.tasks] == [1] * 20
    assert 64_000 <= HELD._n_bytes - before <= 300_000
    assert all(next(iter(task.samples())).fields == record for task in suite.tasks)
    del suite
    gc.collect()
    assert HELD._n_bytes <= before
