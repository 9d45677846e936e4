"""Is a stored run evidence about a suite as it is now? What a gate refuses before it reads a single row.

    refuse_other_suite(folder, trust)       # NotComparable, with a line for each difference from trust.suite
    refuse_other_policy(folder)             # without a suite: the data policy alone

The suite comes from a protected branch, the run may come from anybody. Everything that the run's suite says has to be
what the suite says now, but for the rows of `allowed_differences`; a candidate may differ, for it is what is judged.

Are a run's bills, and what it says of licences, those that the protected branch or the person vouches for?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import orjson

from evalkit.cost.price_file import PRICE_FILE
from evalkit.decide.allowed_differences import SuiteDifference, differences
from evalkit.decide.candidate_match import differing_facts, rests_on
from evalkit.decide.gate_trust import PROMOTED, GateTrust
from evalkit.decide.judged import other_model
from evalkit.decide.origin import PROGRAMS, is_program, unasked_candidates
from evalkit.decide.run_facts_held import other_facts
from evalkit.decide.tasks_match import other_tasks
from evalkit.errors import NotComparable
from evalkit.facts import EntryFacts, ModelFacts, PriceFacts, RunFacts, SuiteFacts, parse
from evalkit.facts.run import CAP
from evalkit.paths import find
from evalkit.plugins import folded
from evalkit.results import read_facts
from evalkit.results.sweeps import hosted_prices
from evalkit.store import runs
from evalkit.suite.judge_task import compile_judging
from evalkit.suite.pipeline_parts import parts_of
from evalkit.suite.policy import current, named
from evalkit.suite.sensitivity import weaker
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.wording import short
from evalkit.text import numbers

_SESSIONS = "sessions:"
_MOST_LINES = 60


def refuse_other_suite(suite: ResolvedSuite, folder: Path, trusted: GateTrust) -> None:
    """Raises NotComparable, with every difference, when what made the run is not the suite as it is now: other tasks or
    data, another baseline, another judge, other facts. Candidates may differ as the table allows. One that asked no
    model is refused unless the suite has the same entry, or recorded answers are allowed."""
    facts, content = read_facts(folder), runs.read_facts(folder)
    if not trusted.allow_recorded:
        _refuse_programs_of_tools(suite)
    now = suite.resolved()
    candidates = suite.gate.candidates if suite.gate is not None else ()
    recorded = [] if trusted.allow_recorded else list(unasked_candidates(facts, now, candidates))
    wrong = list(_otherwise(suite, facts, content, now, trusted))
    if recorded:
        more = f"\nBesides, it was not made from {suite.path} as it is now:\n" + _lines(wrong) if wrong else ""
        raise NotComparable(
            f"{folder.name} shows nothing about a model:\n"
            + "\n".join(recorded)
            + "\nAsk the model: give the candidate an adapter that does, and run the suite again. "
            "If recorded answers are what you want judged, say so: --allow-recorded." + more
        )
    if wrong:
        raise NotComparable(
            f"{folder.name} was not made from {suite.path} as it is now:\n"
            + _lines(wrong)
            + f"\nRun it again{'' if current() is None else ' under that policy'}: {_again(wrong, suite, facts)} What "
            "should be otherwise is changed on the protected branch first."
        )


def _again(wrong: list[str], suite: ResolvedSuite, facts: RunFacts) -> str:
    """The command that makes a run which can be judged: the run's own suite where only its pieces are wrong."""
    if not any(_SESSIONS in line for line in wrong):
        return f"evalkit run {suite.path} --gate (what is unchanged comes from the cache and costs nothing)."
    own = facts.suite_path if all(_SESSIONS in line for line in wrong) and facts.suite_path else suite.path
    return f"evalkit run {own} --new --no-cache, in one go."


