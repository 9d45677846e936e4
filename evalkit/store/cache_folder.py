"""Where evalkit keeps answers, tried weights and the servers that it started between runs: never in a checkout.

cache_folder()      # ~/.cache/evalkit, or EVALKIT_CACHE; UserError where git tracks a file in it
"""

from __future__ import annotations

import os
from pathlib import Path

from evalkit.checkouts import below_home, named_by_git
from evalkit.errors import UserError


def cache_folder() -> Path:
    """What evalkit keeps for itself between runs: EVALKIT_CACHE, or ~/.cache/evalkit. May be removed at any time.

    Raises UserError where it is a part of a checkout, which could bring answers and weights along.
    """
    named = os.environ.get("EVALKIT_CACHE") or "~/.cache/evalkit"
    folder = below_home(named, ", or EVALKIT_CACHE to a whole path")
    if (checkout := named_by_git(folder)) is not None:
        raise UserError(
            f"the cache folder {folder} (EVALKIT_CACHE) is a part of the checkout {checkout}, or its git index cannot "
            "be read, which would say: a pull request could bring answers along in it. Choose a folder outside of the "
            "checkout, or let git forget its files: git rm -r --cached. (To have an index read: git sparse-checkout "
            "reapply --no-sparse-index, git update-index --no-split-index; in a clone without files: git reset)"
        )
    return folder
