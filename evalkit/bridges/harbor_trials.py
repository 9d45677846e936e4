"""Trials of Harbor (Terminal-Bench 2 and others): what an agent with a model made of each task.

    jobs/JOB/hello-world__Ab3/result.json            the trial: task, agent, model, rewards, tokens, times
    jobs/JOB/hello-world__Ab3/agent/trajectory.json  what the agent did, as ATIF

    {"task_name": "hello-world", "trial_name": "hello-world__Ab3", "task_checksum": "4c1...", "source": "tb",
     "agent_info": {"name": "terminus-2", "model_info": {"name": "gpt-6-luna", "provider": "openai"}},
     "agent_result": {"n_input_tokens": 7802, "n_cache_tokens": 0, "n_output_tokens": 1030, "cost_usd": 0.0298},
     "agent_execution": {"started_at": "...", "finished_at": "..."}, "verifier_result": {"rewards": {"reward": 1.0}}}

Several trials of one task by one agent are repeats. The checksum of a task stands for its right answer: trials of
another version of a task do not compare. Input tokens include cached ones. A trial that says no tokens has those of its
trajectory (`final_metrics`, which counts sub-agents too). A trajectory by itself has tokens, cost and time and no
outcome. Trials are read by the records of Harbor 0.26.0 (no real job was at hand), ATIF 1.4 to 1.7 by real files.
https://harborframework.com/docs
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from evalkit.bridges import tried_versions
from evalkit.bridges.external_records import ExternalRecords, at, json_of, read_whole, text_of
from evalkit.errors import UserError
from evalkit.store.dates import unix_time
from evalkit.suite.wording import near

Trial = Mapping[str, object]
_TRAJECTORY = Path("agent", "trajectory.json")
_UNSCORED = "no verifier gave a reward"


def read_trials(path: Path, reward: str | None = None) -> ExternalRecords:
    """Every trial of a folder of jobs, or one file. `reward`: whose value is the score; None: `reward`, or the only
    one.

    Raises UserError where there is no trial and no trajectory, and for a reward that no trial has.
    """
    whole, kept, rewards = hashlib.sha256(), list[dict[str, object]](), dict[str, None]()
    notes, versions = list[str](), dict[str | None, None]()
    for file in _files(path):
        content, sha256 = read_whole(file)
        told = json_of(content, str(file.name))
        if _is_trial(told):
            whole.update(sha256.encode())
            beside = _beside(file, whole)
            rewards |= dict.fromkeys(_rewards(told))
            versions |= dict.fromkeys([text_of(at(beside, "schema_version"))])
            kept.append(_of_trial(told, beside, reward))
        elif _is_trajectory(told) and (path.is_file() or file.parent.name != "agent"):
            whole.update(sha256.encode())
            kept.append(_of_trajectory(told, file))
            notes.extend(_goes_on(told, file))
            versions |= dict.fromkeys([text_of(told.get("schema_version"))])
    if not kept:
        raise UserError(f"{path}: holds no result.json of a trial of Harbor, and no trajectory (ATIF)")
    if reward is not None and reward not in rewards:
        raise UserError(f"{path.name} has no reward {reward!r}; {near(reward, rewards)}")
    notes.extend(note for one in versions if (note := tried_versions.note_of("atif", one)))
    if not rewards:
        notes.append("no verifier gave a reward, so no answer has a score")
    _number(kept)
    scorer = f"Harbor {reward or 'reward'}"
    return ExternalRecords(path.name, "Harbor", f"harbor-{path.stem}", whole.hexdigest(), kept, scorer, notes)


def _files(path: Path) -> Iterator[Path]:
    """The file that is named, or every JSON file that may be a trial or a trajectory; links to folders are not
    followed."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".json") and name != "config.json")


def _is_trial(told: object) -> bool:
    """A job has a result.json too, which names no trial."""
    return isinstance(told, Mapping) and isinstance(told.get("trial_name"), str) and "agent_info" in told


def _is_trajectory(told: object) -> bool:
    return isinstance(told, Mapping) and str(told.get("schema_version")).startswith("ATIF") and "steps" in told


def _beside(file: Path, whole: hashlib._Hash) -> Trial | None:
    """The trajectory of a trial; None where there is none."""
    path = file.parent / _TRAJECTORY
    if not path.is_file():
        return None
    content, sha256 = read_whole(path)
    whole.update(sha256.encode())
    told = json_of(content, f"{file.parent.name}/{_TRAJECTORY}")
    return told if _is_trajectory(told) else None


def _rewards(trial: Trial) -> Mapping[str, object]:
    found = at(trial, "verifier_result", "rewards")
    return found if isinstance(found, Mapping) else {}


