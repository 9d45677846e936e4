"""The first canvas of the board in a real browser, with nothing cached: where the time goes.

    uv run --group browser python -m benchmarks.board_canvas [RESULTS] [--times 5] [--chromium /usr/bin/chromium]

Debian's Chromium opens the leaderboard of the 13 example models (`scripts/board_example.py`), each time in a fresh
profile; the first time the server has drawn nothing yet either. Said of each: when the WebSocket opened (Streamlit's
own bundle is loaded by then), when the server had drawn the page, when the first canvas stood, and the processor's time
of the browser's main thread and of the server. Goal: 2 s. On a busy machine only the processors' times mean something.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.board_load import _cpu_s, _listening
from scripts.board_screenshots import board, shown

GOAL_S = 2.0


def main() -> int:
    """Open, measure, print; 1 where the goal is missed in the median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", default=Path("example"))
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with shown(args.results) as results, board(results) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=args.chromium, args=["--no-sandbox"])
        server = _listening(int(url.rpartition(":")[2]))
        found = [_once(browser, url, server) for _ in range(args.times)]
        browser.close()
    for n, one in enumerate(found):
        print(f"  {'first' if n == 0 else 'later'}  " + "  ".join(f"{what} {s:5.2f} s" for what, s in one.items()))
    middle = statistics.median(one["canvas"] for one in found)
    print(f"  canvas: median {middle:.2f} s, goal < {GOAL_S:g}; load {os.getloadavg()[0]:.1f}")
    return int(middle >= GOAL_S)


def _once(browser: Any, url: str, server: int) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    opened: list[float] = []
    frames: list[float] = []

    def listen(socket: Any) -> None:
        opened.append(time.perf_counter())
        socket.on("framereceived", lambda frame: frames.append(time.perf_counter()))

    page.on("websocket", listen)
    cpu, began = _cpu_s(server), time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator("canvas").first.wait_for(timeout=60_000)
    canvas = time.perf_counter() - began
    told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for(timeout=60_000)
    context.close()
    return {
        "socket": opened[0] - began,
        "drawn by the server": frames[-1] - began,
        "canvas": canvas,
        "browser's CPU": told["TaskDuration"],
        "server's CPU": _cpu_s(server) - cpu,
    }


if __name__ == "__main__":
    sys.exit(main())
