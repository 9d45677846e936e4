"""The suite of a person's own file, as a person would write it, and what lies beside it: the records, recorded answers.

evalkit init --from tickets.csv --model replay:answers.jsonl
recorded_file(Path("answers.jsonl"), None)     # AnswerFile(path, (("text_field", "reply"),)): one of the suite's models
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from evalkit.bridges.first_suite.looking import FileLook, look, written_record
from evalkit.bridges.first_suite.proposal import Proposal, reading
from evalkit.bridges.first_suite.roles import IDS
from evalkit.bridges.traces.suite_text import AskedModel, sayable
from evalkit.cost.prices import PriceBook
from evalkit.errors import SuiteError, UserError
from evalkit.reading import open_to_read
from evalkit.suite.column_names import GUESSES, folded_column, folded_columns
from evalkit.suite.datasets import Record
from evalkit.suite.source_map import parse
from evalkit.text.escape import visible
from evalkit.text.yaml_words import yaml_quoted, yaml_word
from evalkit.writing import open_to_write, write_file

SUITE_FILE, SCHEMA_FILE = "suite.yaml", "suite.schema.json"
JUDGE = "judge"
_NAME = re.compile(r"[^A-Za-z0-9._+-]+")
_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "gemini": "GEMINI_API_KEY"}
_FEW = {"choice": 32, "options": 32, "numbers": 256, "exact": 256, "fields": 1024, "judge": 1024}
"""The longest answer in tokens, by kind of task."""
_REFUSES_SHORT = 512
"""At least so many where a model may reason: reasoning counts too."""
_HAS_PLAIN_NAME = re.compile(r"[\w .-]+")
_NAMES_NO_NUMBER = re.compile(
    r"answer|antwort|target|expected|reference|gold|truth|ideal|solution|result|label|output|completion|response|reply"
    r"|respuesta|risposta|resposta|antwoord|r[eé]ponse|correct"
)
"""In the name of a column of right answers that does not say which number is asked for: the question does."""
_KEYS_WRITTEN = frozenset({"name", "sensitivity", "models", "judges", "tasks", "run", "gate"})
_TASK_KEYS_WRITTEN = frozenset(
    {"name", "data", "prompt", "choices", "target", "score", "cluster", "slices", "settings"}
)


@dataclass(frozen=True, slots=True)
class FirstSuite:
    """All that is written."""

    looked: FileLook
    proposal: Proposal
    folder: Path
    models: Mapping[str, AskedModel]
    """By name: the first is the baseline."""
    judge: AskedModel
    answers: Sequence[Path] = ()
    """Files of recorded answers that models are made of; they lie beside the suite."""

    @property
    def name(self) -> str:
        stem = self.looked.path.name.removesuffix(".gz").rpartition(".")[0]
        return _NAME.sub("-", stem).strip("-._+")[:60] or "my-suite"

    @property
    def data_name(self) -> str:
        """The data's file beside the suite."""
        if self.proposal.left_out or self.proposal.unaskable or self.proposal.roles.has_bad_id:
            return f"{self.name}.rows.jsonl"
        return self.looked.path.name

    @property
    def id_column(self) -> str | None:
        """The column that names a record; one that is added to the written data where `id` there does not."""
        roles, added = self.proposal.roles, "line"
        while roles.has_bad_id and added in self.looked.columns:
            added = f"_{added}"
        return added if roles.has_bad_id else roles.id

    @property
    def is_priced(self) -> bool:
        """Whether the book of prices knows what each model that is asked bills."""
        asked = [*self.models.values(), *([self.judge] if self.proposal.needs_judge else [])]
        book, now = PriceBook.load(), datetime.now(UTC)
        return all(one.base_url is None and book.known_price(one.adapter, one.model, now) for one in asked)

    @property
    def copied_answers(self) -> list[Path]:
        """Those files of answers that lie elsewhere and have to be copied."""
        return [path for path in self.answers if path.resolve().parent != self.folder.resolve()]

    @property
    def copies(self) -> bool:
        """Whether the data has to be written: records were left out, or the suite stands in another folder."""
        return self.data_name != self.looked.path.name or self.folder.resolve() != self.looked.path.resolve().parent


