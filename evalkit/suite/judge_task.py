"""A task that judges mark: `score: {judge: {...}}`, read and compiled into what a judge is shown.

    score:
      judge:
        by: [strict, second]                  # names under the suite's `judges:`
        rubric: judge_rating                  # a built-in prompt; or `prompt:` with a `scale` or `verdicts` of your own

    judging = compile_judging(entry.score)    # None where nobody judges it
    judging.messages(shown)                   # what a judge is sent about one answer

A judge's templates read the record's fields and, winning over fields of the same name: `question` (what the model was
asked, a conversation with its roles), `conversation` (its turns as a list), `turn` (which of its questions was
answered), `answer`, or `answer_a` and `answer_b` for a pair; `reference` where there is one; and `mark`, eight
characters that no answer can foresee, for the lines that part the judged text from the instructions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from evalkit.errors import SuiteError
from evalkit.records import Message, Role, Sample
from evalkit.suite import builtin_tasks
from evalkit.suite.digests import digest
from evalkit.suite.schema import JudgingEntry, ScoreEntry, TaskEntry, is_judged
from evalkit.suite.schema.tasks import JUDGE
from evalkit.suite.source_map import Loc
from evalkit.suite.templates import ROW, BadTemplate, Template
from evalkit.suite.wording import near

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


READER = "verdict"
"""The scorer that reads what a judge says; a rubric is a built-in definition that is marked by it."""
_PAIR_VERDICTS = {"A": 1, "TIE": 0.5, "B": 0}
_DEFAULT_RUBRIC = {"pair": "judge_pair", "reference": "judge_reference", "alone": "judge_rating"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer as a judge is to see it."""

    sample: Sample
    conversation: tuple[Message, ...]
    """What the model was asked, its own earlier answers included."""
    answer: str
    other: str | None = None
    """The second answer of a pair; None for an answer by itself."""
    other_conversation: tuple[Message, ...] = ()
    """What the model of the second answer was asked, its own earlier answers included."""


@dataclass(frozen=True, slots=True)
class Judging:
    """How the answers to one task are judged."""

    by: tuple[str, ...]
    turns: tuple[tuple[Role, Template], ...]
    reference: Template | None
    pair: str | None
    verdict: Mapping[str, object]
    """Options of the scorer that reads the judge's words."""
    identity: Mapping[str, object]
    """The prompt and how its verdict is read, as JSON: the same for the same meaning of a mark."""

    @property
    def orders(self) -> tuple[str, ...]:
        """In which orders an answer is shown: a pair in both, so that its place cannot win."""
        return ("ab", "ba") if self.pair is not None else ("",)

    def messages(self, shown: Shown, order: str = "") -> tuple[Message, ...]:
        """What the judge is sent. Raises BadTemplate where the record lacks what a template reads."""
        sample = shown.sample
        turns = _told(shown.conversation)
        values: dict[str, object] = {
            **dict.fromkeys(ROW, sample.fields),
            **sample.fields,
            "question": as_text(turns),
            "conversation": [{"role": turn.role, "content": turn.text} for turn in turns],
            "turn": sample.turn,
            "mark": digest("evalkit.judge_mark/1", [shown.answer, shown.other])[:8],
        }
        values.pop("reference", None)  # the record's own is shown only where the task says so
        if (reference := self._reference(sample, values)) is not None:
            values["reference"] = reference
        if self.pair is None:
            values["answer"] = shown.answer
        else:
            first, second = shown.answer, shown.other or ""
            if sample.turn > 1:  # each stands on answers of its own, so the whole conversations are compared
                values["question"] = as_text([turn for turn in turns if turn.role == "user"])
                first = as_text([*turns, Message("assistant", first)])
                second = as_text([*_told(shown.other_conversation), Message("assistant", second)])
            values |= {"answer_a": second, "answer_b": first} if order == "ba" else {}
            values |= {"answer_a": first, "answer_b": second} if order != "ba" else {}
        return tuple(Message(role, template.render(values)) for role, template in self.turns)

    def _reference(self, sample: Sample, values: Mapping[str, object]) -> str | None:
        if self.reference is None:
            return sample.target or None
        try:
            text = self.reference.render({**values, **sample.fields, "target": sample.target or ""})
        except BadTemplate as error:
            if error.null:
                return None
            raise
        return text if text.strip() else None


def _told(conversation: Sequence[Message]) -> list[Message]:
    """The turns, without what the system was told."""
    return [message for message in conversation if message.role != "system"]


def as_text(turns: Sequence[Message]) -> str:
    """A conversation in one text: its only turn as it is, else each turn under its role."""
    return turns[0].text if len(turns) == 1 else "\n\n".join(f"[{m.role}]\n{m.text}" for m in turns)


def entry_of(score: ScoreEntry | None) -> JudgingEntry | None:
    """The judging that a `score` asks for; None for any other scorer. Raises ValidationError."""
    return JudgingEntry.model_validate(score.options) if score is not None and score.name == JUDGE else None


