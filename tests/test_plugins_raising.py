"""Code of packages that raises beyond Exception, or errors that cannot say what they are: a sentence with its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit import plugins
from tests.plugin_world import install, on_path
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
ERRORS = """
class Panic(BaseException):
    "As pyo3's, of every Rust package."

class Mute(Exception):
    def __str__(self):
        raise ValueError("no words")

def stop(*given):
    raise {error}
"""
SCORING = """
from evalkit.scorers.base import Scorer
from evalkit.scorers.scores import right_or_wrong

def late(answer, record):
    return stop() if answer != record["target"] else True

async def late_async(answer, record):
    return late(answer, record)

def score(sample, response):
    return stop() if response.text != sample.target else right_or_wrong(True, None)

def target(sample):
    return sample.target

async def awaited(sample, response):
    return score(sample, response)

whole = Scorer("s", 1, score, target)
whole_async = Scorer("s", 1, score, target, awaited=awaited, unproved=True)
gold = Scorer("s", 1, score, stop)
sure = Scorer("s", 1, score, target, sure=stop)
weighed = Scorer("s", 1, score, lambda sample: None, needs="likelihood", continuations=stop)
unproved = Scorer("s", 1, stop, target, unproved=True)

def make(options):
    stop()

class Odd:
    @property
    def __class__(self):
        stop()

odd = Odd()
"""
ASKING = """
from evalkit.adapters.base import Capabilities, Endpoint
from evalkit.records import Response, Timing

class Adapter:
    capabilities = Capabilities(streaming=False, usage=False)
    def __init__(self, spec):
        self.spec = spec
        self.endpoint = Endpoint(lane="e", place="e", network=False, cacheable=False)
    async def respond(self, request):
        return Response("b", "stop", Timing(sent_at=0.0, total_s=0.001))
    async def aclose(self):
        pass

async def stop_later(self):
    stop()

class made:
    make = stop

def with_(**methods):
    class Module:
        make = staticmethod(type("Own", (Adapter,), methods))
    return Module

respond = with_(respond=lambda self, request: stop())
aclose = with_(aclose=stop_later)
describe = with_(served={}, describe=stop_later)
check_request = with_(check_request=stop)
count_prompt = with_(count_prompt=stop)
"""
DATA = """
from collections.abc import Mapping

class Odd(Mapping):
    __getitem__ = __iter__ = __len__ = keys = stop

odd = Odd()
"""
SUITE = """name: s
models: {{m: {{adapter: {adapter}, model: x{replies}}}}}
tasks: [{{name: t, data: d.jsonl, {task}}}]
"""
ENDS = {
    "raise Panic('no index')": "Panic: no index",
    "raise GeneratorExit": "GeneratorExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise SystemExit('left')": "SystemExit: left",
    "raise Mute": "Mute: (its own text cannot be had)",
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "site"
    folder.mkdir()
    (tmp_path / "d.jsonl").write_text('{"q": "a", "target": "b"}\n{"q": "c", "target": "d"}\n')
    with on_path(folder):
        plugins._scanned.cache_clear()
        yield folder
    plugins._scanned.cache_clear()


def ask(capsys: Capture, tmp_path: Path, command: str, kind: str, name: str) -> tuple[int, str]:
    adapter = name if kind in {"adapters", "presets"} else "scripted"
    replies = ', replies: {"*": "b"}' if adapter == "scripted" else ""
    task = f"use: {name}" if kind == "tasks" else 'prompt: "{{ q }}", target: "{{ target }}", score: '
    task = task if kind == "tasks" else task + (name if kind == "scorers" else "exact")
    (tmp_path / "s.yaml").write_text(SUITE.format(adapter=adapter, replies=replies, task=task))
    more = ("--results", tmp_path / "r") if command != "check" else ()
    ran = evalkit(capsys, command, tmp_path / "s.yaml", *more)
    assert "Traceback" not in ran.err, ran.err
    return ran.code, ran.err


@pytest.mark.parametrize("error", ENDS)
@pytest.mark.parametrize("kind", ["adapters", "scorers", "tasks", "presets"])
def test_an_import_that_ends_is_a_sentence(error: str, kind: str, site: Path, tmp_path: Path, capsys: Capture) -> None:
    source = ERRORS.format(error="ValueError") + error
    install(site, "odd-pack", {kind: {"odd": "odd_pack:x"}}, odd_pack=source)
    code, said = ask(capsys, tmp_path, "check", kind, "odd")
    assert code == 2 and "'odd' of the package odd-pack 1.0 cannot be used" in said and ENDS[error] in said, said


PARTS = [
    *(("scorers", SCORING, name, 4) for name in ("late", "late_async", "whole", "whole_async")),
    *(("scorers", SCORING, name, 2) for name in ("gold", "sure", "weighed", "unproved", "make", "odd")),
    *(("adapters", ASKING, name, 2) for name in ("made", "check_request")),
    *(("adapters", ASKING, name, 4) for name in ("respond", "describe")),
    ("adapters", ASKING, "aclose", 0),
    *((kind, DATA, "odd", 2) for kind in ("tasks", "presets")),
]


@pytest.mark.long(but=5)
@pytest.mark.parametrize("error", ["Panic('no index')", "KeyboardInterrupt", "GeneratorExit", "SystemExit(3)", "Mute"])
@pytest.mark.parametrize(("kind", "source", "name", "code"), PARTS, ids=[f"{one[0]}-{one[2]}" for one in PARTS])
def test_what_a_part_raises_names_it_and_ends_nothing(
    error: str, kind: str, source: str, name: str, code: int, site: Path, tmp_path: Path, capsys: Capture
) -> None:
    install(site, "odd-pack", {kind: {"odd-one": f"odd_pack:{name}"}}, odd_pack=ERRORS.format(error=error) + source)
    ended, said = ask(capsys, tmp_path, "run", kind, "odd-one")
    assert ended == code and ("odd-" in said or "scorer raised" in said or "odd_pack" in said), (ended, said)


def test_a_plan_counts_nothing_that_a_package_cannot_count(site: Path, tmp_path: Path, capsys: Capture) -> None:
    source = ERRORS.format(error="Panic('no index')") + ASKING
    install(site, "odd-pack", {"adapters": {"odd-one": "odd_pack:count_prompt"}}, odd_pack=source)
    code, said = ask(capsys, tmp_path, "plan", "adapters", "odd-one")
    assert code == 2 and "count_prompt of odd-pack 1.0 raised Panic: no index" in said, said
