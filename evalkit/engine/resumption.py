"""What a run that is resumed takes from its earlier sessions: rows, answers of conversations, money, facts.

A run that broke off at a wrong record can be resumed once the file is mended. Mending changes the file, and with
it the run's digest, so the run is found by what stayed the same: the suite without the contents of its data files. Its
answers are taken over where each still belongs to a sample of the mended file.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from pathlib import Path

from evalkit.engine.budget import most_output, prompt_bytes, tools_bytes
from evalkit.engine.egress import sent_before
from evalkit.engine.image_tokens import most_tokens
from evalkit.engine.plan import Plan
from evalkit.errors import EvalkitError, StoreError
from evalkit.facts import PriceFacts, RunFacts, SuiteFacts
from evalkit.facts.run import PriceFileFacts
from evalkit.records import Outcome, Row, Sample
from evalkit.scorers.base import Scorer
from evalkit.store import runs
from evalkit.store.journal import Recovered
from evalkit.store.row_codec import Key


def prices_of(facts: RunFacts) -> dict[str, PriceFacts | None]:
    return {name: model.prices for name, model in (facts.models or {}).items()}


def spent_before(plan: Plan, folder: Path, facts: RunFacts) -> Decimal:
    """What earlier sessions of a capped run have paid: what they wrote down, or what their rows say if that is more.

    After a kill, what was under way counts as its worst case. A row whose cost is unknown counts as its worst case too
    (unless nothing was sent: a turn after a failed one): a cap errs on the side of stopping.
    """
    if plan.work.settings.max_cost_usd is None:
        return Decimal(0)
    judges = plan.panel.judges if plan.panel is not None else ()
    judged = plan.panel.tasks.values() if plan.panel is not None else ()
    models = {model.name: model for model in (*plan.work.models, *judges) if model.adapter.endpoint.network}
    limits = {
        (task.name, name): most_output(settings)
        for task in (*plan.work.tasks, *judged)
        for name, settings in task.settings.items()
    }
    by_rows, counted = Decimal(0), set[tuple[Key, float]]()
    from evalkit.engine.spend_file import SpendFile
    from evalkit.store import judge_files, sealing

    inner = judge_files.judging_of(folder)
    for row in chain(sealing.rows_of(folder), sealing.rows_of(inner) if inner is not None else ()):
        paid = row.spend_usd
        if row.steps and paid:  # a sample that is resumed has the steps of its earlier row, too
            new = [step for step in row.steps if not step.cached and (row.key, step.started_at) not in counted]
            counted |= {(row.key, step.started_at) for step in row.steps}
            paid = sum((step.cost_usd or Decimal(0) for step in new), Decimal(0))
        if paid is None and row.attempts and row.model in models:
            n_bytes = prompt_bytes(row.prompt) + tools_bytes(row.tools or ())
            n_bytes += most_tokens(row.prompt)
            paid = models[row.model].worst_case(n_bytes, limits.get((row.task, row.model)))
        by_rows += paid or Decimal(0)
    return max(by_rows, facts.spent_usd or Decimal(0), SpendFile.left_in(folder) or Decimal(0))


def rows_done(plan: Plan, recovered: Recovered) -> Callable[[Key], bool]:
    """Which rows are not asked again: those that are scored, and answers that only their judges still owe a score."""
    if plan.panel is None:
        return recovered.is_done
    judged = plan.panel.tasks
    return lambda key: recovered.is_done(key) or (key[1] in judged and recovered.is_answered(key))


_SAID_ANEW = (
    "models",
    "judges",
    "suite_resolved",
    "cut_by_limit",
    "cut_by_tasks",
    "max_cost_usd",
    "egress",
    "price_file",
    "catalogue",
)
"""Facts that a resumed run takes from its new plan."""


def resumed_facts(before: RunFacts, plan: Plan, recovered: Recovered) -> RunFacts:
    """What a resumed run says anew: the suite, whose gate may have been edited; times at two loads are at none."""
    now = plan.facts
    load = now.in_flight
    if recovered.n_done and before.in_flight != load:
        load = f"{before.in_flight}, then {load}"
    facts = now.only(_SAID_ANEW).with_changes(RunFacts(status="running", in_flight=load, reasons=()))
    if "price_file" in now.model_fields_set and recovered.n_done and before.price_file != now.price_file:
        several = PriceFileFacts(name="several", of="suite", sha256="several")
        facts = facts.with_changes(RunFacts(price_file=several))
    if len(recovered.seen) < plan.work.n_rows and (recovered.n_answered or recovered.given_up):
        facts = facts.with_changes(RunFacts(sessions_cut=before.sessions_cut + 1))
    if recovered.n_answered and recovered.n_errored > len(recovered.unmarked):
        facts = facts.with_changes(RunFacts(sessions_retried=before.sessions_retried + 1))
    if recovered.n_answered:
        otherwise = tuple(dict.fromkeys([*before.otherwise_before, *_otherwise(before, now)]))
        sent = sent_before(before, now, plan.suite.sensitivity)
        facts = facts.with_changes(sent).with_changes(RunFacts(otherwise_before=otherwise))
    return facts


_NOT_OF_ROWS = frozenset({"in_flight", "max_cost_usd", "max_error_rate"})
"""Keys of `run:` that no row rests on, or that run.json tells of by itself."""


def _otherwise(before: RunFacts, now: RunFacts) -> list[str]:
    """Keys that the suite has otherwise than when the stored answers were asked, though it asks the same: how they are
    billed and at which prices, which weights gave them, and when a slow one is given up. The rows keep what held then.
    """
    had, has = (facts.suite_resolved or SuiteFacts() for facts in (before, now))
    found = []
    for section, those, these in (("models", had.models, has.models), ("judges", had.judges, has.judges)):
        for name in (name for name in these if name in those):
            earlier, entry = those[name].root, these[name].root
            keys = [key for key in {**earlier, **entry} if earlier.get(key) != entry.get(key)]
            found += [f"{section}.{name}.{key}" for key in keys]
    asked = (("models", before.models or {}, now.models or {}), ("judges", before.judges, now.judges))
    for section, told, tells in asked:
        both = [name for name in tells if name in told]
        found += [f"{section}.{name}.prices" for name in both if told[name].prices != tells[name].prices]
    run, this = had.run.as_json(), has.run.as_json()
    keys = [key for key in {**run, **this} if key not in _NOT_OF_ROWS]
    return [*found, *(f"run.{key}" for key in keys if run.get(key) != this.get(key))]


def earlier_answers(plan: Plan, folder: Path, recovered: Recovered) -> Callable[[Key], Row | None]:
    """By key the answers of earlier sessions to tasks of several turns: a conversation goes on from what was said."""
    talks = {task.name for task in plan.work.tasks if "turns" in task.identity}
    if not talks or not recovered.seen:
        return lambda key: None
    from evalkit.store import sealing

    rows = (row for row in sealing.rows_of(folder) if row.task in talks and row.error_kind is None)
    return {row.key: replace(row, prompt=()) for row in rows}.get


def unscored_answers(plan: Plan, folder: Path, recovered: Recovered) -> Callable[[Key], Row | None]:
    """By key the rows of answers that a scorer failed on. Their answers are stored as they were given, so nobody has to
    be asked again; not where judges score, or where more was read than is stored."""
    scored = {task.name for task in plan.work.tasks if _from_text(task.scorer)}
    if not recovered.unmarked or not scored:
        return lambda key: None
    from evalkit.store import sealing

    return {row.key: row for row in sealing.rows_of(folder) if row.task in scored and _lacks_a_score(row)}.get


def _from_text(scorer: Scorer) -> bool:
    return scorer.needs == "text" and scorer.gold_tokens is None and not scorer.later and not scorer.judges


def _lacks_a_score(row: Row) -> bool:
    there = row.outcome is Outcome.ERRORED and row.error_kind is None and row.redacted is None
    return there and row.text is not None and not row.waits


def other_tools(plan: Plan, folder: Path) -> str | None:
    """What the plan's live servers list otherwise than when this run began, where it is of the same suite for the rest;
    None: it is of another suite, or nothing is otherwise."""
    facts = runs.open_facts(folder)
    had = {name: told.tool_server for name, told in (facts.tasks or {}).items() if told.tool_server is not None}
    lists = {name: server.tools_digest for name, server in had.items() if server.tools_digest is not None}
    if not lists or facts.suite_digest == plan.digest or facts.suite_digest != plan.digests_at(lists)[0]:
        return None
    has = plan.facts.tasks or {}
    found = [
        f"{name}: {said}"
        for name, server in had.items()
        if name in has and (said := server.changed(has[name].tool_server))
    ]
    return "; ".join(found) or None


def left_behind(plan: Plan, results: Path) -> str | None:
    """A sentence about the unfinished run of this suite that is not resumed, since its live servers list other tools
    now; None: there is none."""
    if not any(told.tool_server is not None for told in (plan.facts.tasks or {}).values()):
        return None
    for info in runs.list_runs(results):
        if info.suite != plan.suite.file.name:
            continue
        if info.suite_digest == plan.digest:
            return None
        if info.status in {"incomplete", "interrupted", "running"}:
            with suppress(EvalkitError):
                if said := other_tools(plan, info.path):
                    return (
                        f"{info.path.name} is not resumed: {said}. What was answered there is to another "
                        "question, so a new run begins, and asks everything anew."
                    )
    return None


def mended_run(plan: Plan, results: Path) -> Path | None:
    """The newest run of this suite that broke off and can be resumed, now under the plan's digest; None: none."""
    for info in runs.list_runs(results):
        if info.suite != plan.suite.file.name:
            continue
        if info.suite_digest == plan.digest:
            return None  # the mended suite was run since: what broke off before is history
        if info.status not in {"incomplete", "interrupted"} or runs.brought_along(info.path):
            continue
        try:
            if _broke_off(plan, info.path) and _all_asked_still(plan, info.path):
                _give_digest(plan, info.path)
                return info.path
        except EvalkitError:
            continue
    return None


