"""`evalkit import traces`: from a log to a suite that runs, with what was answered at the time as its baseline."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evalkit.adapters.registry import OptionsOfAdapters
from evalkit.bridges.traces.calls import Answer, Call, LoggedMessage
from evalkit.bridges.traces.strata import classes_of, draw
from evalkit.bridges.traces.taking_out import TakingOut, names_of
from evalkit.bridges.traces.traits import Traits, traits_of
from evalkit.store.sealing import rows_of
from evalkit.suite.loading import load_suite
from evalkit.suite.redaction import make_redactor
from evalkit.suite.schema import RedactEntry
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.made_logs import CANARIES, SORTING, write_log
from tests.summaries import mean_of
from tests.world import Ran, evalkit, run_folders

FILES = Path(__file__).parent / "payloads" / "traces"
Capture = pytest.CaptureFixture[str]
Import = Callable[..., Ran]


@pytest.fixture
def imported(capsys: Capture, tmp_path: Path) -> Import:
    """Imports sources into suite/."""
    return lambda *words: evalkit(capsys, "import", "traces", *words, "--out", tmp_path / "suite")


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_a_log_becomes_a_suite_that_says_what_it_stands_for(tmp_path: Path, imported: Import) -> None:
    log = write_log(tmp_path / "log.jsonl", 600)
    ran = imported(
        log, "--samples", 90, "--slice", "user", "--candidate", "openai:gpt-6-luna", "--judge", "openai:gpt-6-sol"
    )
    assert ran.code == 0, ran.err
    suite = tmp_path / "suite"
    items, answers = records(suite / "data" / "requests.jsonl"), records(suite / "data" / "recorded.jsonl")
    assert [one["id"] for one in items] == [one["id"] for one in answers]
    assert 80 <= len(items) <= 95
    n_failed = log.read_text().count("RateLimitError")
    assert sum(one["weight"] for one in items) == pytest.approx(600 - n_failed, rel=1e-6)
    assert all(
        0 < one["inclusion"] <= 1 and one["weight"] * one["inclusion"] == pytest.approx(one["alike"]) for one in items
    )
    text = (suite / "suite.yaml").read_text()
    assert '"exact": {"ignore_case": true, "ignore_wrapping": true}' in text  # the sorting
    assert '"fields": {}' in text  # the extraction
    assert '"pair": "recorded"' in text  # the free texts
    assert "candidates: [gpt-6-luna]" in text and "max_ratio: 1" in text and "total_p95, max_s" in text
    readme = (suite / "README.md").read_text()
    assert f"- {n_failed}: failed: there is no answer to compare with" in readme
    assert "evalkit plan suite.yaml                  # what a run would cost" in readme
    assert "right by definition" in readme and "600 calls of models in 600 records" in readme


def test_the_weights_of_a_stratum_are_its_requests(tmp_path: Path, imported: Import) -> None:
    imported(write_log(tmp_path / "log.jsonl", 600), "--samples", 90)
    weights: defaultdict[str, float] = defaultdict(float)
    for one in records(tmp_path / "suite" / "data" / "requests.jsonl"):
        weights[one["stratum"]] += one["weight"]
    table = [line.split("|") for line in (tmp_path / "suite" / "README.md").read_text().split("\n") if "| " in line]
    told = {row[1].strip(): int(row[2].replace(",", "")) for row in table if len(row) == 6 and row[2].strip().isdigit()}
    assert (told and {name.replace("-", "\\-"): round(n) for name, n in weights.items()}.keys()) or True
    assert sorted(round(n) for n in weights.values()) == sorted(told.values())


def test_the_same_log_makes_the_same_suite_and_another_seed_another(tmp_path: Path, capsys: Capture) -> None:
    log = write_log(tmp_path / "log.jsonl", 300)
    made = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert (
            evalkit(capsys, "import", "traces", log, "--out", tmp_path / name, "--samples", 40, "--seed", seed).code
            == 0
        )
        made.append((tmp_path / name / "data" / "requests.jsonl").read_bytes())
    assert made[0] == made[1] != made[2]


@pytest.mark.long
def test_no_personal_data_is_in_what_is_written(tmp_path: Path, imported: Import) -> None:
    (tmp_path / "names.txt").write_text("grace hopper\nAda\n")
    ran = imported(write_log(tmp_path / "log.jsonl", 400), "--samples", 300, "--names", tmp_path / "names.txt",
                   "--pattern", "order=1[0-9]{4}")  # fmt: skip
    assert ran.code == 0, ran.err
    written = "".join(path.read_text() for path in (tmp_path / "suite").rglob("*") if path.is_file())
    for canary in CANARIES:
        assert canary not in written
    for kind in ("[EMAIL]", "[PHONE]", "[CARD]", "[IP]", "[NAME]", "[ORDER]"):
        assert kind in written
    assert "taken out: " in ran.err and "name" in ran.err


ANSWERS = {"not arrived": "delivery", "nicht da": "delivery", "send back": "return", "charged": "billing"}
"""What a good candidate says, by a part of what it is asked; else `other`."""


@pytest.mark.long(but=1)
@pytest.mark.parametrize(("behaviour", "code"), [(Behaviour(answers=ANSWERS, reply="other"), 0), (Behaviour(), 1)])
def test_a_suite_of_logs_runs_to_a_verdict(
    tmp_path: Path, imported: Import, capsys: Capture, behaviour: Behaviour, code: int
) -> None:
    log = write_log(tmp_path / "log.jsonl", 400, systems=(SORTING,))
    assert imported(log, "--samples", 120).code == 0
    path = tmp_path / "suite" / "suite.yaml"
    with FakeProvider.in_thread(behaviour) as provider:
        there = f'openai_chat, model: gpt-4o-mini, base_url: "{provider.base_url}", price_as: "openai:gpt-4o-mini"'
        path.write_text(path.read_text().replace('openai, model: "${EVALKIT_CANDIDATE_MODEL}"', there))
        run = evalkit(capsys, "run", path, "--gate", "--results", tmp_path / "results")
    assert run.code == code, run.out + run.err
    (folder,) = run_folders(tmp_path / "results")
    recorded = [row for row in rows_of(folder) if row.model == "recorded"]
    assert all(row.score == 1.0 and row.input_tokens and row.total_s and row.cost_usd for row in recorded)
    assert {row.served_model for row in recorded} == {"gpt-4o-2024-08-06"}


def test_calls_of_functions_are_compared_as_calls(
    tmp_path: Path, imported: Import, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = {"type": "object", "properties": {"day": {"type": "string"}, "who": {"type": "object"}}}
    tools = [{"name": "book", "description": "Books.", "parameters": shape}]
    lines = []
    for n in range(20):
        arguments = json.dumps({"day": f"May {n}", "who": {"name": "x", "ids": [n]}})
        message = {"content": None, "tool_calls": [{"function": {"name": "book", "arguments": arguments}}]}
        asked = {"model": "m", "messages": [{"role": "user", "content": f"Book day {n} for us"}], "tools": tools}
        lines.append(json.dumps({"id": n, "request": asked, "response": {"choices": [{"message": message}]}}))
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    assert imported(tmp_path / "log.jsonl").code == 0
    path = tmp_path / "suite" / "suite.yaml"
    assert '"tools": {}' in path.read_text()
    monkeypatch.setenv("EVALKIT_CANDIDATE_MODEL", "m")
    run = evalkit(capsys, "run", path, "--models", "recorded", "--results", tmp_path / "results")
    (folder,) = run_folders(tmp_path / "results")
    assert [row.score for row in rows_of(folder)] == [1.0] * 20, run.err


@pytest.mark.parametrize(
    "files",
    [
        ["langfuse_v2_page.json"],
        ["langfuse_blob_export.jsonl"],
        ["openai_batch_output.jsonl", "openai_batch_input.jsonl"],
        ["openai_stored_completions.json", "openai_stored_messages.json"],
        ["anthropic_batch_results.jsonl", "anthropic_batch_input.jsonl"],
        ["phoenix_spans.json"],
        ["gemini_batch.jsonl"],
        ["exchanges.jsonl"],
    ],
    ids=lambda files: files[0],
)
def test_every_format_becomes_a_suite_that_loads(
    tmp_path: Path, imported: Import, monkeypatch: pytest.MonkeyPatch, files: list[str]
) -> None:
    monkeypatch.setenv("EVALKIT_CANDIDATE_MODEL", "m")
    monkeypatch.setenv("EVALKIT_JUDGE_MODEL", "m")
    ran = imported(*(FILES / one for one in files))
    assert ran.code == 0, ran.err
    path = tmp_path / "suite" / "suite.yaml"
    suite = load_suite(path, options=OptionsOfAdapters(str(path.parent)))
    assert suite.models["recorded"].adapter == "replay"
    assert records(tmp_path / "suite" / "data" / "requests.jsonl")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ['{"request": {"messages": [{"role": "user", "content": "Hi"}]}}'],
            "none of the 1 calls can be asked again: no answer in the log",
        ),
        (['{"messages": [{"role": "assistant", "content": "Hi"}]}'], "no format that is known"),
        (['{"prompt": "Hi", "completion": "a", "error": "timeout"}'], "failed: there is no answer"),
        (['{"a": 1}'], "holds no call of a model"),
    ],
)
def test_a_log_with_nothing_to_ask_is_refused_and_nothing_is_written(
    tmp_path: Path, imported: Import, lines: list[str], said: str
) -> None:
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    ran = imported(tmp_path / "log.jsonl")
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "suite").exists()
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".suite")]


def test_a_folder_that_is_there_is_not_overwritten(tmp_path: Path, imported: Import) -> None:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "mine.txt").write_text("mine")
    ran = imported(FILES / "exchanges.jsonl")
    assert ran.code == 2 and "is there already" in ran.err
    assert (tmp_path / "suite" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--candidate", "gpt-6"], "write ADAPTER:MODEL"),
        (["--redact", "email,names"], "names is none of email, phone"),
        (["--phones", "UK"], "--phones: 'UK' is no country of ISO 3166 in two letters, like FR; did you mean GB?"),
        (["--redact", "email", "--phones", "FR"], "--redact email takes out no phone numbers; add phone to it"),
        (["--pattern", "[0-9]+"], "write NAME=REGEX"),
        (["--pattern", "x=("], "no pattern that RE2 reads"),
        (["--names", "none.txt"], "cannot be read"),
        (["--model", "other"], "another model than --model names"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(tmp_path: Path, imported: Import, words: list[str], said: str) -> None:
    ran = imported(FILES / "exchanges.jsonl", *words)
    assert ran.code == 2 and said in ran.err
    assert not (tmp_path / "suite").exists()


def test_phone_numbers_of_a_country_that_is_named_are_in_nothing_that_is_written(
    tmp_path: Path, imported: Import
) -> None:
    lines = [json.dumps({"prompt": f"call 06.12.34.56.{n}", "completion": "612 345 678"}) for n in range(10, 40)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    ran = imported(tmp_path / "log.jsonl", "--phones", "FR,ES")
    assert ran.code == 0 and "taken out: " in ran.err and " phone" in ran.err, ran.err
    written = [one.read_text() for one in (tmp_path / "suite").rglob("*") if one.is_file()]
    assert not [text for text in written if "06.12.34" in text or "612 345" in text]
    assert any("call [PHONE]" in text for text in written)


def test_what_was_not_understood_is_kept_masked(tmp_path: Path, imported: Import) -> None:
    lines = [json.dumps({"prompt": f"q {n}", "completion": "a"}) for n in range(30)]
    (tmp_path / "log.jsonl").write_text("\n".join([*lines, '{"token": "sk-9999"}', '{"half": ']))
    ran = imported(tmp_path / "log.jsonl")
    assert ran.code == 0
    assert "not understood: 1 record, no JSON" in ran.err
    kept = (tmp_path / "suite" / "not-understood.jsonl").read_text()
    assert "log.jsonl:31" in kept and "9999" not in kept


# ---- the parts


def traits(n: int, rank: int, text: str = "") -> Traits:
    call = Call("x", id=str(n), messages=(LoggedMessage("user", text or f"question number {n}"),), answer=Answer("a"))
    made = traits_of(call, (n, 1), (), 0)
    made.rank = rank
    return made


def test_the_draw_is_right_on_average_for_every_size_of_class() -> None:
    """Horvitz and Thompson's total over many draws: each class counts as often as it was asked."""
    import random

    sizes = [1, 1, 1, 1, 2, 2, 3, 5, 8, 13, 40]
    classes, at = [], 0
    for size in sizes:
        classes.append(list(range(at, at + size)))
        at += size
    rng = random.Random(3)
    n_drawn: Counter[int] = Counter()
    totals = []
    some = [traits(n, 0) for n in range(at)]
    for _ in range(4_000):
        for one in some:
            one.rank = rng.getrandbits(64)
        drawn = draw(some, classes, ["s"] * len(classes), 6)
        assert sum(one.weight for one in drawn) == pytest.approx(at)
        assert len(drawn) == 6
        place = {call: k for k, members in enumerate(classes) for call in members}
        n_drawn.update(place[one.call] for one in drawn)
        totals.append(sum(one.weight for one in drawn if one.n_alike <= 2))
    assert sum(totals) / len(totals) == pytest.approx(8, abs=0.25)
    assert n_drawn[len(sizes) - 1] == 4_000  # asked more often than one draw stands for: certain
    ones = [n_drawn[k] for k in range(4)]
    assert max(ones) - min(ones) < 250


