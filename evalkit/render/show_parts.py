"""What `show` prints besides its table: of repeats, of pipelines, of agents and of one sample.

repeats: each item asked several times
              answers                         unstable                   +1    new
model         an item  pass@1  pass@4  pass^4  [95 %]           error  repeat  items
gpt-5-medium        4   0.526   0.685   0.339  35 % [24 %, 46 %] 0.037   0.037  0.033

parts of guarded: what each took of it
part    role    asked  blocked  cost per 1,000  tokens in/out  total ms p50/p95
guard   before     30        2         $0.0121         276/30              9/16
sorter  model      28        0         $0.0290         520/84             11/19

desk × careful, sample lost: right, 4 requests, 1.2 s, $0.0021
  asked: My parcel P-1 is lost. Please pay me back.
  1  0.31 s  $0.0004  find_parcel({"parcel": "P-1"}) -> {"status": "lost", "paid": 1250, "refunds": []}
  4  0.28 s  $0.0007  says: You get 12.50 back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TextIO

from evalkit.records import AgentStep
from evalkit.results.repeats import FlakyItem, ModelRepeats, RunRepeats
from evalkit.results.stages import StageFigures
from evalkit.results.trajectories import AgentFigures, Trajectory
from evalkit.stats.repeats import Stability
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.outcomes import outcome_word
from evalkit.text.page import Column, Page

_MODELS_OF_ITEM = 6
"""Models that are named for one flaky item."""


def render_repeats(
    found: RunRepeats, *, markdown: bool = False, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print how steady each model answers, and whether another repeat or more items would help."""
    with Page(width, file, markdown=markdown) as page:
        names = list(found.models)
        rows = [one.all for one in found.models.values()]
        counts = {one.k for one in rows if one.k > 1}
        k = str(next(iter(counts))) if len(counts) == 1 else "k"
        page.grid(
            "repeats: each item asked several times",
            Column("model", [visible(name, limit=60) for name in names], left=True, folds=True),
            [
                Column("answers\nan item", [numbers.count(one.k) for one in rows]),
                Column("pass@1", [numbers.quality(one.pass_1) for one in rows]),
                Column(f"pass@{k}", [numbers.quality(one.pass_k) for one in rows]),
                Column(f"pass^{k}", [numbers.quality(one.pass_all_k) for one in rows]),
                Column("unstable\n[95 %]", [_unstable(one) for one in rows], left=True),
                Column("error", [numbers.quality(one.se) for one in rows]),
                Column("+1\nrepeat", [numbers.quality(one.se_one_more_repeat) for one in rows]),
                Column("new\nitems", [numbers.quality(one.se_as_many_new_items) for one in rows]),
            ],
        )
        page.say(
            "unstable: items that are answered now right and now wrong. error: the standard error of pass@1 for items "
            "like these, then with one more answer an item, and with as many answers spent on new items."
        )
        for line in _said(found.models):
            page.say(line)


def render_flaky(
    items: Sequence[FlakyItem],
    total: int,
    *,
    markdown: bool = False,
    width: int | None = None,
    file: TextIO | None = None,
) -> None:
    """Print the least steady items. `total`: how many there are."""
    with Page(width, file, markdown=markdown) as page:
        if not items:
            page.say("No item was answered now right and now wrong by the same model.")
            return
        page.table(
            "flaky items: answered now right and now wrong by the same model",
            [
                Column("item", [visible(item.sample_id, limit=60) for item in items], left=True, folds=True),
                Column("task", [visible(item.task, limit=60) for item in items], left=True, folds=True),
                Column("models", [numbers.count(len(item.right)) for item in items]),
                Column("right of answers", [_right(item) for item in items], left=True, folds=True),
            ],
        )
        if total > len(items):
            page.say(f"The {numbers.count(len(items))} least steady of {numbers.count(total)}; --json has all.")


