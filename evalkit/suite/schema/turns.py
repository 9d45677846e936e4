"""The turns of a task's prompt, with the pictures that they show.

- role: user
  content: ["Page one:", {image: "{{ first }}"}, "Who signed it?"]
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, model_validator

from evalkit.records import Role
from evalkit.suite.schema.parts import Part, Several, Text


def _one_or_several(value: object) -> object:
    """A list, or one template."""
    return tuple(value) if isinstance(value, list) else value


def _content(value: object) -> object:
    """A template, or a list of parts of which a plain text is one."""
    if not isinstance(value, list):
        return value
    if not value:
        raise ValueError("a turn without parts asks nothing")
    return tuple({"text": one} if isinstance(one, str) else one for one in value)


class PartEntry(Part):
    """A part of a turn of the user: a text or a picture."""

    text: str | None = None
    """A template."""
    image: Text | None = None
    """A template of the picture's path, relative to the suite file, or one that names a list of paths."""

    @model_validator(mode="after")
    def _one(self) -> PartEntry:
        if (self.text is None) == (self.image is None):
            raise ValueError("a part is a text, {text: TEMPLATE} or {image: PATH}")
        return self


Parts = Annotated[
    Several[PartEntry] | str, BeforeValidator(_content, json_schema_input_type=list[str | PartEntry] | str)
]


class MessageEntry(Part):
    """One turn of the conversation; the content is a template, or a list of texts and pictures in their order."""

    role: Role
    content: Parts

    @model_validator(mode="after")
    def _of_the_user(self) -> MessageEntry:
        if not isinstance(self.content, str) and self.role != "user":
            raise ValueError(f"only a turn of the user has parts, and this is the {self.role}'s; write one text")
        return self

    @property
    def text(self) -> str:
        """The template of a turn that is not the user's."""
        return self.content if isinstance(self.content, str) else ""


Images = Annotated[Several[Text] | Text, BeforeValidator(_one_or_several, json_schema_input_type=list[Text] | Text)]
Messages = Annotated[
    Several[MessageEntry] | str, BeforeValidator(_one_or_several, json_schema_input_type=list[MessageEntry] | str)
]
