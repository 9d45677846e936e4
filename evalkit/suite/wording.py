"""How values and names stand in a message: on one line, escaped, and never longer than a person reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from evalkit.late import late

_STRUCTURE = frozenset(" {}[]():,;\"'=<>\t|/\\-_.+*")
_WORD = late(r"[^\W\d][\w .:/()-]{0,39}|-?\d{1,6}(\.\d{1,6})?|True|False|None")
_TOKEN = late(r"[A-Za-z0-9+/_=-]*\d[A-Za-z0-9+/_=-]{11,}|[A-Za-z0-9+/=]{21,}")
"""What a key or a password may look like: long, or letters and digits mixed."""

SECRET_KEY = late(
    r"(?i)api[_-]?key|(^|[_-])key$|secret|passw|credential|authorization|bearer|(^|access|auth|hf|api)[_-]?token$"
)
"""Keys of a file whose value is not repeated in a message. (`max_tokens` is no secret.)"""


def short(value: object, most: int = 60) -> str:
    """A value as Python writes it (so control and direction characters show as escapes), cut at `most` characters; of a
    mapping or a list its kind and size alone: whatever is in it may be a secret under a name of its own."""
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)} key{'' if len(value) == 1 else 's'}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"a list of {len(value)}"
    return spelled(value, most)


def is_secret(keys: Iterable[object]) -> bool:
    """Whether a key on the way to a value is named like a credential."""
    return any(isinstance(key, str) and SECRET_KEY.search(key) for key in keys)


def value_seen(value: object, keys: Iterable[object] = (), words: str = "value seen") -> str:
    """`(value seen: 3)`: a value of a suite as its file writes it, on one line and cut; never that of a credential."""
    if is_secret(keys):
        return "(its value is not shown)"
    if value is None or isinstance(value, bool):
        return f"({words}: {'null' if value is None else str(value).lower()})"
    return f"({words}: {short(value)})"


def spelled(value: object, most: int = 60) -> str:
    """A value as Python writes it, cut, with what is in a mapping or a list. Only for what no file of secrets gets to:
    a model's own words, and files that were read as a suite already."""
    text = repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def masked(value: object, most: int = 40) -> str:
    """What a piece of a data file looks like without what it says: letters as x, digits as 0, cut at `most` characters.

    A file may hold secrets, and messages stand in public logs.
    """
    text = value if isinstance(value, str) else repr(_beginning(value, most))
    cut = text.strip()[:most]
    shape = "".join("0" if c.isdigit() else c if c in _STRUCTURE else "x" for c in cut)
    return repr(shape + ("…" if len(text.strip()) > most else ""))


def _beginning(value: object, most: int) -> object:
    """What has the same first characters as the value: a record may be of any size."""
    if isinstance(value, str):
        return value[: most + 1]
    if isinstance(value, dict):
        return {_beginning(key, most): _beginning(one, most) for key, one in islice(value.items(), most + 1)}
    if isinstance(value, list):
        return [_beginning(one, most) for one in value[: most + 1]]
    return value


def word(value: object) -> str:
    """A column's name or a label, as Python writes it, where it reads like one; what may be a secret is masked."""
    text = value if isinstance(value, str) else repr(value)
    return short(value) if _WORD.fullmatch(text) and not _TOKEN.search(text) else masked(text)


def columns(names: Iterable[Any], most: int = 20) -> str:
    """As `listed`, for names that come out of a data file: what does not read like a name is masked."""
    shown = [name if isinstance(name, str) and word(name) == repr(name) else masked(name) for name in names]
    return listed(shown, most)


def listed(names: Iterable[Any], most: int = 20) -> str:
    """`a, b, c`, or the first twenty and how many more there are; `(none)` for none."""
    words = [name if isinstance(name, str) and name.isprintable() else repr(name) for name in names]
    rest = f" and {len(words) - most} more" if len(words) > most else ""
    return (", ".join(words[:most]) or "(none)") + rest


def like(name: str, known: Iterable[str]) -> str:
    """`, did you mean 'score'?`; empty where none is like it. Of names out of files, which may be many and long, the
    first thousand are looked at, and a hundred characters of each."""
    from difflib import get_close_matches

    close = get_close_matches(name[:100], [one[:100] for one in islice(known, 1_000)], n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def near(word: str, known: Iterable[str]) -> str:
    """`did you mean 'prompt'?`, or the list of what is known."""
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are {', '.join(names)}" if names else "none is known here"


def composed(text: str) -> str:
    """Letters with marks as one sign each (NFC): "Rückgabe" is one label, whatever keyboard it was typed on."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


_UNSEEN = str.maketrans(dict.fromkeys("\u200b\u2060\ufeff\u00ad"))
"""Signs without width that change no word: zero-width blank, word joiner, byte order mark, soft hyphen."""


def read_alike(text: str) -> str:
    """The text as a person reads it: composed, without signs that nobody sees, one blank for several."""
    return " ".join((text if text.isascii() else composed(text).translate(_UNSEEN)).split())
