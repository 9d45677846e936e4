"""What a task file of the user's own may do without being trusted: ask and mark, and run no code.

    output_type: multiple_choice          fine
    process_docs: !function utils.mine    Python from the folder: needs --allow-suite-code

Suites and task files come from pull requests. lm-eval's YAML can call Python, load metrics and builders that are
programs, and its templates are not sandboxed. The files that ship with lm-eval are as trusted as the package is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.bridges.lm_eval.bounded_yaml import bounded_loader, too_large
from evalkit.bridges.lm_eval.code import runs_text
from evalkit.bridges.lm_eval.data import includes_outside
from evalkit.bridges.lm_eval.files import BUILDERS
from evalkit.bridges.lm_eval.templates import may_hang
from evalkit.errors import SuiteError
from evalkit.reading import read_file

if TYPE_CHECKING:
    pass


ALLOW_CODE = "--allow-suite-code"
_CODE_KEYS = frozenset({"class", "use_prompt", "custom_dataset", "unsafe_code", "process_docs", "process_results"})
_KEYS = frozenset(
    """
    task task_alias tag group group_alias include task_list aggregate_metric_list metadata output_type
    dataset_path dataset_name dataset_kwargs training_split validation_split test_split fewshot_split
    doc_to_text doc_to_target doc_to_choice doc_to_image doc_to_audio description target_delimiter fewshot_delimiter
    fewshot_config num_fewshot gen_prefix generation_kwargs repeats metric_list filter_list
    should_decontaminate doc_to_decontamination_query
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
"""What a file that is not trusted may say; a key of a later lm-eval is refused until it is known here."""
_DATA_KEYS = frozenset({"dataset_path", "dataset_kwargs", "custom_dataset"})
"""Which records a task reads. `dataset_name` and the splits choose among those of one data set."""
_METADATA_TEXTS = frozenset({"version", "description", "author", "license", "citation"})
LARGEST = 2_000_000
"""Bytes of a task file."""
_NO_PATTERNS = frozenset({"function", "name"})
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def dangers(
    path: Path, trusted: Path, seen: set[Path] | None = None, *, allowed: tuple[Path, ...] = ()
) -> Iterator[str]:
    """Why this file would run code or read what it may not, as half sentences.

    What it includes is looked at too, but not below `trusted`. `allowed` are folders to include from, besides its own.
    `seen` gathers the files that were looked at.
    """
    seen = set() if seen is None else seen
    path = path.resolve()
    if path in seen or path.is_relative_to(trusted.resolve()):
        return
    seen.add(path)
    config, why = _read(path)
    if config is None:
        yield why
        return
    yield from _config_dangers(path, config)
    if outside := list(includes_outside(config, path.parent, (trusted, *allowed))):
        yield from outside
        return
    includes = config.get("include")
    for included in [includes] if isinstance(includes, str) else _listed(includes):
        yield from dangers(path.parent / str(included), trusted, seen, allowed=allowed)


def plain_config(
    path: Path, shipped: Path, allowed: tuple[Path, ...], *, functions: bool, seen: set[Path] | None = None
) -> dict[str, object]:
    """A task file of the user's as lm-eval would have it, its includes written in, read by evalkit alone.

    lm-eval opens none of the user's files, so what they say is what was checked: plain data. Of what they include from
    `shipped`, lm-eval's own folder, the functions are resolved where `functions` is true. Raises SuiteError with every
    reason why the file may not be loaded.
    """
    from lm_eval.tasks._yaml_loader import load_yaml

    path = path.resolve()
    if seen is None:
        seen = set()
        if found := list(dict.fromkeys(dangers(path, shipped, allowed=allowed))):
            raise SuiteError([f"{why}. If you trust these files, allow it: {ALLOW_CODE}" for why in found])
    if path in seen:
        raise SuiteError(f"{path.name} is included twice, or includes itself")
    seen.add(path)
    config, why = _read(path)
    if config is None:  # it was changed meanwhile
        raise SuiteError(why)
    includes = config.pop("include", None) or ()
    merged: dict[str, object] = {}
    for name in [includes] if isinstance(includes, str) else includes:
        place = (path.parent / name).resolve()
        if place.is_relative_to(shipped.resolve()):
            if runs := next(runs_text([place], shipped), None):
                raise SuiteError(
                    f"{path.name} includes {name}, which runs code that a model or a data set writes on this machine, "
                    f"or may ask other hosts ({runs}); allow it: {ALLOW_CODE}"
                )
            included = load_yaml(place, resolve_func=functions)
        else:
            included = plain_config(place, shipped, allowed, functions=functions, seen=seen)
        merged.update({key: value for key, value in included.items() if key != "task_list"})
    return {**merged, **config}


