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
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import orjson

from evalkit.messages import content_identity
from evalkit.records import Message, Request, Settings
from evalkit.store.answer_codec import CachedAnswer, NotAnswered, as_dict, is_sound, not_answered, packed, unpacked
from evalkit.store.cache_folder import cache_folder
from evalkit.store.cache_sessions import CacheSession
from evalkit.text.secrets import stands_in

_VERSION = 1
_TABLE = "create table answers (key blob primary key, answer blob not null) without rowid"
MOST_BYTES = 48_000_000
"""Of one answer: the longest that an adapter takes (16 MB of text), its JSON and its usage. SQLite makes no longer
value, whatever a file says that others may write."""
SHORTEST = 64
"""Bytes of an answer. What says that none came yet (`given_up`) is shorter."""
_KEEP = f"""insert into answers values (?, ?) on conflict (key) do update set answer = excluded.answer
where length(answers.answer) < {SHORTEST}"""
"""The first answer stays."""
_FLUSH_ROWS, _FLUSH_S = 200, 0.5
_ODD = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What comes of a value that no evalkit wrote."""
_NO_SETTINGS = Settings()


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
        canonical = orjson.dumps(content, default=as_dict, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # halves of surrogate pairs, integers beyond 64 bits
        canonical = json.dumps(content, default=as_dict, sort_keys=True, separators=(",", ":")).encode()
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
        self._session = CacheSession(path.parent / "sessions")
        self._elsewhere: set[bytes] = set()
        """Requests that another session had under way when they were looked for last."""

    @classmethod
    def open(cls, path: Path | None = None) -> ResponseCache:
        """The cache in this file, made when absent; None: in `cache_folder`, whose UserError it raises. Else it never
        raises: see `problem`."""
        path = path or cache_folder() / "responses.sqlite"
        cache = cls(path, None)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Prompts may be confidential: for this user only.
            file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            mode = os.fstat(file).st_mode
            os.close(file)
            if mode & 0o077:  # as a checkout makes files, and evalkit none
                cache._give_up(
                    "others may read or write it, as no file that evalkit makes; choose a folder elsewhere, or, where "
                    f"evalkit wrote it, chmod 600 {path}"
                )
                return cache
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
            with suppress(sqlite3.OperationalError):  # another process holds it: the next one takes it over
                cache._take_over()
        except (sqlite3.Error, OSError) as error:
            cache._give_up("it is a link, which is not followed" if path.is_symlink() else error)
        return cache

    def _take_over(self) -> None:
        """Note what killed sessions had under way and could not note themselves. Raises sqlite3.Error."""
        assert self._db is not None
        for file, keys in self._session.left().items():
            others = set(self._anothers(keys))
            for key, n in keys.items():
                if key not in others:
                    self.get(key)  # what was given up before
                    note = not_answered(NotAnswered(self.given_up(key) + n, 0, None))
                    self._db.execute(_KEEP, (key, note))
            self._given_up.clear()
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def get(self, key: bytes) -> CachedAnswer | None:
        """The stored answer; None when there is none, or when the cache is not usable."""
        if self._db is None:
            return None
        content = self._waiting.get(key)
        self._elsewhere.discard(key)
        self.flush_in_time()
        try:
            if content is None and self._db is not None:
                row = self._db.execute("select answer from answers where key = ?", (key,)).fetchone()
                content = row[0] if row else None
            return None if content is None else self._read(key, content)
        except sqlite3.OperationalError as error:
            if not _busy(error):
                self._give_up(error)
        except (sqlite3.Error, *_ODD) as error:
            self._give_up(error)
        return None

    def _read(self, key: bytes, content: bytes) -> CachedAnswer | None:
        answer = unpacked(content)
        if isinstance(answer, NotAnswered):
            n_open = self._open.get(key, 0) if answer.by == self._session.name else 0
            if self._is_anothers(answer):
                self._elsewhere.add(key)
                n_open = answer.under_way
            if (earlier := answer.given_up - n_open) > 0:  # what is under way was not given up
                self._given_up[key] = earlier
            else:
                self._given_up.pop(key, None)
            return None
        if is_sound(answer):
            return answer
        self._unsound.add(key)
        return None

    def put(self, key: bytes, answer: CachedAnswer) -> bool:
        """Keep an answer unless there is one already; False when it is too long, or the cache is not usable."""
        self._came(key)
        return self._keep(key, packed(answer))

    def sent(self, key: bytes) -> None:
        """Keep, until `put` or `give_up`, that a request went out."""
        self._session.begin()
        self._open[key] = n_open = self._open.get(key, 0) + 1
        if self._db is not None:
            self._session.out(key)
        self._keep(key, self._note(self.given_up(key), n_open))

    def _note(self, given_up: int, under_way: int) -> bytes:
        by = self._session.name if under_way else None
        return not_answered(NotAnswered(given_up + under_way, under_way, by))

    def _is_anothers(self, note: NotAnswered) -> bool:
        """Whether a session that goes on has it under way: the first to ask is the one whose answer is kept."""
        return note.by is not None and note.by != self._session.name and self._session.lives(note.by)

    def is_elsewhere(self, key: bytes) -> bool:
        """Whether another session had the request under way when it was looked for last."""
        return key in self._elsewhere or (self._db is not None and self._session.is_under_way(key))

    def give_up(self, key: bytes, n: int) -> None:
        """Keep that no answer came to a request, and that so many attempts at it were given up in all."""
        others = self._came(key)
        if n + others:
            self._keep(key, self._note(n, others))
        elif self._db is not None:  # turned away: no answer was on its way
            self._session.back(key)
            if len(self._waiting.get(key, b"")) < SHORTEST:
                self._waiting.pop(key, None)
            try:
                if not self._anothers([key]):
                    self._db.execute(f"delete from answers where key = ? and length(answer) < {SHORTEST}", (key,))
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

    def _keep(self, key: bytes, content: bytes) -> bool:
        if self._db is None:
            return False
        if len(content) > MOST_BYTES or stands_in(content):  # a key: a field that nobody thought of
            return False
        if not self._waiting:
            self._oldest = time.monotonic()
        if len(self._waiting.get(key, b"")) < SHORTEST:
            self._waiting[key] = content
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
            for key in self._anothers(self._waiting):
                del self._waiting[key]
            unsound = [(one,) for one in self._waiting if one in self._unsound]
            self._db.executemany("delete from answers where key = ?", unsound)
            self._db.executemany(_KEEP, self._waiting.items())
            self._db.execute("commit")
            self._waiting.clear()
            self._session.written()
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._db.execute("rollback")
            if _busy(error) and len(self._waiting) < 10_000:
                self._oldest = time.monotonic()  # half a second until the next attempt
            else:
                self._give_up(error)

    def _anothers(self, keys: Iterable[bytes]) -> list[bytes]:
        """Those of the keys that a session which goes on has under way. Raises sqlite3.Error."""
        assert self._db is not None
        found, wanted = [], list(keys)
        for at in range(0, len(wanted), _FLUSH_ROWS):
            some = wanted[at : at + _FLUSH_ROWS]
            marks = ",".join("?" * len(some))
            query = f"select key, answer from answers where length(answer) < {SHORTEST} and key in ({marks})"
            for key, kept in self._db.execute(query, some).fetchall():
                with suppress(*_ODD):
                    if isinstance(note := unpacked(kept), NotAnswered) and self._is_anothers(note):
                        found.append(key)
        return found

    def close(self) -> None:
        """Write what waits and give the file back. May be called twice."""
        self.flush()
        if self._waiting and self._db is not None:
            self._give_up("another process holds it")
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = None
        self._session.end()

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
