"""The response cache: exact answers, sound keys, and never a reason for a run to stop."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.records import Message, Request, Response, Settings, Timing, Tool, ToolCall, Usage
from evalkit.store.answer_codec import CachedAnswer
from evalkit.store.cache import ResponseCache, key
from tests.store_rows import HOSTILE

ASKED = Request((Message("system", "Be careful."), Message("user", "2 + 2?")), Settings(max_output_tokens=16))
ANSWER = Response(
    text=HOSTILE,
    stop_reason="stop",
    timing=Timing(sent_at=1.5, total_s=0.5, ttft_s=0.2, ttfr_s=None, last_s=0.4),
    reasoning="because",
    served_model="m-2026",
    fingerprint="fp",
    usage=Usage(input=80, output=5, provider_cost_usd=Decimal("0.00010"), service_tier="flex", beside=("web_search",)),
    raw_usage={"prompt_tokens": 80, "details": {"cached": None}},
    top_logprobs=({"4": -0.1, "5": float("-inf")},),
    dropped=("temperature",),
)
LIKELIHOODS = Response(
    text="",
    stop_reason="stop",
    timing=Timing(sent_at=0.0, total_s=0.1),
    logliks=(-1.25, float("-inf")),
    logliks_greedy=(True, False),
    loglik_tokens=(2, 3),
)

ONLY_CALLS = Response(
    text="",
    stop_reason="tool_use",
    timing=Timing(sent_at=0.0, total_s=0.1, ttft_s=0.05, last_s=0.09),
    calls=(ToolCall("weather.get", '{"city": "Paris"}'), ToolCall(HOSTILE, '{"broken')),
)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ResponseCache]:
    with ResponseCache.open(tmp_path / "deep" / "responses.sqlite") as opened:
        yield opened
        assert opened.problem is None


def _put(cache: ResponseCache, where: bytes, response: Response = ANSWER) -> bool:
    return cache.put(where, CachedAnswer(response, 1763632915.25, Decimal("0.000131")))


def _key(request: Request = ASKED, **changes: Any) -> bytes:
    place = {"place": "api.openai.com/v1", "dialect_version": "openai_chat/1", "model": "gpt", **changes}
    return key(place["place"], place["dialect_version"], place["model"], request)


@pytest.mark.parametrize("answer", [ANSWER, LIKELIHOODS, ONLY_CALLS], ids=["text", "likelihood", "calls"])
def test_an_answer_comes_back_exactly_before_and_after_it_is_written(cache: ResponseCache, answer: Response) -> None:
    assert cache.get(_key()) is None
    assert _put(cache, _key(), answer)
    for _ in range(2):
        hit = cache.get(_key())
        assert hit is not None
        assert hit.response == answer
        assert hit.started_at == 1763632915.25
        assert str(hit.cost_usd) == "0.000131"
        cache.flush()


def test_an_unknown_price_stays_unknown(cache: ResponseCache) -> None:
    cache.put(_key(), CachedAnswer(ANSWER, 1.0, None))
    hit = cache.get(_key())
    assert hit is not None
    assert hit.cost_usd is None


def test_half_a_surrogate_pair_is_cached_exactly(cache: ResponseCache) -> None:
    answer = replace(ANSWER, text="left \ud83d right")
    assert _put(cache, _key(), answer)
    hit = cache.get(_key())
    assert hit is not None
    assert hit.response == answer


@pytest.mark.parametrize(
    "answer",
    [
        replace(ANSWER, stop_reason="length"),
        replace(ANSWER, text=""),
        replace(ANSWER, text=" \n"),
        replace(ANSWER, text="", stop_reason="refusal"),
        replace(ANSWER, text="", calls=()),
        replace(ONLY_CALLS, stop_reason="length"),
    ],
    ids=["truncated", "empty", "blank", "empty refusal", "no call either", "truncated call"],
)
def test_truncated_and_empty_answers_are_kept_too(cache: ResponseCache, answer: Response) -> None:
    """A run that asks only these again has more that went well, and the next one more still."""
    assert _put(cache, _key(), answer)
    hit = cache.get(_key())
    assert hit is not None
    assert hit.response == answer


def test_whatever_changes_the_answer_changes_the_key() -> None:
    set_to = [
        {"max_output_tokens": 17},
        {"temperature": 0.0},
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"seed": 0},
        {"stop": ("\n",)},
        {"reasoning_effort": "low"},
        {"json_schema": {"type": "object"}},
        {"top_logprobs": 5},
        {"extra": {"top_k": 1}},
    ]
    requests = [replace(ASKED, settings=replace(ASKED.settings, **changed)) for changed in set_to]
    requests += [
        ASKED,
        replace(ASKED, repeat=1),
        replace(ASKED, tools=(Tool("f", "", {"type": "object"}),)),
        replace(ASKED, tools=(Tool("f", "adds", {"type": "object"}),)),
        replace(ASKED, continuations=("A", "B")),
        replace(ASKED, continuations=()),
        replace(ASKED, messages=ASKED.messages[1:]),
        replace(ASKED, messages=(Message("user", "Be careful."), Message("user", "2 + 2?"))),
        replace(ASKED, messages=(*ASKED.messages, Message("assistant", ""))),
    ]
    keys = [_key(r) for r in requests] + [_key(place="other"), _key(dialect_version="2"), _key(model="gpt-b")]
    assert len(set(keys)) == len(keys) == 22
    assert all(len(k) == 32 for k in keys)


def test_what_does_not_change_the_answer_does_not_change_the_key() -> None:
    assert _key(replace(ASKED, sample_id="q17")) == _key()
    one, other = (Settings(extra=extra) for extra in ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}))
    assert _key(replace(ASKED, settings=one)) == _key(replace(ASKED, settings=other))
    assert _key(replace(ASKED, settings=Settings(extra=MappingProxyType({"a": 1, "b": {"c": 2, "d": 3}})))) == _key(
        replace(ASKED, settings=one)
    )


def test_the_key_is_a_contract() -> None:
    """If this fails, every answer that users have paid for is bought again: do not change the value lightly."""
    assert _key().hex() == "bcef802d705ddf527e43e5192dfc37b692c6600010714a95f00d25b39e0c379e"


@given(text=st.text(st.characters(codec=None), max_size=20))
@settings(max_examples=50, deadline=None)
def test_any_prompt_has_a_key(text: str) -> None:
    assert len(_key(replace(ASKED, messages=(Message("user", text),)))) == 32


def test_answers_are_there_in_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    with ResponseCache.open(path) as first:
        for n in range(450):
            _put(first, _key(replace(ASKED, repeat=n)))
    with ResponseCache.open(path) as second:
        assert all(second.get(_key(replace(ASKED, repeat=n))) for n in range(450))
        assert second.get(_key(replace(ASKED, repeat=450))) is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["responses.sqlite"]


def test_answers_are_written_every_200_and_after_half_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, now = tmp_path / "responses.sqlite", [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def stored() -> int:
        with sqlite3.connect(path) as db:
            count: int = db.execute("select count(*) from answers").fetchone()[0]
        db.close()
        return count

    with ResponseCache.open(path) as cache:
        for n in range(199):
            _put(cache, _key(replace(ASKED, repeat=n)))
        assert stored() == 0
        _put(cache, _key(replace(ASKED, repeat=199)))
        assert stored() == 200
        _put(cache, _key(replace(ASKED, repeat=200)))
        now[0] += 0.6
        cache.get(_key())
        assert stored() == 201


def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    script = """
        import sys
        from pathlib import Path
        from evalkit.records import Response, Timing
        from evalkit.store.answer_codec import CachedAnswer
        from evalkit.store.cache import ResponseCache
        cache = ResponseCache.open(Path(sys.argv[1]))
        for n in range(int(sys.argv[2]), int(sys.argv[2]) + 1500):
            answer = Response(str(n), "stop", Timing(0.0, 1.0))
            cache.put(n.to_bytes(32, "big"), CachedAnswer(answer, 1.0, None))
        cache.close()
        print(cache.problem)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    writers = [subprocess.Popen([*command, start], stdout=subprocess.PIPE, text=True) for start in ("0", "700", "1500")]
    assert [writer.communicate()[0] for writer in writers] == ["None\n"] * 3
    with ResponseCache.open(path) as cache:
        for n in range(3000):
            hit = cache.get(n.to_bytes(32, "big"))
            assert hit is not None
            assert hit.response.text == str(n)


