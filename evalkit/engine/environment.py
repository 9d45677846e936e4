"""Addresses that the environment gives, as the providers' own SDKs read them: OPENAI_BASE_URL and its like.

The environment belongs to the person, but a suite has to mean the same on every machine: an address from there is used
only where the suite gives none and the person allows its host as well (--allow-key-host, EVALKIT_KEY_HOSTS). What is
set and not used is named (see `api.preflight_warnings`).
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

BASE_URLS = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "anthropic": ("ANTHROPIC_BASE_URL",),
    "gemini": ("GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"),
    "mistral": ("MISTRAL_BASE_URL",),
    "groq": ("GROQ_BASE_URL",),
    "together": ("TOGETHER_BASE_URL",),
    "openrouter": ("OPENROUTER_BASE_URL",),
    "deepseek": ("DEEPSEEK_BASE_URL", "DEEPSEEK_API_BASE"),
    "xai": ("XAI_BASE_URL",),
    "fireworks": ("FIREWORKS_BASE_URL",),
}
"""By adapter: the variables that may hold its address, in order."""


def address_of(adapter: str, allowed: frozenset[str]) -> str | None:
    """The address that the environment gives this adapter, if its host is allowed; None: the adapter's own counts."""
    listed = {host.strip().lower() for host in os.environ.get("EVALKIT_KEY_HOSTS", "").split(",") if host.strip()}
    for name in BASE_URLS.get(adapter.lower().replace("_", "-"), ()):
        url = os.environ.get(name, "").strip()
        if not url:
            continue
        try:
            host = (urlsplit(url).hostname or "").lower()
        except ValueError:
            return None
        return url if host in allowed | listed else None
    return None
