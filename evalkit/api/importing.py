"""`evalkit.import_table(...)`: outcomes of any other tool, in a file or in memory, become a run.

run = evalkit.import_table(frame, map={"model": "model", "item": "case", "score": "solved"}, name="support")
evalkit.gate(run, baseline="current", candidates=["cheaper"], rules=[{"quality": "all", "margin": 0.03}])
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

from evalkit.errors import ImportedTableWarning, SuiteError, UserError
from evalkit.paths import of_person
from evalkit.python_words import in_python, said_in_python
from evalkit.results.run import Run, load_run
from evalkit.store import runs

_IN_PYTHON = "Say it with map={...}, whose keys are these:"


@said_in_python()
def import_table(
    data: object,
    *,
    map: Mapping[str, object] | str | Path | None = None,
    name: str | None = None,
    results: str | Path | None = None,
    prices: str | Path | None = None,
) -> Run:
    """Make a run of a table with one row for each model, item and repeat, as `evalkit import table` does.

    `data` is the path of a file (CSV, TSV, JSONL, each also as .gz, or Parquet), a pandas or polars DataFrame, an Arrow
    table, or a list of mappings. A frame's index is no column. `map` says which column holds what: a mapping with the
    keys of a map file (docs/import-table.md), or the path of one; None guesses by the columns' names. `name` is what
    the run is called (None: as the file, `table` for data in memory). `results` as for `run`. `prices` is your own
    price file, which wins over the price book.

    What a person should know (what was guessed, what was not understood and counts as unknown) is one
    `ImportedTableWarning`, a line each. Raises UserError for data or a map that does not fit; nothing is written then.
    """
    from evalkit.bridges import outcome_table
    from evalkit.bridges.table_map import guess, map_of, read_map

    mapped = None if map is None else read_map(of_person(map, "map")) if isinstance(map, str | Path) else map_of(map)
    into = runs.results_at(results) if results is not None else runs.default_results()
    book = None if prices is None else of_person(prices, "prices")
    if isinstance(data, str | Path):
        folder, told = outcome_table.import_table(of_person(data, "data"), into, mapped, name=name, prices=book)
    else:
        from evalkit.suite.rows_in_memory import as_rows

        try:
            rows = as_rows(data, "data")
            if not rows.n:
                raise UserError("data: holds no row, so there is nothing to import")
            table = rows.data("table", {})
            folder, told = outcome_table.import_records(
                table, into, mapped or guess(rows.columns, _IN_PYTHON), name=name or "table", prices=book
            )
        except SuiteError as error:
            raise UserError(str(error)) from error
    if told.notes:
        warnings.warn(in_python("\n".join(told.notes)), ImportedTableWarning, stacklevel=3)
    return load_run(folder)