def _refuse_programs_of_tools(suite: ResolvedSuite) -> None:
    """Raises NotComparable where a program of the suite carries out the tools of agents: only the files that its
    command names are compared, and what they load or read could hold the right answers."""
    found = [
        f"  {task.name}: {task.environment.live.written} starts a program (mcp.command)"
        for task in suite.tasks
        if task.environment is not None
        and task.environment.live is not None
        and task.environment.live.entry.command is not None
    ]
    if found:
        raise NotComparable(
            f"The tools of {suite.path} are programs, and what they load and read in a checkout is not compared: a "
            "pull request could have them tell the right answers.\n"
            + _lines(found)
            + "\nRecord them on the protected branch "
            "(evalkit run SUITE --record-tools FILE) and name FILE as the environment. Where nobody can change what "
            "they read, say so: --allow-recorded."
        )


def refuse_other_policy(folder: Path) -> None:
    """Raises NotComparable where a data policy was named and the run was not made under it as it is now."""
    policy = named()
    if policy is not None and _policy_of(read_facts(folder)) != policy.sha256:
        raise NotComparable(
            f"{folder.name} was not made under {policy.name} as it is now. Run its suite again with --policy, or leave "
            "the option out."
        )


def _lines(wrong: list[str]) -> str:
    shown = list(dict.fromkeys(wrong))
    more = [f"  and {len(shown) - _MOST_LINES} more"] if len(shown) > _MOST_LINES else []
    return "\n".join([*shown[:_MOST_LINES], *more])


def _policy_of(facts: RunFacts) -> str | None:
    policy = facts.egress.policy if facts.egress is not None else None
    return policy.sha256 if policy is not None else None


def _otherwise(
    suite: ResolvedSuite, facts: RunFacts, content: Mapping[str, object], now: SuiteFacts, trusted: GateTrust
) -> Iterator[str]:
    """A line for each difference."""
    made, read = facts.suite_resolved or SuiteFacts(), rests_on(suite.gate)
    if facts.suite_resolved is None:
        yield "  suite: the run does not record the suite that it was made from; run it again with this evalkit"
    yield from other_tasks(suite, facts, now)
    yield from _other_sides(suite, facts, now, made, trusted)
    if facts.suite_resolved is not None:
        yield from _other_keys(suite, content.get("suite_resolved"))
    if suite.gate is not None:
        yield from differing_facts(suite.gate, facts, now, made, trusted)
    if "costs" in read:
        yield from otherwise_priced(suite, facts)
        yield from otherwise_measured(suite, facts, now, trusted.sweeps)
    if "licence" in read:
        yield from other_catalogue(suite, facts)
    yield from _otherwise_run(facts, now, made)
    yield from _in_pieces(suite, facts, now, made)
    if read & {"costs", "times"}:
        yield from _otherwise_ordered(facts, now)
    policy = current()
    if policy is not None and _policy_of(facts) != policy.sha256:
        yield f"  policy: the run was not made under {policy.name} as it is now"
    if weaker(made.sensitivity, suite.sensitivity):
        yield f"  sensitivity: {made.sensitivity or 'not recorded'} in the run, {suite.sensitivity} in the suite"
    yield from other_facts(facts, content, suite)


def _other_keys(suite: ResolvedSuite, run: object) -> Iterator[str]:
    """A line for each key of the suite that is not equal and not told of elsewhere, as models and keys of tasks are."""
    now = suite.resolved().as_json()
    theirs: Mapping[str, object] = run if isinstance(run, Mapping) else {}
    leave = ("models", "judges", "tasks")
    one, other = ({key: value for key, value in side.items() if key not in leave} for side in (theirs, now))
    asked, asks = theirs.get("tasks"), now["tasks"]
    by_name = _by_name(asked)
    one["tasks"], other["tasks"] = by_name, _by_name(asks)
    yield from (found.line() for found in differences(one, other))
    if isinstance(asked, list) and len(by_name) != len(asked):
        yield "  tasks: two of the run's have one name"
    known = {name for section, name, _ in _fixed(suite) if section == "judges"}
    judged, judges = (_judges_in(side) for side in (theirs, now))
    for name in {**judged, **judges}:
        if name not in known:
            sides = [{"judges": {name: side.get(name)}} for side in (judged, judges)]
            yield from (found.line() for found in differences(*sides))


