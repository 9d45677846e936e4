"""Gates kept with an imported run: the board's page *Gate* offers them, and says whose figures it shows."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.test_board_pages import draw, words
from tests.world import Ran
from tests.world import evalkit as run_evalkit

Capture = pytest.CaptureFixture[str]
Evalkit = Callable[..., Ran]


@pytest.fixture
def evalkit(capsys: Capture, tmp_path: Path) -> Evalkit:
    """Runs a command on the results folder of the test."""
    return lambda *words: run_evalkit(capsys, *words, "--results", tmp_path / "results")


@pytest.fixture
def run(tmp_path: Path, evalkit: Evalkit) -> str:
    """An imported run where `small` is right on half of what `big` has right."""
    with (tmp_path / "t.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["model", "task", "item", "score"])
        writer.writerows([m, "t", n, int(m == "big" or n % 2 == 0)] for m in ("big", "small") for n in range(200))
    columns = {key: key for key in ("model", "task", "item", "score")}
    (tmp_path / "map.yaml").write_text(yaml.safe_dump({**columns, "scorer": "ours", "source": "the log of the desk"}))
    ran = evalkit("import", "table", tmp_path / "t.csv", "--map", tmp_path / "map.yaml", "--name", "desk")
    assert ran.code == 0, ran.err
    return Path(ran.out.strip()).name


def gate(path: Path, baseline: str, candidate: str) -> Path:
    rules = [{"quality": "all", "margin": 0.05}]
    path.write_text(
        yaml.safe_dump({"name": "g", "gate": {"baseline": baseline, "candidates": [candidate], "rules": rules}})
    )
    return path


def test_the_board_offers_each_gate_that_was_kept(tmp_path: Path, evalkit: Evalkit, run: str) -> None:
    for name, sides in {"down": ("big", "small"), "up": ("small", "big")}.items():
        ran = evalkit("gate", run, "--suite", gate(tmp_path / f"{name}.yaml", *sides), "--keep")
        assert ran.code == (1 if name == "down" else 0)
        assert f"kept: {tmp_path / 'results' / run / 'gates' / name}.yaml" in ran.err
    at = draw("gate", tmp_path / "results")
    assert at.selectbox(key="kept_gate").options == ["down", "up"]
    assert "small: fail" in words(at) or "✘ small" in words(at)
    assert "the log of the desk" in words(at)
    at.selectbox(key="kept_gate").set_value("up.yaml").run()
    assert not at.exception
    assert "✔ big" in words(at)


def test_a_gate_that_no_longer_reads_is_one_sentence(tmp_path: Path, evalkit: Evalkit, run: str) -> None:
    evalkit("gate", run, "--suite", gate(tmp_path / "g.yaml", "big", "small"), "--keep")
    (tmp_path / "results" / run / "gates" / "g.yaml").write_text("name: g\ngate: {baseline: gone}\n")
    at = draw("gate", tmp_path / "results")
    assert [element.value for element in at.error] and "Not decided" in at.error[0].value


def _rules(path: Path, n: int) -> Path:
    """A gate of so many rules about one pair."""
    rules = [{"quality": "all", "margin": (k + 1) / 10_000} for k in range(n)]
    path.write_text(yaml.safe_dump({"name": "g", "gate": {"baseline": "big", "candidates": ["small"], "rules": rules}}))
    return path


@pytest.mark.long
def test_a_gate_has_no_endless_rules(tmp_path: Path, evalkit: Evalkit, run: str) -> None:
    """96 kB of rules in a folder that somebody sent kept the page busy for more than a minute."""
    folder = tmp_path / "results" / run / "gates"
    folder.mkdir()
    _rules(folder / "a.yaml", 3_000)
    at = draw("gate", tmp_path / "results")
    assert "Not decided" in at.error[0].value and "200" in at.error[0].value
    ran = evalkit("gate", run, "--suite", folder / "a.yaml")
    assert ran.code == 2 and "200" in ran.err


def test_many_rules_are_decided_when_somebody_asks(tmp_path: Path, evalkit: Evalkit, run: str) -> None:
    folder = tmp_path / "results" / run / "gates"
    folder.mkdir()
    _rules(folder / "a.yaml", 61)
    at = draw("gate", tmp_path / "results")
    assert "so many rows or rules" in words(at)
    assert [button.label for button in at.button if button.label == "Decide now"]
    assert not at.subheader


def test_links_are_no_gates(tmp_path: Path, evalkit: Evalkit, run: str) -> None:
    (tmp_path / "results" / run / "gates").mkdir()
    (tmp_path / "results" / run / "gates" / "x.yaml").symlink_to(gate(tmp_path / "g.yaml", "big", "small"))
    assert "No run here has a gate" in words(draw("gate", tmp_path / "results"))


@pytest.mark.parametrize("kind", ["folder", "absolute folder", "file", "pipe", "a file for the folder"])
def test_a_gate_is_kept_in_the_runs_own_folder_alone(tmp_path: Path, evalkit: Evalkit, run: str, kind: str) -> None:
    victim, gates = tmp_path / "victim", tmp_path / "results" / run / "gates"
    victim.mkdir()
    (victim / "g.yaml").write_text("precious")
    if kind == "a file for the folder":
        gates.write_text("")
    elif "folder" in kind:
        gates.symlink_to(victim if kind == "absolute folder" else Path("../../victim"))
    else:
        gates.mkdir()
        if kind == "pipe":
            os.mkfifo(gates / "g.yaml")
        else:
            (gates / "g.yaml").symlink_to(victim / "g.yaml")
    ran = evalkit("gate", run, "--suite", gate(tmp_path / "g.yaml", "big", "small"), "--keep")
    assert ran.code == 2, ran.err
    assert str(gates) in ran.err and (victim / "g.yaml").read_text() == "precious"


def test_only_a_gate_of_an_imported_run_is_kept(tmp_path: Path, evalkit: Evalkit, run: str) -> None:
    ran = evalkit("gate", run, "--keep")
    assert ran.code == 2
    assert not (tmp_path / "results" / run / "gates").exists()


def test_show_says_where_an_imported_run_comes_from(evalkit: Evalkit, run: str) -> None:
    told = " ".join(evalkit("show", run).out.split())
    assert "imported 20" in told and "from the log of the desk" in told and ", started" not in told


def test_the_sample_run_has_the_swaps_as_gates_and_names_its_source() -> None:
    repo = Path(__file__).parent.parent
    at = draw("gate", repo / "results")
    run = at.selectbox(key="run")
    run.set_value(next(one for one in run.options if one.startswith("mcpmark"))).run()  # others may be newer
    assert {"closed-to-closed", "closed-to-hosted-open", "closed-to-own-size"} <= set(
        at.selectbox(key="kept_gate").options
    )
    assert "eval-sys/mcpmark-experiments@8f674f08" in words(at)
