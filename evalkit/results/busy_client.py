"""Was evalkit itself too busy to time a model? The lag of its event loop beside the times that it measured.

    busy_client(facts, "gpt", latency.total_s.p50)
    # "evalkit itself was busy: half of the looks at its clock came 12 ms late or more, 40 % of the median answer ..."

A client that is busy books its own queue as the model's latency (engine/event_loop.py), most of all where a model of a
few milliseconds runs in its process. The lag is a bound of what each time may be too high by, so times are kept and the
reader is told. Of recorded answers evalkit took no time, and there is nothing to tell.
"""

from __future__ import annotations

from evalkit.facts import RunFacts
from evalkit.text import numbers

_WORTH_TELLING = 0.05
"""Share of the median time. Times of one model differ by more than that from hour to hour."""
_FEWEST_LOOKS = 3
"""Few, since a loop that is held up has few looks at its clock."""
_MEASURABLE_S = 0.002
"""A lag below that is how exactly a timer of the system rings."""


def busy_client(facts: RunFacts, model: str, time_s: float | None, what: str = "median answer") -> str | None:
    """A sentence for people; None where the lag is small beside a time of a model, either is not known, or the times of
    this model stood in a file of answers.

    `time_s`: seconds, the time that a reader sees, and `what` it is.
    """
    lag = facts.client_lag
    if facts.model_facts(model).replayed:
        return None
    if lag is None or lag.p50_s is None or not time_s or (lag.n or 0) < _FEWEST_LOOKS:
        return None
    share = lag.p50_s / time_s
    if lag.p50_s < _MEASURABLE_S or share < _WORTH_TELLING:
        return None
    return (
        f"evalkit itself was busy: half of the looks at its clock came {numbers.time(lag.p50_s)} late or more, "
        f"{numbers.share(min(share, 1.0))} of the {what} ({numbers.time(time_s)}), and times may be too high "
        "by as much. Ask fewer at a time (run.in_flight), or on a machine with nothing else to do"
    )
