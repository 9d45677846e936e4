"""What the thirteenth attack found: texts that act where they are printed, odd stored values, costly hints."""

from __future__ import annotations

import json
import re
import time
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from evalkit.adapters.reply_fields import money
from evalkit.engine.stored import stored
from evalkit.errors import StoreError
from evalkit.facts import TaskFacts
from evalkit.records import Row
from evalkit.results.unreadable import remedy
from evalkit.store import history, runs
from evalkit.store.stored_texts import calls_of, messages_of, tools_of
from evalkit.suite.redaction import Redactor
from evalkit.text.escape import harmless_lines
from evalkit.text.page import Column, Page
from tests.store_rows import a_row, a_run
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
SOURCE = Path(__file__).parent.parent / "evalkit"
COMMAND = "\n::error::PWN\x1b[31m"


def a_suite(folder: Path, **task: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    record = {"id": "x", "q": "1", "a": "yes", "w": 2, "s": "ann@example.org", "c": "bob@example.org"}
    (folder / "d.jsonl").write_text("".join(json.dumps({**record, "id": f"x{n}", "q": n}) + "\n" for n in range(4)))
    (folder / "a.jsonl").write_text("".join(json.dumps({"id": f"x{n}", "text": "yes"}) + "\n" for n in range(4)))
    entry = {
        "name": "t", "data": {"path": "d.jsonl", "id": "id"}, "prompt": "{{ q }}", "target": "{{ a }}",
        "score": "exact",
        **task,
    }  # fmt: skip
    suite = {
        "name": "s", "sensitivity": "public", "models": {"m": {"adapter": "replay", "path": "a.jsonl"}},
        "tasks": [entry],
    }  # fmt: skip
    path = folder / "s.yaml"
    path.write_text(json.dumps(suite))
    return path


# ---- what is printed


def test_commands_print_by_one_door() -> None:
    """`click.echo` prints as it stands: only the door and the edge of the process may use it."""
    allowed = {"printing.py", "__init__.py"}
    found = [path.name for path in (SOURCE / "cli").glob("*.py") if "click.echo" in path.read_text()]
    assert set(found) <= allowed, found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n::error::b", "a\n\\x3a:error::b"),
        ("##vso[task.setvariable]x", "\\x23#vso[task.setvariable]x"),
        ("a\x1b[2Jb\u202ec\u200bd\x9b1m", "a\\x1b[2Jb\\u202ec\\u200bd\\x9b1m"),
        ("two\n  lines\tand a tab é 答え", "two\n  lines\tand a tab é 答え"),
        ("::notice::begin", "\\x3a:notice::begin"),
    ],
)
def test_lines_are_harmless(text: str, shown: str, capsys: Capture) -> None:
    assert harmless_lines(text) == shown
    with Page(200, None) as page:
        page.say(text)
        page.table(text, [Column(text, [text], left=True)])
    printed = capsys.readouterr().out
    assert not re.search(r"[\x1b\x9b\u202e\u200b]|^::\w+::|##vso\[", printed, re.MULTILINE), printed


@pytest.mark.parametrize("name", ["q-1\n::error::PWN", "q-2\x1b[2J", "q-3\u202etxt", "##vso[x]q-4"])
def test_a_folder_whose_name_acts_is_no_run(tmp_path: Path, capsys: Capture, name: str) -> None:
    results = tmp_path / "results"
    a_run(results, [a_row()]).rename(results / name)
    for command in (
        ("list",), ("show",), ("price",), ("export", "latest", "--to", "csv", "--out", tmp_path / "x.csv"), ("report",),
        ("baseline", "promote", "latest", "--model", "gpt", "--as", "b", "--because", "x",
         "--baselines", tmp_path / "b"),
    ):  # fmt: skip
        ran = evalkit(capsys, *command, "--results", results)
        assert "Traceback" not in ran.err and ran.code in {0, 2}, ran.err
        assert not re.search(r"^::error|[\x1b\u202e]|##vso\[", ran.out + ran.err, re.MULTILINE), ran
    assert "Rename the folder" in evalkit(capsys, "list", "--results", results).out


@pytest.mark.parametrize("key", ["started_at", "finished_at", "status"])
def test_facts_that_are_printed_hold_nothing_else(tmp_path: Path, capsys: Capture, key: str) -> None:
    results = tmp_path / "results"
    run = a_run(results, [a_row()])
    runs.write_facts(run, {**runs.read_facts(run), key: COMMAND})
    for command in (("show",), ("show", "--markdown"), ("list",)):
        ran = evalkit(capsys, *command, "--results", results)
        assert "Traceback" not in ran.err, ran.err
        assert not re.search(r"^::error|\x1b", ran.out + ran.err, re.MULTILINE), ran


