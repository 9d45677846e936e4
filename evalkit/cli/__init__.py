"""The command `evalkit`: one small file per command, imported when it is called.

`evalkit --help` imports click and the standard library only (a test reads `sys.modules`), so it answers at once.

Exit codes: 0 done (or gate passed) · 1 gate failed · 2 usage, configuration or not comparable · 3 inconclusive ·
4 run incomplete · 70 a defect of evalkit · 130, 143 interrupted. click's own exit 1 never leaves this file: it would
read as a failed gate.

Standard output and error that may be closed, full or gone: printing must never change what a command did.

`evalkit run ... | head -1`, `>&-`, `2>/dev/full`: the run is complete and stored whatever becomes of its table. A
reader that has seen enough is no error. A full disk behind stdout is one, told by the exit code (see `cli.main`).
"""

from __future__ import annotations

import codecs
import contextlib
import gc
import importlib
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, TextIO, cast

import click

from evalkit import __version__, child
from evalkit.cli.interrupts import TERMINATED, queries_stop

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


CLOSED_PIPE = 141
"""As a shell tells of a program that SIGPIPE ended."""
COMMANDS = {
    "run": ("evalkit.cli.run", "Run a suite: ask every model, score, store, print the table."),
    "check": ("evalkit.cli.check", "Validate a suite without sending anything."),
    "plan": ("evalkit.cli.plan", "Say what a run would take: requests, tokens, dollars, minutes. Sends nothing."),
    "power": ("evalkit.cli.power", "Say how many items and repeats the next gate needs, from an earlier run."),
    "init": ("evalkit.cli.init", "Write a suite with comments into a folder of your own."),
    "tasks": ("evalkit.cli.tasks", "List and search the tasks that a suite can use, and what data each needs."),
    "list": ("evalkit.cli.list", "List stored runs."),
    "show": ("evalkit.cli.show", "Print the table of a stored run."),
    "compare": ("evalkit.cli.compare", "Put two stored results side by side."),
    "gate": ("evalkit.cli.gate", "Decide whether a candidate may replace the baseline: pass, fail, inconclusive."),
    "baseline": ("evalkit.cli.baseline", "Promote the rows of a model as a baseline; list and show baselines."),
    "sign": ("evalkit.cli.sign", "Sign a run with an SSH key, or check who signed it."),
    "dossier": ("evalkit.cli.dossier", "Record a run and its verdict in an append-only file; verify that file."),
    "rescore": ("evalkit.cli.rescore", "Score the stored answers of a run again, without asking any model."),
    "price": ("evalkit.cli.price", "Print the bill of a stored run, or price it anew."),
    "load": ("evalkit.cli.load", "Load-test one model of a suite until it is full: capacity, SLO, cost per token."),
    "breakeven": ("evalkit.cli.breakeven", "At which volume own GPUs cost less than an API."),
    "board": ("evalkit.cli.board", "Open the leaderboard in a browser."),
    "report": ("evalkit.cli.report", "Write a stored run as one self-contained HTML page."),
    "corpus": ("evalkit.cli.corpus", "Print figures of whole tasks: macro-F1, corpus BLEU and chrF, pass@k, pass^k."),
    "judge-data": ("evalkit.cli.judge_data", "Write a run's answers as items for a judge, alone or in pairs."),
    "judge-check": ("evalkit.cli.judge_check", "Measure a judge against people's labels."),
    "lm-eval": ("evalkit.cli.lm_eval", "Run tasks of lm-eval against one model, without writing a suite."),
    "import": ("evalkit.cli.import_", "Turn results of another tool into a run."),
    "export": (
        "evalkit.cli.export",
        "Write a run's rows as CSV, Parquet, JSONL or lm-eval samples, its figures for MLflow, W&B.",
    ),
    "cache": ("evalkit.cli.cache", "Say how large the response cache is; prune or clear it."),
    "schema": ("evalkit.cli.schema", "Print the JSON schema of suite files, for editors."),
    "completion": ("evalkit.cli.completion", "Print the script by which your shell completes commands."),
    "doctor": ("evalkit.cli.doctor", "Say what this machine can run, and the next command."),
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
        from evalkit.text.escape import hold_logs

        hold_logs()
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and lines of the commands; imports none of them."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=about) for name, (_, about) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

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

    out, _ = guard()
    code = run_command(args)
    out.flush()
    if out.failure is not None and not isinstance(out.failure, BrokenPipeError):
        click.echo(
            f"evalkit: the output could not be written ({out.failure.strerror}). What was done is stored: evalkit show",
            err=True,
        )
        code = code or 4
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    if "duckdb" not in sys.modules:  # which tells of every object that it finds alive at the end
        gc.freeze()  # the interpreter's last search for garbage would walk everything once more
    sys.exit(code)


def run_command(args: list[str] | None) -> int:
    """Run the command line; the exit code. Every error has become a message on stderr by then."""
    child.keep_path_absolute()
    if (runs := sys.modules.get("evalkit.store.runs")) is not None:
        runs.unvouched.clear()
    try:
        with queries_stop():
            result: object = cli.main(args=args, prog_name="evalkit", standalone_mode=False)
    except click.ClickException as error:
        if "unexpected extra argument" in error.message and "--markdown" in (args or sys.argv):
            error = click.UsageError(
                f"{error.message}. Here --markdown prints to standard output: end the line with > FILE",
                getattr(error, "ctx", None),
            )
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except SystemExit as ended:  # 0: a shell asked for completions; 1: click's own answer to a closed pipe
        return ended.code if ended.code in (0, TERMINATED) else CLOSED_PIPE  # 1 would read as a failed gate
    except Exception as error:  # noqa: BLE001 - the edge of the process: every error becomes a message and a code
        if _was_interrupted(error):
            click.echo("interrupted", err=True)
            return 130
        return _told(error)
    return result if isinstance(result, int) else 0


def _was_interrupted(error: Exception) -> bool:
    """Whether it is what a C extension made of Ctrl-C: an import that failed, or DuckDB's own words."""
    return isinstance(error.__cause__, KeyboardInterrupt) or (
        type(error) is RuntimeError and str(error) == "Query interrupted"
    )


def _of_edited_facts(error: Exception) -> str | None:
    """A sentence where the command stumbled over a run.json that is not what evalkit wrote; None where it read none."""
    runs = sys.modules.get("evalkit.store.runs")
    if (
        runs is None
        or not runs.unvouched
        or not isinstance(error, TypeError | AttributeError | LookupError | ValueError)
    ):
        return None
    from evalkit.errors import place_of
    from evalkit.text.escape import visible

    place = place_of(error)
    named = ", ".join(sorted(map(str, runs.unvouched))[:3])
    return visible(
        f"evalkit: {named} is not what evalkit wrote (edited, damaged, or of an early version), and cannot be used as "
        f"it is ({type(error).__name__} at {place}: {error}). Restore it (`evalkit list` says which runs were edited), "
        "or report this line if nobody touched it.",
        limit=2_000,
    )


def _told(error: Exception) -> int:
    from evalkit.errors import EvalkitError

    if isinstance(error, EvalkitError):
        from evalkit.text.escape import visible

        # What a provider, a suite or a file name brought along may hold anything.
        click.echo(visible(f"evalkit: {error}", limit=50_000, lines=True), err=True)
        return error.exit_code
    if (told := _of_edited_facts(error)) is not None:
        click.echo(told, err=True)
        return 2
    import errno
    import traceback

    from evalkit.text.escape import visible

    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        named = visible(str(error.filename), limit=80)
        click.echo(f"evalkit: {named}: the name is longer than a file system takes; use a shorter one", err=True)
        return 2
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":  # DuckDB's
        click.echo(
            "evalkit: there is not enough memory for this here. Read or ask less at a time, or give evalkit more.",
            err=True,
        )
        return 2
    # What the error quotes may be anybody's text.
    click.echo(visible("".join(traceback.format_exception(error)).rstrip(), limit=50_000, lines=True), err=True)
    click.echo("evalkit: this is a defect of evalkit, not of your suite. Please report the lines above.", err=True)
    return 70


class Forgiving:
    """A text stream that swallows its own failure, once and for all, and remembers it. No key goes through it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        """What went wrong with writing; None while all is well. A closed pipe is kept as BrokenPipeError."""

    def write(self, text: str) -> int:
        """Write, or pretend to once the stream has failed."""
        if not isinstance(text, str):
            raise TypeError("a text stream takes str")
        if self.failure is None:
            try:
                known = sys.modules.get("evalkit.text.secrets")  # not loaded where nobody was given a key
                self._stream.write(text if known is None else known.without_keys(text))
            except OSError as error:
                self._fail(error)
        return len(text)

    def flush(self) -> None:
        """Flush, or pretend to."""
        if self.failure is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = error
        with suppress(OSError, ValueError):  # what is buffered must not fail again when the process ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def guard() -> tuple[Forgiving, Forgiving]:
    """Put forgiving streams in place of stdout and stderr; a stream that was closed at the start leads nowhere."""
    out, err = Forgiving(_or_nowhere(sys.stdout)), Forgiving(_or_nowhere(sys.stderr))
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    return out, err


def _or_nowhere(stream: TextIO | None) -> TextIO:
    nowhere: IO[str] = stream if stream is not None else open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    # click writes past an ASCII stream to the bytes behind it, and so past `Forgiving`; as UTF-8 it leaves it alone.
    if isinstance(nowhere, TextIOWrapper) and _is_ascii(nowhere.encoding):
        nowhere.reconfigure(encoding="utf-8", errors="backslashreplace")
    return cast(TextIO, nowhere)


def _is_ascii(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "ascii"
    except LookupError:
        return False
