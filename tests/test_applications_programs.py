"""`adapter: command` and `adapter: python`: programs and functions of a suite's own, by the person's word."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.keys import scrubbed, scrubbed_error
from evalkit.adapters.registry import make_adapter
from evalkit.errors import (
    BadReply,
    ConnectionFailed,
    MissingKey,
    RateLimited,
    Rejected,
    RequestError,
    Stalled,
    SuiteError,
    Unfit,
)
from evalkit.records import Message, Request, Response, Settings
from evalkit.results.rows import read_rows
from tests.conftest import REPO
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
EXAMPLE = REPO / "examples" / "applications"
ASK = Request(
    (Message("system", "Be brief."), Message("user", "Where is it?")),
    Settings(temperature=0.5, stop=("END",), max_output_tokens=9),
    record={"plan": "free"},
    sample_id="secret-id",
)
ECHO = """
    import json, sys
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps({"id": asked["id"], "text": json.dumps(asked)}), flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., ModelSpec]:
    """A spec of a program with this source, beside the suite."""

    def written(source: str, adapter: str = "command", allow: bool = True, **options: Any) -> ModelSpec:
        (tmp_path / "bot.py").write_text(dedent(source))
        if adapter == "command":
            options.setdefault("command", ("python3", "./bot.py"))
        idle_s = options.pop("idle_s", 20.0)
        fields = {"folder": str(tmp_path), "allow_code": allow, "idle_timeout_s": idle_s}
        return ModelSpec("bot", adapter, "", options=options, **fields)

    return written


async def asked(spec: ModelSpec, request: Request = ASK) -> Response:
    adapter = make_adapter(spec)
    try:
        return await adapter.respond(request)
    finally:
        await adapter.aclose()


# Programs


async def test_a_program_gets_a_record_and_gives_one(program: Callable[..., ModelSpec]) -> None:
    response = await asked(program(ECHO))
    assert json.loads(response.text) == {
        "id": 1,
        "prompt": "Where is it?",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is it?"}],
        "system": "Be brief.",
        "record": {"plan": "free"},
        "settings": {"max_output_tokens": 9, "temperature": 0.5, "stop": ["END"]},
        "model": None,
    }
    assert response.usage is None and response.timing.ttft_s is None and response.timing.total_s > 0


async def test_what_a_program_says_of_its_bill_is_read_as_of_any_server(program: Callable[..., ModelSpec]) -> None:
    reply = {
        "text": "In Ulm.", "reasoning": "hm", "finish": "length", "served_model": "bot-3", "trace_id": "t-1",
        "usage": {"input": 9, "output": 5, "cached": 2, "reasoning": "many"}, "cost_usd": 0.0002,
    }  # fmt: skip
    response = await asked(program(f"import sys\nsys.stdin.readline()\nprint({json.dumps(json.dumps(reply))})"))
    assert (response.text, response.reasoning, response.stop_reason) == ("In Ulm.", "hm", "length")
    assert response.usage is not None
    told = (response.usage.input, response.usage.output, response.usage.cache_read, response.usage.reasoning)
    assert told == (9, 5, 2, None)
    assert response.usage.provider_cost_usd == Decimal("0.0002") and response.served_model == "bot-3"
    assert response.raw_usage is not None and response.raw_usage["trace_id"] == "t-1"


async def test_a_program_is_kept_alive_and_several_answer_side_by_side(program: Callable[..., ModelSpec]) -> None:
    source = """
        import json, os, sys, time
        for line in sys.stdin:
            asked = json.loads(line)
            began = time.monotonic()
            time.sleep(0.1)
            print(json.dumps({"text": f"{os.getpid()} {began} {time.monotonic()}"}), flush=True)
    """
    adapter = make_adapter(program(source, workers=3))
    began = time.perf_counter()
    answers = await asyncio.gather(*(adapter.respond(ASK) for _ in range(9)))
    took_s = time.perf_counter() - began
    await adapter.aclose()
    said = [one.text.split() for one in answers]
    pids = {pid for pid, _, _ in said}
    times = [(pid, float(since), float(until)) for pid, since, until in said]
    assert len(pids) == 3
    assert any(a[0] != b[0] and a[1] < b[1] < a[2] for a in times for b in times), "no two at the same time"
    assert all(one.timing.total_s > 0.09 for one in answers)
    assert sum(one.timing.total_s for one in answers) <= 3 * took_s, "waiting for a worker is no latency"
    assert not any(map(is_alive, pids)), "none is left behind"


