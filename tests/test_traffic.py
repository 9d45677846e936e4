"""How requests travel: servers with one slot, deadlines, swapped weights, first tokens, facts known beforehand."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.adapters.base import Endpoint, ModelSpec
from evalkit.addresses import is_private
from evalkit.api.preflight_warnings import retirement
from evalkit.cli import run_command
from evalkit.engine.asking import ask
from evalkit.engine.budget import Budget, Reservation
from evalkit.engine.caching import keepable
from evalkit.engine.lane import Lane, Slot
from evalkit.engine.limiter import Limiter
from evalkit.errors import ConnectionFailed, Overloaded, RateLimited, RequestError, Stalled
from evalkit.records import Message, Request, Response, Settings, Timing
from evalkit.store import runs
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.run_facts import made_run, set_facts
from tests.world import evalkit, finish, rows, run_folders, start, write_suite


def test_a_gateways_answers_of_one_provider_are_not_those_of_another(tmp_path: Path, capsys: Any) -> None:
    """Behind one address a proxy may pass `m` on to whom the key belongs to: each preset asks for itself."""
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        n_asked = []
        for adapter in ("together", "fireworks", "vllm", "together", "openai_chat"):
            models = f'  m: {{adapter: {adapter}, model: m, weights: w, base_url: "{provider.base_url}"}}'
            suite = write_suite(tmp_path, provider.base_url, n=3, models=models)
            allow = ("--allow-key-host", "127.0.0.1")
            ran = evalkit(capsys, "run", suite, "--new", "--results", tmp_path / "results", *allow)
            assert ran.code == 0, ran.err
            n_asked.append(len(provider.account))
    assert n_asked == [3, 6, 9, 9, 12], "only the second time of the same preset is from the cache"


class Answering:
    """An adapter that does what a function says."""

    capabilities = SimpleNamespace(timing=True, images=False)
    endpoint = SimpleNamespace(network=True)

    def __init__(self, respond: Callable[[int], Any], idle_s: float = 0.2) -> None:
        self.spec = ModelSpec("m", "openai_chat", "m", idle_timeout_s=idle_s)
        self.n_asked = 0
        self._respond = respond

    async def respond(self, request: Request) -> Response:
        self.n_asked += 1
        made = self._respond(self.n_asked)
        if asyncio.iscoroutine(made):
            made = await made
        if isinstance(made, RequestError):
            raise made
        return Response("yes", "stop", Timing(time.perf_counter(), 0.01))


def _item(adapter: Answering) -> Any:
    sample = SimpleNamespace(
        **{"task": "t", "id": "i", "digest": "d", "target_digest": "x", "occurrence": 0, "cluster": None},
        **{
            "critical": False,
            "weight": None,
            "stratum": None,
            "slices": {},
            "messages": (Message("user", "hi"),),
            "tools": (),
            "target": "yes",
        },
        **{"choices": (), "fields": {}, "turn": 1},
    )
    from evalkit.scorers.registry import make_scorer

    task = SimpleNamespace(scorer=make_scorer("contains"), dropped={"m": ()}, name="t")
    model = SimpleNamespace(name="m", adapter=adapter, answers_alike=False, price=lambda usage, served, at: None)
    model.gone, model.asks_nobody = None, False
    return SimpleNamespace(task=task, sample=sample, model=model, repeat=0, later=())


async def _asked(adapter: Answering, limiter: Limiter, timeout_s: float) -> Any:
    import random

    lane = Lane("l", limiter, random.Random(1), contacted=True)
    await limiter.acquire()
    slot, money = Slot(lane), Reservation(Budget(None), None)
    request = Request((Message("user", "hi"),), Settings())
    try:
        return await ask(_item(adapter), request, slot, money, due_at=time.perf_counter(), timeout_s=timeout_s)
    finally:
        slot.give_back()


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("429: tokens per day (TPD)", status=429, retry_after_s=0.1),
        Overloaded("503: the model is loading", status=503, retry_after_s=0.1),
        ConnectionFailed("refused by the host", sent=False),
    ],
)
async def test_an_item_whose_deadline_passed_names_what_every_attempt_met(error: RequestError) -> None:
    asked = await _asked(Answering(lambda n: error), Limiter(), 0.8)
    assert asked.row.error_kind == error.kind
    assert str(error).partition(":")[0] in asked.row.error


async def test_a_hanging_last_attempt_does_not_hide_the_errors_before_it() -> None:
    def respond(n: int) -> Any:
        return RateLimited("429: slow down", status=429, retry_after_s=0.0) if n == 1 else asyncio.sleep(60)

    asked = await _asked(Answering(respond), Limiter(), 1.5)
    assert asked.row.error_kind == "rate_limited"
    assert "429: slow down" in asked.row.error
    assert "run.timeout_s" in asked.row.error


async def test_a_first_attempt_that_hangs_is_still_a_stall() -> None:
    asked = await _asked(Answering(lambda n: asyncio.sleep(60)), Limiter(), 0.2)
    assert asked.row.error_kind == "stalled"


@pytest.mark.parametrize("n_at_once", [1, 12])
async def test_a_stream_that_never_ends_holds_a_row_for_no_longer_than_its_limit(n_at_once: int) -> None:
    limiter = Limiter()  # many such rows look like a full queue, which is no reason to begin anew
    began = time.perf_counter()
    adapters = [Answering(lambda n: asyncio.sleep(60)) for _ in range(n_at_once)]
    asked = await asyncio.gather(*(_asked(adapter, limiter, 0.4) for adapter in adapters))
    assert time.perf_counter() - began < 5  # each answer would take 60 s
    assert {one.row.error_kind for one in asked} == {"stalled"}
    assert [adapter.n_asked for adapter in adapters] == [1] * n_at_once


async def test_silent_attempts_hold_a_row_for_no_longer_than_its_limit_in_all() -> None:
    async def silent(s: float) -> Stalled:
        await asyncio.sleep(s)
        return Stalled("no byte came")

    limiter = Limiter()
    open_s: dict[int, float] = {}

    def respond(row: int) -> Any:
        async def one() -> Stalled:
            began = time.perf_counter()
            try:
                return await silent(0.25)
            finally:
                open_s[row] = open_s.get(row, 0.0) + time.perf_counter() - began

        return one()

    adapters = [Answering(lambda n, row=row: respond(row)) for row in range(16)]
    asked = await asyncio.gather(*(_asked(adapter, limiter, 0.6) for adapter in adapters))
    assert {one.row.error_kind for one in asked} == {"stalled"}
    assert max(open_s.values()) < 0.75, "what a row is held open for"
    assert limiter.limit < 16, "the limit is lowered all the same"


async def test_an_item_is_not_sent_after_its_deadline_while_it_waited_for_a_slot() -> None:
    limiter = Limiter(1)
    adapter = Answering(lambda n: Overloaded("503: full", status=503, retry_after_s=0.05))
    waiting = asyncio.ensure_future(_asked(adapter, limiter, 0.6))
    await asyncio.sleep(0.05)
    await limiter.acquire()  # somebody else has the only slot when the wait is over
    asked = await waiting
    assert (asked.row.error_kind, adapter.n_asked) == ("overloaded", 1)


@asynccontextmanager
async def _one_slot(answer_s: float, give_up_s: float) -> AsyncIterator[Callable[[], Any]]:
    """A server with one slot, whose clients give a silent request up."""
    slot = asyncio.Lock()

    async def served() -> None:
        async with slot:
            await asyncio.sleep(answer_s)

    def respond() -> Any:
        async def one() -> Any:
            try:
                async with asyncio.timeout(give_up_s):
                    await served()
            except TimeoutError:
                return Stalled("no byte came")
            return None

        return one()

    yield respond


async def test_a_server_with_one_slot_loses_nothing_whatever_the_limit_was() -> None:
    async with _one_slot(0.05, 0.3) as respond:
        limiter = Limiter()  # 16 at once where 6 can be answered in time
        adapters = [Answering(lambda n: respond()) for _ in range(30)]
        asked = await asyncio.gather(*(_asked(adapter, limiter, 20.0) for adapter in adapters))
    assert [one.row.error_kind for one in asked] == [None] * 30
    assert limiter.limit < 16


def _model(host: str | None, weights: str | None = None, known: str | None = None, *, cacheable: bool = True) -> Any:
    spec = ModelSpec("m", "openai_chat", "m", weights=weights)
    endpoint = Endpoint("l", "p", host=host, weights=known, cacheable=cacheable)
    return SimpleNamespace(adapter=SimpleNamespace(spec=spec, endpoint=endpoint), name="m")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "::1", "[::1]", "127.8.9.1", "10.1.2.3", "192.168.0.7", "172.20.1.1", "fd12::7"),
        *("ollama", "host.docker.internal", "gpu-box.local", "vllm.lan", "169.254.3.4", "LOCALHOST", "0.0.0.0"),
        *("abc.ngrok-free.app", "x-8000.proxy.runpod.net", "gpu.tail1.ts.net", "a.trycloudflare.com", "box.corp"),
    ],
)
def test_answers_of_a_server_of_ones_own_are_kept_only_where_somebody_says_its_weights(host: str) -> None:
    assert is_private(host)
    assert not keepable(_model(host))
    assert keepable(_model(host, weights="qwen3-8b q4"))
    assert keepable(_model(host, known="sha256:1"))
    assert not keepable(_model(host, weights="x", cacheable=False))


@pytest.mark.parametrize("host", ["api.openai.com", "openrouter.ai", "8.8.8.8", "gw.example.org", None])
def test_answers_of_a_provider_and_of_this_process_are_kept(host: str | None) -> None:
    assert keepable(_model(host))


def _run(capsys: pytest.CaptureFixture[str], folder: Path, suite: Path, *args: object) -> Any:
    return evalkit(capsys, "run", suite, "--results", folder / "results", *args)


@pytest.mark.long(but=1)
@pytest.mark.parametrize("adapter", ["openai_chat", "llama-cpp", "lm-studio", "ollama", "vllm", "sglang"])
def test_swapped_weights_behind_the_same_address_are_asked_anew(
    adapter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        models = f'  fake: {{adapter: {adapter}, model: fake, base_url: "{provider.base_url}"}}'
        suite = write_suite(tmp_path, provider.base_url, n=3, models=models)
        assert "weights: NAME" in _run(capsys, tmp_path, suite).err
        provider.behaviour = Behaviour(reply="C")
        assert _run(capsys, tmp_path, suite, "--new").code == 0
        newest = max(run_folders(tmp_path / "results"), key=lambda run: (run / "run.json").stat().st_mtime_ns)
        assert {row["text"] for row in rows(newest)} == {"C"}
        assert not any(row["cached"] for row in rows(newest))
        named = models.replace("model: fake", "model: fake, weights: second")
        suite = write_suite(tmp_path, provider.base_url, n=3, models=named)
        _run(capsys, tmp_path, suite)
        n_asked = len(provider.account)
        assert _run(capsys, tmp_path, suite, "--new").code == 0
        assert len(provider.account) == n_asked, "named weights are kept"
        third = write_suite(tmp_path, provider.base_url, n=3, models=named.replace("second", "third"))
        assert _run(capsys, tmp_path, third).code == 0
        assert len(provider.account) == n_asked + 3, "other weights are asked"


@pytest.mark.parametrize("spelling", ["mode", "score"])
@pytest.mark.parametrize("own", ["", ", top_logprobs: 5"])
def test_first_tokens_can_be_asked(spelling: str, own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=4)
        text = suite.read_text().replace("max_output_tokens: 64", f"max_output_tokens: 64{own}")
        how = "score: choice\n    mode: first_token" if spelling == "mode" else "score: {choice: {mode: first_token}}"
        suite.write_text(text.replace("score: choice", how))
        assert evalkit(capsys, "check", suite).code == 0
        ran = _run(capsys, tmp_path, suite)
        assert ran.code == 0, ran.err
        (request, *_) = provider.account
        assert json.loads(request.body)["top_logprobs"] == 20 if hasattr(request, "body") else True


def test_first_tokens_of_a_target_outside_the_choices_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = write_suite(tmp_path, "http://127.0.0.1:9/v1", n=2)
    text = suite.read_text().replace("score: choice", "score: choice\n    mode: first_token")
    suite.write_text(text.replace("{{ letters[answer] }}", "nowhere"))
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert "renders 'nowhere'" in ran.err


FACTS = """
models:
  - model: old-one
    retires: {is: 2020-01-01, source: a letter of its maker, seen: 2026-11-01}
    context_tokens: {is: 100, source: a letter of its maker, seen: 2026-11-01}
    refuses: {is: [temperature, seed], source: a letter of its maker, seen: 2026-11-01}
