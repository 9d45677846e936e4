"""Scores of real models on the same items, as matrices: what the calibration of the gate with history is measured on.

sets(Path("../shared/data"))["mcpmark one run"]        # float64[39, 127]: a row for each model
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gate_draws import Floats


def sets(data: Path) -> dict[str, Floats]:
    """Name -> float64[models, items], without gaps. Sets of fewer than three models have no history and stay out."""
    found: dict[str, Floats] = {}
    for name in ("routerbench_mbpp", "routerbench_arc_challenge", "routerdc_gsm8k-test", "routerdc_mmlu_test"):
        found[name] = _table(data / "history" / f"{name}.csv.gz")
    found["mcpmark one run"], found["mcpmark four runs"] = _mcpmark(data / "mcpmark" / "runs.csv.gz")
    for name in ("gsm", "crux", "math_l5"):
        found[f"zeroeval_{name}"] = _zeroeval(data / f"zeroeval_{name}" / "outputs")
    found["mmlu_pro"] = _mmlu_pro(data / "mmlu_pro")
    return found


def _table(path: Path) -> Floats:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    places = [n for n, name in enumerate(head) if name.endswith("|score")]
    scores = np.array([[float(row[n]) if row[n] else np.nan for row in rows] for n in places])
    return np.asarray(scores[:, ~np.isnan(scores).any(axis=0)])


def _mcpmark(path: Path) -> tuple[Floats, Floats]:
    runs: dict[tuple[str, str], list[float]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            right = float(row["success"] in {"1", "True", "true", "1.0"})
            runs.setdefault((row["model"], row["task"]), []).append(right)
    tasks = sorted({task for _, task in runs})
    models = [m for m in sorted({model for model, _ in runs}) if all((m, task) in runs for task in tasks)]
    first = np.array([[runs[model, task][0] for task in tasks] for model in models])
    return first, np.array([[float(np.mean(runs[model, task][:4])) for task in tasks] for model in models])


def _zeroeval(folder: Path) -> Floats:
    return _joined({path.name: {str(line["id"]): float(bool(line["source_correct"])) for line in _lines(path)}
                    for path in sorted(folder.glob("*.jsonl.gz"))})  # fmt: skip


def _mmlu_pro(folder: Path) -> Floats:
    keys = {str(line["question_id"]): line["answer"] for line in _lines(folder / "items.jsonl.gz")}
    found: dict[str, dict[str, float]] = {}
    for path in sorted((folder / "outputs").glob("*.jsonl.gz")):
        for line in _lines(path):
            item = str(line["question_id"])
            key = line.get("answer_at_run") or keys[item]
            found.setdefault(path.name, {})[item] = float(line["source_pred"] == key)
    return _joined(found)


def _joined(models: dict[str, dict[str, float]]) -> Floats:
    items = sorted(set.intersection(*(set(scores) for scores in models.values())))
    return np.array([[scores[item] for item in items] for scores in models.values()])


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
