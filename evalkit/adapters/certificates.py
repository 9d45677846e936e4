"""Whether the certificates that the environment names can be used; said before anything is sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from evalkit.errors import UserError

if TYPE_CHECKING:
    import ssl


def check_certificates(url: str) -> None:
    """Raises UserError where SSL_CERT_FILE or SSL_CERT_DIR names what is not there, for an address with https."""
    if urlsplit(url).scheme != "https":
        return
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file and not Path(file).is_file():
        raise UserError(f"SSL_CERT_FILE is {file!r}, and there is no such file. Set it right, or unset it.")
    if folders and not any(Path(folder).is_dir() for folder in folders.split(os.pathsep)):
        raise UserError(f"SSL_CERT_DIR is {folders!r}, and there is no such folder. Set it right, or unset it.")


def unreadable_certificates(error: OSError | ssl.SSLError) -> UserError:
    """The error for certificates that are there and cannot be read."""
    named = " or ".join(name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name))
    place = f"named by {named}" if named else "of this machine"
    return UserError(f"The certificates {place} cannot be read: {error}.")
