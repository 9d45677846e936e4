"""Write docs/commands.md and docs/fake-provider.md from the code itself: `make docs`. A test compares, so no page goes
stale."""

from __future__ import annotations

from pathlib import Path

from click import Context, Group
from click.testing import CliRunner

from evalkit.cli import COMMANDS, cli
from evalkit.testing.fake_provider import FAULTS, Behaviour
from evalkit.testing.fake_provider.behaviour import fields_of

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
FAKE = PAGE.parent / "fake-provider.md"


def page() -> str:
    """The page as it must be: the help of every command and of every command below it."""
    parts = [
        "# Commands\n\nThis page is made from the commands themselves (`make docs`).\n\n"
        "Exit codes: 0 done, or gate passed · 1 gate failed · 2 usage, configuration or not comparable · "
        "3 inconclusive · 4 run incomplete · 70 a defect of evalkit · 130, 143 interrupted.\n"
    ]
    for name in COMMANDS:
        parts.append(f"\n## evalkit {name}\n\n{_help(name)}")
        command = cli.get_command(Context(cli), name)
        if isinstance(command, Group):
            parts += [
                f"\n### evalkit {name} {sub}\n\n{_help(name, sub)}" for sub in command.list_commands(Context(command))
            ]
    return "".join(parts)


def _help(*command: str) -> str:
    asked = CliRunner().invoke(cli, [*command, "--help"], prog_name="evalkit", terminal_width=100)
    return f"```\n{asked.output.rstrip()}\n```\n"


def fake_provider_page() -> str:
    """The page about the fake provider: every field of a behaviour, every fault."""
    lines = [_FAKE_HEAD, "| field | default | meaning |", "|---|---|---|"]
    lines += [f"| `{one.name}` | {_code(one.default)} | {_cell(one.says)} |" for one in fields_of(Behaviour)]
    lines += [
        "",
        'Kinds of `faults` beside HTTP statuses (`"429"`, `"500"`, ...):',
        "",
        "| kind | what happens |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {_cell(says)} |" for name, says in FAULTS.items()]
    return "\n".join(lines) + "\n"


_FAKE_HEAD = """# The fake provider

This page is made from the code itself (`make docs`).

`evalkit.testing.fake_provider` is a local server that answers as OpenAI Responses, Chat Completions, legacy
Completions, Anthropic Messages, Gemini, Bedrock Converse and Ollama do, with the latency, the bill and the faults that
you ask for. It stands in for a provider in tests of your own code.

```bash
python -m evalkit.testing.fake_provider --port 8100 \\
  --behaviour '{"answers": {"capital of France": "Paris"}, "faults": {"429": 0.05}}'
```

It ends by itself after 600 seconds, so that none is left behind; `--max-seconds 7200` gives it two hours. Once it has
ended, requests fail with "no connection". Start it again on the same port, and the same `evalkit run` asks only what is
left.

In Python: `with FakeProvider.in_thread(Behaviour(...)) as provider:`, then ask `provider.base_url`;
`provider.account` tells what was asked, how often and when. The fields of a behaviour, as JSON and in Python:
"""


def _code(text: str) -> str:
    return f"`{text}`" if text else "required"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    FAKE.write_text(fake_provider_page(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
