"""Live MCP servers of a run: their tools before it, and a session for each sample that is being asked.

    suite, live = with_live_tools(suite, options)       # tasks offer the tools, and know who opens sessions
    live.facts       # for run.json, by task: ToolServerFacts(transport="stdio", tools_digest=..., tools=(...))

    sessions = LiveSessions()
    await sessions.admit(item)                   # waits while the server has as many sessions as it may have
    told = await sessions.carried_out(item, calls)
    await sessions.leave(item)                   # whatever came of the item; the session is over

Before a run a server is asked for its tools, which every sample offers to the models. It is asked only where a run will
be carried out, and where the person allows it: a program by --allow-suite-code, an address on this machine or at a host
of --allow-key-host. Otherwise its tools are not known, and a note says so.
"""

from __future__ import annotations

import asyncio
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

from evalkit.adapters.awaiting import in_new_loop
from evalkit.addresses import is_loopback
from evalkit.cost.reports import ToolReceiver
from evalkit.engine.work import Item, LiveTools, PlanOptions
from evalkit.errors import MissingPackage, SuiteError
from evalkit.facts.base import json_map
from evalkit.facts.tasks import ToolServerFacts
from evalkit.installed import install_hint
from evalkit.records import ToolCall, ToolResult
from evalkit.store.row_codec import Key
from evalkit.suite.environments import Environment, World, world_of
from evalkit.suite.environments.arguments import RefusedCall
from evalkit.suite.environments.live import LiveServer, ToolServerFailed, ToolSession, tool_list
from evalkit.suite.environments.world import MOST_CALLS, left_out
from evalkit.suite.policy import current
from evalkit.suite.prompt_compiling import compile_prompt
from evalkit.suite.sensitivity import Sensitivity
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask
from evalkit.trust import prompts_may_go

if TYPE_CHECKING:
    from evalkit.adapters.mcp.session import ReachedServer


def with_live_tools(suite: ResolvedSuite, options: PlanOptions) -> tuple[ResolvedSuite, LiveTools]:
    """The suite with the tools of its live servers. Raises SuiteError with every complaint, MissingKey,
    MissingPackage."""
    servers = {
        task.environment.digest: (task.environment, task.environment.live)
        for task in suite.tasks
        if task.environment is not None and task.environment.live is not None
    }
    if not servers:
        return suite, LiveTools()
    complaints: list[str] = []
    notes: list[str] = []
    known: dict[str, tuple[Environment, ReachedServer]] = {}
    for digest, (environment, live) in servers.items():
        try:
            reached = _reached(live, options)
            wrong, told = _may_be_told(live, reached, suite.sensitivity, options.key_hosts)
            complaints, notes = complaints + wrong, notes + told
            if not wrong:
                known[digest] = (_asked(environment, reached) if options.sends else environment, reached)
        except SuiteError as error:
            complaints += error.complaints
        except ToolServerFailed as error:
            complaints.append(f"{live.written}: mcp: the server failed when it was asked for its tools: {error}")
    if complaints:
        raise SuiteError(complaints)
    receivers = tuple(_receiver(suite, environment, reached.host) for environment, reached in known.values())
    if not options.sends:
        names = ", ".join(sorted(live.written for _, live in servers.values()))
        notes.append(f"{names}: a live MCP server, which is asked in a run alone: its tools are not known here")
        return suite, LiveTools(tuple(notes), receivers=receivers)
    tasks, facts = [], {}
    for task in suite.tasks:
        if task.environment is not None and task.environment.digest in known:
            environment, reached = known[task.environment.digest]
            facts[task.name] = _facts(environment, reached)
            tasks.append(task_with(task, environment))
        else:
            tasks.append(task)
    return replace(suite, tasks=tuple(tasks)), LiveTools(tuple(notes), facts, receivers)


def _receiver(suite: ResolvedSuite, environment: Environment, host: str | None) -> ToolReceiver:
    live = environment.live
    assert live is not None
    tasks = [
        task.name
        for task in suite.tasks
        if task.environment is not None and task.environment.digest == environment.digest
    ]
    program = None if live.entry.command is None else shlex.join(live.entry.command)
    return ToolReceiver(environment=live.written, tasks=tasks, host=host, program=program)


def task_with(task: ResolvedTask, environment: Environment) -> ResolvedTask:
    """The task with the tools of its live server in its prompt. Raises SuiteError."""
    prompt, wrong = compile_prompt(task.entry, environment, task.prompt.pictures)
    if prompt is None:
        raise SuiteError([f"{task.at}.{key}: {said}" for key, said in wrong])
    return replace(task, environment=environment, prompt=prompt)


def with_stored_tools(task: ResolvedTask, tools: Iterable[object]) -> ResolvedTask:
    """The task with the tools that its server listed for a stored run; as it is where it has no live server, or the
    run says none. Nothing is asked."""
    listed = list(tools)
    if task.environment is None or task.environment.live is None or not listed:
        return task
    try:
        found = tool_list(listed)
    except ValueError:
        return task
    return task_with(task, task.environment.with_tools(found, None))


