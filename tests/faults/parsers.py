"""Seeded fuzz of everything that evalkit reads besides replies: streams, suites, templates, data, logs of other tools,
addresses, journals and facts of a run. What is no error of ours with a sentence is a fault, and so is what takes long.

    uv run python -m tests.faults.parsers 20000 --seed 1     # every kind in turn; exit 1 on a fault
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.adapters.sse import EventReader
from evalkit.addresses import BadAddress, is_loopback, read_address
from evalkit.cli import run_command
from evalkit.errors import EvalkitError
from evalkit.records import Outcome, Row
from evalkit.store import journal, runs, sealing, summary
from evalkit.store.row_codec import to_line
from evalkit.suite.datasets import open_data
from evalkit.suite.templates import BadTemplate, Expression, Template
from tests.faults.inputs import EVENTS, ITEMS, JINJA, MARKS, PAYLOADS, SUITE, TEMPLATES, URLS
from tests.faults.mutators import mutated, mutated_bytes, mutated_text, odd_text
from tests.test_import_export import INSPECT, generated, inspect_sample, weighed

CHEAP = {"sse": 20, "addresses": 20, "templates": 10, "data": 5, "journals": 2}
"""How many inputs of a kind come for one of the others, which take tens of milliseconds."""
SLOW_S = 15.0
"""What takes longer is a fault: templates may take three seconds, everything else reads a few kilobytes."""


@dataclass(frozen=True, slots=True)
class World:
    """A folder with what the inputs need: data beside the suite, and a finished run."""

    folder: Path
    run: Path


Try = Callable[[random.Random, World], str]
"""Makes one input and gives it to its reader; gives what became of it in a word. Raises what escapes."""


def sse(draw: random.Random, world: World) -> str:
    """A stream reads alike however it is cut."""
    stream = mutated_bytes(EVENTS, draw, [b"\r", b"\n", b"data:", b"event: error\n", b"error:", b":", b"\xff"])
    whole, cut = EventReader(), EventReader()
    expected = whole.feed(stream) + whole.close()
    found: list[bytes] = []
    at = 0
    while at < len(stream):
        step = draw.choice([1, 1, 2, 7, 50])
        found += cut.feed(stream[at : at + step])
        at += step
    found += cut.close()
    if found != expected:
        raise AssertionError(f"{stream!r} reads otherwise when it is cut")
    return "read"


def suites(draw: random.Random, world: World) -> str:
    """A suite with odd values, or odd text, is checked."""
    if draw.random() < 0.6:
        text = json.dumps(mutated(SUITE, draw), indent=1).encode("utf-8", "backslashreplace")
    else:
        text = mutated_bytes(
            _yaml(SUITE), draw, [b"- ", b": ", b"&a ", b"*a", b"!!", b"|\n", b"{", b"? ", b"<<: *a", b"\t", b"---\n"]
        )
    (world.folder / "suite.yaml").write_bytes(text)
    return command("check", str(world.folder / "suite.yaml"))


def templates(draw: random.Random, world: World) -> str:
    """A template compiles and renders, or says why not."""
    source = mutated_text(draw.choice(TEMPLATES), draw, JINJA)
    record = (mutated(ITEMS[0], draw) or {}) if draw.random() < 0.5 else ITEMS[0]
    values = {**record, "d": {"items": 1}}
    values |= {"row": dict(values), "record": dict(values)}
    try:
        if draw.random() < 0.7:
            Template(source, "prompt").render(values)
        else:
            Expression(mutated_text("{{ choices }}", draw, JINJA), "choices").value(values)
    except BadTemplate:
        return "refused"
    return "read"


def data(draw: random.Random, world: World) -> str:
    """A file of records is read, or a complaint says where it is broken."""
    name = draw.choice(["items.jsonl", "items.csv", "items.parquet", "items.parquet", "items.jsonl.gz"])
    path = world.folder / f"odd-{name}"
    path.write_bytes(mutated_bytes((world.folder / name).read_bytes(), draw))
    try:
        for _ in open_data(path.name, world.folder).records():
            pass
    except EvalkitError:
        return "refused"
    return "read"


def lm_eval(draw: random.Random, world: World) -> str:
    """Samples and results of lm-eval."""
    out = fresh(world.folder / "lm-eval")
    rows = mutated(
        [weighed(n, 1.0) for n in range(2)] if draw.random() < 0.5 else [generated(n, "f", 1.0) for n in range(2)], draw
    )
    text = "".join(json.dumps(row) + "\n" for row in rows) if isinstance(rows, list) else json.dumps(rows)
    results = mutated(
        {"versions": {"arc": 1.0}, "model_name": "a/b", "n-shot": {"arc": 0}, "configs": {"arc": {"task": "arc"}}}, draw
    )
    when = "2026-11-20T10-30-00.1"
    (out / f"samples_arc_{when}.jsonl").write_bytes(odd_text(text, draw))
    (out / f"results_{when}.json").write_bytes(odd_text(json.dumps(results), draw))
    return command("import", "lm-eval", str(out), "--results", str(fresh(world.folder / "imported")))


def inspect(draw: random.Random, world: World) -> str:
    """Logs of Inspect, as JSON and as zip."""
    samples = mutated([inspect_sample(1, "C"), inspect_sample(2, 0.5), inspect_sample(3, {"a": 1})], draw)
    log = mutated({**INSPECT, "samples": samples}, draw)
    if draw.random() < 0.5:
        path = world.folder / "log.json"
        path.write_bytes(odd_text(json.dumps(log), draw))
    else:
        path, packed = world.folder / "log.eval", io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            head = {k: v for k, v in log.items() if k != "samples"} if isinstance(log, dict) else log
            file.writestr("header.json", json.dumps(head))
            for n, sample in enumerate(samples if isinstance(samples, list) else [samples]):
                file.writestr(f"samples/{n}_epoch_1.json", json.dumps(sample))
        path.write_bytes(mutated_bytes(packed.getvalue(), draw) if draw.random() < 0.4 else packed.getvalue())
    return command("import", "inspect", str(path), "--results", str(fresh(world.folder / "imported")))


def guidellm(draw: random.Random, world: World) -> str:
    """Reports of GuideLLM."""
    report = json.loads((PAYLOADS / draw.choice(["guidellm-0.8.1.json", "guidellm-0.5.4.json"])).read_text("utf-8"))
    path = world.folder / "report.json"
    path.write_bytes(odd_text(json.dumps(mutated(report, draw)), draw))
    return command("import", "guidellm", str(path), "--results", str(fresh(world.folder / "imported")))


def addresses(draw: random.Random, world: World) -> str:
    """An address has one reading, or is refused; what is taken for loopback is."""
    url = mutated_text(draw.choice(URLS), draw, MARKS)
    try:
        address = read_address(url)
    except BadAddress:
        return "refused"
    if not address.host.isascii() or set(address.host) & set("/\\@#? \t\n%"):
        raise AssertionError(f"{url!r} has the host {address.host!r}")
    if is_loopback(address.host) and address.host not in ("localhost", "::1") and not address.host.startswith("127."):
        raise AssertionError(f"{url!r} is taken for loopback: {address.host!r}")
    return "read"


def journals(draw: random.Random, world: World) -> str:
    """A journal that was torn or edited is recovered, read and sealed: what is whole stays."""
    folder = fresh(world.folder / "journaled")
    rows = [
        Row("t", f"i{n}", f"{n:064x}", "0" * 64, 0, "m", 0, Outcome.RIGHT, 1.0, started_at=1.0, text="B", attempts=2)
        for n in range(4)
    ]
    lines = b"".join(to_line(row) for row in rows)
    if draw.random() < 0.5:
        records = mutated([json.loads(to_line(row)) for row in rows], draw)
        lines = b"".join(
            json.dumps(record).encode() + b"\n" for record in (records if isinstance(records, list) else [records])
        )
    shutil.copy(world.run / runs.FACTS, folder / runs.FACTS)
    (folder / "journal-1.jsonl").write_bytes(mutated_bytes(lines, draw) if draw.random() < 0.5 else lines)
    try:
        journal.recover(folder)
        list(sealing.rows_of(folder))
        sealing.seal(folder)
        summary.write_summary(folder)
        list(sealing.rows_of(folder))
    except EvalkitError:
        return "refused"
    return "read"


def facts(draw: random.Random, world: World) -> str:
    """Any command reads a run whose run.json, summary or parts are not what evalkit wrote."""
    results = fresh(world.folder / "results")
    folder = results / "r"
    shutil.copytree(world.run, folder)
    if draw.random() < 0.7:
        told = json.loads((folder / runs.FACTS).read_bytes())
        told.pop(runs.CHECKSUM, None)
        (folder / runs.FACTS).write_bytes(odd_text(json.dumps(mutated(told, draw)), draw))
    else:
        path = draw.choice(sorted(path for path in folder.iterdir() if path.is_file()))
        path.write_bytes(mutated_bytes(path.read_bytes(), draw))
    words = draw.choice(["list", "show", "show --json", "price", "report", "compare"]).split()
    if words[0] == "list":
        return command("list", "--results", str(results))
    if words[0] == "compare":
        return command("compare", f"{folder}:m", f"{folder}:n", "--results", str(results))
    if words[0] == "report":
        return command("report", str(folder), "--results", str(results), "--html", str(world.folder / "report.html"))
    return command(words[0], str(folder), "--results", str(results), *words[1:])


KINDS: Mapping[str, Try] = {
    one.__name__: one for one in (sse, suites, templates, data, lm_eval, inspect, guidellm, addresses, journals, facts)
}


def command(*args: str) -> str:
    """What a command makes of its input; raises what would have been a traceback."""
    said = io.StringIO()
    runs.unvouched.clear()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        code = run_command(list(args))
    if code == 70 or "Traceback" in said.getvalue():
        raise AssertionError(f"exit {code}: {said.getvalue()[-1_500:]}")
    return {0: "read", 2: "refused"}.get(code, f"exit {code}")


def fresh(folder: Path) -> Path:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def make_world(folder: Path) -> World:
    """Data in every format, and a run of two scripted models."""
    import gzip

    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = "".join(json.dumps(item) + "\n" for item in ITEMS)
    (folder / "items.jsonl").write_text(lines, "utf-8")
    shot = {"id": "z", "q": "Z?", "choices": ["u", "v"], "answer": 1, "k": "z"}
    (folder / "shots.jsonl").write_text(json.dumps(shot), "utf-8")
    (folder / "items.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "items.csv").write_text('id,q,choices,answer,k\nz,Q?,"[""x"", ""y""]",1,a\n', "utf-8")
    pq.write_table(pa.Table.from_pylist(ITEMS), folder / "items.parquet")
    task = {"name": "t", "data": "items.jsonl", "prompt": "{{ q }}", "target": "{{ k }}", "score": "exact"}
    models = {name: {"adapter": "scripted", "replies": {"*": said}} for name, said in (("m", "a"), ("n", "b"))}
    suite = {"name": "s", "models": models, "tasks": [task], "gate": SUITE["gate"]}
    (folder / "run.yaml").write_text(json.dumps(suite), "utf-8")
    said = command("run", str(folder / "run.yaml"), "--results", str(folder / "made"), "--no-cache")
    made = [path for path in (folder / "made").iterdir() if (path / runs.FACTS).is_file()] if said == "read" else []
    if not made:
        raise AssertionError(f"the run to start from was not made: {said}")
    return World(folder, made[0])


def fuzz(
    n: int, seed: int, *, seconds: float = 600.0, kinds: tuple[str, ...] = tuple(KINDS)
) -> tuple[Counter[str], dict[str, str]]:
    """(how many inputs of each kind ended how, each kind of fault with the place of the input that made it).

    Input `number` of a kind depends on the seed, the kind and the number alone.
    """
    seen: Counter[str] = Counter()
    faults: dict[str, str] = {}
    turns = [kind for kind in kinds for _ in range(CHEAP.get(kind, 1))]
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as made, environment():
        world = make_world(Path(made))
        for number in range(n):
            if time.monotonic() > until:
                break
            kind = turns[number % len(turns)]
            began = time.monotonic()
            try:
                word = KINDS[kind](random.Random(f"{seed}/{kind}/{number}"), world)
            except Exception as error:  # noqa: BLE001 - what escapes is what is looked for
                word = "FAULT"
                place = re.findall(r'File "(.+)", line (\d+)', str(error)) or [
                    (frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)
                ]
                name = f"{kind}: {type(error).__name__} at {place[-1][0]}:{place[-1][1]}"
                faults.setdefault(name, f"seed {seed}, {kind}, number {number}: {str(error)[-300:]}")
            if (took := time.monotonic() - began) > SLOW_S:
                word = "FAULT"
                faults.setdefault(f"{kind}: took {took:.0f} s", f"seed {seed}, {kind}, number {number}")
            seen[f"{kind} {word}"] += 1
    return seen, faults


@contextlib.contextmanager
def environment() -> Iterator[None]:
    """Nothing of the person's environment, and no colours."""
    kept = dict(os.environ)
    for name in kept:
        if name.startswith("EVALKIT_") or name.endswith(("_API_KEY", "_BASE_URL")):
            del os.environ[name]
    os.environ["NO_COLOR"] = "1"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _yaml(value: Any) -> bytes:
    from ruamel.yaml import YAML

    out = io.BytesIO()
    YAML(typ="safe", pure=True).dump(value, out)
    return out.getvalue()


def main() -> int:
    """Runs the fuzz and says what came out."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("n", type=int, nargs="?", default=20_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=600.0)
    options.add_argument("--kinds", default=",".join(KINDS))
    chosen = options.parse_args()
    seen, faults = fuzz(chosen.n, chosen.seed, seconds=chosen.seconds, kinds=tuple(chosen.kinds.split(",")))
    print(f"{sum(seen.values()):,} inputs, seed {chosen.seed}")
    for kind, n in sorted(seen.items()):
        print(f"  {kind}: {n:,}")
    for fault, where in faults.items():
        print(f"  FAULT {fault}\n    by {where}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
