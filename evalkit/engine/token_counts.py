"""Counts of tokens that the text itself contradicts: they are unknown, since bills and speeds would rest on them.

    plausible(Usage(input=9, output=1), prompt="...", said="a reply of 900 words")     # output None

A token spans a few words at the very most, and a token that is shown has at least one byte. Both bounds are loose, so
that no tokenizer is doubted; what a provider counts within them is its own word.
"""

from __future__ import annotations

from dataclasses import replace

from evalkit.records import Usage

WORDS_A_TOKEN = 4
"""Tokenizers split text at blanks, but for a few that join two or three words."""
BYTES_A_TOKEN = 128
"""For text without blanks: the longest tokens of common vocabularies are runs of one sign of this length."""
UNSEEN = 16
"""Tokens of an answer that show nothing: its begin, its end, and marks of roles and channels."""


def least_tokens(text: str) -> int:
    """So many tokens a text has at least, whatever the tokenizer."""
    return max(len(text.split()) // WORDS_A_TOKEN, len(text.encode(errors="replace")) // BYTES_A_TOKEN)


def plausible(usage: Usage, *, prompt: str, said: str) -> Usage:
    """The usage without counts that cannot be true. `said`: all that came, shown reasoning and calls included.

    Fewer tokens than the text has are no count. More than it has bytes are hidden reasoning, so where the provider says
    how much of the output that was (0, mostly), that part is unknown.
    """
    if usage.output is not None and usage.output < least_tokens(said):
        usage = replace(usage, output=None, reasoning=None)
    if usage.input is not None and usage.input < least_tokens(prompt):
        usage = replace(usage, input=None, cache_read=None)
    if usage.output is not None and usage.reasoning is not None:
        shown = usage.output - usage.reasoning
        if shown > len(said.encode(errors="replace")) + UNSEEN:
            usage = replace(usage, reasoning=None)
    return usage
