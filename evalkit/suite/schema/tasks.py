"""The `tasks:` of a suite file: the data, the prompt, and how answers are scored, by judges too.

- name: refunds
  data: {path: data/refunds.jsonl, id: ticket_id}
  prompt: "{{ text }}"
  choices: [approve, deny, escalate]
  target: "{{ label }}"
  score: choice
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from evalkit.suite.schema.environments import LimitsEntry
from evalkit.suite.schema.models import SettingsEntry
from evalkit.suite.schema.parts import Count, Name, Part, Several, Text, Texts
from evalkit.suite.schema.turns import Images, Messages

Mode = Literal["generate", "likelihood", "first_token"]
Interface = Literal["native", "text"]
SEVERAL = "several"
"""The scorer that a list of scorers is."""
MOST_CASES = 1_000
"""Of a task's inline cases: more belong into a data file."""


def _choices(value: object) -> object:
    """A list of templates (whole numbers are taken as their text), or one template that names a list."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or any(isinstance(item, bool) or not isinstance(item, str | int) for item in value):
        raise ValueError('expected a list of texts, or one template that names a list, like "{{ choices }}"')
    if len(value) < 2:
        raise ValueError(f"a choice needs at least two options (seen: {len(value)})")
    return tuple(str(item) for item in value)


def _turns(value: object) -> object:
    """A list of templates, or one template that names a list."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value or any(not isinstance(item, str) for item in value):
        raise ValueError('expected a list of templates, or one that names a list, like "{{ turns[1:] }}"')
    return tuple(value)


def _tools(value: object) -> object:
    """A list of declarations, or one template that names a list."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise ValueError('expected a list of functions, or one template that names a list, like "{{ function }}"')
    return tuple(value)


def _critical(value: object) -> object:
    if not isinstance(value, bool | str):
        raise ValueError("expected true, false or a template that renders to true or false")  # noqa: TRY004
    return value


def _score(value: object) -> object:
    """`exact`, `{exact: {case: false}}` and `{use: exact, case: false}` are the same kind of thing; a list of them, and
    `{all: [...]}`, is the scorer `several`."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, list):
        return {"name": SEVERAL, "options": {"of": [_scored_part(one) for one in value], "need": "mean"}}
    if isinstance(value, dict):
        if set(value) == {"all"} and isinstance(value["all"], list):
            return {"name": SEVERAL, "options": {"of": [_scored_part(one) for one in value["all"]], "need": "all"}}
        if "use" in value:
            return {"name": value["use"], "options": _kept({k: v for k, v in value.items() if k != "use"})}
        if len(value) == 1:
            name, options = next(iter(value.items()))
            if options is None or isinstance(options, dict):
                return {"name": name, "options": _kept(options or {})}
            if name in _SHORT and (said := _constant(options)) is not None:
                return {"name": name, "options": {_SHORT[name]: said, **_MEANT.get(name, {})}}
    raise ValueError(
        "expected a scorer's name, {NAME: {option: value}} or {use: NAME, option: value}; what every reply has to say "
        "may stand in it: {contains: Paris}, {contains: [Paris, France]}, {exact: Paris}, {regex: 'Par.s'}"
    )


_SHORT = {"contains": "text", "exact": "text", "regex": "pattern"}
"""Scorer -> the option that its constant is."""
_MEANT: dict[str, dict[str, object]] = {"regex": {"compare": "found"}}
"""What a constant says besides."""


def _constant(value: object) -> object:
    """A text, or a list of texts; whole numbers as they are written. None: it is neither."""
    several = value if isinstance(value, list) else [value]
    if not several or any(isinstance(one, bool) or not isinstance(one, str | int) for one in several):
        return None
    return [str(one) for one in several] if isinstance(value, list) else str(value)


def _kept(options: dict[str, object]) -> dict[str, object]:
    """`extract` under the name that it had before, and has in every stored run: those stay comparable."""
    if "extract" not in options:
        return options
    if "take" in options:
        raise ValueError("extract is the new name of take: leave take out")
    return {"take" if name == "extract" else name: value for name, value in options.items()}


