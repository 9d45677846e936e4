"""The resolved suite that a run was made from, as run.json keeps it (`suite_resolved`)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Self

from pydantic import model_validator

from evalkit.facts.base import Float, Int, JsonMap, StoredRecord, Verbatim, view
from evalkit.facts.tasks import SettingsFacts


class _KnownEntry(StoredRecord):
    adapter: str | None = None
    model: str | None = None
    licence: str | None = None
    price_as: str | None = None
    settings: SettingsFacts | None = None
    hosting: JsonMap | None = None


class EntryFacts(Verbatim):
    """A model or a judge as the suite declares it: compare `root`, read single values by name."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        assert self.known is not None
        return self

    @cached_property
    def known(self) -> _KnownEntry:
        """The typed part."""
        return view(_KnownEntry, self.root)

    @property
    def adapter(self) -> str | None:
        """None: not recorded."""
        return self.known.adapter

    @property
    def model(self) -> str | None:
        """Model id. None: the adapter needs none."""
        return self.known.model

    @property
    def licence(self) -> str | None:
        """Licence that the suite claims. None: it claims none."""
        return self.known.licence

    @property
    def price_as(self) -> str | None:
        """Model id under which prices are looked up. None: its own."""
        return self.known.price_as

    @property
    def max_output_tokens(self) -> int | None:
        """None: no limit."""
        settings = self.known.settings
        return settings.max_output_tokens if settings is not None else None

    @property
    def settings(self) -> JsonMap:
        """All settings as they are written; empty where there are none."""
        found = self.root.get("settings")
        return found if isinstance(found, dict) else {}

    @property
    def hosting(self) -> JsonMap | None:
        """Own hardware and its price. None: a provider bills."""
        return self.known.hosting


class SuiteTaskFacts(StoredRecord):
    """A task as the suite declares it."""

    name: str
    identity_digest: str | None = None
    identity: JsonMap = {}
    marks: JsonMap | None = None
    """Which samples are clustered, sliced, critical or weighted. None: not recorded (runs of before)."""
    records: JsonMap = {}
    """Which records of the data are asked, and how they are read."""
    written: JsonMap = {}
    """The task as the suite file writes it."""
    data_sha256: str | None = None
    """Fingerprint of the data. None: not recorded."""
    pictures_digest: str | None = None
    """Identity of all pictures that its records show. None: they show none."""


class RunSettingsFacts(StoredRecord):
    """`run:` of the suite. None: not recorded."""

    in_flight: Int | str | None = None
    """Requests at the same time, or `auto`."""
    repeats: Int | None = None
    seed: Int | None = None
    max_cost_usd: Decimal | None = None
    """Cap in US dollars. None: no cap, or not recorded."""
    max_error_rate: Float | None = None
    """Share of rows that may be errors."""
    timeout_s: Float | None = None
    """Limit of one item in seconds, retries included."""
    idle_timeout_s: Float | None = None
    """Seconds of silence after which an attempt is given up."""


class SuiteFacts(StoredRecord):
    """The suite, every default spelt out."""

    name: str | None = None
    about: str | None = None
    sensitivity: str | None = None
    """public, internal or restricted. None: not recorded."""
    redact: JsonMap | None = None
    """`redact:` of the suite. None: it redacts nothing."""
    models: Mapping[str, EntryFacts] = {}
    judges: Mapping[str, EntryFacts] = {}
    tasks: tuple[SuiteTaskFacts, ...] = ()
    run: RunSettingsFacts = RunSettingsFacts()
    gate: JsonMap | None = None
    """The gate as it is written; `decide.gate_of` parses it. None: the suite has none."""
    digest: str | None = None

    def task(self, name: str) -> SuiteTaskFacts | None:
        """The task of this name; None where the suite has none."""
        return next((task for task in self.tasks if task.name == name), None)
