"""A task's templates, compiled, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from evalkit.frozen import dataclass
from evalkit.records import Role
from evalkit.suite.picture_places import PartedTemplate, PicturePlace
from evalkit.suite.pictures import Pictures
from evalkit.suite.prompts import INSTRUCTION, OPTION_NAMES, TURN, Prompt
from evalkit.suite.schema import Mode, TaskEntry
from evalkit.suite.schema.turns import PartEntry
from evalkit.suite.templates import EVERY_FIELD, ROW, BadTemplate, Expression, Template
from evalkit.suite.tools import LISTED, LISTED_FOR_AGENTS, Offer, read_tools

if TYPE_CHECKING:
    from evalkit.suite.environments import Environment

_Turns: TypeAlias = list[tuple[Role, Template | PartedTemplate]]


def compile_prompt(
    entry: TaskEntry, environment: Environment | None = None, pictures: Pictures | None = None
) -> tuple[Prompt | None, list[tuple[str, str]]]:
    """The task's templates, or None and what is wrong with them as (key, half a sentence) pairs. The tools of an
    `environment` are offered as those of `tools` are. `pictures` finds those that the task shows (None: in the
    working folder)."""
    wrong: list[tuple[str, str]] = []

    read = _Reading(Pictures(Path()) if pictures is None else pictures, wrong)
    whole = _expression(entry.messages, "messages", wrong) if isinstance(entry.messages, str) else None
    turns = [(role, read.turn(source, key)) for role, source, key in _written_turns(entry)]
    lead = read.images(entry.images)
    options: tuple[Template | None, ...] | Expression | None = None
    if isinstance(entry.choices, str):
        options = _expression(entry.choices, "choices", wrong)
    elif entry.choices is not None:
        options = tuple(read.text(source, f"choices[{i}]") for i, source in enumerate(entry.choices))
    goal = None if entry.target is None else read.text(entry.target, "target")
    urgent = entry.critical if isinstance(entry.critical, bool) else read.text(entry.critical, "critical")
    further: tuple[Template | None, ...] | Expression | None = None
    if isinstance(entry.turns, str):
        further = _expression(entry.turns, "turns", wrong)
    elif entry.turns is not None:
        further = tuple(read.text(source, f"turns[{i}]") for i, source in enumerate(entry.turns))
    offer = _offer(entry, wrong) if environment is None else _offer_of(environment, entry)
    wrong += _told(entry, goal)
    begins = None if entry.start is None else _expression(entry.start, "start", wrong)
    if wrong:
        return None, wrong

    ready = [(role, template) for role, template in turns if template is not None]
    shown = frozenset().union(*(template.names for _, template in ready)) & OPTION_NAMES if ready else frozenset()
    mode: Mode = entry.mode or "generate"
    appended = bool(ready) and entry.choices is not None and mode != "likelihood" and not shown
    if appended:
        role, last = ready[-1]
        ready[-1] = (role, _followed_by(last, INSTRUCTION))
    ready = _with_functions(ready, offer, LISTED if environment is None else LISTED_FOR_AGENTS)
    by_letter = appended or bool(shown & {"letters", "options"})
    names = frozenset().union(*(template.names for _, template in ready)) if ready else frozenset()
    if entry.choices is not None:
        names -= OPTION_NAMES
    said = [] if further is None else [further] if isinstance(further, Expression) else [t for t in further if t]
    if further is not None:
        names = names.union(*(template.names for template in said)) - {TURN}
    names = names.union(*(template.fields for _, template in ready), *(template.fields for template in said))
    names |= whole.reads if whole is not None else frozenset()
    names |= frozenset(entry.send) | (begins.reads if begins is not None else frozenset())
    places = _places(ready, lead)
    located_by = frozenset().union(*(place.reads for place in places))
    every = [*(template for _, template in ready), *said, goal, whole, begins]
    every += [place.template for place in places]
    every += [options] if isinstance(options, Expression) else [*(options or ())]
    every += [item for item in (urgent, offer.declared if offer else None) if isinstance(item, Template | Expression)]
    if entry.permute is not None and ready:
        wrong += _unmovable(entry, options, shows=appended or bool(shown), read=names)
    if wrong:
        return None, wrong
    prompt = Prompt(
        turns=tuple(ready),
        options=options,  # type: ignore[arg-type]  # no None among them: every failure is in `wrong`
        goal=goal,
        urgent=False if urgent is None else urgent,
        mode=mode,
        letters=entry.choices is not None and mode != "likelihood" and by_letter,
        instruction=INSTRUCTION if appended else None,
        reads=(names if offer is None else (names - {"tools"}) | offer.reads) | located_by,
        conversation=whole,
        by_row=any(template is not None and template.names & ROW for template in every),
        shows=appended or bool(shown),
        further=further,  # type: ignore[arg-type]  # as above
        offer=offer,
        begins=begins,
        lead=lead,
        located_by=located_by - names - {EVERY_FIELD},
        pictures=read.pictures if places else None,
    )
    return prompt, []


@dataclass(frozen=True, slots=True)
class _Reading:
    """Compiles templates; what is wrong with one goes to `wrong`."""

    pictures: Pictures
    wrong: list[tuple[str, str]]

    def text(self, source: str, key: str) -> Template | None:
        try:
            return Template(source, key)
        except BadTemplate as error:
            self.wrong.append((key, str(error)))
            return None

    def shown(self, source: str, key: str) -> PicturePlace | None:
        try:
            return PicturePlace.of(source, key, self.pictures)
        except BadTemplate as error:
            self.wrong.append((key, str(error)))
            return None

    def images(self, written: str | tuple[str, ...] | None) -> tuple[PicturePlace, ...]:
        """The pictures that a task's `images` names."""
        each = () if written is None else (written,) if isinstance(written, str) else written
        found = [self.shown(one, f"images[{n}]" if len(each) > 1 else "images") for n, one in enumerate(each)]
        return tuple(place for place in found if place is not None)

    def turn(self, source: str | tuple[PartEntry, ...], key: str) -> Template | PartedTemplate | None:
        if isinstance(source, str):
            return self.text(source, key)
        parts: list[Template | PicturePlace | None] = []
        for n, one in enumerate(source):
            at = f"{key}[{n}]"
            parts.append(self.text(one.text or "", at) if one.image is None else self.shown(one.image, at))
        return PartedTemplate(tuple(part for part in parts if part is not None), key)


