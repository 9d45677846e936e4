"""Pictures in prompts: found among the suite's files, sent through every dialect, and known by their bytes."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from pathlib import Path

import pytest

from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests import agent_world
from tests.conftest import REPO
from tests.picture_world import KEYS, TASK, picture, refused, served_models, write
from tests.world import evalkit, rows

Capture = pytest.CaptureFixture[str]
ECHO = Behaviour(answers="echo")


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "canary-that-is-no-key")


def test_six_dialects_show_the_very_bytes_and_a_second_run_buys_nothing(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(ECHO) as provider:
        suite = write(tmp_path, served_models(provider.origin))
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json")
        assert ran.code == 0, ran.err
        assert len(provider.account) == 24
        found = rows(Path(ran.json["folder"]))
        assert {str(row["outcome"]) for row in found} == {"right"}, [row["error"] for row in found][:3]

        (tmp_path / "pages" / "0.png").rename(tmp_path / "pages" / "renamed.png")
        items = (tmp_path / "items.jsonl").read_text().replace("pages/0.png", "pages/renamed.png")
        (tmp_path / "items.jsonl").write_text(items)
        again = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json")
        assert again.code == 0, again.err
        assert len(provider.account) == 24, "the same bytes under another name are the same request"
        assert {row["key"] for row in rows(Path(again.json["folder"]))} == {row["key"] for row in found}


@pytest.mark.long
def test_a_changed_picture_is_another_sample_for_resume_compare_and_gate(tmp_path: Path, capsys: Capture) -> None:
    results = tmp_path / "r"
    rules = '{early_stop: "off", rules: [{quality: all, margin: 0.9}]'
    gate = f"gate: {rules}, baseline: baseline@old, candidates: [chat]}}\n"
    with FakeProvider.in_thread(ECHO) as provider:
        suite = write(tmp_path, served_models(provider.origin, "chat"))
        first = evalkit(capsys, "run", suite, "--results", results, "--json").json["folder"]
        named = ("--model", "chat", "--as", "old", "--by", "us", "--why", "in use", "--baselines", tmp_path / "b")
        promoted = evalkit(capsys, "baseline", "promote", first, *named, "--results", results)
        assert promoted.code == 0, promoted.err
        suite.write_text(suite.read_text() + gate)
        kept = ("--results", results, "--baselines", tmp_path / "b")
        same = evalkit(capsys, "run", suite, "--gate", *kept)
        assert same.code in (0, 3), same.err + same.out

        new = picture(tmp_path / "pages" / "1.jpg", 77)
        lines = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
        lines[1]["digest"] = new
        (tmp_path / "items.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        asked = len(provider.account)
        ran = evalkit(capsys, "run", suite, "--gate", *kept, "--json")
        assert len(provider.account) == asked + 1, "the other pictures come from the cache"
    assert ran.code == 2, ran.out
    assert "1 item of receipts stands only on the candidate's side" in ran.err
    assert "receipts: p1 has another picture" in ran.err
    compared = evalkit(capsys, "compare", f"{first}:chat", "latest:chat", "--results", results)
    protected = evalkit(capsys, "gate", first, "--suite", suite, *kept)
    assert "receipts: the pictures changed" in protected.err, protected.err
    assert compared.code == 2
    assert "were not asked the same items" in compared.err and "p1 has another picture" in compared.err


def test_an_interrupted_run_goes_on_with_the_pictures_that_it_began_with(tmp_path: Path, capsys: Capture) -> None:
    results = tmp_path / "r"
    with FakeProvider.in_thread(ECHO.changed({"faults": {"400": 0.5}})) as provider:
        suite = write(tmp_path, served_models(provider.origin, "chat"), n=8)
        first = evalkit(capsys, "run", suite, "--results", results, "--no-cache", "--json")
        assert first.code == 4
        failed = sum(row["outcome"] == "errored" for row in rows(Path(first.json["folder"])))
        asked = len(provider.account)
        picture(tmp_path / "pages" / "0.png", 99)
        refused = evalkit(capsys, "run", suite, "--results", results, "--resume", first.json["folder"])
        assert refused.code == 2
        assert len(provider.account) == asked
        picture(tmp_path / "pages" / "0.png", 0)
        provider.behaviour = ECHO
        second = evalkit(capsys, "run", suite, "--results", results, "--no-cache", "--json")
        assert second.json["folder"] == first.json["folder"]
        assert len(provider.account) == asked + failed
    assert {str(row["outcome"]) for row in rows(Path(second.json["folder"]))} == {"right"}


def test_a_run_folder_says_what_a_picture_was_and_does_not_hold_it(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(ECHO) as provider:
        suite = write(tmp_path, served_models(provider.origin, "chat"), n=1)
        data = (tmp_path / "pages" / "0.png").read_bytes()
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json", "--debug")
        folder = Path(ran.json["folder"])
    assert b64encode(data[8:80]).decode()[8:40] not in ran.err, "what --debug writes"
    assert not any(data[8:] in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "r", "--sample", "p0")
    said = " ".join(shown.out.split())
    assert "[image pages/0.png: image/png, 64 x 64 pixels, 184 bytes, sha256 " in said
    page = tmp_path / "page.html"
    assert evalkit(capsys, "report", "latest", "--results", tmp_path / "r", "--html", page).code == 0


def test_texts_and_pictures_keep_their_order(tmp_path: Path, capsys: Capture) -> None:
    task = """
  - name: pages
    data: items.jsonl
    messages:
      - {role: system, content: Read.}
      - role: user
        content: ["One:", {image: "{{ file }}"}, "Two:", {image: "{{ [file, file] }}"}, "Same?"]
    target: "{{ digest }}"
    score: contains
