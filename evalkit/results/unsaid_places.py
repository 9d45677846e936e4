"""Places that a suite names in an application's reply, and at which no reply of a run had anything: most often a typo.

    unsaid_places(folder, facts)       # {"bot": "no reply has anything at usage.tokens (usage.input), ..."}

What an application says beside its answers is kept with each row under the name of its place (`raw_usage`), so the
stored rows tell. Unknown tokens and costs stay unknown; the reader is told once why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from evalkit.facts import RunFacts
from evalkit.results.rows import read_rows
from evalkit.store.stored_texts import mapping_of

_BESIDE = ("cost_usd", "served_model", "trace_id")


def unsaid_places(folder: Path, facts: RunFacts) -> dict[str, str]:
    """By model a sentence without its full stop; models whose replies had something everywhere are left out. Raises
    StoreError where the run cannot be read."""
    suite = facts.suite_resolved
    entries = {} if suite is None else {name: entry.root for name, entry in suite.models.items()}
    named = {name: dict(_places(entry)) for name, entry in entries.items() if entry.get("adapter") == "http"}
    named = {name: places for name, places in named.items() if places}
    if not named:
        return {}
    found: dict[str, set[str]] = {name: set() for name in named}
    answers = dict.fromkeys(named, 0)
    table = read_rows(folder, ["model", "error_kind", "raw_usage"])
    for row in table.to_pylist():
        name = row["model"]
        if name not in named or row["error_kind"] is not None:
            continue
        answers[name] += 1
        if row["raw_usage"] and len(found[name]) < len(named[name]):
            found[name] |= (mapping_of(row["raw_usage"], "raw_usage") or {}).keys()
    told = {}
    for name, places in named.items():
        missing = [f"{path} ({key})" for key, (path, kept) in places.items() if kept not in found[name]]
        if answers[name] and missing:
            told[name] = (
                f"no reply of {answers[name]:,} has anything at {', '.join(missing)}: what stands there is unknown. Is "
                "the path right?"
            )
    return told


def _places(entry: Mapping[str, object]) -> Iterator[tuple[str, tuple[str, str]]]:
    """(key of the suite, (the path, the name under which what stands there is kept)); of a stream its own places."""
    events = entry.get("events")
    stream = events if isinstance(events, Mapping) else {}
    own = stream.get("usage")
    usage, at = (own, "events.usage") if isinstance(own, Mapping) else (entry.get("usage"), "usage")
    for count, path in (usage if isinstance(usage, Mapping) else {}).items():
        if isinstance(path, str):
            yield f"{at}.{count}", (path, str(count))
    for key in _BESIDE:
        inside = isinstance(stream.get(key), str)
        path = stream[key] if inside else entry.get(key)
        if isinstance(path, str):
            yield f"events.{key}" if inside else key, (path, key)
