"""Where the JSON stands in a reply: the option `around` of the scorers that read JSON.

    find_json('```json\\n{"a": 1}\\n```', "fence")            # '{"a": 1}'
    find_json('As in [1]: {"a": 1}', "any")                   # '{"a": 1}'

* `none`: the whole reply, unfenced;
* `fence`: the whole reply, or its only fenced block; of several blocks the only one whose language is JSON. A fence
  that is not closed, that was never opened, or that stands on the line of the JSON is one too;
* `any`: also a value in free text. Objects come before lists, lists before the number of a citation (`[1]`), a value
  with something in it before an empty one; of several alike the last counts, as it does for every scorer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from evalkit.scorers.fences import INVISIBLE, fenced_blocks, plain_lines

Parse = Callable[[str], Any]
"""(text) -> value. Raises ValueError for what is not one JSON value."""

_JSON_WORDS = ("json", "jsonc", "json5", "jsonl", "ndjson", "geojson", "jsonld", "json-ld")
# What can open an object or a list; each one that turns out not to costs a pass over the text.
_START = re.compile(r"\{\s{0,50}[\"}]|\[\s{0,50}[\[\]{\"\d\-tfn]")
_FAILURES = 200


class NoJson(ValueError):
    """The reply holds no JSON, or more than one; the message says which in one line."""


def find_json(reply: str, around: str, parse: Parse, decoder: json.JSONDecoder) -> str:
    """The text that is to be read as JSON. Raises NoJson where there is none to be found."""
    text = reply.strip().strip(INVISIBLE).strip()
    if around == "none" or _reads(text, parse):
        return text
    inner = _in_fence(text, parse)
    if inner is not None:
        return inner
    return _in_prose(text, decoder) if around == "any" else text


def _reads(text: str, parse: Parse) -> bool:
    if text[:1] not in ("{", "["):
        return False
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _in_fence(text: str, parse: Parse) -> str | None:
    """The block that counts; None where the reply has no fence. Raises NoJson where several could be meant."""
    if "```" not in text and "~~~" not in text:
        bare = text.strip("`").strip()
        return bare if text[:1] == text[-1:] == "`" and bare else None
    blocks = fenced_blocks(text)
    if text[:1] in ("{", "["):
        # The fence stands behind the JSON, or inside one of its strings.
        bare = plain_lines(text).rstrip("`~ \n\t")
        return bare if _reads(bare, parse) else None
    if len(blocks) > 1:
        named = [block for block in blocks if block.language in _JSON_WORDS]
        blocks = named if len(named) == 1 else blocks
    if len(blocks) > 1:
        raise NoJson(f"the reply holds {len(blocks)} fenced blocks: which one is meant?")
    return blocks[0].text.strip().strip(INVISIBLE) if blocks and not text.startswith('"') else None


def _in_prose(text: str, decoder: json.JSONDecoder) -> str:
    """The value in free text that counts, by the order above. Raises NoJson."""
    best, best_rank = "", -1
    position = n_failed = 0
    while n_failed < _FAILURES and (opened := _START.search(text, position)) is not None:
        start = opened.start()
        try:
            value, position = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            n_failed += 1
            # An object that began well and broke off is one mistake: its inner objects are not the answer.
            began = text[start] == "{" and error.pos > start + 2
            position = max(error.pos if began else 0, start + 1)
            continue
        except RecursionError:
            n_failed += _FAILURES // 10
            position = start + 1
            continue
        if (rank := _rank(value)) >= best_rank:
            best, best_rank = text[start:position], rank
    if best_rank < 0:
        raise NoJson("no JSON in the reply")
    return best


def _rank(value: object) -> int:
    """How likely a value in prose is the answer: 3 an object, 2 a list, 1 a citation's number, 0 nothing in it."""
    if not value:
        return 0
    if isinstance(value, dict):
        return 3
    return 1 if isinstance(value, list) and len(value) == 1 and isinstance(value[0], int) else 2
