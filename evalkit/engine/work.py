"""What the plan hands to the runner: models and tasks that are known to fit together. Records only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evalkit.adapters.base import Adapter
from evalkit.cost.billing import UnitPrices
from evalkit.engine.prompting import AsAsked
from evalkit.engine.sample_stream import SampleStream
from evalkit.facts import StopFacts, is_replayed
from evalkit.facts.base import JsonMap
from evalkit.frozen import dataclass
from evalkit.plugins import folded
from evalkit.records import AgentStep, Message, Row, Sample, Settings, Usage
from evalkit.scorers.base import Scorer
from evalkit.store.row_codec import Key

if TYPE_CHECKING:
    from evalkit.cost.reports import ToolReceiver
    from evalkit.engine.answer_cache import AnswerCache
    from evalkit.engine.event_loop import Lag
    from evalkit.engine.spend_file import SpendFile
    from evalkit.errors import SuiteError
    from evalkit.facts.run import LaneFacts
    from evalkit.facts.tasks import ToolServerFacts
    from evalkit.store.sent_log import SentLog
    from evalkit.store.step_log import StepLog
    from evalkit.suite.redaction import Redactor

Price = Callable[[Usage | None, str | None, datetime], Decimal | None]
"""(usage, served model, when) -> dollars billed; None when the price or the usage is not known."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the command line adds to a suite."""

    models: tuple[str, ...] | None = None
    """Only these; None: all."""
    tasks: tuple[str, ...] | None = None
    limit: int | None = None
    """At most this many samples of each task."""
    limit_share: float | None = None
    """At most this share of each task's samples, in (0, 1]; at least one."""
    max_cost_usd: Decimal | None = None
    """Wins over the suite's."""
    key_hosts: frozenset[str] = frozenset()
    """Hosts that may receive keys and prompts, by the word of the person running evalkit."""
    own_hardware: Mapping[str, UnitPrices] = field(default_factory=dict)
    """By model name: what own hardware costs a token at the throughput of its load sweep."""
    allow_code: bool = False
    """Whether the suite may run code of its own (--allow-suite-code)."""
    sends: bool = True
    """Whether the plan will be carried out. False: keys that are not set are noted, not missed."""
    stream: bool = False
    """Whether many samples may be checked while the first are asked already (`sample_stream`)."""


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task whose every sample renders and whose scorer gives 1.0 on its own gold, as far as `stream` has read it."""

    name: str
    samples: Callable[[], Iterator[Sample]]
    """A fresh pass over the samples, in the same order each time."""
    scorer: Scorer
    n: int
    identity: Mapping[str, object]
    settings: Mapping[str, Settings]
    """By the name of each model that is asked: the model's settings with the task's over them."""
    dropped: Mapping[str, tuple[str, ...]]
    """By model name: settings of the task that this model does not take. Recorded in every row."""
    sent: tuple[str, ...] = ()
    """Fields of the record that go to applications besides the prompt."""
    prompts: Mapping[str, AsAsked] = field(default_factory=dict)
    """By model that has a prompt of its own: the sample as it is asked. Others are asked as the task is written."""
    stream: SampleStream | None = None
    """Checks the samples while they are asked; None: all are checked."""


_ALIKE = frozenset({"ctranslate2", "replay", "scripted"})
"""Adapters whose answers no server draws."""


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """A model that can be asked."""

    name: str
    adapter: Adapter
    price: Price
    worst_case: Callable[[int, int | None], Decimal | None]
    """(prompt bytes, output limit) -> the most one request can cost; None when that is not known."""
    priced_as: tuple[str | None, str] | None = None
    """(provider, model) in the price book; the provider is None where nobody is known to bill."""
    gone: str | None = None
    """That the model was retired, or soon will be, by whose word; None where nobody says so."""
    parts: Mapping[str, PlannedModel] = field(default_factory=dict)
    """By name, the models that a pipeline is made of; empty for any other model."""
    undercut: Callable[[], str | None] = lambda: None
    """Half a sentence, made when it is asked for: that it is priced below its provider's list by the suite's own word,
    on which no cap can rest; None: it is not, or the person named the prices."""
    own_hardware: bool = False
    """Its answers are costed by a load sweep, not billed: the newest sweep holds for cached answers too."""

    @property
    def answers_alike(self) -> bool:
        """Whether the same request at temperature 0 gets the same answer: from an engine of evalkit's own in this
        process, or from a file. A program or a function may ask any server."""
        if self.parts:
            return all(part.answers_alike for part in self.parts.values())
        spec = self.adapter.spec
        return not self.adapter.endpoint.network and spec.function is None and folded(spec.adapter) in _ALIKE

    @property
    def asks_nobody(self) -> bool:
        """Whether its answers (those of every part) are read from a file: they have a cost, and this run pays none."""
        if self.parts:
            return all(part.asks_nobody for part in self.parts.values())
        endpoint = self.adapter.endpoint
        return not endpoint.network and is_replayed(endpoint.facts)


@dataclass(frozen=True, slots=True)
class Episode:
    """How far an agent's sample has come: what is asked next is `messages`."""

    messages: tuple[Message, ...]
    state: JsonMap
    """What its calls have made of the world so far."""
    steps: tuple[AgentStep, ...] = ()
    n_kept: int = 0
    """Of the steps, how many a later session goes on from; the others' answers are drawn anew where the sample is."""

    @property
    def is_kept(self) -> bool:
        """Whether no answer of its steps would be drawn anew."""
        return self.n_kept >= len(self.steps)


