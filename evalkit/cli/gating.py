"""The gate on the command line: decide on a stored run, tell everybody who asked, and stop a run that is settled."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.decide.decision import GateDecision, as_json
from evalkit.decide.flips import Flip, read_flips
from evalkit.decide.gate import decide_gate
from evalkit.decide.nested import value_at
from evalkit.errors import UserError
from evalkit.store import baselines, runs
from evalkit.suite.schema import GateEntry
from evalkit.writing import write_file

if TYPE_CHECKING:
    from evalkit.suite.suite import Suite

PROMOTED = "baseline@"
_FLIPS = 10


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where a decision is told besides the terminal."""

    markdown: Path | None = None
    junit: Path | None = None


def decide(gate: GateEntry, folder: Path, results: Path, promoted: Path, to: Outlets) -> GateDecision:
    """The decision on a stored run. Raises NotComparable, StoreError or UserError, once that has been told too."""
    with telling(suite_name(folder), to):
        return decide_gate(gate, folder, results, promoted)


def tell(decision: GateDecision, gate: GateEntry, folder: Path, results: Path, promoted: Path, to: Outlets) -> None:
    """Tell the decision wherever it was asked for, and on GitHub where this runs there. Raises UserError."""
    summary = _summary_file()
    if to.markdown or summary:
        from evalkit.report.markdown import gate_markdown

        text = gate_markdown(decision, flips_with_texts(decision, gate, folder, results, promoted))
        _tell_markdown(text, to, summary)
    if to.junit:
        from evalkit.report.junit import gate_junit

        _write(to.junit, gate_junit(decision))
    if _on_github():
        from evalkit.report.github import commands

        for line in commands(decision):
            click.echo(line, err=True)


def suite_name(folder: Path) -> str:
    """The suite that a run was made from, by which its comment on a pull request is known. Raises StoreError."""
    return str(runs.read_facts(folder).get("suite") or folder.name)


@contextmanager
def telling(suite: str, to: Outlets) -> Iterator[None]:
    """Tell a refusal wherever a verdict would have been told, then raise it: silence would look like no news."""
    try:
        yield
    except UserError as error:
        summary = _summary_file()
        if to.markdown or summary:
            from evalkit.report.markdown import refusal_markdown

            _tell_markdown(refusal_markdown(suite, str(error)), to, summary)
        if to.junit:
            from evalkit.report.junit import refusal_junit

            _write(to.junit, refusal_junit(suite, str(error)))
        if _on_github():
            from evalkit.report.github import refusal

            click.echo(refusal(suite, str(error)), err=True)
        raise


def _on_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _summary_file() -> Path | None:
    path = os.environ.get("GITHUB_STEP_SUMMARY") if _on_github() else None
    return Path(path) if path else None


def _tell_markdown(text: str, to: Outlets, summary: Path | None) -> None:
    if to.markdown:
        _write(to.markdown, text)
    if summary:
        from evalkit.report.github import append_summary

        try:
            append_summary(summary, text)
        except OSError as error:
            click.echo(f"note: the job's summary could not be written ({error.strerror})", err=True)


def flips_with_texts(
    decision: GateDecision, gate: GateEntry, folder: Path, results: Path, promoted: Path
) -> dict[str, list[Flip]]:
    """By candidate: the first items that changed sides, with both answers."""
    base = (folder, gate.baseline)
    if gate.baseline.startswith(PROMOTED):
        found = baselines.find(gate.baseline.removeprefix(PROMOTED), promoted, results)
        base = (found.folder, found.model)
    return {
        c.candidate: read_flips(c.flips, base, (folder, c.candidate), _FLIPS)
        for c in decision.candidates
        if c.flips is not None and (c.flips.n_lost or c.flips.n_won)
    }


def show(decision: GateDecision, *, json: bool) -> None:
    """Print the decision on stdout."""
    if json:
        from evalkit.report.json_text import json_line

        sys.stdout.write(json_line(as_json(decision)))
        return
    from evalkit.report.verdict import render_gate

    render_gate(decision)


def rules_and_models(suite: Path, models: tuple[str, ...] | None) -> tuple[GateEntry, tuple[str, ...]]:
    """The gate of a suite, and what to ask: the models named, else those the gate compares, nothing bought for show.

    A promoted baseline's answers are kept and not bought again. Raises UserError where --models leaves one out.
    """
    from evalkit.cli.loading import suite_at
    from evalkit.suite.judge_task import compile_judging

    gate = gate_at(suite)
    own = () if gate.baseline.startswith(PROMOTED) else (gate.baseline,)
    judgings = (compile_judging(task.entry.score) for task in suite_at(suite).tasks)
    paired = [judging.pair for judging in judgings if judging is not None and judging.pair is not None]
    needed = tuple(dict.fromkeys((*own, *gate.candidates, *paired)))
    left_out = [name for name in needed if models is not None and name not in models]
    if left_out:
        raise UserError(f"--models leaves out {', '.join(left_out)}, which the gate compares. Name it too.")
    return gate, models or needed


