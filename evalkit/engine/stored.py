"""What `redact: {where: [storing]}` makes of a row: scored as it came, stored without the finds.

    row = stored(row, redactor)       # texts, calls, reasoning, errors ...; row.redacted == "2 email, 1 phone"

The score was made of the answer as it came. Ids of samples and digests stay as they are: rows are found and compared by
them. What stands in the name of a served model, its fingerprint and its tier leaves a digest.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from evalkit.engine.work import RowLog
from evalkit.errors import SuiteError
from evalkit.facts import RunFacts
from evalkit.facts.run import RedactionFacts
from evalkit.frozen import dataclass
from evalkit.records import AgentStep, Content, Message, Row, Stage, Tool, ToolCall
from evalkit.store import sealing
from evalkit.store.sent_log import SentLog
from evalkit.suite.redaction import Redactor

NOT_KEPT = "not kept: it quotes what was redacted"
"""Stands for a reason or an error that repeats a part of what was taken out."""
GONE = "[REDACTED]"
"""Stands for an extracted answer that is a part of what was taken out."""
_PIECE = 4
"""Letters and digits in a row that give away where a text was quoted from."""
_CUT_ADDRESS = re.compile(r"[^\s@<\"']{1,64}@[^\s@]{0,64}(?=…|\.\.\.|$)")
"""An e-mail address at the end of a quotation that was cut short."""
_CUT = "[cut]"
_BEFORE_A_CUT = re.compile(r".{1,40}(?=…|\.\.\.)", re.DOTALL)
"""What stands before a cut may be the half of a number, which nothing recognises."""
_WRITTEN_OUT = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[nrt])")
"""A sign as a message quotes it: a number with \\xa0 between its digits is a number all the same."""
_BLANKS = {r"\n": "\n", r"\r": "\r", r"\t": "\t"}
_ESCAPED = re.compile(r"\\u[0-9A-Fa-f]{4}")


def stored(row: Row, redactor: Redactor) -> Row:
    """The row without what the redactor finds; `redacted` says how much was found. A row twice redacted stays alike."""
    counts: Counter[str] = Counter()
    made = replace(
        row,
        prompt=tuple(_message(one, row.tools, redactor, counts) for one in row.prompt),
        tools=None if row.tools is None else tuple(_tool(one, redactor, counts) for one in row.tools),
        target=_text(row.target, redactor, counts),
        text=_text(row.text, redactor, counts),
        calls=None if row.calls is None else tuple(_call(one, row.tools, redactor, counts) for one in row.calls),
        reasoning=_text(row.reasoning, redactor, counts),
        refusal=_refusal(row.refusal, redactor, counts),
        error=_error(row.error, redactor, counts),
        raw_usage=None if row.raw_usage is None else _texts_in(row.raw_usage, redactor, counts),
        served_model=_served(row.served_model, redactor, counts),
        fingerprint=_served(row.fingerprint, redactor, counts),
        service_tier=_served(row.service_tier, redactor, counts),
        billed_beside=_served(row.billed_beside, redactor, counts),
        stages=None if row.stages is None else tuple(_stage(one, redactor, counts) for one in row.stages),
        slices={name: redactor.text(value, counts) for name, value in row.slices.items()},
        cluster=None if row.cluster is None else _cluster(row.cluster, redactor, counts),
        stratum=None if row.stratum is None else _cluster(row.stratum, redactor, counts),
        steps=None if row.steps is None else tuple(_step(one, row.tools, redactor, counts) for one in row.steps),
    )
    lost = _pieces(_said(row)) - _pieces(_said(made)) if counts else frozenset()
    quoted = row.stages is not None and _pieces([made.refusal]) & lost  # a pipeline's refusal is its guard's words, cut
    nothing: Counter[str] = Counter()  # what is derived from the texts was counted there
    reason = _text(row.reason, redactor, nothing)
    extracted = _text(row.extracted, redactor, nothing)
    return replace(
        made,
        reason=NOT_KEPT if _pieces([reason]) & lost and not row.waits else reason,
        extracted=GONE if _pieces([extracted]) & lost else extracted,
        error=NOT_KEPT if _pieces([made.error]) & lost else made.error,
        refusal=NOT_KEPT if quoted else made.refusal,
        redacted=row.redacted or counted(counts) or None,
    )


def error_as_stored(text: str, sent: Iterable[str], redactor: Redactor) -> str:
    """An error as it may be kept outside a row, in run.json or the log of a pipeline; one that quotes a part of what is
    taken out of `sent`, the texts that were sent when it was met, is `NOT_KEPT`."""
    nothing: Counter[str] = Counter()
    made = _error(text, redactor, nothing) or ""
    texts = list(sent)
    lost = _pieces(texts) - _pieces(redactor.text(one, nothing) for one in texts)
    return NOT_KEPT if _pieces([made]) & lost else made


def complaints_as_stored(complaints: Iterable[str], redactor: Redactor) -> list[str]:
    """What is wrong with records, as it may be printed and kept: it quotes them."""
    return [error_as_stored(complaint, (), redactor) for complaint in complaints]


def turn_as_stored(turn: Message, tools: Iterable[Tool], redactor: Redactor) -> Message:
    """A turn of a conversation as rows keep it."""
    return _message(turn, tools, redactor, Counter())


def texts_as_stored(value: object, redactor: Redactor) -> Any:
    """Texts in lists and groups, at whatever depth, as rows keep them; numbers stay."""
    nothing: Counter[str] = Counter()
    if isinstance(value, str):
        return _text(value, redactor, nothing)
    if isinstance(value, Mapping):
        refused = value.get("refusal")
        made = {redactor.text(str(key), nothing): texts_as_stored(inner, redactor) for key, inner in value.items()}
        return made | ({"refusal": _refusal(refused, redactor, nothing)} if isinstance(refused, str) else {})
    if isinstance(value, list | tuple):
        return [texts_as_stored(inner, redactor) for inner in value]
    return value


def counted(counts: Mapping[str, int]) -> str:
    """Counts by kind as a row has them: `2 email, 1 phone`; "" for none."""
    return ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()) if n)


def found_in(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """By task and kind: how much was taken out of rows that were stored; `rows` counts the rows themselves."""
    totals: dict[str, Counter[str]] = {}
    for row in rows:
        total = totals.setdefault(row.task, Counter({"rows": 0}))
        if row.redacted:
            total["rows"] += 1
            for one in row.redacted.split(", "):
                n, _, kind = one.partition(" ")
                total[kind] += int(n)
    return {task: dict(total) for task, total in totals.items()}


def stored_facts(facts: RunFacts, folder: Path, redactor: Redactor | None) -> RunFacts:
    """What run.json says of its stored rows once they are sealed; nothing is set where the suite does not redact them.
    `facts`: those of the plan."""
    if redactor is None:
        return RunFacts()
    found = RedactionFacts(stored=found_in(sealing.rows_of(folder)))
    return RunFacts(redaction=(facts.redaction or RedactionFacts()).with_changes(found))


def live_result_facts(facts: RunFacts, before: RunFacts, found: Mapping[str, Mapping[str, int]]) -> RunFacts:
    """What run.json says of what was taken out of what live servers said, with what it said `before` this session;
    nothing is set where nothing was found. `facts`: those of the plan."""
    earlier = before.redaction.told if before.redaction is not None else None
    if not found and not earlier:
        return RunFacts()
    totals = {task: Counter(n) for task, n in (earlier or {}).items()}
    for task, n in found.items():
        totals.setdefault(task, Counter()).update(n)
    told = RedactionFacts(told={task: dict(n) for task, n in totals.items()})
    return RunFacts(redaction=(facts.redaction or RedactionFacts()).with_changes(told))


@dataclass(frozen=True, slots=True)
class RedactedLog:
    """A journal that gets rows without what the redactor finds."""

    journal: RowLog
    redactor: Redactor

    def append(self, row: Row) -> None:
        """Journal the row as it may be stored. Raises RunIncomplete when it cannot be written."""
        self.journal.append(stored(row, self.redactor))

    @property
    def sent(self) -> SentLog:
        """The journal's."""
        return self.journal.sent

    def check(self) -> None:
        """As the journal does."""
        self.journal.check()


