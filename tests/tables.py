"""A table of many small cases as one test, which names every case that fails.

    @table(("reply", "number"), CASES)
    def test_the_number_is_read(reply: str, number: float) -> None: ...

Each test of its own costs 4 ms of processor time before it does anything: collected by every worker, set up, reported.
For cases that need no fixture and take less than that. `pytest.mark.parametrize` is for all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

_SHOWN = 30
"""Cases that are shown; of more their number is said."""


def table(names: str | tuple[str, ...], cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """As `pytest.mark.parametrize`, in one test: all cases are tried, and those that fail are named."""
    keys = tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names
    listed = [case.values if isinstance(case, _Case) else case if len(keys) > 1 else (case,) for case in cases]

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        def test() -> None:
            __tracebackhide__ = True
            wrong = []
            for values in listed:
                given = dict(zip(keys, values, strict=True))
                try:
                    check(**given)
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - whatever a case does wrong, the others are tried
                    wrong.append(f"{given!r:.500}\n{type(error).__name__}: {error}")
            assert listed, "a table without cases tests nothing"
            if wrong:
                more = [f"and {len(wrong) - _SHOWN} more"] * (len(wrong) > _SHOWN)
                said = "\n\n".join([*wrong[:_SHOWN], *more])
                pytest.fail(f"{len(wrong)} of {len(listed)} cases:\n\n{said}", pytrace=False)

        test.__name__, test.__qualname__ = check.__name__, check.__qualname__
        test.__doc__, test.__module__ = check.__doc__, check.__module__
        return test

    return decorate


_Case = type(pytest.param())