def _judges_in(suite: Mapping[str, object]) -> Mapping[str, object]:
    """Judges by name; none where the section is damaged."""
    found = suite.get("judges")
    return found if isinstance(found, Mapping) else {}


def _by_name(tasks: object) -> dict[str, object]:
    """Tasks by name, without what `tasks_match` compares; a task that only one side has is told of there."""
    found = [task for task in tasks if isinstance(task, Mapping)] if isinstance(tasks, list) else []
    return {str(task.get("name")): {key: task[key] for key in task if key != "written"} for task in found}


def _other_sides(
    suite: ResolvedSuite, facts: RunFacts, now: SuiteFacts, made: SuiteFacts, trusted: GateTrust
) -> Iterator[str]:
    """What a run may not bring along: another model under the name of the baseline, of a judge or of the model that
    judges compare answers with."""
    for section, name, who in _fixed(suite):
        judge = section == "judges"
        entry, other = ((side.judges if judge else side.models).get(name) for side in (now, made))
        told = (facts.judges if judge else facts.models or {}).get(name) or _part(facts, name)
        recorded, ours = told.file_sha256 if told is not None else None, _recorded(suite, section, name)
        programs = is_program(facts, name) if not judge else told is not None and told.adapter in PROGRAMS
        if programs and not trusted.allow_recorded:
            yield (
                f"  {who} {name}: a program that lies beside the suite answers for it, and its files are not compared "
                "(--allow-recorded)"
            )
            continue
        found = _entries(section, name, other.root if other else None, entry.root if entry else None)
        if found:
            said = "; ".join(one.values(2) for one in found[:5])
            yield f"  {who} {name}: its entry changed ({said})"
        elif told is None and entry is not None:
            yield f"  {who} {name}: run.json does not say who answered for it"
        elif recorded != ours and (recorded is not None or _reads_a_file(entry)):
            yield f"  {who} {name}: its recorded answers changed"
        elif _other_weights(suite, facts, section, name, trusted):
            yield f"  {who} {name}: its weights, tokenizer or chat template changed"
        elif told is not None and entry is not None and told.adapter != entry.adapter:
            yield f"  {who} {name}: run.json says that {told.adapter} asked it, and its suite says {entry.adapter}"
        elif told is not None and entry is not None and other_model(entry.root, told.model):
            is_it = f"run.json says that it was {short(told.model)}, and its suite says {short(entry.model)}"
            yield f"  {who} {name}: {is_it}"


def _reads_a_file(entry: EntryFacts | None) -> bool:
    """Whether its adapter answers from a file, so that its content has to be recorded."""
    return entry is not None and folded(entry.adapter or "") == "replay"


def _part(facts: RunFacts, name: str) -> ModelFacts | None:
    """What the run says of a model that was asked as a part of pipelines alone."""
    told = (facts.models or {}).values()
    return next((found for one in told if (found := (one.parts or {}).get(name)) is not None), None)


def _entries(section: str, name: str, run: object, suite: object) -> list[SuiteDifference]:
    return list(differences({section: {name: run}}, {section: {name: suite}}))


def _fixed(suite: ResolvedSuite) -> list[tuple[str, str, str]]:
    """(section, name, what it is called) of every model and judge that a run may not replace."""
    baseline = suite.gate.baseline if suite.gate is not None else None
    fixed: dict[tuple[str, str], str] = {}
    if baseline is not None and not baseline.startswith(PROMOTED):
        fixed["models", baseline] = "the baseline"
        fixed |= {("models", name): "a part of the baseline," for name in parts_of(suite.models, [baseline])}
    for judging in (compile_judging(task.entry.score) for task in suite.tasks):
        if judging is None:
            continue
        fixed |= {("judges", name): "the judge" for name in judging.by}
        if judging.pair is not None:
            fixed.setdefault(("models", judging.pair), "the other side of each pair,")
    return [(section, name, who) for (section, name), who in fixed.items()]


