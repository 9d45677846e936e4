"""What a person adds to a suite when it is run: one record, from the command line and from Python alike.

Words about a suite hold for as long as one call lasts: data folders, policy, sensitivity, what is allowed.

    with words({"data_roots": ["data"], "allow_env": ["MODEL_SERVER"]}):
        plan = plan_suite(suite, options)

What they allow holds in this call and what it starts, and in no other run of the process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, TypedDict

from evalkit.errors import UserError
from evalkit.frozen import dataclass
from evalkit.paths import named_roots, of_person
from evalkit.suite.given import as_whole
from evalkit.suite.policy import named_policy
from evalkit.suite.sensitivity import demanded
from evalkit.suite.wording import near, short
from evalkit.trust import ALLOWED_ENV, CALLOUTS, HTTP_HOSTS


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What is asked of a suite, where it is kept, and what it may cost."""

    results: Path | None = None
    """Folder of run folders. None (only where nothing is run): own hardware has no price."""
    models: tuple[str, ...] | None = None
    """Only these models of the suite; None: all."""
    tasks: tuple[str, ...] | None = None
    task_tags: tuple[str, ...] = ()
    """Only tasks with one of these tags; empty: whatever they are tagged with."""
    limit: int | None = None
    """At most this many samples of each task (a seeded choice): a look, no evidence."""
    limit_share: float | None = None
    """The same as a share of each task's samples, in (0, 1]."""
    changes: tuple[str, ...] = ()
    """`key=value` in the place of what the suite's file says, like `models.gpt.settings.temperature=0`."""
    run: Mapping[str, object] = field(default_factory=dict)
    """Other values for the suite's `run:` (repeats, seed, in_flight, max_error_rate, timeout_s, idle_timeout_s)."""
    new: bool = False
    """Start another run folder instead of resuming an incomplete one of the same content."""
    resume: str | None = None
    """Resume this run: a path, a name or its beginning, `latest`. None: the newest incomplete one of this content."""
    cache: bool = True
    """Whether answers that are cached are used, and new ones kept."""
    max_cost_usd: Decimal | None = None
    """Stop before this many dollars are passed; wins over the suite. None: what the suite says."""
    prices: Path | None = None
    """A price file; wins over the price book."""
    allow_key_host: tuple[str, ...] = ()
    """Hosts that may receive keys: HOST, or VARIABLE@HOST for one key."""
    allow_suite_code: bool = False
    """Whether the suite may run code of its own: task files of lm-eval, server flags that load programs."""
    planned: str | None = None
    """Refuse where the plan has another digest than this one, of `evalkit plan`. None: whatever it is."""
    record_tools: Path | None = None
    """Where what the live MCP server of the run answers is kept, for an environment that needs none. None: nowhere."""
    gate: bool = False
    """Ask what the suite's gate needs, and stop once its verdict is settled."""
    baselines: Path = Path("baselines")
    """Folder of promoted baselines."""
    tags: tuple[str, ...] = ()
    """Words of the person's own, kept in run.json."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """Facts of the person's own, kept in run.json; JSON values."""

    def __post_init__(self) -> None:
        """Raises UserError for options that contradict each other."""
        if self.new and self.resume:
            raise UserError("--new starts another run, --resume continues one: give one of them.")


class RunKeywords(TypedDict, total=False):
    """The keyword arguments of `evalkit.run` and `evalkit.arun` beside the suite, `results` and `progress`."""

    models: str | list[str] | tuple[str, ...]
    """Only these models of the suite."""
    tasks: str | list[str] | tuple[str, ...]
    """Only these tasks of the suite."""
    task_tags: list[str] | tuple[str, ...]
    """Only tasks with one of these tags."""
    limit: int
    """At most this many samples of each task (a seeded choice): a look, no evidence."""
    limit_share: float
    """The same as a share of each task's samples, above 0 and at most 1."""
    changes: list[str] | tuple[str, ...]
    """`key=value` in the place of what the suite's file says, like `models.gpt.settings.temperature=0`."""
    repeats: int
    """How often each sample is asked."""
    seed: int
    in_flight: int | Literal["auto"]
    """Requests open at once for each endpoint."""
    timeout_s: float
    """Hard limit for one item, retries and waits included."""
    idle_timeout_s: float
    """Silence after which one attempt is given up."""
    max_error_rate: float
    """Share of failed rows above which the run is incomplete."""
    max_cost_usd: float | Decimal | str
    """Stop before this many dollars are passed."""
    new: bool
    """Start another run folder instead of resuming an incomplete one of the same content."""
    resume: str | Path
    """Resume this run: a path, a name or its beginning, `latest`."""
    cache: bool
    """False: ask again even where an answer is cached, and keep none."""
    prices: str | Path
    """A price file; wins over the price book."""
    planned: str
    """Refuse where suite, data, receivers or prices are not those of this plan (`evalkit plan --json`: `digest`)."""
    record_tools: str | Path
    """Where what the live MCP server answers is kept (.json), for an environment that needs no server."""
    gate: bool
    """Ask only what the suite's gate needs, and stop once its verdict is settled."""
    baselines: str | Path
    """Folder of promoted baselines."""
    tags: list[str] | tuple[str, ...]
    """Words of your own, kept in run.json."""
    metadata: Mapping[str, object]
    """Facts of your own, kept in run.json."""
    data_roots: list[str | Path] | tuple[str | Path, ...]
    """Folders that the suite may read besides its own."""
    policy: str | Path
    """Your policy of which endpoints may receive what (docs/safety.md)."""
    sensitivity: Literal["public", "internal", "restricted"]
    """Treat the suite's prompts as at least this sensitive."""
    allow_key_host: list[str] | tuple[str, ...]
    """Hosts that may receive keys: HOST, or VARIABLE@HOST for one key."""
    allow_http_host: list[str] | tuple[str, ...]
    """Hosts that prompts may go to without encryption."""
    allow_env: list[str] | tuple[str, ...]
    """Variables that the suite may use, in ${NAME} or as key_env."""
    allow_callout: list[str] | tuple[str, ...]
    """Hosts and tools that providers may pass parts of prompts to."""
    allow_suite_code: bool
    """Let the suite run code of its own."""
    allow_code_execution: bool
    """Let the scorer `code` run what models wrote (own process, no network, nothing written)."""


