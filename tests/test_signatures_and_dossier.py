"""Signed runs and baselines, and the dossier: whatever was changed since somebody looked at it is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.store import dossier
from tests.gate_world import RULE, Gate, gate, scores, stored
from tests.run_facts import set_facts
from tests.world import Ran, evalkit, made_once

Capture = pytest.CaptureFixture[str]
GOOD = {"base": scores(600, range(0, 60)), "cand": scores(600, range(1, 61))}
needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path / "ada")


def make_key(path: Path, passphrase: str = "") -> Path:
    from evalkit import child

    program = child.find_program("ssh-keygen")
    assert program is not None
    command = [program, "-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", str(path)]
    assert child.run(command, timeout_s=20).code == 0
    return path


def allow(folder: Path, *keys: Path, options: str = "") -> Path:
    """An allowed_signers file; each key's owner has the name of its file."""
    path = folder / "allowed_signers"
    lines = [f"{key.name}@example.org {options} {key.with_suffix('.pub').read_text()}" for key in keys]
    path.write_text("".join(lines))
    return path


@needs_ssh
def test_a_signed_run_is_judged_and_any_change_to_it_is_refused(tmp_path: Path, capsys: Capture, key: Path) -> None:
    run, signers = stored(tmp_path / "results", GOOD, gate(RULE)), allow(tmp_path, key)

    def judged() -> Ran:
        return evalkit(capsys, "gate", run, "--signed-run", signers)

    unsigned = judged()
    assert unsigned.code == 2
    assert "nobody signed" in unsigned.err
    assert evalkit(capsys, "sign", run, "--key", key).code == 0
    assert judged().code == 0
    checked = evalkit(capsys, "sign", run, "--check", signers)
    assert "was signed by ada@example.org" in checked.out
    facts = run / "run.json"
    whole = facts.read_text()
    facts.write_text(whole.replace('"repeats": 1', '"repeats":  1'))
    assert judged().code == 2
    facts.write_text(whole)
    (part,) = run.glob("rows-*.parquet")
    content = part.read_bytes()
    part.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    assert judged().code == 2
    part.write_bytes(content)
    shutil.copy(part, run / "rows-9.parquet")  # one more part
    assert judged().code == 2
    (run / "rows-9.parquet").unlink()
    assert judged().code == 0


@needs_ssh
def test_only_keys_of_the_file_count_and_only_for_what_they_may_sign(
    tmp_path: Path, capsys: Capture, key: Path
) -> None:
    run = stored(tmp_path / "results", GOOD, gate(RULE))
    mallory = make_key(tmp_path / "mallory")
    assert evalkit(capsys, "sign", run, "--key", mallory).code == 0
    ran = evalkit(capsys, "gate", run, "--signed-run", allow(tmp_path, key))
    assert ran.code == 2
    assert "its key is not in that file" in ran.err
    assert evalkit(capsys, "sign", run, "--key", key).code == 0
    assert evalkit(capsys, "gate", run, "--signed-run", allow(tmp_path, mallory, key)).code == 0
    other = allow(tmp_path, key, options='namespaces="git"')
    assert evalkit(capsys, "gate", run, "--signed-run", other).code == 2
    assert evalkit(capsys, "gate", run, "--signed-run", tmp_path / "absent").code == 2


@needs_ssh
def test_a_signature_of_another_run_does_not_fit(tmp_path: Path, capsys: Capture, key: Path) -> None:
    run, signers = stored(tmp_path / "results", GOOD, gate(RULE)), allow(tmp_path, key)
    evalkit(capsys, "sign", run, "--key", key)
    copy = run.with_name("renamed")
    shutil.copytree(run, copy)
    assert evalkit(capsys, "gate", copy, "--signed-run", signers).code == 2
    assert evalkit(capsys, "gate", run, "--signed-run", signers).code == 0


@needs_ssh
def test_a_key_behind_a_passphrase_is_a_sentence_and_no_prompt(tmp_path: Path, capsys: Capture) -> None:
    locked = make_key(tmp_path / "locked", "secret words")
    ran = evalkit(capsys, "sign", stored(tmp_path / "results", GOOD), "--key", locked)
    assert ran.code == 2
    assert "ssh-add" in ran.err


@needs_ssh
def test_a_promoted_baseline_is_signed_and_required(tmp_path: Path, capsys: Capture, key: Path) -> None:
    results, baselines, signers = tmp_path / "results", tmp_path / "baselines", allow(tmp_path, key)
    places = ("--results", results, "--baselines", baselines)
    first = stored(results, {"base": GOOD["base"]})
    words = ("--model", "base", "--as", "prod", "--by", "Ada", "--why", "In production.", *places)
    run = stored(results, {"cand": GOOD["cand"]}, gate(RULE, baseline="baseline@prod"))
    assert evalkit(capsys, "baseline", "promote", first, *words).code == 0
    judged = ("gate", run, "--signed-baseline", signers, *places)
    assert "nobody signed" in evalkit(capsys, *judged).err
    assert evalkit(capsys, "baseline", "promote", first, *words, "--replace", "--sign", key).code == 0
    assert evalkit(capsys, *judged).code == 0
    file = baselines / "prod.yaml"
    file.write_text(file.read_text().replace("In production.", "In production!"))
    assert evalkit(capsys, *judged).code == 2
    # A later promotion without a signature does not keep the old one.
    assert evalkit(capsys, "baseline", "promote", first, *words, "--replace").code == 0
    assert "nobody signed" in evalkit(capsys, *judged).err


