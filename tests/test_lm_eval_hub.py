"""Data sets of the hub that a pull request's task file names: read like its own files, whatever their pages say."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.lm_eval_world import SUITE
from tests.source_trees import ROOT
from tests.world import Ran, evalkit

pytest.importorskip("lm_eval", reason="SKIPPED LOUDLY: lm-eval is not installed here; `make test-lm-eval` runs these")
pytestmark = pytest.mark.filterwarnings("ignore")  # lm-eval's and datasets' own warnings are theirs

Capture = pytest.CaptureFixture[str]
Files = Mapping[str, str | bytes]
COMMIT = "a" * 40
MODELS = "{m: {adapter: ctranslate2, model: tiny}}"
TASK = """
task: mine
dataset_path: org/data
KWARGS
test_split: test
output_type: generate_until
doc_to_text: "Q TEXT"
doc_to_target: "{{ a }}"
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
ROWS = "".join(json.dumps({"q": f"question {n}", "a": "x", "label": ("no", "yes")[n % 2]}) + "\n" for n in range(3))
ONE_PART = "configs:\n- config_name: default\n  data_files: [{split: test, path: FILE}]\n"
COLUMNS = "dataset_info:\n  features:\n  - {name: q, dtype: KIND}\n  - {name: a, dtype: string}\n"


