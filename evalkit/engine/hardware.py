"""What a run was made with, for run.json: versions, machine, the suite's git revision. No names of people or hosts."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from evalkit import __version__


def software_and_hardware(suite_folder: Path) -> dict[str, Any]:
    """Facts about this process and machine; what cannot be found out is null."""
    return {
        "evalkit_version": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "n_cpus": os.cpu_count(),
        "git_revision": _git_revision(suite_folder),
    }


def _cpu() -> str | None:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n"):
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or None


def _git_revision(folder: Path) -> str | None:
    """The commit of the suite's repository, with `-dirty` when the tree differs from it; None outside of git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    with suppress(OSError, subprocess.SubprocessError):
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
        return found.stdout.strip() or None
    return None