def _otherwise_run(facts: RunFacts, now: SuiteFacts, made: SuiteFacts) -> Iterator[str]:
    """A line where more errors are allowed, and where the run was not made under the load that it says. Load and
    timeouts themselves are compared with all other keys: they decide which answers are drawn again, which bills come
    out of a provider's cache, and what is timed, of the baseline too."""
    allowed, more = now.run.max_error_rate, made.run.max_error_rate
    if allowed is not None and (more is None or more > allowed):
        yield f"  run.max_error_rate: {more} in the run, {allowed:g} in the suite"
    if isinstance(facts.in_flight, str) and ", then " in facts.in_flight:
        yield f"  run.in_flight: {facts.in_flight} in the run, which was resumed under another load"
    elif facts.in_flight != now.run.in_flight and made.run.in_flight == now.run.in_flight:
        yield f"  in_flight: {facts.in_flight} in the run, {now.run.in_flight} in the suite"
    yield from _held_back(facts, now.run.max_cost_usd)


def _in_pieces(suite: ResolvedSuite, facts: RunFacts, now: SuiteFacts, made: SuiteFacts) -> Iterator[str]:
    """A line where the run was asked in several sessions and a rule rests on what whoever breaks it off can choose: a
    provider's prompt cache is cold after a pause and so the baseline is dear and slow, waits behind a rate limit are
    forgotten, and failed answers are asked until they come."""
    read = rests_on(suite.gate) & {"costs", "times"}
    about_errors = suite.gate is not None and bool(suite.gate.error_rules)
    if facts.sessions_cut and read:
        n = numbers.plural(facts.sessions_cut, "session")
        yield (
            f"  {_SESSIONS} the run was broken off and resumed ({n} ended before everything was asked), and a rule is "
            f"about {' and '.join(sorted(read))}, which depend on that"
        )
    if about_errors and facts.sessions_retried:
        yield f"  {_SESSIONS} failed answers were asked again when the run was resumed, and a rule is about them"
    if about_errors and made.run.max_error_rate != now.run.max_error_rate:
        yield "  run.max_error_rate: not the suite's, and a rule is about errors"


def _held_back(facts: RunFacts, cap: Decimal | None) -> Iterator[str]:
    """A line where requests waited for a cap that is lower than the suite's, of the run's suite or its command line:
    with little money only a few are open, whatever `in_flight` says."""
    told = [what.removeprefix(CAP).strip() for what in facts.slowed_by if what.startswith(CAP)]
    if "slowed_by" not in facts.model_fields_set and facts.max_cost_usd is not None:
        told = [str(facts.max_cost_usd)]
    for had in told:
        known = had.replace(".", "", 1).isdecimal()
        shown = had if known else short(had)
        if cap is None or not known or Decimal(had) < cap:
            yield (
                f"  run.max_cost_usd: requests waited for a cap of {shown} US dollars, so that fewer were open "
                f"than run.in_flight says; {cap or 'no cap'} in the suite. Run it again under the suite's, or a higher "
                "one (--max-cost)"
            )


def _otherwise_ordered(facts: RunFacts, now: SuiteFacts) -> Iterator[str]:
    """A line where models or tasks were asked in another order: who asks second finds what a server has cached of the
    same beginning, and is billed and timed accordingly."""
    asked = {
        "models": (facts.models or {}, now.models),
        "tasks": (facts.tasks or {}, [task.name for task in now.tasks]),
    }
    for what, (had, has) in asked.items():
        both = [name for name in has if name in had]
        if (order := [name for name in had if name in both]) != both:
            yield (
                f"  {what}: asked in the order {short(', '.join(order))}, {short(', '.join(both))} in the suite; who "
                "is asked later finds more in a server's cache, and a rule is about cost or times"
            )


