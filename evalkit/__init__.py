"""evalkit: may this model be swapped in production? Quality beside cost and latency, on your own tasks.

    import evalkit

    run = evalkit.run("suite.yaml", results="results")
    run.frame()                                        # pandas, one row a sample x model x repeat
    evalkit.compare(run["gpt"], run["mine"])
    evalkit.gate(run)

Everything is imported when it is asked for: `import evalkit` itself imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from evalkit import errors
    from evalkit.api.compare import Comparison, compare
    from evalkit.api.forecasting import plan
    from evalkit.api.gate import gate
    from evalkit.api.gate_result import GateResult, RuleOutcome
    from evalkit.api.importing import import_table
    from evalkit.api.progress import RunProgress
    from evalkit.api.run import arun, run
    from evalkit.api.stored_runs import list_runs, report, rescore
    from evalkit.api.suite import Suite
    from evalkit.api.suite_parts import Model, Task
    from evalkit.records import (
        Image,
        Message,
        Outcome,
        Request,
        Response,
        Sample,
        Score,
        Settings,
        Timing,
        Tool,
        ToolCall,
        Usage,
    )
    from evalkit.results.run import Run, load_run, open_run
    from evalkit.results.side import Side
    from evalkit.store.runs import RunInfo

_HOMES = {
    **dict.fromkeys(("run", "arun"), "evalkit.api.run"),
    **dict.fromkeys(("Model", "Task"), "evalkit.api.suite_parts"),
    "Suite": "evalkit.api.suite",
    **dict.fromkeys(("GateResult", "RuleOutcome"), "evalkit.api.gate_result"),
    "gate": "evalkit.api.gate",
    "plan": "evalkit.api.forecasting",
    **dict.fromkeys(("list_runs", "report", "rescore"), "evalkit.api.stored_runs"),
    "RunInfo": "evalkit.store.runs",
    "import_table": "evalkit.api.importing",
    **dict.fromkeys(("Comparison", "compare"), "evalkit.api.compare"),
    "RunProgress": "evalkit.api.progress",
    **dict.fromkeys(("Run", "load_run", "open_run"), "evalkit.results.run"),
    "Side": "evalkit.results.side",
    **dict.fromkeys(
        (
            "Image",
            "Message",
            "Outcome",
            "Request",
            "Response",
            "Sample",
            "Score",
            "Settings",
            "Timing",
            "Tool",
            "ToolCall",
            "Usage",
        ),
        "evalkit.records",
    ),
}
"""Public name -> the module it lives in."""

__all__ = [
    "Comparison",
    "GateResult",
    "Image",
    "Message",
    "Model",
    "Outcome",
    "Request",
    "Response",
    "RuleOutcome",
    "Run",
    "RunInfo",
    "RunProgress",
    "Sample",
    "Score",
    "Settings",
    "Side",
    "Suite",
    "Task",
    "Timing",
    "Tool",
    "ToolCall",
    "Usage",
    "__version__",
    "arun",
    "compare",
    "errors",
    "gate",
    "import_table",
    "list_runs",
    "load_run",
    "open_run",
    "plan",
    "report",
    "rescore",
    "run",
]


def __getattr__(name: str) -> Any:
    """A public name, imported now (PEP 562)."""
    import importlib

    if name in _HOMES:
        found = getattr(importlib.import_module(_HOMES[name]), name)
    elif name == "errors":
        found = importlib.import_module("evalkit.errors")
    else:
        raise AttributeError(f"module 'evalkit' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
