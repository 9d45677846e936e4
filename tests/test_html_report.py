"""`evalkit report RUN --html FILE`: one page that loads nothing, runs nothing and says the same as the board."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evalkit.records import Message, Outcome
from tests.board_world import HOSTILE, TASKS, a_row, a_run, an_error
from tests.conftest import REPO
from tests.run_facts import set_facts
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
GATE = {"baseline": "gpt", "candidates": ["qwen"], "rules": [{"quality": "all", "margin": 0.3}]}


class Page(HTMLParser):
    """Every tag and attribute of a page; fails on what could load or run something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert tag not in {"img", "link", "iframe", "object", "embed", "a", "form", "base", "audio", "video"}
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in {"src", "href", "srcset", "style", "xlink:href"}
            assert "url(" not in (value or "").lower()

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")


def report(capsys: Capture, results: Path, out: Path, run: str = "latest") -> str:
    ran = evalkit(capsys, "report", run, "--results", results, "--html", out, "--samples")
    assert ran.code == 0, ran.err
    return out.read_text("utf-8")


def assert_only_our_script(page: Page, text: str) -> None:
    """The one script of the page is the file of this repository, and the page's policy lets no other run."""
    (script,) = page.scripts
    assert script == (REPO / "evalkit/render/templates/page.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in text.partition("<title>")[0]


@pytest.mark.long
def test_the_bill_says_no_sum_of_what_is_unknown(tmp_path: Path, capsys: Capture) -> None:
    """Answers without a price are not free, and neither are requests that failed."""
    priced, free = [a_row("gpt", "triage", i) for i in range(3)], [a_row("own", "triage", i) for i in range(2)]
    gone = [an_error("lost", "triage", i) for i in range(4)]
    for name, rows, said in (
        ("unknown", free, "What 2 answers cost is unknown."),
        ("one", free[:1], "What one answer cost is unknown."),
        ("unknown and failed", free + gone, "What 2 answers cost is unknown."),
        ("failed", gone, "No answer came; whether failed requests were billed, no provider reports."),
        ("mixed", priced + free + gone, " for 3 answers; what 2 more cost is unknown."),
        ("known", priced + gone, " for all answers."),
        ("free", [a_row("gpt", "triage", 0, cost_usd=Decimal(0), spend_usd=Decimal(0))], "$0 for all answers."),
    ):
        models = tuple(dict.fromkeys(row.model for row in rows))
        a_run(tmp_path / name, models, n=4, rows=rows, status="incomplete" if gone[0] in rows else "complete")
        text = report(capsys, tmp_path / name, tmp_path / f"{name}.html")
        assert text.count(said) == 2, name
        assert ("$0 for" in text) == (name == "free"), name
        if gone[0] in rows:  # what failed is no answer, wherever the state of the run is told
            state = rf"incomplete: {len(rows) - len(gone)} of [\d,]+ answers, {len(gone)} failed"
            shown = evalkit(capsys, "show", "latest", "--results", tmp_path / name).out
            listed = " ".join(evalkit(capsys, "list", "--results", tmp_path / name, "--json").out.split())
            assert all(re.search(state, said) for said in (text, shown, listed)), name


def test_numbers_are_sorted_as_numbers_and_unknown_ones_have_none(tmp_path: Path, capsys: Capture) -> None:
    a_run(tmp_path / "results", n=10)
    text = report(capsys, tmp_path / "results", tmp_path / "r.html")
    assert '<td data-number="2.0">$2.00</td>' in text
    assert "<td>unknown</td>" in text, "the price of tiny"


def test_the_page_stands_alone_and_has_leaderboard_tradeoff_and_gate(tmp_path: Path, capsys: Capture) -> None:
    rows = [a_row(m, t, i) for t in TASKS for i in range(40) for m in ("gpt", "qwen", "tiny")][:-1]
    a_run(tmp_path / "results", rows=[*rows, an_error("tiny", "triage", 39)], gate=GATE)
    text = report(capsys, tmp_path / "results", tmp_path / "r.html")
    page = Page()
    page.feed(text)
    assert {"table", "svg", "h1"} <= set(page.tags)
    assert "default-src 'none'" in text
    assert_only_our_script(page, text)
    places = [text.index(said) for said in ("gpt leads", "Gate: qwen passes", "answers; what", "<h2>")]
    assert places == sorted(places)
    assert not re.search(r"https?://", text)
    assert "qwen against gpt: <strong>pass</strong>" in text
    assert "tiny is " in text and "points worse than" in text
    assert 'role="img" aria-label="OpenAI, closed" title="OpenAI, closed" data-letters="OA"></span>gpt' in text
    assert "unknown" in text, "the price of tiny is unknown, not zero"
    assert "Not drawn, unknown: tiny" in text
    assert len(text) < 200_000


def test_hostile_names_and_texts_stay_text(tmp_path: Path, capsys: Capture) -> None:
    names = ("<script>alert(1)</script>", 'x" onload="alert(1)', "\u202eevil</svg><b>")
    rows = [a_row(name, HOSTILE[:60], i, served_model=HOSTILE, score=i % 2) for i in range(4) for name in names]
    a_run(tmp_path / "results", names, rows=rows, suite="<h1>suite</h1>")
    text = report(capsys, tmp_path / "results", tmp_path / "r.html")
    page = Page()
    page.feed(text)
    assert_only_our_script(page, text)
    assert "\u202e" not in text and "\x1b" not in text
    assert "&lt;script&gt;" in text


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path, capsys: Capture) -> None:
    a_run(tmp_path / "results", ("gpt",), n=3)
    out = tmp_path / "r.html"
    out.write_text("mine")
    ran = evalkit(capsys, "report", "latest", "--results", tmp_path / "results", "--html", out)
    assert ran.code == 2 and "--force" in ran.err
    assert out.read_text() == "mine"
    ran = evalkit(capsys, "report", "latest", "--results", tmp_path / "results", "--html", out, "--force")
    assert ran.code == 0


