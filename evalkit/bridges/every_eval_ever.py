"""Results in the exchange format Every Eval Ever, in and out: one aggregate JSON and its samples as JSONL.

    read_evaluation(Path("UUID.json"))            # or UUID_samples.jsonl
    write_evaluation(folder, Path("out"))         # out/UUID.json and out/UUID_samples.jsonl, one pair a model

Schemas 0.2 and 0.3 are read, 0.3 is written (evaleval/every_eval_ever). An aggregate alone has no items, so there is
nothing to compare or gate. Converters write only the last call's tokens of an agent's sample: those are unknown here.
"""

from __future__ import annotations

import hashlib
import math
from io import BytesIO
from pathlib import Path
from typing import Any

from evalkit.bridges import tried_versions
from evalkit.bridges.external_records import ExternalRecords, at, json_of, lines_of, read_whole, seconds_of, text_of
from evalkit.errors import UserError
from evalkit.text import numbers

Scale = tuple[float, float, bool]
"""Lowest and highest score, and whether lower is better."""
_PLAIN: Scale = (0.0, 1.0, False)
"""Where nobody says another."""
_HASHES = ("md5", "sha1", "sha256", "sha512")
_PERCENT = frozenset({"percent", "percentage", "percents", "pct", "%"})
_LONGEST_NAME = 200
"""Letters of a file's name that are looked for."""


def read_evaluations(path: Path) -> ExternalRecords:
    """The samples of one evaluation, or of all in a folder, one a model. Raises UserError as `read_evaluation`, for a
    folder without any, and where two are of different libraries: nobody knows that these score alike."""
    if not path.is_dir():
        return read_evaluation(path)
    found = [read_evaluation(file) for file in sorted(path.glob("*_samples.jsonl"))]
    if not found:
        raise UserError(f"{path}: holds no UUID_samples.jsonl of Every Eval Ever")
    if len(scorers := dict.fromkeys(one.scorer for one in found)) > 1:
        raise UserError(f"{path}: holds evaluations of several tools ({', '.join(scorers)}); import them one by one")
    whole = hashlib.sha256("".join(one.sha256 for one in found).encode()).hexdigest()
    kept = [record for one in found for record in one.kept]
    notes = list(dict.fromkeys(note for one in found for note in one.notes))
    return ExternalRecords(path.name, "Every Eval Ever", path.name, whole, kept, found[0].scorer, notes)


def read_evaluation(path: Path) -> ExternalRecords:
    """The samples of one evaluation. Raises UserError for what has none, or is another format."""
    if path.name.endswith(".jsonl"):
        beside = path.with_name(path.name.removesuffix("_samples.jsonl") + ".json")
        about = json_of(read_whole(beside)[0], beside.name) if beside != path and beside.is_file() else {}
        samples = path
    else:
        about = json_of(read_whole(path)[0], path.name, "Name UUID.json, or UUID_samples.jsonl beside it")
        samples = _samples_of(path, about)
    content, sha256 = read_whole(samples)
    _hold(about, samples.name, content)
    scales = _scales(about)
    kept = [_record(one, samples.name, line, scales) for line, one in lines_of(content, samples.name)]
    if not kept:
        raise UserError(f"{samples.name} holds no sample")
    when = at(about, "evaluation_timestamp") or at(about, "retrieved_timestamp")
    for record in kept:
        record["started_at"] = record["started_at"] or when
    _apart(kept)
    n_agentic = sum(bool(record.pop("agentic")) for record in kept)
    n_contradicting = sum(bool(record.pop("contradicts")) for record in kept)
    library = text_of(at(about, "eval_library", "name")) or "not named"
    if library != "evalkit":  # whose exports alone say there how an answer ended: refused, truncated
        for record in kept:
            for name in ("outcome", "cost_usd", "ttft_s", "cluster", "slices"):
                del record[name]
    made = ExternalRecords(samples.name, "Every Eval Ever", samples.stem, sha256, kept, f"Every Eval Ever, {library}")
    if note := _untried(about, kept):
        made.notes.append(f"{samples.name}: {note}")
    if n_agentic:
        made.notes.append(
            f"the tokens of {numbers.plural(n_agentic, 'sample')} of agents are unknown: converters write "
            f"those of the last call only"
        )
    if n_contradicting:
        made.notes.append(
            f"{numbers.plural(n_contradicting, 'sample')} whose score and is_correct contradict each other: they have "
            "no score"
        )
    return made


