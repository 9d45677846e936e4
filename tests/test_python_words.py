"""Messages that name options of the commands name parameters where the caller is Python."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import click
import pytest

import evalkit
from evalkit import Request, RunProgress, Suite, Task
from evalkit.api.gate_result import GateResult
from evalkit.api.options import RunKeywords
from evalkit.cli import COMMANDS
from evalkit.errors import IncompleteRunWarning, StoreError, SuiteError, UserError
from evalkit.python_words import LISTS, NUMBERS, SWITCHES, TEXTS, in_python
from tests.conftest import REPO
from tests.source_trees import trees
from tests.world import evalkit as command

NOT_PYTHON = ("cli", "board", "testing", "bridges/first_suite", "bridges/traces", "engine/loadtest")
"""Packages that nothing leads to from a Python function: commands, pages, and what they alone call."""
NO_PARAMETER = {
    *("--env-file", "--earlier", "--as", "--by", "--why", "--replace", "--at", "--price-as", "--metric", "--scorer"),
    *("--flips", "--html", "--site", "--json", "--key", "--listen", "--out", "--signed-baseline", "--signed-run"),
    *("--until", "--trajectories", "--dossier", "--model", "--seconds", "--preview", "--host", "--port", "--force"),
    *("--to", "--from", "--in-flight", "--rates", "--samples", "--sign", "--repeat", "--name", "--quiet"),
}
"""Options of commands that no Python function has: whoever reads of one is told of a command, or gave it."""


def _options(one: click.Command) -> Iterator[str]:
    if isinstance(one, click.Group):
        for name in one.commands:
            yield from _options(one.commands[name])
    for parameter in one.params:
        yield from (flag for flag in (*parameter.opts, *parameter.secondary_opts) if flag.startswith("--"))


@pytest.fixture(scope="module")
def own_flags() -> set[str]:
    """Every option of every command."""
    return {flag for place, _ in COMMANDS.values() for flag in _options(importlib.import_module(place).command)}


def _said(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The texts of a module that are no docstrings, with a word where a value is put in."""
    apart = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for one in ast.walk(tree):
        if isinstance(one, ast.JoinedStr):
            apart |= {id(part) for part in one.values}
            yield one.lineno, "".join(p.value if isinstance(p, ast.Constant) else "X1" for p in one.values)  # type: ignore[misc]
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in apart:
            yield one.lineno, one.value


def test_every_message_that_can_reach_python_names_parameters(own_flags: set[str]) -> None:
    left = []
    for path, tree in trees().items():
        inside = path.relative_to(REPO / "evalkit").as_posix()
        if inside.startswith(NOT_PYTHON) or inside == "python_words.py":
            continue
        for line, text in _said(tree):
            said = in_python(text)
            assert in_python(said) == said, (inside, line)
            commands = re.findall(r"evalkit [a-z-]+(?: [a-z]+)?[^.;:)]*", said)
            named = set(re.findall(r"(?<![\w<!-])--[a-z][a-z-]*[a-z]", said)) & own_flags
            of_commands = {flag for flag in named if any(flag in one for one in commands)}
            if wrong := named - of_commands - NO_PARAMETER:
                left.append(f"{inside}:{line}: {sorted(wrong)} in {said!r}")
            if "same command" in said or "command line" in said:
                left.append(f"{inside}:{line}: {said!r}")
    assert not left, "\n".join(left)


