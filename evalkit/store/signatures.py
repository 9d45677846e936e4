"""Signatures of a promoted baseline and of a run, made with a person's SSH key.

    sign(baseline_statement(path), key, path.with_name("prod.yaml.sig"), BASELINE)
    verify(baseline_statement(path), path.with_name("prod.yaml.sig"), signers, BASELINE)    # Signer("ada@example.org")

Anybody who may write the results folder can change rows and the facts beside them together. A signature shows that a
person, or a job with a key of its own, saw exactly these files. SSH keys are what people who use git have already;
`signers` is an `allowed_signers` file as git uses it (man ssh-keygen, ALLOWED SIGNERS):

    ada@example.org namespaces="evalkit-baseline@v1,evalkit-run@v1" ssh-ed25519 AAAA...

The signature itself is OpenSSH's SSHSIG format (PROTOCOL.sshsig of OpenSSH, since 8.2), made and checked by
`ssh-keygen -Y`. evalkit holds no key and reads none.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson

from evalkit import child
from evalkit.errors import StoreError, UserError
from evalkit.reading import read_file
from evalkit.store import evidence
from evalkit.writing import write_file

BASELINE = "evalkit-baseline@v1"
"""Namespace of signatures of promoted baselines: one made for something else never fits."""
RUN = "evalkit-run@v1"
"""Namespace of signatures of runs."""
RUN_SIGNATURE = "run.sig"
"""File in the run folder."""
_TIMEOUT_S = 30.0
_MOST_BYTES = 64_000
"""Of a signature: it has some hundred."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed."""

    name: str
    """As the `allowed_signers` file calls the key's owner."""


def baseline_statement(path: Path) -> bytes:
    """What is signed of a baseline: its file, byte for byte. Raises StoreError where it cannot be read."""
    try:
        return read_file(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}).", path) from error


def run_statement(folder: Path) -> bytes:
    """What is signed of a run: its folder's name and the sha256 of each file of its evidence, as JSON.

    Raises StoreError where a file cannot be read, or where the run is still being written.
    """
    said = {"version": 1, "run": folder.resolve().name, "sha256": evidence.digests(folder)}
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def sign(statement: bytes, key: Path, signature: Path, namespace: str) -> Path:
    """Write the signature of a statement; its path. `key`: a private key, or a public one whose owner is in ssh-agent.

    Raises UserError where the key cannot sign (absent, locked by a passphrase), StoreError where nothing can be stored.
    """
    if not key.is_file():
        raise UserError(f"{key} is no key file. Make one: ssh-keygen -t ed25519 -f {key}")
    with tempfile.TemporaryDirectory(prefix="evalkit-sign-") as place:
        message = Path(place) / "statement"
        message.write_bytes(statement)
        done = _ssh_keygen("-q", "-Y", "sign", "-f", str(key.resolve()), "-n", namespace, str(message))
        made = message.with_name("statement.sig")
        if done.code or not made.is_file():
            raise UserError(
                f"{key} did not sign. A key with a passphrase signs through ssh-agent: ssh-add {key}, then name its "
                f"public half ({key}.pub)."
            )
        content = read_file(made)
    try:
        write_file(signature, content)
    except OSError as error:
        raise StoreError(f"{signature} cannot be written ({error.strerror}).", signature) from error
    return signature


def verify(statement: bytes, signature: Path, signers: Path, namespace: str) -> Signer:
    """Who signed these very bytes. Raises UserError where nobody of `signers` did, or a file is missing."""
    if not signers.is_file():
        raise UserError(f"{signers} is no file of allowed signers (one line each: NAME KEYTYPE KEY).")
    try:
        read_file(signers)
    except OSError as error:
        raise UserError(f"{signers} cannot be read ({error.strerror}).") from error
    if not signature.is_file():
        raise UserError(
            f"{signature} is missing: nobody signed. Sign a run by evalkit sign, a baseline by baseline promote --sign."
        )
    try:
        read_file(signature, most=_MOST_BYTES)  # ssh-keygen would read on
    except OSError as error:
        raise UserError(f"{signature} cannot be read ({error.strerror}). Restore it, or sign anew.") from error
    places = ("-s", str(signature.resolve()), "-f", str(signers.resolve()))
    found = _ssh_keygen("-Y", "find-principals", *places)
    for name in found.out.decode("utf-8", "replace").splitlines() if not found.code else ():
        checked = _ssh_keygen("-q", "-Y", "verify", "-n", namespace, "-I", name, *places, stdin=statement)
        if not checked.code:
            return Signer(name)
    known = "its key is not in that file" if found.code else "what was signed has changed, or the key may not sign this"
    raise UserError(f"{signature} is not a valid signature of anybody in {signers}: {known}.")


def sign_run(folder: Path, key: Path) -> Path:
    """Sign a run as it is now; the path of its signature. Raises as `sign` and `run_statement` do."""
    return sign(run_statement(folder), key, folder / RUN_SIGNATURE, RUN)


def verify_run(folder: Path, signers: Path) -> Signer:
    """Who signed a run as it is now. Raises as `verify` and `run_statement` do."""
    return verify(run_statement(folder), folder / RUN_SIGNATURE, signers, RUN)


def _ssh_keygen(*arguments: str, stdin: bytes = b"") -> child.Finished:
    program = child.find_program("ssh-keygen", outside=[Path.cwd()])
    if program is None:
        raise UserError("ssh-keygen is not installed (Debian: apt install openssh-client), so nothing can be signed.")
    try:
        return child.run(
            [program, *arguments],
            timeout_s=_TIMEOUT_S,
            stdin=stdin,
            environment=child.environment(keep=("SSH_AUTH_SOCK",)),
        )
    except child.ChildFailed as error:
        raise UserError(f"{error}. Nothing was signed or checked.") from error
