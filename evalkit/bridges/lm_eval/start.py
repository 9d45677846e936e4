"""lm-eval and datasets, imported without what no task has asked for: seconds before the first request are its price.

    import_lm_eval()                      # raises ModuleNotFoundError, as the import itself would
    with unasked("scipy.io"):             # an import of it fails as on a machine that has not got it
        build(task)

Two packages are looked for by others only because they happen to be installed: `requests` takes `chardet` (0.9 s of
CPU) for replies that name no encoding, and `datasets` takes `scipy.io` (0.6 s) to read MATLAB files from the network.
Both go on without, as they do where the package is absent; whoever imports either afterwards gets it.
"""

from __future__ import annotations

import gc
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from evalkit.bridges.lm_eval.files import PLAIN_MODULES, leaves_the_dataset
from evalkit.bridges.lm_eval.loading import guard_loading
from evalkit.errors import SuiteError
from evalkit.library_folders import refuse_for_evaluation

_FACTORIES = {"datasets.load": "dataset_module_factory", "evaluate.loading": "evaluation_module_factory"}
"""Module -> its function that finds what a name means: a folder where one stands first, the hub after it."""
_trust = {"from_here": False}
"""Whether the person lets names mean programs and data of the working directory."""


def import_lm_eval() -> None:
    """Everything of lm-eval that a task needs. Raises ModuleNotFoundError where it is not installed, and UserError
    where a checkout brings along what its libraries would run or read (`library_folders`)."""
    refuse_for_evaluation()
    with _uncollected(), unasked("chardet"):
        import datasets
        import lm_eval.tasks  # noqa: F401
    _guard()
    guard_loading(datasets)
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False  # it tells a server of every load
    # Both write progress bars and notes of their own between our lines.
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()


@contextmanager
def unasked(*names: str) -> Iterator[None]:
    """Modules that are not loaded yet cannot be imported meanwhile: ModuleNotFoundError, as where they are absent."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is the import system's word for it
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name) is None:
                sys.modules.pop(name, None)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Modules are kept for good: a garbage collector that walks them again and again costs a tenth of the import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def local_programs(*, allowed: bool) -> None:
    """Whether names that lm-eval's tasks load (a metric "rouge", a dataset "org/name") may mean folders of the working
    directory. `evaluate` runs such a folder as a program, and a pull request may have brought it along."""
    _trust["from_here"] = allowed


def _guard() -> None:
    for name in _FACTORIES:
        if (module := sys.modules.get(name)) is not None:
            _guard_module(module)
    if not any(isinstance(finder, _Guarding) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Guarding())


def _guard_module(module: ModuleType) -> None:
    attribute = _FACTORIES[module.__name__]
    found = getattr(module, attribute)
    if not hasattr(found, "__wrapped__"):
        setattr(module, attribute, _refusing_folders(found))


def _refusing_folders(found: Callable[..., object]) -> Callable[..., Any]:
    def guarded(path: str, *args: object, **kwargs: object) -> Any:
        if not _trust["from_here"] and os.path.lexists(path):
            raise SuiteError(
                f"{path!r} is meant by its name on the hub, but it is a file or folder where you stand, and that would "
                "be taken instead. Run evalkit from another folder, or allow it: --allow-suite-code"
            )
        made = found(path, *args, **kwargs)
        if not _trust["from_here"] and (why := _not_plain(made)):
            raise SuiteError(f"the dataset {path!r} of the hub {why}. If you trust it, allow it: --allow-suite-code")
        return made

    guarded.__wrapped__ = found  # type: ignore[attr-defined]
    return guarded


def _not_plain(module: object) -> str | None:
    """Why a dataset of the hub is not read: what its page says about its files decides which are opened."""
    named = getattr(module, "module_path", None)
    parameters = getattr(module, "builder_configs_parameters", None)
    if parameters is None or not isinstance(named, str):
        return None  # a metric of `evaluate`
    reader = named.rpartition(".packaged_modules.")[2].partition(".")[0]
    if reader != named.partition(".")[0] and reader not in PLAIN_MODULES:
        return f"is read by {named!r}, which is none of datasets' readers of plain data"
    for config in getattr(parameters, "builder_configs", None) or ():
        written = [getattr(config, "data_dir", None) or "", *_texts(getattr(config, "data_files", None))]
        if outside := next((text for text in written if leaves_the_dataset(text)), None):
            return f"names {outside[:200]!r} as its data, which is none of its own files"
    return None


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for one in inner for text in _texts(one)]


class _Guarding(MetaPathFinder):
    """Guards those modules that are imported later: lm-eval's tasks import `evaluate` by themselves."""

    def __init__(self) -> None:
        self._busy = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The usual way to load a module, with the guard put in once it is loaded."""
        if fullname not in _FACTORIES or self._busy:
            return None
        self._busy = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._busy = False
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            _guard_module(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