@dataclass(frozen=True, slots=True)
class Item:
    """One request that is owed: a sample for a model, in one repeat."""

    task: PlannedTask
    sample: Sample
    model: PlannedModel
    repeat: int
    later: tuple[Sample, ...] = ()
    """The turns that follow in the same conversation, each asked when the one before is answered."""
    episode: Episode | None = None
    """How far an agent's sample has come; None: it is no agent's, or not begun."""
    given_up: int = 0
    """`Row.given_up` of the turns that it stands on."""

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """The key of the row that it will be (`Row.key`)."""
        sample = self.sample
        return (self.model.name, sample.task, sample.digest, sample.occurrence, self.repeat)


def item_for(
    task: PlannedTask, sample: Sample, model: PlannedModel, repeat: int, later: tuple[Sample, ...] = ()
) -> Item:
    """The item, with the prompt that this model has of its own, where it has one."""
    own = task.prompts.get(model.name)
    return Item(task, sample if own is None else own(sample), model, repeat, later)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run is driven; nothing here changes what is asked."""

    in_flight: int | None = None
    """Requests open at once for each lane; None: found by asking (see limiter)."""
    repeats: int = 1
    seed: int = 0
    timeout_s: float = 600.0
    """Hard limit for one item: waits, attempts and all."""
    max_cost_usd: Decimal | None = None
    max_error_rate: float = 0.01


@dataclass(frozen=True, slots=True)
class Work:
    """Everything a run has to do."""

    models: tuple[PlannedModel, ...]
    tasks: tuple[PlannedTask, ...]
    settings: RunSettings = field(default_factory=RunSettings)
    storing: Redactor | None = None
    """What is taken out of rows before they are stored. None: nothing."""

    @property
    def n_rows(self) -> int:
        """Rows of the complete run."""
        return self.settings.repeats * sum(task.n * len(task.settings) for task in self.tasks)

    def rows_by_model(self) -> dict[str, int]:
        """Rows of the complete run, by model."""
        return {
            model.name: self.settings.repeats * sum(task.n for task in self.tasks if model.name in task.settings)
            for model in self.models
        }


class RowLog(Protocol):
    """Where finished rows go (the journal)."""

    def append(self, row: Row) -> None: ...

    @property
    def sent(self) -> SentLog:
        """Which requests are out."""

    def check(self) -> None:
        """Raise RunIncomplete when what is appended would not be kept any more."""


class Observer(Protocol):
    """Who watches a run: the progress display, a test."""

    def row(self, row: Row) -> None:
        """A row was stored."""

    def waiting(self, lane: str, seconds: float) -> None:
        """A lane waits this much longer because of a rate limit."""

    def gave_up(self, model: str, why: str) -> None:
        """A model is asked no further in this session. `why`: what its endpoint said, redacted as what is stored."""

    def note(self, text: str) -> None:
        """Something a person should know."""

    def tick(self) -> None:
        """Some time passed."""


@dataclass(frozen=True, slots=True)
class EarlierSessions:
    """What earlier sessions of the run left."""

    done: Callable[[Key], bool] = lambda key: False
    """Whether a row is there already."""
    earlier: Callable[[Key], Row | None] = lambda key: None
    """The answer to an earlier turn of a conversation."""
    spent: Decimal = Decimal(0)
    """US dollars."""
    open_steps: Mapping[Key, tuple[AgentStep, ...]] = field(default_factory=dict)
    """Steps of agents whose samples are not over."""
    unscored: Callable[[Key], Row | None] = lambda key: None
    """The row of an answer that its scorer failed on: it is scored again, and its model not asked."""
    unmarked: Callable[[Key], bool] = lambda key: False
    """Whether a row that is owed holds an answer, in whose place another comes where the model is asked again."""
    given_up: Callable[[Key], int] = lambda key: 0
    """Attempts at a row that is owed which ended at a limit of evalkit's own (`Row.given_up`)."""
    waited: Callable[[Key], float] = lambda key: 0.0
    """Seconds that attempts at a row took which is owed."""
    resumed: bool = False
    """Whether there was any."""


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Where a run reads and writes besides its journal. None: nowhere."""

    folder: Path | None = None
    """For the logs of servers that are started."""
    cache: AnswerCache | None = None
    spend_file: SpendFile | None = None
    steps: StepLog | None = None
    """Steps of agents while their samples go on."""
    slowed: Callable[[str], None] = lambda what: None
    """Told what keeps fewer requests open than the suite says (`RunFacts.slowed_by`)."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended."""

    interrupted: bool
    reasons: tuple[str, ...]
    """Why it is incomplete, as sentences; empty when every owed item was asked."""
    n_asked: int
    n_cached: int
    n_errored: int
    errors: dict[str, tuple[int, str]]
    """By model and kind of error: how often it ended an item in this session, and the first message."""
    lag: Lag
    lanes: Mapping[str, LaneFacts]
    """By lane: what the limiter found."""
    bad_data: SuiteError | None = None
    """Why the run broke off at a record that cannot be asked; None: at none."""
    taken_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By task and kind: what was taken out of what live servers of tools said in this session."""


class Stopper(Protocol):
    """Who says that a model need not be asked any further (a gate whose verdict is settled)."""

    seed: int
    """Of the random order in which items are asked."""

    def is_final(self, model: str) -> bool:
        """Whether no further item has to be asked of this model. Asked before every item: cheap."""

    def ahead(self, model: str, others: Collection[str]) -> bool:
        """Whether this model's answers are so far ahead of the others' that what it is asked next may not be needed."""

    def facts(self) -> StopFacts | None:
        """For run.json, once the run is over: what was stopped; None when nothing was."""


class Silent:
    """An observer that looks away."""

    def row(self, row: Row) -> None: ...

    def waiting(self, lane: str, seconds: float) -> None: ...

    def gave_up(self, model: str, why: str) -> None: ...

    def note(self, text: str) -> None: ...

    def tick(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LiveTools:
    """What was found out about the live servers of a suite."""

    notes: tuple[str, ...] = ()
    facts: Mapping[str, ToolServerFacts] = field(default_factory=dict)
    """By task: what run.json says of its server."""
    receivers: tuple[ToolReceiver, ...] = ()
    """Every server, also where it was not asked."""
