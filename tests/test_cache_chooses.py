"""Nobody who runs a suite again chooses by it which answers are judged: the response cache keeps the bad ones too."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.records import Row
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.gate_world import Gate, gate, scores, stored
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]
ODD = Behaviour(reply="one two three four", answers={"Ask 1?": "B", "Ask 2?": "", "Ask 3?": "B"}, refuse_rate=0.3)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeProvider]:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    with FakeProvider.in_thread(ODD) as started:
        yield started


def _run(folder: Path, capsys: Capture, url: str, name: str, run: str = "", settings: str = "") -> Ran:
    (folder / "items.jsonl").write_text("".join(json.dumps({"id": n, "q": f"Ask {n}?"}) + "\n" for n in range(12)))
    (folder / "s.yaml").write_text(
        f"name: s\nmodels:\n  m: {{adapter: openai_chat, model: m, base_url: '{url}', weights: one,"
        f" settings: {{max_output_tokens: 3{settings}}}}}\n"
        "tasks:\n  - {name: t, data: {path: items.jsonl, id: id}, prompt: '{{ q }}', target: B, score: exact}\n"
        f"run: {{in_flight: 4{run}}}\n"
    )
    ran = evalkit(capsys, "run", folder / "s.yaml", "--new", "--results", folder / name)
    assert ran.code == 0, ran.err
    return ran


def _rows(folder: Path) -> dict[str, Row]:
    (run,) = run_folders(folder)
    return {row.sample_id: row for row in rows_of(run)}


def test_truncated_empty_and_refused_answers_are_not_drawn_again(
    tmp_path: Path, capsys: Capture, provider: FakeProvider
) -> None:
    """Each run of the very suite asked these again, until a candidate that runs into its limit passed."""
    _run(tmp_path, capsys, provider.base_url, "r1")
    first = _rows(tmp_path / "r1")
    assert {"truncated", "refused"} <= {str(row.outcome) for row in first.values()}, Counter(first)
    provider.behaviour = Behaviour(reply="B")
    _run(tmp_path, capsys, provider.base_url, "r2")
    again = _rows(tmp_path / "r2")
    assert all(row.cached for row in again.values())
    assert {name: row.outcome for name, row in again.items()} == {name: row.outcome for name, row in first.items()}


@pytest.mark.parametrize(
    "otherwise", [", idle_timeout_s: 5", ", idle_timeout_s: 500", ", timeout_s: 20", ", max_error_rate: 0.5"]
)
def test_the_first_answer_stays_whatever_limits_later_runs_have(
    tmp_path: Path, capsys: Capture, provider: FakeProvider, otherwise: str
) -> None:
    """Pushes of other limits, with the items alone that went wrong, left the best of several draws for the next run."""
    _run(tmp_path, capsys, provider.base_url, "r1")
    first = _rows(tmp_path / "r1")
    provider.behaviour = Behaviour(reply="B")
    _run(tmp_path, capsys, provider.base_url, "r2", otherwise)
    _run(tmp_path, capsys, provider.base_url, "r3")
    for name in ("r2", "r3"):
        assert {one: row.text for one, row in _rows(tmp_path / name).items()} == {
            one: row.text for one, row in first.items()
        }


def test_a_rate_of_errors_is_not_measured_by_the_cache(tmp_path: Path, capsys: Capture) -> None:
    """Errors are not kept: the second run of a candidate that errs has few, the third none."""
    judge = Gate(capsys, tmp_path)
    rule = {"rate": "errored", "max_rate": 0.05}
    run = stored(
        judge.results,
        {"base": scores(300), "cand": scores(300)},
        gate(rule),
        change=lambda row: replace(row, cached=row.model == "cand" and row.sample_id != "q1"),
    )
    ran = judge(run)
    assert ran.code == 3, ran.out
    assert "answers of the candidate came from the cache, which keeps no errors" in " ".join(ran.out.split())
    fresh = stored(judge.results, {"base": scores(300), "cand": scores(300)}, gate(rule))
    assert judge(fresh).code == 0