def parquet(columns: Mapping[str, Any], features: object = None) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(columns)
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def page(front: str) -> str:
    return f"---\n{front}---\n# A page\n"


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("EVALKIT_DATA_ROOTS", raising=False)
    for name, folder in (("HF_HUB_CACHE", "hub"), ("HF_DATASETS_CACHE", "datasets"), ("HF_HOME", "hf")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    suites = tmp_path / "suites"
    (suites / "tasks").mkdir(parents=True)
    monkeypatch.chdir(suites)
    return suites


def fetched(files: Files) -> None:
    """The dataset org/data as it lies in the hub's cache, where no hub is reached."""
    kept = Path(os.environ["HF_HUB_CACHE"]) / "datasets--org--data"
    for name, content in {**files, "../../refs/main": COMMIT}.items():
        path = kept / "snapshots" / COMMIT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.resolve().parent.mkdir(parents=True, exist_ok=True)
        path.resolve().write_bytes(content if isinstance(content, bytes) else content.encode())


def written(suites: Path, text: str, kwargs: str) -> Path:
    task = TASK.replace("TEXT", text).replace("KWARGS", kwargs)
    (suites / "tasks" / "mine.yaml").write_text(task, "utf-8")
    said = SUITE.format(tasks="[{lm_eval: mine, include_path: tasks}]", models=MODELS, more="")
    (suites / "suite.yaml").write_text(said, "utf-8")
    return suites / "suite.yaml"


def check(
    capsys: Capture, suites: Path, files: Files, text: str = "{{ q }} {{ label }}", kwargs: str = "", *more: str
) -> Ran:
    fetched(files)
    ran = evalkit(capsys, "check", written(suites, text, kwargs), "--show-prompt", *more)
    assert "Traceback" not in ran.err, ran.err
    return ran


@pytest.mark.parametrize(
    ("files", "kwargs", "shown"),
    [
        ({"train.jsonl": ROWS, "test.jsonl": ROWS}, "", "Q question 0 no"),
        ({"data/test-00000-of-00001.parquet": parquet({"q": ["b"], "a": ["x"], "label": ["c"]})}, "", "Q b c"),
        ({"test.json": json.dumps([json.loads(line) for line in ROWS.splitlines()], indent=1)}, "", "Q question 0 no"),
        ({"test.tsv": "q\ta\tlabel\none\tx\ttwo\n"}, "", "Q one two"),
        ({"other.csv": "q;a;label\none;x;two\n",
          "README.md": page(ONE_PART.replace("FILE", "other.csv") + "  sep: ;\n")},
         "", "Q one two"),
        ({"one/t.jsonl": ROWS, "two/t.jsonl": ROWS.replace("question", "second"),
          "README.md": page("configs:\n- {config_name: one, data_files: {split: test}}\n").replace(
              "{config_name: one, data_files: {split: test}}",
              "{config_name: one, data_files: [{split: test, path: one/*}]}\n"
              "- {config_name: two, data_files: [{split: test, path: two/t.jsonl}]}")},
         "dataset_name: two", "Q second 0 no"),
        ({"test.jsonl": ROWS,
          "README.md": page(COLUMNS.replace("KIND", "string") + "  - name: label\n    dtype:\n      class_label:\n"
                            "        names: {'0': 'no', '1': 'yes'}\n")}, "", "Q question 0 0"),
        ({"train.jsonl": ROWS}, "dataset_kwargs: {data_files: {test: train.jsonl}, revision: main}", "Q question 0 no"),
    ],
)  # fmt: skip
def test_a_dataset_of_plain_data_is_read_as_its_page_says(
    capsys: Capture, suites: Path, files: Files, kwargs: str, shown: str
) -> None:
    ran = check(capsys, suites, files, kwargs=kwargs)
    assert ran.code == 0, ran.err
    assert shown in ran.out


IMAGE = {"q": {"_type": "Image"}, "a": {"dtype": "string", "_type": "Value"}}
PICTURE = [{"bytes": None, "path": "http://127.0.0.1:1/x.png"}]


@pytest.mark.parametrize(
    "files",
    [
        {"test.parquet": parquet({"q": PICTURE, "a": ["x"]}, IMAGE)},
        {"test.parquet": parquet({"q": [PICTURE], "a": ["x"]},
                                 {**IMAGE, "q": {"feature": IMAGE["q"], "_type": "List"}})},
        *(
            {"test.jsonl": '{"q": "/home/me/x.png", "a": "x"}\n', "README.md": page(COLUMNS.replace("KIND", kind))}
            for kind in ("image", "audio", "video", "pdf", "nifti")
        ),
        {"test.jsonl": '{"q": ["/x.png"], "a": "x"}\n',
         "README.md": page(COLUMNS.replace("dtype: KIND", "list: image"))},
        {"test.jsonl": '{"q": "/x.png", "a": "x"}\n',
         "README.md": page(ONE_PART.replace("FILE", "test.jsonl") + "  features: [{name: q, dtype: image}]\n")},
    ],
)  # fmt: skip
def test_no_column_opens_files_or_addresses(capsys: Capture, suites: Path, files: Files) -> None:
    ran = check(capsys, suites, files)
    assert ran.code == 2
    assert "which opens the files or addresses in it" in ran.err or "columns that cannot be" in ran.err, ran.err


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"test.jsonl.gz": gzip.compress(ROWS.encode())}, "is packed (gzip)"),
        ({"test.jsonl": gzip.compress(ROWS.encode())}, "is packed (gzip)"),
        ({"test.zip": b"PK"}, "is packed"),
        ({"test.parquet": parquet({"q": ["b" * 200_000] * 10_000, "a": ["x"] * 10_000})}, "more than 100 times"),
        ({"test.jsonl": ROWS, "README.md": page(COLUMNS.replace("dtype: KIND", "list: int64, length: 2000000000"))},
         "2,000,000,000 values in each row"),
        ({"test.png": b"x"}, "none of datasets' readers of plain data"),
        ({"test.tar": b"x"}, "is packed"),
        ({"data.py": "print()"}, "has no data"),
        ({"test.jsonl": ROWS, "README.md": page("a: &a [" + "1," * 99 + "]\nb: &b [" + "*a," * 99 + "]\nc: &c ["
                                                + "*b," * 99 + "]\nd: [" + "*c," * 99 + "]\n")}, "aliases written out"),
        ({"test.jsonl": ROWS, "README.md": page("a: " + "[" * 90 + "]" * 90 + "\n")}, "deeper than 60"),
        ({"test.jsonl": ROWS, "README.md": page("a: 1" + ":1" * 900_000 + "\n")}, "more than 300 characters"),
        ({"te[s]t.jsonl": ROWS, "README.md": page(ONE_PART.replace("FILE", "'*.jsonl'"))}, "in its name"),
        ({"test-00000-of-00002.jsonl": ROWS}, "test-00001-of-00002.jsonl is not on this machine"),
    ],
)  # fmt: skip
def test_what_would_fill_the_memory_or_is_no_plain_file_is_a_sentence(
    capsys: Capture, suites: Path, files: Files, said: str
) -> None:
    ran = check(capsys, suites, files)
    assert ran.code == 2 and said in ran.err, ran.err