def write(suite: FirstSuite, schema: bytes) -> list[Path]:
    """Write suite, data (where it is not there) and schema; the files. `schema` is the schema's content.

    Raises UserError where suite or data are there already: nothing is written then.
    """
    target = suite.folder / SUITE_FILE
    data = suite.folder / suite.data_name
    copied = [suite.folder / path.name for path in suite.copied_answers]
    wanted = (target, *([data] if suite.copies else []), *copied)
    there = [path for path in wanted if path.exists() or path.is_symlink() or wanted.count(path) > 1]
    if there:
        raise UserError(
            f"{there[0]} exists already and is not overwritten. Choose another folder, and it is written there with a "
            "copy of the data: evalkit init OTHER --from FILE"
        )
    text = suite_yaml(suite)
    try:
        suite.folder.mkdir(parents=True, exist_ok=True)
        if suite.copies:
            _write_data(suite, data)
        for path, copy in zip(suite.copied_answers, copied, strict=True):
            with open_to_read(path) as source, open_to_write(copy, new=True) as file:
                shutil.copyfileobj(source, file, 1 << 20)
        write_file(target, text, new=True)
        if not (suite.folder / SCHEMA_FILE).exists():
            write_file(suite.folder / SCHEMA_FILE, schema, new=True)
    except OSError as error:
        raise UserError(
            f"{suite.folder} cannot be written ({error.strerror or error}). Choose another: evalkit init FOLDER --from "
            f"{suite.looked.path.name}"
        ) from error
    return list(wanted)


def _write_data(suite: FirstSuite, target: Path) -> None:
    looked, left_out = suite.looked, suite.proposal.left_out
    with open_to_write(target, new=True) as file:
        if suite.data_name == looked.path.name:
            with looked.data.path.open_file() as source:
                shutil.copyfileobj(source, file, 1 << 20)
            return
        for number, record in looked.data.records(lambda _: None):
            if number not in left_out:
                line: Record = {suite.id_column or "": number} if suite.proposal.roles.has_bad_id else {}
                file.write(_json_line(written_record({**record, **line})))


def _json_line(record: object) -> bytes:
    """A record as a line. Half a character, which UTF-8 has not, is escaped: `check` says what is wrong with it."""
    try:
        return orjson.dumps(record) + b"\n"
    except TypeError:
        return json.dumps(record).encode() + b"\n"


def suite_yaml(suite: FirstSuite) -> str:
    """The text of suite.yaml. Raises UserError for names that a suite file cannot hold."""
    proposal, roles = suite.proposal, suite.proposal.roles
    names = [*roles.question, *roles.options, *roles.slices, *(n for n in (roles.id, roles.cluster, roles.target) if n)]
    if odd := next((name for name in (*names, suite.data_name) if not sayable(name) or not name.isprintable()), None):
        raise UserError(f"{odd!r} cannot stand in a suite file (`${{`, or a sign that nobody sees): rename it")
    lines = [
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        f"# Proposed by `evalkit init --from` for {_in_comment(suite.looked.path.name)}. Change any line.",
        f"name: {yaml_word(suite.name)}",
        "",
        "# Where prompts may be sent. public: anywhere. internal: this machine and providers' own endpoints.",
        "# restricted: this machine only.",
        "sensitivity: internal",
        "",
        "models:",
        *(f"  {yaml_word(name)}: {one.entry()}{_key(one)}" for name, one in suite.models.items()),
    ]
    if proposal.needs_judge:
        lines += ["", "judges:", f"  {JUDGE}: {suite.judge.entry()[:-1]}, settings: {{max_output_tokens: 1024}}}}"]
    lines += ["", "tasks:", *_task(suite)]
    if suite.is_priced:
        lines += ["", "run:", "  max_cost_usd: 5                       # stop before this is passed"]
    else:
        lines += [
            "",
            "run: {in_flight: auto}                 # max_cost_usd: 5 stops before that is passed; needs prices",
        ]
    baseline, *candidates = suite.models
    if candidates:
        lines += [
            "",
            "# May a candidate replace the baseline? evalkit run suite.yaml --gate",
            "gate:",
            f"  baseline: {yaml_word(baseline)}",
            f"  candidates: [{', '.join(map(yaml_word, candidates))}]",
            "  rules:",
            "    - {quality: all, margin: 0.05}      # at most 5 points worse; smaller margins need more records",
        ]
    text = "\n".join(lines) + "\n"
    _check_text(text, suite)
    return text


