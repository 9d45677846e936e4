"""A provider that is not there: a fast local server for tests, in every dialect evalkit speaks.

It answers OpenAI Responses, Chat Completions and legacy Completions, Anthropic Messages and Gemini, streaming or
not, with the latency, the bill and the faults you ask for, and keeps an account of what really happened:

    from evalkit.testing.fake_provider import Behaviour, FakeProvider

    async with FakeProvider(Behaviour(answers={"capital of France": "Paris"}, faults={"429": 0.1})) as provider:
        ...  # run a suite against provider.base_url
        assert provider.account.times_asked("What is the capital of France?") == 1

    with FakeProvider.in_thread(...) as provider: ...    # for code that is not async
    with FakeProvider.in_process(...) as provider: ...   # for benchmarks

From a shell: `python -m evalkit.testing.fake_provider --behaviour '{"answers": "letter"}'`; `--fields` lists what a
behaviour may hold, as `help(Behaviour)` and docs/fake-provider.md do.
"""

from evalkit.testing.fake_provider.account import Account, Record
from evalkit.testing.fake_provider.answer import digest_of, letter_of
from evalkit.testing.fake_provider.behaviour import FAULTS, Behaviour
from evalkit.testing.fake_provider.likelihood import continuation_logprob, split_tokens, token_logprobs
from evalkit.testing.fake_provider.remote import RemoteProvider
from evalkit.testing.fake_provider.server import FakeProvider

__all__ = [
    "FAULTS",
    "Account",
    "Behaviour",
    "FakeProvider",
    "Record",
    "RemoteProvider",
    "continuation_logprob",
    "digest_of",
    "letter_of",
    "split_tokens",
    "token_logprobs",
]
