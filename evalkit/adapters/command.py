"""A program of a suite's own as a model: it reads requests and writes replies as JSON, line by line or once.

    bot: {adapter: command, command: [python3, ./bot.py], workers: 2}

Runs with --allow-suite-code alone: a suite is a stranger's file. The program is a child process of `evalkit.child`,
with an environment of language, PATH and temporary folder, and the variables of `env` that the person allows by name.
It is no cage: what it reads, sends and asks is its own affair. Records: `application_record`; processes: `worker_pool`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from evalkit import child
from evalkit.adapters.application_record import request_record, response_of
from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.http_errors import Where
from evalkit.adapters.keys import checked_host, keep_out_of_replies
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.reply_fields import parsed
from evalkit.adapters.worker_pool import Program, WorkerPool
from evalkit.errors import BadReply, MissingKey, SuiteError, Unsupported
from evalkit.paths import find
from evalkit.reading import HOLES_OF_NUMBERS, open_to_read
from evalkit.records import Request, Response
from evalkit.suite.schema.parts import Several, Text
from evalkit.trust import ALLOWED_ENV

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PIECE = 2**20
FOLDER_VARIABLE = "EVALKIT_SUITE_FOLDER"
"""Tells a program where the suite lies: its working directory is the root of the disk."""
_MOST_WORKERS, _MOST_AT_ONCE = 64, 256


class ProgramOptions(AdapterOptions):
    """What programs and functions of a suite's own have alike."""

    workers: Annotated[int, Field(ge=1, le=_MOST_WORKERS)] | None = None
    """How many processes answer side by side. None: one."""
    at_once: Annotated[int, Field(ge=1, le=_MOST_AT_ONCE)] | None = None
    """Requests that one process gets before it has answered; replies then name the `id`. None: one."""
    env: Annotated[Several[Text], Field(max_length=50)] | None = None
    """Variables of the environment that it may see, each allowed by the person: --allow-env NAME. None: no key."""


class CommandOptions(ProgramOptions):
    """What a suite says of a program."""

    command: Annotated[Several[Text], Field(min_length=1, max_length=100)] | None = None
    """The program and its arguments, without a shell. What begins with ./ lies beside the suite."""
    once: bool | None = None
    """Start it for each request: it reads its input to the end, answers and ends. None: it stays, and answers lines."""
    reply: Literal["text", "json"] | None = None
    """With `once`: text takes all that it writes as the answer. None: json, a record."""


Options = CommandOptions


def make(spec: ModelSpec) -> ProgramAdapter:
    """An adapter for one program. Raises SuiteError with every complaint, MissingKey."""
    place = f"models.{spec.name}"
    options = read_options(CommandOptions, spec, _complaints(spec, place))
    assert options.command is not None
    argv, files = resolved(options.command, Path(spec.folder), f"{place}.command")
    once = options.once is True
    written = "\0".join(options.command[1:])  # what stands in the suite: where the checkout lies says nothing
    seen = environment(options.env or (), spec.folder, f"{place}.env", sends=spec.sends)
    program = Program(argv, seen, Path(next(iter(files), Path(argv[0]))).name)
    as_text = options.reply == "text"
    return ProgramAdapter(spec, program, options, source_digest(files), written, once=once, as_text=as_text)


def _complaints(spec: ModelSpec, place: str) -> Iterator[str]:
    yield from refused_code(spec, "a program")
    given = spec.options.get("command")
    if given is None:
        yield f"{place}.command: is required, and missing: the program and its arguments, like [python3, ./bot.py]"
    elif isinstance(given, str):
        yield f"{place}.command: write a list of words, like [python3, ./bot.py]: no shell reads it"
    if spec.options.get("reply") is not None and spec.options.get("once") is not True:
        yield f"{place}.reply: belongs to once: true; a program that stays writes a record a line"
    if spec.options.get("once") is True and (spec.options.get("at_once") or 1) != 1:
        yield f"{place}.at_once: a program that is started for each request has one at a time"


def refused_code(spec: ModelSpec, what: str) -> Iterator[str]:
    """A complaint where the person has not said that the suite may run code."""
    if not spec.allow_code:
        yield (
            f"models.{spec.name}: {what} of the suite would run on this machine (adapter: {spec.adapter}). If you "
            "trust the suite and what lies beside it: --allow-suite-code"
        )


