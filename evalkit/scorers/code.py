"""Code that a model wrote, run against a task's tests. Off unless the person at the command line allows it.

    make({})     the record has `prompt` (the start of the function), `test` and `entry_point`, as HumanEval has them

The last fenced block that defines the function is taken, or the whole reply; where nothing defines it, the reply
continues the prompt (`evalkit.scorers.code_reply`). It runs in a process of its own, in a cage
(`evalkit.scorers.code_worker`): no file but Python's library, no network, no new process, nothing written, limits on
time and memory. That keeps code from harm and from secrets. It does not make the score proof against code that sets out
to cheat: test and solution share an interpreter, as they do in every harness of this kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.code_reply import LONGEST, holds_code, whole_function
from evalkit.scorers.code_worker import allowed, run_program, unsupported
from evalkit.scorers.options import Amount, OptionRule, read
from evalkit.scorers.scores import right_or_wrong, unparseable, unscored

_RULES: Mapping[str, OptionRule] = {"limit_s": Amount(10.0, 0.1, 600), "memory_mb": Amount(1024.0, 64, 65_536)}


def make(given: Mapping[str, object]) -> Scorer:
    """Raises SuiteError unless code may be run here and now."""
    options = read("code", given, _RULES)
    if not allowed():
        raise SuiteError(
            "scorer code runs what the model wrote. Allow it on the command line (a suite cannot): "
            "--allow-code-execution"
        )
    if why := unsupported():
        raise SuiteError(
            f"scorer code cannot keep a model's code in a cage here: {why}. It needs Linux with Landlock (5.13 or "
            "later) or with user namespaces that this user may make; nothing lowers that."
        )

    def score(sample: Sample, response: Response) -> Score:
        fields = sample.fields
        prompt, test, entry = fields.get("prompt"), fields.get("test"), fields.get("entry_point")
        if (
            not isinstance(prompt, str)
            or not isinstance(test, str)
            or not isinstance(entry, str)
            or not entry.isidentifier()
        ):
            return unscored("the record has no `prompt`, `test` and `entry_point`")
        solution = whole_function(prompt, response.text, entry)
        if len(solution) > LONGEST:
            return unparseable(f"the program has {len(solution):,} characters, more than {LONGEST:,}")
        program = f"{solution}\n\n{test}\n\ncheck({entry})\n"
        ran = run_program(program, limit_s=options.amount("limit_s"), memory_mb=int(options.amount("memory_mb")))
        if ran.broken:
            return unscored(ran.reason)
        if not ran.passed and not holds_code(response.text):
            return unparseable("the reply holds no program")
        return right_or_wrong(ran.passed, solution[:500], ran.reason)

    def gold(sample: Sample) -> str | None:
        solution = sample.fields.get("canonical_solution")
        return solution if isinstance(solution, str) else None

    return Scorer("code", 5, score, gold, options=options, slow=True)