def _read(path: Path) -> tuple[dict[str, Any] | None, str]:
    """What a task file holds; None, and why not, where it calls Python or is not read."""
    import yaml

    if not path.is_file():
        return None, f"it includes {path.name}, which is not there"
    try:
        text = read_file(path, most=LARGEST)
    except OSError as error:
        return None, f"{path.name} cannot be read: {error.strerror or error}"
    loader = bounded_loader()
    try:
        for event in yaml.parse(text, Loader=loader):
            tag = getattr(event, "tag", None)
            if tag is not None and not tag.startswith("tag:yaml.org"):
                called = f"{tag} {getattr(event, 'value', '')}"
                return None, f"{path.name}:{event.start_mark.line + 1} calls Python: {called}"
        config = yaml.load(text, Loader=loader)
    except Exception as error:  # noqa: BLE001 - as `reading.NotYaml`: a date or a number by its tag that is none, and more
        return None, f"{path.name} is no YAML that can be read: {str(error)[:300] or type(error).__name__}"
    if large := too_large(config):
        return None, f"{path.name} {large}"
    return (config, "") if isinstance(config, dict) else (None, f"{path.name} is no map of keys")


def config_dangers(name: str, config: Mapping[str, object]) -> Iterator[str]:
    """Why the keys of a task, of a group or of what overrides them would run code or never end, as half sentences.
    `name` is how they are named. Paths of data are for `data`."""
    yield from _config_dangers(Path(name), config)


def keys_of(path: Path, shipped: Path, seen: set[Path] | None = None) -> frozenset[str]:
    """The keys that a task file of the user's sets itself, or by files of the user's that it includes."""
    seen = set() if seen is None else seen
    path = path.resolve()
    if path in seen or path.is_relative_to(shipped.resolve()):
        return frozenset()
    seen.add(path)
    config, _ = _read(path)
    if config is None:
        return frozenset()
    includes = config.get("include") or ()
    found = {str(key) for key, value in config.items() if value is not None}
    for name in [includes] if isinstance(includes, str) else _listed(includes):
        found |= keys_of(path.parent / str(name), shipped, seen)
    return frozenset(found)


def external_data(name: str, config: Mapping[str, object], said: Set[str]) -> Iterator[str]:
    """Why lm-eval's own Python would read what a stranger wrote, as half a sentence; nothing where it would not.

    That Python was written for lm-eval's own data sets: it searches with patterns, fills in formats and imports names
    that stand in a record. `config` is all that the task says, `said` are the keys that files of the user's set.
    """
    if not (config.get("class") or _has_function(config)):
        return
    if set_by_user := _chosen(config, said):
        yield (
            f"{name} has lm-eval's own Python read data that the suite's files choose ({', '.join(set_by_user)}); it "
            "was written for lm-eval's own data sets"
        )


def chooses_data(config: Mapping[str, object], said: Set[str]) -> bool:
    """Whether files of the user's say which records are read; they are then read as plain data."""
    return bool(_chosen(config, said))


def _chosen(config: Mapping[str, object], said: Set[str]) -> list[str]:
    """The keys by which files of the user's say which records are read."""
    set_by_user = sorted(_DATA_KEYS & said)
    fewshot = config.get("fewshot_config")
    if "fewshot_config" in said and isinstance(fewshot, Mapping) and fewshot.get("samples"):
        set_by_user.append("fewshot_config.samples")
    if config.get("dataset_path") in BUILDERS:
        set_by_user = set_by_user or ["data_files"]
    return set_by_user


def _has_function(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_function, value.values()))
    return any(map(_has_function, value)) if isinstance(value, list | tuple) else callable(value)


def _pattern_dangers(path: Path, value: object, key: str = "") -> Iterator[str]:
    """Patterns of filters and metrics that could hang a run on one reply."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _pattern_dangers(path, inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _pattern_dangers(path, inner, key)
    elif "regex" in key and value is not None and key not in _NO_PATTERNS and (why := may_hang(value)):
        yield f"{path.name} has the pattern {str(value)[:80]!r}, which {why}, so that a reply could hang the run"


def _config_dangers(path: Path, config: Mapping[str, object]) -> Iterator[str]:
    for key in sorted(map(str, config.keys() - _KEYS)):
        if config.get(key):
            said = "runs code" if key in _CODE_KEYS else "evalkit does not know"
            yield f"{path.name} has the key {key[:80]}, which {said}"
    yield from _metadata_dangers(path, config.get("metadata"))
    data = config.get("dataset_path")
    if data is not None and (not isinstance(data, str) or data not in BUILDERS):
        if not isinstance(data, str) or not _HUB_NAME.fullmatch(data) or len(data) > 200 or Path(data).exists():
            yield f"{path.name} reads its data by {data!r}, which may be a program"
        elif "/" not in data:
            yield f"{path.name} reads its data by the builder {data!r}; without trust it may be {sorted(BUILDERS)}"
    for member in _listed(config.get("task")):
        if isinstance(member, dict):
            yield from _config_dangers(path, member)
    yield from _metric_dangers(path, _listed(config.get("metric_list")))
    for key in ("metric_list", "filter_list"):
        yield from _pattern_dangers(path, config.get(key))


def _metadata_dangers(path: Path, metadata: object) -> Iterator[str]:
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


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None or isinstance(value, str) else [value]
