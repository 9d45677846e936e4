"""A plug-in for evalkit: Cohere's chat API, a scorer of quotes, a task and a preset.

Entry points name what is here; see `[project.entry-points]` in pyproject.toml.
"""

from pathlib import Path

_FOLDER = Path(__file__).parent
QUOTED_ANSWER = _FOLDER / "quoted_answer.yaml"
"""A task: `use: quoted-answer` in a suite."""
COHERE_COMPATIBLE = _FOLDER / "cohere_compatible.yaml"
"""A preset: `adapter: cohere-compatible` in a suite."""
