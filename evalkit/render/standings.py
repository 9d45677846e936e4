"""The first sentence of a leaderboard: who leads, who is too close to call, and what a cheaper one would cost.

    "gpt-6-sol leads (0.916). Too close to call: argon, opus. sonnet is 4.8 points behind at 4 % of the cost."

Nothing is decided here: `results.standings` did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeVar

from evalkit.facts import Figures, RunFacts
from evalkit.results.standings import ModelStanding
from evalkit.results.state import RunState
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from evalkit.results.entries import OtherRuns

_NAMED = 5
"""Models that a sentence names."""
_OPEN = frozenset({"running", "interrupted", "incomplete"})
"""Of the states of a run: its figures may still change."""
_CHEAP = 0.5
"""Of the leader's cost: what is behind and costs more is not worth a sentence."""


class Ranked(Protocol):
    """What stands on a leaderboard: a `LeaderboardLine`, or a line of a table in the terminal."""

    @property
    def model(self) -> str: ...
    @property
    def cell(self) -> Figures: ...
    @property
    def standing(self) -> ModelStanding | None:
        """None: not ranked."""


R = TypeVar("R", bound=Ranked)


def listed(names: Sequence[str]) -> str:
    """ "A, B and C", with the number of the others where there are many."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def headline(
    lines: Sequence[Ranked],
    name: Callable[[str], str] = lambda model: visible(model, limit=60),
    states: Mapping[str, RunState] = MappingProxyType({}),
) -> str:
    """What the evidence says about the first place, in words; `name` writes a model's name for where it is shown.

    `states`: by model, how far its run is; what is not complete is said first.
    """
    if before := so_far([line.model for line in lines], states):
        return f"{before}: {_headline(lines, name)}"
    return _headline(lines, name)


def so_far(models: Sequence[str], states: Mapping[str, RunState]) -> str:
    """ "So far (judging 14 of 120)": what of the models' runs is not complete; empty where all are."""
    open_ = {model: str(state) for model in models if (state := states.get(model)) and state.status in _OPEN}
    if not open_:
        return ""
    said = "; ".join(dict.fromkeys(open_.values()))
    whose = "" if len(open_) == len(models) else f"{len(open_)} of {numbers.plural(len(models), 'model')}: "
    return f"So far ({whose}{said})"


def _headline(lines: Sequence[Ranked], name: Callable[[str], str]) -> str:
    ranked = [line for line in lines if line.standing is not None]
    if not ranked:
        return "No model has a score yet."
    leader = next(line for line in ranked if line.standing and line.standing.state == "leads")
    score = numbers.quality(leader.cell.quality.mean)
    if len(ranked) == 1:
        return f"{name(leader.model)} is the only model here ({score})."
    n_usual = median(line.cell.quality.n for line in ranked)
    few = f" on {leader.cell.quality.n:,} samples of {n_usual:,.0f}" if 2 * leader.cell.quality.n < n_usual else ""
    close = [line for line in ranked if line.standing and line.standing.state == "close"]
    behind = [line for line in ranked if line.standing and line.standing.state == "behind"]
    equal = [line for line in close if line.cell.quality.mean == leader.cell.quality.mean]
    if equal:
        said = [f"{listed([name(line.model) for line in (leader, *equal)])} share the first place ({score}{few})."]
    else:
        said = [f"{name(leader.model)} leads ({score}{few})."]
    near = [line for line in close if line not in equal]
    if near and not behind and len(near) > 1:
        said.append("Too close to call: no other model is shown to be behind.")
    elif near:
        said.append(f"Too close to call: {listed([name(line.model) for line in near])}.")
    elif len(behind) > 1:
        said.append("Every other model is shown to be behind.")
    if cheaper := _cheaper(leader, close, name):
        said.append(cheaper)
    if value := _value(leader, behind, name):
        said.append(value)
    elif len(behind) == 1 and not close:
        said.append(f"{name(behind[0].model)} is {gap_text(leader, behind[0])} behind.")
    return " ".join(said)


def among_text(others: OtherRuns) -> str:
    """Among which models a page about one run decides, where the folder has more of its suite; empty where it has
    none: then the board decides among the same."""
    also = []
    if others.n_newer:
        also.append(f"{numbers.plural(others.n_newer, 'newer run')} of this suite")
    if others.models:
        names = listed([visible(name, limit=60) for name in others.models])
        also.append(f"{numbers.plural(len(others.models), 'model')} that only other runs have ({names})")
    if not also:
        return ""
    return (
        f"Decided among the models of this run alone. The folder also has {' and '.join(also)}: the board's "
        "Leaderboard decides among the newest whole figures of every model."
    )


