"""Walk the board in a real browser: open, filter, compare two models, read a flip, follow a link; photograph pages.

    uv run --extra app --group browser python scripts/board_screenshots.py RESULTS OUT [--chromium /usr/bin/chromium]
    uv run --extra app --group browser python scripts/board_screenshots.py example build/screenshots --only pictures

`example` makes 13 models on 7 tasks and three dates in a temporary folder (`board_example`), with one run going on.
Uses Debian's Chromium through Playwright (no browser is downloaded). Writes OUT/<page>-<light|dark>-<1440|390>.png and
exits 1, naming the step, when a step of the walk does not show what it should. Nothing beyond loopback may be
asked for. `--only axe` lets axe-core (of the package axe-playwright-python) look at every page of the board, and at a
site of the same results, in light and dark: a serious or critical issue ends the walk with 1. `--only docs` takes the
pictures of README and docs as `board-PAGE.png`, in 160 colours.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for the script beside this one

PAGES = ("", "tradeoff", "versus", "sample", "history", "gate", "cost", "runs")
SITE = "site"
"""Stands among the pages for those of a site of the same results."""
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1440, 390)]
DOCS = {"": 1130, "tradeoff": 1000, "gate": 760, "versus": 1080}
"""Page -> height in pixels of its picture in docs/images, which is 1440 wide."""
_WAIT_MS = 60_000


def main() -> int:
    """Start a board, walk it, and photograph every page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder of results, or `example`")
    parser.add_argument("out", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    kinds = ("walk", "visit", "keyboard", "axe", "pictures", "docs")
    parser.add_argument("--only", nargs="+", choices=kinds, default=(), help="just these")
    parser.add_argument("--suite", default="", help="suite to show on the pictures (default: that of the newest run)")
    parser.add_argument("--tallest", type=int, default=3000, help="height of a picture in pixels, at most")
    parser.add_argument("--looks", nargs="*", default=None, help="only these, like light-1440 dark-390")
    parser.add_argument("--pages", nargs="*", default=None, help="only these, without the walk: leaderboard, gate ...")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    pages = PAGES if args.pages is None else ["" if name == "leaderboard" else name for name in args.pages]
    of_board = [name for name in pages if name != SITE]
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    with (
        shown(args.results, others="docs" not in args.only) as results,
        board(results) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=args.chromium, args=["--no-sandbox"])
        whole = not args.only and args.pages is None
        if "walk" in args.only or whole:
            walk(_page(browser, 1440, "light", asked), url)
            choose(_page(browser, 1440, "light", asked), url)
        if "keyboard" in args.only or whole:
            by_keyboard(_page(browser, 1440, "light", asked), url, of_board)
        if "axe" in args.only or whole:
            for scheme in ("light", "dark"):
                without_barriers(_page(browser, 1440, scheme, asked), url, of_board)
                if args.pages is None or SITE in pages:
                    site_without_barriers(_page(browser, 1440, scheme, asked), results)
        if "docs" in args.only:
            for_docs(_page(browser, 1440, "light", asked), url, args.out)
        looks = LOOKS if not args.only or "pictures" in args.only else LOOKS[: "visit" in args.only]
        for scheme, width in looks:
            if args.looks is not None and f"{scheme}-{width}" not in args.looks:
                continue
            page = _page(browser, width, scheme, asked)
            for name in of_board:
                page.goto(f"{url}/{name}{'?suite=' + args.suite if args.suite else ''}")
                settle(page)
                if "visit" not in args.only:
                    _tall(page, width, args.tallest)
                    page.screenshot(path=args.out / f"{name or 'leaderboard'}-{scheme}-{width}.png")
        browser.close()
    if asked:
        print(f"a page opened a dialog or asked for {sorted(set(asked))}", file=sys.stderr)
        return 1
    print("walked")
    return 0


_POLICY = "Content Security Policy"


def _page(browser: Any, width: int, scheme: str, asked: list[str]) -> Any:
    """A tab that notes every address beyond loopback, every dialog and what the pages' own policy refuses: all are
    somebody's text that acts, or a part of a page that does not show."""
    page = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme).new_page()
    page.set_default_navigation_timeout(_WAIT_MS)
    page.on("request", lambda request: _note(request.url, asked))
    page.on("console", lambda said: asked.append(said.text[:300]) if _POLICY in said.text else None)
    page.on("dialog", lambda dialog: (asked.append(f"dialog {dialog.message}"), dialog.dismiss()))
    return page


def for_docs(page: Any, url: str, out: Path) -> None:
    """The pictures of README and docs: the top of a page, in a palette, a third as large."""
    from PIL import Image

    for name, height in DOCS.items():
        page.set_viewport_size({"width": 1440, "height": height})
        page.goto(f"{url}/{name}")
        settle(page)
        path = out / f"board-{name or 'leaderboard'}.png"
        page.screenshot(path=path)
        with Image.open(path) as taken:
            smaller = taken.convert("RGB").quantize(160, dither=Image.Dither.NONE)
        smaller.save(path, optimize=True)


