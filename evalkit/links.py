"""Links that a checkout brings along: a suite is not read by way of one that leads out of it.

    refuse_led_out(Path("suites/x.yaml"))     # SuiteError where `suites` is a link to /home/runner/secrets

A pull request may put a link to a folder of secrets where the suites were, and complaints quote values. Links outside
of every checkout are the person's own (/tmp on macOS, a home on another disk).
"""

from __future__ import annotations

import os
from pathlib import Path

from evalkit.checkouts import led_out
from evalkit.errors import SuiteError
from evalkit.paths import data_roots


def refuse_led_out(path: Path) -> None:
    """Raises SuiteError where a link leads a suite's path out of its checkout or the working directory (`led_out`); not
    where the path ends in a data folder that the person named."""
    if (found := led_out(path)) is None:
        return
    real = Path(os.path.realpath(path))
    if any(real.is_relative_to(root) for root in data_roots()):
        return
    raise SuiteError(
        f"{path}: the link {found[0]} leads out of {found[1]}: whoever put it there would choose what is read. Write "
        "the path without the link or, if suites may be read there, name the folder: --data-root DIR (or "
        "EVALKIT_DATA_ROOTS)"
    )
