"""Results of promptfoo (`promptfoo eval -o output.json` or `.jsonl`), version 3 of its results.

A row of promptfoo is one prompt x provider x test. The model is the provider; each prompt of a test is an item. With
`--repeat` promptfoo numbers each repeat as a test of its own: tests that ask and check the same are one cluster. An
answer is right where all assertions passed (`metric="score"` takes the weighted score instead). What promptfoo does not
know it writes as 0: a cost of 0, and tokens of an answer out of its cache, are unknown here.
https://www.promptfoo.dev/docs/configuration/outputs/ (read as 0.121.20 writes it)
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from evalkit.bridges import tried_versions
from evalkit.bridges.external_records import ExternalRecords, at, json_of, lines_of, read_whole, seconds_of, text_of
from evalkit.errors import UserError
from evalkit.text import numbers

Metric = Literal["pass", "score"]
_ERROR = 2
"""`failureReason` where no answer came; 1 is an assertion that failed."""


def read_results(path: Path, metric: Metric = "pass") -> ExternalRecords:
    """Every result of one file. Raises UserError for what is no output of promptfoo."""
    content, sha256 = read_whole(path)
    when = None
    if path.suffix.lower() == ".jsonl":
        found = [one for _, one in lines_of(content, path.name)]
    else:
        whole = json_of(content, path.name, "promptfoo writes it: promptfoo eval -o output.json")
        version, rows = at(whole, "results", "version"), at(whole, "results", "results")
        if not isinstance(rows, list):
            raise UserError(
                f"{path.name} is no output of promptfoo: it has no results.results. Write one: promptfoo eval -o "
                "output.json (its CSV lacks tokens and times)"
            )
        if not tried_versions.was_tried("promptfoo", version):
            raise UserError(f"{path.name}: {tried_versions.way_out('promptfoo', version)}.")
        found, when = rows, at(whole, "results", "timestamp")
    seen: Counter[tuple[str, str, str]] = Counter()
    kept = []
    for n, one in enumerate(found, 1):
        if not isinstance(one, dict) or "success" not in one or "testIdx" not in one:
            raise UserError(f"{path.name} result {n} is not as promptfoo writes it: it has no success or testIdx")
        kept.append(_record(one, metric, when, seen))
    _name_lost_prompts(found, kept)
    notes = _clustered(found, kept)
    if n_again := sum(n - 1 for n in seen.values()):
        notes.append(
            f"{numbers.plural(n_again, 'answer stands', 'answers stand')} there again, of one provider to "
            f"one test, and {'is taken for a repeat' if n_again == 1 else 'are taken for repeats'}. Where two "
            "providers have the same name, give each a label"
        )
    made = ExternalRecords(path.name, "promptfoo", path.stem, sha256, kept, f"promptfoo {metric}", notes)
    n_cached = sum(bool(record["from_cache"]) for record in kept)
    if n_cached:
        made.notes.append(
            f"{numbers.plural(n_cached, 'answer')} came from promptfoo's cache: their tokens, cost and time "
            f"are unknown. Run it with "
            "--no-cache for a gate on cost or latency"
        )
    return made


def _name_lost_prompts(found: list[Any], kept: list[dict[str, Any]]) -> None:
    """Give an answer that did not come the prompt that others had in the same test.

    Where a call ended early (a time limit), promptfoo writes the template instead of the prompt, and the item would be
    another one than that of the models that answered.
    """
    sent: dict[tuple[str, str], set[str | None]] = {}
    places = [(record["item"], str(at(one, "prompt", "label"))) for one, record in zip(found, kept, strict=True)]
    for place, one, record in zip(places, found, kept, strict=True):
        if one.get("failureReason") != _ERROR:
            sent.setdefault(place, set()).add(record["prompt"])
    for place, one, record in zip(places, found, kept, strict=True):
        known = sent.get(place, set())
        if one.get("failureReason") == _ERROR and len(known) == 1:
            (record["prompt"],) = known


def _clustered(found: list[Any], kept: list[dict[str, Any]]) -> list[str]:
    """Put tests that ask and check the same into one cluster; what a person should know of it."""
    asked = [_asked(one, record["prompt"]) for one, record in zip(found, kept, strict=True)]
    tests: dict[str, dict[str, None]] = {}
    for what, record in zip(asked, kept, strict=True):
        tests.setdefault(what, {})[record["item"]] = None
    for what, record in zip(asked, kept, strict=True):
        if len(tests[what]) > 1:
            record["cluster"] = f"as test {next(iter(tests[what]))}"
    n_again = sum(len(of_one) - 1 for of_one in tests.values())
    if not n_again:
        return []
    return [
        f"{n_again:,} tests ask and check the same as another, as those of --repeat do: they are clustered, and "
        "count as one where intervals are made"
    ]


def _asked(one: dict[str, object], prompt: str | None) -> str:
    """Digest of what a test asks and how it is checked."""
    checks = at(one, "testCase", "assert")
    try:
        told = json.dumps([prompt, one.get("vars"), checks], sort_keys=True)
    except RecursionError:  # nested nearly as deeply as JSON can be read: like no other
        told = str(one["testIdx"])
    return hashlib.sha256(told.encode()).hexdigest()


def _record(
    one: dict[str, object], metric: Metric, when: object, seen: Counter[tuple[str, str, str]]
) -> dict[str, object]:
    model = text_of(at(one, "provider", "label")) or text_of(at(one, "provider", "id")) or ""
    item, prompt = str(one["testIdx"]), text_of(at(one, "prompt", "raw"))
    repeat = seen[model, item, prompt or ""]
    seen[model, item, prompt or ""] += 1
    cached = at(one, "response", "cached") is True
    usage = at(one, "response", "tokenUsage")
    failed = one.get("failureReason") == _ERROR
    asked_nobody = at(one, "provider", "id") == "echo"
    cost = one.get("cost")
    return {
        "model": model,
        "task": "promptfoo",
        "item": item,
        "repeat": str(repeat),
        "prompt": prompt,
        "score": None if failed else one.get("score") if metric == "score" else one["success"],
        "error": text_of(one.get("error")) if failed else None,
        "reason": None if failed else text_of(at(one, "gradingResult", "reason")),
        "text": at(one, "response", "output"),
        "input_tokens": None if cached or asked_nobody else at(usage, "prompt"),
        "output_tokens": None if cached or asked_nobody else at(usage, "completion"),
        "reasoning_tokens": None if cached else at(usage, "completionDetails", "reasoning") or None,
        "total_s": None if cached or failed else seconds_of(one.get("latencyMs")),
        "cost_usd": cost if cost and not cached else None,
        "from_cache": cached,
        "started_at": when,
        "cluster": None,
    }
