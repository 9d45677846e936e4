"""Make the results folder that the board's pictures and tests show: 13 models, 7 tasks, three dates. All is made up.

    uv run python scripts/board_example.py RESULTS [--scale 0.2]

The suite `support-swap` asks about support tickets: choices, JSON, German mails, answers that a judge scores,
conversations of three turns, and tools. It has a gate, prices, a price change, another served version, and a load
sweep for each of the two own models. Beside its three runs lie a damaged folder and an unfinished run. Everything goes
through `evalkit.store`, so the folders are what a run leaves behind. No model is asked, nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from evalkit.facts import RunFacts
from evalkit.records import Message, Outcome, Row, Tool, ToolCall
from evalkit.store import runs
from evalkit.store.journal import Journal
from evalkit.store.judge_files import open_judging
from evalkit.store.sealing import seal
from evalkit.store.summary import write_summary

SUITE = "support-swap"
DIGEST = "5a9c31e07d42b8f6"
DATES = ("2026-11-14T14:31:07Z", "2026-11-21T14:30:12Z", "2026-11-28T14:29:40Z")
JUDGE = "strict-judge"


@dataclass(frozen=True, slots=True)
class MadeModel:
    """One made-up contestant. Prices in US dollars per million tokens; None: nobody knows them."""

    name: str
    asked_as: str
    adapter: str
    host: str
    skill: float
    """Share of right answers on an item of middling difficulty."""
    price_in: str | None
    price_out: str | None
    ttft_s: float
    tokens_per_s: float
    german: float = 0.0
    """What German mails add to its skill."""
    tools: float = 0.0
    """What tools add to its skill."""


MODELS = (
    MadeModel("gpt-6-sol", "gpt-6-sol", "openai_responses", "api.openai.com", 0.925, "5", "20", 0.62, 82),
    MadeModel("gemini-4-argon", "gemini-4-argon", "gemini", "generativelanguage.googleapis.com", 0.92, "3", "15", 0.55,
              110),
    MadeModel("claude-opus-5-5", "claude-opus-5-5", "anthropic", "api.anthropic.com", 0.915, "5", "25", 0.81, 68,
              tools=0.02),
    MadeModel("claude-sonnet-5-5", "claude-sonnet-5-5", "anthropic", "api.anthropic.com", 0.885, "3", "15", 0.58, 91),
    MadeModel("qwen3.5-397b", "Qwen/Qwen3.5-397B-A17B", "together", "api.together.ai", 0.865, "0.6", "3.6", 0.44, 74,
              german=-0.09),
    MadeModel("deepseek-v4-pro", "deepseek-ai/DeepSeek-V4-Pro", "deepseek", "api.deepseek.com", 0.855, "0.28", "1.1",
              0.95, 48),
    MadeModel("gpt-6-luna", "gpt-6-luna", "openai_responses", "api.openai.com", 0.84, "0.4", "1.6", 0.31, 148),
    MadeModel("claude-haiku-5-5", "claude-haiku-5-5", "anthropic", "api.anthropic.com", 0.825, "1", "5", 0.29, 163),
    MadeModel("grok-4.7", "grok-4.7", "xai", "api.x.ai", 0.805, "3", "15", 0.7, 77, tools=-0.1),
    MadeModel("gpt-oss-120b", "openai/gpt-oss-120b", "vllm", "gpu-1.internal", 0.79, "0.11", "0.11", 0.12, 192),
    MadeModel("mistral-medium-3.5", "mistralai/Mistral-Medium-3.5-128B", "mistral", "api.mistral.ai", 0.765, "0.4",
              "2", 0.48, 86, german=0.06),
    MadeModel("gemma-4-31b", "google/gemma-4-31b-it", "vllm", "gpu-2.internal", 0.71, "0.05", "0.05", 0.09, 140),
    MadeModel("llama-3.3-70b", "meta-llama/Llama-3.3-70B-Instruct", "openai_chat", "llm.partner.example", 0.6, None,
              None, 0.66, 41, german=-0.12, tools=-0.15),
)  # fmt: skip
USD_PER_GPU_HOUR = 2.49
OWN = {"gpt-oss-120b": (2, 1840.0), "gemma-4-31b": (1, 2350.0)}
"""Own models: GPUs of a copy, and tokens a second that it serves."""


class MadeTask(NamedTuple):
    """One made-up task."""

    name: str
    n: int
    scorer: str
    easier: float
    """Added to every model's log odds."""
    output_tokens: int