def _unstable(one: Stability) -> str:
    if one.unstable is None:
        return numbers.UNKNOWN if one.k > 1 else numbers.UNDEFINED
    around = one.unstable_interval
    shown = numbers.share(one.unstable)
    return f"{shown} [{numbers.share(around.low)}, {numbers.share(around.high)}]" if around is not None else shown


def _right(item: FlakyItem) -> str:
    shown = [f"{visible(name, limit=40)} {right}/{n}" for name, (right, n) in item.right.items()][:_MODELS_OF_ITEM]
    more = len(item.right) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _said(models: Mapping[str, ModelRepeats]) -> list[str]:
    rows = [one.all for one in models.values()]
    known = [one for one in rows if one.helps_more is not None]
    said = []
    if known:
        either = sum(one.helps_more == "either" for one in known)
        if either == len(known):
            said.append(
                "For scores of items like these another repeat helps about as much as the same answers spent on new "
                "items: the noise lies within the items."
            )
        else:
            also = (
                f" (for {numbers.count(either)} of {numbers.count(len(known))} models about as much)" if either else ""
            )
            said.append(
                "For scores of items like these, answers spent on new items help more than another repeat of these"
                f"{also}. About exactly these items (`scope: suite`), repeats alone help."
            )
    noise = [one.noise for one in rows if one.noise is not None]
    if noise:
        low, high = numbers.quality(min(noise)), numbers.quality(max(noise))
        span = low if low == high else f"{low} to {high}, by model"
        said.append(f"Two such runs of one model on these items differ by chance by up to {span} (95 %).")
    fewer = {name: one.all.n_fewer for name, one in models.items() if one.all.n_fewer}
    said += [
        f"{visible(name, limit=60)}: {numbers.plural(n, 'item has', 'items have')} fewer scored answers "
        f"than the others, and {numbers.verb(n, 'is', 'are')} in pass@1 only."
        for name, n in fewer.items()
    ]
    return said


def render_stages(
    found: Mapping[str, Sequence[StageFigures]],
    *,
    markdown: bool = False,
    width: int | None = None,
    file: TextIO | None = None,
) -> None:
    """Print what each part of each pipeline was billed and took."""
    with Page(width, file, markdown=markdown) as page:
        for name, parts in found.items():
            page.grid(
                f"parts of {visible(name, limit=60)}",
                Column("part", [visible(one.model, limit=60) for one in parts], left=True, folds=True),
                [
                    Column("role", [one.role for one in parts], left=True),
                    Column("asked", [numbers.count(one.n) for one in parts]),
                    Column("blocked", [numbers.count(one.blocked) for one in parts]),
                    Column("cost per\n1,000", [_per_1000(one) for one in parts]),
                    Column("tokens\nin/out", [f"{_n(one.input_tokens)}/{_n(one.output_tokens)}" for one in parts]),
                    Column("total ms\np50/p95", [f"{_ms(one.total_p50_s)}/{_ms(one.total_p95_s)}" for one in parts]),
                ],
            )


def _per_1000(one: StageFigures) -> str:
    return numbers.usd(None if one.cost_usd is None else float(one.cost_usd * Decimal(1_000) / one.n))


def _n(count: int | None) -> str:
    return numbers.UNKNOWN if count is None else numbers.count(count)


def _ms(seconds: float | None) -> str:
    return numbers.UNKNOWN if seconds is None else numbers.time_in("ms", seconds)


LONGEST = 400
"""Characters of a text, of arguments or of a result that are shown."""


