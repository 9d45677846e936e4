"""The words for a gate's history: what it is expected to save before a run, and what it was worth after it."""

from __future__ import annotations

from evalkit.decide.decision import HistoryUse
from evalkit.facts import HistoryFacts, OlderModelFacts
from evalkit.text import numbers
from evalkit.text.escape import visible

_FEW = 4
"""Fewer older models than this help less."""
_NAMED = 6
_SUSPECT = 0.99
"""A mean score above this, where the other models lie far below, is hardly earned."""
_RELATIVE = 0.98
"""Share of equal scores above which an older model may be the candidate under another name."""


def before(told: HistoryFacts) -> str:
    """What the history is, and what it is expected to save; or why it is not used."""
    from evalkit.stats.history import share_with  # here: tables are printed without numpy

    used = helping(told)
    if told.digest is None or told.ratio is None:
        return f"history is not used: {told.why or 'nothing was found'}"
    half = numbers.share(share_with(told.ratio, 0.5))
    few = "" if len(used) >= _FEW else "; four or more help most"
    return (
        f"history of {numbers.plural(len(used), 'older model')} ({_listed(used)}): predictions are expected to leave "
        f"{told.ratio:.2f} of the difference's variance, so where half of the items would settle it, {half} are "
        f"expected to{few}. Frozen as {numbers.short_digests(told.digest)} before the order was drawn"
    )


def left_out(told: HistoryFacts) -> str | None:
    """Which stored models were looked at and predict nothing, and which look odd; None where there are none."""
    said = [f"{_name(one)}: {one.left_out}" for one in told.models if one.left_out is not None]
    suspects = [_name(one) for one in suspect(told)]
    said += [f"{name}: nearly everything right, is it a key or trained on the items? (kept)" for name in suspects]
    if not said:
        return None
    more = f"; and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
    return f"history, looked at: {'; '.join(said[:_NAMED])}{more}"


def suspect(told: HistoryFacts) -> list[OlderModelFacts]:
    """Older models that get nearly everything right where the others do not."""
    used = helping(told)
    means = sorted(one.mean for one in used if one.mean is not None)
    if len(means) < 2 or means[(len(means) - 1) // 2] > 0.95:
        return []
    return [one for one in used if one.mean is not None and one.mean >= _SUSPECT]


def helping(told: HistoryFacts) -> list[OlderModelFacts]:
    """The older models whose answers predict, without the one that stands for the baseline."""
    return [one for one in told.models if one.left_out is None and not one.is_baseline]


def after(used: HistoryUse) -> str:
    """What a verdict with this history rests on, and the older model that scored most like the candidate."""
    said = (
        f"history: {numbers.plural(len(used.older), 'older model')}, frozen "
        f"{used.frozen_at or 'at an unknown time'} as {numbers.short_digests(used.digest)}"
    )
    if used.expected_ratio is not None:
        said += f"; expected to leave {used.expected_ratio:.2f} of the variance"
    if used.closest is None or used.agreement is None:
        return said
    odd = ": it may be the candidate under another name" if used.agreement >= _RELATIVE else ""
    name, share = visible(used.closest, limit=120), numbers.share(used.agreement)
    return f"{said}; the closest, {name}, has the same score on {share} of the items{odd}"


def _name(one: OlderModelFacts) -> str:
    return one.baseline or f"{one.model} of {one.run}"


def _listed(used: list[OlderModelFacts]) -> str:
    names = [one.baseline or one.model for one in used]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
