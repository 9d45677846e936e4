"""The person's policy file: what is known about endpoints, and what prompts of each sensitivity ask of them.

endpoints:
  - hosts: [api.openai.com, .openai.azure.com]
    region: eu
    jurisdiction: EU
    retention_days: 0
    trains_on_data: false
    certificates: [SOC2, ISO27001]
sensitivity:
  public: {}
  internal: {trains_on_data: false, retention_days_at_most: 30, jurisdictions: [EU, US]}
  restricted: {endpoints: [gpu.example.com], certificates: [ISO27001], regions: [eu]}
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from evalkit.suite.schema.parts import Part, Text, Texts


class EndpointEntry(Part):
    """What is known about the endpoints of some hosts. What is left out is unknown, and meets no requirement."""

    hosts: Annotated[Texts, Field(min_length=1)]
    """Host names; one that starts with a dot covers every host under it. The longest name that fits counts."""
    region: Text | None = None
    """Where prompts are processed, as you write it in `regions`."""
    jurisdiction: Text | None = None
    """Whose law the operator is under, as you write it in `jurisdictions`."""
    retention_days: Annotated[int, Field(ge=0)] | None = None
    """Days for which prompts or answers are kept; 0: not at all."""
    trains_on_data: bool | None = None
    """Whether prompts may be used for training."""
    certificates: Texts | None = None
    """Of the operator, as you write them in the requirements. None: unknown."""
    note: Text | None = None
    """For people: the contract, the page, the day."""


class RequirementEntry(Part):
    """What prompts of one sensitivity ask of an endpoint. {}: nothing."""

    endpoints: Texts | None = None
    """Only these hosts, written as in `hosts`. None: any."""
    regions: Texts | None = None
    """Only in one of these. None: anywhere."""
    jurisdictions: Texts | None = None
    """Only under one of these. None: any."""
    retention_days_at_most: Annotated[int, Field(ge=0)] | None = None
    """None: any."""
    trains_on_data: Literal[False] | None = None
    """false: prompts may not be used for training. None: not asked."""
    certificates: Texts = ()
    """Every one of these."""


class RequirementsEntry(Part):
    """By sensitivity; prompts of a level that is left out may leave this machine to nobody."""

    public: RequirementEntry | None = None
    internal: RequirementEntry | None = None
    restricted: RequirementEntry | None = None


class PolicyFile(Part):
    """The whole file."""

    endpoints: Annotated[tuple[EndpointEntry, ...], Field(strict=False)] = ()
    sensitivity: RequirementsEntry
