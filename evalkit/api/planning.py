"""What every run does first: read a suite and plan it. Here engine, suite, prices and the catalogue come together."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.adapters.registry import OptionsOfAdapters, known_adapters
from evalkit.api.options import RunOptions
from evalkit.api.preflight_warnings import forewarned
from evalkit.cost.billing import UnitPrices
from evalkit.cost.price_file import PRICE_FILE
from evalkit.cost.prices import PriceBook
from evalkit.engine.plan import Plan, make_plan
from evalkit.engine.work import PlanOptions
from evalkit.errors import SuiteError, UserError
from evalkit.facts import RunFacts
from evalkit.facts.base import Json, json_map
from evalkit.facts.run import PriceFileFacts
from evalkit.frozen import dataclass
from evalkit.paths import Inside, find, of_person
from evalkit.reading import read_file
from evalkit.scorers.registry import known_scorers
from evalkit.suite.digests import digest
from evalkit.suite.given import FUNCTION
from evalkit.suite.loading import load_suite, resolve
from evalkit.suite.schema import RunEntry
from evalkit.suite.source_map import SourceMap, without_lines
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.wording import short
from evalkit.trust import only_hosts

if TYPE_CHECKING:
    from evalkit.api.suite import Suite
    from evalkit.scorers.base import Scorer
    from evalkit.suite.functions import OwnFunction
    from evalkit.suite.rows_in_memory import Rows

FACTS_FILE = "models.yaml"
"""Facts about models, read when it stands beside the suite and `catalogue:` names no other."""


@dataclass(frozen=True, slots=True)
class InPython:
    """What a suite that is made in Python brings along as objects."""

    models: Mapping[str, OwnFunction] = field(default_factory=dict)
    """By the name of a model or judge."""
    scorers: Mapping[int, Mapping[int | None, OwnFunction]] = field(default_factory=dict)
    """By the task's place; then by the place in its list of scorers, None where the function scores alone."""
    rows: Mapping[int, Rows] = field(default_factory=dict)
    """By the task's place: its records."""
    of_files: frozenset[int] = frozenset()
    """Places of tasks that were taken over from a suite file."""


def suite_at(path: Path, *, allow_code: bool = False) -> ResolvedSuite:
    """The suite in a file, tasks of other tools made. Raises SuiteError with every complaint, MissingPackage.

    `allow_code` is the person's word that task files of the suite may run their own Python.
    """
    return with_external(read_suite(path), allow_code=allow_code)


def read_suite(path: Path, changes: Sequence[str] = ()) -> ResolvedSuite:
    """The suite in a file, tasks of other tools not made yet. Raises SuiteError with every complaint.

    `changes`: `key=value`, put in the place of what the file says (`suite.changes`).
    """
    options = OptionsOfAdapters(str(path.parent))
    known = known_adapters(), known_scorers()
    return load_suite(path, known_adapters=known[0], known_scorers=known[1], options=options, changes=changes)


def resolved(suite: Suite | str | Path, options: RunOptions, by: str = "run") -> ResolvedSuite:
    """The suite that a person gave to `by`, a function of `evalkit`. Raises UserError."""
    from evalkit.api.suite import Suite

    if not isinstance(suite, Suite | str | Path):
        raise UserError(f"{by} takes an evalkit.Suite or the path of a suite file (value seen: {type(suite).__name__})")
    if not isinstance(suite, Suite):
        return read_suite(of_person(suite, "suite"), options.changes)
    if options.changes:
        raise UserError("changes are for a suite's file; give a Suite in Python its values where it is made")
    return suite.resolved()


