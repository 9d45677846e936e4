"""The door to files that are read: what it refuses, and that no other module opens one.

A file that is a hole takes a few kilobytes of an archive. Each reader of what somebody may have sent gets one of 8 GB:
it has to refuse it in a sentence, without reading it.
"""

from __future__ import annotations

import ast
import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.errors import StoreError
from evalkit.paths import named
from evalkit.reading import HOLES_OF_NUMBERS, MOST_HOLES, OddFile, open_to_read, read_file, sha256_of
from evalkit.store.journal import iter_rows, recover
from tests.source_trees import ROOT, trees
from tests.tables import table
from tests.world import evalkit, run_folders, write_suite

Capture = pytest.CaptureFixture[str]

_DOORS = {"reading.py", "paths.py", "writing.py"}
"""`paths` opens what a suite names, folder by folder, and asks `reading`; `writing` opens what is written."""
_BY_PATH = frozenset(
    {
        "ParquetFile", "ParquetDataset", "read_parquet", "read_csv", "read_json", "read_ndjson", "read_metadata",
        "read_schema", "ZipFile", "is_zipfile", "TarFile", "GzipFile", "BZ2File", "LZMAFile", "OSFile", "FileIO",
        "memory_map", "memmap", "fromfile", "loadtxt", "genfromtxt", "copyfile", "copy2", "copytree", "sendfile",
        "from_file", "from_pretrained", "safe_open", "load_file", "load_dataset", "FileResponse", "run_path",
        "spec_from_file_location", "load_verify_locations", "load_cert_chain", "getlines", "read_text", "read_bytes",
        "Generator", "Translator", "FileSystemLoader",
    }
)  # fmt: skip
"""Functions of libraries that open the file of a path, whoever owns them."""
_OWNED = frozenset(
    {
        ("np", "load"), ("numpy", "load"), ("pq", "read_table"), ("feather", "read_table"), ("shutil", "copy"),
        ("shutil", "move"), ("sqlite3", "connect"), ("duckdb", "connect"), ("ipc", "open_file"), ("config", "read"),
        ("parser", "read"), ("mmap", "mmap"), ("Image", "open"), ("Path", "open"), ("duckdb", "read_json"),
    }
)  # fmt: skip
"""The same where the name alone says too little."""
_LOOKS = frozenset({"looked_at", "open_to_read", "open_file", "BytesIO", "opened_for_person"})


_KNOWN: dict[str, dict[str, list[str]]] = {
    "a file of evalkit's own package, or of one that is installed": {
        "adapters/presets.py": ["path.read_text"],
        "board/front_end.py": [".read_text", ".read_text", "FileResponse", "path.read_bytes"],
        "bridges/lm_eval/index.py": ["open"],
        "catalogue/reading.py": ["PACKED.read_bytes", "path.read_bytes", "yaml.read_text"],
        "cli/init.py": [".read_bytes", ".read_bytes", ".read_bytes"],
        "installed.py": [".read_text", "receipt.read_text"],
        "render/html_page.py": [".read_text"],
        "suite/builtin_tasks.py": [".read_text"],
    },
    "it writes, or opens /dev/null, a folder or shared memory": {
        "adapters/ctranslate2/tokenizer_process.py": ["os.open"],
        "adapters/vllm/child.py": ["path.open"],
        "bridges/exported.py": ["draft.open"],
        "cli/__init__.py": ["open", "os.open"],
        "compiling_ahead.py": ["mmap.mmap", "open", "os.open"],  # and its own list
        "scorers/cage/class_worker.py": ["os.open"],
        "scorers/cage/files.py": ["os.open", "os.open"],
        "scorers/cage/worker.py": ["os.open"],
        "store/part_files.py": ["os.open"],
        "testing/fake_provider/account.py": ["os.open", "path.read_bytes"],  # and reads what it wrote
    },
    "a door has opened it, or looked at it, elsewhere": {
        "adapters/ctranslate2/checkpoint_trial.py": ["ctranslate2.Generator"],  # hashed: `checkpoint._identity`
        "adapters/ctranslate2/engine.py": ["ctranslate2.Generator"],  # the same
        "adapters/python_worker.py": ["util.spec_from_file_location"],  # hashed: `command.source_digest`
        "decide/dossier.py": ["baselines.read_bytes"],
        "bridges/lm_eval/files.py": ["ipc.open_file", "pq.ParquetFile"],
        "bridges/traces/sources.py": ["gzip.GzipFile"],
        "store/parts.py": ["pq.ParquetFile"],  # `looked_at`, for its columns
        "store/queries.py": ["con.read_parquet", "con.read_parquet"],  # `integrity.verify`
        "store/page_heads.py": ["mmap.mmap"],
        "suite/datasets.py": ["gzip.GzipFile"],
        "suite/parquet.py": ["pq.ParquetFile", "pq.ParquetFile", "pq.ParquetFile"],
    },
    "the response cache and the locks of its sessions, which are the person's own": {
        "store/cache.py": ["os.open", "sqlite3.connect"],
        "store/cache_sessions.py": ["os.open", "os.open"],
    },
    "a database in memory": {"store/spilling.py": ["duckdb.connect"]},
    "the program of the fake provider, and no file": {
        "testing/fake_provider/__main__.py": [".read_bytes"],
        "testing/fake_provider/remote.py": ["opener.open"],
    },
}
"""What stands elsewhere, by the reason why."""