"""


def _with_facts(folder: Path, url: str, settings: str = "") -> Path:
    models = f'  m: {{adapter: openai_chat, model: old-one, weights: w, base_url: "{url}"{settings}}}'
    (folder / "models.yaml").write_text(FACTS)
    suite = write_suite(folder, url, n=3, models=models, max_output_tokens=60)
    items = (folder / "items.jsonl").read_text().replace("Question 1?", "Question 1? " + "word " * 200)
    (folder / "items.jsonl").write_text(items)
    return suite


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_what_the_catalogue_knows_is_said_before_anybody_pays(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"404": 1.0})) as provider:
        suite = _with_facts(tmp_path, provider.base_url, ", settings: {temperature: 0.0}")
        ran = evalkit(capsys, command, suite, *(("--results", tmp_path / "r") if command != "check" else ()))
    said = " ".join((ran.out + ran.err).split())
    assert "m: retired on 2020-01-01 (a letter of its maker" in said
    assert "1 of 3 prompts are longer than m takes (100 tokens" in said
    assert "m: refuses temperature (a letter of its maker" in said
    if command == "run":
        assert "By what is known of it, the model retired on 2020-01-01" in said, "the 404 says so too"


def test_where_the_catalogue_knows_no_window_the_price_list_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = 'adapter: openai_chat, weights: w, base_url: "http://127.0.0.1:9/v1"'
    models = f"  m: {{{at}, model: own, price_as: 'openai:gpt-4-0613'}}\n  n: {{{at}, model: gpt-4-0613}}"
    suite = write_suite(tmp_path, "", n=3, models=models, max_output_tokens=60)
    items = (tmp_path / "items.jsonl").read_text()
    (tmp_path / "items.jsonl").write_text(items.replace("Question 1?", "Question 1? " + "word " * 7000))
    said = " ".join(evalkit(capsys, "check", suite).out.split())
    assert "1 of 3 prompts are longer than m takes (8,192 tokens, genai-prices" in said
    assert "longer than n takes" not in said, "nobody is known to serve it: it may be any model of that name"


def test_a_setting_that_is_the_default_is_not_complained_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = _with_facts(tmp_path, "http://127.0.0.1:9/v1", ", settings: {temperature: 1.0}")
    assert "refuses" not in evalkit(capsys, "check", suite).out


@pytest.mark.parametrize(
    ("variable", "adapter", "key"),
    [
        ("OPENAI_BASE_URL", "openai", "OPENAI_API_KEY"),
        ("ANTHROPIC_BASE_URL", "anthropic", "ANTHROPIC_API_KEY"),
        ("GOOGLE_GEMINI_BASE_URL", "gemini", "GEMINI_API_KEY"),
        ("MISTRAL_BASE_URL", "mistral", "MISTRAL_API_KEY"),
        ("GROQ_BASE_URL", "groq", "GROQ_API_KEY"),
        ("OPENAI_API_BASE", "openai-chat", "OPENAI_API_KEY"),
    ],
)
def test_an_address_of_the_environment_is_used_where_its_host_is_allowed_and_named_where_not(
    variable: str,
    adapter: str,
    key: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, "https://gateway.example.org/v1")
    monkeypatch.setenv(key, "canary-key-0123456789")
    suite = write_suite(tmp_path, "", n=2, models=f"  m: {{adapter: {adapter}, model: some-model}}")
    ran = evalkit(capsys, "check", suite)
    assert f"{variable} is set" in ran.out + ran.err, "without an address of its own openai-chat asks for one"
    assert "prompts go to gateway.example.org, " not in ran.out
    for allowed in ("gateway.example.org", f"{key}@gateway.example.org"):
        said = evalkit(capsys, "check", suite, "--allow-key-host", allowed).out
        assert "prompts go to gateway.example.org" in said
        assert "is set and not used" not in said


@pytest.mark.parametrize(
    "address",
    [
        *("s3://bucket/results", "gs://bucket", "az://c/x", "abfss://c@a/x", "https://host/x"),
        "file:///var/results",
        "hf://d/x",
    ],
)
def test_results_at_an_address_are_refused_before_anything_is_asked(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=2)
        ran = evalkit(capsys, "run", suite, "--results", address)
        assert ran.code == 2
        assert "is an address" in ran.err
        monkeypatch.setenv("EVALKIT_RESULTS", address)
        assert evalkit(capsys, "list").code == 2
        assert len(provider.account) == 0


@pytest.mark.parametrize(("folder", "said"), [("", "has no name"), ("  ", "has no name"), ("r\udcff", "must be UTF-8")])
def test_a_folder_of_results_that_cannot_be_one_is_refused_before_anything_is_asked(
    folder: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=2)
        ran = evalkit(capsys, "run", suite, "--results", folder)
        assert ran.code == 2
        assert said in ran.err
        assert len(provider.account) == 0


def test_a_run_that_was_complete_but_never_told_is_told_again_and_not_paid_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=6)
        _run(capsys, tmp_path, suite, "--no-cache")
        (folder,) = run_folders(tmp_path / "results")
        set_facts(folder, told=False)  # as a kill between the last fact and the table leaves it
        ran = _run(capsys, tmp_path, suite, "--no-cache")
        assert ran.code == 0
        assert len(provider.account) == 6
        assert str(folder) in ran.out
        assert runs.read_facts(folder)["told"] is True
        _run(capsys, tmp_path, suite, "--no-cache")
        assert len(provider.account) == 12, "once told, the same command is another run"


@pytest.mark.long
def test_ctrl_c_while_the_run_folder_is_made_leaves_nothing_behind(tmp_path: Path) -> None:
    models = '  m: {adapter: scripted, replies: {"*": "B"}, delay_s: 2}'
    suite = write_suite(tmp_path, "", n=1, models=models)
    process = start("run", suite, "--results", tmp_path / "results", "--no-cache")
    while process.poll() is None and not list(tmp_path.glob("results/.new-*/*/.*")):
        pass
    process.send_signal(signal.SIGINT)
    ran = finish(process)
    assert ran.code in {0, 130}, ran.err  # 0: it was over before the folder was seen
    assert "Traceback" not in ran.err
    assert not list(tmp_path.glob("results/.new-*"))


def test_an_interrupt_inside_the_making_of_a_folder_is_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(fd: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made_run(tmp_path / "results", "s", "0" * 64, {})
    assert list((tmp_path / "results").iterdir()) == []


def test_old_drafts_of_killed_processes_are_swept(tmp_path: Path) -> None:
    import os

    left, fresh = tmp_path / ".new-left", tmp_path / ".new-fresh"
    for draft in (left, fresh):
        draft.mkdir()
        (draft / ".run.json.1.tmp").write_text("{")
    os.utime(left, (0, 0))
    made_run(tmp_path, "s", "0" * 64, {})
    assert not left.exists()
    assert fresh.exists(), "somebody may be making it right now"


@pytest.mark.long
def test_a_reader_that_has_seen_enough_is_no_failed_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        _run(capsys, tmp_path, write_suite(tmp_path, provider.base_url, n=3))
    for encoding in ("ascii", "utf-8"):
        process = start(
            "show", "latest", "--results", tmp_path / "results", env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # nobody reads at all
        said = process.stderr.read()
        process.stderr.close()
        assert process.wait(60) == 0, (encoding, said)
    monkeypatch.setattr("evalkit.cli.cli.main", lambda **given: (_ for _ in ()).throw(SystemExit(1)))
    assert run_command(["show"]) not in {0, 1, 2, 3, 4}


def test_retirement_is_said_two_months_before() -> None:
    from datetime import date

    from evalkit.catalogue.facts import Claim, Known

    known = Known("m", claims={"retires": (Claim("2026-12-20", "its maker", "2026-11-01"),)})
    assert "in 22 days" in (retirement(known, date(2026, 11, 28)) or "")
    assert "in 60 days" in (retirement(known, date(2026, 10, 21)) or "")
    assert retirement(known, date(2026, 10, 20)) is None
    assert "retired on" in (retirement(known, date(2027, 1, 1)) or "")
    assert retirement(Known("m"), date(2027, 1, 1)) is None
