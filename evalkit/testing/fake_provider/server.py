"""The provider itself: it takes each request, decides what becomes of it, and keeps the account.

    async with FakeProvider(Behaviour(latency_s=0.2, answers="letter")) as provider:
        client = AsyncOpenAI(base_url=provider.base_url, api_key="x", max_retries=0)
        ...
        assert provider.account.max_in_flight == 8

It is bound to 127.0.0.1 and answers without a model, a network or a clock other than the loop's.
"""

import asyncio
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b, sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from evalkit.testing.fake_provider.account import Account
from evalkit.testing.fake_provider.answer import Ask, compose
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.dialects import CHAT, dialect_of, ollama
from evalkit.testing.fake_provider.faults import (
    MESSAGES,
    FakeQueue,
    FakeRateLimiter,
    Rejection,
    drawn_fault,
    reason_to_reject,
)
from evalkit.testing.fake_provider.playback import (
    Clock,
    Ending,
    PlaybackStep,
    Player,
    body_steps,
    latency_s,
    stream_steps,
)
from evalkit.testing.fake_provider.protocol import Connection, HttpRequest, header, response_head
from evalkit.testing.fake_provider.wire import Dialect, dumps

if TYPE_CHECKING:
    from evalkit.testing.fake_provider.remote import RemoteProvider

