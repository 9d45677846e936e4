"""`python -m evalkit.catalogue`, after every change of models.yaml: writes models.json, which is read in its place."""

from __future__ import annotations

from evalkit.catalogue.reading import PACKED, pack

if __name__ == "__main__":
    PACKED.write_bytes(pack(PACKED.with_suffix(".yaml")))
