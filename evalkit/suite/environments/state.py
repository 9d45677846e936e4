"""The state of an environment, changed without ever being written over: each change gives a new state that shares what
stayed the same. A call that fails is undone by keeping the old one.

    put({"parcels": {"P-1": {"status": "lost"}}}, ("parcels", "P-1", "status"), "found")
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from evalkit.facts.base import Json
from evalkit.suite.environments.values import BrokenEnvironment
from evalkit.suite.wording import short

Steps = tuple[str | int, ...]
Change = Callable[[Json], Json]
MOST_STATE = 1_000_000
"""Characters of a state as JSON, about."""
_MOST = 2**63
_ABSENT = object()


def put(state: Json, steps: Steps, value: Json) -> Json:
    """With this value there; the last step of a mapping may be a new key. Raises BrokenEnvironment."""
    return _changed(state, steps, lambda _: value, steps, new=True)


def appended(state: Json, steps: Steps, value: Json) -> Json:
    """With this value behind the last of a list. Raises BrokenEnvironment."""

    def change(found: Json) -> Json:
        if not isinstance(found, list):
            raise BrokenEnvironment(f"{_shown(steps)} is {short(found)}, and append needs a list")
        return [*found, value]

    return _changed(state, steps, change, steps)


def increased(state: Json, steps: Steps, by: Json) -> Json:
    """With this much more. Raises BrokenEnvironment for what are no numbers, or too large ones."""

    def change(found: Json) -> Json:
        if isinstance(found, bool) or isinstance(by, bool) or not isinstance(found, int | float):
            raise BrokenEnvironment(f"{_shown(steps)} is {short(found)}, and increment needs a number")
        if not isinstance(by, int | float):
            raise BrokenEnvironment(f"{_shown(steps)} cannot be increased by {short(by)}")
        total = found + by
        if not math.isfinite(total) or abs(total) >= _MOST:
            raise BrokenEnvironment(f"{_shown(steps)} would be no number of 64 bits")
        return total

    return _changed(state, steps, change, steps)


def without(state: Json, steps: Steps) -> Json:
    """Without what is there. Raises BrokenEnvironment where nothing is."""
    *before, last = steps

    def change(found: Json) -> Json:
        place = _place(found, last, steps)
        if isinstance(found, list):
            return [one for n, one in enumerate(found) if n != place]
        assert isinstance(found, dict)
        return {key: one for key, one in found.items() if key != place}

    return _changed(state, tuple(before), change, steps)


def kept(state: Json, steps: Steps, keep: Callable[[str | int, Json], bool]) -> Json:
    """With those entries of a list or mapping alone that are to be kept. Raises BrokenEnvironment."""

    def change(found: Json) -> Json:
        if isinstance(found, list):
            return [one for n, one in enumerate(found) if keep(n, one)]
        if isinstance(found, dict):
            return {key: one for key, one in found.items() if keep(key, one)}
        raise BrokenEnvironment(f"{_shown(steps)} is {short(found)}, and remove needs a list or a mapping")

    return _changed(state, steps, change, steps)


def patched(state: Json, patch: Json) -> Json:
    """A JSON merge patch (RFC 7386): mappings are merged, null takes a key away, anything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    made: dict[str, Json] = dict(state) if isinstance(state, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = patched(made.get(key), value)
    return made


def size(value: Json) -> int:
    """Characters of the value as JSON, about; counting ends beyond `MOST_STATE`."""
    total, waiting = 0, [value]
    while waiting and total <= MOST_STATE:
        here = waiting.pop()
        total += len(here) + 2 if isinstance(here, str) else 4
        if isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            total += sum(map(len, here))
            waiting += here.values()
    return total


def _changed(state: Json, steps: Steps, change: Change, whole: Steps, *, new: bool = False) -> Json:
    if not steps:
        return change(state)
    place = _place(state, steps[0], whole, new=new and len(steps) == 1)
    if isinstance(state, list):
        assert isinstance(place, int)
        return [*state[:place], _changed(state[place], steps[1:], change, whole, new=new), *state[place + 1 :]]
    assert isinstance(state, dict)
    assert isinstance(place, str)
    return {**state, place: _changed(state.get(place), steps[1:], change, whole, new=new)}


def _place(found: Json, step: str | int, whole: Steps, *, new: bool = False) -> str | int:
    """The key of a mapping, or the number of a list's entry. Raises BrokenEnvironment where there is none."""
    if isinstance(found, dict):
        if str(step) in found or new:
            return str(step)
        raise BrokenEnvironment(f"{_shown(whole)}: there is no {short(str(step))}; a tool that needs it says require")
    if isinstance(found, list):
        number = int(step) if str(step).isdecimal() else -1
        if 0 <= number < len(found):
            return number
        raise BrokenEnvironment(f"{_shown(whole)}: a list of {len(found)} has no entry {short(str(step))}")
    raise BrokenEnvironment(f"{_shown(whole)}: {short(found)} has nothing below it")


def _shown(steps: Steps) -> str:
    return ".".join(map(str, steps))[:200]
