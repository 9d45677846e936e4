"""A small support application, to be measured like any other: two versions behind HTTP, and a guard.

    python examples/applications/app.py 8765        # http://127.0.0.1:8765/v1/ask and /v2/ask, until Ctrl-C

It sorts tickets by words and needs nothing but Python. What a real application would ask a model, it looks up.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = {
    "billing": ("invoice", "charged", "refund", "card", "price"),
    "technical": ("crash", "error", "slow", "login", "update"),
    "shipping": ("parcel", "address", "delivery", "courier", "arrived"),
}
LEARNED = {"billing": ("payment",), "technical": ("freezes",), "shipping": ("package",)}
"""What version 2 knows besides."""
SECRETS = ("password", "card number is")


def queue_of(ticket: str, version: str) -> str:
    """The queue that a ticket belongs to."""
    text = ticket.lower()
    for queue, words in WORDS.items():
        if any(word in text for word in words + (LEARNED[queue] if version == "v2" else ())):
            return queue
    return "billing"


def answered(ticket: str, version: str, plan: str | None) -> dict[str, object]:
    """The reply to one ticket."""
    queue = queue_of(ticket, version)
    bill = {"in": len(ticket.split()) + 12, "out": 3}
    return {
        "answer": {"queue": queue, "priority": plan == "business"},
        "bill": {**bill, "usd": round((bill["in"] + 4 * bill["out"]) * 1e-6, 9)},
        "end": "done",
        "app": f"sorter-{version}",
        "trace": f"t-{abs(hash(ticket)) % 10_000:04}",
    }


class App(BaseHTTPRequestHandler):
    """POST /v1/ask, /v2/ask: {"ticket": "...", "stream": true}. POST /guard: {"text": "..."}."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """One request."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/guard":
            blocked = any(word in asked["text"].lower() for word in SECRETS)
            n_words = len(asked["text"].split())
            bill = {"in": n_words, "out": 1, "usd": round((n_words + 4) * 1e-6, 9)}
            self.whole({"verdict": "unsafe: a secret in it" if blocked else "safe", "bill": bill})
            return
        version = self.path.strip("/").partition("/")[0]
        said = answered(asked["ticket"], version, (asked.get("customer") or {}).get("plan"))
        if asked.get("stream"):
            self.streamed(said)
        else:
            self.whole(said)

    def whole(self, said: dict[str, object]) -> None:
        """The reply in one piece."""
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def streamed(self, said: dict[str, object]) -> None:
        """The reply as server-sent events: the answer letter by letter, then the rest."""
        answer = said.pop("answer")
        assert isinstance(answer, dict)
        events = [{"piece": letter} for letter in answer["queue"]]
        body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in [*events, {"last": True, **said}])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:30])
        self.wfile.flush()
        time.sleep(0.001)
        self.wfile.write(body[30:])

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def serve(port: int) -> ThreadingHTTPServer:
    """The server, not running yet; port 0: any that is free."""
    return ThreadingHTTPServer(("127.0.0.1", port), App)


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8765).serve_forever()
