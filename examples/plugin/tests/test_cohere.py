"""The plug-in through evalkit's conformance kit, and what is its own."""

from __future__ import annotations

import fake_cohere
import pytest
from evalkit_cohere import adapter
from evalkit_cohere.scorers import quotes

from evalkit.records import Outcome
from evalkit.testing.conformance import ADAPTER_CHECKS, SCORER_CHECKS, Case, FakeServer, check_adapter, check_scorer

SERVER = FakeServer(
    adapter="cohere",
    path="",
    endpoint="/v2/chat",
    dialects={"/v2/chat": fake_cohere},
    key_env=("CO_API_KEY",),
    counts_reasoning=False,
    names_model=False,
    refusals=False,
)
RECORD = {"document": "Albert Einstein was born in Ulm in 1879. He moved to Munich a year later."}
CASES = [
    Case('In Ulm: "born in Ulm in 1879".', RECORD, right=True),
    Case("In Ulm: “Born in  Ulm”.", RECORD, right=True),
    Case('In Rome: "born in Rome".', RECORD, right=False),
    Case('"born in Ulm", "in Rome"', RECORD, value=0.5),
    Case("In Ulm.", RECORD, outcome=Outcome.UNPARSEABLE),
]


@pytest.mark.parametrize("check", ADAPTER_CHECKS)
async def test_the_adapter_conforms(check: str) -> None:
    assert await check_adapter(adapter.make, SERVER, only=check) == []


@pytest.mark.parametrize("check", SCORER_CHECKS)
def test_the_scorer_conforms(check: str) -> None:
    assert check_scorer(quotes, CASES, only=check) == []


def test_what_is_billed_is_not_what_was_processed() -> None:
    raw = {"billed_units": {"input_tokens": 34.0, "output_tokens": 14.0}, "tokens": {"input_tokens": 721.0}}
    usage = adapter.usage_of(raw)
    assert (usage.input, usage.output, usage.cache_read, usage.reasoning) == (34, 14, None, None)
    assert adapter.usage_of({"tokens": {"input_tokens": 721.0}}).input is None
