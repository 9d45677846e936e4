"""Whatever a checkpoint's files make of a request is a sentence: of the folder, or of the one sample."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.ctranslate2 import local
from evalkit.adapters.ctranslate2.chat_template import chat_template
from evalkit.adapters.ctranslate2.local import CTranslate2Adapter
from evalkit.adapters.registry import make_adapter
from evalkit.errors import Rejected, RequestError, ServerError, SuiteError
from evalkit.records import Message, Request, Settings
from tests.toy_checkpoint import make_toy
from tests.world import evalkit

WORD = (Message("user", "word"),)
ASKED = (Request(WORD, Settings(max_output_tokens=2)), Request(WORD, Settings(), continuations=(" yes", " no")))
GONE = {"type": "Replace", "pattern": {"Regex": r"(.|\n)*(yes|no)(.|\n)*"}, "content": ""}
SUITE = """name: w
models: {m: {adapter: ctranslate2, model: ./w}}
tasks:
  - {name: choice, prompt: "Is {{ q }} good?", choices: ["yes", "no"], target: "yes", mode: likelihood, score: choice,
     data: d.jsonl}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    return make_toy(tmp_path / "w")


def spec(folder: Path) -> ModelSpec:
    return ModelSpec(name="m", adapter="ctranslate2", model=str(folder), folder=str(folder.parent))


@pytest.mark.parametrize(
    "stored",
    [[1, 2], ["x"], [None], [[]], [{"name": "default"}], [{"name": "default", "template": ["a"]}], {"a": 1}, 5, []],
    ids=str,
)
def test_a_template_of_another_kind_is_none(stored: object, tmp_path: Path) -> None:
    assert chat_template(tmp_path, {"chat_template": stored}) is None  # type: ignore[arg-type]


def test_a_tokenizer_that_makes_nothing_of_a_text_costs_that_row_only(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run` ended as a defect of evalkit, the same command again too."""
    made = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps({**made, "normalizer": GONE, "post_processor": None}))
    naming = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**naming, "chat_template": [1]}))
    (folder.parent / "d.jsonl").write_text('{"q": "tea"}\n{"q": "coffee"}\n')
    (folder.parent / "s.yaml").write_text(SUITE)
    for command, code in (("check", 0), ("run", 4)):
        ran = evalkit(capsys, command, folder.parent / "s.yaml", "--results", folder.parent / "r")
        assert (ran.code, "Traceback" in ran.err) == (code, False), ran.err


def given(value: object) -> Callable[..., object]:
    return lambda *_, **__: value


def raising(error: BaseException) -> Callable[..., object]:
    def raised(*_: object, **__: object) -> object:
        raise error

    return raised


ODD: dict[str, Callable[..., object]] = {
    "nothing": given(SimpleNamespace(tokens=[], ids=[], special_tokens_mask=[])),
    "no mask": given(SimpleNamespace(tokens=["a"], ids=[1], special_tokens_mask=[])),
    "tokens that are none": given(SimpleNamespace(tokens=[None], ids=[None], special_tokens_mask=[0])),
    "numbers for texts": given(SimpleNamespace(tokens=[1], ids=["1"], special_tokens_mask=[0])),
    "negative numbers": given(SimpleNamespace(tokens=["a"] * 9, ids=[-1] * 9, special_tokens_mask=[0] * 9)),
    "no attributes": given(object()),
    "None": given(None),
    "an error of its own kind": raising(ZeroDivisionError()),
    "no place for a process": raising(OSError(11, "Resource temporarily unavailable")),
    "no memory": raising(MemoryError()),
}


@pytest.mark.parametrize("method", ["encode", "decode", "id_to_token"])
async def test_whatever_a_tokenizer_gives_is_the_failure_of_one_request(
    method: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = make_adapter(spec(folder))
    assert isinstance(adapter, CTranslate2Adapter)
    sound = adapter._checkpoint
    parts: dict[str, Any] = {name: getattr(sound.tokenizer, name) for name in ("encode", "decode", "id_to_token")}
    for kind, odd in ODD.items():
        adapter._checkpoint = replace(sound, tokenizer=SimpleNamespace(**{**parts, method: odd}))
        for request in ASKED:
            try:
                await adapter.respond(request)
            except RequestError as error:
                system = kind.startswith("no ") and isinstance(error, ServerError)
                assert isinstance(error, Rejected) or system, (kind, error)
    await adapter.aclose()


@pytest.mark.parametrize(
    "error",
    [AttributeError("no get"), IndexError("no first"), Rejected("no word"), type("Panic", (BaseException,), {})("x")],
    ids=lambda error: type(error).__name__,
)
def test_whatever_reading_a_folder_raises_is_a_sentence(
    error: BaseException, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "read_checkpoint", raising(error))
    with pytest.raises(SuiteError, match=r"models\.m\.model: .* cannot be used"):
        make_adapter(spec(folder))