def calls_of(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call by what is called: `os.open`, `open`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name):
                yield called.id, node
            elif isinstance(called, ast.Attribute):
                owner = called.value
                name = (
                    owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
                )
                yield f"{name}.{called.attr}", node


def opened_names(tree: ast.AST) -> set[str]:
    """Names that stand for a file which a door has opened."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            for item in node.items:
                by = [name.rpartition(".")[2] for name, _ in calls_of(item.context_expr)]
                if isinstance(item.optional_vars, ast.Name) and _LOOKS & set(by):
                    found.add(item.optional_vars.id)
    return found


def openings_of(tree: ast.Module) -> list[str]:
    """Every place in a module that could open a file to read it, but for what a door has looked at."""
    looked, found = opened_names(tree), []
    for called, node in calls_of(tree):
        owner, _, name = called.rpartition(".")
        if name in {"read_text", "read_bytes", "read_json"} and isinstance(node.func, ast.Name):
            continue  # a function of ours of that name
        opens = (name == "open" and not owner[:1].isupper()) or name in _BY_PATH or (owner, name) in _OWNED
        if not opens:
            continue
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Call) and next(calls_of(first), ("",))[0].rpartition(".")[2] in _LOOKS:
            continue
        if isinstance(first, ast.Name) and first.id in looked:
            continue
        found.append(called)
    return sorted(found)


@pytest.mark.long
def test_no_module_opens_a_file_but_through_the_door() -> None:
    modules = {path.relative_to(ROOT).as_posix(): tree for path, tree in trees().items()}
    assert len(modules) > 200
    found = {name: opened for name, tree in modules.items() if name not in _DOORS and (opened := openings_of(tree))}
    known = {name: sorted(opened) for names in _KNOWN.values() for name, opened in names.items()}
    assert found == known


@table(
    "source",
    [
        "open(path)",
        "path.open('rb')",
        "Path('x').open()",
        "os.open(path, os.O_RDONLY)",
        "path.read_text()",
        "(folder / 'x').read_bytes()",
        "pq.ParquetFile(path)",
        "zipfile.ZipFile(path)",
        "np.load(path)",
        "shutil.copyfile(path, other)",
        "with path.open() as file: np.load(file)",
        "Tokenizer.from_file(path)",
        "gzip.open(path)",
        "duckdb.read_parquet(path)",
    ],
)
def test_every_way_to_open_a_file_is_seen(source: str) -> None:
    assert openings_of(ast.parse(source)), source


@table(
    "source",
    [
        "with open_to_read(path) as file: np.load(file)",
        "with place.open_file() as file, pq.ParquetFile(file) as table: pass",
        "pq.ParquetFile(looked_at(path))",
        "Journal.open(folder)",
        "read_file(path)",
    ],
)
def test_what_a_door_has_looked_at_passes(source: str) -> None:
    assert openings_of(ast.parse(source)) == [], source


def hollow(path: Path, *, size: int = 8 * 10**9) -> Path:
    """A file that goes on after its end, as a hole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.truncate(path, size)
    return path


