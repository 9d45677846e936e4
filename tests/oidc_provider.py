"""A small OpenID Connect provider on loopback: discovery, authorisation code with PKCE, signed id tokens.

It lets everybody in as `user`, and lies where a test says so. Written by the specification (OpenID Connect Core 1.0),
not by what its client happens to ask.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "evalkit-board", "no real secret"


@dataclass(slots=True)
class Provider:
    """What it says; assign other values at any time."""

    user: dict[str, object] = field(default_factory=dict)
    claims: dict[str, object] = field(default_factory=dict)
    """Put over those of the id token."""
    signs_with_another_key: bool = False
    unsigned: bool = False
    port: int = 0
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    stranger: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": nonce,
            **self.user, **self.claims,
        }  # fmt: skip
        if self.unsigned:
            parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
            return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
        return jwt.encode(
            {"alg": "RS256", "kid": "one"}, claims, self.stranger if self.signs_with_another_key else self.key
        )

    def answer(
        self, path: str, asked: dict[str, str], client: tuple[str, str] | None
    ) -> tuple[int, dict[str, Any] | str]:
        """The status, and JSON or the address of a redirect."""
        if path == "/.well-known/openid-configuration":
            found = {
                name: f"{self.issuer}/{name.split('_')[0]}"
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
            }
            return 200, {
                **found, "issuer": self.issuer, "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": ["RS256"], "response_types_supported": ["code"],
            }  # fmt: skip
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        if path == "/authorization":
            assert asked["client_id"] == CLIENT and asked["response_type"] == "code" and "openid" in asked["scope"]
            code = secrets.token_urlsafe()
            self.codes[code] = asked
            return 302, f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        if path == "/token":
            first = self.codes.pop(asked["code"], None)
            digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if first is None or client != (CLIENT, SECRET) or challenge != first["code_challenge"]:
                return 400, {"error": "invalid_grant"}
            token = self.id_token(first["nonce"])
            return 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": token}
        return 404, {}


@contextmanager
def provider() -> Iterator[Provider]:
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._say(*found.answer(parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()}, None))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {k: v[0] for k, v in parse_qs(body).items()}
            _, _, basic = self.headers.get("Authorization", "").partition("Basic ")
            name, _, secret = base64.b64decode(basic).decode().partition(":")
            client = (name, secret.replace("%20", " ").replace("+", " ")) if basic else None
            self._say(*found.answer(self.path, asked, client))

        def _say(self, status: int, what: dict[str, Any] | str) -> None:
            content = b"" if isinstance(what, str) else json.dumps(what).encode()
            self.send_response(status)
            if isinstance(what, str):
                self.send_header("Location", what)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