def _of_trial(trial: Trial, trajectory: Trial | None, reward: str | None) -> dict[str, object]:
    rewards = _rewards(trial)
    began, ended = (at(trial, "agent_execution", key) for key in ("started_at", "finished_at"))
    only = next(iter(rewards)) if len(rewards) == 1 else "reward"
    failed, said = (at(trial, "exception_info", f"exception_{key}") for key in ("type", "message"))
    score = rewards.get(reward or only)
    name, provider = (at(trial, "agent_info", "model_info", key) for key in ("name", "provider"))
    model = f"{provider}/{name}" if provider and name else name
    return {
        "model": _who(at(trial, "agent_info", "name"), model),
        "task": text_of(trial.get("source")) or "harbor",
        "item": text_of(trial.get("task_name")),
        "trial": trial.get("trial_name"),
        "score": score,
        "target": text_of(trial.get("task_checksum")),
        "served_model": text_of(name),
        "error": None if score is not None else f"{failed}: {said}" if failed else _UNSCORED,
        **_usage(at(trial, "agent_result"), _TRIAL_COUNTS, trajectory),
        **_times(began or trial.get("started_at"), began, ended),
        **_texts(trajectory),
    }


def _of_trajectory(told: Trial, file: Path) -> dict[str, object]:
    moments = [step.get("timestamp") for step in _steps(told) if step.get("timestamp")]
    first, last = (moments[0], moments[-1]) if len(moments) > 1 else (None, None)
    model = text_of(at(told, "agent", "model_name"))
    return {
        "model": _who(at(told, "agent", "name"), model),
        "task": "trajectories",
        "item": file.stem,
        "score": None,
        "error": _UNSCORED,
        "served_model": model,
        **_usage(None, _TRIAL_COUNTS, told),
        **_times(moments[0] if moments else None, first, last),
        **_texts(told),
    }


def _who(agent: object, model: object) -> str:
    """An agent and its model are one candidate: the same model in another agent is another."""
    named = [text for text in (text_of(agent), text_of(model)) if text]
    return " with ".join(named) or "unnamed"


_TRIAL_COUNTS = {
    "input_tokens": ("n_input_tokens", "total_prompt_tokens"),
    "output_tokens": ("n_output_tokens", "total_completion_tokens"),
    "cached_tokens": ("n_cache_tokens", "total_cached_tokens"),
    "cost_usd": ("cost_usd", "total_cost_usd"),
}
"""What is read -> its name in a trial's `agent_result`, and in a trajectory's `final_metrics`."""


def _usage(result: object, counts: Mapping[str, tuple[str, str]], trajectory: Trial | None) -> dict[str, object]:
    """Tokens and cost from one place alone: the trial's, or where it says none the trajectory's."""
    said = {name: at(result, ours) for name, (ours, _) in counts.items()}
    if any(value is not None for value in said.values()):
        return said
    return {name: at(trajectory, "final_metrics", theirs) for name, (_, theirs) in counts.items()}


def _times(began: object, first: object, last: object) -> dict[str, object]:
    start, end = unix_time(first), unix_time(last)
    took = end - start if start and end and end >= start else None
    return {"started_at": began if unix_time(began) else None, "total_s": took}


def _texts(trajectory: Trial | None) -> dict[str, object]:
    """What the agent was told first, and what it said last."""
    steps = list(_steps(trajectory))
    told = next((step for step in steps if step.get("source") == "user"), {})
    said = next((step for step in reversed(steps) if step.get("source") == "agent"), {})
    return {"prompt": _text(told.get("message")), "text": _text(said.get("message"))}


def _text(message: object) -> str | None:
    if isinstance(message, list):
        return "\n".join(str(part["text"]) for part in message if isinstance(part, Mapping) and "text" in part) or None
    return text_of(message)


def _steps(trajectory: Trial | None) -> Iterator[Trial]:
    steps = at(trajectory, "steps")
    if isinstance(steps, list):
        yield from (step for step in steps if isinstance(step, Mapping))


def _goes_on(told: Trial, file: Path) -> Iterator[str]:
    further = text_of(told.get("continued_trajectory_ref"))
    if further is not None:
        yield f"{file.name}: goes on in {further}, a trajectory of its own with figures of its own"


def _number(kept: list[dict[str, object]]) -> None:
    """Trials of one task by one agent are repeats, in the order of their names."""
    seen: dict[tuple[object, ...], int] = {}
    for record in sorted(kept, key=lambda one: str(one.pop("trial", None))):
        key = (record["model"], record["task"], record["item"])
        seen[key] = record["repeat"] = seen.get(key, -1) + 1
