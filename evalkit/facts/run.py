"""The record of run.json, and of judging/run.json and a load sweep's run.json, which have the same form."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from evalkit.facts.base import (
    AbsentWhereOdd,
    Bool,
    Count,
    Float,
    Instant,
    Int,
    Json,
    JsonMap,
    StoredRecord,
    Texts,
    Word,
)
from evalkit.facts.history import HistoryFacts
from evalkit.facts.load import LoadFacts
from evalkit.facts.models import ModelFacts
from evalkit.facts.stops import StopFacts, StoppedCandidate
from evalkit.facts.suite import SuiteFacts
from evalkit.facts.tasks import LabelFacts, RescoredFacts, TaskFacts

SCHEMA_VERSION = 1
"""Of run.json and of the folder around it. Raised when a key changes meaning, not when one is added."""
CAP, EARLY_STOP = "max_cost_usd", "early_stop"
"""What may keep fewer requests open than `in_flight` says (`RunFacts.slowed_by`)."""
STARTED_BY = "EVALKIT_STARTED_BY"
"""Set by the board for a run that somebody starts from its page who is signed in: their address."""


class LagFacts(StoredRecord):
    """How late the client's own event loop was, in seconds. None: too few looks."""

    p50_s: Float | None = None
    p99_s: Float | None = None
    max_s: Float | None = None
    n: Int | None = None
    """Looks."""


class LaneFacts(StoredRecord):
    """One endpoint as the runner saw it. None: not recorded."""

    in_flight_limit: Int | None = None
    """Requests that it was allowed at the same time, at the end."""
    in_flight_fixed: Bool | None = None
    """Whether the suite fixed that number."""
    in_flight_peak: Int | None = None
    """Most requests that were really open at once."""
    rate_limit_episodes: Int | None = None


class PolicyFacts(StoredRecord):
    """The data policy that a run was made under."""

    file: str | None = None
    sha256: str | None = None


class ReceiverFacts(StoredRecord):
    """Who receives prompts, or calls of tools."""

    host: str | None = None
    """None: a program on this machine."""
    passed_on: tuple[str, ...] = ()
    """Sentences on what a provider passes on to others."""
    program: str | None = None
    """Of tools: the words of the program. None: they are asked over the network, or it is no server of tools."""
    tasks: tuple[str, ...] = ()
    """Of tools: the tasks whose calls it receives."""
    known: str | None = None
    """What the data policy knows of the host. None: there was no policy."""


class EgressFacts(StoredRecord):
    """What left the process, and under which rules."""

    sensitivity: str | None = None
    policy: PolicyFacts | None = None
    """None: there was none."""
    receivers: Mapping[str, ReceiverFacts] = {}
    """By model or judge; `tools of FILE` for a live server of agents' tools."""


class RedactionFacts(StoredRecord):
    """What was taken out of records before they were sent, and out of rows before they were stored."""

    what: tuple[str, ...] = ()
    patterns: Mapping[str, str] = {}
    countries: tuple[str, ...] | None = None
    """Whose phone numbers were looked for by their own rules. None: no country's."""
    where: tuple[str, ...] = ()
    found: Mapping[str, Mapping[str, Int]] = {}
    """By task and kind: how often it stood in records."""
    told: Mapping[str, Mapping[str, Int]] | None = None
    """By task and kind: how often it stood in what live servers of tools said; sessions that were killed are not
    counted. None: it was found in nothing that one said."""
    stored: Mapping[str, Mapping[str, Int]] | None = None
    """By task: rows that were redacted (`rows`), and how often each kind stood in them. None: not sealed yet."""


class ImportedFacts(StoredRecord):
    """The tool that answers come from, where evalkit asked nobody."""

    tool: str | None = None
    version: str | None = None
    files: tuple[str, ...] = ()
    status: Annotated[str | None, AbsentWhereOdd] = None
    """How the tool says that its own run ended. None: it does not say."""
    sha256: str | None = None
    """Content of the file. None: of several, or not recorded."""
    times_measured_by: str | None = None
    """Who took the times. None: nobody says, or there are none."""
    columns: tuple[str, ...] = ()
    """Of a table: which column was read as what, as a map would say it."""
    source: str | None = None
    """Where the figures come from, in the words of whoever imported them. None: not said."""


class PriceFileFacts(StoredRecord):
    """The file of prices that won over the book."""

    name: str | None = None
    """File name without folders; `several` where a resumed run had more than one."""
    of: str | None = None
    """Whose word it is: `person` (--prices) or `suite` (prices.yaml beside it)."""
    sha256: str | None = None