def _hold(about: object, name: str, content: bytes) -> None:
    """Raises UserError where the samples are not those that the evaluation was written with."""
    told = at(about, "detailed_evaluation_results")
    file = text_of(at(told, "file_path"))
    if file is not None and Path(file[-_LONGEST_NAME:]).name != name:
        return  # another file's
    way = "Get both files again from where they come from; samples that were changed on purpose need both figures anew"
    rows, n = at(told, "total_rows"), sum(bool(line.strip()) for line in BytesIO(content))
    if isinstance(rows, int) and not isinstance(rows, bool) and rows != n:
        raise UserError(
            f"{name} holds {numbers.plural(n, 'sample')}, and its evaluation says total_rows: {rows:,}: it is not the "
            f"whole file, or another. {way}."
        )
    checksum = (text_of(at(told, "checksum")) or "").strip().lower().rpartition(":")[2]
    kind = (text_of(at(told, "hash_algorithm")) or "sha256").strip().lower().replace("-", "")
    if checksum and kind in _HASHES and hashlib.new(kind, content, usedforsecurity=False).hexdigest() != checksum:
        raise UserError(f"{name} is not as it was written: its {kind} is not the checksum of its evaluation. {way}.")


def _untried(about: object, kept: list[dict[str, Any]]) -> str | None:
    """What to say of versions of the schema that were never tried; None where all were."""
    versions = dict.fromkeys([text_of(at(about, "schema_version")), *(record.pop("schema_version") for record in kept)])
    return next((note for one in versions if (note := tried_versions.note_of("every-eval-ever", one))), None)


def _samples_of(path: Path, about: object) -> Path:
    if not isinstance(about, dict) or "evaluation_results" not in about:
        raise UserError(f"{path.name} is no evaluation of Every Eval Ever: it has no evaluation_results")
    named = text_of(at(about, "detailed_evaluation_results", "file_path"))
    name = Path(named).name if named and len(named) <= _LONGEST_NAME else ""
    found = path.with_name(name or f"{path.stem}_samples.jsonl")
    if not found.is_file():
        raise UserError(
            f"{path.name} has summary figures only, no samples, so nothing can be compared item by item or gated. "
            f"Put its samples beside it: {found.name}"
        )
    return found


def _apart(kept: list[dict[str, Any]]) -> None:
    """Several results of one evaluation (accuracy and F1 of the same samples) become tasks of their own."""
    results: dict[str, set[str]] = {}
    for record in kept:
        if record["result"] is not None:
            results.setdefault(record["task"], set()).add(record["result"])
    for record in kept:
        result = record.pop("result")
        if result is not None and len(results[record["task"]]) > 1:
            record["task"] = f"{record['task']} ({result})"


def _scales(about: object) -> dict[tuple[str, str], Scale | None]:
    """How scores are to be read, by the id of the result and by the name of its evaluation. None: that is not known,
    where ends are infinite or none lies above the other, or results of one name have several scales."""
    found: dict[tuple[str, str], Scale | None] = {}
    results = at(about, "evaluation_results")
    for one in results if isinstance(results, list) else ():
        config = at(one, "metric_config")
        low, high = _ends(config)
        scale = (low, high, at(config, "lower_is_better") is True) if 0 < high - low < math.inf else None
        name = ("name", str(at(one, "evaluation_name")))
        found[name] = scale if found.get(name, scale) == scale else None
        if (result := text_of(at(one, "evaluation_result_id"))) is not None:
            found["result", result] = scale
    return found


