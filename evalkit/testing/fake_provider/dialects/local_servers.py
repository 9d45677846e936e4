"""How the servers of one's own machine write Chat Completions, where they differ from OpenAI and from each other.

    Ollama       {"delta":{"role":"assistant","content":"","reasoning":"We"}}        no opening event, role in each
    LM Studio    {"delta":{"role":"assistant","content":"Hi"},"logprobs":null}       fingerprint = model, error a string
    llama.cpp    {"delta":{"role":"assistant","content":null}} ... {"choices":[],"usage":{...},"timings":{...}}
    SGLang       {"delta":{"role":null,"content":"Hi","reasoning_content":null},"matched_stop":null}
    transformers {"delta":{},"finish_reason":"stop"} with the usage in the same event

As captures and sources of 2025 and 2026 show them; transformers serve 5.19 was run, the others were not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.testing.fake_provider.wire import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """What one server writes its own way."""

    opening: Json | None
    """The delta of the event before any text; None: there is no such event."""
    each: Mapping[str, object] = field(default_factory=dict)
    """In the delta of every event with text or reasoning."""
    choice: Mapping[str, object] = field(default_factory=dict)
    """Beside the delta in every choice."""
    last: Mapping[str, object] = field(default_factory=dict)
    """The delta of the event with the finish reason."""
    stopped: Mapping[str, object] = field(default_factory=dict)
    """Beside that delta."""
    reasoning: str | None = None
    """The field of reasoning text; None: it shows none apart."""
    usage_unasked: bool = False
    """Usage comes with the finish reason, asked for or not."""
    cached: bool = False
    """Whether usage says what came from the cache."""
    beside_usage: Mapping[str, object] = field(default_factory=dict)
    logprobs: bool = True
    """False: asked for, they are left out without a word."""
    fingerprint: str | None = "fp_fake"
    """None: none is sent; "model": the model's name."""


LOCAL_SERVERS: Mapping[str, LocalServer] = {
    "ollama": LocalServer(
        opening=None,
        each={"role": "assistant", "content": ""},
        reasoning="reasoning",
        cached=True,
        beside_usage={"timings": {"prompt_n": 30, "prompt_ms": 28, "predicted_n": 10, "predicted_ms": 106}},
        fingerprint="fp_ollama",
    ),
    "lm-studio": LocalServer(
        opening=None, each={"role": "assistant"}, choice={"logprobs": None}, logprobs=False, fingerprint="model"
    ),
    "llama-cpp": LocalServer(
        opening={"role": "assistant", "content": None},
        reasoning="reasoning_content",
        cached=True,
        beside_usage={"timings": {"cache_n": 2, "prompt_n": 4, "prompt_ms": 3.1, "predicted_n": 9, "predicted_ms": 40}},
        fingerprint="b7021-1a2b3c4d",
    ),
    "sglang": LocalServer(
        opening={"role": "assistant", "content": "", "reasoning_content": None, "tool_calls": None},
        each={"role": None, "content": None, "reasoning_content": None, "tool_calls": None},
        choice={"logprobs": None, "matched_stop": None},
        last={"role": None, "content": None, "reasoning_content": None, "tool_calls": None},
        stopped={"matched_stop": 2},
        reasoning="reasoning_content",
        fingerprint=None,
    ),
    "transformers": LocalServer(opening={"role": "assistant"}, usage_unasked=True, logprobs=False, fingerprint=None),
}
"""By flavour."""


def local_error(flavour: str, status: int, message: str) -> Json | None:
    """An error body of such a server; None where it writes it as OpenAI does."""
    if flavour == "lm-studio":
        return {"error": message}
    if flavour == "llama-cpp":
        kind = "invalid_request_error" if status < 500 else "server_error"
        return {"error": {"code": status, "message": message, "type": kind}}
    if flavour == "sglang":
        return {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": status}
    if flavour == "transformers":
        return {"detail": message}
    return None
