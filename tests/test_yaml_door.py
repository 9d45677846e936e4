"""The door to YAML: whatever a text holds ends in a sentence with its line, and no other module reads YAML."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.reading import NotYaml, composed_yaml, loaded_yaml
from tests.source_trees import ROOT, trees
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
SUITE = """
name: s
models: {a: {adapter: scripted, replies: {"*": x}}}
tasks: [{name: t, cases: [{q: a}], prompt: "{{ q }}", target: x, score: exact}]
"""
ODD = (
    ('# \na: "\\U00110000"\n', 2),
    ('a: "\\U99999999"\n', 1),
    ("%YAML 1.3\n---\na: 1\n", 2),
    ("---\na: 1\n...\n%YAML 99.9\n---\na: 1\n", 4),
    ("a: \x01\n", 1),
    ("a: 1\nb: [1\n", 3),
)
_WRITES = {"api/suite.py", "store/baselines.py"}
"""They use ruamel to write."""


@pytest.mark.parametrize(("text", "line"), ODD)
def test_what_is_no_yaml_is_one_error_with_its_line(text: str, line: int) -> None:
    for read in (composed_yaml, loaded_yaml):
        with pytest.raises(NotYaml) as raised:
            read(text)
        assert raised.value.line == line and raised.value.reason and "\n" not in raised.value.reason


def test_random_yaml_raises_nothing_else() -> None:
    pieces = [
        *('"\\U00110000"', '"\\U99999999"', '"\\x"', "%YAML 1.3\n", "%YAML 99.9\n", "%YAML a.b\n", "---\n", "...\n"),
        *("a: ", "- ", "[", "]", "{", "}", "&a ", "*a", "!!bool abc", "!!int x", "!!timestamp 2020-99-99", "<<: "),
        *('!!binary "x"', "!!set {a}", "!!omap [a]", "!!float", "%TAG ! x:\n", "!<x>", "!x!y ", "\0", "\ud800", "\n"),
        *("0x", "1e999", "190:20:30", '"\\ud800"', "|9", "\ufeff", "\u2028", "\t", "'", '"', "2001-99-14"),
    ]
    chance, odd = random.Random(11), 0
    for _ in range(1_500):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 8)))
        for read in (composed_yaml, loaded_yaml):
            try:
                read(text)
            except NotYaml:
                odd += 1
    assert odd > 500


@pytest.mark.parametrize("place", ["suite", "prices", "models", "environment", "policy", "scenario", "map", "preset"])
def test_no_file_of_yaml_ends_a_command_in_a_traceback(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "checkout").mkdir()
    (tmp_path / "presets").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    odd, suite, words = 'about: "\\U00110000"\n', SUITE, ["check", "s.yaml"]
    wrote: dict[str, Callable[[], object]] = {
        "prices": lambda: Path("prices.yaml").write_text(f"- {odd}", "utf-8"),
        "models": lambda: Path("models.yaml").write_text(odd, "utf-8"),
        "environment": lambda: Path("env.yaml").write_text(odd, "utf-8"),
        "policy": lambda: Path("p.yaml").write_text(odd, "utf-8"),
        "scenario": lambda: Path("b.yaml").write_text(odd, "utf-8"),
        "map": lambda: Path("m.yaml").write_text(odd, "utf-8"),
        "preset": lambda: Path("../presets/own.yaml").write_text(odd, "utf-8"),
    }
    if place == "suite":
        suite = odd + SUITE.lstrip()
    else:
        wrote[place]()
    if place == "environment":
        suite = SUITE.replace("score: exact", "environment: env.yaml, score: end-state").replace("target: x, ", "")
    if place == "policy":
        monkeypatch.setenv("EVALKIT_POLICY", str(Path("p.yaml").absolute()))
    if place == "scenario":
        words = ["breakeven", "--scenario", "b.yaml"]
    if place == "map":
        Path("t.csv").write_text("a,b\n1,2\n", "utf-8")
        words = ["import", "table", "t.csv", "--map", "m.yaml", "--results", "r"]
    if place == "preset":
        monkeypatch.setenv("EVALKIT_PRESETS", str(tmp_path / "presets"))
        suite = SUITE.replace('adapter: scripted, replies: {"*": x}', "adapter: own, model: m")
    Path("s.yaml").write_text(suite, "utf-8")
    ran = evalkit(capsys, *words)
    assert ran.code == 2 and ".yaml:1: this is no" in " ".join(ran.err.split()), ran


def test_no_other_module_reads_yaml() -> None:
    """ruamel's `YAML` alone reads: whoever imports it is the door, or writes."""
    found = {
        path.relative_to(ROOT)
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("ruamel")
        and any(one.name == "YAML" for one in node.names)
    }
    assert {str(path) for path in found} == {"reading.py", *_WRITES}