TASKS = (
    MadeTask("triage", 150, "choice", 0.5, 6),
    MadeTask("refund-policy", 120, "choice", 0.0, 45),
    MadeTask("extract-order", 100, "json", 0.6, 60),
    MadeTask("german-mails", 100, "choice", 0.0, 8),
    MadeTask("reply-quality", 80, "judge", -0.3, 180),
    MadeTask("three-turn-refund", 90, "choice", -0.4, 70),
    MadeTask("order-tools", 70, "tools", -0.2, 40),
)
QUEUES = ("billing", "shipping", "returns", "account", "technical", "sales")
_TOPICS = (
    ("billing", "I was charged twice for order {n} this month."),
    ("shipping", "Parcel {n} has been at the depot in Bremen for eight days."),
    ("returns", "The lamp from order {n} does not fit. How do I send it back?"),
    ("account", "I cannot change the e-mail address of account {n}."),
    ("technical", "The app closes as soon as I open invoice {n}."),
    ("sales", "Do you give a discount on {n} licences for a school?"),
)
_GERMAN = (
    ("billing", "Mir wurde Rechnung {n} doppelt abgebucht."),
    ("shipping", "Mein Paket {n} ist seit einer Woche unterwegs."),
    ("returns", "Die Jacke aus Bestellung {n} passt nicht. Wie schicke ich sie zurück?"),
    ("technical", "Nach dem Update startet Gerät {n} nicht mehr."),
)
_FIND = Tool("find_order", "Look up an order by its number.",
             {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]})  # fmt: skip
_REFUND = Tool("refund", "Pay an order back.",
               {"type": "object", "properties": {"number": {"type": "string"}}})  # fmt: skip


class Asked(NamedTuple):
    """One item as a model sees it, with its right and a wrong answer."""

    prompt: tuple[Message, ...]
    target: str
    right: str
    wrong: str
    slices: dict[str, str]
    cluster: str | None = None
    turn: int = 1


def make(results: Path, *, scale: float = 1.0, others: bool = True) -> list[Path]:
    """Fill the folder; the folders of the three runs, the oldest first. `others`: also one damaged, one unfinished."""
    made = []
    for n, date in enumerate(DATES):
        models = [m for m in MODELS if n > 0 or m.name != "gemma-4-31b"]  # it joined a week later
        made.append(_run(results, n, date, models, scale))
    for name in OWN:
        _sweep(results, name)
    if others:
        _damaged(results)
        unfinished(results)
    return made


def unfinished(results: Path) -> Path:
    """A run of another suite that has asked a third of its questions; whoever locks it makes it a live one."""
    models = [m for m in MODELS if m.name in {"gpt-6-luna", "claude-haiku-5-5", "gpt-oss-120b", "gemma-4-31b"}]
    facts = _facts(models, 1.0, 2) | {"n_rows": 150 * len(models)}
    facts["tasks"] = {"triage": facts["tasks"]["triage"]}
    facts["suite_resolved"] = {"name": "nightly-smoke", "models": {}, "tasks": []}
    folder = runs.create_run(results, "nightly-smoke", "b7" + DIGEST, RunFacts.model_validate(facts))
    rows = (row for n, model in enumerate(models) for row in _rows(model, TASKS[0], 30 + 17 * n, 2))
    _journal(folder, rows)
    return folder


