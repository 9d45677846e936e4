"""A key that a server sends back one way in another: JSON in an address, JSON on a page, and so on, however deep."""

from __future__ import annotations

import html
import itertools
import json
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from evalkit.text.key_spellings import cut_out

KEYS = (
    "sk-canary-7Qx9Zt3LmP2vRk8Wn5Yb",
    "sk-canary+7Qx9/Zt3=LmP2&vRk8Wn",
    'canaryDoe:Pw9"Zq\\7xWp',
    "Token ab+cd/ef= gh",
)


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _each(form: str, *, letters: bool) -> Callable[[str], str]:
    return lambda text: "".join(c if c.isalnum() and not letters else form % ord(c) for c in text)


WAYS: dict[str, Callable[[str], str]] = {
    "JSON": _json,
    "JSON of PHP": lambda text: _json(text).replace("/", "\\/"),
    "JSON of Go": lambda text: _json(text).replace("&", "\\u0026").replace("<", "\\u003c"),
    "JSON, signs": _each("\\u%04x", letters=False),
    "JSON, all": _each("\\u%04X", letters=True),
    "HTML": html.escape,
    "HTML of Go": lambda text: html.escape(text, quote=False).replace("+", "&#43;").replace('"', "&#34;"),
    "HTML, signs": _each("&#x%x;", letters=False),
    "HTML, all": _each("&#%d;", letters=True),
    "address": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "address, small": _each("%%%02x", letters=False),
    "address, all": _each("%%%02X", letters=True),
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_cut_out_however_deep_it_is_spelt(key: str) -> None:
    deep = [*itertools.product(WAYS, repeat=3)][::7]
    for names in (*itertools.product(WAYS, repeat=1), *itertools.product(WAYS, repeat=2), *deep):
        said = key
        for name in names:
            said = WAYS[name](said)
        assert cut_out(key, f"you sent <{said}>, 100 % \\frac{{1}}{{2}}", "[K]") == (
            "you sent <[K]>, 100 % \\frac{1}{2}"
        ), names


def test_a_long_text_is_read_in_pieces_and_loses_every_key() -> None:
    deep = quote(_json(KEYS[1]).replace("/", "\\/"))
    text = "x" * (2**18 - 10) + deep + "y %41 " * 60_000 + deep + deep + _json(quote(KEYS[1]))
    assert cut_out(KEYS[1], text, "[K]") == "x" * (2**18 - 10) + "[K]" + "y %41 " * 60_000 + "[K][K][K]"


def test_a_text_that_is_all_escapes_takes_no_long_time() -> None:
    begun = time.process_time()
    assert cut_out(KEYS[1], "%25" * 300_000, "[K]") == "%25" * 300_000
    assert time.process_time() - begun < 3
