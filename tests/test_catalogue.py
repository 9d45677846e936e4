"""The catalogue of models: every fact with source and date; sources that disagree are disputed; files correct it."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from evalkit.catalogue.facts import LICENCE_KINDS, TIERS, UNCHECKED, Catalogue, Known
from evalkit.catalogue.reading import PACKED, _built_in, load, pack, packed, record, user_file
from evalkit.errors import UserError
from evalkit.results.entries import entries_of
from evalkit.results.reader import ResultsReader
from evalkit.store import runs
from evalkit.suite.source_map import parse
from tests.board_world import a_run
from tests.world import evalkit, run_folders

REPO = Path(__file__).parent.parent

FAMILIES = {
    "GPT",
    "Claude",
    "Gemini",
    "Grok",
    "DeepSeek",
    "Mistral",
    "Llama",
    "Qwen",
    "GLM",
    "Gemma",
    "Phi",
    "GPT-OSS",
    "OLMo",
}


@pytest.mark.long
def test_the_catalogue_that_is_read_is_the_one_that_people_edit(tmp_path: Path) -> None:
    yaml = PACKED.with_suffix(".yaml")
    assert PACKED.read_bytes() == pack(yaml), "models.yaml was changed: python -m evalkit.catalogue"
    assert packed(yaml) == parse(yaml.read_text("utf-8"), "models.yaml").data


@pytest.mark.long(but=1)
@pytest.mark.parametrize("damage", ["absent", "older", "no json", "no object"])
def test_a_catalogue_without_its_json_is_read_as_it_stands(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_packed = load().find("gpt-6.2-sol")
    other = tmp_path / "models.json"
    written = {"older": b'{"sha256": "0", "data": {}}', "no json": b"{", "no object": b"[]"}
    if damage in written:
        other.write_bytes(written[damage])
    monkeypatch.setattr("evalkit.catalogue.reading.PACKED", other)
    _built_in.cache_clear()
    found = load().find("gpt-6.2-sol")
    _built_in.cache_clear()
    assert found == as_packed is not None


def write(folder: Path, text: str, name: str = "models.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def versions(catalogue: Catalogue) -> dict[str, Known]:
    return {known.model: known for known in catalogue.models.values()}


def test_every_family_is_there_and_every_claim_has_a_source_with_a_page_and_a_date() -> None:
    known = versions(load())
    assert {entry.family for entry in known.values()} == FAMILIES
    for entry in known.values():
        assert entry.claims, f"{entry.model} says nothing"
        assert entry.value("tier") in {*TIERS, None}
        assert entry.value("licence_kind") in {*LICENCE_KINDS, None}
        for claims in entry.claims.values():
            for claim in claims:
                assert len(claim.source) > 5, f"{entry.model}: a source is named in full"
                assert claim.seen == UNCHECKED or date.fromisoformat(claim.seen) <= date.today()
                assert claim.second_hand or (claim.url or "").startswith("https://"), f"{claim.source}: has no page"


def test_a_modified_licence_is_a_kind_of_its_own_and_never_counts_as_permissive() -> None:
    for entry in versions(load()).values():
        licence, kind, tier = (entry.value(name) for name in ("licence", "licence_kind", "tier"))
        if "modified" in str(licence).lower():
            assert kind == "modified permissive", entry.model
        if kind is not None and tier is not None:
            assert (kind == "permissive") == (tier in {"open weights, permissive", "fully open"}), entry.model


def test_the_page_says_how_many_facts_were_checked() -> None:
    known = versions(load())
    claims = [claim for entry in known.values() for claims in entry.claims.values() for claim in claims]
    counts = Counter(claim.doubt for claim in claims)
    page = (REPO / "docs" / "catalogue.md").read_text("utf-8")
    said = re.search(r"(\d+) versions of (\d+) families, (\d+) facts", page)
    assert said is not None
    assert [int(n) for n in said.groups()] == [len(known), len(FAMILIES), len(claims)]
    rows = [int(n) for n in re.findall(r"\| (\d+) \| (?:the fact|\*)", page)]
    assert rows == [counts[""], counts["second hand"], counts["source not re-read"]]


def test_what_is_not_first_hand_says_so_wherever_it_is_shown(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "sources:\n  copy: {title: a copy of the card, second_hand: true}\nmodels:\n- model: m\n"
        "  licence: {is: MIT, source: copy, seen: 2026-11-01}\n"
        "  context_tokens: {is: 4096, source: the card, seen: unchecked}\n",
    )
    known = load([path]).find("m")
    assert known is not None
    assert known.shown("licence") == "MIT (second hand)"
    assert known.shown("context_tokens") == "4,096 (source not re-read)"


def test_two_sources_that_disagree_are_disputed_and_neither_wins(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "models:\n- model: m-1\n  licence:\n  - {is: MIT, source: card, seen: 2026-11-01}\n"
        "  - {is: Apache-2.0, source: blog, seen: 2026-11-02}\n",
    )
    known = load([path]).find("m-1")
    assert known is not None
    assert known.disputed == ("licence",)
    assert known.value("licence") is None
    assert known.shown("licence") == "disputed: MIT (card) / Apache-2.0 (blog)"
    assert "licence disputed between sources" in known.badges(date(2026, 11, 20))


def test_sources_that_agree_are_not_disputed(tmp_path: Path) -> None:
    claim = "{is: MIT, source: %s, seen: 2026-11-01}"
    path = write(tmp_path, f"models:\n- model: m\n  licence: [{claim % 'a'}, {claim % 'b'}]\n")
    known = load([path]).find("m")
    assert known is not None and known.value("licence") == "MIT"


def test_a_provider_s_prefix_and_case_do_not_hide_a_version_but_another_version_does() -> None:
    catalogue = load()
    assert catalogue.find("openai/GPT-OSS-120B") is catalogue.find("gpt-oss-120b")
    assert catalogue.find("gpt-oss-121b") is None
    assert catalogue.find("Llama-3.1-8B") is None, "openness belongs to the exact version"
    assert catalogue.find(None) is None


def test_a_model_near_retirement_and_an_alias_get_a_badge() -> None:
    catalogue = load()
    pinned, alias = catalogue.find("gpt-5-2025-08-07"), catalogue.find("gpt-5")
    assert pinned is not None and alias is not None
    assert pinned.badges(date(2026, 11, 20)) == ["retires on 2026-12-11, in 21 days"]
    assert pinned.badges(date(2026, 1, 1)) == []
    assert pinned.badges(date(2027, 1, 1)) == ["retired on 2026-12-11"]
    assert alias.badges(date(2026, 1, 1)) == ["an alias: ask for gpt-5-2025-08-07 to pin the version"]
    unpinned = catalogue.find("some/thing-latest")
    assert unpinned is not None and "cannot be pinned" in unpinned.badges(date(2026, 11, 20))[0]


OWN = """
sources: {ours: our lawyers}
models:
- model: gpt-5
  retires: {is: 2027-06-01, source: ours, seen: 2026-11-20}