def test_a_hint_quotes_names_of_replies_harmlessly() -> None:
    key = "ans\u202ewer\u009b31m\u200b"
    texts = [json.dumps({key: "B", "other": "so be it"}, ensure_ascii=False)] * 20
    task = TaskFacts.model_validate({"identity": {"score": {"name": "choice", "options": {}}}})
    option, advice = remedy(texts, task)
    assert option is not None and "extract" in option
    assert not re.search(r"[\u202e\u009b\u200b]", option + advice)
    assert json.loads(option[option.index('"') : option.rindex('"') + 1]) == key  # and the option still names it


@pytest.mark.parametrize("separate", [False, True])
def test_a_hint_takes_little_time_for_replies_of_many_fields(separate: bool) -> None:
    names = [f"key{n}" for n in range(1_500)]
    lines = "\n".join(f"{name}: {n}" for n, name in enumerate(names))
    texts = [lines if separate else json.dumps(dict.fromkeys(names, "words"))] * 100
    task = TaskFacts.model_validate({"identity": {"score": {"name": "choice", "options": {}}}})
    began = time.process_time()
    remedy(texts, task)
    assert time.process_time() - began < 3.0


# ---- what is stored


@pytest.mark.parametrize("weight", [1e-320, 5e-324, "1e-308", 1e16, 1e-16])
def test_a_weight_that_no_row_can_have_is_refused_before_anything_is_asked(
    tmp_path: Path, capsys: Capture, weight: object
) -> None:
    suite = a_suite(tmp_path, weight="w")
    line = json.loads((tmp_path / "d.jsonl").read_text().splitlines()[0])
    (tmp_path / "d.jsonl").write_text(json.dumps({**line, "w": weight}) + "\n")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2 and "a number from 1e-15 to 1e+15" in ran.err


def test_what_groups_a_row_is_redacted_as_it_is_stored(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    suite = a_suite(tmp_path, weight="w", stratum="s", cluster="c", slices=["s"])
    said = json.loads(suite.read_text())
    suite.write_text(json.dumps({**said, "redact": {"what": ["email"], "where": ["storing"]}}))
    assert evalkit(capsys, "run", suite).code == 0
    kept = b"".join(path.read_bytes() for path in (tmp_path / "results").rglob("*") if path.is_file())
    assert b"ann@example.org" not in kept and b"bob@example.org" not in kept
    assert evalkit(capsys, "export", "latest", "--to", "csv", "--out", tmp_path / "x.csv").code == 0
    assert "example.org" not in (tmp_path / "x.csv").read_text()


NOT_FROM_DATA = {
    # names of the suite, digests, and words of evalkit or the provider: nothing of a record or an answer
    "task", "sample_id", "sample_digest", "model", "outcome", "stop_reason", "error_kind", "served_model", "region",
    "service_tier", "fingerprint", "request_id", "redacted", "first_token_of", "target_digest", "prompt_digest",
    "scorer_digest", "billed_beside",
}  # fmt: skip


def test_every_text_of_a_row_is_redacted_or_named_here() -> None:
    """A field that is added to rows is either taken through the redactor or named above, on purpose."""
    secret = "ann@example.org"
    redactor = Redactor(("email",), {})
    texts = [f.name for f in fields(Row) if f.type in {"str", "str | None"} and f.name not in NOT_FROM_DATA]
    assert {"text", "target", "reasoning", "cluster", "stratum"} <= set(texts)
    for name in texts:
        made = getattr(stored(a_row(**{name: secret}), redactor), name)
        assert made is None or secret not in made, name


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1600-01-01"])
def test_a_moment_that_no_date_tells_is_an_error_of_its_row(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.chdir(tmp_path)
    suite = a_suite(tmp_path)
    said = json.loads(suite.read_text())
    said["models"]["m"]["columns"] = {"started_at": "at"}
    suite.write_text(json.dumps(said))
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"id": f"x{n}", "text": "yes", "at": moment}) + "\n" for n in range(4))
    )
    for _ in range(2):
        ran = evalkit(capsys, "run", suite)
        assert ran.code in {2, 4} and "Traceback" not in ran.err, ran.err
        told = ran.out + ran.err
        assert "started_at (column 'at') is no time from 1980 on" in told and moment in told


ODD_PROMPTS = ["not json", "[1]", '[{"content":5}]', '[{"role":"user"}]', "[[[[", '{"a":1}', "null", '"x"', "\x00"]


