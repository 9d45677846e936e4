"""`--env-file .env`: keys and addresses of providers, for as long as a command lasts.

    OPENAI_API_KEY=sk-...       # a comment
    export MY_MODEL='x'         # taken where the person allows it by name: --allow-env MY_MODEL

    put = put_into_environment(Path(".env"))
    put.left                    # ("MY_MODEL",): in the file, and not taken
    put.undo()

Such a file may come from anywhere. So it sets what is a key by its name, what evalkit's own adapters read, and what the
person allowed by name. Nothing else of it is taken, so that no variable that steers a program or a library is set.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from pathlib import Path

from evalkit.errors import UserError
from evalkit.frozen import dataclass
from evalkit.late import late
from evalkit.reading import read_file
from evalkit.trust import ALLOWED_ENV, KEY_HOSTS

_VARIABLE = late(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_KEY = late(r"[A-Z][A-Z0-9_]*_(API_?KEY|ACCESS_KEY|SECRET_KEY|KEY|TOKEN|SECRET|PASSWORD|PAT)(_?\d+)?")
"""How keys of providers are called. A suite's `key_env` of any other name has to be allowed by name anyway."""
_OF_ADAPTERS = frozenset(
    {
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"),
        *(
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "OPENAI_ORG_ID",
            "OPENAI_PROJECT_ID",
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
        ),
    }
)
"""What adapters read beside keys that are called so; addresses (`keys.BASE_URLS`) come to these."""
_NOT_HERE = late(
    # what evalkit allows, what programs and libraries run or load, and what they keep
    r"EVALKIT_.*|PATH|.*_PATH|HOME|.*_HOME|SHELL|IFS|ENV|BASH_.*|PYTHON.*|LD_.*|DYLD_.*|GCONV_.*|GLIBC_.*|MALLOC_.*|TMP|TEMP"
    r"|TMPDIR|GIT_.*|XDG_.*|PAGER|LESS.*|BROWSER|EDITOR|VISUAL|UV_.*|PIP_.*|STREAMLIT_.*|CUDA.*|NVIDIA_.*|TORCH.*|PYTORCH.*"
    r"|TRITON.*|VLLM_(?!API_KEY$).*|RAY_.*|TRANSFORMERS_.*|NLTK_.*|ARROW_.*|OMP_.*|KMP_.*|MKL_.*|OPENBLAS_.*|LOCPATH|NLSPATH"
    # where a job's servers write and read, and where traces go
    r"|CI|CI_.*|GITHUB_(?!TOKEN$).*|GITLAB_(?!TOKEN$).*|RUNNER_.*|ACTIONS_.*|OTEL_.*|DATABRICKS_(?!TOKEN$).*"
    # where requests go, and who can read them
    r"|.*_PROXY|SSL.*|OPENSSL.*|.*_CA_BUNDLE|.*_CERT(_.*)?|HF_(?!TOKEN$).*|HUGGING_?FACE_(?!HUB_TOKEN$).*"
    r"|AWS_(?!ACCESS_KEY_ID$|SECRET_ACCESS_KEY$|SESSION_TOKEN$|BEARER_TOKEN_BEDROCK$|REGION$|DEFAULT_REGION$).*"
    r"|GOOGLE_APPLICATION_.*|CLOUDSDK_.*|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES",
    re.IGNORECASE,
)
"""Names that are refused and not only left: whoever writes one expects it to act, and no word lets a file do so."""
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a file of variables."""

    undo: Callable[[], None]
    """Takes away again what was set."""
    left: tuple[str, ...]
    """Names in the file that were not taken, in its order."""


def put_into_environment(path: Path, allowed: Collection[str] = ()) -> Put:
    """Set those variables of the file that may be set and are not set yet. A line is KEY=VALUE, with or without
    `export`, with or without quotes.

    `allowed`: further names that the person gave, beside `--allow-env` and `VARIABLE@HOST`. Raises UserError, which
    names the line and never shows its value.
    """
    read = _read(path)
    by_name = {*allowed, *ALLOWED_ENV.names(), *(name.rpartition("@")[0] for name in KEY_HOSTS.names())}
    taken = {name: value for name, value in read.items() if name in by_name or _is_key(name)}
    added = {name: value for name, value in taken.items() if name not in os.environ}
    os.environ.update(added)

    def undo() -> None:
        for name, value in added.items():
            if os.environ.get(name) == value:
                del os.environ[name]

    return Put(undo, tuple(name for name in read if name not in taken))


def _is_key(name: str) -> bool:
    """Whether it is a key by its name, or something else that evalkit's own adapters read."""
    from evalkit.adapters.keys import BASE_URLS

    return _KEY.fullmatch(name) is not None or name in _OF_ADAPTERS or any(name in one for one in BASE_URLS.values())


def _read(path: Path) -> dict[str, str]:
    """The file's variables. Raises UserError."""
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
        match = _VARIABLE.fullmatch(stripped)
        if match is None:
            raise UserError(f"--env-file {path}:{number}: is no line like KEY=VALUE")
        if _NOT_HERE.fullmatch(match[1]):
            raise UserError(
                f"--env-file {path}:{number}: {match[1]} is not taken from a file, which holds keys of providers; set "
                "it in the shell"
            )
        read[match[1]] = _unquoted(match[2])
    return read


def _unquoted(written: str) -> str:
    """Without quotes around it; without a comment behind it, where no quotes protect one."""
    for quote in ("'", '"'):
        if written.startswith(quote) and (end := written.find(quote, 1)) > 0:
            return written[1:end]
    return re.split(r"\s+#", written, maxsplit=1)[0].strip()