def _key(model: AskedModel) -> str:
    """A comment that names the variable with its key; empty where none is needed."""
    from evalkit.adapters.registry import preset_of

    preset = preset_of(model.adapter)
    names = (_KEYS[model.adapter],) if model.adapter in _KEYS else preset.key_env if preset is not None else ()
    return f"    # key: {names[0]}" if names else ""


def _task(suite: FirstSuite) -> list[str]:
    proposal, roles = suite.proposal, suite.proposal.roles
    named = suite.id_column
    own_id = f", id: {yaml_word(named)}" if named and named != "id" else ""
    path = yaml_word(suite.data_name) if _plain(suite.data_name) else yaml_quoted(suite.data_name)
    lines = [
        f"  - name: {yaml_word(suite.name)}",
        f"    data: {{path: {path}{own_id}}}" if own_id else f"    data: {path}",
        "    prompt: |-",
        *(f"      {line}".rstrip() for line in _prompt_lines(proposal)),
    ]
    if proposal.kind == "choice":
        lines.append(f"    choices: [{', '.join(map(yaml_word, proposal.choices))}]")
    if proposal.kind == "options":
        lines.append(f"    choices: {_options(proposal)}")
    if proposal.target is not None:
        lines.append(f"    target: {yaml_quoted(proposal.target)}")
    lines.append(f"    score: {_score(proposal)}")
    if roles.cluster:
        lines.append(f"    cluster: {yaml_word(roles.cluster)}      # records that move together")
    if roles.slices:
        lines.append(f"    slices: [{', '.join(map(yaml_word, roles.slices))}]      # also reported by these")
    lines.append(f"    settings: {{max_output_tokens: {max(_FEW[proposal.kind], _REFUSES_SHORT)}}}")
    if roles.unused:
        shown = ", ".join(map(_in_comment, roles.unused[:12]))
        lines.append(f"    # not shown to the models: {shown}")
    return lines