def gate_at(suite: Path) -> GateEntry:
    """The gate of a suite file. Raises UserError where it has none."""
    from evalkit.cli.loading import suite_at

    gate = suite_at(suite).gate
    if gate is None:
        raise UserError(
            f"{suite} has no gate, so there is nothing to decide. Write `gate:` with baseline, candidates and rules "
            "into it, or run it without --gate."
        )
    return gate


def refuse_other_suite(suite: Path, folder: Path, *, allow_recorded: bool = False) -> None:
    """Raises NotComparable when the run was made from other tasks or data than the suite now has, from another baseline
    model, with another judge, with more errors allowed, or as less sensitive. A candidate may differ: it is what is
    judged, and its entry is shown. A candidate that asked no model is refused unless the suite has the same entry, or
    `allow_recorded`.
    """
    from evalkit.cli.loading import suite_at
    from evalkit.decide.pairing import NotComparable
    from evalkit.suite.policy import current
    from evalkit.suite.sensitivity import weaker

    facts = runs.read_facts(folder)
    asked = value_at(facts, "suite_resolved", "tasks")
    made = {str(value_at(t, "name")): t for t in asked if isinstance(t, dict)} if isinstance(asked, list) else {}
    read = suite_at(suite)
    written = plain(read.resolved())
    now = {task["name"]: task for task in written["tasks"]}
    wrong = [f"  {name}: not part of the run" for name in now if name not in made]
    wrong += [f"  {name}: not part of the suite" for name in made if name not in now]
    for name, task in now.items():
        if name in made and {task["data_sha256"]} != {str(made[name].get("data_sha256")), *_marked_by(facts, name)}:
            wrong.append(f"  {name}: the data changed")
        if name in made and task["identity"] != _as_it_is_marked(facts, name):
            wrong.append(f"  {name}: the prompt, few-shot examples, scorer or settings changed")
        if name in made and task["records"] != made[name].get("records", {}):
            wrong.append(
                f"  {name}: which records of its data are asked, or how they are read, changed (where, fields)"
            )
        if name in made and task["marks"] != made[name].get("marks", task["marks"]):
            wrong.append(f"  {name}: which items are clustered, sliced or critical changed")
    wrong += _otherwise_asked(read, facts, written)
    recorded = value_at(facts, "suite_resolved", "sensitivity")
    policy = current()
    if policy is not None and value_at(facts, "egress", "policy", "sha256") != policy.sha256:
        wrong.append(f"  policy: the run was not made under {policy.name} as it is now")
    if weaker(recorded, read.sensitivity):
        wrong.append(f"  sensitivity: {recorded or 'not recorded'} in the run, {read.sensitivity} in the suite")
    if not allow_recorded:
        _refuse_recorded(read, facts, written, folder)
    if wrong:
        raise NotComparable(
            f"{folder.name} was not made from {suite} as it is now:\n"
            + "\n".join(wrong)
            + f"\nRun it again{'' if policy is None else ' under that policy'}: evalkit run {suite} --gate "
            "(what is unchanged comes from the cache and costs nothing)."
        )


def require_signatures(
    gate: GateEntry, folder: Path, promoted: Path, signed_baseline: Path | None, signed_run: Path | None
) -> None:
    """Raises UserError where the promoted baseline, or the run, was not signed by anybody of the file named for it.

    `signed_baseline`, `signed_run`: allowed_signers files; None: no signature is required.
    """
    if signed_baseline is None and signed_run is None:
        return
    from evalkit.store import signatures

    if signed_baseline is not None:
        if not gate.baseline.startswith(PROMOTED):
            raise UserError(
                f"--signed-baseline: the gate's baseline {gate.baseline!r} is a model of the run, and nobody "
                "promoted or signed it. Name a promoted one: `baseline: baseline@NAME`, or require --signed-run."
            )
        path = baselines.file_of(gate.baseline.removeprefix(PROMOTED), promoted)
        statement = signatures.baseline_statement(path)
        signatures.verify(statement, baselines.signature_of(path), signed_baseline, signatures.BASELINE)
    if signed_run is not None:
        signatures.verify_run(folder, signed_run)


