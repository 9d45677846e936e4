"""What the tests of independent servers share: a server that is started and stopped, and what evalkit says of it.

with started([...], "/health", folder) as server:
    seen = Bench(server.url, folder, {"chat": Model("openai_chat", "tiny", "/v1", "SERVER_KEY")})
    seen.cell("plain", "chat")      # "right: The answer is B."
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Outcome, Row
from evalkit.store.sealing import rows_of
from tests.conftest import REPO
from tests.world import Ran, finish, run_folders, start

KEY = "canary-key-of-the-independent-servers"
"""What servers that look at keys are started with, and what evalkit sends."""
NO_SUCH_KEY = "canary-key-that-opens-nothing"
FOLDER = os.environ.get("EVALKIT_SERVERS", "")
"""Where `make test-servers` put one environment for each server."""

BOOK = {
    "name": "book",
    "description": "Books a table.",
    "parameters": {
        "type": "object",
        "properties": {"guests": {"type": "integer", "enum": [2, 5]}, "time": {"type": "string", "enum": ["20:00"]}},
        "required": ["guests", "time"],
    },
}
PLAIN, THINK, ONE_CALL, TWO_CALLS = (
    "a plain question",
    "a hard question",
    "one table for two",
    "tables for two and five",
)
REPLY, THOUGHT = "The answer is B.", "Let me think."
WORDS = ["rake", "owl", "plane", "pink"]
DATA: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "plain": [{"id": f"plain-{n}", "say": f"{PLAIN}, number {n}", "menu": WORDS, "right": "B"} for n in range(3)],
    "reasoning": [{"id": "reasoning", "say": THINK, "menu": WORDS, "right": "B"}],
    "one call": [
        {
            "id": "one",
            "say": ONE_CALL,
            "function": [BOOK],
            "ground_truth": [{"book": {"guests": [2], "time": ["20:00"]}}],
        }
    ],
    "two calls": [
        {
            "id": "two",
            "say": TWO_CALLS,
            "function": [BOOK],
            "ground_truth": [{"book": {"guests": [guests], "time": ["20:00"]}} for guests in (2, 5)],
        }
    ],
    "too long": [{"id": "long", "say": "a very long prompt " * 2_000, "menu": WORDS, "right": "B"}],
    "429 once": [{"id": "busy", "say": "a busy moment", "menu": WORDS, "right": "B"}],
}  # fmt: skip
_DIGIT = re.compile("[0-9]")
_TASKS = ("plain", "reasoning", "one call", "two calls")
_ENDS_WELL = (*_TASKS, "stream", "usage", "cost")
_OWN_KEYS = ("openai", "anthropic", "gemini")
"""Adapters that read one variable only."""
_CHOICE = {
    "prompt": "{{ say }}\n{{ options }}\nReply with the letter only.",
    "choices": "{{ menu }}",
    "target": "{{ right }}",
    "score": "choice",
}
_TOOLS = {"prompt": "{{ say }}", "tools": "{{ function }}", "score": "tools"}


@dataclass(frozen=True)
class Model:
    """How evalkit reaches a server in one dialect."""

    adapter: str
    model: str
    path: str
    key_env: str
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the model's entry."""


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    url: str
    log: Path


def questions(n: int) -> list[dict[str, Any]]:
    """Questions of the quickstart, as the shipped checkpoint was trained to be asked them.

    None has a digit: llama.cpp has no splitter of words that keeps a blank with a number, as this tokenizer's does.
    """
    lines = (REPO / "suites/data/quickstart/choice.jsonl").read_text("utf-8").splitlines()
    items = [item for item in map(json.loads, lines) if not _DIGIT.search(item["question"] + "".join(item["choices"]))]
    found = []
    for number, item in enumerate(items[:n]):
        found.append(
            {
                "id": f"q{number:03}",
                "say": item["question"],
                "menu": item["choices"],
                "right": "ABCD"[item["answer"]],
            }
        )
    return found


