"""The cases of outside tests: replies of every kind through the command line, with the outcomes of a careful person.

Some cases cannot run as they stand in the table: they name a file that is not written, have an id of their own beside
that of their answer, or pair one record with another record's reply. `_as_meant` gives each of them what its author
plainly meant.
What is read otherwise stands in OPEN, and with its reason in docs/scoring.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit.scorers import code_worker
from evalkit.store.sealing import rows_of
from evalkit.suite.hugging_face_forms import form_of
from tests.world import evalkit, run_folders

OUTCOMES = {"right", "wrong", "scored", "unparseable", "refused", "truncated", "errored", "scored-below-1"}
TOGETHER = 150
"""Cases in one suite. A suite that is refused is cut in two until the case is found that is refused."""

REFUSED = "refused by check"
OPEN = {
    "try/think_choice/k3": "truncated",
    "03-think-contains/unclosed": "truncated",
    "try/think_contains/k2": "truncated",
    "try/exact/x16": REFUSED,
    "try/exact_empty/x1": REFUSED,
    "try/use_ife_unknown/1": REFUSED,
    "try/use_ife_badkw/1": REFUSED,
}
"""Case → what evalkit does with it instead of what the case expects."""

FAR_APART = {"a": "blue whale", "b": "red fox", "c": "grey wolf", "d": "brown bear"}
"""The texts of choices that were single letters, so that a reply of one letter names one choice."""
BELONGS = {
    r"\boxed{p-q}": "p - q",
    r"\boxed{Evelyn}": r"\text{Evelyn}",
    r"\boxed{10}": "10",
    r"\boxed{6-5i}": "6 - 5i",
    r"\boxed{2, 1}": "1,2",
    r"\boxed{36}": "36",
    r"\boxed{[-2,7]}": "[-2,7]",
    r"\boxed{11\sqrt{2}}": r"11\sqrt2",
    r"\boxed{90}": r"90^\circ",
    r"\boxed{9/7}": r"\frac{9}{7}",
    r"\boxed{52}": "52",
    r"\boxed{15}": r"15\mbox{ cm}^2",
    r"\boxed{C}": r"\text{(C)}",
    r"\boxed{-2, 1}": "1,-2",
    r"\boxed{3 R^{2}}": "3R^2",
    r"\boxed{x>5}": "x > 5",
    r"\boxed{\frac92}": r"\frac{9}{2}",
}
"""A reply that the table pairs with the first record of its file → an answer that it was plainly written for."""

Case = dict[str, Any]


def _as_meant(case: Case) -> tuple[Case, Case, str]:
    """Task, record and reply as the case's author plainly meant them."""
    task, record, reply = dict(case["input"]["task"]), dict(case["input"]["record"]), case["input"]["reply"]
    use = task.get("use")
    if use is None:
        return task, record, reply
    task["with"] = {key: value for key, value in task.get("with", {}).items() if key != "path"}
    if use == "mmlu":
        task["with"]["shots"] = 0  # the record's file holds no split of examples
    elif use == "gsm8k":
        record["answer"] = "x\n#### " + reply.removesuffix(".").rsplit(" ", 1)[-1].removeprefix("$")
    elif use == "math500":
        record["answer"] = BELONGS.get(reply, record["answer"])
    elif use in ("gpqa", "truthfulqa"):  # the hub's files are shuffled: "A" stands for the letter of the right one
        record = json.loads(_SINGLE_LETTER.sub(lambda match: f'"{FAR_APART[match[1]]}"', json.dumps(record)))
        ours = form_of(use)
        assert ours is not None
        known = ours(record)
        assert known is not None
        reply = "ABCD"[known["answer"]]
    return task, record, reply


_SINGLE_LETTER = re.compile('"([a-d])"')


