"""Counts of tokens that the answer itself contradicts are unknown: no bill and no speed rests on them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.rows import plausible
from evalkit.records import Usage
from tests.loopback import reply
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
CHEAP = "{cost: usd_per_sample, max_usd: 1, tail: smooth}"
WORDS = "The quick brown fox jumps over the lazy dog. " * 100


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server that says the same to everybody."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.wfile.write(reply(200, body))

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join(10)


@pytest.mark.parametrize(
    ("said", "output"),
    [
        (WORDS, 1),
        (WORDS, 200),
        ("long answer " * 40, 19),
        ("x" * 10_000, 40),
        ("天地玄黄宇宙洪荒" * 200, 12),
        ("ja nein " * 3000, 100),
    ],
)
def test_an_answer_has_the_tokens_of_its_words(said: str, output: int) -> None:
    assert plausible(Usage(input=9, output=output, reasoning=0), prompt="Hi", said=said).output is None
    assert plausible(Usage(input=output, output=9, cache_read=1), prompt=said, said="Hi").input is None


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        (WORDS, Usage(input=1, output=1000, reasoning=0)),
        ("Yes.", Usage(input=1, output=1, reasoning=0)),
        ("Yes.", Usage(input=1, output=4, reasoning=0)),
        ("Yes.", Usage(input=1, output=900, reasoning=890)),
        ("Yes.", Usage(input=1, output=900)),
        ("", Usage(input=1, output=3, reasoning=0)),
        ("天地玄黄" * 100, Usage(input=1, output=400, reasoning=0)),
        ("👩‍👩‍👧‍👦" * 10, Usage(input=1, output=180, reasoning=0)),
        ("-" * 1000, Usage(input=1, output=16, reasoning=0)),
        ("Donaudampfschifffahrt " * 50, Usage(input=1, output=50, reasoning=0)),
        ("Yes.", Usage(input=None, output=None)),
    ],
)
def test_what_can_be_true_is_believed(said: str, usage: Usage) -> None:
    assert plausible(usage, prompt="", said=said) == usage


@pytest.mark.parametrize("output", [900, 90_000])
def test_more_tokens_than_bytes_are_no_shown_tokens(output: int) -> None:
    found = plausible(Usage(input=1, output=output, reasoning=0), prompt="", said="Yes.")
    assert found.output == output, "it may be billed"
    assert found.reasoning is None, "nobody knows how much of it was shown, so nothing is known of its speed"


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("said", "usage", "rule", "code"),
    [
        (
            "B " * 3000,
            {"prompt_tokens": 9, "completion_tokens": 1},
            "{cost: usd_per_sample, max_usd: 1, tail: smooth}",
            3,
        ),
        (
            "B " * 3000,
            {"prompt_tokens": 9, "completion_tokens": 3000},
            "{cost: usd_per_sample, max_usd: 1, tail: smooth}",
            0,
        ),
        ("B", {"prompt_tokens": 1, "completion_tokens": 1}, CHEAP, 3),
    ],
)
def test_no_cost_rule_passes_on_them(
    tmp_path: Path, capsys: Capture, said: str, usage: dict[str, Any], rule: str, code: int
) -> None:
    question = "Is it so? " * (60 if usage["prompt_tokens"] == 1 else 1)
    rows = "".join(json.dumps({"id": f"q{n}", "question": f"{n} {question}", "answer": "B"}) + "\n" for n in range(20))
    (tmp_path / "items.jsonl").write_text(rows)
    (tmp_path / "prices.yaml").write_text(
        "- {model: m, valid_from: 2025-01-01, input_per_mtok: 1, output_per_mtok: 10}\n"
    )
    body = {"model": "m", "choices": [{"message": {"content": said}, "finish_reason": "stop"}], "usage": usage}
    suite, results = tmp_path / "s.yaml", tmp_path / "results"
    with answering(json.dumps(body).encode()) as url:
        suite.write_text(
            "name: counts\nsensitivity: public\nmodels:\n"
            f"  cand: {{adapter: openai_chat, model: m, stream: false, base_url: '{url}'}}\n"
            "tasks:\n  - {name: t, data: {path: items.jsonl, id: id}, prompt: '{{ question }}', target: '{{ answer }}',"
            " score: contains}\n"
            f"gate: {{candidates: [cand], rules: [{rule}]}}\n"
        )
        ran = evalkit(capsys, "run", suite, "--results", results)
    assert ran.code == 0, ran.err
    decided = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", results)
    assert decided.code == code, decided.out
