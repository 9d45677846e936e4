"""Links that a checkout brings along: a suite is not read by way of one that leads elsewhere.

    refuse_led_astray(Path("suites/x.yaml"))  # SuiteError where `suites` is a link to /home/runner/secrets, or to .git

A pull request may put a link to a folder of secrets where the suites were, which a suite there could read as its own,
and complaints quote values. Links outside of every checkout are the person's own (/tmp on macOS, a home on another
disk).
"""

from __future__ import annotations

import os
from pathlib import Path

from evalkit.checkouts import is_hidden, led_astray
from evalkit.errors import SuiteError
from evalkit.paths import data_roots


def refuse_led_astray(path: Path) -> None:
    """Raises SuiteError where a link of a checkout leads a suite's path elsewhere (`led_astray`); not where the path
    ends in a data folder that the person named."""
    if (found := led_astray(path)) is None:
        return
    real = Path(os.path.realpath(path))
    for root in data_roots():
        if real.is_relative_to(root) and not any(is_hidden(part) for part in real.relative_to(root).parts):
            return
    raise SuiteError(
        f"{path}: the link {found[0]} {found[1]}: whoever put it there would choose what is read. Write "
        "the path without the link or, if suites may be read there, name the folder: --data-root DIR (or "
        "EVALKIT_DATA_ROOTS)"
    )
