"""A run as Every Eval Ever 0.3 has it: for each model OUT/UUID.json and OUT/UUID_samples.jsonl.

The schema: https://github.com/evaleval/every_eval_ever

A row that errored stands there with its error and no `evaluation_result_id`, and no mean counts it.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from evalkit import __version__
from evalkit.bridges.exported import write_new
from evalkit.errors import UserError
from evalkit.facts import RunFacts
from evalkit.records import Outcome, Row
from evalkit.store import runs, sealing
from evalkit.store.row_codec import readable

SCHEMA = "0.3.0"


def write_evaluations(folder: Path, out: Path) -> list[Path]:
    """The files that were made, samples first. Raises UserError where one is there already, or there are no rows."""
    facts = runs.open_facts(folder)
    by_model: dict[str, list[Row]] = defaultdict(list)
    for row in sealing.rows_of(folder):
        by_model[row.model].append(row)
    if not by_model:
        raise UserError(f"{folder} has no rows yet")
    written: dict[Path, str] = {}
    for model, rows in sorted(by_model.items()):
        name = str(uuid5(NAMESPACE_URL, f"evalkit:{folder.resolve().name}:{model}"))
        ordered = sorted(rows, key=lambda row: row.key)
        about = _about(facts, folder.resolve().name, model, ordered)
        samples = "".join(json.dumps(_sample(row, about), ensure_ascii=False) + "\n" for row in ordered)
        about["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": f"{name}_samples.jsonl",
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256(samples.encode()).hexdigest(),
            "total_rows": len(ordered),
        }
        written[out / f"{name}_samples.jsonl"] = samples
        written[out / f"{name}.json"] = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    return write_new(out, written)


def _about(facts: RunFacts, run: str, model: str, rows: list[Row]) -> dict[str, object]:
    told = facts.model_facts(model)
    written = "" if facts.started_at is None else str(int(datetime.fromisoformat(facts.started_at).timestamp()))
    first = min((row.started_at for row in rows if row.started_at), default=None)  # an import is no evaluation
    when = written if first is None else str(int(first))
    imported = facts.imported is not None and facts.imported.tool is not None
    by_task: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        by_task.setdefault(row.task, [])
        if row.outcome is not Outcome.ERRORED and row.score is not None:
            by_task[row.task].append(row.score)
    return {
        "schema_version": SCHEMA,
        "evaluation_id": f"{facts.suite or 'evalkit'}/{model}/{when}",
        "evaluation_timestamp": when,
        "retrieved_timestamp": written or when,
        "source_metadata": {
            "source_name": run,
            "source_type": "evaluation_run",
            "source_organization_name": "not stated",
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "evalkit",
            "version": facts.evalkit_version or (__version__ if imported else "unknown"),
        },
        "model_info": {
            "name": model,
            "id": told.model or model,
            "additional_details": {"adapter": told.adapter or "unknown", "host": told.host or "unknown"},
        },
        "evaluation_results": [
            {
                "evaluation_result_id": _result(task),
                "evaluation_name": task,
                "source_data": {"dataset_name": task, "source_type": "other", "samples_number": len(scores)},
                "metric_config": {
                    "evaluation_description": _scorer(facts, task),
                    "lower_is_better": False,
                    "score_type": "continuous",
                    "min_score": 0.0,
                    "max_score": 1.0,
                },
                "score_details": {"score": sum(scores) / len(scores)},
            }
            for task, scores in by_task.items()
            if scores
        ],
    }


def _scorer(facts: RunFacts, task: str) -> str:
    told = (facts.tasks or {}).get(task)
    return f"mean score, {(told.scorer if told is not None else None) or 'scorer not recorded'}"


def _result(task: str) -> str:
    return f"{task}:score"


def _further(row: Row) -> dict[str, object]:
    """What the schema has no place for; nothing stands there for what is unknown."""
    said = {
        "started_at": row.started_at or None,
        "cost_usd": None if row.cost_usd is None else str(row.cost_usd),
        "ttft_s": row.ttft_s,
        "cluster": row.cluster,
        "slices": dict(row.slices) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _sample(row: Row, about: dict[str, Any]) -> dict[str, object]:
    errored = row.outcome is Outcome.ERRORED
    prompt = readable("\n\n".join(turn.text for turn in row.prompt))
    usage = {
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "input_tokens_cache_read": row.cache_read_tokens,
    }
    text = None if row.text is None else readable(row.text)
    sample: dict[str, object] = {
        "schema_version": SCHEMA,
        "evaluation_id": about["evaluation_id"],
        "model_id": about["model_info"]["id"],
        "evaluation_name": row.task,
        "evaluation_result_id": None if errored else _result(row.task),
        "sample_id": row.sample_id,
        "sample_hash": row.sample_digest,
        "interaction_type": "single_turn",
        "input": {"raw": prompt, "reference": [] if row.target is None else [readable(row.target)]},
        "output": None if text is None else {"raw": [text]},
        "answer_attribution": []
        if row.extracted is None
        else [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": readable(row.extracted),
                "extraction_method": "scorer",
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": 0.0 if errored else row.score, "is_correct": not errored and row.score == 1.0},
        "metadata": {"epoch": row.repeat + 1, "outcome": str(row.outcome), **_further(row)},
    }
    if row.input_tokens is not None and row.output_tokens is not None:
        known = {key: count for key, count in usage.items() if count is not None}
        sample["token_usage"] = {**known, "total_tokens": row.input_tokens + row.output_tokens}
    if row.total_s is not None:
        sample["performance"] = {"latency_ms": row.total_s * 1000}
    if errored:
        sample["error"] = readable(row.error or row.reason or row.error_kind or "error")
    return sample