def _outcomes(folder: Path, cases: Sequence[Case], capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[Case, str]]:
    """What a run of all the cases together makes of each."""
    here = folder / f"{len(list(folder.iterdir()))}"
    here.mkdir()
    tasks: list[Case] = []
    answers: list[Case] = []
    for n, case in enumerate(cases):
        task, record, reply = _as_meant(case)
        record = {"id": f"case-{n}", **record}
        (here / f"d{n}.jsonl").write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
        answers.append({"id": record["id"], "text": reply})
        data = {"path": f"d{n}.jsonl", "id": "id"}
        tasks.append(
            task | {"with": task["with"] | {"data": data}} if "use" in task else {"name": f"t{n}", "data": data, **task}
        )
    (here / "answers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in answers), encoding="utf-8")
    model = {"adapter": "replay", "path": "answers.jsonl"}
    suite = {"name": "cases", "models": {"m": model}, "tasks": tasks, "run": {"max_error_rate": 1.0}}
    (here / "suite.yaml").write_text(json.dumps(suite, ensure_ascii=False), encoding="utf-8")
    results = here / "results"
    evalkit(capsys, "run", here / "suite.yaml", "--results", results, "--no-cache", "--allow-code-execution")
    if found := run_folders(results) if results.exists() else []:
        by_id = {row.sample_id: row.outcome.value for row in rows_of(found[0])}
        yield from ((case, by_id[answer["id"]]) for case, answer in zip(cases, answers, strict=True))
    elif len(cases) == 1:
        yield cases[0], REFUSED
    else:
        half = len(cases) // 2
        yield from _outcomes(folder, cases[:half], capsys)
        yield from _outcomes(folder, cases[half:], capsys)


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_the_outside_cases_are_read_as_a_careful_person_reads_them(
    part: int, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = shared_data.parent / "findings" / "scoring" / "cases.jsonl"
    if not table.is_file():
        pytest.skip("the outside cases do not lie beside the data")
    pytest.importorskip("math_verify")
    pytest.importorskip("rouge_score")
    if code_worker.unsupported() is not None:
        pytest.skip("no cage for programs here")
    own: list[Case] = []
    alone: list[Case] = []
    built_in: list[dict[str, Case]] = []
    for line in table.read_text(encoding="utf-8").rstrip("\n").split("\n"):
        case = json.loads(line)
        if not _runs(case):
            continue
        if OPEN.get(case["id"]) == REFUSED:  # it would have its whole suite cut in two, again and again
            alone.append(case)
        elif "use" in case["input"]["task"]:
            _put(built_in, case)
        else:
            own.append(case)
    parts = [own[start : start + TOGETHER] for start in range(0, len(own), TOGETHER)]
    parts += [list(suite.values()) for suite in built_in]
    parts += [[case] for case in alone]
    read_otherwise = {
        case["id"]: outcome
        for cases in parts[part::4]
        for case, outcome in _outcomes(tmp_path, cases, capsys)
        if outcome
        not in {word.strip().replace("scored-below-1", "scored") for word in re.split("[|,]", case["expected"])}
    }
    ran = {case["id"] for cases in parts[part::4] for case in cases}
    assert read_otherwise == {name: outcome for name, outcome in OPEN.items() if name in ran}


def _put(suites: list[dict[str, Case]], case: Case) -> None:
    """Into the first suite that has neither this built-in task nor a record of this id."""
    name, number = case["input"]["task"]["use"], case["input"]["record"].get("id")
    for suite in suites:
        ids = {other["input"]["record"].get("id") for other in suite.values()} - {None}
        if name not in suite and number not in ids:
            suite[name] = case
            return
    suites.append({name: case})


def _runs(case: Case) -> bool:
    """Whether the case is a reply with an outcome, and not another kind of finding."""
    given, wanted = case["input"], case["expected"]
    task = isinstance(given, dict) and isinstance(given.get("task"), dict) and {"record", "reply"} <= set(given)
    return task and isinstance(wanted, str) and all(word.strip() in OUTCOMES for word in wanted.split("|"))
