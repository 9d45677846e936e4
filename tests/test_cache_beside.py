"""Runs at the same time that share the response cache: what is under way in one is waited for, and no attempt given up.

Only what a session left that is over was given up. The first that asked is the one whose answer is kept: the quicker
of two draws would be a choice.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import evalkit
from evalkit.records import Message, Request, Response, Row, Settings, Timing
from evalkit.store.answer_codec import CachedAnswer
from evalkit.store.cache import ResponseCache, key
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit as evalkit_command

WHERE = key("here", "chat/1", "m", Request((Message("user", "2 + 2?"),), Settings()))
ANSWER = CachedAnswer(Response("4", "stop", Timing(sent_at=0.0, total_s=0.5)), 1.0, None)
OTHER = replace(ANSWER, response=replace(ANSWER.response, text="5"))


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[ResponseCache, ResponseCache]]:
    path = tmp_path / "responses.sqlite"
    with ResponseCache.open(path) as one, ResponseCache.open(path) as other:
        yield one, other


def notes(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("select count(*) from answers where length(answer) < 64").fetchone()[0])


def test_what_a_living_session_has_under_way_is_not_given_up(two: tuple[ResponseCache, ResponseCache]) -> None:
    one, other = two
    one.sent(WHERE)
    one.flush()
    assert other.get(WHERE) is None and other.is_elsewhere(WHERE) and other.given_up(WHERE) == 0
    other.sent(WHERE)  # asked all the same, within the half second in which neither saw the other
    other.put(WHERE, OTHER)
    other.flush()
    assert other.get(WHERE) is None  # the first that asked is the one whose answer is kept
    one.put(WHERE, ANSWER)
    one.flush()
    found = other.get(WHERE)
    assert found == ANSWER and not other.is_elsewhere(WHERE)


def test_what_a_session_left_that_is_over_was_given_up(two: tuple[ResponseCache, ResponseCache]) -> None:
    one, other = two
    one.sent(WHERE)
    one.sent(WHERE)
    one.close()
    assert other.get(WHERE) is None and not other.is_elsewhere(WHERE) and other.given_up(WHERE) == 2
    assert not list((other.path.parent / "sessions").iterdir())


LEFT = """
import os, sys
from evalkit.store.cache import ResponseCache
cache = ResponseCache.open(__import__("pathlib").Path(sys.argv[1]))
where = bytes.fromhex(sys.argv[2])
cache.sent(where)
if sys.argv[3] == "written":
    cache.flush()
os._exit(9)
"""


@pytest.mark.parametrize("when", ["at once", "written"])
def test_what_a_killed_session_had_sent_is_known_however_soon_it_was_killed(tmp_path: Path, when: str) -> None:
    """Jobs that were killed within half a second of each request drew anew, and nothing counted it (R17-2)."""
    path = tmp_path / "responses.sqlite"
    subprocess.run([sys.executable, "-c", LEFT, path, WHERE.hex(), when], check=False)
    with ResponseCache.open(path) as cache:
        assert cache.get(WHERE) is None and cache.given_up(WHERE) == 1
        cache.sent(WHERE)
        cache.put(WHERE, ANSWER)
    with ResponseCache.open(path) as cache:
        assert cache.get(WHERE) == ANSWER
        assert not list((path.parent / "sessions").iterdir())


def test_what_is_under_way_is_seen_before_its_note_is_written(two: tuple[ResponseCache, ResponseCache]) -> None:
    """Runs that start together asked every question twice within the half second (R19-2)."""
    one, other = two
    one.sent(WHERE)
    assert other.get(WHERE) is None and other.is_elsewhere(WHERE)
    one.put(WHERE, ANSWER)
    one.flush()
    assert other.get(WHERE) == ANSWER and not other.is_elsewhere(WHERE)


KILLED = """
import os, pathlib, sys
from evalkit.store.cache import ResponseCache
cache = ResponseCache.open(pathlib.Path(sys.argv[1]))
where = bytes.fromhex(sys.argv[2])
for what in sys.argv[3].split():
    cache.give_up(where, 0) if what == "back" else getattr(cache, what)(where)
os._exit(9)
"""


def test_what_killed_sessions_left_adds_up_and_what_was_turned_away_is_none_of_it(tmp_path: Path) -> None:
    """R19-3, R19-4."""
    path = tmp_path / "responses.sqlite"
    for steps, n in (("sent back", 0), ("sent back sent back", 0), ("get sent", 1), ("get sent sent", 3)):
        subprocess.run([sys.executable, "-c", KILLED, path, WHERE.hex(), steps], check=False)
        with ResponseCache.open(path) as cache:
            assert cache.get(WHERE) is None and cache.given_up(WHERE) == n, steps


def test_what_only_waits_for_its_next_attempt_is_not_under_way(two: tuple[ResponseCache, ResponseCache]) -> None:
    """A server that was not started yet: no request of the interrupted run reached anybody."""
    one, other = two
    one.sent(WHERE)
    one.flush()
    one.give_up(WHERE, 0)
    assert notes(one.path) == 0
    one.sent(WHERE)
    one.give_up(WHERE, 1)
    one.close()
    assert other.get(WHERE) is None and other.given_up(WHERE) == 1 and notes(one.path) == 1


@pytest.mark.long
def test_two_runs_at_once_ask_a_question_once_and_mark_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    cache = tmp_path / "cache" / "responses.sqlite"
    data = [{"q": f"Ask {n}?"} for n in range(4)]

    async def both(url: str) -> list[list[Row]]:
        model = evalkit.Model("openai_chat", "m", base_url=url, weights="w", settings={"temperature": 1.0})
        suite = evalkit.Suite({"m": model}, [evalkit.Task("t", data=data, prompt="{{ q }}", target="x", score="exact")])

        async def run(name: str, n_noted: int) -> list[Row]:
            for _ in range(200 * bool(n_noted)):
                if cache.exists() and notes(cache) >= n_noted:
                    break
                await asyncio.sleep(0.05)
            done = await evalkit.arun(suite, results=tmp_path / name)
            assert done.status == "complete"
            (folder,) = (path.parent for path in (tmp_path / name).glob("*/run.json"))
            return list(rows_of(folder))

        return await asyncio.gather(run("a", 0), run("b", len(data)))

    with FakeProvider.in_thread(Behaviour(reply="x", latency_s=2.0)) as provider:
        first, second = asyncio.run(both(provider.base_url))
    assert [row.given_up for row in (*first, *second)] == [None] * 8
    assert [row.cached for row in first] == [False] * 4 and [row.cached for row in second] == [True] * 4


def test_a_cache_that_is_not_used_is_told_before_anything_is_paid_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    suite = tmp_path / "s.yaml"
    suite.write_text(
        "name: s\nmodels: {m: {adapter: scripted, replies: {'*': '4'}}}\n"
        "tasks: [{name: t, cases: [{q: a, expected: '4'}], prompt: '{{ q }}', score: exact}]\n"
    )
    ResponseCache.open().close()
    (tmp_path / "cache" / "responses.sqlite").chmod(0o660)
    results = ("--results", tmp_path / "r")
    said = "is not used: others may read or write it"
    ran = evalkit_command(capsys, "run", suite, *results)
    assert ran.err.count(said) == 1 and ran.err.index(said) < ran.err.index("1/1")
    planned = evalkit_command(capsys, "plan", suite, *results)
    assert said in " ".join((planned.out + planned.err).split())
    assert said in " ".join(evalkit_command(capsys, "cache").out.split())
    assert said in str(evalkit_command(capsys, "cache", "--json").json["unused_because"])
