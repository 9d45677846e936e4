"""Where prompts may go: a suite's `sensitivity` against each endpoint, before anything is sent.

    public       anywhere
    internal     this machine, a provider's own endpoint (no base_url in the suite), or a host that the person allows
    restricted   this machine, or a host that the person running evalkit allows

"The person allows" means --allow-key-host or EVALKIT_KEY_HOSTS, never the suite: suites come from pull requests.
"""

from __future__ import annotations

import os

from evalkit.adapters.base import Endpoint
from evalkit.adapters.keys import is_loopback
from evalkit.suite.schema import ModelEntry


def may_receive(
    sensitivity: str,
    name: str,
    entry: ModelEntry,
    endpoint: Endpoint,
    allowed: frozenset[str],
    section: str = "models",
) -> list[str]:
    """A complaint if this suite's prompts may not go to this model's endpoint; else nothing."""
    host = endpoint.host
    if host is None or is_loopback(host) or sensitivity == "public":
        return []
    listed = os.environ.get("EVALKIT_KEY_HOSTS", "").lower().split(",")
    if host in allowed or host in {entry.strip() for entry in listed}:
        return []
    if sensitivity == "internal" and entry.base_url is None:
        return []
    return [
        f"{section}.{name}: prompts of a suite with sensitivity: {sensitivity} may not go to {host}. If they may, "
        f"allow the host outside the suite: --allow-key-host {host}, or EVALKIT_KEY_HOSTS={host}."
    ]
