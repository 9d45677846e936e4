"""A fake provider in a process of its own, and the handle that speaks to it over HTTP.

The process reads its behaviour from the first line of its standard input, says {"port": 40123, ...} when it is
ready, and ends when that input closes, so that it cannot outlive the one who started it, even one killed by -9.
"""

import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from evalkit import child
from evalkit.testing.fake_provider.account import Account
from evalkit.testing.fake_provider.behaviour import Behaviour

_STOP_WITHIN_S = 5


class RemoteProvider:
    """The same words as `FakeProvider`; each is a call to the other process."""

    def __init__(self, port: int, pid: int) -> None:
        self.pid = pid
        self._port = port

    @property
    def origin(self) -> str:
        """http://127.0.0.1:PORT, for clients that add /v1 or /v1beta themselves."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """The origin with /v1."""
        return self.origin + "/v1"

    @property
    def behaviour(self) -> Behaviour:
        """What it does now; assign another one to change it."""
        return Behaviour().changed(self._call("GET", "/_fake/behaviour"))

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._call("POST", "/_fake/behaviour?replace=1", behaviour.to_json())

    @property
    def account(self) -> Account:
        """A copy of its account as it is now."""
        answer = self._call("GET", "/_fake/account")
        account = Account.from_rows(answer["requests"])
        account.max_in_flight = answer["totals"]["max_in_flight"]
        return account

    def summary(self) -> dict[str, object]:
        """Totals only, with the CPU seconds of the process (`cpu_s`)."""
        totals: dict[str, object] = self._call("GET", "/_fake/account?summary=1")["totals"]
        return totals

    def reset(self) -> None:
        """Forget every request and every attempt."""
        self._call("POST", "/_fake/reset", b"{}")

    def _call(self, method: str, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(self.origin + path, data=body, method=method)
        try:
            # No proxy of the environment may come between: the server is on this machine.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=60) as response:
                return orjson.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(f"the fake provider refused {path}: {error.read().decode()}") from None


@contextmanager
def remote_provider(
    behaviour: Behaviour, *, port: int, account_path: Path | None, max_seconds: float
) -> Generator[RemoteProvider]:
    """Start the process, wait until it listens, stop it for sure. RuntimeError when it does not start."""
    arguments = ["--port", str(port), "--behaviour", "-", "--until-eof", "--max-seconds", str(max_seconds)]
    if account_path is not None:
        arguments += ["--account", str(account_path.resolve())]
    command = child.function("evalkit.testing.fake_provider.__main__:main", *arguments)
    process = child.start(command, stdin=child.PIPE, stdout=child.PIPE, stderr=None)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(behaviour.to_json() + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the fake provider did not start (exit code {process.wait()}): see its message above")
        yield RemoteProvider(orjson.loads(line)["port"], process.pid)
    finally:
        process.stdin.close()
        child.end(process, within_s=_STOP_WITHIN_S)
        process.stdout.close()
