"""From what a suite says of a live MCP server to one that can be asked, or to every complaint about it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.certificates import check_certificates
from evalkit.adapters.command import environment, resolved
from evalkit.adapters.keys import checked_host
from evalkit.adapters.mcp.session import McpServer
from evalkit.adapters.mcp.transports import SessionLimits, http, stdio
from evalkit.adapters.own_headers import own_headers
from evalkit.adapters.worker_pool import Program
from evalkit.errors import SuiteError
from evalkit.suite.environments.live import LiveServer

_TAKEN = frozenset(("accept", "accept-encoding", "mcp-session-id", "mcp-protocol-version", "last-event-id"))
"""Headers of the protocol itself."""


@dataclass(frozen=True, slots=True)
class ReachedServer:
    """A server that may be asked."""

    server: McpServer
    transport: str
    host: str | None
    """None: a program on this machine."""


def reach(live: LiveServer, *, allow_code: bool, key_hosts: frozenset[str], sends: bool) -> ReachedServer:
    """The server that a file names. Raises SuiteError where the person does not allow it, MissingKey."""
    entry, at = live.entry, f"{live.written}: mcp"
    if entry.command is not None:
        if not allow_code:
            raise SuiteError(
                f"{at}: a program of the suite would run on this machine. If you trust the suite and what lies beside "
                "it: --allow-suite-code"
            )
        argv, files = resolved(entry.command, live.folder, f"{at}.command")
        title = (files[0] if files else Path(argv[0])).name
        program = Program(argv, environment(entry.env, live.folder, f"{at}.env", sends=sends), title)

        def start(limits: SessionLimits) -> AbstractAsyncContextManager[tuple[Any, Any]]:
            return stdio(program, limits)

        return ReachedServer(McpServer(start, title, entry.timeout_s), "stdio", None)
    url = entry.base_url or ""
    spec = ModelSpec(live.written, "mcp", "", base_url=url, key_hosts=key_hosts, sends=sends, at=at)
    host = checked_host(url, spec)
    headers = own_headers(spec, entry.header_env, url, _TAKEN).headers if sends or not entry.header_env else {}
    check_certificates(url)

    def connect(limits: SessionLimits) -> AbstractAsyncContextManager[tuple[Any, Any]]:
        return http(url, headers, limits, timeout_s=entry.timeout_s)

    return ReachedServer(McpServer(connect, host, entry.timeout_s), "http", host)