"""
    with FakeProvider.in_thread(ECHO) as provider:
        suite = write(tmp_path, served_models(provider.origin, "chat", "gemini"), task=task, n=1)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json")
        assert ran.code == 0, ran.err
        for row in rows_of(Path(ran.json["folder"])):
            shown = f"[image/png:184:{row.target}]"
            assert str(row.text).replace(" ", "") == f"One:{shown}Two:{shown}{shown}Same?"
        suite = write(tmp_path, served_models(provider.origin, "ollama"), task=task, n=1)
    assert "put the pictures first" in refused(capsys, suite), "Ollama's own API has no place for another order"


def test_choices_examples_and_turns_go_with_pictures(tmp_path: Path, capsys: Capture) -> None:
    task = """
  - name: letters
    data: items.jsonl
    prompt: "Which is it?"
    images: "{{ file }}"
    choices: [cat, dog]
    target: cat
    shots: {n: 1, records: [{id: s1, file: pages/shot.png}]}
    score: choice
  - name: talk
    data: items.jsonl
    prompt: "What is it?"
    images: "{{ file }}"
    turns: ["And what colour?"]
    target: "[image"
    score: contains
"""
    picture(tmp_path / "pages" / "shot.png", 50)
    with FakeProvider.in_thread(ECHO.changed({"answers": "letter"})) as provider:
        suite = write(tmp_path, served_models(provider.origin, "chat"), task=task, n=2)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json")
        assert ran.code == 0, ran.err
    found = {(row.task, row.sample_id): row.prompt for row in rows_of(Path(ran.json["folder"]))}
    names = {key: [[image.name for image in turn.images] for turn in prompt] for key, prompt in found.items()}
    assert names == {
        ("letters", "p0"): [["pages/shot.png"], [], ["pages/0.png"]],
        ("letters", "p1"): [["pages/shot.png"], [], ["pages/1.jpg"]],
        ("talk", "p0"): [["pages/0.png"]],
        ("talk", "p0:turn2"): [["pages/0.png"], [], []],
        ("talk", "p1"): [["pages/1.jpg"]],
        ("talk", "p1:turn2"): [["pages/1.jpg"], [], []],
    }
    assert found["letters", "p0"][-1].words.endswith("Answer with the letter of the right option only.")


def test_a_cap_counts_a_picture_with_the_worst_and_an_estimate_does_not_know(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("- {model: m, input_per_mtok: 10, output_per_mtok: 10, valid_from: 2026-01-01}\n")
    with FakeProvider.in_thread(ECHO) as provider:
        told = (tmp_path / "r", "--prices", prices)
        suite = write(tmp_path, served_models(provider.origin, "chat"))
        (unknown,) = evalkit(capsys, "plan", suite, "--json", "--results", *told).json["models"]
        tokens = unknown["input_tokens"]
        assert 4 < tokens["low"] < 100
        assert (tokens["value"], unknown["usd"]["value"]) == (None, None)
        assert tokens["high"] >= 4 * 50_000
        assert "of pictures unknown" in unknown["input_basis"]

        capped = ("run", suite, "--max-cost", "0.4", "--results", *told)
        assert evalkit(capsys, *capped).code == 4, "50,000 tokens are 0.5 USD"
        assert len(provider.account) == 0
        monkeypatch.setenv("EVALKIT_IMAGE_TOKENS", "many")
        assert "EVALKIT_IMAGE_TOKENS: expected" in evalkit(capsys, "run", suite, "--max-cost", "1", "--new").err
        monkeypatch.setenv("EVALKIT_IMAGE_TOKENS", "2000")
        assert evalkit(capsys, *capped).code == 0
        assert len(provider.account) == 4
        (learned,) = evalkit(capsys, "plan", suite, "--json", "--no-cache", "--results", *told).json["models"]
        assert learned["input_tokens"]["value"] == 4 * 5
        assert "learned from earlier answers to this task" in learned["input_basis"]


def test_a_picture_that_changes_under_way_is_not_sent(tmp_path: Path) -> None:
    import evalkit as door

    write(tmp_path, "  m: {adapter: scripted, replies: {'*': x}}\n", n=3)
    seen: list[bytes] = []

    def model(request: door.Request) -> str:
        (image,) = request.images
        assert image.data is not None
        seen.append(image.data)
        picture(tmp_path / "pages" / "1.jpg", 98)
        return "x"

    images, data = str(tmp_path / "{{ file }}"), tmp_path / "items.jsonl"
    task = door.Task("t", data=data, prompt="What?", images=images, target="x", score="exact")
    suite = door.Suite({"mine": door.Model(model, images=True), "blind": model}, [task], run={"in_flight": 1})
    with pytest.raises(door.errors.SuiteError, match="Model\\(function, images=True\\)"):
        door.run(suite, results=tmp_path / "r", data_roots=[tmp_path])
    suite = door.Suite({"mine": door.Model(model, images=True)}, [task], run={"in_flight": 1})
    with pytest.warns(door.errors.IncompleteRunWarning):
        run = door.run(suite, results=tmp_path / "r", data_roots=[tmp_path])
    assert len(seen) == 2
    (failed,) = [row for row in rows_of(Path(run.folder)) if row.error]
    assert failed.sample_id == "p1"
    assert "has changed since the run was planned" in str(failed.error)


@pytest.mark.parametrize("dialect", ["chat", "ollama"])
def test_a_server_that_drops_pictures_is_given_up_before_its_guesses_count(
    dialect: str, tmp_path: Path, capsys: Capture
) -> None:
    with FakeProvider.in_thread(Behaviour(answers="letter", ignores=("images",))) as provider:
        suite = write(tmp_path, served_models(provider.origin, dialect, probed=True))
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json")
        assert ran.code == 4
        assert "drops pictures: a prompt has 1 input tokens without one and 1 with it" in " ".join(ran.err.split())
        provider.behaviour = ECHO
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r2").code == 0
        assert len(provider.account) == 2 + 2 + 4


def test_the_suite_of_the_page_is_checked_and_asked(tmp_path: Path, capsys: Capture) -> None:
    page = (REPO / "docs" / "pictures.md").read_text("utf-8")
    suite, record = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)[0] for kind in ("yaml", "json"))
    (tmp_path / "receipts.jsonl").write_text(record)
    picture(tmp_path / "scans" / "r1.png", 1)
    with FakeProvider.in_thread(Behaviour(reply="12.50")) as provider:
        for adapter, url in (("openai", provider.base_url), ("anthropic", provider.origin)):
            suite = suite.replace(f"adapter: {adapter},", f'adapter: {adapter}, base_url: "{url}",')
        (tmp_path / "suite.yaml").write_text(suite)
        ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "r", "--json")
        assert ran.code == 0, ran.err
    assert [row["outcome"] for row in rows(Path(ran.json["folder"]))] == ["right", "right"]


def test_a_records_own_conversation_names_its_pictures_beside_it(tmp_path: Path, capsys: Capture) -> None:
    task = TASK.replace('prompt: "What is the total?"', 'messages: "{{ talk }}"')
    talk = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "?"},
    ]
    with FakeProvider.in_thread(ECHO) as provider:
        suite = write(tmp_path, served_models(provider.origin, "chat"), task=task, n=1, talk=talk)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json")
        assert ran.code == 0, ran.err
    (row,) = rows_of(Path(ran.json["folder"]))
    assert [len(turn.images) for turn in row.prompt] == [0, 0, 1]
    parts = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://pages.example/a.png"}}]}]
    suite = write(tmp_path, "  m: {adapter: scripted, replies: {'*': x}}\n", task=task, n=1, talk=parts)
    assert "its pictures are named by `images`" in refused(capsys, suite)


def test_names_of_pictures_are_redacted_in_rows(tmp_path: Path, capsys: Capture) -> None:
    more = "redact: {what: [email], where: [storing]}\n"
    with FakeProvider.in_thread(ECHO) as provider:
        suite = write(tmp_path, served_models(provider.origin, "chat"), more=more, n=1)
        (tmp_path / "pages" / "0.png").rename(tmp_path / "pages" / "ann@example.org.png")
        items = (tmp_path / "items.jsonl").read_text().replace("pages/0.png", "pages/ann@example.org.png")
        (tmp_path / "items.jsonl").write_text(items)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json")
        assert ran.code == 0, ran.err
    (row,) = rows_of(Path(ran.json["folder"]))
    (image,) = row.prompt[0].images
    assert image.name == "pages/[EMAIL]"
    assert "redaction does not look into pictures" in ran.err


def test_agents_keep_the_picture_before_them_through_every_tool_interface(tmp_path: Path, capsys: Capture) -> None:
    def script(replies: list[str]) -> tuple[object, ...]:
        called = [json.loads(reply.replace("parcel.find", "parcel_find")) for reply in replies if reply[0] == "["]
        return (*map(tuple, called), *(reply for reply in replies if reply[0] != "["))

    scripts = {"P-1 is lost": script(agent_world.GOOD["lost"]), "P-2": script(agent_world.GOOD["coming"])}
    task = agent_world.TASK.replace("    prompt:", "    images: parcel.png\n    prompt:")
    digest = picture(tmp_path / "parcel.png", 1)
    with FakeProvider.in_thread(Behaviour(scripts=scripts)) as provider:  # type: ignore[arg-type]
        suite = agent_world.write(tmp_path, served_models(provider.origin), task=task)
        ran = agent_world.run(capsys, suite)
        assert ran.code == 0, ran.err
        assert len(provider.account) == 6 * 5 + 2, "and two by which functions are proved"
    found = list(rows_of(Path(ran.json["folder"])))
    assert {str(row.outcome) for row in found} == {"right"}, [row.reason for row in found]
    assert {image.digest for row in found for turn in row.prompt for image in turn.images} == {digest}
