"""Names of adapters as suites write them, and what stands behind each; nothing is imported before it is asked for.

    make_adapter(ModelSpec(name="qwen", adapter="vllm", model="Qwen/Qwen3.5-32B"))    # presets/vllm.yaml, openai_chat

A name is, in this order: an adapter of the table below, a file of `dialects/`, a preset of `presets/`, a preset among
the user's own settings, or a plug-in. Hyphens, underscores and capitals do not matter: `lm-studio`, `lm_studio` and
`LMStudio` are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

from evalkit import plugins
from evalkit.adapters import own_presets
from evalkit.adapters.base import Adapter, Capabilities, Endpoint, ModelSpec
from evalkit.adapters.presets import (
    OF_THE_PROVIDER,
    Preset,
    load_preset,
    options_of,
    placeholders,
    preset_names,
)
from evalkit.errors import EvalkitError, MissingPackage, PluginError, SuiteError
from evalkit.frozen import dataclass
from evalkit.installed import install_hint
from evalkit.plugins import KnownNames, Plugin, folded

if TYPE_CHECKING:
    from evalkit.suite.schema.options import AdapterOptions

_ADAPTERS = {
    "openai": "evalkit.adapters.dialects.openai_responses",
    "anthropic": "evalkit.adapters.dialects.anthropic_messages",
    "ctranslate2": "evalkit.adapters.ctranslate2.local",
    "command": "evalkit.adapters.command",
    "pipeline": "evalkit.adapters.pipeline",
    "python": "evalkit.adapters.python_function",
    "replay": "evalkit.adapters.replay",
    "scripted": "evalkit.adapters.scripted",
}
"""Adapters whose file has another name, or stands elsewhere than in `dialects/`."""
_NATIVE = Path(__file__).parent / "dialects"
_DIALECTS = {
    "chat": "evalkit.adapters.dialects.openai_chat",
    "responses": "evalkit.adapters.dialects.openai_responses",
}
_SERVERS = {"vllm": "evalkit.adapters.vllm.server"}
"""With `serve:` these start their server themselves."""
_WITHOUT_NETWORK = {"command", "ctranslate2", "function", "python", "replay", "scripted"}
_IN_PYTHON = "function"
"""What a model that is a function given in Python is called; no suite file can name one."""
_EXTRAS = {"vllm": "vllm", "lm_eval": "lm-eval"}
"""Package → extra of evalkit-harness; every other package is a core dependency."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands behind a name."""

    make: Callable[[ModelSpec], Adapter]
    options: type[AdapterOptions]
    plugin: Plugin | None = None
    """The plug-in that has the name; None: evalkit itself, or the user's settings."""
    origin: str | None = None
    """For run.json: `evalkit-cohere 1.2.0`, or the user's own preset with its digest. None: evalkit itself."""


def own_adapters() -> list[str]:
    """The names that evalkit itself has, sorted. Lists two folders, imports nothing."""
    return sorted({*_ADAPTERS, *_native(), *preset_names()})


def known_adapters() -> KnownNames:
    """Every name that `adapter:` may take, those of plug-ins and of the user's presets too.

    These are looked for only when a name is asked for that evalkit does not have, or when the names are listed.
    """
    return KnownNames("adapters", own_adapters(), _more)


def preset_of(name: str) -> Preset | None:
    """The preset behind an adapter's name as a suite writes it; None for adapters of their own.

    Raises SuiteError for a name that nobody has.
    """
    own = {folded(known): known for known in own_adapters()}.get(folded(name))
    if own is not None:
        return None if own in _modules() else load_preset(own)
    if (found := own_presets.find_preset(name)) is not None:
        return found.preset
    if plugins.find("adapters", name) is None:
        raise _unknown(name, "adapter")
    return None