def _scored_part(value: object) -> object:
    """One scorer of a list: as `score` has it, with `weight` and `name` beside."""
    if isinstance(value, dict) and "options" in value and "use" in value:
        return value
    beside = {key: value[key] for key in ("weight", "name") if key in value} if isinstance(value, dict) else {}
    rest = {key: one for key, one in value.items() if key not in beside} if isinstance(value, dict) else value
    if isinstance(rest, list):
        raise ValueError(  # noqa: TRY004
            "a list of scorers holds names, {NAME: {option: value}, weight: 2} or {use: NAME}, and no further list"
        )
    made = _score(rest)
    assert isinstance(made, dict)
    weight = beside.get("weight", 1.0)
    whole = float(weight) if isinstance(weight, int) and not isinstance(weight, bool) else weight
    return {"name": beside.get("name", made["name"]), "use": made["name"], "options": made.get("options", {})} | {
        "weight": whole
    }


def _data(value: object) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _shots(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"n": value}
    return {"records": value} if isinstance(value, list) else value


def _counted(value: object) -> Any:
    """A bare number is the `n` of an entry that may also name a seed."""
    return {"n": value} if isinstance(value, int) and not isinstance(value, bool) else value


Plain = str | int | float | bool
Where = dict[str, Plain | Annotated[Several[Plain], Field(min_length=1)]]
"""By field the value that a record must have, or a list of values of which it must have one."""


class DataEntry(Part):
    """Where records come from: a file beside the suite, or a file of a Hugging Face dataset at a pinned revision."""

    path: Text | None = None
    """JSONL, CSV or Parquet (JSONL and CSV also .gz), relative to the suite file; may hold ${NAME}."""
    hub: Text | None = None
    """A dataset repository: org/name."""
    file: Text | None = None
    """The file in that repository."""
    revision: Text | None = None
    """The full commit (40 hex digits): a branch moves, and so would the questions."""
    id: Text | None = None
    """The field that names a record. None: the field `id` where there is one, else the line number."""
    format: Literal["jsonl", "csv", "tsv", "parquet"] | None = None
    """None: by the file name's ending."""
    fields: dict[str, Text] = Field(default_factory=dict)
    """By field the column that it is read from, where the file has other names: {question: Question Text}."""
    where: Where = Field(default_factory=dict)
    """Keep the records whose fields have these values, like {split: test}, or one of several, like {lang: [de, fr]}."""


class ShotsEntry(Part):
    """Worked examples that stand before the question, as turns of the conversation."""

    n: Annotated[int, Field(ge=0)] | None = None
    """How many. None: all of them (at most 50)."""
    records: Several[dict[str, object]] | None = None
    """The examples themselves."""
    path: Text | None = None
    """A file of examples. None with `where`: the task's own data."""
    format: Literal["jsonl", "csv", "tsv", "parquet"] | None = None
    """Of `path`. None: by the file name's ending."""
    where: Where = Field(default_factory=dict)
    """Keep the records whose fields have these values, like {split: dev}."""
    same: Text | None = None
    """Only examples that agree with the question in this field, like subject."""
    seed: int | None = None
    """Draw by this seed. None: the first n in the file's order."""


class LimitEntry(Part):
    """A seeded subset of the samples, the same on every machine; part of the task's identity."""

    n: Count
    seed: int = 0


class PermuteEntry(Part):
    """Each record asked in several orders of its options; part of the task's identity."""

    n: Annotated[int, Field(ge=2, le=100)]
    """How many orders, the first as written. As many as there are options: each stands once in every place."""
    seed: int = 0


class LabelsEntry(Part):
    """What people say of answers that judges mark; it corrects the shown mean and is no part of the identity."""

    path: Text
    """Records as `evalkit judge-data` writes them (id, answer), relative to the suite file, with a label added."""
    field: Text = "label"
    """Where the label is: a verdict as the judge would give it (a number on its scale, or one of its words). null or
    absent: nobody labelled this one."""