- model: mistral-medium-3-5
  commercial_use: {is: cleared for us, source: ours, seen: 2026-11-20}
- model: in-house-1
  tier: {is: closed, source: ours, seen: 2026-11-20}
"""


def test_a_file_of_one_s_own_adds_and_corrects_single_facts_and_says_what_it_replaced(tmp_path: Path) -> None:
    catalogue = load([write(tmp_path, OWN)])
    gpt, own = catalogue.find("gpt-5"), catalogue.find("in-house-1")
    by_name, by_id = catalogue.find("mistral-medium-3-5"), catalogue.find("mistralai/Mistral-Medium-3.5-128B")
    assert gpt is not None and own is not None
    assert gpt.value("retires") == "2027-06-01"
    assert gpt.sources("retires").startswith("our lawyers, 2026-11-20; from models.yaml, which corrects: 2026-12-11 (")
    assert gpt.value("tier") == "closed", "what the file does not name stays"
    assert "models.yaml" not in gpt.sources("tier")
    assert catalogue.find("gpt-5-2025-08-07") is not None
    assert own.value("tier") == "closed"
    assert own.shown("licence") is None
    assert by_name is by_id is not None, "every id of the version is corrected"
    assert by_name.value("commercial_use") == "cleared for us"
    assert by_name.disputed == ()
    assert by_name.sources("commercial_use").count("20 million") == 2, "both readings that were corrected"


def test_the_later_file_wins_and_the_built_in_catalogue_stays_as_it_is(tmp_path: Path) -> None:
    kept = record(write(tmp_path / "suite", OWN))
    later = write(tmp_path, OWN.replace("2027-06-01", "2027-09-01"))
    both, alone, plain = (c.find("gpt-5") for c in (load([later], [kept]), load([], [kept]), load()))
    assert both is not None and alone is not None and plain is not None
    assert (both.value("retires"), alone.value("retires")) == ("2027-09-01", "2027-06-01")
    assert plain.value("retires") == "2026-12-11"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: [", "models.yaml:1: this is not valid YAML"),
        ("- a", "models.yaml:1: a catalogue has the keys"),
        ("model:\n- model: x\n", "models.yaml:1: model: unknown key; did you mean 'models'?"),
        ("models: x\n", "models.yaml:1: models: expected a list"),
        ("models:\n- name: x\n", "models.yaml:2: models[0]: each entry starts with `- model:`"),
        (
            "models:\n- model: x\n  licens: {is: MIT, source: a, seen: b}\n",
            "models.yaml:3: models[0].licens: unknown key; did you mean 'licence'?",
        ),
        ("models:\n- model: x\n  licence: MIT\n", "models.yaml:3: models[0].licence: a fact is written"),
        ("models:\n- model: x\n  tier: {is: open, source: a, seen: 2026-01-01}\n", "expected one of closed"),
        (
            "models:\n- model: x\n  retires: {is: soon, source: a, seen: 2026-01-01}\n",
            "expected a day, like 2026-07-01",
        ),
        ("models:\n- model: x\n  licence: {is: MIT, source: a, seen: lately}\n", "seen: expected the day it was read"),
        ("models:\n- model: x\n  licence: {is: MIT, source: '', seen: 2026-01-01}\n", "source: expected who says so"),
        ("models:\n- model: x\n  context_tokens: {is: 1M, source: a, seen: 2026-01-01}\n", "whole number of tokens"),
        ("models:\n- model: x\n  modalities: {is: text, source: a, seen: 2026-01-01}\n", "expected a list, [text"),
        ("models:\n- model: x\n- model: X\n", "models.yaml:3: models[1]: x stands here twice"),
        ("sources: {a: {title: b, link: c}}\n", "models.yaml:1: sources.a.link: unknown key"),
        ("sources: {a: 3}\n", "models.yaml:1: sources.a: expected a title"),
        ("models:\n- model: x\n  names: y\n", "models.yaml:3: models[0].names: expected a list of ids"),
        ("models: &a\n- model: x\n", "anchors and aliases are refused"),
    ],
)
def test_a_file_with_a_mistake_is_named_with_the_line_and_the_way_out(text: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError) as caught:
        load([path])
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "models:\n- model: x\n  licence: MIT\n  retires: soon\n- y\n")
    with pytest.raises(UserError) as caught:
        load([path])
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [f"{path}:{n}" for n in (3, 4, 5)]


def test_the_user_s_own_file_is_found_among_the_settings_or_by_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert user_file() is None
    among = write(tmp_path / "evalkit", OWN)
    assert user_file() == among
    named = write(tmp_path, OWN, "named.yaml")
    monkeypatch.setenv("EVALKIT_CATALOGUE", str(named))
    assert user_file() == named


def test_a_results_folder_corrects_the_board_and_a_slip_there_is_said_not_thrown(tmp_path: Path) -> None:
    a_run(tmp_path, models=["gpt"], n=3)
    day = date(2026, 11, 20)
    (before,) = entries_of(ResultsReader(tmp_path), "support", today=day)
    assert "retires on 2026-12-11, in 21 days" in before.warnings
    write(tmp_path, OWN)
    (after,) = entries_of(ResultsReader(tmp_path), "support", today=day)
    assert not any("retires" in warning for warning in after.warnings)
    assert after.known is not None and "which corrects: 2026-12-11" in after.known.sources("retires")
    write(tmp_path, "models:\n- model: gpt-5\n  retires: soon\n")
    (slipped,) = entries_of(ResultsReader(tmp_path), "support", today=day)
    assert slipped.known is not None and slipped.known.value("retires") == "2026-12-11"
    assert "facts of your own are left out" in slipped.warnings[0] and "models.yaml:3" in slipped.warnings[0]


SUITE = """
name: facts
{catalogue}
models:
  ours: {{adapter: scripted, model: in-house-1, replies: {{"*": "4"}}, licence: by contract}}