@needs_ssh
def test_a_baseline_that_nobody_promoted_cannot_be_required_as_signed(
    tmp_path: Path, capsys: Capture, key: Path
) -> None:
    run = stored(tmp_path / "results", GOOD, gate(RULE))
    ran = evalkit(capsys, "gate", run, "--signed-baseline", allow(tmp_path, key))
    assert ran.code == 2
    assert "nobody promoted" in " ".join(ran.err.split())


# The dossier


@pytest.fixture
def written(tmp_path: Path, capsys: Capture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dossier of two runs with their verdicts."""

    def make(folder: Path) -> None:
        for answers in (GOOD, {**GOOD, "cand": scores(600, range(300))}):
            run = stored(folder / "results", answers, gate(RULE))
            assert evalkit(capsys, "gate", run, "--dossier", folder / "dossier.jsonl").code in {0, 1}

    made_once("two runs and their dossier", make, tmp_path, tmp_path_factory)
    path = tmp_path / "dossier.jsonl"
    assert [entry.kind for entry in dossier.read(path)] == ["run", "verdict", "run", "verdict"]
    return path


def verified(capsys: Capture, path: Path, *more: object) -> Ran:
    return evalkit(capsys, "dossier", "--verify", "--dossier", path, "--results", path.parent / "results", *more)


def test_a_dossier_says_verdict_and_evidence_and_prints_its_head(
    tmp_path: Path, capsys: Capture, written: Path
) -> None:
    entries = dossier.read(written)
    assert [entry.body["verdict"] for entry in entries if entry.kind == "verdict"] == ["pass", "fail"]
    assert "run.json" in entries[0].body["evidence_sha256"]
    ran = verified(capsys, written)
    assert ran.code == 0
    assert entries[-1].digest in ran.out
    run = stored(tmp_path / "results", GOOD, gate(RULE))
    again = evalkit(capsys, "gate", run, "--dossier", written)
    assert dossier.read(written)[-1].digest in again.err
    assert "PASS" in again.out


def edits() -> dict[str, Callable[[list[bytes]], list[bytes]]]:
    """Ways to edit a dossier: each takes its lines and gives what stands there afterwards."""

    def change(line: bytes, **values: object) -> bytes:
        entry = json.loads(line)
        return json.dumps({**entry, **values}, sort_keys=True, separators=(",", ":")).encode()

    return {
        "a verdict is turned": lambda lines: [lines[0], lines[1].replace(b'"pass"', b'"fail"'), *lines[2:]],
        "an entry is removed": lambda lines: [*lines[:1], *lines[2:]],
        "the first is removed": lambda lines: lines[1:],
        "two change places": lambda lines: [lines[1], lines[0], *lines[2:]],
        "one stands twice": lambda lines: [*lines, lines[-1]],
        "a space": lambda lines: [lines[0].replace(b":", b": ", 1), *lines[1:]],
        "another day": lambda lines: [change(lines[0], at="2020-01-01T00:00:00Z"), *lines[1:]],
        "a further key": lambda lines: [change(lines[0], note="x"), *lines[1:]],
        "no JSON": lambda lines: [*lines, b"{"],
        "another version": lambda lines: [change(lines[0], version=2), *lines[1:]],
        "an empty line": lambda lines: [lines[0], b"", *lines[1:]],
        "a torn end": lambda lines: [*lines[:-1], lines[-1][:-30]],
    }


@pytest.mark.parametrize("name", edits())
def test_any_edit_is_found_and_nothing_is_added_to_a_broken_chain(
    tmp_path: Path, capsys: Capture, written: Path, name: str
) -> None:
    lines = written.read_bytes().splitlines()
    edited = edits()[name](lines)
    assert edited != lines
    written.write_bytes(b"\n".join(edited) + b"\n")
    ran = verified(capsys, written)
    assert ran.code == 2, ran.out
    assert f"{written}:" in ran.err
    before = written.read_bytes()
    run = stored(tmp_path / "results", GOOD, gate(RULE))
    assert evalkit(capsys, "dossier", run, "--dossier", written).code == 2
    assert written.read_bytes() == before


def test_every_byte_counts(written: Path) -> None:
    """One flipped bit anywhere is found."""
    from evalkit.errors import StoreError

    content = written.read_bytes()
    for place in range(0, len(content), 7):
        written.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(StoreError):
            dossier.read(written)


def test_an_end_that_was_cut_off_is_found_by_a_head_that_was_kept(capsys: Capture, written: Path) -> None:
    head = dossier.read(written)[-1].digest
    assert verified(capsys, written, "--head", head).code == 0
    written.write_bytes(b"".join(line + b"\n" for line in written.read_bytes().splitlines()[:2]))
    assert verified(capsys, written).code == 0  # a chain cannot show it by itself
    ran = verified(capsys, written, "--head", head)
    assert ran.code == 2
    assert "cut off" in ran.err


def test_files_of_a_run_that_changed_since_are_named(capsys: Capture, written: Path) -> None:
    run = max((written.parent / "results").iterdir())
    facts = run / "run.json"
    facts.write_text(facts.read_text().replace("complete", "complete "))
    ran = verified(capsys, written)
    assert ran.code == 2
    assert f"{run.name}: run.json changed since entry" in ran.out


def test_a_run_that_changed_after_its_verdict_is_named_when_it_is_recorded_again(
    tmp_path: Path, capsys: Capture, written: Path
) -> None:
    run = max((written.parent / "results").iterdir())
    set_facts(run, tags=["another"])
    assert evalkit(capsys, "dossier", run, "--dossier", written, "--results", written.parent / "results").code == 0
    ran = verified(capsys, written)
    assert ran.code == 0 and "unbroken" in ran.out  # it is as it was recorded last
    said = f"{run.name}: recorded again in entry 5 with other files than the verdict of entry 4 is about"
    assert said in " ".join(ran.out.split())
    assert json.loads(verified(capsys, written, "--json").out)["recorded_again"] == [said]


def test_a_run_that_is_here_without_its_facts_is_no_run_that_is_elsewhere(capsys: Capture, written: Path) -> None:
    run = max((written.parent / "results").iterdir())
    assert verified(capsys, written).code == 0
    (run / "run.json").unlink()
    ran = verified(capsys, written)
    assert ran.code == 2 and f"{run.name} is not a run: it has no run.json" in ran.out
    (run / "run.json").mkdir()
    assert verified(capsys, written).code == 2
    run.rename(written.parent / "elsewhere")
    assert verified(capsys, written).code == 0


def test_an_earlier_file_of_a_baseline_is_known_by_the_dossier(tmp_path: Path, capsys: Capture) -> None:
    """It is as whole, and as well signed, as the later one: only what was recorded since can show it."""
    judge, recorded = Gate(capsys, tmp_path), tmp_path / "dossier.jsonl"
    before = stored(judge.results, {"base": GOOD["base"]})
    run = stored(tmp_path / "elsewhere", {"cand": GOOD["cand"]}, gate(RULE, baseline="baseline@prod"))
    file, files = judge.baselines / "prod.yaml", []
    for n in range(2):
        assert judge.promote(before, "base", "prod", "--replace").code == 0
        file.write_text(re.sub(r"promoted_at: .*", f"promoted_at: '2026-12-0{n + 1}T10:00:00Z'", file.read_text()))
        files.append(file.read_text())
        assert judge(run, "--dossier", recorded).code == 0
    file.write_text(files[0])
    ran = judge(run, "--dossier", recorded)
    assert ran.code == 2 and "an earlier file stands in the place of a later one" in " ".join(ran.err.split())
    never_recorded = files[0].replace("2026-12-01T", "2026-11-30T")
    file.write_text(never_recorded)
    assert judge(run, "--dossier", recorded).code == 2
    assert judge(run).code == 0, "a file alone cannot show it"
    file.write_text(files[1])
    assert judge(run, "--dossier", recorded).code == 0


def test_a_waiver_ends_and_changes_no_verdict(tmp_path: Path, capsys: Capture, written: Path) -> None:
    run = stored(tmp_path / "results", {**GOOD, "cand": scores(600, range(300))}, gate(RULE))
    waive = ("--waive", "quality all", "--candidate", "cand", "--by", "Ada", "--dossier", written)
    past = evalkit(capsys, "dossier", run, *waive, "--why", "Known.", "--until", "2020-01-01")
    assert past.code == 2
    assert "has passed" in past.err
    assert evalkit(capsys, "dossier", run, *waive, "--until", "2999-01-01").code == 2  # nobody says why
    assert evalkit(capsys, "dossier", run, *waive, "--why", "Known.", "--until", "2999-01-01").code == 0
    judged = evalkit(capsys, "gate", run, "--dossier", written)
    assert judged.code == 1
    assert "waiver in force: quality all of cand until 2999-01-01, by Ada: Known." in judged.err
    last = dossier.read(written)[-1]
    assert last.body["candidates"][0]["waivers"][0]["by"] == "Ada"


@needs_ssh
def test_a_signature_of_gigabytes_is_not_read(tmp_path: Path, capsys: Capture) -> None:
    run = stored(tmp_path / "results", GOOD, gate(RULE))
    (tmp_path / "signers").write_text("ada ssh-ed25519 AAAA\n")
    (run / "run.sig").touch()
    for size, words in ((2**40, "is mostly a hole"), (10**7, "has more than 64,000 bytes")):
        os.truncate(run / "run.sig", size)
        ran = evalkit(capsys, "sign", run, "--check", tmp_path / "signers")
        assert ran.code == 2 and f"run.sig cannot be read (it {words}" in ran.err