OF_RUN = ("repeats", "seed", "in_flight", "timeout_s", "idle_timeout_s", "max_error_rate")
"""Keywords that stand for a key of the suite's `run:`."""
WORDS = (
    "data_roots",
    "policy",
    "sensitivity",
    "allow_http_host",
    "allow_env",
    "allow_callout",
    "allow_code_execution",
)
"""Keywords that are the person's word about a suite for as long as the call lasts (`api.words`)."""


_FLAGS = ("new", "cache", "allow_suite_code", "gate")


def options_of(results: str | Path | None, given: Mapping[str, Any]) -> RunOptions:
    """The record for keyword arguments as Python gives them. Raises UserError for one that is unknown, or not as it
    should be."""
    known = list(RunKeywords.__annotations__)
    if unknown := [name for name in given if name not in known]:
        raise UserError(f"there is no option {unknown[0]!r}; {near(unknown[0], known)}")
    given = {name: as_whole(value) for name, value in given.items() if name not in WORDS}
    from evalkit.store.runs import default_results, results_at

    kept = default_results() if results is None else results_at(results)
    made: dict[str, Any] = {"results": kept, "run": {k: given[k] for k in OF_RUN if k in given}}
    made["baselines"] = baselines_at(given.get("baselines"))
    for name in (one.name for one in fields(RunOptions)):
        if name not in given or (given[name] is None and name != "models"):
            continue
        value = given[name]
        if name in {"models", "tasks", "task_tags", "allow_key_host", "tags", "changes"}:
            value = None if value is None else listed(name, value)
        elif name == "baselines":
            continue
        elif name in {"prices", "record_tools"}:
            value = of_person(value, name)
        elif name in {"resume", "planned"}:
            value = str(value)
        elif name == "max_cost_usd":
            value = dollars(value, "max_cost_usd")
        elif name == "limit" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise UserError(f"limit is a whole number of samples from 1 (value seen: {short(value)})")
        elif name == "limit_share" and (
            isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1
        ):
            raise UserError(f"limit_share is a share of the samples above 0 and at most 1 (value seen: {short(value)})")
        elif name == "metadata":
            value = _facts(value)
        elif name in _FLAGS and not isinstance(value, bool):
            raise UserError(f"{name} is True or False (value seen: {short(value)})")
        made[name] = value
    return RunOptions(**made)


def baselines_at(folder: str | Path | None) -> Path:
    """The folder of promoted baselines; None: EVALKIT_BASELINES, or `baselines` in the working directory."""
    named = folder if folder is not None else os.environ.get("EVALKIT_BASELINES") or "baselines"
    return of_person(named, "the folder of baselines")


def listed(name: str, value: object) -> tuple[str, ...]:
    """One text or several as a tuple. Raises UserError for anything else, and for none."""
    if not isinstance(value, Iterable):
        raise UserError(f"{name} is a list of texts (value seen: {short(value)})")
    names = (value,) if isinstance(value, str | Path) else tuple(value)
    if not all(isinstance(one, str | Path) and str(one) for one in names):
        raise UserError(f"{name} is a list of texts (value seen: {short(value)})")
    if not names and name in {"models", "tasks"}:
        raise UserError(f"{name} is an empty list, and nothing would be asked; leave it out to ask all")
    return tuple(str(one) for one in names)


def dollars(value: object, name: str = "--max-cost") -> Decimal | None:
    """An amount of dollars; None when it was not given. Raises UserError for what is no amount above 0."""
    if value is None:
        return None
    text = str(value)
    try:
        amount = Decimal(text.strip().lstrip("$"))
    except InvalidOperation:
        raise UserError(f"{name} {text!r} is no amount of dollars; write it like {name} 20") from None
    if isinstance(value, bool) or not amount.is_finite() or amount <= 0:
        raise UserError(f"{name} {text} must be above 0")
    return amount


def _facts(value: Any) -> dict[str, object]:
    """A mapping of JSON values. Raises UserError for anything else."""
    import orjson

    try:
        made = orjson.loads(orjson.dumps(dict(value)))
    except (TypeError, ValueError) as error:
        raise UserError(f"metadata is a mapping of texts to JSON values ({error})") from error
    return dict(made)


_LISTS = {"allow_http_host": HTTP_HOSTS, "allow_env": ALLOWED_ENV, "allow_callout": CALLOUTS}


@contextmanager
def words(given: Mapping[str, Any]) -> Iterator[None]:
    """Everything in here is done under these words. Raises UserError for a level or a file that cannot be used."""
    with ExitStack() as stack:
        if given.get("data_roots"):
            stack.enter_context(named_roots([Path(one) for one in listed("data_roots", given["data_roots"])]))
        if given.get("policy"):
            stack.enter_context(named_policy(of_person(given["policy"], "policy")))
        if given.get("sensitivity"):
            stack.enter_context(demanded(str(given["sensitivity"])))
        for name, word in _LISTS.items():
            if given.get(name):
                stack.enter_context(word.given(listed(name, given[name])))
        if given.get("allow_code_execution"):
            from evalkit.scorers import code_worker

            stack.enter_context(code_worker.allowed_here())
        yield
