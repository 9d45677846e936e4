"""What a run has sent so far, and how much of a prompt begins as something that was sent before.

    sent = SentPrompts.of(n_characters)               # of all prompts and answers together
    whole, words, pictures = as_sent({"prompt": row.prompt, "tools": row.tools})
    sent.share(whole, row.text)                       # 0.0 for what is new, 1.0 for what was sent before

A provider's prompt cache gives back the beginning of a prompt that it has read within the last minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from evalkit.store import parts, queries

if TYPE_CHECKING:
    import duckdb

    from evalkit.results.side import Side

LEAST_CACHED = 1_024
"""Tokens of a beginning from which on providers cache by themselves; some cache shorter ones."""
_BLOCK = 64
"""Characters; engines cache blocks of 16 tokens."""
_MOST_BLOCKS = 1_000_000
"""Of all prompts together; where they have more, the blocks are longer."""


@dataclass(slots=True)
class SentPrompts:
    """The beginnings of what was sent so far, in whole blocks, each with all that stands before it."""

    block: int
    known: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, n_characters: int) -> SentPrompts:
        """For so many characters of prompts and answers together."""
        return cls(max(_BLOCK, n_characters // _MOST_BLOCKS))

    def share(self, prompt: str, answer: str) -> float:
        """Which part of a prompt, from its beginning, was sent before, from 0 to 1; from now on all of it was, with the
        answer that came."""
        n_shared, before, goes_on = 0, 0, True
        whole = len(prompt) // self.block * self.block
        for at in range(0, whole, self.block):
            before = hash((before, prompt[at : at + self.block]))
            goes_on = goes_on and before in self.known
            n_shared += self.block if goes_on else 0
            self.known.add(before)
        rest = prompt[whole:]
        end = hash((before, rest, "end"))
        if goes_on and end in self.known:
            n_shared = len(prompt)
        self.known.add(end)
        answered = f"{rest}\0assistant\1{answer}"  # how the next turn of a conversation goes on
        for at in range(0, len(answered) - self.block + 1, self.block):
            before = hash((before, answered[at : at + self.block]))
            self.known.add(before)
        return n_shared / len(prompt) if prompt else 0.0


def as_sent(said: Mapping[str, str | None]) -> tuple[str, str, bool]:
    """What was sent, as one text that begins alike where requests do, its words alone, and whether there are pictures
    (of which the digest is in the first)."""
    messages = objects_in(said["prompt"])
    tools = said["tools"] or ""
    contents = [one.get("content") or "" for one in messages]
    words = " ".join(_without_pictures(one) for one in contents)
    whole = tools + "".join(f"\0{one.get('role')}\1{one.get('content')}" for one in messages)
    return whole, f"{tools} {words}" if tools else words, any(isinstance(one, list) for one in contents)


def _without_pictures(content: object) -> str:
    """What a turn says, without its pictures."""
    parts = content if isinstance(content, list) else [content]
    return " ".join(str(part) for part in parts if not isinstance(part, dict))


def objects_in(written: str | None) -> list[Mapping[str, object]]:
    """The objects of a stored list; none where it is no such list: the folder may be anybody's."""
    try:
        found = orjson.loads(written or "[]")
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def of_one_cache(side: Side) -> tuple[str, list[str]]:
    """`from ... where ...` of the rows r and the texts t that share a provider's cache with a model's (its own, and
    those of models that are the same one there), and its parameters."""
    about = side.about
    alike = [
        name
        for name, told in (side.facts.models or {}).items()
        if (told.host, told.model) == (about.host, about.model) or name == side.model
    ]
    keys = " and ".join(f"r.{name} = t.{name}" for name in parts.KEY_COLUMNS)
    return f"from rows r join texts t on {keys} where r.model in ({', '.join('?' for _ in alike)})", alike


def sizes(con: duckdb.DuckDBPyConnection, where: str, names: list[str]) -> tuple[int, int]:
    """How many characters the prompts and answers have together, and the most cached tokens that one was billed."""
    told = con.execute(
        f"select sum(length(t.prompt) + coalesce(length(t.text), 0)), max(r.cache_read_tokens) {where}", names
    ).fetchone() or (0, 0)
    return int(told[0] or 0), int(told[1] or 0)


def n_warm(side: Side) -> tuple[int, int]:
    """How many answers of a model say that more of their prompt was cached than this run had sent before, and how many
    it has: an earlier run, or another suite, had warmed the provider's cache. The answer's time is then no first one.

    Raises StoreError when the texts cannot be read.
    """
    if side.about.parts:  # what guards are told of their own stands in no row
        return 0, 0
    with_each = _sent_with_each(side)
    where, alike = of_one_cache(side)
    n, n_found = 0, 0
    with queries.connect([side.folder]) as con:
        n_characters, most = sizes(con, where, alike)
        if most < LEAST_CACHED:
            return 0, 0
        sent = SentPrompts.of(n_characters)
        cursor = con.execute(
            "select r.model, r.input_tokens, r.cache_read_tokens, r.cached or t.steps is not null, t.prompt, t.tools, "
            f"t.text {where} order by r.started_at",  # an agent's later steps find what its first ones sent
            alike,
        )
        while chunk := cursor.fetchmany(1_000):
            for model, given, read, is_kept, prompt, tools, text in chunk:
                whole, _, pictures = as_sent({"prompt": prompt, "tools": tools})
                share = sent.share(whole, text or "")
                if model != side.model or is_kept:
                    continue
                n += 1
                explained = (given or 0) if pictures and share > 0 else share * (given or 0)
                explained += with_each if n > 1 else 0
                n_found += (read or 0) - explained >= LEAST_CACHED
    return n_found, n


def _sent_with_each(side: Side) -> int:
    """The most tokens of what goes along with every request and stands in no prompt: a schema, fields of `extra`."""
    resolved = side.facts.suite_resolved
    if resolved is None:
        return 0
    entry = resolved.models.get(side.model)
    written = [task.written.get("settings") for task in resolved.tasks]
    settings = [one for one in (entry.root.get("settings") if entry else None, *written) if isinstance(one, dict)]
    along = [one.get(name) for one in settings for name in ("json_schema", "extra")]
    return sum(len(orjson.dumps(one, default=str)) for one in along if one)
