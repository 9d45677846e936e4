"""Plug-ins: what other installed packages add to evalkit, found by their entry points.

    # pyproject.toml of a package of your own
    [project.entry-points."evalkit.adapters"]
    cohere = "evalkit_cohere.adapter"

Whoever installs a package runs its code, so a plug-in is trusted like evalkit itself. A suite can name a plug-in and
cannot bring one. Names of evalkit's own always win. The environment is searched only when a name is asked for that
evalkit does not have, and for lists: a run of built-in names never does it. A package is imported when its name is
used.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal, get_args

from evalkit.errors import EvalkitError, PluginError
from evalkit.frozen import dataclass

Kind = Literal["adapters", "scorers", "tasks", "presets", "rules"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What a package can add. The group of its entry points is `evalkit.KIND`."""
_ONE = {"adapters": "adapter", "scorers": "scorer", "tasks": "task", "presets": "preset", "rules": "gate rule"}
_HELD = "_evalkit_held"
"""Marks a function that `Plugin.hold` has made."""
_OURS = "evalkit-harness"
"""evalkit's own distribution: its names stand in tables of its own, never in entry points."""


@dataclass(frozen=True, slots=True, order=True)
class Plugin:
    """One name that an installed package adds."""

    kind: Kind
    name: str
    """As suites write it."""
    package: str
    """The distribution's name, as `pip show` takes it."""
    version: str
    value: str
    """What the entry point names: `module` or `module:object`."""
    folder: str
    """Where the package is installed."""

    @property
    def origin(self) -> str:
        """`evalkit-cohere 1.2.0`: what is recorded in run.json."""
        return f"{self.package} {self.version}"

    def import_object(self) -> Any:
        """What the entry point names. Raises PluginError when it cannot be imported."""
        from importlib.metadata import EntryPoint

        with self.running(f"importing {self.value}", "Reinstall or update it"):
            return EntryPoint(self.name, self.value, f"evalkit.{self.kind}").load()

    @contextmanager
    def running(
        self, doing: str, way_out: str = "Tell its authors", *, lets: type[Exception] | tuple[()] = ()
    ) -> Iterator[None]:
        """While code of the package runs: whatever it raises is a PluginError. What evalkit itself says of it goes on
        as it is, and so do errors of the kind `lets`."""
        from evalkit.foreign import kept_running, raised_by, words_of

        try:
            with kept_running():
                yield
        except Exception as error:  # another package's code: whatever it raises becomes one sentence
            if raised_by(error) is error and isinstance(error, (EvalkitError, *([lets] if lets else ()))):
                raise
            said = (words_of(error).splitlines() or [""])[0]
            raise PluginError(
                f"the {_ONE[self.kind]} {self.name!r} of the package {self.origin} cannot be used: {doing} raised "
                f"{said}. {way_out}, or take it out: pip uninstall {self.package}"
            ) from error

    def hold(self, kind: type[Any], names: Collection[str]) -> None:
        """From now on whatever these methods and properties of a class raise is a PluginError, in the package's own
        classes: not in those of evalkit that they extend."""
        for owner in kind.__mro__:
            if owner is object or owner.__module__.partition(".")[0] == "evalkit":
                continue
            for name in names:
                value = vars(owner).get(name)
                function = getattr(value, "__func__", getattr(value, "fget", value))
                if not callable(function) or hasattr(function, _HELD):
                    continue
                call = self.held(function, f"{owner.__name__}.{name}")
                kinds = (classmethod, staticmethod, property)
                how = next((one for one in kinds if isinstance(value, one)), None)
                setattr(owner, name, call if how is None else how(call))

    def held(self, function: Callable[..., Any], doing: str) -> Callable[..., Any]:
        """A function of the package; whatever it raises is a PluginError."""

        @functools.wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            with self.running(doing):
                made = function(*given, **named)
                return iter(list(made)) if isinstance(made, Generator) else made

        setattr(call, _HELD, True)
        return call

    def wrong(self, wanted: str, found: object) -> PluginError:
        """The error for an object that is not what evalkit expects; `wanted` finishes "must be"."""
        return PluginError(
            f"the {_ONE[self.kind]} {self.name!r} of the package {self.origin} cannot be used: {self.value} must be "
            f"{wanted}, and it is {_described(found)}. Tell its authors, or take it out: pip uninstall {self.package}"
        )