def compile_judging(score: ScoreEntry | None) -> Judging | None:
    """The judging of a task, ready to render; None where nobody judges it. Raises SuiteError without place."""
    try:
        entry = entry_of(score)
    except ValidationError as error:
        raise SuiteError([_sentence(detail) for detail in error.errors(include_url=False)]) from error
    if entry is None:
        return None
    rubric = None
    if entry.prompt is None:
        name = entry.rubric or _DEFAULT_RUBRIC["pair" if entry.pair else "reference" if entry.reference else "alone"]
        rubric = builtin_tasks.definition(name)
    system, prompt = (entry.system, entry.prompt) if rubric is None else (rubric.system, rubric.prompt)
    written: list[tuple[Role, str]] = [("system", system)] if system is not None else []
    written.append(("user", prompt or ""))
    try:
        turns = tuple((role, Template(source, "prompt")) for role, source in written)
        reference = None if entry.reference is None else Template(entry.reference, "reference")
    except BadTemplate as error:
        raise SuiteError(f"the judge's prompt: {error}") from error
    verdict = _verdict(entry, {} if rubric is None or rubric.score is None else rubric.score.options)
    identity = {
        "rubric": None if rubric is None else {"name": rubric.use, "version": rubric.version},
        "prompt": digest("evalkit.judge_prompt/1", [list(turn) for turn in written]),
        "reference": entry.reference,
        "pair": entry.pair,
        "verdict": dict(verdict),
    }
    return Judging(entry.by, turns, reference, entry.pair, verdict, identity)


def check_judging(
    loc: Loc, score: ScoreEntry | None, judges: Collection[str], models: Collection[str]
) -> Iterator[tuple[Loc, str]]:
    """What is wrong with a task's judging: names that do not exist, two prompts at once, a pair without its model."""
    try:
        entry = entry_of(score)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield loc, _sentence(detail)
        return
    if entry is None:
        return
    for name in entry.by:
        if name not in judges:
            yield loc, f"judge: by: there is no judge {name!r}; {near(name, judges)} (they stand under `judges:`)"
    if len(set(entry.by)) < len(entry.by):
        yield loc, "judge: by: names a judge twice"
    if entry.pair is not None and entry.pair not in models:
        yield loc, f"judge: pair: there is no model {entry.pair!r}; {near(entry.pair, models)}"
    if entry.rubric is not None and (entry.prompt is not None or entry.system is not None):
        yield loc, "judge: rubric brings its own prompt; leave out prompt and system, or leave out rubric"
    if entry.rubric is not None and not _is_rubric(entry.rubric):
        yield loc, f"judge: rubric: there is no {entry.rubric!r}; {near(entry.rubric, rubrics())}"
        return
    try:
        judging = compile_judging(score)
    except SuiteError as error:
        yield from ((loc, f"judge: {complaint}") for complaint in error.complaints)
        return
    assert judging is not None
    names = frozenset().union(*(template.names for _, template in judging.turns))
    wanted = {"answer_a", "answer_b"} if entry.pair is not None else {"answer"}
    if not wanted <= names:
        told = "both answers: answer_a and answer_b" if entry.pair is not None else "the answer: {{ answer }}"
        other = " (it compares a pair; name the other model, pair: NAME)" if "answer_a" in names else ""
        yield loc, f"judge: the prompt must show {told}{other}"


def check_labels(loc: Loc, entry: TaskEntry) -> Iterator[tuple[Loc, str]]:
    """Labels belong to answers that judges mark."""
    if entry.labels is not None and (entry.score is None or not is_judged(entry)):
        yield (*loc, "labels"), "belongs to a task that judges score, `score: {judge: {by: NAME}}`"


def rubrics() -> list[str]:
    """The built-in prompts for judges, sorted."""
    return [name for name in builtin_tasks.names() if _is_rubric(name)]


def _is_rubric(name: str) -> bool:
    if name not in builtin_tasks.names():
        return False
    score = builtin_tasks.definition(name).score
    return score is not None and score.name == READER


def _verdict(entry: JudgingEntry, rubric: Mapping[str, object]) -> dict[str, object]:
    """Options of the reader: what the task writes, else the rubric's, else a pair's own words."""
    if entry.scale is not None or entry.verdicts is not None:
        given = {"scale": entry.scale, "verdicts": entry.verdicts}
        return {key: value for key, value in given.items() if value is not None}
    return dict(rubric) or ({"verdicts": _PAIR_VERDICTS} if entry.pair is not None else {})


def _sentence(detail: ErrorDetails) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    known = ", ".join(JudgingEntry.model_fields)
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][0])
        return f"judge: there is no option {key!r}; {near(key, JudgingEntry.model_fields)} (it takes {known})"
    if detail["type"] == "missing":
        return f"judge: {place} is required, and missing: which judge scores, a name under `judges:`"
    return f"judge: {place}: {detail['msg']}"
