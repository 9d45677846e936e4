"""What earlier runs teach about a model: tokens for a byte of prompt, tokens of an answer, seconds of an answer.

    known = learn(results, {"gpt": "gpt-6-sol"})
    known["gpt"].tokens_per_byte        # Learned(0.243, 0.21, 0.29, n=500), or None: never seen

A model is recognised by its model id, whatever a suite calls it, since the tokenizer belongs to the model; one without
an id (answers from a file, a program) by its name. Only answers that were really waited for teach about time. What
cannot be read teaches nothing: a plan must not fail over an old run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.errors import StoreError
from evalkit.facts import RunFacts
from evalkit.latency.distribution import percentile
from evalkit.store import judge_files, queries, runs
from evalkit.store.stored_texts import messages_of

MOST_RUNS = 12
"""The newest runs that hold the model; older ones teach little more."""
MOST_ROWS = 400
"""Rows of a run and model that are read for their prompts."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A mean of n rows, and the range in which nine of ten rows lie; at least up to the mean, which few can lift."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class AgentUse:
    """What one sample of an agent's task took: requests, and the tokens of all of them."""

    steps: Learned
    input: Learned
    output: Learned


@dataclass(frozen=True, slots=True)
class PastUse:
    """What is known of one model; None: nothing."""

    tokens_per_byte: Learned | None = None
    output_tokens: Learned | None = None
    """Billed tokens of an answer, reasoning included, over all tasks."""
    output_by_task: Mapping[str, Learned] = field(default_factory=dict)
    """The same by the name of the task."""
    agents: Mapping[str, AgentUse] = field(default_factory=dict)
    """By the name of an agent's task what a sample of it took."""
    pictured: Mapping[str, Learned] = field(default_factory=dict)
    """By task the input tokens of its prompts with pictures."""
    total_s: Learned | None = None
    in_flight: int | None = None
    """The most requests that its endpoint ever had open in these runs."""
    n_runs: int = 0
    """Earlier runs that asked it, and that were looked at."""


def learn(results: Path, models: Mapping[str, str], named: Path | None = None) -> dict[str, PastUse]:
    """What the stored runs teach about these models (name -> model id). `named`: a run that the person named, wherever
    it lies: its models without an id are recognised by their names."""
    wanted = {_key(name, model) for name, model in models.items()}
    seen: dict[tuple[str, str], list[tuple[Path, str, RunFacts]]] = defaultdict(list)
    folders = [] if named is None else [named]
    own = {one.resolve() for one in folders}
    with suppress(StoreError):
        folders += [
            run.path for run in runs.list_runs(results) if run.problem is None and run.path.resolve() not in own
        ]
    for run in folders:
        with suppress(StoreError):
            inner = judge_files.judging_of(run)
            for folder in (run, *([inner] if inner is not None else [])):
                with suppress(StoreError):  # facts that cannot be read teach nothing
                    facts = runs.open_facts(folder)
                    for name, told in (facts.models or {}).items():
                        key = _key(name, told.model or (models.get(name) if run is named else None))
                        if key in wanted and len(seen[key]) < MOST_RUNS:
                            seen[key].append((folder, name, facts))
    found = {model: _known(places) for model, places in seen.items()}
    return {name: found.get(_key(name, model), PastUse()) for name, model in models.items()}


def _key(name: str, model: str | None) -> tuple[str, str]:
    """What a model is recognised by: its id, or its name where it has none."""
    return ("model", model) if model else ("name", name)


def _known(places: list[tuple[Path, str, RunFacts]]) -> PastUse:
    import duckdb

    ratios: list[float] = []
    outputs: dict[str, list[float]] = defaultdict(list)
    pictured: dict[str, list[float]] = defaultdict(list)
    totals: list[float] = []
    peaks: list[int] = []
    episodes: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for folder, name, facts in places:
        with suppress(StoreError, duckdb.Error):
            for task, *took in _episodes(folder, name):
                episodes[task].append((took[0], took[1], took[2]))
            for task, prompt_bytes, images, given, made, total_s, cached in _rows(folder, name):
                if given and images:
                    pictured[task].append(float(given))
                elif given and prompt_bytes:
                    ratios.append(given / prompt_bytes)
                if made is not None:
                    outputs[task].append(float(made))
                if total_s is not None and not cached:
                    totals.append(total_s)
        lanes = (facts.lanes or {}).values()
        peaks += [lane.in_flight_peak for lane in lanes if lane.in_flight_peak is not None]
    return PastUse(
        tokens_per_byte=_learned(ratios),
        output_tokens=_learned([value for values in outputs.values() for value in values]),
        output_by_task={task: one for task, values in outputs.items() if (one := _learned(values)) is not None},
        pictured={task: one for task, values in pictured.items() if (one := _learned(values)) is not None},
        agents={task: use for task, values in episodes.items() if (use := _agent(values)) is not None},
        total_s=_learned(totals),
        in_flight=max(peaks, default=None),
        n_runs=len({folder for folder, _, _ in places}),
    )


def _rows(folder: Path, name: str) -> list[tuple[str, int, int, int | None, int | None, float | None, bool]]:
    """(task, bytes of the prompt and its functions, its pictures, input tokens, output tokens, seconds, cached) of some
    answers."""
    with queries.connect([folder]) as con:
        found = con.execute(
            # A likelihood (no text, nothing written) reads its prompt once a choice: it teaches nothing about prompts.
            "select r.task, t.prompt, t.tools, "
            "case when coalesce(t.text, '') != '' or t.calls is not null then r.input_tokens end, "
            "nullif(r.output_tokens, 0), r.total_s, r.cached from rows r join texts t "
            "using (model, task, sample_digest, occurrence, repeat) where r.model = ? and r.outcome != 'errored' "
            "and t.steps is null "  # an agent's row is the sum of many requests
            "order by hash(r.sample_digest) limit ?",
            [name, MOST_ROWS],
        ).fetchall()
    return [
        (
            task,
            sum(len(one.words.encode()) for one in messages) + len((tools or "").encode()),
            sum(len(one.images) for one in messages),
            given,
            made,
            total_s,
            bool(cached),
        )
        for task, prompt, tools, given, made, total_s, cached in found
        for messages in (messages_of(prompt),)
    ]


def _episodes(folder: Path, name: str) -> list[tuple[str, float, float, float]]:
    """(task, requests, input tokens, output tokens) of some samples of agents."""
    with queries.connect([folder], texts=False) as con:
        return con.execute(
            "select task, parts['steps'], input_tokens, output_tokens from rows where model = ? and "
            "parts['steps'] is not null and input_tokens is not null and output_tokens is not null "
            "order by hash(sample_digest) limit ?",
            [name, MOST_ROWS],
        ).fetchall()


def _agent(values: list[tuple[float, float, float]]) -> AgentUse | None:
    steps, given, made = (_learned([float(one[n]) for one in values]) for n in range(3))
    return None if steps is None or given is None or made is None else AgentUse(steps, given, made)


def _learned(values: list[float]) -> Learned | None:
    if not values:
        return None
    ordered = sorted(values)
    mean = sum(ordered) / len(ordered)
    low, high = min(percentile(ordered, 0.05), mean), max(percentile(ordered, 0.95), mean)
    return Learned(mean, low, high, len(ordered))