def render_agents(
    found: Sequence[AgentFigures], *, markdown: bool = False, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print how far agents went, a line for each task and model."""
    if not found:
        return
    left = [one for one in found if one.off_record]
    with Page(width, file, markdown=markdown) as page:
        page.grid(
            "agents",
            Column("task × model", [f"{_name(one.task)} × {_name(one.model)}" for one in found], left=True, folds=True),
            [
                Column("samples", [numbers.count(one.n) for one in found]),
                Column("requests\na sample", [_average(one.steps) for one in found]),
                Column("most", [_n(one.most_steps) for one in found]),
                Column("calls\na sample", [_average(one.calls) for one in found]),
                Column("calls\nrefused", [numbers.count(one.failed_calls) for one in found]),
                Column("stopped at\na limit", [_share(one.at_limit_share) for one in found]),
                *([Column("left the\nrecord", [numbers.count(one.off_record) for one in found])] if left else []),
            ],
        )
        for line in left_record(found):
            page.say(line)


def left_record(found: Sequence[AgentFigures]) -> list[str]:
    """What is to be said of agents that made a call that was never recorded; a sentence for each task and model."""
    return [
        f"{_name(one.task)} × {_name(one.model)}: {numbers.count(one.off_record)} of "
        f"{numbers.count(one.n + one.off_record)} samples left the record: the agent made a call of which nobody knows "
        "what it would have returned. They have no score, are in no other figure of agents, and are not asked again. A "
        "gate counts them as lost where passing is at stake, and as won where failing is."
        for one in found
        if one.off_record
    ]


def _average(value: float | None) -> str:
    return numbers.UNKNOWN if value is None else f"{value:.1f}"


def _share(value: float | None) -> str:
    return numbers.UNKNOWN if value is None else numbers.share(value)


def render_trajectories(
    found: Sequence[Trajectory], *, markdown: bool = False, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print what was done with a sample, model by model."""
    with Page(width, file, markdown=markdown) as page:
        for one in found:
            page.say(headline(one), style="bold")
            page.say(f"  asked: {visible(one.request, limit=LONGEST)}")
            for number, step in enumerate(one.steps, start=1):
                for line in step_lines(number, step):
                    page.say(f"  {line}")
            texts = [("why", one.reason), ("error", one.error)]
            if not one.steps:
                read = one.extracted if one.extracted != one.answer else None
                texts = [("answer", one.answer), ("read as", read), ("expected", one.target), *texts]
            for label, text in [*texts, ("trace", one.trace)]:
                if text:
                    page.say(f"  {label}: {visible(text, limit=1000)}")
            page.say("")


def headline(one: Trajectory) -> str:
    """Whose it is, how it ended, and what it took."""
    again = f", repeat {one.repeat + 1}" if one.repeat else ""
    cached = ", in part from the cache" if one.cached else ""
    requests = f"{numbers.plural(len(one.steps), 'request')}, " if one.steps else ""
    graded = one.score is not None and one.outcome == "scored"
    ended = f"{one.outcome} ({one.score:.3g})" if graded else outcome_word(one.outcome)
    took = f"{requests}{numbers.time(one.total_s)}, {numbers.usd(one.cost_usd)}{cached}"
    return f"{_name(one.task)} × {_name(one.model)}, sample {_name(one.sample_id)}{again}: {ended}, {took}"


def step_lines(number: int, step: AgentStep) -> list[str]:
    """One request: what it took, each call with its result, and what the model said."""
    lines = [
        f"{visible(call.name, limit=60)}({visible(call.arguments, limit=LONGEST)}) {_came_of(step, n)}"
        for n, call in enumerate(step.calls)
    ]
    said = visible(step.text.strip(), limit=LONGEST)
    if said and (not step.calls or not step.text.lstrip().startswith(("[", "{"))):
        lines.append(f"says: {said}")
    head = f"{number}  {numbers.time(step.total_s)}  {numbers.usd(step.cost_usd)}  "
    return [(head if n == 0 else " " * len(head)) + line for n, line in enumerate(lines or ["says nothing"])]


def _came_of(step: AgentStep, n: int) -> str:
    if n >= len(step.results):
        return "(not carried out)"
    return f"-> {visible(step.results[n].text, limit=LONGEST)}"


def _name(text: str) -> str:
    return visible(text, limit=60)
