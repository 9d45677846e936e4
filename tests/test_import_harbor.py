"""Trials of Harbor become a run: rewards, tokens, cost and time of agents, compared and gated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.store.sealing import rows_of
from tests.world import Ran
from tests.world import evalkit as run_evalkit

Capture = pytest.CaptureFixture[str]
Evalkit = Callable[..., Ran]
ATIF = {
    "schema_version": "ATIF-v1.6",
    "session_id": "s",
    "agent": {"name": "terminus-2", "version": "2.0.0", "model_name": "openai/gpt-6-luna"},
    "steps": [
        {"step_id": 1, "timestamp": "2026-03-01T10:00:00Z", "source": "user", "message": "Make hello.txt."},
        {"step_id": 2, "timestamp": "2026-03-01T10:00:07Z", "source": "agent", "message": "Done."},
    ],
    "final_metrics": {
        "total_prompt_tokens": 7802, "total_completion_tokens": 1030, "total_cached_tokens": 5, "total_cost_usd": 0.03,
    },
}  # fmt: skip


@pytest.fixture
def evalkit(capsys: Capture, tmp_path: Path) -> Evalkit:
    """Runs a command on the results folder of the test."""
    return lambda *words: run_evalkit(capsys, *words, "--results", tmp_path / "results")


def trial(jobs: Path, name: str, *, model: str = "gpt-6-luna", reward: Any = 1.0, **more: Any) -> Path:
    """A trial's result.json, as Harbor writes it."""
    folder = jobs / "2026-03-01__10-00-00" / name
    (folder / "agent").mkdir(parents=True)
    whole = {
        "task_name": name.partition("__")[0], "trial_name": name, "trial_uri": "file:///x", "source": "terminal-bench",
        "task_checksum": "4c1", "config": {},
        "agent_info": {"name": "terminus-2", "version": "2", "model_info": {"name": model, "provider": "openai"}},
        "agent_result": {"n_input_tokens": 1000, "n_cache_tokens": 400, "n_output_tokens": 90, "cost_usd": 0.002},
        "verifier_result": None if reward is None else {"rewards": {"reward": reward}},
        "started_at": "2026-03-01T09:59:00Z", "finished_at": "2026-03-01T10:02:00Z",
        "agent_execution": {"started_at": "2026-03-01T10:00:00Z", "finished_at": "2026-03-01T10:00:42.5Z"},
        "exception_info": None, **more,
    }  # fmt: skip
    (folder / "result.json").write_text(json.dumps(whole))
    return folder


def rows(evalkit: Evalkit, *words: object) -> list[Any]:
    ran = evalkit("import", "harbor", *words)
    assert ran.code == 0, ran.err
    return list(rows_of(Path(ran.out.strip())))


def test_a_trial_is_a_row_with_its_reward_tokens_cost_and_the_agents_time(tmp_path: Path, evalkit: Evalkit) -> None:
    folder = trial(tmp_path / "jobs", "hello__a")
    (folder / "agent" / "trajectory.json").write_text(json.dumps(ATIF))
    (folder.parent / "result.json").write_text('{"id": "the job", "n_total_trials": 1, "stats": {}}')
    (row,) = rows(evalkit, tmp_path / "jobs")
    assert (row.model, row.task, row.sample_id) == ("terminus-2 with openai/gpt-6-luna", "terminal-bench", "hello")
    assert (row.score, row.outcome) == (1.0, "right")
    assert (row.input_tokens, row.cache_read_tokens, row.output_tokens) == (1000, 400, 90)
    assert (float(row.cost_usd), row.total_s) == (0.002, 42.5)
    assert (row.prompt[0].text, row.text) == ("Make hello.txt.", "Done.")
    assert row.started_at == 1772359200.0  # 2026-03-01T10:00:00Z: it is priced by this day


def test_further_trials_of_a_task_are_repeats_and_other_agents_other_models(tmp_path: Path, evalkit: Evalkit) -> None:
    for name, more in {"a__2": {}, "a__1": {"reward": 0.0}, "b__1": {}, "a__3": {"model": "other"}}.items():
        trial(tmp_path / "jobs", name, **more)
    found = {(row.model[-5:], row.sample_id, row.repeat): row.score for row in rows(evalkit, tmp_path / "jobs")}
    assert found == {("-luna", "a", 0): 0.0, ("-luna", "a", 1): 1.0, ("-luna", "b", 0): 1.0, ("other", "a", 0): 1.0}


def test_a_trial_that_says_no_tokens_has_those_of_its_trajectory(tmp_path: Path, evalkit: Evalkit) -> None:
    folder = trial(tmp_path / "jobs", "a__1", agent_result=None)
    (folder / "agent" / "trajectory.json").write_text(json.dumps(ATIF))
    (row,) = rows(evalkit, tmp_path / "jobs")
    assert (row.input_tokens, row.cache_read_tokens, row.output_tokens) == (7802, 5, 1030)


def test_what_nobody_says_is_unknown_and_never_zero(tmp_path: Path, evalkit: Evalkit) -> None:
    trial(tmp_path / "jobs", "a__1", agent_result=None, agent_execution={"started_at": "2026-03-01T10:00:00Z"})
    (row,) = rows(evalkit, tmp_path / "jobs")
    assert (row.input_tokens, row.output_tokens, row.cost_usd, row.total_s) == (None, None, None, None)