def resolve_suite(tree: SourceMap, path: Path, functions: InPython) -> ResolvedSuite:
    """The suite that Python code says, tasks of other tools not made yet. Raises SuiteError with every complaint."""
    from evalkit.suite.given import GivenInPython

    complaints: list[str] = []
    made: dict[int, dict[int | None, Scorer]] = {}
    if functions.scorers:
        from evalkit.scorers.function import make

        for n, own in functions.scorers.items():
            try:
                made[n] = {place: make(function, tree.at(("tasks", n, "score"))) for place, function in own.items()}
            except SuiteError as error:
                complaints += error.complaints
    try:
        suite = resolve(
            tree,
            path,
            known_adapters=_AndFunctions(known_adapters()) if functions.models else known_adapters(),
            known_scorers=_AndFunctions(known_scorers()) if functions.scorers else known_scorers(),
            options=OptionsOfAdapters(str(path.parent)),
        )
    except SuiteError as error:
        raise SuiteError([*error.complaints, *complaints]) from None
    scorers = _scorers(suite, made, complaints)
    suite = GivenInPython(functions.models, scorers, functions.rows, functions.of_files).put_into(suite)
    complaints += [
        f"{tree.at((section, name, key))}: belongs to no function; give each function an entry of its own"
        for section, entries in (("models", suite.file.models), ("judges", suite.file.judges))
        for name, entry in entries.items()
        for key in ("variants", "serve")
        if name in functions.models and getattr(entry, key)
    ]
    if complaints:
        raise SuiteError(complaints)
    return suite


def _scorers(
    suite: ResolvedSuite, made: Mapping[int, Mapping[int | None, Scorer]], complaints: list[str]
) -> dict[int, object]:
    """The scorer of each task that functions score, alone or among others, by the task's place."""
    found: dict[int, object] = {}
    for task in suite.tasks:
        own = made.get(task.index, {})
        if None in own:
            found[task.index] = own[None]
        elif own and task.entry.score is not None:
            from evalkit.scorers.several import make

            try:
                found[task.index] = make(task.entry.score.options, own, keeps_reasoning=task.keeps_reasoning)
            except SuiteError as error:
                complaints += [f"{task.at}.score: {complaint}" for complaint in error.complaints]
    return found


def with_external(suite: ResolvedSuite, *, allow_code: bool = False) -> ResolvedSuite:
    """The suite with its tasks of other tools made. Raises SuiteError, MissingPackage."""
    if suite.external:
        from evalkit.bridges.lm_eval.bridge import with_lm_eval

        suite = with_lm_eval(suite, allow_code=allow_code)
    return suite