def test_a_file_may_have_holes_but_not_be_one(tmp_path: Path) -> None:
    for name, written, size in (("small", 5, MOST_HOLES), ("half", 2 * MOST_HOLES, 4 * MOST_HOLES - 4096)):
        (tmp_path / name).write_bytes(b"x" * written)
        open_to_read(hollow(tmp_path / name, size=size)).close()
    (tmp_path / "most").write_bytes(b"x" * 2 * MOST_HOLES)
    for path in (hollow(tmp_path / "most", size=5 * MOST_HOLES), hollow(tmp_path / "all", size=2**42)):
        for read in (open_to_read, read_file, sha256_of):
            with pytest.raises(OddFile, match="mostly a hole"):
                read(path)
    place = named(hollow(tmp_path / "numbers", size=HOLES_OF_NUMBERS))  # all weights may be 0
    assert place.n_bytes() == HOLES_OF_NUMBERS and place.open_file(most_holes=HOLES_OF_NUMBERS).close() is None


BESIDE = {
    "s.yaml": "",
    "d.jsonl": "data: d.jsonl",
    "d.csv": "data: d.csv",
    "d.parquet": "data: d.parquet",
    "d.jsonl.gz": "data: d.jsonl.gz",
    "r.jsonl": "replay",
    "prices.yaml": "",
    "models.yaml": "",
    "p.yaml": "--prices",
    "policy.yaml": "--policy",
    "keys.env": "--env-file",
    "e.yaml": "environment: e.yaml, ",
    "w/model.safetensors": "weights",
}
"""Files that a suite has beside it, and where it names them."""


def test_a_hole_in_the_place_of_a_file_beside_the_suite_is_refused_unread(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {"replay": "adapter: replay, path: r.jsonl", "weights": "adapter: ctranslate2, model: ./w"}
    before, wrong = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for name, how in BESIDE.items():
        folder = tmp_path / name.replace("/", "-")
        folder.mkdir()
        monkeypatch.chdir(folder)
        if how == "weights":
            shutil.copytree(ROOT / "checkpoints" / "tiny", folder / "w")
        Path("d.jsonl").write_text('{"q": "Who?", "a": "B"}\n')
        data, more = (how, "") if how.startswith("data") else ("data: d.jsonl", how if "environment" in how else "")
        Path("s.yaml").write_text(
            f"name: s\nmodels:\n  a: {{{models.get(how, 'adapter: scripted, replies: {x: B}')}}}\ntasks:\n"
            f"  - {{name: t, {data}, {more}prompt: '{{{{ q }}}}', target: '{{{{ a }}}}', score: exact}}\n"
        )
        hollow(Path(name))
        ran = evalkit(capsys, "run", "s.yaml", *([how, name] if how.startswith("--") else []))
        if ran.code != 2 or name.removeprefix("w/") not in ran.err or "mostly a hole" not in ran.err:
            wrong.append((name, ran.code, ran.err))
    assert not wrong
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 150_000


@pytest.mark.long
def test_a_hole_in_the_place_of_a_file_of_a_run_is_refused_unread_or_made_anew(tmp_path: Path, capsys: Capture) -> None:
    suite = write_suite(tmp_path, "", n=20, models='  a: {adapter: scripted, replies: {"*": "B"}}')
    results = tmp_path / "results"
    assert evalkit(capsys, "run", suite, "--results", results).code == 0
    (run,) = run_folders(results)
    kept = shutil.copytree(run, tmp_path / "kept")
    for name in ("run.json", "rows-1.parquet", "texts-1.parquet", "scores.npz", "summary.json"):
        hollow(run / name)
        for command, *more in (
            ("show",),
            ("export", "--to", "csv", "--out", tmp_path / f"{name}.csv"),
            ("rescore", "--suite", suite),
        ):
            ran = evalkit(capsys, command, run, "--results", results, *more)
            made_anew = name in {"scores.npz", "summary.json"}
            assert ran.code == 0 if made_anew else ran.code == 2 and "mostly a hole" in ran.err, (name, command, ran)
            if made_anew:
                hollow(run / name)
        if name.startswith(("rows", "texts")):
            assert "damaged" in evalkit(capsys, "list", "--results", results).out
        shutil.rmtree(run)
        shutil.copytree(kept, run)
    hollow(tmp_path / "begun" / "journal-x.jsonl")
    for read in (recover, lambda folder: list(iter_rows(folder))):
        with pytest.raises(StoreError, match="mostly a hole"):
            read(tmp_path / "begun")
