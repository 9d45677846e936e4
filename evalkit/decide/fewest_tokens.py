"""How many tokens a text has at least, by the common tokenizers.

fewest_tokens("The quick brown fox")     # 4
"""

from __future__ import annotations

import re

_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
"""Japanese and Chinese, which put no blanks between words."""
_SIGNS_A_TOKEN = 2.5
_LONGEST_WORD = 24
_LONG = re.compile(rf"[^\W\d_]{{{_LONGEST_WORD},}}")
"""Other letters in a row: scripts without blanks (Thai, Khmer), compounds, codes."""
_BYTES_A_TOKEN = 16
_PIECES = re.compile(r"[^\W\d_]+|\d{1,3}")
"""What no common tokenizer joins with the next of its kind: letters in a row, and digits by three at most (the patterns
of tiktoken's cl100k_base and o200k_base; SentencePiece splits letters from digits)."""


def fewest_tokens(text: str) -> int:
    """How many tokens a text has at least, by the common tokenizers: the words, and for what has no blanks so many
    as its length and its pieces make; 0 for no text.

    fewest_tokens("The quick brown fox")     # 4: none of them joins words
    fewest_tokens('{"id":17,"name":"Ada","born":1815}')   # 3: letters and digits are never in one
    fewest_tokens("天地玄黄宇宙洪荒")           # 3: none takes more than some two signs at once, over a text

    `engine.token_counts` has the looser bound, below which no tokenizer at all can be: there a count is unknown. Real
    counts are a third higher than this one in English prose, twice as high in Chinese. Pure.
    """
    n = 0.0
    if not text.isascii():
        n = sum(map(len, _UNSPACED.findall(text))) / _SIGNS_A_TOKEN
        text = _UNSPACED.sub(" ", text) if n else text
    words = text.split()
    long = [word for word in words if len(word) >= _LONGEST_WORD]  # few texts have any
    return int(n) + len(words) + sum(map(_beyond_one, long))


def _beyond_one(word: str) -> int:
    """How many tokens more than one a long word has: by the length of its letters, or by half the pieces of JSON, a
    table or a row of numbers that has no blank."""
    runs = sum(len(run.encode(errors="replace")) // _BYTES_A_TOKEN - 1 for run in _LONG.findall(word))
    return max(runs, len(_PIECES.findall(word)) // 2 - 1, 0)


_SIGNS = re.compile(r"[!-@\[-`{-~]")


def most_tokens(text: str) -> int:
    """How many tokens a text has at most, over some length: two for a sign beyond ASCII, one for a digit or another
    sign, one for two letters or blanks. Pure."""
    n_signs = len(_SIGNS.findall(text))
    n_beyond = 0 if text.isascii() else sum(one > "\x7f" for one in text)
    return n_signs + 2 * n_beyond + (len(text) - n_signs - n_beyond) // 2