def test_every_parameter_that_is_named_is_one_of_a_python_function(own_flags: set[str]) -> None:
    functions = (evalkit.plan, evalkit.gate, evalkit.rescore, evalkit.report, evalkit.import_table, Suite.to_yaml)
    known = {name for one in functions for name in inspect.signature(one).parameters} | {*RunKeywords.__annotations__}
    named = [*LISTS.values(), *TEXTS.values(), *NUMBERS.values(), *(one.split("=")[0] for one in SWITCHES.values())]
    assert {*named} <= known
    assert {*LISTS, *TEXTS, *NUMBERS, *SWITCHES} <= own_flags


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("run again with --no-cache", "run again with cache=False"),
        ("If you trust it: --allow-key-host evil.example.", 'If you trust it: allow_key_host=["evil.example"].'),
        ("cut by --limit to 5. Run it without --limit.", "cut by limit= to 5. Run it without limit=."),
        ("evalkit run SUITE --new --no-cache.", "evalkit.run(SUITE, new=True, cache=False)."),
        ("(evalkit run --prices FILE)", '(evalkit.run(..., prices="FILE"))'),
        ("or --max-cost 5. Run the same command again.", "or max_cost_usd=5. Make the same call again."),
        ("Make one: evalkit baseline promote RUN --model MODEL --as NAME", None),
        ("start vLLM with --enable-auto-tool-choice", None),
        (
            "--set a: write KEY=VALUE, like --set run.seed=1",
            'changes=["a"]: write KEY=VALUE, like changes=["run.seed=1"]',
        ),
        ("pip install uv, then: uv tool install --force 'evalkit[x]'", None),
    ],
)
def test_options_become_parameters(text: str, wanted: str | None) -> None:
    assert in_python(text) == (text if wanted is None else wanted)


def test_the_python_door_says_it_and_the_command_does_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.yaml").write_text(
        "name: s\nmodels:\n  m: {adapter: openai_chat, model: '${MODEL_OF_MINE}', base_url: 'http://127.0.0.1:9/v1'}\n"
        "tasks:\n  - {name: t, data: {path: d.jsonl}, prompt: '{{ q }}', target: x, score: exact}\n"
    )
    (tmp_path / "d.jsonl").write_text('{"q": "a"}\n')
    with pytest.raises(SuiteError) as error:
        Suite.from_yaml(tmp_path / "s.yaml")
    assert 'allow_env=["MODEL_OF_MINE"]' in str(error.value) and "--" not in str(error.value)
    assert "--" not in "".join(error.value.complaints)
    assert "--allow-env MODEL_OF_MINE" in command(capsys, "check", tmp_path / "s.yaml").err
    with pytest.raises(StoreError, match=r"evalkit\.run\(SUITE\)"):
        evalkit.open_run("latest", results=tmp_path / "none")
    with pytest.raises(UserError, match=r"^new=True starts another run, resume= continues one"):
        evalkit.run(_suite(), results=tmp_path, new=True, resume="latest")


def _suite(model: object = lambda request: "x") -> Suite:
    return Suite({"m": model}, [Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="x", score="exact")])  # type: ignore[dict-item]


def test_the_table_of_a_gate_that_is_printed_in_python_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def renders(_decision: object, *, width: int, file: IO[str]) -> None:
        file.write("Ask again with --no-cache.")

    monkeypatch.setattr("evalkit.render.gate.render_gate", renders)
    empty: Any = ((),) * 3
    result = GateResult("pass", 0, "run", None, *empty, details=cast("Any", None))
    assert str(result) == "Ask again with cache=False."


def test_what_is_told_of_a_run_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(request: Request) -> str:
        raise ValueError("no")

    told: list[RunProgress] = []
    with pytest.warns(IncompleteRunWarning, match="Make the same call again") as warned:
        run = evalkit.run(_suite(fails), results=tmp_path, progress=told.append)
    assert "same command" not in str(warned[0].message)
    page = evalkit.report(run, tmp_path / "page.html")
    with pytest.raises(UserError, match=r"replace it \(force=True\)"):
        evalkit.report(run, page)
    ran = command(capsys, "report", run.name, "--results", tmp_path, "--html", page)
    assert "replace it (--force)" in ran.err
    part = next(run.folder.glob("rows-*.parquet"))
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(StoreError, match="run the suite again with new=True"):
        evalkit.load_run(run.folder).frame()