def test_a_run_without_rows_or_without_a_gate_says_so(tmp_path: Path, capsys: Capture) -> None:
    a_run(tmp_path / "results", ("gpt",), rows=[], status="running")
    text = report(capsys, tmp_path / "results", tmp_path / "r.html")
    assert "no rows yet" in text
    assert "no gate" in text


def test_a_missing_run_and_a_missing_folder_are_a_user_s_mistake(tmp_path: Path, capsys: Capture) -> None:
    assert evalkit(capsys, "report", "x", "--results", tmp_path, "--html", tmp_path / "r.html").code == 2
    a_run(tmp_path / "results", ("gpt",), n=2)
    ran = evalkit(capsys, "report", "latest", "--results", tmp_path / "results", "--html", tmp_path / "no" / "r.html")
    assert ran.code == 2 and "no folder" in ran.err


def test_the_gate_s_intervals_are_named_by_the_gate_s_own_confidence(tmp_path: Path, capsys: Capture) -> None:
    rows = [a_row(m, t, i) for t in TASKS for i in range(40) for m in ("gpt", "qwen")]
    a_run(tmp_path / "results", ("gpt", "qwen"), rows=rows, gate={**GATE, "alpha": 0.01})
    text = report(capsys, tmp_path / "results", tmp_path / "r.html")
    assert "measured [98 %]" in text
    assert "90 %" not in text


def test_the_pages_say_of_each_rule_what_the_terminal_says(tmp_path: Path, capsys: Capture) -> None:
    results = tmp_path / "results"
    rules = [
        {"quality": "all", "margin": 0.001},
        {"latency": "ttft_p95", "max_ratio": 1.2},
        {"latency": "total_p95", "max_s": 2.0},
    ]
    a_run(results, ("gpt", "qwen"), n=20, gate={**GATE, "rules": rules})
    said = evalkit(capsys, "gate", "latest", "--results", results)
    remarks = [line for line in said.out.split("\n") if line.startswith(("p95 of ", "quality of ")) and ": " in line]
    assert (
        len(remarks) > 2 and any("declared load" in one for one in remarks) and any("p95 of" in one for one in remarks)
    )
    text = report(capsys, results, tmp_path / "r.html")
    assert evalkit(capsys, "report", "--results", results, "--site", tmp_path / "site").code == 0
    (page,) = (one.read_text("utf-8") for one in (tmp_path / "site" / "gates").glob("*.html"))
    for shown in (text, page):
        plain = html.unescape(re.sub("<[^>]*>", "", shown))
        assert [one for one in remarks if one not in plain] == []


