"""`evalkit lm-eval --model ADAPTER:MODEL --tasks a,b`: tasks of lm-eval without a suite, by its own option names."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from evalkit.cli.options import (
    GivenPath,
    allow_suite_code,
    as_json,
    data_roots,
    key_hosts,
    names,
    results_folder,
    suite_words,
)
from evalkit.cli.options import limit as limit_option
from evalkit.cli.printing import echo
from evalkit.errors import UserError


@click.command(name="lm-eval")
@click.option("--model", required=True, metavar="ADAPTER:MODEL", help="Like vllm:Qwen/Qwen3.5-32B or openai:gpt-6-sol.")
@click.option("--model_args", "--model-args", default="", metavar="K=V,...", help="Keys of the model: base_url=...")
@click.option("--tasks", callback=names, required=True, help="Tasks and groups of lm-eval, comma separated.")
@click.option(
    "--num_fewshot", "--num-fewshot", type=click.IntRange(min=0), help="Examples; else the task's own number."
)
@limit_option
@click.option("--include_path", "--include-path", type=GivenPath(path_type=Path), help="Folder of your own tasks.")
@click.option("--gen_kwargs", "--gen-kwargs", default="", metavar="K=V,...", help="temperature=0.7,max_gen_toks=512")
@click.option("--seed", metavar="N", help="Sent to the model, and the order of what is drawn; of several the first.")
@click.option("--system_instruction", "--system-instruction", metavar="TEXT", help="Stands before every prompt.")
@click.option(
    "--output_path",
    "--output-path",
    type=GivenPath(path_type=Path),
    metavar="DIR",
    help="Write samples and results there too, as lm-eval does.",
)
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
    limit_share: float | None,
    include_path: Path | None,
    gen_kwargs: str,
    seed: str | None,
    system_instruction: str | None,
    output_path: Path | None,
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

    asked = LmEvalAsked(tasks, num_fewshot, include_path, _settings(gen_kwargs), _seed(seed), system_instruction)
    with suite_of(model, model_args, asked, in_flight=in_flight, sensitivity=sensitivity) as suite:
        options = RunOptions(
            results,
            limit=limit,
            limit_share=limit_share,
            new=new,
            cache=not no_cache,
            max_cost_usd=dollars(max_cost),
            allow_key_host=allow_key_host,
            allow_suite_code=allow_suite_code,
        )
        before = {path.name for path in results.glob("*/")} if results.is_dir() else set()
        then = partial(_write_samples, before, output_path) if output_path is not None else None
        return run_suite(suite, options, as_json=as_json, then=then)


@dataclass(frozen=True, slots=True)
class LmEvalAsked:
    """What is asked of lm-eval's tasks, by its own options."""

    tasks: tuple[str, ...]
    shots: int | None
    include_path: Path | None
    settings: Mapping[str, object]
    seed: int | None
    system: str | None


_GENERATION: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
    "until": "stop",
    "max_gen_toks": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "max_new_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "max_length": "max_output_tokens",
    "reasoning_effort": "reasoning_effort",
}
"""lm-eval's generation arguments -> settings of evalkit."""


def _settings(text: str) -> dict[str, object]:
    """`--gen_kwargs` as settings. Raises UserError for an argument that no setting stands for."""
    found: dict[str, object] = {}
    for key, value in _arguments(text, "--gen_kwargs", "temperature=0.7").items():
        if key == "do_sample":
            if value is False:
                found.setdefault("temperature", 0)
        elif key in _GENERATION:
            found[_GENERATION[key]] = value
        else:
            known = ", ".join([*_GENERATION, "do_sample"])
            raise UserError(
                f"--gen_kwargs {key}: there is no such setting here; known are {known}. "
                "A provider's own field stands in a suite: settings: {extra: {...}}"
            )
    return found


def _seed(text: str | None) -> int | None:
    """`--seed 7`, or the first of lm-eval's four (Python, NumPy, torch, examples). Raises UserError."""
    first = "" if text is None else text.partition(",")[0].strip()
    if not first or first.lower() == "none":
        return None
    try:
        return int(first)
    except ValueError as error:
        raise UserError(f"--seed {text}: is a whole number, like 1234") from error


def _write_samples(before: Collection[str], out: Path, folder: Path) -> None:
    """What the command has just stored, as lm-eval would have written it."""
    from evalkit.bridges.exported import export_run

    if folder.name in before:
        echo(f"{folder.name} was complete already: its samples are written anew", err=True)
    for path in export_run(folder, "lm-eval", out):
        echo(str(path), err=True)


@contextmanager
def suite_of(
    model: str,
    model_args: str,
    asked: LmEvalAsked,
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
    if asked.include_path is not None:
        name_roots([asked.include_path])
    listed: list[dict[str, object]] = []
    settings = {**({"seed": asked.seed} if asked.seed is not None else {}), **asked.settings}
    for task in asked.tasks:
        one: dict[str, object] = {"lm_eval": task}
        if asked.shots is not None:
            one["shots"] = asked.shots
        if asked.include_path is not None:
            one["include_path"] = str(asked.include_path.resolve())
        if asked.system is not None:
            one["system"] = asked.system
        if settings:
            one["settings"] = settings
        listed.append(one)
    shown = re.sub(r"[^A-Za-z0-9._+-]+", "-", Path(str(entry["model"])).name).strip("-.") or "model"
    suite: dict[str, object] = {
        "name": "lm-eval-" + re.sub(r"[^A-Za-z0-9._+-]+", "-", "-".join(asked.tasks))[:60].strip("-."),
        "sensitivity": sensitivity,
        "models": {shown: entry},
        "tasks": listed,
        "run": {"in_flight": in_flight or "auto", **({"seed": asked.seed} if asked.seed is not None else {})},
    }
    with tempfile.TemporaryDirectory(prefix="evalkit-") as folder:
        path = Path(folder) / "lm-eval.yaml"
        path.write_text(json.dumps(suite, indent=2), encoding="utf-8")  # JSON is YAML
        yield path


def _arguments(
    text: str, option: str = "--model_args", example: str = "base_url=http://127.0.0.1:8000/v1"
) -> dict[str, object]:
    """base_url=http://127.0.0.1:8000/v1,compute_type=int8 as keys of a model; numbers and true, false as such."""
    found: dict[str, object] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"{option} {part!r}: write it like {example}")
        try:
            found[key.strip()] = json.loads({"True": "true", "False": "false"}.get(value.strip(), value))
        except ValueError:
            found[key.strip()] = value.strip()
    return found
