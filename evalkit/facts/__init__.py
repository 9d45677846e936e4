"""Records of what evalkit writes about a run: run.json, judging/run.json, load sweeps and summary.json.

    facts = parse(RunFacts, orjson.loads(content), path)     # StoreError: one sentence with file and key
    facts.models["gpt"].prices, facts.tasks["refunds"].n

These are the only modules that know the keys of these files. They do no I/O: `evalkit.store` writes the files,
`evalkit.results` opens them. Fields that this evalkit does not know are ignored; a file of a newer schema is refused.

Those of summary.json are imported when they are asked for: a run's first request does not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalkit.facts.base import parse
from evalkit.facts.history import HistoryFacts, OlderModelFacts
from evalkit.facts.load import LoadFacts, StepFacts
from evalkit.facts.models import ModelFacts, PriceFacts, is_replayed
from evalkit.facts.run import RunFacts
from evalkit.facts.stops import StopFacts, StoppedCandidate
from evalkit.facts.suite import EntryFacts, SuiteFacts, SuiteTaskFacts
from evalkit.facts.tasks import Identity, JudgeIdentity, TaskFacts

if TYPE_CHECKING:
    from evalkit.facts.summary import Figures, ModelSummary, Quality, Summary, TaskSummary

__all__ = [
    "EntryFacts",
    "Figures",
    "HistoryFacts",
    "Identity",
    "JudgeIdentity",
    "LoadFacts",
    "ModelFacts",
    "ModelSummary",
    "OlderModelFacts",
    "PriceFacts",
    "Quality",
    "RunFacts",
    "StepFacts",
    "StopFacts",
    "StoppedCandidate",
    "SuiteFacts",
    "SuiteTaskFacts",
    "Summary",
    "TaskFacts",
    "TaskSummary",
    "is_replayed",
    "parse",
]

_OF_SUMMARY = frozenset({"Figures", "ModelSummary", "Quality", "Summary", "TaskSummary"})


def __getattr__(name: str) -> Any:
    if name not in _OF_SUMMARY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from evalkit.facts import summary

    return getattr(summary, name)
