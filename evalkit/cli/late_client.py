"""The price list without the HTTP client that it would fetch newer prices with."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

_CLIENT = "httpx2"


class _Late(ModuleType):
    """Stands where the client is imported, and is the client for whoever asks it for anything."""

    def __getattr__(self, name: str) -> object:
        if sys.modules.get(_CLIENT) is self:
            del sys.modules[_CLIENT]
        return getattr(importlib.import_module(_CLIENT), name)


def import_client_late() -> None:
    """Let the HTTP client be imported when it is first used: `genai_prices` imports it at its top for updates that
    evalkit never asks for, which takes up to a fifth of a second.

    For commands that ask no model. Python's own `LazyLoader` does not serve: `import` itself asks a module something.
    """
    sys.modules.setdefault(_CLIENT, _Late(_CLIENT))
