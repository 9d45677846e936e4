"""The suite file as records: every key that may be written, its meaning, its unit, and what leaving it out means.

    tasks:
      - name: refunds
        data: {path: data/refunds.jsonl, id: ticket_id}
        prompt: "{{ text }}"
        choices: [approve, deny, escalate]
        target: "{{ label }}"
        score: choice

One room for each part of the file: `models`, `tasks`, `gates`, and `suite_file` for the whole; `parts` is
what they are made of. Parsing is strict: no text becomes a number, unknown keys are errors. Short forms
(`data: file.jsonl`, `score: exact`, `shots: 5`, `limit: 100`) are widened here to the full form, so that nobody
downstream knows them. What needs two entries at once (does this model exist?) is in `checks`.
"""

from evalkit.suite.schema.gates import GateEntry, ScanEntry
from evalkit.suite.schema.models import HostingEntry, ModelEntry, SettingsEntry, VariantEntry, merged
from evalkit.suite.schema.options import AdapterOptions
from evalkit.suite.schema.parts import Part
from evalkit.suite.schema.rules import RuleEntry
from evalkit.suite.schema.suite_file import RedactEntry, RunEntry, SuiteFile
from evalkit.suite.schema.tasks import (
    BuiltinEntry,
    DataEntry,
    JudgingEntry,
    LimitEntry,
    Mode,
    PermuteEntry,
    ScoreEntry,
    Scoring,
    ShotsEntry,
    TaskEntry,
    WithEntry,
    is_judged,
)
from evalkit.suite.schema.turns import MessageEntry

__all__ = [
    "AdapterOptions",
    "BuiltinEntry",
    "DataEntry",
    "GateEntry",
    "HostingEntry",
    "JudgingEntry",
    "LimitEntry",
    "MessageEntry",
    "Mode",
    "ModelEntry",
    "Part",
    "PermuteEntry",
    "RedactEntry",
    "RuleEntry",
    "RunEntry",
    "ScanEntry",
    "ScoreEntry",
    "Scoring",
    "SettingsEntry",
    "ShotsEntry",
    "SuiteFile",
    "TaskEntry",
    "VariantEntry",
    "WithEntry",
    "is_judged",
    "merged",
]
