"""Write docs/commands.md from the commands themselves: `make docs`. A test compares, so the page cannot go stale."""

from __future__ import annotations

from pathlib import Path

from click import Context, Group
from click.testing import CliRunner

from evalkit.cli import COMMANDS, cli

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"


def page() -> str:
    """The page as it must be: the help of every command and of every command below it."""
    parts = [
        "# Commands\n\nThis page is made from the commands themselves (`make docs`).\n\n"
        "Exit codes: 0 done, or gate passed · 1 gate failed · 2 usage, configuration or not comparable · "
        "3 inconclusive · 4 run incomplete · 70 a defect of evalkit · 130, 143 interrupted.\n"
    ]
    for name in COMMANDS:
        parts.append(f"\n## evalkit {name}\n\n{_help(name)}")
        command = cli.get_command(Context(cli), name)
        if isinstance(command, Group):
            parts += [
                f"\n### evalkit {name} {sub}\n\n{_help(name, sub)}" for sub in command.list_commands(Context(command))
            ]
    return "".join(parts)


def _help(*command: str) -> str:
    asked = CliRunner().invoke(cli, [*command, "--help"], prog_name="evalkit", terminal_width=100)
    return f"```\n{asked.output.rstrip()}\n```\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
