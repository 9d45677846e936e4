"""Rows of the precision-recall table of extraction for scorers of texts: instructions, BBH.

    EVALKIT_TEST_DATA=... uv run python -m benchmarks.extraction_texts        # the rows, in Markdown

Each source yields (reply, the published verdict, evalkit's verdict).
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from evalkit.records import Message, Outcome, Response, Sample, Timing
from evalkit.scorers.instructions import follows_strictly, read_instructions
from evalkit.scorers.outcomes import score_response
from evalkit.scorers.registry import make_scorer

Verdict = tuple[str, bool, bool]


def ifeval(data: Path) -> Iterator[Verdict]:
    """Strict verdicts of four models, one an instruction."""
    asked = {}
    for line in (data / "ifeval/en_input_data_mifeval.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        kinds = [kind.removeprefix("en:") for kind in record["instruction_id_list"]]
        asked[record["key"]] = read_instructions({"instruction_id_list": kinds, "kwargs": record["kwargs"]})
    for path in sorted((data / "ifeval/responses").glob("*.jsonl.gz")):
        for row in _records(path):
            ours = follows_strictly(asked[row["key"]], row["response"])
            yield from ((row["response"], bool(v), own) for v, own in zip(row["strict"], ours, strict=True))


def bbh(data: Path) -> Iterator[Verdict]:
    """Chain-of-thought replies: the published rule's verdict, and that of the built-in task."""
    take: dict[str, Any] = {"after": "answer is", "pick": "first"}
    published = make_scorer("exact", {"take": {**take, "drop": "."}})
    built_in = make_scorer("exact", {"take": take, "ignore_wrapping": True, "ignore_case": True})
    for path in sorted((data / "bbh").glob("*.jsonl.gz")):
        for row in _records(path):
            item = Sample(
                task="bbh", id="1", digest="d", target_digest="t", occurrence=0,
                messages=(Message("user", "?"),), target=row["target"], choices=(), fields={},
            )  # fmt: skip
            reply = Response(text=row["cot"], stop_reason="stop", timing=Timing(sent_at=0.0, total_s=0.1))
            theirs, ours = (
                score_response(item, reply, scorer).outcome is Outcome.RIGHT for scorer in (published, built_in)
            )
            yield row["cot"], theirs, ours


SOURCES: dict[str, Callable[[Path], Iterator[Verdict]]] = {
    "IFEval, four models, strict verdicts": ifeval,
    "BBH, chain of thought, published rule beside the built-in task": bbh,
}


def _records(path: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines() if line)


def main() -> None:
    """Prints a row a source: verdicts, alike, right here alone, right there alone."""
    data = Path(os.environ["EVALKIT_TEST_DATA"])
    print("| source | verdicts | alike | right here alone | right there alone |\n|---|---|---|---|---|")
    for name, read in SOURCES.items():
        found = [(theirs, ours) for _, theirs, ours in read(data)]
        here = sum(ours and not theirs for theirs, ours in found)
        there = sum(theirs and not ours for theirs, ours in found)
        print(f"| {name} | {len(found):,} | {len(found) - here - there:,} | {here} | {there} |")


if __name__ == "__main__":
    main()