_NO_ASK = Ask(model="", prompts=(), stream=False, n_input=0, prompt_digest=sha256(b"").digest())
KEY_HEADERS = (b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key")
"""Headers that a key is looked for in, the first one that is there."""
_RETRY_LATER = (429, 503, 529)


class FakeProvider:
    """A server in the running loop; see `in_thread` and `in_process` for the other two places."""

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        port: int = 0,
        account_path: Path | None = None,
        dialects: Mapping[str, Dialect] | None = None,
    ) -> None:
        """`port` 0 takes a free one; `account_path` gets a line for each finished request (see `Account`).

        `dialects` are further ones, by the end of their path; they come before those that it knows.
        """
        self._dialects = dict(dialects or {})
        self.behaviour = behaviour or Behaviour()
        """What it does; assign another one at any time, requests that come later follow it."""
        self.account = Account(account_path)
        self._port = port
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop
        self._connections: set[Connection] = set()
        self._attempts: dict[bytes, int] = {}
        self._limiter = FakeRateLimiter()
        self._line = FakeQueue()
        self._serial = 0

    @property
    def origin(self) -> str:
        """http://127.0.0.1:PORT, for clients that add /v1 or /v1beta themselves."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """The origin with /v1, as OpenAI clients take it; Anthropic's works with it too (paths count by their end)."""
        return self.origin + "/v1"

    async def __aenter__(self) -> "FakeProvider":
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(
            lambda: Connection(self, self._connections), "127.0.0.1", self._port, backlog=4096
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
        while self._connections:  # noqa: ASYNC110 (an aborted transport says so within a turn of the loop)
            await asyncio.sleep(0)
        await self._server.wait_closed()
        self.account.close()

    @classmethod
    @contextmanager
    def in_thread(
        cls,
        behaviour: Behaviour | None = None,
        *,
        port: int = 0,
        account_path: Path | None = None,
        dialects: Mapping[str, Dialect] | None = None,
    ) -> Generator["FakeProvider"]:
        """The same in a thread with a loop of its own, for code that is not async or starts its own loop."""
        provider = cls(behaviour, port=port, account_path=account_path, dialects=dialects)
        ready: threading.Event = threading.Event()
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        failed: list[BaseException] = []

        async def serve() -> None:
            async with provider:
                ready.set()
                await stop.wait()

        def run() -> None:
            try:
                loop.run_until_complete(serve())
            except OSError as error:  # the port is taken: said in the caller's thread
                failed.append(error)
            finally:
                loop.close()
                ready.set()

        thread = threading.Thread(target=run, name="fake-provider", daemon=True)
        thread.start()
        ready.wait()
        if failed:
            raise failed[0]
        try:
            yield provider
        finally:
            with suppress(RuntimeError):  # the loop is closed: the thread ended by itself
                loop.call_soon_threadsafe(stop.set)
            thread.join()

    @classmethod
    @contextmanager
    def in_process(
        cls,
        behaviour: Behaviour | None = None,
        *,
        port: int = 0,
        account_path: Path | None = None,
        max_seconds: float = 600,
    ) -> Generator["RemoteProvider"]:
        """A process of its own, for benchmarks: the client does not share its interpreter lock with the server."""
        from evalkit.testing.fake_provider.remote import remote_provider

        with remote_provider(
            behaviour or Behaviour(), port=port, account_path=account_path, max_seconds=max_seconds
        ) as provider:
            yield provider

    def reset(self) -> None:
        """Forget every request and every attempt; the behaviour stays."""
        self.account.clear()
        self._attempts.clear()
        self._line = FakeQueue()

    # --- a request comes in

    def receive(self, connection: Connection, request: HttpRequest) -> None:
        """Called by the connection with each whole request."""
        dialect = self._dialect_of(unquote(request.address)) if request.method == "POST" else None
        if dialect is None:
            self._control_request(connection, request)
        else:
            self._model_request(connection, request, dialect)

    def _dialect_of(self, path: str) -> Dialect | None:
        own = next((dialect for end, dialect in self._dialects.items() if path.endswith(end)), None)
        return own or dialect_of(path)

    def _model_request(self, connection: Connection, request: HttpRequest, dialect: Dialect) -> None:
        behaviour = self.behaviour
        self._serial += 1
        ask, rejection = _read(dialect, request)
        address = request.address
        n = self.account.arrive(address, ask.model, ask.prompt_digest, request.read_at)
        if behaviour.missing and address.endswith(behaviour.missing):
            rejection = Rejection(404, f"Invalid URL (POST {address})")
        key = _key(request, behaviour.key_header) if behaviour.require_key is not None else ""
        rejection = self._over_limit(behaviour, request.read_at) or rejection or reason_to_reject(ask, key, behaviour)
        fault = None if rejection is not None else self._fault(behaviour, request)
        if fault == "error_mid" and not ask.stream:
            fault = "500"
        if fault is not None and fault.isdigit():
            rejection = Rejection(int(fault), MESSAGES.get(int(fault), "A fault of the fake provider."))
        steps: list[PlaybackStep] = []
        status = 200
        ending: Ending = "keep"
        if rejection is not None:
            fault, status = str(rejection.status), rejection.status
            steps = [self._error_step(dialect, rejection, behaviour, request.read_at)]
        elif fault in ("drop", "stall"):
            ending = "close" if fault == "drop" else "stall"
        else:
            steps, ending = self._answer_steps(dialect, ask, behaviour, request, fault)
        if fault is not None:
            self.account.fault(n, fault)
        Player(connection, self.account, n, steps, status=status, ending=ending, loop=self._loop)

    def _over_limit(self, behaviour: Behaviour, now: float) -> Rejection | None:
        # This request is counted in flight already.
        if behaviour.limit_in_flight is not None and self.account.in_flight > behaviour.limit_in_flight:
            return Rejection(429, MESSAGES[429])
        if behaviour.limit_per_s is not None and not self._limiter.admits(behaviour.limit_per_s, now):
            return Rejection(429, MESSAGES[429])
        return None

    def _fault(self, behaviour: Behaviour, request: HttpRequest) -> str | None:
        digest = blake2b(request.body, digest_size=8, key=request.address.encode()[-64:]).digest()
        attempt = self._attempts.get(digest, 0)
        self._attempts[digest] = attempt + 1
        return drawn_fault(behaviour, digest, attempt)

    def _answer_steps(
        self, dialect: Dialect, ask: Ask, behaviour: Behaviour, request: HttpRequest, fault: str | None
    ) -> tuple[list[PlaybackStep], Ending]:
        begin = request.read_at if behaviour.slots is None else self._line.turn(behaviour.slots, request.read_at)
        first = begin + latency_s(behaviour, request.body)
        created = int(time.time())
        answers = [
            compose(ask, behaviour, serial=self._serial, created=created, empty=fault == "empty", prompt=prompt)
            for prompt in ask.prompts
        ]
        clock = Clock(arrived=request.read_at, first=first, behaviour=behaviour)
        if ask.stream and ask.sse:
            events = dialect.stream(ask, answers, behaviour)
            error = dialect.error_event(behaviour) if fault == "error_mid" else b""
            steps, ending = stream_steps(events, clock, serial=self._serial, fault=fault, error=error)
        else:
            body = dumps(dialect.body(ask, answers, behaviour))
            steps, ending = body_steps(body, answers[0], clock, serial=self._serial, fault=fault)
        if behaviour.slots is not None:
            self._line.leaves(steps[-1].at)
        return steps, ending

    def _error_step(self, dialect: Dialect, rejection: Rejection, behaviour: Behaviour, now: float) -> PlaybackStep:
        body = dumps(dialect.error(rejection.status, rejection.message, behaviour, **rejection.details))
        wait_s = behaviour.retry_after_s if rejection.status in _RETRY_LATER else None
        return PlaybackStep(
            now, response_head(rejection.status, self._serial, length=len(body), retry_after_s=wait_s) + body
        )

    # --- what is not for a model

    def _control_request(self, connection: Connection, request: HttpRequest) -> None:
        status = 200
        answer: Any
        match request.method, request.address:
            case "GET", "/health":
                answer = {"status": "ok"}
            case "GET", address if address.endswith("/models"):
                answer = _models(self.behaviour)
            case "GET", address if address.endswith("/api/version"):
                answer = ollama.VERSION
            case "GET", address if address.endswith("/api/tags"):
                answer = ollama.tags(self.behaviour.models or ("fake-model",))
            case "GET", "/_fake/account":
                answer = {"totals": self.account.summary()}
                if "summary=1" not in request.path:
                    answer["requests"] = list(self.account)
            case ("GET" | "POST") as method, "/_fake/behaviour":
                try:
                    if method == "POST":
                        start = Behaviour() if "replace=1" in request.path else self.behaviour
                        self.behaviour = start.changed(orjson.loads(request.body))
                    answer = orjson.loads(self.behaviour.to_json())
                except (ValueError, TypeError, AttributeError) as error:
                    status, answer = 400, {"error": str(error)}
            case "POST", "/_fake/reset":
                self.reset()
                answer = {"status": "ok"}
            case method, address:
                status, answer = 404, CHAT.error(404, f"Invalid URL ({method} {address})", self.behaviour)
        data = dumps(answer)
        connection.write(response_head(status, 0, length=len(data)) + data)
        connection.done()


def _read(dialect: Dialect, request: HttpRequest) -> tuple[Ask, Rejection | None]:
    try:
        ask = dialect.read(orjson.loads(request.body), unquote(request.path))
    except KeyError as error:
        return _NO_ASK, Rejection(400, f"Missing required parameter: {error}.", {"param": str(error.args[0])})
    except (ValueError, TypeError, AttributeError) as error:
        return _NO_ASK, Rejection(400, f"We could not read the request: {error}.")
    ask.prompt_digest = sha256("\0".join(ask.prompts).encode("utf-8", "surrogatepass")).digest()
    return ask, None


def _key(request: HttpRequest, own: str) -> str:
    lower = request.head.lower()
    for name in (own.lower().encode("latin-1"),) if own else KEY_HEADERS:
        value = header(request.head, lower, name)
        if value is not None:
            return value.decode("latin-1").removeprefix("Bearer ")
    return "" if own else request.path.partition("key=")[2].partition("&")[0]


def _models(behaviour: Behaviour) -> dict[str, object]:
    names = behaviour.models or ("fake-model",)
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "fake", "type": "model"} for name in names]
    return {"object": "list", "data": models, "has_more": False, "first_id": names[0], "last_id": names[-1]}
