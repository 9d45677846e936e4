"""`evalkit init --from FILE`: a suite of one's own file, proposed, explained, checked, and nothing sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from evalkit.suite.source_map import parse
from tests.conftest import REPO
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]
QUEUES = ("billing", "shipping", "technical")


def made(capsys: Capture, path: Path, *more: object) -> tuple[Ran, dict[str, object]]:
    """What the command said, and the suite as data; it must have passed its check."""
    ran = evalkit(capsys, "init", "--from", path, *more)
    assert ran.code == 0, ran.err
    suite = parse((path.parent / "suite.yaml").read_text("utf-8"), "suite.yaml").data
    assert isinstance(suite, dict)
    return ran, suite


def task_of(suite: Mapping[str, object]) -> dict[str, object]:
    tasks = suite["tasks"]
    assert isinstance(tasks, list) and isinstance(tasks[0], dict)
    return tasks[0]


def csv(path: Path, header: str, rows: Sequence[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def jsonl(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def tickets(folder: Path) -> Path:
    rows = [
        f'{i};"My parcel number {i} and the invoice of it";{QUEUES[i % 3]};{("en", "de")[i % 2]};ann{i}'
        for i in range(30)
    ]
    return csv(folder / "tickets.csv", "Ticket Id;Customer Message;Queue;Language;Agent", rows)


def test_a_file_of_labels_becomes_a_choice_with_its_labels_and_shows_the_prompt(
    capsys: Capture, tmp_path: Path
) -> None:
    ran, suite = made(capsys, tickets(tmp_path))
    task = task_of(suite)
    assert task["choices"] == list(QUEUES) and task["score"] == "choice" and task["slices"] == ["Language"]
    assert task["data"] == {"path": "tickets.csv", "id": "Ticket Id"}
    assert "30 records, 5 columns, separated by semicolons" in ran.out
    assert "billing 10, shipping 10, technical 10" in ran.out
    assert "Customer Message: My parcel number 0 and the invoice of it" in ran.out
    assert "not shown     Agent" in ran.out and "Nothing was sent" in ran.out
    first = (tmp_path / "suite.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=suite.schema.json"
    assert (tmp_path / "suite.schema.json").read_bytes() == (REPO / "suites" / "suite.schema.json").read_bytes()
    assert suite["gate"] == {
        "baseline": "gpt-6-luna",
        "candidates": ["claude-haiku-5-5"],
        "rules": [{"quality": "all", "margin": 0.05}],
    }


def test_too_few_records_for_the_proposed_margin_are_said_with_the_number_that_would_do(
    capsys: Capture, tmp_path: Path
) -> None:
    ran, _ = made(capsys, tickets(tmp_path))
    said = " ".join(ran.out.split())
    assert (
        "on 30 items an equally good candidate passes the gate's quality of all tasks (margin 0.05) with a chance of "
        "12 %" in said
    )
    assert "items would make that 80 %" in said and "fine. 60 rows:" in said


def test_copies_are_told_as_the_check_and_the_gate_take_them(capsys: Capture, tmp_path: Path) -> None:
    rows = [f"Text number {i} of them,{QUEUES[i % 3]}" for i in range(200)]
    for n, (more, told) in enumerate(
        [
            (["Text number 1 of them,shipping"], "1 record of 201 asks the same as an earlier one: up to 1 % are left"),
            ([*rows[:5]], "5 records of 205 ask the same as an earlier one. Copies count as one"),
            (["text number 1 OF them,shipping"], "1 record of 201 asks what an earlier one asks, spelled or spaced"),
        ]
    ):
        (tmp_path / str(n)).mkdir()
        ran, _ = made(capsys, csv(tmp_path / str(n) / "t.csv", "text,label", [*rows, *more]))
        assert told in ran.out and ("alike items count as one" in ran.out) == ("Copies count as one" in ran.out)


@pytest.mark.long
def test_a_proposed_suite_runs_and_is_gated(capsys: Capture, tmp_path: Path) -> None:
    path = tickets(tmp_path)
    made(capsys, path, "--model", "ctranslate2:tiny", "--model", "ctranslate2:tiny-early")
    ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results", "--no-cache")
    assert ran.code == 0, ran.err
    assert evalkit(capsys, "gate", "latest", "--results", tmp_path / "results").code in {0, 1, 3}


OPTIONS = [{"id": i, "question": f"Which is {i}?", "options": ["x", "y", "z"], "answer": i % 3} for i in range(9)]
LETTERS = [f"What is {i}?,w{i},x{i},y{i},z{i},{'ABCD'[i % 4]}" for i in range(8)]
FROM_ONE = [f"What is {i}?,w{i},x{i},y{i},z{i},{i % 4 + 1}" for i in range(8)]
TEXTS = [f"What is {i}?,w{i},x{i},{'wx'[i % 2]}{i}" for i in range(8)]


@pytest.mark.parametrize(
    ("header", "rows", "target", "shown"),
    [
        ("question,A,B,C,D,answer", LETTERS, "{{ answer if answer in letters }}", "target w0"),
        ("question,option_1,option_2,option_3,option_4,answer", FROM_ONE, "{{ letters[answer|int - 1] }}", "target w0"),
        ("question,choice a,choice b,correct answer", TEXTS, "{{ row['correct answer'] }}", "target w0"),
    ],
)
def test_options_in_columns_of_their_own_are_found(
    header: str, rows: Sequence[str], target: str, shown: str, capsys: Capture, tmp_path: Path
) -> None:
    ran, suite = made(capsys, csv(tmp_path / "quiz.csv", header, rows))
    assert task_of(suite)["target"] == target and task_of(suite)["score"] == "choice"
    assert shown in ran.out and "A. w0" in ran.out


def test_a_list_of_options_with_a_number_that_counts_from_zero(capsys: Capture, tmp_path: Path) -> None:
    one = {"id": 99, "question": "Which one?", "options": ["x"], "answer": 0}
    ran, suite = made(capsys, jsonl(tmp_path / "quiz.jsonl", [*OPTIONS, one]))
    assert "1 record: fewer than two options" in ran.out
    task = task_of(suite)
    assert task["choices"] == "{{ row['options'] }}" and task["target"] == "{{ letters[answer|int] }}"
    assert "taken to count the options from 0" in ran.out


@pytest.mark.parametrize(
    ("answers", "score", "says"),
    [
        ([f"{i * 7}" for i in range(40)], "numbers", "Reply with the number only."),
        ([f"City {i}" for i in range(20)], {"exact": {"ignore_case": True, "ignore_wrapping": True}}, "answer only"),
        ([json.dumps({"name": f"n{i}", "age": i}) for i in range(20)], "fields", "JSON object"),
        (["A long answer of many words, " * 6 + str(i) for i in range(20)], {"judge": {"by": "judge"}}, "judge"),
    ],
)
def test_the_form_of_the_right_answers_picks_the_scorer(
    answers: Sequence[str], score: object, says: str, capsys: Capture, tmp_path: Path
) -> None:
    rows = [{"question": f"Question {i}, what is it?", "expected": answer} for i, answer in enumerate(answers)]
    ran, suite = made(capsys, jsonl(tmp_path / "own.jsonl", rows))
    assert task_of(suite)["score"] == score and says in ran.out
    assert ("judges" in suite) == (isinstance(score, dict) and "judge" in score)


def test_without_right_answers_a_judge_rates_and_the_way_to_change_it_is_said(capsys: Capture, tmp_path: Path) -> None:
    rows = [{"prompt": f"Write a poem about the number {i}."} for i in range(12)]
    ran, suite = made(capsys, jsonl(tmp_path / "poems.jsonl", rows), "--judge", "anthropic:claude-haiku-5-5")
    assert task_of(suite)["score"] == {"judge": {"by": "judge"}} and "--target COLUMN" in ran.out
    judge = {"adapter": "anthropic", "model": "claude-haiku-5-5", "settings": {"max_output_tokens": 1024}}
    assert suite["judges"] == {"judge": judge}


def test_parquet_and_objects_as_answers(capsys: Capture, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"text": f"Ada number {i}", "label": {"name": f"Ada {i}", "born": 1815 + i}} for i in range(10)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "own.parquet")
    _, suite = made(capsys, tmp_path / "own.parquet")
    assert task_of(suite)["score"] == "fields" and "name, born" in str(task_of(suite)["prompt"])


def test_what_cannot_be_asked_is_left_out_counted_and_named(capsys: Capture, tmp_path: Path) -> None:
    rows = [f"Text number {i} of them,{QUEUES[i % 3].title() if i == 0 else QUEUES[i % 3]}" for i in range(24)]
    path = csv(
        tmp_path / "t.csv", "text,label", [*rows, "no label,", ",billing", "bad", "Text number 1 of them,billing"]
    )
    ran, suite = made(capsys, path)
    assert "left out      1 record: no label" in ran.out and "1 record: no text" in ran.out
    assert "t.csv:28: has 1 cells" in ran.out and "4 spellings of 3 labels" in ran.out
    assert "misspelling" not in ran.out, "another case is no misspelling: it is compared in small letters"
    assert "characters (median)" in ran.out
    assert (
        "1 record of 25 asks the same as an earlier one. Copies count as one" in ran.out
        and "another right answer" in ran.out
    )
    kept = [json.loads(line) for line in (tmp_path / "t.rows.jsonl").read_text("utf-8").splitlines()]
    assert len(kept) == 25 and task_of(suite)["target"] == "{{ label | trim | lower }}"


def test_a_broken_line_is_named_where_nothing_looks_like_a_question(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"n": 1}\n{"n": 2, "text": \n{"n": 3}\n', encoding="utf-8")
    ran = evalkit(capsys, "init", "--from", path)
    assert ran.code == 2 and "bad.jsonl:2" in ran.err and "1 could not be read" in ran.err


@pytest.mark.parametrize("answer", [None, "", "\u2028"])
def test_half_a_character_is_a_sentence_where_rows_are_written_anew(
    capsys: Capture, tmp_path: Path, answer: str | None
) -> None:
    rows = [{"question": f"What is {n}?" + "\ud800" * (n == 6), "answer": str(n)} for n in range(11)]
    rows.append(
        {"question": "And then?", "answer": answer}
    )  # cannot be scored, so the others go to a file of their own
    path = tmp_path / "odd.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ran = evalkit(capsys, "init", "--from", path, tmp_path / "out", "--question", "question", "--target", "answer")
    assert ran.code == 2
    assert "half a character" in ran.err


def test_a_label_that_stands_there_once_is_said(capsys: Capture, tmp_path: Path) -> None:
    rows = [f"Text number {i} of them,{'bilingg' if i == 5 else QUEUES[i % 3]}" for i in range(24)]
    ran, _ = made(capsys, csv(tmp_path / "t.csv", "text,label", rows))
    assert "1 label stands there only once (first: bilingg): a misspelling?" in " ".join(ran.out.split())


def test_a_person_s_word_beats_every_guess(capsys: Capture, tmp_path: Path) -> None:
    path = tickets(tmp_path)
    _, suite = made(capsys, path, "--question", "Agent", "--target", "Language", "--score", "exact")
    assert "{{ Agent }}" in str(task_of(suite)["prompt"]) and task_of(suite)["target"] == "{{ Language }}"
    (tmp_path / "suite.yaml").unlink()
    wrong = evalkit(capsys, "init", "--from", path, "--target", "Langage")
    assert wrong.code == 2 and "did you mean 'Language'?" in wrong.err


def test_nothing_is_overwritten_and_another_folder_gets_a_copy(capsys: Capture, tmp_path: Path) -> None:
    path = tickets(tmp_path)
    made(capsys, path)
    before = (tmp_path / "suite.yaml").read_bytes()
    again = evalkit(capsys, "init", "--from", path)
    assert again.code == 2 and "exists already and is not overwritten" in again.err
    assert (tmp_path / "suite.yaml").read_bytes() == before
    assert evalkit(capsys, "init", tmp_path / "other", "--from", path).code == 0
    assert (tmp_path / "other" / "tickets.csv").read_bytes() == path.read_bytes()
    other = evalkit(capsys, "init", tmp_path / "x", "--target", "Queue")
    assert other.code == 2 and "--from" in other.err


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ("text,label", [], "no record"),
        ("n,m", [f"{i},{i * 2}" for i in range(9)], "--question COLUMN"),
        ("te${HOME}xt,label", [f"words of {i},{'ab'[i % 2]}b" for i in range(9)], "rename it"),
    ],
)
def test_a_file_that_makes_no_suite_is_one_sentence(
    header: str, rows: Sequence[str], said: str, capsys: Capture, tmp_path: Path
) -> None:
    ran = evalkit(capsys, "init", "--from", csv(tmp_path / "f.csv", header, rows))
    assert ran.code == 2 and said in ran.err and "Traceback" not in ran.err
    assert not (tmp_path / "suite.yaml").exists()


def test_a_spreadsheet_is_told_how_to_become_a_table(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04")
    (tmp_path / "s.yaml").write_text(
        "name: s\nsensitivity: public\nmodels: {m: {adapter: scripted, replies: {'*': a}}}\n"
        "tasks: [{name: t, data: book.xlsx, prompt: '{{ q }}', target: a, score: exact}]\n"
    )
    for command in (("init", "--from", tmp_path / "book.xlsx"), ("check", tmp_path / "s.yaml")):
        ran = evalkit(capsys, *command)
        assert ran.code == 2 and "is a spreadsheet; save the sheet as CSV (UTF-8)" in ran.err, ran.err


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("{{ 7 * 7 }} {% raw %}", ("{{ x }}", "{% if %}")),
        ("\x1b[2J words \u202e", ("a\x1b[31m", "b")),
        ("${HOME} words", ("${HOME}", "b")),
        ("yes: [no", ("yes", "no")),
        ("- # 'quote\" \\", ("null", "true")),
        ("words", ("A", "C")),
        ("words", ("0", "1")),
    ],
)
def test_odd_cells_are_data_and_never_obeyed(
    question: str, label: tuple[str, str], capsys: Capture, tmp_path: Path
) -> None:
    rows = [{"text": f"{question} {i}", "label": label[i % 2]} for i in range(12)]
    ran, _ = made(capsys, jsonl(tmp_path / "odd.jsonl", rows))
    told = ran.out.replace(str(tmp_path), "")
    assert "\x1b" not in told and "\u202e" not in told and "49" not in told


def test_options_that_are_letters_themselves_and_odd_right_answers_still_make_a_suite_that_checks(
    capsys: Capture, tmp_path: Path
) -> None:
    quiz = [f"Which letter is {i}?,C,A,B,D,{'ABCD'[i % 4]}" for i in range(8)]
    _, suite = made(capsys, csv(tmp_path / "quiz.csv", "question,A,B,C,D,answer", quiz))
    assert task_of(suite)["target"] == "{{ answer if answer in letters }}"
    (tmp_path / "suite.yaml").unlink()
    sums = [{"question": f"What is {i} + 1?", "answer": str(i * 31 + 1)} for i in range(40)]
    sums.append({"question": "What is 5 in base 3?", "answer": "12_3"})
    ran, suite = made(capsys, jsonl(tmp_path / "sums.jsonl", sums))
    assert task_of(suite)["score"] == "numbers" and "1 record: answer is no number" in ran.out


def test_answers_of_models_ids_and_hashes_are_no_question(capsys: Capture, tmp_path: Path) -> None:
    rows = [{"doc_hash": "a" * 40, "model": "some model", "output": f"said {i}"} for i in range(9)]
    ran = evalkit(capsys, "init", "--from", jsonl(tmp_path / "answers.jsonl", rows))
    assert ran.code == 2 and "--question COLUMN" in ran.err


def test_of_two_columns_of_labels_the_one_that_the_words_foretell_is_the_right_answer_and_the_other_is_named(
    capsys: Capture, tmp_path: Path
) -> None:
    said = {"Versand": "Wo ist mein Paket?", "Rechnung": "Die Rechnung ist falsch.", "Rückgabe": "Ich sende es zurück"}
    rows = [
        f"{text} ({i});{department};{('hoch', 'niedrig')[i % 2]}"
        for i, (department, text) in enumerate([*said.items()] * 12)
    ]
    ran, suite = made(capsys, csv(tmp_path / "anfragen.csv", "Kundennachricht;Abteilung;Priorität", rows))
    assert task_of(suite)["target"] == "{{ Abteilung | trim }}"
    assert "the words of Kundennachricht foretell its values best; Priorität could be too: --target COLUMN" in ran.out
    text = (tmp_path / "suite.yaml").read_text("utf-8")
    assert "# not shown to the models: Priorität" in text
    (tmp_path / "suite.yaml").unlink()
    english = [";".join(row.split(";")[place] for place in (0, 2, 1)) for row in rows]
    ran, suite = made(capsys, csv(tmp_path / "asked.csv", "message;priority;department", english))
    assert task_of(suite)["target"] == "{{ department | trim }}" and "priority could be too" in ran.out


def test_amounts_beside_the_only_text_are_compared_as_numbers_and_other_numbers_are_not(
    capsys: Capture, tmp_path: Path
) -> None:
    rows = [f"{i + 1} chairs at 12.50 each and shipping,{12.5 * (i + 1) + 4.95:.2f}" for i in range(30)]
    ran, suite = made(capsys, csv(tmp_path / "invoices.csv", "Invoice Text,Amount", rows))
    assert task_of(suite)["score"] == "numbers" and "Amount is taken for the right answer" in ran.out
    for header in ("Invoice Text,latency_ms", "Invoice Text,Row id"):
        (tmp_path / "suite.yaml").unlink()
        _, suite = made(capsys, csv(tmp_path / "invoices.csv", header, rows))
        assert "target" not in task_of(suite)


def test_a_label_is_one_label_however_its_letters_were_typed(capsys: Capture, tmp_path: Path) -> None:
    """An umlaut of one sign, and of a letter with its marks behind it, as a Mac writes it."""
    import unicodedata

    typed = [unicodedata.normalize(("NFC", "NFD")[n % 2], "Rückgabe") if n % 3 else "Straße" for n in range(30)]
    rows = [f"{n};Nachricht Nummer {n} zu meinem Paket;{label};{label}" for n, label in enumerate(typed)]
    ran, suite = made(capsys, csv(tmp_path / "mac.csv", "id;Nachricht;label;topic", rows))
    assert task_of(suite)["choices"] == ["Rückgabe", "Straße"] and "Rückgabe 20, Straße 10" in ran.out
    (tmp_path / "answers.jsonl").write_text("".join(f'{{"id": "{n}", "text": "Rückgabe"}}\n' for n in range(30)))
    text = (tmp_path / "suite.yaml").read_text("utf-8")
    models = "models:\n  said: {adapter: replay, path: answers.jsonl}\n"
    (tmp_path / "suite.yaml").write_text(text[: text.index("models:")] + models + text[text.index("\ntasks:") :])
    text = (tmp_path / "suite.yaml").read_text("utf-8")
    (tmp_path / "suite.yaml").write_text(text[: text.index("\n# May a candidate")])
    results = ("--results", tmp_path / "results")
    assert evalkit(capsys, "run", tmp_path / "suite.yaml", *results, "--quiet").code == 0
    shown = evalkit(capsys, "show", *results, "--json").json["models"]["said"]["all"]
    assert shown["quality"]["mean"] == pytest.approx(20 / 30)
    assert evalkit(capsys, "show", *results, "--slices").out.count("ckgabe") == 1


def test_marks_of_one_letter_are_named_in_the_prompt(capsys: Capture, tmp_path: Path) -> None:
    rows = [f"Aufsatz {n} über einen Hund,{'ABCD'[n % 4]}" for n in range(40)]
    _, suite = made(capsys, csv(tmp_path / "d.csv", "Aufsatz,Note", rows), "--target", "Note")
    assert str(task_of(suite)["prompt"]).startswith("Which of these fits the text below: Note (A, B, C, D)?")
    assert "exact" in str(task_of(suite)["score"])


def test_labels_that_read_alike_are_one_label(capsys: Capture, tmp_path: Path) -> None:
    labels = ["billing", "billing\u200b", "ship\u00adping now", "shipping  now", "shipping now"]
    rows = [f"Message number {n} of mine;{labels[n % 5]}" for n in range(50)]
    ran, suite = made(capsys, csv(tmp_path / "d.csv", "message;label", rows))
    assert task_of(suite)["choices"] == ["billing", "shipping now"]
    assert "shipping now 30, billing 20" in ran.out and ": fine." in ran.out


def test_whole_copies_are_left_out_so_that_records_keep_their_ids(capsys: Capture, tmp_path: Path) -> None:
    rows = [f"F-{n:04};Paket {n} ist nicht da;{QUEUES[n % 3]}" for n in range(30)]
    ran, suite = made(capsys, csv(tmp_path / "d.csv", "Fall-Nr.;Nachricht;queue", [*rows, rows[3], rows[8]]))
    assert task_of(suite)["data"] == {"path": "d.rows.jsonl", "id": "Fall-Nr."}
    assert "2 records: the same as an earlier one in every column" in ran.out and "30 samples" in ran.out
    (tmp_path / "suite.yaml").unlink()
    again = [*rows, "F-0003;Paket 3 kam doch;shipping"]
    ran, suite = made(capsys, csv(tmp_path / "e.csv", "Fall-Nr.;Nachricht;queue", again))
    assert task_of(suite)["data"] == "e.csv"
    assert "Fall-Nr. would name the records, but 31 records have 30 different ones ('F-0003' stands" in ran.out


def test_cells_that_hold_nothing_are_no_labels(capsys: Capture, tmp_path: Path) -> None:
    labels = ["yes", "no", "NULL", "NaN", "n/a", "a, b", "b, a"]
    rows = [f'Is parcel {n} there?,"{labels[n % 7]}"' for n in range(70)]
    ran, suite = made(capsys, csv(tmp_path / "d.csv", "question,label", rows))
    assert task_of(suite)["choices"] == ["a, b", "b, a", "n/a", "no", "yes"]
    assert "20 records: no label" in ran.out and "'n/a' stands among the labels" in ran.out
    assert "a, b and b, a are the same words in another order" in ran.out


def test_a_mark_on_a_scale_is_asked_for_by_its_name_and_range(capsys: Capture, tmp_path: Path) -> None:
    rows = [f"It broke after {n} days,{n % 5 + 1}," for n in range(30)]  # a spreadsheet ends each line with a comma
    ran, suite = made(capsys, csv(tmp_path / "stars.csv", "Review Text, Stars ,", rows))
    assert "Which number fits the text below: Stars, a whole number from 1 to 5?" in str(task_of(suite)["prompt"])
    assert "30 records, 2 columns" in ran.out


def test_a_json_document_is_told_how_to_become_records(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('[{"question": "a b?", "answer": "c"}]', "utf-8")
    ran = evalkit(capsys, "init", "--from", tmp_path / "list.json")
    assert ran.code == 2 and "jq -c '.[]' list.json > list.jsonl" in ran.err


def test_short_lines_are_not_said_to_be_in_a_language_that_they_do_not_show(capsys: Capture, tmp_path: Path) -> None:
    short = ("Paket beschädigt", "Rechnung nochmal senden", "Wo ist mein Paket, und wann kommt es zu mir?")
    rows = [f"{short[i % 3]} ({i});{QUEUES[i % 3]}" for i in range(36)]
    ran, _ = made(capsys, csv(tmp_path / "kurz.csv", "Kundennachricht;label", rows))
    assert "several languages" not in ran.out and "too short to tell 67 %, de 33 %" in ran.out


def test_recorded_answers_are_a_model_of_the_suite_and_its_run_scores_them(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    said = [{"Ticket Id": str(i), "Reply": QUEUES[i % 3] if i else "no idea"} for i in range(30)]
    answers = jsonl(tmp_path / "logs" / "answers.jsonl", said)
    ran, suite = made(capsys, tickets(tmp_path), "--model", f"replay:{answers}", "--model", "scripted:billing")
    assert suite["models"] == {
        "answers": {"adapter": "replay", "path": "answers.jsonl", "id_field": "Ticket Id", "text_field": "Reply"},
        "billing": {"adapter": "scripted", "replies": {"*": "billing"}},
    }
    assert "answers.jsonl" in ran.out and (tmp_path / "answers.jsonl").read_bytes() == answers.read_bytes()
    asked = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results")
    assert asked.code == 0 and "0.967" in asked.out and "0.333" in asked.out, asked.out + asked.err


def test_the_id_of_recorded_answers_is_called_as_in_the_data(capsys: Capture, tmp_path: Path) -> None:
    """A name that is none of the usual ones is taken for both files, and before a number that the answers have."""
    source = tickets(tmp_path)
    source.write_text(source.read_text("utf-8").replace("Ticket Id", "Ticket No"), "utf-8")
    said = [{"id": str(90 + i), "ticket_no": str(i), "Reply": QUEUES[i % 3]} for i in range(30)]
    answers = jsonl(tmp_path / "answers.jsonl", said)
    ran, suite = made(capsys, source, "--model", f"replay:{answers}")
    assert ran.code == 0, ran.out + ran.err
    assert suite["models"]["answers"]["id_field"] == "ticket_no"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("replay:nowhere.jsonl", "nowhere.jsonl"),
        ("replay:queues.csv", "no column looks like the answer"),
        ("http:my-app", "docs/applications.md"),
        ("openai_chat:mine", "openai_chat:mine@URL"),
        ("azure:mine", "azure:mine@URL"),
        ("openai_chat:mine@http://", "--model openai_chat:mine@http://"),
    ],
)
def test_a_model_that_cannot_be_written_says_the_way_out(
    model: str, said: str, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    csv(tmp_path / "queues.csv", "id,queue", ["1,billing"])
    ran = evalkit(capsys, "init", "--from", tickets(tmp_path), "--model", model)
    assert ran.code == 2 and said in ran.err and not (tmp_path / "suite.yaml").exists()


BREAKS = ("\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\x0b", "\x1e", "\u202e", "\t", "\x00")


@pytest.mark.parametrize("indent", ["", "    ", "      "])
def test_keys_of_a_stranger_s_answers_never_become_lines_of_the_suite(
    capsys: Capture, tmp_path: Path, indent: str
) -> None:
    more = [f"colour{sign}{indent}target: x{sign}  - name: injected{sign}judges: {{}}" for sign in BREAKS]
    odd = [*more, "::error::ci", "k" * 5_000, "- name: injected", "# no", "${HOME}", "{{ x }}", '"q', "%}"]
    rows = [
        {"question": f"What is in parcel {n}?", "answer": json.dumps({"size": n, **dict.fromkeys(odd, n)})}
        for n in range(30)
    ]
    _, suite = made(capsys, jsonl(tmp_path / "d.jsonl", rows))
    task = task_of(suite)
    assert len(suite["tasks"]) == 1 and "judges" not in suite  # type: ignore[arg-type]
    assert task["score"] == "fields" and str(task["target"]).startswith("{{ answer")
    prompt = str(task["prompt"])
    assert "size" in prompt and "colour" not in prompt and "kkk" not in prompt
    assert len(prompt.splitlines()) == 3, "one line of instructions, an empty one, and the question"
    assert "injected" not in (tmp_path / "suite.yaml").read_text("utf-8").replace("- name: injected, ", "", 1)


def test_names_of_columns_in_other_languages_are_known(capsys: Capture, tmp_path: Path) -> None:
    rows = [f"{i};Wie hoch ist Haus {i}?;Etwa {i} Meter;{('Bau', 'Maß')[i % 2]}" for i in range(12)]
    _, suite = made(capsys, csv(tmp_path / "kategorie.csv", "Nr;Frage;Antwort;Kategorie", rows))
    assert "{{ Frage }}" in str(task_of(suite)["prompt"]) and task_of(suite)["target"] == "{{ Antwort }}"
    (tmp_path / "suite.yaml").unlink()
    two = [f"{row.split(';')[1]};{row.split(';')[2]};de" for row in rows]
    _, suite = made(capsys, csv(tmp_path / "zwei.csv", "Frage;Erwartete Antwort;Sprache", two))
    assert task_of(suite)["target"] == "{{ row['Erwartete Antwort'] }}"


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    ("header", "asked", "taken"),
    [
        ("Ticket No,message,queue", (), "Ticket No"),
        ("Case ID,message,queue", (), "Case ID"),
        ("Ref,message,queue", (), "Ref"),
        ("message,Ref,queue", ("--question", "message"), None),  # a text of several words is no id
        ("Phone Number,message,queue", (), None),
        ("Customer No,message,queue", (), None),
        ("Phone Number,message,queue", ("--id", "Phone Number"), "Phone Number"),
        ("番号,message,queue", (), "番号"),  # the first column, and it counts the records
        ("message,番号,queue", ("--question", "message"), None),
    ],
)
def test_a_column_that_names_each_record_is_the_id(
    header: str, asked: tuple[str, ...], taken: str | None, capsys: Capture, tmp_path: Path
) -> None:
    rows = [f"{n + 1},Where is parcel {n} of mine?,{QUEUES[n % 3]}" for n in range(30)]
    ran, suite = made(capsys, csv(tmp_path / "d.csv", header, rows), "--target", header.split(",")[2], *asked)
    assert task_of(suite)["data"] == ({"path": "d.csv", "id": taken} if taken else "d.csv")
    assert ("the first is 2; by a column: --id COLUMN" in ran.out) == (taken is None)


@pytest.mark.parametrize(("second", "why"), [("1", "('1' stands there twice)"), ("", "1 of 30 records have none")])
def test_a_column_id_that_names_no_record_for_itself_has_a_way_out(
    second: str, why: str, capsys: Capture, tmp_path: Path
) -> None:
    ids = ["1", second, *map(str, range(3, 31))]
    rows = [f"{name},Where is parcel {n} of mine?,{QUEUES[n % 3]}" for n, name in enumerate(ids)]
    path = csv(tmp_path / "d.csv", "id,message,queue", rows)
    ran = evalkit(capsys, "init", tmp_path / "bad", "--from", path, "--id", "id")
    assert ran.code == 2 and "--id id: " in ran.err and not (tmp_path / "bad").exists()
    ran, suite = made(capsys, path)
    assert f"{why}, so the suite names records by their line" in " ".join(ran.out.split()) and "--id COLUMN" in ran.out
    assert task_of(suite)["data"] == {"path": "d.rows.jsonl", "id": "line"}
    written = [json.loads(line) for line in (tmp_path / "d.rows.jsonl").read_text("utf-8").splitlines()]
    assert [one["line"] for one in written] == list(range(2, 32)) and written[0]["id"] == "1"