def _reached(live: LiveServer, options: PlanOptions) -> ReachedServer:
    try:
        from evalkit.adapters.mcp.session import reach
    except ImportError as error:
        raise MissingPackage(
            f"{live.written}: tools of a live MCP server need the package {error.name}. Install the extra: "
            f"{install_hint('mcp')}"
        ) from error
    return reach(live, allow_code=options.allow_code, key_hosts=options.key_hosts, sends=options.sends)


def _may_be_told(
    live: LiveServer, reached: ReachedServer, level: Sensitivity, allowed: frozenset[str]
) -> tuple[list[str], list[str]]:
    """(complaints, notes) about a server that is told what models make of prompts."""
    place, policy, host = f"{live.written}: mcp", current(), reached.host
    if host is None:
        if policy is not None and policy.refusals(level, ""):
            said = (
                f"where a program of the suite sends what it is told is not known, and {policy.name} has requirements"
            )
            return [f"{place}: {said} for {level}"], []
        return [], [f"{place}: a program of the suite; evalkit does not see where it sends what models tell it"]
    if is_loopback(host):
        return [], []
    if policy is not None:
        said = f"calls of a suite with sensitivity: {level} may not go to {host}"
        return [f"{place}.base_url: {said}: {why} ({policy.name})" for why in policy.refusals(level, host)], []
    if not prompts_may_go(host, allowed):
        return [
            f"{place}.base_url: what models make of prompts would go to {host}. If it may, allow the host outside the "
            f"suite: --allow-key-host {host}, or EVALKIT_KEY_HOSTS={host}."
        ], []
    return [], []


def _asked(environment: Environment, reached: ReachedServer) -> Environment:
    """The environment with the tools that the server lists now. Raises ToolServerFailed."""
    server = reached.server
    # In a thread, with a loop of its own: a plan is made inside of a caller's loop too.
    with ThreadPoolExecutor(1) as thread:
        listed = thread.submit(copy_context().run, in_new_loop, server.tools()).result()
    server.expected = listed.digest
    return environment.with_tools(listed, server)


def _facts(environment: Environment, reached: ReachedServer) -> ToolServerFacts:
    listed = environment.listed
    assert listed is not None  # it was asked
    return ToolServerFacts(
        transport=reached.transport,
        host=reached.host,
        server=listed.server,
        protocol=listed.protocol,
        tools_digest=listed.digest,
        tools=tuple(json_map(tool) for tool in listed.raw),
    )


def is_live(item: Item) -> bool:
    """Whether what an item is told cannot be had again: a live server tells it."""
    world = world_of(item.sample)
    return world is not None and world.environment.live is not None


@dataclass(slots=True)
class LiveSessions:
    """One session for each sample that is being asked, repeat by repeat. Of one run, in one event loop.

    What a session has changed in its server is gone with it, as far as the server keeps to sessions: nothing leaks from
    one sample to another.
    """

    taken_out: dict[str, Counter[str]] = field(default_factory=dict)
    """By task and kind: what was taken out of what servers said."""
    _slots: dict[int, asyncio.Semaphore] = field(default_factory=dict)
    """By server: places that are free."""
    _open: dict[Key, tuple[ToolSession, asyncio.Semaphore]] = field(default_factory=dict)

    async def admit(self, item: Item) -> None:
        """Wait for a place; nothing where no live server is asked. The session itself starts with its first call."""
        world = world_of(item.sample)
        live, server = (world.environment.live, world.environment.server) if world is not None else (None, None)
        if live is None or server is None or item.key in self._open:
            return
        slots = self._slots.setdefault(id(server), asyncio.Semaphore(live.entry.at_once))
        await slots.acquire()
        self._open[item.key] = (server.session(), slots)

    async def leave(self, item: Item) -> None:
        """End the session of an item; nothing where it has none."""
        found = self._open.pop(item.key, None)
        if found is not None:
            session, slots = found
            try:
                await session.aclose()
            finally:
                slots.release()

    async def carried_out(self, item: Item, calls: Sequence[ToolCall]) -> tuple[ToolResult, ...]:
        """What the calls of one answer to a live item returned, one after another. Raises BrokenEnvironment."""
        world = world_of(item.sample)
        assert world is not None
        return tuple([await self._called(item, world, n, call) for n, call in enumerate(calls)])

    async def _called(self, item: Item, world: World, n: int, call: ToolCall) -> ToolResult:
        function = world.environment.functions.get(call.name)
        try:
            arguments = function.read(call.arguments) if function is not None and n < MOST_CALLS else None
        except RefusedCall:
            arguments = None
        if arguments is None:  # no server is sent this
            called = world.environment.call({}, call.name, call.arguments) if n < MOST_CALLS else left_out({})
            return ToolResult(called.text, called.failed)
        session, _ = self._open[item.key]
        began = perf_counter()
        said = await session.call(call.name, arguments)
        took = perf_counter() - began
        text = said.text or "ok"
        if (redactor := world.environment.taken_out) is not None:
            text = redactor.text(text, self.taken_out.setdefault(item.task.name, Counter()))
        return ToolResult(text, said.failed, took)
