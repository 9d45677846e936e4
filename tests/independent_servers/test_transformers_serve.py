"""transformers serve (PyPI) with the shipped checkpoint in float32, on a CPU. `make test-servers` runs this."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import REPO
from tests.independent_servers.world import Bench, Model, cells, free_port, program, questions, started

pytestmark = pytest.mark.slow

TINY = str(REPO / "evalkit/checkpoints/tiny")
MODELS = {
    "chat": Model("transformers", TINY, "/v1", "UNUSED_API_KEY"),
    "echo": Model("openai_chat", TINY, "/v1", "UNUSED_API_KEY", {"likelihood": True}),
}
LACKS = "exit 2: mode {} needs {}, which chat (transformers) does not give"
TABLE = {
    "plain": {"chat": "right: A; right: B; right: D"},
    "stream": {"chat": "yes"},
    # The checkpoint does not think aloud, and nothing can make it: no cell for reasoning.
    "one call": {
        "chat": "given up: 127.0.0.1 drops functions that it is offered: a prompt has 9 input tokens "
        "without one and 9 with it"
    },
    "first token": {"chat": LACKS.format("first_token", "log-probabilities of the first token")},
    "likelihood": {
        "chat": LACKS.format("likelihood", "the log-likelihood of given text"),
        "echo": "exit 4: prompt must be a string",
    },
    "wrong model": {"chat": "rejected 400"},
    # It looks at no key, has no limit of rate, and answers prompts beyond the model's window with noise: no cells for
    # a wrong key, 429 and prompts that are too long.
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    transformers = program("transformers", "bin", "transformers")
    folder, port = tmp_path_factory.mktemp("transformers"), free_port()
    command = [transformers, "serve", TINY, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with started([*command, "--dtype", "float32"], folder, port, "/health") as server:
        settings = {"plain": {"temperature": 0}}
        yield Bench(server.url, folder, MODELS, settings=settings, data={"plain": questions(3)})


@pytest.mark.parametrize(("cell", "dialect", "expected"), cells(TABLE))
def test_every_cell_is_as_the_table_says(bench: Bench, cell: str, dialect: str, expected: str) -> None:
    bench.check(cell, dialect, expected)


def test_tokens_are_counted_as_the_server_counts_them(bench: Bench) -> None:
    bench.check_tokens("chat")
