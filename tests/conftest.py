"""What every test stands on: no network beyond loopback, no credentials, a home and a cache of its own."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import re
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Byte code is kept whatever the machine's setting: some hundred tests start evalkit in a process of its own, and pytest
# rewrites the assertions of every file, which else happens anew in each worker and each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

REPO = Path(__file__).parent.parent
_SHARED = Path(os.environ.get("EVALKIT_TEST_DATA", REPO.parent / "shared" / "data"))

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _guard(address: Any) -> None:
    if isinstance(address, tuple) and str(address[0]) not in {"127.0.0.1", "::1", "localhost"}:
        raise AssertionError(f"a test tried to reach {address[0]}: only loopback is allowed")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _guard(address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _guard(address)
    return _connect_ex(self, address)


def _told_to_the_disk(fd: Any) -> None:
    """No test cuts the machine's power: what a process wrote is seen by the next one without waiting for the disk."""
    os.fstat(fd)  # a closed file is an error all the same


with contextlib.suppress(ImportError):
    from hypothesis import HealthCheck, settings

    # A machine that is busy with other work draws slowly, and the first draw imports: neither is a finding.
    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")

os.fsync = _told_to_the_disk
socket.socket.connect = _guarded_connect  # type: ignore[method-assign]
socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign]


def pytest_collection(session: pytest.Session) -> None:
    """Each worker first imports a share of the files, and finds the byte code of the others' shares after.

    Without byte code (a fresh clone) every worker would rewrite the assertions of all files: half of what collecting
    them costs.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return  # one process, or a few files that were named
    # What is collected stays: the garbage collector would look at 14,000 tests again and again. It starts anew below.
    gc.disable()
    mine = int(worker["workerid"].removeprefix("gw"))
    for path in sorted(REPO.glob("tests/**/test_*.py"))[mine :: worker["workercount"]]:
        # What cannot be imported is reported, or skipped, where it is collected.
        with contextlib.suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(path.relative_to(REPO).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector need not look at it again and again.

    It also looks less often: a twelfth of the CPU of ordinary tests went into it.
    """
    from tests import drawing

    drawing.share()
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)
    gc.enable()


_NOT_LONG = " and not long"


def pytest_configure(config: pytest.Config) -> None:
    """Whoever names single tests (`FILE::TEST`) gets those, long or not."""
    if config.option.markexpr.endswith(_NOT_LONG) and config.args and all("::" in arg for arg in config.args):
        config.option.markexpr = config.option.markexpr.removesuffix(_NOT_LONG)


_QUICK_CASES: Counter[str] = Counter()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Of a test that is `long(but=N)` the first N cases are quick: its promise is tested each time, all of it in CI."""
    mark = item.get_closest_marker("long")
    if mark is None or not (n_quick := mark.kwargs.get("but", 0)):
        return
    function = item.nodeid.partition("[")[0]
    _QUICK_CASES[function] += 1
    if _QUICK_CASES[function] <= n_quick:
        item.own_markers[:] = [one for one in item.own_markers if one.name != "long"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each worker gets a half of the files and steals of the other's at the end: what a file shares is made once."""
    if config.getvalue("dist") != "load":  # somebody asked for another order
        return None
    from xdist.scheduler import WorkStealingScheduling  # type: ignore[import-untyped]

    return WorkStealingScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One worker more than processors, on small machines: a third of the time a worker waits for what it started."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1 if 1 < cores <= 4 else None


_WORLDS = count()
_NOT_OURS = re.compile(r"EVALKIT_(?!TEST_DATA$)|.*(_API_KEY|_AUTH_TOKEN|_TOKEN_BEDROCK|_BASE_URL)$")


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No key of the machine's, no cache and no results shared between tests, no key of one test cut out in another."""
    for name in filter(_NOT_OURS.match, list(os.environ)):
        monkeypatch.delenv(name)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):  # a gate under test is not this job's gate
        monkeypatch.delenv(name, raising=False)
    base = tmp_path_factory.getbasetemp()
    # A test is a person who lets suites read the temporary folders and the shared data; tests of paths take it back.
    roots = [str(base), str(_SHARED)] if _SHARED.is_dir() else [str(base)]
    monkeypatch.setenv("EVALKIT_DATA_ROOTS", os.pathsep.join(roots))
    # Not made here: most tests need none of it.
    world = base / f"world{next(_WORLDS)}"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(world / "config"))
    monkeypatch.setenv("EVALKIT_CACHE", str(world / "cache"))
    monkeypatch.setenv("EVALKIT_RESULTS", str(world / "results"))
    from evalkit.text import secrets  # not above: its byte code is to be kept as well

    earlier = dict(secrets._known)  # those of a server that a whole file shares
    yield
    secrets._known.clear()
    secrets._known.update(earlier)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real benchmark items and real model outputs; tests that need them skip where they are absent."""
    if not _SHARED.is_dir():
        pytest.skip(f"no shared data at {_SHARED} (EVALKIT_TEST_DATA)")
    return _SHARED
