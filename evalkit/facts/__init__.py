"""Records of what evalkit writes about a run: run.json, judging/run.json, load sweeps and summary.json.

    facts = parse(RunFacts, orjson.loads(content), path)     # StoreError: one sentence with file and key
    facts.models["gpt"].prices, facts.tasks["refunds"].n

These are the only modules that know the keys of these files. They do no I/O: `evalkit.store` writes the files,
`evalkit.results` opens them. Fields that this evalkit does not know are ignored; a file of a newer schema is refused.
"""

from evalkit.facts.base import parse
from evalkit.facts.history import HistoryFacts, OlderModelFacts
from evalkit.facts.load import LoadFacts, StepFacts
from evalkit.facts.models import ModelFacts, PriceFacts, is_replayed
from evalkit.facts.run import RunFacts
from evalkit.facts.stops import StopFacts, StoppedCandidate
from evalkit.facts.suite import EntryFacts, SuiteFacts, SuiteTaskFacts
from evalkit.facts.summary import Figures, ModelSummary, Quality, Summary, TaskSummary
from evalkit.facts.tasks import Identity, JudgeIdentity, TaskFacts

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
