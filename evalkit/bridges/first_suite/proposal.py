"""What a first suite of a person's own file asks, and how it scores answers.

    proposal = propose(looked, roles, score=None)      # Proposal(kind="choice", choices=("billing", ...), ...)

| the right answers are                   | task   | scorer                                |
|-----------------------------------------|--------|---------------------------------------|
| a few labels, each several times        | choice | choice                                |
| one of the record's own options         | options| choice                                |
| numbers                                 | numbers| numbers                               |
| JSON objects                            | fields | fields                                |
| short texts                             | exact  | exact, case and wrapping aside        |
| longer texts, or none                   | judge  | a judge, with the answer as reference |
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from evalkit.bridges.first_suite.looking import ColumnLook, FileLook, first_records, is_empty, text_of, whole_digest
from evalkit.bridges.first_suite.roles import LABELS, LANGUAGES, Roles
from evalkit.bridges.traces.rules import form_of, is_number
from evalkit.bridges.traces.suite_text import sayable
from evalkit.bridges.traces.traits import UNKNOWN, guess_language
from evalkit.errors import UserError
from evalkit.stats.copies import too_many_alike
from evalkit.suite.column_names import folded_column
from evalkit.suite.datasets import Record
from evalkit.suite.near_duplicates import near_duplicate_key
from evalkit.suite.templates import field_reading
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.numbers import plural, share, whole_number

Kind = Literal["choice", "options", "numbers", "fields", "exact", "judge"]
KINDS: tuple[Kind, ...] = ("choice", "numbers", "fields", "exact", "judge")
"""What a person may ask for; `options` follows from the columns."""
_OWN_WORDS = frozenset({"choices", "letters", "options", "turn", "row", "record"})
"""Names that templates give a meaning of their own."""
_RESERVED = frozenset({"if", "else", "for", "in", "is", "not", "and", "or", "true", "false", "none", "True", "False",
                       "None", "loop", "set", "range", "dict", "namespace", "self"})  # fmt: skip
_SHORT, _MOST_WORDS = 60, 8
_NEARLY_ALL = 0.95
_MOST_LABELS = 60
_MAY_BE_NOTHING = frozenset({"none", "-", "--", "n/a", "na", "?", "unknown"})
_FEW_NUMBERS = 10
"""Different right answers up to which numbers may be marks on a scale."""
_RARE_LANGUAGE = 0.03
_SEEN = 50
"""Records that are looked at for the form of options and objects."""


@dataclass(slots=True)
class Proposal:
    """What the suite says of the file."""

    kind: Kind
    roles: Roles
    choices: tuple[str, ...] = ()
    """Labels, as the suite lists them."""
    target: str | None = None
    """A template; None: there is no right answer."""
    keys: tuple[str, ...] = ()
    """Of the JSON objects that are asked for."""
    unaskable: dict[str, int] = field(default_factory=dict)
    """By reason, records that are left out."""
    left_out: set[int] = field(default_factory=set)
    """Their places in the file."""
    languages: Counter[str] = field(default_factory=Counter)
    labels: tuple[str, ...] = ()
    """Those that a prompt has to name though they are no options: single letters, compared as texts."""
    whole_numbers: tuple[int, int] | None = None
    """Lowest and highest of right answers that are a few different whole numbers; None: they are anything else."""
    n: int = 0
    """Records that are asked."""
    said: list[str] = field(default_factory=list)

    @property
    def needs_judge(self) -> bool:
        return self.kind == "judge"


def propose(looked: FileLook, roles: Roles, score: Kind | None = None) -> Proposal:
    """The task that fits. `score`: the person's own word; None: by the form of the right answers.

    Raises UserError where that word does not fit the file.
    """
    answers = None if roles.target is None else looked.columns[roles.target]
    if answers is None and score not in {None, "judge"}:
        raise UserError(f"--score {score} needs a column with the right answer: --target COLUMN")
    kind = score or _kind(roles, answers)
    if kind == "choice" and roles.options:
        kind = "options"
    found = Proposal(kind, roles, said=[*roles.said])
    _look_again(looked, found)
    if not found.n:
        reasons = "; ".join(f"{n:,} {why}" for why, n in found.unaskable.items())
        raise UserError(f"{looked.path.name}: no record can be asked ({reasons}). Other columns: --question, --target")
    if answers is not None:
        _read_answers(found, answers, looked, asked_for=score is not None)
    return found


def _kind(roles: Roles, answers: ColumnLook | None) -> Kind:
    if answers is None or roles.options:
        return "judge" if answers is None else "options"
    texts = list(answers.values.elements()) if answers.values is not None else answers.head
    named = folded_column(answers.name) in LABELS
    form = form_of(texts, 2 if named else 4)
    if form == "labels" and answers.values is not None and len(answers.values) >= 2:
        # A few numbers are answers of sums as often as they are labels: the column's name decides.
        return "choice" if named or not all(map(is_number, answers.values)) else "numbers"
    if form == "numbers" or (form == "labels" and all(map(is_number, texts))):
        return "numbers"
    if form == "objects":
        return "fields"
    n_short = sum(len(text) <= _SHORT and len(text.split()) <= _MOST_WORDS for text in texts)
    return "exact" if n_short >= _NEARLY_ALL * len(texts) else "judge"


def reading(name: str, roles: Roles, filters: str = "") -> str:
    """How a template reads a column: `{{ Queue }}`, `{{ row['Customer Message'] | trim }}`."""
    written = field_reading(name)
    if name in _OWN_WORDS | _RESERVED or "row" in roles.question:
        written = f"{{{{ {'record' if 'row' in roles.question else 'row'}[{name!r}] }}}}"
    return written[:-3] + filters + " }}"


def _look_again(looked: FileLook, found: Proposal) -> None:
    """A second pass over the records: what cannot be asked, languages, and questions that stand there twice."""
    roles = found.roles
    seen: dict[object, str] = {}
    n_twice = n_respelled = n_otherwise = 0
    written: set[int] = set()
    first_otherwise = ""
    unaskable: Counter[str] = Counter()
    wholes: set[bytes] = set()
    for number, record in looked.data.records(lambda _: None):
        why = _unaskable(record, roles) or _unscored(record, found.kind, roles)
        if roles.leaves_copies:
            whole = whole_digest(record)
            why = "the same as an earlier one in every column" if whole in wholes else why
            wholes.add(whole)
        if why:
            unaskable[why] += 1
            found.left_out.add(number)
            continue
        found.n += 1
        answer = "" if roles.target is None else text_of(record[roles.target]).casefold()
        key = hash(near_duplicate_key(record, [*roles.question, *roles.options], ()).key)
        exact = hash(tuple(text_of(record[name]) for name in (*roles.question, *roles.options)))
        if key in seen:
            n_twice += 1
            n_respelled += exact not in written
            if seen[key] != answer:
                n_otherwise += 1
                first_otherwise = first_otherwise or looked.data.place(number)
        else:
            seen[key] = answer
        written.add(exact)
        if found.n <= 300:
            found.languages[guess_language(" ".join(text_of(record[name]) for name in roles.question))] += 1
    found.unaskable = dict(unaskable)
    if looked.unread:
        found.unaskable["not readable"] = len(looked.unread)
        found.said.append(f"the first record that cannot be read: {visible(looked.unread[0])}")
    found.said += _of_copies(n_twice - n_respelled, n_respelled, found.n)
    if n_otherwise:
        found.said.append(
            f"{n_otherwise:,} of them {'has' if n_otherwise == 1 else 'have'} another right answer than the earlier "
            f"one (first: {first_otherwise}): nobody can get both right."
        )
    _say_languages(found)


def _of_copies(n_same: int, n_respelled: int, n: int) -> list[str]:
    """What records that ask what an earlier one asks are to every figure of a run (stats.copies), as sentences."""
    said = []
    if n_same:
        told = f"{plural(n_same, 'record')} of {n:,} {'asks' if n_same == 1 else 'ask'} the same as an earlier one"
        if too_many_alike(n_same, n):
            it = "it" if n_same == 1 else "them"
            said.append(
                f"{told}. Copies count as one: they add no evidence, and a gate with copies needs more of it. "
                f"Remove {it}."
            )
        else:
            said.append(f"{told}: up to 1 % are left as they are, and each counts as an item of its own.")
    if n_respelled:
        said.append(
            f"{plural(n_respelled, 'record')} of {n:,} {'asks' if n_respelled == 1 else 'ask'} what an earlier one "
            "asks, spelled or spaced otherwise; each counts as an item of its own, so remove what is a copy."
        )
    return said


def _unaskable(record: Record, roles: Roles) -> str | None:
    """Why a record is left out; None: it can be asked."""
    if all(is_empty(record.get(name)) for name in roles.question):
        return f"no {visible(roles.question[-1])}"
    if any(record.get(name) is None for name in roles.question):
        return f"no {visible(next(name for name in roles.question if record.get(name) is None))}"
    if any(is_empty(record.get(name)) for name in roles.options):
        return f"no {visible(next(name for name in roles.options if is_empty(record.get(name))))}"
    listed = record.get(roles.options[0]) if len(roles.options) == 1 else None
    if isinstance(listed, list) and len(listed) < 2:
        return "fewer than two options"
    if roles.target is not None and is_empty(record.get(roles.target)):
        return f"no {visible(roles.target)}"
    return None


def _unscored(record: Record, kind: Kind, roles: Roles) -> str | None:
    """Why the scorer cannot read this right answer; None: it can, or reads any."""
    if roles.target is None or kind not in {"numbers", "fields"}:
        return None
    value = record[roles.target]
    text = text_of(value)
    if _proves_itself(kind, text):
        return None
    return f"{visible(roles.target)} is no {'number' if kind == 'numbers' else 'JSON object'}"


def _proves_itself(kind: Kind, text: str) -> bool:
    """Whether the scorer finds the right answer right."""
    from evalkit.records import Response, Sample
    from evalkit.scorers.outcomes import score_response
    from evalkit.scorers.registry import make_scorer

    sample = Sample("task", "1", "", "", 0, (), text)
    return score_response(sample, Response(text=text, stop_reason="stop"), make_scorer(kind, {})).value == 1


def _say_languages(found: Proposal) -> None:
    total = sum(n for name, n in found.languages.items() if name != UNKNOWN)
    told = [(name, n) for name, n in found.languages.most_common() if n >= _RARE_LANGUAGE * total and name != UNKNOWN]
    if len(told) > 1 and not any(folded_column(name) in LANGUAGES for name in found.roles.slices):
        shares = ", ".join(f"{name} {share(n / total)}" for name, n in told[:4])
        found.said.append(
            f"texts in several languages ({shares}) and no column that says which: add one, and name it in `slices`"
        )


def _read_answers(found: Proposal, answers: ColumnLook, looked: FileLook, *, asked_for: bool) -> None:
    """The target's template, and the labels; what is odd about them is said."""
    roles = found.roles
    if found.kind == "choice":
        _read_labels(found, answers, asked_for=asked_for)
    if found.kind == "options":
        _read_options(found, answers, looked)
        return
    if found.kind == "choice":
        return
    if found.kind == "fields":
        found.keys = _keys(looked, answers.name)
    if found.kind == "numbers" and answers.values is not None and len(answers.values) <= _FEW_NUMBERS:
        found.said.append(
            f"{visible(answers.name)} has {len(answers.values)} different numbers; if they are labels: --score choice"
        )
        whole = [place for value in answers.values if (place := whole_number(value)) is not None]
        if len(whole) == len(answers.values) > 1:
            found.whole_numbers = (min(whole), max(whole))
    if found.kind == "judge" and not asked_for:
        found.said.append(
            f"{visible(answers.name)} holds free text: a judge compares each answer with it. Label some answers "
            "yourself to know how far it can be trusted: evalkit judge-data. By rule instead: --score exact"
        )
    found.target = reading(answers.name, roles, " | tojson" if answers.n_plain < answers.n else "")


