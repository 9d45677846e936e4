"""`evalkit report --site FOLDER`: a results folder as pages that work from a disk, and say what the board says."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from evalkit.records import Outcome
from tests.board_world import a_row, a_run
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]
GATE = {"baseline": "gpt", "candidates": ["qwen", "tiny"], "rules": [{"quality": "all", "margin": 0.3}]}
HOSTILE = ("<script>alert(1)</script>", "../../up", "a:b", 'x" onload="y', "javascript:alert(1)", "\u202eevil", "A:B")


class Site(HTMLParser):
    """Every page of a site: its links lead to files of it, it loads nothing and has our script alone."""

    def __init__(self, out: Path) -> None:
        super().__init__()
        self.pages = {path.relative_to(out).as_posix(): path.read_text("utf-8") for path in out.rglob("*.html")}
        self.links: dict[str, list[str]] = {}
        for path, text in self.pages.items():
            self.at = path
            self.reset()
            self.scripts = 0
            self.feed(text)
            assert self.scripts == 1 and not re.search(r"https?://", text)
            for link in self.links.get(self.at, ()):
                assert (out / self.at).parent.joinpath(unquote(link)).resolve().relative_to(out.resolve())
                assert (out / self.at).parent.joinpath(unquote(link)).is_file(), link

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        assert tag not in {"img", "link", "iframe", "object", "embed", "form", "base"}
        for name, value in attrs:
            assert not name.startswith("on") and name not in {"src", "srcset", "style"}
            if name == "href":
                assert value is not None and tag == "a" and re.match(r"(runs|gates|\.\.)/", value)
                self.links.setdefault(self.at, []).append(value)


def site(capsys: Capture, results: Path, out: Path, *more: str) -> Ran:
    return evalkit(capsys, "report", "--site", out, "--results", results, *more)


def test_an_index_leads_to_a_report_of_each_run_and_a_page_of_each_gate(tmp_path: Path, capsys: Capture) -> None:
    results, out = tmp_path / "results", tmp_path / "out"
    gated = a_run(results, n=40, gate=GATE)
    other = a_run(results, ("qwen",), n=5, suite="other")
    live = a_run(results, ("gpt",), rows=[], suite="empty", status="running")
    (results / "half").mkdir()
    (results / "half" / "run.json").write_text('{"schema')
    ran = site(capsys, results, out)
    assert ran.code == 0, ran.err
    made = Site(out)
    names = [f"runs/{run.name}.html" for run in (gated, other, live)]
    assert set(made.pages) == {"index.html", *names, f"gates/{gated.name}.html"}
    assert set(names) <= set(made.links["index.html"])
    index = made.pages["index.html"]
    assert "gpt leads" in index and "1 of 2 candidates passes against gpt: 1 fail." in index
    assert "half" in index and "damaged" in index and str(tmp_path) not in index, "where the folder lies is not told"
    gate = made.pages[f"gates/{gated.name}.html"]
    assert "tiny fails because" in gate and "qwen against gpt: <strong>pass</strong>" in gate
    assert made.links[f"gates/{gated.name}.html"] == ["../index.html", f"../{names[0]}"]
    assert "no rows yet" in made.pages[names[2]]


@pytest.mark.long
def test_the_index_says_what_the_board_and_the_report_say(tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("streamlit")
    from html import unescape

    from tests.test_board_pages import draw

    results, out = tmp_path / "results", tmp_path / "out"
    a_run(results, n=40, gate=GATE)
    assert site(capsys, results, out).code == 0
    pages = {path: unescape(text) for path, text in Site(out).pages.items()}
    at = draw("leaderboard", results)
    headline = at.subheader[0].value.replace("\\", "")
    board = draw("leaderboard", results, columns="true").dataframe[0].value
    assert board["model"].tolist() == ["gpt", "qwen", "tiny"]
    drawn = [line.value.replace("\\", "").replace("**", "") for line in at.markdown if ":small[" in line.value]
    cards = [line.splitlines()[1] for line in drawn]
    gate = [line.value.replace("\\", "") for line in draw("gate", results).markdown if "tiny fails" in line.value]
    for path, text in pages.items():
        if path.startswith("gates/"):
            assert gate and "tiny fails because" in text
            said = re.search(r"tiny fails because [^<]*", text)
            assert said and said[0].strip() in gate[0].replace("`", "")
            continue
        assert headline in text, path
        cell = r"<td[^>]*>(?:<span [^>]*></span>)?(?:<a [^>]*>)?([^<]*)"
        cells = [re.findall(cell, row) for row in re.findall(r"<tr><td.*", text)]
        shown = {row[0]: row for row in reversed(cells)}  # the leaderboard is the first table
        for line in board.to_dict("records"):
            row = shown[line["model"]]
            assert row[1] == line["standing"]
            assert row[2] == f"{line['quality']:.3f} {line['95 % interval']}"
            assert row[3] == f"{line['n']:,}"
    assert len(cards) == 3 and all(card.partition(" · ")[2][:20] in pages["index.html"] for card in cards)


def test_no_page_says_where_folders_lie_on_this_machine(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, out = tmp_path / "results", tmp_path / "out"
    monkeypatch.setenv("EVALKIT_BASELINES", str(tmp_path / "baselines"))
    run = a_run(results, n=5, gate={**GATE, "baseline": "baseline@prod"})
    assert site(capsys, results, out).code == 0
    pages = Site(out).pages
    assert all("There is no baseline" in text and str(tmp_path) not in text for text in pages.values()), run


def test_answers_that_could_not_be_read_are_quoted_only_where_answers_are_shown(
    tmp_path: Path, capsys: Capture
) -> None:
    unread = {"outcome": Outcome.UNPARSEABLE, "score": 0.0, "text": "Ask Mrs Canary."}
    rows = [a_row("gpt", "refunds", n, **(unread if n % 2 else {})) for n in range(20)]
    results = tmp_path / "results"
    a_run(results, ("gpt",), rows=rows)
    for said, shown in (("--no-samples", False), (None, False), ("--samples", True)):
        out = tmp_path / f"out{said}"
        assert site(capsys, results, out, *([said] if said else [])).code == 0
        for path, text in Site(out).pages.items():
            assert "could not be read" in text, path
            assert ("Canary" in text) == shown, (said, path)


def test_names_of_runs_are_other_people_s_words(tmp_path: Path, capsys: Capture) -> None:
    results, out = tmp_path / "results", tmp_path / "out"
    for name in HOSTILE:
        run = a_run(results, (name,), n=2, suite="s")
        facts = json.loads((run / "run.json").read_text())
        del facts["checksum"]
        (run / "run.json").write_text(json.dumps({**facts, "suite": name}))
        run.rename(results / name.replace("/", "⁄"))
    assert site(capsys, results, out).code == 0
    made = Site(out)
    files = [path for path in made.pages if path.startswith("runs/")]
    assert len(files) == len({path.casefold() for path in files}) == 5, "one name is hidden, one is refused by name"
    assert "is no name for a run" in made.pages["index.html"]
    assert not any(set(path) & set('<>:"|?*\\\u202e') for path in files)
    assert "&lt;script&gt;" in made.pages["index.html"] and "\u202e" not in made.pages["index.html"]


def test_what_is_in_the_folder_already_is_nobody_s_to_remove(tmp_path: Path, capsys: Capture) -> None:
    results, out = tmp_path / "results", tmp_path / "out"
    old = a_run(results, ("gpt",), n=2)
    assert site(capsys, results, out).code == 0
    again = site(capsys, results, out)
    assert again.code == 2 and "--force" in again.err
    (out / "CNAME").write_text("mine")
    (out / "runs" / "mine.html").write_text("mine")
    old.rename(results / "renamed")
    assert site(capsys, results, out, "--force").code == 0
    assert sorted(path.name for path in (out / "runs").iterdir()) == ["mine.html", "renamed.html"]
    assert (out / "CNAME").read_text() == "mine"
    (out / "index.html").write_text("mine")
    refused = site(capsys, results, out, "--force")
    assert refused.code == 2 and "no page of evalkit's" in refused.err and (out / "index.html").read_text() == "mine"
    (tmp_path / "elsewhere").mkdir()
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "runs").symlink_to(tmp_path / "elsewhere")
    assert "link" in site(capsys, results, linked, "--force").err
    assert not any((tmp_path / "elsewhere").iterdir())


def test_what_the_documents_write_has_no_place_among_our_files() -> None:
    """A folder that a command of the documents writes in a clone is ignored by git: none of ours has its name."""
    root = Path(__file__).parents[1]
    ignored = (root / ".gitignore").read_text().splitlines()
    pages = [root / "README.md", *(root / "docs").rglob("*.md"), *(root / "examples").rglob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    written = set(re.findall(r"--(?:site|charts) ([a-z][\w-]*)/", text))
    assert "public" in written and {f"/{name}/" for name in written} <= set(ignored)


def test_a_mistake_in_the_call_is_told(tmp_path: Path, capsys: Capture) -> None:
    a_run(tmp_path / "results", ("gpt",), n=2)
    (tmp_path / "file").write_text("")
    for given, said in (
        (("report", "--results", tmp_path / "results"), "--site FOLDER"),
        (("report", "--site", tmp_path / "x", "--html", tmp_path / "y"), "one of these"),
        (("report", "latest", "--site", tmp_path / "x", "--results", tmp_path / "results"), "--html FILE"),
        (("report", "--site", tmp_path / "x", "--results", tmp_path / "none"), "no run"),
        (("report", "--site", tmp_path / "no" / "x", "--results", tmp_path / "results"), "no folder"),
        (("report", "--site", tmp_path / "file", "--results", tmp_path / "results"), "is a file"),
    ):
        ran = evalkit(capsys, *given)
        assert ran.code == 2 and said in ran.err, ran.err
