"""Helpers for tests of pictures: small files that are pictures by their first bytes, and a suite that shows them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.world import evalkit

SIDE = 64
STARTS = {
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + SIDE.to_bytes(4, "big") * 2,
    "jpg": b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08" + SIDE.to_bytes(2, "big") * 2,
    "gif": b"GIF89a" + SIDE.to_bytes(2, "little") * 2,
    "webp": b"RIFF\x10\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (SIDE - 1).to_bytes(3, "little") * 2,
}
"""What files of each kind begin with: enough to say that they are 64 pixels wide and high."""
PNG = STARTS["png"]
MODELS = {
    "chat": 'adapter: openai_chat, model: m, weights: w, base_url: "{v1}"',
    "responses": 'adapter: openai, model: m, weights: w, base_url: "{v1}"',
    "messages": 'adapter: anthropic, model: m, weights: w, base_url: "{origin}"',
    "gemini": 'adapter: gemini, model: m, weights: w, base_url: "{origin}"',
    "converse": 'adapter: bedrock-converse, model: m, weights: w, region: us-east-1, base_url: "{origin}"',
    "ollama": 'adapter: ollama-native, model: m, weights: w, base_url: "{origin}"',
}
"""One model for each dialect that takes pictures."""
OWN = ("chat", "ollama")
"""Of these the servers of one's own."""
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK")
TASK = """
  - name: receipts
    data: items.jsonl
    prompt: "What is the total?"
    images: "{{ file }}"
    target: "{{ digest }}"
    score: contains
    settings: {max_output_tokens: 64}
"""
"""The fake provider says which bytes it was shown, and so is right where they were the file's own."""


def picture(path: Path, seed: int) -> str:
    """A file that begins as its ending says; its digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = STARTS[path.suffix[1:]] + seed.to_bytes(8, "big") * 20
    path.write_bytes(data)
    return sha256(data).hexdigest()


def write(
    folder: Path, models: str, *, task: str = TASK, n: int = 4, more: str = "run: {in_flight: 2}\n", **fields: object
) -> Path:
    """A suite of `n` pictures, of each kind in turn, and its file; `fields` are further ones of every record."""
    kinds = list(STARTS)
    with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
        for number in range(n):
            name = f"pages/{number}.{kinds[number % 4]}"
            digest = picture(folder / name, number)
            file.write(json.dumps({"id": f"p{number}", "file": name, "digest": digest, **fields}) + "\n")
    path = folder / "suite.yaml"
    path.write_text(f"name: pictures\nmodels:\n{models}\ntasks:{task}{more}", encoding="utf-8")
    return path


def served_models(origin: str, *names: str, more: str = "", probed: bool = False) -> str:
    """The models of these dialects (all without a name) in front of a fake provider; `probed`: it is asked beforehand
    whether pictures reach its model, where it is a server of one's own."""
    chosen = names or tuple(MODELS)
    plain = "" if probed else ", probe_images: false"
    return "".join(
        f"  {name}: {{{MODELS[name].format(origin=origin, v1=origin + '/v1')}{plain * (name in OWN)}{more}}}\n"
        for name in chosen
    )


def refused(capsys: pytest.CaptureFixture[str], suite: Path) -> str:
    """Why `check` refuses the suite."""
    checked = evalkit(capsys, "check", suite)
    assert checked.code == 2, checked.out
    return " ".join((checked.out + checked.err).split())
