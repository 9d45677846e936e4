"""`evalkit export --to mlflow|wandb`: the real libraries against a folder; skipped where they are not installed."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from evalkit.bridges.trackers import figures_of
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
    import sys

    for name in [name for name in sys.modules if name.partition(".")[0] in {"mlflow", "wandb"}]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("mlflow", "mlflow.tracking", "wandb"):
        monkeypatch.setitem(sys.modules, name, None)
    for to in ("mlflow", "wandb"):
        ran = evalkit(capsys, "export", "latest", "--to", to, "--out", tmp_path / to, "--results", results)
        assert ran.code == 2 and f"uv sync --extra {to}" in ran.err
