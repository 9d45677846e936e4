"""`evalkit.plan`: what a run would take in requests, tokens, dollars and minutes, and what its gate could see.

report = evalkit.plan("suite.yaml")
[(one["model"], one["n_requests"], one["usd"]) for one in report["models"]]
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from evalkit.api.options import RunKeywords, RunOptions, options_of, words
from evalkit.api.planning import digest_of, plan_suite, resolved
from evalkit.errors import UserError
from evalkit.python_words import in_python, said_in_python
from evalkit.suite.wording import short

if TYPE_CHECKING:
    from evalkit.api.suite import Suite
    from evalkit.cost.reports import LimitForecast, PlanReport, RuleForecast
    from evalkit.engine.forecast import Pace
    from evalkit.engine.plan import Plan
    from evalkit.store.row_codec import Key


@said_in_python()
def plan(
    suite: Suite | str | Path,
    *,
    results: str | Path | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    **options: Unpack[RunKeywords],
) -> PlanReport:
    """What `evalkit.run` with the same arguments would take, as `evalkit plan --json` says it; sends nothing.

    `models` has for each model `n_requests`, tokens, `usd` (low and high) and `minutes`; `gate` says what each quality
    rule could see; `digest` is what `planned=` of `run` takes. Costs of models whose price is not known, and tokens of
    functions, are None. What the unfinished run that `run` would go on in has (or `resume` names) is not counted, its
    judges' replies neither. `requests_per_minute` and `tokens_per_minute` are what your account allows. Raises
    UserError as `run` does.
    """
    from evalkit.engine.driving import beside_a_loop
    from evalkit.engine.forecast import Pace

    for name, rate in (("requests_per_minute", requests_per_minute), ("tokens_per_minute", tokens_per_minute)):
        if rate is not None and not (isinstance(rate, Real) and not isinstance(rate, bool) and 0 < rate < math.inf):
            raise UserError(f"{name} is a number above 0, or None where it is not known (value seen: {short(rate)})")
    with words(options):
        made, pace = options_of(results, options), Pace(requests_per_minute, tokens_per_minute)
        planned = plan_suite(resolved(suite, made, "plan"), made, sends=False)
        report = plan_report(planned, made, pace)
        report["notes"] = [in_python(note) for note in report["notes"]]
        for one in (*report["models"], *report["judges"]):
            one["minutes_basis"] = in_python(one["minutes_basis"])
    beside_a_loop(lambda: asyncio.run(planned.aclose()))
    return report


def plan_report(plan: Plan, options: RunOptions, pace: Pace, folder: Path | None = None) -> PlanReport:
    """What a plan takes. `folder`: the stored run by whose answers tokens and times are foreseen, before others."""
    from evalkit.engine.caching import CachedAnswers
    from evalkit.engine.experience import learn
    from evalkit.engine.forecast import forecast, forecast_judges

    assert options.results is not None
    judges = plan.panel.judges if plan.panel is not None else ()
    ids = {model.name: model.adapter.spec.model for model in (*plan.work.models, *judges)}
    known = learn(options.results, ids, folder)
    with ExitStack() as stack:
        bought, unused = None, []
        if options.cache:
            from evalkit.store.cache import ResponseCache

            cache = stack.enter_context(ResponseCache.open(None))
            bought, unused = CachedAnswers(cache), [cache.problem] if cache.problem is not None else []
        effective, left = _effective(plan), _continued(plan, options)
        return {
            "suite": plan.suite.name,
            "digest": digest_of(plan),
            "continues": None if left is None else left.name,
            "sensitivity": plan.suite.sensitivity,
            "tasks": {task.name: task.n for task in plan.work.tasks},
            "repeats": plan.work.settings.repeats,
            "models": forecast(plan.work, known, pace, bought, None if left is None else _answered(left)),
            "judges": []
            if plan.panel is None
            else forecast_judges(plan.panel, plan.work, known, pace, _is_judged(plan, left)),
            "tools": list(plan.tools),
            "gate": foreseen(plan, effective=effective),
            "floors": _floors(plan, effective),
            "notes": [*plan.notes, *unused, *_other_models(folder, ids)],
        }


def _other_models(folder: Path | None, ids: Mapping[str, str]) -> list[str]:
    """Which names of the suite were other models in the earlier run: its scores stand for theirs, its tokens do not."""
    from evalkit.store.runs import open_facts

    told = {} if folder is None else open_facts(folder).models or {}
    return [
        f"--earlier: {name} was {told[name].model} there and is {model} here: items and repeats are planned from its "
        "scores, but its tokens and times say nothing of this model"
        for name, model in ids.items()
        if name in told and told[name].model and model and told[name].model != model
    ]


def _continued(plan: Plan, options: RunOptions) -> Path | None:
    """The unfinished run that the same call resumes. Raises StoreError where a named one is of another plan."""
    from evalkit.engine.resumption import named_run
    from evalkit.store.runs import brought_along, find_incomplete

    assert options.results is not None
    if options.resume is not None:
        return named_run(plan, options.resume, options.results, adopt=False)
    found = None if options.new else find_incomplete(options.results, plan.suite.file.name, plan.digest)
    return None if found is None or brought_along(found) else found


def _is_judged(plan: Plan, left: Path | None) -> Callable[[str, str], bool]:
    """What judges need not be asked any more of the unfinished run."""
    from evalkit.engine.judging.verdicts import is_judged

    if left is None or plan.panel is None:
        return lambda judge, question: False
    return is_judged(left, plan.panel.tasks)


def _answered(folder: Path) -> Callable[[Key], bool]:
    """Whether a row of an unfinished run need not be asked for again. Changes nothing: it may be going on."""
    from evalkit.store import sealing
    from evalkit.store.journal import Recovered, is_outstanding

    found = Recovered()
    for row in sealing.rows_of(folder):
        owed = is_outstanding(row.outcome, row.error_kind)
        found.add(row.key, errored=owed, spend=None, answered=row.error_kind is None)
    return found.is_answered


def foreseen(plan: Plan, *, most: int | None = None, effective: dict[str, float] | None = None) -> list[RuleForecast]:
    """What each quality rule of the gate could see; empty without a gate. `most`: a task of more samples is not looked
    at for copies and weights, and the smallest loss that fails is not looked for, which takes long for many.
    `effective`: how many independent items tell as much, where that is known already."""
    gate = plan.suite.gate
    if gate is None:
        return []
    from evalkit.decide.power import forecast_power

    effective = _effective(plan, most) if effective is None else effective
    return [
        {
            "rule": look.rule,
            "words": look.words,
            "margin": look.margin,
            "n": look.n,
            "effective": look.effective,
            "discordance": look.discordance,
            "smallest_regression": look.smallest_regression,
            "chance_equal_passes": look.chance_equal_passes,
            "n_needed": look.n_needed,
            "power": look.power,
            "labelled": look.labelled,
        }
        for look in forecast_power(
            gate, {task.name: task.n for task in plan.work.tasks}, effective=effective, losses=most is None
        )
    ]


def _floors(plan: Plan, effective: dict[str, float]) -> list[LimitForecast]:
    """What each rule about the candidate alone could see (a least score, a largest rate); empty without a gate."""
    if plan.suite.gate is None:
        return []
    from evalkit.decide.power import forecast_floors

    sizes = {task.name: task.n for task in plan.work.tasks}
    return [
        {
            "rule": look.rule,
            "limit": look.limit,
            "is_rate": look.is_rate,
            "n": look.n,
            "effective": look.effective,
            "passes_from": look.passes_from,
            "fails_at": look.fails_at,
            "power": look.power,
        }
        for look in forecast_floors(plan.suite.gate, sizes, effective)
    ]


def _effective(plan: Plan, most: int | None = None) -> dict[str, float]:
    """How many independent items of equal weight tell as much as those of each task, and as all; empty without a
    gate."""
    from evalkit.suite.evidence_size import EvidenceSize, effective_together

    sizes = {task.name: EvidenceSize(limited=True) for task in plan.work.tasks}
    looked = [task for task in plan.work.tasks if most is None or task.n <= most]
    if plan.suite.gate is None:
        return {}
    for task in looked:
        for sample in task.samples():
            sizes[task.name].see(sample)
    effective = {task.name: sizes[task.name].effective for task in looked}
    if len(looked) == len(plan.work.tasks):
        effective["all"] = effective_together([*sizes.values()])
    return effective