def make_adapter(spec: ModelSpec) -> Adapter:
    """The adapter that a suite's model asks for.

    Raises SuiteError for an unknown name (with near ones), MissingPackage, PluginError, and whatever UserError the
    adapter's own `make` finds in the spec.
    """
    if spec.function is not None:
        from evalkit.adapters.function import make

        return make(spec)
    found = _found(spec.adapter, f"models.{spec.name}", serves=spec.serve is not None, folder=spec.folder)
    if found.plugin is None:
        return found.make(spec)
    from evalkit.adapters.theirs import held_adapter
    from evalkit.foreign import kept_running, raised_by, words_of

    try:
        with kept_running():
            adapter = found.make(spec)
            _require_adapter(adapter, found.plugin)
    except Exception as error:
        if isinstance(error, EvalkitError) and raised_by(error) is error:
            raise
        said = (words_of(error).splitlines() or [""])[0]
        raise PluginError(
            f"models.{spec.name}: the adapter {spec.adapter!r} of the package {found.plugin.origin} could not be made: "
            f"{said}. Tell its authors, or leave the model out: --models"
        ) from error
    return held_adapter(adapter, found.plugin.origin)


def _require_adapter(adapter: object, plugin: Plugin) -> None:
    wanted = {"spec": ModelSpec, "capabilities": Capabilities, "endpoint": Endpoint}
    if not all(isinstance(getattr(adapter, name, None), kind) for name, kind in wanted.items()) or not all(
        callable(getattr(adapter, name, None)) for name in ("respond", "aclose")
    ):
        raise plugin.wrong("a module whose make(spec) returns an Adapter (evalkit.adapters.base)", adapter)


def warm_up(names: Iterable[str]) -> None:
    """Import beside what the caller does what adapters of these names need before they can send: .1 s of aiohttp and of
    reading certificates. Nothing for names of engines in this process."""
    if all(folded(name) in _WITHOUT_NETWORK for name in names):
        return

    def load() -> None:
        with suppress(Exception):  # whoever needs it next meets the same error, and says it
            import_module("evalkit.adapters.http_connections")

    Thread(target=load).start()  # waited for at the end: OpenSSL frees there what reading certificates needs


def origin_of(adapter: str, *, folder: str = ".") -> str | None:
    """Who made an adapter's name, for run.json: `evalkit-cohere 1.2.0`. None: evalkit itself, or nobody.

    Reads no package for a name of evalkit's own.
    """
    if folded(adapter) in {folded(name) for name in own_adapters()}:
        return None
    try:
        return _found(adapter, "adapter", serves=False, folder=folder).origin
    except SuiteError:
        return None


def origin_of_model(spec: ModelSpec) -> str | None:
    """`origin_of` the adapter that a model has; None for a function that was given in Python."""
    if spec.function is not None:
        return None
    return origin_of(spec.adapter, folder=spec.folder)


def account_options(adapter: str, options: Collection[str]) -> set[str]:
    """Those of a suite's options that choose an account in the address, like `resource` of azure: prompts that go there
    do not go to the provider's own endpoint, but to whoever has the account."""
    if not options or adapter == _IN_PYTHON:
        return set()
    preset = preset_of(adapter)
    return set() if preset is None else (placeholders(preset) - OF_THE_PROVIDER) & set(options)


class OptionsOfAdapters:
    """The options of every adapter, for the suite's reader (`evalkit.suite.schema.options.KnownOptions`)."""

    def __init__(self, folder: str = ".") -> None:
        """`folder` is the suite's: no preset is read from there."""
        self._folder = folder

    def of(self, adapter: str, *, serves: bool) -> type[AdapterOptions] | None:
        """The record of this adapter; None where nobody has the name, or it cannot be had here."""
        if adapter == _IN_PYTHON:
            return _of_module(import_module("evalkit.adapters.function")).options
        try:
            return _found(adapter, "adapter", serves=serves, folder=self._folder).options
        except (SuiteError, MissingPackage):
            return None  # said when the model is made

    def readers(self, option: str) -> Collection[str]:
        """Who reads this option, as labels for a message. Imports every adapter."""
        found = [name for name, record in all_options().items() if option in record.model_fields]
        of_chat = [name for name in found if name in preset_names()]
        if "openai-chat" in of_chat:
            return [*(name for name in found if name not in of_chat), "openai-chat with its presets"]
        return found


