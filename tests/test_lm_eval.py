"""`lm_eval: TASK` through the real lm-eval, the real command line and the shipped checkpoint.

Needs the extra `lm-eval`; CI's own environment has it not, `make test-lm-eval` makes one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit.store.runs import read_facts
from evalkit.store.sealing import rows_of
from tests.lm_eval_world import CLOZE, GENERATE, SUITE, WINOGRANDE, write_tasks
from tests.world import evalkit, run_folders

pytest.importorskip("lm_eval", reason="SKIPPED LOUDLY: lm-eval is not installed here; `make test-lm-eval` runs these")
pytestmark = pytest.mark.filterwarnings("ignore")  # lm-eval's and datasets' own warnings are theirs

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    write_tasks(tmp_path / "tasks", n=12)
    return tmp_path


def run(capsys: Capture, folder: Path, tasks: str, *args: object, **more: str) -> tuple[Any, Path | None]:
    (folder / "suite.yaml").write_text(SUITE.format(tasks=tasks, **{"models": MODELS, "more": "", **more}), "utf-8")
    results = folder / "results"
    ran = evalkit(capsys, "run", folder / "suite.yaml", "--results", results, "--no-cache", "--new", *args)
    folders = sorted(run_folders(results), key=lambda folder: (folder / "run.json").stat().st_mtime_ns)
    return ran, folders[-1] if folders else None


MODELS = "{tiny: {adapter: ctranslate2, model: tiny}}"


def test_a_group_becomes_ordinary_rows_of_each_of_its_tasks(capsys: Capture, folder: Path) -> None:
    ran, run_folder = run(capsys, folder, "[{lm_eval: tiny_group, include_path: tasks}]")
    assert ran.code == 0, ran.err
    assert run_folder is not None
    rows = list(rows_of(run_folder))
    assert {row.task for row in rows} == {"tiny_cloze", "tiny_gen", "tiny_wino"}
    assert all(row.score is not None for row in rows), [row.reason for row in rows if row.score is None]
    identity = read_facts(run_folder)["tasks"]["tiny_cloze"]["identity"]
    assert identity["lm_eval"]["version"] == "1.0"
    assert identity["lm_eval"]["config"] and identity["lm_eval"]["package"]
    assert str(folder) not in json.dumps(identity), "a machine's paths make no task another one"


def test_scores_are_lm_evals_own(capsys: Capture, folder: Path) -> None:
    """lm-eval itself marks the very log-likelihoods and texts that evalkit stored, and comes to the same."""
    import lm_eval
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    ran, run_folder = run(capsys, folder, "[{lm_eval: tiny_group, include_path: tasks}]")
    assert ran.code == 0 and run_folder is not None, ran.err
    weighed: dict[str, list[float]] = {}
    said: dict[str, str] = {}
    scores: dict[str, list[float]] = {}
    for row in sorted(rows_of(run_folder), key=lambda row: int(row.sample_id)):
        scores.setdefault(row.task, []).append(float(row.score or 0.0))
        if row.logliks is not None:
            weighed.setdefault(row.task, []).extend(row.logliks)
        else:
            said[row.sample_id] = row.text or ""

    class Stored(LM):
        def loglikelihood(self, requests: Any) -> Any:
            return [(weighed[request.task_name].pop(0), False) for request in requests]

        def loglikelihood_rolling(self, requests: Any) -> Any:
            raise AssertionError

        def generate_until(self, requests: Any) -> Any:
            return [said[str(request.doc_id)].partition("\n")[0] for request in requests]

    found = lm_eval.simple_evaluate(
        model=Stored(),
        tasks=["tiny_cloze", "tiny_gen", "tiny_wino"],
        task_manager=TaskManager(include_path=str(folder / "absolute"), include_defaults=False),
        bootstrap_iters=0,
    )
    assert found is not None
    for task, metric in {"tiny_cloze": "acc,none", "tiny_gen": "exact_match,number", "tiny_wino": "acc,none"}.items():
        assert found["results"][task][metric] == pytest.approx(sum(scores[task]) / len(scores[task])), task


def test_shots_limit_metric_and_name_are_part_of_what_was_asked(capsys: Capture, folder: Path) -> None:
    tasks = "[{lm_eval: tiny_cloze, include_path: tasks, name: mine, shots: 2, limit: 5, score: acc_norm}]"
    ran, run_folder = run(capsys, folder, tasks)
    assert ran.code == 0 and run_folder is not None, ran.err
    rows = list(rows_of(run_folder))
    assert len(rows) == 5 and {row.task for row in rows} == {"mine"}
    assert rows[0].prompt[0].content.count("Answer:") == 3
    assert "acc,none" in rows[0].parts
    identity = read_facts(run_folder)["tasks"]["mine"]["identity"]
    assert (identity["shots"], identity["metric"], identity["limit"]["n"]) == (2, "acc_norm,none", 5)


def test_examples_before_a_question_to_a_chat_model_are_turns(capsys: Capture, folder: Path) -> None:
    ran, run_folder = run(capsys, folder, "[{lm_eval: tiny_gen, include_path: tasks, shots: 1, limit: 3}]")
    assert ran.code == 0 and run_folder is not None, ran.err
    roles = [turn.role for turn in next(rows_of(run_folder)).prompt]
    assert roles == ["user", "assistant", "user"]


def test_an_interrupted_run_owes_only_what_is_missing(capsys: Capture, folder: Path) -> None:
    tasks = "[{lm_eval: tiny_cloze, include_path: tasks}]"
    ran, run_folder = run(capsys, folder, tasks, "--json")
    again = evalkit(capsys, "run", folder / "suite.yaml", "--results", folder / "results", "--resume", run_folder)
    assert (ran.code, again.code) == (0, 0), again.err
    assert ran.json["models"]["tiny"]["all"]["n"] == 12


def test_a_likelihood_task_is_refused_for_a_chat_model_with_the_variant_that_works(
    capsys: Capture, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    ran, run_folder = run(
        capsys,
        folder,
        "[{lm_eval: tiny_cloze, include_path: tasks}]",
        models="{gpt: {adapter: openai, model: gpt-6-luna}}",
    )
    assert ran.code == 2 and run_folder is None
    assert "log-likelihood" in ran.err and "lm_eval: tiny_cloze_generative" in ran.err


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (CLOZE.replace("doc_to_target: answer", "doc_to_target: !function evil.run"), "calls Python: !function"),
        (CLOZE + "use_prompt: evil.yaml\n", "use_prompt, which runs code"),
        (CLOZE.replace("dataset_path: json", "dataset_path: pandas"), "by the builder 'pandas'"),
        (CLOZE.replace("metric: acc,", "metric: ./evil,"), "the metric './evil' from outside lm-eval"),
        ("include: evil_base.yaml\n" + CLOZE, "evil_base.yaml:1 calls Python"),
    ],
)
def test_task_files_run_no_code_unless_a_person_allows_it(
    capsys: Capture, folder: Path, file: str, expected: str
) -> None:
    (folder / "tasks" / "evil.py").write_text(
        f"open({str(folder / 'ran')!r}, 'w').write('x')\ndef run(doc): return 0\n"
    )
    (folder / "tasks" / "evil_base.yaml").write_text("process_docs: !function evil.run\n")
    (folder / "tasks" / "cloze.yaml").write_text(file)
    ran, _ = run(capsys, folder, "[{lm_eval: tiny_cloze, include_path: tasks}]")
    assert ran.code == 2
    assert expected in ran.err and "--allow-suite-code" in ran.err
    assert not (folder / "ran").exists()


def test_templates_of_a_persons_own_tasks_are_sandboxed(capsys: Capture, folder: Path) -> None:
    evil = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    (folder / "tasks" / "cloze.yaml").write_text(CLOZE.replace("{{question}}", evil))
    ran, _ = run(capsys, folder, "[{lm_eval: tiny_cloze, include_path: tasks}]")
    assert ran.code == 2 and "unsafe" in ran.err, ran.err


def test_python_of_a_task_runs_once_it_is_allowed(capsys: Capture, folder: Path) -> None:
    (folder / "tasks" / "mine.py").write_text("def right(doc):\n    return doc['answer']\n")
    allowed = CLOZE.replace("doc_to_target: answer", "doc_to_target: !function mine.right")
    (folder / "tasks" / "cloze.yaml").write_text(allowed)
    ran, run_folder = run(capsys, folder, "[{lm_eval: tiny_cloze, include_path: tasks}]", "--allow-suite-code")
    assert ran.code == 0 and run_folder is not None, ran.err
    before = read_facts(run_folder)["tasks"]["tiny_cloze"]["identity"]["lm_eval"]["code"]
    (folder / "tasks" / "mine.py").write_text("def right(doc):\n    return doc['answer'] + 0\n")
    _, again = run(capsys, folder, "[{lm_eval: tiny_cloze, include_path: tasks}]", "--allow-suite-code")
    assert again is not None
    assert read_facts(again)["tasks"]["tiny_cloze"]["identity"]["lm_eval"]["code"] != before


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("{lm_eval: arc_chalenge}", "did you mean arc_challenge"),
        ("{lm_eval: tiny_cloze, include_path: nowhere}", "there is no folder"),
        ("{lm_eval: tiny_cloze, include_path: tasks, score: bleu}", "has no metric 'bleu' for each item"),
        ("{lm_eval: tiny_rolling, include_path: tasks}", "weighs whole documents"),
        ("{lm_eval: arc_easy}", "needs a dataset that is not on this machine"),
        ("{lm_eval: tiny_missing, include_path: tasks}", "there is no such file beside the task file"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence_before_anything_is_sent(
    capsys: Capture, folder: Path, task: str, expected: str
) -> None:
    ran, run_folder = run(capsys, folder, f"[{task}]")
    assert ran.code == 2 and run_folder is None
    assert expected in ran.err
    assert "Traceback" not in ran.err


def test_a_wrong_name_is_refused_without_lm_evals_whole_index(
    capsys: Capture, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes six seconds to build."""
    monkeypatch.setattr("lm_eval.tasks._index.TaskIndex.build", None)
    ran, _ = run(capsys, folder, "[{lm_eval: AraDiCE_piqa_egz}]")
    assert ran.code == 2 and "did you mean" in ran.err and "AraDiCE_piqa_egy" in ran.err, ran.err


