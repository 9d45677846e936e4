"""The suite file as a whole, and its `run:` and `redact:`.

redact: {what: [email, phone, card, iban, ip], patterns: {ticket: "T-[0-9]{6}"}, where: [sending, storing]}
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from evalkit.suite.schema.gates import GateEntry
from evalkit.suite.schema.models import ModelEntry, PromptEntry
from evalkit.suite.schema.parts import Count, Name, Part, Several, Text, as_written
from evalkit.suite.schema.tasks import TaskEntry
from evalkit.suite.wording import short

Kind = Literal["email", "phone", "card", "iban", "ip"]
Where = Literal["sending", "storing"]


class RedactEntry(Part):
    """What is replaced by its name, [EMAIL]: in records before prompts are made, in rows before they are stored."""

    what: Several[Kind] = ()
    """email, phone, card (with its check digit), iban (with its checksum), ip."""
    countries: Annotated[Several[Text], Field(max_length=300)] = ()
    """ISO 3166 (FR, US): phone numbers as these write their own are found too. Without it: those with the code of a
    country, in brackets, with a leading 0, or as 555-123-4567."""
    patterns: Annotated[dict[Name, Text], Field(max_length=50)] = Field(default_factory=dict)
    """Further ones by name: regular expressions as RE2 reads them."""
    where: Annotated[Several[Where], Field(min_length=1)] = ("sending",)
    """sending: in every text of every record, before prompts are made of it. storing: in what models and judges wrote,
    and in all else of a row, after it was scored and before anything keeps it."""


def _in_flight(value: object) -> object:
    if value != "auto" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"expected auto or a whole number from 1 (value seen: {short(value)})")
    return value


InFlight = Annotated[int | Literal["auto"], BeforeValidator(_in_flight, json_schema_input_type=Count | Literal["auto"])]


class RunEntry(Part):
    """How the run is made."""

    in_flight: InFlight = "auto"
    """Open requests per endpoint; auto grows while the endpoint is happy."""
    repeats: Annotated[int, Field(ge=1, le=1000)] = 1
    """How often each sample is asked."""
    seed: int = 0
    max_cost_usd: Annotated[Decimal, as_written, Field(gt=0)] | None = None
    """The run stops before it spends more. None: no limit."""
    max_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of errored rows above which the run counts as incomplete."""
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    """Hard limit for one item in seconds, retries included."""
    idle_timeout_s: Annotated[float, Field(gt=0)] = 120.0
    """Seconds of silence after which one attempt is given up."""


class SuiteFile(Part):
    """The whole file."""

    name: Name
    about: str | None = None
    sensitivity: Literal["public", "internal", "restricted"] = "internal"
    """Where prompts may be sent. The person running evalkit can ask for more care, not for less (--sensitivity)."""
    redact: RedactEntry | None = None
    """What is taken out of every record before prompts are made of it. None: nothing."""
    models: Annotated[dict[Name, ModelEntry], Field(min_length=1)]
    prompts: dict[Name, PromptEntry] = Field(default_factory=dict)
    """Further prompts: each model is also asked with each of them, as the model MODEL+PROMPT."""
    judges: dict[Name, ModelEntry] = Field(default_factory=dict)
    """Models that score answers (`score: {judge: {by: NAME}}`): never asked a task, never listed, never gated."""
    tasks: Annotated[tuple[TaskEntry, ...], Field(strict=False, min_length=1)]
    catalogue: Text | None = None
    """A file that adds facts about models or corrects them (docs/catalogue.md), relative to the suite file. None:
    models.yaml beside the suite, where there is one."""
    run: RunEntry = Field(default_factory=RunEntry)
    gate: GateEntry | None = None
    """None: this suite measures and decides nothing."""