def _ends(config: object) -> tuple[float, float]:
    """The lowest and the highest score: as they stand there, else by the unit or the names of the levels (which are
    counted from 0); else 0 and 1."""
    levels = at(config, "level_names")
    if at(config, "score_type") == "levels":
        usual = len(levels) - 1.0 if isinstance(levels, list) else 0.0  # without names nobody knows the highest
    else:
        usual = 100.0 if str(at(config, "metric_unit")).strip().lower() in _PERCENT else _PLAIN[1]
    low, high = (at(config, key) for key in ("min_score", "max_score"))
    return (float(low) if _is_number(low) else _PLAIN[0], float(high) if _is_number(high) else usual)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _contradicts(one: object, scale: Scale | None) -> bool:
    """Whether a score is the best or the worst there is, and is_correct says the opposite."""
    is_correct = at(one, "evaluation", "is_correct")
    if scale is None or not isinstance(is_correct, bool):
        return False
    score = _score(at(one, "evaluation", "score"), scale)
    return not isinstance(score, bool) and score == (0.0 if is_correct else 1.0)


def _record(
    one: dict[str, object], name: str, line: int, scales: dict[tuple[str, str], Scale | None]
) -> dict[str, object]:
    if "sample_id" not in one or not isinstance(one.get("evaluation"), dict):
        version = one.get("schema_version")
        odd = tried_versions.note_of("every-eval-ever", version) is not None
        why = f". {tried_versions.way_out('every-eval-ever', version)}" if odd else ""
        raise UserError(f"{name}:{line}: is no sample of Every Eval Ever: it has no sample_id or evaluation{why}")
    task = text_of(one.get("evaluation_name")) or "evaluation"
    result = text_of(one.get("evaluation_result_id"))
    scale = scales.get(("result", result or ""), scales.get(("name", task), _PLAIN))
    agentic = one.get("interaction_type") == "agentic"
    usage = None if agentic else one.get("token_usage")
    error = text_of(one.get("error"))
    contradicts = error is None and _contradicts(one, scale)
    said = at(one, "output", "raw")
    reference = at(one, "input", "reference")
    attribution = one.get("answer_attribution")
    last = attribution[-1] if isinstance(attribution, list) and attribution else None
    return {
        "model": text_of(one.get("model_id")) or "",
        "task": task,
        "item": str(one["sample_id"]),
        "repeat": str(at(one, "metadata", "epoch") or ""),
        "prompt": text_of(at(one, "input", "raw")),
        "score": None if error or contradicts or scale is None else _score(at(one, "evaluation", "score"), scale),
        "outcome": text_of(at(one, "metadata", "outcome")),
        "error": error,
        "text": said[-1] if isinstance(said, list) and said else said,
        "target": reference[0] if isinstance(reference, list) and len(reference) == 1 else reference,
        "extracted": text_of(at(last, "extracted_value")),
        "input_tokens": at(usage, "input_tokens"),
        "output_tokens": at(usage, "output_tokens"),
        "reasoning_tokens": at(usage, "reasoning_tokens"),
        "cached_tokens": at(usage, "input_tokens_cache_read"),
        "total_s": seconds_of(at(one, "performance", "latency_ms")),
        **{name: at(one, "metadata", name) for name in ("started_at", "cost_usd", "ttft_s", "cluster", "slices")},
        "agentic": agentic,
        "contradicts": contradicts,
        "schema_version": text_of(one.get("schema_version")),
        "result": result,
    }


def _score(score: object, scale: Scale) -> Any:
    """The score from 0 to 1, 1 the best; as it is where it is no number."""
    low, high, lower_is_better = scale
    if isinstance(score, bool) or not isinstance(score, int | float):
        return score
    share = (score - low) / (high - low)
    return 1 - share if lower_is_better else share