def named_run(plan: Plan, name: str, results: Path, *, adopt: bool = True) -> Path:
    """The run that a person names, which the plan goes on in. One that broke off at a record that is mended now is put
    under the plan's digest, unless `adopt` is False: then nothing is changed.

    Raises StoreError where it is none, or of another plan: it broke off, and an answer of it is to a record that is no
    longer the same; its live servers list other tools now; it is of another suite; it was scored another way since.
    """
    folder = runs.resolve_run(name, results)
    facts = runs.open_facts(folder)
    broke_off = facts.suite_digest != plan.digest and _broke_off(plan, folder)
    if broke_off and not _all_asked_still(plan, folder):
        raise StoreError(
            f"{folder} broke off at a record that could not be asked, and since then records were changed that it has "
            "answers to. Put these back as they were, or start a new run: --new.",
            folder,
        )
    if broke_off and adopt:
        _give_digest(plan, folder)
    if said := other_tools(plan, folder):
        raise StoreError(
            f"{folder} cannot be resumed: {said}. Its answers were given with other tools on offer. Start a new run "
            "(--new), or have the server list the tools of then.",
            folder,
        )
    if not broke_off:
        runs.require_digest(folder, plan.digest)
    if facts.rescored:
        raise StoreError(
            f"{folder} was scored another way since (evalkit rescore), and what is asked now would be scored as the "
            "suite says: half by one scorer, half by another. Start another run, whose answers come from the cache: "
            "--new.",
            folder,
        )
    return folder


