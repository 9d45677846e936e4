"""What a run was made with, for run.json: versions, machine, the suite's git revision. No names of people or hosts."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path

from evalkit import __version__
from evalkit.engine.revision import git_revision
from evalkit.facts import RunFacts
from evalkit.reading import read_file


def software_and_hardware(suite_folder: Path) -> RunFacts:
    """Facts about this process and machine; what cannot be found out is None."""
    return RunFacts(
        evalkit_version=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        cpu=_cpu(),
        n_cpus=os.cpu_count(),
        git_revision=git_revision(suite_folder),
    )


def _cpu() -> str | None:
    with suppress(OSError):
        for line in read_file(Path("/proc/cpuinfo")).decode("utf-8", "replace").split("\n"):
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return None  # not platform.processor(): it starts a program named `uname`