@pytest.mark.parametrize("cell", ODD_PROMPTS)
def test_odd_texts_of_stored_rows_are_one_sentence(cell: str) -> None:
    for read in (messages_of, tools_of, calls_of):
        with pytest.raises(StoreError, match="edited or damaged"):
            read(cell)


def test_columns_of_json_read_back() -> None:
    assert messages_of('[{"role":"user","content":"hi"}]')[0].content == "hi"
    assert calls_of('[{"name":"f","arguments":"{}"}]')[0].name == "f"
    assert tools_of('[{"name":"f","description":"d","parameters":{"type":"object"}}]')[0].parameters == {
        "type": "object"
    }
    assert messages_of(None) == () and calls_of("") == ()


def test_slices_are_shown_where_a_model_has_no_row_of_a_task(tmp_path: Path, capsys: Capture) -> None:
    table = tmp_path / "t.csv"
    table.write_text("model,task,item,score,lang\na,t1,1,1,en\na,t2,1,0,de\nb,t1,1,1,en\n")
    (tmp_path / "m.yaml").write_text("model: model\ntask: task\nitem: item\nscore: score\nslices: [lang]\n")
    made = evalkit(
        capsys, "import", "table", table, "--map", tmp_path / "m.yaml", "--name", "i", "--results", tmp_path / "results"
    )
    assert made.code == 0, made.err
    for more in ((), ("--markdown",)):
        ran = evalkit(capsys, "show", "--slices", *more, "--results", tmp_path / "results")
        assert ran.code == 0 and "en" in ran.out, ran.err


@pytest.mark.long(but=1)
@pytest.mark.parametrize("value", [b"[]", b"{}", b'"ab"', b"1.5"])
def test_a_history_of_millions_of_values_is_refused_before_it_is_read(tmp_path: Path, value: bytes) -> None:
    content = b'{"items":[' + b",".join([value] * (history.MOST_VALUES + 10)) + b"]}"
    run = a_run(tmp_path / "results", [a_row()])
    (run / history.FILE).write_bytes(content)
    with pytest.raises(StoreError, match="more than 4,000,000 values"):
        history._read(content, run / history.FILE)


def test_a_history_that_is_kept_can_be_read() -> None:
    """What `fits` lets pass stays below what `_read` takes: nothing is written that cannot be read back."""
    for n_items, n_models in ((600_000, 0), (100_000, 33), (1_000, 3_900)):
        most = max(n for n in range(n_models + 60) if history.fits(n_items, n))
        item = orjson.dumps(["task", "ab" * 16, 0])
        signs = n_items * (sum(map(item.count, (b"[", b","))) + 1 + 1 + most + 1)
        assert signs + 1_000 <= history.MOST_VALUES


# ---- a folder of suites


def test_a_folder_runs_every_suite_and_says_what_it_leaves_out(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "s"
    a_suite(folder).rename(folder / "flow.yaml")  # JSON is YAML: keys in quotes, in one line
    (folder / "policy.yaml").write_text("endpoints: []\n")
    (folder / "of.yaml").mkdir()
    (folder / "bad.yaml").write_bytes(b"\xff\xfe")
    (folder / "gone.yaml").symlink_to("/nowhere")
    (folder / "large.yaml").write_text("a" * 3_000_000)
    ran = evalkit(capsys, "run", folder, "--results", tmp_path / "results")
    assert ran.code == 2 and "(1 of 1)" in ran.err, ran.err

    assert len([one for one in (tmp_path / "results").iterdir() if one.is_dir()]) == 1  # the suite was run
    for said in ("policy.yaml is no suite: it has no `models`", "bad.yaml", "gone.yaml", "large.yaml"):
        assert said in ran.err
    for name in ("bad", "gone", "large"):
        (folder / f"{name}.yaml").unlink()
    assert evalkit(capsys, "run", folder, "--results", tmp_path / "results").code == 0


@pytest.mark.parametrize(
    ("said", "usd"),
    [
        ("1e-999999999", Decimal(0)), ("0e999999999", Decimal(0)), ("0.0001", Decimal("0.0001")),
        (0.25, Decimal("0.25")),
        ("0." + "0" * 5_000 + "1", None), ("1" * 61, None), (10**7, None), ("1e7", None), ("NaN", None), (-1, None),
    ],
)  # fmt: skip
def test_a_sum_of_money_is_one_that_a_row_can_keep(said: object, usd: Decimal | None) -> None:
    made = money(said)
    assert made == usd
    if made is not None:
        assert sealing_keeps(made)


def sealing_keeps(usd: Decimal) -> bool:
    """Whether a row with this bill is written and read back."""
    from evalkit.store.row_codec import from_line, to_line

    return from_line(to_line(a_row(cost_usd=usd))).cost_usd == usd
