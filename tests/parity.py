"""Published outputs and figures of the shared data folder, read and marked as a run would mark them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalkit.records import Outcome, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.outcomes import score_response
from tests.scoring import said


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a JSONL file, gzipped or not; lines end at "\\n" alone."""
    with (
        gzip.open(path, "rt", encoding="utf-8", newline="\n")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8", newline="\n") as file
    ):
        for line in file:
            yield json.loads(line)


def published(folder: Path) -> Any:
    """The figures that came with the outputs."""
    return json.loads((folder / "published.json").read_text("utf-8"))


def marked(item: Sample, reply: str, scorer: Scorer) -> Score:
    """What a run would store."""
    return score_response(item, said(reply), scorer)


def percent(part: float, whole: int) -> str:
    """As papers print it."""
    return f"{100 * part / whole:.2f}"


def n_unparseable(scores: list[Score]) -> int:
    """How many replies gave no answer that could be read."""
    return sum(score.outcome is Outcome.UNPARSEABLE for score in scores)