def _run(results: Path, week: int, date: str, models: Sequence[MadeModel], scale: float) -> Path:
    draft = runs.create_run(results, SUITE, DIGEST, RunFacts.model_validate(_facts(models, scale, week)))
    stamp = date.replace("-", "").replace(":", "")
    folder = draft.rename(draft.parent / f"{SUITE}-{stamp}-{DIGEST[:6]}")
    rows = [row for task in TASKS for model in models for row in _rows(model, task, _n(task, scale), week)]
    _journal(folder, rows)
    of_judges = _judged(folder, [row for row in rows if row.task == "reply-quality" and row.score is not None], date)
    seal(folder)
    spent = of_judges + sum((row.spend_usd or Decimal(0)) for row in rows)
    n_errored = sum(row.outcome is Outcome.ERRORED for row in rows)
    ended = date.replace(":3", ":4", 1) if ":3" in date else date.replace(":29", ":41")
    ended_as = RunFacts(status="complete", started_at=date, finished_at=ended, spent_usd=spent, n_errored=n_errored)
    runs.update_facts(folder, ended_as)
    write_summary(folder)
    return folder


def _journal(folder: Path, rows: Sequence[Row] | Iterator[Row]) -> None:
    with Journal.open(folder, "main") as journal:
        for row in rows:
            journal.append(row)


def _n(task: MadeTask, scale: float) -> int:
    return max(6, round(task.n * scale))


def _prices(model: MadeModel, week: int) -> tuple[str, str] | None:
    if model.name in OWN:  # what the sweep's tokens cost while the GPUs are busy
        gpus, tokens_per_s = OWN[model.name]
        each = f"{gpus * USD_PER_GPU_HOUR / 3600 / tokens_per_s * 1e6:.6g}"
        return each, each
    if model.price_in is None or model.price_out is None:
        return None
    if model.name == "gpt-6-luna" and week == 0:  # its price fell between the first and the second run
        return "0.5", "2"
    return model.price_in, model.price_out


def _facts(models: Sequence[MadeModel], scale: float, week: int) -> dict[str, object]:
    """What the engine writes about such a run."""
    described: dict[str, object] = {}
    entries: dict[str, object] = {}
    for model in models:
        found = _prices(model, week)
        own = model.name in OWN
        source = (
            f"hosting (on demand; within the SLO) by load sweep {_sweep_name(model.name)}" if own else "prices.yaml"
        )
        described[model.name] = {
            "adapter": model.adapter, "model": model.asked_as, "place": model.host, "host": model.host,
            "streaming": True, "priced_as": [None, model.asked_as],
            "prices": found and {
                "model": model.asked_as, "source": source,
                "usd_per_mtok": [{"above_input_tokens": 0, "input": found[0], "output": found[1]}],
            },
        }  # fmt: skip
        entries[model.name] = {"adapter": model.adapter, "model": model.asked_as} | (
            {"hosting": _hosting(model.name)} if own else {}
        )
    tasks = {
        task.name: {
            "n": _n(task, scale), "scorer": task.scorer,
            "identity": {"messages": [{"role": "user", "template": task.name}], "mode": "generate",
                         "score": {"name": task.scorer, "options": {}}, "scorer_version": 1},
        }
        for task in TASKS
    }  # fmt: skip
    return {
        "models": described, "tasks": tasks, "evalkit_version": "0.9.0" if week < 2 else "1.0.0",
        "n_rows": len(models) * sum(_n(task, scale) for task in TASKS), "suite_path": f"{SUITE}.yaml", "in_flight": 8,
        "suite_resolved": {"name": SUITE, "models": entries, "tasks": [], "gate": GATE},
    }  # fmt: skip


