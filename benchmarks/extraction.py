"""How well answers are read from replies: the precision-recall table of docs/scoring.md.

    EVALKIT_TEST_DATA=... uv run python -m benchmarks.extraction            # the table, in Markdown
    EVALKIT_TEST_DATA=... uv run python -m benchmarks.extraction --list     # and every reply that was read otherwise

A source is a set of replies whose verdict is known: published by somebody else, or written down by hand. To add one,
write a function that yields `Reading`s and put it into SOURCES.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.records import Message, Outcome, Response, Sample, Score, Timing
from evalkit.scorers.outcomes import score_response
from evalkit.scorers.registry import make_scorer


@dataclass(frozen=True, slots=True)
class Reading:
    """One reply: what it should be, and what evalkit made of it."""

    reply: str
    right: bool
    """The published or written verdict."""
    score: Score
    accepted: bool | None = None
    """Whether the mark is one that the verdict allows; None: by `right` alone."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. Counts of replies."""

    source: str
    n: int
    read: int
    """An answer was read, right or wrong."""
    agree: int
    """The verdict is the published one; an answer that was not read agrees with "wrong"."""
    missed: int
    """Right by the published verdict, and no answer was read."""
    false_right: int
    """Right here, and not by the published verdict."""

    @classmethod
    def of(cls, source: str, readings: list[Reading]) -> Row:
        """The counts over all readings of a source."""
        ours = [reading.score.outcome is Outcome.RIGHT for reading in readings]
        unread = [reading.score.outcome not in (Outcome.RIGHT, Outcome.WRONG) for reading in readings]
        pairs = list(zip(readings, ours, unread, strict=True))
        return cls(
            source,
            n=len(readings),
            read=unread.count(False),
            agree=sum(
                own == reading.right if reading.accepted is None else reading.accepted for reading, own, _ in pairs
            ),
            missed=sum(reading.right and not_read for reading, _, not_read in pairs),
            false_right=sum(own and not reading.right for reading, own, _ in pairs),
        )


def main() -> int:
    """Print the table. Exit code 2 without data."""
    folder = os.environ.get("EVALKIT_TEST_DATA")
    if not folder:
        print("set EVALKIT_TEST_DATA to the folder of published outputs", file=sys.stderr)
        return 2
    print("| source | n | read | agree | missed | false right |\n|---|---|---|---|---|---|")
    for name, source in SOURCES.items():
        readings = list(source(Path(folder)))
        row = Row.of(name, readings)
        print(
            f"| {name} | {row.n:,} | {row.read:,} | {row.agree:,} | {row.missed:,} | {row.false_right:,} |", flush=True
        )
        if "--list" in sys.argv[1:]:
            for reading in readings:
                _print_other(name, reading)
    return 0


def _print_other(name: str, reading: Reading) -> None:
    ours = reading.score.outcome is Outcome.RIGHT
    if ours != reading.right if reading.accepted is None else not reading.accepted:
        wanted = "right" if reading.right else "not right"
        print(f"{name}: {wanted}, here {reading.score.outcome} {reading.score.extracted!r} ({reading.score.reason}):")
        print("   ", repr(reading.reply[-300:]))


def mmlu_pro(model: str, options: dict[str, Any]) -> Callable[[Path], Iterator[Reading]]:
    """A model's replies to MMLU-Pro against the letters that its file holds."""

    def read(data: Path) -> Iterator[Reading]:
        items = {item["question_id"]: item for item in _records(data / "mmlu_pro" / "items.jsonl.gz")}
        scorer = make_scorer("choice", options)
        for output in _records(data / "mmlu_pro" / "outputs" / f"{model}.jsonl.gz"):
            item = items[output["question_id"]]
            # 36 items had other options when the model was asked.
            key, choices = output.get("answer_at_run"), tuple(item["options"])
            if key is not None:
                choices += tuple(f"-{n}-" for n in range(len(choices), 10))
            target = choices["ABCDEFGHIJ".index(key or item["answer"])]
            said = output["source_pred"]
            right = said is not None and choices["ABCDEFGHIJ".index(said) :][:1] == (target,)
            yield Reading(output["output"], right, _marked(target, choices, output["output"], scorer))

    return read


_OPTION = re.compile(r"^\(([A-Z])\) (.*)$", re.MULTILINE)
_DASHED = re.compile(r"^- (.*)$", re.MULTILINE)