async def test_one_worker_may_have_several_requests_and_names_them(program: Callable[..., ModelSpec]) -> None:
    source = """
        import json, sys
        waiting = [json.loads(sys.stdin.readline()) for _ in range(4)]
        for asked in reversed(waiting):
            print(json.dumps({"id": asked["id"], "text": asked["prompt"]}), flush=True)
        sys.stdin.read()
    """
    adapter = make_adapter(program(source, at_once=4))
    requests = [Request((Message("user", f"q{n}"),)) for n in range(4)]
    answers = await asyncio.gather(*map(adapter.respond, requests))
    await adapter.aclose()
    assert [one.text for one in answers] == ["q0", "q1", "q2", "q3"]


def always(reply: str) -> str:
    """A program that answers every line so."""
    return f"import sys\nfor line in sys.stdin: print({reply!r}, flush=True)"


DIES = "import sys; print('no model file', file=sys.stderr); sys.exit(3)"
RED = "import sys; print('\\x1b[31mred\\n\\n::error::x', file=sys.stderr); sys.exit(1)"
SLOW = '{"error": {"kind": "rate_limited", "message": "slow", "retry_after_s": 3}}'
FAULTS: dict[str, tuple[str, type[RequestError], str]] = {
    "it dies": (DIES, ConnectionFailed, "exit status 3"),
    "it says why": (DIES, ConnectionFailed, "it wrote: no model file"),
    "words": ("print('loading...', flush=True); input(); input()", BadReply, "no JSON object: loading..."),
    "a list": (always("[1, 2]"), BadReply, "no JSON object"),
    "no text": (always('{"answer": "x"}'), BadReply, "no text; its keys are answer"),
    "a number": (always('{"text": 5}'), BadReply, "a number where a text belongs"),
    "another id": (always('{"id": 77, "text": "x"}'), BadReply, "nobody asked"),
    "an id that equals one": (always('{"id": true, "text": "x"}'), BadReply, "nobody asked"),
    "half a line": ("input(); print('{\"text\": \"', end='', flush=True)", BadReply, "no JSON object"),
    "silence": ("import time; time.sleep(60)", Stalled, "said nothing for 0.5 s"),
    "an error": (always('{"error": "boom"}'), RequestError, "boom"),
    "a kind": (always(SLOW), RateLimited, "models.bot: slow"),
    "control characters": (RED, ConnectionFailed, "[31mred ::error::x"),
}


@pytest.mark.long(but=1)
@pytest.mark.parametrize("name", FAULTS)
async def test_whatever_a_program_does_is_an_error_of_that_item(name: str, program: Callable[..., ModelSpec]) -> None:
    source, kind, said = FAULTS[name]
    # A busy machine starts Python late: only who waits for silence waits briefly.
    adapter = make_adapter(program(source, idle_s=0.5 if kind is Stalled else 20))
    try:
        for _ in range(2):  # the next request starts another
            with pytest.raises(kind) as caught:
                await adapter.respond(ASK)
            assert said in str(caught.value), str(caught.value)
            assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)
    finally:
        await adapter.aclose()