GATE = {
    "baseline": "gpt-6-sol",
    "candidates": ["gemini-4-argon", "claude-opus-5-5", "claude-sonnet-5-5", "qwen3.5-397b"],
    "rules": [
        {"quality": "all", "margin": 0.05},
        {"quality": "german-mails", "margin": 0.05},
        {"quality": "reply-quality", "margin": 0.1},
        {"cost": "usd_per_1k_samples", "max_ratio": 0.8},
        {"latency": "total_p95", "max_ratio": 1.2},
        {"rate": "unparseable", "max_rate": 0.02},
    ],
}


def _hosting(name: str) -> dict[str, object]:
    return {
        "gpu": "H100",
        "gpus": OWN[name][0],
        "usd_per_gpu_hour": str(USD_PER_GPU_HOUR),
        "billing": "on_demand",
        "load": "latest",
    }


def _item(task: MadeTask, n: int) -> Asked:  # noqa: PLR0911 - one for each task
    """The n-th question of a task."""
    number = f"{4711 + 37 * n}"
    tier = ("free", "team", "enterprise")[n % 3]
    queue, text = _TOPICS[n % len(_TOPICS)]
    text = text.format(n=number)
    wrong = QUEUES[(QUEUES.index(queue) + 1 + n % 4) % len(QUEUES)]
    if task.name == "triage":
        asked = f"Sort this ticket into one queue: {', '.join(QUEUES)}. Reply with the queue only.\n\nTicket: {text}"
        return Asked((Message("user", asked),), queue, queue, wrong, {"tier": tier})
    if task.name == "german-mails":
        queue, text = _GERMAN[n % len(_GERMAN)]
        asked = f"Sort this mail into one queue: {', '.join(QUEUES)}.\n\n{text.format(n=number)}"
        return Asked((Message("user", asked),), queue, queue, "sales", {"tier": tier})
    if task.name == "refund-policy":
        days = 9 + 5 * (n % 8)
        allowed = "yes" if days <= 30 else "no"
        asked = f"Unused goods go back within 30 days.\nBought {days} days ago, unused. Refund? End with yes or no."
        why = f"The goods are unused and were bought {days} days ago. The limit is 30 days."
        other = "no" if allowed == "yes" else "yes"
        return Asked(
            (Message("user", asked),), allowed, f"{why}\nAnswer: {allowed}", f"{why}\nAnswer: {other}", {"tier": tier}
        )
    if task.name == "extract-order":
        asked = f"Extract the order as JSON with number and queue.\n\n{text}"
        right = json.dumps({"number": number, "queue": queue})
        return Asked(
            (Message("user", asked),),
            right,
            right,
            json.dumps({"number": number[::-1], "queue": queue}),
            {"tier": tier},
        )
    if task.name == "three-turn-refund":
        turn = n % 3
        said = [
            Message("user", f"Order {4711 + n // 3}: the lamp arrived broken."),
            Message("assistant", "I am sorry. Could you tell me when it arrived?"),
            Message("user", "Last Tuesday. I have a photo."),
            Message("assistant", "Thank you. A photo is enough."),
            Message("user", "So do I get my money back, yes or no?"),
        ]
        return Asked(tuple(said[: 2 * turn + 1]), "yes", "Yes, you get your money back within five days.",
                     "No, this needs a form first.", {"turn": str(turn + 1)}, f"talk-{n // 3}", turn + 1)  # fmt: skip
    if task.name == "order-tools":
        asked = f"Where is order {number}? Use the tools."
        return Asked((Message("user", asked),), f"find_order({number})", "", "", {"tier": tier})
    asked = f"Write a reply of at most 80 words.\n\nTicket: {text}"
    good = f"Thank you for writing. I have passed {number} on to {queue}. You will hear from us in one working day."
    return Asked(
        (Message("user", asked),), "", good, f"Your request {number} was received. Please wait.", {"tier": tier}
    )


