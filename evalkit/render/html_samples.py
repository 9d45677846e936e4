"""The samples that a page opens, as text: prompt, and what each model answered, scored how and why.

What is long is cut, and the page says so: a report is sent by mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.records import Message
from evalkit.results.items import RowTexts
from evalkit.results.opened import OpenedSample, OpenedSamples
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.outcomes import outcome_word

_PAGE = 400_000
"""Characters of prompts and answers on one page: what comes after is left out, and counted."""
_MESSAGE, _ANSWER, _NOTE = 3_000, 1_500, 400
"""Characters of one text."""
_MESSAGES = 12
"""Messages of one prompt: the last ones."""
_NAMED = 4
"""Models that the head of a sample names."""


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One model's answer."""

    head: str
    """ "gpt · wrong · 0.000"."""
    text: str
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class ShownSample:
    """One sample; texts are harmless and cut."""

    head: str
    prompt: Sequence[tuple[str, str]]
    """(role, text)."""
    target: str
    answers: Sequence[ShownAnswer]

    @property
    def n_letters(self) -> int:
        """What it takes of the page."""
        of_answers = sum(len(one.text) + sum(map(len, one.notes)) for one in self.answers)
        return of_answers + sum(len(text) for _, text in self.prompt)


@dataclass(frozen=True, slots=True)
class SamplesSection:
    """What a page shows of samples."""

    said: str
    """Which samples these are, of how many, and how they were cut."""
    samples: Sequence[ShownSample]


def samples_section(found: OpenedSamples) -> SamplesSection:
    """The section, within its bound."""
    shown: list[ShownSample] = []
    left = _PAGE
    for sample in found.samples:
        one = _sample(sample)
        left -= one.n_letters
        if left < 0:
            break
        shown.append(one)
    worst = sum(sample.is_worse for sample in found.samples[: len(shown)])
    name = visible(found.reference, limit=60)
    said = []
    if worst:
        said.append(
            f"{worst} of the {found.n_worse:,} samples on which a model scores less than {name}: the largest losses, "
            "each model's in turn."
        )
    elif found.n_worse == 0:
        said.append(f"No model scores less than {name} on any sample.")
    if len(shown) > worst:
        said.append(f"{'Then ' if worst else ''}{len(shown) - worst} of the others, drawn at random.")
    said.append(f"The run has {found.n:,}; `evalkit board` and `evalkit export` have them all.")
    said.append(f"A prompt is cut after {_MESSAGE:,} characters a message, an answer after {_ANSWER:,}.")
    return SamplesSection(" ".join(said), shown)


def _sample(sample: OpenedSample) -> ShownSample:
    first = next((told for _, told in sample.answers if told.prompt), RowTexts())
    scores = [f"{visible(row.model, limit=40)} {numbers.quality(row.score)}" for row, _ in sample.answers]
    more = f", {len(scores) - _NAMED} more" if len(scores) > _NAMED else ""
    head = f"{visible(sample.item.task, limit=60)} · {visible(sample.item.sample_id, limit=60)}: "
    return ShownSample(
        head + ", ".join(scores[:_NAMED]) + more,
        _prompt(first.prompt),
        visible(first.target or "", limit=_NOTE, lines=True),
        [
            ShownAnswer(
                f"{visible(row.model, limit=60)} · {outcome_word(row.outcome)} · {numbers.quality(row.score)}",
                visible(told.text or "", limit=_ANSWER, lines=True),
                [
                    *(["Its own prompt differs from the one above."] if told.prompt != first.prompt else []),
                    *(f"{label}: {visible(text, limit=_NOTE)}" for label, text in told.notes),
                ],
            )
            for row, told in sample.answers
        ],
    )


def _prompt(messages: Sequence[Message]) -> list[tuple[str, str]]:
    shown = [(visible(m.role, limit=20), visible(m.text or "", limit=_MESSAGE, lines=True)) for m in messages]
    left = len(shown) - _MESSAGES
    return [(f"{left:,} earlier messages are left out", ""), *shown[left:]] if left > 0 else shown
