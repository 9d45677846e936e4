"""Turns of a prompt that show pictures: texts and pictures in their order.

    messages:
      - role: user
        content: ["Page one:", {image: "{{ first }}"}, "Who signed it?"]

A picture is a template that gives a path, or a list of paths: `pages/{{ id }}.png`, `{{ files }}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from evalkit.frozen import dataclass
from evalkit.records import Content, Image
from evalkit.suite.pictures import Pictures, check_number
from evalkit.suite.rendering import is_blank
from evalkit.suite.templates import BadTemplate, Expression, Template
from evalkit.suite.wording import short


class BadPicture(BadTemplate):
    """A picture that cannot be shown. `str()` is half a sentence."""


@dataclass(frozen=True)
class PicturePlace:
    """One place of pictures in a prompt."""

    template: Template | Expression
    pictures: Pictures

    @classmethod
    def of(cls, source: str, where: str, pictures: Pictures) -> PicturePlace:
        """Raises BadTemplate."""
        inner = source.strip()
        alone = inner.startswith("{{") and inner.endswith("}}") and "{{" not in inner[2:] and "{%" not in inner
        return cls(Expression(source, where) if alone else Template(source, where), pictures)

    @property
    def reads(self) -> frozenset[str]:
        """As of a Template."""
        return self.template.reads

    def images(self, values: Mapping[str, object]) -> tuple[Image, ...]:
        """The pictures for these variables; () where the record names an empty list. Raises BadTemplate."""
        if isinstance(self.template, Template):
            found: object = self.template.render(values)
        else:
            found = self.template.value(values)
        listed = found if isinstance(found, list | tuple) else (found,)
        if any(not isinstance(one, str) or is_blank(one) for one in listed):
            raise BadPicture(f"gives {short(found)}; expected the path of a picture, or a list of paths")
        try:
            check_number(len(listed))  # before any is read
            return tuple([self.pictures.find(one.strip()) for one in listed])
        except ValueError as error:
            raise BadPicture(str(error)) from error


@dataclass(frozen=True)
class PartedTemplate:
    """A turn of texts and pictures. It has what a `Template` has, but that it renders parts."""

    parts: tuple[Template | PicturePlace, ...]
    where: str

    @cached_property
    def names(self) -> frozenset[str]:
        """The variables that its texts read."""
        return frozenset().union(*(text.names for text in self.texts))

    @cached_property
    def fields(self) -> frozenset[str]:
        """As of a Template, of its texts."""
        return frozenset().union(*(text.fields for text in self.texts))

    @property
    def source(self) -> list[object]:
        """As the suite has it, for the task's identity."""
        return [one.source if isinstance(one, Template) else {"image": one.template.source} for one in self.parts]

    @property
    def shown(self) -> tuple[PicturePlace, ...]:
        """Its places of pictures."""
        return tuple(one for one in self.parts if isinstance(one, PicturePlace))

    @property
    def texts(self) -> tuple[Template, ...]:
        """The templates of its words."""
        return tuple([one for one in self.parts if isinstance(one, Template)])

    def followed_by(self, text: str) -> PartedTemplate:
        """The turn with more text at its end."""
        *before, last = self.parts
        if isinstance(last, Template):
            return PartedTemplate((*before, Template(last.source.removesuffix("\n") + text, last.where)), self.where)
        return PartedTemplate((*self.parts, Template(text.lstrip("\n"), self.where)), self.where)

    def render(self, values: Mapping[str, object]) -> Content:
        """The parts for these variables, texts of blanks left out; a text where no picture is named. Raises
        BadTemplate."""
        return content_of(list(self._rendered(values)))

    def _rendered(self, values: Mapping[str, object]) -> Iterator[str | Image]:
        for part in self.parts:
            if isinstance(part, Template):
                yield part.render(values)
            else:
                yield from part.images(values)


def texts_of(turn: Template | PartedTemplate) -> tuple[Template, ...]:
    """The templates of a turn's words."""
    return (turn,) if isinstance(turn, Template) else turn.texts


def content_of(parts: Sequence[str | Image]) -> Content:
    """What a turn says: its parts without texts of blanks, which providers refuse; a text where no picture is."""
    said = tuple(one for one in parts if isinstance(one, Image) or not is_blank(one))
    return said if any(isinstance(one, Image) for one in said) else "\n\n".join(map(str, said))
