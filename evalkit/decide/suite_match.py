"""Is a stored run evidence about a suite as it is now? What a gate refuses before it reads a single row.

    refuse_other_suite(suite, folder, weights=weights_at_hand)      # NotComparable, with a line for each difference
    refuse_other_policy(folder)                                     # without a suite: the data policy alone

The suite comes from a protected branch, the run may come from anybody. A candidate may differ: it is what is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import orjson

from evalkit.cost.price_file import PRICE_FILE
from evalkit.decide.candidate_match import otherwise_said
from evalkit.decide.origin import unasked_candidates
from evalkit.facts import PriceFacts, RunFacts, SuiteFacts, parse
from evalkit.paths import find
from evalkit.results import read_facts
from evalkit.results.pairs import NotComparable
from evalkit.results.sweeps import hosted_prices
from evalkit.suite.judge_task import compile_judging
from evalkit.suite.policy import current, named
from evalkit.suite.schema import ModelEntry
from evalkit.suite.sensitivity import weaker
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.wording import short

PROMOTED = "baseline@"
"""What the name of a gate's baseline begins with where it is a promoted one."""
_TIMED_BY = ("in_flight", "timeout_s", "idle_timeout_s")
"""Keys of `run:` that decide which times are seen."""


class WeightsAtHand(Protocol):
    """What an adapter would say of weights that lie on this machine (`adapters.at_hand.weights_at_hand`)."""

    def __call__(self, name: str, entry: ModelEntry, folder: Path) -> Mapping[str, str]:
        """Facts by name; empty where there are none here. `folder`: that of the suite."""


def refuse_other_suite(
    suite: ResolvedSuite,
    folder: Path,
    *,
    weights: WeightsAtHand,
    allow_recorded: bool = False,
    sweeps: Path | None = None,
) -> None:
    """Raises NotComparable when the run was made from other tasks or data than the suite now has, from another baseline
    model, with another judge, with more errors allowed, or as less sensitive. A candidate may differ: it is what is
    judged, and its entry is shown. A candidate that asked no model is refused unless the suite has the same entry, or
    `allow_recorded`. `sweeps`: the folder of load sweeps that prices of own hardware may rest on; None: no such folder.
    """
    facts = read_facts(folder)
    written = as_facts(suite)
    if not allow_recorded:
        _refuse_recorded(suite, facts, written, folder)
    policy = current()
    wrong = [*_other_tasks(facts, written), *_otherwise_asked(suite, facts, written, weights)]
    wrong += _otherwise_measured(suite, facts, written, sweeps)
    if policy is not None and _policy_of(facts) != policy.sha256:
        wrong.append(f"  policy: the run was not made under {policy.name} as it is now")
    recorded = facts.suite_resolved.sensitivity if facts.suite_resolved is not None else None
    if weaker(recorded, suite.sensitivity):
        wrong.append(f"  sensitivity: {recorded or 'not recorded'} in the run, {suite.sensitivity} in the suite")
    if wrong:
        raise NotComparable(
            f"{folder.name} was not made from {suite.path} as it is now:\n"
            + "\n".join(wrong)
            + f"\nRun it again{'' if policy is None else ' under that policy'}: evalkit run {suite.path} --gate "
            "(what is unchanged comes from the cache and costs nothing)."
        )


def refuse_other_policy(folder: Path) -> None:
    """Raises NotComparable where a data policy was named and the run was not made under it as it is now."""
    policy = named()
    if policy is not None and _policy_of(read_facts(folder)) != policy.sha256:
        raise NotComparable(
            f"{folder.name} was not made under {policy.name} as it is now. Run its suite again with --policy, or leave "
            "the option out."
        )


def as_facts(suite: ResolvedSuite) -> SuiteFacts:
    """The suite as it would be read back from run.json."""
    return parse(SuiteFacts, orjson.loads(orjson.dumps(suite.resolved(), default=str)), suite.path)


def _policy_of(facts: RunFacts) -> str | None:
    policy = facts.egress.policy if facts.egress is not None else None
    return policy.sha256 if policy is not None else None


def _refuse_recorded(suite: ResolvedSuite, facts: RunFacts, now: SuiteFacts, folder: Path) -> None:
    """Raises NotComparable for a candidate whose answers no model gave, where the suite does not say so itself."""
    candidates = suite.gate.candidates if suite.gate is not None else ()
    if lines := list(unasked_candidates(facts, now, candidates)):
        raise NotComparable(
            f"{folder.name} shows nothing about a model:\n"
            + "\n".join(lines)
            + "\nAsk the model: give the candidate an adapter that does, and run the suite again. "
            "If recorded answers are what you want judged, say so: --allow-recorded."
        )


