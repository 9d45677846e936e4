"""A scenario file: a break-even on stated numbers, where nothing has been measured yet.

    name: ten-million-a-day
    unit: {name: input token, input_tokens: 1, output_tokens: 0.5}
    volumes_per_day: [10M]
    lines:
      - {name: closed API, kind: api, usd_per_mtok_input: 2.50, usd_per_mtok_output: 10}
      - {name: two H100, kind: own, gpus: 2, usd_per_month: 5000}

A figure in doubt is a range, [low, high]. Numbers become decimals by their written digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from evalkit.cost.breakeven import Billed, Line, Own, Range
from evalkit.cost.hosting import HOURS_PER_YEAR
from evalkit.errors import UserError
from evalkit.plugins import near
from evalkit.reading import NotYaml, composed_yaml, loaded_yaml, nests_deeper, read_small_text

_SCALE = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
_MOST_BYTES = 1_000_000
_LARGEST = 10**18
"""What no volume, price or count is above: quotients of such figures could not be written."""
_QUANTITY = re.compile(r"([0-9]{1,18}(?:\.[0-9]{0,9})?) ?([kKmMbBgGtT]?)")


def quantity(text: str) -> Decimal:
    """`10M`, `1.5B`, `250000` as a number. Raises ValueError for anything else, and for 0."""
    found = _QUANTITY.fullmatch(text.strip().replace(",", "").replace("_", ""))
    value = Decimal(found[1]) * _SCALE[found[2].lower()] if found else Decimal(0)
    if not 0 < value <= _LARGEST:
        raise ValueError(f"{text[:40]!r} is no volume; write it like 10M, 1.5B or 250000")
    return value


def _number(value: object) -> Any:
    return quantity(str(value)) if isinstance(value, str) else value


def _range(value: object) -> object:
    """One number, or [low, high], as a Range."""
    ends = value if isinstance(value, list) else [value, value]
    numbers = [Decimal(end) for end in ends if isinstance(end, Decimal | int) and not isinstance(end, bool)]
    if len(ends) != 2 or len(numbers) != 2:
        raise ValueError("expected a number, or [low, high]")
    if not all(number.is_finite() for number in numbers):
        raise ValueError("expected a number that is finite")
    low, high = numbers
    if low < 0:
        raise ValueError("expected nothing below 0")
    return Range.between(low, high)


Amount = Annotated[Range, BeforeValidator(_range)]
Quantity = Annotated[Decimal, BeforeValidator(_number), Field(gt=0)]


class ScenarioPart(BaseModel):
    """Any mapping of a scenario: no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class UnitEntry(ScenarioPart):
    """What one unit of volume is."""

    name: str = "request"
    plural: str | None = None
    """Of the name, where an s behind it does not make one: `{name: Anfrage, plural: Anfragen}`."""
    input_tokens: Quantity
    output_tokens: Annotated[Decimal, BeforeValidator(_number), Field(ge=0)]


class LineEntry(ScenarioPart):
    """One line of the plot."""

    name: str = Field(min_length=1, max_length=80)
    kind: Literal["api", "hosted", "own"]
    usd_per_mtok_input: Amount | None = None
    usd_per_mtok_output: Amount | None = None
    gpus: Amount | None = None
    """own: GPUs of one copy, as they are shown."""
    usd_per_gpu_hour: Amount | None = None
    usd_per_month: Amount | None = None
    """own: one copy of the model, all its GPUs together."""
    usd_per_year: Amount | None = None
    engineering_usd_per_month: Amount | None = None
    tokens_per_s: Amount | None = None
    """own: what one full copy serves, input and output together. None: the cost is stated for any volume."""
    tokens_per_minute: Amount | None = None
    billing: Literal["reserved", "on_demand"] = "reserved"
    copies_at_least: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _whole(self) -> LineEntry:
        prices = (self.usd_per_mtok_input, self.usd_per_mtok_output)
        machines = [name for name in _MACHINES if getattr(self, name) is not None]
        own_only = [*machines, *(name for name in _OWN if getattr(self, name) is not None)]
        if self.kind != "own":
            if None in prices:
                raise ValueError(f"{self.kind} needs usd_per_mtok_input and usd_per_mtok_output")
            if own_only:
                raise ValueError(f"{own_only[0]} belongs to kind: own")
            return self
        if prices != (None, None):
            raise ValueError("own is not billed by the token; remove usd_per_mtok_input and usd_per_mtok_output")
        if len(machines) != 1:
            raise ValueError(f"own needs one of {', '.join(_MACHINES)}")
        if self.usd_per_gpu_hour is not None and (self.gpus is None or not self.gpus.sure):
            raise ValueError("usd_per_gpu_hour needs gpus: one number")
        if self.tokens_per_s is not None and self.tokens_per_minute is not None:
            raise ValueError("give one of tokens_per_s and tokens_per_minute")
        if self.billing == "on_demand" and self.tokens_per_s is None and self.tokens_per_minute is None:
            raise ValueError("on_demand needs tokens_per_s: busy hours follow from what a copy serves")
        if any(rate is not None and rate.low <= 0 for rate in (self.tokens_per_s, self.tokens_per_minute)):
            raise ValueError("a copy that serves nothing has no cost per token; write more than 0 tokens")
        return self


