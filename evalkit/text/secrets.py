"""The secrets of this process, and texts without them.

    remember("sk-live-...")
    without_keys("you sent sk-live-...")     # "you sent [key removed]"
    stands_in(b"...")                        # whether bytes that are about to be stored hold one

Adapters remember what they hand out. Replies, facts and errors are cleaned where they come in. Rows, cached answers and
the last words of a program are looked at once more where they go out (`store/journal.py`, `store/cache.py`,
`cli/__init__.py`), so that a field or a message that nobody thought of carries no key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evalkit.text.key_spellings import cut_out

REMOVED = "[key removed]"
_known: dict[str, bytes] = {}
"""Secrets that adapters of this process were given, and their bytes as JSON holds them."""


def remember(secret: str) -> None:
    """A text that no output of this process may hold."""
    _known[secret] = json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "replace")


def stands_in(content: bytes) -> bool:
    """Whether UTF-8 text or JSON holds a secret as it is. Some .3 µs a secret and kB."""
    return any(secret in content for secret in _known.values())


def secrets_in(text: str) -> list[str]:
    """The keys of this process that would be cut out of the text."""
    return [key for key in longest_first() if cut_out(key, text, REMOVED) != text]


def without_keys(text: str, *, any_case: bool = False) -> str:
    """The text with every key of this process cut out, as it is or as JSON, addresses and HTML spell it. `any_case`: in
    words of a library, which may have made small letters of capitals."""
    for key in longest_first():
        text = cut_out(key, text, REMOVED, any_case=any_case)
    return text


_MOST_FOR_A_SIGN = 40
"""Characters that one sign of a secret takes however it is spelt: `%2525252525252525...2B`."""


def torn_end() -> int:
    """Characters at the end of a text that was cut before it was freed of keys, in which a piece of one may stand."""
    return _MOST_FOR_A_SIGN * max(map(len, _known), default=0)


def cut_short(text: str, most: int) -> str:
    """At most so many characters of a text, without keys: one that stands across the end leaves no piece of itself."""
    kept = without_keys(text)
    return kept if len(kept) <= most else f"{kept[: most - 1]}…"


def values_without_keys(value: object) -> Any:
    """A record, or what JSON holds, with every secret cut out of all its texts, and where it stands as a number in
    JSON; the value itself where it holds none, which is nearly always."""
    for key in longest_first():
        value = _without(key, value)
    return value


def longest_first(*more: str) -> list[str]:
    """The keys and `more`, each before those that are a part of it: of `TENANT:SECRET` nothing but `:SECRET` would stay
    where TENANT was cut out first."""
    return sorted({*_known, *more}, key=len, reverse=True)


def _without(key: str, value: object, *, in_json: bool = False) -> Any:
    """The value with the key cut out of every text in it, and of JSON where it is a number; the value itself where it
    holds none."""
    if isinstance(value, str):
        kept = cut_out(key, value, REMOVED)
        return value if kept == value else kept
    if isinstance(value, tuple | list):
        made = [_without(key, one, in_json=in_json) for one in value]
        same = all(new is old for new, old in zip(made, value, strict=True))
        return value if same else type(value)(made)
    if isinstance(value, Mapping):
        pairs = {_without(key, name): _without(key, inner, in_json=True) for name, inner in value.items()}
        same = all(name in pairs and pairs[name] is inner for name, inner in value.items())
        return value if same else pairs
    if in_json and key.isdecimal() and isinstance(value, int | float) and not isinstance(value, bool):
        return REMOVED if value in (int(key), float(key)) else value
    if hasattr(type(value), "__dataclass_fields__"):
        from dataclasses import fields, replace

        record: Any = value
        held = {one.name: getattr(value, one.name) for one in fields(record)}
        changed = {name: new for name, old in held.items() if (new := _without(key, old)) is not old}
        return replace(record, **changed) if changed else value
    return value
