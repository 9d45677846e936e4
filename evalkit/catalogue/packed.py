"""The catalogue that comes with evalkit as JSON: what models.yaml says, read in a hundredth of the time.

    python -m evalkit.catalogue.packed          # after every change of models.yaml

The YAML is what people edit. The JSON names the digest of the YAML that it was made from, and is passed over where that
is another: then the YAML is read.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson

PACKED = Path(__file__).parent / "models.json"


def packed(yaml: Path) -> Any:
    """The data of the YAML file; None where there is no JSON of it as it is now."""
    try:
        found = orjson.loads(PACKED.read_bytes())
        return found["data"] if found["sha256"] == _digest(yaml) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def pack(yaml: Path) -> bytes:
    """The JSON of the YAML file."""
    from evalkit.suite.source_map import parse

    data = parse(yaml.read_text("utf-8"), str(yaml)).data
    return orjson.dumps({"sha256": _digest(yaml), "data": data}, option=orjson.OPT_APPEND_NEWLINE)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    PACKED.write_bytes(pack(PACKED.with_suffix(".yaml")))
