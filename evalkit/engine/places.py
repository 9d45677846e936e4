"""Where prompts may go: a suite's `sensitivity` against each endpoint, before anything is sent.

    public       anywhere
    internal     this machine, a provider's own endpoint (the suite names no address and no resource), or a host that
                 the person allows
    restricted   this machine, or a host that the person running evalkit allows

"The person allows" means --allow-key-host, --allow-http-host or their variables, never the suite: it may come from a
pull request.
"""

from __future__ import annotations

from evalkit.adapters.base import Endpoint
from evalkit.addresses import is_loopback
from evalkit.suite.schema import ModelEntry
from evalkit.trust import prompts_may_go


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
    if prompts_may_go(host, allowed):
        return []
    if sensitivity == "internal" and entry.base_url is None and entry.resource is None:
        return []
    return [
        f"{section}.{name}: prompts of a suite with sensitivity: {sensitivity} may not go to {host}. If they may, "
        f"allow the host outside the suite: --allow-key-host {host}, or EVALKIT_KEY_HOSTS={host}."
    ]
