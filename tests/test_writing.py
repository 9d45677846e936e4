"""Nothing is written through a link that a checkout brought along."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from evalkit.errors import RunIncomplete, StoreError
from evalkit.store.run_lock import lock_run
from evalkit.writing import file_name, open_to_write, refuse_links, write_atomically, write_file
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
SUITE = """
name: s
models:
  a: {adapter: scripted, model: x, replies: {"*": "yes"}}
  b: {adapter: scripted, model: y, replies: {"*": "no"}}
tasks:
  - {name: t, data: {path: d.jsonl, id: id}, prompt: "{{ q }}", target: "yes", score: contains}
gate: {baseline: a, candidates: [b], rules: [{quality: all, margin: 0.1}]}
"""
SECRET = "what the person has there\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a suite, and a file of the person's outside it."""
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EVALKIT_RESULTS")
    (tmp_path / "person").write_text(SECRET, "utf-8")
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "s.yaml").write_text(SUITE, "utf-8")
    (folder / "d.jsonl").write_text('{"id": "1", "q": "x"}\n', "utf-8")
    monkeypatch.chdir(folder)
    return folder


def unfinished(capsys: Capture) -> Path:
    """A run folder as a pull request may bring it: to be gone on with."""
    assert evalkit(capsys, "run", "s.yaml").code == 0
    run = next(Path("results").iterdir())
    facts = orjson.loads((run / "run.json").read_bytes())
    facts.pop("checksum", None)
    (run / "run.json").write_bytes(orjson.dumps({**facts, "status": "interrupted"}))
    for name in ("rows-1.parquet", "texts-1.parquet", "scores.npz", "summary.json"):
        (run / name).unlink(missing_ok=True)
    return run


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    "name",
    [
        ".lock",
        ".pledged",
        "set-aside.jsonl",
        "journal-other.jsonl",
        ".rows-1.tmp",
        ".texts-1.tmp",
        "rows-1.parquet",
        "summary.json",
        "scores.npz",
        "judging",
        "reviews.jsonl",
        "anything",
    ],
)
@pytest.mark.parametrize("command", [("run", "s.yaml"), ("run", "s.yaml", "--resume", "latest"), ("rescore", "latest")])
def test_a_run_with_links_is_not_gone_on_with(
    capsys: Capture, checkout: Path, name: str, command: tuple[str, ...]
) -> None:
    person = checkout.parent / "person"
    run = unfinished(capsys)
    (run / name).symlink_to(person if name != "judging" else checkout.parent)
    ran = evalkit(capsys, *command)
    assert person.read_text("utf-8") == SECRET
    assert ran.code not in {0, 70} and "link" in ran.err
    assert evalkit(capsys, "run", "s.yaml", "--new").code == 0


def test_a_link_to_nowhere_makes_no_file(capsys: Capture, checkout: Path) -> None:
    run = unfinished(capsys)
    (run / ".lock").symlink_to(checkout.parent / "made")
    assert evalkit(capsys, "run", "s.yaml").code == 2
    assert not (checkout.parent / "made").exists()


def test_a_lock_that_is_a_link_empties_no_file(checkout: Path) -> None:
    run = checkout / "run"
    (run / "judging").mkdir(parents=True)
    (run / "judging" / "labels.jsonl").symlink_to(checkout.parent / "person")
    with pytest.raises(StoreError, match="is a link"), lock_run(run):
        pass


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    "command",
    [
        ("gate", "latest", "--markdown", "LINK"),
        ("gate", "latest", "--junit", "LINK"),
        ("gate", "latest", "--dossier", "LINK"),
        ("run", "s.yaml", "--gate", "--new", "--markdown", "LINK"),
        ("report", "latest", "--html", "LINK"),
        ("export", "latest", "--to", "csv", "--out", "LINK"),
        ("export", "latest", "--to", "parquet", "--out", "LINK"),
        ("judge", "items", "latest", "--out", "LINK"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_file_that_is_a_link_is_not_written_through(
    capsys: Capture, checkout: Path, command: tuple[str, ...], there: bool
) -> None:
    assert evalkit(capsys, "run", "s.yaml").code == 0
    person = checkout.parent / ("person" if there else "made")
    Path("out.md").symlink_to(person)
    Path(".out.md.tmp").symlink_to(person)
    ran = evalkit(capsys, *("out.md" if word == "LINK" else word for word in command))
    assert ran.code != 70 and "Traceback" not in ran.err
    assert person.read_text("utf-8") == SECRET if there else not person.exists()


def test_init_fills_no_link(capsys: Capture, checkout: Path) -> None:
    (checkout / "evals").mkdir()
    (checkout / "evals" / "suite.yaml").symlink_to(checkout.parent / "made")
    assert evalkit(capsys, "init", "evals").code == 2
    assert not (checkout.parent / "made").exists()


def test_a_draft_that_is_a_link_is_replaced(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getpid", lambda: 4711)
    (checkout / ".run.json.4711.tmp").symlink_to(checkout.parent / "person")
    write_atomically(checkout / "run.json", b"{}")
    assert (checkout / "run.json").read_bytes() == b"{}"
    assert (checkout.parent / "person").read_text("utf-8") == SECRET


def test_files_and_devices_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_file(path, "één")
    with open_to_write(path, append=True) as file:
        file.write(b"!")
    assert path.read_text("utf-8") == "één!"
    with pytest.raises(FileExistsError):
        write_file(path, b"", new=True)
    write_file(Path("/dev/null"), "x")
    refuse_links(tmp_path)
    linked = tmp_path / "elsewhere"
    linked.symlink_to(tmp_path)  # results on another disk
    write_file(linked / "b", "x")
    assert (tmp_path / "b").exists()


def test_the_way_out_fits_what_stood_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "summary.json").mkdir()
    with pytest.raises(RunIncomplete, match=r"Is a directory.* Move away what lies there and run"):
        write_atomically(tmp_path / "summary.json", b"{}")


def test_a_name_that_ends_as_digests_do_is_no_other_s() -> None:
    other = file_name("x/y")
    assert other != "x_y" and file_name(other) != other
    assert len({file_name(name) for name in ("x/y", other, file_name(other), "x_y")}) == 4
