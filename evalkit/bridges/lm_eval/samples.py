"""What lm-eval wrote (`--log_samples`): a run made of its samples files.

    OUT/llama/samples_arc_easy_2026-11-20T10-30-00.123456.jsonl      one line for each item and filter
    OUT/llama/results_2026-11-20T10-30-00.123456.json                versions, configuration, model

    {"doc_id": 0, "doc": {...}, "target": "2", "arguments": {"gen_args_0": {"arg_0": "Q...", "arg_1": " 4"}, ...},
     "resps": [[["-1.5", "True"]], ...], "filter": "none", "metrics": ["acc"], "doc_hash": "9f..", "acc": 1.0}

Items pair with those that evalkit itself asks through `lm_eval: TASK`, by lm-eval's own hash of each item. lm-eval
keeps no tokens, costs or times, so an imported run has none.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.bridges.external_json import parse
from evalkit.bridges.external_records import LONGEST_LINE, TOO_MUCH
from evalkit.bridges.imported import Imported, model_facts, task_facts, text_or_none
from evalkit.errors import UserError
from evalkit.facts import ModelFacts
from evalkit.facts.run import ImportedFacts
from evalkit.reading import MOST_VALUES, has_more_values, look_through, open_to_read, read_file
from evalkit.records import Message, Outcome, Row
from evalkit.store.dates import unix_time
from evalkit.store.row_codec import to_json
from evalkit.suite.digests import digest

_SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<when>\d{4}-\d{2}-\d{2}T[\d.:-]+)\.jsonl")
_MAIN = ("acc", "exact_match")
"""Metrics that are the score where the file leaves the choice, in this order; else its first."""


def read_samples(path: Path, *, metric: str | None = None, name: str | None = None) -> Imported:
    """Everything in one samples file, or in all of a folder and the folders in it.

    `metric` is the score (`acc_norm`, `exact_match,strict-match`); None: each task's main one. `name` is what the model
    is called; None: as lm-eval's folder is. Raises UserError for what is not there, or is not lm-eval's.
    """
    files = _files(path)
    found = Imported(f"lm-eval-{_slug(path.stem if path.is_file() else path.name)}", ImportedFacts(tool="lm-eval"))
    source = ImportedFacts(tool="lm-eval", files=tuple(file.name for file in files))
    for file in files:
        match = _SAMPLES.fullmatch(file.name)
        task, when = (match["task"], match["when"]) if match else (file.stem.removeprefix("samples_"), "")
        results = _results(file.parent, when)
        known = results or _results(file.parent, "")  # a folder is one model's, whichever run of it
        model = name or _slug(str(known.get("model_name") or file.parent.name))
        version = text_or_none(results.get("lm_eval_version"))
        found.source = source.with_changes(ImportedFacts(version=version))
        found.models[model] = _model_of(results, model)
        _read_file(file, task, model, results, metric, found)
    return found


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f"{path}: there is no such file or folder; name what lm-eval's --output_path was")
    files = sorted(path.glob("**/samples_*.jsonl"))
    if not files:
        raise UserError(f"{path} holds no samples_*.jsonl; lm-eval writes them with --log_samples --output_path DIR")
    return files


def _results(folder: Path, when: str) -> dict[str, object]:
    """The results file of the same run; {} where there is none (versions and model are then unknown)."""
    for file in (folder / f"results_{when}.json", *sorted(folder.glob("results_*.json"), reverse=True)):
        if when and when not in file.name:
            continue
        try:
            loaded = parse(read_file(file))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(loaded, dict):
            return loaded
    return {}


def _model_of(results: Mapping[str, object], model: str) -> ModelFacts:
    config = _mapping(results.get("config"))
    facts = {
        key: str(config[key]) for key in ("model", "model_dtype", "model_revision", "batch_size") if config.get(key)
    }
    return model_facts(model, {"engine": "as run by lm-eval", **facts})


def _read_file(
    file: Path, task: str, model: str, results: Mapping[str, object], metric: str | None, found: Imported
) -> None:
    lower = _Lower(_mapping(_mapping(results.get("higher_is_better")).get(task)))
    chosen: str | None = None
    left_out: dict[str, None] = {}
    n_taken = n_lines = n_unscored = 0
    asked_at = unix_time(results.get("date"), file.name)
    occurrences: dict[tuple[str, int], int] = {}
    for number, line in _lines(file):
        n_lines += 1
        try:
            if chosen is None:
                chosen = _chosen(file, metric, lower)
            name, _, wanted_filter = chosen.partition(",")
            if (other := str(line.get("filter", "none"))) != wanted_filter:
                left_out.setdefault(other)
                continue
            _refuse_scale(line.get(name), name, f"{file.name}:{number}")
            row = _row(line, task, model, name, occurrences, lower)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise UserError(f"{file.name}:{number}: is no sample as lm-eval writes it: {error!r}") from error
        found.rows.append(replace(row, started_at=asked_at))
        n_taken += 1
        n_unscored += row.score is None
    if n_lines and not n_taken:
        raise UserError(f"{file.name}: no line has the filter of {chosen!r}")
    if left_out and metric is None:
        found.notes.append(
            f"{file.name}: {chosen} was read; lines of other filters are left out: {', '.join(left_out)}. --metric "
            f"{chosen.partition(',')[0] if chosen else 'METRIC'},{next(iter(left_out))} reads those"
        )
    if n_unscored:
        found.notes.append(
            f"{file.name}: {n_unscored:,} of {n_taken:,} lines have no value of {chosen}; they are errored"
        )
    config = _mapping(_mapping(results.get("configs")).get(task))
    identity = {
        "lm_eval": {
            "task": task,
            "version": str(_mapping(results.get("versions")).get(task, "unknown")),
            "config": digest("evalkit.lm_eval.imported/1", _without_places(config)) if config else None,
            "package": results.get("lm_eval_version"),
        },
        "shots": _mapping(results.get("n-shot")).get(task),
        "metric": chosen,
        "chat_template": results.get("chat_template_sha"),
    }
    found.tasks[task] = task_facts("lm_eval", identity)


_USUALLY_LOWER = re.compile(
    r"perplexity|(^|_)(ppl|bits_per_byte|bpb|nll|loss|wer|cer|ter|mer|brier|brier_score|ece|mse|rmse|mae|edit_distance"
    r"|error|error_rate|toxicity)($|_)",
    re.IGNORECASE,
)


class _Lower(Container[str]):
    """The metrics that are better when lower: those of which the results say so, or of which they say nothing and
    whose name does (bits_per_byte)."""

    def __init__(self, higher: Mapping[str, object]) -> None:
        self._higher = higher

    def __contains__(self, name: object) -> bool:
        told = self._higher.get(str(name))
        return told is False or (told is None and _USUALLY_LOWER.search(str(name)) is not None)


def _lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with open_to_read(file) as content:
            look_through(content, longest_line=LONGEST_LINE)
        content = open_to_read(file)
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}).") from error
    with content:
        for number, raw in enumerate(content, 1):
            if not raw.strip():
                continue
            if has_more_values(raw, MOST_VALUES):
                raise UserError(f"{file.name}:{number}: {TOO_MUCH}")
            try:
                line = parse(raw)
            except (ValueError, RecursionError) as error:
                raise UserError(f"{file.name}:{number}: is no JSON: {error}") from error
            if not isinstance(line, dict) or "doc_id" not in line:
                raise UserError(f"{file.name}:{number}: is no sample of lm-eval (it has no doc_id)")
            yield number, line


def _chosen(file: Path, metric: str | None, lower: Container[str]) -> str:
    """Metric and filter of a file, like `acc,none`: what is asked for, or the main one that any line has a value of.

    Raises UserError for a metric that is not there, or is better when lower (`lower` names those).
    """
    names: dict[str, None] = {}
    usable: dict[str, str] = {}
    first_filter: str | None = None
    for _, line in _lines(file):
        named = str(line.get("filter", "none"))
        first_filter = first_filter if first_filter is not None else named
        for name in map(str, line.get("metrics") or ()):
            names.setdefault(name)
            if name not in usable and _score(line.get(name)) is not None:
                usable[name] = named
        if metric is not None or len(usable) == len(names) > 0:
            break
    told = ", ".join(names) or "none"
    if metric is not None:
        name, comma, wanted = metric.partition(",")
        if name not in names:
            raise UserError(f"{file.name} has no metric {name!r}; it has {told}")
        _refuse_lower(name, lower, names, file)
        return f"{name},{wanted if comma else first_filter}"
    better = [name for name in usable if name not in lower]
    if not better:
        if usable:
            _refuse_lower(next(iter(usable)), lower, names, file)
        raise UserError(f"{file.name} has no metric from 0 to 1 for each item (it has {told})")
    name = next((main for main in _MAIN if main in better), better[0])
    return f"{name},{usable[name]}"


def _refuse_lower(name: str, lower: Container[str], names: Iterable[str], file: Path) -> None:
    if name in lower:
        others = [other for other in names if other not in lower]
        way = f"; choose another with --metric: {', '.join(others)}" if others else ""
        raise UserError(f"{file.name}: {name} is better when lower, and a score is better when higher{way}")


def _refuse_scale(value: object, name: str, place: str) -> None:
    """Raises UserError for a value that is no share: the other lines' are then none either."""
    number = _number(value)
    if number is not None and not 0.0 <= number <= 1.0:
        raise UserError(
            f"{place}: {name} is {number:g}, and a score is a number from 0 to 1. Is it out of 100? Choose another "
            "metric with --metric, or divide it in the file"
        )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, bool | int | float) and math.isfinite(value) else None


