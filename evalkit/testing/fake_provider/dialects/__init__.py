"""The dialects by the end of their path, so that any base URL prefix works (/v1, /inference/v1, /openai/v1)."""

from evalkit.testing.fake_provider.dialects import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    ollama,
    openai_chat,
    openai_completions,
    openai_responses,
)
from evalkit.testing.fake_provider.wire import Dialect

CHAT: Dialect = openai_chat
_BY_END: tuple[tuple[str, Dialect], ...] = (
    ("/chat/completions", openai_chat),
    ("/responses", openai_responses),
    ("/messages", anthropic_messages),
    ("/completions", openai_completions),
    ("/converse", bedrock_converse),
    ("/converse-stream", bedrock_converse),
    ("/api/chat", ollama),
    (":generateContent", gemini),
    (":streamGenerateContent", gemini),
)


def dialect_of(path: str) -> Dialect | None:
    """The dialect of a path without its query; None for a path that nobody serves."""
    for end, dialect in _BY_END:
        if path.endswith(end):
            return dialect
    return None
