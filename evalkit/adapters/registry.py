"""Names of adapters as suites write them, and the module behind each; nothing is imported before it is asked for.

    make_adapter(ModelSpec(name="qwen", adapter="vllm", model="Qwen/Qwen3.5-32B"))    # presets/vllm.yaml, openai_chat

A name is an adapter of the table below or a preset of `presets/`. Hyphens, underscores and capitals do not matter:
`lm-studio`, `lm_studio` and `LMStudio` are the same.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import Any, cast

from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.adapters.presets import Preset, load_preset, preset_names
from evalkit.errors import MissingPackage, SuiteError

_ADAPTERS = {
    "openai": "evalkit.adapters.openai_responses:make",
    "anthropic": "evalkit.adapters.anthropic_messages:make",
    "gemini": "evalkit.adapters.gemini:make",
    "ctranslate2": "evalkit.adapters.ctranslate2_local:make",
    "replay": "evalkit.adapters.replay:make",
    "scripted": "evalkit.adapters.scripted:make",
}
_DIALECTS = {
    "chat": "evalkit.adapters.openai_chat:make",
    "responses": "evalkit.adapters.openai_responses:make",
}
_SERVERS = {"vllm": "evalkit.adapters.vllm_server:make"}
"""With `serve:` these start their server themselves."""
_EXTRAS = {"vllm": "vllm", "lm_eval": "lm-eval"}
"""Package → extra of evalkit-harness; every other package is a core dependency."""


def known_adapters() -> list[str]:
    """Every name that `adapter:` may take, sorted. Cheap: lists a folder, imports nothing."""
    return sorted({*_ADAPTERS, *preset_names()})


def preset_of(name: str) -> Preset | None:
    """The preset behind an adapter's name as a suite writes it; None for adapters of their own.

    Raises SuiteError for a name that nobody has.
    """
    name = _canonical(name)
    return None if name in _ADAPTERS else load_preset(name)


def make_adapter(spec: ModelSpec) -> Adapter:
    """The adapter that a suite's model asks for.

    Raises SuiteError for an unknown name (with near ones), MissingPackage, and whatever UserError the adapter's own
    `make` finds in the spec.
    """
    if spec.function is not None:
        return cast(Adapter, _load("evalkit.adapters.function:make", spec)(spec))
    name = _canonical(spec.adapter, f"models.{spec.name}.adapter")
    if spec.serve is not None:
        if name not in _SERVERS:
            known = ", ".join(_SERVERS)
            raise SuiteError(f"models.{spec.name}.serve: evalkit starts {known} itself, and not {spec.adapter}.")
        return cast(Adapter, _load(_SERVERS[name], spec)(spec))
    if name in _ADAPTERS:
        return cast(Adapter, _load(_ADAPTERS[name], spec)(spec))
    preset = load_preset(name)
    return cast(Adapter, _load(_DIALECTS[preset.dialect], spec)(spec, preset))


def _canonical(name: str, place: str = "adapter") -> str:
    names = {_folded(known): known for known in known_adapters()}
    if found := names.get(_folded(name)):
        return found
    near = get_close_matches(_folded(name), names, n=2, cutoff=0.6)
    hint = f"did you mean {' or '.join(names[one] for one in near)}? " if near else ""
    raise SuiteError(
        f"{place} is {name!r}, which is no adapter: {hint}Known are {', '.join(known_adapters())}. "
        f"Any server of the OpenAI dialect: adapter: openai-chat with its base_url."
    )


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def _load(path: str, spec: ModelSpec) -> Any:
    module, _, attribute = path.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"", "evalkit"}:
            raise  # a defect of evalkit, not of the installation
        if extra := _EXTRAS.get(package):
            way_out = f"uv sync --extra {extra}"
        else:
            way_out = f"it belongs to evalkit-harness itself, so the installation is incomplete: pip install {package}"
        raise MissingPackage(
            f"models.{spec.name} ({spec.adapter}) needs the package {package!r}, which is not installed: {way_out}"
        ) from error