async def test_a_line_without_end_fills_no_memory(
    program: Callable[..., ModelSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_MAX_REPLY_MB", "1")
    with pytest.raises(BadReply, match="without end"):
        await asked(program("import sys\ninput()\nwhile True: sys.stdout.write('x' * 65536)"))


def is_alive(pid: int | str) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def pid_in(file: Path) -> int | None:
    return int(file.read_text() or 0) or None if file.exists() else None


async def test_what_is_given_up_ends_with_everything_that_it_started(
    program: Callable[..., ModelSpec], tmp_path: Path
) -> None:
    source = f"""
        import subprocess, sys, time
        grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open({str(tmp_path / "pid")!r}, "w").write(str(grandchild.pid))
        time.sleep(60)
    """
    adapter = make_adapter(program(source))
    task = asyncio.create_task(adapter.respond(ASK))
    pid = None
    for _ in range(500):
        if (pid := pid_in(tmp_path / "pid")) is not None:
            break
        await asyncio.sleep(0.02)
    assert pid is not None and is_alive(pid)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await adapter.aclose()
    for _ in range(100):
        if not is_alive(pid):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("what the program started is still there")


@pytest.mark.long
async def test_a_program_may_be_started_for_each_request(program: Callable[..., ModelSpec]) -> None:
    whole = "import json, sys; print(json.dumps({'text': json.load(sys.stdin)['prompt'].upper()}))"
    assert (await asked(program(whole, once=True))).text == "WHERE IS IT?"
    plain = await asked(program("import sys; sys.stdin.read(); print('In Ulm.')", once=True, reply="text"))
    assert plain.text == "In Ulm."
    with pytest.raises(BadReply, match=r"wrote no JSON: In Ulm\. \(reply: text takes it"):
        await asked(program("import sys; sys.stdin.read(); print('In Ulm.')", once=True))
    with pytest.raises(ConnectionFailed, match="exit status 4; it wrote: why"):
        await asked(program("import sys; print('why', file=sys.stderr); print('{}'); sys.exit(4)", once=True))
    with pytest.raises(Stalled):
        await asked(program("import time; time.sleep(60)", once=True, idle_s=0.3))


# What they see


async def test_they_see_no_key_but_what_the_person_allows(
    program: Callable[..., ModelSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("EVALKIT_BOT_TOKEN", "bot-canary-0123456789")
    source = """
        import json, os, sys
        for line in sys.stdin:
            names = ("OPENAI_API_KEY", "EVALKIT_BOT_TOKEN", "EVALKIT_SUITE_FOLDER")
            seen = {name: os.environ.get(name) for name in names}
            here = os.path.exists(os.environ["EVALKIT_SUITE_FOLDER"] + "/bot.py")
            print(json.dumps({"text": json.dumps({**seen, "cwd": os.getcwd(), "here": here})}), flush=True)
    """
    seen = json.loads((await asked(program(source))).text)
    assert seen["OPENAI_API_KEY"] is None and seen["EVALKIT_BOT_TOKEN"] is None
    assert seen["cwd"] == "/" and seen["here"]
    with pytest.raises(SuiteError, match="--allow-env EVALKIT_BOT_TOKEN"):
        make_adapter(program(source, env=("EVALKIT_BOT_TOKEN",)))
    monkeypatch.setenv("EVALKIT_ALLOWED_ENV", "EVALKIT_BOT_TOKEN")
    response = await asked(program(source, env=("EVALKIT_BOT_TOKEN",)))
    assert "bot-canary" in response.text and "bot-canary" not in scrubbed(response).text
    with pytest.raises(ConnectionFailed) as caught:
        await asked(program("import os, sys; sys.exit(os.environ['EVALKIT_BOT_TOKEN'])", env=("EVALKIT_BOT_TOKEN",)))
    assert "canary" not in str(scrubbed_error(caught.value))
    monkeypatch.delenv("EVALKIT_BOT_TOKEN")
    with pytest.raises(MissingKey):
        make_adapter(program(source, env=("EVALKIT_BOT_TOKEN",)))


def test_a_request_has_its_system_text() -> None:
    turns = [Message("system", "Be brief."), Message("user", "Where?")]
    assert Request(tuple(turns)).system == "Be brief." and Request(tuple(turns[1:])).system is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"allow": False}, "If you trust the suite and what lies beside it: --allow-suite-code"),
        ({"command": "python3 ./bot.py"}, "write a list of words"),
        ({"command": ("no-such-program-here",)}, "there is no program 'no-such-program-here' in PATH"),
        ({"command": ("./nowhere.py",)}, "there is no file './nowhere.py' beside the suite"),
        ({"command": ("./bot.py",)}, "is not executable"),
        ({"command": ("python3", "../../../etc/passwd")}, "models.bot.command"),
        ({"command": ("bin/bot",)}, "what lies beside the suite begins with ./"),
        ({"reply": "text"}, "belongs to once: true"),
        ({"once": True, "at_once": 4}, "has one at a time"),
        ({"workers": 0}, "expected a whole number from 1 on"),
        ({"adapter": "python"}, "models.bot.function: is required, and missing"),
        ({"adapter": "python", "function": "bot.py"}, "names no function"),
        ({"adapter": "python", "function": "nowhere.py:f"}, "there is no file 'nowhere.py' beside the suite"),
        ({"adapter": "python", "function": "../bot.py:f"}, "models.bot.function"),
        ({"adapter": "python", "function": "bot.py:f", "allow": False}, "Python code of the suite would run"),
    ],
)
def test_what_cannot_be_started_is_said(options: dict[str, Any], said: str, program: Callable[..., ModelSpec]) -> None:
    with pytest.raises(SuiteError) as caught:
        make_adapter(program("", **options))
    assert said in str(caught.value), str(caught.value)


