"""Silent damage: a bit that flips in a sealed file is said, never read as another number."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Collection
from operator import attrgetter
from pathlib import Path

import pytest

from evalkit.errors import StoreError
from evalkit.facts import RunFacts
from evalkit.results.reader import ResultsReader
from evalkit.results.run import Run, open_run
from evalkit.store import integrity, journal, runs
from evalkit.store.damage import damage
from evalkit.store.judge_files import open_judging, read_labels, write_labels
from evalkit.store.queries import connect, load_run
from evalkit.store.score_table import read_scores
from evalkit.store.sealing import rows_of, seal
from evalkit.store.table import model_rows
from tests.run_facts import set_facts
from tests.summaries import read_summary, summarise
from tests.world import evalkit, run_folders

N_FLIPS = 30


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A sealed run of 40 rows."""
    lines = [f'{{"id": "q{n}", "q": "Question {n}?", "a": "{"B" if n % 3 else "C"}"}}\n' for n in range(40)]
    (tmp_path / "d.jsonl").write_text("".join(lines))
    (tmp_path / "suite.yaml").write_text(
        'name: s\nmodels:\n  m: {adapter: scripted, replies: {"*": "B"}}\ntasks:\n'
        '  - {name: t, data: {path: d.jsonl, id: id}, prompt: "{{ q }}", target: "{{ a }}", score: contains}\n'
    )
    assert evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results").code == 0
    (folder,) = run_folders(tmp_path / "results")
    return folder


def _texts(run: Path) -> object:
    with connect([run]) as con:
        return con.execute("select * from texts").fetchall()


READERS: dict[str, Callable[[Path], object]] = {
    "rows": lambda run: [repr(row) for row in rows_of(run)],
    "frame": lambda run: load_run(run).to_json(),
    "texts": _texts,
    "columns": lambda run: model_rows(run, "m").to_pylist(),
    "summary": read_summary,
    "scores": lambda run: [column.tolist() for column in read_scores(run).scores],
}


OPENED_BY: dict[str, frozenset[str]] = {
    "rows-1.parquet": frozenset(READERS),
    "texts-1.parquet": frozenset({"rows", "texts"}),
    "summary.json": frozenset({"summary"}),
    "scores.npz": frozenset({"scores"}),
}
"""File → who opens it. All are asked of the first flips, then each of these in turn."""


def _read(run: Path, readers: Collection[str] = READERS) -> dict[str, object]:
    """What every reader makes of the run; "refused" where it says that it cannot."""
    found: dict[str, object] = {}
    for name in readers:
        try:
            found[name] = READERS[name](run)
        except StoreError as error:
            assert "Restore" in str(error)
            found[name] = "refused"
    return found


@pytest.mark.long(but=1)
@pytest.mark.parametrize("name", ["rows-1.parquet", "texts-1.parquet", "summary.json", "scores.npz"])
def test_no_flipped_bit_of_a_sealed_file_is_read_as_other_data(run: Path, name: str) -> None:
    truth, path = _read(run), run / name
    sound, rng = path.read_bytes(), random.Random(name)
    for n in range(N_FLIPS):
        bit = rng.randrange(8 * len(sound))
        flipped = bytearray(sound)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(flipped))
        turn = sorted(OPENED_BY[name])[n % len(OPENED_BY[name])]
        for reader, found in _read(run, READERS if n < 5 else [turn]).items():
            assert found in (truth[reader], "refused"), f"bit {bit} of {name} is read as other data by {reader}"
        if name.endswith(".parquet"):
            assert name in (damage(run) or ""), "list says it"
    path.write_bytes(sound)
    assert _read(run) == truth
    assert damage(run) is None