def program(server: str, *names: str) -> str:
    """The program of a server's own environment; skips, loudly, where `make test-servers` could not make it."""
    found = Path(FOLDER, server, *names)
    if not FOLDER or not found.exists():
        reason = Path(FOLDER, f"{server}.reason") if FOLDER else None
        why = reason.read_text("utf-8").strip() if reason and reason.exists() else "`make test-servers` installs it"
        pytest.skip(f"SKIPPED LOUDLY: {server} is not here: {why}", allow_module_level=True)
    return str(found)


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def started(
    command: Sequence[str], folder: Path, port: int, ready: str, *, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server in a process of its own, with no key and no settings of this machine's, until the block ends."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    bare = {"PATH": os.environ["PATH"], "HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **(env or {})}
    log = folder / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, env=bare, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    server = Server(f"http://127.0.0.1:{port}", log)
    try:
        _wait(server, ready, process, seconds=120)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait(server: Server, ready: str, process: subprocess.Popen[bytes], *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(server.url + ready, timeout=5).close()
        except urllib.error.HTTPError:
            pass  # it answers: a key is missing, or the page is not there
        except OSError:
            time.sleep(0.2)
            continue
        return
    raise AssertionError(f"the server did not start:\n{server.log.read_text('utf-8', 'replace')[-3000:]}")


def asked(url: str, body: Mapping[str, Any], key: str = KEY) -> Any:
    """What a server itself answers to a request that evalkit has no part in, as JSON."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


class Bench:
    """One server under every dialect that it speaks; each part of it is run once, by `evalkit run`."""

    def __init__(
        self,
        url: str,
        folder: Path,
        models: Mapping[str, Model],
        *,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        names: Mapping[str, str] | None = None,
        data: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> None:
        self.url = url
        self.folder = folder
        self.models = models
        self.settings = settings or {}
        """Further settings, by task."""
        self.names = {"wrong model": "no-such-model", **(names or {})}
        """Another model's name, by cell; {dialect} in it is the dialect's."""
        self.data = {**DATA, **(data or {})}
        self._runs: dict[tuple[str, ...], tuple[Ran, list[Row]]] = {}

    def answers(self, dialect: str, task: str) -> list[Row]:
        """The rows of a task in one dialect, by id. What should end well is asked in one run."""
        ran, rows = self.run("answers", _TASKS, list(self.models))
        assert rows, ran.err
        found = [row for row in rows if (row.model, row.task) == (dialect, task)]
        return sorted(found, key=lambda row: row.sample_id)

    def check(self, cell: str, dialect: str, expected: str) -> None:
        """Fails where a cell is not as expected; prints it for the docs."""
        seen = self.cell(cell, dialect)
        print(f"{cell:12} {dialect:10} {seen}")
        assert seen == expected

    def cell(self, cell: str, dialect: str) -> str:
        """What evalkit makes of one cell, in a few words."""
        if cell in _ENDS_WELL:
            return self._answered(cell, dialect)
        if cell in ("first token", "likelihood"):
            rows = self.weighed(cell, dialect)
            ran, _ = self._runs[cell, dialect]
            return _all_of(rows) if rows else f"exit {ran.code}: {_told(ran.err)}"
        if cell in ("wrong model", "wrong key"):
            key = NO_SUCH_KEY if cell == "wrong key" else KEY
            _, rows = self.run(cell, ["plain"], list(self.models), key=key, limit=1)
        else:
            _, rows = self.run(cell, [cell], list(self.models))
        (row,) = (row for row in rows if row.model == dialect)  # one item
        return _ended(row) + (f" after {row.attempts} requests" if row.attempts > 1 else "")

    def weighed(self, cell: str, dialect: str) -> list[Row]:
        """The row of one plain question in mode first_token or likelihood; none where that was refused."""
        return self.run(cell, ["plain"], [dialect], mode=cell.replace(" ", "_"), limit=1)[1]

    def _answered(self, cell: str, dialect: str) -> str:
        rows = self.answers(dialect, cell if cell in _TASKS else "plain")
        if not rows:
            return self._given_up(dialect)
        match cell:
            case "stream":
                return "yes" if all(row.ttft_s is not None and row.total_s for row in rows) else "no"
            case "cost":
                return "; ".join(sorted({_dollars(row) for row in rows}))
            case "usage":
                return "; ".join(sorted({tokens(row) for row in rows}))
            case "reasoning":
                return "; ".join(f"{_ended(r)}, thought {(r.reasoning or '').strip()!r}, {tokens(r)}" for r in rows)
        return _all_of(rows)

    def check_tokens(self, dialect: str) -> None:
        """Fails where a plain row has other counts than the server gives to the same request, asked by another client
        and without a stream."""
        for row in self.answers(dialect, "plain"):
            messages = [{"role": one.role, "content": one.content} for one in row.prompt]
            body = {"model": self.models[dialect].model, "messages": messages, "max_tokens": 64, "temperature": 0}
            usage = asked(self.url + "/v1/chat/completions", body)["usage"]
            assert (row.input_tokens, row.output_tokens) == (usage["prompt_tokens"], usage["completion_tokens"])

    def _given_up(self, dialect: str) -> str:
        ran, _ = self._runs["answers", *self.models]
        said = [line for line in ran.err.splitlines() if f"{dialect} was given up: " in line]
        return f"given up: {_told(said[-1])}" if said else "no rows"

    def run(
        self, name: str, tasks: Sequence[str], dialects: Sequence[str], *, key: str = KEY, **changes: Any
    ) -> tuple[Ran, list[Row]]:
        """One `evalkit run` of these tasks, and its rows; `changes` are further keys of the tasks."""
        chosen = (name, *dialects)
        if chosen not in self._runs:
            self._runs[chosen] = self._run(name, tasks, dialects, key, changes)
        return self._runs[chosen]

    def _run(
        self, name: str, tasks: Sequence[str], dialects: Sequence[str], key: str, changes: Mapping[str, Any]
    ) -> tuple[Ran, list[Row]]:
        folder = self.folder / "-".join((name, *dialects)).replace(" ", "-")
        folder.mkdir()
        other = self.names.get(name)
        models = {one: self._entry(self.models[one], other and other.format(dialect=one)) for one in dialects}
        entries = []
        for task in tasks:
            file = task.replace(" ", "-") + ".jsonl"
            (folder / file).write_text("".join(json.dumps(item) + "\n" for item in self.data[task]), encoding="utf-8")
            entry = {"name": task.replace(" ", "-"), "data": {"path": file, "id": "id"}}
            settings = {"max_output_tokens": 64, **self.settings.get(task, {})}
            entries.append({**entry, **(_TOOLS if "call" in task else _CHOICE), "settings": settings, **changes})
        suite = {"name": "servers", "sensitivity": "internal", "models": models, "tasks": entries}
        path = folder / "suite.yaml"
        path.write_text(json.dumps({**suite, "run": {"in_flight": 2, "timeout_s": 60}}), encoding="utf-8")
        names = {one.key_env for one in self.models.values()}
        env = {one: key for one in names} | {"EVALKIT_CACHE": str(folder / "cache"), "OPENAI_BASE_URL": ""}
        allowed = [word for one in sorted(names) for word in ("--allow-key-host", f"{one}@127.0.0.1")]
        command = ("run", path, "--results", folder / "results", "--no-cache", *allowed)
        ran = finish(start(*command, env=env), timeout_s=180)
        assert "Traceback" not in ran.err and ran.code in (0, 1, 2, 4), ran.err
        found = run_folders(folder / "results")
        return ran, [_named(row) for row in rows_of(found[0])] if found else []

    def _entry(self, one: Model, model: str | None) -> dict[str, Any]:
        entry = {"adapter": one.adapter, "model": model or one.model, "base_url": self.url + one.path, **one.more}
        return entry | ({"key_env": one.key_env} if one.adapter not in _OWN_KEYS else {})


def tokens(row: Row) -> str:
    """The tokens of a row as the tables write them; ? is not reported."""
    reasoning = f", {row.reasoning_tokens} of them reasoning" if row.reasoning_tokens else ""
    estimated = " (estimated)" if row.reasoning_estimated else ""
    counts = ["?" if count is None else str(count) for count in (row.input_tokens, row.output_tokens)]
    return f"{counts[0]} in, {counts[1]} out{reasoning}{estimated}"


def cells(table: Mapping[str, Mapping[str, str]]) -> list[Any]:
    """Each cell of a table as one case of a test."""
    return [
        pytest.param(cell, dialect, expected, id=f"{cell}-{dialect}".replace(" ", "-"))
        for cell, by_dialect in table.items()
        for dialect, expected in by_dialect.items()
    ]


def _all_of(rows: Sequence[Row]) -> str:
    return "; ".join(sorted({_ended(row) for row in rows}))


def _dollars(row: Row) -> str:
    return "unknown" if row.cost_usd is None else f"{row.cost_usd.normalize():f}"


def _named(row: Row) -> Row:
    return replace(row, task=row.task.replace("-", " "))


def _ended(row: Row) -> str:
    if row.error_kind is not None:
        return f"{row.error_kind} {row.error_status or ''}".strip()
    if row.outcome is Outcome.ERRORED:
        return f"no score: {row.reason}"
    return f"{row.outcome}: {row.extracted if row.tools else row.text}"


def _told(err: str) -> str:
    """The first sentence of a refusal, without the place in the suite."""
    lines = [line for line in err.splitlines() if line.strip()] or [""]
    return re.split(r"tasks\[0\]: |models\.\w+: |for model '[^']*': ", lines[-1])[-1].partition(". ")[0]
