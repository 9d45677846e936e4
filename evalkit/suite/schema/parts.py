"""What every entry of a suite file is made of: the strict mapping, names, texts, counts and amounts of money."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo

T = TypeVar("T")
Several = Annotated[tuple[T, ...], Field(strict=False)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=80)]
Text = Annotated[str, StringConstraints(min_length=1)]


def _stored_name(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise ValueError("a model's name is one line without signs that cannot be seen, and no blank around it")
    return value


StoredName = Annotated[Text, StringConstraints(max_length=200), AfterValidator(_stored_name)]
"""A model of a run that another tool made may be called `openai/gpt-4o` or `openai:chat:gpt-4o`."""
Count = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """Any mapping of a suite file: frozen, strict, no unknown keys. Validators are built on first use."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def _money(value: object, info: ValidationInfo) -> Any:
    """Numbers of the file as Decimal, by their written digits; run.json writes them as texts."""
    if info.mode == "json" and isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            return value
    return Decimal(repr(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _texts(value: object) -> object:
    """One text stands for a list of one."""
    return [value] if isinstance(value, str) else value


Texts = Annotated[Several[Text], BeforeValidator(_texts, json_schema_input_type=str | list[str])]
as_written = BeforeValidator(_money, json_schema_input_type=float)
"""For a Decimal: 0.1 in the file is 0.1 exactly."""
Dollars = Annotated[Decimal, as_written, Field(ge=0)]
