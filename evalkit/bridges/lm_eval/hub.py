"""A dataset of the hub that a suite's task file names, as files of this machine that are read like the suite's own.

    from_hub("org/name", None, {"revision": "main"})
    # ("json", {"data_files": {"test": ["/home/me/.cache/.../test.jsonl"]}})

Whoever wrote the task file may have made the dataset too. So `datasets` never sees it: evalkit reads the dataset's page
(which files are which split, the kinds of columns), fetches those files and looks at each as at a file that lies beside
the task file. Which names mean which split is decided by `datasets`' own rules, over a folder of empty files that have
the dataset's names. Without a network, what was fetched before is taken.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from evalkit.bridges.lm_eval.bounded_yaml import bounded_loader, too_large
from evalkit.bridges.lm_eval.files import BUILDERS, check_file, odd_column, refuse_pattern_signs, too_wide
from evalkit.bridges.lm_eval.options import plain_options
from evalkit.errors import SuiteError
from evalkit.paths import find
from evalkit.suite.hugging_face import cache_folder, fetch, files_of, is_pinned

_PAGE, _OWN_PAGE = "README.md", ".huggingface.yaml"
_LARGEST_PAGE, _MOST_VALUES = 8_000_000, 1_000_000
"""Bytes and values: pages of data sets with a thousand parts have a tenth."""
_FRONT = re.compile(r"\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)
_MOST_FILES = 20_000
_ABOUT = frozenset({"config_name", "data_files", "data_dir", "default", "version", "description", "features"})
"""What a part's entry in the page says besides options of the reader."""
_SHARD = re.compile(r"(.*-)(\d{5})-of-(\d{5})(.*)")


