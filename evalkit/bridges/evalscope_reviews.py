"""Results of EvalScope: `reviews/MODEL/TASK.jsonl`, with tokens and times from `predictions/` beside it.

The score is the one that EvalScope itself calls the main one (`main_score_name`), or the one that is named. Files stand
in the order of finishing, so answers join on `index`, never on their line. Read as 1.14.1 writes them.
https://evalscope.readthedocs.io/en/latest/get_started/basic_usage.html
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from evalkit.bridges.external_records import ExternalRecords, at, lines_of, read_whole, text_of
from evalkit.errors import UserError


def read_reviews(path: Path, metric: str | None = None) -> ExternalRecords:
    """Every review of an output folder, or of one file. Raises UserError for what EvalScope did not write."""
    files = sorted(path.glob("**/reviews/*/*.jsonl")) if path.is_dir() else [path]
    files = files or (sorted(path.glob("reviews/**/*.jsonl")) if path.is_dir() else [])
    if not files:
        raise UserError(
            f"{path}: holds no reviews/MODEL/TASK.jsonl; name the folder that EvalScope wrote (outputs/...)"
        )
    kept: list[dict[str, object]] = []
    whole, metrics = hashlib.sha256(), dict[str, None]()
    for file in files:
        content, sha256 = read_whole(file)
        whole.update(sha256.encode())
        beside = _beside(file)
        answers = {} if beside is None else _predictions(beside)
        for line, review in lines_of(content, file.name):
            kept.append({**_record(review, answers, file, line, metric, metrics), **_when(file)})
    if metric is not None and metric not in metrics:
        raise UserError(f"{path.name} has no score {metric!r}; it has {', '.join(metrics)}")
    scorer = f"EvalScope {metric or 'main score'}"
    return ExternalRecords(path.name, "EvalScope", f"evalscope-{path.stem}", whole.hexdigest(), kept, scorer)


def _beside(review: Path) -> Path | None:
    """The predictions of a file of reviews: the same path below `predictions/`, or TOOL_predictions_TASK.jsonl beside
    TOOL_reviews_TASK.jsonl. None where there are none.

    The last folder `reviews` is meant: what lies above it may be called so too, and so may a task.
    """
    parts = review.absolute().parts
    at = next((n for n in range(len(parts) - 2, -1, -1) if parts[n] == "reviews"), None)
    found = [] if at is None else [Path(*parts[:at], "predictions", *parts[at + 1 :])]
    found.append(review.with_name(review.name.replace("_reviews_", "_predictions_", 1)))
    return next((path for path in found if path != review and path.is_file()), None)


def _when(review: Path) -> dict[str, object]:
    """When the run began: EvalScope says it in the name of its folder alone (outputs/20261128_153500)."""
    for name in reversed(review.absolute().parts):
        with suppress(ValueError):
            return {"started_at": datetime.strptime(name, "%Y%m%d_%H%M%S").replace(tzinfo=UTC).isoformat()}
    return {}


def _predictions(path: Path) -> dict[str, dict[str, object]]:
    content, _ = read_whole(path)
    return {str(one.get("index")): one for _, one in lines_of(content, path.name)}


def _record(
    review: dict[str, object],
    answers: dict[str, dict[str, object]],
    file: Path,
    line: int,
    metric: str | None,
    metrics: dict[str, None],
) -> dict[str, object]:
    score = at(review, "sample_score", "score")
    if not isinstance(score, dict) or "index" not in review:
        raise UserError(f"{file.name}:{line}: is no review of EvalScope: it has no index or sample_score")
    values = score.get("value")
    metrics |= dict.fromkeys(values if isinstance(values, dict) else ())
    answer = answers.get(str(review["index"]), {})
    output = answer.get("model_output")
    messages = review.get("messages")
    said = [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    target = review.get("target")
    if isinstance(target, list) and len(target) == 1:
        target = target[0]
    spoke = next((one for one in reversed(said) if one.get("role") == "assistant"), {})
    return {
        "model": text_of(answer.get("model")) or text_of(spoke.get("model")) or file.parent.name,
        "task": file.stem.split("_reviews_")[-1],
        "item": str(review["index"]),
        "repeat": str(at(review, "sample_score", "generation_index") or 0),
        "score": at(values, metric or str(score.get("main_score_name"))),
        "prompt": text_of(next((one.get("content") for one in said if one.get("role") == "user"), None)),
        "text": text_of(score.get("prediction")),
        "extracted": text_of(score.get("extracted_prediction")),
        "target": target,
        "reason": text_of(score.get("explanation")),
        "error": text_of(at(output, "error")),
        "served_model": text_of(at(output, "model")) or text_of(spoke.get("model")),
        "input_tokens": at(output, "usage", "input_tokens"),
        "output_tokens": at(output, "usage", "output_tokens"),
        "reasoning_tokens": at(output, "usage", "reasoning_tokens") or None,
        "cached_tokens": at(output, "usage", "input_tokens_cache_read"),
        "total_s": at(output, "time"),
        "ttft_s": at(output, "perf_metrics", "ttft"),
    }