def _other_tasks(facts: RunFacts, now: SuiteFacts) -> Iterator[str]:
    """A line for each difference of tasks and data."""
    made = {task.name: task for task in facts.suite_resolved.tasks} if facts.suite_resolved is not None else {}
    tasks = {task.name: task for task in now.tasks}
    yield from (f"  {name}: not part of the run" for name in tasks if name not in made)
    yield from (f"  {name}: not part of the suite" for name in made if name not in tasks)
    for name, task in tasks.items():
        if name not in made:
            continue
        told = (facts.tasks or {}).get(name)
        # `rescore` may have taken right answers from other data: both fingerprints then have to be today's.
        rescored_by = () if told is None or told.marked_by_data is None else (told.marked_by_data,)
        if {task.data_sha256} != {made[name].data_sha256, *rescored_by}:
            yield f"  {name}: the data changed"
        if task.identity != _scored_identity(facts, name):
            yield f"  {name}: the prompt, few-shot examples, scorer or settings changed"
        if task.records != made[name].records:
            yield f"  {name}: which records of its data are asked, or how they are read, changed (where, fields)"
        if made[name].marks is not None and task.marks != made[name].marks:
            yield f"  {name}: which items are clustered, sliced or critical changed"


def _scored_identity(facts: RunFacts, task: str) -> dict[str, object]:
    """What makes a task of a run comparable, as `rescore` left it, without what the engine adds to the suite's word."""
    told = (facts.tasks or {}).get(task)
    identity = told.identity.root if told is not None else {}
    return {key: value for key, value in identity.items() if key not in {"scorer_version", "scorer_plugin", "judge"}}


def _otherwise_asked(suite: ResolvedSuite, facts: RunFacts, now: SuiteFacts, weights: WeightsAtHand) -> list[str]:
    """What a run may not bring along: another model under the name of the baseline, of a judge or of the model that
    judges compare answers with, and leave for more errors."""
    made = facts.suite_resolved or SuiteFacts()
    wrong = []
    for section, name, who in _fixed(suite):
        judge = section == "judges"
        entry, other = ((side.judges if judge else side.models).get(name) for side in (now, made))
        told = (facts.judges if judge else facts.models or {}).get(name)
        recorded = told.file_sha256 if told is not None else None
        if entry != other:
            wrong.append(f"  {who} {name}: its entry changed (adapter, model, address, settings or others)")
        elif recorded is not None and recorded != _recorded(suite, section, name):
            wrong.append(f"  {who} {name}: its recorded answers changed")
        elif _other_weights(suite, facts, section, name, weights):
            wrong.append(f"  {who} {name}: its weights, tokenizer or chat template changed")
    wrong += otherwise_said(suite.gate, facts, now, made)
    read = frozenset().union(*(rule.reads for rule in suite.gate.rules)) if suite.gate is not None else frozenset()
    wrong += _otherwise_priced(suite, facts) if "costs" in read else ()
    wrong += _other_catalogue(suite, facts) if "licence" in read else ()
    allowed, more = now.run.max_error_rate, made.run.max_error_rate
    if allowed is not None and (more is None or more > allowed):
        wrong.append(f"  run.max_error_rate: {more} in the run, {allowed:g} in the suite")
    return [*wrong, *_otherwise_run(suite, facts, now, made)]


def _fixed(suite: ResolvedSuite) -> list[tuple[str, str, str]]:
    """(section, name, what it is called) of every model and judge that a run may not replace."""
    baseline = suite.gate.baseline if suite.gate is not None else None
    fixed: dict[tuple[str, str], str] = {}
    if baseline is not None and not baseline.startswith(PROMOTED):
        fixed["models", baseline] = "the baseline"
    for judging in (compile_judging(task.entry.score) for task in suite.tasks):
        if judging is None:
            continue
        fixed |= {("judges", name): "the judge" for name in judging.by}
        if judging.pair is not None:
            fixed.setdefault(("models", judging.pair), "the other side of each pair,")
    return [(section, name, who) for (section, name), who in fixed.items()]


