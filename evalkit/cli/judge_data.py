"""`evalkit judge-data RUN`: stored answers as the items of a suite in which a judge is the model.

What `evalkit judge-data` writes: one record for each answer, or two for each pair, one in either order.

{"id": "refunds/t1/0/qwen", "task": "refunds", "judged": "qwen", "question": "..", "answer": "..", "reference": "deny"}
{"id": "refunds/t1/0/ba", "task": "refunds", "judged": "gpt over qwen", "pair": "refunds/t1/0", "swapped": true,
 "question": "..", "answer_a": "<qwen's>", "answer_b": "<gpt's>", "reference": "deny"}

Of a task whose judges compare with another model's answer, each answer is written once beside that one, in the order
that a digest of its id draws: as people label it.

{"id": "duel/t1/0/gpt", "task": "duel", "judged": "gpt over qwen", "swapped": true, "question": "..",
 "answer_a": "<qwen's>", "answer_b": "<gpt's>", "reference": ""}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import OutFile, names, results_folder
from evalkit.cli.printing import echo
from evalkit.errors import UserError
from evalkit.text import numbers
from evalkit.writing import open_to_write

if TYPE_CHECKING:
    from evalkit.records import Row


@click.command()
@click.argument("run", default="latest")
@click.option("--out", required=True, type=OutFile(), help="The JSONL file to write.")
@click.option("--tasks", callback=names, help="Only answers to these tasks, comma separated.")
@click.option("--pair", callback=names, metavar="A,B", help="Answers of two models side by side, in both orders.")
@click.option("--alone", is_flag=True, help="Single answers, also where the task's judges compare pairs.")
@click.option("--force", is_flag=True, help="Replace the file where there is one.")
@results_folder
def command(
    run: str,
    out: Path,
    tasks: tuple[str, ...] | None,
    pair: tuple[str, ...] | None,
    alone: bool,
    force: bool,
    results: Path,
) -> int:
    """Write the answers of RUN (`latest` by default) for people or a judge to look at.

    Labels of people are a field "label" added to some records, in a file that the task names: labels: FILE. Where a
    task's judges compare with another model's answer, that one stands beside each (answer_a, answer_b).

    Then run a suite whose model is the judge: `use: judge_rating` or `use: judge_reference` on single answers,
    `use: judge_pair` on pairs. The judge's cost and latency are that run's; what was judged stands in its slices.
    """

    return write_items(run, out, tasks, pair, results, alone=alone, force=force)


def write_items(
    run: str,
    out: Path,
    tasks: tuple[str, ...] | None,
    pair: tuple[str, ...] | None,
    results: Path,
    *,
    alone: bool,
    force: bool,
) -> int:
    """The exit code. Raises UserError for names that the run does not have, and for a file that is there already."""
    from evalkit.store.runs import resolve_run
    from evalkit.store.sealing import rows_of

    if pair is not None and len(set(pair)) != 2:
        raise click.UsageError("--pair takes two models, like --pair gpt,qwen")
    if pair is not None and alone:
        raise click.UsageError("--alone writes single answers, and --pair pairs: leave one of them out")
    if out.exists() and not force:
        raise UserError(f"{out} is there already; choose another file, or replace it with --force")
    folder = resolve_run(run, results)
    rows = list(rows_of(folder))
    _require({row.task for row in rows}, tasks, "task", folder)
    _require({row.model for row in rows}, pair, "model", folder)
    rows = [row for row in rows if tasks is None or row.task in tasks]
    answered = sorted((row for row in rows if row.error_kind is None and _said(row)), key=lambda row: row.key)
    compared = {} if alone or pair is not None else _compared(folder)
    records = list(_written(answered, compared) if pair is None else _paired(answered, pair[0], pair[1]))
    if not records:
        raise UserError(f"{folder} holds no answers to write: nothing was answered, or no sample by both models")
    try:
        with TextIOWrapper(open_to_write(out), encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror}") from error
    left_out = len(rows) - len(answered)
    without = f"; {numbers.plural(left_out, 'row')} without an answer left out" if left_out else ""
    if pair is None and (n_theirs := len(answered) - len(records)):
        models = ", ".join(sorted(set(compared.values())))
        without += (
            f"; {numbers.plural(n_theirs, 'answer')} left out that stand by themselves, where judges compare with "
            f"{models} (--alone has all)"
        )
    echo(f"{out}: {numbers.plural(len(records), 'item')}{without}")
    return 0


def _compared(folder: Path) -> dict[str, str]:
    """By task whose judges compare pairs: the model that answers are compared with."""
    from evalkit.results.facts import read_facts

    judges = {name: one.identity.root.get("judge") for name, one in (read_facts(folder).tasks or {}).items()}
    told = {name: judge.get("pair") for name, judge in judges.items() if isinstance(judge, Mapping)}
    return {name: model for name, model in told.items() if isinstance(model, str)}


def _require(known: set[str], names: tuple[str, ...] | None, kind: str, folder: Path) -> None:
    for name in names or ():
        if name not in known:
            raise UserError(f"{folder} has no {kind} {name!r}; it has {', '.join(sorted(known))}")


def _written(rows: list[Row], compared: Mapping[str, str]) -> Iterator[dict[str, object]]:
    """Single answers; of tasks that compare with a model (`compared`), each beside that model's. What that model said
    itself, or was not there to be compared with, is left out."""
    others = {row.key[1:]: row for row in rows if compared.get(row.task) == row.model}
    for row in rows:
        name, model = f"{_place(row)}/{row.model}", compared.get(row.task)
        if model is None:
            yield {"id": name, "judged": row.model, **_shown(row), "answer": _said(row)}
            continue
        other = others.get(row.key[1:])
        if other is None or row.model == model:
            continue
        swapped = sha256(name.encode()).digest()[0] % 2 == 1  # whoever labels does not know whose answer is which
        a, b = (other, row) if swapped else (row, other)
        yield {
            "id": name, "judged": f"{row.model} over {model}", "swapped": swapped, **_shown(row),
            "answer_a": _said(a), "answer_b": _said(b),
        }  # fmt: skip


def _paired(rows: list[Row], first: str, second: str) -> Iterator[dict[str, object]]:
    """Both orders of every sample that both models answered."""
    of_second = {row.key[1:]: row for row in rows if row.model == second}
    for row in rows:
        other = of_second.get(row.key[1:])
        if row.model != first or other is None:
            continue
        for order, a, b in (("ab", row, other), ("ba", other, row)):
            yield {
                "id": f"{_place(row)}/{order}", "judged": f"{first} over {second}", "pair": _place(row),
                "swapped": order == "ba", **_shown(row), "answer_a": _said(a), "answer_b": _said(b),
            }  # fmt: skip


def _said(row: Row) -> str | None:
    from evalkit.reasoning import answer_of
    from evalkit.store.transcript import transcript

    return transcript(answer_of(row.text) if row.text else row.text, row.calls)


def _place(row: Row) -> str:
    occurrence = f"#{row.occurrence}" if row.occurrence else ""
    return f"{row.task}/{row.sample_id}{occurrence}/{row.repeat}"


def _shown(row: Row) -> dict[str, object]:
    """What a judge sees of the question: the one turn, or the conversation with its roles."""
    turns = [message for message in row.prompt if message.role != "system"]
    question = turns[0].text if len(turns) == 1 else "\n\n".join(f"[{m.role}]\n{m.text}" for m in turns)
    return {"task": row.task, "question": question, "reference": row.target or ""}
