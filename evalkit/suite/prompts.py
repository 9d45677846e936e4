"""How a record becomes a question: the compiled templates of one task.

    prompt = compile_prompt(entry)
    choices = prompt.choices(record)                       # ('approve', 'deny', 'escalate')
    values = prompt.values(record, choices)                # the record plus choices, letters, options
    prompt.messages(values, examples=())                   # (Message('user', '...'),)
    prompt.target(values, choices)                         # 'deny'

Functions that the task offers are read as `tools`; with `interface: text` they are listed before the system prompt
(`evalkit.suite.tools.LISTED`), unless a template reads `tools` itself.

Templates read the record's fields. Where a task has choices they also read `choices` (the texts), `letters`
('A', 'B', ...) and `options` (a block of lines, `A. text`); these three win over fields of the same name.

A task with choices that asks for generated text has to show them. Where neither system nor prompt nor messages reads
`choices`, `letters` or `options`, this is appended to the last user turn, and is part of the task's identity:

    {{ options }}

    Answer with the letter of the right option only.

Where a task has `turns`, templates also read `turn`: which of the user's turns is asked or marked, from 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from string import ascii_uppercase
from typing import TypeVar, cast

from evalkit.facts.base import JsonMap
from evalkit.frozen import dataclass
from evalkit.records import Content, Image, Message, Role, Tool, ToolCall
from evalkit.suite.option_labels import place_of
from evalkit.suite.picture_places import PartedTemplate, PicturePlace, content_of
from evalkit.suite.pictures import Pictures, check_sum
from evalkit.suite.rendering import Unwritable, is_blank
from evalkit.suite.rendering import text as as_text
from evalkit.suite.schema import Mode
from evalkit.suite.templates import ROW, BadTemplate, EndlessTemplate, Expression, Template
from evalkit.suite.tools import Offer
from evalkit.suite.wording import short

R = TypeVar("R")
TURN = "turn"
"""In tasks with `turns`, what templates and slices call the number of the user's turn, from 1."""
INSTRUCTION = "\n\n{{ options }}\n\nAnswer with the letter of the right option only."
MOST_TURNS = 50
"""Further turns of one conversation: beyond this it is a mistake in the data."""
MOST_MESSAGES = 2_000
"""Turns of a record's own conversation."""
OPTION_NAMES = frozenset({"choices", "letters", "options"})
"""What templates call the options; these win over fields of the same name."""
_TEXTS = {str}
"""The types of options that need no other spelling."""
_YES = frozenset({"true", "1", "yes"})
_NO = frozenset({"false", "0", "no", "none", "null", ""})


