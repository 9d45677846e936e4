"""The documents say what the program does."""

from __future__ import annotations

import inspect
import re
import runpy
from dataclasses import fields
from pathlib import Path

import pytest

import evalkit
from evalkit.testing.fake_provider import Behaviour
from tests.conftest import REPO
from tests.tables import table


def test_the_pages_that_are_made_from_the_code_are_what_it_says() -> None:
    made = runpy.run_path(str(REPO / "scripts" / "regenerate_docs.py"))
    assert made["PAGE"].read_text(encoding="utf-8") == made["page"](), "run `make docs`"
    assert made["FAKE"].read_text(encoding="utf-8") == made["fake_provider_page"](), "run `make docs`"


def test_help_of_a_behaviour_shows_every_field_with_what_it_means() -> None:
    told = inspect.getdoc(Behaviour) or ""
    for one in fields(Behaviour):
        line = re.search(rf"^{one.name} = .*\n    \S+ ", told, re.MULTILINE)
        assert line, f"{one.name} says nothing of itself"


@table("page", sorted([REPO / "README.md", *(REPO / "docs").glob("**/*.md")]))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("tutorial", sorted((REPO / "docs" / "tutorials").glob("*.md")), ids=lambda p: p.stem)
def test_every_tutorial_is_found_from_the_readme_the_docs_and_the_site(tutorial: Path) -> None:
    name = f"tutorials/{tutorial.name}"
    assert f"](docs/{name})" in (REPO / "README.md").read_text(encoding="utf-8")
    assert f"docs/{name.removesuffix('.md')}" in (REPO / "site" / "index.md").read_text(encoding="utf-8")
    assert any(f"]({name}" in page.read_text(encoding="utf-8") for page in (REPO / "docs").glob("*.md"))


def test_the_readme_says_how_to_get_a_clone() -> None:
    assert "git clone " in (REPO / "README.md").read_text(encoding="utf-8")


def test_the_readme_s_test_command_is_what_ci_runs() -> None:
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    ci = (REPO / ".ci" / "run").read_text(encoding="utf-8").split("\n")
    assert "uv run pytest -n auto" in readme
    assert any(line.startswith("uv run pytest -n auto ||") for line in ci)
    assert any(line.startswith("nice make check ") for line in ci)


def test_what_the_test_command_leaves_out_ci_runs_too() -> None:
    left_out = "not live and not gpu and not slow and not long"
    assert f"-m '{left_out}'" in (REPO / "pyproject.toml").read_text(encoding="utf-8")
    assert "\ntest-long:\n\tuv run pytest -n auto -m long\n" in (REPO / "Makefile").read_text(encoding="utf-8")
    assert "\nmake test-long || failed=$?\n" in (REPO / ".ci" / "run").read_text(encoding="utf-8")


def test_every_test_that_the_safety_page_names_is_there() -> None:
    text = (REPO / "docs" / "safety.md").read_text("utf-8")
    named = set(re.findall(r"tests/[\w/]+\.py", text))
    assert len(named) >= 10
    assert [name for name in sorted(named) if not (REPO / name).is_file()] == []


def test_every_word_of_the_person_is_on_the_safety_page() -> None:
    from evalkit import trust
    from evalkit.paths import ROOTS_VARIABLES
    from evalkit.suite import policy, sensitivity

    text = (REPO / "docs" / "safety.md").read_text("utf-8")
    words = (trust.ALLOWED_ENV, trust.CALLOUTS, trust.HTTP_HOSTS, trust.KEY_HOSTS)
    names = [name for word in words for name in (word.option, word.variable)]
    names += ["--data-root", *ROOTS_VARIABLES, "--policy", policy.VARIABLE, "--sensitivity", sensitivity.VARIABLE]
    assert [name for name in names if name not in text] == []


def test_the_site_has_a_reference_of_every_public_name() -> None:
    page = (REPO / "site" / "api.md").read_text("utf-8")
    written = set(re.findall(r"^\.\. auto(?:function|class):: (\w+)$", page, re.MULTILINE))
    assert written == set(evalkit.__all__) - {"__version__", "errors"}
    assert ".. automodule:: evalkit.errors\n   :members:" in page
