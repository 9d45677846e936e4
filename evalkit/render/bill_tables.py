"""The tables of a bill: models by task and kind of token, in dollars. `render.bill` puts them under their titles."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from decimal import Decimal

from evalkit.cost.reports import AmountFigures, ModelBills
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page

_TASKS = 3
"""Of more, models and tasks are one table."""
_KINDS = ("input", "cache_read", "cache_write", "output", "reasoning", "request", "unsplit")


def print_kinds(page: Page, title: str, models: ModelBills) -> None:
    """Models, the dearest first, by task and kind of token; where there are many tasks, a line a model, and then one
    table of models by tasks."""
    models = dict(sorted(models.items(), key=lambda one: dearest_first(one[1]["total"])))
    tasks = list(dict.fromkeys(task for parts in models.values() for task in parts["tasks"]))
    if len(tasks) > _TASKS:
        _print_many(page, title, models, tasks)
        return
    rows = []
    for model, parts in models.items():
        rows.append((model, "all", parts["total"]))
        if len(parts["tasks"]) > 1:
            rows += [("", task, amounts) for task, amounts in parts["tasks"].items()]
    kinds = [kind for kind in _KINDS if any(kind in amounts["usd_by_kind"] for _, _, amounts in rows)]
    columns = [
        Column("model", [visible(model, limit=60) for model, _, _ in rows], left=True, folds=True),
        Column("task", [visible(task, limit=60) for _, task, _ in rows], left=True, folds=True),
        Column("answers", [numbers.count(amounts["n_answers"]) for _, _, amounts in rows]),
        Column("total", [usd_of(amounts["billed_usd"]) for _, _, amounts in rows]),
        *(
            Column(kind.replace("_", "\n"), [_kind(amounts, kind) for _, _, amounts in rows])
            for kind in kinds
        ),
        Column("paid by\nthis run", [usd_of(amounts["spend_usd"]) for _, _, amounts in rows]),
    ]  # fmt: skip
    page.table(title, columns)
    for model, parts in models.items():
        for note in _notes(parts["total"]):
            page.say(f"{visible(model, limit=60)}: {note}")
    page.say("")


def _print_many(page: Page, title: str, models: ModelBills, tasks: Sequence[str]) -> None:
    names = Column("model", [visible(model, limit=60) for model in models], left=True, folds=True)
    totals = [parts["total"] for parts in models.values()]
    kinds = [kind for kind in _KINDS if any(kind in amounts["usd_by_kind"] for amounts in totals)]
    columns = [
        Column("answers", [numbers.count(amounts["n_answers"]) for amounts in totals]),
        Column("total", [_known(amounts) for amounts in totals]),
        *(Column(kind.replace("_", "\n"), [_kind(amounts, kind) for amounts in totals]) for kind in kinds),
        Column("paid by\nthis run", [usd_of(amounts["spend_usd"]) for amounts in totals]),
    ]
    if any(amounts["n_from_cache"] for amounts in totals):
        columns.append(Column("from\ncache", [numbers.count(amounts["n_from_cache"]) for amounts in totals]))
        columns.append(Column("which\nsaved", [usd_of(amounts["reused_usd"]) for amounts in totals]))
    if any(map(_kept_something, totals)):
        columns.append(Column("prompt cache\nsaved", [usd_of(amounts["prompt_cache_saved_usd"]) for amounts in totals]))
    if any(amounts["n_lost_attempts"] for amounts in totals):
        columns.append(Column("failed\nattempts", [numbers.count(amounts["n_lost_attempts"]) for amounts in totals]))
    page.grid(title, names, columns)
    if any(amounts["n_lost_attempts"] for amounts in totals):
        page.say("Whether failed attempts were billed, no provider reports: they are in no total.")
    page.say("")
    cells = [[parts["tasks"].get(task) for parts in models.values()] for task in tasks]
    by_task = [
        Column(
            "\n".join(textwrap.wrap(visible(task, limit=60), 14) or [""]),
            [_known(amounts) if amounts is not None else "not asked" for amounts in column],
        )
        for task, column in zip(tasks, cells, strict=True)
    ]
    page.grid(f"{title}, by task", names, by_task)
    page.say("")


def _kept_something(amounts: AmountFigures) -> bool:
    """Whether a prompt cache saved or cost something; also where that alone is unknown."""
    saved = amounts["prompt_cache_saved_usd"]
    return amounts["billed_usd"] is not None if saved is None else bool(Decimal(saved))


def _known(amounts: AmountFigures) -> str:
    """What is billed; where some answers have no price, what is known and how many those are."""
    if not amounts["n_unknown"] or not Decimal(amounts["known_usd"]):
        return usd_of(amounts["billed_usd"])
    return f"{usd_of(amounts['known_usd'])} + {numbers.count(amounts['n_unknown'])} unpriced"


def dearest_first(amounts: AmountFigures) -> tuple[bool, Decimal]:
    """What is known counts; where nothing is, last."""
    known = Decimal(amounts["known_usd"] or 0)
    return amounts["billed_usd"] is None and not known, -known


def _notes(total: AmountFigures) -> list[str]:
    notes = []
    if total["n_unknown"]:
        known = f"; of the others {usd_of(total['known_usd'])}" if Decimal(total["known_usd"]) else ""
        notes.append(f"cost of {numbers.plural(total['n_unknown'], 'answer')} unknown{known}")
    if total["n_from_cache"]:
        reused = total["reused_usd"]
        saved = f"which saved {usd_of(reused)}" if reused is not None else "and what that saved is unknown"
        notes.append(f"{numbers.plural(total['n_from_cache'], 'answer')} came from evalkit's response cache, {saved}")
    kept = total["prompt_cache_saved_usd"]
    if kept is None:
        notes.append("what the provider's prompt cache saved is unknown: some unit prices are")
    elif Decimal(kept) > 0:
        notes.append(f"the provider's prompt cache saved {usd_of(kept)}")
    elif Decimal(kept) < 0:
        notes.append(f"the provider's prompt cache cost {usd_of(format(-Decimal(kept), 'f'))} more than it saved")
    if total["n_lost_attempts"]:
        lost = numbers.count(total["n_lost_attempts"])
        notes.append(
            f"{lost} attempts failed; whether they were billed, no provider reports, so they are not in the total"
        )
    return notes


def _kind(amounts: AmountFigures, kind: str) -> str:
    if kind in amounts["usd_by_kind"]:
        return usd_of(amounts["usd_by_kind"][kind])
    return numbers.UNDEFINED


def usd_of(amount: str | None) -> str:
    return numbers.usd(None if amount is None else Decimal(amount))
