"""Small tasks of lm-eval's kinds on data of our own, written into a folder: no download, seconds to run."""

from __future__ import annotations

import json
from pathlib import Path

SUITE = """
name: by-lm-eval
sensitivity: public
models: {models}
tasks: {tasks}
{more}
"""
CLOZE = """
task: tiny_cloze
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl}}
test_split: test
fewshot_split: test
output_type: multiple_choice
doc_to_text: "{{question}}\\nAnswer:"
doc_to_target: answer
doc_to_choice: choices
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
metadata: {version: 1.0}
"""
LETTERS = """
task: tiny_letters
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}\\nA. {{choices[0]}}\\nB. {{choices[1]}}\\nC. {{choices[2]}}\\nD. {{choices[3]}}\\nAnswer:"
doc_to_target: answer
doc_to_choice: ["A", "B", "C", "D"]
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
metadata: {version: 1.0}
"""
GENERATE = """
task: tiny_gen
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl}}
test_split: test
fewshot_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{choices[answer]}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 16, do_sample: false}
filter_list:
  - name: number
    filter: [{function: regex, regex_pattern: '(-?\\d+)'}, {function: take_first}]
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
metadata: {version: 2.0}
"""
WINOGRANDE = """
task: tiny_wino
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{ right }}"
doc_to_target: "{{ ending }}"
doc_to_choice: "{{ [begin + option1, begin + option2] }}"
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
metadata: {version: 1.0}
"""
GROUP = "group: tiny_group\ntask: [tiny_cloze, tiny_gen, tiny_wino]\n"


def write_tasks(folder: Path, *, n: int) -> None:
    """The tasks over `n` sums, in `folder`; beside it `absolute` holds them for lm-eval's own command."""
    folder.mkdir(parents=True)
    with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
        for number in range(n):
            a, b = number % 7 + 1, number % 5 + 2
            choices = [str(a + b + shift) for shift in (0, 1, 3, 5)]
            answer = number % 4
            choices[0], choices[answer] = choices[answer], choices[0]
            item = {"question": f"What is {a} + {b}?", "choices": choices, "answer": answer}
            sentence = {"begin": f"The box {number} is red because the ", "option1": "box", "option2": "cat"}
            file.write(json.dumps({**item, **sentence, "ending": "was painted.", "right": 0}) + "\n")
    rolling = CLOZE.replace("tiny_cloze", "tiny_rolling").replace("multiple_choice", "loglikelihood_rolling")
    rolling = rolling.partition("metric_list")[0] + "metric_list:\n  - {metric: word_perplexity}\n"
    files = {
        "cloze": CLOZE,
        "letters": LETTERS,
        "gen": GENERATE,
        "wino": WINOGRANDE,
        "group": GROUP,
        "by_text": GENERATE.replace("tiny_gen", "tiny_cloze_generative"),
        "rolling": rolling,
        "missing": CLOZE.replace("tiny_cloze", "tiny_missing").replace("items.jsonl", "nowhere.jsonl"),
    }
    absolute = folder.parent / "absolute"
    absolute.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        (absolute / f"{name}.yaml").write_text(text.replace("items.jsonl", str(folder / "items.jsonl")), "utf-8")
