"""Parquet parts that a pull request brought along, with digests that fit: refused in a sentence, within bounds."""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.errors import StoreError
from evalkit.results.run import load_run
from evalkit.store import queries, runs
from tests.test_writing import SUITE
from tests.world import evalkit, made_once

Capture = pytest.CaptureFixture[str]
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("show", "latest"),
    ("show", "latest", "--flaky"),
    ("gate", "latest"),
    ("export", "latest", "--to", "csv", "--out", "e.csv"),
    ("rescore", "latest", "--suite", "s.yaml", "--preview"),
    ("judge-data", "latest", "--out", "j.jsonl"),
    ("corpus", "latest"),
    ("compare", "latest:a", "latest:b"),
    ("report", "latest", "--html", "r.html", "--force"),
)


@pytest.fixture
def folder(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A run of two rows; the working directory is where its suite stands."""
    return a_run(capsys, tmp_path, monkeypatch, tmp_path_factory)


def a_run(
    capsys: Capture, here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A run of two rows in `here`, which becomes the working directory. The run is made once, and copied."""

    def make(kept: Path) -> None:
        monkeypatch.chdir(kept)
        Path("s.yaml").write_text(SUITE, "utf-8")
        Path("d.jsonl").write_text('{"id": "1", "q": "x"}\n', "utf-8")
        assert evalkit(capsys, "run", "s.yaml", "--results", "results").code == 0

    made_once("two rows", make, here, tmp_path_factory)
    monkeypatch.chdir(here)
    monkeypatch.setenv("EVALKIT_RESULTS", str(here / "results"))
    return next(Path("results").iterdir())


def change(folder: Path, name: str, how: Callable[[pa.Table], pa.Table]) -> None:
    """Write another part in place of one, and note its digest, as whoever may write the folder can."""
    path = folder / name
    table = pq.read_table(path)
    kept = how(table).replace_schema_metadata(table.schema.metadata)
    pq.write_table(kept, path, compression="zstd")
    for derived in ("summary.json", "scores.npz"):
        (folder / derived).unlink(missing_ok=True)
    facts = runs.read_facts(folder)
    found = {p.name: f"sha256:{hashlib.sha256(p.read_bytes()).hexdigest()}" for p in folder.glob("*.parquet")}
    runs.write_facts(folder, {**facts, "sealed": found})


def column(name: str, make: Callable[[int], Any]) -> Callable[[pa.Table], pa.Table]:
    return lambda t: t.set_column(t.schema.get_field_index(name), name, make(t.num_rows))


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    ("part", "name", "make"),
    [
        ("rows-1.parquet", "outcome", lambda n: pa.array([1] * n)),
        ("rows-1.parquet", "outcome", lambda n: pa.array(["sideways"] * n)),
        ("rows-1.parquet", "score", lambda n: pa.array(["x"] * n)),
        ("rows-1.parquet", "model", lambda n: pa.array([b"a"] * n)),
        ("rows-1.parquet", "served_model", lambda n: pa.array(["m"] * n).dictionary_encode()),
        ("rows-1.parquet", "slices", lambda n: pa.array([{"a": 1}] * n)),
        ("rows-1.parquet", "cost_usd", lambda n: pa.array([1.5] * n)),
        ("rows-1.parquet", "ttft_s", pa.nulls),
        ("texts-1.parquet", "prompt", lambda n: pa.array(["[1]"] * n)),
        ("texts-1.parquet", "prompt", lambda n: pa.array(["{"] * n)),
        ("texts-1.parquet", "prompt", lambda n: pa.array(['[{"role": "user"}]'] * n)),
        ("texts-1.parquet", "calls", lambda n: pa.array(['[{"name": "f", "odd": 1}]'] * n)),
        ("texts-1.parquet", "tools", lambda n: pa.array(["3"] * n)),
        ("texts-1.parquet", "text", lambda n: pa.array([[1]] * n)),
        ("texts-1.parquet", "dropped", lambda n: pa.array(["x"] * n)),
        ("texts-1.parquet", "raw_usage", lambda n: pa.array(["NaN"] * n)),
    ],
)
def test_odd_columns_are_no_defect(
    capsys: Capture, folder: Path, part: str, name: str, make: Callable[[int], Any]
) -> None:
    change(folder, part, column(name, make))
    for command in COMMANDS:
        ran = evalkit(capsys, *command)
        assert ran.code not in {70, 99} and "Traceback" not in ran.err, (name, command, ran.err[-600:])
    exported = evalkit(capsys, "export", "latest", "--to", "jsonl", "--out", "e.jsonl")
    assert exported.code == 0 or (exported.code == 2 and part in exported.err), exported.err