def _rows(model: MadeModel, task: MadeTask, n: int, week: int) -> Iterator[Row]:
    """A model's answers to a task; the same for every call."""
    skill = model.skill + (model.german if task.name == "german-mails" else 0)
    skill += model.tools if task.name == "order-tools" else 0
    served = f"{model.asked_as}-2026-09-01"
    if model.name == "claude-sonnet-5-5" and week == 2:  # the provider serves another version under the same name
        served, skill = f"{model.asked_as}-2026-11-20", skill - 0.03
    odds = math.log(skill / (1 - skill)) + task.easier
    for at in range(n):
        asked = _item(task, at)
        hard = random.Random(f"{task.name} {at}").gauss(0, 1.3)  # of the item, for every model alike
        own = random.Random(f"{model.name} {task.name} {at}")
        again = random.Random(f"{model.name} {task.name} {at} {week}")
        p_right = 1 / (1 + math.exp(hard - odds))
        draw = own.random() if again.random() < 0.9 else again.random()  # one answer in ten is another one next week
        yield _row(model, task, at, asked, draw < p_right, p_right, served, week, again)


def _row(
    model: MadeModel,
    task: MadeTask,
    at: int,
    asked: Asked,
    right: bool,
    p_right: float,
    served: str,
    week: int,
    dice: random.Random,
) -> Row:
    digest = hashlib.md5(f"{task.name} {at}".encode()).hexdigest()
    started = 1_795_000_000.0 + 604_800 * week + at
    key = {
        "task": task.name, "sample_id": f"{task.name}-{at:03}", "sample_digest": digest, "target_digest": "t",
        "occurrence": 0, "model": model.name, "repeat": 0, "started_at": started, "slices": asked.slices,
        "cluster": asked.cluster, "prompt": asked.prompt, "target": asked.target or None,
    }  # fmt: skip
    if dice.random() < (0.012 if model.name in {"llama-3.3-70b", "grok-4.7"} else 0.0015):
        return Row(**key, outcome=Outcome.ERRORED, score=None, error_kind="rate_limit", error_status=429, attempts=5,
                   error="429: too many requests. Try again in 20 s.")  # fmt: skip
    score: float = float(right)
    outcome = Outcome.RIGHT if right else Outcome.WRONG
    text, reason = (asked.right if right else asked.wrong), None
    extracted: str | None = asked.target if right else text.split()[-1] if task.scorer == "choice" else text
    calls: tuple[ToolCall, ...] | None = None
    tools: tuple[Tool, ...] | None = None
    parts: dict[str, float] = {}
    if task.scorer == "judge":
        score = round(min(1.0, max(0.0, p_right + dice.gauss(0, 0.14))), 1)
        outcome, extracted, parts = Outcome.SCORED, None, {JUDGE: score}
        text = asked.right if score > 0.55 else asked.wrong
        reason = "Helpful and within 80 words." if score > 0.55 else "It does not say what happens next."
    if task.scorer == "tools":
        number = asked.target.removeprefix("find_order(").removesuffix(")")
        tools = (_FIND, _REFUND)
        calls = (ToolCall("find_order" if right else "refund", json.dumps({"number": number})),)
        text = f"Order {number} left our depot this morning." if right else "I have paid it back."
        extracted = f"{calls[0].name}({number})"
    if not right and task.scorer == "choice" and dice.random() < 0.06:
        outcome, extracted, text = Outcome.UNPARSEABLE, None, "That depends on what you prefer."
    n_in = 90 + 11 * len(" ".join(m.content for m in asked.prompt)) // 40
    n_out = max(3, round(task.output_tokens * dice.lognormvariate(0, 0.25)))
    price = _prices(model, week)
    cost = (n_in * Decimal(price[0]) + n_out * Decimal(price[1])) / 1_000_000 if price else None
    ttft = model.ttft_s * dice.lognormvariate(0, 0.3)
    return Row(**key, outcome=outcome, score=score, queue_s=0.01, retry_s=0.0 if dice.random() > 0.02 else 2.1,
               attempts=1, ttft_s=ttft, tpot_s=1 / model.tokens_per_s, total_s=ttft + n_out / model.tokens_per_s,
               input_tokens=n_in, output_tokens=n_out, cost_usd=cost, spend_usd=cost, stop_reason="stop",
               served_model=served, text=text, extracted=extracted, reason=reason, calls=calls, tools=tools,
               parts=parts)  # fmt: skip


