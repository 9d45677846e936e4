"""What a gate by a protected suite makes of each field of run.json: one table, and the checks that it names.

Three classes. *Held*: compared with the protected suite or with what the person vouches for. *Happened*: what the run
found; nothing but the evidence itself says it, and only a signature shows that nobody wrote it by hand. *Unread*: no
gate reads it. tests/test_gate_allow_list.py finds a field that is in none of them.

Which fields there are, and which keys of a file belong to none of them, the records of stored files say:

fields_of(RunFacts)                    # ("RunFacts.schema_version", ..., "ModelFacts.adapter", ...)
unknown_keys(RunFacts, content)        # ("shape", "models.gpt.colour"): keys that no record has
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from pydantic import BaseModel, RootModel

from evalkit.facts import RunFacts
from evalkit.suite.sensitivity import weaker
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.wording import short


class Standing(StrEnum):
    """What a gate makes of a field."""

    HELD = "held against the suite"
    HAPPENED = "what happened"
    UNREAD = "not read by a gate"


_BY_KEYS = "as JSON, key by key (allowed_differences)"
_FOUND = "what was found while the run was made"
_SWEEP = "of load sweeps alone, and a sweep is refused"

_HELD = {
    "RunFacts.schema_version": "a newer one is refused when the file is opened",
    "RunFacts.kind": "a load sweep is refused",
    "RunFacts.suite": "the suite's name",
    "RunFacts.suite_resolved": _BY_KEYS,
    **{
        f"SuiteFacts.{name}": _BY_KEYS
        for name in ("name", "about", "models", "judges", "tasks", "run", "gate", "digest")
    },
    "SuiteFacts.sensitivity": "not less than the suite's",
    **{
        f"SuiteTaskFacts.{name}": "tasks_match"
        for name in (
            "name",
            "identity_digest",
            "identity",
            "marks",
            "records",
            "written",
            "data_sha256",
            "pictures_digest",
        )
    },
    **{
        f"RunSettingsFacts.{name}": _BY_KEYS
        for name in ("in_flight", "repeats", "seed", "max_error_rate", "timeout_s", "idle_timeout_s")
    },
    "RunFacts.models": "none beside the suite's, but for candidates' entries; their order for bills and times",
    "ModelFacts.adapter": "the one that the run's suite says",
    "ModelFacts.host": "a candidate's: that of its entry's address, and whether it may answer",
    "ModelFacts.model": "the one that the entry says, but for `${NAME}`, which the runner's environment fills in",
    "ModelFacts.facts": "weights and template that lie here, the file of recorded answers, `replayed`",
    "ModelFacts.parts": "the weights of each, and that the entries of all are the suite's",
    "ModelFacts.prices": "where a rule is about cost: prices.yaml, load sweeps, who bills",
    "ModelFacts.priced_as": "where a rule is about cost: who bills the candidate",
    "PriceFacts.source": "where a rule is about cost: the book's price needs somebody who bills",
    "PriceFacts.usd_per_mtok": "where a price rests on a load sweep: as --sweeps gives it",
    "RunFacts.tasks": "the suite's tasks and no others; their order for bills and times",
    "TaskFacts.identity": "the suite's, without what the engine adds; the judges and their prompt are the suite's",
    "TaskFacts.n": "as many as the suite's data has",
    "TaskFacts.marked_by_data": "the fingerprint of the suite's data",
    "RunFacts.judges": "those of the suite, with their entries, recorded answers and weights",
    "RunFacts.repeats": "run.repeats of the suite",
    "RunFacts.in_flight": "run.in_flight of the suite",
    "RunFacts.slowed_by": "no cap below the suite's let requests wait; where anything did, no rule about times passes",
    "RunFacts.sessions_cut": "none, where a rule is about times or costs",
    "RunFacts.sessions_retried": "none, where a rule is about errors",
    "RunFacts.otherwise_before": "what it names is refused where a rule rests on it",
    "RunFacts.catalogue": "models.yaml beside the suite, where a rule is about the licence",
    "RunFacts.price_file": "prices.yaml beside the suite or the person's, where a rule is about cost",
    "PriceFileFacts.of": "the person's word needs no comparison",
    "PriceFileFacts.sha256": "prices.yaml beside the suite",
    "RunFacts.egress": "sensitivity and policy",
    "EgressFacts.sensitivity": "not less than the suite's",
    "EgressFacts.policy": "the policy that the person named",
    "PolicyFacts.sha256": "the policy that the person named",
    "SuiteFacts.redact": _BY_KEYS,
    "RunFacts.redaction": "redact of the suite",
    **{f"RedactionFacts.{name}": "redact of the suite" for name in ("what", "patterns", "countries", "where")},
    "RunFacts.history": "the promoted baselines that the gate names, and nothing else (history_held)",
    **{
        f"OlderModelFacts.{name}": "the promoted baselines that the gate names"
        for name in ("run", "model", "baseline", "rows_digest", "is_baseline")
    },
    "HistoryFacts.models": "the promoted baselines that the gate names",
    "HistoryFacts.digest": "of what those baselines scored",
    "HistoryFacts.seed": "follows from the digest",
    "RunFacts.imported": "refused like recorded answers",
    "ImportedFacts.tool": "refused like recorded answers",
}
_HAPPENED = {
    **{
        f"RunFacts.{name}": "a run that is not whole is incomplete"
        for name in ("status", "reasons", "n_rows", "cut_by_limit", "cut_by_tasks", "n_errored")
    },
    "RunFacts.run_version": "how this evalkit asks and scores; a stored baseline needs the same",
    "RunFacts.suite_digest": "follows from the rest; a run is resumed by it",
    "ModelFacts.place": _FOUND,
    "ModelFacts.service_tier": "follows from the settings",
    "ModelFacts.streaming": _FOUND,
    "PriceFacts.model": "the book's or prices.yaml's id",
    "PriceFacts.usd_per_request": "the book's or prices.yaml's",
    **{
        f"BandFacts.{name}": "the book's or prices.yaml's"
        for name in (
            *("above_input_tokens", "input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h"),
            *("output", "reasoning"),
        )
    },
    "TaskFacts.scorer": "a stored baseline needs the same",
    "TaskFacts.tool_server": "the tool lists of two runs are compared; the environment's file is the suite's",
    **{
        f"ToolServerFacts.{name}": _FOUND
        for name in ("transport", "host", "server", "protocol", "tools_digest", "tools")
    },
    "TaskFacts.marked_redacted": "how many answers were redacted before they were scored anew",
    **{f"RedactionFacts.{name}": _FOUND for name in ("found", "stored", "told")},
    "RunFacts.stopped_early": "the stop is walked through again with the suite's rules",
    **{f"StopFacts.{name}": "walked through again" for name in ("seed", "counts", "needs_all", "candidates", "walked")},
    **{f"StoppedCandidate.{name}": "walked through again" for name in ("n_used", "n_items", "items_digest", "verdict")},
    **{f"HistoryFacts.{name}": "shown" for name in ("asked", "frozen_at", "ratio", "why")},
    **{f"OlderModelFacts.{name}": "part of what the digest is of" for name in ("n", "mean", "left_out")},
    "RunFacts.judges_served": "a stored baseline needs the same",
    "RunFacts.judges_unread": "too many are incomplete; where judges judged and it is not readable, incomplete too",
    "RunFacts.sealed": "every sealed file has to have its digest",
    "RunFacts.evalkit_version": "shown",
    "RunFacts.started_at": "shown",
    "RunFacts.suite_path": "shown",
    "EgressFacts.receivers": _FOUND,
    **{f"ReceiverFacts.{name}": _FOUND for name in ("host", "passed_on", "program", "tasks", "known")},
    "RunFacts.servers": _FOUND,
    **{
        f"ImportedFacts.{name}": "shown"
        for name in ("version", "status", "sha256", "columns", "times_measured_by", "source")
    },
}
_UNREAD = {
    **{
        f"RunFacts.{name}": "about the run as such"
        for name in (
            *(
                "finished_at",
                "started_by",
                "told",
                "max_cost_usd",
                "tags",
                "metadata",
                "spent_usd",
                "client_lag",
                "lanes",
                "labels",
            ),
            *("python", "platform", "cpu", "n_cpus", "git_revision"),
        )
    },
    "RunSettingsFacts.max_cost_usd": "at its cap a run is incomplete; slowed_by says where requests waited",
    **{f"LagFacts.{name}": "about the client" for name in ("p50_s", "p99_s", "max_s", "n")},
    **{
        f"LaneFacts.{name}": "about the client"
        for name in ("in_flight_limit", "in_flight_fixed", "in_flight_peak", "rate_limit_episodes")
    },
    **{f"LabelFacts.{name}": "people's labels correct a shown mean" for name in ("n", "n_used")},
    "RunFacts.broken_off": "how a run broke off that was finished since",
    "TaskFacts.scorer_plugin": "packages are installed by the person; a stored baseline needs the same",
    "TaskFacts.task_plugin": "what it asks stands in the identity, which is compared",
    "RunFacts.rescored": "how tasks were scored before; what holds now stands in their identity",
    **{
        f"RescoredFacts.{name}": "how a task was scored before"
        for name in ("at", "task", "scorer_before", "identity_before")
    },
    "PriceFileFacts.name": "the content is compared",
    "PolicyFacts.file": "the content is compared",
    "ImportedFacts.files": "where the tool's files were",
    **{f"RunFacts.{name}": _SWEEP for name in ("model_name", "model", "load", "load_settings")},
}
STANDING: Mapping[str, tuple[Standing, str]] = {
    **{field: (Standing.HELD, how) for field, how in _HELD.items()},
    **{field: (Standing.HAPPENED, how) for field, how in _HAPPENED.items()},
    **{field: (Standing.UNREAD, how) for field, how in _UNREAD.items()},
}
"""`Record.field` -> what a gate makes of it, and how. Records of load sweeps are not walked."""


def other_facts(facts: RunFacts, content: Mapping[str, object], suite: ResolvedSuite) -> Iterator[str]:
    """A line for each fact beside `suite_resolved` that is not the protected suite's. `content`: run.json as it is."""
    if facts.kind is not None:
        yield f"  kind: this is no run of answers ({short(facts.kind)})"
    if facts.suite != suite.name and facts.suite_resolved is not None and facts.suite_resolved.name == suite.name:
        yield f"  suite: {short(facts.suite)} in the run, {short(suite.name)} in the suite"
    if (facts.repeats or 1) != suite.run.repeats and _says(facts, "repeats", suite.run.repeats):
        yield f"  repeats: {facts.repeats or 1} in the run, {suite.run.repeats} in the suite"
    yield from _other_redaction(facts, suite)
    sent, made = facts.egress, facts.suite_resolved
    told = made is None or weaker(made.sensitivity, suite.sensitivity)
    if sent is not None and weaker(sent.sensitivity, suite.sensitivity) and not told:
        yield f"  egress: {sent.sensitivity or 'no sensitivity'} in the run, {suite.sensitivity} in the suite"
    unknown = list(unknown_keys(RunFacts, content, leave=frozenset({"suite_resolved", "load"})))
    if unknown:
        yield (
            f"  {', '.join(unknown[:5])}{f' and {len(unknown) - 5} more' if len(unknown) > 5 else ''}: this evalkit "
            "does not know what run.json says there; judge the run with the evalkit that made it "
            f"({facts.evalkit_version or 'not recorded'}), or run it again with this one"
        )


