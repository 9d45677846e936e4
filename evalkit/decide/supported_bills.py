"""What the answers of a model cost at least by their texts: the bills that a cost rule may pass on.

    rows = with_supported(side, model_rows(side.folder, side.model))     # one more column: supported_usd

A bill rests on counts that the server states: tokens, cached tokens, a service tier, a total of its own. What it says
lowers the bill, so a rule that would pass has to pass at what the run's own texts support, too:

* as many tokens as a prompt and an answer have by any common tokenizer (`fewest_tokens`);
* cached tokens of what was sent before in this run: the beginning that a prompt shares with an earlier one;
* the prices of the tier that was asked for.

The cache of a provider may hold prompts of earlier runs as well. What it saves then is true of the bill and says
nothing of the next one, which is what a gate asks for; `bills: stated` in the rule takes it as it stands.

Answers of a pipeline are costed part by part. A part without a known price leaves the whole unknown. Tokens that a part
says it read from a cache count in full here: its prompts are not stored, so nobody can see what they share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from evalkit.cost.billing import Rates, UnitPrices, bill
from evalkit.cost.run_bill import stored_prices
from evalkit.decide.fewest_tokens import fewest_tokens
from evalkit.decide.sent_prompts import (
    LEAST_CACHED,
    SentPrompts,
    as_sent,
    most_shared,
    objects_in,
    of_one_cache,
    sizes,
)
from evalkit.plugins import folded
from evalkit.records import Stage, Usage
from evalkit.results.pairs import SUPPORTED
from evalkit.results.side import Side
from evalkit.results.stages import stages_in
from evalkit.store import parts, queries
from evalkit.store import table as stored

if TYPE_CHECKING:
    import pyarrow as pa

    from evalkit.facts.models import ModelFacts

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
    return fewest_tokens(prompt_words({"prompt": prompt}))


_COUNTS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_other", "output", "reasoning")
_OF_PARTS = ("t.prompt", "t.tools", "t.text", "t.stages")
_TEXTS = ("prompt", "tools", "text", "reasoning", "calls", "steps")
_OWN_PROMPTS = frozenset({"http", "command", "python", "function"})
"""Adapters of applications, programs and functions: what those send to their models stands in no row."""
_ASKED_TO_CACHE = frozenset({"messages", "bedrock_converse"})
"""Dialects whose providers cache only what a request marks (docs.anthropic.com, "Prompt caching"; Converse)."""


def with_supported(side: Side, rows: pa.Table) -> pa.Table:
    """The rows with what each answer costs by its texts, in US dollars; NaN where no price is known.

    Raises StoreError when the texts cannot be read.
    """
    import numpy as np
    import pyarrow as pa

    found = np.full(rows.num_rows, np.nan)
    unit = stored_prices(side.about.prices)
    priced = unit is not None and not unit.free
    if (priced or side.about.parts) and rows.num_rows:
        place = _places(rows)
        for key, usd in _supported(side, unit) if unit is not None and priced else supported_by_parts(side):
            if (n := place.get(key)) is not None:
                found[n] = usd
    return rows.append_column(SUPPORTED, pa.array(found, from_pandas=False))


def with_cheapest(side: Side, rows: pa.Table) -> pa.Table:
    """The baseline's rows with what its answers from the response cache would cost at least in this run: a provider's
    cache, which fills up while a run goes on, had nothing yet for prompts that were all sent at once.

    NaN for others, where no price of cached tokens is known, and where caching has to be asked for and is not.
    Raises StoreError when the texts cannot be read.
    """
    import numpy as np
    import pyarrow as pa

    found = np.full(rows.num_rows, np.nan)
    cached = stored.floats(rows["cached"]) != 0
    units = _cacheable(side, side.about.parts or {side.model: side.about}) if cached.any() else {}
    if units:
        place = _places(rows)
        costs = (
            _cheapest_by_parts(side, units) if side.about.parts else _supported(side, units[side.model], cheapest=True)
        )
        for key, usd in costs:
            if (n := place.get(key)) is not None and cached[n]:
                found[n] = usd
    return rows.append_column(SUPPORTED, pa.array(found, from_pandas=False))


def _cacheable(side: Side, models: Mapping[str, ModelFacts]) -> dict[str, UnitPrices]:
    """The prices of those whose prompts may come out of a provider's cache."""
    units = {name: stored_prices(told.prices) for name, told in models.items()}
    return {
        name: unit
        for name, unit in units.items()
        if unit is not None and all(_may_be_cached(side, name, models[name], rates) for _, rates in unit.bands)
    }


def _may_be_cached(side: Side, name: str, about: ModelFacts, rates: Rates) -> bool:
    """Whether prompts of a model, or of a part of one, may come out of a provider's cache: by itself, also where it
    bills the writing (OpenAI since 2026), or since the entry asks for it, as Anthropic and Bedrock want
    (`cache_control`, `cachePoint`)."""
    if rates.cache_read is None:
        return False
    resolved = side.facts.suite_resolved
    entry = resolved.models.get(name) if resolved is not None else None
    asks = entry is not None and "cache" in orjson.dumps(entry.root.get("settings"), default=str).decode()
    return asks or (about.facts or {}).get("dialect") not in _ASKED_TO_CACHE


