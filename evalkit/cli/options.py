"""Options that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from evalkit.cli.printing import echo

Command = TypeVar("Command", bound=Callable[..., Any])


class GivenPath(click.Path):
    """A path that somebody wrote: an empty text, as of a variable that is not set, would mean the working directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty: is a variable of it not set?", param, ctx)
        return super().convert(value, param, ctx)


def names(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Comma separated names as a tuple; None when the option was not given. Raises on an empty list."""
    if value is None:
        return None
    listed = tuple(name.strip() for name in value.split(",") if name.strip())
    if not listed:
        raise click.BadParameter("names none; write it like --models gpt,claude", ctx=ctx, param=parameter)
    return listed


def limit(command: Command) -> Command:
    """`--limit N` or `--limit 10%`: only a part of each task, as `limit` and `limit_share`."""

    def read(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
        ctx.params["limit_share"] = None
        if value is None:
            return None
        text = value.strip()
        try:
            if text.endswith("%"):
                share = float(text[:-1]) / 100
                if 0 < share <= 1:
                    ctx.params["limit_share"] = share
                    return None
            elif "." in text:  # lm-eval's way to say a share
                if 0 < float(text) < 1:
                    ctx.params["limit_share"] = float(text)
                    return None
            elif (n := int(text)) >= 1:
                return n
        except ValueError:
            pass
        raise click.BadParameter(f"{value!r} is no number of samples from 1, nor a share like 10% or 0.1")

    return click.option(
        "--limit",
        metavar="N|P%",
        callback=read,
        help="Only this many samples of each task, or this share of them like 10% or 0.1 (seeded choice).",
    )(command)


def changes(command: Command) -> Command:
    """`--set KEY=VALUE`, `--seed N`, `--repeats N`: other values than the suite's, as `changes`."""
    command = click.option("--repeats", type=click.IntRange(min=1), help="Ask each sample so many times.")(command)
    command = click.option("--seed", type=int, help="Another seed than the suite's `run: seed`.")(command)
    return click.option(
        "--set",
        "changes",
        multiple=True,
        metavar="KEY=VALUE",
        help="Another value than the suite's: models.gpt.settings.temperature=0, tasks.NAME.limit.n=20.",
    )(command)


def with_changes(given: dict[str, Any]) -> dict[str, Any]:
    """The options of a command in which --seed and --repeats have become changes of the suite's `run:`."""
    own = {name: given.pop(name, None) for name in ("seed", "repeats")}
    more = tuple(f"run.{name}={value}" for name, value in own.items() if value is not None)
    return {**given, "changes": (*given["changes"], *more)}


def task_tags(command: Command) -> Command:
    """`--tag WORD`: only tasks with this tag, as `task_tags`."""
    return click.option(
        "--tag", "task_tags", multiple=True, metavar="WORD", help="Only tasks with this tag; repeatable."
    )(command)


def suite_and_parts(command: Command) -> Command:
    """SUITE, `--models`, `--tasks`, `--tag`, `--set`, `--seed` and `--repeats`: a suite, and what of it is meant."""
    command = task_tags(changes(command))
    for whole in ("tasks", "models"):
        command = click.option(f"--{whole}", callback=names, help=f"Only these {whole} of the suite, comma separated.")(
            command
        )
    return click.argument("suite", type=GivenPath(path_type=Path))(command)


def persons_words(command: Command) -> Command:
    """What every command takes that plans a suite: prices, keys, folders, and the person's words on what it may do."""
    command = allow_suite_code(least_sensitivity(suite_words(data_roots(results_folder(command)))))
    return prices_file(key_hosts(env_file(command)))


def env_file(command: Command) -> Command:
    """`--env-file FILE`: keys from a file of KEY=VALUE lines, for as long as the command lasts.

    It is read when every other word of the command line is known: some of them say what may be taken from it.
    """

    @wraps(command)
    def with_keys(*given: Any, env_file: Path | None, **words: Any) -> Any:
        if env_file is not None:
            from evalkit.api.env_file import put_into_environment

            named = (host.rpartition("@")[0] for host in words.get("allow_key_host") or ())
            put = put_into_environment(env_file, {*named})
            click.get_current_context().call_on_close(put.undo)
            if put.left:
                shown = ", ".join(put.left[:_MOST_LEFT]) + (" and others" if len(put.left) > _MOST_LEFT else "")
                echo(f"note: --env-file {env_file} sets no {shown}: {_NO_KEY}", err=True)
        return command(*given, **words)

    return click.option(
        "--env-file",
        type=GivenPath(path_type=Path),
        metavar="FILE",
        help="Take keys from this file of KEY=VALUE lines; what is set already stays.",
    )(cast(Command, with_keys))


_MOST_LEFT = 10
"""Names in one note."""
_NO_KEY = "not called like a key (NAME_API_KEY); what a suite may use is taken with --allow-env NAME"


def results_folder(command: Command) -> Command:
    """`--results DIR`: where run folders are (EVALKIT_RESULTS, else ./results)."""
    return _folder(command, "results", "EVALKIT_RESULTS", "Folder of run folders")


def board_command(folder: Path) -> str | None:
    """What opens the board over the results folder of a run; None where the board is not installed."""
    from importlib.util import find_spec

    if find_spec("streamlit") is None:
        return None
    return f"evalkit board{results_option(folder)}"


def results_option(folder: Path) -> str:
    """` --results FOLDER` for a command about a run that is not in the default results folder, else nothing."""
    import shlex

    from evalkit.store.runs import default_results
    from evalkit.text.escape import visible

    results = folder.resolve().parent
    if results == default_results().resolve():
        return ""
    return f" --results {shlex.quote(visible(str(results), limit=400))}"


def markdown_tables(command: Command) -> Command:
    """`--markdown`: the same tables as Markdown on stdout, for a pull request or a wiki."""
    return click.option("--markdown", is_flag=True, help="Print the tables as Markdown.")(command)


def as_json(command: Command) -> Command:
    """`--json`: one JSON object on stdout, for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")(command)


def prices_file(command: Command) -> Command:
    """`--prices FILE`: the person's own price file."""
    option = click.option(
        "--prices", type=GivenPath(path_type=Path), help="Your own price file; wins over the price book."
    )
    return option(command)


def key_hosts(command: Command) -> Command:
    """`--allow-key-host HOST`: hosts that keys may be sent to besides their own."""
    option = click.option(
        "--allow-key-host",
        multiple=True,
        metavar="HOST",
        help="Allow keys to be sent to this host too: HOST, or VARIABLE@HOST for one key.",
    )
    return option(command)


def data_roots(command: Command) -> Command:
    """`--data-root DIR`: the person's word on which folders a suite may read besides its own."""

    def read(ctx: click.Context, parameter: click.Parameter, value: tuple[Path, ...]) -> None:
        from evalkit.paths import forget_roots, name_roots

        name_roots(value)
        ctx.call_on_close(forget_roots)

    return click.option(
        "--data-root",
        type=GivenPath(path_type=Path),
        multiple=True,
        metavar="DIR",
        expose_value=False,
        callback=read,
        help="Let the suite read files of this folder besides its own (or EVALKIT_DATA_ROOTS).",
    )(command)


def suite_words(command: Command) -> Command:
    """The person's words on endpoints, variables, plain http and tools: `--policy`, `--allow-env` and the like."""
    from evalkit.trust import ALLOWED_ENV, CALLOUTS, HTTP_HOSTS, Allowance

    def taken(word: Allowance) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], None]:
        def take(ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
            word.add(value)
            ctx.call_on_close(word.forget)

        return take

    def policy(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> None:
        from evalkit.suite.policy import name_policy

        name_policy(value)
        ctx.call_on_close(lambda: name_policy(None))

    command = click.option(
        "--policy",
        type=GivenPath(path_type=Path),
        metavar="FILE",
        expose_value=False,
        callback=policy,
        help="Your policy of which endpoints may receive what, docs/safety.md (or EVALKIT_POLICY).",
    )(command)
    for word, metavar, about in (
        (HTTP_HOSTS, "HOST", "Let prompts go to this host without encryption, like ollama or 10.0.0.5"),
        (ALLOWED_ENV, "NAME", "Let the suite use this variable, in ${NAME} or as key_env"),
        (CALLOUTS, "HOST|TOOL", "Let providers pass parts of prompts on to this host, or by this tool"),
    ):
        command = click.option(
            word.option,
            multiple=True,
            metavar=metavar,
            expose_value=False,
            callback=taken(word),
            help=f"{about} (or {word.variable}).",
        )(command)
    return command


def least_sensitivity(command: Command) -> Command:
    """`--sensitivity LEVEL`: the person's word on how sensitive prompts are, where the suite says less."""

    def at_least(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        from evalkit.suite.sensitivity import demand

        demand(value)
        ctx.call_on_close(lambda: demand(None))

    return click.option(
        "--sensitivity",
        type=click.Choice(["public", "internal", "restricted"]),
        expose_value=False,
        callback=at_least,
        help="Treat the suite's prompts as at least this sensitive (or EVALKIT_SENSITIVITY).",
    )(command)


def allow_suite_code(command: Command) -> Command:
    """`--allow-suite-code`: the person's word that what a suite brings along may run."""
    return click.option(
        "--allow-suite-code",
        is_flag=True,
        help="Let the suite run code of its own: programs and functions as models, classes that carry out agents' "
        "tools, task files with !function, server flags that load programs.",
    )(command)


def allow_code_execution(command: Command) -> Command:
    """`--allow-code-execution`: the person's word that code which models wrote may run, behind the walls of `code`."""

    def allow(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            from evalkit.scorers.code_worker import allow as let_run

            let_run()

    return click.option(
        "--allow-code-execution",
        is_flag=True,
        expose_value=False,
        callback=allow,
        help="Let the scorer `code` run what models wrote (own process, no network, nothing written).",
    )(command)


def baselines_folder(command: Command) -> Command:
    """`--baselines DIR`: where promoted baselines are (EVALKIT_BASELINES, else ./baselines)."""
    return _folder(command, "baselines", "EVALKIT_BASELINES", "Folder of promoted baselines")


def gate_files(command: Command) -> Command:
    """`--markdown FILE` and `--junit FILE`: the gate's decision for a pull request and for a CI server."""
    path = OutFile()
    command = click.option("--junit", type=path, metavar="FILE", help="Write the verdict as JUnit XML.")(command)
    return click.option("--markdown", type=path, metavar="FILE", help="Write the verdict as Markdown.")(command)


def signed(command: Command) -> Command:
    """`--signed-baseline FILE` and `--signed-run FILE`: what has to be signed before a gate decides, and by whom."""
    path = GivenPath(path_type=Path, dir_okay=False)
    command = click.option(
        "--signed-run",
        type=path,
        metavar="SIGNERS",
        help="Refuse a run that nobody in this allowed_signers file signed.",
    )(command)
    return click.option(
        "--signed-baseline",
        type=path,
        metavar="SIGNERS",
        envvar="EVALKIT_SIGNED_BASELINE",
        help="Refuse a promoted baseline that nobody in this file signed (or EVALKIT_SIGNED_BASELINE).",
    )(command)


class OutFile(click.Path):
    """A file that a command writes. `-` is refused: it means standard output elsewhere, and would be a file here."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value) == "-":
            self.fail("'-' names no file; standard output is /dev/stdout.", param, ctx)
        return super().convert(value, param, ctx)


class _Folder(click.Path):
    """A folder of this machine. An address (s3://, gs://, https://) is refused: as a path it would name a folder `s3:`
    here, and nothing would arrive there."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from evalkit.store.runs import results_at

        return super().convert(results_at(value), param, ctx)


def _folder(command: Command, name: str, variable: str, about: str) -> Command:
    """`--NAME DIR`, else what the environment's variable says, else ./NAME."""
    return click.option(
        f"--{name}",
        type=_Folder(path_type=Path),
        envvar=variable,
        default=Path(name),
        show_default=True,
        help=f"{about} (or {variable}).",
    )(command)


def print_json(value: object, *, default: Callable[[object], str] | None = None) -> int:
    """What `--json` prints: one object on stdout. 0, the exit code of a command that has no more to say.

    `default` writes what is no JSON; None: nothing may be.
    """
    from evalkit.text.escape import json_line

    sys.stdout.write(json_line(value, default=default))
    return 0