def _other_redaction(facts: RunFacts, suite: ResolvedSuite) -> Iterator[str]:
    entry, told = suite.file.redact, facts.redaction
    wanted = None if entry is None else _redaction(entry.what, entry.patterns, entry.where, entry.countries)
    had = None if told is None else _redaction(told.what, told.patterns, told.where, told.countries)
    if wanted != had:
        yield f"  redaction: {short(had or 'none')} in the run, {short(wanted or 'none')} in the suite"


def _redaction(
    what: Sequence[str], patterns: Mapping[str, str], where: Sequence[str], countries: Sequence[str] | None
) -> tuple[object, ...]:
    return (tuple(what), dict(patterns), tuple(where), *((tuple(countries),) if countries else ()))


def _says(facts: RunFacts, key: str, wanted: object) -> bool:
    """Whether the run's suite says what is wanted, so that no line about its `run:` tells the difference."""
    return facts.suite_resolved is not None and getattr(facts.suite_resolved.run, key) == wanted


def fields_of(record: type[BaseModel]) -> tuple[str, ...]:
    """`Record.field` for every field of a record and of the records below it, each once."""
    found: dict[str, None] = {}
    _walk_fields(record, found, set())
    return tuple(found)


def unknown_keys(record: type[BaseModel], content: object, *, leave: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Paths of keys in a file's content that its record does not have. Objects that are kept verbatim are not walked,
    nor are the fields of the outermost record that `leave` names."""
    return tuple(_unknown(record, content, "", leave))


def _walk_fields(record: type[BaseModel], found: dict[str, None], seen: set[type]) -> None:
    if record in seen:
        return
    seen.add(record)
    for name, field in record.model_fields.items():
        found[f"{record.__name__}.{name}"] = None
        for inner in _records_in(field.annotation):
            _walk_fields(inner, found, seen)


def _records_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The records that a field's type speaks of; none for a verbatim object."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not issubclass(annotation, RootModel):
            yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from _records_in(inner)


def _unknown(record: type[BaseModel], content: object, at: str, leave: frozenset[str]) -> Iterator[str]:
    if not isinstance(content, Mapping):
        return
    for key, value in content.items():
        path = f"{at}{key}"
        field = record.model_fields.get(key)
        if field is None:
            yield path
        elif key not in leave:
            yield from _below(field.annotation, value, path)


def _below(annotation: object, value: object, at: str) -> Iterator[str]:
    inner = next(_records_in(annotation), None)
    if inner is None:
        return
    depth = _containers(annotation)
    for path, one in _members(value, at, depth):
        yield from _unknown(inner, one, f"{path}.", frozenset())


def _containers(annotation: object) -> int:
    """How many mappings or lists stand around the record: Mapping[str, ModelFacts] has one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return 0
    around = typing.get_origin(annotation)
    found = [_containers(inner) for inner in typing.get_args(annotation) if next(_records_in(inner), None) is not None]
    is_container = isinstance(around, type) and issubclass(around, Mapping | Sequence)
    return max(found, default=0) + is_container


def _members(value: object, at: str, depth: int) -> Iterator[tuple[str, object]]:
    if depth == 0:
        yield at, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _members(inner, f"{at}.{key}", depth - 1)
    elif isinstance(value, list | tuple):
        for n, inner in enumerate(value):
            yield from _members(inner, f"{at}[{n}]", depth - 1)
