"""What `evalkit price` does: stored rows and prices in, the bill out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from evalkit.cli.late_client import import_client_late
from evalkit.cli.options import print_json
from evalkit.cli.printing import echo
from evalkit.cli.stored_answers import Stored, answers_of
from evalkit.cost.billing import Bill, UnitPrices, bill, summed
from evalkit.cost.derived import Marked, at_equal_quality, derived
from evalkit.cost.hosting import Hosting, Throughput, curve, unit_prices
from evalkit.cost.price_file import plain_tier
from evalkit.cost.prices import PriceBook
from evalkit.cost.reports import DerivedFigures, HostingFigures, Repriced, RunBillReport
from evalkit.cost.run_bill import BilledAnswer, PriceOf, RunBill, paid_at, stored_prices, text
from evalkit.errors import UserError
from evalkit.facts import ModelFacts, RunFacts
from evalkit.facts.base import JsonMap
from evalkit.records import Usage
from evalkit.results import read_facts
from evalkit.results.sweeps import hosted_prices, sweeps_folder
from evalkit.results.trajectories import has_agents
from evalkit.store import judge_files, runs
from evalkit.store.damage import refuse_damage
from evalkit.suite.wording import short


def price_run(ref: str, *, at: str | None, prices: Path | None, tier: str | None, results: Path, as_json: bool) -> int:
    """Print the bill of a run; the exit code. Raises UserError for a bad date, price file or run."""
    import_client_late()
    folder = runs.resolve_run(ref, results)
    refuse_damage(folder)
    facts = read_facts(folder)
    made = bill_of(folder, facts, results, at=_moment(at), prices=prices, tier=tier)
    if as_json:
        return print_json(made)
    from evalkit.render.bill import render_bill
    from evalkit.render.html_tables import bill_sentence
    from evalkit.results.summary import read_summary

    inner = judge_files.judging_of(folder)
    judges = {} if inner is None else read_summary(inner).models
    render_bill(made, total=bill_sentence(read_summary(folder, facts).models, judges))
    echo(f"\n{folder}")
    return 0


def bill_of(
    folder: Path,
    facts: RunFacts,
    results: Path,
    *,
    at: datetime | None = None,
    prices: Path | None = None,
    tier: str | None = None,
) -> RunBillReport:
    """The bill of a run as JSON; `repriced` holds the same at other prices, None where none were asked for.

    `judges` is the bill of those who marked it; None where nobody did.
    """
    inner = judge_files.judging_of(folder)
    judged = None
    if inner is not None:
        judged = bill_of(inner, read_facts(inner), results, at=at, prices=prices, tier=tier)
    models = models_of(facts)
    pipelines = [name for name, told in (facts.models or {}).items() if told.parts]
    hosted = hosted_prices(models, str(facts.suite), results, served=lambda name: facts.model_facts(name).facts)
    book = None
    if at is not None or prices is not None or tier is not None:
        book = _with_tier(PriceBook.load(prices), tier)
    made = None
    if not (pipelines or hosted or has_agents(facts)):
        made = _in_columns(folder, facts, book, at, tier)
    if made is None:
        made = _row_by_row(folder, facts, hosted, pipelines, book, at, tier)
    repriced: Repriced | None = None
    if made.other is not None:
        own_files = {} if prices is not None else _by_file(facts)
        repriced = {"at": at.isoformat() if at else None, "tier": tier, "without_file": own_files,
                    "models": _placed(made.other, models).as_facts()}  # fmt: skip
    return {
        "run": folder.resolve().name,
        "models": _placed(made.billed, models).as_facts(),
        "repriced": repriced,
        "derived": _first(made.figures, models),
        "at_equal_quality": at_equal_quality(_first(made.figures, models)),
        "hosting": {
            name: _hosting_facts(found, name, made.stored, _other_prompts(facts, found[1], results))
            for name, found in hosted.items()
        },
        "parts": {name: bills.as_facts() for name, bills in made.of_parts.items()},
        "judges": None if judged is None else {"models": judged["models"], "repriced": judged["repriced"]},
    }


@dataclass(frozen=True, slots=True)
class _Counted:
    """The rows of a run, counted."""

    billed: RunBill
    other: RunBill | None
    """At other prices; None where none were asked for."""
    figures: dict[str, DerivedFigures]
    of_parts: dict[str, RunBill] = field(default_factory=dict)
    stored: list[Stored] = field(default_factory=list)
    """Where a load sweep is linked; else nobody asks."""


def _in_columns(
    folder: Path, facts: RunFacts, book: PriceBook | None, at: datetime | None, tier: str | None
) -> _Counted | None:
    """The rows counted in columns; None where they have to be counted one by one."""
    from evalkit.cli import column_pricing
    from evalkit.cli.stored_columns import columns_of
    from evalkit.cost.column_bill import TooFine

    rows = columns_of(folder)
    if rows is None:
        return None
    known = _every_model(facts)
    told = {name: known.get(name) or facts.model_facts(name) for name in rows.labels["model"]}
    priced_as = {name: _priced_as(one, facts.entry(name)) for name, one in told.items()}
    asked_tier = {name: one.service_tier for name, one in told.items()}
    units = {name: stored_prices(one.prices) for name, one in known.items()}
    try:
        return _Counted(
            column_pricing.recorded(rows, units, column_pricing.Sought(PriceBook(), priced_as, asked_tier)),
            None
            if book is None
            else column_pricing.repriced(rows, column_pricing.Sought(book, priced_as, asked_tier, at, tier)),
            column_pricing.figures(rows),
        )
    except TooFine:
        return None


def _row_by_row(
    folder: Path,
    facts: RunFacts,
    hosted: Mapping[str, tuple[Hosting, Throughput | None, UnitPrices | None]],
    pipelines: list[str],
    book: PriceBook | None,
    at: datetime | None,
    tier: str | None,
) -> _Counted:
    """The rows counted one by one: agents, pipelines, models on own hardware, and odd amounts."""
    stored = list(answers_of(folder, pipelines, steps=has_agents(facts)))
    billed, recorded = RunBill(), _recorded(facts)
    of_parts = {name: RunBill() for name in pipelines}
    for row in stored:
        billed.add(row.answer, recorded)
        known = facts.model_facts(row.answer.model).parts or {}
        for part in row.answer.parts:
            read_from_file = part.model in known and known[part.model].replayed
            paid = replace(part, spend_usd=Decimal(0)) if read_from_file else part
            of_parts[row.answer.model].add(paid, recorded)
    own = {name: unit for name, (_, _, unit) in hosted.items() if unit is not None}
    other = None
    if book is not None:
        other, price = RunBill(), _repriced(facts, book, at, tier, own)
        for row in stored:
            other.add(row.answer, price, reprice=True)
    return _Counted(billed, other, _figures(stored, own), of_parts, stored)


def _first(figures: dict[str, DerivedFigures], models: Mapping[str, object]) -> dict[str, DerivedFigures]:
    """The models of the suite in its order, then the others."""
    place = {name: n for n, name in enumerate(models)}
    return {name: figures[name] for name in sorted(figures, key=lambda name: place.get(name, len(place)))}


def _placed(made: RunBill, models: Mapping[str, object]) -> RunBill:
    """The same bill, its models in the order of the suite, then the others."""
    place = {name: n for n, name in enumerate(models)}
    return RunBill({key: made.tasks[key] for key in sorted(made.tasks, key=lambda key: place.get(key[0], len(place)))})


def _with_tier(book: PriceBook, tier: str | None) -> PriceBook:
    """The book. Raises UserError for a tier that nobody has a price for: a slip would make every price unknown."""
    known = book.tiers() if tier is not None else []
    if tier is not None and plain_tier(tier) not in known:
        raise UserError(
            f"--tier {short(tier)}: no model has a price for such a service tier. Known are {', '.join(known)}; "
            "a price file (--prices FILE) may name others."
        )
    return book


def _by_file(facts: RunFacts) -> dict[str, str]:
    """Model -> the person's own price file by which the run was billed. Re-pricing does not know where it lies."""
    units = {name: stored_prices(told.prices) for name, told in (facts.models or {}).items()}
    return {n: unit.source for n, unit in units.items() if unit is not None and unit.source.endswith((".yaml", ".yml"))}