def test_samples_open_with_prompt_answers_scores_and_reasons_the_worst_first(tmp_path: Path, capsys: Capture) -> None:
    """The leader is `gpt`; `bad` loses everything, `odd` one graded item by a little."""

    def score(model: str, n: int) -> float:
        return 0.0 if model == "bad" else 0.7 if (model, n) == ("odd", 39) else 1.0

    rows = [
        a_row(m, "refunds", n, score=score(m, n), outcome=Outcome.SCORED, reason=f"because {m} {n}",
              text=f"<b>{m} said {n}</b>")
        for n in range(40) for m in ("gpt", "odd", "bad")
    ]  # fmt: skip
    a_run(tmp_path / "results", ("gpt", "odd", "bad"), rows=rows)
    text = report(capsys, tmp_path / "results", tmp_path / "r.html")
    section = text.partition("<h2>Samples</h2>")[2].partition("<h2>Bill</h2>")[0]
    assert "20 of the 40 samples on which a model scores less than gpt" in section
    assert "Then 10 of the others, drawn at random. The run has 40" in section
    heads = re.findall(r"<summary>(.*?)</summary>", section)
    assert len(heads) == 30 == len(set(heads))
    assert heads[0] == "refunds · refunds-39: gpt 1.000, odd 0.700, bad 0.000", (
        "each model's largest loss comes in turn"
    )
    first = section.partition("</details>")[0]
    assert "Ticket 39: refund?" in first and "You are careful." in first
    for model in ("gpt", "odd", "bad"):
        assert f"&lt;b&gt;{model} said 39&lt;/b&gt;" in first and f"Why: because {model} 39" in first
    assert "bad · scored · 0.000" in first and "right answer" in first
    for more in ("--no-samples", "--force"):  # without a word of a person, a suite that is not public shows no texts
        bare = tmp_path / "bare.html"
        assert evalkit(capsys, "report", "--results", tmp_path / "results", "--html", bare, more).code == 0
        assert "said 39" not in bare.read_text("utf-8") and "Ticket 39" not in bare.read_text("utf-8")
    assert "left out, because the suite is not marked as public" in bare.read_text("utf-8")


@pytest.mark.parametrize(("level", "demanded", "shown"), [("public", "public", True), ("internal", "public", False),
                                                          ("public", "restricted", False)])  # fmt: skip
def test_prompts_of_a_public_suite_alone_are_on_the_page_unless_a_person_says_so(
    level: str, demanded: str, shown: bool, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "suite.yaml").write_text(
        f"name: s\nsensitivity: {level}\nmodels:\n  m: {{adapter: scripted, model: m, replies: {{'*': 'Yes.'}}}}\n"
        "tasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: 'Is it {{ q }}?', target: '{{ a }}', "
        "score: contains}\n"
    )
    (tmp_path / "d.jsonl").write_text('{"id":"1","q":"so","a":"Yes"}\n')
    results, out = tmp_path / "results", tmp_path / "r.html"
    given = ("run", tmp_path / "suite.yaml", "--results", results, "--sensitivity", demanded)
    assert evalkit(capsys, *given).code == 0
    assert evalkit(capsys, "report", "--results", results, "--html", out).code == 0
    assert ("Is it so?" in out.read_text("utf-8")) is shown
    assert evalkit(capsys, "report", "--results", results, "--html", out, "--force", "--samples").code == 0
    assert "Is it so?" in out.read_text("utf-8")


@pytest.mark.long
def test_long_texts_leave_the_page_readable_and_it_says_what_was_cut(tmp_path: Path, capsys: Capture) -> None:
    rows = [
        a_row(m, "refunds", n, text=f"{m} {n} " + "word " * 5_000, prompt=(Message("user", "long " * 9_000),) * 20)
        for n in range(40) for m in ("gpt", "qwen")
    ]  # fmt: skip
    a_run(tmp_path / "results", ("gpt", "qwen"), rows=rows)
    text = report(capsys, tmp_path / "results", tmp_path / "r.html")
    assert len(text) < 700_000
    n = text.count("<details>")
    said = re.search(r"(\d+) of the (\d+) samples on which a model", text)
    assert 0 < n < 30 and "8 earlier messages are left out" in text and "cut after 3,000 characters a message" in text
    assert said is None or int(said[1]) <= n


@pytest.mark.long
def test_what_each_of_several_scorers_gives_stands_in_report_and_board(tmp_path: Path, capsys: Capture) -> None:
    from tests.test_several_scorers import MEAN, ran

    ran(capsys, tmp_path, MEAN)
    text = report(capsys, tmp_path / "results", tmp_path / "r.html")
    section = text.partition("sums by scorer</h3>")[2].partition("</table>")[0]
    rows = {row[0]: row[1:] for row in (re.findall(r"<td[^>]*>([^<]*)</td>", line) for line in section.split("<tr>"))
            if row}  # fmt: skip
    shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "results", "--json").json["scorers"]["sums"]
    for model, cells in rows.items():
        means = [f"{shown[part][model]['mean']:.3f}" for part in ("exact", "shape")]
        assert [cell.split()[0] for cell in cells] == means
    assert set(rows) == {"digits", "words"} and rows["words"] != rows["digits"]
    pytest.importorskip("streamlit")
    from tests.test_board_pages import draw

    at = draw("leaderboard", tmp_path / "results")
    assert any(element.value == "sums by scorer" for element in at.subheader)
    table = next(frame.value for frame in at.dataframe if list(frame.value) == ["model", "exact", "shape"])
    assert {row["model"]: [row["exact"], row["shape"]] for row in table.to_dict("records")} == rows


