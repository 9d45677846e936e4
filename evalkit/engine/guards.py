"""Guards of pipelines, ready to be asked: what they are shown, and what of their words blocks.

guard = ReadyGuard.of(entry, options, "models.safe.before", "before") # SuiteError with every complaint
guard.blocks(response, "guard")                                  # "unsafe\\nS1" -> True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from unicodedata import category, normalize

from evalkit.adapters.application_options import Path
from evalkit.adapters.base import Adapter
from evalkit.adapters.json_paths import ABSENT, read_path
from evalkit.adapters.pipeline import GuardEntry, GuardWords, PipelineOptions
from evalkit.errors import BadReply, SuiteError, Unsupported
from evalkit.reasoning import answer_of
from evalkit.records import Message, Request, Response
from evalkit.scorers.patterns import Pattern
from evalkit.scorers.structure import NotJson, find_json, parse
from evalkit.suite.templates import BadTemplate, Template
from evalkit.suite.wording import near, short

VARIABLES = frozenset({"prompt", "messages", "system", "answer"})
_DECLINED = frozenset({"refusal", "content_filter"})
_WORDS = " \t\r.,:;!*_`\"'#[]()<>"


@dataclass(frozen=True, slots=True)
class ReadyGuard:
    """One guard, ready to be asked."""

    by: str
    role: Literal["before", "behind"]
    blocked: BlockRule
    passed: BlockRule | None
    turns: tuple[tuple[Literal["system", "user"], Template], ...]
    """What it is asked; empty: what it guards, as it is."""

    @classmethod
    def of(cls, entry: GuardEntry, options: PipelineOptions, place: str, role: str) -> ReadyGuard:
        """Raises SuiteError."""
        wrong: list[str] = []
        blocked, passed = entry.blocked or options.blocked, entry.passed or options.passed
        if blocked is None:
            wrong.append(f"{place}: nothing says what counts as blocked; write blocked: unsafe, or what it says then")
        turns: list[tuple[Literal["system", "user"], Template]] = []
        if entry.system is not None and entry.prompt is None:
            wrong.append(f"{place}.system: belongs to a prompt of its own")
        written: tuple[tuple[Literal["system", "user"], str, str | None], ...] = (
            ("system", "system", entry.system),
            ("user", "prompt", entry.prompt),
        )
        for who, key, source in written:
            if source is None:
                continue
            try:
                template = Template(source, key)
            except BadTemplate as error:
                wrong.append(f"{place}.{key}: {error}")
                continue
            known = VARIABLES - ({"answer"} if role == "before" else set())
            wrong += [
                f"{place}.{key}: {{{{ {one} }}}} is nothing that a guard {role} it is shown; {near(one, known)}"
                for one in sorted(template.names - known)
            ]
            turns.append((who, template))
        rules = [_rule(said, f"{place}.{key}", wrong) for said, key in ((blocked, "blocked"), (passed, "passed"))]
        if wrong or rules[0] is None:
            raise SuiteError(wrong)
        return cls(entry.by, "before" if role == "before" else "behind", rules[0], rules[1], tuple(turns))

    def request(self, asked: Request, answer: str | None, guard: Adapter) -> Request:
        """What the guard is sent. Raises Unsupported where its prompt cannot be made."""
        settings = guard.spec.settings
        record = asked.record if guard.capabilities.record else {}
        if not self.turns:
            messages = asked.messages if answer is None else (Message("user", answer),)
            return Request(messages, settings, record=record, sample_id=asked.sample_id, repeat=asked.repeat)
        values: dict[str, object] = {
            "prompt": asked.prompt,
            "messages": [{"role": one.role, "content": one.text} for one in asked.messages],
            "system": "\n\n".join(one.text for one in asked.messages if one.role == "system"),
        }
        values |= {} if answer is None else {"answer": answer}
        try:
            messages = tuple(Message(who, template.render(values)) for who, template in self.turns)
        except BadTemplate as error:
            raise Unsupported(f"models.{guard.spec.name}: the prompt of the guard {error}", sent=False) from error
        return Request(messages, settings, record=record, sample_id=asked.sample_id, repeat=asked.repeat)

    def blocks(self, said: Response, name: str) -> bool:
        """Whether it blocks. A guard that declines to look blocks too. Raises BadReply where it says neither, or
        nothing that the rule can read."""
        if said.stop_reason in _DECLINED:
            return True
        text = answer_of(said.text)
        if self.blocked.holds(text) or self.blocked.holds(_as_read(text)):
            return True
        if self.passed is not None and not self.passed.holds(text):
            raise BadReply(
                f"models.{name}: the guard said neither that it blocks nor that it passes: {short(text, 200)}"
            )
        if self.passed is None and (lacking := self.blocked.lacking(text)):
            raise BadReply(
                f"models.{name}: the guard's reply {lacking}, so that nobody knows whether it passes: "
                f"{short(text, 200)}. Let it say a word, or a number, where it passes too"
            )
        return False


@dataclass(frozen=True, slots=True)
class BlockRule:
    """A compiled verdict."""

    said: GuardWords
    pattern: Pattern | None

    def holds(self, text: str) -> bool:
        """Whether the guard says it."""
        said, folded_text = self.said, text.casefold()
        if said.label:
            line = text.strip().partition("\n")[0].casefold()
            first = line.split()[0] if line.split() else ""
            return bool({line.strip(_WORDS), first.strip(_WORDS)} & {one.casefold() for one in said.label})
        if said.text:
            return any(one.casefold() in folded_text for one in said.text)
        if self.pattern is not None:
            return self.pattern.found(text)
        return self._in_json(text, str(said.json_at))

    def lacking(self, text: str) -> str:
        """Why a reply is none to this rule, so that it cannot be taken for a pass; "" where it is one."""
        if not text.strip():
            return "is empty"
        if self.said.json_at is None:
            return ""
        try:
            value = self._value(text, str(self.said.json_at))
        except NotJson:
            return "is no JSON"
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if self.said.above is None or is_number else f"has no number at {self.said.json_at}"

    def _value(self, text: str, at: Path) -> object:
        """Raises NotJson."""
        return read_path(at).of(parse(find_json(text, "any")))

    def _in_json(self, text: str, at: Path) -> bool:
        said = self.said
        try:
            value = self._value(text, at)
        except NotJson:
            return False
        if said.above is not None:
            return isinstance(value, int | float) and not isinstance(value, bool) and value > said.above
        if not said.values:
            return value is True
        word = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        return value is not ABSENT and word.casefold() in {one.casefold() for one in said.values}


def _as_read(text: str) -> str:
    """The reply as a person reads it: full-width letters as letters, and no signs that nobody sees."""
    return "".join(sign for sign in normalize("NFKC", text) if category(sign) != "Cf")


def _rule(said: GuardWords | None, place: str, wrong: list[str]) -> BlockRule | None:
    if said is None or said.regex is None:
        return None if said is None else BlockRule(said, None)
    try:
        return BlockRule(said, Pattern.compile(said.regex))
    except SuiteError as error:
        wrong += [f"{place}: {one}" for one in error.complaints]
        return None