def _has_own_prompts(about: ModelFacts | None) -> bool:
    return about is not None and folded(about.adapter or "") in _OWN_PROMPTS


def _cheapest_by_parts(side: Side, units: Mapping[str, UnitPrices]) -> Iterator[tuple[Key, float]]:
    """(task, digest, occurrence, repeat) and US dollars of each answer of a pipeline, with all tokens cached that may
    have been: of the model those of a beginning that was sent before; of guards and applications, whose prompts are not
    stored, all."""
    where, alike = of_one_cache(side)
    unseen = {name for name, told in (side.about.parts or {}).items() if _has_own_prompts(told)}
    columns = (*(f"r.{name}" for name in parts.KEY_COLUMNS), *_OF_PARTS)
    with queries.connect([side.folder]) as con:
        sent = SentPrompts.of(sizes(con, where, alike)[0])
        cursor = con.execute(f"select {', '.join(columns)} {where} order by r.started_at", alike)
        while chunk := cursor.fetchmany(1_000):
            for model, task, digest, occurrence, repeat, prompt, tools, text, written in chunk:
                whole, words, _ = as_sent({"prompt": prompt, "tools": tools})
                shared = sent.share(whole, text or "")
                if model != side.model or written is None:
                    continue
                own = _Texts(
                    fewest_tokens(words), len(words.encode(errors="replace")), fewest_tokens(text or ""), shared
                )
                costs = [
                    _cheapest_of(one, units.get(one.model), None if one.role != "model" or one.model in unseen else own)
                    for one in stages_in(written, side.folder)
                ]
                if None not in costs:
                    yield (task, digest, occurrence, repeat), float(sum(cost for cost in costs if cost is not None))


def _cheapest_of(stage: Stage, unit: UnitPrices | None, sent: _Texts | None) -> Decimal | None:
    """What a part was billed, or would be with every token cached that may have been, whichever is less; None where
    that is not known. `sent`: its texts; None: they are not stored."""
    if unit is None or stage.cost_usd is None:
        return stage.cost_usd
    usage = stage.usage or Usage()
    counts = {name: getattr(usage, name) for name in _COUNTS}
    texts = sent or _Texts(0, 0, 0, 1.0)
    made = _bill(_most_cached(counts, texts), texts, unit)
    return stage.cost_usd if made is None else min(made, stage.cost_usd)


def _places(rows: pa.Table) -> dict[Key, int]:
    """The numbers of rows by their keys."""
    names = [rows[name].to_pylist() for name in ("task", "sample_digest")]
    numbers = [stored.floats(rows[name]).astype(int).tolist() for name in ("occurrence", "repeat")]
    return {key: n for n, key in enumerate(zip(*names, *numbers, strict=True))}


def _supported(side: Side, unit: UnitPrices, *, cheapest: bool = False) -> Iterator[tuple[Key, float]]:
    """(task, digest, occurrence, repeat) and US dollars of each answer; a count that the server keeps
    to itself is what the text has at least. `cheapest`: with all tokens cached that may have been."""
    where, alike = of_one_cache(side)
    columns = ", ".join(
        (
            *(f"r.{name}" for name in parts.KEY_COLUMNS),
            *(f"r.{name}_tokens" for name in _COUNTS),
            *("r.reasoning_estimated", "len(t.logliks)"),
            *(f"t.{name}" for name in _TEXTS),
        )
    )
    with queries.connect([side.folder]) as con:
        n_characters, most_read = sizes(con, where, alike)
        sent = SentPrompts.of(n_characters) if most_read or cheapest else None
        cursor = con.execute(
            f"select {columns} {where}" + (" order by r.started_at" if sent is not None else ""), alike
        )
        while chunk := cursor.fetchmany(1_000):
            for values in chunk:
                model, key, rest = values[0], values[1:5], values[5:]
                counts = dict(zip(_COUNTS, rest, strict=False))
                estimated, n_weighed, *texts = rest[len(_COUNTS) :]
                said = dict(zip(_TEXTS, texts, strict=True))
                messages, prompt, picture = as_sent(said)
                shared = 1.0 if sent is None else sent.share(messages, said["text"] or "")
                if (n_given := counts["input"]) and said["steps"] is None:
                    shared = min(1.0, most_shared(n_given, shared, messages) / n_given)
                if picture is not None and shared < 1:  # nobody knows how many of the tokens are the text before it
                    shared = 0.0
                if model != side.model:
                    continue
                if estimated:
                    counts["reasoning"] = None
                if n_weighed:  # one request for each continuation, and the first one fills the cache for the others
                    shared = max(shared, 1 - 1 / n_weighed)
                requests = _requests(counts, said, prompt, shared)
                if cheapest and _has_own_prompts(side.about):
                    requests = [(one, replace(texts, shared=1.0)) for one, texts in requests]
                if cheapest:
                    requests = [(_most_cached(*one), one[1]) for one in requests]
                bills = [_bill(*one, unit) for one in requests]
                if bills and None not in bills:
                    yield key, float(sum(usd for usd in bills if usd is not None))


