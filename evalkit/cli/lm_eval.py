"""`evalkit lm-eval --model ADAPTER:MODEL --tasks a,b`: tasks of lm-eval without a suite, by its own option names."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import allow_suite_code, as_json, data_roots, key_hosts, names, results_folder, suite_words


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
    from evalkit.cli.lm_evaling import suite_of
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
