"""Identity by content: canonical JSON, then sha256 under a tag.

    digest("evalkit.sample/1", {"fields": {"text": "hi"}, "choices": []})   # 32 hex characters

A contract: stored rows pair by these digests, so a change here unpairs every result that exists. The tag says what the
value is, so that a sample and a target with the same JSON never share a digest; a new meaning takes a new tag.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _pieces() -> Callable[[object, int], Iterable[str]]:
    """What `_ENCODER` makes anew for each value, made once: the C encoder with the same options, but for its notes of
    lists within themselves. `_ENCODER`'s own where Python has no C encoder."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return lambda value, _: _ENCODER.iterencode(value)
    text = json.encoder.encode_basestring
    made: Callable[[object, int], Iterable[str]] = make(
        None, _ENCODER.default, text, None, _ENCODER.key_separator, _ENCODER.item_separator, True, False, False
    )
    return made


_WRITE = _pieces()


def canonical_json(value: object) -> bytes:
    """The one spelling of a JSON value: keys sorted by code point, no spaces, non-ASCII characters as they are, UTF-8.

    Whole numbers are written in full, floats as Python's `repr` (so 1 and 1.0 differ), text is not normalised.
    Raises ValueError for NaN, infinities and lone surrogates, TypeError for what JSON does not have (bytes, dates).
    """
    try:
        return "".join(_WRITE(value, 0)).encode()
    except RecursionError:
        return _ENCODER.encode(value).encode()  # a list within itself: a ValueError


def digest(tag: str, value: object) -> str:
    """The first 32 hex characters of sha256(tag + NUL + canonical JSON). Raises as `canonical_json` does."""
    return hashlib.sha256(tag.encode() + b"\0" + canonical_json(value)).hexdigest()[:32]


def why_no_json(fields: Mapping[str, object], error: Exception) -> str:
    """Half a sentence on the field that `canonical_json` refused, with the way out. `error` is what it raised."""
    for name, value in fields.items():
        if (wrong := _wrong(value)) is not None:
            return f"the field {name!r} {wrong}"
    return f"a field cannot be written as JSON: {error}"


def _wrong(value: object) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        named = "NaN (no number)" if math.isnan(value) else "an infinite number"
        return f"holds {named}, which is no value to ask about; leave such records out, or write null or a text"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "holds half a character (a lone surrogate); write the whole character"
        return None
    inner: Iterable[object] = ()
    if isinstance(value, Mapping):
        inner = [*value, *value.values()]
    elif isinstance(value, list | tuple):
        inner = value
    return next((wrong for one in inner if (wrong := _wrong(one)) is not None), None)


def shuffled_place(seed: int, task: str, sample_digest: str, occurrence: int) -> int:
    """Where an item stands in the random order of a gate: ascending; the same on every machine and in every run.

    A contract: a run that was stopped early is judged again by walking its items in this order.
    """
    text = f"{seed}\0{task}\0{sample_digest}\0{occurrence}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