def installed(kind: Kind | None = None) -> tuple[Plugin, ...]:
    """Every plug-in of the environment, of one kind or of all (None), in order of kind and name.

    Searches the environment's packages; the answer is kept until sys.path changes.
    """
    here = os.path.realpath(".")
    # `python -m evalkit` puts the working directory on the path: what lies there was not installed by anybody.
    installed_in = [entry for entry in sys.path if os.path.isabs(entry) and os.path.realpath(entry) != here]  # noqa: PTH117
    found = _scanned(tuple(installed_in))
    return found if kind is None else tuple(plugin for plugin in found if plugin.kind == kind)


def find(kind: Kind, name: str) -> Plugin | None:
    """The plug-in of that name; None where no package has it. Hyphens, underscores and capitals do not matter.

    Raises PluginError where two packages have it: which one was meant cannot be known.
    """
    meant = [plugin for plugin in installed(kind) if folded(plugin.name) == folded(name)]
    packages = sorted({plugin.package for plugin in meant})
    if len(packages) > 1:
        raise PluginError(
            f"the {_ONE[kind]} {name!r} is in {len(packages)} installed packages: {', '.join(packages)}. "
            f"Uninstall all but one, like pip uninstall {packages[-1]}"
        )
    return meant[0] if meant else None


def doubled(kind: Kind) -> set[str]:
    """Folded names that two packages have."""
    counted = Counter(name for name, _ in {(folded(plugin.name), plugin.package) for plugin in installed(kind)})
    return {name for name, n in counted.items() if n > 1}


def folded(name: str) -> str:
    """A name without what does not matter in it: LM-Studio, lm_studio and lmstudio are one."""
    return re.sub(r"[-_ ]", "", name.lower())


class KnownNames(Collection[str]):
    """Names of evalkit's own and of plug-ins. Plug-ins are looked for only when a name is not evalkit's own.

    known = KnownNames("scorers", own=["choice", "exact"])
    "exact" in known        # True; the environment is not searched
    """

    def __init__(self, kind: Kind, own: Iterable[str], more: Callable[[], Iterable[str]] = tuple) -> None:
        """`more` gives further names, asked for as late as plug-ins are. Of evalkit's own names a suite may write `_`
        for `-`, and nothing else: what a run records is compared by name."""
        self._kind = kind
        self._own = frozenset(own)
        self._spelt = self._own | {name.replace("-", "_") for name in self._own}
        self._more = more

    def __contains__(self, name: object) -> bool:
        if name in self._spelt:
            return True
        if not isinstance(name, str) or folded(name) in {folded(one) for one in self._own}:
            return False
        return folded(name) in {folded(one) for one in self._others()}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._own, *self._others()}))

    def __len__(self) -> int:
        return len({*self._own, *self._others()})

    def _others(self) -> list[str]:
        return [*self._more(), *(plugin.name for plugin in installed(self._kind))]


def near(name: str, known: Iterable[str]) -> str:
    """`did you mean cohere or groq? `, with a blank behind it; empty where no name is near."""
    names = {folded(one): one for one in known}
    close = get_close_matches(folded(name), names, n=2, cutoff=0.6)
    return f"did you mean {' or '.join(names[one] for one in close)}? " if close else ""


@cache
def _scanned(path: tuple[str, ...]) -> tuple[Plugin, ...]:
    """The plug-ins of every distribution in these folders; one that stands there twice counts once, the first."""
    from importlib.metadata import distributions

    found: dict[tuple[str, str, str], Plugin] = {}
    seen: set[str] = set()
    for distribution in distributions(path=list(path)):
        package = str(distribution.name or "unknown")
        key = folded(package)
        if key in seen or key == folded(_OURS):
            continue
        seen.add(key)
        for point in distribution.entry_points:
            kind = point.group.removeprefix("evalkit.")
            if point.group == f"evalkit.{kind}" and kind in KINDS:
                folder = str(distribution.locate_file(""))
                plugin = Plugin(kind, point.name, package, str(distribution.version), point.value, folder)
                found[(kind, point.name, package)] = plugin
    return tuple(sorted(found.values()))


def _described(found: object) -> str:
    if isinstance(found, type):
        return f"the class {found.__name__}"
    return f"of the kind {type(found).__name__}"