tasks:
  - {{name: sum, data: items.jsonl, prompt: "{{{{ q }}}}", target: "4", score: exact}}
"""


def suite_with(folder: Path, catalogue: str = "") -> Path:
    write(folder, json.dumps({"q": "2 + 2?"}) + "\n", "items.jsonl")
    return write(folder, SUITE.format(catalogue=catalogue), "suite.yaml")


def test_a_run_keeps_what_the_file_beside_its_suite_says_and_the_board_and_show_read_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, results = suite_with(tmp_path), tmp_path / "results"
    write(tmp_path, OWN + "  retires: {is: 2026-01-01, source: ours, seen: 2026-11-20}\n")
    assert evalkit(capsys, "run", suite, "--results", results).code == 0
    (folder,) = run_folders(results)
    (kept,) = json.loads((folder / "run.json").read_text("utf-8"))["catalogue"]
    assert kept["file"] == "models.yaml"
    (tmp_path / "models.yaml").unlink()
    (entry,) = entries_of(ResultsReader(results), "facts")
    assert entry.known is not None and entry.known.value("tier") == "closed"
    assert entry.known.value("licence") == "by contract", "the suite's own word, where nobody else has one"
    assert "retired on 2026-01-01" in entry.warnings
    shown = evalkit(capsys, "show", folder)
    assert "ours: retired on 2026-01-01" in shown.out


def test_facts_change_no_identity_so_a_run_resumes_whatever_they_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, results = suite_with(tmp_path), tmp_path / "results"
    assert evalkit(capsys, "run", suite, "--results", results).code == 0
    write(tmp_path, OWN)
    assert evalkit(capsys, "run", suite, "--results", results, "--new").code == 0
    first, second = (json.loads((f / "run.json").read_text("utf-8")) for f in run_folders(results))
    assert first["suite_digest"] == second["suite_digest"]
    assert "catalogue" not in first and second["catalogue"]


def test_a_catalogue_that_the_suite_names_must_be_there_and_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = suite_with(tmp_path, "catalogue: facts.yaml")
    missing = evalkit(capsys, "check", suite)
    assert missing.code == 2 and "facts.yaml cannot be read: No such file" in missing.err
    write(tmp_path, "models:\n- model: x\n  licens: MIT\n", "facts.yaml")
    wrong = evalkit(capsys, "check", suite)
    assert wrong.code == 2 and "facts.yaml:3: models[0].licens: unknown key; did you mean 'licence'?" in wrong.err


def test_a_damaged_record_in_a_run_is_said_on_the_board_and_by_show(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, results = suite_with(tmp_path), tmp_path / "results"
    write(tmp_path, OWN)
    evalkit(capsys, "run", suite, "--results", results)
    (folder,) = run_folders(results)
    facts = json.loads((folder / "run.json").read_text("utf-8"))
    del facts[runs.CHECKSUM]  # else the whole file is said to be edited
    (folder / "run.json").write_text(json.dumps({**facts, "catalogue": [{"file": "x", "content": [1]}]}), "utf-8")
    (entry,) = entries_of(ResultsReader(results), "facts")
    assert "facts of your own are left out" in entry.warnings[0]
    shown = evalkit(capsys, "show", folder)
    assert shown.code == 0 and "catalogue: left out" in shown.out


def test_what_is_no_catalogue_at_all_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(UserError, match="cannot be read: it is no ordinary file"):
        load([tmp_path / "folder.yaml"])
    (tmp_path / "bytes.yaml").write_bytes(b"models: \xff")
    with pytest.raises(UserError, match="no UTF-8"):
        load([tmp_path / "bytes.yaml"])
    with (tmp_path / "endless.yaml").open("wb") as file:
        file.truncate(6_000_000)
    with pytest.raises(UserError, match="at most 5,000,000"):
        load([tmp_path / "endless.yaml"])


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ("claude-3-opus-20240229", "2026-01-05"),
        ("claude-sonnet-4-20250514", "2026-06-15"),
        ("claude-3-5-haiku-20241022", "2026-02-19"),
        ("gemini-2.0-flash-001", "2026-06-01"),
        ("gemini-3-pro-preview", "2026-03-09"),
        ("gemini-1.5-pro", "2025-09-24"),
        ("models/gemini-1.5-flash-002", "2025-09-24"),
        ("gemini-1.5-flash-8b", "2025-09-24"),
        ("gemini-1.5-flash-latest", "2025-09-24"),
        ("google/gemini-1.5-pro-001", "2025-05-27"),
        ("gpt-3.5-turbo-0613", "2024-09-13"),
        ("gpt-3.5-turbo-1106", "2026-09-28"),
        ("gpt-4-turbo-preview", "2026-03-26"),
        ("gpt-4.5-preview", "2025-07-14"),
        ("chatgpt-4o-latest", "2026-02-17"),
        ("gpt-4o-search-preview-2025-03-11", "2026-07-23"),
        ("openai/gpt-5-chat-latest", "2026-07-23"),
        ("o1-pro", "2026-10-23"),
    ],
)
def test_models_that_are_gone_long_since_are_known_too(model: str, day: str) -> None:
    """Suites outlive their models: the first line of a run says so, and not a 404 for each item."""
    known = load().find(model)
    assert known is not None and f"retired on {day}" in known.badges(date(2026, 11, 28))


def test_two_days_of_an_end_are_disputed_and_both_are_warned_of() -> None:
    known = load().find("gpt-4-1106-preview")
    assert known is not None and known.disputed == ("retires",)
    assert "2026-03-26" in (known.shown("retires") or "") and "2026-10-23" in (known.shown("retires") or "")


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        ("gpt-4", 8192),
        ("gpt-4o", 16384),
        ("gpt-4o-2024-05-13", 4096),
        ("gpt-4.1-mini-2025-04-14", 32768),
        ("gpt-5.6-sol", 128000),
        ("o3-mini", 100000),
        ("claude-haiku-4-5-20251001", 64000),
        ("claude-opus-5-5", 128000),
        ("claude-3-opus-20240229", 4096),
        ("gemini-2.0-flash-001", 8192),
        ("gemini-2.5-flash", 65536),
        ("gpt-5-pro", None),
        ("gemini-4-argon", None),
        ("my-own-fine-tune", None),
    ],
)
def test_the_longest_answer_of_a_model_is_known_or_unknown(model: str, limit: int | None) -> None:
    known = load().find(model)
    assert (None if known is None else known.value("max_output_tokens")) == limit


def test_no_limit_of_an_answer_is_above_the_window() -> None:
    for entry in versions(load()).values():
        window, limit = entry.value("context_tokens"), entry.value("max_output_tokens")
        assert window is None or limit is None or limit <= window, entry.model


WARNED = """
name: s
models:
  old: {adapter: gemini, model: gemini-1.5-pro}
  long: {adapter: openai, model: gpt-4o, settings: {max_output_tokens: 64000}}
  exact: {adapter: openai, model: gpt-4.1, settings: {max_output_tokens: 32768}}
  ours: {adapter: openai_chat, base_url: "http://127.0.0.1:9/v1", model: ours-7b, settings: {max_output_tokens: 900}}
  served: {adapter: scripted, replies: {"*": B}}
