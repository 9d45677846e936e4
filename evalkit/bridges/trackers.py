"""A run's figures for experiment trackers: one run of MLflow or Weights & Biases for each model.

    export_figures(folder, "mlflow", Path("mlruns"))       # [Path("mlruns")]
    export_figures(folder, "wandb", Path("tracking"))      # offline: `wandb sync` uploads it, if you want that

Figures and facts go out, and no prompt and no answer. Everything is written to a folder of this machine, whatever the
tracker's own variables say: what leaves the machine is the person's next command. What is unknown is left out.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.errors import MissingPackage, UserError
from evalkit.facts import Figures, ModelSummary, RunFacts
from evalkit.installed import install_hint
from evalkit.store import runs
from evalkit.store.summary import read_summary

_ODD = re.compile(r"[^\w. -]+")
_LONGEST_NAME = 60
"""Characters of a task's or slice's name: trackers take 250 in all, and keep a file for each."""
_LONGEST_EXPERIMENT, _LONGEST_TEXT, _LONGEST_TITLE, _LONGEST_GROUP = 500, 500, 250, 120
"""Characters of an experiment of MLflow, of a fact, of a run's title (MLflow's `evalkit.run` too) and of a group of
Weights & Biases, which take no more, or refuse the run. A longer one is cut and keeps the beginning of its digest."""


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What a tracker is told of one model."""

    name: str
    facts: Mapping[str, str]
    figures: Mapping[str, float]


def export_figures(folder: Path, to: str, out: Path) -> list[Path]:
    """Write every model's figures; where they are. Raises UserError for a run without rows, MissingPackage."""
    found = list(figures_of(folder))
    if not found:
        raise UserError(f"{folder} has no rows yet")
    is_new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror or error}") from error
    suite = runs.open_facts(folder).suite or folder.name
    try:
        (_to_mlflow if to == "mlflow" else _to_wandb)(found, suite, folder.resolve().name, out)
    except MissingPackage:
        if is_new:
            with suppress(OSError):
                out.rmdir()
        raise
    return [out]


def figures_of(folder: Path) -> Iterator[ModelFigures]:
    """The figures of each model, in the run's order; unknown ones are absent. Raises StoreError."""
    facts, summary = runs.open_facts(folder), read_summary(folder)
    names = _names(summary.models.values())
    for name, model in summary.models.items():
        yield ModelFigures(name, _facts(facts, folder.resolve().name, name), dict(_figures(model, names)))


def plain_name(text: str) -> str:
    """A name as trackers take it, between the slashes of their own: letters, digits, blanks, `_`, `.` and `-`.

    The `=` of a slice is a `_`. A name that is changed otherwise gets the beginning of its digest at the end, so that
    `C++` and `C#` stay two.
    """
    plain = _ODD.sub("_", text).strip(" .")[:_LONGEST_NAME]
    return plain if plain and plain == text.replace("=", "_", 1) else _with_digest(plain, text)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else _with_digest(text[: most - 9], text)


def _with_digest(plain: str, text: str) -> str:
    return f"{plain or 'unnamed'}-{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"


def _names(models: Iterable[ModelSummary]) -> dict[tuple[str, str | None], str]:
    """By task, or task and slice: the name that its figures get. No two have one (`a=b_c` and `a_b=c`)."""
    found: dict[tuple[str, str | None], str] = {}
    for model in models:
        for task, of_task in model.tasks.items():
            found[task, None] = plain_name(task)
            found |= {(task, one): f"{plain_name(task)}/{plain_name(one)}" for one in of_task.slices}
    taken = Counter(["all", *found.values()])
    return {
        key: name if taken[name] == 1 else _with_digest(name, key[0] if key[1] is None else key[1])
        for key, name in found.items()
    }


def _facts(facts: RunFacts, run: str, name: str) -> dict[str, str]:
    about = (facts.models or {}).get(name)
    told = {
        "suite": facts.suite,
        "run": run,
        "status": facts.status,
        "started_at": facts.started_at,
        "evalkit": facts.evalkit_version,
        "name": name,
        "adapter": about.adapter if about else None,
        "model": about.model if about else None,
        "place": about.place if about else None,
    }
    return {key: str(value) for key, value in told.items() if value is not None}


def _figures(model: ModelSummary, names: Mapping[tuple[str, str | None], str]) -> Iterator[tuple[str, float]]:
    yield from _of("all", model.all)
    for task, of_task in model.tasks.items():
        yield from _of(names[task, None], of_task)
        for name, one in of_task.slices.items():
            if one.quality.mean is not None:
                yield f"{names[task, name]}/quality", one.quality.mean


