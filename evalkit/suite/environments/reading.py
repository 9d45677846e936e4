"""From an environment file to an `Environment`, or to every complaint about it.

    environment = read_environment("parcels.environment.yaml", Path("suites"))
    environment.digest           # of what it says: part of the task's identity and of each sample's
    environment.call(state, "refund", '{"parcel": "P-1"}')

A file with `mcp` names a live server: it is not asked here, and its tools are known once a run has asked it (`live`).
One with `python` names a class, whose source is read and not run here (`coded`).

The file is a stranger's, like the suite: it is read from the allowed folders alone, it holds no code, and its templates
are bounded as all templates are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import orjson
from pydantic import ValidationError

from evalkit.errors import SuiteError
from evalkit.facts.base import Json, JsonMap
from evalkit.paths import find
from evalkit.records import Tool
from evalkit.suite.digests import digest
from evalkit.suite.environments import live
from evalkit.suite.environments import state as states
from evalkit.suite.environments.coded import ClassCode, CodedFunction, CodeRunner, class_code, coded_functions
from evalkit.suite.environments.live import LiveFunction, LiveServer, ToolList, ToolServer
from evalkit.suite.environments.recorded import RecordedFile, RecordedFunction, recorded_functions, redacted_functions
from evalkit.suite.environments.tool import MOST_TOOLS, Called, EnvironmentFunction, functions
from evalkit.suite.environments.values import as_plain
from evalkit.suite.redaction import Redactor
from evalkit.suite.schema.environments import EnvironmentFile, McpEntry
from evalkit.suite.source_map import SourceMap, parse
from evalkit.suite.wording import listed

LARGEST = 2_000_000
"""Bytes of an environment file."""
LARGEST_RECORD = 64_000_000
"""Bytes of a recorded server: a suite's worth of sessions."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a file says, ready to be used."""

    name: str
    """The file's name, for messages."""
    digest: str
    state: JsonMap
    """What there is before the first call."""
    functions: Mapping[str, EnvironmentFunction | RecordedFunction | LiveFunction | CodedFunction]
    """Empty for a live server that was not asked yet."""
    recorded: bool = False
    """Whether it is a recording of a server."""
    live: LiveServer | None = None
    """The live server that carries the calls out. None: this process does."""
    listed: ToolList | None = None
    """The tools of the live server. None: it was not asked for them."""
    server: ToolServer | None = None
    """Who opens sessions with the live server. None: nothing will be carried out."""
    code: ClassCode | None = None
    """The class of the suite whose methods the tools are. None: they are data, or a server's."""
    taken_out: Redactor | None = None
    """What is taken out of what a live server says, before anybody is told it. None: nothing."""
    held: bool = True
    """Whether stored results are held against what the class returns again."""

    def with_runner(self, runner: CodeRunner, *, held: bool = True) -> Environment:
        """The environment of a class that may be run. `held`: see the field."""
        functions = {
            name: replace(one, runner=runner) if isinstance(one, CodedFunction) else one
            for name, one in self.functions.items()
        }
        return replace(self, functions=functions, held=held)

    def with_tools(self, listed: ToolList, server: ToolServer | None) -> Environment:
        """The environment of a live server, its tools known."""
        return replace(self, functions=listed.functions, listed=listed, server=server)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What the model is offered."""
        return tuple(one.tool for one in self.functions.values())

    def call(self, state: JsonMap, name: str, arguments: str) -> Called:
        """Carry out a call that a model made. Raises BrokenEnvironment."""
        found = self.functions.get(name)
        if found is None:
            return Called(f"Error: there is no function {name[:80]!r}; there are {listed(self.functions)}", True, state)
        return found.call(state, arguments)


def read_environment(written: str, folder: Path) -> Environment:
    """The environment in this file, relative to the suite's folder. Raises SuiteError with every complaint."""
    file = find(written, folder)
    try:
        text = file.text("utf-8-sig", most=LARGEST_RECORD if written.endswith(".json") else LARGEST)
    except FileNotFoundError as error:
        raise SuiteError(f"{written}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"{written}: is no text in UTF-8") from error
    except OSError as error:
        raise SuiteError(f"{written}: cannot be read: {error.strerror or error}") from error
    if written.endswith(".json"):
        return _of_record(text, written)
    tree = parse(text.replace("\r\n", "\n"), written)
    entry = _by_schema(tree)
    if entry is None or tree.complaints:
        raise SuiteError(tree.complaints)
    return _made(entry, written, folder) if entry.mcp is None else _of_server(entry, entry.mcp, written, folder)


def redacted(environment: Environment, redactor: Redactor) -> Environment:
    """The environment without personal data in its state, in recorded results and in those of a live server: tools show
    models all three. What tools say themselves (descriptions, texts of `returns`) stays, as in a suite. Raises
    SuiteError as `Redactor.record`, and for names in the state that become alike: records could not say any more whose
    entry they mean."""
    nothing: Counter[str] = Counter()
    if (alike := next(_names_made_alike(environment.state, redactor), None)) is not None:
        raise SuiteError(
            f"state: names of several entries become {alike} by redact, so that no record, rule or call could say "
            "which one it means; name entries by a number of your own, and put the rest into a value"
        )
    state = redactor.record(environment.state, nothing)
    recorded = {name: one for name, one in environment.functions.items() if isinstance(one, RecordedFunction)}
    functions = {**environment.functions, **redacted_functions(recorded, redactor, nothing)}
    live = redactor if environment.live is not None else None
    return replace(environment, state=cast(JsonMap, state), functions=functions, taken_out=live)


def _names_made_alike(value: object, redactor: Redactor) -> Iterator[str]:
    """What several names of one group become."""
    if isinstance(value, Mapping):
        made = Counter(redactor.text(str(name), Counter()) for name in value)
        yield from (name for name, n in made.items() if n > 1)
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        yield from _names_made_alike(inner, redactor)


def _made(entry: EnvironmentFile, written: str, folder: Path) -> Environment:
    """Raises SuiteError for what the schema cannot say."""
    if not entry.tools or len(entry.tools) > MOST_TOOLS:
        raise SuiteError(f"{written}: tools: there are {len(entry.tools)}; an environment has 1 to {MOST_TOOLS}")
    code = None if entry.python is None else class_code(entry.python, folder, written)
    try:
        as_plain(dict(entry.state))
        tools = functions(entry.tools) if code is None else coded_functions(entry.tools, code)
    except ValueError as error:
        raise SuiteError(f"{written}: {error}") from error
    if states.size(dict(entry.state)) > states.MOST_STATE:
        raise SuiteError(f"{written}: state: is larger than {states.MOST_STATE:,} characters")
    content = entry.model_dump(mode="json", by_alias=True, exclude={"about", "python"}, exclude_defaults=True)
    if code is not None:
        content["python"] = code.digest
    try:
        identity = digest("evalkit.environment/1", content)
    except (ValueError, TypeError) as error:
        raise SuiteError(f"{written}: holds a value that JSON does not have ({error})") from error
    return Environment(Path(written).name, identity, entry.state, tools, code=code)


def _of_server(entry: EnvironmentFile, mcp: McpEntry, written: str, folder: Path) -> Environment:
    """A live MCP server, which is not asked here. Raises SuiteError."""
    complaints = [f"{written}: mcp{said}" for said in live.problems(mcp)]
    complaints += [
        f"{written}: {key}: a live server has its own; leave it out, or leave out mcp"
        for key, given in (("state", entry.state), ("tools", entry.tools), ("python", entry.python))
        if given
    ]
    if complaints:
        raise SuiteError(complaints)
    server = LiveServer(mcp, folder, written)
    return Environment(Path(written).name, live.identity_of(server), {}, {}, live=server)


def _of_record(text: str, written: str) -> Environment:
    """A recorded MCP server. Raises SuiteError."""
    try:
        content = orjson.loads(text)
        file = RecordedFile.model_validate(content)
        functions = recorded_functions(file)
        if len(file.tools) > MOST_TOOLS:
            raise ValueError(f"there are {len(file.tools)} tools, and the most is {MOST_TOOLS}")  # noqa: TRY301
        identity = digest("evalkit.recorded/1", _content(file))
    except orjson.JSONDecodeError as error:
        raise SuiteError(f"{written}: is no JSON ({error})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise SuiteError(
            f"{written}: {place}: {first['msg']}. A recorded MCP server has `tools` (as in tools/list) and `results`; "
            "an environment of states and transitions is a .yaml file"
        ) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise SuiteError(f"{written}: {error}") from error
    return Environment(Path(written).name, identity, {}, functions, recorded=True)


def _content(file: RecordedFile) -> dict[str, Json]:
    """What a recording says; fields that older ones have not are left out where they say nothing."""
    content: dict[str, Json] = file.model_dump(mode="json", by_alias=True, exclude={"about"})
    results = content["results"]
    if not file.apart:
        del content["apart"]
    assert isinstance(results, list)
    for one in results:
        assert isinstance(one, dict)
        for name in ("session", "sample"):
            if one[name] is None:
                del one[name]
    return content


def _by_schema(tree: SourceMap) -> EnvironmentFile | None:
    if not isinstance(tree.data, dict):
        tree.refuse((), "an environment is a mapping with state and tools")
        return None
    try:
        return EnvironmentFile.model_validate(tree.data)
    except ValidationError as error:
        from evalkit.suite.suite_errors import translate

        for loc, message in translate(error, tree, root=EnvironmentFile):
            tree.refuse(loc, message)
        return None
