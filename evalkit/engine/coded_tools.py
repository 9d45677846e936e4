"""Tools of agents that are no data: live servers, and classes of the suite. Whether they may run, and who runs them.

    suite, live = with_tools(suite, options)              # raises SuiteError where the person did not allow it

`check`, `plan`, `run` and `rescore` go this way; whoever only reads a suite runs none of its code.
"""

from __future__ import annotations

from dataclasses import replace

from evalkit.engine.live_tools import with_live_tools
from evalkit.engine.work import LiveTools, PlanOptions
from evalkit.errors import SuiteError
from evalkit.suite.environments import Environment
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask


def with_tools(suite: ResolvedSuite, options: PlanOptions) -> tuple[ResolvedSuite, LiveTools]:
    """The suite with its classes ready to be called and the tools of its live servers; a note for each. Raises
    SuiteError with every complaint, MissingKey, MissingPackage."""
    tasks, notes = tasks_with_classes(suite.tasks, allow=options.allow_code)
    suite, live = with_live_tools(replace(suite, tasks=tasks) if notes else suite, options)
    return suite, replace(live, notes=(*live.notes, *notes))


def tasks_with_classes(
    tasks: tuple[ResolvedTask, ...], *, allow: bool, held: bool = True
) -> tuple[tuple[ResolvedTask, ...], tuple[str, ...]]:
    """The same for some tasks. `held`: whether stored results have to come again (`Environment.held`)."""
    ready: dict[str, Environment] = {}
    complaints: list[str] = []
    notes: list[str] = []
    for task in tasks:
        environment = task.environment
        if environment is None or environment.code is None or environment.digest in ready:
            continue
        try:
            ready[environment.digest] = _ready(environment, allow=allow, held=held)
        except SuiteError as error:
            complaints += error.complaints
            ready[environment.digest] = environment
        notes.append(f"{environment.name}: {environment.code.written} of the suite carries the tools out, in a cage")
    if complaints:
        raise SuiteError(complaints)
    found = tuple(
        replace(task, environment=ready[task.environment.digest])
        if task.environment is not None and task.environment.digest in ready
        else task
        for task in tasks
    )
    return found, tuple(notes)


def _ready(environment: Environment, *, allow: bool, held: bool) -> Environment:
    """Raises SuiteError."""
    code = environment.code
    assert code is not None
    place = f"{environment.name}: python"
    if not allow:
        raise SuiteError(
            f"{place}: Python code of the suite ({code.written}) would run on this machine, in a cage without files "
            "and network. If you allow that: --allow-suite-code"
        )
    from evalkit.scorers.caged_class import caged

    return environment.with_runner(caged(code, list(environment.functions), place), held=held)