@pytest.mark.long
def test_each_chart_of_a_run_is_written_as_svg_and_png(tmp_path: Path, capsys: Capture) -> None:
    from PIL import Image

    earlier = a_run(tmp_path / "results", n=5)
    set_facts(earlier, started_at="2026-01-01T00:00:00Z")
    a_run(tmp_path / "results", n=20, gate={**GATE, "candidates": [*GATE["candidates"], "tiny"]})
    out = tmp_path / "charts"
    given = ("report", "--charts", out, "--results", tmp_path / "results")
    ran = evalkit(capsys, *given)
    assert ran.code == 0, ran.err
    made = sorted(path.name for path in out.iterdir())
    assert set(ran.out.split()) == {str(out / name) for name in made}
    stems = {name.partition(".")[0] for name in made}
    assert {"leaderboard", "bill", "quality-against-usd-per-1-000-samples", "gate-qwen-0"} <= stems
    difference = (out / "difference.svg").read_text("utf-8")
    assert "tiny − gpt, in points of 100" in (out / "difference-tiny.svg").read_text("utf-8")
    gates = {name: (out / f"gate-{name}-0.svg").read_text("utf-8") for name in ("qwen", "tiny")}
    assert all(f">{name}<" in drawn for name, drawn in gates.items()), "each says whose rules it draws"
    assert "qwen − gpt, in points of 100" in difference and "language = de" in difference
    assert "quality over time. gpt 2026-01-01" in (out / "history.svg").read_text("utf-8")
    assert len(made) == 2 * len(stems)
    leaderboard = (out / "leaderboard.svg").read_text("utf-8")
    assert leaderboard.startswith("<svg") and "<script" not in leaderboard and "gpt: 0.850 [0.71, 0.93]" in leaderboard
    for path in out.glob("*.png"):
        with Image.open(path) as image:
            assert image.width > 400 and len(image.getcolors(1 << 24) or ()) > 5, "something is drawn"
    assert evalkit(capsys, *given).code == 2
    assert evalkit(capsys, *given, "--force").code == 0


def test_code_in_a_sentence_is_set_as_code_and_stays_text(tmp_path: Path, capsys: Capture) -> None:
    folder = a_run(tmp_path / "results", n=6)
    ran = evalkit(capsys, "report", folder.name, "--results", folder.parent, "--html", tmp_path / "page.html")
    assert ran.code == 0
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "<code>sensitivity: public</code>" in text
    visible_text = re.sub(r"<(script|style).*?</\1>|<svg.*?</svg>", "", text, flags=re.DOTALL)
    assert "`" not in visible_text

    from evalkit.render.html_page import _said

    assert str(_said("a `<b>` of `x`y ` & z")) == "a <code>&lt;b&gt;</code> of <code>x</code>y ` &amp; z"


def test_the_page_is_short_before_one_opens_it_and_moves_wide_charts_sideways(tmp_path: Path, capsys: Capture) -> None:
    rules = [{"quality": "all", "margin": 0.3}]
    rows = [a_row(m, "triage", n) for n in range(20) for m in ("gpt", "qwen", "tiny")]
    a_run(tmp_path, gate={"baseline": "gpt", "candidates": ["qwen", "tiny"], "rules": rules},
          rows=[*rows, an_error("tiny", "triage", 20)])  # fmt: skip
    text = report(capsys, tmp_path, tmp_path / "page.html")
    opened = re.findall(r'<details( open)?><summary class="verdict">(\w+)', text)
    assert opened == [(" open", "qwen"), ("", "tiny")], "one candidate is open"
    assert re.search(r"<summary>Beware: \d+ warnings?</summary>", text)
    figures = re.findall("<figure[^>]*>", text)
    assert figures and all('class="wide' in one and 'tabindex="0"' in one for one in figures), "keys move them too"
    assert "@media (max-width: 800px) { figure svg { max-width: none; }" in text
    broad, narrow = (re.search(rf'<figure class="wide {kind}".*?<svg [^>]*?width="(\d+)"', text, flags=re.DOTALL)
                     for kind in ("broad", "narrow"))  # fmt: skip
    assert broad is not None and narrow is not None
    assert int(narrow[1]) <= 370 < int(broad[1]), "the leaderboard has a drawing for telephones"
