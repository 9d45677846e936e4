"""Tasks of lm-eval that run text as a program, by their own Python or by a folder that a pull request brought along."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.bridges.lm_eval.code import runs_text
from tests.lm_eval_world import CLOZE, SUITE
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
TASK = "task: t\nprocess_results: !function utils.mark\n"
RUNS = [
    "def mark(doc, results):\n    return eval(results[0])\n",
    "def mark(doc, results):\n    exec(results[0], {})\n",
    "import os\ndef mark(doc, results):\n    os.system(results[0])\n",
    "from os import system\ndef mark(doc, results):\n    system(results[0])\n",
    "import subprocess\ndef mark(doc, results):\n    subprocess.run(results, shell=True)\n",
    "import subprocess\ndef mark(doc, results):\n    subprocess.check_output(results[0], shell=True)\n",
    "from subprocess import Popen\ndef mark(doc, results):\n    Popen(results)\n",
    "import pickle\ndef mark(doc, results):\n    return pickle.loads(doc['blob'])\n",
    "from sympy.parsing.sympy_parser import parse_expr\ndef mark(doc, results):\n    return parse_expr(results[0])\n",
    "import sympy\ndef mark(doc, results):\n    return sympy.sympify(results[0])\n",
    "import builtins\ndef mark(doc, results):\n    return builtins.eval(results[0])\n",
    "class T:\n    def mark(self, doc, results):\n        return [eval(r) for r in results]\n",
]
ASKS = [
    "from openai import OpenAI\n",
    "import requests\n",
    "def mark(doc, results):\n    import urllib.request\n",
    "from urllib import request\n",
    "import http.client as c\n",
    "import socket\n",
    "from transformers import AutoTokenizer\n",
    "import somebody.new\n",
    "from lm_eval.models.openai_completions import OpenAIChatCompletion\n",
    "import importlib\nasked = importlib.import_module('open' + 'ai')\n",
]
"""What may send answers to a host, or load a program from where one stands."""
HARMLESS = [
    "import re\nWORD = re.compile('a')\ndef mark(doc, results):\n    return {'acc': bool(WORD.match(results[0]))}\n",
    "import ast\ndef mark(doc, results):\n    return ast.literal_eval(doc['choices'])\n",
    "def mark(doc, results):\n    model.eval()\n    return 'eval(x)'  # exec(y)\n",
    "import json\ndef mark(doc, results):\n    return json.loads(results[0])\n",
    "from urllib.parse import urlsplit\nfrom importlib.metadata import version\nimport numpy as np, sklearn.metrics\n",
    "from transformers.data.metrics import squad_metrics\nfrom lm_eval.api.metrics import mean\nfrom . import utils\n",
    "import utils\nfrom utils import mark\n",
]


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


@pytest.mark.parametrize("code", [*RUNS, *ASKS])
def test_a_task_that_runs_text_is_found(tmp_path: Path, code: str) -> None:
    root = written(tmp_path, {"fam/t.yaml": TASK, "fam/utils.py": code})
    found = list(runs_text([root / "fam" / "t.yaml"], root))
    assert len(found) == 1 and found[0].startswith("fam/utils.py:")


@pytest.mark.parametrize("code", HARMLESS)
def test_other_tasks_are_left_alone(tmp_path: Path, code: str) -> None:
    root = written(tmp_path, {"fam/t.yaml": TASK, "fam/utils.py": code})
    assert list(runs_text([root / "fam" / "t.yaml"], root)) == []


@pytest.mark.parametrize(
    "files",
    [
        {"fam/t.yaml": "include: base.yaml\n", "fam/base.yaml": TASK, "fam/utils.py": RUNS[0]},
        {"fam/t.yaml": 'include: "base.yaml"\n', "fam/base.yaml": TASK, "fam/utils.py": RUNS[0]},
        {"fam/t.yaml": "include: [base.yaml]\n", "fam/base.yaml": TASK, "fam/utils.py": RUNS[0]},
        {"fam/t.yaml": "include:\n  - ../a/base.yaml\n", "a/base.yaml": TASK, "a/utils.py": RUNS[0]},
        {"fam/t.yaml": TASK, "fam/utils.py": "from helper import mark\n", "fam/helper.py": RUNS[0]},
        {"fam/t.yaml": TASK, "fam/utils.py": "from .helper import mark\n", "fam/helper.py": RUNS[0]},
        {"fam/t.yaml": TASK, "fam/utils.py": "from . import helper\n", "fam/helper.py": RUNS[0]},
        {"fam/t.yaml": TASK, "fam/utils.py": "from ..a.helper import mark\n", "a/helper.py": RUNS[0]},
        {"fam/t.yaml": TASK, "fam/utils.py": "def f():\n    import lm_eval.tasks.a.b\n", "a/b.py": RUNS[0]},
        {"fam/t.yaml": TASK, "fam/utils.py": "from lm_eval.tasks.a import b\n", "a/b.py": RUNS[0]},
        {"fam/t.yaml": "class: !function task.T\n", "fam/task.py": RUNS[-1]},
        {"fam/t.yaml": "task: t\nunsafe_code: true\n"},
    ],
)
def test_it_is_found_behind_includes_and_imports(tmp_path: Path, files: dict[str, str]) -> None:
    root = written(tmp_path, files)
    assert len(list(runs_text([root / "fam" / "t.yaml"], root))) == 1


def test_a_users_file_that_includes_a_shipped_one_is_followed(tmp_path: Path) -> None:
    root = written(tmp_path / "shipped", {"fam/base.yaml": TASK, "fam/utils.py": RUNS[0]})
    own = written(tmp_path / "own", {"t.yaml": f"include: {root}/fam/base.yaml\n"})
    assert list(runs_text([own / "t.yaml"], root)) == ["fam/utils.py:2 calls eval"]


METRIC = """
import os
import datasets
import evaluate
open(os.environ["EVALKIT_TEST_CANARY"], "w").write("ran")
class Own(evaluate.Metric):
    pass