def _row(
    line: dict[str, Any],
    task: str,
    model: str,
    metric: str,
    occurrences: dict[tuple[str, int], int],
    lower: Container[str],
) -> Row:
    identity = (
        sample_digest(task, str(line["doc_hash"]))
        if line.get("doc_hash")
        else digest("evalkit.lm_eval.doc/1", {"task": task, "doc": json.dumps(line["doc"], sort_keys=True)})
    )
    given = line.get("repeat")  # what evalkit's own export writes
    repeat = given if isinstance(given, int) and given >= 0 else 0
    occurrence = occurrences[identity, repeat] = occurrences.get((identity, repeat), -1) + 1
    score = _score(line.get(metric))
    pairs = _arguments(line.get("arguments"))
    logliks = _logliks(line.get("resps"), len(pairs))
    text = None if logliks is not None else _first_text(line.get("resps"))
    filtered = line.get("filtered_resps")
    return Row(
        task=task,
        sample_id=str(line["doc_id"]),
        sample_digest=identity,
        target_digest=target_digest(line.get("target")),
        occurrence=occurrence,
        model=model,
        repeat=repeat,
        outcome=_outcome(score),
        score=score,
        started_at=0.0,
        error_kind=None if score is not None else "unscored",
        parts={
            name: value
            for name in line.get("metrics") or ()
            if name != metric and name not in lower and (value := _score(line.get(name))) is not None
        },
        prompt=(Message("user", pairs[0][0]),) if pairs else (),
        text=text,
        extracted=None if logliks is not None or filtered is None else str(filtered[0] if filtered else None),
        target=str(line.get("target")),
        reason=None if score is not None else f"{metric} is {line.get(metric)!r}",
        logliks=logliks,
    )


