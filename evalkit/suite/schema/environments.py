"""An environment file: the state that an agent's tools act on, and what each tool does to it. Data, and no code.

state: {parcels: {P-1: {status: lost, paid: 1250, refunds: []}}}
tools:
  - name: refund
    parameters: {type: object, properties: {parcel: {type: string}}, required: [parcel]}
    do:
      - require: "{{ args.parcel in state.parcels }}"
        else: "There is no parcel {{ args.parcel }}."
      - append: {"parcels.{{ args.parcel }}.refunds": "{{ state.parcels[args.parcel].paid }}"}
    returns: {refunded: "{{ state.parcels[args.parcel].paid }}"}
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from evalkit.facts.base import Json, JsonMap
from evalkit.suite.schema.parts import Count, Dollars, Name, Part, Several, Text, Texts


class FindEntry(Part):
    """The entries of a list (or the values of a mapping) for which a condition holds."""

    within: str = Field(alias="in")
    """An expression: what is looked through."""
    where: Text | None = None
    """A condition on each, which reads it as `item` (and its place or key as `key`). None: all."""
    name: Annotated[str, Field(alias="as", pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    """What later actions call the list that is found."""


class RemoveEntry(Part):
    """Take entries out of a list or a mapping."""

    within: Text = Field(alias="from")
    """The path of the list or mapping."""
    where: Text
    """A condition on each, which reads it as `item` (and its place or key as `key`)."""


class ActionEntry(Part):
    """One thing that a tool does: exactly one of require, let, find, set, append, increment and remove."""

    when: Text | None = None
    """A condition; where it does not hold, the action is left out. None: always."""
    require: Text | None = None
    """A condition; where it does not hold, the call fails and changes nothing."""
    otherwise: Text | None = Field(default=None, alias="else")
    """require: what the model is told then."""
    let: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Json] | None = None
    """Values by name, for later actions."""
    find: FindEntry | None = None
    set: dict[Text, Json] | None = None
    """By path the new value; a mapping gets a key that it has not."""
    append: dict[Text, Json] | None = None
    """By path of a list the value that is put behind its last one."""
    increment: dict[Text, Json] | None = None
    """By path of a number what is added to it."""
    remove: Texts | RemoveEntry | None = None
    """Paths of what is taken away; or {from: PATH, where: CONDITION}."""


class EnvironmentTool(Part):
    """One function that the agent may call."""

    name: Name
    description: str = ""
    parameters: JsonMap = Field(default_factory=dict)
    """JSON schema of an object: what the arguments must be."""
    do: Several[ActionEntry] = ()
    """What it does, in this order. A call that fails changes nothing."""
    returns: Json = None
    """What the model is told: a value whose texts are templates. null: ok."""
    ends: bool = False
    """Whether the sample is over after this call (handing over to a person)."""


class McpEntry(Part):
    """A live MCP server whose tools an agent may call: exactly one of `command` and `base_url`."""

    command: Annotated[Several[Text], Field(min_length=1, max_length=100)] | None = None
    """A program that speaks MCP on its standard input and output, and its arguments; no shell reads them. What begins
    with ./ lies beside the suite. It runs with --allow-suite-code alone."""
    base_url: Text | None = None
    """The address of a server that speaks streamable HTTP: on this machine, or at a host that the person allows
    (--allow-key-host HOST)."""
    env: Annotated[Several[Text], Field(max_length=50)] = ()
    """command: variables of the environment that it may see, each allowed by the person: --allow-env NAME."""
    header_env: dict[Text, Text] = Field(default_factory=dict)
    """base_url: by header the environment variable that holds its value; allow each: --allow-key-host VARIABLE@HOST."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Seconds that the server has to start, and for each call."""
    at_once: Annotated[int, Field(ge=1, le=64)] = 8
    """Samples that have a session at the same time."""


class PythonEntry(Part):
    """A Python class of the suite whose methods are the tools. It runs with --allow-suite-code alone, in a cage."""

    name: Text = Field(alias="class")
    """FILE.py:NAME of a file beside the suite, or package.module:NAME; one file that imports Python's own library
    alone. It is made as NAME(state, seed) for each call, and its state is read from `self.state`."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Seconds that one call may take."""
    memory_mb: Annotated[int, Field(ge=64, le=16_384)] = 512


class EnvironmentFile(Part):
    """The whole file: `state` and `tools`, with or without `python`; or `mcp`."""

    about: str = ""
    state: JsonMap = Field(default_factory=dict)
    """What there is before the first call; a sample may change it (`start`)."""
    tools: Several[EnvironmentTool] = ()
    python: PythonEntry | None = None
    """The class that carries the tools out. null: what each says in `do` and `returns`."""
    mcp: McpEntry | None = None
    """The live server whose tools these are. null: the tools of this file."""


class LimitsEntry(Part):
    """How far one sample may go. Reaching a limit ends it, and the task is then not done."""

    steps: Annotated[int, Field(ge=1, le=200)] = 20
    """Requests to the model."""
    tokens: Count | None = None
    """Input and output of all its requests together. None: no limit."""
    usd: Dollars | None = None
    """What all its requests together are billed. None: no limit."""
