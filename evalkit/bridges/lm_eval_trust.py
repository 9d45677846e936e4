"""What a task file of the user's own may do without being trusted: ask and mark, and run no code.

    output_type: multiple_choice          fine
    process_docs: !function utils.mine    Python from the folder: needs --allow-suite-code

Suites and task files come from pull requests. lm-eval's YAML can call Python, load metrics and builders that are
programs, and its templates are not sandboxed. The files that ship with lm-eval are as trusted as the package is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalkit.bridges.lm_eval_data import BUILDERS, includes_outside

_CODE_KEYS = frozenset({"class", "use_prompt", "custom_dataset", "unsafe_code"})
_METADATA_TEXTS = frozenset({"version", "description", "author", "license", "citation"})
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def dangers(
    path: Path, trusted: Path, seen: frozenset[Path] = frozenset(), *, allowed: tuple[Path, ...] = ()
) -> Iterator[str]:
    """Why this file would run code or read what it may not, as half sentences.

    What it includes is looked at too, but not below `trusted`. `allowed` are folders to include from, besides its own.
    """
    import yaml

    path = path.resolve()
    if path in seen or path.is_relative_to(trusted.resolve()):
        return
    if not path.is_file():
        yield f"it includes {path.name}, which is not there"
        return
    text = path.read_bytes()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            tag = getattr(event, "tag", None)
            if tag is not None and not tag.startswith("tag:yaml.org"):
                yield f"{path.name}:{event.start_mark.line + 1} calls Python: {tag} {getattr(event, 'value', '')}"
                return
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        yield f"{path.name} is no YAML that can be read: {error}"
        return
    if not isinstance(config, dict):
        return
    yield from _config_dangers(path, config)
    if outside := list(includes_outside(config, path.parent, (trusted, *allowed))):
        yield from outside
        return
    includes = config.get("include")
    for included in [includes] if isinstance(includes, str) else _listed(includes):
        yield from dangers(path.parent / str(included), trusted, seen | {path}, allowed=allowed)


def _config_dangers(path: Path, config: dict[str, Any]) -> Iterator[str]:
    for key in sorted(_CODE_KEYS & config.keys()):
        if config[key]:
            yield f"{path.name} has the key {key}, which runs code"
    yield from _metadata_dangers(path, config.get("metadata"))
    data = config.get("dataset_path")
    if data is not None and data not in BUILDERS:
        if not isinstance(data, str) or not _HUB_NAME.fullmatch(data) or Path(data).exists():
            yield f"{path.name} reads its data by {data!r}, which may be a program"
        elif "/" not in data:
            yield f"{path.name} reads its data by the builder {data!r}; without trust it may be {sorted(BUILDERS)}"
    for member in _listed(config.get("task")):
        if isinstance(member, dict):
            yield from _config_dangers(path, member)
    yield from _metric_dangers(path, _listed(config.get("metric_list")))


def _metadata_dangers(path: Path, metadata: Any) -> Iterator[str]:
    """lm-eval hands `metadata` to the task's own program, which may load a tokenizer, code and all, by a name in it."""
    if not isinstance(metadata, dict):
        if metadata is not None:
            yield f"{path.name} has a metadata that is no map"
        return
    for key, value in metadata.items():
        values = value if isinstance(value, list) else [value]
        if key not in _METADATA_TEXTS and not all(one is None or isinstance(one, int | float) for one in values):
            yield f"{path.name} hands metadata.{key} to a program; without trust it may be numbers"


def _metric_dangers(path: Path, metrics: list[Any]) -> Iterator[str]:
    """lm-eval looks a metric that it does not know up in `evaluate`, which loads it as a program."""
    if not metrics:
        return
    from lm_eval.api.registry import METRIC_REGISTRY

    for metric in metrics:
        name = metric.get("metric") if isinstance(metric, dict) else metric
        hub = isinstance(metric, dict) and metric.get("hf_evaluate")
        if hub or (isinstance(name, str) and name not in METRIC_REGISTRY):
            yield f"{path.name} takes the metric {name!r} from outside lm-eval, as a program"


def sandbox_templates() -> None:
    """Have lm-eval render its templates in Jinja's sandbox, in this process from now on."""
    import lm_eval.utils
    from jinja2 import BaseLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    trusted = lm_eval.utils.env
    if not isinstance(trusted, ImmutableSandboxedEnvironment):
        sandboxed = ImmutableSandboxedEnvironment(
            loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=trusted.keep_trailing_newline
        )
        sandboxed.filters |= trusted.filters
        lm_eval.utils.env = sandboxed


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None or isinstance(value, str) else [value]
