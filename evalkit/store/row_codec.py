"""The narrow waist to storage: `Row ↔ line`, one JSON object a line.

    {"task":"refunds","sample_id":"t1","sample_digest":"3f...","occurrence":0,"model":"gpt","repeat":0,
     "outcome":"right","started_at":1763632915.2,"score":1.0,"cost_usd":"0.000131","prompt":[["user","..."]],...}

Fields that are absent or at their default are left out. Money travels as a string, so that no digit is lost. What a
model wrote comes back exactly as it was, with one exception: half of a surrogate pair is not text in any encoding and
is kept as its visible escape (`\\ud83d`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from decimal import Decimal
from hashlib import blake2b
from operator import attrgetter, itemgetter
from typing import Any

import orjson

from evalkit.records import Outcome, Row, Tool, ToolCall
from evalkit.store import stage_codec
from evalkit.store.message_codec import message_entry, read_entry
from evalkit.store.row_kinds import COUNTS, MARKED, drop_odd_counts, odd_field
from evalkit.store.step_codec import read_steps, step_records
from evalkit.text.secrets import stands_in, values_without_keys

Key = tuple[str, str, str, int, int]
"""`Row.key`: (model, task, sample_digest, occurrence, repeat)."""

_ALWAYS = tuple(
    f.name for f in fields(Row) if f.default is MISSING and f.default_factory is MISSING and f.name != "score"
)
_WHEN_KNOWN = ("score", *(f.name for f in fields(Row) if f.default is None and not f.name.endswith("_usd")))
_always, _when_known = attrgetter(*_ALWAYS), attrgetter(*_WHEN_KNOWN)
_REQUIRED, _KNOWN = frozenset(_ALWAYS), frozenset(f.name for f in fields(Row))
_KEY = ("model", "task", "sample_digest", "occurrence", "repeat")
_record_key: Callable[[Mapping[str, object]], Key] = itemgetter(*_KEY)
_WORDS = frozenset({
    "text", "reasoning", "refusal", "error", "reason", "extracted", "calls", "results", "raw_usage", "served_model",
    "fingerprint", "service_tier", "billed_beside", "dropped", "carried", "said",
})  # fmt: skip
"""Fields that hold words of a server; those of a suite may look like a header's value, and stay."""
_NESTED = frozenset({"steps", "stages"})
# JSON knows neither infinities nor NaN. A likelihood of -inf is a true answer of a model, so it has a spelling.
_SPELLED = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


class OddRow(ValueError):
    """A line that says which row it is, and holds a value that no row has."""

    def __init__(self, why: str, key: Key) -> None:
        super().__init__(why)
        self.key = key


def to_line(row: Row) -> bytes:
    """One line, newline included. Never raises for anything that a model or a provider wrote."""
    record: dict[str, object] = dict(zip(_ALWAYS, _always(row), strict=True))
    record.update({name: value for name, value in zip(_WHEN_KNOWN, _when_known(row), strict=True) if value is not None})
    record.update({name: True for name in ("cached", "critical", "reasoning_estimated") if getattr(row, name)})
    if row.attempts != 1:
        record["attempts"] = row.attempts
    if row.cost_usd is not None:
        record["cost_usd"] = str(row.cost_usd)
    if row.spend_usd is not None:
        record["spend_usd"] = str(row.spend_usd)
    if row.slices:
        record["slices"] = dict(row.slices)
    if row.parts:
        record["parts"] = {name: spell(value) for name, value in row.parts.items()}
    if row.prompt:
        record["prompt"] = [message_entry(one) for one in row.prompt]
    if row.tools is not None:
        record["tools"] = [(t.name, t.description, t.parameters) for t in row.tools]
    if row.calls is not None:
        record["calls"] = [(c.name, c.arguments) for c in row.calls]
    if row.logliks is not None:
        record["logliks"] = [spell(x) for x in row.logliks]
    if row.dropped:
        record["dropped"] = row.dropped
    if row.steps is not None:
        record["steps"] = step_records(row.steps)
    if row.stages is not None:
        record["stages"] = stage_codec.as_json(row.stages)
    line = to_json(record)
    return (_without_keys(line) if stands_in(line) else line) + b"\n"


def _without_keys(line: bytes) -> bytes:
    """The line without the secrets of this process. Whoever asked has cleaned the reply: this is for a field that
    nobody thought of."""
    said: dict[str, object] = orjson.loads(line)
    return to_json({name: _cleaned(name, value) for name, value in said.items()})