def _read_labels(found: Proposal, answers: ColumnLook, *, asked_for: bool) -> None:
    """The labels that are offered; where they cannot be, the task becomes `exact`."""
    values = answers.values or Counter[str]()
    folded = {value.casefold() for value in values}
    labels = sorted(folded if len(folded) < len(values) else values)
    why = None
    if not 2 <= len(labels) <= _MOST_LABELS:
        why = f"{visible(answers.name)} has {len(labels):,} different values, too many or too few to choose from"
    elif any(not sayable(label) or "{{" in label or "{%" in label or "{#" in label for label in labels):
        why = f"a label of {visible(answers.name)} has signs that a template would read"
    elif all(len(label) == 1 and label.isalpha() for label in labels):
        why = f"the labels of {visible(answers.name)} are single letters, which would be read as letters of options"
    if why is not None:
        if asked_for:
            raise UserError(f"--score choice: {why}; --score exact compares texts")
        found.kind = "exact"
        found.said.append(f"{why}, so replies are compared as texts")
        if 2 <= len(labels) <= _MOST_LABELS and all(len(label) == 1 for label in labels):
            found.labels = tuple(labels)
        return
    if len(folded) < len(values):
        found.said.append(
            f"{len(values):,} spellings of {len(folded):,} labels in {visible(answers.name)}: compared in small letters"
        )
    found.choices = tuple(labels)
    filters = " | trim" + (" | lower" if len(folded) < len(values) else "")
    found.target = reading(answers.name, found.roles, filters)
    if all(map(is_number, labels)):
        found.said.append(
            f"the labels are {', '.join(labels[:6])}: say in the prompt what they stand for, or no model can know"
        )
    found.said += _odd_labels(labels, answers.name)
    alike = Counter({label: 0 for label in labels})
    for spelling, n in values.items():
        alike[spelling.casefold() if len(folded) < len(values) else spelling] += n
    rare = [label for label, n in alike.items() if n == 1]
    if rare:
        found.said.append(
            f"{numbers.plural(len(rare), 'label stands', 'labels stand')} there only once (first: "
            f"{visible(rare[0])}): a misspelling?"
        )


