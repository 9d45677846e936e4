"""Answers that a scorer could not read, where they are too many to be chance: how many, two of them, and what to do.

    for found in unreadable_of(store, run):
        print(found)      # "gpt: 98 of 200 answers to triage could not be read (49 %), and count as wrong. ..."

An answer that a person would read and a scorer does not is a wrong figure. So more than one in twenty is said on every
page, with two examples and the option that would read them. The option is found from the answers alone: what most of
them have in common.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from shlex import quote

from evalkit.facts import TaskFacts
from evalkit.frozen import dataclass
from evalkit.results.reader import ResultsReader
from evalkit.text import numbers
from evalkit.text.escape import json_inside, visible

TOO_MANY = 0.05
"""Share of a model's answers to a task."""
_EXAMPLES = 2
_MOST_RULES = 30
"""Ways to cut an answer out that are tried: replies that share more fields than that are no answers with a name."""
_LONGEST = 20_000
"""Characters of a reply whose fields are looked at."""
_MOST_OF_ONE = 100_000
"""Characters of a reply that are read: a hundred whole ones of 16 MB have no room."""
_LONGEST_NAME = 80
_LOOKED_AT = 100
_MOST = 0.6
"""Share of the answers looked at that have to have something in common."""
_LEAD = re.compile(r"([^\W\d_][\w' -]{0,40}?(?::| is\b| ?[-=]+>| ?→))\s*[*_`\"']*(?=[\w\\$(\[{-])")
_FENCE = re.compile(r"^```\w*\n(.*?)\n```$", re.DOTALL)
_NUMBER = re.compile(r"[-+]?[$€£]?\s?\d[\d,. ]*\s?%?")
_AROUND = " \t\n*_`\"'.,;!()[]{}<>$"
"""What stands around a plain answer."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One model's unreadable answers to one task."""

    run: str
    model: str
    task: str
    n: int
    of: int
    """Answers that came."""
    examples: tuple[str, ...]
    """As the model wrote them: hostile until shown through `visible`."""
    option: str | None
    """The score entry that would read them, as a suite writes it; None: nothing that most have in common."""
    advice: str
    """Half a sentence: what to do."""

    @property
    def finding(self) -> str:
        """The count, as a sentence."""
        return (
            f"{visible(self.model, limit=60)}: {numbers.count(self.n)} of {numbers.count(self.of)} answers to "
            f"{visible(self.task, limit=60)} could not be read ({numbers.share(self.n / self.of)}), and count as wrong."
        )

    @property
    def quoted(self) -> list[str]:
        """The examples, made harmless and on one line each; of one it says that the others looked at are alike."""
        alike = " (alike in all that were looked at)" if len(self.examples) == 1 and self.n > 1 else ""
        return [f"“{visible(text, limit=120)}”{alike}" for text in self.examples]

    @property
    def way_out(self) -> str:
        """What to do, with the command that shows what it would change."""
        if self.option is None:
            return self.advice
        return f"{self.advice}: score: {self.option}. See first what it changes: {self.command}"

    @property
    def command(self) -> str:
        """`rescore --preview` with the option."""
        only = f"--tasks {quote(self.task)} --scorer {quote(self.option or '')}"
        return f"evalkit rescore {quote(self.run)} {only} --preview"

    def __str__(self) -> str:
        return f"{self.finding} Such as {' and '.join(self.quoted)}. {self.way_out}"

    def sentence(self, *, quotes: bool) -> str:
        """In a line; without `quotes` for whoever may not read answers."""
        left_out = "Answers are left out of this page: the board has examples."
        return str(self) if quotes else f"{self.finding} {left_out} {self.way_out}"


def unreadable_of(store: ResultsReader, run: str) -> list[Unreadable]:
    """Every model and task with more than one unreadable answer in twenty. Raises StoreError."""
    found = []
    tasks = store.facts(run).tasks or {}
    for model, summary in store.summary(run).models.items():
        for task, cell in summary.tasks.items():
            n = cell.outcomes.get("unparseable", 0)
            if n <= TOO_MANY * cell.n_answered:
                continue
            texts = _texts(store, run, model, task)
            option, advice = remedy(texts, tasks.get(task, TaskFacts()))
            examples = tuple(dict.fromkeys(text.strip() or "(nothing)" for text in texts))[:_EXAMPLES]
            found.append(Unreadable(run, model, task, n, cell.n_answered, examples, option, advice))
    return found


def unreadable_in(folder: Path) -> list[Unreadable]:
    """The same of a run's folder."""
    folder = folder.resolve()
    return unreadable_of(ResultsReader(folder.parent), folder.name)


