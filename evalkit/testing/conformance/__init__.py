"""A kit that any adapter or scorer can be run through: evalkit's own are, and a plug-in's should be.

    SERVER = FakeServer(adapter="cohere", dialects={"/v2/chat": fake_cohere}, key_env="CO_API_KEY")

    @pytest.mark.parametrize("check", ADAPTER_CHECKS)
    async def test_cohere_conforms(check: str) -> None:
        assert await check_adapter(make, SERVER, only=check) == []

    def test_the_scorer_conforms() -> None:
        assert check_scorer(make, [Case("Paris", {"city": "Paris"}, right=True), ...]) == []

A finding says which check failed and what was wrong, as a sentence. Everything talks to loopback, needs no key and no
network, and ends by itself.
"""

from evalkit.testing.conformance.adapters import ADAPTER_CHECKS, check_adapter
from evalkit.testing.conformance.bench import FakeServer, Finding
from evalkit.testing.conformance.scorers import SCORER_CHECKS, Case, check_scorer

__all__ = [
    "ADAPTER_CHECKS",
    "SCORER_CHECKS",
    "Case",
    "FakeServer",
    "Finding",
    "check_adapter",
    "check_scorer",
]