def all_options(*, own: bool = False) -> dict[str, type[AdapterOptions]]:
    """The options of every adapter by name, `vllm with serve` among them; imports all of them.

    `own`: those of evalkit alone, without plug-ins and the user's presets. What cannot be imported here is left out.
    """
    names = own_adapters() if own else list(known_adapters())
    found: dict[str, type[AdapterOptions]] = {}
    for name, serves in [*((name, False) for name in names), *((name, True) for name in _SERVERS)]:
        try:
            record = _found(name, "adapter", serves=serves, folder=".").options
        except (SuiteError, MissingPackage, PluginError):
            continue
        found[f"{name} with serve" if serves else name] = record
    return found


def _found(name: str, place: str, *, serves: bool, folder: str) -> Found:
    """What stands behind a name. Raises SuiteError, MissingPackage, PluginError."""
    own = {folded(known): known for known in own_adapters()}.get(folded(name))
    if serves:
        if own not in _SERVERS:
            raise SuiteError(f"{place}.serve: evalkit starts {', '.join(_SERVERS)} itself, and not {name}.")
        return _of_module(_load(_SERVERS[str(own)], name, place))
    if own is not None:
        modules = _modules()
        if own in modules:
            return _of_module(_load(modules[own], name, place))
        return _of_preset(load_preset(own), name, place)
    if (preset := own_presets.find_preset(name, folder)) is not None:
        return _of_preset(preset.preset, name, place, origin=preset.origin, plugin=preset.plugin)
    if (plugin := plugins.find("adapters", name)) is not None:
        return _of_plugin(plugin)
    raise _unknown(name, place if place == "adapter" else f"{place}.adapter")


def _of_module(module: ModuleType) -> Found:
    return Found(module.make, module.Options)


def _of_preset(
    preset: Preset, name: str, place: str, *, origin: str | None = None, plugin: Plugin | None = None
) -> Found:
    module = _load(_DIALECTS[preset.dialect], name, place)
    return Found(lambda spec: module.make(spec, preset), options_of(module.Options, preset), plugin, origin)


def _of_plugin(plugin: Plugin) -> Found:
    """The plug-in's adapter. Raises PluginError for what is none."""
    from evalkit.suite.schema import ModelEntry
    from evalkit.suite.schema.options import AdapterOptions

    module = plugin.import_object()
    make, record = getattr(module, "make", None), getattr(module, "Options", AdapterOptions)
    if not callable(make):
        raise plugin.wrong("a module with make(spec) -> Adapter", module)
    if not (isinstance(record, type) and issubclass(record, AdapterOptions)):
        raise plugin.wrong("a module whose Options is a subclass of evalkit.adapters.options.AdapterOptions", record)
    if taken := sorted(record.model_fields.keys() & ModelEntry.model_fields.keys()):
        raise plugin.wrong(
            f"a module whose Options has no field {taken[0]!r}, which every model of a suite has", record
        )
    return Found(make, record, plugin, plugin.origin)


def _unknown(name: str, place: str) -> SuiteError:
    known = list(known_adapters())
    return SuiteError(
        f"{place} is {name!r}, which is no adapter: {plugins.near(name, known)}Known are {', '.join(known)}. "
        f"Any server of the OpenAI dialect: adapter: openai-chat with its base_url."
    )


def _modules() -> dict[str, str]:
    return {**_native(), **_ADAPTERS}


def _native() -> dict[str, str]:
    """Name of an adapter -> its module in `dialects/`: ollama_native.py is ollama-native."""
    found = {stem: f"evalkit.adapters.dialects.{stem}" for stem in _in_dialects()}
    named = {*_ADAPTERS.values(), *_DIALECTS.values()}  # these have other names: openai, anthropic, each preset
    return {stem.replace("_", "-"): module for stem, module in found.items() if module not in named}


@cache
def _in_dialects() -> tuple[str, ...]:
    return tuple(path.stem for path in _NATIVE.glob("[a-z]*.py"))


def _more() -> list[str]:
    return [*own_presets.user_presets(), *(plugin.name for plugin in plugins.installed("presets"))]


def _load(path: str, adapter: str, place: str) -> Any:
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"", "evalkit"}:
            raise  # a defect of evalkit, not of the installation
        if extra := _EXTRAS.get(package):
            way_out = install_hint(extra)
        else:
            way_out = f"it belongs to evalkit-harness itself, so the installation is incomplete: pip install {package}"
        raise MissingPackage(
            f"{place} ({adapter}) needs the package {package!r}, which is not installed: {way_out}"
        ) from error