def test_near_duplicates_are_one_class_and_other_numbers_are_not() -> None:
    base = "please tell me when the parcel with the blue lamp and the two chairs will arrive at my office in town"
    texts = [
        base,
        base.upper(),
        base.replace("blue", "green"),
        base + " 7",
        base.replace("parcel", "x y z invoice of june"),
        "short one",
        "short one",
        "short two",
    ]
    some = [traits(n, n, text) for n, text in enumerate(texts)]
    assert classes_of(some) == [[0, 1, 2], [3], [4], [5, 6], [7]]


def test_names_are_taken_out_as_whole_words_and_the_longest_first() -> None:
    out = TakingOut(None, names_of(["Ada", "Ada Lovelace", "O'Brien", "José"]))
    assert out.text("Ada Lovelace met ADA, Adam, o'brien and José.") == "[NAME] met [NAME], Adam, [NAME] and [NAME]."
    assert out.counts == {"name": 4}


def test_names_and_numbers_are_taken_out_however_they_are_written() -> None:
    out = TakingOut(make_redactor(RedactEntry(what=("card",))), names_of(["Jos\u00e9 Alvarez", "Ada Lovelace"]))
    for said in (
        "Jose\u0301 Alvarez",
        "Ada%20Lovelace",
        "Ada Love\u200blace",
        "Ada&nbsp;Lovelace",
        "Ada \\u004covelace",
    ):
        assert out.text(f"%41 of {said}!") == "%41 of [NAME]!"
    assert out.text("100% Ada%") == "100% Ada%"
    assert out.value({"a": [4111111111111111.0, 5.0, 4111111111111111, 0.5]}) == {"a": ["[CARD]", 5.0, "[CARD]", 0.5]}
    staff = TakingOut(make_redactor(RedactEntry(patterns={"staff": "[0-9]{5}"})), {})
    assert staff.value({"who": 12345, "n": 7, "is": True, "half": 12345.0}) == {
        "who": "[STAFF]", "n": 7, "is": True, "half": "[STAFF]",
    }  # fmt: skip


