"""Pictures in a request, as each dialect writes them, read as a model that tells which bytes it was shown.

    picture({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO..."}}) -> "[image/png:812:0f3a...] "

What a real provider refuses is refused: base64 that is none, and bytes that are not of the type they are said to be.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

_STARTS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
_WORD = re.compile(r"\[image/\w+:\d+:[0-9a-f]{64}\] *")


def picture(part: Mapping[str, Any]) -> str | None:
    """Type, size and sha256 of the picture in a part, as one word with a blank behind it; None for a part that is none.
    Raises ValueError."""
    if (address := part.get("image_url")) is not None:  # Chat Completions has an object here, Responses a text
        return _of_url(address["url"] if isinstance(address, Mapping) else address)
    if (inline := part.get("inlineData")) is not None:
        return shown(inline["mimeType"], inline["data"])
    if (block := part.get("image")) is not None:
        return shown(f"image/{block['format']}", block["source"]["bytes"])
    if part.get("type") == "image":
        source = part["source"]
        if source["type"] != "base64":
            raise ValueError("messages: image.source: only base64 is read here")
        return shown(source["media_type"], source["data"])
    return None


def shown(media_type: str | None, encoded: str) -> str:
    """What is said of a picture. Without a type (Ollama names none) the first bytes say it. Raises ValueError."""
    try:
        data = b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError("image: the data is not valid base64") from error
    found = next((kind for kind, starts in _STARTS.items() if data.startswith(starts)), None)
    if found is None or media_type not in (None, found):
        raise ValueError(f"image: the bytes are {found or 'no picture'}, and not {media_type}")
    return f"[{found}:{len(data)}:{sha256(data).hexdigest()}] "


def n_pictures(text: str) -> int:
    """How many pictures a text tells of."""
    return len(_WORD.findall(text))


def _of_url(url: str) -> str:
    head, comma, encoded = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        raise ValueError("image_url: nothing is fetched here; expected data:TYPE;base64,DATA")
    return shown(head.removeprefix("data:").removesuffix(";base64"), encoded)
