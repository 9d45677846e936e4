"""A page of tables for a terminal, a file or a CI log: layout only, no figures.

A page is collected and written in one piece, so that readers with and without UTF-8 get the same layout. Text is never
read as markup. What does not fit is folded where a column allows it; otherwise the line runs on, because a figure that
is cut short would be a wrong figure. This is the only module that imports rich, and only when something is printed.
`html_table` is the same for a notebook.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TYPE_CHECKING, TextIO

from evalkit.frozen import dataclass
from evalkit.text import numbers
from evalkit.text.escape import harmless_lines, html, without_commands
from evalkit.text.escape import markdown as markdown_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDTH = 100  # of a file or a CI log, where no terminal says how wide it is
_WORD = 24  # a longer word may be split
_NARROWEST = 12  # a column of names is not folded below this
_NO_LIMIT = 10_000  # to rich: widths are decided here, so that it never crops


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its header and one text for each row."""

    header: str
    texts: Sequence[str]
    left: bool = False
    folds: bool = False
    """Whether its texts may be broken over lines where the page is narrow (names, never figures)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "header", harmless_lines(self.header))
        object.__setattr__(self, "texts", [harmless_lines(text) for text in self.texts])


def html_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> str:
    """A small HTML table for a notebook, with notes as a list below it. Every text is escaped here."""
    head = "".join(f"<th>{html(' '.join(name.split()))}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{html(cell, limit=1000)}</td>' for cell in row)}</tr>" for row in rows)
    said = "".join(f"<li>{html(text, limit=1000)}</li>" for text in notes)
    return (
        f"<table><caption>{html(title, limit=500)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"{f'<ul>{said}</ul>' if said else ''}"
    )


class Page:
    """Collects what is printed and writes it in one piece, so that ASCII and UTF-8 readers get the same layout."""

    def __init__(self, width: int | None, file: TextIO | None, *, markdown: bool = False) -> None:
        """`markdown`: tables and lines as Markdown, for a pull request or a wiki, whatever the width."""
        self._markdown = markdown
        self._file = file if file is not None else sys.stdout
        self._terminal = self._file.isatty()
        self._width = width or (shutil.get_terminal_size((_WIDTH, 24)).columns if self._terminal else _WIDTH)
        self._buffer = StringIO()
        self._console: Console

    def __enter__(self) -> Page:
        from rich.console import Console

        self._console = Console(
            file=self._buffer,
            width=_NO_LIMIT,
            force_terminal=self._terminal,
            force_jupyter=False,  # in a kernel rich would send each line to the notebook itself, and none to the buffer
            color_system="auto" if self._terminal else None,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
        )
        return self

    def __exit__(self, *failure: object) -> None:
        if failure[0] is not None:
            return
        text = self._buffer.getvalue()
        text = without_commands("\n".join(line.rstrip(" ") for line in text.split("\n")))
        encoding = (getattr(self._file, "encoding", None) or "utf-8").lower().replace("-", "")
        self._file.write(text if encoding.startswith("utf") else numbers.plain_ascii(text))

    def say(self, text: str, *, style: str = "", indent: int = 0) -> None:
        """Print a line, broken at the page's width. `style`: `red` or `bold`, where there is a terminal; `indent`:
        columns before each line but the first."""
        from rich.text import Text

        if self._markdown:
            shown = markdown_text(text, limit=100_000)
            self._console.print(Text(f"**{shown}**" if style and shown else shown), end="\n\n" if shown else "\n")
            return
        held = _FIGURE.sub(lambda found: found[0].replace(" ", _HELD), harmless_lines(text))
        filled = textwrap.fill(
            held, self._width, break_long_words=False, break_on_hyphens=False, subsequent_indent=" " * indent
        )
        self._console.print(Text(filled.replace(_HELD, " "), style=style))

    def fits(self, columns: Sequence[Column]) -> bool:
        """Whether the columns fit beside each other, with long names folded if need be."""
        if self._markdown:
            return True
        widths = self._widths(columns)
        whole = all(
            width >= min(_widest(column), _WORD) for column, width in zip(columns, widths, strict=True) if column.folds
        )
        return whole and _total(widths) <= self._width

    def table(self, title: str, *parts: Sequence[Column]) -> None:
        """Print columns below a title: one table for each part, each followed by an empty line."""
        from rich.text import Text

        if self._markdown:
            lines = [f"### {markdown_text(title, limit=1000)}", ""] if title else []
            self._console.print(Text("\n".join([*lines, *(_markdown_table(columns) for columns in parts)])))
            return
        if title:
            self._console.print(Text(harmless_lines(title), style="bold"))
        for columns in parts:
            self._console.print(self._built(columns))
            self._console.print()

    def grid(self, title: str, first: Column, columns: Sequence[Column]) -> None:
        """Print columns beside `first`; where they do not fit, in several tables that each begin with it."""
        parts: list[list[Column]] = []
        for column in columns:
            if not parts or not self.fits([first, *parts[-1], column]):
                parts.append([])
            parts[-1].append(column)
        self.table(title, *([first, *part] for part in parts))

    def _built(self, columns: Sequence[Column]) -> Table:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        for column, width in zip(columns, self._widths(columns), strict=True):
            table.add_column(
                Text(column.header),
                justify="left" if column.left else "right",
                no_wrap=not column.folds,
                overflow="fold",
                width=width,
            )
        folded = [
            [_folded(text, width) for text in column.texts] if column.folds else column.texts
            for column, width in zip(columns, self._widths(columns), strict=True)
        ]
        for texts in zip(*folded, strict=True):
            table.add_row(*(Text(text, style="dim" if text == numbers.UNKNOWN else "") for text in texts))
        return table

    def _widths(self, columns: Sequence[Column]) -> list[int]:
        """A width for each column: its widest text, less what folding columns give up so that all fit."""
        widths = [_widest(column) for column in columns]
        for at, column in enumerate(columns):
            over = _total(widths) - self._width
            if column.folds and over > 0:
                widths[at] = max(widths[at] - over, min(widths[at], _NARROWEST), min(_longest_part(column), _WORD))
        return widths


def _markdown_table(columns: Sequence[Column]) -> str:
    def line(texts: Iterable[str]) -> str:
        return f"| {' | '.join(texts)} |"

    cells = [[markdown_text(" ".join(text.split()), limit=1000) for text in (c.header, *c.texts)] for c in columns]
    head, *rows = zip(*cells, strict=True)
    marks = line("---" if column.left else "---:" for column in columns)
    return "\n".join([line(head), marks, *map(line, rows), ""])


_FIGURE = re.compile(r"\d %|\[[-−+\d.,∞]+, [-−+\d.,∞]+\]")
"""A share or an interval: no line ends within it."""
_HELD = "\0"
"""A space that no line ends at; no text that is shown has one."""
_JOINTS = re.compile(r"(?<=[-_/:;= ])|(?<=[.,])(?!\d)")
"""Behind these a name may be broken; never within a number, 1,038 or 3.5."""


def _folded(text: str, width: int) -> str:
    """A name over lines, broken behind its own joints; within a word only where that alone is too long."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    lines = [""]
    for part in _JOINTS.split(text):
        if cell_len(lines[-1] + part) <= width or not lines[-1]:
            lines[-1] += part
        else:
            lines.append(part)
    return "\n".join(line.rstrip(" ") for line in lines)


def _longest_part(column: Column) -> int:
    """Of its texts, between their joints: what is narrower splits words."""
    from rich.cells import cell_len

    return max((cell_len(part.rstrip(" ")) for text in column.texts for part in _JOINTS.split(text)), default=0)


def _widest(column: Column) -> int:
    from rich.cells import cell_len

    return max(cell_len(text) for text in [*column.header.split("\n"), *column.texts])


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * (len(widths) - 1)
