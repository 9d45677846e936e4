"""The options of one model, read by its adapter's record; every complaint at once.

options = read_options(Options, spec)      # Options(path="answers.jsonl", ...), or SuiteError
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from evalkit.adapters.base import ModelSpec
from evalkit.errors import SuiteError
from evalkit.suite.schema.options import AdapterOptions as AdapterOptions  # noqa: PLC0414 - adapters import it from here
from evalkit.suite.schema.options import unknown_option

Record = TypeVar("Record", bound=AdapterOptions)


def read_options(record: type[Record], spec: ModelSpec, more: Iterable[str] = ()) -> Record:
    """The options as the record has them. Raises SuiteError with what is unknown or of the wrong kind, after `more`:
    complaints that the adapter has found itself.
    """
    complaints = [*more]
    complaints += [
        f"models.{spec.name}.{name}: {unknown_option(spec.adapter, name, record)}"
        for name in record.unknown(spec.options)
    ]
    complaints += [f"models.{spec.name}.{name}: {said}" for name, said in record.problems(spec.options)]
    if complaints:
        raise SuiteError(complaints)
    return record.read(spec.options)