def _judged(folder: Path, rows: Sequence[Row], date: str) -> Decimal:
    """The judge's own rows, one for each answer that it scored; what it spent in US dollars."""
    prices = {"model": "gpt-6-luna", "source": "prices.yaml",
              "usd_per_mtok": [{"above_input_tokens": 0, "input": "0.4", "output": "1.6"}]}  # fmt: skip
    facts = {
        "models": {JUDGE: {"adapter": "openai_responses", "model": "gpt-6-luna", "prices": prices}},
        "tasks": {"reply-quality": {"n": len(rows), "identity": {"judges": {JUDGE: {"model": "gpt-6-luna"}}}}},
        "n_rows": len(rows),
    }
    inner = open_judging(folder, RunFacts.model_validate(facts))
    cost = (420 * Decimal("0.4") + 30 * Decimal("1.6")) / 1_000_000
    made = (
        Row(
            **{"task": row.task, "sample_id": f"{row.sample_id}/{row.model}", "target_digest": "t", "occurrence": 0},
            **{"sample_digest": hashlib.md5(f"{row.key}".encode()).hexdigest(), "model": JUDGE, "repeat": 0},
            **{"outcome": Outcome.SCORED, "score": row.score, "text": f"Score: {row.score}"},
            **{"started_at": row.started_at, "ttft_s": 0.3, "total_s": 0.5, "tpot_s": 0.006},
            **{"input_tokens": 420, "output_tokens": 30, "cost_usd": cost, "spend_usd": cost},
            slices={"of": row.model},
        )
        for row in rows
    )
    _journal(inner, made)
    seal(inner)
    runs.update_facts(inner, RunFacts(status="complete", started_at=date))
    return cost * len(rows)


def _sweep_name(model: str) -> str:
    return f"{SUITE}-20261127T0{len(model) % 9}0000Z-{hashlib.md5(model.encode()).hexdigest()[:6]}"


def _sweep(results: Path, name: str) -> None:
    """The load sweep of an own model: what one copy of it serves within 0.5 s to the first token."""
    folder = results / "load" / _sweep_name(name)
    tokens = OWN[name][1]
    model = next(m for m in MODELS if m.name == name)
    serves = {
        "step": "open 6", "basis": "within the SLO", "output_tokens_per_s": tokens * 0.3,
        "requests_per_s": {"value": tokens / 190, "low": tokens / 205, "high": tokens / 178},
        "tokens_per_s": {"value": tokens, "low": tokens * 0.95, "high": tokens * 1.05},
    }  # fmt: skip
    folder.mkdir(parents=True)
    runs.write_facts(folder, {
        "schema_version": runs.SCHEMA_VERSION, "kind": "load", "suite": SUITE, "suite_digest": DIGEST,
        "status": "complete", "started_at": "2026-11-27T09:00:00Z", "finished_at": "2026-11-27T09:12:00Z",
        "model_name": name, "model": model.asked_as, "load": {"slo": {"ttft_p95": 0.5}, "serves": serves},
    })  # fmt: skip


def _damaged(results: Path) -> None:
    """A folder whose run.json was cut off while it was copied."""
    folder = results / f"{SUITE}-20261107T142855Z-{DIGEST[:6]}"
    folder.mkdir(parents=True)
    (folder / runs.FACTS).write_text('{"schema_version": 1, "suite": "support-sw')


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the samples of each task")
    args = parser.parse_args()
    for folder in make(args.results, scale=args.scale):
        print(folder)


if __name__ == "__main__":
    main()
