"""`evalkit lm-eval --model ADAPTER:MODEL --tasks a,b`: tasks of lm-eval without a suite, by its own option names."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import allow_suite_code, as_json, data_roots, key_hosts, names, results_folder, suite_words
from evalkit.errors import UserError

if TYPE_CHECKING:
    pass


@click.command(name="lm-eval")
@click.option("--model", required=True, metavar="ADAPTER:MODEL", help="Like vllm:Qwen/Qwen3.5-32B or openai:gpt-6-sol.")
@click.option("--model_args", "--model-args", default="", metavar="K=V,...", help="Keys of the model: base_url=...")
@click.option("--tasks", callback=names, required=True, help="Tasks and groups of lm-eval, comma separated.")
@click.option(
    "--num_fewshot", "--num-fewshot", type=click.IntRange(min=0), help="Examples; else the task's own number."
)
@click.option("--limit", type=click.IntRange(min=1), help="Only this many items of each task (seeded choice).")
@click.option("--include_path", "--include-path", type=click.Path(path_type=Path), help="Folder of your own tasks.")
@click.option("--in-flight", type=click.IntRange(min=1), help="Requests open at once; else found by asking.")
@click.option("--sensitivity", default="public", show_default=True, help="Where the items may be sent.")
@results_folder
@data_roots
@suite_words
@click.option("--no-cache", is_flag=True, help="Ask again even where an answer is cached.")
@click.option("--new", is_flag=True, help="Start a new run folder instead of resuming an incomplete one.")
@click.option("--max-cost", metavar="USD", help="Stop before this many dollars are passed.")
@key_hosts
@allow_suite_code
@as_json
def command(
    model: str,
    model_args: str,
    tasks: tuple[str, ...],
    num_fewshot: int | None,
    limit: int | None,
    include_path: Path | None,
    in_flight: int | None,
    sensitivity: str,
    results: Path,
    no_cache: bool,
    new: bool,
    max_cost: str | None,
    allow_key_host: tuple[str, ...],
    allow_suite_code: bool,
    as_json: bool,
) -> int:
    """Run tasks of lm-eval against one model and print the table, as a suite with `lm_eval: TASK` would."""
    from evalkit.api.options import RunOptions, dollars
    from evalkit.cli.running import run_suite

    with suite_of(
        model, model_args, tasks, num_fewshot, include_path, in_flight=in_flight, sensitivity=sensitivity
    ) as suite:
        options = RunOptions(
            results,
            limit=limit,
            new=new,
            cache=not no_cache,
            max_cost_usd=dollars(max_cost),
            allow_key_host=allow_key_host,
            allow_suite_code=allow_suite_code,
        )
        return run_suite(suite, options, as_json=as_json)


@contextmanager
def suite_of(
    model: str,
    model_args: str,
    tasks: tuple[str, ...],
    shots: int | None,
    include_path: Path | None,
    *,
    in_flight: int | None,
    sensitivity: str,
) -> Iterator[Path]:
    """A suite file for the time of the command. Raises UserError for a model that is not written ADAPTER:MODEL."""
    from evalkit.paths import name_roots

    adapter, colon, name = model.partition(":")
    entry: dict[str, object] = {"adapter": adapter, **_arguments(model_args)}
    if colon and name:
        entry["model"] = name
    if "model" not in entry:
        raise UserError(f"--model {model}: write it like vllm:Qwen/Qwen3.5-32B, adapter and model; `evalkit doctor`")
    given = Path(str(entry["model"]))
    if given.is_dir():
        entry["model"] = str(given.resolve())
        name_roots([given])  # the person named it, on the command line
    if include_path is not None:
        name_roots([include_path])
    listed: list[dict[str, object]] = []
    for task in tasks:
        one: dict[str, object] = {"lm_eval": task}
        if shots is not None:
            one["shots"] = shots
        if include_path is not None:
            one["include_path"] = str(include_path.resolve())
        listed.append(one)
    shown = re.sub(r"[^A-Za-z0-9._+-]+", "-", Path(str(entry["model"])).name).strip("-.") or "model"
    suite: dict[str, object] = {
        "name": "lm-eval-" + re.sub(r"[^A-Za-z0-9._+-]+", "-", "-".join(tasks))[:60].strip("-."),
        "sensitivity": sensitivity,
        "models": {shown: entry},
        "tasks": listed,
        "run": {"in_flight": in_flight or "auto"},
    }
    with tempfile.TemporaryDirectory(prefix="evalkit-") as folder:
        path = Path(folder) / "lm-eval.yaml"
        path.write_text(json.dumps(suite, indent=2), encoding="utf-8")  # JSON is YAML
        yield path


def _arguments(text: str) -> dict[str, object]:
    """base_url=http://127.0.0.1:8000/v1,compute_type=int8 as keys of a model; numbers and true, false as such."""
    found: dict[str, object] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"--model_args {part!r}: write it like base_url=http://127.0.0.1:8000/v1")
        try:
            found[key.strip()] = json.loads(value)
        except ValueError:
            found[key.strip()] = value.strip()
    return found
