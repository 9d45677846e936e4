"""The door to files that are read: what it refuses, and that no other module opens one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.source_trees import ROOT, trees
from tests.tables import table

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
        "render/gate.py": ["path.open"],
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
        "bridges/lm_eval/files.py": ["ipc.open_file"],
        "bridges/traces/sources.py": ["gzip.GzipFile"],
        "store/queries.py": ["con.read_parquet", "con.read_parquet", "duckdb.connect"],  # `integrity.verify`
        "store/shapes.py": ["mmap.mmap"],
        "suite/datasets.py": ["gzip.GzipFile"],
        "suite/parquet.py": ["pq.ParquetFile", "pq.ParquetFile"],
    },
    "the response cache, which is the person's own": {"store/cache.py": ["os.open", "sqlite3.connect"]},
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
