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
_LONG = re.compile(r"[^\W\d_]{24,}")
"""Other letters in a row: scripts without blanks (Thai, Khmer), compounds, codes."""
_BYTES_A_TOKEN = 16


def fewest_tokens(text: str) -> int:
    """The words, and for letters without blanks so many as their length makes; 0 for no text."""
    n = 0.0
    if not text.isascii():
        n = sum(map(len, _UNSPACED.findall(text))) / _SIGNS_A_TOKEN
        text = _UNSPACED.sub(" ", text) if n else text
    return int(n) + len(text.split()) + sum(len(run.encode()) // _BYTES_A_TOKEN - 1 for run in _LONG.findall(text))