def _otherwise_run(suite: ResolvedSuite, facts: RunFacts, now: SuiteFacts, made: SuiteFacts) -> list[str]:
    """A line for each key of `run:` that decides what the evidence is: how often items are asked, in which order a run
    is looked at while it runs, under which load its times were measured, and when a slow attempt is given up: it is
    asked again, and only the attempt that was answered is timed."""
    timed = suite.gate is not None and any("times" in rule.reads for rule in suite.gate.rules)
    compared = [
        (key, getattr(now.run, key), getattr(made.run, key))
        for key in ("repeats", "seed", *(_TIMED_BY if timed else ()))
    ]
    wrong = [
        f"  run.{key}: {'not recorded' if had is None else had} in the run, {wanted} in the suite"
        for key, wanted, had in compared
        if had != wanted
    ]
    if timed and isinstance(facts.in_flight, str) and ", then " in facts.in_flight:
        wrong.append(f"  run.in_flight: {facts.in_flight} in the run, which was resumed under another load")
    return wrong


def _other_catalogue(suite: ResolvedSuite, facts: RunFacts) -> Iterator[str]:
    """A line where the run brought facts about models along that do not lie beside the suite."""
    from evalkit.catalogue.reading import records_of_suite

    if orjson.loads(orjson.dumps(records_of_suite(suite), default=str)) != list(facts.catalogue or ()):
        yield (
            "  models.yaml: the run was made with another catalogue than lies beside the suite, and a rule is about "
            "a licence"
        )


def _otherwise_priced(suite: ResolvedSuite, facts: RunFacts) -> Iterator[str]:
    """A line where the run was billed by a prices.yaml that does not lie beside the suite.

    Prices that the person named for the run (--prices) are the person's word.
    """
    file = facts.price_file
    if "price_file" not in facts.model_fields_set or (file is not None and file.of == "person"):
        return
    beside = find(PRICE_FILE, suite.folder, label=str(suite.folder / PRICE_FILE))
    if (file.sha256 if file is not None else None) != (beside.sha256() if beside.is_file() else None):
        yield (
            "  prices.yaml: the run was billed by another one than lies beside the suite, and a rule is about cost "
            "(change prices on their own before, or name them yourself: evalkit run --prices FILE)"
        )


def _otherwise_measured(suite: ResolvedSuite, facts: RunFacts, now: SuiteFacts, sweeps: Path | None) -> Iterator[str]:
    """A line for each model whose price per token rests on a load sweep that nobody vouches for, where a rule is about
    cost: sweeps lie in the results folder, where a pull request can put its own. Raises UserError, StoreError."""
    gate = suite.gate
    if gate is None or not any("costs" in rule.reads for rule in gate.rules):
        return
    made = facts.suite_resolved or SuiteFacts()
    base = gate.baseline
    for name in (*(() if base is None or base.startswith(PROMOTED) else (base,)), *gate.candidates):
        prices = facts.model_facts(name).prices
        entry, theirs = ((side.models[name].root if name in side.models else {}) for side in (now, made))
        if prices is None or not (entry.get("hosting") or theirs.get("hosting")):
            continue
        if sweeps is None:
            yield (
                f"  {name}: its price rests on a load sweep of the run's results folder "
                f"({short(prices.source or 'not recorded', 200)}), where a pull request can put its own; name a folder "
                "of sweeps that you trust: --sweeps DIR"
            )
            continue
        asked = {**entry, "model": theirs.get("model")}  # a sweep is of the model that was asked
        found = hosted_prices({name: asked}, suite.name, sweeps, sweeps=sweeps).get(name)
        unit = found[2] if found is not None else None
        if unit is None or parse(PriceFacts, unit.as_facts(), sweeps).usd_per_mtok != prices.usd_per_mtok:
            yield f"  {name}: its price is not the one that the load sweeps of {sweeps} give"


def _other_weights(suite: ResolvedSuite, facts: RunFacts, section: str, name: str, weights: WeightsAtHand) -> bool:
    """Whether the run asked other weights than now lie where the suite's entry names them; no, where none are here."""
    judge = section == "judges"
    entry = (suite.judges if judge else suite.models).get(name)
    told = (facts.judges if judge else facts.models or {}).get(name)
    if entry is None or entry.model is None or told is None or told.facts is None:
        return False
    here = weights(name, entry, suite.folder)
    return any(told.facts.get(key) not in (None, value) for key, value in here.items())


def _recorded(suite: ResolvedSuite, section: str, name: str) -> str | None:
    """Content of the file that a model or judge answers from; None where there is none."""
    entry = (suite.judges if section == "judges" else suite.models).get(name)
    return None if entry is None else suite.file_digest(entry)
