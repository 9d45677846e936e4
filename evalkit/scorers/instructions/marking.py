"""The mark of a reply against its instructions: strict and loose, by prompt and by instruction.

Strict checks the reply as it is. Loose (IFEval's) lets an instruction pass when any of eight forms of the reply passes:
with and without its `*`, each whole, without its first line, without its last line, and without both; it forgives
"Sure, here it is:" and Markdown. The strict figure is the score; loose ones are shown as parts.
"""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.instructions.reading import Instruction, read_instructions
from evalkit.scorers.options import OneOf, Text, read
from evalkit.scorers.scores import graded, right_or_wrong, unscored


def make(given: Mapping[str, object]) -> Scorer:
    """`level: prompt` (all followed: right) or `instruction` (the share that is followed); `field` names the list.

    The gold reply is the record's `example`; asking for it raises SuiteError when the record's instructions are
    not fit to be checked, so that `evalkit check` finds them all.
    """
    options = read("instructions", given, {"level": OneOf(("prompt", "instruction"), "prompt"), "field": Text()})
    by_instruction, field = options.text("level") == "instruction", options.optional_text("field")

    def mark(sample: Sample, response: Response) -> Score:
        try:
            instructions = read_instructions(sample.fields, field)
        except SuiteError as error:
            return unscored(str(error))
        return score_reply(instructions, response.text, by_instruction=by_instruction)

    def gold(sample: Sample) -> str | None:
        read_instructions(sample.fields, field)
        example = sample.fields.get("example")
        return example if isinstance(example, str) else None

    return Scorer("instructions", 4, mark, gold, options=options, whole=True)


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
