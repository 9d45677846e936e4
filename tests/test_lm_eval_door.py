"""A pull request's task files of lm-eval, through every way that leads lm-eval to them: no code, no file of others."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest

from tests.lm_eval_world import CLOZE, GENERATE, SUITE, write_tasks
from tests.world import Ran, evalkit

pytest.importorskip("lm_eval", reason="SKIPPED LOUDLY: lm-eval is not installed here; `make test-lm-eval` runs these")
pytestmark = pytest.mark.filterwarnings("ignore")  # lm-eval's and datasets' own warnings are theirs

Capture = pytest.CaptureFixture[str]
MODELS = "{m: {adapter: ctranslate2, model: tiny}}"
FILES = "{data_files: {test: items.jsonl}}"
CODE = CLOZE.replace('"{{question}}\\nAnswer:"', "!function utils.text").replace("tiny_cloze", "evil")
INLINE = """
group: g
task:
  - task: inline
    dataset_path: {builder}
    dataset_kwargs: {{data_files: {{test: '{path}'}}}}
    test_split: test
    output_type: generate_until
    doc_to_text: "{{{{text}}}}"
    doc_to_target: x
    metric_list: [{{metric: exact_match}}]
"""


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite's folder with task files in `tasks`, whose utils.py leaves a trace where it runs."""
    monkeypatch.delenv("EVALKIT_DATA_ROOTS", raising=False)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    suites = tmp_path / "suites"
    write_tasks(suites / "tasks", n=4)
    trace = tmp_path / "trace"
    (suites / "tasks" / "utils.py").write_text(
        f"open({str(trace)!r}, 'w').write('ran')\ndef text(doc):\n    return doc['question']\n", "utf-8"
    )
    (tmp_path / "outside.txt").write_text("of somebody else\n", "utf-8")
    monkeypatch.chdir(suites)
    return suites


def check(capsys: Capture, suites: Path, task: str, **files: str) -> Ran:
    for name, text in files.items():
        (suites / "tasks" / f"{name}.yaml").write_text(text, "utf-8")
    written = f"[{{lm_eval: {task}, include_path: tasks}}]"
    (suites / "suite.yaml").write_text(SUITE.format(tasks=written, models=MODELS, more=""), "utf-8")
    return evalkit(capsys, "check", suites / "suite.yaml")


@pytest.mark.parametrize(
    ("task", "files"),
    [
        ("evil", {"evil": CODE}),
        ("evil", {"evil": CODE.replace("task: evil", '"task": evil')}),
        ("evil", {"evil": CODE.replace("task: evil", "? task\n: evil")}),
        ("evil", {"evil": CODE.replace("task: evil", "task: &name evil")}),
        ("evil", {"evil": CODE.replace("task: evil", "task: >-\n  evil")}),
        ("evil", {"evil": CODE.replace("!function utils.text", "!<!function> utils.text")}),
        ("g", {"evil": CODE, "g": "group: g\ntask: [evil]\n"}),
        ("g", {"evil": CODE, "g": "group: g\ntask:\n  - group: inner\n    task: [evil]\n"}),
        ("g", {"evil": CODE, "g": "group: g\ntask: [{group: a, task: [{group: b, task: [{task: evil}]}]}]\n"}),
        ("g", {"evil": CODE, "g": "group: g\ntask: [{task: tiny_gen, group: h}]\n", "h": "group: h\ntask: [evil]\n"}),
        ("g", {"evil": CODE.replace("task: evil", "task: evil\ntag: mine"), "g": "group: g\ntask: [mine]\n"}),
        ("mine", {"evil": CODE.replace("task: evil", '"task": evil\n"tag": [mine]')}),
        ("own", {"own": "include: base.yaml\ntask: own\n", "base": CODE.replace("task: evil", "")}),
    ],
)
def test_no_way_leads_to_python(capsys: Capture, suites: Path, task: str, files: dict[str, str]) -> None:
    ran = check(capsys, suites, task, **files)
    assert not (suites.parent / "trace").exists()
    assert ran.code == 2
    assert "!function utils.text" in ran.err and "--allow-suite-code" in ran.err


def test_the_same_runs_where_the_person_allows_it(capsys: Capture, suites: Path) -> None:
    files = {"evil": CODE, "g": "group: g\ntask:\n  - group: inner\n    task: [evil]\n"}
    check(capsys, suites, "g", **files)
    ran = evalkit(capsys, "check", suites / "suite.yaml", "--allow-suite-code")
    assert ran.code == 0 and (suites.parent / "trace").exists()


