"""What is checked before a paid call: each scorer on its own gold.

check = GoldCheck(task, scorer)
for sample in task.samples(): check.see(sample)
check.errors()        # ["...: d.jsonl:3 (sample 't3'): its own right answer 'a' scores 0 by 'exact' ..."]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from evalkit.errors import SuiteError
from evalkit.errors import place_of as place_in_code
from evalkit.frozen import dataclass
from evalkit.records import AgentStep, Response, Sample, Timing, Usage
from evalkit.scorers.base import Scorer
from evalkit.scorers.outcomes import score_response
from evalkit.suite.grouped import kind_of
from evalkit.suite.rendering import is_blank
from evalkit.suite.tasks import ResolvedTask
from evalkit.suite.wording import short

MOST_COMPLAINTS = 5
PROBE = "?"
"""A reply that is no answer to anything: a sample that cannot even score this as wrong cannot be scored at all."""
_NO_TIME = Timing(sent_at=0.0, total_s=0.0)


def gold_errors(task: ResolvedTask, scorer: Scorer) -> list[str]:
    """What `GoldCheck` finds in all samples of a task."""
    check = GoldCheck(task, scorer)
    if not scorer.later and not scorer.unproved:
        for sample in task.samples():
            check.see(sample)
    return check.errors()


@dataclass(slots=True)
class GoldCheck:
    """Sees the samples of a task one by one, beside whoever reads them."""

    task: ResolvedTask
    scorer: Scorer
    _kinds: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """By kind of complaint: the first sample's id, what is wrong with it, and how many there are."""

    def see(self, sample: Sample) -> None:
        """Score one sample's own right answer; nothing where judges score it: the panel sees whether they can."""
        if self.scorer.later or self.scorer.unproved or (self.scorer.sure is not None and self.scorer.sure(sample)):
            return
        said = _wrong(sample, self.scorer)
        if said is not None:
            first, reason, n = self._kinds.get(kind_of(said), (sample.id, said, 0))
            self._kinds[kind_of(said)] = (first, reason, n + 1)

    def errors(self, *, with_places: bool = True) -> list[str]:
        """Samples whose own right answer would not score 1.0, or that nothing can be scored on: five kinds, counted.

        Their places take another reading of the data.
        """
        if self.scorer.unproved and not self.scorer.later:
            why = None if self.scorer.reads_calls else _tried_once(self.task, self.scorer)
            return [] if why is None else [f"{self.task.at}.score: {why}"]
        return _told(self.task, list(self._kinds.values()), with_places=with_places) if self._kinds else []

    def notes(self) -> list[str]:
        """What a scorer that reads more than the text says of a made-up answer, which has little more than a text."""
        if not self.scorer.unproved or self.scorer.later or not self.scorer.reads_calls:
            return []
        if (why := _tried_once(self.task, self.scorer)) is None:
            return []
        return [
            f"{self.task.name}: the scorer, {why}. That answer was made up: a text, without calls unless the task has "
            "tools. Of a model's answer the same would be an error, and no score: `calls` is None or empty where none "
            "were made, `usage` None where none is known"
        ]


def _told(task: ResolvedTask, kinds: list[tuple[str, str, int]], *, with_places: bool) -> list[str]:
    """A sentence for each kind, with the place of its first sample."""
    shown = sorted(kinds, key=lambda kind: -kind[2])[:MOST_COMPLAINTS]
    places = task.places({first for first, _, _ in shown}) if with_places else {}
    return [
        f"{task.at}: {place_of(first, places)}: {said}" + (f"; and {n - 1:,} more like this" if n > 1 else "")
        for first, said, n in shown
    ]


def _tried_once(task: ResolvedTask, scorer: Scorer) -> str | None:
    """Why a scorer that may cost something has no score for the first sample alone; None where it has one, and where
    it is awaited: it is not called then."""
    sample = next(iter(task.samples()), None)
    if sample is None or scorer.awaited is not None:
        return None
    try:
        score = scorer.score(sample, _tried_reply(sample))
    except Exception as error:
        if scorer.plugin is None:
            raise
        return f"tried on the first sample ({sample.id!r}): {_raised(error, sample, scorer)}"
    return None if score.value is not None else f"tried on the first sample ({sample.id!r}): {score.reason}"


def _tried_reply(sample: Sample) -> Response:
    """A reply as a model may give it: an agent has made a step, and calls are known where tools are offered."""
    text = sample.target or PROBE
    steps = None if sample.world is None else (AgentStep(text=text, started_at=0.0),)
    calls = () if sample.tools or steps else None
    return Response(text, "stop", _NO_TIME, usage=Usage(input=1, output=1), calls=calls, steps=steps)


def place_of(name: str, places: Mapping[str, str]) -> str:
    """`d.csv:3 (sample '2')`, or the sample alone where it has no line of its own."""
    return f"{places[name]} (sample {name!r})" if name in places else f"sample {name!r}"


def _gold(sample: Sample, scorer: Scorer) -> str:
    """The scorer's own right answer; empty where it has none."""
    try:
        return scorer.gold(sample) or ""
    except Exception:  # noqa: BLE001  # said where the sample is scored
        return ""


def _raised(error: Exception, sample: Sample, scorer: Scorer) -> str:
    """Why a scorer has no gold or no score for a sample."""
    if isinstance(error, SuiteError):
        return f"the scorer {scorer.name!r} cannot score it: {error}"
    of = f" of {scorer.plugin}" if scorer.plugin else ""
    from evalkit.foreign import raised_by, words_of

    said = words_of(error)
    place = place_in_code(raised_by(error))
    return f"the scorer {scorer.name!r}{of} raised {said} ({place}) for the target {short(sample.target)}"


def _wrong(sample: Sample, scorer: Scorer) -> str | None:
    """Why this sample could not be scored as it should be; None when all is well, or cannot be known beforehand."""
    try:
        if sample.target is not None and is_blank(sample.target) and is_blank(_gold(sample, scorer)):
            return "the target renders no text: the record has no right answer"
        gold = scorer.gold(sample)
        if gold is None and scorer.needs == "likelihood":
            return None
        text = PROBE if gold is None else gold
        tokens = (scorer.gold_tokens(sample),) if scorer.gold_tokens is not None else None
        reply = Response(text=text, stop_reason="stop", timing=_NO_TIME, top_logprobs=tokens)
        score = score_response(sample, reply, scorer)
    except Exception as error:  # noqa: BLE001  # a target that a scorer did not foresee is refused as any other
        return _raised(error, sample, scorer)
    if score.value is None:
        return (
            f"the scorer {scorer.name!r} cannot score it: {score.reason or 'it gives no score'}. Does it have a target?"
        )
    if gold is None or score.value == 1.0:
        return None
    return (
        f"its own right answer {short(gold)} scores {score.value:g} by {scorer.name!r} "
        f"({score.reason or score.outcome}), not 1. Check target and score."
    )