def _followed_by(turn: Template | PartedTemplate, text: str) -> Template | PartedTemplate:
    """The turn with more text at its end."""
    if isinstance(turn, PartedTemplate):
        return turn.followed_by(text)
    # The source's own last newline would be dropped by Jinja where the template ends, so it is dropped here.
    return Template(turn.source.removesuffix("\n") + text, turn.where)


def _places(turns: _Turns, lead: Iterable[PicturePlace]) -> list[PicturePlace]:
    """Where the question shows pictures."""
    found = [*lead]
    for _, turn in turns:
        found += turn.shown if isinstance(turn, PartedTemplate) else ()
    return found


def _written_turns(entry: TaskEntry) -> Iterator[tuple[Role, str | tuple[PartEntry, ...], str]]:
    """The turns that the suite writes: role, template or parts, and where it stands."""
    if entry.system is not None:
        yield "system", entry.system, "system"
    if not isinstance(entry.messages, str):
        for i, turn in enumerate(entry.messages or ()):
            yield turn.role, turn.content, f"messages[{i}].content"
    if entry.prompt is not None:
        yield "user", entry.prompt, "prompt"


def _expression(source: str, key: str, wrong: list[tuple[str, str]]) -> Expression | None:
    try:
        return Expression(source, key)
    except BadTemplate as error:
        wrong.append((key, str(error)))
        return None


def _told(entry: TaskEntry, goal: Template | None) -> Iterator[tuple[str, str]]:
    """Why a field cannot be sent, as (key, half a sentence) pairs: it would tell the right answer."""
    if not entry.send or goal is None:
        return
    if EVERY_FIELD in goal.fields:
        yield (
            "send",
            "cannot stand beside a target that reads the record as a whole; name the field of the right answer",
        )
    for name in sorted(goal.reads & frozenset(entry.send)):
        yield "send", f"{name!r} is what the right answer is made of, and an application would be told it"


def _unmovable(
    entry: TaskEntry, options: tuple[Template | None, ...] | Expression | None, *, shows: bool, read: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Why the options cannot be asked in another order, as (key, half a sentence) pairs."""
    if options is None:
        yield "permute", "moves the options of a multiple choice, and this task has no choices"
        return
    if not shows:
        yield (
            "permute",
            "would change nothing: the prompt does not show its options; write {{ options }} where they should stand",
        )
    fields = options.reads if isinstance(options, Expression) else {t.source.strip("{} -") for t in options if t}
    if both := sorted(fields & read):
        yield (
            "permute",
            f"cannot move the options: the prompt reads {{{{ {both[0]} }}}} itself, and would show it where it was; "
            "write {{ options }} or {{ choices[0] }} there",
        )


def _with_functions(turns: _Turns, offer: Offer | None, listed: str) -> _Turns:
    """The conversation with the functions listed before its system prompt, where no template lists them itself."""
    if offer is None or offer.native or any("tools" in template.names for _, template in turns):
        return turns
    own, rest = (str(turns[0][1].source), turns[1:]) if turns and turns[0][0] == "system" else (None, turns)
    return [("system", Template(listed if own is None else f"{listed}\n\n{own}", "system")), *rest]


def _offer_of(environment: Environment, entry: TaskEntry) -> Offer:
    """The tools of an environment, the same for every sample."""
    declared = [{"name": t.name, "description": t.description, "parameters": t.parameters} for t in environment.tools]
    unlisted = environment.live is not None and environment.listed is None
    return Offer(tuple(declared), entry.interface != "text", unlisted=unlisted)


def _offer(entry: TaskEntry, wrong: list[tuple[str, str]]) -> Offer | None:
    """The task's functions; None where it has none, or where they go to `wrong`."""
    if entry.tools is None:
        return None
    native = entry.interface != "text"
    try:
        if isinstance(entry.tools, str):
            return Offer(Expression(entry.tools, "tools"), native)
        read_tools(entry.tools)  # what is the same for all samples is wrong once, not once a sample
    except (BadTemplate, ValueError) as error:
        wrong.append(("tools", str(error)))
        return None
    return Offer(entry.tools, native)