@pytest.mark.parametrize(
    ("builder", "path"),
    [
        ("text", "OUTSIDE"),
        ("text", "../../outside.txt"),
        ("json", "http://127.0.0.1:1/x.json"),
        ("text", "/proc/self/environ"),
        ("pandas", "items.pkl"),
    ],
)
def test_a_task_that_is_written_inside_a_group_stays_inside(
    capsys: Capture, suites: Path, builder: str, path: str
) -> None:
    text = INLINE.format(builder=builder, path=path.replace("OUTSIDE", str(suites.parent / "outside.txt")))
    nested = text.replace("task:\n", "task:\n- group: inner\n  task:\n", 1)
    spread = (
        f"group: g\ndataset_path: {builder}\n"
        + text.partition(f"dataset_path: {builder}\n")[2].replace("    ", "")
        + "task: [inline]\n"
    )
    for written in (text, nested, spread):
        ran = check(capsys, suites, "g", g=written)
        assert ran.code == 2 and "Traceback" not in ran.err
        assert "data_files" in ran.err or "builder" in ran.err


def test_a_task_that_is_written_inside_a_group_reads_its_own_folder(capsys: Capture, suites: Path) -> None:
    (suites / "tasks" / "lines.txt").write_text("one\ntwo\n", "utf-8")
    ran = check(capsys, suites, "g", g=INLINE.format(builder="text", path="lines.txt"))
    assert ran.code == 0 and "2 samples" in ran.out


