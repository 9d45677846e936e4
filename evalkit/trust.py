"""What the person running evalkit allows a suite: by options of the command line, or by variables of the environment.

    ALLOWED_ENV.names()      # frozenset({"MODEL_SERVER"}) after --allow-env MODEL_SERVER, or EVALKIT_ALLOWED_ENV

A suite can say none of these: it may come from a pull request.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field

from evalkit.errors import UserError
from evalkit.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """A list of names that the person allows."""

    option: str
    variable: str
    _given: ContextVar[tuple[str, ...]] = field(
        default_factory=lambda: ContextVar("given", default=()), repr=False, compare=False
    )
    """Of the current context, so that two runs of one process do not share their words."""

    def add(self, names: Iterable[str]) -> None:
        """Allow more from here on, by the command line."""
        self._given.set((*self._given.get(), *names))

    def forget(self) -> None:
        """Take back what the command line allowed."""
        self._given.set(())

    @contextmanager
    def given(self, names: Iterable[str]) -> Iterator[None]:
        """Allow more within this block."""
        before = self._given.set((*self._given.get(), *names))
        try:
            yield
        finally:
            self._given.reset(before)

    def names(self, environ: Mapping[str, str] | None = None) -> frozenset[str]:
        """Everything that is allowed. `environ`: where the variable is looked up; None: the process's environment."""
        listed = (os.environ if environ is None else environ).get(self.variable, "").split(",")
        return frozenset(name.strip() for name in (*self._given.get(), *listed) if name.strip())

    def hosts(self) -> frozenset[str]:
        """`names` in lower case."""
        return frozenset(name.lower() for name in self.names())


ALLOWED_ENV = Allowance("--allow-env", "EVALKIT_ALLOWED_ENV")
"""Variables of the environment that a suite may name: in ${NAME}, or as key_env."""
HTTP_HOSTS = Allowance("--allow-http-host", "EVALKIT_HTTP_HOSTS")
"""Hosts that may be spoken to without encryption."""
KEY_HOSTS = Allowance("--allow-key-host", "EVALKIT_KEY_HOSTS")
"""Hosts, or VARIABLE@HOST, that may receive keys and prompts."""


CALLOUTS = Allowance("--allow-callout", "EVALKIT_CALLOUTS")
"""Hosts that a provider may pass parts of prompts to, and its own tools by name (web_search)."""


def only_hosts(names: Iterable[str]) -> tuple[str, ...]:
    """The names of --allow-key-host. Raises UserError for a variable without a host, which would allow nothing."""
    kept = tuple(name.strip() for name in names)
    for name in kept:
        if _VARIABLE.fullmatch(name) and ("_" in name or name in os.environ):
            raise UserError(
                f"--allow-key-host {name}: is a variable and no host; write {name}@HOST, like {name}@127.0.0.1"
            )
    return kept


_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


def key_may_go(variable: str, host: str, given: Iterable[str] = ()) -> bool:
    """Whether the person lets this variable's key go to this host: HOST, or VARIABLE@HOST for that key alone."""
    for name in (*KEY_HOSTS.names(), *given):
        only, at, where = name.rpartition("@")
        if where.lower() == host and (not at or only == variable):
            return True
    return False


def prompts_may_go(host: str, given: Iterable[str] = ()) -> bool:
    """Whether the person named this host as one that receives prompts: with a key, or without encryption."""
    named = {name.rpartition("@")[2].lower() for name in (*KEY_HOSTS.names(), *given)}
    return host in named or host in HTTP_HOSTS.hosts()
