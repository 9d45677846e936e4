"""Finding what is stored already: models that answered the very questions of a suite, marked in the same way.

    found = find_history(wanted, results, promoted)        # a FrozenHistory, or the sentence why there is none
    found.models                                           # every model that was looked at, and why it was left out

A stored model counts where each task of the suite has the same identity and scorer there, and 95 % of the items have a
score. The candidates' own older answers are left out, and of two models that are one, the older one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evalkit.errors import EvalkitError, UserError
from evalkit.facts import RunFacts
from evalkit.facts.history import OlderModelFacts
from evalkit.results.facts import read_facts
from evalkit.results.side import Side
from evalkit.store import baselines, runs
from evalkit.store import table as stored
from evalkit.store.history import AskedItem, FrozenHistory, fits, freeze, model_order

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Floats = npt.NDArray[np.float64]

MOST = 16
"""Older models that help: more tell hardly anything new."""
_ENOUGH = 0.95
"""Share of the items that a model must have a score for."""
_PROMOTED = "baseline@"
_ALIKE_FROM = 30
"""Items from which equal scores throughout are no coincidence."""


@dataclass(frozen=True, slots=True)
class WantedHistory:
    """What a gate asks of history."""

    asked: tuple[str, ...]
    """auto, or names of runs and promoted baselines."""
    items: tuple[AskedItem, ...]
    slices: Mapping[str, tuple[int, ...]]
    """By rule about a slice: places of its items."""
    facts: RunFacts
    """Of the run that is about to be made."""
    candidates: tuple[str, ...]
    baseline: str
    promoted: tuple[Side, pa.Table] | None
    """The promoted baseline with its rows. None: the baseline is a model of the suite."""


@dataclass(frozen=True, slots=True)
class HistoryFound:
    """What was found; `frozen` is None where it helps nothing, and `why` says so."""

    frozen: FrozenHistory | None
    models: tuple[OlderModelFacts, ...]
    why: str | None = None


@dataclass(frozen=True, slots=True)
class _Older:
    side: Side
    rows: pa.Table
    promoted: str | None


def find_history(wanted: WantedHistory, results: Path, promoted: Path) -> HistoryFound:
    """Look for stored models and freeze what they scored. Raises UserError for a run that was named and is not there,
    or answers other questions."""
    places = {item: n for n, item in enumerate(wanted.items)}
    told: list[OlderModelFacts] = []
    kept: list[Floats] = []
    named: list[Floats] = []
    base: Floats | None = None
    exact = wanted.promoted is not None
    if wanted.promoted is not None:
        base = whole_scores_of(wanted.promoted[1], places)
    for one in _sources(wanted, results, promoted):
        about, scores = _about(one, places), scores_of(one.rows, places)
        why = _left_out(wanted, one, scores, kept)
        if why is None and _stands_for(one.side, wanted):
            if base is None:
                base = scores
                told.append(about.model_copy(update={"is_baseline": True}))
                continue
            why = "it is the baseline itself"
        if why is None and len(kept) == MOST:
            why = f"{MOST} newer models are enough"
        if why is None and not fits(len(places), len(kept) + len(named) + 1):
            why = f"a history of {len(places):,} items has no room for more models"
        if why is None:
            kept.append(filled(scores))
        elif wanted.asked != ("auto",) and not np.isnan(scores).all():
            named.append(filled(scores))
        told.append(about.model_copy(update={"left_out": why} if why else {}))
    models = tuple(told)
    if base is None:
        hint = "promote its run (`baseline: baseline@NAME`), or keep a run of it in the results"
        return HistoryFound(None, models, f"no stored answers of the baseline {wanted.baseline} were found: {hint}")
    if not kept:
        return HistoryFound(None, models, "no stored model answered the same questions, scored in the same way")
    if not fits(len(places), len(kept) + len(named)):
        n = len(kept) + len(named)
        return HistoryFound(None, models, f"a history of {len(places):,} items has no room for {n} models: name fewer")
    base = base if exact else filled(base)
    frozen = freeze(wanted.items, base, np.array(kept), exact=exact, named=named, slices=wanted.slices)
    # Those that help stand in the order of the frozen scores, so that each row has its name.
    by_item = np.array(sorted(range(len(wanted.items)), key=wanted.items.__getitem__))
    order = model_order(np.array(kept)[:, by_item])
    helping = [one for one in models if one.left_out is None and not one.is_baseline]
    rest = [one for one in models if one.left_out is not None or one.is_baseline]
    return HistoryFound(frozen, (*(helping[n] for n in order), *rest))


def scores_of(rows: pa.Table, places: Mapping[tuple[str, str, int], int]) -> Floats:
    """float64[N]: the mean score over the repeats of each item, NaN where there is none."""
    total, n, _ = _sums_of(rows, places)
    return np.asarray(np.divide(total, n, out=np.full(len(places), np.nan), where=n > 0))


def whole_scores_of(rows: pa.Table, places: Mapping[tuple[str, str, int], int]) -> Floats:
    """The same, NaN where any repeat has no score: what is known of a baseline's item before the candidate is asked."""
    total, n, asked = _sums_of(rows, places)
    return np.asarray(np.divide(total, n, out=np.full(len(places), np.nan), where=(n > 0) & (n == asked)))


