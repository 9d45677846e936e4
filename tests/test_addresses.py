"""An address is read in one way, or it is refused: the host that is checked is the host that is reached."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.addresses import Address, BadAddress, one_server, read_address
from tests.tables import table


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1", Address("https", "api.openai.com", None)),
        ("HTTPS://API.OpenAI.com:443/v1", Address("https", "api.openai.com", 443)),
        ("http://127.0.0.1:8000/v1", Address("http", "127.0.0.1", 8000)),
        ("http://localhost:11434", Address("http", "localhost", 11434)),
        ("http://ollama:11434", Address("http", "ollama", 11434)),
        ("http://host.docker.internal:1234/v1", Address("http", "host.docker.internal", 1234)),
        ("http://my_server:80", Address("http", "my_server", 80)),
        ("http://[::1]:8000/v1", Address("http", "::1", 8000)),
        ("http://[0:0:0:0:0:0:0:1]", Address("http", "::1", None)),
        ("https://10.0.0.5/v1?x=%40", Address("https", "10.0.0.5", None)),
        ("https://xn--bcher-kva.example", Address("https", "xn--bcher-kva.example", None)),
    ],
)
def test_plain_addresses_are_read(url: str, expected: Address) -> None:
    assert read_address(url) == expected


@table(
    ("url", "why"),
    [
        ("https://evil.example⁄@api.openai.com/v1", "beyond ASCII"),
        ("https://api.openai.com⁄.evil.example", "beyond ASCII"),
        ("https://api.openai.com／v1", "beyond ASCII"),
        ("https://аpi.openai.com", "beyond ASCII"),
        ("https://bücher.example", "beyond ASCII"),
        ("https://ⓛocalhost", "beyond ASCII"),
        ("https://127。0。0。1", "beyond ASCII"),
        ("https://api.openai.com\u200b", "beyond ASCII"),
        ("https://api.openai.com@evil.example/v1", "user or password"),
        ("https://user:secret-canary@api.openai.com", "user or password"),
        ("https://evil.example\\@api.openai.com", "backslash"),
        ("https://evil.example\\.api.openai.com", "backslash"),
        ("https://api.openai .com", "blank"),
        (" https://api.openai.com", "blank"),
        ("https://api.openai.com\t", "control"),
        ("https://api.openai.com\r\nHost: evil", "control"),
        ("https://api.openai.com\x00.evil.example", "control"),
        ("http://2130706433", "IPv4"),
        ("http://0x7f000001", "IPv4"),
        ("http://0x7f.1", "IPv4"),
        ("http://127.1", "IPv4"),
        ("http://0177.0.0.1", "IPv4"),
        ("http://017700000001", "IPv4"),
        ("http://127.0.0.01", "IPv4"),
        ("http://127.0.0.256", "IPv4"),
        ("http://localhost.1", "IPv4"),
        ("http://[fe80::1%eth0]", "zone"),
        ("http://[fe80::1%25eth0]:80", "zone"),
        ("http://[::1", "IPv6"),
        ("http://[::1]evil.example", "between ]"),
        ("http://[v1.x]", "IPv6"),
        ("http://::1", "names no host"),
        ("http://fe80::1", "port"),
        ("https://api%2eopenai.com", "other characters"),
        ("https://%31%32%37.0.0.1", "other characters"),
        ("https://api.openai.com.", "other characters"),
        ("https://.openai.com", "other characters"),
        ("https://api..openai.com", "other characters"),
        ("https://-evil.example", "other characters"),
        ("https://" + "a" * 300, "other characters"),
        ("https://api.openai.com:0", "port"),
        ("https://api.openai.com:70000", "port"),
        ("https://api.openai.com:44 3", "blank"),
        ("https://api.openai.com:443:80", "port"),
        ("https://api.openai.com:", "port"),
        ("https:///v1", "names no host"),
        ("https:api.openai.com", "needs http"),
        ("ftp://api.openai.com", "needs http"),
        ("file:///etc/passwd", "needs http"),
        ("javascript://x", "needs http"),
        ("//api.openai.com", "needs http"),
        ("", "needs http"),
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_refused(url: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why) as caught:
        read_address(url)
    assert "canary" not in str(caught.value)


@pytest.mark.long
@given(st.text(max_size=40), st.sampled_from(["https://", "http://", "https://api.openai.com", "http://[", ""]))
def test_any_text_is_an_address_or_refused_and_libraries_agree_on_the_host(text: str, start: str) -> None:
    url = start + text
    try:
        found = read_address(url)
    except BadAddress:
        return
    parts = urlsplit(url)
    assert parts.username is None
    assert parts.port == found.port
    host = parts.hostname or ""
    assert host == found.host or ":" in found.host


@pytest.mark.parametrize(
    "written", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000", "127.0.0.2:8000"]
)
def test_one_server_shares_one_limit_however_its_address_is_written(written: str) -> None:
    """A candidate that is asked at the baseline's server by another spelling doubled its load (R15-3)."""
    assert one_server(written) == "127.0.0.1:8000"
    assert one_server("API.example:443") == one_server("api.example") == "api.example"