def gate_question(lines: Sequence[Ranked], runs: Iterable[RunFacts]) -> str:
    """What the gate of one of these runs asks otherwise than a leaderboard, where a candidate of it is behind; empty
    where none is.

    A leaderboard calls a model behind that is shown to lack anything; a gate accepts a
    loss, and may let it pass.
    """
    behind = {line.model for line in lines if line.standing is not None and line.standing.state == "behind"}
    for facts in runs:
        gate = (facts.suite_resolved.gate if facts.suite_resolved is not None else None) or {}
        candidates, rules = gate.get("candidates"), gate.get("rules")
        if not isinstance(candidates, list) or not isinstance(rules, list) or not behind & set(map(str, candidates)):
            continue
        margins = [rule.get("margin") for rule in rules if isinstance(rule, dict) and rule.get("quality") == "all"]
        margin = next((float(one) for one in margins if isinstance(one, int | float) and one > 0), None)
        if margin is not None:
            return (
                f"The gate asks another question: whether a candidate loses more than {numbers.points(margin)} to its "
                "baseline. Who is behind by less may pass it."
            )
    return ""


def _cheaper(leader: Ranked, close: Sequence[Ranked], name: Callable[[str], str]) -> str | None:
    """The cheapest of those that may be first, where every price of them is known: an unknown one may be lower."""
    first = [leader, *close]
    priced = [(cost, line) for line in first if (cost := line.cell.cost.usd_per_1k_samples) is not None]
    if not close:
        return None
    if len(priced) == len(first):
        (least, cheapest), most = min(priced, key=lambda one: one[0]), max(cost for cost, _ in priced)
        if least == most:
            return None
        model, share = name(cheapest.model), share_text(leader, cheapest)
        if cheapest is leader:
            return f"{model} also costs least of these."
        at = f", {share} of the cost" if share else ""
        return f"{model} costs least of these{at}{below_text(leader, cheapest)}."
    times = [(time, line) for line in first if (time := line.cell.latency.total_s.p50) is not None]
    if len(times) < len(first):
        return None
    soonest = min(times, key=lambda one: one[0])[1]
    return f"Not every price is known; {name(soonest.model)} answered soonest of these."


def _value(leader: Ranked, behind: Sequence[Ranked], name: Callable[[str], str]) -> str | None:
    """What the best of the cheap ones costs and lacks."""
    best = cheap_behind(leader, behind)
    if best is None:
        return None
    return f"{name(best.model)} is {gap_text(leader, best)} behind at {share_text(leader, best)} of the cost."


def cheap_behind(leader: Ranked, behind: Sequence[R]) -> R | None:
    """The one behind that measured best of those that cost at most half as much as the leader; None: there is none."""
    limit = leader.cell.cost.usd_per_1k_samples
    if not limit:
        return None
    cheap = [
        line for line in behind
        if (cost := line.cell.cost.usd_per_1k_samples) is not None and cost <= _CHEAP * limit
    ]  # fmt: skip
    return max(cheap, key=lambda line: line.cell.quality.mean or 0.0, default=None)


def gap_text(leader: Ranked, line: Ranked) -> str:
    """How far a model measured below the leader: "4.8 points"; as Versus says it, on what both have a score for."""
    gap = line.standing.lacks if line.standing is not None else None
    if gap is None:
        gap = (leader.cell.quality.mean or 0.0) - (line.cell.quality.mean or 0.0)
    return numbers.points(gap)


def below_text(leader: Ranked, line: Ranked) -> str:
    """ ", measured 13.0 points below": too close to call is not the same as equal. Empty where it measured no less."""
    gap = line.standing.lacks if line.standing is not None else None
    return f", measured {numbers.points(gap)} below" if gap is not None and gap > 0 else ""


def share_text(leader: Ranked, line: Ranked) -> str | None:
    """The cost of a model as a share of the leader's, "4 %"; None where the leader's is nothing or unknown."""
    cost, limit = line.cell.cost.usd_per_1k_samples, leader.cell.cost.usd_per_1k_samples
    return numbers.share(float(cost) / float(limit)) if cost is not None and limit else None