def models_of(facts: RunFacts) -> dict[str, JsonMap]:
    """The models as the resolved suite has them; empty where the run does not say."""
    suite = facts.suite_resolved
    return {name: entry.root for name, entry in suite.models.items()} if suite is not None else {}


def _recorded(facts: RunFacts) -> PriceOf:
    """Bills at the unit prices that the run recorded; else at those of the day on which the answer was bought."""
    book = PriceBook()
    later = _repriced(facts, book, None, None)
    units = {name: stored_prices(told.prices) for name, told in _every_model(facts).items()}

    def price(answer: BilledAnswer) -> Bill | None:
        unit = units.get(answer.model)
        found = None if unit is None else summed([bill(usage, unit) for usage in answer.requests])
        if found is not None and found.total_usd == answer.cost_usd:
            return found
        return later(answer)

    return price


def _repriced(
    facts: RunFacts,
    book: PriceBook,
    at: datetime | None,
    tier: str | None,
    own: Mapping[str, UnitPrices] | None = None,
) -> PriceOf:
    """Bills from tokens, at the prices of a day (None: each answer's own) and a tier (None: the one that served)."""
    known_models = _every_model(facts)

    def price(answer: BilledAnswer) -> Bill | None:
        if at is None and answer.started_at <= 0:
            return None  # nobody says when it was bought, and prices are dated
        if answer.parts:
            bills = [price(part) for part in answer.parts]
            known = [one.total_usd for one in bills if one is not None]
            return Bill(sum(known, Decimal(0)), "its parts") if len(known) == len(bills) else None
        told = known_models.get(answer.model) or facts.model_facts(answer.model)
        provider, model = _priced_as(told, facts.entry(answer.model))
        asked = [usage if tier is None else replace(usage, service_tier=tier) for usage in answer.requests]
        day, wanted = at or paid_at(answer), tier or told.service_tier
        made = summed([book.price(provider, model, usage, day, wanted) for usage in asked])
        unit = (own or {}).get(answer.model)
        return bill(answer.usage, unit) if made is None and unit is not None else made

    return price


