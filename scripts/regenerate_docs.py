"""Write docs/commands.md from the commands themselves: `make docs`. A test compares, so the page cannot go stale."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from evalkit.cli import COMMANDS, cli

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"


def page() -> str:
    """The page as it must be: every command's own help."""
    parts = [
        "# Commands\n\nThis page is made from the commands themselves (`make docs`).\n\n"
        "Exit codes: 0 done, or gate passed · 1 gate failed · 2 usage, configuration or not comparable · "
        "3 inconclusive · 4 run incomplete · 70 a defect of evalkit · 130, 143 interrupted.\n"
    ]
    for name in COMMANDS:
        asked = CliRunner().invoke(cli, [name, "--help"], prog_name="evalkit", terminal_width=100)
        parts.append(f"\n## evalkit {name}\n\n```\n{asked.output.rstrip()}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
