"""The sample run of real agents in `results/`: 19,431 runs of 39 models on 127 tasks (MCPMark), figures only.

    python scripts/make_agents_sample.py ../shared/data/mcpmark/runs.csv.gz results

Source: eval-sys/mcpmark-experiments@8f674f08. Names of tasks and environments become numbers: no text is taken over.
"""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
from pathlib import Path

from evalkit.bridges.outcome_table import import_table
from evalkit.bridges.table_map import read_map
from evalkit.store.kept_gates import keep

AGENTS = Path(__file__).parent.parent / "examples" / "agents"
KEPT = ("model", "task", "run", "success", "input_tokens", "output_tokens", "seconds", "turns")


def numbered(source: Path, target: Path) -> None:
    """The table with numbers for names; tasks of one environment keep that in common."""
    with gzip.open(source, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["task"] for row in rows})
    places = sorted({name.partition("__")[0] for name in names})
    task = {name: f"task-{n:03d}" for n, name in enumerate(names, 1)}
    environment = {name: f"environment-{n:02d}" for n, name in enumerate(places, 1)}
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*KEPT, "environment"], extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            place = environment[row["task"].partition("__")[0]]
            writer.writerow({**row, "task": task[row["task"]], "environment": place})


def main() -> None:
    """Write the run and say where."""
    source, results = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "mcpmark.csv"
        numbered(source, table)
        made, _ = import_table(
            table, results, read_map(AGENTS / "map.yaml"), name="mcpmark", prices=AGENTS / "prices.yaml"
        )
    for gate in sorted((AGENTS / "gates").glob("*.yaml")):
        keep(made, gate)
    print(made)


if __name__ == "__main__":
    main()