def sample_digest(task: str, doc_hash: str) -> str:
    """Identity of an item of an lm-eval task, by lm-eval's hash of it: the same whoever asked it."""
    return digest("evalkit.lm_eval.sample/1", {"task": task, "doc_hash": doc_hash})


def target_digest(target: object) -> str:
    """Identity of what lm-eval takes for right: an index or a text."""
    return digest("evalkit.target/1", str(target))


def _score(value: object) -> float | None:
    if isinstance(value, bool | int | float) and 0.0 <= float(value) <= 1.0:
        return float(value)
    return None


def _outcome(score: float | None) -> Outcome:
    if score is None:
        return Outcome.ERRORED
    if score in (0.0, 1.0):
        return Outcome.RIGHT if score else Outcome.WRONG
    return Outcome.SCORED


def _arguments(given: object) -> list[tuple[str, ...]]:
    """(context, continuation) pairs, from the saved mapping or from lm-eval's own lists."""
    if isinstance(given, dict):
        return [tuple(str(value) for value in one.values()) for one in given.values() if isinstance(one, dict)]
    return (
        [tuple(str(value) for value in one) for one in given if isinstance(one, list | tuple)]
        if isinstance(given, list | tuple)
        else []
    )


def _logliks(resps: object, n: int) -> tuple[float, ...] | None:
    """[[["-1.5", "True"]], ...]: numbers are saved as text. None for answers in text."""
    if not isinstance(resps, list | tuple):
        return None
    try:
        values = tuple(float(one[0][0]) for one in resps)
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    pairs = all(isinstance(one[0], list | tuple) and len(one[0]) == 2 for one in resps)
    return values if pairs and len(values) == n else None


def _first_text(resps: object) -> str | None:
    first = resps[0] if isinstance(resps, list | tuple) and resps else None
    text = first[0] if isinstance(first, list | tuple | str) and first else None
    return text if isinstance(text, str) else None


def _mapping(value: object) -> dict[str, object]:
    """What the results file says by name; nothing where it says something else."""
    return value if isinstance(value, dict) else {}


def _without_places(config: Mapping[str, object]) -> Any:
    kept = {key: value for key, value in config.items() if key not in {"dataset_kwargs", "num_fewshot", "metadata"}}
    return json.loads(to_json(kept))  # without NaN and halves of characters, which a digest cannot hold


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.") or "lm-eval"
