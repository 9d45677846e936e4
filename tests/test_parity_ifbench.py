"""IFBench's own verdicts on a model's first 200 replies, strict and loose."""

from __future__ import annotations

from pathlib import Path

from evalkit.scorers.instructions import follows_loosely, follows_strictly, read_instructions
from tests.parity import records

DIFFER = [
    # Two sentences and two bullets once the last line is gone; IFBench says no, and does not say why.
    ("98", "format:no_bullets_bullets", "loose"),
]


def test_verdicts_agree_with_ifbenchs_own(shared_data: Path) -> None:
    folder = shared_data / "ifbench"
    items = {item["key"]: item for item in records(folder / "IFBench_test.jsonl.gz")}
    n, differ = 0, []
    for output in records(folder / "sample_output_first200.jsonl.gz"):
        item = items[output["key"]]
        instructions = read_instructions(item)
        strict = follows_strictly(instructions, output["response"])
        loose = strict if all(strict) else follows_loosely(instructions, output["response"])
        for name, ours in (("strict", strict), ("loose", loose)):
            for kind, mine, theirs in zip(item["instruction_id_list"], ours, output[name], strict=True):
                n += 1
                if mine != theirs:
                    differ.append((output["key"], kind, name))
    assert n == 464
    assert differ == DIFFER
    assert 1 - len(differ) / n >= 0.995


def test_every_prompt_of_ifbench_can_be_checked(shared_data: Path) -> None:
    assert (
        sum(len(read_instructions(item)) for item in records(shared_data / "ifbench" / "IFBench_test.jsonl.gz")) == 344
    )
