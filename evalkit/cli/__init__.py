"""The command `evalkit`: one small file per command, imported when it is called.

`evalkit --help` imports click and the standard library only (a test reads `sys.modules`), so it answers at once.

Exit codes: 0 done (or gate passed) · 1 gate failed · 2 usage, configuration or not comparable · 3 inconclusive ·
4 run incomplete · 70 a defect of evalkit · 130, 143 interrupted. click's own exit 1 never leaves this file: it would
read as a failed gate.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from evalkit import __version__

COMMANDS = {
    "run": ("evalkit.cli.run", "Run a suite: ask every model, score, store, print the table."),
    "check": ("evalkit.cli.check", "Validate a suite without sending anything."),
    "init": ("evalkit.cli.init", "Write a suite with comments into a folder of your own."),
    "list": ("evalkit.cli.list", "List stored runs."),
    "show": ("evalkit.cli.show", "Print the table of a stored run."),
    "compare": ("evalkit.cli.compare", "Put two stored results side by side."),
}
"""Command -> (module with a click command named `command`, the line shown in --help)."""


class _Commands(click.Group):
    """A group whose commands are imported only when one of them is called or asks for its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version=__version__, message="evalkit %(version)s")
def cli() -> None:
    """Measure whether a production model may be swapped: quality beside cost and latency, on your own tasks."""


def main(args: list[str] | None = None) -> None:
    """Run the command line and leave the process with an exit code of ours. Never returns."""
    sys.exit(run_command(args))


def run_command(args: list[str] | None) -> int:
    """Run the command line; the exit code. Every error has become a message on stderr by then."""
    try:
        result: Any = cli.main(args=args, prog_name="evalkit", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:  # `evalkit show | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the edge of the process: every error becomes a message and a code
        return _told(error)
    return result if isinstance(result, int) else 0


def _told(error: Exception) -> int:
    from evalkit.errors import EvalkitError

    if isinstance(error, EvalkitError):
        from evalkit.report.hostile import visible

        # What a provider, a suite or a file name brought along may hold anything.
        click.echo(visible(f"evalkit: {error}", limit=50_000, lines=True), err=True)
        return error.exit_code
    import traceback

    traceback.print_exception(error, file=sys.stderr)
    click.echo("evalkit: this is a defect of evalkit, not of your suite. Please report the lines above.", err=True)
    return 70
