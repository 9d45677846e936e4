"""What a model said, as one text for people: its words, then the calls that it made through its tool interface.

    said("Let me look.", [{"name": "weather", "arguments": "{\\"city\\": \\"Paris\\"}"}])

    Let me look.
    weather({"city": "Paris"})

Hostile text like any answer: whoever shows it escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evalkit.records import ToolCall


def transcript(text: str | None, calls: Iterable[ToolCall | Mapping[str, str]] | None) -> str | None:
    """Words and calls, a line each; None where there is neither. Calls are records, or plain as the views have them."""
    made = [call if isinstance(call, ToolCall) else ToolCall(call["name"], call["arguments"]) for call in calls or ()]
    if not made:
        return text
    lines = [f"{call.name}({call.arguments})" for call in made]
    return "\n".join([text, *lines] if text else lines)