def _refuse_recorded(read: Suite, facts: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    """Raises NotComparable for a candidate whose answers no model gave, where the suite does not say so itself."""
    from evalkit.decide.origin import unasked_candidates
    from evalkit.decide.pairing import NotComparable

    candidates = read.gate.candidates if read.gate is not None else ()
    if lines := list(unasked_candidates(facts, now, candidates)):
        raise NotComparable(
            f"{folder.name} shows nothing about a model:\n"
            + "\n".join(lines)
            + "\nAsk the model: give the candidate an adapter that does, and run the suite again. "
            "If recorded answers are what you want judged, say so: --allow-recorded."
        )


def _marked_by(facts: Mapping[str, Any], task: str) -> tuple[str, ...]:
    """Fingerprint of the data whose right answers `rescore` took last; empty where a run was never marked again."""
    told = value_at(facts, "tasks", task, "marked_by_data")
    return () if told is None else (str(told),)


def _as_it_is_marked(facts: Mapping[str, Any], task: str) -> dict[str, Any]:
    """What makes a task of a run comparable, as `rescore` left it, without what the engine adds to the suite's word."""
    told = value_at(facts, "tasks", task, "identity")
    marked = told.items() if isinstance(told, dict) else ()
    return {key: value for key, value in marked if key not in {"scorer_version", "scorer_plugin", "judge"}}


def _otherwise_asked(read: Suite, facts: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What a run may not bring along: another model under the name of the baseline, of a judge or of the model that
    judges compare answers with, and leave for more errors."""
    from evalkit.suite.judge_task import compile_judging

    baseline = (now.get("gate") or {}).get("baseline", "")
    fixed: dict[tuple[str, str], str] = {} if baseline.startswith(PROMOTED) else {("models", baseline): "the baseline"}
    for judging in (compile_judging(task.entry.score) for task in read.tasks):
        if judging is None:
            continue
        fixed |= {("judges", name): "the judge" for name in judging.by}
        if judging.pair is not None:
            fixed.setdefault(("models", judging.pair), "the other side of each pair,")
    wrong = []
    for (section, name), who in fixed.items():
        entry, other = value_at(now, section, name), value_at(facts, "suite_resolved", section, name)
        recorded = value_at(facts, section, name, "facts", "file_sha256")
        if entry != other:
            wrong.append(f"  {who} {name}: its entry changed (adapter, model, address, settings or others)")
        elif recorded is not None and recorded != _recorded(read, section, name):
            wrong.append(f"  {who} {name}: its recorded answers changed")
        elif _other_weights(read, facts, section, name):
            wrong.append(f"  {who} {name}: its weights, tokenizer or chat template changed")
    wrong += _otherwise_billed(read, facts, now)
    allowed, more = (value_at(side, "run", "max_error_rate") for side in (now, facts.get("suite_resolved")))
    if isinstance(allowed, int | float) and (not isinstance(more, int | float) or more > allowed):
        wrong.append(f"  run.max_error_rate: {more} in the run, {allowed:g} in the suite")
    return [*wrong, *_otherwise_run(read, facts, now)]


def _otherwise_run(read: Suite, facts: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """A line for each key of `run:` that decides what the evidence is: how often items are asked, in which order a run
    is looked at while it runs, and under which load its times were measured."""
    timed = read.gate is not None and any(rule.latency is not None for rule in read.gate.rules)
    wrong = []
    for key in ("repeats", "seed", *(("in_flight",) if timed else ())):
        wanted, had = value_at(now, "run", key), value_at(facts, "suite_resolved", "run", key)
        if had != wanted:
            wrong.append(f"  run.{key}: {'not recorded' if had is None else had} in the run, {wanted} in the suite")
    return wrong


_BILLED_BY = ("price_as", "hosting", "reported_cost")
"""What a model's entry says of how its answers are billed, beside what they really cost."""


def _otherwise_billed(read: Suite, facts: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """A line for each candidate whose run says by itself how it is billed, where a cost rule would believe it."""
    gate = read.gate
    if gate is None or not any(rule.cost is not None for rule in gate.rules):
        return []
    wrong = []
    for name in gate.candidates:
        ours, theirs = value_at(now, "models", name), value_at(facts, "suite_resolved", "models", name)
        changed = [
            key
            for key in _BILLED_BY
            if value_at(ours, key) != value_at(theirs, key) and value_at(theirs, key) is not None
        ]
        if changed:
            wrong.append(f"  {name}: {', '.join(changed)} of its entry changed, and a rule is about its cost")
    return wrong


def _other_weights(suite: Suite, facts: Mapping[str, Any], section: str, name: str) -> bool:
    """Whether the run asked other weights than now lie where the suite's entry names them; no, where none are here."""
    entry, told = suite.models.get(name), value_at(facts, section, name, "facts")
    if section != "models" or entry is None or entry.model is None or not isinstance(told, dict):
        return False
    from evalkit.adapters.at_hand import facts_at_hand
    from evalkit.adapters.base import ModelSpec

    spec = ModelSpec(name=name, adapter=entry.adapter, model=entry.model, folder=str(suite.folder))
    here = facts_at_hand(spec, entry.serve)
    return any(told.get(key) not in (None, value) for key, value in here.items())


def _recorded(suite: Suite, section: str, name: str) -> str | None:
    """Content of the file that a model or judge answers from; None where there is none."""
    entry = (suite.judges if section == "judges" else suite.models).get(name)
    return None if entry is None else suite.file_digest(entry)


def plain(value: Any) -> Any:
    """As it would be read back from run.json."""
    import orjson

    return orjson.loads(orjson.dumps(value, default=str))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}). Name another file.") from error
