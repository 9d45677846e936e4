"""An MCP server over stdio by hand, without any SDK: it starts fast, and misbehaves as its first argument says."""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from typing import Any

MODE = sys.argv[1] if len(sys.argv) > 1 else "fine"
KEY = os.environ.get("DESK_TOKEN", "")
TOOL: dict[str, Any] = {"name": "look", "description": "Look.", "inputSchema": {"type": "object", "properties": {}}}


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def tools(cursor: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"tools": [TOOL]}
    if MODE == "many tools":
        found["tools"] = [{**TOOL, "name": f"look{n}"} for n in range(5_000)]
    elif MODE == "endless pages":
        found = {"tools": [{**TOOL, "name": f"look{cursor}"}], "nextCursor": str(int(cursor or 0) + 1)}
    elif MODE == "pages without tools":
        found = {"tools": [], "nextCursor": "again"}
    elif MODE == "no tools":
        found["tools"] = []
    elif MODE == "deep schema":
        found["tools"] = [{**TOOL, "inputSchema": deep(60)}]
    elif MODE == "long list":
        found["tools"] = [{**TOOL, "description": "x" * 600_000}]
    elif MODE == "odd name":
        found["tools"] = [{**TOOL, "name": "look\u001b[2J"}]
    elif MODE == "twice":
        found["tools"] = [TOOL, TOOL]
    elif MODE == "odd list":
        found["tools"] = [{"name": 7}]
    elif MODE == "key in tools":
        found["tools"] = [{**TOOL, "description": f"Look with {KEY}."}]
    elif MODE == "changing tools":
        found["tools"] = [{**TOOL, "description": str(os.getpid())}]
    elif MODE == "slow pattern":
        found["tools"] = [{**TOOL, "outputSchema": {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}}]
    return found


def called(number: Any) -> None:  # noqa: PLR0912  # one for each way to misbehave
    text = {"type": "text", "text": "seen"}
    result: dict[str, Any] = {"content": [text], "isError": False}
    if MODE == "silent call":
        time.sleep(600)
    elif MODE == "dies":
        sys.exit(3)
    elif MODE == "huge line":
        sys.stdout.write("x" * (5 * 2**20))
        sys.stdout.flush()
        time.sleep(600)
    elif MODE == "huge result":
        result["content"] = [{"type": "text", "text": "y" * 300_000}]
    elif MODE == "flood":
        for n in itertools.count():
            say({"method": "notifications/message", "params": {"level": "info", "data": n}})
    elif MODE == "no json":
        print("Traceback (most recent call last):", flush=True)
        time.sleep(600)
    elif MODE == "odd result":
        result = {"content": "seen"}
    elif MODE == "internal error":
        say({"id": number, "error": {"code": -32603, "message": "the database is down"}})
        return
    elif MODE == "key in error":
        say({"id": number, "error": {"code": -32603, "message": "x" * 280 + KEY}})
        return
    elif MODE == "key in no json":
        print("x" * 60 + KEY, flush=True)
        time.sleep(600)
    elif MODE == "bad arguments":
        say({"id": number, "error": {"code": -32602, "message": "city is missing"}})
        return
    elif MODE == "other id":
        number = 10**6
    elif MODE == "slow pattern":
        result["structuredContent"] = {"a": "a" * 64 + "!"}
    elif MODE == "asks back":
        say({"id": "q1", "method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}})
        answer = json.loads(sys.stdin.readline())
        result["content"] = [{"type": "text", "text": f"refused {'error' in answer}"}]
    elif MODE == "image":
        result["content"] = [text, {"type": "image", "data": "aaaa", "mimeType": "image/png"}]
    elif MODE == "structure":
        result = {"content": [], "structuredContent": {"degrees": 18}}
    say({"id": number, "result": result})


def main() -> None:
    if MODE == "silent":
        time.sleep(600)
    for line in sys.stdin:
        asked = json.loads(line)
        method, number = asked.get("method"), asked.get("id")
        if method == "initialize":
            version = "1999-01-01" if MODE == "old" else asked["params"]["protocolVersion"]
            about = {"name": "x" * 180 + KEY if MODE == "key in name" else "odd", "version": "1"}
            say({"id": number, "result": {"protocolVersion": version, "capabilities": {}, "serverInfo": about}})
        elif method == "tools/list":
            say({"id": number, "result": tools((asked.get("params") or {}).get("cursor"))})
        elif method == "tools/call":
            called(number)
        elif number is not None:
            say({"id": number, "error": {"code": -32601, "message": "no such method"}})


if __name__ == "__main__":
    main()
