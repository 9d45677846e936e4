"""What the eighteenth attack found: a run's own labels under a protected gate without a baseline, and more."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.decide.gate import decide_gate, gate_of
from evalkit.results import read_facts
from tests.test_judged_rules import judged_alone

Capture = pytest.CaptureFixture[str]


def test_a_protected_gate_without_a_baseline_believes_no_labels_of_a_run(tmp_path: Path) -> None:
    """A pull request names its own labels, and they would put the judge right as it likes."""
    folder = judged_alone(tmp_path, {"quality": "t", "min": 0.6, "labels": "random"}, lean=0.9)
    entry = gate_of(read_facts(folder), folder)
    of_person = decide_gate(entry, folder, tmp_path, tmp_path / "baselines")
    assert of_person.verdict == "pass"
    protected = decide_gate(entry, folder, tmp_path, tmp_path / "baselines", labels_believed=False)
    assert protected.verdict == "inconclusive"
    (finding,) = protected.candidates[0].findings
    assert "not believed where a protected suite decides" in (finding.unmeasured or "")
