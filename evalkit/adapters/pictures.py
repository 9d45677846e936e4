"""Pictures of a prompt as the dialects send them: base64, inside the body.

    data_url(image)      # data:image/png;base64,iVBORw0KGgo...

The engine gives an adapter the bytes; no dialect opens a file, and none sends an address for somebody else to fetch.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

from evalkit.errors import Unsupported
from evalkit.facts.base import Json
from evalkit.records import Content, Image, Request

_T = TypeVar("_T")


def base64_of(image: Image) -> str:
    """The bytes in base64. Raises Unsupported where nobody has read them."""
    if image.data is None:
        raise Unsupported(f"{image}: its bytes are not here, only what a run folder says of it", sent=False)
    return b64encode(image.data).decode("ascii")


def data_url(image: Image) -> str:
    """The picture as an address that holds it. Raises as `base64_of`."""
    return f"data:{image.media_type};base64,{base64_of(image)}"


def parts(content: Content, text: Callable[[str], _T], image: Callable[[Image], _T]) -> list[_T]:
    """Each part as an API has it, in their order."""
    each = (content,) if isinstance(content, str) else content
    return [text(one) if isinstance(one, str) else image(one) for one in each]


def text_block(said: str) -> dict[str, Json]:
    """A text as OpenAI's Chat Completions and Anthropic's Messages have it."""
    return {"type": "text", "text": said}


def refuse_pictures(request: Request, place: str, adapter: str) -> None:
    """Raises Unsupported where a request has pictures: called for what cannot send them, before anything is sent."""
    if pictures := request.images:
        raise Unsupported(
            f"{place}: the prompt has {len(pictures)} picture{'s' if len(pictures) > 1 else ''}, and {adapter} sends "
            "text alone. Leave the model out: --models",
            sent=False,
        )
