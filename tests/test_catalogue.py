"""The catalogue of models: every fact with source and date; sources that disagree are disputed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from evalkit.catalogue.facts import TIERS, UNCHECKED, load
from evalkit.errors import UserError

FAMILIES = {
    "GPT",
    "Claude",
    "Gemini",
    "Grok",
    "DeepSeek",
    "Mistral",
    "Llama",
    "Qwen",
    "GLM",
    "Gemma",
    "Phi",
    "GPT-OSS",
    "OLMo",
}


def write(folder: Path, text: str) -> Path:
    path = folder / "models.yaml"
    path.write_text(text)
    return path


def test_every_family_is_there_and_every_claim_has_a_source_and_a_date() -> None:
    known = {entry.model: entry for entry in load().models.values()}
    assert {entry.family for entry in known.values()} == FAMILIES
    for entry in known.values():
        assert entry.value("tier") in {*TIERS, None}
        for claims in entry.claims.values():
            for claim in claims:
                assert len(claim.source) > 5, f"{entry.model}: a source is named in full"
                assert claim.seen == UNCHECKED or date.fromisoformat(claim.seen)


def test_two_sources_that_disagree_are_disputed_and_neither_wins(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "models:\n- model: m-1\n  licence:\n  - {is: MIT, source: card, seen: 2026-11-01}\n"
        "  - {is: Apache-2.0, source: blog, seen: 2026-11-02}\n",
    )
    known = load([path]).find("m-1")
    assert known is not None
    assert known.disputed == ("licence",)
    assert known.value("licence") is None
    assert known.shown("licence") == "disputed: MIT (card) / Apache-2.0 (blog)"
    assert "licence disputed between sources" in known.badges(date(2026, 11, 20))


def test_sources_that_agree_are_not_disputed(tmp_path: Path) -> None:
    claim = "{is: MIT, source: %s, seen: 2026-11-01}"
    path = write(tmp_path, f"models:\n- model: m\n  licence: [{claim % 'a'}, {claim % 'b'}]\n")
    known = load([path]).find("m")
    assert known is not None and known.value("licence") == "MIT"


def test_a_provider_s_prefix_and_case_do_not_hide_a_version_but_another_version_does() -> None:
    catalogue = load()
    assert catalogue.find("openai/GPT-OSS-120B") is catalogue.find("gpt-oss-120b")
    assert catalogue.find("gpt-oss-121b") is None
    assert catalogue.find("Llama-3.1-8B") is None, "openness belongs to the exact version"
    assert catalogue.find(None) is None


def test_a_model_near_retirement_and_an_alias_get_a_badge() -> None:
    catalogue = load()
    gpt = catalogue.find("gpt-5")
    assert gpt is not None
    assert gpt.badges(date(2026, 11, 20)) == ["retires on 2026-12-11, in 21 days"]
    assert gpt.badges(date(2026, 1, 1)) == []
    assert gpt.badges(date(2027, 1, 1)) == ["retired on 2026-12-11"]
    alias = catalogue.find("some/thing-latest")
    assert alias is not None and "cannot be pinned" in alias.badges(date(2026, 11, 20))[0]


def test_a_file_of_one_s_own_adds_and_corrects_single_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path,
        "sources: {ours: our lawyers}\nmodels:\n- model: gpt-5\n"
        "  retires: {is: 2027-06-01, source: ours, seen: 2026-11-20}\n"
        "- model: in-house-1\n  tier: {is: closed, source: ours, seen: 2026-11-20}\n",
    )
    monkeypatch.setenv("EVALKIT_CATALOGUE", str(path))
    catalogue = load()
    gpt, own = catalogue.find("gpt-5"), catalogue.find("in-house-1")
    assert gpt is not None and own is not None
    assert gpt.value("retires") == "2027-06-01"
    assert gpt.claims["retires"][0].source == "our lawyers"
    assert gpt.value("tier") == "closed", "what the file does not name stays"
    assert own.value("tier") == "closed"
    assert own.shown("licence") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: [", "no valid YAML"),
        ("- a", "needs `sources:`"),
        ("models:\n- name: x\n", "starts with `- model:`"),
        ("models:\n- model: x\n  licens: {is: MIT, source: a, seen: b}\n", "unknown licens"),
        ("models:\n- model: x\n  licence: MIT\n", "a fact is written"),
        ("models:\n- model: x\n  tier: {is: open, source: a, seen: b}\n", "none of closed"),
        ("models:\n- model: x\n  retires: {is: soon, source: a, seen: b}\n", "needs a day"),
        ("models:\n- model: x\n- model: X\n", "twice"),
    ],
)
def test_a_file_with_a_mistake_is_named_with_the_place(text: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError, match=said) as caught:
        load([path])
    assert str(path) in str(caught.value)
