"""Links that a checkout brings along: a suite is not read by way of one that leads out of it.

    refuse_led_out(Path("suites/x.yaml"))     # SuiteError where `suites` is a link to /home/runner/secrets

A pull request may put a link to a folder of secrets where the suites were, and complaints quote values. Links outside
of every checkout are the person's own (/tmp on macOS, a home on another disk).
"""

from __future__ import annotations

import os
from pathlib import Path

from evalkit.checkouts import checkout_of, way_of
from evalkit.errors import SuiteError
from evalkit.paths import data_roots


def refuse_led_out(path: Path) -> None:
    """Raises SuiteError where a link on the way of a suite's path lies in a checkout, or below the working directory,
    and leads out of that; not where the path ends in a data folder that the person named.

    A working directory that holds the home folder holds the person's own links, unless it is a checkout.
    """
    for place, is_link in way_of(path):
        if not is_link or (home := checkout_of(place.parent) or _worked_in(place)) is None:
            continue
        led = Path(os.path.realpath(place))
        if led.is_relative_to(home) or _is_named(path):
            continue
        raise SuiteError(
            f"{path}: the link {place} leads out of {home}: whoever put it there would choose what is read. Write the "
            "path without the link or, if suites may be read there, name the folder: --data-root DIR (or "
            "EVALKIT_DATA_ROOTS)"
        )


def _worked_in(link: Path) -> Path | None:
    here, home = Path.cwd(), Path(os.path.realpath(os.path.expanduser("~")))  # noqa: PTH111  # never raises
    return here if link.is_relative_to(here) and not home.is_relative_to(here) else None


def _is_named(path: Path) -> bool:
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(root) for root in data_roots())
