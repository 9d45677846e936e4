"""Recorded answers as a model of a first suite: `evalkit init --from tickets.csv --model replay:answers.jsonl`.

recorded_file(Path("answers.jsonl"))     # AnswerFile(path, (("text_field", "reply"),))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.bridges.first_suite.looking import look
from evalkit.bridges.first_suite.roles import IDS
from evalkit.bridges.table_map import GUESSES, folded_column
from evalkit.bridges.traces.suite_text import AskedModel
from evalkit.errors import UserError
from evalkit.text.escape import visible

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


def recorded_file(path: Path) -> AnswerFile:
    """The file, its columns found by their names. Raises UserError where it is no table, or a column is not found."""
    looked = look(path)
    folded = {folded_column(name): name for name in reversed(looked.columns)}
    own_id = _found(IDS, folded, path, "the sample's id", "id_field")
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
