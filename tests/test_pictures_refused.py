"""What may be a picture, and who may be shown one: refused with a sentence before anything is sent."""

from __future__ import annotations

import json
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from evalkit.suite.pictures import image_of
from tests.picture_world import PNG, TASK, refused, write
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ("https://pages.example/{{ id }}.png", "is an address, and evalkit fetches no pictures"),
        ("data:image/png;base64,iVBORw0KGgo=", "is an address, and evalkit fetches no pictures"),
        ("/etc/hostname", "is outside the suite's folder"),
        (".git/{{ id }}.png", "is hidden"),
        ("pages", "pages: is a folder; name one picture in it"),
        ("pages/none.png", "pages/none.png: there is no such file"),
        ("items.jsonl", "items.jsonl: is no picture by its first bytes; sent are PNG, JPEG, WebP and GIF"),
        ("empty.png", "empty.png: is empty"),
        ("cut.png", "begins like a picture (image/png) and says no width and height"),
        ("large.png", "large.png: is larger than 10 MB"),
        ("{{ id == 'p0' }}", "gives True; expected the path of a picture, or a list of paths"),
        ("a\n::error::b", "'a\\n::error::b': there is no such file"),
        ("{{ [file, 3] }}", "expected the path of a picture, or a list of paths"),
        ("{{ ['big.png', 'big.png', 'big.png'] }}", "27.0 MB together in one prompt; the most is 20 MB"),
        ("{{ [file] * 101 }}", "are 101 pictures in one prompt; the most is 100"),
        ("{{ fil }}", "{{ fil }} is no field of the record; did you mean {{ file }}?"),
    ],
)
def test_what_is_no_picture_of_the_suite_is_refused_with_its_record(
    tmp_path: Path, capsys: Capture, images: str, said: str
) -> None:
    suite = write(tmp_path, "  m: {adapter: scripted, replies: {'*': x}}\n", n=1)
    suite.write_text(suite.read_text().replace('images: "{{ file }}"', f"images: {json.dumps(images)}"))
    (tmp_path / "empty.png").touch()
    (tmp_path / "cut.png").write_bytes(PNG[:12])
    for name, size in (("large.png", 10 * 2**20), ("big.png", 9 * 2**20 - 8)):
        with (tmp_path / name).open("wb") as file:
            file.write(PNG)
            file.truncate(size + 8)
    found = refused(capsys, suite)
    assert said in found
    assert "items.jsonl:1" in found


def test_nothing_beside_the_folder_is_a_picture(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVALKIT_DATA_ROOTS")
    inner = tmp_path / "suite"
    inner.mkdir()
    suite = write(inner, "  m: {adapter: scripted, replies: {'*': x}}\n", n=1)
    (inner / "pages" / "0.png").rename(tmp_path / "secret.png")
    (inner / "pages" / "0.png").symlink_to(tmp_path / "secret.png")
    assert "is outside the suite's folder" in refused(capsys, suite)
    suite.write_text(suite.read_text().replace('images: "{{ file }}"', 'images: "../secret.png"'))
    assert "is outside the suite's folder" in refused(capsys, suite)


@pytest.mark.parametrize(
    ("model", "more", "said"),
    [
        (
            '{adapter: http, base_url: "http://127.0.0.1:9", request: {q: "{{ prompt }}"}, answer: text}',
            "",
            "(http) takes text alone",
        ),
        ("{adapter: command, command: [cat]}", "", "(command) takes text alone"),
        (
            "{adapter: pipeline, model: inner, before: inner, blocked: unsafe}",
            '  inner: {adapter: openai_chat, model: m, base_url: "http://127.0.0.1:9"}\n',
            "let pass what they cannot see",
        ),
    ],
)
def test_who_takes_text_alone_is_refused_before_anything_is_sent(
    tmp_path: Path, capsys: Capture, model: str, more: str, said: str
) -> None:
    suite = write(tmp_path, f"  m: {model}\n{more}", n=1)
    checked = evalkit(capsys, "check", suite, "--allow-suite-code")
    assert checked.code == 2, checked.out
    assert said in " ".join(checked.err.split())


def test_who_does_not_look_into_pictures_is_told(tmp_path: Path, capsys: Capture) -> None:
    judged = TASK.replace("score: contains", "score: {judge: {by: j}}")
    more = "judges: {j: {adapter: scripted, replies: {'*': '5'}}}\nredact: {what: [email]}\n"
    suite = write(tmp_path, "  m: {adapter: scripted, replies: {'*': x}}\n", task=judged, more=more, n=1)
    checked = evalkit(capsys, "check", suite)
    said = " ".join((checked.out + checked.err).split())
    assert "redaction does not look into pictures" in said
    assert "judges are not shown the pictures" in said


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "comment": b"x" * 900}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0II*\0"}),
    ],
)
def test_width_and_height_are_read_of_real_files(kind: str, options: dict[str, object]) -> None:
    pil = pytest.importorskip("PIL.Image")
    made = BytesIO()
    pil.new("RGB", (123, 45), (9, 9, 9)).save(made, kind, **options)
    data = made.getvalue()
    image = image_of(data, "x")
    assert (image.width, image.height, image.media_type) == (123, 45, f"image/{kind.lower()}")
    for cut in range(0, 40):
        with suppress(ValueError):
            assert image_of(data[:cut], "x").width == 123, "a file that is cut short says nothing, or the truth"
