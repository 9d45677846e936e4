"""Build the documentation site into build/site, strictly: a dead link or an unknown reference ends it with exit code 1.

    uv run --isolated --group docs python scripts/build_site.py

The pages stay where GitHub shows them. A copy of them is laid out in build/site-source with the same relative paths, so
that every link means the same on the site.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
SOURCE, SITE = REPO / "build" / "site-source", REPO / "build" / "site"
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
SHOWN = ("docs", "suites", "examples")
"""Folders that pages lie in or link to."""
ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>', re.MULTILINE)
"""How a paragraph is named on GitHub; Sphinx has its own way to say it."""
LINKED = (".md", ".png", ".json", ".yaml", ".yml", ".py", ".toml")


def lay_out() -> Path:
    """The folder that Sphinx reads, made anew."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    for name in PAGES:
        if (REPO / name).is_file():
            shutil.copy(REPO / name, SOURCE / name)
    for folder in SHOWN:
        for file in sorted((REPO / folder).rglob("*")):
            if file.is_file() and file.suffix in LINKED:
                target = SOURCE / file.relative_to(REPO)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
    for file in (REPO / "site").glob("*"):
        if file.is_file():
            shutil.copy(file, SOURCE / file.name)
    for page in SOURCE.rglob("*.md"):
        text = page.read_text("utf-8")
        if ANCHOR.search(text):
            page.write_text(ANCHOR.sub(r"(\1)=\n", text), "utf-8")
    return SOURCE


def main() -> int:
    """Lay out and build; Sphinx's exit code."""
    try:
        from sphinx.cmd.build import main as sphinx
    except ModuleNotFoundError:
        print("the site needs Sphinx: uv run --isolated --group docs python scripts/build_site.py", file=sys.stderr)
        return 2
    source = lay_out()
    shutil.rmtree(SITE, ignore_errors=True)
    code = sphinx(["-W", "--keep-going", "-q", "-j", "auto", "-b", "html", str(source), str(SITE)])
    if code == 0:
        print(f"wrote {SITE.relative_to(REPO) / 'index.html'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
