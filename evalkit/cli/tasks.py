"""`evalkit tasks [WORD]`: the tasks that come with evalkit, with plug-ins and with lm-eval."""

from __future__ import annotations

import fnmatch
from dataclasses import asdict, dataclass

import click

from evalkit.cli.options import as_json, print_json
from evalkit.cli.printing import echo

_SHOWN = 60
"""lm-eval has ten thousand: beyond this many of them their number is said."""


@dataclass(frozen=True, slots=True)
class ListedTask:
    """A task that a suite may use."""

    name: str
    of: str
    """evalkit, lm-eval, or the plug-in's package."""
    about: str
    tags: tuple[str, ...]
    """What it is about: math, code, choice ..."""
    licence: str
    """Of the data; empty where it is not known."""
    data: str
    """Where a copy of the data can be had; empty where it is not known."""
    use: str
    """The line of a suite that uses it."""

    def fits(self, words: tuple[str, ...]) -> bool:
        """Whether each word is in its name, description, tags or licence; one with * or ? has to fit the whole name."""
        text = f"{self.name} {self.about} {' '.join(self.tags)} {self.licence} {self.of}".casefold()
        return all(
            fnmatch.fnmatchcase(self.name.casefold(), word.casefold())
            if set(word) & set("*?")
            else word.casefold() in text
            for word in words
        )


@click.command()
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="Only tasks with this tag; repeatable.")
@click.option("--all", "every", is_flag=True, help="Print every task of lm-eval that fits, however many.")
@as_json
def command(words: tuple[str, ...], tags: tuple[str, ...], every: bool, as_json: bool) -> int:
    """List the tasks whose name, description, tags or licence holds each WORD; * and ? stand for parts of a name.

    Each says what data it needs, where to get it, and the line of a suite that uses it. lm-eval's are listed where it
    is installed.
    """
    wanted = {tag.casefold() for tag in tags}
    own = [task for task in _built_in() if task.fits(words) and wanted <= set(task.tags)]
    external = [task for task in _of_lm_eval() if task.fits(words) and not wanted]
    if as_json:
        return print_json([asdict(task) for task in (*own, *external)])
    from evalkit.text.escape import visible
    from evalkit.text.page import Page

    with Page(None, None) as page:
        for task in own:
            page.say(f"{task.name} ({task.of}, {visible(task.licence, limit=60)}): {visible(task.about, limit=300)}")
            if task.tags:
                page.say(f"  tags: {visible(', '.join(task.tags), limit=300)}", indent=8)
            page.say(f"  data: {visible(' '.join(task.data.split()), limit=2_000)}", indent=8)
            page.say(f"  use:  {task.use}", indent=8)
    shown = external if every else external[:_SHOWN]
    for task in shown:
        echo(f"{visible(task.name, limit=120)} (lm-eval)")
    if len(external) > len(shown):
        echo(f"and {len(external) - len(shown):,} more of lm-eval: name a WORD, or --all")
    if not own and not external:
        asked = [*words, *(f"--tag {tag}" for tag in tags)]
        echo(
            f"No task fits {' '.join(asked)}.{_near(words) if words else _tags()} All of them: evalkit tasks", err=True
        )
        return 2
    return 0


def _built_in() -> list[ListedTask]:
    from evalkit import plugins
    from evalkit.suite import builtin_tasks

    names = [*builtin_tasks.names(), *(plugin.name for plugin in plugins.installed("tasks"))]
    found = []
    for name in dict.fromkeys(names):
        task = builtin_tasks.definition(name)
        use = f"- {{use: {name}, with: {{path: FILE}}}}"
        of = builtin_tasks.origin_of(name) or "evalkit"
        found.append(ListedTask(name, of, " ".join(task.about.split()), task.tags, task.licence, task.source, use))
    return found


def _of_lm_eval() -> list[ListedTask]:
    """The names of lm-eval's index; none where it is not installed."""
    from importlib.util import find_spec

    if find_spec("lm_eval") is None:
        return []
    from evalkit.bridges.lm_eval.bridge import task_names

    return [ListedTask(name, "lm-eval", "", (), "", "", f"- {{lm_eval: {name}}}") for name in task_names()]


def _tags() -> str:
    return f" Tags are {', '.join(sorted({tag for task in _built_in() for tag in task.tags}))}."


def _near(words: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(" ".join(words), [task.name for task in _built_in()], n=3)
    return f" Did you mean {' or '.join(near)}?" if near else ""