@pytest.mark.parametrize(
    "content", [b"this is no database, but it is long enough" * 100, b"SQLite format 3\x00" + b"x" * 5000]
)
def test_a_damaged_file_costs_the_cache_not_the_run(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "responses.sqlite"
    path.write_bytes(content)
    with ResponseCache.open(path) as cache:
        assert cache.get(_key()) is None
        assert not _put(cache, _key())
        assert cache.problem is not None
        assert str(path) in cache.problem
        for way_out in ("Remove the file", "EVALKIT_CACHE", "--no-cache"):
            assert way_out in cache.problem
    assert path.read_bytes() == content


_ANSWERS = "create table answers (key blob primary key, answer blob not null) without rowid"


@pytest.mark.parametrize(
    "schema",
    [
        f"{_ANSWERS}; create table other (i); create trigger t before insert on answers begin insert into other "
        "with recursive r(i) as (select 1 union all select i + 1 from r) select i from r where i < 0; end",
        "create table answers (key blob primary key, answer blob not null generated always as (zeroblob(950000000)) "
        "virtual) without rowid",
        "create view answers as select x'00' as key, zeroblob(900000000) as answer",
        f"{_ANSWERS}; create index i on answers (length(answer))",
        "create table answers (a, b, c)",
        f"{_ANSWERS}; create table more (a)",
    ],
)
def test_a_file_that_brings_more_than_answers_along_is_left_alone(tmp_path: Path, schema: str) -> None:
    """A cache folder may be shared: a trigger would run at every insert, without end."""
    path = tmp_path / "responses.sqlite"
    path.touch(0o600)  # as evalkit makes it
    with closing(sqlite3.connect(path)) as db:
        db.executescript(schema + "; pragma user_version = 1")
    with ResponseCache.open(path) as cache:
        assert cache.get(_key()) is None
        assert not _put(cache, _key())
        assert "something else than evalkit's table of answers" in str(cache.problem)


@pytest.mark.long
def test_an_answer_beyond_any_reply_is_not_taken_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    path.touch(0o600)  # as evalkit makes it
    with closing(sqlite3.connect(path)) as db:
        db.execute(_ANSWERS)
        db.execute("insert into answers values (?, zeroblob(300000000))", (_key(),))
        db.commit()
    with ResponseCache.open(path) as cache:
        assert cache.get(_key()) is None
        assert "too big" in str(cache.problem)


def test_an_answer_that_was_damaged_in_the_file_is_bought_anew(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    with ResponseCache.open(path) as cache:
        _put(cache, _key())
    with sqlite3.connect(path) as db:
        db.execute("update answers set answer = ?", (b'{"timing": []}',))
    db.close()
    with ResponseCache.open(path) as cache:
        assert cache.get(_key()) is None
        assert cache.problem is not None


def test_a_file_that_another_process_holds_delays_writing_only(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    with ResponseCache.open(path) as cache:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("begin immediate")
        _put(cache, _key())
        cache.flush()
        assert cache.problem is None
        assert cache.get(_key()) is not None
        other.execute("rollback")
        other.close()
    with ResponseCache.open(path) as cache:
        assert cache.get(_key()) is not None


def test_a_file_that_is_held_to_the_end_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    cache = ResponseCache.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    _put(cache, _key())
    cache.close()
    cache.close()
    other.close()
    assert cache.problem is not None
    assert "another process holds it" in cache.problem


def test_a_place_that_cannot_hold_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with ResponseCache.open(tmp_path / "file" / "responses.sqlite") as cache:
        assert cache.problem is not None
        assert not _put(cache, _key())


def test_a_cache_of_a_newer_evalkit_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    path.touch(0o600)  # as evalkit makes it
    with sqlite3.connect(path) as db:
        db.execute("pragma user_version=99")
    db.close()
    with ResponseCache.open(path) as cache:
        assert "newer evalkit" in (cache.problem or "")


def test_the_environment_moves_the_cache_and_only_its_owner_may_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine" / "responses.sqlite"
    monkeypatch.setenv("EVALKIT_CACHE", str(path.parent))
    with ResponseCache.open() as cache:
        _put(cache, _key())
        cache.flush()
        assert cache.path == path
        files = list(path.parent.iterdir())
        assert len(files) > 1
        assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
