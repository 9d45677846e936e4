"""What a person should know of a task's samples before they are asked, as sentences.

    t: the right answer is the same for all 150 samples ('a'); did you mean {{ a }}?

None of it is an error by itself: a data set may well be so. Most of it is a slip of the pen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from evalkit.records import Sample
from evalkit.stats.copies import ALONE, HEAVY
from evalkit.suite import orders
from evalkit.suite.evidence_size import EvidenceSize
from evalkit.suite.picture_places import texts_of
from evalkit.suite.prompts import OPTION_NAMES, Prompt
from evalkit.suite.rendering import is_blank
from evalkit.suite.templates import field_reading
from evalkit.suite.wording import read_alike, short

_HOLES = (
    re.compile(r"(?<![\w{}$%\\^_])\{([^{}\n]{1,200})\}(?!\})"),
    re.compile(r"\$\{?(\w+)\}?"),
    re.compile(r"%\((\w+)\)s"),
)
"""How other tools write a field: {q}, {Customer Message} and {row['q']}, $q and ${q}, %(q)s."""
_OF_ROW = re.compile(r"""row(?:\[\s*(['"])(.+)\1\s*\]|\.(\w+))""")
FEWEST_PLACES = 5
"""Samples from which on it is said that the right option always stands in one place."""
_HEAVIER = 1.5
"""Times an equal share, from which on a sample is heavier than the others."""

_MEANT = "did you mean {{ "


def is_likely_mistake(note: str) -> bool:
    """Whether a note says that the name of a field stands where its value was meant."""
    return _MEANT in note


class SampleNotes:
    """Sees every sample of a task once."""

    def __init__(
        self,
        task: str,
        prompt: Prompt,
        target: str | None,
        *,
        permuted: int | None,
        limited: bool,
        words_of: str | None = None,
    ) -> None:
        """`limited`: only some of the records are asked. `words_of`: the scorer that compares the reply with the
        target's text; None where another one marks."""
        self._task = task
        self._prompt = prompt
        self._target = target
        self._permuted = permuted
        self._n = 0
        self._first: Sample | None = None
        self._same_prompt = self._same_target = self._same_place = True
        self._referring: list[str] = []
        self._words_of = words_of
        self._listed: list[str] = []
        self._alike: list[str] = []
        self._empty: list[str] = []
        self._size = EvidenceSize(limited=limited)
        self.left_out: list[str] = []
        """Ids of samples that are asked without an example which is the question itself."""
        self.near: list[str] = []
        """Ids of samples that nearly are one of their examples."""

    def see(self, sample: Sample) -> None:
        """Take note of one sample."""
        self._size.see(sample)
        if sample.choices and (self._permuted is None or ":order" not in sample.id):
            texts = {read_alike(choice) for choice in sample.choices}
            if len(texts) < len(sample.choices):
                self._alike.append(sample.id)
            if "" in texts or (not all(map(str.isascii, texts)) and any(map(is_blank, texts))):
                self._empty.append(sample.id)
        if self._permuted is not None and orders.refers_to_others(sample.choices):
            self._referring.append(sample.id)
        if self._words_of is not None and _is_list(sample.target):
            self._listed.append(sample.id)
        if sample.turn > 1:
            return
        self._n += 1
        if self._first is None:
            self._first = sample
            return
        first = self._first
        if self._same_prompt:
            asked = (sample.messages[-1], sample.choices, sample.tools)
            self._same_prompt = asked == (first.messages[-1], first.choices, first.tools)
        if self._same_target:
            self._same_target = sample.target == first.target
        if self._same_place:
            self._same_place = _place(sample) == _place(first)

    def notes(self, *, so_far: bool = False) -> tuple[str, ...]:
        """The sentences, each with the task's name; with `so_far` more samples are to come."""
        return tuple(f"{self._task}: {sentence}" for sentence in self._sentences(so_far))

    def _sentences(self, so_far: bool) -> Iterable[str]:
        first = self._first
        if first is not None:
            all_of_them = f"{'the first' if so_far else 'all'} {self._n:,} samples"
            yield from self._constant(first, first.fields, all_of_them)
            yield from self._hidden(first)
        size = self._size
        yield from evidence_notes(size, f"{'the first' if so_far else 'all'} {size.n:,} samples")
        if self.left_out:
            yield (
                f"{_samples(self.left_out, 'stands', 'stand')} among the few-shot examples (white space, case and "
                "order of options aside); each is asked without that example, which would give its answer away"
            )
        if self.near:
            yield (
                f"{_samples(self.near, 'reads', 'read')} nearly like one of the few-shot examples; look whether that "
                "example gives the answer away"
            )
        if self._listed:
            yield (
                f"{_samples(self._listed, 'has', 'have')} a list as the right answer, compared as the text of that "
                f"list; where each of its texts is right, name the field: score: {{{self._words_of}: {{field: ...}}}}"
            )
        if self._alike:
            yield f"{_samples(self._alike, 'has', 'have')} two options that read alike; which one is right?"
        if self._empty:
            yield f"{_samples(self._empty, 'has', 'have')} an empty option"
        if self._referring:
            n = len(self._referring) // (self._permuted or 1)
            yield (
                f"{n:,} {'record has' if n == 1 else 'records have'} options that speak of other options "
                f'("none of the above", "both A and B"), the first {short(self._referring[0])}: in another order they '
                "may be false, or right for another reason. Leave such records out (data: where), or reword them."
            )

    def _hidden(self, first: Sample) -> Iterable[str]:
        """Fields of the records that a template means, and does not get: the task's choices have the same name."""
        prompt, chosen = self._prompt, self._prompt.options
        if not first.choices:
            return
        written = [] if prompt.instruction else [template for _, template in prompt.turns]
        written += [prompt.goal] if prompt.goal is not None else []
        parts = chosen if isinstance(chosen, tuple) else (chosen,)
        meant = frozenset().union(*(one.names for one in written))
        known = frozenset().union(*(one.fields for one in written), *(part.reads for part in parts if part is not None))
        given = prompt.values(first.fields, first.choices)
        for name in sorted(OPTION_NAMES & meant & first.fields.keys() - known):
            own, theirs = first.fields[name], given[name]
            if own == theirs or (isinstance(own, list) and sorted(map(str, own)) == sorted(first.choices)):
                continue
            yield (
                f"{{{{ {name} }}}} gives the task's choices ({_shown(str(theirs))}), and the records have a field "
                f"{name} of their own ({_shown(str(own))}); did you mean {{{{ row.{name} }}}}?"
            )

    def _constant(self, first: Sample, fields: Mapping[str, object], all_of_them: str) -> Iterable[str]:
        sources = [(text.where, text.source) for _, template in self._prompt.turns for text in texts_of(template)]
        if self._n > 1 and self._same_prompt:
            found = (_meant(source, fields, whole=whole) for whole in (False, True) for _, source in sources)
            meant = next(filter(None, found), "")
            yield f"the prompt is the same for {all_of_them} ({_shown(first.messages[-1].text)}){meant}"
        else:
            for where, source in sources:
                holes = ((hole[0], _field(hole[1], fields)) for hole in _HOLES[0].finditer(source))
                written, named = next((one for one in holes if one[1]), ("", None))
                if named is not None:
                    yield f"{where} holds {written}, which is sent as it stands; did you mean {named}?"
        if first.target is None:
            return
        if self._n < 2:
            if first.target == self._target and (meant := _meant(self._target, fields, whole=True)):
                yield f"the right answer is the word {_shown(first.target)}{meant}"
            return
        if self._same_target and (not first.choices or self._same_place):
            meant = _meant(self._target or "", fields, whole=True)
            yield f"the right answer is the same for {all_of_them} ({_shown(first.target)}){meant}"
        elif first.choices and self._same_place and self._n >= FEWEST_PLACES and self._permuted is None:
            yield (
                f"the right option is number {_place(first) + 1} in {all_of_them}: a model that always says "
                "so is always right; shuffle the options, or write permute"
            )


def alike_count(n_different: int, effective: float) -> str:
    """What copies leave of the evidence, in the same words and figures before a run (`check`, `plan`) and after it."""
    return f"alike items count as one, so {n_different:,} different ones, effective sample size {effective:,.0f}"


def evidence_notes(size: EvidenceSize, all_of_them: str) -> Iterable[str]:
    """What copies among the samples, and unequal weights, leave of the evidence, as sentences."""
    if size.n_again:
        told = f"{size.n_again:,} of {all_of_them} {'asks' if size.n_again == 1 else 'ask'} the same as another one"
        if size.copies_count:
            yield f"{told}: {alike_count(size.n_different, size.effective)}"
        else:
            yield f"{told}: up to 1 % are left as they are, and each counts"
    if size.weighted:
        requests = "" if size.n_requests is None else f" for {size.n_requests:,.0f} requests"
        yield f"{all_of_them} stand{requests} by weight; effective sample size {size.effective:,.0f}"
    # Of two samples each is half: only what is heavier than an equal share is worth a word.
    if size.n_different > 1 and size.heaviest > max(HEAVY, _HEAVIER / size.n_different):
        yield f"one sample is {size.heaviest:.0%} of the weight: {ALONE}"


def _is_list(target: str | None) -> bool:
    if target is None or not (target.startswith("[") and target.endswith("]")):
        return False
    try:
        return isinstance(json.loads(target), list)
    except (ValueError, RecursionError):
        return False


def _place(sample: Sample) -> int:
    return sample.choices.index(sample.target) if sample.choices and sample.target is not None else -1


def _meant(source: str, fields: Mapping[str, object], *, whole: bool) -> str:
    """`; did you mean {{ q }}?` where the template names a field in another tool's way."""
    if whole and source.strip() in fields:
        return f"; did you mean {{{{ {source.strip()} }}}}?"
    for pattern in _HOLES:
        for hole in pattern.finditer(source):
            if (named := _field(hole[1], fields)) is not None:
                return f"; did you mean {named} where it says {hole[0]}?"
    return ""


def _field(written: str, fields: Mapping[str, object]) -> str | None:
    """How a template reads the field that stands in another tool's brackets; None where it is no field."""
    name = written.strip()
    if name not in fields and (of_row := _OF_ROW.fullmatch(name)) is not None:
        name = of_row[2] or of_row[3]
    return field_reading(name) if name in fields else None


def _samples(ids: list[str], one: str, more: str) -> str:
    if len(ids) == 1:
        return f"1 sample ({short(ids[0])}) {one}"
    return f"{len(ids):,} samples (the first {short(ids[0])}) {more}"


def _shown(text: str) -> str:
    return short(text.strip(), 40)
