"""What the eighteenth attack found: a run's own labels under a protected gate without a baseline, and more."""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from evalkit.adapters import own_presets
from evalkit.adapters.billed_beside import billed_beside
from evalkit.adapters.http_errors import Where, error_from_status
from evalkit.adapters.keys import keep_out_of_replies
from evalkit.board import sign_in
from evalkit.board.sign_in import SignIn
from evalkit.catalogue.reading import user_file
from evalkit.checkouts import own_settings
from evalkit.cli.board import leave_the_working_directory
from evalkit.decide.gate import decide_gate, gate_of
from evalkit.engine import pictures
from evalkit.paths import Inside
from evalkit.records import Image, Message, Request
from evalkit.results import read_facts
from evalkit.suite.picture_places import BadPicture, PicturePlace
from evalkit.suite.pictures import Pictures
from evalkit.text.secrets import cut_short, without_keys
from tests.gate_world import gate, stored
from tests.picture_world import picture
from tests.test_judged_rules import judged_alone


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


KEY = 'canary&eighteen<no>key"x+/='
SPELT = {
    "HTML": html.escape(KEY),
    "names of HTML": KEY.replace("&", "&amp;").replace("+", "&plus;").replace("/", "&sol;").replace("=", "&equals;"),
    "HTML in HTML": html.escape(html.escape(KEY)),
    "an address in an address": quote(quote(KEY, safe=""), safe=""),
    "HTML in an address": quote(html.escape(KEY), safe=""),
    "an address on a page": html.escape(quote(KEY, safe="")).lower(),
    "HTML in Go's JSON": json.dumps(html.escape(KEY))[1:-1].replace("&", r"\u0026"),
    "Go's JSON on a page": html.escape(json.dumps(KEY)[1:-1].replace("&", r"\u0026").replace("<", r"\u003c")),
}


@pytest.mark.parametrize("spelt", SPELT.values(), ids=SPELT)
def test_a_key_is_cut_out_of_pages_and_addresses_in_one_another(spelt: str) -> None:
    keep_out_of_replies(KEY)
    assert without_keys(f"Bearer {spelt}.") == "Bearer [key removed]."


@pytest.mark.parametrize("text", ["&amp;" * 50_000, "%25" * 60_000, "canary&amp;" * 20_000, "\\" * 200_000])
def test_looking_for_keys_takes_no_time(text: str) -> None:
    keep_out_of_replies(KEY)
    began = time.process_time()
    assert without_keys(text) == text
    assert time.process_time() - began < 2


WHOLE = "sk-cAnArYeighteen-0123456789/abcdefghij+LMNOPqrstuv"
"""With signs at which words end."""
PIECE = 10


def holds_a_piece(said: str) -> bool:
    """Whether a text holds so many characters of the key in a row, also in small letters."""
    pieces = {WHOLE[n : n + PIECE].lower() for n in range(len(WHOLE) - PIECE + 1)}
    return any(piece in said.lower() for piece in pieces)


def around(*places: int) -> list[int]:
    """Numbers of signs before the key, so that these places cut it."""
    return [place - before for place in places for before in (7, 15, 30, 49) if place > before]


@pytest.mark.long
def test_a_key_that_stands_across_a_cut_leaves_no_piece() -> None:
    """Quotations are cut after 200 signs, names of what is billed after 100, messages after 500, bodies after 4,000."""
    keep_out_of_replies(WHOLE)
    where = Where("m", "m", "h", (), WHOLE)
    for sign in ("p", " ", "p ", "é"):
        for n in around(40, 100, 200, 300, 400, 500, 4_000, 8_192, 65_536):
            told = (sign * n)[:n] + WHOLE
            assert not holds_a_piece(where.beginning(told.encode())), (sign, n)
            assert not holds_a_piece(str(billed_beside({f"image_{told}": 3}))), (sign, n)
            assert not holds_a_piece(cut_short(told, 200))
            for body in (told, f"<title>{told}</title>", json.dumps({"error": {"message": told}}), told[:-9]):
                error = error_from_status(400, {}, body.encode(), "/v1", where)
                assert not holds_a_piece(str(error)), (sign, n, body[:20])