def _text(text: str | None, redactor: Redactor, counts: Counter[str]) -> str | None:
    """JSON keeps its form: a number that is a card becomes a text, and letters that are written escaped are read."""
    if not text:
        return text
    if text.lstrip()[:1] in "{[" or _ESCAPED.search(text):
        try:
            value = json.loads(text)
            inner: Counter[str] = Counter()
            made = redactor.record({"": value}, inner)[""]
        except (ValueError, RecursionError, SuiteError):  # no JSON, or one that would grow without bound
            pass
        else:
            if inner:
                counts.update(inner)
                text = json.dumps(made, ensure_ascii=False)
    return redactor.text(text, counts)


def _error(text: str | None, redactor: Redactor, counts: Counter[str]) -> str | None:
    made = _text(text, redactor, counts)
    if made is None:
        return made
    if _WRITTEN_OUT.search(made):
        inner: Counter[str] = Counter()
        plain = redactor.text(_WRITTEN_OUT.sub(_sign, made), inner)
        if inner:
            made = plain
            counts.update(inner)
    return _without_halves(made, redactor, counts)


def _refusal(text: str | None, redactor: Redactor, counts: Counter[str]) -> str | None:
    """What a provider said when it declined, which is cut short where it is long."""
    made = _text(text, redactor, counts)
    return made if made is None or not made.endswith("…") else _without_halves(made, redactor, counts)


def _without_halves(made: str, redactor: Redactor, counts: Counter[str]) -> str:
    """A quotation without what stands before each place where it was cut short."""
    if "email" in redactor.what:
        made, n = _CUT_ADDRESS.subn("[EMAIL]", made)
        counts.update({"email": n} if n else {})
    return _BEFORE_A_CUT.sub(lambda found: found[0] if found[0].endswith(_CUT) else _CUT, made)


