"""What the nineteenth attack found: signed history, uploads before sign-in, streams without end, and more."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from evalkit.bridges.table_map import MOST_SLICES
from evalkit.bridges.traces.otlp_protobuf import NotProtobuf, spans_of_protobuf
from evalkit.engine.loadtest import sweep as loadtest
from evalkit.results import read_facts
from evalkit.store import dossier, runs
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests import picture_world
from tests.gate_world import RULE, gate, scores, stored
from tests.test_gate_history import Desk, answer
from tests.test_signatures_and_dossier import allow, make_key
from tests.world import evalkit, rows

Capture = pytest.CaptureFixture[str]
needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
GOOD = {"base": scores(600, range(0, 60)), "cand": scores(600, range(1, 61))}


# Signatures


@needs_ssh
def test_a_signed_baseline_is_signed_under_its_own_name_alone(tmp_path: Path, capsys: Capture) -> None:
    """Whoever may write the folder of baselines could put a signed weak one in the place of another."""
    key = make_key(tmp_path / "ada")
    results, baselines, signers = tmp_path / "results", tmp_path / "baselines", allow(tmp_path, key)
    places = ("--results", results, "--baselines", baselines)
    weak, strong = stored(results, {"weak": scores(600, range(0, 300))}), stored(results, {"base": GOOD["base"]})
    run = stored(results, {"cand": scores(600, range(0, 200))}, gate(RULE, baseline="baseline@prod"))
    for folder, model, name in ((weak, "weak", "old"), (strong, "base", "prod")):
        words = ("--model", model, "--as", name, "--by", "Ada", "--why", "known", "--sign", key, *places)
        assert evalkit(capsys, "baseline", "promote", folder, *words).code == 0
    judged = ("gate", run, "--signed-baseline", signers, *places)
    assert evalkit(capsys, *judged).code == 1
    for ending in ("yaml", "yaml.sig"):
        shutil.copy(baselines / f"old.{ending}", baselines / f"prod.{ending}")
    ran = evalkit(capsys, *judged)
    assert ran.code == 2
    assert "is the file of the baseline 'old', not of 'prod'" in " ".join(ran.err.split())


@pytest.mark.long
@needs_ssh
def test_history_by_which_a_protected_gate_orders_items_is_signed_too(tmp_path: Path, capsys: Capture) -> None:
    """Whoever chooses the history chooses the order of the items, and with it where a gate may stop and pass."""
    key, stranger = make_key(tmp_path / "ada"), make_key(tmp_path / "eve")
    signers = allow(tmp_path, key)
    answer(tmp_path)
    desk = Desk(capsys, tmp_path)
    desk.store()

    def promote(model: str, name: str, *more: object) -> None:
        said = ("--model", model, "--as", name, "--by", "Ada", "--why", "known", *more, *desk.places, *desk.baselines)
        run = next(
            one.name for one in runs.list_runs(tmp_path / "results") if model in (read_facts(one.path).models or {})
        )
        assert evalkit(capsys, "baseline", "promote", run, *said).code == 0

    promote("base", "prod", "--replace", "--sign", key)
    promote("old1", "h1", "--sign", key)
    promote("old2", "h2")
    suite = desk.suite("suite.yaml", "cand", history="[baseline@h1, baseline@h2]")
    assert desk.run(suite).code == 0
    judged = ("--suite", suite, "--allow-recorded", "--signed-baseline", signers)
    unsigned = desk.gate(*judged)
    assert unsigned.code == 2 and "h2.yaml.sig is missing: nobody signed" in unsigned.err, unsigned.err
    promote("old2", "h2", "--replace", "--sign", stranger)
    assert "h2.yaml.sig is not a valid signature" in desk.gate(*judged).err
    promote("old2", "h2", "--replace", "--sign", key)
    assert desk.gate(*judged).code == 0


# Live MCP servers


async def test_a_stream_that_ends_at_once_is_not_asked_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """`retry: 0` and empty bodies: 240 requests a second, beside the models whose answers are timed."""
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from evalkit.adapters.mcp import transports
    from evalkit.adapters.mcp.session import McpServer
    from evalkit.suite.environments.live import ToolServerFailed

    monkeypatch.setattr(transports, "MOST_MESSAGES", 60)
    async with reconnecting() as (url, asked):
        server = McpServer(lambda limits: transports.http(url, {}, limits, timeout_s=20), "here", 20)
        session = server.session()
        began = time.monotonic()
        try:
            with pytest.raises(ToolServerFailed, match="60 messages"):
                await session.call("look", {})
        finally:
            await session.aclose()
        assert time.monotonic() - began < 15
        assert len(asked) <= 61


@asynccontextmanager
async def reconnecting() -> Any:
    """An MCP server that answers a call by a stream which ends at once; (its address, the methods it was asked by)."""
    asked: list[str] = []

    def answer(method: str, body: dict[str, Any]) -> tuple[str, bytes]:
        if method == "GET":
            return "text/event-stream", b""
        if body.get("method") == "tools/call":
            return "text/event-stream", b"id: 1\nretry: 0\ndata:\n\n"
        results: dict[object, dict[str, object]] = {
            "initialize": {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "s", "version": "1"},
            },
            "tools/list": {"tools": [{"name": "look", "inputSchema": {"type": "object"}}]},
        }
        told = {"jsonrpc": "2.0", "id": body.get("id"), "result": results.get(body.get("method"), {})}
        return "application/json", json.dumps(told).encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method = head.split(b" ", 1)[0].decode()
                sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(int(sizes[0].split(b":")[1])) if sizes else b""
                asked.append(method)
                kind, content = answer(method, json.loads(body) if body else {})
                size = f"content-type: {kind}\r\ncontent-length: {len(content)}\r\nmcp-session-id: s\r\n\r\n"
                writer.write(f"HTTP/1.1 200 OK\r\n{size}".encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp", asked
    finally:
        server.close()


# Tables, logs, dossiers


def test_a_map_that_names_thousands_of_absent_columns_is_refused_at_once(tmp_path: Path, capsys: Capture) -> None:
    """Each was looked for among all columns, which may be as many: ten minutes for two files of 100 kB."""
    names = [f"column_number_{n}_x" for n in range(3_000)]
    (tmp_path / "wide.csv").write_text(",".join(["model", "item", "score", *names]) + "\n")
    with (tmp_path / "wide.csv").open("a") as file:
        file.write(",".join(["m", "i", "1", *["1"] * len(names)]) + "\n")
    lines = ["model: model", "item: item", "score: {column: score}", "input_tokens: {sum: [%s]}"]
    absent = ", ".join(f"colmn_nummber_{n}_y" for n in range(3_000))
    (tmp_path / "map.yaml").write_text("\n".join(lines) % absent + "\n")
    began = time.monotonic()
    ran = evalkit(capsys, "import", "table", tmp_path / "wide.csv", "--map", tmp_path / "map.yaml")
    assert ran.code == 2 and time.monotonic() - began < 30
    assert "did you mean 'column_number_0_x'" in ran.err and "and 2,990 more" in ran.err
    assert len(ran.err) < 3_000


def test_slices_of_a_table_and_of_a_task_are_counted(tmp_path: Path, capsys: Capture) -> None:
    """A map of 25 kB made 3 million slices of a file of 30 kB, and 700 MB of them."""
    (tmp_path / "t.csv").write_text("model,item,score\nm,i,1\n")
    for n, code in ((MOST_SLICES, 0), (MOST_SLICES + 1, 2)):
        named = ", ".join(f"s{k}: score" for k in range(n))
        (tmp_path / "map.yaml").write_text(f"model: model\nitem: item\nscore: score\nslices: {{{named}}}\n")
        ran = evalkit(
            capsys, "import", "table", tmp_path / "t.csv", "--map", tmp_path / "map.yaml", "--results", tmp_path / "r"
        )
        assert ran.code == code, ran.err
    assert "map.yaml:4: slices: names 101 columns, and 100 are the most" in ran.err
    (tmp_path / "items.jsonl").write_text(json.dumps({f"s{k}": "a" for k in range(101)}) + "\n")
    (tmp_path / "said.jsonl").write_text("")
    task = "{name: t, data: items.jsonl, prompt: '{{ s0 }}', target: a, score: exact, slices: [%s]}"
    (tmp_path / "suite.yaml").write_text(
        "name: s\nmodels: {m: {adapter: replay, path: said.jsonl}}\ntasks:\n  - "
        + task % ", ".join(f"s{k}" for k in range(101))
        + "\n"
    )
    checked = evalkit(capsys, "check", tmp_path / "suite.yaml")
    assert checked.code == 2 and "slices" in checked.err and "100" in checked.err, checked.err


def field(number: int, content: bytes) -> bytes:
    """A field of protobuf that holds bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(n: int) -> bytes:
    made = b""
    while n > 127:
        made += bytes([n & 127 | 128])
        n >>= 7
    return made + bytes([n])


