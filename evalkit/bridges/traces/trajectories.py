"""Trajectories of agents in Harbor's format (ATIF): each step of the agent is a call with the history before it.

{"schema_version": "ATIF-v1.6", "agent": {"model_name": "gpt-4o"}, "steps": [{"source": "user", "message": "..."},
 {"source": "agent", "message": "...", "tool_calls": [...], "observation": {"results": [...]}, "metrics": {...}}]}

Steps that were copied from another trajectory, and steps without a request (`llm_call_count: 0`), are history and no
calls. The sums of `final_metrics` are not read: they may hold more than the steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.bridges.traces.calls import Answer, Call, LoggedMessage
from evalkit.bridges.traces.conversations import as_word, calls_of, not_understood, turns_of
from evalkit.bridges.traces.offered_tools import tools_of
from evalkit.bridges.traces.token_counts import tokens_of
from evalkit.bridges.traces.values import at, count, first, moment, money, text
from evalkit.suite.prompts import MOST_MESSAGES

_DEEPEST = 10
_MOST_KEPT, _A_TURN = 40_000_000, 300
"""Characters of all histories of one trajectory, each of which is the one before and more; a turn takes some itself."""
_TOO_LONG = f"a conversation of more than {MOST_MESSAGES:,} turns, or of a trajectory of too many long ones"


def is_trajectory(record: Mapping[str, object]) -> bool:
    """Whether it is one."""
    return str(record.get("schema_version") or "").startswith("ATIF") and isinstance(record.get("steps"), list)


def _size(turn: LoggedMessage) -> int:
    return _A_TURN + len(turn.text) + sum(len(call.arguments) for call in turn.calls)


def of_trajectory(record: Mapping[str, object], depth: int = 0) -> Iterator[Call]:
    """The calls of a trajectory and of those that are embedded in it."""
    agent = record.get("agent")
    model, tools = text(at(agent, "model_name")), tools_of(at(agent, "tool_definitions"))
    session = text(first(record, "trajectory_id", "session_id"))
    history: list[LoggedMessage] = []
    kept, n_history = _MOST_KEPT, len(repr(tools))
    steps = record["steps"]
    for n, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, Mapping):
            continue
        content = turns_of([{"role": "user", "content": step.get("message")}])
        said, other = (content[0].text, content[0].other) if content else ("", ())
        source = step.get("source")
        if source != "agent":
            if source in ("system", "user"):
                history.append(LoggedMessage("system" if source == "system" else "user", said, (), other))
            else:
                history.append(not_understood(f"a step of a source that is not known{as_word(source)}"))
            n_history += _size(history[-1])
            continue
        made = calls_of(step.get("tool_calls"))
        if not step.get("is_copied_context") and step.get("llm_call_count") != 0:
            metrics = step.get("metrics")
            usage = tokens_of(metrics)
            usage.cost_usd = money(at(metrics, "cost_usd"))
            usage.cached = count(at(metrics, "cached_tokens"))
            kept -= n_history
            fits = len(history) <= MOST_MESSAGES and kept > 0
            yield Call(
                "atif",
                id=f"{session or 'trajectory'}#{first(step, 'step_id') or n}",
                trace=session or "",
                model=text(step.get("model_name")) or model,
                messages=tuple(history) if fits else (),
                tools=tools,
                answer=Answer(said or None, made, "tool_calls" if made else None),
                usage=usage,
                started_at=moment(step.get("timestamp")),
                session=session,
                slices={"agent": str(at(agent, "name"))[:200]} if at(agent, "name") else {},
                withheld=(None if fits else _TOO_LONG) if history else "the log holds no content",
            )
        history.append(LoggedMessage("assistant", said, made, other))
        n_history += _size(history[-1])
        results = at(step, "observation", "results")
        for result in results if isinstance(results, list) else ():
            content = turns_of([{"role": "tool", "content": at(result, "content")}])
            if content:
                history.append(LoggedMessage("tool", content[0].text, (), content[0].other))
                n_history += _size(history[-1])
    embedded = record.get("subagent_trajectories")
    for inner in embedded if isinstance(embedded, list) and depth < _DEEPEST else ():
        if isinstance(inner, Mapping) and isinstance(inner.get("steps"), list):
            yield from of_trajectory(inner, depth + 1)
