"""What tells logged calls apart: the little that is kept of each while all are looked at.

traits_of(call, place, ("user",))      # Traits(template="support", language="de", size="short", tools="none", ...)
unfit(call)                            # why a suite cannot ask it again; None: it can
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from zlib import crc32

import orjson

from evalkit.bridges.traces.calls import Call, LoggedMessage
from evalkit.bridges.traces.spool import Place
from evalkit.bridges.traces.values import decoded
from evalkit.suite.near_duplicates import FEWEST_WORDS
from evalkit.suite.prompts import MOST_MESSAGES
from evalkit.suite.rendering import is_blank

_NUMBER = re.compile(r"\d+")
_ADDRESS = re.compile(r"(?<!\S)\S+@\S+")
_SPACE = re.compile(r"\s+")
_WORDS = re.compile(r"[^\W\d_]+")
_PREFIX = 160
"""Letters of a system prompt that name its template: variables stand behind them, more often than not."""
_LANGUAGE = 300
"""Letters of a text from which its language is told."""
_SIZES = ((2_000, "short"), (8_000, "medium"), (32_000, "long"))
"""Letters of the whole prompt up to which it is called so."""
_VERY_LONG = "very long"
UNKNOWN = "unknown"
"""Of a language that nothing tells."""
_TELLING_WORDS = 3
"""Common words of one language, at least twice as many as of any other, tell it."""
_SHORT_TEXT, _TELLING_IN_SHORT = 12, 2
"""Words up to which a text in Latin letters is short: two common words have to tell, since letters alone guess."""
MOST_WORDS = 1_000
"""Of a text, when it is compared with others."""
_OFFERS = 64
"""Lists of functions that are remembered: an application has few."""
_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "incomplete", "model_length"})
_FILTERED = frozenset({"content_filter", "content-filter", "safety", "prohibited_content", "recitation", "blocklist"})


@dataclass(slots=True)
class Traits:
    """One call, as far as grouping needs it."""

    place: Place
    template: str
    """The prompt's name in the log, else the beginning of its system prompt."""
    language: str
    size: str
    tools: str
    """none, offered, called, after tools."""
    outcome: str
    """answered, cut, refused, filtered."""
    slices: tuple[str, ...]
    exact: bytes
    """Equal for calls that ask the same, letter case, numbers of white space and addresses aside."""
    alike: bytes
    """Only calls with the same of this can be near-duplicates: what stands around the words."""
    words: bytes
    """Hashes (uint32, sorted) of the different words; empty where there are too few to compare."""
    rank: int
    """A number that the call's content gives: the order in which calls are drawn."""


def unfit(call: Call) -> str | None:  # noqa: PLR0911  # one return a reason
    """Why a suite cannot hold this call; None: it can."""
    if call.withheld is not None:
        return call.withheld
    if len(call.messages) > MOST_MESSAGES:
        return f"a conversation of more than {MOST_MESSAGES:,} turns"
    if (why := _unfit_turns(call.messages)) is not None:
        return why
    if call.error is not None:
        return "failed: there is no answer to compare with"
    if call.answer.is_empty:
        return "no answer in the log"
    if (why := _unfit_end(call.messages)) is not None:
        return why
    if call.answer.calls and not call.answer.text and not call.tools:
        return "calls functions, and the log does not say which were on offer"
    if call.answer.other:
        return "the answer is not all text"
    if not all(isinstance(decoded(one.arguments), Mapping | str) for one in call.answer.calls):
        return "calls functions with arguments that are no object"
    if call.tools and not _declarable(orjson.dumps(call.tools, default=str)):
        return "offers functions that a suite cannot declare: a name twice, a type that no schema has"
    return None


def _unfit_turns(turns: Sequence[LoggedMessage]) -> str | None:  # one return a reason
    """Why a suite cannot ask these turns, all of them; None: it can."""
    if (odd := next((turn.unread for turn in turns if turn.unread), None)) is not None:
        return f"not understood, so that something else would be asked: {odd}"
    if any(turn.other for turn in turns):
        return "what is sent is not all text (images, audio, files)"
    if is_blank(next((turn.text for turn in reversed(turns) if turn.role == "user"), "")):
        return "no turn of a user with text"
    return None