def test_the_command_without_a_suite_asks_the_same(capsys: Capture, folder: Path) -> None:
    args = ["--tasks", "tiny_cloze", "--include_path", folder / "tasks", "--results", folder / "results", "--json"]
    ran = evalkit(capsys, "lm-eval", "--model", "ctranslate2:tiny", *args, "--num_fewshot", 0, "--limit", 6)
    assert ran.code == 0, ran.err
    assert ran.json["models"]["tiny"]["all"]["n"] == 6


def test_samples_of_lm_eval_pair_with_ours(capsys: Capture, folder: Path) -> None:
    """doc_hash is lm-eval's: the digest of an imported row is that of the row that evalkit asked itself."""
    from lm_eval.utils import handle_non_serializable, hash_string

    from evalkit.bridges.lm_eval.samples import sample_digest

    _, run_folder = run(capsys, folder, "[{lm_eval: tiny_cloze, include_path: tasks}]")
    assert run_folder is not None
    docs = [json.loads(line) for line in (folder / "tasks" / "items.jsonl").read_text().splitlines()]
    hashes = [
        hash_string(json.dumps(doc, indent=2, default=handle_non_serializable, ensure_ascii=False)) for doc in docs
    ]
    ours = {row.sample_id: row.sample_digest for row in rows_of(run_folder)}
    assert ours == {str(n): sample_digest("tiny_cloze", value) for n, value in enumerate(hashes)}