def _of(where: str, one: Figures) -> Iterator[tuple[str, float]]:
    cost, latency = one.cost, one.latency
    found = {
        "quality": one.quality.mean,
        "quality_low": one.quality.low,
        "quality_high": one.quality.high,
        "n": one.n,
        "n_errored": one.outcomes["errored"],
        "usd_per_1k_samples": cost.usd_per_1k_samples,
        "usd_per_correct": cost.usd_per_correct,
        "ttft_p50_s": latency.ttft_s.p50,
        "ttft_p95_s": latency.ttft_s.p95,
        "total_p50_s": latency.total_s.p50,
        "total_p95_s": latency.total_s.p95,
    }
    yield from ((f"{where}/{key}", float(value)) for key, value in found.items() if value is not None)


def _to_mlflow(found: list[ModelFigures], suite: str, run: str, out: Path) -> None:
    """One MLflow run a model, in the experiment of the suite's name, in a file store under `out`."""
    with _only_here(
        "MLFLOW_",
        MLFLOW_TRACKING_URI=out.resolve().as_uri(),
        MLFLOW_ALLOW_FILE_STORE="true",
        MLFLOW_DISABLE_TELEMETRY="true",
        DO_NOT_TRACK="true",
    ):
        try:
            from mlflow.exceptions import MlflowException
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise MissingPackage(f"the export needs mlflow. Install the extra: {install_hint('mlflow')}") from error
        try:
            _log_to_mlflow(MlflowClient(tracking_uri=out.resolve().as_uri()), found, suite, run)
        except MlflowException as error:
            raise _refused("MLflow", out, error) from error


def _log_to_mlflow(client: Any, found: list[ModelFigures], suite: str, run: str) -> None:
    name = _cut(suite, _LONGEST_EXPERIMENT)
    there = client.get_experiment_by_name(name)
    experiment = there.experiment_id if there is not None else client.create_experiment(name)
    for one in found:
        title, tags = _cut(f"{run} {one.name}", _LONGEST_TITLE), {"evalkit.run": _cut(run, _LONGEST_TITLE)}
        made = client.create_run(experiment, run_name=title, tags=tags)
        for key, text in one.facts.items():
            client.log_param(made.info.run_id, key, _cut(text, _LONGEST_TEXT))
        for key, value in one.figures.items():
            client.log_metric(made.info.run_id, key, value)
        client.set_terminated(made.info.run_id)


def _refused(tracker: str, out: Path, error: Exception) -> UserError:
    """The error for figures that a tracker does not take."""
    why = (str(error).splitlines() or [type(error).__name__])[0][:300]
    return UserError(f"{tracker} does not take these figures ({why}); {out} may hold a part of them")


def _to_wandb(found: list[ModelFigures], suite: str, run: str, out: Path) -> None:
    """One offline run a model, in the project of the suite's name, under `out`/wandb."""
    with _only_here("WANDB_", WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false"):
        try:
            import wandb
        except ImportError as error:
            raise MissingPackage(f"the export needs wandb. Install the extra: {install_hint('wandb')}") from error
        settings = wandb.Settings(
            mode="offline", console="off", silent=True, disable_git=True, disable_code=True, x_disable_stats=True,
            x_disable_meta=True,
        )  # fmt: skip
        try:
            for one in found:
                made = wandb.init(
                    project=plain_name(suite),
                    name=_cut(f"{run} {one.name}", _LONGEST_GROUP),
                    group=_cut(run, _LONGEST_GROUP),
                    dir=str(out),
                    config={key: _cut(text, _LONGEST_TEXT) for key, text in one.facts.items()},
                    settings=settings,
                    reinit="finish_previous",
                )
                made.log(dict(one.figures))
                made.finish()
        except (wandb.Error, ValueError) as error:
            raise _refused("Weights & Biases", out, error) from error


@contextmanager
def _only_here(prefix: str, **own: str) -> Iterator[None]:
    """The tracker's own variables out of the environment for a while, and these in their place: a key or an address
    that stands there sends nothing."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(prefix) or name in own}
    for name in kept:
        del os.environ[name]
    os.environ.update(own)
    try:
        yield
    finally:
        for name in own:
            os.environ.pop(name, None)
        os.environ.update(kept)
