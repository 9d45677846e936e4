"""The door for files of a results folder that are read: only ordinary files are.

    read_file(Path("results/run/run.json"))       # its bytes; OSError where it is a device or a pipe

A checkout may bring links along under the names that evalkit reads (`results/RUN/run.json` to `/dev/zero`): whoever
read on would fill the memory, or wait for ever. Links to ordinary files are followed.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from evalkit.errors import UserError


def open_to_read(path: Path) -> BufferedReader:
    """An ordinary file, opened to read its bytes. Raises OSError where it cannot be read, or is something else."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    return os.fdopen(file, "rb")


def read_small_text(path: Path, what: str, most_bytes: int) -> tuple[bytes, str]:
    """The bytes of a person's own UTF-8 file, and its text. Raises UserError; `what`: "the policy"."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{what} {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{what} {path} is not UTF-8; save it as UTF-8") from error
    if len(content) > most_bytes:
        size = f"{most_bytes // 1_000_000} MB" if most_bytes >= 1_000_000 else f"{most_bytes // 1000} kB"
        raise UserError(f"{what} {path} is larger than {size}")
    return content, text


def read_file(path: Path) -> bytes:
    """The bytes of an ordinary file. Raises OSError as `open_to_read`."""
    with open_to_read(path) as file:
        return file.read()
