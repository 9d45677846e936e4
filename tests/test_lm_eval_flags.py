"""lm-eval's own options on `evalkit lm-eval`: --gen_kwargs, --seed, --system_instruction, --output_path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.lm_eval_world import write_tasks
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]


def asked(
    capsys: Capture, folder: Path, *more: object, url: str = "http://127.0.0.1:9/v1", tasks: str = "tiny_gen"
) -> Ran:
    return evalkit(
        capsys,
        *("lm-eval", "--model", "openai_chat:fake", "--model_args", f"base_url={url}", "--tasks", "tiny_gen"),
        *("--include_path", folder / "tasks", "--results", folder / "results", "--no-cache", *more),
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--gen_kwargs", "temprature=1"), "temprature: there is no such setting here"),
        (("--gen_kwargs", "temperature"), "write it like temperature=0.7"),
        (("--seed", "many"), "is a whole number"),
    ],
)
def test_options_that_cannot_be_meant_are_one_sentence(
    options: tuple[str, ...], said: str, capsys: Capture, tmp_path: Path
) -> None:
    found = asked(capsys, tmp_path, *options)
    assert found.code == 2 and said in found.err


def test_they_reach_the_model_and_the_samples_are_written(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lm_eval", reason="lm-eval is not installed here; `make test-lm-eval` runs this")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    write_tasks(tmp_path / "tasks", n=3)
    with FakeProvider.in_thread(Behaviour(reply="4")) as fake:
        ran = asked(
            capsys,
            tmp_path,
            *("--gen_kwargs", "temperature=0.5,max_gen_toks=9,do_sample=True", "--seed", "7,1,2,3"),
            *("--system_instruction", "Reply with a number.", "--output_path", tmp_path / "out", "--new"),
            url=fake.base_url,
        )
        assert ran.code == 0, ran.err
    import evalkit as library

    run = library.open_run("latest", tmp_path / "results")
    first = json.loads(str(run["fake"].frame(text=True)["prompt"].iloc[0]))
    assert first[0] == {"role": "system", "content": "Reply with a number."}
    facts = json.loads((Path(run.folder) / "run.json").read_text("utf-8"))
    settings = facts["suite_resolved"]["tasks"][0]["identity"]["settings"]
    assert (settings["temperature"], settings["max_output_tokens"], settings["seed"]) == (0.5, 9, 7)
    assert facts["suite_resolved"]["run"]["seed"] == 7
    assert list((tmp_path / "out").glob("*/samples_tiny_gen_*.jsonl"))
