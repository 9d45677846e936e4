"""A small real MCP server, by the official SDK: a program (stdio), or an app in a thread of the test (HTTP)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp_types import ToolAnnotations

READS = ToolAnnotations(read_only_hint=True)


def make(*, more: bool = False) -> MCPServer:
    """The server; `more`: it has one more tool, and another description."""
    server = MCPServer("desk", version="2.1", log_level="CRITICAL")
    notes: dict[int, list[str]] = {}

    @server.tool(annotations=READS, description="The weather of a city." if more else "Weather of a city.")
    def get_weather(city: str) -> str:
        if city == "Nowhere":
            raise ValueError("there is no such city")
        return f"18 C in {city}"

    @server.tool()
    def note(text: str, ctx: Context) -> str:  # type: ignore[type-arg]
        """Keep a note in this session; returns all of them."""
        kept = notes.setdefault(id(ctx.session), [])
        kept.append(text)
        return " and ".join(kept)

    @server.tool(annotations=READS)
    def about(ctx: Context) -> dict[str, Any]:  # type: ignore[type-arg]
        """What this process sees."""
        request = ctx.request_context.request
        header = request.headers.get("authorization") if request is not None else None
        return {"pid": os.getpid(), "cwd": str(Path.cwd()), "names": sorted(os.environ), "authorization": header}

    @server.tool()
    def start_worker() -> int:
        """Leave a process behind."""
        return subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"]).pid

    if more:

        @server.tool()
        def hand_over() -> str:
            """Hand over to a person."""
            return "done"

    return server


@contextmanager
def over_http(server: MCPServer | None = None, *, more: bool = False) -> Iterator[str]:
    """The address of the server (None: a new one), on a free port of this machine."""
    import uvicorn

    config = uvicorn.Config(
        (server or make(more=more)).streamable_http_app(), host="127.0.0.1", port=0, log_level="critical", ws="none"
    )
    http = uvicorn.Server(config)
    thread = threading.Thread(target=http.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not http.started and time.monotonic() < until:
        time.sleep(0.01)
    port = http.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        http.should_exit = True
        http.force_exit = True
        thread.join(10)


if __name__ == "__main__":
    make().run()