class RunFacts(StoredRecord):
    """Everything that run.json says. None (or empty) means not recorded unless a field says otherwise.

    A run is begun with what its plan says (the first fields), and later sessions add to it: `RunFacts(status=...)`
    holds what changes. Only what is set is written, in this order.
    """

    models: Mapping[str, ModelFacts] | None = None
    """By the suite's name. None: not recorded, so nothing can be decided from the run."""
    tasks: Mapping[str, TaskFacts] | None = None
    """By name. None: as `models`."""
    judges: Mapping[str, ModelFacts] = {}
    """By name; empty where nobody judges."""
    n_rows: Count | None = None
    """Rows of the whole run: samples x models x repeats."""
    imported: ImportedFacts | None = None
    """None: evalkit asked."""
    suite_path: str | None = None
    """File name of the suite, without folders."""
    suite_resolved: SuiteFacts | None = None
    """The suite with every default spelt out."""
    cut_by_limit: Int | None = None
    """`--limit`. None: not cut."""
    cut_by_tasks: Texts | None = None
    """`--tasks`. None: not cut."""
    run_version: Int | None = None
    """Version of how evalkit asks and scores."""
    in_flight: Int | str | None = None
    """Requests at the same time, fixed for the run, or `auto`."""
    repeats: Annotated[Int, Field(ge=1)] | None = None
    """How often each sample is asked. None: once."""
    max_cost_usd: Decimal | None = None
    """Cap in US dollars. None: no cap."""
    slowed_by: Texts = ()
    """What kept fewer requests open than `in_flight` says, in any session: `max_cost_usd 5` where they waited until
    that cap had room, `early_stop` where a gate had a fast endpoint wait for a slow one. Not recorded by an older
    run."""
    sessions_cut: Int = 0
    """Sessions that ended before everything was asked: interrupted, killed, at a cap, in an outage. Not recorded by an
    older run."""
    sessions_retried: Int = 0
    """Sessions that asked again what had failed in one before. Not recorded by an older run."""
    egress: EgressFacts | None = None
    redaction: RedactionFacts | None = None
    """None: the suite redacts nothing."""
    price_file: PriceFileFacts | None = None
    """None: the book alone gave prices, or (`model_fields_set` lacks it) an older run that did not say."""
    catalogue: tuple[Json, ...] | None = None
    """Files of model facts that the suite brought, as they were. None: none."""
    tags: Texts = ()
    """Words of whoever ran it (`evalkit.run(..., tags=[...])`)."""
    metadata: JsonMap = {}
    """Facts of whoever ran it."""
    kind: str | None = None
    """`load` for a load sweep. None: a run of answers."""
    model_name: str | None = None
    """Of a load sweep: the suite's name of its model."""
    model: str | None = None
    """Of a load sweep: the model id."""
    load: LoadFacts | None = None
    """Of a load sweep: what it found. None: no sweep, or none finished."""
    load_settings: JsonMap | None = None

    schema_version: Int = SCHEMA_VERSION
    suite: str | None = None
    """Name of the suite."""
    suite_digest: str | None = None
    """Identity of what is asked and how it is scored."""
    status: Word | None = None
    """running, complete, incomplete or interrupted. `running` with nobody holding the lock means killed."""
    started_at: Instant | None = None
    """UTC, ISO 8601."""
    finished_at: Instant | None = None
    """UTC, ISO 8601. None: not finished."""
    started_by: str | None = None
    """Who started it from the board's page: the address of the sign-in. None: nobody who was signed in."""
    otherwise_before: Texts = ()
    """What the suite said otherwise when a part of the answers was asked: `models.gpt.price_as`, `run.timeout_s`."""
    history: HistoryFacts | None = None
    """Stored answers of older models by which the gate decided. None: the gate asked for none."""

    reasons: Texts = ()
    """Why the run is not complete, as sentences."""
    client_lag: Annotated[LagFacts | None, AbsentWhereOdd] = None
    lanes: Annotated[Mapping[str, LaneFacts] | None, AbsentWhereOdd] = None
    n_errored: Count | None = None
    """Rows that are errors, when the run ended."""
    spent_usd: Decimal | None = None
    """US dollars that this run paid, from the cache or a file of answers 0. None: not finished, or unknown."""
    servers: Annotated[Mapping[str, JsonMap] | None, AbsentWhereOdd] = None
    """By model: what a server that evalkit started turned out to be."""
    stopped_early: StopFacts | None = None
    """None: every item was asked, and nobody looked before the end."""
    told: Bool | None = None
    """False from completion until the result has been printed."""
    broken_off: str | None = None
    """Digest of the suite without data, where a record could not be asked: mended, the run goes on. None: it did not
    break off, or has gone on since."""
    labels: Mapping[str, LabelFacts] = {}
    """Of a judging folder, by task: people's labels."""

    evalkit_version: str | None = None
    python: str | None = None
    platform: str | None = None
    cpu: str | None = None
    n_cpus: Int | None = None
    git_revision: str | None = None

    judges_served: Annotated[Mapping[str, tuple[str, ...]] | None, AbsentWhereOdd] = None
    """By judge: the models that its endpoint says answered."""
    judges_unread: Annotated[Mapping[str, Mapping[str, Mapping[str, tuple[Count, Count]]]] | None, AbsentWhereOdd] = (
        None
    )
    """By judge, model and task: (answers whose verdict could not be read, answers judged). None: nobody judged, or it
    cannot be read; a gate on what judges scored is then incomplete."""
    rescored: tuple[RescoredFacts, ...] = ()
    """Tasks that were scored anew, the oldest first."""
    sealed: Mapping[str, str] | None = None
    """By file name: `sha256:` and the digest that it was sealed with. None: sealed before there were digests."""

    def model_facts(self, name: str) -> ModelFacts:
        """What is known of a model; a record without anything where the run does not name it."""
        return (self.models or {}).get(name) or ModelFacts()

    def stopped(self, name: str) -> StoppedCandidate | None:
        """Where a gate stopped a model before its last item; None where it did not."""
        return self.stopped_early.candidates.get(name) if self.stopped_early is not None else None

    def cut_short(self, name: str, n_rows: int) -> StoppedCandidate | None:
        """`stopped`, where the rows that came of a model are fewer than its suite wants. A stop at which everything had
        been asked chose no items, so its figures are those of any whole run."""
        wanted = None if self.n_samples is None else self.n_samples * (self.repeats or 1)
        return None if wanted is not None and n_rows >= wanted else self.stopped(name)

    def entry(self, name: str) -> JsonMap:
        """A model as the suite declares it; empty where it is not recorded."""
        found = self.suite_resolved.models.get(name) if self.suite_resolved is not None else None
        return found.root if found is not None else {}

    @property
    def n_samples(self) -> int | None:
        """Samples of all tasks; None where a task does not say."""
        if self.tasks is None or any(task.n is None for task in self.tasks.values()):
            return None
        return sum(task.n or 0 for task in self.tasks.values())
