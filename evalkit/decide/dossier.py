"""What the dossier says of a run and its verdict: the bodies of its entries, and which evidence changed since.

entries_of(folder, decision, promoted, known)   # [("run", {...}), ("promotion", {...}), ("verdict", {...})]
changed_runs(entries, results)                  # ["support-2026...: rows-1.parquet changed since entry 3"]
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from shlex import quote
from typing import Any

import orjson

from evalkit.decide.decision import GateDecision, as_json
from evalkit.errors import StoreError, UserError
from evalkit.results import read_facts
from evalkit.store import baselines, evidence
from evalkit.store.dossier import DossierEntry

_PROMOTED = "baseline@"


def entries_of(
    folder: Path, decision: GateDecision | None, promoted: Path, known: Sequence[DossierEntry]
) -> list[tuple[str, dict[str, object]]]:
    """The entries (kind, body) that record a run: the run, the promotion of its baseline, and the verdict.

    `decision` None: the suite has no gate. `known`: what the dossier holds; what it says already is not said again.
    Raises StoreError or UserError where the run or the baseline cannot be read.
    """
    made = [("run", run_body(folder))]
    if decision is not None:
        if decision.baseline is not None and decision.baseline.startswith(_PROMOTED):
            made.append(("promotion", _promotion_body(decision.baseline.removeprefix(_PROMOTED), promoted)))
        made.append(("verdict", _verdict_body(decision, known)))
    said = [(entry.kind, entry.body) for entry in known]
    return [(kind, body) for kind, body in made if kind == "verdict" or (kind, _plain(body)) not in said]


def refuse_earlier_baseline(baseline: str | None, promoted: Path, known: Sequence[DossierEntry]) -> None:
    """Raises UserError where the dossier has a later file of this promoted baseline: an earlier one is as whole, and as
    well signed, so that the file itself cannot show it.

    Earlier: the dossier knows this very file and recorded another one since, or it was promoted before that one.
    """
    if baseline is None or not baseline.startswith(_PROMOTED):
        return
    now = _promotion_body(baseline.removeprefix(_PROMOTED), promoted)
    said = [entry for entry in known if entry.kind == "promotion" and entry.body.get("name") == now["name"]]
    if not said or said[-1].body.get("file_sha256") == now["file_sha256"]:
        return
    last = said[-1]
    was_there = any(entry.body.get("file_sha256") == now["file_sha256"] for entry in said)
    if was_there or str(now["promoted_at"]) < str(last.body.get("promoted_at")):
        raise UserError(
            f"{baseline} is the one promoted on {now['promoted_at']}, and entry {last.seq} of the dossier has the one "
            f"of {last.body.get('promoted_at')}: an earlier file stands in the place of a later one. Restore the later "
            f"file, or go back on purpose: evalkit baseline promote {quote(str(now['run']))} --model "
            f"{quote(str(now['model']))} --as {now['name']} --replace --by YOU --why TEXT"
        )


def run_body(folder: Path) -> dict[str, object]:
    """What is recorded of a run: suite, data, models and the digests of its evidence."""
    facts = read_facts(folder)
    asked = {task.name: task for task in facts.suite_resolved.tasks} if facts.suite_resolved is not None else {}
    return {
        "run": folder.resolve().name,
        "suite": facts.suite,
        "suite_digest": facts.suite_digest,
        "evalkit_version": facts.evalkit_version,
        "status": facts.status,
        "started_at": facts.started_at,
        "finished_at": facts.finished_at,
        "tasks": {
            name: {
                "n": task.n,
                "scorer": task.scorer,
                "data_sha256": asked[name].data_sha256 if name in asked else None,
                "scorer_version": task.identity.scorer_version,
            }
            for name, task in (facts.tasks or {}).items()
        },
        "models": {
            name: {"adapter": model.adapter, "model": model.model, "host": model.host, "place": model.place}
            for name, model in (facts.models or {}).items()
        },
        "evidence_sha256": evidence.digests(folder),
    }


def waiver_body(run: str, candidate: str, rule: str, *, until: str, by: str, why: str) -> dict[str, object]:
    """A waiver: somebody accepts until a day that a candidate does not pass a rule. It changes no verdict or exit code.

    Raises UserError for a day that is none or has passed, and for an empty `by` or `why`.
    """
    try:
        day = date.fromisoformat(until)
    except ValueError as error:
        raise UserError(f"--until {until!r} is no day. Write it as YYYY-MM-DD: a waiver ends.") from error
    if day < datetime.now(UTC).date():
        raise UserError(f"--until {until} has passed. A waiver is for a time to come.")
    if not by.strip() or not why.strip():
        raise UserError("A waiver says who accepts it and why: --by NAME --why TEXT.")
    return {
        "run": run,
        "candidate": candidate,
        "rule": rule,
        "until": day.isoformat(),
        "by": by.strip(),
        "why": why.strip(),
    }


def waivers_in_force(
    entries: Sequence[DossierEntry], candidate: str, *, on: date | None = None
) -> list[Mapping[str, object]]:
    """The waivers for a candidate that have not ended. `on`: the day; None: today (UTC)."""
    day = (on or datetime.now(UTC).date()).isoformat()
    return [
        e.body
        for e in entries
        if e.kind == "waiver" and e.body["candidate"] == candidate and str(e.body["until"]) >= day
    ]


def changed_runs(entries: Sequence[DossierEntry], results: Path) -> Iterator[str]:
    """A line for each recorded run whose files are here and are not as they were recorded last."""
    last = {str(e.body.get("run")): e for e in entries if e.kind == "run"}
    for name, entry in last.items():
        folder = results / name
        if name in {"", ".."} or Path(name).name != name or not os.path.lexists(folder):
            continue
        recorded = _mapping(entry.body.get("evidence_sha256"))
        try:
            now: Mapping[str, str] = evidence.digests(folder)
        except StoreError as error:
            yield f"{name}: {error}"
            continue
        for file in sorted({*recorded, *now}):
            if recorded.get(file) != now.get(file):
                how = "is missing" if file not in now else "is new" if file not in recorded else "changed"
                yield f"{name}: {file} {how} since entry {entry.seq} ({entry.at})"


def judged_before(entries: Sequence[DossierEntry]) -> Iterator[str]:
    """A line for each run that was recorded again with other files after a verdict: that verdict is about files that
    are not the recorded ones any more (`evalkit rescore` does so openly)."""
    files: dict[str, object] = {}
    judged: dict[str, tuple[int, object]] = {}
    for entry in entries:
        name = str(entry.body.get("run"))
        if entry.kind == "verdict":
            judged[name] = (entry.seq, files.get(name))
        elif entry.kind == "run":
            files[name] = entry.body.get("evidence_sha256")
            seq, then = judged.get(name, (0, files[name]))
            if then != files[name]:
                other = f"with other files than the verdict of entry {seq} is about"
                yield f"{name}: recorded again in entry {entry.seq} {other}"


def _verdict_body(decision: GateDecision, known: Sequence[DossierEntry]) -> dict[str, object]:
    whole = as_json(decision)
    candidates = []
    for candidate in whole["candidates"]:
        of_rule = ("verdict", "value", "low", "high", "n", "unmeasured")
        rules = [{"rule": f["condition"]["name"], **{key: f[key] for key in of_rule}} for f in candidate["findings"]]
        waived = [dict(waiver) for waiver in waivers_in_force(known, candidate["candidate"])]
        kept = ("candidate", "verdict", "incomplete", "n_pairs", "n_errored", "recorded")
        candidates.append({key: candidate[key] for key in kept} | {"rules": rules, "waivers": waived})
    of_all = ("verdict", "exit_code", "suite", "run", "baseline", "baseline_run", "alpha", "on_inconclusive")
    said = {key: whole[key] for key in of_all}
    return said | {"candidates": candidates, "decision_sha256": hashlib.sha256(_canonical(whole)).hexdigest()}


def _promotion_body(name: str, promoted: Path) -> dict[str, object]:
    path = baselines.file_of(name, promoted)
    found = baselines.read(name, promoted)
    kept = ("name", "suite", "run", "model", "rows_digest", "n_rows", "promoted_at", "by", "why")
    said = {key: getattr(found, key) for key in kept}
    return said | {"file_sha256": hashlib.sha256(baselines.read_bytes(path)).hexdigest()}


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _plain(value: object) -> Any:
    return orjson.loads(_canonical(value))


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)
