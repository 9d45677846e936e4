"""How often `numbers` reads published outputs as their publishers did: rows of the extraction table.

    EVALKIT_TEST_DATA=../data uv run python -m benchmarks.extraction_numbers [--list]

For each set of outputs: how many, how many marks agree with the published verdict, rights that the publisher calls
wrong, and published rights that are not right here. `--list` prints the disagreements. ZeroEval's `reasoning` is the
working without the JSON field that its own verdict rests on: some of it names no answer.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from evalkit.records import Outcome
from evalkit.scorers.registry import make_scorer
from tests.parity import marked, records
from tests.scoring import sample

JSON_ANSWER = {"take": {"json": "answer", "pick": "first"}}


class Row(NamedTuple):
    """One set of outputs under one scorer."""

    name: str
    n: int
    agree: int
    right_here_only: int
    right_there_only: int


class Reply(NamedTuple):
    """An output with its target and the published verdict."""

    text: str
    target: str
    correct: bool


def sets(data: Path) -> Iterator[tuple[str, dict[str, Any], list[Reply]]]:
    """Every set of outputs with numeric answers: (name, options of `numbers`, replies)."""
    items = list(records(data / "gsm8k" / "test.jsonl.gz"))
    golds = [item["answer"].split("####")[-1].strip() for item in items]
    for path in sorted((data / "gsm8k" / "solutions").glob("*.gz")):
        found = [Reply(o["solution"], golds[o["index"]], o["is_correct"]) for o in records(path)]
        yield f"gsm8k {path.name.split('.')[0]}, after A:", {"take": {"after": "A:"}}, found
        yield f"gsm8k {path.name.split('.')[0]}", {}, found
    by_question = {item["question"].strip(): gold for item, gold in zip(items, golds, strict=True)}
    routed = [o for o in records(data / "routellm" / "gsm8k_responses.jsonl.gz") if o["prompt"].strip() in by_question]
    for model in ("gpt4", "mixtral"):
        yield (
            f"routellm {model}",
            {},
            [Reply(o[f"{model}_response"], by_question[o["prompt"].strip()], o[f"{model}_correct"]) for o in routed],
        )
    for name in ("gsm", "math_l5"):
        folder = data / f"zeroeval_{name}"
        wanted = {item["id"]: item["answer"] for item in records(folder / "items.jsonl.gz")}
        for path in sorted((folder / "outputs").glob("*.gz")):
            outputs = [o for o in records(path) if _is_number(wanted[o["id"]])]
            model = f"zeroeval {name} {path.name[:18]}"
            whole = [Reply(o["output"], wanted[o["id"]], bool(o["source_correct"])) for o in outputs]
            yield f"{model}, digits", {"pick": "digits", **JSON_ANSWER}, whole
            yield f"{model}, json", JSON_ANSWER, whole
            yield (
                f"{model}, reasoning",
                {},
                [r._replace(text=reasoning) for r in whole if (reasoning := _reasoning(r.text)) is not None],
            )
    for folder in sorted((data / "evalscope_qwen").iterdir()):
        yield f"evalscope {folder.name}", {}, list(_evalscope(folder))
    for task in ("multistep_arithmetic_two",):
        rows = list(records(data / "bbh" / f"{task}.jsonl.gz"))
        yield (
            f"bbh {task}, cot",
            {},
            [
                Reply(r["cot"], r["target"], r["cot"].split("answer is")[-1].strip().rstrip(".") == r["target"])
                for r in rows
            ],
        )


def _is_number(target: str) -> bool:
    return marked(sample(target), "0", make_scorer("numbers", {})).outcome is not Outcome.ERRORED


def _reasoning(output: str) -> str | None:
    try:
        found = json.loads(output[output.index("{") : output.rindex("}") + 1]).get("reasoning")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _evalscope(folder: Path) -> Iterator[Reply]:
    reviews = {str(r["index"]): r for r in records(next(folder.glob("reviews*.gz")))}
    for output in records(next(folder.glob("predictions*.gz"))):
        review = reviews[str(output["index"])]
        text = output["model_output"]["choices"][0]["message"]["content"]
        if isinstance(text, list):
            text = "".join(part.get("text") or "" for part in text)
        yield Reply(text, str(review["target"]), review["sample_score"]["score"]["value"]["acc"] == 1)


def rows(data: Path, *, say: bool = False) -> Iterator[Row]:
    """The figures of every set; with `say` the replies on which the marks differ are printed too."""
    for name, options, replies in sets(data):
        scorer = make_scorer("numbers", options)
        agree = here = there = 0
        for reply in replies:
            found = marked(sample(reply.target), reply.text, scorer)
            right = found.outcome is Outcome.RIGHT
            agree += right == reply.correct
            here += right and not reply.correct
            there += reply.correct and not right
            if say and right != reply.correct:
                print(f"{name}: {found.outcome} {found.extracted!r} ({found.reason}), target {reply.target!r}:")
                print(f"    ..{reply.text[-300:]!r}")
        if replies:
            yield Row(name, len(replies), agree, here, there)


def main() -> None:
    """Prints the table."""
    print(f"{'outputs':60} {'n':>6} {'agree':>6} {'share':>8} {'only here':>10} {'only there':>11}")
    for row in rows(Path(os.environ["EVALKIT_TEST_DATA"]), say="--list" in sys.argv):
        share = row.agree / row.n
        print(f"{row.name:60} {row.n:6} {row.agree:6} {share:8.4f} {row.right_here_only:10} {row.right_there_only:11}")


if __name__ == "__main__":
    main()
