"""The door to YAML: whatever its reader raises for a text is one error with a line.

    composed("a: [1, 2]\\n")            # ruamel's nodes, which remember their lines
    composed('a: "\\\\U00110000"\\n')     # NotYaml: line 1, ...

ruamel says most of what is wrong with a text by YAMLError. Not all: an escape beyond Unicode is a ValueError, one of 32
bits an OverflowError, a version that it does not know an AssertionError or a KeyError. A suite, a price file or a
policy is anybody's text, so all of them are the text's fault here, and no other module calls ruamel to read.
"""

from __future__ import annotations

from typing import Any


class NotYaml(ValueError):
    """A text that is no YAML."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        """Without a full stop."""
        self.line = line
        """From 1. None: the reader does not say."""

    def at(self, name: object) -> str:
        """`prices.yaml:3`, without a line where there is none."""
        return f"{name}" if self.line is None else f"{name}:{self.line}"


def composed(text: str) -> Any:
    """The nodes of the one document; None where there is none. Raises NotYaml."""
    return _read(text, "compose")


def loaded(text: str) -> Any:
    """The document as plain values, by YAML 1.2. Raises NotYaml."""
    return _read(text, "load")


def _read(text: str, how: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.reader import Reader, ReaderError

    class Counting(Reader):
        """Keeps the line at which it stopped: ruamel puts a reader back to the beginning before it raises."""

        stopped = 0

        def reset_reader(self) -> None:
            self.stopped = getattr(self, "line", 0)
            super().reset_reader()

    yaml = YAML(typ="safe", pure=True)
    yaml.Reader = Counting
    try:
        return getattr(yaml, how)(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else None
        raise NotYaml(str(error).splitlines()[0], line) from error
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        said = getattr(error, "problem", None) or (str(error).splitlines() or [type(error).__name__])[0]
        raise NotYaml(str(said), None if mark is None else mark.line + 1) from error
    except RecursionError as error:
        raise NotYaml("it is nested too deeply", None) from error
    except Exception as error:  # whatever its reader stumbles over: the text is not what it can read
        stopped = yaml.reader.stopped + 1
        raise NotYaml(
            f"an escape, a version or a tag that none has ({type(error).__name__}: {error})", stopped
        ) from error
