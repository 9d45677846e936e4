"""What a gate rests on besides the run: what the person, or the protected branch, vouches for. One record for the
command line, Python and the action.

    GateTrust(results, baselines, baselines_named=True, installed=Installed(), suite=suite, sweeps=Path("trusted"))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evalkit.suite.schema import ModelEntry
from evalkit.suite.suite import ResolvedSuite

PROMOTED = "baseline@"
"""What the name of a gate's baseline begins with where it is a promoted one."""


class InstalledAdapters(Protocol):
    """What the adapters of this installation can say without asking anybody (`adapters.at_hand.AtHand`)."""

    def weights(self, name: str, entry: ModelEntry, folder: Path) -> Mapping[str, str]:
        """Facts of weights that lie on this machine, by name; empty where there are none here. `folder`: that of the
        suite."""

    def has(self, adapter: str) -> bool:
        """Whether evalkit itself or the person's settings have an adapter of this name; no for those of packages."""

    def is_shipped(self, model: str) -> bool:
        """Whether a checkpoint of this name comes with evalkit."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Files of allowed signers (`ssh-keygen -Y`). None: no signature is required."""

    baseline: Path | None = None
    """Who may have signed the promoted baseline."""
    run: Path | None = None
    """Who may have signed the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTrust:
    """Where a gate looks, and what it believes."""

    results: Path
    """The folder of runs, where a promoted baseline's run is looked for."""
    baselines: Path
    """The folder of promoted baselines."""
    baselines_named: bool
    """Whether the person named that folder; else it is what the working directory holds."""
    installed: InstalledAdapters
    suite: ResolvedSuite | None = None
    """The protected branch's suite, whose gate decides. None: the gate that the run was made with."""
    gate_file: Path | None = None
    """A file of a gate alone, which decides on a run of another tool. None: a suite decides."""
    signed: Signed = Signed()
    allow_recorded: bool = False
    """Whether answers that no model is known to have given may be judged where the suite does not name them itself."""
    sweeps: Path | None = None
    """The load sweeps that prices of own hardware may rest on. None: none may."""
