"""`--record-tools`: what a live server answered, kept as the environment of a run that needs no server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from evalkit.suite.environments import read_environment
from evalkit.suite.environments.recorded import OffRecord, beginning_of
from tests.test_mcp_live import ITEMS, Capture, asks, by_id, calls, newest, run, told, write

HARD = {"id": "hard", "question": "Weather in Nowhere?", "answer": "no such city"}
SCRIPTS: dict[str, Any] = {
    "careful": {
        "ulm": [calls(("note", {"text": "a"})), *asks("Ulm", "b")],
        "rome": asks("Rome", "mail rita@example.com"),
        "hard": [calls(("get_weather", {"city": "Nowhere"})), "There is no such city."],
    },
    "hasty": {"ulm": asks("Ulm", "b"), "rome": ["It is 18 C."], "hard": [calls(("get_weather", {})), "18"]},
}


def two_models(suite: Path, environment: str = "desk.environment.yaml") -> Path:
    """The suite with both models, twice each, beside this environment."""
    models = json.dumps({name: {"adapter": "scripted", "replies": one} for name, one in SCRIPTS.items()})
    lines = [f"models: {models}" if one.startswith("  m:") else one for one in suite.read_text("utf-8").split("\n")]
    text = "\n".join(one for one in lines if one != "models:") + "run: {repeats: 2}\n"
    path = suite.with_name(f"{Path(environment).stem}.suite.yaml")
    path.write_text(text.replace("desk.environment.yaml", environment), "utf-8")
    return path


def scores(suite: Path) -> dict[tuple[str, str, int], tuple[object, ...]]:
    from evalkit.store.sealing import rows_of

    return {
        (row.model, row.sample_id, row.repeat): (row.outcome, row.score, row.reason, told(row))
        for row in rows_of(newest(suite))
    }


@pytest.mark.long
def test_a_recorded_run_gives_the_scores_of_the_live_one(tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed: nothing of live MCP servers is tested")
    from tests import mcp_desk

    with mcp_desk.over_http() as address:
        live = two_models(write(tmp_path, {"base_url": address}, items=[*ITEMS, HARD]))
        kept = tmp_path / "desk.json"
        done = run(capsys, live, "--record-tools", kept)
        assert done.code == 0, done.err
        assert "desk.json has 4 tools" in done.err
        before = scores(live)
        again = run(capsys, live, "--record-tools", kept)
        assert again.code == 2
        assert "there is one already" in again.err
    recorded = two_models(live.with_name("suite.yaml"), "desk.json")
    done = run(capsys, recorded)  # the server is gone
    assert done.code == 0, done.err
    after = scores(recorded)
    assert after == before
    assert len({one[0] for one in after.values()}) == 2, "some are right and some wrong"
    assert len(json.loads(kept.read_text("utf-8"))["results"]) == 3 + 2 + 1 + 2 + 1, "the second repeat says the same"
    assert run(capsys, recorded, "--record-tools", tmp_path / "other.json").code == 2, "there is nothing live in it"


def test_what_is_redacted_is_not_in_the_recording(tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed: nothing of live MCP servers is tested")
    from tests import mcp_desk

    replies = {"adapter": "scripted", "replies": {"rome": asks("Rome", "mail rita@example.com")}}
    with mcp_desk.over_http() as address:
        suite = write(
            tmp_path,
            {"base_url": address},
            replies,
            items=ITEMS[1:],
            more="redact: {what: [email], where: [storing]}\n",
        )
        done = run(capsys, suite, "--record-tools", tmp_path / "desk.json")
    assert done.code == 0, done.err
    assert "rita@" not in (tmp_path / "desk.json").read_text("utf-8")
    assert [one.text for one in by_id(suite)["rome"].steps[0].results][1] == "mail [EMAIL]"  # type: ignore[index]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("where", ["[sending]", "[sending, storing]", "[storing]"])
def test_what_a_live_server_says_is_redacted_before_a_model_is_told_it(
    tmp_path: Path, capsys: Capture, where: str
) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed: nothing of live MCP servers is tested")
    from tests import mcp_desk

    secret = {"q": "rome", "mail": "rita@example.com"}
    replies = {"adapter": "scripted", "replies": {"rome": asks("Rome", json.dumps(secret))}}
    with mcp_desk.over_http() as address:
        redact = f"redact: {{what: [email], where: {where}}}\n"
        suite = write(tmp_path, {"base_url": address}, replies, items=ITEMS[1:], more=redact)
        done = run(capsys, suite, "--debug")
    assert done.code == 0, done.err
    sent = [json.loads(line)["request"]["messages"] for line in done.err.splitlines() if line.startswith('{"model')]
    shown = [one["content"] for one in sent[-1] if "mail" in one["content"]]
    assert shown, sent
    assert not any("rita@" in one for one in shown)  # --debug shows the last of these as rows have it
    row = by_id(suite)["rome"]
    results = [one.text for step in row.steps or () for one in step.results]
    assert not any("rita@" in one for one in results) and any("[EMAIL]" in one for one in results)
    told = json.loads((newest(suite) / "run.json").read_text("utf-8"))["redaction"].get("told")
    assert told == (None if where == "[storing]" else {"desk": {"email": 1}})
    assert ("redacted in what its live server said: 1 email" in done.err) == (where != "[storing]")


def entry(session: str, name: str, text: str, **arguments: Any) -> dict[str, Any]:
    result = {"content": [{"type": "text", "text": text}], "isError": False}
    return {"session": session, "sample": session, "name": name, "arguments": arguments, "result": result}


def test_a_recorded_call_returns_what_was_said_after_the_same_calls_and_nothing_is_guessed(tmp_path: Path) -> None:
    results = [
        entry("a", "look", "empty"),
        entry("a", "put", "ok", what="x"),
        entry("a", "look", "x"),
        entry("a", "say", "hello"),
        entry("b", "put", "ok", what="y"),
        entry("b", "look", "y"),
        entry("b", "say", "hello"),
        entry("c", "clock", "10:00"),
        entry("d", "clock", "10:05"),
    ]
    tools = [{"name": name} for name in ("look", "put", "say", "clock")]
    (tmp_path / "kept.json").write_bytes(orjson.dumps({"tools": tools, "results": results}))
    environment = read_environment("kept.json", tmp_path)

    def played(sample: str, *made: tuple[str, dict[str, Any]]) -> list[str]:
        state, found = beginning_of(sample), []
        for name, arguments in made:
            called = environment.call(state, name, json.dumps(arguments))
            state = dict(called.state)
            found.append(called.text)
        return found

    look, put_x, put_y, say = ("look", {}), ("put", {"what": "x"}), ("put", {"what": "y"}), ("say", {})
    assert played("a", look, put_x, look) == ["empty", "ok", "x"]
    assert played("z", put_y, look) == ["ok", "y"], "another sample after the same calls"
    assert played("a", say) == ["hello"], "always the same, whatever came before"
    assert (played("c", ("clock", {})), played("d", ("clock", {}))) == (["10:00"], ["10:05"]), "each its own"
    with pytest.raises(OffRecord, match="after other calls"):
        played("a", put_x, look)
    with pytest.raises(OffRecord, match="never recorded"):
        played("a", ("put", {"what": "z"}))
