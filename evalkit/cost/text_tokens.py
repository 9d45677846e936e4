"""How many tokens a text has at least, by the common tokenizers: what a bill is held against that a server states.

    fewest_tokens("The quick brown fox")     # 4: none of them joins words
    fewest_tokens("天地玄黄宇宙洪荒")           # 3: none takes more than some two signs at once, over a text

`engine.token_counts` has the looser bound, below which no tokenizer at all can be: there a count is unknown. Real
counts are a third higher than this one in English prose, twice as high in Chinese. Pure.
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


def fewest_tokens(text: str) -> int:
    """The words, and for letters without blanks so many as their length makes; 0 for no text."""
    n = 0.0
    if not text.isascii():
        n = sum(map(len, _UNSPACED.findall(text))) / _SIGNS_A_TOKEN
        text = _UNSPACED.sub(" ", text) if n else text
    words = text.split()
    long = [word for word in words if len(word) >= _LONGEST_WORD]  # few texts have any
    runs = (len(run.encode(errors="replace")) for word in long for run in _LONG.findall(word))
    return int(n) + len(words) + sum(n_bytes // _BYTES_A_TOKEN - 1 for n_bytes in runs)
