"""Folders of weights that somebody made to break or to hold evalkit: a sentence, within bounds, whatever is in them."""

from __future__ import annotations

import gc
import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.ctranslate2 import checkpoint_trial, engine, local, template_process, tokenizer_process
from evalkit.adapters.ctranslate2.chat_template import chat_template
from evalkit.adapters.ctranslate2.checkpoint import SHIPPED, read_checkpoint, read_model_file
from evalkit.adapters.ctranslate2.llama_weights import converted
from evalkit.adapters.ctranslate2.template_process import TemplateProcess
from evalkit.adapters.registry import make_adapter
from evalkit.errors import Rejected, SuiteError
from evalkit.paths import MOST_TEXT, named
from evalkit.records import Message, Request, Settings
from tests.toy_checkpoint import make_toy
from tests.world import evalkit

WORD = (Message("user", "word"),)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    make_toy(tmp_path / "w")
    return tmp_path / "w"


def read(folder: Path) -> Any:
    return read_checkpoint(ModelSpec(name="m", adapter="ctranslate2", model=str(folder), folder=str(folder.parent)))


def change(folder: Path, file: str, **changes: object) -> None:
    path = folder / f"{file}.json"
    stored = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**stored, **changes}))


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    "eos", [10**9, -1, 10**30, [2, 10**6], 2**31, 2**63, -(2**31)], ids=lambda value: str(value)[:20]
)
@pytest.mark.parametrize("file", ["config", "generation_config"])
def test_an_end_token_beyond_the_vocabulary_is_refused(folder: Path, file: str, eos: object) -> None:
    change(folder, file, eos_token_id=eos)
    with pytest.raises(SuiteError, match=r"eos_token_id|cannot be used"):
        read(folder)


def packed(folder: Path) -> Path:
    """The same weights as CTranslate2's own folder."""
    made = folder.with_name("own")
    shutil.copytree(converted(named(folder)), made)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(folder / name, made)
    return made


def put_vocabulary(folder: Path, tokens: list[str], ending: str = "json", between: str = "\n") -> None:
    (folder / "vocabulary.json").unlink()
    content = json.dumps(tokens) if ending == "json" else between.join(tokens) + "\n"
    (folder / f"vocabulary.{ending}").write_bytes(content.encode())


@pytest.mark.long
def test_a_vocabulary_that_is_larger_than_the_weights_is_refused(folder: Path) -> None:
    own = packed(folder)
    tokens = json.loads((own / "vocabulary.json").read_text())
    assert read(own).n_tokens == len(tokens) == read_model_file(named(own) / "model.bin").n_rows
    assert read(own).n_heads == 4
    put_vocabulary(own, [*(f"<{i}>" for i in range(50_000)), *tokens])  # each word of a prompt lies far beyond them
    with pytest.raises(SuiteError, match=rf"has {50_000 + len(tokens):,} tokens, and the weights have a place for"):
        read(own)


@pytest.mark.long
def test_line_ends_that_the_engine_does_not_know_make_no_tokens(folder: Path) -> None:
    own = packed(folder)
    tokens = json.loads((own / "vocabulary.json").read_text())
    put_vocabulary(own, [*tokens[:-1], "\x85\u2028\x0b\x1c\r" * 200_000], "txt")
    assert read(own).n_tokens == len(tokens)
    change(own, "generation_config", eos_token_id=[2, 500_000])
    with pytest.raises(SuiteError, match=r"eos_token_id|cannot be used"):
        read(own)


async def test_a_token_that_the_weights_do_not_know_costs_that_row_only(folder: Path) -> None:
    own = packed(folder)
    tokens = json.loads((own / "vocabulary.json").read_text())
    put_vocabulary(own, [f"<{i}>" if i >= 10 else token for i, token in enumerate(tokens)])
    adapter = make_adapter(ModelSpec(name="m", adapter="ctranslate2", model=str(own), folder=str(own.parent)))
    with pytest.raises(Rejected, match="they do not fit together"):
        await adapter.respond(Request(WORD, Settings(max_output_tokens=2)))
    await adapter.aclose()


