"""`evalkit completion SHELL`: the script by which a shell completes commands and options."""

from __future__ import annotations

import click

from evalkit.cli.printing import echo

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_EVALKIT_COMPLETE"
"""Under which click is asked for completions."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the script that makes SHELL complete evalkit's commands and options.

    bash: echo 'eval "$(evalkit completion bash)"' >> ~/.bashrc, and the same for zsh in ~/.zshrc.
    fish: evalkit completion fish > ~/.config/fish/completions/evalkit.fish
    """
    from click.shell_completion import get_completion_class

    from evalkit.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(cli, {}, "evalkit", VARIABLE)
    echo(made.source_template % made.source_vars())
    return 0