# Functions

FUNCTIONS = """
    import os
    from evalkit import errors
    print("loaded")                     # standard output is nobody's

    def plain(request):
        print("asked")
        return f"{request.prompt} {request.settings.temperature} {request.record['plan']}"

    async def billed(request):
        return {"text": "hi", "usage": {"input": 3, "output": 1}, "cost_usd": "0.5", "trace_id": "t"}

    def exact(request):
        from decimal import Decimal
        return {"text": "hi", "cost_usd": Decimal("0.5")}

    def env(request):
        return str(os.environ.get("OPENAI_API_KEY"))

    def odd(request):
        return 5

    def late(request):
        raise errors.RateLimited("slow down", retry_after_s=2.0)

    def breaks(request):
        return {}["x"]

    def ends(request):
        os._exit(7)

    def lone(request):
        return "a \\ud800"

    def any_of(request):
        return globals()[request.prompt](request)

    def two(request, other):
        return ""

    class Box:
        @staticmethod
        def inner(request):
            return "inner"
"""


@pytest.mark.long
async def test_a_function_is_called_in_a_process_without_keys(
    program: Callable[..., ModelSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")

    adapter = make_adapter(program(FUNCTIONS, "python", function="bot.py:any_of"))

    async def of(name: str) -> Response:
        return await adapter.respond(replace(ASK, messages=(Message("user", name),)))

    assert (await of("plain")).text == "plain 0.5 free"
    billed = await of("billed")
    assert billed.usage is not None and billed.usage.provider_cost_usd == Decimal("0.5") and billed.usage.input == 3
    assert billed.raw_usage is not None and billed.raw_usage["trace_id"] == "t"
    exact = await of("exact")
    assert exact.usage is not None and exact.usage.provider_cost_usd == Decimal("0.5")
    assert (await of("env")).text == "None"
    for name, kind, said in (
        ("odd", Rejected, "the function returned int; return the answer as a text, a mapping with it"),
        ("late", RateLimited, "slow down"),
        ("breaks", Rejected, "KeyError: 'x' (bot.py:"),
        ("ends", ConnectionFailed, "exit status 7"),
        ("lone", RequestError, "no valid text"),
    ):
        with pytest.raises(kind) as caught:
            await of(name)
        assert said in str(caught.value), (name, str(caught.value))
    await adapter.aclose()
    for name, said in (("two", "cannot be used: TypeError: it is called as f(request)"), ("nobody", "AttributeError")):
        with pytest.raises(Unfit) as unfit:
            await asked(program(FUNCTIONS, "python", function=f"bot.py:{name}"))
        assert said in str(unfit.value)
    assert (await asked(program(FUNCTIONS, "python", function="bot.py:Box.inner"))).text == "inner"
    with pytest.raises(Unfit, match="SyntaxError"):
        await asked(program("def f(:", "python", function="bot.py:f"))


async def test_an_async_function_answers_many_at_once(program: Callable[..., ModelSpec]) -> None:
    source = """
        import asyncio
        now = most = 0
        async def slow(request):
            global now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.2)
            now -= 1
            return f"{request.prompt} {most}"
    """
    adapter = make_adapter(program(source, "python", function="bot.py:slow", at_once=8))
    requests = [Request((Message("user", f"q{n}"),)) for n in range(8)]
    await adapter.respond(requests[0])
    answers = await asyncio.gather(*map(adapter.respond, requests))
    await adapter.aclose()
    said = [one.text.split() for one in answers]
    assert [prompt for prompt, _ in said] == [f"q{n}" for n in range(8)]
    assert max(int(most) for _, most in said) > 2


# In suites and gates


@pytest.mark.long
def test_the_example_runs_where_the_person_allows_it(tmp_path: Path, capsys: Capture) -> None:
    suite = EXAMPLE / "programs.yaml"
    refused = evalkit(capsys, "check", suite)
    assert refused.code == 2 and refused.err.count("--allow-suite-code") == 3
    told = evalkit(capsys, "check", suite, "--allow-suite-code").out
    assert "program: command, runs worker.py on this machine, and prompts go where that sends them" in told
    planned = evalkit(capsys, "plan", suite, "--allow-suite-code").out
    assert "program: prompts go to worker.py." in planned and "nothing leaves" not in planned
    ran = evalkit(capsys, "run", suite, "--allow-suite-code", "--results", tmp_path)
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path)
    rows = read_rows(folder, ["model", "score", "cost_usd"]).to_pylist()
    scores = {
        name: sum(row["score"] for row in rows if row["model"] == name) for name in ("program", "plain", "billed")
    }
    assert scores == {"program": 30, "plain": 26, "billed": 30}
    assert all((row["cost_usd"] is None) == (row["model"] == "plain") for row in rows)


@pytest.mark.long
def test_a_protected_gate_believes_no_program_of_the_checkout(tmp_path: Path, capsys: Capture) -> None:
    """Its files can be changed by a pull request, and nobody compares them: as candidate and as baseline."""
    shutil.copytree(EXAMPLE, tmp_path / "app")
    suite = tmp_path / "app" / "programs.yaml"
    rules = "early_stop: 'off', rules: [{quality: all, margin: 0.3}]"
    suite.write_text(suite.read_text() + f"gate: {{baseline: plain, candidates: [billed], {rules}}}\n")
    ran = evalkit(capsys, "run", suite, "--allow-suite-code", "--results", tmp_path / "r", "--gate")
    assert "on answers of a program of the suite: evalkit does not see which model was asked for billed" in " ".join(
        ran.out.split()
    )
    gate = ("gate", "latest", "--suite", suite, "--results", tmp_path / "r")
    refused = evalkit(capsys, *gate)
    said = " ".join(refused.err.split())
    assert refused.code == 2 and "its answers come from a program" in said
    assert "the baseline plain: a program that lies beside the suite answers for it" in said
    allowed = evalkit(capsys, *gate, "--allow-recorded")
    assert allowed.code in {0, 3}, allowed.err
    other = tmp_path / "app" / "other.yaml"
    other.write_text(suite.read_text().replace("functions.py:sort_with_bill", "functions.py:other"))
    held = evalkit(capsys, "gate", "latest", "--suite", other, "--results", tmp_path / "r")
    assert held.code == 2


def test_a_program_is_the_same_wherever_the_checkout_lies(tmp_path: Path) -> None:
    def place(folder: str, source: str = "print(1)", word: str = "-q") -> str:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "bot.py").write_text(source)
        options = {"command": ("python3", "./bot.py", word)}
        spec = ModelSpec("bot", "command", "", options=options, folder=str(tmp_path / folder), allow_code=True)
        return make_adapter(spec).endpoint.place

    here = place("here")
    assert place("there") == here
    assert place("other-file", source="print(2)") != here
    assert place("other-word", word="-v") != here


@pytest.mark.parametrize("between", [r"\n", " "])
async def test_what_a_program_wrote_is_never_quoted_from_the_middle_of_a_word(
    program: Callable[..., ModelSpec], between: str
) -> None:
    """The latest 2,000 bytes are kept: half a key at the cut is known as none."""
    write = f"import sys; sys.stderr.write('made-up-secret-0123456789{between}' + ' ' * 1985 + 'why'); sys.exit(3)"
    with pytest.raises(ConnectionFailed, match="it wrote: why") as caught:
        await asked(program(write))
    assert "6789" not in str(caught.value)