def _in_comment(name: str) -> str:
    """The name as it stands; where it holds a sign that nobody sees or that ends the line, with escapes."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _prompt_lines(proposal: Proposal) -> list[str]:
    """The lines of the prompt, none of which holds a line break of any kind."""
    return [part for line in _prompt(proposal) for part in line.splitlines() or [""]]


def _check_text(text: str, suite: FirstSuite) -> None:
    """Raises UserError where the text says anything but what is proposed: something of the data became part of it."""
    wanted = "\n".join(line.rstrip() for line in _prompt_lines(suite.proposal))
    try:
        read = parse(text, SUITE_FILE).data
    except SuiteError:
        read = None
    tasks = read.get("tasks") if isinstance(read, dict) and read.keys() <= _KEYS_WRITTEN else None
    task = tasks[0] if isinstance(tasks, list) and len(tasks) == 1 else None
    if not isinstance(task, dict) or not task.keys() <= _TASK_KEYS_WRITTEN or task.get("prompt") != wanted:
        raise UserError(
            f"{suite.looked.path.name!a} holds names (of columns, or of keys in the answers) that cannot stand in a "
            "suite file. Rename them, or write the suite by hand: docs/suites.md"
        )


def _plain(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*", name) is not None


def _prompt(proposal: Proposal) -> list[str]:
    roles = proposal.roles
    asked = [_shown(name, proposal) for name in roles.question]
    if proposal.kind == "choice":
        ask = "Which of these fits the text below: {{ choices | join(', ') }}? Reply with that word only."
        if any(" " in label for label in proposal.choices):
            ask = "Which of these fits the text below: {{ choices | join(', ') }}? Reply with one of them only."
        return [ask, "", *asked]
    if proposal.kind == "options":
        return [*asked, "", "{{ options }}", "", "Reply with the letter of the right option only."]
    if proposal.kind == "numbers":
        return _prompt_for_a_number(proposal, asked)
    if proposal.kind == "exact":
        return _prompt_for_a_text(proposal, asked)
    if proposal.kind == "fields":
        keys = f": {', '.join(proposal.keys)}" if proposal.keys else ""
        return [f"Read these fields out of the text below{keys}. Reply with one JSON object only.", "", *asked]
    return asked


def _prompt_for_a_text(proposal: Proposal, asked: list[str]) -> list[str]:
    """Labels of one letter have to be named; what else is compared as a text, the question asks for."""
    if not proposal.labels:
        return [*asked, "", "Reply with the answer only."]
    target = proposal.roles.target or ""
    which = f": {target.replace('_', ' ')}" if _HAS_PLAIN_NAME.fullmatch(target) else ""
    ask = f"Which of these fits the text below{which} ({', '.join(proposal.labels)})? Reply with that letter only."
    return [ask, "", *asked]


def _prompt_for_a_number(proposal: Proposal, asked: list[str]) -> list[str]:
    """The result of a sum needs no name; a number of stars does, or a reply has any number that the text names."""
    target = proposal.roles.target or ""
    if _NAMES_NO_NUMBER.search(folded_column(target)) or not _HAS_PLAIN_NAME.fullmatch(target):
        return [*asked, "", "Reply with the number only."]
    scale = proposal.whole_numbers
    which = f"{target.replace('_', ' ')}{f', a whole number from {scale[0]} to {scale[1]}' if scale else ''}"
    return [f"Which number fits the text below: {which}? Reply with the number only.", "", *asked]


def _shown(name: str, proposal: Proposal) -> str:
    """A line of the prompt that shows a column, under its name where there are several."""
    written = reading(name, proposal.roles)
    labelled = _HAS_PLAIN_NAME.fullmatch(name) is not None and (
        len(proposal.roles.question) > 1 or proposal.kind in {"choice", "fields"}
    )
    return f"{name[:1].upper()}{name[1:].replace('_', ' ')}: {written}" if labelled else written


def _options(proposal: Proposal) -> str:
    roles = proposal.roles
    if len(roles.options) == 1:
        return yaml_quoted(reading(roles.options[0], roles))
    return f"[{', '.join(yaml_quoted(reading(name, roles)) for name in roles.options)}]"


def _score(proposal: Proposal) -> str:
    if proposal.kind == "judge":
        return f"{{judge: {{by: {JUDGE}}}}}"
    if proposal.kind == "exact":
        return "{exact: {ignore_case: true, ignore_wrapping: true}}"
    return {"choice": "choice", "options": "choice", "numbers": "numbers", "fields": "fields"}[proposal.kind]


def by_name(models: Sequence[AskedModel]) -> dict[str, AskedModel]:
    """The models under short names of their own."""
    found: dict[str, AskedModel] = {}
    for one in models:
        said = one.model.partition(".")[0] if one.adapter == "replay" else one.model.rpartition("/")[2]
        short = _NAME.sub("-", said).strip("-._+")[:40].lower() or "model"
        name, n = short, 2
        while name in found:
            name, n = f"{short}-{n}", n + 1
        found[name] = one
    return found


ANSWERS = (*GUESSES["text"], "reply", "model_answer", "model_output", "generation", "said")


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file of answers, and the model that it becomes."""

    path: Path
    fields: tuple[tuple[str, str], ...]
    """`id_field` and `text_field` where the columns have other names than `id` and `text`."""

    def model(self) -> AskedModel:
        """As the suite names it, the file beside the suite."""
        return AskedModel("replay", self.path.name, fields=self.fields)


def recorded_file(path: Path, id_of_data: str | None) -> AnswerFile:
    """The file, its columns found by their names: the id is called as that of the data (`id_of_data`; None: it has
    none), else as ids are. Raises UserError where it is no table, or a column is not found."""
    looked = look(path)
    folded = folded_columns(looked.columns)
    ids = IDS if id_of_data is None else (folded_column(id_of_data), *IDS)
    own_id = _found(ids, folded, path, "the sample's id", "id_field")
    text = _found([name for name in ANSWERS if folded.get(name) != own_id], folded, path, "the answer", "text_field")
    named = (("id_field", own_id, "id"), ("text_field", text, "text"))
    return AnswerFile(path, tuple((key, name) for key, name, usual in named if name != usual))


def _found(names: Sequence[str], folded: dict[str, str], path: Path, what: str, key: str) -> str:
    found = next((folded[name] for name in names if name in folded), None)
    if found is None:
        raise UserError(
            f"--model replay:{path.name}: no column looks like {what} (there are: "
            f"{', '.join(visible(name) for name in list(folded.values())[:20])}). Make the suite without it, and write "
            f"the model into suite.yaml with `{key}`: docs/suites.md, Recorded answers"
        )
    return found