def test_numbers_that_no_row_has_are_refused_by_the_command_line_and_in_python(capsys: Capture, folder: Path) -> None:
    """Dollars below 0 and seconds that are not finite were shown, summed up and exported."""
    money, wrong = pq.read_schema(folder / "rows-1.parquet").field("cost_usd").type, []
    odd: dict[str, list[Any]] = {
        "cost_usd": ["-7"],
        "spend_usd": ["-0.000001"],
        "total_s": [-5.0, float("inf"), float("nan")],
        "ttft_s": [-1e308, 1e308],
        "score": [5.0],
        "output_tokens": [-9],
    }
    whole = (folder / "rows-1.parquet").read_bytes()
    for name, values in odd.items():
        for value in values:

            def make(n: int, value: Any = value, name: str = name) -> Any:
                given = [Decimal(value) if isinstance(value, str) else value] * n
                return pa.array(given, money if isinstance(value, str) else None)

            (folder / "rows-1.parquet").write_bytes(whole)
            change(folder, "rows-1.parquet", column(name, make))
            shown = evalkit(capsys, "show", "latest")
            if shown.code != 2 or f"holds a {name} that no row has" not in " ".join(shown.err.split()):
                wrong.append((name, value, shown.code, shown.err))
            try:
                queries.load_run(folder)
            except StoreError as error:
                assert f"holds a {name} that no row has" in str(error)
            else:
                if str(value) != "nan":  # pandas has no other word for what is absent
                    wrong.append((name, value, "load_run"))
    assert not wrong


def test_a_row_of_thousands_of_slices_is_refused_in_a_sentence(capsys: Capture, folder: Path) -> None:
    """160 rows of 20,000 in a file of 477 kB kept `show` busy for 32 seconds."""

    def slices(n: int) -> Callable[[int], Any]:
        kind = pa.map_(pa.string(), pa.string())
        return lambda rows: pa.array([[(f"k{k}", "v") for k in range(n)]] * rows, kind)

    change(folder, "rows-1.parquet", column("slices", slices(102)))
    assert evalkit(capsys, "show", "latest").code == 0
    change(folder, "rows-1.parquet", column("slices", slices(201)))
    for command in COMMANDS:
        ran = evalkit(capsys, *command)
        refused = ran.code == 2 and "a row with 201 slices, and 200 are the most" in ran.err
        assert refused or "--flaky" in command or command[0] in {"judge-data", "corpus"}, (command, ran.err)


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("part", "name"), [(p, n) for p in ("rows-1.parquet", "texts-1.parquet") for n in ("raw_usage", "outcome", "model")]
)
def test_a_missing_column_is_no_defect(capsys: Capture, folder: Path, part: str, name: str) -> None:
    change(folder, part, lambda t: t.drop_columns([name]) if name in t.schema.names else t)
    for command in COMMANDS:
        ran = evalkit(capsys, *command)
        assert ran.code != 70 and "Traceback" not in ran.err, (name, command, ran.err[-600:])


