"""A recorded MCP server as an environment: what was recorded comes back, and nothing is made up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Row
from evalkit.store.sealing import rows_of
from evalkit.suite.environments.conduct import Conduct, read_conduct
from evalkit.suite.environments.world import Played, PlayedCall
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.conftest import REPO
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]
(RECORDED,) = re.findall(
    r"^```json\n(.*?)^```", (REPO / "docs" / "agents.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)
SUITE = """
name: weather
models:
  m: {model}
tasks:
  - name: weather
    data: {{path: items.jsonl, id: id}}
    environment: weather.json
    at_most: {{steps: 5}}
    prompt: "{{{{ question }}}}"
    target: "{{{{ answer }}}}"
    score: {{end-state: {{answer: contains, conduct: [{{must: get_weather}}, {{at_most: 2, of: get_weather}}]}}}}
"""
ITEM = {
    "id": "ulm", "question": "Weather in Ulm?", "answer": "18",
    "solution": [{"name": "get_weather", "arguments": {"city": "Ulm"}}],
}  # fmt: skip


def result(text: str, *, failed: bool = False, **arguments: Any) -> dict[str, Any]:
    """A recorded call."""
    told = {"content": [{"type": "text", "text": text}, {"type": "image", "data": "x", "mimeType": "image/png"}]}
    return {"name": "get_weather", "arguments": arguments, "result": {**told, "isError": failed}}


def write(folder: Path, model: dict[str, Any], recorded: dict[str, Any] | str = RECORDED, item: Any = ITEM) -> Path:
    (folder / "items.jsonl").write_text(json.dumps(item) + "\n", "utf-8")
    text = recorded if isinstance(recorded, str) else json.dumps(recorded)
    (folder / "weather.json").write_text(text, "utf-8")
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(model=json.dumps(model)), "utf-8")
    return path


def call(**arguments: Any) -> str:
    return json.dumps([{"name": "get_weather", "arguments": arguments}])


def scripted(*replies: str) -> dict[str, Any]:
    return {"adapter": "scripted", "replies": {"ulm": list(replies)}}


def ran(capsys: Capture, suite: Path) -> tuple[Ran, Row]:
    done = evalkit(capsys, "run", suite, "--results", suite.parent / "results", "--no-cache")
    (row,) = rows_of(run_folders(suite.parent / "results")[-1])
    return done, row


def test_what_was_recorded_comes_back_through_a_provider_s_interface(tmp_path: Path, capsys: Capture) -> None:
    made = ({"name": "get_weather", "arguments": {"city": "Ulm"}},)
    with FakeProvider.in_thread(Behaviour(scripts={"Ulm": (made, "It is 18 C.")})) as provider:
        model = {"adapter": "anthropic", "model": "m", "base_url": provider.origin}
        done, row = ran(capsys, write(tmp_path, model))
    assert done.code == 0, done.err
    assert row.outcome == "right", row.reason
    assert [one.text for step in row.steps or () for one in step.results] == ["18 C, rain"]


def test_the_same_call_gets_its_results_in_their_order(tmp_path: Path, capsys: Capture) -> None:
    recorded = json.loads(RECORDED)
    recorded["results"] = [result("busy", failed=True, city="Ulm", days=1), result("18 C", city="Ulm", days=1)]
    item = {**ITEM, "solution": [{"name": "get_weather", "arguments": {"days": 1.0, "city": "Ulm"}}] * 2}
    suite = write(tmp_path, scripted(*[call(days=1, city="Ulm")] * 3, "18"), recorded, item)
    done, row = ran(capsys, suite)
    assert done.code == 0, done.err
    told = [one for step in row.steps or () for one in step.results]
    assert [(one.text, one.failed) for one in told] == [
        ("busy\n[image]", True), ("18 C\n[image]", False), ("18 C\n[image]", False)
    ]  # fmt: skip
    assert row.outcome == "right", "the first call failed and does not count"


def test_a_rule_of_conduct_says_which_calls_it_counts(tmp_path: Path, capsys: Capture) -> None:
    recorded = json.loads(RECORDED)
    recorded["results"] = [result("no such city", failed=True, city="Ulm")]
    item = {key: value for key, value in ITEM.items() if key != "solution"}
    done, row = ran(capsys, write(tmp_path, scripted(call(city="Ulm"), "18"), recorded, item))
    assert done.code == 0, done.err
    assert row.reason == "get_weather was not called with success, and must be called"
    shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "results", "--sample", "ulm")
    assert "was not called with success" in " ".join(shown.out.split())

    made = [PlayedCall(1, "w", {"city": city}, "", failed, False) for city, failed in [("Ulm", True), ("Rome", False)]]
    for rule, said in (
        ({"must": "w", "with": {"city": "Ulm"}}, "w was not called with success with the arguments of the rule, and"),
        (
            {"must": "w", "with": {"city": "Bern"}},
            "w was not called with the arguments of the rule, and must be called",
        ),
        ({"must": "w", "times": 2}, "w was called once with success, and must be called 2 times"),
        ({"must": "v"}, "v was not called, and must be called"),
        ({"at_most": 0, "of": "w"}, "w was called once with success, and may be at most 0"),
    ):
        (breach,) = Conduct(read_conduct([rule], "conduct", ["w", "v"])).breaches(Played({}, tuple(made)))
        assert breach.startswith(said)


def test_a_call_that_was_never_recorded_has_no_score(tmp_path: Path, capsys: Capture) -> None:
    done, row = ran(capsys, write(tmp_path, scripted(call(city="Ulm"), call(city="Rome"), "18")))
    assert done.code == 0, "it is no failure, and nothing to ask again"
    assert (row.outcome, row.score, row.error_kind) == ("errored", None, "off_record")
    assert 'left the record at step 2: get_weather({"city": "Rome"}) was never recorded' in str(row.error)
    assert [len(step.results) for step in row.steps or ()] == [1, 0], "what it did until then is kept"
    assert "1 of 1 samples left the record" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("{", "is no JSON"),
        ("[]", "A recorded MCP server has `tools`"),
        ('{"tools": [], "results": []}', "tools"),
        ('{"tools": [{"name": "a"}], "results": [], "state": {}}', "state"),
        ('{"tools": [{"name": "a"}], "results": [{"name": "b", "result": {"content": []}}]}', "is of the tool 'b'"),
        ('{"tools": [{"name": "a"}, {"name": "a"}], "results": []}', "twice"),
        ('{"tools": [{"name": "a", "inputSchema": {"type": "banana"}}], "results": []}', "type"),
        ('{"tools": [{"name": "a"}], "results": [{"name": "a", "result": {"content": 3}}]}', "results.0.result"),
    ],
)  # fmt: skip
def test_what_is_no_recording_is_refused_with_its_place(
    change: str, reason: str, tmp_path: Path, capsys: Capture
) -> None:
    done = evalkit(capsys, "check", write(tmp_path, scripted("18"), change))
    assert done.code == 2
    assert reason in done.err
    assert "weather.json" in done.err
    assert "Traceback" not in done.err


def test_check_plays_the_solution_on_the_record(tmp_path: Path, capsys: Capture) -> None:
    item = {**ITEM, "solution": [{"name": "get_weather", "arguments": {"city": "Rome"}}]}
    done = evalkit(capsys, "check", write(tmp_path, scripted("18"), RECORDED, item))
    assert done.code == 2
    assert "was never recorded" in done.err