def _odd_labels(labels: Sequence[str], column: str) -> list[str]:
    """What may be no label, or another one in other words, as sentences."""
    said = []
    if unsure := [label for label in labels if label.casefold() in _MAY_BE_NOTHING]:
        said.append(
            f"{', '.join(map(repr, unsure))} stands among the labels of {visible(column)}, and is offered: if it "
            "means that nobody labelled the record, leave those records out"
        )
    by_set: dict[frozenset[str], list[str]] = {}
    for label in labels:
        by_set.setdefault(frozenset(part.strip() for part in re.split("[,;|/+&]", label)), []).append(label)
    if orders := [same for same in by_set.values() if len(same) > 1]:
        said.append(
            f"{' and '.join(visible(label, limit=60) for label in orders[0])} are the same words in another order, and "
            "count as different labels: write them one way"
        )
    return said


def _read_options(found: Proposal, answers: ColumnLook, looked: FileLook) -> None:
    """How the right answer names one of the options: by letter, by number from 0 or from 1, or by its text."""
    roles, values = found.roles, set(answers.values or answers.head)
    read = reading(answers.name, roles)
    inner = read[3:-3]
    found.target = read
    if all(len(value) == 1 and value.isupper() for value in values):
        found.target = f"{{{{ {inner} if {inner} in letters }}}}"  # so that it is the letter, whatever the options say
        return
    n_options = _n_options(looked, roles)
    places = [place for value in values if (place := whole_number(value)) is not None]
    if len(places) == len(values) and not _are_texts(looked, roles, answers.name):
        lowest, highest = min(places), max(places)
        from_one = lowest >= 1 and (highest == n_options or highest > n_options - 1)
        found.target = f"{{{{ letters[{inner}|int{' - 1' if from_one else ''}] }}}}"
        found.said.append(
            f"{visible(answers.name)} is a number: taken to count the options from {1 if from_one else 0}. If that is "
            "wrong, change `target`."
        )