def test_texts_with_fewer_rows_than_numbers_are_no_defect(capsys: Capture, folder: Path) -> None:
    change(folder, "texts-1.parquet", lambda t: t.slice(0, 0))
    assert evalkit(capsys, "export", "latest", "--to", "csv", "--out", "e.csv").code == 2


@pytest.mark.long
@pytest.mark.parametrize("kind", ["a name", "a slice", "an answer"])
def test_one_text_in_every_row_does_not_fill_the_memory(capsys: Capture, folder: Path, kind: str) -> None:
    """A megabyte in 2,000 rows: some kilobytes on the disk, 2 GB once unpacked."""
    _put_bomb(folder, kind, n=2_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for command in (("gate", "latest"), ("compare", "latest:a", "latest:b"), ("rescore", "latest", "--preview")):
        ran = evalkit(capsys, *command)
        assert ran.code != 70, ran.err[-600:]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_200_000, "kilobytes"


@pytest.mark.long(but=3)
@pytest.mark.parametrize("kind", ["a name", "a slice", "an answer"])
@pytest.mark.parametrize("ask", ["frame", "texts", "columns", "side", "of the store"])
def test_python_reads_a_folder_within_the_same_bounds(folder: Path, kind: str, ask: str) -> None:
    _put_bomb(folder, kind, n=2_000)
    run = load_run(folder)
    name = {"a name": "served_model", "a slice": "slices", "an answer": "text"}[kind]
    questions: dict[str, Callable[[], Any]] = {
        "frame": lambda: run.frame(text=kind == "an answer"),
        "texts": lambda: run.rows(text=True),
        "columns": lambda: run.rows([name]),
        "side": lambda: run["a"].frame(text=True),
        "of the store": lambda: queries.connect([folder]).close(),
    }
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StoreError, match="not read"):
        questions[ask]()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000, "kilobytes"


def test_python_reads_an_honest_long_answer(folder: Path) -> None:
    change(folder, "texts-1.parquet", column("text", lambda n: pa.array(["y" * 9_000_000, *["x"] * (n - 1)])))
    assert max(map(len, load_run(folder).frame(text=True)["text"])) == 9_000_000


def _put_bomb(folder: Path, kind: str, n: int) -> None:
    big = "x" * 1_000_000
    once = pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), pa.array([big]))
    offsets = pa.array(range(n + 1), pa.int32())
    made = {
        "a name": ("rows-1.parquet", "served_model", once),
        "a slice": ("rows-1.parquet", "slices", pa.MapArray.from_arrays(offsets, pa.array(["k"] * n), once)),
        "an answer": ("texts-1.parquet", "text", once),
    }
    part, name, values = made[kind]
    first, other = (part, "texts-1.parquet" if part.startswith("rows") else "rows-1.parquet")
    for path in (first, other):
        full = pq.read_table(folder / path).take(pa.array([0] * n))
        schema = full.schema
        if path == part:
            full = full.set_column(schema.get_field_index(name), name, values)
        # The file itself says that the column holds plain texts, and that evalkit wrote it, as ours do.
        how: dict[str, Any] = {"compression": "zstd", "store_schema": False, "dictionary_pagesize_limit": 1 << 30}
        with pq.ParquetWriter(folder / path, full.schema, **how) as writer:
            writer.write_table(full)
            writer.add_key_value_metadata({k.decode(): v.decode() for k, v in (schema.metadata or {}).items()})
        plain = pq.read_metadata(folder / path)
        assert plain.num_rows == n
    _with_version(folder)
    assert (folder / part).stat().st_size < 1_000_000


def _with_version(folder: Path) -> None:
    facts = orjson.loads((folder / "run.json").read_bytes())
    found = {p.name: f"sha256:{hashlib.sha256(p.read_bytes()).hexdigest()}" for p in folder.glob("*.parquet")}
    facts.pop("checksum")
    for derived in ("summary.json", "scores.npz"):
        (folder / derived).unlink(missing_ok=True)
    runs.write_facts(folder, {**facts, "sealed": found})
