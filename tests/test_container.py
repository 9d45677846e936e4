"""The Dockerfile's promises, as far as can be seen without Docker: user, context, extras, where it writes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evalkit.installed import IMAGE_EXTRAS
from tests.conftest import REPO

DOCKERFILE = (REPO / "Dockerfile").read_text("utf-8")
TASK = '{name: t, cases: [{q: a, expected: "4"}], prompt: "{{ q }}", score: exact}'
SUITE = f'name: s\nmodels: {{m: {{adapter: scripted, replies: {{"*": "4"}}}}}}\ntasks: [{TASK}]\n'


def environment() -> dict[str, str]:
    """What the image sets for its processes."""
    whole = DOCKERFILE.replace("\\\n", " ")
    (line,) = re.findall(r"^ENV (.*)$", whole, re.MULTILINE)
    args = dict(re.findall(r"^ARG (\w+)=(\S+)$", whole, re.MULTILINE))
    told = dict(pair.split("=", 1) for pair in line.split())
    return {name: re.sub(r"\$(\w+)", lambda found: args.get(found[1], found[0]), value) for name, value in told.items()}


def test_it_runs_as_a_user_and_names_no_registry() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users and users[-1].isdigit() and users[-1] != "0"
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.11-slim"}
    assert not re.search(r"https?://|--index-url|KEY|TOKEN", DOCKERFILE.replace("OPENAI_API_KEY", ""))


def test_the_context_holds_what_the_build_needs_and_no_data_or_keys() -> None:
    lines = (REPO / ".dockerignore").read_text("utf-8").split()
    assert lines[0] == "**" and {"!evalkit/**", "!pyproject.toml", "!README.md", "!LICENSE"} <= set(lines)
    assert not any(".env" in line or "results" in line for line in lines if line.startswith("!"))


def test_hints_of_the_image_name_the_extras_that_it_was_built_with() -> None:
    assert environment()[IMAGE_EXTRAS] == "math,metrics"
    assert '"/src[$EXTRAS]"' in DOCKERFILE and DOCKERFILE.count("ARG EXTRAS=math,metrics\n") == DOCKERFILE.count(
        "FROM "
    )


@pytest.mark.long
def test_it_writes_nothing_beside_its_work_folder_and_the_cache(tmp_path: Path) -> None:
    work, home, cache = tmp_path / "work", tmp_path / "tmp", tmp_path / "cache"
    for folder in (work, home, cache):
        folder.mkdir()
    (work / "suite.yaml").write_text(SUITE, encoding="utf-8")
    told = {name: value.replace("/cache", str(cache)) for name, value in environment().items() if name != "PATH"}
    env = {"PATH": os.environ["PATH"], **told, "HOME": str(home), "PYTHONPATH": str(REPO)}
    home.chmod(0o555)
    ran = subprocess.run(
        [sys.executable, "-m", "evalkit", "run", "suite.yaml"],
        cwd=work, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert list(home.iterdir()) == [] and (work / "results").is_dir()
    assert {path.name for path in tmp_path.iterdir()} == {"work", "tmp", "cache"}
    assert {path.name for path in work.iterdir()} == {"suite.yaml", "results"}, "a checkout brings no cache along"
    assert f"VOLUME {environment()['EVALKIT_CACHE']}" in DOCKERFILE