def _broke_off(plan: Plan, folder: Path) -> bool:
    """Whether the run broke off, and is of this plan but for the contents of its data files."""
    return runs.open_facts(folder).broken_off == plan.digest_without_data


def _give_digest(plan: Plan, folder: Path) -> None:
    known = plan.facts.only(("tasks", "n_rows"))
    runs.update_facts(folder, known.with_changes(RunFacts(suite_digest=plan.digest, broken_off=None)))


def _all_asked_still(plan: Plan, folder: Path) -> bool:
    """Whether every row of the run is of a sample that the plan would ask, under the same name, with the same right
    answer and the same place in the evidence (cluster, slices, critical, weight, stratum)."""
    from evalkit.store import sealing

    left = {_as_asked(row, row.sample_id, row.sample_digest) for row in sealing.rows_of(folder)}
    for task in plan.work.tasks:
        samples = task.samples() if task.stream is None else task.stream.as_rendered()
        for sample in samples:
            if not left:
                return True
            left.discard(_as_asked(sample, sample.id, sample.digest))
    return not left


def _as_asked(one: Row | Sample, name: str, digest: str) -> tuple[object, ...]:
    slices = tuple(sorted(one.slices.items()))
    evidence = (one.cluster, slices, one.critical, one.weight, one.stratum)
    return (one.task, name, digest, one.occurrence, one.target_digest, *evidence)