def _every_model(facts: RunFacts) -> dict[str, ModelFacts]:
    """The models of a run and the parts of its pipelines; a part has no other facts where it is asked alone too."""
    asked = facts.models or {}
    return {**{name: part for told in asked.values() for name, part in (told.parts or {}).items()}, **asked}


def _priced_as(told: ModelFacts, entry: JsonMap) -> tuple[str | None, str]:
    """(provider, model) in the price book. Runs of older versions say it only where the suite has `price_as`."""
    if told.priced_as is not None and told.priced_as[1] is not None:
        return told.priced_as[0], told.priced_as[1]
    provider, colon, model = str(entry.get("price_as") or "").partition(":")
    return (provider, model) if colon else (None, provider or told.model or "")


def _figures(stored: list[Stored], hosted: Mapping[str, UnitPrices]) -> dict[str, DerivedFigures]:
    """Derived figures of each model. Where a row has no cost, a linked load sweep gives it one."""
    marked: dict[str, list[Marked]] = defaultdict(list)
    plain = {row.marked.task for row in stored if row.marked.plain}
    plain -= {row.marked.task for row in stored if row.marked.graded}
    for row in stored:
        if row.answer.errored:
            continue
        cost = row.answer.cost_usd
        if cost is None and (unit := hosted.get(row.answer.model)) is not None:
            found = bill(row.answer.usage, unit)
            cost = found.total_usd if found else None
        amount = None if cost is None else float(cost)
        marked[row.answer.model].append(replace(row.marked, cost_usd=amount, graded=row.marked.task not in plain))
    return {model: derived(answers) for model, answers in marked.items()}


def _hosting_facts(
    found: tuple[Hosting, Throughput | None, UnitPrices | None], name: str, stored: list[Stored], other: list[str]
) -> HostingFigures:
    """What own hardware costs, and what the run's answers cost on it: paid hours, and at least (busy hours only).

    null where no sweep is linked, or, for the paid hours, where idle ones are paid and nobody says how many.
    `other`: tasks whose prompts the sweep did not ask.
    """
    home, served, unit = found
    facts: HostingFigures = {
        "usd_per_hour": format(home.usd_per_hour.quantize(Decimal("1e-6")), "f"),
        "basis": home.basis,
        "answers_usd": None,
        "least_usd": None,
        "why": (
            "no load sweep of this model as it is (weights, precision, server, GPUs) is in the results folder, or it "
            f"found no throughput: evalkit load SUITE --model {name}"
        ),
        "other_prompts": other,
    }
    if served is None:
        return facts
    usages_of = [row.answer.usage for row in stored if row.answer.model == name and not row.answer.errored]
    total = _sum(usages_of, unit)
    why: str | None = None
    if unit is None:
        why = "idle hours are paid too: state hosting.utilisation"
    elif total is None:
        why = "its answers do not report their tokens"
    return {
        **facts,
        "answers_usd": text(total),
        "low_usd": _scaled(total, served.tokens_per_s / served.high),
        "high_usd": _scaled(total, served.tokens_per_s / served.low),
        "least_usd": text(_sum(usages_of, unit_prices(name, home, served, home.machine_usd_per_hour))),
        "why": why,
        "tokens_per_s": {"value": str(served.tokens_per_s), "low": str(served.low), "high": str(served.high)},
        "sweep": served.source,
        "sweep_basis": served.basis,
        "usd_per_mtok_by_utilisation": curve(home.usd_per_hour, served),
    }


def _sum(usages_of: list[Usage], unit: UnitPrices | None) -> Decimal | None:
    """Dollars of these answers; None where any is unknown."""
    total = Decimal(0)
    for usage in usages_of:
        made = bill(usage, unit) if unit is not None else None
        if made is None:
            return None
        total += made.total_usd
    return total


def _scaled(total: Decimal | None, factor: Decimal) -> str | None:
    return None if total is None else text((total * factor).quantize(Decimal("1e-9")))


def _other_prompts(facts: RunFacts, served: Throughput | None, results: Path) -> list[str]:
    """Tasks of the run whose prompts the sweep did not ask: another mix of lengths has another throughput."""
    folder = sweeps_folder(results) / served.source if served is not None else None
    if folder is None or not folder.is_dir():  # a sweep may be named by a path elsewhere
        return []
    loaded = read_facts(folder).tasks
    if loaded is None or facts.tasks is None:
        return []
    return [n for n, told in facts.tasks.items() if n not in loaded or loaded[n].identity != told.identity]


def _moment(day: str | None) -> datetime | None:
    """Noon UTC of a day: prices change at midnight."""
    if day is None:
        return None
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise UserError(f"--at {day!r} is no day; write it like --at 2026-11-01") from None
    return datetime(found.year, found.month, found.day, 12, tzinfo=UTC)