def _most_cached(counts: Mapping[str, int | None], texts: _Texts) -> Mapping[str, int | None]:
    """The counts with every token cached that may have been: from `LEAST_CACHED` on of a beginning sent before."""
    shared = int(texts.shared * (counts["input"] or 0))
    read = max(counts["cache_read"] or 0, shared if shared >= LEAST_CACHED else 0)
    found, left = {**counts, "cache_read": read}, max(0, (counts["input"] or 0) - read)
    for name in ("cache_write_5m", "cache_write_1h", "cache_write_other"):  # what is read is not written
        if counts[name] is not None:
            found[name] = min(counts[name] or 0, left)
    return found


def _bill(counts: Mapping[str, int | None], texts: _Texts, unit: UnitPrices) -> Decimal | None:
    """What a request costs by its texts. Counts that contradict each other make no bill; what the texts have, they have
    all the same."""
    usage = _usage(counts, texts)
    made = bill(usage, unit) or bill(Usage(input=usage.input, output=usage.output), unit)
    return None if made is None else made.total_usd


def _usage(counts: Mapping[str, int | None], texts: _Texts) -> Usage:
    """The counts as far as the texts support them: never fewer tokens, also where none are stated, never more of them
    cached."""
    given, made, shared = counts["input"] or 0, counts["output"] or 0, texts.shared
    unseen = max(0, given - texts.given_bytes)  # no token is shorter than a byte
    read = counts["cache_read"]
    return Usage(
        input=max(given, texts.given),
        cache_read=None if read is None else min(read, int(shared * given) + (unseen if shared else 0)),
        cache_write_5m=counts["cache_write_5m"],
        cache_write_1h=counts["cache_write_1h"],
        cache_write_other=counts["cache_write_other"],
        output=max(made, texts.made),
        reasoning=counts["reasoning"],
    )


def prompt_words(said: Mapping[str, str | None]) -> str:
    """The words of what was sent, from the stored `prompt` (and `tools`)."""
    return as_sent({"tools": None, **said})[1]


@dataclass(frozen=True, slots=True)
class _Texts:
    """What the texts of one answer have at least, and how much of the prompt was sent before."""

    given: int
    """Tokens of all that was asked."""
    given_bytes: int
    made: int
    """Tokens of all that was answered."""
    shared: float


def _requests(
    counts: Mapping[str, int | None], said: Mapping[str, str | None], prompt: str, shared: float
) -> list[tuple[Mapping[str, int | None], _Texts]]:
    """Counts and texts of the one request of an answer, or of each of an agent's: every one of its requests holds those
    before it and what came of them. Where its row states more than its steps do, the row counts, as one request."""
    given, n_bytes = fewest_tokens(prompt), len(prompt.encode(errors="replace"))
    if said["steps"] is None:
        made = fewest_tokens(said["text"] or "")  # reasoning that is shown may be a summary, billed otherwise
        made += sum(fewest_tokens(f"{one.get('name')} {one.get('arguments')}") for one in objects_in(said["calls"]))
        return [(counts, _Texts(given, n_bytes, made, shared))]
    found: list[tuple[Mapping[str, int | None], _Texts]] = []
    again = shared * n_bytes
    for step in objects_in(said["steps"]):
        answers = [str(step.get("text") or ""), *(" ".join(map(str, one[:2])) for one in _lists(step.get("calls")))]
        texts = _Texts(given, n_bytes, sum(map(fewest_tokens, answers)), min(1.0, again / n_bytes) if n_bytes else 1.0)
        found.append(({name: _count(step.get(f"{name}_tokens")) for name in _COUNTS}, texts))
        again = n_bytes  # the next request begins with all of this one
        for text in (*answers, *(str(one[0]) for one in _lists(step.get("results")) if one)):
            given, n_bytes = given + fewest_tokens(text), n_bytes + len(text.encode(errors="replace"))
    stated = {name: sum(one[name] or 0 for one, _ in found) for name in ("input", "output")}
    if any((counts[name] or 0) > n for name, n in stated.items()):
        whole = [texts for _, texts in found]
        total, total_bytes = sum(one.given for one in whole), sum(one.given_bytes for one in whole)
        reused = sum(one.shared * one.given_bytes for one in whole) / total_bytes if total_bytes else shared
        return [(counts, _Texts(total, total_bytes, sum(one.made for one in whole), reused))]
    return found


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _lists(value: object) -> list[list[object]]:
    """The lists in a list; none where it is no such list."""
    return [one for one in value if isinstance(one, list)] if isinstance(value, list) else []
