"""What `datasets` loads for a task file that is not trusted: files that were looked at, as values that are plain.

    with suites_data():
        ConfigurableTask(config=...)        # its load_dataset(...) goes through here

lm-eval has each task load its own data. While a task is made whose data a suite's files choose, `load_dataset` takes a
dataset of the hub file by file (`hub`), gives the reader no option but known ones (`options`), and hands over nothing
whose columns would open further files or addresses as a row is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from evalkit.bridges.lm_eval.files import BUILDERS, odd_column
from evalkit.bridges.lm_eval.hub import from_hub
from evalkit.bridges.lm_eval.options import plain_options
from evalkit.errors import SuiteError

_suites: ContextVar[bool] = ContextVar("suites_data", default=False)
"""Whether the data that is loaded now is chosen by files that are not trusted."""
_LEFT_OUT = ("streaming", "trust_remote_code", "num_proc", "data_dir", "revision")
"""Arguments that choose no other records once the files are here."""

_ROWS = 64
"""Of a Parquet file in memory together; a reader that is left to itself takes a whole group of rows, as large as the
file says."""


@contextmanager
def suites_data(chosen: bool = True) -> Iterator[None]:
    """`datasets.load_dataset` reads plain data alone meanwhile; with `chosen` false it does as it always does."""
    before = _suites.set(chosen)
    try:
        yield
    finally:
        _suites.reset(before)


def guard_loading(datasets: Any) -> None:
    """Have `load_dataset` of the package ask whose data it loads, from now on."""
    found = datasets.load_dataset
    if not hasattr(found, "__wrapped__"):
        datasets.load_dataset = _asking(found)


def _asking(load: Callable[..., Any]) -> Callable[..., Any]:
    def load_dataset(path: str, name: str | None = None, *args: object, **kwargs: object) -> Any:
        if not _suites.get():
            return load(path, name, *args, **kwargs)
        if args:
            raise SuiteError(f"the data of {path!r} would be read by more than named arguments, which is not known")
        return _load_plain(load, path, name, kwargs)

    load_dataset.__wrapped__ = load  # type: ignore[attr-defined]
    return load_dataset


def _load_plain(load: Callable[..., Any], path: str, name: str | None, given: dict[str, object]) -> Any:
    reader, whose = path, "dataset_kwargs"
    if path not in BUILDERS:
        reader, given = from_hub(path, name, given)
        name = None
    files = given.get("data_files")
    rows = {"batch_size": _ROWS} if reader == "parquet" else {}
    kept = {key: value for key, value in given.items() if key not in {*_LEFT_OUT, "data_files", "features"}}
    features = {"features": given["features"]} if path not in BUILDERS and "features" in given else {}
    loaded = load(reader, name, data_files=files, **features, **rows, **plain_options(kept, reader, whose))
    refuse_odd_columns(loaded, path)
    return loaded


def refuse_odd_columns(loaded: Any, name: str) -> None:
    """Raises SuiteError for a dataset, or one of several splits, with a column whose values are made by opening what it
    names. No row has been read by then."""
    for split in loaded.values() if isinstance(loaded, dict) else (loaded,):
        if split.features is not None and (other := odd_column(split.features.to_dict())):
            raise SuiteError(f"the dataset {name!r} {other}")
