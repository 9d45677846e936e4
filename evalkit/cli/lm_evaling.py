"""The suite behind `evalkit lm-eval`: written out, so that what ran is a suite like any other."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evalkit.errors import UserError
from evalkit.paths import name_roots


@contextmanager
def suite_of(
    model: str,
    model_args: str,
    tasks: tuple[str, ...],
    shots: int | None,
    include_path: Path | None,
    *,
    in_flight: int | None,
    sensitivity: str,
) -> Iterator[Path]:
    """A suite file for the time of the command. Raises UserError for a model that is not written ADAPTER:MODEL."""
    adapter, colon, name = model.partition(":")
    entry: dict[str, Any] = {"adapter": adapter, **_arguments(model_args)}
    if colon and name:
        entry["model"] = name
    if "model" not in entry:
        raise UserError(f"--model {model}: write it like vllm:Qwen/Qwen3.5-32B, adapter and model; `evalkit doctor`")
    given = Path(str(entry["model"]))
    if given.is_dir():
        entry["model"] = str(given.resolve())
        name_roots([given])  # the person named it, on the command line
    if include_path is not None:
        name_roots([include_path])
    listed: list[dict[str, Any]] = []
    for task in tasks:
        one: dict[str, Any] = {"lm_eval": task}
        if shots is not None:
            one["shots"] = shots
        if include_path is not None:
            one["include_path"] = str(include_path.resolve())
        listed.append(one)
    shown = re.sub(r"[^A-Za-z0-9._+-]+", "-", Path(str(entry["model"])).name).strip("-.") or "model"
    suite: dict[str, Any] = {
        "name": "lm-eval-" + re.sub(r"[^A-Za-z0-9._+-]+", "-", "-".join(tasks))[:60].strip("-."),
        "sensitivity": sensitivity,
        "models": {shown: entry},
        "tasks": listed,
        "run": {"in_flight": in_flight or "auto"},
    }
    with tempfile.TemporaryDirectory(prefix="evalkit-") as folder:
        path = Path(folder) / "lm-eval.yaml"
        path.write_text(json.dumps(suite, indent=2), encoding="utf-8")  # JSON is YAML
        yield path


def _arguments(text: str) -> dict[str, Any]:
    """base_url=http://127.0.0.1:8000/v1,compute_type=int8 as keys of a model; numbers and true, false as such."""
    found: dict[str, Any] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"--model_args {part!r}: write it like base_url=http://127.0.0.1:8000/v1")
        try:
            found[key.strip()] = json.loads(value)
        except ValueError:
            found[key.strip()] = value.strip()
    return found
