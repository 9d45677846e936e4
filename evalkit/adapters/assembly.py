"""Puts an adapter together from what is declared: a provider's facts (a preset), a dialect, and evalkit's own client.

def make(spec, preset=None):
    options = read_options(Options, spec)
    return assemble(spec, preset or ACME, Acme(spec, options), header="x-api-key")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from evalkit.adapters.aws_signing import AwsSigner
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialect import ApiDialect, DialectAdapter
from evalkit.adapters.http_wire import Wire
from evalkit.adapters.keys import api_key
from evalkit.adapters.presets import Preset, filled
from evalkit.errors import SuiteError


def assemble(spec: ModelSpec, preset: Preset, dialect: ApiDialect, *, header: str = "Authorization") -> DialectAdapter:
    """The adapter of one model, over evalkit's own client. `header` carries the key.

    Raises SuiteError for an address that cannot be or may not get the key, MissingKey.
    """
    preset = filled(preset, spec)
    return joined_up(spec, preset, dialect, wire_of(spec, preset, dialect.path, header=header))


def joined_up(spec: ModelSpec, preset: Preset, dialect: ApiDialect, wire: Wire) -> DialectAdapter:
    """The adapter of a preset that is filled and a client that is made."""
    facts = {} if preset.region is None else {"region": preset.region}
    return DialectAdapter(spec, dialect, wire, price_provider=preset.price_provider, facts=facts)


def wire_of(
    spec: ModelSpec, preset: Preset, path: str, *, header: str = "Authorization", signer: AwsSigner | None = None
) -> Wire:
    """The client for the address of a preset that is filled, with its key where one may go there, or with a signer."""
    base_url = (preset.base_url or "").rstrip("/")
    end = path.partition("?")[0]
    if base_url.endswith(end):
        raise SuiteError(f"models.{spec.name}.base_url is {base_url!r}; leave out the end from {end} on.")
    if signer is not None:
        return Wire(spec, base_url, {}, signer.key, signer.key_envs, signer)
    key = None
    if preset.key_env:
        key = api_key(preset.key_env, base_url, preset.key_hosts, spec, required=preset.key_required)
    return Wire(spec, base_url, key_header(header, key), key, preset.key_env)


def key_header(header: str, key: str | None) -> Mapping[str, str]:
    """The header that carries a key; none where there is no key."""
    if key is None:
        return {}
    return {header: f"Bearer {key}" if header == "Authorization" else key}


def without_end(spec: ModelSpec, *ends: str) -> ModelSpec:
    """The spec with a base_url that has none of these ends, such as /v1, which the dialect's own paths have."""
    url = spec.base_url
    if url is None:
        return spec
    for end in ends:
        url = url.rstrip("/").removesuffix(end)
    return replace(spec, base_url=url)
