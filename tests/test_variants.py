"""`variants:` of a model are models of their own that say only what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.adapters.registry import OptionsOfAdapters
from evalkit.errors import SuiteError
from evalkit.suite.loading import load_suite
from evalkit.suite.suite import ResolvedSuite
from tests.conftest import REPO
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
TASK = '\ntasks: [{name: t, data: d.jsonl, prompt: "{{ q }}", target: "{{ a }}", score: exact}]\n'


def read(folder: Path, models: str, more: str = "") -> ResolvedSuite:
    (folder / "d.jsonl").write_text('{"q": "1 + 1?", "a": "2"}\n', encoding="utf-8")
    (folder / "s.yaml").write_text(f"name: x\nmodels:\n{models}{TASK}{more}", encoding="utf-8")
    return load_suite(folder / "s.yaml", options=OptionsOfAdapters())


def test_a_variant_has_all_of_its_base_but_what_it_changes(tmp_path: Path) -> None:
    suite = read(
        tmp_path,
        "  base:\n    adapter: vllm\n    model: org/name\n    serve: {dtype: bfloat16, max_model_len: 4096}\n"
        "    settings: {temperature: 0, max_output_tokens: 64}\n"
        "    variants:\n      fp8: {serve: {quantization: fp8}}\n      hot: {settings: {temperature: 0.7}}\n",
    )
    assert list(suite.models) == ["base", "fp8", "hot"]
    fp8, hot = suite.models["fp8"], suite.models["hot"]
    assert fp8.serve == {"dtype": "bfloat16", "max_model_len": 4096, "quantization": "fp8"}
    assert fp8.model == "org/name"
    assert hot.settings.record().temperature == 0.7 and hot.settings.record().max_output_tokens == 64
    assert hot.settings.model_fields_set == {"temperature", "max_output_tokens"}
    assert suite.resolved().models["fp8"].root["serve"] == dict(fp8.serve)


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ("{other: {compute_type: int8}}", "is also the name of a model"),
        ("{same: {}}", "changes nothing"),
        ("{a b: {compute_type: int8}}", "names are letters"),
        ("{x: {compute_typ: int8}}", "did you mean 'compute_type'"),
    ],
)
def test_variants_that_cannot_be_meant_are_refused(tmp_path: Path, variants: str, expected: str) -> None:
    with pytest.raises(SuiteError, match=expected):
        read(
            tmp_path,
            f"  base: {{adapter: ctranslate2, model: tiny, variants: {variants}}}\n  other: {{adapter: scripted}}\n",
        )


def test_a_gate_may_name_a_variant(tmp_path: Path) -> None:
    gate = "gate: {baseline: base, candidates: [small], rules: [{quality: all, margin: 0.1}]}\n"
    models = "  base: {adapter: ctranslate2, model: tiny, variants: {small: {compute_type: int8}}}\n"
    assert read(tmp_path, models, gate).gate is not None


def test_the_ready_suite_for_quantisation_runs_as_it_stands(capsys: Capture, tmp_path: Path) -> None:
    suite = REPO / "suites" / "quantisation.yaml"
    ran = evalkit(capsys, "run", suite, "--limit", 12, "--results", tmp_path / "results", "--json")
    assert run_folders(tmp_path / "results"), ran.err
    assert set(ran.json["models"]) == {"full", "int8"}


def test_the_ready_suite_for_lora_says_what_it_still_needs(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EVALKIT_BASE_MODEL", str(tmp_path / "nowhere"))
    ran = evalkit(capsys, "check", REPO / "suites" / "lora.yaml")
    assert ran.code == 2 and "there is no folder" in ran.err