def test_several_inputs_with_one_ending_are_weighed_each_in_its_own_context(capsys: Capture, folder: Path) -> None:
    assert "option1" in WINOGRANDE and GENERATE
    _, run_folder = run(capsys, folder, "[{lm_eval: tiny_wino, include_path: tasks}]")
    assert run_folder is not None
    row = next(rows_of(run_folder))
    assert row.logliks is not None and len(row.logliks) == 2 and row.logliks[0] != row.logliks[1]


def test_what_no_task_asked_for_is_not_imported_and_can_be_had_afterwards(folder: Path) -> None:
    """A process of its own: chardet and scipy.io are seconds before the first request, and here nobody needs them."""
    (folder / "suite.yaml").write_text(
        SUITE.format(tasks="[{lm_eval: tiny_gen, include_path: tasks}]", models=MODELS, more=""), "utf-8"
    )
    code = (
        "import sys; from pathlib import Path; from evalkit.api.planning import suite_at; "
        "suite = suite_at(Path('suite.yaml')); "
        "loaded = {'chardet', 'scipy.io', 'sklearn', 'transformers', 'lm_eval.evaluator'} & set(sys.modules); "
        "import chardet; print(len(suite.tasks), sorted(loaded), chardet.__name__)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.stdout.split("\n")[0] == "1 [] chardet", ran.stderr


def test_a_task_that_does_need_what_was_put_aside_gets_it(capsys: Capture, folder: Path) -> None:
    pytest.importorskip("scipy")
    (folder / "tasks/heavy.py").write_text(
        "import scipy.io\n\ndef half(dataset):\n    assert scipy.io.loadmat\n    return dataset.select(range(6))\n",
        "utf-8",
    )
    (folder / "tasks/heavy.yaml").write_text(
        GENERATE.replace("tiny_gen", "tiny_heavy") + "process_docs: !function heavy.half\n", "utf-8"
    )
    asked = "[{lm_eval: tiny_heavy, include_path: tasks}]"
    ran, run_folder = run(capsys, folder, asked, "--allow-suite-code")
    assert ran.code == 0 and run_folder is not None, ran.err
    assert len(list(rows_of(run_folder))) == 6
