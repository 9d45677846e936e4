"""What messages say of the command line, said to somebody who calls evalkit from Python.

    in_python("run again with --no-cache")              # run again with cache=False
    in_python("Make one: evalkit run SUITE --new")      # Make one: evalkit.run(SUITE, new=True)

Messages name options of the commands, since most people meet them there. Whatever leaves a Python function passes here,
once: errors by `said_in_python`, around everything that such a function does, notes by `in_python`. What Python has no
parameter for stays the command that it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from evalkit.errors import EvalkitError, SuiteError, Unpaired

SWITCHES = {
    "--allow-code-execution": "allow_code_execution=True",
    "--allow-recorded": "allow_recorded=True",
    "--allow-suite-code": "allow_suite_code=True",
    "--force": "force=True",
    "--gate": "gate=True",
    "--new": "new=True",
    "--no-cache": "cache=False",
    "--samples": "samples=True",
}
LISTS = {
    "--allow-callout": "allow_callout",
    "--allow-env": "allow_env",
    "--allow-http-host": "allow_http_host",
    "--allow-key-host": "allow_key_host",
    "--data-root": "data_roots",
    "--models": "models",
    "--set": "changes",
    "--tag": "task_tags",
    "--tasks": "tasks",
}
TEXTS = {
    "--baselines": "baselines",
    "--map": "map",
    "--planned": "planned",
    "--policy": "policy",
    "--prices": "prices",
    "--record-tools": "record_tools",
    "--results": "results",
    "--resume": "resume",
    "--sensitivity": "sensitivity",
    "--suite": "suite",
    "--sweeps": "sweeps",
}
NUMBERS = {
    "--limit": "limit",
    "--max-cost": "max_cost_usd",
    "--repeats": "repeats",
    "--requests-per-minute": "requests_per_minute",
    "--seed": "seed",
    "--tokens-per-minute": "tokens_per_minute",
}
"""Options of commands, each with the parameter of a Python function that means the same, by what it takes."""
FUNCTIONS = ("run", "plan", "gate")
"""Commands that Python has as functions of the same name with the same first argument."""
NO_VALUE = {
    *("again", "alone", "and", "asks", "at", "by", "continues", "for", "gives", "in", "instead", "is", "leaves"),
    *("means", "names", "of", "on", "or", "says", "shows", "starts", "tells", "that", "the", "to", "too"),
    *("which", "with"),
}
"""Words that follow an option in a sentence, and are no value of it."""

_FLAG = r"(?<![\w<!-])--[a-z][a-z-]*[a-z](?![\w=])"
_VALUE = r"'[^']*'|\"[^\"]*\"|[^\s()\[\]`'\"]*[^\s()\[\]`'\".,;:!?]"
_OPTION = re.compile(rf"({_FLAG})(?: ((?!--)(?:{_VALUE})))?")
_COMMAND = re.compile(
    rf"(?<![\w.])evalkit ([a-z][a-z-]*)((?: (?!--)[^\s().,;:`]+){{0,3}}?)((?:(?<!,) {_FLAG}(?: (?!--)(?:{_VALUE}))?)+)"
)
_OTHERS = re.compile(r"(?<![\w.])(?:uv|uvx|pipx|docker|hf|inspect) [^.;()\n]*--[a-z-]+")
_CALL = re.compile(r"(?<![\w.])evalkit run ([A-Z]+)\b")
_AGAIN = re.compile(r"\b([Rr])un the same command again")
_by_command: list[None] = []


def in_python(text: str) -> str:
    """The text with parameters of the Python functions in the place of options of the commands."""
    if "--" in text or "evalkit run " in text:
        kept: list[str] = []

        def command(found: re.Match[str]) -> str:
            kept.append((_as_call(found) if found.re is _COMMAND else None) or found[0])
            return f"\0{len(kept) - 1}\0"

        text = _CALL.sub(r"evalkit.run(\1)", _COMMAND.sub(command, _OTHERS.sub(command, text)))
        text = _OPTION.sub(_as_parameter, text)
        text = re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], text)
    text = _AGAIN.sub(lambda found: ("M" if found[1] == "R" else "m") + "ake the same call again", text)
    return text.replace("the same command", "the same call").replace("on the command line", "in the call")


def _as_call(found: re.Match[str]) -> str | None:
    """`evalkit run SUITE --new` as a call; None where Python has no such function, or not all of its options."""
    name, given, options = found[1], found[2].split(), found[3]
    parameters = [_parameter(one[1], one[2]) for one in _OPTION.finditer(options)]
    if name not in FUNCTIONS or len(given) > 1 or None in parameters or options.count(" --") != len(parameters):
        return None
    return f"evalkit.{name}({', '.join([*(given or ['...']), *filter(None, parameters)])})"


def _as_parameter(found: re.Match[str]) -> str:
    flag, value = found[1], found[2]
    if value is not None and (flag in SWITCHES or value in NO_VALUE):
        return f"{_parameter(flag, None) or flag} {value}"
    return _parameter(flag, value) or found[0]


def _parameter(flag: str, value: str | None) -> str | None:
    """`--results DIR` as results="DIR"; without a value results=. None where no parameter means the same."""
    if flag in SWITCHES:
        return SWITCHES[flag]
    name = LISTS.get(flag) or TEXTS.get(flag) or NUMBERS.get(flag)
    if name is None or value is None:
        return None if name is None else f"{name}="
    if flag in NUMBERS:
        return f"{name}={value}"
    texts = [value] if value[0] in "'\"" else [f'"{one}"' for one in value.split(",")]
    return f"{name}=[{', '.join(texts)}]" if flag in LISTS else f"{name}={','.join(texts)}"


@contextmanager
def said_in_python() -> Iterator[None]:
    """What is raised in here says what it says in the words of Python; a decorator as well."""
    try:
        yield
    except EvalkitError as error:
        if not _by_command:
            _say_in_python(error)
        raise


@contextmanager
def by_command() -> Iterator[None]:
    """Whoever calls in here sits at the command line, or at the board: messages stay as they are."""
    _by_command.append(None)
    try:
        yield
    finally:
        _by_command.pop()


def _say_in_python(error: EvalkitError) -> None:
    error.args = tuple(in_python(one) if isinstance(one, str) else one for one in error.args)
    if isinstance(error, SuiteError):
        error.complaints = [in_python(one) for one in error.complaints]
    if isinstance(error, Unpaired):
        error.counts, error.way_out = in_python(error.counts), in_python(error.way_out)