def walk(page: Any, url: str) -> None:
    """The main path of somebody who has to decide."""
    from playwright.sync_api import expect

    started = time.perf_counter()
    page.goto(url)
    expect(page.get_by_role("heading", name="Leaderboard")).to_be_visible(timeout=_WAIT_MS)
    page.locator("canvas").first.wait_for(timeout=_WAIT_MS)
    print(f"first view {time.perf_counter() - started:.2f} s")
    settle(page)
    if (cut := page.evaluate(_CUT_TABLE)) > 2:
        raise AssertionError(f"the leaderboard's table is {cut} pixels wider than the page")
    search = page.get_by_label("Search models")
    search.fill("permissive")
    search.press("Enter")
    page.wait_for_url("**search=permissive**", timeout=_WAIT_MS)
    search.fill("")
    search.press("Enter")
    settle(page)
    link = page.get_by_role("link", name="Compare ")
    if "a=" not in (link.get_attribute("href") or ""):
        raise AssertionError(f"the link carries no query: {link.get_attribute('href')}")
    first, _, second = link.inner_text().rpartition("Compare ")[2].partition(" with ")
    link.click()
    page.wait_for_url("**/versus**", timeout=_WAIT_MS)
    expect(page.get_by_role("heading", name="Versus")).to_be_visible(timeout=_WAIT_MS)
    verdict = page.get_by_role("heading").filter(has_text=first.strip()).filter(has_text=second.strip())
    expect(verdict.first).to_be_visible(timeout=_WAIT_MS)
    expect(page.get_by_text("The prompt as sent")).to_be_visible(timeout=_WAIT_MS)
    settle(page)
    page.get_by_role("link", name="This sample through every model").click()
    page.wait_for_url("**/sample?**", timeout=_WAIT_MS)
    expect(page.get_by_text("The prompt as sent")).to_be_visible(timeout=_WAIT_MS)


def choose(page: Any, url: str) -> None:
    """A model chosen on one page is chosen on the others, and in their addresses."""
    page.goto(f"{url}/tradeoff")
    page.locator("canvas").first.wait_for(timeout=_WAIT_MS)
    settle(page)
    page.locator("[aria-roledescription='point']").last.click()
    page.wait_for_url("**models=**", timeout=_WAIT_MS)
    settle(page)
    (chosen,) = parse_qs(urlsplit(page.url).query)["models"]
    for title in ("Leaderboard", "Sample", "Cost", "Versus"):
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
        page.get_by_role("heading", name=title, exact=True).wait_for(timeout=_WAIT_MS)
        settle(page)
        if "models=" not in page.url:
            raise AssertionError(f"{title} has forgotten the chosen model: {page.url}")
    b = page.get_by_label("B (instead)").first.input_value()
    if chosen not in b:
        raise AssertionError(f"Versus compares with {b!r}, not with the chosen {chosen!r}")


def by_keyboard(page: Any, url: str, pages: Sequence[str]) -> None:
    """Every control of every page is reached by Tab, says where the focus is, and nothing is cut off on a telephone."""
    for name in pages:
        page.goto(f"{url}/{name}")
        settle(page)
        page.evaluate(_LABEL)
        for _ in range(600):  # two minutes: on a loaded machine a start takes half of one
            page.keyboard.press("Tab")
            found = page.evaluate(_FOCUSED)
            if found is None:
                break
            if not found["shown"]:
                raise AssertionError(f"/{name}: the focus cannot be seen on {found['what']}")
        missed = page.evaluate(_MISSED)
        if missed:
            raise AssertionError(f"/{name}: not reached by Tab: {missed}")
        page.set_viewport_size({"width": 390, "height": 900})
        page.wait_for_timeout(600)
        wide = page.evaluate(_TOO_WIDE)
        if wide:
            raise AssertionError(f"/{name}: cut off at 390 pixels: {wide}")
        page.set_viewport_size({"width": 1440, "height": 1000})
    if "sample" not in pages:
        return
    page.goto(f"{url}/sample")
    settle(page)
    review = page.get_by_role("button", name="Review").first
    review.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Your name").wait_for(timeout=_WAIT_MS)
    page.keyboard.press("Escape")
    page.get_by_label("Your name").wait_for(state="hidden", timeout=_WAIT_MS)


def without_barriers(page: Any, url: str, pages: Sequence[str]) -> None:
    """No serious issue that axe-core finds, on these pages of the board."""
    _no_issues(page, [f"{url}/{name}" for name in pages])