def environment(named: tuple[str, ...], folder: str | Path, place: str, *, sends: bool) -> dict[str, str]:
    """What a program of the suite sees: language, PATH, temporary folder, and the variables that are `named`. Raises
    SuiteError for one that the person does not allow, MissingKey for one that is not set."""
    allowed = ALLOWED_ENV.names()
    for variable in named:
        if not _VARIABLE.fullmatch(variable):
            raise SuiteError(f"{place}: {variable!r} is no name of a variable")
        if variable not in allowed:
            raise SuiteError(
                f"{place}: a suite may not show the variable {variable} to a program. If you trust it with the value: "
                f"--allow-env {variable}, or EVALKIT_ALLOWED_ENV={variable}"
            )
        if not os.environ.get(variable) and sends:
            raise MissingKey(f"{place}: needs {variable} in the environment: export {variable}=...")
        keep_out_of_replies(os.environ.get(variable, ""), variable)
    return child.environment(keep=named, give={FOLDER_VARIABLE: str(Path(folder).resolve())})


def resolved(words: tuple[str, ...], folder: Path, place: str) -> tuple[tuple[str, ...], list[Path]]:
    """(the words as they are started, the files of the suite among them). Raises SuiteError."""
    argv, files = [], []
    for number, word in enumerate(words):
        if not word.startswith(("./", "../")):
            argv.append(word)
            continue
        file = find(word, folder, label=f"{place}: {word}")
        if not file.is_file():
            raise SuiteError(f"{place}: there is no file {word!r} beside the suite")
        path = file.real
        if number == 0 and not os.access(path, os.X_OK):
            raise SuiteError(f"{place}: {word!r} is not executable: chmod +x, or name its interpreter first")
        argv.append(str(path))
        files.append(path)
    if not Path(argv[0]).is_absolute():
        program = child.find_program(argv[0]) if os.sep not in argv[0] else None
        if program is None:
            raise SuiteError(
                f"{place}: there is no program {argv[0]!r} in PATH; what lies beside the suite begins with ./"
            )
        argv[0] = program
    return tuple(argv), files


def source_digest(files: list[Path]) -> str:
    """sha256 of the files that are named, in their order; "none" where none is. Raises SuiteError."""
    if not files:
        return "none"
    made = hashlib.sha256()
    for path in files:
        try:
            with open_to_read(path, most_holes=HOLES_OF_NUMBERS) as file:
                while piece := file.read(_PIECE):
                    made.update(piece)
        except OSError as error:
            raise SuiteError(f"{path}: cannot be read: {error.strerror or error}") from error
        made.update(b"\0")
    return made.hexdigest()


class ProgramAdapter:
    """Asks a program once for each request."""

    def __init__(
        self,
        spec: ModelSpec,
        program: Program,
        options: ProgramOptions,
        source: str,
        written: str,
        *,
        once: bool = False,
        as_text: bool = False,
    ) -> None:
        """`source` is a digest of the files that are named, `written` what the suite says of how it is called."""
        self.spec = spec
        self.capabilities = Capabilities(
            seed=True, json_schema=True, reasoning_effort=True, streaming=False, usage=False, record=True
        )
        words = hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()
        self.endpoint = Endpoint(
            lane=f"{spec.adapter} {spec.name}",
            place=f"{program.title} {source[:12]} {words[:12]}",
            host=checked_host(spec.base_url, spec) if spec.base_url is not None else None,
            cacheable=spec.weights is not None,
            weights=spec.weights,
            facts={
                "program": program.title,
                "program_sha256": source,
                "kept_in_cache": "yes" if spec.weights else "no",
            },
        )
        self._once, self._as_text = once, as_text
        self._title = program.title
        self._where = Where(spec.name, spec.model or spec.name, program.title, (), None)
        self._pool = WorkerPool(
            program,
            self._where,
            workers=options.workers or 1,
            at_once=options.at_once or 1,
            idle_s=spec.idle_timeout_s,
        )

    async def respond(self, request: Request) -> Response:
        """The answer to one request. Raises a RequestError."""
        if request.continuations is not None:
            raise Unsupported(
                f"models.{self.spec.name}: a program gives no log-likelihoods; use mode: generate.",
                sent=False,
            )
        record = request_record(request, self.spec.model)
        if not self._once:
            told, sent_at, ended_at = await self._pool.ask(record)
            return response_of(told, self._where, sent_at, ended_at - sent_at)
        out, sent_at, ended_at = await self._pool.ask_once(record)
        return response_of(self._reply(out), self._where, sent_at, ended_at - sent_at)

    async def aclose(self) -> None:
        """Ends the processes."""
        await self._pool.aclose()

    def _reply(self, out: bytes) -> Mapping[str, object]:
        if self._as_text:
            return {"text": out.decode("utf-8", "replace").removesuffix("\n")}
        try:
            told = parsed(out)
        except ValueError as error:
            start = self._where.beginning(out)
            raise BadReply(
                f"models.{self.spec.name}: {self._title} wrote no JSON: {start} (reply: text takes it as the answer)"
            ) from error
        if not isinstance(told, dict):
            raise BadReply(f"models.{self.spec.name}: {self._title} wrote JSON that is no object")
        return told


__all__ = ["CommandOptions", "Options", "ProgramAdapter", "make"]
