"""What is known about the providers and servers that speak an OpenAI dialect: data, one YAML file each in `presets/`.

    about: Together AI, open weights behind an API.
    dialect: chat
    base_url: https://api.together.ai/v1
    key_env: [TOGETHER_API_KEY]
    key_hosts: [api.together.ai]
    supports: [temperature, top_p, seed, stop, json_schema]
    cannot: [Log-likelihood of given continuations.]

A preset says how a provider deviates; the adapter reads it and has no provider's name in its code. Every file names
where its facts come from. Files are read when they are asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.keys import BASE_URLS
from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.reading import loaded_yaml

if TYPE_CHECKING:
    from evalkit.suite.schema.options import AdapterOptions

Record = TypeVar("Record", bound="AdapterOptions")
_FOLDER = Path(__file__).parent / "presets"
_PLACE = re.compile(r"\{(\w+)\}")
OF_THE_PROVIDER = frozenset({"region"})
"""Templates of an address that lead to the provider's own hosts, whatever a suite fills in. Any other one (a resource,
a tenant) is an account's, and the account may be a stranger's."""
_FILLING = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
"""One label of a host name: what fills a template can never name another host."""

SETTINGS = frozenset({"temperature", "top_p", "seed", "stop", "json_schema", "top_logprobs", "reasoning_effort"})
"""What `supports` may list; the names are those of `Settings`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How one provider or server speaks."""

    name: str
    about: str
    """One sentence for `evalkit list`."""
    source: str
    """Where the facts come from, and when they were looked up."""
    dialect: Literal["chat", "responses"] = "chat"
    base_url: str | None = None
    """Default address; `{region}` and the like are filled from the model's options. None: the suite must say."""
    key_env: tuple[str, ...] = ()
    """Environment variables that may hold the key, in order. Empty: none is sent."""
    key_required: bool = True
    """False where a server works without a key."""
    key_hosts: tuple[str, ...] = ()
    """Hosts that may receive the key; a leading dot covers all hosts under it. May hold templates like base_url."""
    supports: frozenset[str] = frozenset()
    """Settings that can be sent. What is missing here is refused when the run is planned."""
    cannot: tuple[str, ...] = ()
    """Sentences for a person: what will not work, or not as expected."""
    token_param: str = "max_tokens"
    """How max_output_tokens is spelled."""
    seed_param: str = "seed"
    efforts: Mapping[str, Mapping[str, object]] | None = None
    """Body fields for each reasoning_effort; `other` covers the rest, `$effort` stands for it. None: as OpenAI."""
    usage_when: Literal["asked", "always", "never"] = "asked"
    """Whether a stream reports usage: with stream_options.include_usage, unasked, or not at all."""
    reasoning_text_path: tuple[str, ...] = ("reasoning_content", "reasoning")
    """Fields of a message that hold reasoning text; the first that is there wins."""
    reasoning_in_completion: bool = True
    """False where completion_tokens leave out the reasoning tokens, which are billed all the same."""
    tools: bool = True
    """Whether functions can be offered, and calls come back apart from the text. That a model makes none is its own."""
    shows_all_tokens: bool = False
    """True where every generated token is streamed: without reasoning text there were 0 reasoning tokens."""
    cached_paths: tuple[str, ...] = ("prompt_tokens_details.cached_tokens",)
    """Where usage says how much input came from a cache; the first that is there wins."""
    cost_path: str | None = None
    """Where usage says what the request cost in USD; None: it does not."""
    prompt_logprobs: Literal["echo"] | None = None
    """How log-probabilities of a prompt are had: `echo` on /completions. None: not at all, or not rightly."""
    price_provider: str | None = None
    """The provider's id in genai-prices; None: prices have to be given."""
    region: str | None = None
    """Where prompts are processed; None: not stated or not fixed."""

    @property
    def is_local(self) -> bool:
        """Whether the default address is this machine."""
        return self.base_url is not None and urlsplit(self.base_url).hostname in {"127.0.0.1", "localhost", "::1"}


