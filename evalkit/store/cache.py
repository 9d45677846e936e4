"""The response cache: an answer that was paid for once is not paid for again, in any run of this machine.

    cache = ResponseCache.open()                          # in ~/.cache/evalkit, or EVALKIT_CACHE
    where = key("api.openai.com/v1/responses", "openai_responses/1", "gpt-6-sol", request)
    if (hit := cache.get(where)) is None: ...; cache.put(where, response, started_at=..., cost_usd=...)

SQLite in WAL mode, safe with several processes. It is a convenience: when the file is damaged, locked or the disk is
full, the run goes on without it and `problem` says why, once. Errors are never kept. Every answer is, also one that is
truncated, empty or a refusal: where a run asked only these again, a few runs would leave the ones that went well.
Adapters whose answer depends on the sample's id (`replay`, `scripted`) must not use it: the id is not in the key.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import orjson

from evalkit.frozen import dataclass
from evalkit.messages import content_identity
from evalkit.reading import has_more_values
from evalkit.records import Message, Request, Response, Settings, StopReason, Timing, ToolCall, Usage
from evalkit.store import message_codec, stage_codec
from evalkit.store.row_codec import spell, unspell
from evalkit.store.row_kinds import LATEST
from evalkit.text.secrets import stands_in

_VERSION = 1
_TABLE = "create table answers (key blob primary key, answer blob not null) without rowid"
MOST_BYTES = 48_000_000
"""Of one answer: the longest that an adapter takes (16 MB of text), its JSON and its usage. SQLite makes no longer
value, whatever a file says that others may write."""
_MOST_VALUES = 2_000_000
"""Numbers, texts and lists in one answer: log-probabilities of some hundred thousand tokens."""
_SHORTEST = 64
"""Bytes of an answer. What says that none came yet (`given_up`) is shorter."""
_KEEP = f"""insert into answers values (?, ?) on conflict (key) do update set answer = excluded.answer
where length(answers.answer) < {_SHORTEST}"""
"""The first answer stays."""
_GIVEN_UP = "given_up"
_MOST_GIVEN_UP = 1_000_000
_FLUSH_ROWS, _FLUSH_S = 200, 0.5
_TIMING = tuple(f.name for f in fields(Timing))
_USAGE = tuple(f.name for f in fields(Usage))
_NO_COUNTS = frozenset({"provider_cost_usd", "service_tier", "beside"})
_PLAIN = ("text", "stop_reason", "reasoning", "served_model", "fingerprint", "raw_usage", "refusal", "carried")
_TUPLES = ("logliks_greedy", "loglik_tokens", "dropped")
_NO_SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer as it came when it was bought."""

    response: Response
    """With its original timing, for display; `sent_at` belongs to a clock of another process."""
    started_at: float
    """Unix time of the original request."""
    cost_usd: Decimal | None
    """What was billed then; None where it was unknown."""
    given_up: int = 0
    """`Row.given_up`, 0 for none."""


def cache_folder() -> Path:
    """What evalkit keeps for itself between runs: EVALKIT_CACHE, or ~/.cache/evalkit. May be removed at any time."""
    return Path(os.environ.get("EVALKIT_CACHE") or Path.home() / ".cache" / "evalkit").expanduser()


def connected(path: Path, *, timeout: float) -> sqlite3.Connection:
    """A connection to the file, which may be shared with others: it runs nothing that the file brings along, and makes
    no value longer than an answer. Raises sqlite3.Error."""
    db = sqlite3.connect(path, timeout=timeout, isolation_level=None)
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
    db.execute("pragma trusted_schema=off")
    return db


def holds_answers(db: sqlite3.Connection) -> bool:
    """Whether the table of answers is there; False where the file is empty. Raises sqlite3.DatabaseError for anything
    else: a trigger runs at every insert, and a computed column at every look."""
    found = db.execute("select lower(sql) from sqlite_master limit 3").fetchall()
    if found not in ([], [(_TABLE,)]):
        raise sqlite3.DatabaseError("it holds something else than evalkit's table of answers")
    return bool(found)