def bbh(way: str, words: bool) -> Callable[[Path], Iterator[Reading]]:
    """BIG-Bench Hard's tasks with options: letters, or words such as yes and no. Published: exact match."""

    def read(data: Path) -> Iterator[Reading]:
        scorer = make_scorer("choice", {"pick": "first"})
        for path in sorted((data / "bbh").glob("*.jsonl.gz")):
            for row in _records(path):
                _, _, listed = row["input"].partition("Options:\n")
                choices = tuple(_DASHED.findall(listed)) if words else tuple(t for _, t in _OPTION.findall(listed))
                if len(choices) < 2:
                    continue
                answer = row[way].rsplit("answer is ", 1)[-1] if way == "cot" else row[way]
                yield Reading(
                    row[way],
                    answer.strip().removesuffix(".") == row["target"],
                    _marked(row["target"].strip("()") if not words else row["target"], choices, row[way], scorer),
                )

    return read


def pubmedqa(data: Path) -> Iterator[Reading]:
    """What the two people said who answered PubMedQA."""
    scorer = make_scorer("choice", {})
    for record in _records(data / "pubmedqa" / "pqal_nontest.jsonl.gz"):
        for who in ("reasoning_required_pred", "reasoning_free_pred"):
            target = record["final_decision"]
            yield Reading(
                record[who], record[who] == target, _marked(target, ("yes", "no", "maybe"), record[who], scorer)
            )


def own_replies(data: Path) -> Iterator[Reading]:
    """The table of tests/choice_replies.py: each reply against each of its choices as the right one."""
    from tests.choice_replies import GROUPS

    del data
    scorer = make_scorer("choice", {})
    for _, choices, rows in GROUPS:
        for reply, read in rows:
            for index, target in enumerate(choices):
                score = _marked(target, choices, reply, scorer)
                right = "ABCDEFGHIJ"[index] == read[0]
                missed = score.outcome not in (Outcome.RIGHT, Outcome.WRONG)
                accepted = missed if read == "-" else (score.outcome is Outcome.RIGHT) == right or (
                    missed and read.endswith("-")
                )  # fmt: skip
                if right or read == "-":
                    yield Reading(reply, right, score, accepted or (missed and not right))


def found_cases(data: Path) -> Iterator[Reading]:
    """The cases of outside tests, where they lie beside the data."""
    path = data.parent / "findings" / "scoring" / "cases.jsonl"
    for case in _records(path) if path.exists() else ():
        if "choice" not in case["kind"] or "think" in case["kind"] or not isinstance(case["input"], dict):
            continue
        record = case["input"].get("record") or {}
        if (
            case["input"]["task"].get("score") == "choice"
            and "c" in record
            and record["a"] in (*record["c"], *"ABCDEFGHIJ")
        ):
            wanted = [word.strip() for word in case["expected"].split("|")]
            score = _marked(record["a"], tuple(record["c"]), case["input"]["reply"], make_scorer("choice", {}))
            yield Reading(case["input"]["reply"], "right" in wanted, score, score.outcome.value in wanted)


SOURCES: dict[str, Callable[[Path], Iterator[Reading]]] = {
    "choice: MMLU-Pro, Gemini 1.5 Flash": mmlu_pro("gemini-1.5-flash-002", {}),
    "choice: MMLU-Pro, Llama 3.1 8B": mmlu_pro("Meta-Llama-3_1-8B-Instruct", {}),
    "choice: MMLU-Pro, Llama 3 70B (`pick: first`)": mmlu_pro("Meta-Llama-3-70B", {"pick": "first"}),
    "choice: BBH letters, direct": bbh("direct", words=False),
    "choice: BBH letters, chain of thought": bbh("cot", words=False),
    "choice: BBH words, direct": bbh("direct", words=True),
    "choice: BBH words, chain of thought": bbh("cot", words=True),
    "choice: PubMedQA, two people": pubmedqa,
    "choice: outside cases": found_cases,
    "choice: own replies": own_replies,
}


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a JSONL file, gzipped or not; lines end at "\\n" alone."""
    with (
        gzip.open(path, "rt", encoding="utf-8", newline="\n")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8", newline="\n") as file
    ):
        for line in file:
            yield json.loads(line)


def _marked(target: str, choices: tuple[str, ...], reply: str, scorer: Any) -> Score:
    """What a run would store."""
    sample = Sample(
        task="t", id="1", digest="d", target_digest="t", occurrence=0, messages=(Message("user", "?"),),
        target=target, choices=choices, fields={},
    )  # fmt: skip
    return score_response(
        sample, Response(text=reply, stop_reason="stop", timing=Timing(sent_at=0.0, total_s=0.1)), scorer
    )


if __name__ == "__main__":
    sys.exit(main())