class BadRecord(Exception):
    """This record cannot be asked. `key` is the task's key at fault; `str()` is half a sentence without place."""

    def __init__(self, key: str, reason: str, *, final: bool = False) -> None:
        self.key = key
        self.final = final
        """No other record need be tried: the template itself takes too long."""
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The compiled templates of a task. Everything here is pure; what a record lacks is raised as BadRecord."""

    turns: tuple[tuple[Role, Template | PartedTemplate], ...]
    options: tuple[Template, ...] | Expression | None
    goal: Template | None
    urgent: Template | bool
    mode: Mode
    letters: bool
    """The options are shown by letter, so an example is answered by its letter."""
    instruction: str | None
    """What evalkit appended to the last user turn; None where the task shows its choices itself or has none."""
    reads: frozenset[str]
    """The fields of the record that decide what is asked."""
    shows: bool = False
    """The question shows its options, so that their order is part of it."""
    further: tuple[Template, ...] | Expression | None = None
    """What the user says after each answer; None: one answer is all."""
    offer: Offer | None = None
    """The functions that may be called; None: there are none."""
    conversation: Expression | None = None
    """Names the record's own list of turns; None: `turns` are written in the suite."""
    by_row: bool = False
    """A template reads the record as `row` (or `record`), for columns whose names are no single word."""
    begins: Expression | None = None
    """Names what a sample changes in the state of its environment; None: nothing."""
    lead: tuple[PicturePlace, ...] = ()
    """Pictures that stand before the text of the last user turn."""
    located_by: frozenset[str] = frozenset()
    """Fields that only say where pictures are: what is asked is the picture, not its place."""

    pictures: Pictures | None = None
    """Finds what the question shows; None: it shows no pictures."""

    @property
    def has_pictures(self) -> bool:
        """Whether the question may show pictures."""
        return self.pictures is not None

    @property
    def reads_as_text(self) -> frozenset[str]:
        """The fields whose words decide what is asked."""
        return self.reads - self.located_by if self.located_by else self.reads

    def picture_digests(self, record: Mapping[str, object], choices: tuple[str, ...]) -> tuple[str, ...]:
        """The digests of the pictures that a record shows, in their order, its examples' not among them. Raises
        BadRecord."""
        values = self.values(record, choices)
        shown = [*self.lead]
        for _, template in self.turns:
            shown += template.shown if isinstance(template, PartedTemplate) else ()
        return tuple(image.digest for place in shown for image in _pictures(place, values))

    def choices(self, record: Mapping[str, object]) -> tuple[str, ...]:
        """The texts of the options, in the order of the data; () for a task without choices."""
        if self.options is None:
            return ()
        if isinstance(self.options, Expression):
            found = _evaluate(self.options, self._fields(record))
            texts = self._listed(self.options, found)
        else:
            fields = self._fields(record)
            texts = tuple([_render(template, fields) for template in self.options])
        if len(texts) < 2:
            raise BadRecord("choices", f"a choice needs at least two options (seen: {len(texts)})")
        if self.letters and len(texts) > len(ascii_uppercase):
            raise BadRecord("choices", f"{len(texts)} options cannot be lettered A to Z; use mode: likelihood")
        return texts

    @staticmethod
    def _listed(options: Expression, found: object) -> tuple[str, ...]:
        """The options that an expression gave. Raises BadRecord for what is no list of texts."""
        if isinstance(found, list | tuple) and {*map(type, found)} == _TEXTS:
            return tuple(found)
        if not isinstance(found, list | tuple) or any(isinstance(c, dict | list) or c is None for c in found):
            raise BadRecord("choices", f"{options.source} gives {short(found)}; expected a list of texts")
        try:
            return tuple([as_text(c) for c in found])
        except Unwritable as error:
            raise BadRecord("choices", f"an option of {options.source} {error}") from error

    def values(self, record: Mapping[str, object], choices: tuple[str, ...]) -> Mapping[str, object]:
        """The variables of the templates. Raises BadRecord for functions that are no list."""
        fields = self._fields(record)
        if self.offer is not None:
            return {**fields, "tools": self._asked_of(self.offer.listed, fields)}
        if not choices:
            return fields
        letters = ascii_uppercase[: len(choices)]
        block = "\n".join([f"{letter}. {text}" for letter, text in zip(letters, choices, strict=False)])
        return {**fields, "choices": list(choices), "letters": list(letters), "options": block}

    def _fields(self, record: Mapping[str, object]) -> Mapping[str, object]:
        """The record's fields as variables; `row` is the record itself, unless it has a field of this name."""
        return {**dict.fromkeys(ROW, record), **record} if self.by_row else record

    def tools(self, record: Mapping[str, object]) -> tuple[Tool, ...]:
        """What is offered through the tool interface; () where nothing is. Raises BadRecord."""
        return () if self.offer is None else self._asked_of(self.offer.tools, self._fields(record))

    @staticmethod
    def _asked_of(read: Callable[[Mapping[str, object]], R], record: Mapping[str, object]) -> R:
        try:
            return read(record)
        except (BadTemplate, ValueError) as error:
            raise BadRecord("tools", str(error)) from error

    def messages(self, values: Mapping[str, object], examples: Sequence[Message] = ()) -> tuple[Message, ...]:
        """The conversation; examples stand before the last user turn. Raises BadRecord."""
        if self.conversation is not None:
            head = [Message(r, _said(r, template, values)) for r, template in self.turns]
            *rest, end = _conversation(self.conversation, self._fields(values))
            return self._bounded((*head, *rest, self._led(end, values)))
        *before, (role, last) = self.turns
        head = [Message(r, _said(r, template, values)) for r, template in before]
        return self._bounded((*head, *examples, self._led(Message(role, _said(role, last, values)), values)))

    def _led(self, last: Message, values: Mapping[str, object]) -> Message:
        """The last turn with the pictures before its text."""
        if not self.lead:
            return last
        if last.role != "user":
            raise BadRecord("images", "stand in a turn of the user, and the last turn is what a call returned")
        found = [image for place in self.lead for image in _pictures(place, values)]
        own = (last.content,) if isinstance(last.content, str) else last.content
        return replace(last, content=content_of([*found, *own]))

    def _bounded(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        if self.has_pictures:
            try:
                check_sum(messages)
            except ValueError as error:
                raise BadRecord("images", str(error)) from error
        return messages

    def further_turns(self, values: Mapping[str, object]) -> tuple[str, ...]:
        """What the user says after each answer, in order; () where the record has nothing further."""
        if self.further is None:
            return ()
        values = self._fields(values)
        if not isinstance(self.further, Expression):
            said = [_render(template, {**values, TURN: n}) for n, template in enumerate(self.further, start=2)]
            if not all(text.strip() for text in said):
                raise BadRecord(
                    "turns", 'a turn has no text here; where records differ in turns, name a list: "{{ turns[1:] }}"'
                )
            return tuple(said)
        found = _evaluate(self.further, values)
        if not isinstance(found, list | tuple) or any(not isinstance(text, str) or not text.strip() for text in found):
            raise BadRecord("turns", f"{self.further.source} gives {short(found)}; expected a list of texts")
        if len(found) > MOST_TURNS:
            raise BadRecord("turns", f"there are {len(found):,} further turns; the most is {MOST_TURNS}")
        return tuple(found)

    def question(self, values: Mapping[str, object]) -> Message:
        """The last user turn alone: what an example repeats."""
        role, last = self.turns[-1]
        return self._led(Message(role, _said(role, last, values)), values)

    def target(self, values: Mapping[str, object], choices: tuple[str, ...]) -> str | None:
        """The right answer: for choices the text of the right one, else the rendered text; None where there is none.

        A template that reads `letters` names a letter and one that reads `choices` a text; any other may do either,
        and is refused where the two readings differ.
        """
        if self.goal is None:
            return None
        text = _render(self.goal, values)
        if choices and is_blank(text):
            raise BadRecord("target", "renders no text: the record has no right answer")
        return choices[self._index(text.strip(), choices)] if choices else text

    def _index(self, text: str, choices: tuple[str, ...]) -> int:
        assert self.goal is not None
        try:
            return place_of(text, choices, self.goal.names)
        except ValueError as error:
            raise BadRecord("target", str(error)) from error

    def answer(self, values: Mapping[str, object], choices: tuple[str, ...]) -> Message:
        """How an example is answered: the letter where options are shown by letter, else the target."""
        text = self.target(values, choices)
        if text is None:
            raise BadRecord("target", "examples need a right answer; write target")
        if self.letters:
            text = ascii_uppercase[choices.index(text)]
        return Message("assistant", text)

    def changes(self, record: Mapping[str, object]) -> JsonMap:
        """What the record changes in the state of its environment; {} for nothing. Raises BadRecord."""
        if self.begins is None:
            return {}
        found = _evaluate(self.begins, self._fields(record))
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise BadRecord("start", f"{self.begins.source} gives {short(found)}; expected a mapping")
        return found

    def critical(self, values: Mapping[str, object]) -> bool:
        """Whether the sample may not newly fail. Anything but true/1/yes and false/0/no/none/empty is refused."""
        if isinstance(self.urgent, bool):
            return self.urgent
        try:
            text = self.urgent.render(values).strip().lower()
        except BadTemplate as error:
            if error.null:
                return False
            raise _bad(self.urgent, error) from error
        if text in _YES:
            return True
        if text in _NO:
            return False
        raise BadRecord(
            "critical", f"renders {short(text)}; expected true or false, like \"{{{{ priority == 'P0' }}}}\""
        )


def _conversation(expression: Expression, values: Mapping[str, object]) -> Iterator[Message]:
    """The record's own turns. Raises BadRecord for what is no conversation that ends with the user."""
    found = _evaluate(expression, values)
    if not isinstance(found, list | tuple) or not found:
        raise BadRecord("messages", f"{expression.source} gives {short(found)}; expected a list of turns")
    if len(found) > MOST_MESSAGES:
        raise BadRecord("messages", f"there are {len(found):,} turns; the most is {MOST_MESSAGES:,}")
    n_open = 0  # calls whose results have not come yet
    ids: list[object] = []
    for turn in found:
        last = _turn(turn)
        if (last.role == "tool") != (n_open > 0):
            said = "a turn with calls is followed by as many turns of the role tool, in their order"
            raise BadRecord("messages", f"{said} (value seen: {short(turn)})")
        if last.role == "tool":
            named = turn.get("tool_call_id")
            if isinstance(named, str) and named in ids and named != ids[-n_open]:
                said = f"the result of the call {short(named)} stands at the place of the call {short(ids[-n_open])}"
                raise BadRecord("messages", f"{said}: write results in the order of their calls")
        elif last.calls:
            written = turn["tool_calls"]
            ids = [one.get("id") for one in (written if isinstance(written, list | tuple) else (written,))]
        n_open = n_open - 1 if last.role == "tool" else len(last.calls)
        yield last
    if n_open or last.role not in ("user", "tool") or (last.role == "user" and is_blank(last.text)):
        raise BadRecord(
            "messages", "the last turn is not the user's nor a call's result, or has no text: there is nothing to ask"
        )


def _turn(turn: object) -> Message:
    """One turn of a record. Raises BadRecord."""
    given: Mapping[str, object] = turn if isinstance(turn, Mapping) else {}
    role, content, written = given.get("role"), given.get("content"), given.get("tool_calls")
    calls = _calls(written) if written else ()
    content = "" if content is None and calls else content
    known = role in ("system", "user", "tool") if calls == () else False
    if isinstance(content, list):
        raise BadRecord(
            "messages",
            f"a turn of a record is one text; its pictures are named by `images` (value seen: {short(turn)})",
        )
    if not (known or role == "assistant") or not isinstance(content, str):
        raise BadRecord(
            "messages",
            "a turn is {role: system, user, assistant or tool, content: TEXT}, an assistant's perhaps with tool_calls "
            f"(value seen: {short(turn)})",
        )
    return Message(cast(Role, role), content, calls, failed=role == "tool" and given.get("failed") is True)


def _calls(written: object) -> tuple[ToolCall, ...]:
    """`tool_calls` as OpenAI writes them, or bare: {name, arguments}. Raises BadRecord."""
    found = []
    for one in written if isinstance(written, list | tuple) else (written,):
        inner = one.get("function", one) if isinstance(one, Mapping) else None
        name = inner.get("name") if isinstance(inner, Mapping) else None
        arguments = inner.get("arguments", {}) if isinstance(inner, Mapping) else None
        if isinstance(arguments, Mapping):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if not isinstance(name, str) or not name or not isinstance(arguments, str):
            raise BadRecord("messages", f"a call is {{name: NAME, arguments: {{...}}}} (value seen: {short(one)})")
        found.append(ToolCall(name, arguments))
    return tuple(found)


def _said(role: Role, template: Template | PartedTemplate, values: Mapping[str, object]) -> Content:
    """One turn; what the user says is never empty."""
    said: Content
    if isinstance(template, Template):
        said = _render(template, values)
    else:
        try:
            said = template.render(values)
        except BadTemplate as error:
            raise _bad(template, error) from error
    if role == "user" and isinstance(said, str) and is_blank(said):
        raise BadRecord(template.where, "renders no text: there is nothing to ask")
    return said


def _pictures(place: PicturePlace, values: Mapping[str, object]) -> tuple[Image, ...]:
    try:
        return place.images(values)
    except BadTemplate as error:
        raise _bad(place.template, error) from error


def _render(template: Template, values: Mapping[str, object]) -> str:
    try:
        return template.render(values)
    except BadTemplate as error:
        raise _bad(template, error) from error


def _evaluate(expression: Expression, values: Mapping[str, object]) -> object:
    try:
        return expression.value(values)
    except BadTemplate as error:
        raise _bad(expression, error) from error


def _bad(template: Template | Expression | PartedTemplate, error: BadTemplate) -> BadRecord:
    return BadRecord(template.where, str(error), final=isinstance(error, EndlessTemplate))