def _other_weights(suite: ResolvedSuite, facts: RunFacts, section: str, name: str, trusted: GateTrust) -> bool:
    """Whether the run asked other weights than now lie where the suite's entry names them; no, where none are here."""
    judge = section == "judges"
    entry = (suite.judges if judge else suite.models).get(name)
    told = (facts.judges if judge else facts.models or {}).get(name) or _part(facts, name)
    if entry is None or entry.model is None or told is None:
        return False
    here, ran = trusted.installed.weights(name, entry, suite.folder), told.facts or {}
    return any(ran.get(key) != value for key, value in here.items())


def _recorded(suite: ResolvedSuite, section: str, name: str) -> str | None:
    """Content of the file that a model or judge answers from; None where there is none."""
    entry = (suite.judges if section == "judges" else suite.models).get(name)
    return None if entry is None else suite.file_digest(entry)


def other_catalogue(suite: ResolvedSuite, facts: RunFacts) -> Iterator[str]:
    """A line where the run brought facts about models along that do not lie beside the suite."""
    from evalkit.catalogue.reading import records_of_suite

    if orjson.loads(orjson.dumps(records_of_suite(suite), default=str)) != list(facts.catalogue or ()):
        yield (
            "  models.yaml: the run was made with another catalogue than lies beside the suite, and a rule is about "
            "a licence"
        )


def otherwise_priced(suite: ResolvedSuite, facts: RunFacts) -> Iterator[str]:
    """A line where the run was billed by a prices.yaml that does not lie beside the suite.

    Prices that the person named for the run (--prices) are the person's word.
    """
    if "price_file" not in facts.model_fields_set:
        yield (
            "  prices.yaml: the run does not say which prices it was billed by (an older evalkit made it), and a rule "
            "is about cost; run it again with this evalkit"
        )
        return
    file = facts.price_file
    if file is not None and file.of == "person":
        return
    beside = find(PRICE_FILE, suite.folder, label=str(suite.folder / PRICE_FILE))
    if (file.sha256 if file is not None else None) != (beside.sha256() if beside.is_file() else None):
        yield (
            "  prices.yaml: the run was billed by another one than lies beside the suite, and a rule is about cost "
            "(change prices on their own before, or name them yourself: evalkit run --prices FILE)"
        )


def otherwise_measured(suite: ResolvedSuite, facts: RunFacts, now: SuiteFacts, sweeps: Path | None) -> Iterator[str]:
    """A line for each model whose price per token rests on a load sweep that nobody vouches for: sweeps lie in the
    results folder, where a pull request can put its own. Raises UserError, StoreError."""
    gate = suite.gate
    if gate is None:
        return
    made = facts.suite_resolved or SuiteFacts()
    base = gate.baseline
    for name in (*(() if base is None or base.startswith(PROMOTED) else (base,)), *gate.candidates):
        prices = facts.model_facts(name).prices
        entry, theirs = ((side.models[name].root if name in side.models else {}) for side in (now, made))
        if prices is None or not theirs.get("hosting"):
            continue
        if sweeps is None:
            yield (
                f"  {name}: its price rests on a load sweep of the run's results folder "
                f"({short(prices.source or 'not recorded', 200)}), where a pull request can put its own; name a folder "
                "of sweeps that you trust: --sweeps DIR"
            )
            continue
        asked = {**entry, "model": theirs.get("model")}  # a sweep is of the model that was asked
        found = hosted_prices({name: asked}, suite.name, sweeps, sweeps=sweeps).get(name)
        unit = found[2] if found is not None else None
        if unit is None or parse(PriceFacts, unit.as_facts(), sweeps).usd_per_mtok != prices.usd_per_mtok:
            yield f"  {name}: its price is not the one that the load sweeps of {sweeps} give"