class _AndFunctions(Collection[str]):
    """Known names, and the one that stands for a function given in Python; plug-ins are looked for as late as ever."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known

    def __contains__(self, name: object) -> bool:
        return name == FUNCTION or name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def plan_at(path: Path, options: RunOptions, *, any_in_flight: bool = False, sends: bool = True) -> Plan:
    """As `plan_suite`, of the suite in a file."""
    return plan_suite(read_suite(path, options.changes), options, any_in_flight=any_in_flight, sends=sends)


def plan_suite(
    suite: ResolvedSuite,
    options: RunOptions,
    *,
    any_in_flight: bool = False,
    sends: bool = True,
    stream: bool = False,
) -> Plan:
    """The plan of a suite with what the person adds. Raises UserError for whatever is wrong with either.

    `options.results` is where load sweeps are looked for, which give own hardware its price; None: it has none.
    `any_in_flight`: the suite's limits of open requests and of dollars do not hold (a load sweep has its own).
    `sends`: whether the plan will be carried out; without, keys that are not set are only noted.
    `stream`: many samples are checked while the first are asked already.
    """
    suite = _overridden(with_external(suite, allow_code=options.allow_suite_code), options.run)
    wanted = options.tasks
    if options.task_tags:
        tagged = suite.tagged(options.task_tags)
        wanted = tagged if wanted is None else tuple(name for name in wanted if name in tagged)
        if not wanted:
            raise SuiteError(f"{suite.path}: none of --tasks has the tag {' or '.join(options.task_tags)}")
    if any_in_flight:
        freed = suite.run.model_copy(update={"in_flight": "auto", "max_cost_usd": None})
        suite = replace(suite, file=suite.file.model_copy(update={"run": freed}))
    beside = find(PRICE_FILE, suite.folder, label=str(suite.folder / PRICE_FILE))
    file = options.prices or (beside if beside.exists() else None)
    book = PriceBook.load(file, named=options.prices is not None)
    hosts = frozenset(only_hosts(options.allow_key_host))
    own = {} if options.results is None else _own_hardware(suite, options.results)
    asked = PlanOptions(
        options.models,
        wanted,
        options.limit,
        options.limit_share,
        options.max_cost_usd,
        hosts,
        own,
        options.allow_suite_code,
        sends,
        stream,
    )
    plan = make_plan(suite, asked, book)
    facts = plan.facts.with_changes(RunFacts(price_file=_price_file(options.prices, beside)))
    if catalogue := _catalogue(suite):
        facts = facts.with_changes(RunFacts(catalogue=catalogue))
    if options.tags:
        facts = facts.with_changes(RunFacts(tags=options.tags))
    if options.metadata:
        facts = facts.with_changes(RunFacts(metadata=json_map(options.metadata)))
    return forewarned(replace(plan, facts=facts))


def digest_of(plan: Plan) -> str:
    """Of all that a person agrees to who has read a plan: what is asked and how it is scored, of whom, where prompts
    go, at which prices and up to which cost. Not of what is cached or was learnt from earlier runs."""
    name = os.fsencode(plan.facts.suite_path or "").decode("utf-8", "backslashreplace")  # which may be no UTF-8
    return digest("evalkit.plan/1", {"run": plan.digest, "facts": {**plan.facts.as_json(), "suite_path": name}})


def require_planned(plan: Plan, planned: str) -> None:
    """Raises UserError where this is not the plan of that digest."""
    if digest_of(plan) != planned.strip():
        raise UserError(
            f"This is not what was planned (--planned {short(planned)}): the suite, its data, who receives the "
            "prompts, prices or options have changed since. Nothing was sent. See what it takes now: evalkit plan"
        )


def _overridden(suite: ResolvedSuite, changes: Mapping[str, object]) -> ResolvedSuite:
    """The suite with other values in its `run`. Raises UserError for one that `run` does not have or may not hold."""
    if not changes:
        return suite
    from pydantic import ValidationError

    from evalkit.suite.suite_errors import translate

    written = {**suite.run.model_dump(exclude_unset=True), **changes}
    try:
        run = RunEntry.model_validate(written)
    except ValidationError as error:
        tree = without_lines({"run": written}, "options of the run")
        found = [
            tree.complaint(("run", *loc), said) for loc, said in translate(error, without_lines(written, tree.name))
        ]
        raise SuiteError(found) from error
    return replace(suite, file=suite.file.model_copy(update={"run": run}))


def _price_file(named: Path | None, beside: Inside) -> PriceFileFacts | None:
    """For run.json: the file that gave prices before the book, and whose word it is; None where there is none."""
    if named is not None:
        return PriceFileFacts(name=named.name, of="person", sha256=hashlib.sha256(read_file(named)).hexdigest())
    return PriceFileFacts(name=beside.name, of="suite", sha256=beside.sha256()) if beside.exists() else None


def _catalogue(suite: ResolvedSuite) -> tuple[Json, ...]:
    """What the suite's own file says of models, for the facts of the run; () where it has none. Raises UserError."""
    if suite.file.catalogue is None and not find(FACTS_FILE, suite.folder, label=FACTS_FILE).exists():
        return ()
    from evalkit.catalogue.reading import records_of_suite

    return tuple(json_map(record) for record in records_of_suite(suite))


def _own_hardware(suite: ResolvedSuite, results: Path) -> dict[str, UnitPrices]:
    """Prices per token of the models whose `hosting` a load sweep gives a throughput. Raises StoreError."""
    if not any(entry.hosting for entry in suite.models.values()):
        return {}
    from evalkit.adapters.at_hand import weights_at_hand
    from evalkit.results.sweeps import hosted_prices

    models = {name: entry.model_dump(mode="json", exclude_none=True) for name, entry in suite.models.items()}
    found = hosted_prices(
        models, suite.name, results, served=lambda name: weights_at_hand(name, suite.models[name], suite.folder)
    )
    return {name: unit for name, (_, _, unit) in found.items() if unit is not None}