def _unfit_end(turns: Sequence[LoggedMessage]) -> str | None:
    """Why a suite cannot ask a conversation that ends so; None: it can. It has a turn of a user with text."""
    said = [turn for turn in turns if turn.text or turn.calls or turn.role == "tool"]
    if said[-1].role == "assistant":
        return "the request begins the answer itself (a prefill), which a suite cannot ask"
    if said[-1].role == "system":
        return "instructions stand behind what the user says last, where a suite cannot put them"
    return None


@lru_cache(_OFFERS)
def _declarable(tools: bytes) -> bool:
    from evalkit.suite.tools import read_tools

    try:
        read_tools(orjson.loads(tools))
    except ValueError:
        return False
    return True


def folded(text: str) -> str:
    """The text as duplicates are told: case, white space, and addresses and numbers aside."""
    return _SPACE.sub(" ", _NUMBER.sub("0", _ADDRESS.sub("@", text) if "@" in text else text)).strip().casefold()


def traits_of(call: Call, place: Place, slices: Sequence[str], seed: int) -> Traits:
    """What is kept of a call. `slices` name attributes of the log whose values are groups."""
    system = " ".join(turn.text for turn in call.messages if turn.role == "system")
    said = " ".join(turn.text for turn in call.messages if turn.role == "user")
    history = [(turn.role, len(turn.calls)) for turn in call.messages]
    head = folded(system[: 4 * _PREFIX])[:_PREFIX]
    plain = _SPACE.sub(" ", said).strip().casefold()
    numbers = _NUMBER.findall(said)
    groups = tuple(call.slices.get(name, "") for name in slices)
    # Requests of two groups are two classes: one sample could not stand for both in figures by group.
    around = repr((folded(system), history, sorted(str(tool["name"]) for tool in call.tools), groups))
    words = {crc32(word.encode()) for word in _WORDS.findall(plain)[:MOST_WORDS]}
    return Traits(
        place=place,
        template=call.name or head,
        language=guess_language(call.last_user),
        size=_size(sum(len(turn.text) for turn in call.messages)),
        tools=_tools(call),
        outcome=_outcome(call),
        slices=groups,
        exact=_digest(around, _ADDRESS.sub("@", plain)),
        alike=_digest(around, repr(sorted(numbers))),
        words=array("I", sorted(words)).tobytes() if len(words) >= FEWEST_WORDS else b"",
        rank=int.from_bytes(_digest(str(seed), call.source, call.trace, call.span, call.id, repr(place[0]))[:8], "big"),
    )


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _size(n: int) -> str:
    return next((name for most, name in _SIZES if n < most), _VERY_LONG)


def _tools(call: Call) -> str:
    if any(turn.role == "tool" for turn in call.messages):
        return "after tools"
    if call.answer.calls:
        return "called"
    return "offered" if call.tools else "none"


def _outcome(call: Call) -> str:
    finish = (call.answer.finish or "").lower()
    if finish in _CUT:
        return "cut"
    if finish in _FILTERED:
        return "filtered"
    return "refused" if call.answer.refusal or finish == "refusal" else "answered"


def guess_language(text: str) -> str:
    """The code of the language; by its common words where these leave no doubt, which is fast. `unknown` where nothing
    tells, as in `Reset password`."""
    from evalkit.scorers.instructions.language import language_of, mostly_latin

    text = text[:_LANGUAGE]
    known = _languages_by_word()
    n: Counter[str] = Counter()
    words = _WORDS.findall(text.casefold())
    for word in set(words):
        n.update(known.get(word, ()))
    (first, most), (_, next_) = [*n.most_common(2), ("", 0), ("", 0)][:2]
    if most >= _TELLING_WORDS and most >= 2 * next_:
        return first
    if len(words) <= _SHORT_TEXT and mostly_latin(text):
        return first if most >= max(_TELLING_IN_SHORT, 2 * next_) else UNKNOWN
    return language_of(text) or UNKNOWN


@cache
def _languages_by_word() -> dict[str, tuple[str, ...]]:
    from evalkit.scorers.instructions.language_words import COMMON_WORDS

    found: dict[str, tuple[str, ...]] = {}
    for code, words in COMMON_WORDS.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), code)
    return found