@pytest.mark.parametrize("end", ["", "\n", "\r", "\r\n"], ids=["one line", "LF", "CR", "CRLF"])
@pytest.mark.parametrize("own", [False, True], ids=["of the hub", "its own"])
def test_data_that_is_nested_too_deep_ends_no_process(capsys: Capture, suites: Path, end: str, own: bool) -> None:
    """Arrow's reader ends the process, and goes on through the ends of lines."""
    deep = '{"q": ' + f"[{end}" * 20_000 + f"]{end}" * 20_000 + ', "a": "x"}\n'
    (suites / "tasks" / "items.jsonl").write_bytes(deep.encode())
    if own:
        path = written(suites, "{{ q }}", "dataset_kwargs: {data_files: {test: items.jsonl}}")
        task = suites / "tasks" / "mine.yaml"
        task.write_text(task.read_text().replace("org/data", "json"))
        ran = evalkit(capsys, "check", path)
    else:
        ran = check(capsys, suites, {"test.jsonl": deep})
    assert ran.code == 2 and "is nested deeper than 200" in ran.err


@pytest.mark.parametrize("text", ['"' * 1_000_001, '"\\' * 500_000, '"a\n"[[[['])
def test_a_text_without_an_end_is_a_sentence(capsys: Capture, suites: Path, text: str) -> None:
    ran = check(capsys, suites, {"test.jsonl": f'{{"q": {text}\n'})
    assert ran.code == 2 and "a text does not end in its line" in ran.err


def test_brackets_in_texts_are_no_depth(capsys: Capture, suites: Path) -> None:
    rows = "".join(json.dumps({"q": '[{\\"' * 30 + str(n), "a": "x", "label": "[["}) + "\n" for n in range(99))
    assert check(capsys, suites, {"test.jsonl": rows}).code == 0


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ('sep: "(a+)+$"', "sep is one character"),
        ('delimiter: "(a+)+$"', "delimiter is one character"),
        ("sep: [a]", "sep is one character"),
        ("engine: python", "sets 'engine'"),
        ("storage_options: {a: b}", "sets 'storage_options'"),
        ("converters: {q: eval}", "sets 'converters'"),
        ("encoding: punycode", "encoding is"),
        ("encoding: [utf-8]", "encoding is"),
        ("skiprows: -1", "skiprows is"),
        ("names: q", "names is"),
        ("data_dir: /etc", "none of its own files"),
    ],
)
@pytest.mark.parametrize("of", ["page", "task file"])
def test_a_reader_is_given_known_options_alone(capsys: Capture, suites: Path, option: str, said: str, of: str) -> None:
    front = ONE_PART.replace("FILE", "test.csv") + (f"  {option}\n" if of == "page" else "")
    kwargs = f"dataset_kwargs: {{{option}}}" if of == "task file" else ""
    files = {"test.csv": "q,a,label\none,x,y\n", "README.md": page(front)}
    ran = check(capsys, suites, files, kwargs=kwargs)
    assert ran.code == 2, ran.out
    assert said in ran.err or "cannot be set by a task file" in ran.err or "leaves the dataset" in ran.err, ran.err


def test_an_encoding_hides_no_brackets(capsys: Capture, suites: Path) -> None:
    front = ONE_PART.replace("FILE", "test.jsonl") + "  encoding: utf-7\n"
    deep = ('{"q": ' + "+AFs-" * 20_000 + "+AF0-" * 20_000 + "}\n").encode()
    ran = check(capsys, suites, {"test.jsonl": deep, "README.md": page(front)})
    assert ran.code == 2 and "encoding is" in ran.err


