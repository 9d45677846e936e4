"""Finds of the thirty-first reading of docs/safety.md: suites of pull requests and replies of servers."""

from __future__ import annotations

import json
import os
import random
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from evalkit.adapters.http_errors import Declined, Where, error_from_event, error_from_status
from evalkit.adapters.http_session import network_error
from evalkit.adapters.vllm.child import keep_log
from evalkit.engine.stored import error_as_stored, stored
from evalkit.errors import SuiteError
from evalkit.records import Outcome, Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.outcomes import score_response
from evalkit.scorers.schemas import compile_schema
from evalkit.store import queries, shapes
from evalkit.store.parts import texts_schema
from evalkit.store.sealing import rows_of
from evalkit.suite.plain_templates import BadTemplate
from evalkit.suite.redaction import make_redactor
from evalkit.suite.schema.suite_file import RedactEntry
from evalkit.suite.secret_values import why_secret
from evalkit.suite.templates import Expression, Template
from evalkit.text import secrets
from tests.scoring import said, sample
from tests.store_rows import a_row, write_sealed
from tests.tables import table
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


def suite(folder: Path, **keys: object) -> Path:
    """A suite of one record, for a model that says what it is told."""
    (folder / "items.jsonl").write_text('{"id": "1", "q": "x", "label": "4"}\n')
    task = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "prompt": "{{ q }}", "target": "{{ label }}"}
    whole = {"name": "s", "models": {"m": {"adapter": "scripted", "replies": {"*": "4"}}}}
    path = folder / "suite.yaml"
    path.write_text(json.dumps({**whole, "tasks": [{**task, "score": "exact", **keys}]}))
    return path


CHAINS = (
    *("q" + link * 200 for link in (" and q", " + q", " ** q", "|e", ".a", "[0]", "()", " if q else q", "[1:2]")),
    *(before * 200 + "q" + behind * 200 for before, behind in (("not ", ""), ("-", ""), ("(", ")"), ("[", "]"))),
)


@table("chain", CHAINS)
def test_a_chain_in_a_template_has_an_end(chain: str) -> None:
    for read in (
        lambda: Template(f"a {{{{ {chain} }}}}", "prompt"),
        lambda: Expression(f"{{{{ {chain} }}}}", "options"),
    ):
        with pytest.raises(BadTemplate, match="a chain of more than"):
            read()


def test_a_chain_in_a_template_is_named_by_check(tmp_path: Path, capsys: Capture) -> None:
    ran = evalkit(capsys, "check", suite(tmp_path, prompt="{{ q" + " and q" * 200 + " }}"))
    assert ran.code == 2 and "tasks[0].prompt" in ran.err and "a chain of more than" in " ".join(ran.err.split())


KEY, PART = "PLACEHOLDER/can+ary=9Q7wE3rT5yU", "HOLDERsecretQ7w9E2"
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda key: "".join(f"%{ord(sign):02X}" for sign in key),
    lambda key: "".join(f"\\u{ord(sign):04x}" for sign in key),
    lambda key: "".join(f"&#x{ord(sign):x};" for sign in key),
    lambda key: quote(key, safe=""),
    lambda key: "".join(f"%2525{ord(sign):02X}" for sign in key),
)


def _messages(spelt: str, across: int) -> Iterator[str]:
    """What errors say of replies that hold a key across each place where evalkit cuts; `across`: how much before it."""
    where = Where("m", "m", "127.0.0.1", ("NAME",), KEY)

    def at(cut: int, fill: str = " ") -> str:
        return ("x" + fill * cut)[: cut - across] + spelt + " and more"

    for body in (at(4_000), at(65_536)[:65_536], "<title>" + at(200, "A "), "<title>x" + at(4_000), at(500, "A ")):
        yield str(error_from_status(400, {}, body.encode(), "/v1", where))
    for cut in (4_000, 65_536):
        yield str(error_from_event({"error": {"odd": at(cut - 17)}}, "/v1", where))
        yield str(error_from_event({"error": {"message": at(cut)}}, "/v1", where))
    yield where.beginning(at(200, "A ").encode())
    yield where.beginning(at(65_536).encode())
    yield where.beginning(at(8_192)[:8_192].encode(), cut=True)


