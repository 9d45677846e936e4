"""Turns of a conversation: what is said, shown and called. A part of `evalkit.records`, where everybody finds them.

    Message("user", "Capital of France?")
    Message("user", (Image("pages/1.png", "image/png", 12_345, 1240, 1754, "0f3a..."), "What is the total?"))

A turn of words alone has a `str`; only where pictures are among them it has parts, so that whoever knows nothing of
pictures reads, stores and digests what it always did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal

from evalkit.frozen import dataclass

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that a model made through its provider's tool interface."""

    name: str
    arguments: str
    """The JSON text as the model wrote it, which may be malformed; where a provider gives an object, its JSON."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in a prompt. What it is, is its bytes: two with the same `digest` are the same picture."""

    name: str
    """How the suite names its file; for people, never sent."""
    media_type: str
    """image/png, image/jpeg, image/webp or image/gif."""
    size: int
    """In bytes."""
    width: int
    """In pixels, as the file says."""
    height: int
    digest: str
    """sha256 of the bytes, 64 hex characters."""
    data: bytes | None = field(default=None, repr=False, compare=False)
    """The bytes, in a request that an adapter is given. None: not read (yet), as in every stored row."""
    read: Callable[[], bytes] | None = field(default=None, repr=False, compare=False)
    """Gives the bytes; None where only a stored row tells of the picture."""

    def __str__(self) -> str:
        """`[image pages/1.png: image/png, 1240 x 1754 pixels, 12,345 bytes, sha256 0f3a...]`"""
        what = f"{self.media_type}, {self.width} x {self.height} pixels, {self.size:,} bytes"
        return f"[image {self.name}: {what}, sha256 {self.digest[:16]}]"


Content = str | tuple[str | Image, ...]
"""What a turn says: a text, or parts in their order where pictures are among them."""


def content_identity(content: Content) -> object:
    """What a turn says as JSON, for digests: of a picture its type and its bytes count, and not how its file is called.

    A contract, as the digests are.
    """
    if isinstance(content, str):
        return content
    return [one if isinstance(one, str) else {"image": [one.media_type, one.digest]} for one in content]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. A `tool` turn is what one call returned: those behind an assistant's turn answer its
    calls, in their order."""

    role: Role
    content: Content
    """A text; of a user's turn with pictures a tuple of its texts and pictures. `text` is right for both."""
    calls: tuple[ToolCall, ...] = ()
    """Of an assistant's turn: the calls that it made through the tool interface."""
    failed: bool = False
    """Of a `tool` turn: whether it is an error that came back."""
    carried: str | None = None
    """Of an assistant's turn: `Response.carried`, for the provider that wrote it."""

    @property
    def text(self) -> str:
        """The turn as text: where there are pictures, a line for each says what it is."""
        return self.content if isinstance(self.content, str) else "\n".join(map(str, self.content))

    @property
    def words(self) -> str:
        """Its texts alone, an empty line between several: what of it is no picture."""
        return (
            self.content
            if isinstance(self.content, str)
            else "\n\n".join(p for p in self.content if isinstance(p, str))
        )

    @property
    def images(self) -> tuple[Image, ...]:
        """Its pictures, in their order; () for a text."""
        return () if isinstance(self.content, str) else tuple(p for p in self.content if isinstance(p, Image))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may call."""

    name: str
    """As the task declares it; an adapter spells it as its provider allows and gives calls back under this name."""
    description: str
    parameters: Mapping[str, object]
    """JSON schema of an object whose properties are the arguments."""