def test_a_trial_without_a_reward_is_an_error_with_its_reason(tmp_path: Path, evalkit: Evalkit) -> None:
    failed = {"exception_type": "AgentTimeoutError", "exception_message": "timed out after 900 s"}
    trial(tmp_path / "jobs", "a__1", reward=None, exception_info=failed)
    trial(tmp_path / "jobs", "b__1", reward=0.0, exception_info=failed)  # its verifier ran all the same
    trial(tmp_path / "jobs", "c__1", reward=None)
    found = {row.sample_id: (row.outcome, row.score, row.error) for row in rows(evalkit, tmp_path / "jobs")}
    assert found["a"] == ("errored", None, "AgentTimeoutError: timed out after 900 s")
    assert found["b"][:2] == ("wrong", 0.0)
    assert found["c"] == ("errored", None, "no verifier gave a reward")


def test_one_of_several_rewards_is_named(tmp_path: Path, evalkit: Evalkit) -> None:
    several = {"rewards": {"reward": 0.0, "style": 0.5}}
    trial(tmp_path / "jobs", "a__1", verifier_result=several)
    assert [row.score for row in rows(evalkit, tmp_path / "jobs")] == [0.0]
    assert [row.score for row in rows(evalkit, tmp_path / "jobs", "--reward", "style")] == [0.5]
    ran = evalkit("import", "harbor", tmp_path / "jobs", "--reward", "stile")
    assert ran.code == 2 and "style" in ran.err


def test_two_agents_are_gated(tmp_path: Path, evalkit: Evalkit) -> None:
    for n in range(60):
        trial(tmp_path / "jobs", f"t{n}__a")
        trial(tmp_path / "jobs", f"t{n}__b", model="small", reward=0.0 if n % 2 else 1.0)
    rows(evalkit, tmp_path / "jobs")
    names = [f"terminus-2 with openai/{model}" for model in ("gpt-6-luna", "small")]
    gate = {"baseline": names[0], "candidates": [names[1]], "rules": [{"quality": "all", "margin": 0.05}]}
    (tmp_path / "gate.yaml").write_text(yaml.safe_dump({"name": "g", "gate": gate}))
    ran = evalkit("gate", "latest", "--suite", tmp_path / "gate.yaml")
    assert ran.code == 1, ran.out + ran.err


def test_trials_of_another_version_of_a_task_do_not_compare(tmp_path: Path, evalkit: Evalkit) -> None:
    found = []
    for checksum in ("4c1", "5d2"):
        trial(tmp_path / checksum, "a__1", task_checksum=checksum)
        ran = evalkit("import", "harbor", tmp_path / checksum, "--name", f"of-{checksum}")
        found.append(Path(ran.out.strip()).name)
    ran = evalkit("compare", *(f"{run}:terminus-2 with openai/gpt-6-luna" for run in found))
    assert ran.code == 2
    assert "right answers" in ran.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "holds no result.json of a trial of Harbor"),
        ("[1]", "holds no result.json of a trial of Harbor"),
        ("{", "is no JSON"),
    ],
)
def test_what_is_no_trial_is_refused(tmp_path: Path, evalkit: Evalkit, content: str, said: str) -> None:
    (tmp_path / "x.json").write_text(content)
    ran = evalkit("import", "harbor", tmp_path / "x.json")
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "more",
    [
        {"agent_info": 3}, {"agent_result": [1]}, {"verifier_result": "x"}, {"agent_execution": "soon"},
        {"started_at": 10**400, "agent_execution": None}, {"task_name": None}, {"exception_info": {"a": {}}},
        {"verifier_result": {"rewards": {"reward": 7}}}, {"verifier_result": {"rewards": {"reward": "one"}}},
        {"agent_result": {"n_input_tokens": -4, "n_output_tokens": 1.5, "cost_usd": "free"}},
    ],
)  # fmt: skip
def test_odd_trials_end_in_a_row_or_a_sentence(tmp_path: Path, evalkit: Evalkit, more: dict[str, Any]) -> None:
    trial(tmp_path / "jobs", "a__1", **more)
    ran = evalkit("import", "harbor", tmp_path / "jobs")
    assert ran.code in {0, 2}, ran.err
    assert "Traceback" not in ran.err
    if ran.code == 0:
        (row,) = rows_of(Path(ran.out.strip()))
        assert row.input_tokens in {None, 1000} and row.output_tokens in {None, 90}


def test_real_trajectories_have_their_own_totals_and_no_outcome(shared_data: Path, evalkit: Evalkit) -> None:
    found = {row.sample_id: row for row in rows(evalkit, shared_data / "traces" / "harbor_atif")}
    whole = found["harbor_terminus2_summarization"]
    assert (whole.input_tokens, whole.output_tokens) == (7802, 1030)  # with its sub-agents: more than its steps say
    assert float(whole.cost_usd) == pytest.approx(0.029805)
    assert all(row.outcome == "errored" and row.error == "no verifier gave a reward" for row in found.values())