@pytest.mark.long(but=1)
@pytest.mark.parametrize("spell", SPELLINGS)
def test_no_piece_of_a_key_stays_where_an_error_is_cut(spell: Callable[[str], str]) -> None:
    for key in (KEY, PART):
        secrets.remember(key)
    for key in (KEY, PART):
        spelt = spell(key)
        pieces = {spelt[i : i + 8 * len(spelt) // len(key)] for i in range(0, len(spelt) // 2)}
        for across in (len(spelt) // 2, len(spelt) - 2):
            for told in _messages(spelt, across):
                assert not [piece for piece in pieces if piece in told], told


def test_the_log_of_a_server_holds_no_key_where_a_long_line_is_cut(tmp_path: Path) -> None:
    for spell in SPELLINGS:
        read, write = os.pipe()
        thread = keep_log(os.fdopen(read, "rb"), tmp_path / "log", [KEY])
        with os.fdopen(write, "wb") as pipe:
            pipe.write(b"a" * 190 + spell(KEY).encode() + b"b" * 70_000 + b"\n" + spell(KEY).encode() + b"\n")
        thread.join(10)
        log = (tmp_path / "log").read_text()
        assert log.count(secrets.REMOVED[:9]) >= 2 and spell(KEY)[:8] not in log
        (tmp_path / "log").unlink()


def test_half_a_find_is_not_kept_where_an_error_or_a_refusal_is_cut() -> None:
    redactor = make_redactor(RedactEntry(what=("email", "phone"), where=("storing",)))
    assert redactor is not None
    where = Where("m", "m", "127.0.0.1", (), None)
    for found in ("+49 30 7654321", "ann.miller.private@mail.example"):
        for cut, fill in ((4_000, " "), (500, "A "), (200, "A ")):
            told = ("x" + fill * cut)[: cut - len(found) + 5] + found + " and more"
            for body in (told, f"<title>{told}", json.dumps({"error": {"message": told}})):
                error = str(error_from_status(400, {}, body.encode(), "/v1", where))
                assert "+49 30" not in error_as_stored(error, (), redactor)
                assert "ann.miller" not in error_as_stored(error, (), redactor)
            body = json.dumps({"error": {"code": "content_filter", "message": told}})
            declined = error_from_status(400, {}, body.encode(), "/v1", where)
            assert isinstance(declined, Declined)
            kept = stored(a_row(refusal=declined.words), redactor).refusal or ""
            assert "+49 30" not in kept and "ann.miller" not in kept


MIXED = [{"b": n} for n in range(5_000)]


@table(
    ("schema", "why"),
    [
        ({"properties": {"a": {"type": MIXED}}}, "expected a type"),
        ({"anyOf": [{"items": {"type": ["string", "string"]}}]}, "expected a type"),
        ({"required": MIXED}, "expected a list of names"),
        ({"dependentRequired": {"a": MIXED}}, "expected a list of names"),
        ({"dependencies": {"a": MIXED}}, "expected a list of names"),
        ({"$ref": "#/default", "default": {"required": MIXED}}, "expected a list of names"),
        ({"$ref": "#/default", "default": {"patternProperties": {"^(a+)+$": {}}}}, "patternProperties"),
        ({"$ref": "#/default", "default": {"$ref": "http://127.0.0.1:9/s.json"}}, "nothing is fetched"),
        ({"$ref": "#/const/x", "const": {"x": {"$ref": "#/enum/0"}}, "enum": [{"unevaluatedItems": False}]}, "unevalu"),
        ({"properties": {"patternProperties": {"a": {}}, "b": {"$ref": "#/properties"}}}, "patternProperties"),
        ({"$ref": "#/examples/0", "examples": [{"type": "nope"}]}, "not a valid"),
        ({"$ref": "#/required", "required": ["a"]}, "no schema"),
        ({"properties": {f"p{n}": {"pattern": f"a{n}"} for n in range(201)}}, "more than 200 patterns"),
        ({"$ref": "#/default", "default": {"$id": "http://evil.example/"}}, r"\$id"),
    ],
)
def test_a_schema_is_read_wherever_its_references_lead(schema: dict[str, Any], why: str) -> None:
    with pytest.raises(SuiteError, match=why):
        compile_schema(schema, "here")


@table(
    "schema",
    [
        {"$ref": "#/components/schemas/X", "components": {"schemas": {"X": {"type": "object"}}}},
        {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}},
        {"x-note": {"type": {"y": 1}, "required": True}, "properties": {"required": {"type": ["string", "null"]}}},
        {"dependencies": {"a": ["b"], "c": {"type": "object"}}, "default": {"type": 5}, "required": []},
    ],
)
def test_schemas_as_people_write_them_are_taken(schema: dict[str, Any]) -> None:
    assert compile_schema(schema, "here")({}) is None


def test_a_scorer_that_breaks_in_a_new_way_has_no_score_for_the_reply() -> None:
    def breaks(sample: Sample, response: Response) -> Score:
        raise type("AnErrorOfALibrary", (Exception,), {})

    score = score_response(sample(), said("4"), Scorer("odd", 1, breaks, lambda _: None))
    assert score.outcome is Outcome.ERRORED and "broke on this reply (AnErrorOfALibrary)" in str(score.reason)


def test_a_record_that_is_nested_without_end_is_told_where_it_is_redacted(tmp_path: Path, capsys: Capture) -> None:
    path = suite(tmp_path)
    (tmp_path / "items.jsonl").write_text('{"id": "1", "q": ' + "[" * 900 + "]" * 900 + ', "label": "4"}\n')
    path.write_text(json.dumps({**json.loads(path.read_text()), "redact": {"what": ["email"]}}))
    ran = evalkit(capsys, "check", path)
    assert ran.code == 2 and "nested too deeply" in ran.err


def test_a_reply_that_a_pattern_finds_everywhere_ends_no_run() -> None:
    entry = RedactEntry(what=(), patterns={"a_number_of_some_customer_of_ours": "[0-9]"}, where=("storing",))
    redactor = make_redactor(entry)
    assert redactor is not None
    for text in (json.dumps({"a": "7" * 9_000}), "[" * 3_000 + "7" + "]" * 3_000, json.dumps([["7" * 9_000]])):
        assert "7" not in (stored(a_row(text=text), redactor).text or "")


def test_rows_that_are_drawn_are_filled_in_nowhere_and_names_are() -> None:
    drawn = random.Random(31)
    signs = string.ascii_letters + string.digits
    for alphabet, most in ((signs, 0.03), (signs + "-_", 0.03), (signs + "+/", 0.06)):
        for n, part in ((24, 1), (32, 0.5), (43, 0.25)):
            values = ["".join(drawn.choice(alphabet) for _ in range(n)) for _ in range(500)]
            passed = [value for value in values if not why_secret(value)]
            assert len(passed) <= most * part * 500, passed[:5]
    names = [
        *("Qwen/Qwen3-235B-A22B-Instruct-2507", "meta-llama/Llama-3.1-405B-Instruct-FP8", "us.anthropic.claude-v2:0"),
        *("TheBloke/Mixtral-8x7B-Instruct-v0.1-GPTQ", "gpt-4o-2024-08-06-PTU-EastUS2"),
        "/mnt/nvme0n1/hub/models--Qwen--Qwen2-7B/snapshots/f2826a00ceef68f0f2b946d945ecc0477ce4450c",
        "projects/my-proj/locations/us-central1/endpoints/1234567890123456789",
    ]
    assert [name for name in names if why_secret(name)] == []


def test_a_template_of_a_hundred_thousand_words_is_refused_before_it_is_read() -> None:
    for source in ("{{ q" + " ~ q" * 50_000 + " }}", "{% if q %}x{% endif %}" * 20_000):
        with pytest.raises(BadTemplate, match="words and signs outside its plain text"):
            Template(source, "prompt")
    for source in ("{{ q }} said " * 20_000, "a b c " * 200_000 + "{{ q | upper }}", "{{ q" + " ~ q" * 2_000 + " }}"):
        assert Template(source, "prompt").names == {"q"}


def test_what_a_library_wrote_in_small_letters_is_a_key_all_the_same() -> None:
    session = pytest.importorskip("evalkit.adapters.mcp.session")
    secrets.remember(KEY)
    for spell in SPELLINGS:
        told = session._in_a_line(RuntimeError(f"Unexpected content type: text/{spell(KEY).lower()}"))
        assert secrets.REMOVED in told and spell(KEY).lower()[:12] not in told


def test_a_run_of_answers_that_repeat_one_letter_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "MOST_UNPACKED", 1_000_000)
    rows = [a_row(sample_id=str(n), sample_digest=str(n), text="x" * 8_000_000) for n in range(3)]
    write_sealed(tmp_path, rows)
    files = [tmp_path / "texts-1.parquet"]
    queries._refuse_bombs(tmp_path, files, texts_schema())
    assert [len(row.text or "") for row in rows_of(tmp_path)] == [8_000_000] * 3
    assert sum(path.stat().st_size for path in tmp_path.glob("*.parquet")) < 100_000


def test_the_head_of_a_reply_that_broke_off_is_quoted_by_nobody() -> None:
    where = Where("m", "m", "127.0.0.1", (), None)
    head = "RawResponseMessage(headers=<CIMultiDictProxy('X-Note': 'write to ann.miller.priv')>)"
    said = str(network_error(aiohttp.ServerDisconnectedError(head), where, 3.0))
    assert "ann" not in said and "server disconnected" in said


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o-2024-11-20-PTU-EastUS2-Prod01", "internVL3_5-GPT-OSS-20B-A4B-Preview",
        "SFT_Qwen3_8B_2026Nov30_run17b_LR1e5", "s3://bucket/models/Llama31_8B_SFT_v2_DPO_beta01",
        "TheBloke/WizardLM-33B-V1.0-Uncensored-SuperHOT-8K-GPTQ",
    ],
)  # fmt: skip
def test_names_of_models_in_pieces_are_no_keys(name: str) -> None:
    assert why_secret(name) is None


@pytest.mark.parametrize(
    ("value", "allowed"),
    [("KxQ2mZ8vR4nT6pW1yB3cD5fG7hJ9", True), ("sk-proj-PLACEHOLDER0123456789abcdef", False)],
)
def test_the_person_s_word_lets_pass_what_only_looks_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str, allowed: bool
) -> None:
    monkeypatch.setenv("EVALKIT_DEPLOYMENT", value)
    (tmp_path / "s.yaml").write_text(
        "name: s\nmodels: {m: {adapter: openai_chat, model: '${EVALKIT_DEPLOYMENT}', base_url: 'http://127.0.0.1:1/v1'}}\n"
        "tasks: [{name: t, cases: [{q: a, expected: b}], prompt: '{{ q }}', score: exact}]\n"
    )
    assert evalkit(capsys, "check", tmp_path / "s.yaml").code == 2
    ran = evalkit(capsys, "check", tmp_path / "s.yaml", "--allow-env", "EVALKIT_DEPLOYMENT")
    assert (ran.code == 0) is allowed, ran.err
    assert value not in ran.err