def from_hub(repo: str, part: str | None, given: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """The reader and its arguments, `data_files` among them, with every file fetched and looked at.

    `part` is the `dataset_name` of the task file. Raises SuiteError for what is not there or is not read.
    """
    revision = str(given.get("revision") or "main")
    there = files_of(repo, revision)
    page = _page(repo, there.names, there.commit)
    said = _part(repo, page, part)
    folder = str(given.get("data_dir") or said.get("data_dir") or "")
    reader, options, named = _splits(repo, there.names, folder, given.get("data_files") or said.get("data_files"))
    if there.is_offline:
        _refuse_missing_shards(repo, named)
    options |= {key: value for key, value in said.items() if key not in _ABOUT}
    made = plain_options(options, reader, f"the page of the dataset {repo!r}")
    if features := _features(repo, page, said):
        made["features"] = features
    files = {split: [_fetched(repo, name, there.commit, reader) for name in names] for split, names in named.items()}
    if not there.is_offline and not is_pinned(revision):
        fetch(repo, next(iter(named.values()))[0], revision)  # the cache notes which commit the name means
    arguments = {key: value for key, value in given.items() if key not in {"data_files", "data_dir", "revision"}}
    return reader, {**made, **arguments, "data_files": files}


def _fetched(repo: str, name: str, commit: str, reader: str) -> str:
    path = fetch(repo, name, commit)
    label = f"{repo}/{name}"
    refuse_pattern_signs(str(path), label)
    kept = cache_folder()
    check_file(find(str(path), kept, label=label), reader, label)
    return str(path)


def _page(repo: str, names: Iterable[str], commit: str) -> Mapping[str, Any]:
    """What the page says between its two lines of dashes."""
    import yaml

    if _OWN_PAGE in names:
        raise SuiteError(f"the dataset {repo!r} of the hub has a {_OWN_PAGE}, which evalkit does not read")
    if _PAGE not in names:
        return {}
    page = find(str(fetch(repo, _PAGE, commit)), cache_folder(), label=f"{repo}/{_PAGE}")
    try:
        front = _FRONT.match(page.read(_LARGEST_PAGE).decode("utf-8"))
        said = yaml.load(front[1], Loader=bounded_loader()) if front else None
    except SuiteError:
        raise
    except Exception as error:  # as for task files: a date or a number by its tag that is none, and more
        raise SuiteError(f"the page of the dataset {repo!r} cannot be read: {str(error)[:300]}") from error
    if why := too_large(said, most=_MOST_VALUES):
        raise SuiteError(f"the page of the dataset {repo!r} {why}")
    return said if isinstance(said, dict) else {}


def _part(repo: str, page: Mapping[str, Any], wanted: str | None) -> Mapping[str, Any]:
    """The entry of the part that is asked for; {} where the page names none."""
    listed = page.get("configs") or []
    found = [one for one in listed if isinstance(one, dict) and isinstance(one.get("config_name"), str)]
    if len(found) != len(listed):
        raise SuiteError(f"the page of the dataset {repo!r} has a part (configs) without a config_name")
    by_name = {one["config_name"]: one for one in found}
    if not by_name and wanted in {None, "default"}:
        return {}
    if wanted is None:
        chosen = [one for one in found if one.get("default")] or [one for one in found if len(found) == 1]
        wanted = chosen[0]["config_name"] if chosen else "default"
    if wanted not in by_name:
        known = ", ".join(list(by_name)[:20]) or "no parts"
        raise SuiteError(f"the dataset {repo!r} has no part {wanted!r} (dataset_name), only {known}"[:1_000])
    part: Mapping[str, Any] = by_name[wanted]
    return part


def _splits(
    repo: str, names: list[str], folder: str, written: object
) -> tuple[str, dict[str, object], dict[str, list[str]]]:
    """The reader, options that the files' endings mean, and the names of the files of each split."""
    from datasets.data_files import DataFilesDict, get_data_patterns, sanitize_patterns
    from datasets.load import infer_module_for_data_files
    from datasets.packaged_modules import _ALL_ALLOWED_EXTENSIONS, _MODULE_TO_EXTENSIONS

    for text in (folder, *_texts(written)):
        _refuse_elsewhere(repo, text)
    if len(names) > _MOST_FILES:
        raise SuiteError(
            f"the dataset {repo!r} has {len(names):,} files, and at most {_MOST_FILES:,} are looked through"
        )
    with tempfile.TemporaryDirectory(prefix="evalkit-hub-") as place:
        root = Path(place).resolve()
        for name in names:
            _put(root, name)
        base = root / folder
        try:
            patterns = sanitize_patterns(written) if written else get_data_patterns(str(base))
            found = DataFilesDict.from_patterns(
                patterns, base_path=str(base), allowed_extensions=_ALL_ALLOWED_EXTENSIONS
            )
            if packed := next((one for one in _texts(found) if one.lower().endswith((".zip", ".tar"))), None):
                raise SuiteError(
                    f"{repo}/{Path(packed).relative_to(root)} is packed; without trust, data is read from files that "
                    "are not"
                )
            reader, options = infer_module_for_data_files(found, path=repo)
            found = found.filter(extensions=_MODULE_TO_EXTENSIONS.get(reader, []))
        except (OSError, ValueError, TypeError) as error:
            said = str(error).replace(f"{root}/", "").replace(str(root), repo)
            raise SuiteError(f"the dataset {repo!r} has no data that can be read: {said[:300]}") from error
        if reader not in BUILDERS:
            raise SuiteError(
                f"the dataset {repo!r} is read by {reader!r}, which is none of datasets' readers of plain data "
                f"({', '.join(sorted(BUILDERS))})"
            )
        named = {str(key): [Path(one).relative_to(root).as_posix() for one in files] for key, files in found.items()}
    return reader, dict(options), {split: files for split, files in named.items() if files}


def _put(root: Path, name: str) -> None:
    """An empty file of this name."""
    steps = PurePosixPath(name).parts
    if not steps or name.startswith("/") or ".." in steps or "\\" in name or "\0" in name:
        return
    path = root.joinpath(*steps)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return  # no name of a file here, so that it could not be fetched either


def _refuse_elsewhere(repo: str, written: str) -> None:
    if written.startswith(("/", "~")) or "\\" in written or ":" in written or ".." in PurePosixPath(written).parts:
        raise SuiteError(
            f"the dataset {repo!r} of the hub names {written[:200]!r} as its data, which is none of its own files"
        )


def _refuse_missing_shards(repo: str, named: Mapping[str, list[str]]) -> None:
    every = {name for names in named.values() for name in names}
    for name in sorted(every):
        if match := _SHARD.fullmatch(name):
            begin, _, n, end = match.groups()
            for number in range(int(n)):
                if (other := f"{begin}{number:05}-of-{n}{end}") not in every:
                    raise SuiteError(
                        f"{repo}/{other} is not on this machine and the hub cannot be reached; run once with a network"
                    )


def _features(repo: str, page: Mapping[str, Any], said: Mapping[str, Any]) -> Any:
    """The kinds of the columns, as the page says them; None where it says none."""
    written = said.get("features")
    infos = page.get("dataset_info")
    for info in infos if isinstance(infos, list) else [infos]:
        if written is None and isinstance(info, dict):
            name = info.get("config_name", "default")
            if name == said.get("config_name", "default"):
                written = info.get("features")
    if not isinstance(written, list) or not written:
        return None
    from datasets import Features

    try:
        made = Features._from_yaml_list(written)
        other = odd_column(made.to_dict()) or too_wide(made.arrow_schema)
    except Exception as error:  # whatever a page says
        raise SuiteError(
            f"the page of the dataset {repo!r} describes columns that cannot be: {str(error)[:200]}"
        ) from error
    if other:
        raise SuiteError(f"the page of the dataset {repo!r} {other}")
    return made


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