def _n_options(looked: FileLook, roles: Roles) -> int:
    """The most options that a record has."""
    if len(roles.options) > 1:
        return len(roles.options)
    return max((len(one[roles.options[0]]) for one in first_records(looked, _SEEN) if _is_list(one, roles)), default=0)


def _is_list(record: Record, roles: Roles) -> bool:
    return isinstance(record.get(roles.options[0]), list)


def _are_texts(looked: FileLook, roles: Roles, answer: str) -> bool:
    """Whether the right answer is the text of an option in each of the first records."""
    for record in first_records(looked, _SEEN):
        own = record.get(roles.options[0])
        texts = own if isinstance(own, list) else [record.get(name) for name in roles.options]
        if text_of(record.get(answer)) not in {text_of(one) for one in texts}:
            return False
    return True


_LONGEST_KEY = 80
"""A longer name of a field is no name: it is not put into the prompt."""


def _keys(looked: FileLook, target: str) -> tuple[str, ...]:
    """Keys that the right answers have, the first records' first. What a prompt of one line cannot hold is left out."""
    from evalkit.bridges.traces.values import decoded

    keys: dict[str, None] = {}
    for record in first_records(looked, _SEEN):
        value = record.get(target)
        read = decoded(value) if isinstance(value, str) else value
        keys |= dict.fromkeys(map(str, read)) if isinstance(read, dict) else {}
    return tuple(key for key in keys if _is_a_name(key))[:30]


def _is_a_name(key: str) -> bool:
    """Whether a key of a stranger's answers can stand in the prompt: no line break, no sign that nobody sees, no
    template."""
    return len(key) <= _LONGEST_KEY and key.isprintable() and "{" not in key and sayable(key)
