"""`python -m evalkit.testing.fake_provider --port 8000 --behaviour '{"answers": "letter", "latency_s": 0.2}'`

It prints one line of JSON when it listens: {"port":8000,"base_url":"http://127.0.0.1:8000/v1","pid":4711}
"""

import argparse
import asyncio
import inspect
import os
import signal
import sys
import threading
from pathlib import Path

import orjson

from evalkit.testing.fake_provider import FAULTS, Behaviour, FakeProvider


def main(*given: str) -> int:
    """Serve until a signal, the end of --max-seconds or (with --until-eof) of standard input."""
    parser = argparse.ArgumentParser(prog="python -m evalkit.testing.fake_provider", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    parser.add_argument("--behaviour", default="{}", help="JSON, a JSON file, or - for a first line on standard input")
    parser.add_argument("--account", type=Path, default=None, help="append a line for each finished request")
    parser.add_argument("--max-seconds", type=float, default=600.0, help="life of the server in seconds (600)")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input closes")
    parser.add_argument("--fields", action="store_true", help="print what --behaviour may hold, and end")
    arguments = parser.parse_args(given or None)
    if arguments.fields:
        print(inspect.getdoc(Behaviour))
        print("\nfaults\n" + "\n".join(f"    {name}: {says}" for name, says in FAULTS.items()))
        return 0
    try:
        behaviour = _behaviour(arguments.behaviour)
    except (ValueError, TypeError, OSError) as error:
        print(f"--behaviour: {error}", file=sys.stderr)
        return 2
    asyncio.run(_serve(FakeProvider(behaviour, port=arguments.port, account_path=arguments.account), arguments))
    return 0


def _behaviour(given: str) -> Behaviour:
    if given == "-":
        text = sys.stdin.buffer.readline()
    elif given.lstrip().startswith("{"):
        text = given.encode()
    else:
        text = Path(given).read_bytes()
    return Behaviour().changed(orjson.loads(text))


async def _serve(provider: FakeProvider, arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def wait_for_eof() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(stop.set)

    async with provider:
        if arguments.until_eof:
            threading.Thread(target=wait_for_eof, daemon=True).start()
        port = int(provider.origin.rpartition(":")[2])
        ready = {"port": port, "base_url": provider.base_url, "pid": os.getpid()}
        print(orjson.dumps(ready).decode(), flush=True)
        try:
            await asyncio.wait_for(stop.wait(), arguments.max_seconds)
        except TimeoutError:
            print(f"fake provider: stopped after --max-seconds {arguments.max_seconds:g}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
