"""`--env-file .env`: keys of providers from a file, for as long as a command lasts.

    undo = put_into_environment(Path(".env"))      # OPENAI_API_KEY=sk-...   # a comment
    undo()

It holds keys and addresses of providers, and may not change what programs run, where requests go, or what evalkit
allows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from evalkit.errors import UserError
from evalkit.reading import read_file

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_NOT_HERE = re.compile(
    # what evalkit allows, what programs and libraries run or load, and what they keep
    r"EVALKIT_.*|PATH|.*_PATH|HOME|.*_HOME|SHELL|IFS|ENV|BASH_.*|PYTHON.*|LD_.*|DYLD_.*|GCONV_.*|GLIBC_.*|MALLOC_.*|TMP|TEMP"
    r"|TMPDIR|GIT_.*|XDG_.*|PAGER|LESS.*|BROWSER|EDITOR|VISUAL|UV_.*|PIP_.*|STREAMLIT_.*|CUDA.*|NVIDIA_.*|TORCH.*|PYTORCH.*"
    r"|TRITON.*|VLLM_.*|RAY_.*|TRANSFORMERS_.*|NLTK_.*|ARROW_.*|OMP_.*|KMP_.*|MKL_.*|OPENBLAS_.*"
    # where requests go, and who can read them
    r"|.*_PROXY|SSL.*|OPENSSL.*|.*_CA_BUNDLE|.*_CERT(_.*)?|HF_(?!TOKEN$).*|HUGGING_?FACE_(?!HUB_TOKEN$).*"
    r"|AWS_(?!ACCESS_KEY_ID$|SECRET_ACCESS_KEY$|SESSION_TOKEN$|BEARER_TOKEN_BEDROCK$|REGION$|DEFAULT_REGION$).*"
    r"|GOOGLE_APPLICATION_.*|CLOUDSDK_.*|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES",
    re.IGNORECASE,
)
_LARGEST = 1_000_000


def put_into_environment(path: Path) -> Callable[[], None]:
    """Set the variables of the file that are not set; what takes them away again. A line is KEY=VALUE, with or without
    `export`, with or without quotes.

    Raises UserError, which names the line and never shows its value.
    """
    try:
        text = read_file(path).decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"--env-file {path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UserError(f"--env-file {path}: cannot be read ({why})") from error
    if len(text) > _LARGEST:
        raise UserError(f"--env-file {path}: is larger than a megabyte, so it holds something else than keys")
    read: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not (stripped := line.strip()) or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            raise UserError(f"--env-file {path}:{number}: is no line like KEY=VALUE")
        if _NOT_HERE.fullmatch(match[1]):
            raise UserError(
                f"--env-file {path}:{number}: {match[1]} is not taken from a file, which holds keys of providers; set "
                "it in the shell"
            )
        read[match[1]] = _value(match[2])
    added = {name: value for name, value in read.items() if name not in os.environ}
    os.environ.update(added)

    def undo() -> None:
        for name, value in added.items():
            if os.environ.get(name) == value:
                del os.environ[name]

    return undo


def _value(written: str) -> str:
    """Without quotes around it; without a comment behind it, where no quotes protect one."""
    for quote in ("'", '"'):
        if written.startswith(quote) and (end := written.find(quote, 1)) > 0:
            return written[1:end]
    return re.split(r"\s+#", written, maxsplit=1)[0].strip()
