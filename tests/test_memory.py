"""One large document and the memory that is left: a sentence, before the kernel ends the process without a word."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from evalkit import child, memory
from evalkit.reading import OddFile
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 8 GB with 6 GB left, and a place for its control group."""
    place = tmp_path / "cgroup"
    (place / "memory").mkdir(parents=True)
    (tmp_path / "meminfo").write_text(f"MemTotal: {8 << 20} kB\nMemAvailable:   {6 << 20} kB\n")
    monkeypatch.setattr(memory, "_MACHINE", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_PLACE", place)
    return place


def test_what_is_left_is_what_machine_and_control_group_leave(machine: Path) -> None:
    assert memory.memory_left() == 6 << 30
    (machine / "memory.max").write_text("max\n")
    (machine / "memory.current").write_text("7\n")
    assert memory.memory_left() == 6 << 30
    (machine / "memory.max").write_text(f"{2 << 30}\n")
    (machine / "memory.current").write_text(f"{1 << 30}\n")
    (machine / "memory.stat").write_text(f"anon 5\ninactive_file {1 << 29}\n")
    assert (memory.memory_left(), memory.memory_bytes()) == (3 << 29, 2 << 30)
    old = {"limit_in_bytes": 1 << 30, "usage_in_bytes": 1 << 29, "stat": "total_inactive_file 0"}
    for name, said in old.items():
        (machine / "memory" / f"memory.{name}").write_text(f"{said}\n")
    assert memory.memory_left() == 1 << 29
    (machine.parent / "meminfo").unlink()
    for path in [*machine.glob("memory.*"), *machine.glob("*/memory.*")]:
        path.unlink()
    assert memory.memory_left() == 2**63, "unknown is no bound"


def test_a_document_for_which_there_is_no_memory_is_refused_before_it_is_read(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, machine: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(memory, "_LARGE", 1_000)
    (tmp_path / "meminfo").write_text("MemAvailable: 5 kB\n")
    line = json.dumps({"name": "span", "attributes": {"x": "y" * 2_000}})
    (tmp_path / "r.json").write_text('{"benchmarks": [],\n' + line[1:])
    for command in (("guidellm", "r.json"), ("inspect", "r.json"), ("promptfoo", "r.json"), ("traces", "r.json")):
        out = ("--out", "out") if command[0] == "traces" else ("--results", "results")
        ran = evalkit(capsys, "import", *command, *out)
        assert ran.code == 2 and "r.json" in ran.err and "0.0 GB of memory are left" in ran.err, (command, ran.err)
    memory.refuse_beyond(1_000, times=10**9)
    with pytest.raises(OddFile, match=r"it has 0 MB, which take some 0.0 GB once they are read"):
        memory.refuse_beyond(1_001, times=8)


_WITHIN = """
import json, resource, sys
from evalkit import memory
from evalkit.bridges.external_json import parse
from evalkit.errors import UserError
memory._LARGE, memory.memory_left = 1_000, lambda: int(sys.argv[1])
before = resource.getrlimit(resource.RLIMIT_DATA)
try:
    print(len(parse(b"[" + b'"a text",' * 800_000 + b"1]")))
except UserError as error:
    print(error)
assert resource.getrlimit(resource.RLIMIT_DATA) == before
"""


@pytest.mark.parametrize(("left", "said"), [(10**9, "800001"), (8 * 10**6, "a JSON text of 7 MB takes more memory")])
def test_a_document_that_takes_more_than_is_left_is_a_sentence(left: int, said: str) -> None:
    """In a process with one thread; its limit is what it was afterwards."""
    ran = child.run([sys.executable, "-c", _WITHIN, str(left)], timeout_s=60, show_errors=True)
    assert ran.code == 0 and ran.out.decode().startswith(said), ran


def test_a_command_without_memory_ends_in_a_sentence(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("evalkit.store.runs.list_runs", full)
    ran = evalkit(capsys, "list", "--results", tmp_path)
    assert ran.code == 2 and "there is not enough memory for this here" in ran.err, ran.err
    assert os.linesep * 2 not in ran.err