class ScoreEntry(Part):
    """How answers are scored."""

    name: Text
    options: dict[str, object] = Field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the scorers of a list, in its order; empty for a single scorer."""
        of = self.options.get("of") if self.name == SEVERAL else None
        written = of if isinstance(of, list | tuple) else ()
        return tuple(str(one.get("name", one.get("use"))) for one in written if isinstance(one, dict))


Data = Annotated[DataEntry, BeforeValidator(_data, json_schema_input_type=str | DataEntry)]
Shots = Annotated[
    ShotsEntry, BeforeValidator(_shots, json_schema_input_type=int | list[dict[str, object]] | ShotsEntry)
]
Limit = Annotated[LimitEntry, BeforeValidator(_counted, json_schema_input_type=Count | LimitEntry)]
Permute = Annotated[PermuteEntry, BeforeValidator(_counted, json_schema_input_type=Count | PermuteEntry)]
Scoring = Annotated[
    ScoreEntry, BeforeValidator(_score, json_schema_input_type=str | dict[str, object] | list[str | dict[str, object]])
]
Labels = Annotated[LabelsEntry, BeforeValidator(_data, json_schema_input_type=str | LabelsEntry)]
Choices = Annotated[Several[str] | str, BeforeValidator(_choices, json_schema_input_type=list[str | int] | str)]
Turns = Annotated[Several[str] | str, BeforeValidator(_turns, json_schema_input_type=list[str] | str)]
Tools = Annotated[
    Several[dict[str, object]] | str, BeforeValidator(_tools, json_schema_input_type=list[dict[str, object]] | str)
]
Critical = Annotated[bool | str, BeforeValidator(_critical, json_schema_input_type=bool | str)]


class Adjustable(Part):
    """What a task may say and a `with` may say differently."""

    data: Data | None = None
    shots: Shots | None = None
    limit: Limit | None = None
    """Ask only this many records. None: all of them."""
    permute: Permute | None = None
    """Ask each record in this many orders of its options; they count as one item. None: as written."""
    mode: Mode | None = None
    """How a choice is read: generate (from text; the default), likelihood or first_token."""
    reasoning: Literal["split", "keep"] | None = None
    """What is done with reasoning in a reply's text (`<think>` and its like). split (the default): it is no part of the
    answer. keep: the reply is scored and passed on as it came, for a task that is about the tags."""
    interface: Interface | None = None
    """How `tools` are offered: native (through the provider's tool interface; the default) or text (in the prompt)."""
    system: str | None = None
    settings: SettingsEntry = Field(default_factory=SettingsEntry)
    """Override the model's, field by field."""
    cluster: Text | None = None
    """The field whose equal values move together (a conversation). None: every sample stands alone."""
    weight: Text | None = None
    """The field that says how many requests of the traffic a sample stands for (1 / its chance of being drawn); scores,
    costs and times are then those of the traffic. None: all samples count alike."""
    stratum: Text | None = None
    """The field that names the part of the log from which a sample was drawn; beside `weight` only."""
    slices: Annotated[Texts, Field(max_length=100)] = ()
    """Fields by which results are also reported and scanned."""
    labels: Labels | None = None
    """People's labels of single answers, for tasks that judges mark. None: only the board's reviews are read."""
    critical: Critical = False
    """Which samples may not newly fail: true, or a template that renders to true, 1 or yes."""


class WithEntry(Adjustable):
    """What to change of a built-in task."""

    path: Text | None = None
    """Short for data: {path: ...}."""
    judges: Texts | None = None
    """Who scores, for a task that judges score: names under `judges:`. None: the one called `judge`."""


class TaskEntry(Adjustable):
    """One task: `use` a built-in one, take one of lm-eval, or write your own (name, data, prompt, score)."""

    use: Text | None = None
    """The name of a built-in task."""
    overrides: WithEntry | None = Field(default=None, alias="with")
    """What to change of it."""
    lm_eval: Text | None = None
    """The name of a task or group of lm-eval, asked and scored as lm-eval does."""
    include_path: Text | None = None
    """lm_eval: a folder with task files of your own, relative to the suite file."""
    tags: Texts = ()
    """Words by which tasks are chosen (`evalkit run --tag smoke`); no part of what is asked."""
    name: Name | None = None
    """Shown everywhere. None: the name of the built-in task."""
    cases: Annotated[Several[dict[str, object]], Field(min_length=1, max_length=MOST_CASES)] | None = None
    """The records themselves, instead of `data`: [{question: "2 + 2?", expected: "4"}]; `vars: {...}` of a case are
    fields too. Where every case has `expected` and no `target` is written, that is the right answer."""
    prompt: str | None = None
    """The question: a Jinja template over the record's fields."""
    messages: Messages | None = None
    """A whole conversation instead of `prompt`, whose last turn is the user's: a list of turns, or one template that
    names the record's list of {role, content}, which is sent as it stands."""
    images: Images | None = None
    """Pictures before the text of the last user turn: a template of a path, relative to the suite file, one that names
    a list of paths, or a list of templates. Pictures between texts: {image: PATH} in `messages`."""
    turns: Turns | None = None
    """What the user says after each answer: a list of templates, or one that names a list. Each turn is a row."""
    choices: Choices | None = None
    """The options: a list of templates, or one template that names a list."""
    tools: Tools | None = None
    """Functions that may be called: a list of declarations, or one template that names the record's list."""
    send: Texts = ()
    """Fields of the record that go to an application besides the prompt; a part of what is asked."""
    environment: Text | None = None
    """An agent's task: the file of the tools that it may call and of the state that they act on, relative to the suite
    file. Each sample takes as many requests as the agent needs."""
    start: Text | None = None
    """With `environment`: what is otherwise in the state when this sample begins, a template that names a mapping
    (merged into it; null takes a key away). None: nothing."""
    at_most: LimitsEntry | None = None
    """With `environment`: how far one sample may go, in requests, tokens and dollars. None: 20 requests."""
    target: str | None = None
    """The right answer, a template; for choices the letter or the text of one of them."""
    score: Scoring | None = None


class BuiltinEntry(TaskEntry):
    """A task that ships with evalkit, with where it comes from."""

    version: int
    """Raised whenever the same record could be asked or scored differently."""
    about: str
    licence: str
    source: str
    """Where a copy of the data can be had, and in which form it is read."""
    revision: Annotated[str, StringConstraints(pattern=r"^(unverified|[\w.-]+/[\w.-]+@[0-9a-f]{7,40}(:[\w./-]+)?)$")]
    """Where the definition was proved: REPOSITORY@COMMIT:PATH on GitHub; `unverified` where nobody could compare."""
    chance: Annotated[float, Field(ge=0, le=1)] | None = None
    """Score of guessing. None: not meaningful or not known."""


def _names(value: object) -> object:
    """One name stands for a list of one."""
    return [value] if isinstance(value, str) else value


JUDGE = "judge"
"""The name of the scorer that asks judges."""


def is_judged(entry: TaskEntry) -> bool:
    """Whether judges score a task's answers."""
    return entry.score is not None and entry.score.name == JUDGE


class JudgingEntry(Part):
    """What may stand under `score: {judge: ...}`."""

    by: Annotated[Several[Name], BeforeValidator(_names), Field(min_length=1)]
    """One judge or several, each a name under `judges:`."""
    rubric: Text | None = None
    """A built-in prompt. None with no `prompt`: judge_pair, judge_reference or judge_rating, by what else is given."""
    prompt: str | None = None
    """The judge's prompt, a template of your own."""
    system: str | None = None
    """The system text before your own prompt."""
    scale: Any = None
    """The ends of a rating, like [1, 10]; read by the scorer `verdict`."""
    verdicts: dict[str, object] | None = None
    """Each word that a judge may say, and its score."""
    reference: str | None = None
    """The right answer to show, a template over the record. None: the task's target, where it has one."""
    pair: Name | None = None
    """Compare with this model's answers, in both orders; the score is the rate of wins against it."""
    refusal: Literal["wrong", "right"] = "wrong"
    """What a refused question scores, without asking a judge."""
