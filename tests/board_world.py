"""Runs for the tests of the board, made through the store: real folders, sealed as a run seals them."""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from evalkit.records import Message, Outcome, Row
from evalkit.store.summary import write_summary
from tests.run_facts import made_run, set_facts
from tests.store_rows import write, write_sealed

MODELS = {"gpt": (0.92, "0.002", "gpt-5"), "qwen": (0.90, "0.0004", "Qwen3.5-397B-A17B"), "tiny": (0.4, None, "tiny")}
"""Name -> (share of right answers, USD an answer, id asked for)."""
TASKS = ("refunds", "triage")
HOSTILE = (
    "<script>alert('owned')</script><img src=x onerror=alert(1)>\n"
    "![pixel](https://evil.example/p.png) [click](javascript:alert(1)) :material/delete: $x$\n"
    "\x1b[2J\x1b[31m\u202egpj.exe\u2066 \u200b\u200d\ufeff \x00 **bold** # heading\n" + "A" * 1_000_000
)


def _own(model: str) -> float:
    """What no two models have in common: two calls never take equally long to the last bit."""
    return zlib.crc32(model.encode()) / 2**52


def a_row(model: str, task: str, n: int, **changes: Any) -> Row:
    """Sample n of a task, answered with the skill of the model; the same for every call."""
    skill, usd, asked_as = MODELS.get(model, (0.5, None, model))
    right = random.Random(f"{model} {task} {n}").random() < skill
    values: dict[str, Any] = {
        **{
            "task": task,
            "sample_id": f"{task}-{n}",
            "sample_digest": f"{task}{n:04d}" + "0" * 20,
            "target_digest": "t",
        },
        **{"occurrence": 0, "model": model, "repeat": 0, "outcome": Outcome.RIGHT if right else Outcome.WRONG},
        **{"score": float(right), "started_at": 1.7e9 + n, "queue_s": 0.01, "retry_s": 0.0, "ttft_s": 0.2 + n / 1000},
        **{
            "tpot_s": 0.01,
            "total_s": 0.5 + n / 1000 + _own(model),
            "input_tokens": 90,
            "output_tokens": 12,
            "stop_reason": "stop",
        },
        **{"cost_usd": Decimal(usd) if usd else None, "spend_usd": Decimal(usd) if usd else None},
        **{"served_model": f"{asked_as}-2026", "slices": {"language": "en" if n % 2 else "de"}},
        **{"prompt": (Message("system", "You are careful."), Message("user", f"Ticket {n}: refund?"))},
        **{"text": f"I have read it.\nAnswer: {'yes' if right else 'no'}", "extracted": "yes", "target": "yes"},
    }
    return Row(**values | changes)


def an_error(model: str, task: str, n: int) -> Row:
    """The same sample, without an answer."""
    return a_row(
        model, task, n, outcome=Outcome.ERRORED, score=None, error_kind="server_error", error_status=500,
        error="the provider broke", text=None, ttft_s=None, total_s=None, cost_usd=None, spend_usd=None,
    )  # fmt: skip


def facts_of(models: Sequence[str], n: int, gate: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the engine would write about such a run."""
    described = {
        name: {
            "adapter": "openai_chat",
            "model": MODELS.get(name, (0, None, name))[2],
            "place": "here",
            "prices": {
                "model": name,
                "source": "genai-prices 0.2.3",
                "usd_per_mtok": [{"above_input_tokens": 0, "input": "2"}],
            }
            if MODELS.get(name, (0, None, name))[1]
            else None,
        }
        for name in models
    }
    tasks = {task: {"n": n, "identity": {"messages": "m"}, "scorer": "choice"} for task in TASKS}
    resolved = {"name": "support", "gate": dict(gate) if gate else None}
    return {
        "models": described,
        "tasks": tasks,
        "n_rows": 2 * n * len(models),
        "suite_resolved": resolved,
        "n_errored": 0,
    }


def a_run(
    results: Path,
    models: Sequence[str] = ("gpt", "qwen", "tiny"),
    *,
    n: int = 40,
    rows: Sequence[Row] | None = None,
    suite: str = "support",
    status: str = "complete",
    gate: Mapping[str, Any] | None = None,
) -> Path:
    """A sealed run; `status="running"` leaves its journal as it is."""
    folder = made_run(results, suite, suite.ljust(6, "0") + "a1b2c3d4e5f6", facts_of(models, n, gate))
    made = [a_row(m, t, i) for t in TASKS for i in range(n) for m in models] if rows is None else rows
    if status == "running":
        write(folder, made)
    else:
        write_sealed(folder, made)
        set_facts(folder, status=status)
        write_summary(folder)
    return folder