@pytest.mark.parametrize(
    "path",
    ["/etc/hostname", "~/x.jsonl", "../x.jsonl", "file:///etc/x.jsonl", "https://127.0.0.1:1/x.jsonl",
     "zip://x.jsonl::a.zip", "hf://datasets/other/data/x.jsonl"],
)  # fmt: skip
def test_a_page_names_files_of_its_own_dataset(capsys: Capture, suites: Path, path: str) -> None:
    for front in (
        ONE_PART.replace("FILE", f"'{path}'"),
        f"configs: [{{config_name: default, data_files: '{path}'}}]\n",
    ):
        ran = check(capsys, suites, {"test.jsonl": ROWS, "README.md": page(front)})
        assert ran.code == 2 and "none of its own files" in ran.err, ran.err


def test_a_revision_is_no_path(capsys: Capture, suites: Path) -> None:
    kwargs = "dataset_kwargs: {revision: ../../../x}"
    ran = check(capsys, suites, {"test.jsonl": ROWS}, kwargs=kwargs)
    assert ran.code == 2 and "is no revision" in ran.err


def test_a_dataset_that_is_not_here_names_the_way_out(capsys: Capture, suites: Path) -> None:
    ran = evalkit(capsys, "check", written(suites, "{{ q }}", ""))
    assert ran.code == 2 and "Run once with a network" in ran.err


def test_texts_that_are_large_in_sum_are_not_kept(
    capsys: Capture, suites: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalkit.bridges.lm_eval import task

    asked: list[int] = []
    real = task.LmEvalTask._asked

    def counted(self: task.LmEvalTask) -> Iterator[Any]:
        asked.append(1)
        return real(self)

    monkeypatch.setattr(task.LmEvalTask, "_asked", counted)
    monkeypatch.setattr("evalkit.suite.examination.MOST_BYTES", 1_000)
    rows = "".join(json.dumps({"q": "x" * 800 + str(n), "a": "x", "label": "y"}) + "\n" for n in range(9))
    assert check(capsys, suites, {"test.jsonl": rows}).code == 0
    assert len(asked) > 1


class _Hub(BaseHTTPRequestHandler):
    """The hub with one dataset."""

    protocol_version = "HTTP/1.1"
    files: Mapping[str, bytes]
    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.asked.append(path)
        begin = f"/datasets/org/data/resolve/{COMMIT}/", "/datasets/org/data/resolve/main/"
        name = path.removeprefix(begin[0]).removeprefix(begin[1])
        body, code = b"{}", 404
        if path.startswith("/api/datasets/org/data"):
            told = {"id": "org/data", "sha": COMMIT, "siblings": [{"rfilename": name} for name in self.files]}
            body, code = json.dumps({**told, "private": False, "tags": [], "downloads": 1, "likes": 1}).encode(), 200
        elif name in self.files:
            body, code = self.files[name], 200
        self.send_response(code)
        for key, value in (("ETag", f'"{len(body)}"'), ("X-Repo-Commit", COMMIT), ("Content-Length", str(len(body)))):
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET


@contextmanager
def hub(files: Files) -> Iterator[tuple[str, list[str]]]:
    made = {name: text if isinstance(text, bytes) else text.encode() for name, text in files.items()}
    asked: list[str] = []
    handler = type("Hub", (_Hub,), {"files": made, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.long(but=30)
def test_the_hub_is_asked_once_and_not_needed_again(suites: Path, tmp_path: Path) -> None:
    path = written(suites, "{{ q }}", "")
    command = [sys.executable, "-m", "evalkit", "check", str(path), "--show-prompt"]
    with hub({"test.jsonl": ROWS, "train.jsonl": ROWS, "README.md": page("license: mit\n")}) as (address, asked):
        env = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
        env |= {"HF_ENDPOINT": address, "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(ROOT)}
        first = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert first.returncode == 0 and "Q question 0" in first.stdout, first.stderr
        assert any(name.endswith("/test.jsonl") for name in asked)
    again = subprocess.run(command, env={**env, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False)
    assert again.returncode == 0 and again.stdout == first.stdout, again.stderr
    unreached = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert unreached.returncode == 0 and unreached.stdout == first.stdout, unreached.stderr
