"""An incomplete run is gone on with only while its models are asked with the same prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.facts.run import STARTED_BY
from evalkit.results import read_facts
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import Ran, evalkit, run_folders

SUITE = """
name: p
models: {{m: {{adapter: openai_chat, model: m, weights: w, base_url: "{url}"{system}}}}}
{prompts}
tasks:
  - name: t
    data: {{path: items.jsonl, id: id}}
    prompt: "{{{{ question }}}}"
    target: "{{{{ answer }}}}"
    score: exact
run: {{timeout_s: 5}}
"""


def _write_items(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve items, and a cache that nothing else uses."""
    monkeypatch.setenv("EVALKIT_CACHE", str(folder / "cache.sqlite"))
    items = [{"id": f"q{n}", "question": f"Is it {n}?", "answer": "B"} for n in range(12)]
    (folder / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items), encoding="utf-8")


def _write_suite(folder: Path, provider: FakeProvider, system: str = "", prompts: str = "") -> None:
    suite = SUITE.format(url=provider.base_url, system=system, prompts=prompts)
    (folder / "suite.yaml").write_text(suite, encoding="utf-8")


@pytest.mark.long(but=1)
@pytest.mark.parametrize("where", ["system", "prompts"])
def test_a_run_with_another_prompt_of_a_model_is_a_new_run(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_items(tmp_path, monkeypatch)

    def run(said: str) -> Ran:
        system = f", system: {said}" if where == "system" else ""
        prompts = f"prompts: {{own: {{prompt: '{said} {{{{ question }}}}'}}}}" if where == "prompts" else ""
        _write_suite(tmp_path, provider, system, prompts)
        return evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "r")

    with FakeProvider.in_thread(Behaviour(reply="B", faults={"400": 0.5})) as provider:
        assert run("Please be brief.").code == 4
        provider.behaviour = Behaviour(reply="B", faults={"400": 0.2})
        assert "resuming" in run("Please be brief.").err, "the same prompt is gone on with"
        provider.behaviour = Behaviour(reply="B")
        other = run("Answer with a novel.")
    assert other.code == 0 and "resuming" not in other.err
    asked = [[turn.content for row in rows_of(one) for turn in row.prompt] for one in run_folders(tmp_path / "r")]
    told = [{word for word in ("brief", "novel") if word in " ".join(said)} for said in asked]
    assert sorted(map(sorted, told)) == [["brief"], ["novel"]]


@pytest.mark.parametrize("damage", ["models", "rows-1.parquet"])
def test_an_unfinished_run_that_is_damaged_says_a_way_out_that_works(
    damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_items(tmp_path, monkeypatch)
    run = ("run", tmp_path / "suite.yaml", "--results", tmp_path / "r")
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"400": 0.5})) as provider:
        _write_suite(tmp_path, provider)
        assert evalkit(capsys, *run).code == 4
        (folder,) = run_folders(tmp_path / "r")
        if damage == "models":
            facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            facts = {key: value for key, value in facts.items() if key != "checksum"} | {"models": ["m"]}
            (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
        else:
            (folder / damage).write_bytes(b"PAR1")
        provider.behaviour = Behaviour(reply="B")
        for _ in range(2):  # the same command finds the same run
            told = evalkit(capsys, *run)
            assert told.code == 2
            assert "with --new" in told.err
        assert evalkit(capsys, *run, "--new").code == 0


def test_who_resumes_a_run_has_not_started_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_items(tmp_path, monkeypatch)
    run = ("run", tmp_path / "suite.yaml", "--results", tmp_path / "r")
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"400": 0.5})) as provider:
        _write_suite(tmp_path, provider)
        assert evalkit(capsys, *run).code == 4, "on the command line"
        provider.behaviour = Behaviour(reply="B")
        monkeypatch.setenv(STARTED_BY, "mira@example.org")
        assert "resuming" in evalkit(capsys, *run).err, "from the board"
        (folder,) = run_folders(tmp_path / "r")
        assert read_facts(folder).started_by is None
        assert evalkit(capsys, *run, "--new").code == 0
    starters = {read_facts(one).started_by for one in run_folders(tmp_path / "r")}
    assert starters == {None, "mira@example.org"}