def key(place: str, dialect_version: str, model: str, request: Request) -> bytes:
    """Identity of a request by content, 32 bytes: where it runs, in what dialect, and all that is asked.

    A contract: the same content gives the same key in every version. The sample's id is not part of it; the repeat is,
    so that repeats are separate answers. Settings left to the provider are left out.
    """
    settings = {
        f.name: value
        for f in fields(Settings)
        if (value := getattr(request.settings, f.name)) != getattr(_NO_SETTINGS, f.name)
    }
    content = [
        "evalkit response 1",
        place,
        dialect_version,
        model,
        [_message(message) for message in request.messages],
        settings,
        request.continuations,
        request.repeat,
    ]
    if request.contexts is not None:
        content.append(request.contexts)
    if request.record:
        content.append({"record": request.record})
    if request.tools:
        content.append({"tools": [(tool.name, tool.description, tool.parameters) for tool in request.tools]})
    try:
        canonical = orjson.dumps(content, default=_as_dict, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # halves of surrogate pairs, integers beyond 64 bits
        canonical = json.dumps(content, default=_as_dict, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(canonical).digest()


def _message(message: Message) -> tuple[object, ...]:
    """What of a turn decides an answer; as it always was for turns without calls."""
    plain = (message.role, content_identity(message.content))
    if not (message.calls or message.failed or message.carried):
        return plain
    calls = [(call.name, call.arguments) for call in message.calls]
    return (*plain, calls, message.failed, message.carried)


class ResponseCache:
    """Made by `open`; used from one thread. Writes are gathered: every 200 answers or half a second, and at close."""

    def __init__(self, path: Path, connection: sqlite3.Connection | None, problem: str | None = None) -> None:
        self.path = path
        self.problem = problem
        """Why the cache is not used, as a sentence for the user; None while all is well."""
        self._db = connection
        self._waiting: dict[bytes, bytes] = {}
        self._oldest = 0.0
        self._open: dict[bytes, int] = {}
        """Requests of this session that were sent and are not answered yet: how many of the same."""
        self._unsound: set[bytes] = set()
        """Of answers that were looked for in this session and are none that a server gave."""
        self._given_up: dict[bytes, int] = {}
        """Requests that were looked for in this session and that no answer came to, with their attempts."""

    @classmethod
    def open(cls, path: Path | None = None) -> ResponseCache:
        """The cache in this file, made when absent; None: in `cache_folder`. Never raises: see `problem`."""
        path = path or cache_folder() / "responses.sqlite"
        cache = cls(path, None)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # prompts may be confidential: for this user only
            db = cache._db = connected(path, timeout=0.25)
            db.execute("pragma journal_mode=wal")
            db.execute("pragma synchronous=normal")
            # A checkpoint waits for the disk, which would be booked as a model's latency; closing does it.
            db.execute("pragma wal_autocheckpoint=0")
            version = db.execute("pragma user_version").fetchone()[0]
            if version > _VERSION:
                cache._give_up(f"it was written by a newer evalkit (version {version})")
                return cache
            if not holds_answers(db):
                db.execute(_TABLE.replace("answers", "if not exists answers"))  # another process may be first
            db.execute(f"pragma user_version={_VERSION}")
        except (sqlite3.Error, OSError) as error:
            cache._give_up(error)
        return cache

    def get(self, key: bytes) -> CachedAnswer | None:
        """The stored answer; None when there is none, or when the cache is not usable."""
        if self._db is None:
            return None
        packed = self._waiting.get(key)
        self.flush_in_time()
        try:
            if packed is None and self._db is not None:
                row = self._db.execute("select answer from answers where key = ?", (key,)).fetchone()
                packed = row[0] if row else None
            return None if packed is None else self._read(key, packed)
        except sqlite3.OperationalError as error:
            if not _busy(error):
                self._give_up(error)
        except (
            sqlite3.Error,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ) as error:
            self._give_up(error)
        return None

    def _read(self, key: bytes, packed: bytes) -> CachedAnswer | None:
        answer = _unpack(packed)
        if isinstance(answer, int):
            if (earlier := answer - self._open.get(key, 0)) > 0:  # what is under way in this run is none
                self._given_up[key] = earlier
            return None
        if _is_sound(answer):
            return answer
        self._unsound.add(key)
        return None

    def put(self, key: bytes, answer: CachedAnswer) -> bool:
        """Keep an answer unless there is one already; False when it is too long, or the cache is not usable."""
        self._came(key)
        return self._keep(key, _pack(answer))

    def sent(self, key: bytes) -> None:
        """Keep, until `put` or `give_up`, that a request went out."""
        self._open[key] = n = self._open.get(key, 0) + 1
        self._keep(key, orjson.dumps({_GIVEN_UP: self.given_up(key) + n}))

    def give_up(self, key: bytes, n: int) -> None:
        """Keep that no answer came to a request, and that so many attempts at it were given up in all."""
        others = self._came(key)
        if n + others:
            self._keep(key, orjson.dumps({_GIVEN_UP: n + others}))
        elif self._db is not None:  # turned away: no answer was on its way
            if len(self._waiting.get(key, b"")) < _SHORTEST:
                self._waiting.pop(key, None)
            try:
                self._db.execute(f"delete from answers where key = ? and length(answer) < {_SHORTEST}", (key,))
            except sqlite3.Error as error:
                if not _busy(error):
                    self._give_up(error)

    def _came(self, key: bytes) -> int:
        """One request less is under way; how many of the same are still."""
        left = max(self._open.pop(key, 0) - 1, 0)
        if left:
            self._open[key] = left
        return left

    @property
    def has_given_up(self) -> bool:
        """Whether any request that was looked for was given up."""
        return bool(self._given_up)

    def given_up(self, key: bytes) -> int:
        """Attempts that were given up at a request which was looked for in vain; 0: none."""
        return self._given_up.get(key, 0)

    def _keep(self, key: bytes, packed: bytes) -> bool:
        if self._db is None:
            return False
        if len(packed) > MOST_BYTES or stands_in(packed):  # a key in it: whoever asked has cleaned it, so this is ours
            return False
        if not self._waiting:
            self._oldest = time.monotonic()
        if len(self._waiting.get(key, b"")) < _SHORTEST:
            self._waiting[key] = packed
        if len(self._waiting) >= _FLUSH_ROWS or time.monotonic() - self._oldest > _FLUSH_S:
            self.flush()
        return True

    def flush_in_time(self) -> None:
        """Write what waits, where it has waited for half a second."""
        if self._waiting and time.monotonic() - self._oldest > _FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Write what waits. While another process holds the file it goes on waiting, up to 10,000 answers."""
        if self._db is None or not self._waiting:
            return
        try:
            self._db.execute("begin immediate")
            unsound = [(one,) for one in self._waiting if one in self._unsound]
            self._db.executemany("delete from answers where key = ?", unsound)
            self._db.executemany(_KEEP, self._waiting.items())
            self._db.execute("commit")
            self._waiting.clear()
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._db.execute("rollback")
            if _busy(error) and len(self._waiting) < 10_000:
                self._oldest = time.monotonic()  # half a second until the next attempt
            else:
                self._give_up(error)

    def close(self) -> None:
        """Write what waits and give the file back. May be called twice."""
        self.flush()
        if self._waiting and self._db is not None:
            self._give_up("another process holds it")
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = None

    def __enter__(self) -> ResponseCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _give_up(self, why: object) -> None:
        """Go on without the cache, and keep the reason for the user."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
        self._db = None
        self._waiting.clear()
        self.problem = self.problem or (
            f"The response cache {self.path} is not used: {why}. Answers are bought anew. Remove the file to start a "
            "fresh one, choose another with EVALKIT_CACHE, or do without: --no-cache."
        )


def _busy(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _pack(answer: CachedAnswer) -> bytes:
    response = answer.response
    record: dict[str, object] = {
        "started_at": answer.started_at,
        "cost_usd": None if answer.cost_usd is None else str(answer.cost_usd),
        "timing": [getattr(response.timing, name) for name in _TIMING],
    }
    if answer.given_up:
        record[_GIVEN_UP] = answer.given_up
    for name in (*_PLAIN, *_TUPLES):
        value = getattr(response, name)
        if value is not None:
            record[name] = value
    if response.usage is not None:
        record["usage"] = {name: v for name in _USAGE if (v := getattr(response.usage, name)) is not None}
    if response.calls is not None:
        record["calls"] = [(call.name, call.arguments) for call in response.calls]
    if response.stages is not None:
        record["stages"] = stage_codec.as_json(response.stages)
    if response.logliks is not None:
        record["logliks"] = [spell(x) for x in response.logliks]
    if response.top_logprobs is not None:
        record["top_logprobs"] = [{token: spell(x) for token, x in t.items()} for t in response.top_logprobs]
    try:
        return orjson.dumps(record, default=_as_dict)
    except TypeError:  # halves of surrogate pairs: Python's own JSON keeps them exactly
        return json.dumps(record, default=_as_dict).encode()


def _unpack(packed: bytes) -> CachedAnswer | int:
    """What was kept: an answer, or how many attempts came to none."""
    if has_more_values(packed, _MOST_VALUES):
        raise ValueError("an answer in it has more values than any has")
    try:
        record = orjson.loads(packed)
    except orjson.JSONDecodeError:
        record = json.loads(packed)
    given_up = min(max(int(record.get(_GIVEN_UP) or 0), 0), _MOST_GIVEN_UP)
    if "timing" not in record and given_up:
        return given_up
    stages = record.get("stages")
    usage = record.get("usage")
    if usage is not None and "provider_cost_usd" in usage:
        usage["provider_cost_usd"] = Decimal(usage["provider_cost_usd"])
    if usage is not None:
        usage["beside"] = tuple(usage.get("beside") or ())
    logliks, top, calls = record.get("logliks"), record.get("top_logprobs"), record.get("calls")
    plain: dict[str, Any] = {name: record[name] for name in _PLAIN if name in record}
    plain |= {name: tuple(record[name]) for name in _TUPLES if name in record}
    response = Response(
        timing=Timing(*record["timing"]),
        usage=None if usage is None else Usage(**usage),
        stages=None if stages is None else stage_codec.from_json(stages),
        calls=None if calls is None else tuple(ToolCall(*call) for call in calls),
        logliks=None if logliks is None else tuple(unspell(x) for x in logliks),
        top_logprobs=None if top is None else tuple({token: unspell(x) for token, x in t.items()} for t in top),
        **plain,
    )
    cost = record["cost_usd"]
    return CachedAnswer(
        response,
        float(record["started_at"]),
        None if cost is None else Decimal(cost),
        given_up,
    )


def _is_sound(answer: CachedAnswer) -> bool:
    """Whether everything is of its kind: older versions kept what a reply said unchecked, and a file may be damaged or
    edited. An answer that is not sound is asked anew."""
    response = answer.response
    texts = [response.text, response.reasoning, response.served_model, response.fingerprint, response.refusal]
    texts += [response.carried, *response.dropped]
    texts += [word for call in response.calls or () for word in (call.name, call.arguments)]
    numbers = [*(response.logliks or ()), *(x for token in response.top_logprobs or () for x in token.values())]
    whole = [*(response.logliks_greedy or ()), *(response.loglik_tokens or ())]
    return (
        all(isinstance(word, str | None) for word in texts)
        and (response.carried is None or message_codec.carried_fits(response.carried))
        and response.stop_reason in get_args(StopReason)
        and all(isinstance(n, int | float) for n in numbers)
        and all(isinstance(n, int) for n in whole)
        and isinstance(response.raw_usage, dict | None)
        and -LATEST < answer.started_at < LATEST
        and (answer.cost_usd is None or answer.cost_usd.is_finite())
        and _is_measured(response.timing, response.usage)
        and all(_is_measured(stage.timing, stage.usage) for stage in response.stages or ())
        and (response.stages is None or stage_codec.fits(stage_codec.as_json(response.stages)))
    )


def _is_measured(timing: Timing, usage: Usage | None) -> bool:
    """Whether durations are seconds, counts whole numbers and names texts."""
    times = [value for name in _TIMING if name != "sent_at" and (value := getattr(timing, name)) is not None]
    counts = [getattr(usage, name) for name in _USAGE if name not in _NO_COUNTS] if usage is not None else []
    names = [usage.service_tier, *usage.beside] if usage is not None else []
    stated = usage.provider_cost_usd if usage is not None else None
    return (
        isinstance(timing.total_s, int | float)
        and all(isinstance(value, int | float) and 0 <= value < LATEST for value in times)
        and all(n is None or (type(n) is int and n >= 0) for n in counts)
        and all(isinstance(word, str | None) for word in names)
        and (stated is None or stated.is_finite())
    )


def _as_dict(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
