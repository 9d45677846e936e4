"""llama.cpp's own server (PyPI: xllamacpp) with the shipped checkpoint in float32. `make test-servers` runs this.

The checkpoint knows three small tasks and calls no functions. Where a cell needs words that it never says, a grammar
has it say them: the server's reading of them is what counts.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPO
from tests.independent_servers.world import (
    KEY,
    REPLY,
    THOUGHT,
    Bench,
    Model,
    cells,
    free_port,
    program,
    questions,
    started,
)  # fmt: skip

pytestmark = pytest.mark.slow

MODELS = {
    "chat": Model("llama-cpp", "tiny", "/v1", "LLAMA_API_KEY"),
    "responses": Model("openai", "tiny", "/v1", "OPENAI_API_KEY"),
    "messages": Model("anthropic", "tiny", "", "ANTHROPIC_API_KEY"),
    "echo": Model("openai_chat", "tiny", "/v1", "LLAMA_API_KEY", {"likelihood": True}),
}
SPOKEN = {"max_output_tokens": 64, "extra": {"grammar": f'root ::= "<think>\\n{THOUGHT}\\n</think>\\n\\n{REPLY}"'}}


def _all(words: str) -> dict[str, str]:
    return {one: words for one in MODELS if one != "echo"}


LACKS = "exit 2: mode {} needs {}, which {} does not give"
TOKEN, TEXT = "log-probabilities of the first token", "the log-likelihood of given text"
TABLE = {
    "plain": _all("right: A; right: B; right: D"),
    "stream": _all("yes"),
    # Its Messages endpoint takes no grammar, so that nothing makes the checkpoint think aloud there.
    "reasoning": {one: f"right: {REPLY}, thought '{THOUGHT}', 30 in, 44 out" for one in ("chat", "responses")},
    # Functions reach the model (392 tokens of prompt), which calls none: the probe lets them pass.
    "one call": _all("truncated: None") | {"responses": "unparseable: None"},
    "first token": {
        "chat": "right: D",
        "responses": "rejected 400",  # its Responses endpoint takes top_logprobs only with a field of Chat Completions
        "messages": LACKS.format("first_token", TOKEN, "messages (anthropic)"),
    },
    "likelihood": {
        "chat": LACKS.format("likelihood", TEXT, "chat (llama-cpp)"),
        "echo": "exit 4: the log-probabilities that 127.0.0.1 gives of a prompt are not those of its own answers: it "
        "sent no log-probabilities of the prompt",
    },
    "wrong model": _all("right: D"),  # it answers with what it has loaded, whatever is asked for: the preset says so
    "wrong key": _all("key_refused 401"),
    "too long": _all("rejected 400"),
    # It has one line for all requests and no limit of rate: it never says 429.
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    python = program("llama-cpp", "bin", "python")
    folder = tmp_path_factory.mktemp("llama-cpp")
    gguf, checkpoint = folder / "tiny.gguf", REPO / "evalkit/checkpoints/tiny"
    subprocess.run([python, str(REPO / "scripts/tiny_gguf.py"), str(checkpoint), str(gguf)], check=True, timeout=120)
    here, port = Path(__file__).parent, free_port()
    command = [python, str(here / "run_llama_cpp.py"), str(gguf), str(port), KEY, str(here / "functions.jinja")]
    with started(command, folder, port, "/health") as server:
        settings = {"reasoning": SPOKEN, "plain": {"temperature": 0}}
        yield Bench(server.url, folder, MODELS, settings=settings, data={"plain": questions(3)})


@pytest.mark.parametrize(("cell", "dialect", "expected"), cells(TABLE))
def test_every_cell_is_as_the_table_says(bench: Bench, cell: str, dialect: str, expected: str) -> None:
    bench.check(cell, dialect, expected)


@pytest.mark.parametrize("dialect", _all(""))
def test_tokens_are_counted_as_the_server_counts_them(bench: Bench, dialect: str) -> None:
    bench.check_tokens(dialect)