def _texts(store: ResultsReader, run: str, model: str, task: str) -> list[str]:
    rows = store.query(
        [run],
        """select began.text as text from rows join (
               select model, task, sample_digest, occurrence, repeat, left(text, ?) as text from texts
               where model = ? and task = ?
           ) began using (model, task, sample_digest, occurrence, repeat)
           where rows.outcome = 'unparseable' and rows.model = ? and rows.task = ?
           order by rows.sample_id, rows.repeat limit ?""",
        [_MOST_OF_ONE, model, task, model, task, _LOOKED_AT],
    )
    return [row["text"] or "" for row in rows]


def remedy(texts: Sequence[str], task: TaskFacts) -> tuple[str | None, str]:
    """(the score entry that reads what most of the texts have in common, half a sentence)."""
    known = task.identity.root.get("score")
    said = known if isinstance(known, Mapping) else {}
    name, options = said.get("name"), said.get("options") or {}
    enough = _MOST * max(len(texts), 1)
    if sum(not text.strip() for text in texts) >= enough:
        return None, "Most are empty: raise max_output_tokens (reasoning may use all of it), or look at stop sequences"
    if not isinstance(name, str) or not isinstance(options, Mapping) or name in {"judge", "code", "tools"}:
        return None, "Say in the prompt in which form to answer"
    if "take" in options:
        return None, "The option extract finds nothing in them: mend it, or say in the prompt in which form to answer"
    reads = _reader(name, task)
    fits = []
    for rule, parts, advice in islice(_rules(texts, enough), _MOST_RULES):
        if reads is not None and sum(reads(part) for part in parts if part is not None) >= enough:
            fits.append((rule, parts, advice))
    if not fits:
        return None, "Say in the prompt in which form to answer, or name the part that counts with the option extract"
    rule, parts, advice = fits[0]
    if any(other != parts for _, other, _ in fits[1:]):  # which of them counts, the answers do not tell
        named = ", ".join(f"{{{key}: {_written(value)}}}" for rule, _, _ in fits[:4] for key, value in rule.items())
        return None, f"They name several: say which counts with the option extract, one of {named}"
    return _written({name: {**options, "extract": rule}}), advice


def _reader(name: str, task: TaskFacts) -> Callable[[str], bool] | None:
    """Whether a text is plainly an answer to this task; None where that cannot be told without the scorer."""
    if name in {"numbers", "math"}:
        return lambda text: _NUMBER.fullmatch(text.strip(_AROUND)) is not None
    choices = task.identity.root.get("choices")
    if name != "choice":
        return None
    if not isinstance(choices, list):
        return lambda text: len(text.strip(_AROUND)) == 1
    known = {str(choice).casefold().strip(_AROUND) for choice in choices}
    return lambda text: text.strip(_AROUND).casefold() in known or len(text.strip(_AROUND)) == 1


def _rules(texts: Sequence[str], enough: float) -> Iterator[tuple[dict[str, str], list[str | None], str]]:
    """(a rule of `extract` that fits most of the texts, what it would cut out of each, half a sentence on it)."""
    fields = [_fields(text) for text in texts]
    keys = Counter(key for one in fields for key in one)
    leads: Counter[str] = Counter()
    for text in texts:
        leads.update({match[1].strip() for match in _LEAD.finditer(text[-2_000:])})
    # The last one where several stand in all: an answer follows its explanation.
    for key in reversed([key for key, n in keys.items() if n >= enough and len(key) <= _LONGEST_NAME]):
        parts = [one.get(key) for one in fields]
        yield {"json": key}, parts, f"Most are JSON with the field {key!r}; this option reads it"
    for _, _, lead in sorted(((n, len(lead), lead) for lead, n in leads.items() if n >= enough), reverse=True):
        rest = [_behind(text, lead) for text in texts]
        yield {"after": lead}, rest, f"Most write {lead!r} before the answer; this option reads what follows"


def _fields(text: str) -> dict[str, str]:
    """The plain fields of a reply that is one JSON object; none of any other, nor of a very long one."""
    stripped = text.strip()
    inner = _FENCE.match(stripped)
    if len(stripped) > _LONGEST:
        return {}
    try:
        value = json.loads(inner[1] if inner else stripped)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {key: str(one) for key, one in value.items() if isinstance(one, str | int | float)}


def _behind(text: str, lead: str) -> str | None:
    """What `extract: {after: ...}` would cut out: the rest of the line behind the words; None: they are not there."""
    _, found, rest = text.rpartition(lead)
    return rest.lstrip("*_ ").split("\n")[0] if found else None


def _written(value: object) -> str:
    """As YAML on one line: JSON is YAML, and names without signs need no quotes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(one)}" for key, one in value.items()) + "}"
    return json_inside(value)