tasks:
  - name: short
    data: {path: items.jsonl}
    prompt: "{{ q }}"
    target: "{{ a }}"
    score: exact
  - name: essay
    data: {path: items.jsonl}
    prompt: "{{ q }}"
    target: "{{ a }}"
    score: exact
    settings: {max_output_tokens: 200000}
"""


@pytest.mark.parametrize("command", [("check",), ("plan",)])
def test_a_suite_is_warned_of_models_that_are_gone_and_of_answers_above_their_limit(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "sk-canary")
    (tmp_path / "items.jsonl").write_text('{"q": "Which?", "a": "B"}\n')
    write(
        tmp_path,
        "models:\n- model: ours-7b\n  max_output_tokens: {is: 512, source: its card, seen: 2026-11-28}\n",
    )
    suite = write(tmp_path, WARNED, "s.yaml")
    ran = (
        evalkit(capsys, *command, suite, "--results", tmp_path / "r")
        if command == ("plan",)
        else evalkit(capsys, *command, suite)
    )
    said = " ".join((ran.out + ran.err).split())
    assert ran.code == 0, said
    assert "old: retired on 2025-09-24 (Google's mail of 2025" in said
    assert "long: max_output_tokens 64,000 is above what it writes at most (16,384 tokens, LiteLLM's price map" in said
    assert "ours: max_output_tokens 900 is above what it writes at most (512 tokens, its card" in said
    assert "exact: max_output_tokens 32,768" not in said
    for name in ("long", "exact", "ours"):
        assert f"{name}: max_output_tokens 200,000" in said, name
    assert "served: max_output_tokens" not in said
    assert "sk-canary" not in said