def _sums_of(rows: pa.Table, places: Mapping[tuple[str, str, int], int]) -> tuple[Floats, Floats, Floats]:
    """For each item the sum of its scores, how many there are, and how many answers were asked for."""
    total, n, asked = np.zeros(len(places)), np.zeros(len(places)), np.zeros(len(places))
    outcomes, scores = rows["outcome"].to_pylist(), stored.floats(rows["score"])
    keys = zip(*(rows[name].to_pylist() for name in ("task", "sample_digest", "occurrence")), strict=True)
    for key, outcome, score in zip(keys, outcomes, scores.tolist(), strict=True):
        place = places.get(key)
        if place is None:
            continue
        asked[place] += 1
        if outcome != "errored" and 0 <= score <= 1:
            total[place] += score
            n[place] += 1
    return total, n, asked


def filled(scores: Floats) -> Floats:
    """Gaps at the model's own mean: what is not known predicts nothing."""
    return np.where(np.isnan(scores), np.nanmean(scores), scores)


def _sources(wanted: WantedHistory, results: Path, promoted: Path) -> Iterator[_Older]:
    """Models of runs that answer the suite's questions, the newest first."""
    if wanted.asked == ("auto",):
        for info in runs.list_runs(results):
            if info.problem is None:
                try:
                    yield from _models(info.path, wanted, must=False)
                except EvalkitError:  # a run that cannot be read helps nobody, and harms nobody
                    continue
        return
    for name in wanted.asked:
        if name.startswith(_PROMOTED):
            found = baselines.find(name.removeprefix(_PROMOTED), promoted, results)
            side = Side.of(found.folder, found.model, name)
            if (otherwise := _otherwise(side.facts, wanted)) is not None:
                raise UserError(_refused(name, otherwise))
            yield _Older(side, found.rows, name)
        else:
            yield from _models(runs.resolve_run(name, results), wanted, must=True)


def _models(folder: Path, wanted: WantedHistory, *, must: bool) -> Iterator[_Older]:
    facts = read_facts(folder)
    if (otherwise := _otherwise(facts, wanted)) is not None:
        if must:
            raise UserError(_refused(folder.name, otherwise))
        return
    for model in facts.models or {}:
        side = Side.checked(folder, model, facts)
        rows = stored.model_rows(folder, model)
        if rows.num_rows:
            yield _Older(side, rows, None)


def _refused(name: str, otherwise: str) -> str:
    return (
        f"gate.history names {name}, which does not help here: {otherwise}. Name runs of this suite as it is, leave it "
        "out, or write `history: auto` to take what fits."
    )


def _otherwise(facts: RunFacts, wanted: WantedHistory) -> str | None:
    """Why a run does not answer the suite's questions; None where it does."""
    if facts.kind is not None:
        return "it is a load sweep"
    if facts.status != "complete":
        return f"it is {facts.status or 'not finished'}"
    if facts.run_version != wanted.facts.run_version:
        return "another version of evalkit asked and scored it otherwise"
    theirs = facts.tasks or {}
    for name, task in (wanted.facts.tasks or {}).items():
        other = theirs.get(name)
        if other is None:
            return f"it has no task {name}"
        if other.identity.root != task.identity.root or other.scorer != task.scorer:
            return f"{name} was asked or scored otherwise"
    return None


def _about(one: _Older, places: Mapping[tuple[str, str, int], int]) -> OlderModelFacts:
    scores = scores_of(one.rows, places)
    known = scores[~np.isnan(scores)]
    return OlderModelFacts(
        run=one.side.folder.resolve().name,
        model=one.side.model,
        baseline=one.promoted,
        rows_digest=baselines.rows_digest(one.rows),
        n=len(known),
        mean=float(known.mean()) if len(known) else None,
    )


def _left_out(wanted: WantedHistory, one: _Older, scores: Floats, kept: Iterable[Floats]) -> str | None:
    n = int((~np.isnan(scores)).sum())
    if n < _ENOUGH * len(scores):
        return f"it has scores for {n:,} of {len(scores):,} items only"
    mine = {_identity(Side(Path(), name, wanted.facts, name)) for name in wanted.candidates}
    if _identity(one.side) in mine:
        return "it is the candidate itself"
    full = filled(scores)
    if len(scores) >= _ALIKE_FROM and 0 < full.mean() < 1 and any(np.array_equal(full, other) for other in kept):
        return "its scores are those of a newer one, item by item"
    return None


def _stands_for(side: Side, wanted: WantedHistory) -> bool:
    base = wanted.promoted[0] if wanted.promoted is not None else Side(Path(), wanted.baseline, wanted.facts, "")
    return _identity(side) == _identity(base)


def _identity(side: Side) -> tuple[object, ...]:
    """Who answered: the model id without its prefix, its weights, and how it was asked. Two with the same are
    one model, whatever they are called; one without an id is what its entry says."""
    about, entry = side.about, side.facts.entry(side.model)
    settings = repr(sorted((k, repr(v)) for k, v in _settings(entry).items() if v not in (None, [], {})))
    if about.model is None or about.adapter in {"replay", "scripted"}:
        return ("entry", repr(sorted((k, repr(v)) for k, v in entry.items())), repr(about.file_sha256))
    weights = {k: v for k, v in (about.facts or {}).items() if "sha256" in k or k in {"precision", "quantization"}}
    return (about.model.rpartition("/")[2].casefold(), settings, repr(sorted(weights.items())))


def _settings(entry: Mapping[str, object]) -> Mapping[str, object]:
    found = entry.get("settings")
    return found if isinstance(found, Mapping) else {}
