"""What a run has sent so far, and how much of a prompt begins as something that was sent before.

    sent = SentPrompts.of(n_characters)               # of all prompts and answers together
    whole, words, picture = as_sent({"prompt": row.prompt, "tools": row.tools})
    sent.share(whole, row.text)                       # 0.0 for what is new, 1.0 for what was sent before

A provider's prompt cache gives back the beginning of a prompt that it has read within the last minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from evalkit.decide.fewest_tokens import fewest_tokens, most_tokens
from evalkit.late import late
from evalkit.store import parts, queries

if TYPE_CHECKING:
    import duckdb

    from evalkit.facts import ModelFacts
    from evalkit.results.side import Side

LEAST_CACHED = 1_024
"""Tokens of a beginning from which on providers cache by themselves; some cache shorter ones."""
_BLOCK = 64
"""Characters; engines cache blocks of 16 tokens."""
_MOST_BLOCKS = 1_000_000
"""Of all prompts together; where they have more, the blocks are longer."""
_BYTES_OF_A_TOKEN = 2
"""Of schemas and the like, at least: names and signs of JSON are short tokens."""
_DIGEST = late(r"[0-9a-f]{64}")


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


def as_sent(said: Mapping[str, str | None]) -> tuple[str, str, int | None]:
    """What was sent, as one text that begins alike where requests do; its words alone; and where in the first its first
    picture ends, whose digest is in it (None: it has none)."""
    messages = objects_in(said["prompt"])
    tools = said["tools"] or ""
    contents = [one.get("content") or "" for one in messages]
    words = " ".join(_without_pictures(one) for one in contents)
    whole, first = tools, None
    for one in messages:
        whole += f"\0{one.get('role')}\1"
        content = one.get("content")
        if first is None and isinstance(content, list):
            picture = next((part for part in content if isinstance(part, dict)), None)
            first = len(whole) + (0 if picture is None else str(content).find(str(picture)) + len(str(picture)))
        whole += str(content)
    return whole, f"{tools} {words}" if tools else words, first


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
    """`from ... where ...` of the rows r and the texts t that share a provider's cache with a model's, or with a part's
    of a pipeline (its own, and those of models that are the same one there), and its parameters."""
    own = {(one.host, one.model) for one in _asked_alike(side.about)}
    alike = [
        name
        for name, told in (side.facts.models or {}).items()
        if name == side.model or any((one.host, one.model) in own for one in _asked_alike(told))
    ]
    keys = " and ".join(f"r.{name} = t.{name}" for name in parts.KEY_COLUMNS)
    return f"from rows r join texts t on {keys} where r.model in ({', '.join('?' for _ in alike)})", alike


def _asked_alike(told: ModelFacts) -> list[ModelFacts]:
    """Who is sent the prompt of a row: the model, or what stands between a pipeline's guards."""
    return [told, *(told.parts or {}).values()]


def sizes(con: duckdb.DuckDBPyConnection, where: str, names: list[str]) -> tuple[int, int]:
    """How many characters the prompts and answers have together, and the most cached tokens that one was billed."""
    told = con.execute(
        f"select sum(length(t.prompt) + coalesce(length(t.text), 0)), max(r.cache_read_tokens) {where}", names
    ).fetchone() or (0, 0)
    return int(told[0] or 0), int(told[1] or 0)


def n_warm(side: Side) -> tuple[int, int]:
    """How many answers of a model say that more of their prompt was cached than this run had sent before, and how many
    it has: an earlier run, or another suite, had warmed the provider's cache. The answer's time is then no first one.
    Of an agent's requests the first counts: the later ones find what the first ones sent.

    Raises StoreError when the texts cannot be read.
    """
    if side.about.parts:  # what guards are told of their own stands in no row
        return 0, 0
    with_each = _SentWithEach.of(side)
    where, alike = of_one_cache(side)
    n_found, asked = 0, Counter[str]()
    with queries.connect([side.folder]) as con:
        n_characters, most = sizes(con, where, alike)
        if most < LEAST_CACHED:
            return 0, 0
        sent = SentPrompts.of(n_characters)
        cursor = con.execute(
            "select r.model, r.task, r.input_tokens, r.cache_read_tokens, r.cached, coalesce(r.attempts, 1), t.prompt, "
            f"t.tools, t.text, t.steps {where} order by r.started_at",
            alike,
        )
        while chunk := cursor.fetchmany(1_000):
            for model, task, given, read, is_kept, attempts, prompt, tools, text, steps in chunk:
                said = as_sent({"prompt": prompt, "tools": tools})
                share = sent.share(said[0], text or "")
                if model != side.model or is_kept:
                    continue
                if steps is not None:
                    first = next(iter(objects_in(steps)), {})
                    given, read = _count(first.get("input_tokens")), _count(first.get("cache_read_tokens"))  # noqa: PLW2901
                along = with_each.most_bytes(task) if asked[task] else 0
                asked[task] += 1
                if attempts > 1:  # an earlier one had sent it all; what was waited for that counts for passing
                    continue
                n_found += (read or 0) - _explained(given or 0, share, sent.block, said, along) >= LEAST_CACHED
    return n_found, asked.total()


def _explained(given: int, share: float, block: int, said: tuple[str, str, int | None], along: int) -> float:
    """The most tokens of a request that the run had sent before. `along`: bytes that went along with the task's
    requests before and stand in no prompt. `block`: characters by which the share is known.

    Nobody says how the tokens divide among text, pictures and what goes along; the text has so many at least.
    """
    whole, words, picture = said
    others = max(given - fewest_tokens(words), 0)  # what is not the text's
    others_sent = min(along / _BYTES_OF_A_TOKEN, others)
    n_shared = share * len(whole)
    if picture is None:
        return others_sent + most_shared(given - others_sent, share, whole)
    if n_shared + block <= picture:  # its digest stands at its end
        return others_sent + min(n_shared, given)
    own = fewest_tokens(_DIGEST.sub("", whole[int(n_shared) :]))  # behind what was sent; the pictures may be all else
    return float(max(given - own, 0))


def most_shared(given: float, share: float, whole: str) -> float:
    """The most of so many tokens that a share of a text can have: its part, or more where it is denser than the rest
    (Chinese before English, JSON before prose)."""
    n_shared = int(share * len(whole))
    dense = min(most_tokens(whole[:n_shared]), given - fewest_tokens(whole[n_shared:]))
    return max(share * given, dense)


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < 2**63 else 0


@dataclass(frozen=True, slots=True)
class _SentWithEach:
    """Bytes that go along with every request of a task and stand in no prompt: a schema, fields of `extra`."""

    by_task: Mapping[str, int]
    of_model: int

    @classmethod
    def of(cls, side: Side) -> _SentWithEach:
        resolved = side.facts.suite_resolved
        if resolved is None:
            return cls({}, 0)
        entry = resolved.models.get(side.model)
        return cls(
            {task.name: _along(task.written.get("settings")) for task in resolved.tasks},
            _along(entry.root.get("settings") if entry else None),
        )

    def most_bytes(self, task: str) -> int:
        """Of a task; of a name that the suite does not have as it stands (one of a group's), the most of any."""
        return self.of_model + self.by_task.get(task, max(self.by_task.values(), default=0))


def _along(settings: object) -> int:
    found = [settings.get(name) for name in ("json_schema", "extra")] if isinstance(settings, dict) else []
    return sum(len(orjson.dumps(one, default=str)) for one in found if one)
