"""A record's instructions (both forms read, kinds and parameters checked, before anything is sent), and a reply's mark.

The mark is strict and loose, by prompt and by instruction. Strict checks the reply as it is. Loose (IFEval's) lets an
instruction pass when any of eight forms of the reply passes: with and without its `*`, each whole, without its first
line, without its last line, and without both; it forgives "Sure, here it is:" and Markdown. The strict figure is the
score; loose ones are shown as parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.instructions import appearance, counts, forms, language, length, single_requests, wordplay
from evalkit.scorers.instructions.base import Kind, Parameters
from evalkit.scorers.options import OneOf, Text, did_you_mean, read
from evalkit.scorers.scores import graded, right_or_wrong, unscored
from evalkit.suite.wording import short

KINDS: Mapping[str, Kind] = {
    **appearance.KINDS, **language.KINDS, **length.KINDS, **counts.KINDS, **wordplay.KINDS, **forms.KINDS,
    **single_requests.KINDS,
}  # fmt: skip
_UNSEEN = {0xFEFF: None, 0x200B: None, 0x2060: None, 0xA0: " ", 0x202F: " ", 0x2007: " "}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a record, checked."""

    kind: str
    given: Parameters

    def check(self, reply: str) -> bool:
        """Whether the reply follows it; an empty reply follows nothing."""
        reply = plain(reply)
        return bool(reply.strip()) and KINDS[self.kind].check(reply, self.given)


def plain(text: str) -> str:
    """The text without what nobody sees: line ends are LF, no-break blanks are blanks, a byte order mark and characters
    without width (U+200B, U+2060) are gone, composed characters (Unicode's NFC) are one."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else normalize("NFC", text.translate(_UNSEEN))


def known_kinds() -> list[str]:
    """Every kind that can be checked, in alphabetical order."""
    return sorted(KINDS)


def read_instructions(fields: Mapping[str, object], field: str | None = None) -> tuple[Instruction, ...]:
    """The instructions of a record, from `field` or from whichever of the two forms it has; at least one.

    Raises SuiteError with every complaint: no instructions, unknown kinds, missing, unknown or unfit parameters.
    A parameter that is null counts as absent (some copies of IFEval list every parameter of every kind).
    """
    complaints: list[str] = []
    instructions = []
    for place, kind, parameters in _entries(fields, field):
        given: dict[str, object] = {name: value for name, value in parameters.items() if value is not None}
        complaints += [f"{place}: {complaint}" for complaint in _complaints(kind, given)]
        if "n_start" not in given:  # places in a text are counted in it as it stands
            given = {name: _plain_value(value) for name, value in given.items()}
        instructions.append(Instruction(kind, Parameters(given)))
    if complaints:
        raise SuiteError(complaints)
    return tuple(instructions)


def _plain_value(value: object) -> object:
    if isinstance(value, str):
        return plain(value)
    return [_plain_value(one) for one in value] if isinstance(value, list | tuple) else value


def _entries(fields: Mapping[str, object], field: str | None) -> Iterator[tuple[str, str, dict[str, object]]]:
    """(place, kind, parameters) of each instruction. Raises SuiteError when the record has another shape."""
    name = field or ("instructions" if "instructions" in fields else "instruction_id_list")
    entries = fields.get(name)
    if not isinstance(entries, list | tuple) or not entries:
        raise SuiteError(
            f"the record has no list of instructions in its field {name!r}: give "
            "`instructions: [{kind: ..., ...}]`, or IFEval's `instruction_id_list` and `kwargs`"
        )
    parameters = fields.get("kwargs")
    for i, entry in enumerate(entries):
        place = f"{name}[{i}]"
        if isinstance(entry, Mapping):
            yield place, str(entry.get("kind")), {key: value for key, value in entry.items() if key != "kind"}
        elif not isinstance(parameters, list | tuple) or len(parameters) != len(entries):
            raise SuiteError(f"{place}: the record's `kwargs` must be a list with one mapping for each instruction")
        elif not isinstance(given := parameters[i] or {}, Mapping):
            raise SuiteError(f"kwargs[{i}]: must be a mapping; it is {short(given)}")
        else:
            yield place, str(entry), dict(given)


def _complaints(kind: str, given: Mapping[str, object]) -> Iterator[str]:
    if kind not in KINDS:
        yield f"there is no instruction kind {kind!r}{did_you_mean(kind, KINDS)}; known: {', '.join(known_kinds())}"
        return
    known = {**KINDS[kind].needs, **KINDS[kind].takes}
    for name in KINDS[kind].needs:
        if name not in given:
            yield f"{kind} needs {name!r}"
    for name, value in given.items():
        if name not in known:
            yield f"{kind} has no parameter {name!r}{did_you_mean(name, known)}; it takes {', '.join(known) or 'none'}"
        elif not known[name][0](value):
            yield f"{kind}: {name!r} must be {known[name][1]}; it is {short(value)}"


def make(given: Mapping[str, object]) -> Scorer:
    """`level: prompt` (all followed: right) or `instruction` (the share that is followed); `field` names the list.

    The gold reply is the record's `example`; asking for it raises SuiteError when the record's instructions are
    not fit to be checked, so that `evalkit check` finds them all.
    """
    options = read("instructions", given, {"level": OneOf(("prompt", "instruction"), "prompt"), "field": Text()})
    by_instruction, field = options.text("level") == "instruction", options.optional_text("field")

    def score(sample: Sample, response: Response) -> Score:
        try:
            instructions = read_instructions(sample.fields, field)
        except SuiteError as error:
            return unscored(str(error))
        return score_reply(instructions, response.text, by_instruction=by_instruction)

    def gold(sample: Sample) -> str | None:
        read_instructions(sample.fields, field)
        example = sample.fields.get("example")
        return example if isinstance(example, str) else None

    return Scorer("instructions", 5, score, gold, options=options, whole=True)


def score_reply(instructions: tuple[Instruction, ...], reply: str, *, by_instruction: bool) -> Score:
    """Parts: `instruction_strict` and `instruction_loose` are shares, `prompt_loose` is 1 or 0."""
    strict = follows_strictly(instructions, reply)
    loose = strict if all(strict) else follows_loosely(instructions, reply)
    n = len(instructions)
    parts = {
        "instruction_strict": sum(strict) / n,
        "prompt_loose": float(all(loose)),
        "instruction_loose": sum(loose) / n,
    }
    missed = [instruction.kind for instruction, followed in zip(instructions, strict, strict=True) if not followed]
    reason = f"not followed: {', '.join(missed)}" if missed else None
    if by_instruction:
        return graded(parts["instruction_strict"], None, reason, parts)
    return right_or_wrong(not missed, None, reason, parts)


def follows_strictly(instructions: tuple[Instruction, ...], reply: str) -> list[bool]:
    """For each instruction, whether the reply as it is follows it."""
    return [instruction.check(reply) for instruction in instructions]


def follows_loosely(instructions: tuple[Instruction, ...], reply: str) -> list[bool]:
    """For each instruction, whether any of the eight forms of the reply follows it."""
    forms = _forms(reply)
    return [any(instruction.check(form) for form in forms) for instruction in instructions]


def _forms(reply: str) -> list[str]:
    """The different ones among the eight forms; blank ones follow nothing and are left out."""
    lines = reply.split("\n")
    cut = [reply, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    forms = dict.fromkeys(form for text in cut for form in (text, text.replace("*", "")))
    return [form for form in forms if form.strip()]
