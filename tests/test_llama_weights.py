"""The shipped tiny checkpoints, converted here, answer as transformers does.

What transformers answers is stored in payloads/tiny_greedy.json, made by `scripts/train_tiny.py --record`: this suite
needs neither torch nor transformers.
"""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest
from tokenizers import Tokenizer

from evalkit.adapters.ctranslate2 import llama_weights

CHECKPOINTS = Path(__file__).parent.parent / "evalkit/checkpoints"
EXPECTED = json.loads((Path(__file__).parent / "payloads/tiny_greedy.json").read_text(encoding="utf-8"))
NAMES = ["tiny", "tiny-early"]
# Measured over all recorded tokens: at most 3.4e-6, from sums in another order. int8 is off by up to 0.18.
TOLERANCE = 1e-4


def load(folder: Path, cache: Path, compute_type: str = "float32") -> ctranslate2.Generator:
    return ctranslate2.Generator(str(llama_weights.converted(folder, cache)), device="cpu", compute_type=compute_type)


def tokenizer_of(folder: Path) -> Any:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def answer(generator: ctranslate2.Generator, folder: Path, prompts: list[str]) -> list[str]:
    tokenizer = tokenizer_of(folder)
    texts = [f"<|bos|><|user|>{prompt}<|end|><|assistant|>" for prompt in prompts]
    tokens = [tokenizer.encode(text, add_special_tokens=False).tokens for text in texts]
    results = generator.generate_batch(tokens, max_length=48, include_prompt_in_result=False, end_token="<|end|>")
    return [tokenizer.decode(result.sequences_ids[0]) for result in results]


def rewrite_weights(folder: Path, change: Any) -> None:
    """Replace the one weights file of a copied checkpoint by what change(tensors) gives: name -> (dtype, array)."""
    tensors = llama_weights.read_tensors(folder)
    header, body = {}, b""
    for name, (dtype, array) in change(tensors).items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + body)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A checkpoint that a test may spoil."""
    return Path(shutil.copytree(CHECKPOINTS / "tiny", tmp_path / "tiny"))


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_greedy_text_is_what_transformers_gives(name: str, tmp_path: Path) -> None:
    rows = EXPECTED[name]["greedy"]
    replies = answer(load(CHECKPOINTS / name, tmp_path), CHECKPOINTS / name, [row["prompt"] for row in rows])
    assert replies == [row["reply"] for row in rows]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("name", NAMES)
def test_log_probabilities_agree_with_transformers(name: str, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(CHECKPOINTS / name)
    rows = EXPECTED[name]["log_probabilities"]
    tokens = [tokenizer.encode(row["text"], add_special_tokens=False).tokens for row in rows]
    for row, result in zip(rows, load(CHECKPOINTS / name, tmp_path).score_batch(tokens), strict=True):
        assert result.log_probs == pytest.approx(row["values"], abs=TOLERANCE)


def test_the_two_checkpoints_are_different_models() -> None:
    digests = {llama_weights.weights_digest(CHECKPOINTS / name) for name in NAMES}
    assert len(digests) == len(NAMES)


def test_the_digest_ignores_place_and_readme_but_not_weights(copied: Path) -> None:
    before = llama_weights.weights_digest(CHECKPOINTS / "tiny")
    (copied / "README.md").write_text("moved")
    assert llama_weights.weights_digest(copied) == before
    weights = copied / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert llama_weights.weights_digest(copied) != before


def test_a_conversion_is_made_once_and_named_by_its_digest(tmp_path: Path) -> None:
    first = llama_weights.converted(CHECKPOINTS / "tiny", tmp_path)
    made = (first / "model.bin").stat().st_mtime_ns
    assert len(first.name) == 64
    assert llama_weights.converted(CHECKPOINTS / "tiny", tmp_path) == first
    assert (first / "model.bin").stat().st_mtime_ns == made


def test_conversions_at_once_agree_and_leave_nothing_behind(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: llama_weights.converted(CHECKPOINTS / "tiny", tmp_path), range(4)))
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [made[0].name]


def test_float32_and_bfloat16_are_read(copied: Path) -> None:
    half = {name: np.array(array) for name, array in llama_weights.read_tensors(copied).items()}
    rewrite_weights(copied, lambda tensors: {n: ("F32", a.astype(np.float32)) for n, a in tensors.items()})
    for name, array in llama_weights.read_tensors(copied).items():
        assert array.dtype == np.float32 and np.array_equal(array, half[name])
    rewrite_weights(
        copied, lambda tensors: {n: ("BF16", (a.view(np.uint32) >> 16).astype(np.uint16)) for n, a in tensors.items()}
    )
    for name, array in llama_weights.read_tensors(copied).items():
        # Cut to eight significant bits: within one part in 128 of what it was.
        assert np.allclose(array, half[name], rtol=1 / 128, atol=1e-30)


@pytest.mark.long
def test_the_factor_of_llama3_scaling_reaches_the_engine(copied: Path, tmp_path: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    row = EXPECTED["tiny"]["log_probabilities"][0]
    tokens = tokenizer_of(copied).encode(row["text"], add_special_tokens=False).tokens
    largest = {}
    for factor in (1.0, 8.0):
        scaling = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": factor, "low_freq_factor": 1.0}
        scaling |= {"high_freq_factor": 4.0, "original_max_position_embeddings": 64}
        (copied / "config.json").write_text(json.dumps({**config, "rope_parameters": scaling}))
        log_probs = load(copied, tmp_path / "cache").score_batch([tokens])[0].log_probs
        largest[factor] = np.abs(np.subtract(log_probs, row["values"])).max()
    # A factor of one scales nothing.
    assert largest[1.0] < TOLERANCE < largest[8.0]


def test_other_architectures_are_refused_with_a_way_out(copied: Path, tmp_path: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps({**config, "architectures": ["GPT2LMHeadModel"]}))
    with pytest.raises(ValueError, match=r"GPT2LMHeadModel.*LlamaForCausalLM.*ct2-transformers-converter"):
        llama_weights.converted(copied, tmp_path / "cache")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"quantization_config": {"quant_method": "awq"}}, "is quantised"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "'yarn'.*understood are"),
        ({"tie_word_embeddings": False}, "no tensor lm_head.weight"),
    ],
)
def test_what_cannot_be_converted_faithfully_is_refused(
    change: dict[str, Any], complaint: str, copied: Path, tmp_path: Path
) -> None:
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(ValueError, match=complaint):
        llama_weights.converted(copied, tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))


def test_a_folder_without_weights_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no \.safetensors file"):
        llama_weights.weights_digest(tmp_path)


def test_other_number_formats_are_refused(copied: Path) -> None:
    rewrite_weights(copied, lambda tensors: {n: ("F8_E4M3", a.view(np.uint8)) for n, a in tensors.items()})
    with pytest.raises(ValueError, match="stored as F8_E4M3"):
        llama_weights.read_tensors(copied)