@pytest.mark.long
async def test_a_prompt_that_takes_more_memory_than_there_is_costs_that_row_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(folder, "config", max_position_embeddings=10_000_000)
    monkeypatch.setattr(local, "memory_bytes", lambda: 2 * 4 * 4 * 1_000**2)
    adapter = make_adapter(ModelSpec(name="m", adapter="ctranslate2", model=str(folder), folder=str(folder.parent)))
    said = await adapter.respond(Request(WORD, Settings(max_output_tokens=2)))
    assert said.usage is not None and said.usage.input
    long = (Message("user", "word " * 2_000),)
    with pytest.raises(Rejected, match="half of this machine's memory"):
        await adapter.respond(Request(long, Settings(max_output_tokens=2)))
    with pytest.raises(Rejected, match="half of this machine's memory"):
        await adapter.respond(Request(long, Settings(), continuations=(" a", " b")))
    await adapter.aclose()


@pytest.mark.long
async def test_a_folder_that_is_named_too_often_is_refused_before_the_memory_is_full(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gc.collect()
    monkeypatch.setattr(engine, "MOST_ENGINES", len(engine._loaded) + 2)
    spec = ModelSpec(name="m", adapter="ctranslate2", model=str(folder), folder=str(folder.parent))
    made = [make_adapter(spec), make_adapter(spec)]
    with pytest.raises(SuiteError, match="run a part of them, with --models"):
        make_adapter(spec)
    await made[0].aclose()
    await make_adapter(spec).aclose()
    await made[1].aclose()


@pytest.mark.parametrize("name", ["generation_config.json", "config.json", "tokenizer_config.json", "tokenizer.json"])
def test_a_file_of_blanks_fills_no_memory(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.truncate(10 * MOST_TEXT)  # holes: no room on the disk
    with pytest.raises(SuiteError, match="is larger than"):
        read(folder)


@pytest.mark.long
def test_weights_with_other_special_tokens_are_converted_apart(folder: Path) -> None:
    first = read(folder).weights
    change(folder, "tokenizer_config", unk_token="<|end|>", eos_token="<|user|>")
    second = read(folder).weights
    assert json.loads((first / "config.json").read_text())["eos_token"] == "<|eos|>"
    assert json.loads((second / "config.json").read_text())["eos_token"] == "<|user|>"


@pytest.mark.long(but=1)
@pytest.mark.parametrize("eos", [None, "x", 1.5, True, {}, [None, "a", True]], ids=str)
def test_an_end_token_that_is_no_number_is_passed_over(folder: Path, eos: object) -> None:
    change(folder, "generation_config", eos_token_id=eos)
    assert all(isinstance(one, int) and not isinstance(one, bool) for one in read(folder).end_ids)


SHAPES: dict[str, tuple[object, ...]] = {
    "num_hidden_layers": (0, -1, 10**9, "4", 2.5, True, 3),
    "num_attention_heads": (0, -1, 10**9, 3),
    "num_key_value_heads": (-1, 10**9, 3),
    "head_dim": (-1, 10**9, 7),
    "hidden_size": (0, 10**12, 6),
    "vocab_size": (0, -5, 10**9, 1, 10**6),
    "rope_theta": (0, "x", -1, float("inf")),
    "rope_parameters": ({"rope_type": "linear", "factor": 0}, {"rope_type": "llama3"}, "x", [1]),
}


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in SHAPES.items() for value in values], ids=str
)
def test_a_number_that_fits_no_weights_is_a_sentence(folder: Path, name: str, value: object) -> None:
    """Some are harmless to the engine and load; none may end the process, hang, or raise anything but a sentence."""
    change(folder, "config", **{name: value})
    start = time.monotonic()
    try:
        read(folder)
    except SuiteError as error:
        assert str(folder) in str(error) and "models.m.model" in str(error)
    assert time.monotonic() - start < 60


