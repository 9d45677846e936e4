"""A task's templates, compiled, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.records import Role
from evalkit.suite.environments import Environment
from evalkit.suite.prompts import INSTRUCTION, OPTION_NAMES, TURN, Prompt
from evalkit.suite.schema import Mode, TaskEntry
from evalkit.suite.templates import EVERY_FIELD, ROW, BadTemplate, Expression, Template
from evalkit.suite.tools import LISTED, LISTED_FOR_AGENTS, Offer, read_tools


def compile_prompt(
    entry: TaskEntry, environment: Environment | None = None
) -> tuple[Prompt | None, list[tuple[str, str]]]:
    """The task's templates, or None and what is wrong with them as (key, half a sentence) pairs. The tools of an
    `environment` are offered as those of `tools` are."""
    wrong: list[tuple[str, str]] = []

    def compiled(source: str, key: str) -> Template | None:
        try:
            return Template(source, key)
        except BadTemplate as error:
            wrong.append((key, str(error)))
            return None

    whole = _expression(entry.messages, "messages", wrong) if isinstance(entry.messages, str) else None
    turns = [(role, compiled(source, key)) for role, source, key in _written_turns(entry)]
    options: tuple[Template | None, ...] | Expression | None = None
    if isinstance(entry.choices, str):
        options = _expression(entry.choices, "choices", wrong)
    elif entry.choices is not None:
        options = tuple(compiled(source, f"choices[{i}]") for i, source in enumerate(entry.choices))
    goal = None if entry.target is None else compiled(entry.target, "target")
    urgent = entry.critical if isinstance(entry.critical, bool) else compiled(entry.critical, "critical")
    further: tuple[Template | None, ...] | Expression | None = None
    if isinstance(entry.turns, str):
        further = _expression(entry.turns, "turns", wrong)
    elif entry.turns is not None:
        further = tuple(compiled(source, f"turns[{i}]") for i, source in enumerate(entry.turns))
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
        # The source's own last newline would be dropped by Jinja where the template ends, so it is dropped here.
        ready[-1] = (role, Template(last.source.removesuffix("\n") + INSTRUCTION, last.where))
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
    names |= frozenset(entry.send)
    names |= begins.reads if begins is not None else frozenset()
    every = [*(template for _, template in ready), *said, goal, whole, begins]
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
        reads=names if offer is None else (names - {"tools"}) | offer.reads,
        conversation=whole,
        by_row=any(template is not None and template.names & ROW for template in every),
        shows=appended or bool(shown),
        further=further,  # type: ignore[arg-type]  # as above
        offer=offer,
        begins=begins,
    )
    return prompt, []


def _written_turns(entry: TaskEntry) -> Iterator[tuple[Role, str, str]]:
    """The turns that the suite writes: role, template, and where it stands."""
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


def _with_functions(
    turns: list[tuple[Role, Template]], offer: Offer | None, listed: str
) -> list[tuple[Role, Template]]:
    """The conversation with the functions listed before its system prompt, where no template lists them itself."""
    if offer is None or offer.native or any("tools" in template.names for _, template in turns):
        return turns
    own, rest = (turns[0][1].source, turns[1:]) if turns and turns[0][0] == "system" else (None, turns)
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
