"""The suite file that is made of logs, as a person would write it.

suite_yaml(plan)       # name: support-logs ...
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalkit.bridges.traces.rules import ScoringRule
from evalkit.bridges.traces.sampled import SampledCall
from evalkit.text.yaml_words import yaml_quoted, yaml_word

BASELINE = "recorded"
JUDGE = "judge"
_DEEPEST = 20
_LONGEST_KEY = 1_000
"""Characters as written; YAML's most are 1,024."""
_COLUMNS = (
    *("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "cache_write_tokens"),
    *("cost_usd", "total_s", "ttft_s", "started_at", "finish"),
)


@dataclass(slots=True)
class LogTask:
    """One task of the suite."""

    name: str
    rule: ScoringRule
    sampled: list[SampledCall]
    environment: str | None = None
    """The file of the recorded tools, where whole trajectories are run freely. None: each sample is one request."""

    @property
    def at_most(self) -> int:
        """Requests that a candidate may take: twice as many as the longest trajectory, 20 at least."""
        return max(20, *(2 * len(one.way.steps) for one in self.sampled if one.way is not None))

    @property
    def offers(self) -> bool:
        """Whether functions are offered, as they were in production: where every sample has some."""
        return all(one.call.tools for one in self.sampled)

    @property
    def instructs(self) -> bool:
        """Whether the log has instructions: a system message, or requests half of which name every label."""
        labels = {(one.call.answer.text or "").strip().casefold().rstrip(".!") for one in self.sampled}
        n_naming = 0
        for one in self.sampled:
            asked = one.call.messages
            if any(turn.role == "system" for turn in asked):
                return True
            text = "\n".join(turn.text for turn in asked).casefold()
            n_naming += all(label in text for label in labels)
        return 2 * n_naming >= len(self.sampled)

    @property
    def settings(self) -> dict[str, object]:
        """How answers were made at the time, where all of them agree; an output limit that none of them reached."""
        found: dict[str, object] = {}
        said = [one.call.settings for one in self.sampled]
        limits = [one.get("max_output_tokens") for one in said]
        longest = max((one.call.usage.output or 0 for one in self.sampled), default=0)
        known = [limit for limit in limits if limit]
        found["max_output_tokens"] = max([*known, 2 * longest, 16]) if known or longest else 1024
        for name, most in (("temperature", math.inf), ("top_p", 1)):
            values = {one.get(name) for one in said}
            value = values.pop() if len(values) == 1 else None
            if value is not None and 0 <= value <= most and (value or name == "temperature"):
                found[name] = value
        if (schema := self._schema) is not None and sayable(schema):
            found["json_schema"] = schema
        return found

    @property
    def is_unsaid(self) -> bool:
        """Whether answers had a schema that a suite file cannot hold."""
        return self._schema is not None and not sayable(self._schema)

    @property
    def _schema(self) -> dict[str, object] | None:
        said = [one.call.settings.get("response_format") for one in self.sampled]
        return _schema(said[0]) if len({json.dumps(one, sort_keys=True) for one in said}) == 1 else None


def sayable(value: object, depth: int = 0) -> bool:
    """Whether a suite file can hold it: no variable to fill in, no key longer than YAML allows, no deep nest."""
    if isinstance(value, str):
        return "${" not in value
    if isinstance(value, Mapping):
        return depth < _DEEPEST and all(
            len(yaml_quoted(str(key))) <= _LONGEST_KEY and sayable(str(key)) and sayable(inner, depth + 1)
            for key, inner in value.items()
        )
    return not isinstance(value, list) or (depth < _DEEPEST and all(sayable(one, depth + 1) for one in value))


def _schema(response_format: object) -> dict[str, object] | None:
    if isinstance(response_format, dict) and response_format.get("type") == "json_schema":
        inner = response_format.get("json_schema", response_format)
        schema = inner.get("schema") if isinstance(inner, dict) else None
        return schema if isinstance(schema, dict) else None
    return None


@dataclass(frozen=True, slots=True)
class AskedModel:
    """A model that the suite asks."""

    adapter: str
    model: str
    base_url: str | None = None
    """None: the adapter's own."""
    fields: tuple[tuple[str, str], ...] = ()
    """Further options of the adapter, with texts."""

    @property
    def missing(self) -> str | None:
        """The variable that has to say which model it is; None: it is said."""
        return self.model.strip("${}") if self.model.startswith("$") else None

    def entry(self) -> str:
        """As the suite file has it: of `replay` the model is its file, of `scripted` what it says to everything."""
        if self.adapter == "scripted":
            return f'{{adapter: scripted, replies: {{"*": {yaml_quoted(self.model)}}}}}'
        if self.adapter == "replay":
            more = "".join(f", {name}: {yaml_word(value)}" for name, value in self.fields)
            return f"{{adapter: replay, path: {yaml_quoted(self.model)}{more}}}"
        there = "" if self.base_url is None else f", base_url: {yaml_quoted(self.base_url)}"
        return f"{{adapter: {yaml_word(self.adapter)}, model: {yaml_quoted(self.model)}{there}}}"


@dataclass(slots=True)
class SuitePlan:
    """All that the suite file says."""

    name: str
    about: str
    tasks: list[LogTask]
    slices: Sequence[str]
    candidates: dict[str, AskedModel]
    """By name what is to be compared with what was recorded."""
    judge: AskedModel
    price_as: str | None
    p95_s: float | None
    """Of the recorded times, weighted; None: the log has none."""
    has_cost: bool
    notes: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """Variables that have to say which models are asked."""
        asked = [*self.candidates.values(), *([self.judge] if self.judged else [])]
        return [one.missing for one in asked if one.missing is not None]

    @property
    def hints(self) -> list[str]:
        """What a person should mend before a run, as sentences."""
        found = []
        if not self.has_cost and self.price_as is None and self._has_tokens:
            called = {one.call.called for task in self.tasks for one in task.sampled}
            model = called.pop() if len(called) == 1 else None
            found.append(
                "What production paid is not known, so the gate has no rule about cost. Name the price of the model "
                f"that answered in the entry of {BASELINE}, price_as: "
                f'"PROVIDER:{model or "MODEL"}" (like openai:gpt-6-luna), likewise in a candidate\'s entry where check '
                "says that its price is unknown; then add the rule {cost: usd_per_1k_samples, max_ratio: 1}"
                + (". Several models answered: import the log of one of them (--model)" if called else "")
            )
        found += [
            f"{task.name}: the log has no instructions, and its answers are of a few labels, which a model that is "
            "asked does not know. Add what production's model was told as a system message: system: {const: ...} in "
            "the map of a table (--map), or a first turn in the messages of data/requests.jsonl"
            for task in self.tasks
            if task.rule.kind == "labels" and not task.instructs
        ]
        return found

    @property
    def _has_tokens(self) -> bool:
        """Whether any answer's tokens are known."""
        return any(one.call.usage.output is not None for task in self.tasks for one in task.sampled)

    @property
    def judged(self) -> bool:
        """Whether a task needs a judge."""
        return any(task.rule.judged for task in self.tasks)


def suite_yaml(plan: SuitePlan) -> str:
    """The text of suite.yaml."""
    lines = [
        "# Made by `evalkit import traces`. README.md tells what was found, dropped and sampled: read it first.",
        f"name: {yaml_word(plan.name)}",
        f"about: {yaml_quoted(plan.about)}",
        "sensitivity: internal",
        "",
        "models:",
        f"  {BASELINE}:                       # what production answered, with its tokens, cost and times",
        "    adapter: replay",
        "    path: data/recorded.jsonl",
        *(["    calls_field: calls"] if any(task.offers for task in plan.tasks) else []),
        f"    columns: {{{', '.join(f'{name}: {name}' for name in _COLUMNS)}, served_model: model}}",
        *([f"    price_as: {yaml_quoted(plan.price_as)}"] if plan.price_as else []),
    ]
    lines += [f"  {yaml_word(name)}: {one.entry()}" for name, one in plan.candidates.items()]
    if plan.judged:
        lines += ["", "judges:", f"  {JUDGE}: {plan.judge.entry()}"]
    lines += ["", "tasks:"]
    for task in plan.tasks:
        lines += _task(task, plan)
    lines += [
        "",
        "run: {in_flight: 4, max_error_rate: 0.01}",
        "",
        "gate:",
        f"  baseline: {BASELINE}",
        f"  candidates: [{', '.join(map(yaml_word, plan.candidates))}]",
        "  rules:",
        "    - {quality: all, margin: 0.05}"
        + ("      # with people's labels: {quality: all, margin: 0.05, labels: random}" if plan.judged else ""),
    ]
    if plan.has_cost:
        lines.append("    - {cost: usd_per_1k_samples, max_ratio: 1}")
    if plan.p95_s is not None:
        limit = _rounded_up(plan.p95_s)
        lines.append(f"    - {{latency: total_p95, max_s: {limit:g}}}      # what production's slowest 5 % began at")
    return "\n".join(lines) + "\n"


def _rounded_up(seconds: float) -> float:
    """To three digits, and never below: a limit that production itself breaks is none."""
    if seconds <= 0:
        return 0.001
    scale = 10.0 ** (2 - math.floor(math.log10(seconds)))
    return math.ceil(seconds * scale - 1e-9) / scale


def _task(task: LogTask, plan: SuitePlan) -> list[str]:
    rule = task.rule
    lines = [
        f"  - name: {yaml_word(task.name)}",
        f"    data: {{path: data/requests.jsonl, id: id, where: {{task: {yaml_quoted(task.name)}}}}}",
        '    messages: "{{ messages }}"',
    ]
    if task.environment is not None:
        lines.append(f"    environment: {task.environment}      # what the functions returned; no other call is known")
        lines.append(f"    at_most: {{steps: {task.at_most}}}")
    elif task.offers:
        lines.append('    tools: "{{ tools }}"')
    if rule.target is not None:
        lines.append(f"    target: {yaml_quoted(rule.target)}")
    score = {"judge": {"by": JUDGE, "pair": BASELINE}} if rule.judged else rule.score
    lines.append(f"    score: {yaml_quoted(score)}      # {rule.says}")
    if rule.judged:
        lines.append("    # labels: labels.jsonl      # people's verdicts on some of the answers: see README.md")
    lines.append(f"    settings: {yaml_quoted(task.settings)}")
    lines += ["    weight: weight", "    stratum: stratum"]
    lines += ["    cluster: conversation", f"    slices: [{', '.join(map(yaml_word, plan.slices))}]"]
    return lines
