"""`evalkit export --to mlflow|wandb`: the real libraries against a folder; skipped where they are not installed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from evalkit.bridges.trackers import figures_of
from evalkit.store import runs
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.filterwarnings("ignore")  # the trackers' own warnings are theirs
CANARY = "canary-question-nobody-may-see"


@pytest.fixture
def results(tmp_path: Path, capsys: Capture) -> Path:
    """A run of two models, one right and one wrong."""
    (tmp_path / "suite.yaml").write_text(
        'name: sums\nmodels:\n  one: {adapter: scripted, replies: {"*": "4"}}\n'
        '  two: {adapter: scripted, replies: {"*": "5"}}\ntasks:\n'
        f'  - {{name: add, cases: [{{q: "{CANARY}", expected: "4", kind: a}}], slices: [kind], prompt: "{{{{ q }}}}", '
        "score: exact}\n",
        encoding="utf-8",
    )
    assert evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results").code == 0
    return tmp_path / "results"


def kept(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_unknown_figures_are_left_out_and_none_becomes_zero(results: Path) -> None:
    one, two = figures_of(run_folders(results)[0])
    assert (one.figures["all/quality"], two.figures["all/quality"]) == (1.0, 0.0)
    assert one.figures["add/kind_a/quality"] == 1.0 and "all/usd_per_1k_samples" not in one.figures
    assert one.facts["adapter"] == "scripted" and one.facts["suite"] == "sums"


def test_mlflow_has_a_run_for_each_model(
    results: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    out = tmp_path / "mlruns"
    ran = evalkit(capsys, "export", "latest", "--to", "mlflow", "--out", out, "--results", results)
    assert ran.code == 0, ran.err
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=out.resolve().as_uri())
    experiment = client.get_experiment_by_name("sums")
    assert experiment is not None
    found = {run.data.params["name"]: run for run in client.search_runs([experiment.experiment_id])}
    assert set(found) == {"one", "two"}
    assert found["one"].data.metrics["add/quality"] == 1.0 and found["two"].data.metrics["all/quality"] == 0.0
    assert found["one"].info.status == "FINISHED" and CANARY.encode() not in kept(out)


@pytest.mark.parametrize("to", ["mlflow", "wandb"])
def test_names_longer_than_a_tracker_takes_are_cut(results: Path, tmp_path: Path, capsys: Capture, to: str) -> None:
    pytest.importorskip(to)
    folder, long = run_folders(results)[0], "x" * 5_000
    facts = runs.read_facts(folder)
    runs.write_facts(folder, {**facts, "suite": long, "evalkit_version": long})
    for n in (1, 2):  # the second export finds what the first one made
        ran = evalkit(capsys, "export", "latest", "--to", to, "--out", tmp_path / "out", "--results", results)
        assert ran.code == 0, (n, ran.err)
    if to == "mlflow":
        names = [line for path in (tmp_path / "out").glob("*/meta.yaml") for line in path.read_text().splitlines()]
        assert sum(line.startswith("name: xxx") for line in names) == 1
        assert len(list((tmp_path / "out").glob("*/*/params/suite"))) == 4


def test_mlflow_sends_no_record_of_its_use(results: Path, tmp_path: Path) -> None:
    """In a process of its own, as on a person's machine: MLflow decides when it is imported, and not at all in CI."""
    pytest.importorskip("mlflow")
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
        kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "PYTHONPATH"}}
        out = ("--out", str(tmp_path / "mlruns"), "--results", str(results))
        ran = subprocess.run(
            [sys.executable, "-m", "evalkit", "export", "latest", "--to", "mlflow", *out],
            env={**kept, "HTTPS_PROXY": proxy, "https_proxy": proxy, "DO_NOT_TRACK": "false"},
            capture_output=True,
            timeout=120,
            check=False,
        )
        with suppress(TimeoutError):
            asked.append(server.accept()[0].recv(200))
    assert ran.returncode == 0 and asked == [], ran.stderr


def test_wandb_is_written_offline_and_nothing_is_sent(
    results: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_MODE", "online")
    asked: list[object] = []
    connect = socket.socket.connect

    def watched(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1"}:
            asked.append(address)
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", watched)
    out = tmp_path / "tracking"
    ran = evalkit(capsys, "export", "latest", "--to", "wandb", "--out", out, "--results", results)
    assert ran.code == 0, ran.err
    written = list((out / "wandb").glob("offline-run-*/*.wandb"))
    assert len(written) == 2 and not asked and CANARY.encode() not in kept(out)


def test_without_the_package_the_hint_is_one_sentence(
    results: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in {"mlflow", "wandb"}]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("mlflow", "mlflow.tracking", "wandb"):
        monkeypatch.setitem(sys.modules, name, None)
    for to in ("mlflow", "wandb"):
        ran = evalkit(capsys, "export", "latest", "--to", to, "--out", tmp_path / to, "--results", results)
        assert ran.code == 2 and f"uv sync --extra {to}" in ran.err
        assert not (tmp_path / to).exists()