def request_with(value: bytes) -> bytes:
    """An OTLP request of one span with one attribute."""
    span = field(1, b"1" * 16) + field(2, b"2" * 8) + field(5, b"chat") + field(9, field(1, b"k") + field(2, value))
    return field(1, field(2, field(2, span)))


def test_a_text_deep_in_a_log_is_not_copied_for_each_level() -> None:
    """10 MB inside 38 lists took 720 MB."""
    deep = field(1, b"x" * 10_000_000)
    for _ in range(19):
        deep = field(5, field(1, deep))
    content = request_with(deep)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (span,) = spans_of_protobuf(content)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120_000, "kB"
    found: Any = span.attributes["k"]
    while isinstance(found, list):
        (found,) = found
    assert found == "x" * 10_000_000


@pytest.mark.long
def test_a_log_has_no_more_values_than_its_bytes_can_mean() -> None:
    """20 MB of empty lists were 5 million objects, and a body may have 64 MB."""
    numbers = b"".join(field(1, b"\x21" + n.to_bytes(8, "little")) for n in range(200_000))
    (span,) = spans_of_protobuf(request_with(field(5, numbers)))
    assert len(span.attributes["k"]) == 200_000  # type: ignore[arg-type]
    with pytest.raises(NotProtobuf):
        spans_of_protobuf(request_with(field(5, field(1, field(5, b"")) * 2_000_000)))


