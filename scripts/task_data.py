"""Benchmark files as their authors publish them, brought into the form that the built-in tasks read: JSON lines.

    uv run python scripts/task_data.py SOURCE DEST        # then: EVALKIT_DATA=DEST uv run evalkit run suites/mmlu.yaml

SOURCE holds folders named as below, each with the files of its source (gzipped or not); what is not there is passed
over and said. Nothing is fetched. Records are only renamed, joined and reordered, never edited, with two exceptions
that keep a benchmark honest: TruthfulQA's choices are shuffled (the true one stands first in the source), and
LegalBench's prompts lose their examples (they are the very records that are asked).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def main(source: Path, dest: Path) -> int:
    dest.mkdir(parents=True, exist_ok=True)
    for name, make in TASKS.items():
        try:
            made = list(make(source))
        except FileNotFoundError as error:
            print(f"{name}: left out, there is no {error.filename}", file=sys.stderr)
            continue
        with (dest / f"{name}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in made)
        print(f"{name}: {len(made):,} records")
    return 0


def lines(folder: Path, name: str) -> Iterator[Record]:
    """The records of a JSONL file, or of its gzipped form; lines end at "\\n" alone."""
    packed = folder / f"{name}.gz"
    content = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()
    yield from (json.loads(line) for line in content.split(b"\n") if line.strip())


def mmlu(source: Path) -> Iterator[Record]:
    for record in lines(source / "mmlu", "mmlu.jsonl"):
        yield {"id": f"{record['subject']}-{record['split']}-{record['idx']}", **record}


def mmlu_pro(source: Path) -> Iterator[Record]:
    """Without the few records that have one option left: there is nothing to choose."""
    yield from (record for record in lines(source / "mmlu_pro", "items.jsonl") if len(record["options"]) > 1)


def gsm8k(source: Path) -> Iterator[Record]:
    yield from lines(source / "gsm8k", "test.jsonl")


def ifeval(source: Path) -> Iterator[Record]:
    yield from lines(source / "ifeval", "input_data.jsonl")


def ifbench(source: Path) -> Iterator[Record]:
    yield from lines(source / "ifbench", "IFBench_test.jsonl")


def pubmedqa(source: Path) -> Iterator[Record]:
    yield from lines(source / "pubmedqa", "pqal_nontest.jsonl")


def bbh(source: Path) -> Iterator[Record]:
    for path in sorted((source / "bbh").glob("*.jsonl*")):
        task = path.name.split(".")[0]
        for record in lines(source / "bbh", f"{task}.jsonl"):
            yield {"id": f"{task}-{record['id']}", "task": task, "input": record["input"], "target": record["target"]}


def truthfulqa(source: Path) -> Iterator[Record]:
    """MC1; each question's choices in an order of its own, the same on every machine."""
    packed = source / "truthfulqa" / "mc_task.json.gz"
    for number, item in enumerate(json.loads(gzip.decompress(packed.read_bytes()))):
        choices = list(item["mc1_targets"])
        (right,) = [choice for choice, true in item["mc1_targets"].items() if true]
        seed = int.from_bytes(hashlib.sha256(item["question"].encode()).digest()[:8], "big")
        random.Random(seed).shuffle(choices)
        yield {"id": number, "question": item["question"], "choices": choices, "answer": choices.index(right)}


def bfcl(source: Path) -> Iterator[Record]:
    """The parallel categories where they are there: BFCL publishes them in files of their own."""
    folder = source / "bfcl"
    for category in ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance"):
        if category.startswith("parallel") and not any(folder.glob(f"BFCL_v4_{category}.jsonl*")):
            print(f"bfcl: without the category {category}, which is not there", file=sys.stderr)
            continue
        answers = {}
        if category != "irrelevance":
            found = lines(folder, f"possible_answer_BFCL_v4_{category}.jsonl")
            answers = {record["id"]: record["ground_truth"] for record in found}
        for record in lines(folder, f"BFCL_v4_{category}.jsonl"):
            yield {
                "id": record["id"], "category": category, "question": record["question"],
                "function": record["function"], "ground_truth": answers.get(record["id"], []),
            }  # fmt: skip


def legalbench(source: Path) -> Iterator[Record]:
    """The tasks whose every example is answered Yes or No; the instruction and the question, without the examples."""
    for task in lines(source / "legalbench", "train_samples.jsonl"):
        if {example.get("answer") for example in task["examples"]} != {"Yes", "No"}:
            continue
        blocks = task["base_prompt"].strip().split("\n\n")
        form = "\n\n".join([*blocks[:1], *blocks[-1:]] if len(blocks) > 1 else blocks)
        for example in task["examples"]:
            prompt = form
            for name, value in example.items():
                prompt = prompt.replace("{{" + name + "}}", str(value))
            if "{{" not in prompt:
                yield {"id": f"{task['task']}-{example['index']}", "task": task["task"], "prompt": prompt,
                       "answer": example["answer"]}  # fmt: skip


def mt_bench(source: Path) -> Iterator[Record]:
    """The reference answers are GPT-4's, to the thirty questions that FastChat judges by them; so are the prompts."""
    prompts = {prompt["name"]: prompt for prompt in lines(source / "mt_bench", "judge_prompts.jsonl")}
    given = {record["question_id"]: record for record in lines(source / "mt_bench", "reference_answer_gpt-4.jsonl")}
    for record in lines(source / "mt_bench", "question.jsonl"):
        found = given.get(record["question_id"])
        yield {
            "question_id": record["question_id"], "category": record["category"], "turns": record["turns"],
            "reference": found["choices"][0]["turns"] if found else [],
            "judge_prompts": [_judge_prompt(prompts, record, found, turn) for turn in (1, 2)],
        }  # fmt: skip


def _judge_prompt(prompts: dict[str, Record], record: Record, reference: Record | None, turn: int) -> Record:
    """FastChat's prompt to judge one answer, cut where the model's answers stand."""
    chosen = prompts[f"single-{'math-' if reference else ''}v1{'-multi-turn' if turn == 2 else ''}"]
    gap = "\0"
    known = {"question": record["turns"][0], "question_1": record["turns"][0], "question_2": record["turns"][1]}
    if reference:
        told = reference["choices"][0]["turns"]
        known |= {"ref_answer_1": told[0], "ref_answer_2": told[1]}
    text = chosen["prompt_template"].format(**known, answer=gap, answer_1=gap, answer_2=gap)
    return {"system": chosen["system_prompt"], "pieces": text.split(gap)}


TASKS: dict[str, Callable[[Path], Iterator[Record]]] = {
    "mmlu": mmlu, "mmlu_pro": mmlu_pro, "gsm8k": gsm8k, "ifeval": ifeval, "ifbench": ifbench, "pubmedqa": pubmedqa,
    "bbh": bbh, "truthfulqa": truthfulqa, "bfcl": bfcl, "legalbench": legalbench,
    "mt_bench": mt_bench,
}  # fmt: skip

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
