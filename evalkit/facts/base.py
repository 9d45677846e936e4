"""Shared by all records of stored files: strict scalars, verbatim mappings, the sentence for a damaged field."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    JsonValue,
    RootModel,
    Strict,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from evalkit.errors import StoreError

Json = JsonValue
"""Any value that JSON can hold."""
JsonMap = Mapping[str, JsonValue]
"""A JSON object whose keys this evalkit does not interpret."""
Int = Annotated[int, Strict()]
"""A JSON integer. `true` and `"3"` are none."""
Float = Annotated[float, Strict(), AllowInfNan(False)]
"""A JSON number, integers included; finite."""
Number = Int | Float
"""A JSON number as it was written: 4 stays 4."""
Bool = Annotated[bool, Strict()]
"""`true` or `false`."""


def json_map(content: Mapping[str, object]) -> dict[str, JsonValue]:
    """An object as a file holds it, for a field that keeps it verbatim: tuples become lists, amounts and paths texts.

    NaN and infinities become null. Raises TypeError for what is nested more deeply than JSON of ours may be.
    """
    try:
        made = orjson.loads(orjson.dumps(content, default=str))
    except TypeError as error:
        if "64-bit" not in str(error) and "surrogates" not in str(error):
            raise
        made = json.loads(json.dumps(content, default=str))  # `store.runs` writes what orjson cannot
    return dict(made)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) and value else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
"""A list of texts. A single text counts as a list of one."""


def _none_where_odd(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    try:
        return handler(value)
    except ValidationError:
        return None


AbsentWhereOdd = WrapValidator(_none_where_odd)
"""For fields that are shown and that nothing is decided by: a damaged value counts as absent."""


def _not_negative(value: int) -> int:
    if value < 0:
        raise ValueError("Input should not be negative")
    return value


Count = Annotated[int, Strict(), AfterValidator(_not_negative)]
"""A JSON integer that is not negative."""


def _iso(value: str) -> str:
    datetime.fromisoformat(value)
    return value


Instant = Annotated[str, AfterValidator(_iso)]
"""A moment as ISO 8601, which has no room for anything else."""
Word = Annotated[str, StringConstraints(pattern=r"^[a-z_-]{1,40}$")]
"""A word of evalkit's own, in small letters."""


class StoredRecord(BaseModel):
    """A frozen part of a stored file. Unknown keys are ignored, so that a later evalkit may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    def as_json(self) -> dict[str, object]:
        """Plain JSON values, for a file or `--json`: what was not set is left out."""
        return self.model_dump(mode="json", exclude_unset=True)

    def only(self, names: Collection[str]) -> Self:
        """A record that sets these fields alone, and only those of them that this one sets."""
        kept = self.model_fields_set & {*names}
        return self.model_construct(kept, **{name: getattr(self, name) for name in kept})

    def with_changes(self, later: Self) -> Self:
        """The record with what another one of its kind sets; what that one leaves open stays as it is."""
        return self.model_copy(update={name: getattr(later, name) for name in later.model_fields_set})


class Verbatim(RootModel[JsonMap]):
    """A JSON object kept exactly as it was written, so that two of them can be compared. Subclasses add typed views."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    def __bool__(self) -> bool:
        return bool(self.root)


R = TypeVar("R", bound=BaseModel)


def parse(kind: type[R], content: object, path: Path | str) -> R:
    """The record of a file's content (plain JSON values). Raises StoreError that names file and key."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise StoreError(_sentence(error, path), Path(path)) from error
    except RecursionError as error:
        raise StoreError(f"{path} is damaged: it is nested too deeply. Restore the file.", Path(path)) from error


def view(kind: type[R], content: object) -> R:
    """A typed view of a verbatim mapping. Raises ValueError with the key, for a validator to report."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{_key(first['loc'])}: {first['msg']}") from None


_HOW = {
    "stopped_early": "says that the run was stopped early, but not how",
    "repeats": "does not say how often its items are asked",
}
"""By key: what a damaged value means, where that helps more than the type that was expected."""


_WANTED = {
    **dict.fromkeys(("model_type", "dict_type", "mapping_type"), "it should be an object"),
    **dict.fromkeys(("tuple_type", "list_type"), "it should be a list"),
    **dict.fromkeys(("int_type", "int_from_float"), "it should be a whole number"),
    **dict.fromkeys(("float_type", "decimal_type", "decimal_parsing", "finite_number"), "it should be a number"),
    "string_type": "it should be a text",
    "bool_type": "it should be true or false",
    "missing": "it is missing",
}
"""By pydantic's type of error: what the field should be, in the words of JSON."""


def _sentence(error: ValidationError, path: Path | str) -> str:
    first = error.errors(include_url=False)[0]
    key = _key(first["loc"])
    said = _WANTED.get(first["type"]) or first["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    how = _HOW.get(str(first["loc"][0]) if first["loc"] else "", "is damaged")
    return (
        f"{path} {how} (`{key[:200]}`: {said[:200]}). Restore the file, or run the suite again with --new: what was "
        "answered comes from the cache."
    )


def _key(loc: tuple[int | str, ...]) -> str:
    """`tasks.refunds.n`, `models.gpt.prices.usd_per_mtok[0].input`."""
    key = ""
    for part in loc:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    return key or "the whole file"
