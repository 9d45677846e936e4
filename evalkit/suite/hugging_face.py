"""A file of a Hugging Face dataset at a pinned revision, as a path on this machine.

The library's own cache is used, so a second run needs no network, and `HF_HUB_OFFLINE=1` is respected. A branch name
is refused: it moves, and the same suite would ask other questions tomorrow.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from evalkit.errors import MissingPackage, SuiteError
from evalkit.frozen import dataclass

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9_][\w./+-]{0,200}", re.ASCII)
_ANSWER_S = 30
"""Seconds in which the hub answers."""


def cache_folder() -> Path:
    """Where the hub's library keeps what it fetched. Raises UserError as `library_folders.hub_cache`."""
    from evalkit.library_folders import hub_cache

    return hub_cache()


def is_pinned(revision: str | None) -> bool:
    """Whether this names one commit for ever: 40 hex digits."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def fetch(repo: str, file: str, revision: str) -> Path:
    """The local copy of a dataset's file, downloaded at most once.

    Raises SuiteError for names that would leave the cache or be hidden in it, where there is no such dataset, revision
    or file, or it cannot be reached; MissingPackage without huggingface_hub; UserError as `cache_folder`.
    """
    _refuse_names(repo, revision)
    steps = PurePosixPath(file).parts
    if not steps or ".." in steps or file.startswith("/") or "\\" in file or "\0" in file:
        raise SuiteError(
            f"file: {file!r} is no file of a dataset; write it as the dataset's page does, data/test.jsonl"
        )
    if any(step.startswith(".") for step in steps):
        raise SuiteError(f"file: {file!r} is hidden (its name starts with a dot), and a suite cannot read such files")
    try:
        from huggingface_hub import errors as hub
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise MissingPackage("data from the Hugging Face hub needs a package: pip install huggingface_hub") from error

    name = f"{repo}/{file} at {revision[:12]}"
    kept = cache_folder()
    try:
        with _refusing(name):
            return Path(hf_hub_download(repo, file, repo_type="dataset", revision=revision, cache_dir=kept))
    except hub.LocalEntryNotFoundError as error:
        raise SuiteError(
            f"{name} is not on this machine and the Hugging Face hub cannot be reached (offline, or HF_HUB_OFFLINE is "
            f"set). Fetch it once where there is a network: hf download --repo-type dataset {repo} {file} "
            f"--revision {revision}; or use your own copy: data: {{path: FILE}}"
        ) from error
    except (hub.HfHubHTTPError, hub.HFValidationError, OSError) as error:
        raise SuiteError(f"{name} could not be fetched: {str(error).splitlines()[0]}") from error


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a dataset at one commit."""

    commit: str
    names: list[str]
    is_offline: bool
    """Whether the hub was not reached, so that these are the files that were fetched before."""


def files_of(repo: str, revision: str) -> Listing:
    """What files a dataset of the hub has. Raises as `fetch`."""
    _refuse_names(repo, revision)
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise MissingPackage("data from the Hugging Face hub needs a package: pip install huggingface_hub") from error
    name = f"{repo} at {revision[:12]}"
    kept = cache_folder()
    try:
        with _refusing(name):
            about = HfApi().dataset_info(repo, revision=revision, timeout=_ANSWER_S)
        return Listing(str(about.sha), [one.rfilename for one in about.siblings or ()], is_offline=False)
    except SuiteError:
        raise
    except Exception as error:  # whatever its client raises where nobody answers: each version has its own
        found = _kept_files(repo, revision, kept)
        if found is None:
            raise SuiteError(
                f"{name} is not on this machine and the Hugging Face hub cannot be reached "
                f"({(str(error) or type(error).__name__).splitlines()[0][:200]}). Run once with a network (and without "
                "HF_HUB_OFFLINE); afterwards it is read from the cache"
            ) from error
        return found


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """While the hub is asked for `name`: what it says of a dataset that is not to be had is a SuiteError."""
    from huggingface_hub import errors as hub

    try:
        yield
    except hub.LocalEntryNotFoundError:  # a kind of EntryNotFoundError, which says that the hub was not reached
        raise
    except hub.GatedRepoError as error:
        raise SuiteError(
            f"{name}: the dataset asks for terms to be accepted; do so on its page, then: hf auth login"
        ) from error
    except hub.RevisionNotFoundError as error:
        raise SuiteError(f"{name}: the dataset has no such revision") from error
    except hub.EntryNotFoundError as error:
        raise SuiteError(f"{name}: the dataset has no such file at this revision") from error
    except hub.RepositoryNotFoundError as error:
        raise SuiteError(f"{name}: there is no such dataset, or it is private: hf auth login") from error


def _kept_files(repo: str, revision: str, kept: Path) -> Listing | None:
    """What the cache has of a dataset."""
    from huggingface_hub import errors as hub
    from huggingface_hub import snapshot_download

    try:
        folder = Path(
            snapshot_download(repo, repo_type="dataset", revision=revision, cache_dir=kept, local_files_only=True)
        )
    except (hub.LocalEntryNotFoundError, hub.HFValidationError, OSError, ValueError):
        return None
    names = [
        Path(place, name).relative_to(folder).as_posix()
        for place, _, found in os.walk(folder)
        for name in sorted(found)
    ]
    return Listing(folder.name, names, is_offline=True)


def _refuse_names(repo: str, revision: str) -> None:
    """A revision becomes the name of a file in the cache."""
    if not _REPO.fullmatch(repo) or ".." in repo:
        raise SuiteError(f"hub: {repo!r} is no name of a dataset; write it like org/name")
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise SuiteError(
            f"revision: {revision[:200]!r} is no revision of a dataset; write a commit, or a branch's name"
        )
