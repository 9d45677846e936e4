"""What a run's suite may say otherwise than the protected suite: one table. Whatever is not in it has to be equal.

    for found in differences(suite_of_the_run, protected_suite, candidates=["cand"]):
        found.at, found.in_run, found.in_suite        # ("run", "seed"), 17, 0: in no row, so the run is refused

Both suites are compared as JSON, key by key and all the way down, so a key that is added tomorrow is compared too. A
row allows a difference; `held` says what is held instead. tests/test_gate_allow_list.py changes every single key to see
that it is refused or stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from evalkit.suite.wording import spelled


class NotThere:
    """In place of a value: the key is not there at all, where that is not the same as null."""


ANY, CANDIDATE = "*", "CANDIDATE"
"""In a row's path: any name; the name of a candidate."""
_AS_WRITTEN = frozenset({"written", "identity"})
"""Keys of a task under which stands what its author wrote."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """One row: a key that may differ, with everything below it."""

    path: str
    why: str
    """Why the difference is no reason to refuse."""
    held: str = ""
    """What is held instead, as a condition; empty: nothing."""


RECORDED = (
    *("path", "id_field", "text_field", "calls_field", "partial", "replies", "delay_s", "fail"),
    *("function", "source_sha256"),
)
"""Keys of answers that no model is known to have given: of `replay`, `scripted`, and functions in Python."""
_WHO = "who is asked is what is judged"
_HOW = "how the candidate is asked is part of what is judged"
_WEIGHTS = "the weights are what is judged"
_ELSEWHERE = "held in another way"
_SLOWS = "equal where a rule compares times: it could slow the baseline"

ALLOWED = (
    Allowed("about", "a description, which nothing reads"),
    Allowed("digest", "follows from the rest, which is compared itself"),
    Allowed("sensitivity", "more care than the suite asks for", "not less"),
    Allowed(
        "gate", "the protected suite's gate decides; a run that stopped early is walked through again by its rules"
    ),
    Allowed(
        "run.max_cost_usd",
        "a run that stops at its cap is incomplete, which never passes",
        "no request waited for a cap that the suite does not have: fewer would be open than `in_flight` says",
    ),
    Allowed("run.max_error_rate", "fewer errors allowed than the suite allows", "equal where a rule is about errors"),
    Allowed(f"models.{CANDIDATE}.adapter", _WHO, "one of evalkit's own, of the person's settings, or the suite's"),
    Allowed(
        f"models.{CANDIDATE}.model",
        _WHO,
        "no folder of weights that the suite does not name; of an application at most 64 letters, digits, dots, dashes",
    ),
    Allowed(
        f"models.{CANDIDATE}.base_url",
        _WHO,
        "an address that the suite names, a host that the person allows, or this machine",
    ),
    Allowed(f"models.{CANDIDATE}.resource", _WHO, "a key goes there only where the person allows the host"),
    Allowed(f"models.{CANDIDATE}.region", "the same provider in another place"),
    Allowed(f"models.{CANDIDATE}.key_env", "which account pays; the person allows each variable by name"),
    Allowed(f"models.{CANDIDATE}.weights", "a word for the weights of a server of one's own: the cache's key"),
    Allowed(f"models.{CANDIDATE}.licence", "only rules about the licence read it", "equal where a rule is about it"),
    Allowed(f"models.{CANDIDATE}.price_as", "only bills rest on it", "equal where a rule is about cost"),
    Allowed(f"models.{CANDIDATE}.reported_cost", "only bills rest on it", "equal where a rule is about cost"),
    Allowed(
        f"models.{CANDIDATE}.hosting",
        "only bills rest on it",
        "equal where a rule is about cost; it may go where a provider bills the candidate at its own address",
    ),
    Allowed(f"models.{CANDIDATE}.serve", _HOW, "flags of size, precision and parsers alone"),
    Allowed(f"models.{CANDIDATE}.compute_type", _WEIGHTS),
    Allowed(f"models.{CANDIDATE}.inter_threads", _HOW, _SLOWS),
    Allowed(f"models.{CANDIDATE}.intra_threads", _HOW, _SLOWS),
    Allowed(f"models.{CANDIDATE}.max_batch", _HOW, _SLOWS),
    Allowed(
        f"models.{CANDIDATE}.stream",
        "a server may have to be asked so",
        "not switched off: a long answer would be a silence, given up by `idle_timeout_s` and asked again",
    ),
    Allowed(f"models.{CANDIDATE}.stream_options", "without it usage is unknown, which never passes a rule"),
    Allowed(f"models.{CANDIDATE}.token_param", "how the server spells the limit", "equal where a rule is about cost"),
    Allowed(f"models.{CANDIDATE}.probe_tools", "whether the server is tried before it is offered functions"),
    Allowed(f"models.{CANDIDATE}.probe_images", "whether the server is tried before it is shown pictures"),
    Allowed(f"models.{CANDIDATE}.likelihood", "what the server can do; the mode of a task is compared"),
    Allowed(f"models.{CANDIDATE}.legacy_sampling", "how sampling is spelled"),
    Allowed(f"models.{CANDIDATE}.num_ctx", _HOW, _SLOWS),
    Allowed(f"models.{CANDIDATE}.keep_alive", "how long a server keeps the model loaded", _SLOWS),
    Allowed(f"models.{CANDIDATE}.settings.temperature", _HOW),
    Allowed(f"models.{CANDIDATE}.settings.top_p", _HOW),
    Allowed(f"models.{CANDIDATE}.settings.seed", _HOW),
    Allowed(f"models.{CANDIDATE}.settings.stop", _HOW, "at most 200 letters"),
    Allowed(f"models.{CANDIDATE}.settings.top_logprobs", "what is reported beside an answer"),
    Allowed(f"models.{CANDIDATE}.settings.reasoning_effort", _HOW, "a known word or a number; templates print it"),
    Allowed(f"models.{CANDIDATE}.settings.max_output_tokens", _HOW, "not taken away where a rule is about cost"),
    Allowed(
        f"models.{CANDIDATE}.settings.extra", _HOW, "only fields known to tune, with numbers, switches or known words"
    ),
    *(
        Allowed(f"models.{CANDIDATE}.{key}", "recorded answers", "taken away, or with --allow-recorded")
        for key in RECORDED
    ),
    Allowed(f"tasks.{ANY}.identity", _ELSEWHERE, "the identity by which answers were scored last is the suite's"),
    Allowed(f"tasks.{ANY}.identity_digest", _ELSEWHERE, "the identity itself"),
    Allowed(f"tasks.{ANY}.marks", _ELSEWHERE, "equal"),
    Allowed(f"tasks.{ANY}.records", _ELSEWHERE, "equal"),
    Allowed(f"tasks.{ANY}.data_sha256", _ELSEWHERE, "equal, also that of right answers that `rescore` took"),
    Allowed(f"tasks.{ANY}.pictures_digest", _ELSEWHERE, "equal"),
    Allowed(f"tasks.{ANY}.written.name", "tasks are found by their names"),
    Allowed(f"tasks.{ANY}.written.labels", "people's labels correct a shown mean, and no protected rule"),
    *(
        Allowed(f"tasks.{ANY}.written.{path}", "where a file lies", "what it holds is equal")
        for path in ("data.path", "environment", "shots.path", "with.path", "with.data.path", "with.shots.path")
    ),
    Allowed(
        f"tasks.{ANY}.written.with.labels",
        "people's labels correct a shown mean, and no protected rule",
    ),
)
"""Every difference that is no reason by itself to refuse a run."""


@dataclass(frozen=True, slots=True)
class SuiteDifference:
    """One key that the two suites have otherwise."""

    at: tuple[str, ...]
    in_run: object
    in_suite: object

    def line(self) -> str:
        """For a person: the key and both values, short."""
        return f"  {self.values(0)}"

    def values(self, n: int) -> str:
        """The same without the first n keys, for a sentence that names them already."""
        key = ".".join(self.at[n:]) or self.at[-1]
        null = "null" if NotThere in (self.in_run, self.in_suite) else "not there"
        run, suite = (_shown(value, null) for value in (self.in_run, self.in_suite))
        return f"{key}: {run} in the run, {suite} in the suite"


def differences(run: object, suite: object, candidates: Collection[str] = ()) -> Iterator[SuiteDifference]:
    """Every difference that no row of the table allows, in the order of the keys. `run`, `suite`: plain JSON, tasks by
    their names."""
    for found in all_differences(run, suite):
        if row_for(found.at, candidates) is None:
            yield found


def all_differences(run: object, suite: object, at: tuple[str, ...] = ()) -> Iterator[SuiteDifference]:
    """Every key that is not the same in both.

    A key of a record of evalkit's own that is absent is the same as one that is null: an older run has fewer of them.
    In what is sent or read as it is written (`settings.extra`, a schema, a task) it is not: `temperature: null` there
    takes the temperature away.
    """
    if isinstance(run, Mapping) and isinstance(suite, Mapping):
        for key in sorted({*run, *suite}):
            inner = (*at, key)
            if (key in run and key in suite) or _is_record(inner):
                yield from all_differences(run.get(key), suite.get(key), inner)
            else:
                yield SuiteDifference(inner, run.get(key, NotThere), suite.get(key, NotThere))
    elif (isinstance(run, Mapping) and suite is None) or (isinstance(suite, Mapping) and run is None):
        one, other = (run, {}) if suite is None else ({}, suite)
        inside = list(all_differences(one, other, at))
        yield from inside or ([SuiteDifference(at, run, suite)] if (run or suite) else [])
    elif not same(run, suite):
        yield SuiteDifference(at, run, suite)


def _is_record(at: tuple[str, ...]) -> bool:
    """Whether a key is one of evalkit's own records, where absent and null are one: of the suite, a section, a model or
    judge, its settings, a task's facts. Below it, and in a task as it is written, somebody else reads what is there."""
    if len(at) > 3 and at[0] == "tasks":
        return at[2] not in _AS_WRITTEN
    return len(at) <= 3 or (len(at) == 4 and at[0] in {"models", "judges"} and at[2] in {"settings", "hosting"})


def same(one: object, other: object) -> bool:
    """Whether two JSON values are one: `true` is not 1, and 600 is 600.0."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def row_for(at: tuple[str, ...], candidates: Collection[str]) -> Allowed | None:
    """The row that allows a key to differ; None where none does."""
    return next((row for row in ALLOWED if _covers(row.path.split("."), at, candidates)), None)


def _covers(path: list[str], at: tuple[str, ...], candidates: Collection[str]) -> bool:
    if len(path) > len(at):
        return False
    return all(
        key in (ANY, name) or (key == CANDIDATE and name in candidates) for key, name in zip(path, at, strict=False)
    )


def _shown(value: object, null: str) -> str:
    return "not there" if value is NotThere else null if value is None else spelled(value)