"""


@pytest.mark.filterwarnings("ignore")
class TestWithLmEval:
    """What only the package itself shows."""

    @pytest.fixture(autouse=True)
    def _there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("lm_eval", reason="SKIPPED LOUDLY: lm-eval is not installed here; `make test-lm-eval`")
        for name in ("HF_DATASETS_CACHE", "HF_MODULES_CACHE"):
            monkeypatch.setenv(name, str(tmp_path / name))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        monkeypatch.setenv("EVALKIT_TEST_CANARY", str(tmp_path / "ran"))
        (tmp_path / "checkout").mkdir()
        monkeypatch.chdir(tmp_path / "checkout")

    def check(self, capsys: Capture, task: str, *args: object) -> tuple[int, str]:
        models = "{m: {adapter: scripted, model: x, replies: {'*': B}}}"
        Path("suite.yaml").write_text(SUITE.format(tasks=f"[{task}]", models=models, more=""), "utf-8")
        ran = evalkit(capsys, "check", "suite.yaml", *args)
        return ran.code, ran.err

    def test_a_judge_of_its_own_is_no_task_once_its_pictures_are_taken_away(
        self, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """lm-eval asks OpenAI itself there, with the person's key."""
        monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
        written(Path(), {"tasks/own.yaml": "group: own\ntask: [{task: pisa_en_llm_judged, doc_to_image: null}]\n"})
        code, said = self.check(capsys, "{lm_eval: own, include_path: tasks}")
        assert code == 2 and "pisa/utils.py:11 imports openai.OpenAI" in said and "--allow-suite-code" in said

    @pytest.mark.parametrize("task", ["mbpp", "humaneval", "longproc_countdown_0.5k", "pisa_en_llm_judged"])
    def test_replies_are_run_only_by_the_persons_word(self, capsys: Capture, task: str) -> None:
        code, said = self.check(capsys, f"{{lm_eval: {task}}}")
        assert code == 2 and "--allow-suite-code" in said

    @pytest.mark.parametrize("name", ["code_eval", "rouge", "bleu"])
    def test_a_metric_is_no_folder_of_the_checkout(self, tmp_path: Path, name: str) -> None:
        from evalkit.bridges.lm_eval.start import import_lm_eval, local_programs
        from evalkit.errors import SuiteError

        written(Path(), {f"{name}/{name}.py": METRIC})
        import_lm_eval()
        local_programs(allowed=False)
        from evaluate import load

        with pytest.raises(SuiteError, match="where you stand"):
            load(name)
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("name", ["allenai/ai2_arc", "gsm8k"])
    def test_a_dataset_is_no_folder_of_the_checkout(self, name: str) -> None:
        import datasets

        from evalkit.bridges.lm_eval.start import import_lm_eval, local_programs
        from evalkit.errors import SuiteError

        written(Path(), {f"{name}/test.jsonl": '{"question": "x"}\n'})
        import_lm_eval()
        local_programs(allowed=False)
        with pytest.raises(SuiteError, match="where you stand"):
            datasets.load_dataset(name)
        local_programs(allowed=True)
        try:
            assert datasets.load_dataset(name, split="test")["question"] == ["x"]
        finally:
            local_programs(allowed=False)

    def test_a_shipped_task_does_not_read_the_checkout_instead(self, capsys: Capture) -> None:
        written(Path(), {"allenai/ai2_arc/ARC-Easy/test.jsonl": '{"question": "x"}\n'})
        code, said = self.check(capsys, "{lm_eval: arc_easy}")
        assert code == 2 and "where you stand" in said and "Traceback" not in said

    @pytest.mark.parametrize(
        "metadata",
        [
            "{pretrained: ./evil}",
            "{tokenizer: someone/evil}",
            "{version: 1, model: ./evil}",
            "{names: [./evil]}",
            "{inner: {tokenizer: ./evil}}",
            "./evil",
        ],
    )
    def test_metadata_names_nothing_to_load(self, capsys: Capture, metadata: str) -> None:
        from tests.lm_eval_world import write_tasks

        write_tasks(Path("tasks"), n=4)
        own = CLOZE.replace("tiny_cloze", "own").replace("{version: 1.0}", metadata)
        (Path("tasks") / "own.yaml").write_text(own, "utf-8")
        code, said = self.check(capsys, "{lm_eval: own, include_path: tasks}")
        assert code == 2 and "metadata" in said
        sly = f"group: sly\ntask: [{{task: tiny_cloze, metadata: {metadata}}}]\n"
        (Path("tasks") / "sly.yaml").write_text(sly, "utf-8")
        code, said = self.check(capsys, "{lm_eval: sly, include_path: tasks}")
        assert code == 2 and "metadata" in said
