"""YAML that a stranger wrote, read with an end: task files of a suite, and pages of the hub's data sets.

said = yaml.load(text, Loader=bounded_loader())
too_large(said)         # "is nested deeper than 60"; None where it is not
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

MOST_VALUES, DEEPEST = 100_000, 60
"""Values and levels. lm-eval's own largest task files have some thousand values."""
_LONGEST_NUMBER = 300


@cache
def bounded_loader() -> Any:
    """The reader that lm-eval takes, with bounds where a few bytes would keep it busy for hours."""
    import yaml

    base: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        n_merged = 0

        def flatten_mapping(self, node: yaml.Node) -> None:
            """`<<: *a`, each time with all keys of `a`."""
            super().flatten_mapping(node)
            self.n_merged += len(node.value)
            if self.n_merged > MOST_VALUES:
                raise yaml.YAMLError(f"it has more than {MOST_VALUES:,} keys, its merged maps written out")

    def number(made: Callable[..., object]) -> Callable[..., object]:
        def construct(loader: object, node: yaml.Node) -> object:
            if len(str(node.value)) > _LONGEST_NUMBER:  # in base 60 (1:1:1:...) its reading takes the square of that
                raise yaml.YAMLError(f"a number has more than {_LONGEST_NUMBER} characters")
            return made(loader, node)

        return construct

    for kind in ("int", "float"):
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", number(getattr(base, f"construct_yaml_{kind}")))
    return Loader


def too_large(config: object, most: int = MOST_VALUES) -> str | None:
    """Half a sentence for data that is deep, holds itself, or is large once its aliases are written out."""
    waiting = [(config, 0)]
    n = 0
    while waiting:
        value, depth = waiting.pop()
        n += 1
        if depth > DEEPEST:
            return f"is nested deeper than {DEEPEST}"
        if n > most:
            return f"holds more than {most:,} values, its aliases written out"
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for pair in value.items() for one in pair]
        elif isinstance(value, list | tuple | set):
            waiting += [(one, depth + 1) for one in value]
    return None