@pytest.mark.long(but=1)
@pytest.mark.parametrize("seed", range(6))
def test_damaged_bytes_are_a_sentence(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = folder / "model.safetensors"
    damaged = bytearray(path.read_bytes())
    for _ in range(4):
        damaged[rng.randrange(0, 1500)] = rng.randrange(256)
    path.write_bytes(damaged)
    try:
        read(folder)
    except SuiteError as error:
        assert str(folder) in str(error)


FILES: dict[str, Callable[[Path], object]] = {
    "a header longer than the file": lambda w: (w / "model.safetensors").write_bytes(b"\xff" * 7 + b"\x7f{}"),
    "a header of nothing": lambda w: (w / "model.safetensors").write_bytes(bytes(8)),
    "an empty file": lambda w: (w / "model.safetensors").write_bytes(b""),
    "a header that is a list": lambda w: (w / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"[]"),
    "offsets beyond the end": lambda w: (w / "model.safetensors").write_bytes(
        len(h := b'{"a": {"dtype": "F32", "shape": [1000000], "data_offsets": [0, 4000000]}}').to_bytes(8, "little") + h
    ),
    "a config that is a list": lambda w: (w / "config.json").write_text("[]"),
    "a config of deep lists": lambda w: (w / "config.json").write_text("[" * 100_000),
    "no config": lambda w: (w / "config.json").unlink(),
    "a tokenizer that is a list": lambda w: (w / "tokenizer.json").write_text("[]"),
    "a tokenizer of deep lists": lambda w: (w / "tokenizer.json").write_text("[" * 100_000),
    "an engine's file of noise": lambda w: (w / "model.bin").write_bytes(random.Random(1).randbytes(5000)),
    "an engine's file that announces much": lambda w: (w / "model.bin").write_bytes(b"\x06\0\0\0" + b"\xff" * 40),
}


@pytest.mark.long(but=1)
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_such_file_is_a_sentence(folder: Path, kind: str) -> None:
    FILES[kind](folder)
    with pytest.raises(SuiteError, match=r"models\.m\.model"):
        read(folder)


def test_a_run_says_the_sentence_and_ends(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    change(folder, "config", eos_token_id=10**9)
    (tmp_path / "d.jsonl").write_text('{"id":"1","q":"x","a":"B"}\n')
    (tmp_path / "suite.yaml").write_text(
        "name: s\nmodels:\n  m: {adapter: ctranslate2, model: ./w}\ntasks:\n"
        "  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', target: '{{ a }}', score: contains}\n"
    )
    for command in ("check", "run"):
        ran = evalkit(capsys, command, tmp_path / "suite.yaml")
        assert ran.code == 2 and "vocabulary has" in ran.err and "Traceback" not in ran.err


@pytest.mark.long
def test_a_trial_is_made_once_for_the_same_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(folder)
    monkeypatch.setattr(checkpoint_trial.child, "run", lambda *a, **k: pytest.fail("tried again"))
    read(folder)
    change(folder, "config", rope_theta=5000.0)
    with pytest.raises(pytest.fail.Exception):
        read(folder)


def test_the_checkpoints_that_ship_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_trial.child, "run", lambda *a, **k: pytest.fail("tried"))
    monkeypatch.setattr(template_process.child, "start", lambda *a, **k: pytest.fail("started"))
    assert read(SHIPPED / "tiny").render is not None


BOMBS = {
    "nested loops": "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "doubling": "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "repetition": "{{ 'a' * 10000000000 }}",
    "a long repetition": "{{ 'a' * 100000000 }}",
    "a list": "{{ [0] * 10000000000 }}",
    "a power": "{{ 9 ** (9 ** 9) }}",
    "a width": "{{ '%2000000000d' % 1 }}",
    "a format": "{{ '{:2000000000}'.format(1) }}",
    "padding": "{{ 'a'.ljust(2000000000) }}",
    "centred": "{{ 'a' | center(2000000000) }}",
    "filler": "{{ lipsum(n=100000) }}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "a loop that calls itself": "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "output": "{% for i in range(100000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}{% endfor %}",
    "indented": "{{ 'a\nb' | indent(2000000000) }}",
    "wrapped": "{{ ('a ' * 10000000) | wordwrap(1) }}",
    "deep nesting": "{% if 1 %}" * 2000 + "{% endif %}" * 2000,
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "attributes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "an unknown filter": "{{ 1 | nothing }}",
}


@pytest.mark.long(but=1)
@pytest.mark.parametrize("kind", BOMBS)
def test_a_template_bomb_is_a_sentence_within_bounds(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_process, "LIMIT_S", 0.5)
    start = time.monotonic()
    with pytest.raises((ValueError, Rejected)):
        render = chat_template(tmp_path, {"chat_template": BOMBS[kind]})
        assert render is not None
        render(WORD)
    assert time.monotonic() - start < 40


def test_a_template_that_hangs_on_one_conversation_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_process, "LIMIT_S", 1.0)
    loop = "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"
    source = "{% if messages[0].content == 'bad' %}" + loop + "{% endif %}ok {{ messages[0].content }}"
    render = chat_template(tmp_path, {"chat_template": source})
    assert render is not None and render(WORD) == "ok word"
    for _ in range(50):
        start = time.monotonic()
        with pytest.raises(Rejected, match="not done within 1 s"):
            render((Message("user", "bad"),))
    assert time.monotonic() - start < 0.9  # each one that is asked again takes 1 s