def _sign(found: re.Match[str]) -> str:
    """The sign that is written out; one that no text holds stays written out."""
    if (blank := _BLANKS.get(found[0])) is not None:
        return blank
    code = int(found[0][2:], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else found[0]


def _stage(stage: Stage, redactor: Redactor, counts: Counter[str]) -> Stage:
    served = _served(stage.served_model, redactor, counts)
    usage = stage.usage
    if usage is not None:
        beside = tuple(_served(one, redactor, counts) or "" for one in usage.beside)
        usage = replace(usage, service_tier=_served(usage.service_tier, redactor, counts), beside=beside)
    return replace(stage, said=_text(stage.said, redactor, counts), served_model=served, usage=usage)


def _served(name: str | None, redactor: Redactor, counts: Counter[str]) -> str | None:
    """The name of a served model, a fingerprint or a tier, which an application of one's own may fill with anything.
    Dates and versions in names look like telephone numbers and addresses, so these two stay."""
    of_names = replace(redactor, what=tuple(kind for kind in redactor.what if kind not in {"phone", "ip"}))
    return None if name is None else _cluster(name, of_names, counts)


def _tool(tool: Tool, redactor: Redactor, counts: Counter[str]) -> Tool:
    return Tool(tool.name, redactor.text(tool.description, counts), redactor.record(tool.parameters, counts))


def _message(one: Message, tools: Iterable[Tool] | None, redactor: Redactor, counts: Counter[str]) -> Message:
    calls = tuple(_call(call, tools, redactor, counts) for call in one.calls)
    return Message(one.role, _content(one.content, redactor, counts), calls, failed=one.failed)


def _content(content: Content, redactor: Redactor, counts: Counter[str]) -> Content:
    """The texts and the names of pictures; nobody looks into the pictures, and their bytes are not stored."""
    if isinstance(content, str):
        return redactor.text(content, counts)
    return tuple(
        redactor.text(part, counts) if isinstance(part, str) else replace(part, name=redactor.text(part.name, counts))
        for part in content
    )


def _call(call: ToolCall, tools: Iterable[Tool] | None, redactor: Redactor, counts: Counter[str]) -> ToolCall:
    """A call; a name that was offered is the task's own and stays, any other is what the model wrote."""
    known = any(call.name == tool.name for tool in tools or ())
    name = call.name if known else redactor.text(call.name, counts)
    return ToolCall(name, _text(call.arguments, redactor, counts) or "")


def _step(step: AgentStep, tools: Iterable[Tool] | None, redactor: Redactor, counts: Counter[str]) -> AgentStep:
    return replace(
        step,
        text=_text(step.text, redactor, counts) or "",
        calls=tuple(_call(one, tools, redactor, counts) for one in step.calls),
        results=tuple(replace(one, text=_text(one.text, redactor, counts) or "") for one in step.results),
        reasoning=_text(step.reasoning, redactor, counts),
        refusal=_refusal(step.refusal, redactor, counts),
        served_model=_served(step.served_model, redactor, counts),
        fingerprint=_served(step.fingerprint, redactor, counts),
        service_tier=_served(step.service_tier, redactor, counts),
        billed_beside=_served(step.billed_beside, redactor, counts),
        carried=None,  # signed or encrypted thinking: nobody can look into it
        raw_usage=None if step.raw_usage is None else _texts_in(step.raw_usage, redactor, counts),
    )


def _texts_in(value: object, redactor: Redactor, counts: Counter[str]) -> Any:
    """Only texts: a count of nanoseconds is no card."""
    if isinstance(value, str):
        return redactor.text(value, counts)
    if isinstance(value, Mapping):
        return {redactor.text(str(key), counts): _texts_in(inner, redactor, counts) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_texts_in(inner, redactor, counts) for inner in value]
    return value


def _cluster(cluster: str, redactor: Redactor, counts: Counter[str]) -> str:
    """Clusters and strata stay apart: what is taken out of a name leaves a short digest of it."""
    made = redactor.text(cluster, counts)
    return (
        made if made == cluster else f"{made} {blake2b(cluster.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"
    )


def _said(row: Row) -> list[str | None]:
    """The texts that a reason, an error or an extracted answer may quote."""
    calls = [one.arguments for one in row.calls or ()]
    told = [
        text for step in row.steps or () for text in (step.text, step.reasoning, *(one.text for one in step.results))
    ]
    called = [call.arguments for step in row.steps or () for call in step.calls]
    return [
        *(one.text for one in row.prompt),
        *(row.target, row.text, row.reasoning, None if row.stages is not None else row.refusal),
        *calls,
        *told,
        *called,
        *(one.said for one in row.stages or ()),
    ]


def _pieces(texts: Iterable[str | None]) -> frozenset[str]:
    """Every run of four letters or digits, without case and what stands between them."""
    found: set[str] = set()
    for text in texts:
        plain = "".join(one for one in (text or "").casefold() if one.isalnum())
        found.update(plain[i : i + _PIECE] for i in range(len(plain) - _PIECE + 1))
    return frozenset(found)
