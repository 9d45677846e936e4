"""`redact: {where: [storing]}`: answers are scored as they came, and no file keeps what is to be taken out."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.engine.stored import GONE, NOT_KEPT, found_in, stored
from evalkit.records import WAITS, Message, Outcome, Row, Tool, ToolCall
from evalkit.store.row_codec import from_line, to_line
from evalkit.store.sealing import rows_of
from evalkit.suite.redaction import Redactor
from evalkit.suite.schema import RedactEntry
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
CANARY = "jane.canary@mail.example"
PHONE = "+49 30 9182736"
EVERYTHING = Redactor(("email", "phone", "card", "iban", "ip"), {"ticket": "T-[0-9]{6}"})
PLAIN = Row("t", "s", "0" * 64, "0" * 64, 0, "m", 0, Outcome.RIGHT, 1.0, started_at=0.0)


def as_stored(**fields: object) -> Row:
    return stored(replace(PLAIN, **fields), EVERYTHING)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"text": f"Write to {CANARY}."}, "1 email"),
        ({"reasoning": f"They are {CANARY} and {PHONE}"}, "1 email, 1 phone"),
        ({"refusal": f"I cannot write to {CANARY}"}, "1 email"),
        ({"error": f"400: cannot read 'Ask {CANARY}'"}, "1 email"),
        ({"error": "400: cannot read 'Ask jane.canary@mail…"}, "1 email"),
        ({"error": "400: cannot read: jane.canary@mail.exam..."}, "1 email"),
        ({"calls": (ToolCall("mail", json.dumps({"to": CANARY, "cc": [CANARY]})),)}, "2 email"),
        ({"calls": (ToolCall("mail", '{"to": "jane.canary\\u0040mail.example"}'),)}, "1 email"),
        ({"calls": (ToolCall("mail", f'{{"{CANARY}": 1}}'),)}, "1 email"),
        ({"calls": (ToolCall("mail", f'{{"to": "{CANARY}'),)}, "1 email"),
        ({"calls": (ToolCall(f"mail {CANARY}", "{}"),), "tools": (Tool("mail", "", {}),)}, "1 email"),
        ({"text": '{"to": "jane.canary\\u0040mail.example"}'}, "1 email"),
        ({"text": "T-918273 by 2001:db8::9182:7334"}, "1 ip, 1 ticket"),
        ({"raw_usage": {"note": [CANARY], "total_duration": 4111111111111111}}, "1 email"),
        ({"prompt": (Message("user", f"Ask {CANARY}"),), "target": CANARY}, "2 email"),
        ({"slices": {"who": CANARY}, "cluster": CANARY}, "2 email"),
        ({"tools": (Tool("f", f"for {CANARY}", {"enum": [CANARY]}),)}, "2 email"),
        ({"text": f"It is {PHONE}.", "extracted": "49309182736", "reason": "found 309182736"}, "1 phone"),
        ({"text": f"It is {CANARY}.", "extracted": "jane.canary@mail", "reason": "found 'Jane Canary'"}, "1 email"),
    ],
)
def test_every_place_of_a_row_is_redacted_and_counted(fields: dict[str, object], kinds: str) -> None:
    row = as_stored(**fields)
    line = to_line(row).decode().casefold()
    for canary in ("jane", "canary", "9182736", "91 82", "918273", "9182:7334"):
        assert canary not in line, line
    assert row.redacted == kinds
    assert from_line(to_line(row)).redacted == kinds
    assert (row.score, row.outcome) == (1.0, Outcome.RIGHT)
    assert stored(row, EVERYTHING) == row


def test_what_holds_nothing_stays_as_it_is() -> None:
    row = replace(
        PLAIN,
        text='{"a":1,  "b": "x"}',
        calls=(ToolCall("f", '{"n":  1}'),),
        extracted="1",
        reason="expected 1, found 1",
        raw_usage={"total_duration": 4111111111111111},
        served_model="x-0125-20250805",
    )
    assert stored(row, EVERYTHING) == row
    assert stored(row, EVERYTHING).redacted is None


def test_calls_stay_json_and_clusters_stay_apart() -> None:
    row = as_stored(calls=(ToolCall("pay", '{"card": 4111111111111111, "n": 2}'),))
    assert row.calls is not None and json.loads(row.calls[0].arguments) == {"card": "[CARD]", "n": 2}
    one, two = as_stored(cluster="a@b.example"), as_stored(cluster="c@b.example")
    assert one.cluster != two.cluster and str(one.cluster).startswith("[EMAIL] ")


def test_a_reason_that_quotes_a_part_is_not_kept_and_others_are() -> None:
    row = as_stored(text=f"Ask {CANARY} for 42", extracted="42", reason="expected 41, found 42")
    assert (row.extracted, row.reason) == ("42", "expected 41, found 42")
    row = as_stored(text=f"Ask {CANARY}", extracted="mail.example", reason="'jane.canary@mai' is no number")
    assert (row.extracted, row.reason) == (GONE, NOT_KEPT)
    waiting = as_stored(outcome=Outcome.ERRORED, score=None, text=f"waits for {WAITS} {CANARY}", reason=WAITS)
    assert waiting.waits
    assert found_in([row, waiting, PLAIN]) == {"t": {"rows": 2, "email": 2}}


def everything_under(*folders: Path) -> bytes:
    import pyarrow.parquet as pq

    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                found += [path.name.encode(), content]
                if path.suffix == ".parquet":
                    found.append(str(pq.read_table(path).to_pylist()).encode())
                for part in content.split(b"\x78\x9c")[1:]:  # what SQLite holds packed
                    try:
                        found.append(zlib.decompress(b"\x78\x9c" + part))
                    except zlib.error:
                        continue
    return b"\n".join(found)


def suite_in(folder: Path, url: str, *, where: str, score: str = "contains", more: str = "", judge: str = "") -> Path:
    items = [{"id": f"q{n}", "q": f"Who is {n}?", "gold": CANARY} for n in range(3)]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)))
    entry = "{{adapter: openai-chat, model: x, weights: w, base_url: '{}'}}"
    judges = f"judges:\n  j: {entry.format(judge)}\n" if judge else ""
    path = folder / "suite.yaml"
    path.write_text(
        f"name: s\nredact: {{what: [email], where: {where}}}\nmodels:\n  m: {entry.format(url)}\n{judges}"
        "tasks:\n  - {name: t, data: items.jsonl, prompt: '{{ q }}', target: '{{ gold }}', "
        f"score: {score}{more}}}\n"
    )
    return path


@pytest.mark.parametrize("where", ["[storing]", "[sending, storing]"])
def test_no_file_of_the_run_or_the_cache_holds_a_canary(tmp_path: Path, capsys: Capture, where: str) -> None:
    with FakeProvider.in_thread(Behaviour(reply=f"Ask {CANARY}.")) as model:
        path = suite_in(tmp_path, model.base_url, where=where)
        results = tmp_path / "results"
        ran = evalkit(capsys, "run", path, "--results", results)
        assert ran.code == 0, ran.err
        assert "redacted before they are stored" in ran.err
        assert CANARY not in ran.out + ran.err
        (folder,) = run_folders(results)
        again = evalkit(capsys, "run", path, "--results", results, "--new")
        assert again.code == 0, again.err
        n_asked = len(model.account)
    assert n_asked == 6  # nothing was kept in the cache
    for row in rows_of(folder):
        if where == "[storing]":  # the right answer was not redacted when it was compared
            assert (row.score, row.text) == (1.0, "Ask [EMAIL].")
        assert row.redacted
    told = json.loads((folder / "run.json").read_text())["redaction"]
    assert told["where"] == where.strip("[]").split(", ")
    assert told["stored"]["t"]["rows"] == 3 and told["stored"]["t"]["email"] >= 3
    assert CANARY.encode() not in everything_under(results, Path(os.environ["EVALKIT_CACHE"]))


def test_a_rescore_says_that_it_marks_what_is_stored(tmp_path: Path, capsys: Capture) -> None:
    results = tmp_path / "results"
    with FakeProvider.in_thread(Behaviour(reply=f"Ask {CANARY}.")) as model:
        path = suite_in(tmp_path, model.base_url, where="[storing]")
        assert evalkit(capsys, "run", path, "--results", results).code == 0
    (folder,) = run_folders(results)
    ran = evalkit(capsys, "rescore", folder, "--suite", path, "--results", results)
    assert ran.code == 0, ran.err
    assert "3 of these rows were redacted before they were stored" in ran.out
    assert [row.score for row in rows_of(folder)] == [0.0] * 3  # never right by what is not there
    told = json.loads((folder / "run.json").read_text())
    assert told["tasks"]["t"]["marked_redacted"] == 3
    assert CANARY.encode() not in everything_under(results)


@pytest.mark.long
def test_judges_see_and_leave_behind_only_what_is_stored(tmp_path: Path, capsys: Capture) -> None:
    results = tmp_path / "results"
    said = f"Ask {CANARY}."
    with (
        FakeProvider.in_thread(Behaviour(reply=said)) as model,
        FakeProvider.in_thread(Behaviour(reply=f"{CANARY} is fine. [[8]]")) as judge,
    ):
        path = suite_in(
            tmp_path,
            model.base_url,
            where="[sending, storing]",
            score="{judge: {by: j, rubric: judge_rating}}",
            judge=judge.base_url,
        )
        ran = evalkit(capsys, "run", path, "--results", results)
        assert ran.code == 0, ran.err
        again = evalkit(capsys, "run", path, "--results", results)
        assert again.code == 0, again.err
        assert len(judge.account) == 6
    folder = run_folders(results)[0]
    assert all(row.score for row in rows_of(folder))
    assert all("[EMAIL]" in row.prompt[-1].content for row in rows_of(folder / "judging"))
    assert json.loads((folder / "judging" / "run.json").read_text())["redaction"]["stored"]["t"]["rows"] == 3
    ran = evalkit(capsys, "rescore", folder, "--suite", path, "--results", results)
    assert ran.code == 0, ran.err
    assert CANARY.encode() not in everything_under(results)


@pytest.mark.long
def test_a_resumed_run_goes_on_from_what_is_stored(tmp_path: Path, capsys: Capture) -> None:
    results = tmp_path / "results"
    refuses = Behaviour(faults={"400": 1.0})
    with (
        FakeProvider.in_thread(Behaviour(reply=f"Ask {CANARY}.")) as model,
        FakeProvider.in_thread(refuses) as judge,
    ):
        score = "{judge: {by: j, rubric: judge_rating}}"
        path = suite_in(tmp_path, model.base_url, where="[storing]", score=score, judge=judge.base_url)
        assert evalkit(capsys, "run", path, "--results", results).code == 4
        judge.behaviour = Behaviour(reply=f"{CANARY} is fine. [[8]]")
        ran = evalkit(capsys, "run", path, "--results", results)
        assert ran.code == 0, ran.err
        assert len(model.account) == 3
    (folder,) = run_folders(results)
    assert {(row.text, row.redacted) for row in rows_of(folder)} == {("Ask [EMAIL].", "2 email")}
    assert json.loads((folder / "run.json").read_text())["redaction"]["stored"] == {"t": {"rows": 3, "email": 6}}
    assert CANARY.encode() not in everything_under(results)


def test_later_turns_hold_nothing_of_it(tmp_path: Path, capsys: Capture) -> None:
    results = tmp_path / "results"
    with FakeProvider.in_thread(Behaviour(reply=f"Ask {CANARY}.")) as model:
        path = suite_in(tmp_path, model.base_url, where="[storing]", more=', turns: ["And then?"]')
        ran = evalkit(capsys, "run", path, "--results", results)
        assert ran.code == 0, ran.err
    (folder,) = run_folders(results)
    later = [row for row in rows_of(folder) if len(row.prompt) > 1]
    assert len(later) == 3
    assert all("[EMAIL]" in row.prompt[1].content for row in later)
    assert CANARY.encode() not in everything_under(results)


def test_where_is_named_and_part_of_what_makes_runs_comparable(tmp_path: Path, capsys: Capture) -> None:
    path = suite_in(tmp_path, "http://127.0.0.1:9", where="[]")
    ran = evalkit(capsys, "check", path)
    assert ran.code == 2 and "redact" in ran.err and "where" in ran.err
    path = suite_in(tmp_path, "http://127.0.0.1:9", where="[keeping]")
    assert evalkit(capsys, "check", path).code == 2
    assert RedactEntry().where == ("sending",)