def _cleaned(name: str, value: object) -> object:
    """A value of a line, or of a step or a stage in it, whose words hold no secret. Numbers and evalkit's own words
    stay: a row without them could not be sealed."""
    if name in _WORDS:
        return values_without_keys(value)
    if name in _NESTED and isinstance(value, list):
        return [{n: _cleaned(n, v) for n, v in one.items()} if isinstance(one, dict) else one for one in value]
    return value


def from_line(line: bytes) -> Row:
    """The row of a line; raises ValueError when the line is not one that `to_line` wrote."""
    return Row(**_fields_of(read_record(line)))


def column_values(record: dict[str, Any]) -> dict[str, Any]:
    """What `read_record` gave, by name as columns take it (`parts.batches_of`); absent is what `Row` has by default.
    In a third of the time of `from_line`. Raises ValueError as well."""
    said = record.pop("prompt", None)
    values = _fields_of(record)
    if said:
        plain_turns = [{"role": one[0], "content": one[1]} for one in said if len(one) == 2 and type(one[1]) is str]
        values["prompt"] = plain_turns if len(plain_turns) == len(said) else tuple(map(read_entry, said))
    return values


def _fields_of(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its values as `Row` has them. Raises ValueError where they are not those of a row."""
    try:
        return _read_values(record)
    except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"not a row of this version of evalkit: {error}") from error


def _read_values(record: dict[str, Any]) -> dict[str, Any]:
    record["outcome"] = Outcome(record["outcome"])
    for name in ("cost_usd", "spend_usd"):
        if name in record:
            record[name] = Decimal(record[name])
    if "parts" in record:
        record["parts"] = {name: unspell(value) for name, value in record["parts"].items()}
    if "prompt" in record:
        record["prompt"] = tuple(map(read_entry, record["prompt"]))
    if "tools" in record:
        record["tools"] = tuple(Tool(*parts) for parts in record["tools"])
    if "calls" in record:
        record["calls"] = tuple(ToolCall(*parts) for parts in record["calls"])
    if "logliks" in record:
        record["logliks"] = tuple(unspell(x) for x in record["logliks"])
    if "dropped" in record:
        record["dropped"] = tuple(record["dropped"])
    if "steps" in record:
        record["steps"] = read_steps(record["steps"])
    if "stages" in record:
        record["stages"] = stage_codec.from_json(record["stages"])
    record.setdefault("score", None)
    return record


def read_record(line: bytes) -> dict[str, Any]:
    """The line as plain values under the names of `Row`, a third of the work of `from_line`.

    Raises ValueError when the line is not one that `to_line` wrote. Fields at their default are absent.
    """
    record = orjson.loads(line)
    if not isinstance(record, dict) or not (_REQUIRED <= record.keys() <= _KNOWN):
        raise ValueError("not a row of this version of evalkit")
    odd = odd_field(record)
    if odd in COUNTS:
        drop_odd_counts(record)
        odd = odd_field(record)
    if odd is None and record["outcome"] in MARKED and record.get("score") is None:
        odd = "score"
    if odd is not None:
        why = f"not a row of this version of evalkit: {odd} is none"
        keyed = not any(map(odd_field, ({name: record[name]} for name in _KEY)))
        raise OddRow(why, record_key(record)) if keyed else ValueError(why)
    return record


def record_key(record: Mapping[str, object]) -> Key:
    """`Row.key` of a record."""
    return _record_key(record)


def key_hash(key: Key) -> bytes:
    """16 bytes that stand for a row's key: 100,000 of them fit where the keys themselves would not."""
    return blake2b(repr(key).encode(), digest_size=16).digest()


def to_json(value: object) -> bytes:
    """Compact JSON of anything: what JSON cannot hold is kept as readable text, never dropped and never an error."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(plain(value))


def spell(value: float) -> float | str:
    """A number as JSON can hold it: infinities and NaN as words."""
    return value if math.isfinite(value) else str(float(value))


def unspell(value: float | str) -> float:
    """The number back."""
    return _SPELLED[value] if isinstance(value, str) else value


def readable(text: str) -> str:
    """The text with halves of surrogate pairs spelled out, since no file could hold them."""
    return text.encode("utf-8", "backslashreplace").decode()


def plain(value: object, depth: int = 0) -> Any:
    """The value without what orjson cannot write: lone surrogates, integers beyond 64 bits, odd objects of an SDK."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else str(value)
    if depth < 100 and isinstance(value, Mapping):
        return {readable(str(k)): plain(v, depth + 1) for k, v in value.items()}
    if depth < 100 and isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [plain(v, depth + 1) for v in value]
    return readable(str(value))
