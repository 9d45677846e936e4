"""Which data a task file of a user may have lm-eval read: files inside the allowed folders, or of a dataset of the hub.

    dataset_path: json
    dataset_kwargs: {data_files: {test: questions.jsonl}}     # beside the task file, or in the suite's folder

lm-eval hands these to the library `datasets`, which also takes absolute paths, patterns, addresses and archives. What
reaches it from here is the true path of an ordinary file, or the name of a file in a dataset of the hub.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from evalkit.bridges.lm_eval.files import BUILDERS, check_file, refuse_pattern_signs
from evalkit.errors import SuiteError
from evalkit.paths import Inside, find

_KEYS = frozenset(
    """
    data_files data_dir split revision trust_remote_code streaming field delimiter sep encoding names column_names
    header skiprows quotechar columns sample_by keep_linebreaks keep_in_memory num_proc verification_mode
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)


def confined(kwargs: Mapping[str, object], builder: object, beside: Path, suite: Path) -> dict[str, object]:
    """`dataset_kwargs` with true paths. `beside` is the task file's folder, `suite` the suite's.

    Raises SuiteError for a path outside the allowed folders, and for a key that may read or send anything else.
    """
    if wrong := sorted(str(key) for key in set(kwargs) - _KEYS):
        raise SuiteError(f"dataset_kwargs: {', '.join(wrong)} cannot be set by a task file that is not trusted")
    local = isinstance(builder, str) and builder in BUILDERS
    if local and ("data_files" not in kwargs or "data_dir" in kwargs):
        raise SuiteError(f"dataset_kwargs: the builder {builder} needs data_files, and no data_dir")
    made = {
        key: _paths(value, beside, suite, local=local) if key in {"data_files", "data_dir"} else value
        for key, value in kwargs.items()
        # The first is nobody's word but the person's, and shipped tasks write it though they need it not. The second
        # starts processes.
        if key not in {"trust_remote_code", "num_proc"}
    }
    if local:
        for path in _each(made["data_files"]):
            label = f"data_files: {Path(path).name}"
            refuse_pattern_signs(path, label)
            check_file(find(path, beside, label=label, also=(suite,)), str(builder), label)
    return made


def refuse_links_out(folder: Inside) -> None:
    """Raises SuiteError where a file or folder below this one is a link out of the allowed folders: lm-eval opens them
    itself."""
    for place, folders, names in os.walk(folder.real):
        for name in (*folders, *names):
            if os.path.islink(os.path.join(place, name)):  # noqa: PTH114, PTH118  # thousands of files
                inner = os.path.relpath(os.path.join(place, name), folder.real)  # noqa: PTH118
                _ = folder / inner


def _paths(value: object, beside: Path, suite: Path, *, local: bool) -> Any:
    if isinstance(value, Mapping):
        return {key: _paths(inner, beside, suite, local=local) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        made = [_paths(inner, beside, suite, local=local) for inner in value]
        return [one for inner in made for one in (inner if isinstance(inner, list) else [inner])]
    written = str(value)
    if "::" in written or ":/" in written:
        raise SuiteError(f"data_files: {written!r} is an address; a task file that is not trusted names files")
    if local:
        return _local(written, beside, suite)
    if written.startswith(("/", "~")) or ".." in PurePosixPath(written).parts or "\\" in written:
        raise SuiteError(f"data_files: {written!r} leaves the dataset of the hub; write it like data/test.jsonl")
    return written


def _each(value: object) -> Iterator[str]:
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        yield from _each(inner)
    if isinstance(value, str):
        yield value


def _local(written: str, beside: Path, suite: Path) -> str | list[str]:
    """The true path, or those of a pattern in the last part of the path.

    Looked for beside the task file, then in the suite's folder, then where the person stands, as lm-eval does.
    """
    label = f"data_files: {written}"
    if found := _at(str(beside / written), beside, suite, label):  # refused where it leads out of here
        return found
    for base in (suite.absolute(), Path.cwd()):
        with suppress(SuiteError):  # where the person stands may be outside
            if found := _at(str(base / written), beside, suite, label):
                return found
    raise SuiteError(f"{label}: there is no such file beside the task file")


def _at(path: str, beside: Path, suite: Path, label: str) -> str | list[str] | None:
    found = find(path, beside, label=label, also=(suite,))
    if found.is_file():
        return str(found.real)
    outer, _, pattern = path.rpartition("/")
    if any(sign in pattern for sign in "*?["):
        folder = find(outer, beside, label=label, also=(suite,))
        return [str(one.real) for one in folder.members(pattern)]
    return None


def includes_outside(config: Mapping[str, object], beside: Path, allowed: tuple[Path, ...]) -> Iterator[str]:
    """Complaints about the task files that this one includes from outside the allowed folders."""
    includes = config.get("include")
    for included in [includes] if isinstance(includes, str) else includes if isinstance(includes, list) else []:
        try:
            find(str(included), beside, label=f"include: {included}", also=allowed)
        except SuiteError as error:
            yield from error.complaints