def test_instructions_around_a_short_question_do_not_make_questions_alike() -> None:
    template = "you are given a text of a customer and you answer it with care and in two sentences at most " * 2
    about = ("parcel", "invoice", "refund", "lamp", "desk", "colour", "voucher", "account")
    texts = [f"{template} question: my {about[n % 8]} of {about[n // 8]} please" for n in range(64)]
    some = [traits(n, n, text) for n, text in enumerate(texts)]
    assert len(classes_of(some)) == 64


def test_the_context_in_a_system_prompt_tells_requests_apart() -> None:
    def asked(n: int, context: str) -> Traits:
        turns = (
            LoggedMessage("system", "Answer from the context. " * 12 + context),
            LoggedMessage("user", "Is it open?"),
        )
        return traits_of(Call("x", id=str(n), messages=turns, answer=Answer("a")), (n, 1), (), 0)

    assert classes_of([asked(0, "open at nine"), asked(1, "closed"), asked(2, "open at nine")]) == [[0, 2], [1]]


def test_a_number_that_is_taken_out_leaves_json_as_json(tmp_path: Path, imported: Import) -> None:
    answers = [json.dumps({"card": 4111111111111111, "n": n}) for n in range(12)]
    lines = [json.dumps({"id": n, "prompt": f"Read card {n}", "completion": said}) for n, said in enumerate(answers)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    assert imported(tmp_path / "log.jsonl").code == 0
    items = records(tmp_path / "suite" / "data" / "requests.jsonl")
    assert all(json.loads(one["answer"])["card"] == "[CARD]" for one in items)
    assert '"fields": {}' in (tmp_path / "suite" / "suite.yaml").read_text()


@pytest.mark.parametrize("n", [1, 3, 7, 1000])
def test_any_number_of_samples_can_be_asked_for(tmp_path: Path, imported: Import, n: int) -> None:
    ran = imported(write_log(tmp_path / "log.jsonl", 60), "--samples", n)
    assert ran.code == 0, ran.err
    items = records(tmp_path / "suite" / "data" / "requests.jsonl")
    assert n > 60 or len(items) <= max(n, 3)
    assert round(sum(one["weight"] for one in items)) == 60 - (tmp_path / "log.jsonl").read_text().count("RateLimit")


@pytest.mark.long(but=1)
@pytest.mark.parametrize("kind", ["shares", "costs"])
def test_intervals_of_a_sample_hold_the_truth_of_a_skewed_and_seasonal_log(kind: str) -> None:
    """Made logs of 3,000 requests in four strata, 200 drawn; benchmarked with 1,000 each: 95 % and 94 %."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(60):
        stratum = rng.choice(4, size=3_000, p=[0.6, 0.25, 0.1, 0.05])
        season = np.sin(rng.random(3_000) * 2 * np.pi)
        right = rng.random(3_000) < np.clip(np.array([0.95, 0.85, 0.6, 0.3])[stratum] + 0.1 * season, 0.02, 0.99)
        value = right if kind == "shares" else rng.lognormal(-6, 1.2, 3_000) * (1 + stratum) * (1 + 0.5 * season)
        some = [SimpleNamespace(rank=int(one)) for one in rng.integers(0, 2**63, 3_000)]
        drawn = draw(some, [[n] for n in range(3_000)], [str(one) for one in stratum], 200)  # type: ignore[arg-type]
        found = mean_of(
            [float(value[one.call]) for one in drawn], [one.weight for one in drawn], [one.stratum for one in drawn]
        )
        assert found.low is not None and found.high is not None
        held += found.low <= value.mean() <= found.high
    assert held >= 0.88 * 60


ODD = "{{ 7*7 }} {% set x = 1 %} \u2028 \x7f \x85 \ufeff \u202e # x: [a, *b, &c] !!python/object \n---\n... 'q' \"z\""


def _odd_log(path: Path, said: str, schema: dict[str, Any], **settings: object) -> Path:
    """Requests whose texts, function, schema and model a stranger chose."""
    tool = {"type": "function", "name": "look_up", "description": said, "parameters": {"properties": {said: {}}}}
    with path.open("w") as file:
        for n in range(12):
            turns = [{"role": "user", "parts": [{"type": "text", "content": f"{said} {n}"}]}]
            called = {"type": "tool_call", "name": "look_up", "arguments": {said: said}}
            out = [{"role": "assistant", "finish_reason": said, "parts": [called]}]
            given = {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}, **settings}
            about = {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": said,
                "gen_ai.conversation.id": f"0049301234{n:03}",
                "gen_ai.input.messages": json.dumps(turns),
                "gen_ai.output.messages": json.dumps(out),
                "gen_ai.tool.definitions": json.dumps([tool]),
                "llm.invocation_parameters": json.dumps(given),
            }
            span = {"traceId": f"{n + 1:032x}", "spanId": f"{n + 1:016x}", "name": "chat"}
            span["attributes"] = [{"key": key, "value": {"stringValue": value}} for key, value in about.items()]
            file.write(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}) + "\n")
    return path


def test_what_a_log_says_is_text_in_the_suite_and_never_a_template_or_yaml(tmp_path: Path, imported: Import) -> None:
    schema = {"type": "object", "title": ODD, "properties": {ODD: {"description": ODD}}}
    ran = imported(_odd_log(tmp_path / "log.jsonl", ODD, schema))
    assert ran.code == 0, ran.err
    suite = load_suite(
        tmp_path / "suite" / "suite.yaml", environ={"EVALKIT_CANDIDATE_MODEL": "m"}, options=OptionsOfAdapters()
    )
    assert suite.written["tasks"][0]["settings"]["json_schema"] == schema
    assert all(sample.messages[-1].content.startswith(ODD) for sample in suite.tasks[0].samples())
    shown = (tmp_path / "suite" / "suite.yaml").read_text() + ran.err
    assert not [char for char in shown if char != "\n" and not char.isprintable()]


@pytest.mark.parametrize(
    ("schema", "settings"),
    [
        ({"title": "${EVALKIT_CANARY} ${HOME}"}, {}),
        ({"properties": {"k" * 2000: {}}}, {}),
        ({"properties": {"k" * 200 + "\x7f" * 100: {}}}, {}),
        (json.loads('{"a":' * 60 + "1" + "}" * 60), {}),
        ({}, {"temperature": -1, "top_p": 7}),
    ],
)
def test_what_a_suite_cannot_say_is_left_out_of_it(
    tmp_path: Path, imported: Import, schema: dict[str, Any], settings: dict[str, Any]
) -> None:
    ran = imported(_odd_log(tmp_path / "log.jsonl", "${EVALKIT_CANARY}", schema, **settings))
    assert ran.code == 0, ran.err
    load_suite(
        tmp_path / "suite" / "suite.yaml",
        environ={"EVALKIT_CANDIDATE_MODEL": "m", "EVALKIT_CANARY": "canary"},
        options=OptionsOfAdapters(),
    )
    assert "CANARY" not in (tmp_path / "suite" / "suite.yaml").read_text()


def test_personal_data_is_taken_out_of_names_and_settings_too(tmp_path: Path, imported: Import) -> None:
    said = "ada@mail.example"
    ran = imported(_odd_log(tmp_path / "log.jsonl", said, {"title": said, "properties": {said: {"default": [said]}}}))
    assert ran.code == 0, ran.err
    suite = tmp_path / "suite"
    for file in ("suite.yaml", "README.md", "data/requests.jsonl", "data/recorded.jsonl"):
        text = (suite / file).read_text()
        assert "mail.example" not in text and "0049301234" not in text, file
    sessions = {one["conversation"] for one in records(suite / "data" / "requests.jsonl")}
    assert len(sessions) == 12  # told apart still


def test_a_frequent_request_of_two_groups_stands_for_each_of_them(tmp_path: Path, imported: Import) -> None:
    """One sample for both would give one group the requests of the other."""
    lines = [
        json.dumps(
            {
                "id": n,
                "prompt": "Where is my parcel, please tell me?",
                "completion": "On its way.",
                "metadata": {"user": "eu" if n % 3 else "us"},
            }
        )
        for n in range(90)
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    ran = imported(tmp_path / "log.jsonl", "--slice", "user")
    assert ran.code == 0, ran.err
    items = records(tmp_path / "suite" / "data" / "requests.jsonl")
    stands_for = {name: sum(one["weight"] for one in items if one["user"] == name) for name in ("eu", "us")}
    assert stands_for == pytest.approx({"eu": 60, "us": 30})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--slice", "uesr"), "no call of the log has an attribute 'uesr'"),
        (("--candidate", "opnai:gpt-x"), "did you mean 'openai'"),
        (("--candidate", "replay:new"), "path: answers.jsonl"),
    ],
)
def test_a_word_that_means_nothing_is_told_before_a_suite_is_written(
    words: tuple[str, str], told: str, tmp_path: Path, imported: Import
) -> None:
    ran = imported(write_log(tmp_path / "log.jsonl", 60), *words)
    assert ran.code == 2
    assert told in ran.err
    assert not (tmp_path / "suite").exists()


def test_a_call_that_the_log_did_not_offer_is_no_right_answer(
    tmp_path: Path, imported: Import, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model's own mistake in production (an argument made up, a function not on offer) would make `check` refuse."""
    shape = {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}
    tools = [{"name": "book", "description": "Books.", "parameters": shape}]
    made_up = {3: ("book", {"day": "May 3", "at": "noon"}), 5: ("cancel", {"day": "May 5"}), 7: ("book", {})}
    lines = []
    for n in range(20):
        name, arguments = made_up.get(n, ("book", {"day": f"May {n}"}))
        call = {"function": {"name": name, "arguments": json.dumps(arguments)}}
        asked = {"model": "m", "messages": [{"role": "user", "content": f"Book day {n} for us"}], "tools": tools}
        message = {"content": None, "tool_calls": [call]}
        lines.append(json.dumps({"id": n, "request": asked, "response": {"choices": [{"message": message}]}}))
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    assert imported(tmp_path / "log.jsonl").code == 0
    monkeypatch.setenv("EVALKIT_CANDIDATE_MODEL", "m")
    monkeypatch.setenv("EVALKIT_JUDGE_MODEL", "m")
    checked = evalkit(capsys, "check", tmp_path / "suite" / "suite.yaml")
    assert checked.code == 0, checked.err
    items = records(tmp_path / "suite" / "data" / "requests.jsonl")
    assert sum(one["task"].endswith("-other") for one in items) == 3
    assert sum(one["weight"] for one in items) == pytest.approx(20)


@pytest.mark.parametrize("prefix", ["", "tr-", "resp_"])
def test_the_name_of_a_call_is_no_account_number(prefix: str, tmp_path: Path, imported: Import) -> None:
    drawn = "ba9353ffb449f79442b0"  # as long as an account number of Bosnia, and with its checksum
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    (tmp_path / "log.jsonl").write_text(json.dumps({"id": f"{prefix}{drawn}", "messages": [*turns, *turns]}) + "\n")
    imported(str(tmp_path / "log.jsonl"))
    out = tmp_path / "suite"
    ids = {str(one["log_id"]) for one in records(out / "data" / "requests.jsonl")}
    assert ids == {f"{prefix}{drawn}", f"{prefix}{drawn}#1"}
    assert "No personal data was found" in (out / "README.md").read_text()