class ScenarioFile(ScenarioPart):
    """The whole file."""

    name: str
    about: str | None = None
    source: str | None = None
    """Where the numbers come from."""
    unit: UnitEntry
    volumes_per_day: list[Quantity] = Field(min_length=1, max_length=50)
    """Units a day."""
    peak_factor: Amount = Range.of(Decimal(1))
    """Peak over mean traffic: own GPUs are sized for the peak."""
    lines: list[LineEntry] = Field(min_length=1, max_length=12)

    @model_validator(mode="after")
    def _whole(self) -> ScenarioFile:
        if self.peak_factor.low < 1:
            raise ValueError("peak_factor is below 1: a peak is at least the mean")
        return self


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is compared, wherever its numbers come from."""

    name: str
    unit: str
    """What one unit of volume is, in words."""
    units: str
    """Several of them."""
    tokens_per_unit: Decimal
    """Input and output tokens of a unit, as the first line counts them."""
    lines: tuple[Line, ...]
    volumes: tuple[Decimal, ...]
    about: str | None = None
    assumed: tuple[str, ...] = field(default=())
    """Sentences on what was not measured."""


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file. Raises UserError with every complaint, each with its place in the file."""
    try:
        found = ScenarioFile.model_validate(_plain(_yaml(path)))
    except ValidationError as error:
        lines = [f"{path}: {_place(e['loc'])}: {_complaint(e)}" for e in error.errors()]
        raise UserError("\n".join(lines)) from error
    names = [line.name for line in found.lines]
    if len(set(names)) < len(names):
        raise UserError(f"{path}: lines: two of them have the same name.")
    return Scenario(
        name=found.name,
        unit=found.unit.name,
        units=found.unit.plural or (found.unit.name if found.unit.name.endswith("s") else f"{found.unit.name}s"),
        tokens_per_unit=found.unit.input_tokens + found.unit.output_tokens,
        lines=tuple(_line(line, found) for line in found.lines),
        volumes=tuple(found.volumes_per_day),
        about=found.about,
        assumed=("Every number is stated in the scenario file; nothing was measured.",),
    )


def _line(entry: LineEntry, scenario: ScenarioFile) -> Line:
    unit = scenario.unit
    if entry.kind != "own":
        read, write = entry.usd_per_mtok_input, entry.usd_per_mtok_output
        assert read is not None
        assert write is not None
        ends = (
            (read.at(end) * unit.input_tokens + write.at(end) * unit.output_tokens).scaleb(-6)
            for end in ("value", "low", "high")
        )  # fmt: skip
        return Billed(entry.name, entry.kind, Range(*ends))
    if entry.usd_per_gpu_hour is not None and entry.gpus is not None:
        machines = entry.usd_per_gpu_hour.times(entry.gpus.value * HOURS_PER_YEAR)
    elif entry.usd_per_month is not None:
        machines = entry.usd_per_month.times(Decimal(12))
    else:
        assert entry.usd_per_year is not None
        machines = entry.usd_per_year
    speed = entry.tokens_per_s or (entry.tokens_per_minute.times(1 / Decimal(60)) if entry.tokens_per_minute else None)
    people = entry.engineering_usd_per_month.times(Decimal(12)) if entry.engineering_usd_per_month else None
    return Own(
        name=entry.name,
        machine_usd_per_year=machines,
        people_usd_per_year=people or Range.of(Decimal(0)),
        tokens_per_s=speed,
        tokens_per_unit=Range.of(unit.input_tokens + unit.output_tokens),
        gpus=entry.gpus,
        peak_factor=scenario.peak_factor,
        fewest=entry.copies_at_least,
        elastic=entry.billing == "on_demand",
    )


def _yaml(path: Path) -> object:
    _, text = read_small_text(path, "The scenario", _MOST_BYTES)
    if nests_deeper(text):
        raise UserError(f"{path}: nested too deeply to be a scenario")
    try:
        node = composed_yaml(text)
        if (line := None if node is None else _anchor(node)) is not None:
            raise UserError(f"{path}:{line}: anchors and aliases are refused; write the value out where it is used")
        return loaded_yaml(text)
    except NotYaml as error:
        raise UserError(f"{error.at(path)}: this is no valid YAML: {error.reason}") from error


def _anchor(root: Any) -> int | None:
    """The line of the first value that is named to be used again; None where none is."""
    left = [root]
    while left:
        node = left.pop()
        if node.anchor is not None:
            return int(node.start_mark.line) + 1
        if node.id == "sequence":
            left.extend(node.value)
        elif node.id == "mapping":
            left.extend(part for pair in node.value for part in pair)
    return None


def _plain(value: object) -> object:
    """The data with decimals for numbers, and without the loader's own types."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float) and abs(value) > _LARGEST:
        raise UserError(f"the scenario holds a number above {_LARGEST:.0e}, which is no volume and no price")
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return Decimal(repr(float(value)))  # the shortest text that means this number: what was written
    return str(value)


def _complaint(error: ErrorDetails) -> str:
    """What is wrong with one value, and for a key that nobody knows, which ones there are."""
    if error["type"] != "extra_forbidden":
        return error["msg"].removeprefix("Value error, ")
    *above, key = error["loc"]
    known = UnitEntry if above == ["unit"] else LineEntry if above[:1] == ["lines"] else ScenarioFile
    return f"no such key; {near(str(key), known.model_fields)}known are {', '.join(sorted(known.model_fields))}"


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc) or "the file"


_MACHINES = ("usd_per_gpu_hour", "usd_per_month", "usd_per_year")
_OWN = ("gpus", "engineering_usd_per_month", "tokens_per_s", "tokens_per_minute")
