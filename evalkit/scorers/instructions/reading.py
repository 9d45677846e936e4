"""From a record to its instructions: both forms read, kinds and parameters checked, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from evalkit.errors import SuiteError
from evalkit.scorers.instructions import appearance, counts, forms, language, length, single_requests, wordplay
from evalkit.scorers.instructions.base import Kind, Parameters
from evalkit.scorers.options import did_you_mean

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
            raise SuiteError(f"kwargs[{i}]: must be a mapping; it is {given!r}")
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
            yield f"{kind}: {name!r} must be {known[name][1]}; it is {value!r}"