def test_list_and_readers_say_which_file_is_damaged(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run / "rows-1.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    results = run.parent
    listed = evalkit(capsys, "list", "--results", results, "--json").json
    assert "rows-1.parquet is damaged" in listed[0]["problem"]
    ran = evalkit(capsys, "price", "latest", "--results", results)
    assert ran.code == 2
    assert "rows-1.parquet is damaged" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("name", ["rows-1.parquet", "texts-1.parquet"])
def test_a_run_is_damaged_everywhere_or_nowhere(run: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Also where the file that was cut short is none that a command reads."""
    results = run.parent
    suite = results.parent / "suite.yaml"
    assert evalkit(capsys, "run", suite, "--results", results, "--new").code == 0
    (other,) = (folder for folder in run_folders(results) if folder != run)
    asked = (
        ("show", run.name),
        ("compare", f"{run.name}:m", f"{other.name}:m"),
        ("report", run.name, "--html", results.parent / "report.html", "--force"),
    )
    for words in asked:
        assert evalkit(capsys, *words, "--results", results).code == 0, words
    with (run / name).open("r+b") as file:
        file.truncate((run / name).stat().st_size - 5)
    listed = evalkit(capsys, "list", "--results", results, "--json").json
    assert name in next(one["problem"] for one in listed if one["name"] == run.name)
    for words in asked:
        said = evalkit(capsys, *words, "--results", results)
        assert said.code == 2 and name in said.err and "Restore the file" in said.err, words
    with pytest.raises(StoreError, match=name):
        _ = open_run(run)["m"]
    assert [info.name for info in ResultsReader(results).readable()] == [other.name]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("gone", [("rows-2.parquet",), ("rows-2.parquet", "texts-2.parquet"), ("texts-1.parquet",)])
def test_no_command_reads_a_run_without_one_of_its_sealed_parts(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], gone: tuple[str, ...]
) -> None:
    """What is left of it is other rows, other figures and another bill. Of judges' parts: below."""
    results, scored = run.parent, tmp_path / "suite.yaml"
    scored.write_text(scored.read_text().replace("contains", "exact"))
    assert evalkit(capsys, "rescore", run.name, "--suite", scored, "--results", results).code == 0
    assert {path.name for path in run.glob("rows-*")} == {"rows-1.parquet", "rows-2.parquet"}
    for name in gone:
        (run / name).unlink()
    named = ("--as", "p", "--by", "ann", "--why", "it", "--baselines", tmp_path / "baselines")
    for words in (
        ("show", run.name),
        ("price", run.name),
        ("compare", f"{run.name}:m", f"{run.name}:m"),
        ("rescore", run.name, "--suite", scored),
        ("baseline", "promote", run.name, "--model", "m", *named),
        ("export", run.name, "--to", "csv", "--out", tmp_path / "out.csv"),
        ("export", run.name, "--to", "lm-eval", "--out", tmp_path / "out"),
        ("report", run.name, "--html", tmp_path / "report.html"),
    ):
        ran = evalkit(capsys, *words, "--results", results)
        assert ran.code == 2 and gone[0] in ran.err and "missing" in ran.err, (words, ran.err)
        assert "Restore the file" in ran.err and "--new" in ran.err
    assert not (tmp_path / "baselines").exists()
    (listed,) = evalkit(capsys, "list", "--results", results, "--json").json
    assert f"{gone[0]} is missing" in listed["problem"]
    site = evalkit(capsys, "report", "--site", tmp_path / "site", "--results", results)
    assert f"{run.name} has no page: {gone[0]} is missing" in site.err
    figures: tuple[Callable[[Run], object], ...] = (Run.frame, attrgetter("summary"), attrgetter("standings"))
    for figure in figures:
        with pytest.raises(StoreError, match=rf"{gone[0]} cannot be read \(it is missing"):
            figure(open_run(run))


@pytest.mark.parametrize("name", ["rows-2.parquet", "journal-main.jsonl"])
def test_rows_that_were_put_beside_a_complete_run_are_not_read_as_its_own(
    run: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """What a careless copy of two folders into one makes: the other run's rows would win over what was sealed."""
    if name.startswith("rows"):
        for kind in ("rows", "texts"):
            shutil.copy(run / f"{kind}-1.parquet", run / f"{kind}-2.parquet")
    else:
        rows = list(rows_of(run))
        with journal.Journal.open(run, "main") as log:
            for row in rows:
                log.append(row)
    places = ("--results", run.parent)
    for command in (("show", run), ("export", run, "--to", "csv", "--out", run.parent / "o.csv"), ("price", run)):
        ran = evalkit(capsys, *command, *places)
        assert ran.code == 2, (command, ran.out)
        assert f"{name} is no part of the run" in " ".join(ran.err.split()), command
    ran = evalkit(capsys, "rescore", run, "--suite", run.parent.parent / "suite.yaml", *places)
    assert ran.code == 2
    assert "is no part of the run" in " ".join(ran.err.split())
    assert "is no part of the run" in " ".join(evalkit(capsys, "list", *places).out.split())
    with pytest.raises(StoreError, match="is no part of the run"):
        load_run(run)


def test_other_spellings_of_a_part_s_name_are_no_part(run: Path) -> None:
    before = _read(run)
    for name in ("rows-01.parquet", "rows-\u0661.parquet"):
        shutil.copy(run / "rows-1.parquet", run / name)
    assert _read(run) == before


def test_facts_that_were_edited_or_damaged_are_said(run: Path) -> None:
    path = run / "run.json"
    assert not runs.edited(run)
    path.write_text(path.read_text().replace('"n_rows": 40', '"n_rows": 41'))
    assert runs.edited(run)
    assert "run.json is not what evalkit wrote" in (damage(run) or "")
    assert runs.read_facts(run)["n_rows"] == 41, "whoever edits it on purpose can still read it"


def test_runs_of_before_have_no_digests_and_open(run: Path) -> None:
    truth = _read(run)
    facts = json.loads((run / "run.json").read_text())
    assert facts.pop("sealed")
    assert facts.pop("checksum")
    (run / "run.json").write_text(json.dumps(facts))
    assert _read(run) == truth
    assert damage(run) is None


def test_a_gate_and_a_comparison_say_that_a_run_of_before_has_no_digests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _labelled(tmp_path / "a", capsys, label=10)
    places = ("--results", run.parent)
    gate = ("gate", run.name, *places)
    sides = ("compare", f"{run.name}:base", f"{run.name}:cand", *places)
    for command in (gate, sides):
        assert "no digest of" not in evalkit(capsys, *command).out
    set_facts(run, sealed={k: v for k, v in runs.read_facts(run)["sealed"].items() if k.startswith(("rows", "texts"))})
    for command in (gate, sides):
        ran = evalkit(capsys, *command)
        said = " ".join((ran.out + ran.err).split())
        assert ran.code == 0, said
        told = (
            f"{run.name} was sealed by an evalkit that kept no digest of what its judges and people said, its summary"
        )
        assert said.count(told) == 1, said


def test_a_derived_file_that_somebody_else_wrote_is_made_anew(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is whole and says other scores, as of another run: it fits in every way but its digest."""
    results, truth = run.parent, _read(run)
    (tmp_path / "suite.yaml").write_text((tmp_path / "suite.yaml").read_text().replace('"*": "B"', '"*": "C"'))
    assert evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", results, "--new").code == 0
    (other,) = (folder for folder in run_folders(results) if folder != run)
    assert _read(other)["scores"] != truth["scores"]
    said = evalkit(capsys, "show", run.name, "--results", results).out
    for name in ("scores.npz", "summary.json"):
        (run / name).write_bytes((other / name).read_bytes())
        assert _read(run) == truth, name
        assert evalkit(capsys, "show", run.name, "--results", results).out == said
    assert damage(run) is None


def test_a_part_is_hashed_once_a_process(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list(rows_of(run))
    monkeypatch.setattr(integrity, "digest_of", lambda path: pytest.fail(f"{path} was hashed again"))
    list(rows_of(run))


def test_a_part_that_a_killed_process_left_without_a_digest_gets_one_at_the_next_sealing(run: Path) -> None:
    set_facts(run, sealed={})
    integrity.record(run)
    assert set(runs.read_facts(run)["sealed"]) == {"rows-1.parquet", "texts-1.parquet"}


def test_a_run_that_was_never_sealed_shows_the_same_figures(run: Path) -> None:
    assert read_summary(run) == summarise(run)


def test_a_part_written_anew_under_an_old_name_has_its_own_digest(run: Path) -> None:
    kept = list(rows_of(run))[:20]
    for path in run.glob("*.parquet"):
        path.unlink()
    with journal.Journal.open(run, "again") as log:
        for row in kept:
            log.append(row)
    seal(run)
    assert len(list(rows_of(run))) == 20
    assert damage(run) is None


JUDGED = """
name: judged
models: {base: {adapter: scripted, replies: {"*": B}}, cand: {adapter: scripted, replies: {"*": C}}}
judges: {j: {adapter: scripted, replies: {"*": "[[10]]"}}}
tasks:
  - {name: u, data: {path: d.jsonl, id: id}, prompt: "say {{ q }}", score: {judge: {by: j, rubric: judge_rating}}}
gate: {baseline: base, candidates: [cand], rules: [{quality: u, margin: 0.5, labels: random}]}
"""


def test_what_judges_said_is_missed_where_it_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it, a gate by people's labels passed by the judge's word alone."""
    (tmp_path / "s.yaml").write_text(JUDGED)
    (tmp_path / "d.jsonl").write_text("".join(f'{{"id": "{n}", "q": "q{n}"}}\n' for n in range(8)))
    ran = evalkit(capsys, "run", tmp_path / "s.yaml", "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    (run,) = run_folders(tmp_path / "results")
    aside = tmp_path / "aside"
    for name in ("judging", "judging/run.json", "judging/rows-1.parquet", "rows-1.parquet"):
        (run / name).rename(aside)
        for command in ("gate", "show"):
            ran = evalkit(capsys, command, run.name, "--results", tmp_path / "results")
            assert ran.code == 2 and f"{name.removesuffix('/run.json')}" in ran.err and "missing" in ran.err, name
        assert "missing" in evalkit(capsys, "list", "--results", tmp_path / "results").out, name
        aside.rename(run / name)
    assert evalkit(capsys, "show", run.name, "--results", tmp_path / "results").code == 0
    (run / "judging" / "labels.jsonl").write_text('{"key": ["cand", "u", "x", 0, 0], "label": 1}\n')
    ran = evalkit(capsys, "gate", run.name, "--results", tmp_path / "results")
    assert ran.code == 2 and "judging/labels.jsonl is no part of the run" in " ".join(ran.err.split())
    (run / "judging" / "labels.jsonl").unlink()
    inner = run / "judging" / "run.json"
    facts = json.loads(inner.read_text())
    inner.write_text(json.dumps({**facts, "labels": {"u": {"n": 9, "n_used": 8}}}))
    assert "labels.jsonl is missing" in evalkit(capsys, "gate", run.name, "--results", tmp_path / "results").err


def _labelled(folder: Path, capsys: pytest.CaptureFixture[str], *, label: int) -> Path:
    """A run whose candidate fails by people's labels of 1, and passes by those of 10."""
    folder.mkdir()
    suite = JUDGED.replace("rubric: judge_rating}}", "rubric: judge_rating}}, labels: l.jsonl")
    (folder / "s.yaml").write_text(suite)
    (folder / "d.jsonl").write_text("".join(f'{{"id": "{n}", "q": "q{n}"}}\n' for n in range(40)))
    said = [(f"u/{n}/0/{model}", at) for n in range(40) for model, at in (("base", 10), ("cand", label))]
    (folder / "l.jsonl").write_text("".join(f'{{"id": "{id}", "label": {at}}}\n' for id, at in said))
    ran = evalkit(capsys, "run", folder / "s.yaml", "--results", folder / "results")
    assert ran.code == 0, ran.err
    (run,) = run_folders(folder / "results")
    return run


@pytest.mark.long
def test_what_people_said_is_what_it_was_or_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Emptied, a gate was inconclusive; exchanged for another run's, one that fails passed."""
    run, other = (_labelled(tmp_path / name, capsys, label=at) for name, at in (("a", 1), ("b", 10)))
    results, whole = run.parent, tmp_path / "whole"
    assert evalkit(capsys, "gate", run.name, "--results", results).code == 1
    assert evalkit(capsys, "gate", other.name, "--results", other.parent).code == 0
    shutil.copytree(run, whole)
    labels = run / "judging" / "labels.jsonl"

    def refused(name: str) -> None:
        for words in (("gate", run.name), ("show", run.name), ("judge-check", run.name)):
            ran = evalkit(capsys, *words, "--results", results)
            assert ran.code == 2 and name in ran.err and "Restore" in ran.err and "--new" in ran.err, (words, ran.err)
        assert name in (ResultsReader(results).problem(run.name) or "")
        assert name in (damage(run) or "")
        shutil.rmtree(run)
        shutil.copytree(whole, run)

    for content in (b"", b"".join(labels.read_bytes().splitlines(keepends=True)[:20])):
        labels.write_bytes(content)
        refused("judging/labels.jsonl is damaged")
    labels.unlink()
    refused("judging/labels.jsonl is missing")
    labels.write_bytes((other / "judging" / "labels.jsonl").read_bytes())
    with pytest.raises(StoreError, match=r"labels\.jsonl cannot be read .*Restore the file, or run"):
        read_labels(run / "judging")
    refused("judging/labels.jsonl is damaged")
    shutil.rmtree(run / "judging")
    shutil.copytree(other / "judging", run / "judging")
    refused("judging/labels.jsonl is damaged")
    (run / "judging" / "run.json").unlink()
    refused("judging/run.json is missing")
    assert evalkit(capsys, "gate", run.name, "--results", results).code == 1

    for folder in (run, run / "judging"):  # as a run of before is
        set_facts(folder, sealed=None)
    labels.write_bytes(b"")
    assert evalkit(capsys, "gate", run.name, "--results", results).code == 3


def test_a_run_of_judges_that_goes_on_notes_its_files_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = _labelled(tmp_path / "a", capsys, label=1)
    inner = run / "judging"
    named = {name for name in runs.read_facts(run)["sealed"] if name.startswith("judging/")}
    assert named == {"judging/labels.jsonl", "judging/rows-1.parquet", "judging/texts-1.parquet"}
    open_judging(run, RunFacts())
    assert not any(name.startswith("judging/") for name in runs.read_facts(run)["sealed"])
    (inner / "labels.jsonl").write_bytes(b"")  # as a killed process may have written them
    assert damage(run) is None
    assert write_labels(inner, []) == 0
    assert "labels.jsonl" in runs.read_facts(inner)["sealed"]


def _with_a_hole(path: Path) -> None:
    """A whole Parquet file still, its footer a terabyte behind its data: some kilobytes on the disk."""
    content = path.read_bytes()
    footer = content[-8 - int.from_bytes(content[-8:-4], "little") :]
    with path.open("r+b") as file:
        file.truncate(len(content) - len(footer))
        file.truncate(2**40)
        file.seek(0, os.SEEK_END)
        file.write(footer)


@pytest.mark.parametrize("name", ["rows-1.parquet", "texts-1.parquet"])
def test_a_hole_of_terabytes_is_no_part_and_is_not_hashed(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    results = run.parent
    shutil.copytree(run, results / "whole")
    _with_a_hole(run / name)
    out = ("--to", "csv", "--out", tmp_path / "out.csv")
    for words in (("export", run.name, *out), ("sign", run.name, "--check", run / "run.json"), ("dossier", run.name)):
        ran = evalkit(capsys, *words, "--results", results)
        assert ran.code == 2 and f"{name} cannot be read" in ran.err, words
    assert evalkit(capsys, "report", "--site", tmp_path / "site", "--results", results).code == 0
    assert "whole" in (tmp_path / "site" / "index.html").read_text(), "it hides no other run"
    run.joinpath(name).write_bytes(b"")
    os.truncate(run / name, 2**40)
    assert evalkit(capsys, "export", run.name, *out, "--results", results).code == 2


@pytest.mark.long
@pytest.mark.parametrize("name", ["scores.npz", "summary.json"])
def test_a_derived_file_of_holes_is_made_anew(run: Path, name: str) -> None:
    truth = _read(run)
    os.truncate(run / name, 2**40)
    assert _read(run) == truth