def preset_names() -> list[str]:
    """Names of all presets, sorted; nothing is parsed."""
    return list(_names())


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@cache
def load_preset(name: str) -> Preset:
    """The preset of that name. Raises KeyError where there is none, ValueError where a file is not as it must be."""
    path = _FOLDER / f"{name}.yaml"
    if name not in preset_names():
        raise KeyError(name)
    return checked(name, loaded_yaml(path.read_text(encoding="utf-8")))


def filled(preset: Preset, spec: ModelSpec) -> Preset:
    """The preset with the suite's base_url, or its own with its templates filled from the model's options.

    `{region}` and the like may stand in a key's hosts too; a host whose option is not given receives no key.
    Raises SuiteError where there is no address, or an option is missing or could name another host.
    """
    options = {key: spec.options[key] for key in placeholders(preset) if spec.options.get(key) is not None}
    for key, value in options.items():
        if not isinstance(value, str) or not _FILLING.fullmatch(value):
            raise SuiteError(
                f"models.{spec.name}.{key} is {value!r}; it becomes part of a host name, so only letters, digits and "
                f"hyphens can stand there."
            )
    # A resource is anybody's who has an account there, and the suite names it: only the person can let a key go to it.
    own = [host for host in preset.key_hosts if set(_PLACE.findall(host)) <= OF_THE_PROVIDER]
    hosts = tuple(host.format_map(options) for host in own if set(_PLACE.findall(host)) <= options.keys())
    region = options.get("region", preset.region)
    if spec.base_url:
        return replace(preset, base_url=spec.base_url, key_hosts=hosts, region=region)
    if preset.base_url is None:
        raise SuiteError(
            f"models.{spec.name} ({spec.adapter}) needs base_url: the address of the server, "
            f'like base_url: "http://127.0.0.1:8000/v1"{_unread(spec)}'
        )
    if missing := [key for key in _PLACE.findall(preset.base_url) if key not in options]:
        raise SuiteError(
            f"models.{spec.name} ({spec.adapter}) needs {' and '.join(missing)}: its address is {preset.base_url}. "
            f"Add `{missing[0]}: ...` to the model, or give base_url."
        )
    return replace(preset, base_url=preset.base_url.format_map(options), key_hosts=hosts, region=region)


def _unread(spec: ModelSpec) -> str:
    """That a variable holds an address which is not used, and what to do; "" where none does."""
    name = next(
        (name for name in BASE_URLS.get(spec.adapter.lower().replace("_", "-"), ()) if os.environ.get(name)), None
    )
    return f". {name} is set: allow its host (--allow-key-host), and it is used" if name else ""


def with_reported_cost(preset: Preset, told: bool | None) -> Preset:
    """The preset with what the suite says of its server's costs: that they are dollars, or not; None: nothing."""
    if told is None:
        return preset
    return replace(preset, cost_path=(preset.cost_path or "cost") if told else None)


def options_of(record: type[Record], preset: Preset) -> type[Record]:
    """The dialect's options and, as options too, what fills the templates of the preset's address."""
    places = sorted(placeholders(preset))
    if not places:
        return record
    from pydantic import Field, create_model

    from evalkit.suite.schema.parts import Text

    about = f"Part of the address: {preset.base_url or ', '.join(preset.key_hosts)}"
    fields: dict[str, Any] = {place: (Text | None, Field(default=None, description=about)) for place in places}
    return create_model(record.__name__, __base__=record, __module__=record.__module__, **fields)


def placeholders(preset: Preset) -> set[str]:
    """Options that the preset's address or the hosts of its key ask for, like {"region"}."""
    return {key for text in (preset.base_url or "", *preset.key_hosts) for key in _PLACE.findall(text)}


def checked(name: str, data: Mapping[str, object]) -> Preset:
    """A preset from parsed YAML; lists become tuples. ValueError on unknown keys and settings."""
    known = {field.name for field in fields(Preset)}
    if unknown := data.keys() - known:
        raise ValueError(f"preset {name}: no field {sorted(unknown)[0]!r}")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    supports = frozenset(values.pop("supports", ()))
    if wrong := supports - SETTINGS:
        raise ValueError(f"preset {name}: supports has no setting {sorted(wrong)[0]!r}")
    return Preset(name=name, supports=supports, **values)
