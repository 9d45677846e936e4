"""Two texts with their differing lines marked, as plain text: "- " only in A, "+ " only in B, "  " in both."""

from __future__ import annotations

import difflib

from evalkit.board.elements import shown

_MOST = 400
"""Lines: matching is quadratic at worst, and beyond a screenful nobody reads marks."""


def marked(a: str, b: str) -> tuple[list[str] | None, list[str] | None]:
    """Each text's lines with their marks; (None, None) where marks would say nothing or take too long.

    Nothing in common, or one line each, is read better without marks.
    """
    ours, theirs = shown(a).split("\n"), shown(b).split("\n")
    if max(len(ours), len(theirs)) > _MOST or min(len(ours), len(theirs)) < 2:
        return None, None
    matcher = difflib.SequenceMatcher(a=ours, b=theirs, autojunk=False)
    if matcher.ratio() in {0.0, 1.0}:
        return None, None
    left, right = [], []
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        same = tag == "equal"
        left += [("  " if same else "- ") + line for line in ours[i:i_end]]
        right += [("  " if same else "+ ") + line for line in theirs[j:j_end]]
    return left, right