@pytest.mark.parametrize("name", ["a" * 5_000, "a\0b", "..", ""])
def test_a_dossier_and_a_baseline_may_name_any_run(tmp_path: Path, capsys: Capture, name: str) -> None:
    """A name longer than a file's ended in a traceback."""
    file = tmp_path / "dossier.jsonl"
    dossier.append(file, [("run", {"run": name, "evidence_sha256": {"rows-1.parquet": "0"}})])
    verified = evalkit(capsys, "dossier", "--verify", "--dossier", file, "--results", tmp_path / "results")
    assert verified.code == 0, verified.err
    run = stored(tmp_path / "results", {"base": GOOD["base"], "cand": GOOD["cand"]}, gate(RULE, baseline="baseline@b"))
    places = ("--results", tmp_path / "results", "--baselines", tmp_path / "b")
    words = ("--model", "base", "--as", "b", "--by", "Ada", "--why", "known", *places)
    assert evalkit(capsys, "baseline", "promote", run, *words).code == 0
    promoted = tmp_path / "b" / "b.yaml"
    promoted.write_text(promoted.read_text().replace(f"run: {run.name}", f"run: {json.dumps(name)}"))
    ran = evalkit(capsys, "gate", run, *places)
    assert ran.code == 2, ran.err


@pytest.mark.long(but=1)
@pytest.mark.parametrize("number", ["²", "9" * 5_000])
def test_what_only_looks_like_a_number_is_a_text(tmp_path: Path, capsys: Capture, number: str) -> None:
    """`isdigit` takes more than `int` does: a suite, a data file and a sample's name ended in tracebacks."""
    (tmp_path / "items.jsonl").write_text(json.dumps({"id": number, "question": "What?", "answer": "a"}) + "\n")
    (tmp_path / "said.jsonl").write_text(json.dumps({"id": number, "text": "a"}) + "\n")
    task = (
        "{name: t, data: {path: items.jsonl, id: id}, prompt: '{{ question }}', target: '{{ answer }}', score: exact}"
    )
    head = "name: s\nmodels: {m: {adapter: replay, path: said.jsonl}}\ntasks:\n  - "
    suite, results = tmp_path / "suite.yaml", tmp_path / "r"
    suite.write_text(f"{head}{task}\n")
    assert evalkit(capsys, "run", suite, "--results", results).code == 0
    exported = evalkit(capsys, "export", "latest", "--results", results, "--to", "lm-eval", "--out", tmp_path / "out")
    assert exported.code == 0, exported.err
    (samples,) = (tmp_path / "out").rglob("samples_*.jsonl")
    assert json.loads(samples.read_text())["doc_id"] == number

    failing = f"{{adapter: scripted, replies: {{a: b}}, fail: {{a: 'stalled*{number}'}}}}"
    suite.write_text(f"{head}{task}\n".replace("{adapter: replay, path: said.jsonl}", failing))
    checked = evalkit(capsys, "check", suite)
    assert checked.code == 2 and "is no failure" in checked.err

    lines = [json.dumps({"question": f"Which, {n}?", "choices": ["a", "b", "c"], "answer": number}) for n in range(30)]
    (tmp_path / "choice.jsonl").write_text("\n".join(lines) + "\n")
    assert evalkit(capsys, "init", tmp_path / "made", "--from", tmp_path / "choice.jsonl").code in {0, 2}


# Load sweeps


@pytest.mark.long
def test_a_sweep_of_large_prompts_has_no_more_pictures_in_memory_than_a_run(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """256 requests with 20 MB of pictures each would have been 20 GB."""
    suite = picture_world.write(tmp_path, "{}", n=4)
    size = max(path.stat().st_size for path in (tmp_path / "pages").iterdir())
    monkeypatch.setattr(loadtest, "MOST_UNDER_WAY", 3 * size)
    monkeypatch.setenv("OPENAI_API_KEY", "canary-that-is-no-key")
    with FakeProvider.in_thread(Behaviour(latency_s=0.05)) as provider:
        suite = picture_world.write(tmp_path, picture_world.served_models(provider.origin, "chat"))
        swept = (
            "load",
            suite,
            "--model",
            "chat",
            "--seconds",
            "0.2",
            "--closed-only",
            "--results",
            tmp_path / "r",
            "--json",
        )
        ran = evalkit(capsys, *swept)
        assert ran.code == 0, ran.err
        assert [step["name"] for step in ran.json["steps"]] == ["closed 1", "closed 2"]
        asked = evalkit(capsys, *swept, "--in-flight", "1,8")
        assert asked.code == 4
        assert "pictures of all requests under way would take more than" in " ".join(asked.err.split())
        assert [step["name"] for step in asked.json["steps"]] == ["closed 1"]
        assert {str(row["outcome"]) for row in rows(Path(asked.json["folder"]))} == {"scored"}
