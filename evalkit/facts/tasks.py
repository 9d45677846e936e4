"""What run.json says of a task: how many samples, how they are asked, and how answers are scored."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Self

from pydantic import model_validator

from evalkit.facts.base import Count, Int, Json, JsonMap, StoredRecord, Verbatim, view

NO_TEXT_MODES = frozenset({"likelihood", "first_token"})
"""Modes in which a model writes at most one token."""


class ScoreFacts(StoredRecord):
    """A scorer and its options, as the suite names them."""

    name: str | None = None
    options: JsonMap = {}


class SettingsFacts(StoredRecord):
    """The settings that are read back from a stored run. Others stay in the verbatim mapping."""

    max_output_tokens: Int | None = None
    """Most output tokens of one answer. None: no limit was sent."""


class JudgeIdentity(StoredRecord):
    """How judges score a task: part of the task's identity."""

    judges: Mapping[str, Json] = {}
    """By judge: its model, endpoint and settings."""
    pair: str | None = None
    """Model whose answers the others are compared with. None: answers are judged alone."""
    prompt: str | None = None
    """Digest of the judging prompt."""
    verdict: JsonMap = {}
    """Options of the reader of verdicts."""
    version: Int | None = None
    """Version of that reader."""

    @property
    def label(self) -> str:
        """The scorer as it is shown: `judge: strict (gpt-6-sol), second (claude-sonnet-5-5)`."""
        known = {name: judge if isinstance(judge, dict) else {} for name, judge in self.judges.items()}
        names = [f"{name} ({judge.get('model') or judge.get('adapter')})" for name, judge in known.items()]
        against = f", against {self.pair}" if self.pair is not None else ""
        return f"judge: {', '.join(names)}{against}"


class _Known(StoredRecord):
    mode: str | None = None
    metric: str | None = None
    scorer_version: Int | None = None
    score: ScoreFacts | None = None
    settings: SettingsFacts | None = None
    judge: JudgeIdentity | None = None


class Identity(Verbatim):
    """Everything that makes two results of a task comparable: compare `root`, read single values by name."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        assert self.known is not None
        return self

    @cached_property
    def known(self) -> _Known:
        """The typed part."""
        return view(_Known, self.root)

    @property
    def mode(self) -> str | None:
        """generate, likelihood or first_token. None: the scorer's own."""
        return self.known.mode

    @property
    def metric(self) -> str | None:
        """Metric of an lm-eval task. None for others."""
        return self.known.metric

    @property
    def scorer_version(self) -> int | None:
        """None: not recorded."""
        return self.known.scorer_version

    @property
    def score(self) -> ScoreFacts | None:
        """None: another tool scored."""
        return self.known.score

    @property
    def max_output_tokens(self) -> int | None:
        """The task's own limit. None: the model's holds."""
        settings = self.known.settings
        return settings.max_output_tokens if settings is not None else None

    @property
    def judge(self) -> JudgeIdentity | None:
        """None: no judge scores this task."""
        return self.known.judge


class ToolServerFacts(StoredRecord):
    """The live MCP server whose tools an agent's task called: what it said of itself when the run began."""

    transport: str | None = None
    """stdio: a program that was started for each sample. http: streamable HTTP."""
    host: str | None = None
    """None: a program on this machine."""
    server: str | None = None
    """The name and version that it gives itself. None: none."""
    protocol: str | None = None
    """Version of MCP."""
    tools_digest: str | None = None
    """Identity of its tool list, which every session had to show."""
    tools: tuple[JsonMap, ...] = ()
    """Its tools, in MCP's words."""

    def changed(self, later: ToolServerFacts | None) -> str | None:
        """What differs in the tool list that it shows later, as half a sentence; None for nothing, or not known."""
        if later is None or self.tools_digest == later.tools_digest:
            return None
        a, b = ({str(tool.get("name")): tool for tool in side.tools} for side in (self, later))
        found = [f"{name[:80]!r} is gone" for name in a if name not in b]
        found += [f"{name[:80]!r} is new" for name in b if name not in a]
        found += [f"{name[:80]!r} is declared otherwise" for name in a if name in b and a[name] != b[name]]
        return f"the tools of the live MCP server changed: {', '.join(found[:5]) or 'their order'}"


class TaskFacts(StoredRecord):
    """One task of a run."""

    n: Count | None = None
    """Samples, each counted once however often it is asked. None: not recorded."""
    scorer: str | None = None
    """The scorer as reports show it. None: not recorded."""
    scorer_plugin: str | None = None
    """The package that its scorer is of, with its version. None: evalkit's own, or a function given in Python."""
    task_plugin: str | None = None
    """The package that the task itself is of. None: the suite's, or evalkit's own."""
    identity: Identity = Identity({})
    tool_server: ToolServerFacts | None = None
    """The live server of its tools: what it answered cannot be had again. None: no live server was asked."""
    marked_by_data: str | None = None
    """Fingerprint of the data whose right answers `rescore` used last. None: scored once, by the run itself."""
    marked_redacted: Count | None = None
    """Answers that had been redacted before they were scored anew. None: none."""


class RescoredFacts(StoredRecord):
    """One task that was scored anew, as it was before."""

    at: str | None = None
    """UTC, ISO 8601."""
    task: str | None = None
    scorer_before: str | None = None
    identity_before: Identity = Identity({})


class LabelFacts(StoredRecord):
    """How many of a task's labels are about answers of this run."""

    n: Count
    """Labels in the task's file."""
    n_used: Count
    """Labels about answers that this run holds."""