@pytest.mark.parametrize(
    ("email", "sees_it"),
    [
        ("MIKE@Example.org", True),
        ("mi\u212ae@example.org", False),
        ("eve@KITE.example", True),
        ("eve@\u212aite.example", False),
        ("eve@kite.\uff45xample", False),
    ],
)
def test_an_address_that_only_looks_like_one_of_the_list_is_another(email: str, sees_it: bool) -> None:
    """Python's small letter of the Kelvin sign is a plain k, and a provider may know both addresses."""
    listed = SignIn(
        ("mike@example.org", "@kite.example"), 12.0, unverified=False, host="localhost", origin="http://localhost:8501"
    )
    why = listed.refusal({"email": email, "email_verified": True})
    assert (why is None) == sees_it


def test_settings_of_a_checkout_are_none_wherever_a_variable_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative XDG_CONFIG_HOME was ignored at the start of a board, and made whole, in the checkout, right after."""
    home, checkout = tmp_path / "home", tmp_path / "checkout"
    (checkout / "cfg" / "evalkit").mkdir(parents=True)
    (checkout / "cfg" / "evalkit" / "models.yaml").write_text("")
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("EVALKIT_BASELINES", "EVALKIT_CATALOGUE"):
        monkeypatch.setenv(name, "")
    for name, value in {"HOME": str(home), "XDG_CONFIG_HOME": "cfg"}.items():
        monkeypatch.setenv(name, value)
    wanted = home / ".config" / "evalkit"
    assert (own_settings("x", "").parent, user_file()) == (wanted, None)
    leave_the_working_directory()
    assert sign_in.settings_file() == wanted / "secrets.toml"
    assert (own_presets.user_folder(), user_file()) == (wanted / "presets", None)


def test_one_picture_in_a_thousand_spellings_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "a.png", 1)
    known, read = Pictures(tmp_path), []
    plain = Inside.read
    monkeypatch.setattr(Inside, "read", lambda self, most: read.append(self) or plain(self, most))
    found = [known.find("./" * n + "a.png") for n in range(50)]
    assert len(read) == 1 and len({one.digest for one in found}) == 1
    assert found[3].name == "./././a.png"
    assert found[9].read is not None and hashlib.sha256(found[9].read()).hexdigest() == found[9].digest


def test_too_many_pictures_are_refused_before_one_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(Inside, "read", never)
    place = PicturePlace.of("{{ files }}", "images", Pictures(tmp_path))
    with pytest.raises(BadPicture, match="are 101 pictures in one prompt; the most is 100"):
        place.images({"files": [f"{n}.png" for n in range(101)]})


async def test_pictures_under_way_have_a_bound_whatever_a_suite_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite of 20 MB and `in_flight: 500` would have taken 37 GB."""
    monkeypatch.setattr(pictures, "MOST_UNDER_WAY", 100)
    request = Request((Message("user", (Image("a.png", "image/png", 40, 1, 1, "d"), "What?")),))
    large = Request((Message("user", (Image("a.png", "image/png", 900, 1, 1, "d"), "What?")),))
    under_way, seen = 0, []

    async def attempt(asked: Request) -> None:
        nonlocal under_way
        async with pictures.room_for(asked):
            under_way += 1
            seen.append(under_way)
            await asyncio.sleep(0.001)
            under_way -= 1

    async with asyncio.timeout(5):
        some = [asyncio.create_task(attempt(request)) for _ in range(9)]
        await asyncio.sleep(0)
        some[7].cancel()
        await asyncio.gather(*some, attempt(large), attempt(request), return_exceptions=True)
    assert max(seen) == 2 and len(seen) == 10


def test_a_rule_about_tpot_says_whose_count_of_tokens_it_rests_on(tmp_path: Path) -> None:
    """A server that states five times the tokens halves nothing but this figure."""
    for name, told in (("tpot_p50", True), ("total_p50", False)):
        rule = {"latency": name, "max_s": 9.0}
        folder = stored(tmp_path / name, {"cand": [1.0] * 60}, gate(rule, baseline=None))
        found = decide_gate(gate_of(read_facts(folder), folder), folder, tmp_path / name, tmp_path)
        (finding,) = found.candidates[0].findings
        assert any("servers say they wrote" in note for note in finding.notes) == told