def site_without_barriers(page: Any, results: Path) -> None:
    """None on the pages of a site of the same results."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        command = [sys.executable, "-m", "evalkit", "report", "--site", str(site), "--results", str(results)]
        subprocess.run(command, check=True, capture_output=True)
        found = [next((site / part).glob("*.html"), None) for part in ("", "runs", "gates")]
        _no_issues(page, [one.as_uri() for one in found if one is not None])


def _no_issues(page: Any, addresses: Sequence[str]) -> None:
    import axe_playwright_python  # its package carries axe-core; nothing is downloaded

    script = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
    issues = [issue for address in addresses for issue in _issues(page, address, script)]
    if issues:
        raise AssertionError("axe-core finds:\n" + "\n".join(issues))


def _issues(page: Any, address: str, script: str) -> list[str]:
    """What axe-core calls serious or critical on a page, with the first elements that have it."""
    page.goto(address)
    if address.startswith("http"):
        settle(page)
    else:
        page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.evaluate(script)
    violations = page.evaluate("async () => (await axe.run(document)).violations")
    return [
        f"{urlsplit(address).path}: {one['id']} ({one['impact']}): {one['help']}: "
        + " | ".join(node["html"][:160] for node in one["nodes"][:3])
        for one in violations
        if one["impact"] in {"serious", "critical"}
    ]


_CONTROLS = "[data-testid=stMain] :is(a[href], button, input, textarea)"
_LABEL = f"""() => {{ for (const e of document.querySelectorAll('{_CONTROLS}'))
  if (e.checkVisibility() && !e.disabled && e.tabIndex >= 0) e.dataset.unmet = '1' }}"""
_FOCUSED = """() => { const e = document.activeElement; if (!e || e === document.body) return null;
  delete e.dataset.unmet;
  // One Tab enters a group of buttons; the arrows move within it.
  const group = e.closest('[data-testid=stButtonGroup], [role=radiogroup]');
  if (group) for (const one of group.querySelectorAll('[data-unmet]')) delete one.dataset.unmet;
  const s = getComputedStyle(e), itself = e.matches('canvas, canvas *, [data-testid=stMain]');
  return { shown: itself || s.outlineStyle !== 'none' || s.boxShadow !== 'none', what: e.outerHTML.slice(0, 200) } }"""
# A block of code is focused itself, and its text can be copied without the button that a mouse finds over it.
_MISSED = """() => [...document.querySelectorAll('[data-unmet]:not([aria-label="Copy to clipboard"])')].map(
  e => e.ariaLabel || e.innerText || e.outerHTML.slice(0, 120))"""
_TOO_WIDE = """() => [...document.querySelectorAll('[data-testid=stMain] *')].filter(e =>
  !e.closest('[data-testid=stDataFrame], pre, svg defs, clipPath, [aria-hidden=true]') && e.children.length === 0 &&
  e.getBoundingClientRect().width && e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 2)
  .map(e => [e.tagName, e.textContent.slice(0, 40), Math.round(e.getBoundingClientRect().right)])"""
"""Leaves that stick out at the right; tables and blocks of code scroll by themselves."""
_CUT_TABLE = "() => { const e = document.querySelector('.dvn-scroller'); return e.scrollWidth - e.clientWidth }"


def settle(page: Any) -> None:
    """Wait until Streamlit has drawn everything."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for(timeout=_WAIT_MS)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=_WAIT_MS)
    page.wait_for_timeout(900)  # charts draw after the script has ended
    if page.get_by_text("This app has encountered an error").count():
        raise AssertionError(f"{page.url} shows an error in place of the page")


def _tall(page: Any, width: int, tallest: int) -> None:
    """Make the window as tall as the page, so that one picture holds all of it."""
    for _ in range(2):  # a chart that was out of sight is drawn, and takes room, once it comes into sight
        page.set_viewport_size({"width": width, "height": 700})
        page.wait_for_timeout(200)
        height = page.evaluate("() => document.querySelector('[data-testid=\"stMain\"]')?.scrollHeight || 1000")
        page.set_viewport_size({"width": width, "height": max(700, min(int(height) + 20, tallest))})
        page.wait_for_timeout(500)


def _note(url: str, asked: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "file:///")):
        asked.append(url)


@contextmanager
def shown(results: Path, *, others: bool = True) -> Iterator[Path]:
    """The folder to show; for `example` a made one whose unfinished run is held as a live one. `others`: with that run
    and a damaged one."""
    if str(results) != "example":
        yield results
        return
    from evalkit.facts import RunFacts
    from evalkit.store.run_lock import lock_run
    from evalkit.store.runs import update_facts
    from scripts import board_example

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "results"
        board_example.make(made, others=others)
        if not others:
            yield made
            return
        live = next(made.glob("nightly-smoke-*"))
        began = datetime.now(UTC) - timedelta(seconds=95)
        with lock_run(live):
            update_facts(live, RunFacts(status="running", started_at=f"{began:%Y-%m-%dT%H:%M:%SZ}"))
            yield made


@contextmanager
def board(results: Path) -> Iterator[str]:
    """A board on a free port of loopback; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "evalkit", "board", "--results", str(results), "--port", str(port), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):  # two minutes: on a loaded machine a start takes half of one
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                    break
            except OSError:
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    sys.exit(main())
