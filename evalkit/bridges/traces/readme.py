"""The README of a suite that was made of logs: what was found, dropped and sampled, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.bridges.traces.free_running import NOT_THE_END
from evalkit.bridges.traces.suite_text import BASELINE
from evalkit.stats.copies import HEAVY
from evalkit.text import numbers
from evalkit.text.escape import markdown

if TYPE_CHECKING:
    from evalkit.bridges.traces.importing import TracesReport

_MOST_LINES = 60


def readme(told: TracesReport) -> str:
    """The text of README.md."""
    return "\n".join([*_found(told), *_sampled(told), *_scored(told), *_next(told)]) + "\n"


def _found(told: TracesReport) -> list[str]:
    reading = told.reading
    files = ", ".join(markdown(name) for name in reading.files[:10])
    files += f" and {len(reading.files) - 10:,} more" if len(reading.files) > 10 else ""
    lines = [
        f"# {told.plan.name}",
        "",
        f"{numbers.plural(told.n_sampled, 'sample that stands', 'samples that stand')} for "
        f"{numbers.plural(told.n_usable, 'logged request')}. Made by `evalkit import traces` "
        f"from {files}.",
        "",
        "## Found",
        "",
        f"{numbers.plural(told.n_calls, 'call')} of models in "
        f"{numbers.plural(reading.n_records, 'record')}. Written by: "
        + ", ".join(f"{name} ({n:,})" for name, n in reading.formats.most_common())
        + ".",
        "",
        "Answered by: " + ", ".join(f"{markdown(name)} ({n:,})" for name, n in told.models.most_common(10)) + ".",
        "",
    ]
    notes = reading.notes()
    if notes:
        lines += [*(f"- {markdown(note)}" for note in notes), ""]
    if reading.unread:
        lines += [
            "`not-understood.jsonl` has the place and the looks of each record that nobody understood (digits as 0, "
            "letters as x).",
            "",
        ]
    lines += ["## Dropped", ""]
    if n_steps := told.dropped[NOT_THE_END]:
        lines += [f"{n_steps:,} of the calls are steps on the way of a trajectory, or of one that never ended.", ""]
    if n := told.dropped.total() - n_steps:
        lines += [
            f"{n:,} of the calls cannot be asked again. **The suite says nothing about them:**",
            "",
            *(f"- {count:,}: {markdown(why)}" for why, count in told.dropped.most_common() if why != NOT_THE_END),
            "",
        ]
    elif not n_steps:
        lines += ["Nothing: every call can be asked again.", ""]
    lines += [
        f"{told.n_usable:,} requests are {told.n_different:,} different ones: the others say the same, or nearly the "
        "same (85 % of their words, equal numbers, same template). A sample stands for all requests of its kind."
        if told.n_different < told.n_usable
        else f"All {told.n_usable:,} requests are different ones.",
        "",
    ]
    if told.redacted:
        taken = ", ".join(f"{n:,} {kind}" for kind, n in sorted(told.redacted.items()))
        lines += [f"Taken out of what is written here: {taken}. Look through `data/` before you share it.", ""]
    else:
        lines += ["No personal data was found in what is written here. Look through `data/` before you share it.", ""]
    return lines


def _sampled(told: TracesReport) -> list[str]:
    lines = [
        "## Sampled",
        "",
        "Each request had a known probability to be drawn (`inclusion`); `weight` is how many logged requests a sample "
        "stands for. The weights add up to the logged requests of their stratum.",
        "",
        "| stratum | requests | different | samples |",
        "|---|---:|---:|---:|",
        *(
            f"| {markdown(one.name)} | {one.n_requests:,} | {one.n_different:,} | {one.n_sampled:,} |"
            for one in told.strata[:_MOST_LINES]
        ),
    ]
    if len(told.strata) > _MOST_LINES:
        lines.append(f"| {len(told.strata) - _MOST_LINES:,} more | | | |")
    lines.append("")
    heavy = [one for task in told.plan.tasks for one in task.sampled if one.drawn.weight > HEAVY * told.n_usable]
    for one in heavy:
        lines += [
            f"**`{one.id}` stands for {one.drawn.weight / told.n_usable:.0%} of the requests.** It is one piece of "
            "evidence, however often it was asked, so a gate on these samples may find too little for a verdict. For a "
            f"verdict on the others, delete the line of `{one.id}` from `data/requests.jsonl` and "
            "`data/recorded.jsonl`, and look at its answers by themselves.",
            "",
        ]
    if told.free:
        lines += [
            "**A sample is a whole trajectory**: what production did between the user's last turn and an answer "
            "without a call of a function. The candidate acts by itself. A call with production's name and arguments "
            "(as JSON: keys in any order, 1 as 1.0) returns what the log says, as often as production made it. Any "
            "other call ends the sample: it left the record, has no score, and is not asked again. A gate counts it as "
            "lost where passing is at stake, and as won where failing is. `data/tools-N.json` holds what functions "
            "returned.",
            "",
            "**Scored is what was done**: each call that production made, as often, in any order (`conduct` of each "
            "record), and the last answer too where a rule can read it. The log does not say which functions change "
            "something, so those that only look something up are asked for as well: where production could have done "
            "without, take their rules out of `conduct` in `data/requests.jsonl`.",
            "",
        ]
    if told.n_history:
        lines += [
            f"{numbers.plural(told.n_history, 'sample has', 'samples have')} calls of functions in their "
            f"history. Where their task offers functions, "
            "and each call has its result, these go through each model's tool interface, as in production; otherwise "
            "they are sent as text (`[calls f(...)]`, `[result of the function]`), to every model alike.",
            "",
        ]
    without = sum(bool(one.call.tools) for task in told.plan.tasks if not task.offers for one in task.sampled)
    if without:
        lines += [
            f"{numbers.plural(without, 'sample was', 'samples were')} asked with functions on offer in "
            f"production, and {numbers.verb(without, 'is', 'are')} asked without: others of the task had none.",
            "",
        ]
    return lines


def _scored(told: TracesReport) -> list[str]:
    lines = [
        "## Scored",
        "",
        "| task | samples | score |",
        "|---|---:|---|",
        *(f"| {task.name} | {len(task.sampled):,} | {task.rule.says} |" for task in told.plan.tasks),
        "",
    ]
    if unsaid := [task.name for task in told.plan.tasks if task.is_unsaid]:
        lines += [
            f"{', '.join(unsaid)}: answers had a JSON schema that a suite file cannot hold (`${{`, a long key, a deep "
            "nest), and are asked without.",
            "",
        ]
    if any(not task.rule.judged and task.rule.kind != "expected" for task in told.plan.tasks):
        lines += [
            f"**`{BASELINE}` is right by definition where answers are compared with its own.** The score of another "
            "model says how often it agrees, not how good it is. Where they differ, look who is right, and put the "
            "right answer into the field `answer` of `data/requests.jsonl`.",
            "",
        ]
    return lines


def _next(told: TracesReport) -> list[str]:
    plan = told.plan
    lines = ["## Next", "", *(f"- {markdown(hint)}" for hint in plan.hints), *([""] if plan.hints else []), "```bash"]
    lines += [f"export {name}=...      # a model of the provider named in suite.yaml" for name in plan.missing]
    lines += [
        "evalkit check suite.yaml --show-prompt   # is all well, and how does a prompt look? Nothing is sent",
        "evalkit plan suite.yaml                  # what a run would cost",
        "evalkit run suite.yaml --gate",
        "```",
        "",
    ]
    if plan.judged:
        judged = ", ".join(task.name for task in plan.tasks if task.rule.judged)
        lines += [
            f"A judge scores free text ({markdown(judged)}), and may prefer one of two models. People put it right:",
            "",
            "1. `evalkit judge-data latest --out labels.jsonl` writes each candidate's answer beside production's. "
            "Which is `answer_a` is drawn (`swapped`: the candidate's is `answer_b`).",
            '2. Add `"label": "A"`, `"B"` or `"TIE"` to 30 lines of a candidate or more, a hundred are better, drawn '
            "at random (the first lines of a candidate and task are), and to five of each of these tasks at least.",
            "3. In `suite.yaml` write `labels: labels.jsonl` into each of these tasks, and `labels: random` into the "
            "gate's rule about quality. Both stand there as comments.",
            "4. `evalkit run suite.yaml --gate` decides on what people would have said. What was asked before comes "
            "from the cache. `evalkit judge-check latest` tells how far the judge and people agree.",
            "",
        ]
    lines.append(
        "Recorded times were taken in production, under a load that nobody knows: they are shown, and limit a "
        "candidate's time (`max_s`), but make no ratio."
    )
    return lines