def laughs() -> str:
    lines = ["generation_kwargs:", "  x0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"  x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join(lines)


GEN = GENERATE.replace("tiny_gen", "own")
NO_KWARGS = GEN.replace('generation_kwargs: {until: ["\\n"], max_gen_toks: 16, do_sample: false}\n', "")


@pytest.mark.parametrize(
    "text",
    [
        NO_KWARGS + laughs() + "\n",
        NO_KWARGS + "generation_kwargs: &x\n  a: *x\n",
        GEN + "description: " + "[" * 5000 + "]" * 5000 + "\n",
        "task: own\n\0\x01\n",
        "include: own.yaml\n" + GEN,
        "include: /dev/zero\n" + GEN,
        "include: [own.yaml, nowhere.yaml]\n" + GEN,
        NO_KWARGS + "generation_kwargs: {max_gen_toks: .inf}\n",
        NO_KWARGS + "generation_kwargs: {max_gen_toks: many, until: 5}\n",
        GEN + "repeats: many\n",
        GEN + "description: 1" + ":1" * 900_000 + "\n",
        GEN + "description: 1" + ":1" * 900_000 + ".5\n",
        GEN + "description: !!bool maybe\n",
        GEN + "description: !!timestamp soon\n",
        GEN + "description: !!int ''\n",
        NO_KWARGS
        + "generation_kwargs:\n  a: &a {"
        + ", ".join(f"k{n}: 1" for n in range(20_000))
        + "}\n  b: ["
        + "{<<: *a}, " * 50_000
        + "]\n",
        GEN.replace("task: own", '"task": other') + 'description: "a\n\ntask: own\n\nb"\n',
        GEN + "num_fewshot: 1e300\n",
        GEN.replace("'(-?\\d+)'", "'(\\d|\\d)*$b'"),
        GEN.replace("metric: exact_match", "metric: exact_match, regexes_to_ignore: ['(a|a)*b']"),
        GEN.replace("dataset_path: json", "dataset_path: [json]"),
        GEN.replace("dataset_path: json", "dataset_path: " + "x" * 5000),
        GEN.replace("dataset_path: json", "dataset_path: csv").replace("items.jsonl}", "items.jsonl}, sep: '(a|a)*b'"),
        GEN.replace('"{{question}}"', '"{{ question * 2000000000 }}"'),
        GEN.replace('"{{question}}"', "\"{{ ('a' * 40)|regex_replace('(a|a)*b', '') }}\""),
    ],
)
def test_an_odd_task_file_is_a_sentence(capsys: Capture, suites: Path, text: str) -> None:
    began = time.monotonic()
    ran = check(capsys, suites, "own", own=text)
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
    assert time.monotonic() - began < 60


def test_data_that_is_packed_or_too_deep_is_refused(capsys: Capture, suites: Path) -> None:
    items = (suites / "tasks" / "items.jsonl").read_bytes()
    for content, said in (
        (gzip.compress(items), "packed"),
        (b'{"question": ' + b"[" * 9000 + b"]" * 9000 + b"}", "deep"),
    ):
        (suites / "tasks" / "items.jsonl").write_bytes(content)
        ran = check(capsys, suites, "own", own=GEN)
        assert ran.code == 2 and said in ran.err


def test_a_parquet_file_opens_no_pictures(capsys: Capture, suites: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    notes = {"info": {"features": {"question": {"_type": "Image"}, "answer": {"dtype": "int64", "_type": "Value"}}}}
    picture = pa.array([{"bytes": None, "path": "http://127.0.0.1:1/x.png"}])
    table = pa.table({"question": picture, "answer": [0]})
    pq.write_table(
        table.replace_schema_metadata({"huggingface": json.dumps(notes)}), suites / "tasks" / "items.parquet"
    )
    text = GEN.replace("dataset_path: json", "dataset_path: parquet").replace("items.jsonl", "items.parquet")
    ran = check(capsys, suites, "own", own=text)
    assert ran.code == 2 and "'Image'" in ran.err


@pytest.mark.parametrize(
    ("written", "fine"),
    [
        ("data/test-*.parquet", True),
        ("hf://datasets/org/name@main/test.jsonl", True),
        ("**", True),
        ("/srv/somebody/.docker/config.json", False),
        ("~/x.json", False),
        ("../x.json", False),
        ("file:///etc/x.json", False),
        ("https://127.0.0.1/x.json", False),
        ("zip://x.json::/srv/a.zip", False),
    ],
)
def test_a_dataset_of_the_hub_names_files_of_its_own(written: str, fine: bool) -> None:
    """A page of the hub says which files a dataset has, and `datasets` would open any."""
    from types import SimpleNamespace

    from evalkit.bridges.lm_eval.start import _refusing_folders
    from evalkit.errors import SuiteError

    config = SimpleNamespace(data_dir=None, data_files={"test": [written]})
    module = SimpleNamespace(
        module_path="datasets.packaged_modules.json.json",
        builder_configs_parameters=SimpleNamespace(builder_configs=[config]),
    )
    guarded = _refusing_folders(lambda path: module)
    if fine:
        assert guarded("org/name") is module
    else:
        with pytest.raises(SuiteError, match="none of its own files"):
            guarded("org/name")


def test_a_dataset_of_the_hub_is_read_as_plain_data() -> None:
    from types import SimpleNamespace

    from evalkit.bridges.lm_eval.start import _refusing_folders
    from evalkit.errors import SuiteError

    module = SimpleNamespace(
        module_path="datasets.packaged_modules.pandas.pandas",
        builder_configs_parameters=SimpleNamespace(builder_configs=None),
    )
    with pytest.raises(SuiteError, match="readers of plain data"):
        _refusing_folders(lambda path: module)("org/name")


INCLUDES = [
    'include: "{file}"',
    '"include": "{file}"',
    "'include': ['{file}']",
    "? include\n: {file}",
    "!!str include: {file}",
    '"\\x69nclude": {file}',
    "include:\n\n  # a line\n  - {file}",
    "include: &x\n - {file}",
    "include: >-\n  {file}",
    "include: middle.yaml",
]


@pytest.mark.parametrize("include", INCLUDES)
@pytest.mark.parametrize("task", ["longproc/countdown_8k.yaml", "longproc/countdown_2k.yaml"])
def test_what_runs_answers_is_found_however_it_is_included(
    capsys: Capture, suites: Path, include: str, task: str
) -> None:
    import lm_eval.tasks

    shipped = Path(str(lm_eval.tasks.__file__)).parent / task
    if not shipped.is_file():
        pytest.skip(f"this lm-eval has no {task}")
    (suites / "tasks" / "middle.yaml").write_text(f'"include": {shipped}\n', "utf-8")
    own = f"{include.format(file=shipped)}\ntask: own\nunsafe_code: false\ndataset_path: json\n"
    ran = check(capsys, suites, "own", own=own + f"dataset_name: null\ndataset_kwargs: {FILES}\n")
    assert ran.code == 2
    assert "runs code that a model or a data set writes" in ran.err


DROP = """
task: mine
include: SHIPPED/drop/default.yaml
dataset_path: json
dataset_kwargs: {data_files: BOTH}
"""
OVER = "group: g\ntask: [{task: drop, dataset_path: json, dataset_kwargs: {data_files: BOTH}}]\n"
INCLUDED = """
group: g
include: SHIPPED/drop/default.yaml
task: [{task: inline, dataset_path: json, dataset_kwargs: {data_files: BOTH}}]
"""
BOTH = "{train: items.jsonl, validation: items.jsonl}"


@pytest.mark.parametrize(
    ("task", "files"),
    [
        ("mine", {"mine": DROP}),
        ("mine", {"mine": DROP.replace("dataset_path: json\n", "dataset_path: someone/theirs\n")}),
        ("mine", {"mine": DROP.replace("include: SHIPPED/drop/default.yaml", "include: [base.yaml]"),
                  "base": "include: SHIPPED/drop/default.yaml\n"}),
        ("mine", {"mine": "task: mine\ninclude: [SHIPPED/drop/default.yaml, base.yaml]\n",
                  "base": DROP.partition("yaml\n")[2]}),
        ("mine", {"mine": "task: mine\ninclude: SHIPPED/drop/default.yaml\n"
                          "dataset_kwargs: {revision: refs/pr/1}\n"}),
        ("mine", {"mine": "task: mine\ninclude: SHIPPED/drop/default.yaml\n"
                          "fewshot_config: {samples: [{prompt: a, kwargs: [{}]}]}\n"}),
        ("g", {"g": OVER}),
        ("g", {"g": "group: g\ndataset_path: json\ndataset_kwargs: {data_files: BOTH}\n"
                    "task: [drop]\n"}),
        ("g", {"g": "group: g\ntask: [{group: h, dataset_path: json, task: [drop]}]\n"}),
        ("g", {"g": INCLUDED}),
    ],
)  # fmt: skip
def test_lm_evals_own_python_reads_no_data_of_a_pull_request(
    capsys: Capture, suites: Path, task: str, files: dict[str, str]
) -> None:
    import lm_eval.tasks

    shipped = str(Path(str(lm_eval.tasks.__file__)).parent)
    ran = check(
        capsys,
        suites,
        task,
        **{name: text.replace("SHIPPED", shipped).replace("BOTH", BOTH) for name, text in files.items()},
    )
    assert ran.code == 2 and "--allow-suite-code" in ran.err, ran.err
    assert "lm-eval's own Python read" in ran.err or "outside" in ran.err, ran.err


@pytest.mark.parametrize(
    "more", ["num_fewshot: 0\n", "dataset_name: default\n", "generation_kwargs: {max_gen_toks: 20}\n"]
)
def test_a_file_that_changes_how_lm_evals_task_is_asked_needs_no_trust(
    capsys: Capture, suites: Path, more: str
) -> None:
    import lm_eval.tasks

    shipped = str(Path(str(lm_eval.tasks.__file__)).parent)
    ran = check(capsys, suites, "mine", mine=f"task: mine\ninclude: {shipped}/drop/default.yaml\n{more}")
    assert "own Python" not in ran.err and "--allow-suite-code" not in ran.err, ran.err


def test_the_person_may_let_it_read_their_data(capsys: Capture, suites: Path) -> None:
    import lm_eval.tasks

    shipped = str(Path(str(lm_eval.tasks.__file__)).parent)
    assert check(capsys, suites, "mine", mine=DROP.replace("SHIPPED", shipped).replace("BOTH", BOTH)).code == 2
    answers = {"number": "4", "date": {"day": "", "month": "", "year": ""}, "spans": []}
    more = {"answer": answers, "validated_answers": {key: [] for key in answers}, "section_id": "s"}
    rows = [{"query_id": str(n), "passage": "Two and two.", "question": "How many?", **more} for n in range(3)]
    (suites / "tasks" / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    ran = evalkit(capsys, "check", suites / "suite.yaml", "--allow-suite-code")
    assert "own Python" not in ran.err, ran.err


@pytest.mark.parametrize("place", ["at import", "in a prompt", "in a mark"])
def test_code_of_a_task_that_leaves_is_a_sentence_and_ends_no_command(
    capsys: Capture, suites: Path, place: str
) -> None:
    """lm-eval's own slr_bench does so at import where a program is missing: `check` and `run` ended with 141 and no
    word."""
    leaves = "    import sys\n    sys.exit('install swipl')\n"
    source = {
        "at import": f"if True:\n{leaves}",
        "in a prompt": f"def text(doc):\n{leaves}",
        "in a mark": f"def text(doc):\n    return doc['question']\ndef mark(doc, results):\n{leaves}",
    }[place]
    (suites / "tasks" / "utils.py").write_text(source, "utf-8")
    task = GENERATE if place == "in a mark" else CODE
    name = "leaves"
    text = task.replace("tiny_gen", name).replace("evil", name)
    if place == "in a mark":
        text += "process_results: !function utils.mark\n"
    (suites / "tasks" / "leaves.yaml").write_text(text, "utf-8")
    models = '{m: {adapter: scripted, replies: {"*": "yes"}}}' if place == "in a mark" else MODELS
    written = f"[{{lm_eval: {name}, include_path: tasks}}]"
    (suites / "suite.yaml").write_text(SUITE.format(tasks=written, models=models, more=""), "utf-8")
    ran = evalkit(capsys, "run", suites / "suite.yaml", "--allow-suite-code")
    said = " ".join((ran.out + ran.err).split())
    assert ran.code == 2, ran
    assert "asks Python to end by sys.exit (install swipl)" in said, said
