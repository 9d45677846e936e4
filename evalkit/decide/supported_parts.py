"""What the answers of a pipeline cost at least by their texts, part by part: as `supported_bills` for one model.

A part without a known price leaves the whole unknown. Tokens that a part says it read from a cache count in full here:
its prompts are not stored, so nobody can see what they share.
"""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.cost.billing import UnitPrices, bill
from evalkit.cost.run_bill import stored_prices
from evalkit.cost.text_tokens import fewest_tokens
from evalkit.records import Stage, Usage
from evalkit.results.side import Side
from evalkit.results.stages import stages_in
from evalkit.store import parts, queries

Key = tuple[str, str, int, int]


def supported_by_parts(side: Side) -> Iterator[tuple[Key, float]]:
    """(task, digest, occurrence, repeat) and US dollars of each answer whose every part has a price.

    Raises StoreError when the texts cannot be read.
    """
    units = {name: stored_prices(told.prices) for name, told in (side.about.parts or {}).items()}
    known = {name: unit for name, unit in units.items() if unit is not None}
    if len(known) < len(units) or not known:
        return
    keys = ", ".join(parts.KEY_COLUMNS[1:])
    with queries.connect([side.folder]) as con:
        cursor = con.execute(
            f"select {keys}, prompt, text, stages from texts where model = ? and stages is not null", [side.model]
        )
        while chunk := cursor.fetchmany(1_000):
            for *key, prompt, text, written in chunk:
                costs = [_least(one, known, prompt, text) for one in stages_in(written, side.folder)]
                if None not in costs:
                    task, digest, occurrence, repeat = key
                    yield (task, digest, occurrence, repeat), sum(cost for cost in costs if cost is not None)


def _least(stage: Stage, units: dict[str, UnitPrices], prompt: str | None, text: str | None) -> float | None:
    unit = units.get(stage.model)
    if unit is None:
        return None
    usage = stage.usage or Usage()
    said = stage.said if stage.said is not None or stage.role != "model" else text
    read = _words(prompt) if stage.role == "model" else 0
    made = bill(
        Usage(
            input=max(usage.input or 0, read),
            output=max(usage.output or 0, fewest_tokens(said or "")),
            reasoning=usage.reasoning,
        ),
        unit,
    )
    return None if made is None else float(made.total_usd)


def _words(prompt: str | None) -> int:
    """Tokens that the messages of a stored prompt have at least."""
    from evalkit.decide.supported_bills import prompt_words

    return fewest_tokens(prompt_words({"prompt": prompt}))