def test_a_template_in_its_own_process_says_what_it_says_here(tmp_path: Path) -> None:
    source = (
        "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "<{{ m.role }}>{{ m.content | trim }}{{ m | tojson }}{% if loop.last %}{% break %}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    naming = {"chat_template": source, "bos_token": {"content": "<s>"}}
    here, apart = chat_template(tmp_path, naming, ours=True), chat_template(tmp_path, naming)
    assert here is not None and apart is not None
    for text in ("word", " ünï\ncödé \u2028 🙂 ", "x" * 300_000, "{{ 7 * 7 }}", '"\\'):
        turns = (Message("user", text), Message("assistant", "b"), Message("user", text))
        assert apart(turns) == here(turns)
    for render in (here, apart):
        with pytest.raises(Rejected, match="no system"):
            render((Message("system", "x"),))
        assert render(WORD).startswith("<s><user>word")


def test_a_template_sees_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    process = TemplateProcess("{{ messages[0].content }}", {}, "the chat template of x")
    assert process._process is not None
    seen = Path(f"/proc/{process._process.pid}/environ").read_bytes()
    process.close()
    assert b"canary" not in seen


def test_what_a_checkpoint_takes_is_bounded_in_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text stays below its limit, and a thousand of them would take hours."""
    slow = "{% for i in range(300) %}{% for j in range(300) %}{% endfor %}{% endfor %}{{ messages[0].content }}"
    monkeypatch.setattr(template_process, "EACH_S", 0.0001)
    process, turns = TemplateProcess(slow, {}, "the chat template of x"), [{"role": "user", "content": "word"}]
    assert [process.render(turns) for _ in range(3)] == ["word"] * 3
    process._allowed_s = 0.3
    began = time.process_time()
    with pytest.raises(ValueError, match=r"its answers took \d+ s of the processor until now, and 120 s in sum"):
        for _ in range(1_000):
            process.render(turns)
    with pytest.raises(ValueError, match="in sum"):
        process.render(turns)
    assert time.process_time() - began < 1
    assert process._process is None


@pytest.mark.long
def test_copies_of_the_shipped_weights_answer_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    shutil.copytree(SHIPPED / "tiny", tmp_path / "w")
    mine, theirs = read(tmp_path / "w"), read(SHIPPED / "tiny")
    assert (mine.digest, mine.end_ids, mine.render(WORD)) == (theirs.digest, theirs.end_ids, theirs.render(WORD))


DEEP = {
    "generation_config of deep lists": ("generation_config.json", "[" * 100_000 + "]" * 100_000),
    "generation_config of deep maps": ("generation_config.json", '{"a":' * 50_000 + "1" + "}" * 50_000),
    "tokenizer_config of deep maps": ("tokenizer_config.json", '{"chat_template":' * 50_000 + "1" + "}" * 50_000),
    "generation_config that ends early": ("generation_config.json", '{"eos_token_id": ['),
    "tokenizer_config of a very long number": ("tokenizer_config.json", '{"model_max_length": ' + "9" * 5000 + "}"),
}


@pytest.mark.long(but=1)
@pytest.mark.parametrize("kind", DEEP)
def test_a_settings_file_that_json_cannot_read_is_a_sentence(folder: Path, kind: str) -> None:
    file, text = DEEP[kind]
    (folder / file).write_text(text)
    with pytest.raises(SuiteError, match=r"models\.m\.model"):
        read(folder)


def replace_all(pattern: dict[str, str], by: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": pattern, "content": by}


def split_at(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


TOKENIZERS: dict[str, tuple[dict[str, Any], str]] = {
    "a letter that becomes a million": ({"normalizer": replace_all({"String": "~"}, "A" * 1_000_000)}, "~" * 10_000),
    "letters that double and double": (
        {"normalizer": {"type": "Sequence", "normalizers": [replace_all({"String": "x"}, "xx")] * 40}}, "x"
    ),
    "a pattern that tries every way": (
        {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [split_at("(a|a|aa)+$")]}}, "a" * 400 + "!"
    ),
    "a token for what is unknown that is not there": (
        {"pre_tokenizer": {"type": "Whitespace"}, "model.unk_token": "nowhere"}, "\u2603 \u65e5\u672c"
    ),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_a_tokenizer_that_breaks_on_a_text_costs_that_row_only(
    folder: Path, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer_process, "LIMIT_S", 2.0)
    changes, prompt = TOKENIZERS[kind]
    stored = json.loads((folder / "tokenizer.json").read_text())
    for key, value in changes.items():
        outer, _, inner = key.partition(".")
        stored.update({outer: {**stored[outer], inner: value} if inner else value})
    (folder / "tokenizer.json").write_text(json.dumps(stored))
    (tmp_path / "d.jsonl").write_text(json.dumps({"id": "1", "q": prompt, "a": "B"}) + "\n")
    (tmp_path / "suite.yaml").write_text(
        "name: s\nmodels:\n  m: {adapter: ctranslate2, model: ./w, settings: {max_output_tokens: 4}}\ntasks:\n"
        "  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', target: '{{ a }}', score: contains}\n"
    )
    start = time.monotonic()
    ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results", "--no-cache")
    assert ran.code in (2, 4) and "Traceback" not in ran.err
    assert "tokenizer" in ran.err and time.monotonic() - start < 30


@pytest.mark.long
def test_what_a_tokenizer_makes_of_an_answer_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_process, "LIMIT_S", 2.0)
    stored = json.loads((folder / "tokenizer.json").read_text())
    bomb = replace_all({"Regex": "[^~]"}, "Q" * 10_000_000)
    stored["decoder"] = {"type": "Sequence", "decoders": [stored["decoder"], bomb]}
    (folder / "tokenizer.json").write_text(json.dumps(stored))
    with pytest.raises(Rejected, match="tokenizer"):
        read(folder).tokenizer.decode([20, 21, 22] * 500, skip_special_tokens=True)


@pytest.mark.long
def test_a_tokenizer_of_its_own_process_says_the_same_as_the_library(folder: Path) -> None:
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ours = read(folder).tokenizer
    for text in ("", "a word", " two  words\n", "déjà vu \u65e5\u672c \U0001f600", "<|user|>hi<|end|>", "x" * 5000):
        for special in (True, False):
            made, wanted = (
                ours.encode(text, add_special_tokens=special),
                library.encode(text, add_special_tokens=special),
            )
            assert made.tokens == wanted.tokens and made.ids == wanted.ids
            assert made.special_tokens_mask == wanted.special_tokens_mask
            assert ours.decode(made.ids, skip_special_tokens=special) == library.decode(
                wanted.ids, skip_special_tokens=special
            )
    assert ours.get_vocab_size() == library.get_vocab_size()
    assert ours.id_to_token(1) == "<|bos|>" and ours.token_to_id("<|bos|>") == 1
    assert ours.id_to_token(10**6) is None and ours.token_to_id("nowhere") is None


def test_a_small_tokenizer_of_long_tokens_fills_no_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library keeps each letter of them apart: a file of 10 MB took 3 GB."""
    monkeypatch.setattr(tokenizer_process, "_BASE_BYTES", 2**28)
    stored = json.loads((folder / "tokenizer.json").read_text())
    rng = random.Random(1)
    tokens = [["".join(rng.choices("abcdefghijklmnop", k=5_000)), -1.0] for _ in range(200)]
    stored["model"] = {"type": "Unigram", "unk_id": 0, "vocab": tokens, "byte_fallback": False}
    (folder / "tokenizer.json").write_text(json.dumps(stored))
    with pytest.raises(SuiteError, match=r"tokenizer\.json cannot be read: it was not done within .* GiB of memory"):
        read(folder)


def test_a_tokenizer_of_many_small_values_is_not_read(folder: Path) -> None:
    with (folder / "tokenizer.json").open("w") as file:
        file.write('{"x": [' + "[]," * 8_000_001 + "[]]}")
    with pytest.raises(SuiteError, match="holds more than 8,000,000 values"):
        read(folder)
    (folder / "tokenizer.json").unlink()
