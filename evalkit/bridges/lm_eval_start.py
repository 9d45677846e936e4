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
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def import_lm_eval() -> None:
    """Everything of lm-eval that a task needs. Raises ModuleNotFoundError where it is not installed."""
    with _uncollected(), unasked("chardet"):
        import datasets
        import lm_eval.tasks  # noqa: F401
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
