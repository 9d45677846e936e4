"""Charts as SVG and PNG, by vl-convert: Vega itself, without a browser and without a network.

    svg([chart])[0]      # "<svg ...>", for a page or a file
    png(chart)           # bytes

vl-convert comes with the extra `charts` (or `app`). It works in a child process of its own: its JavaScript engine takes
100 MB, which go when the charts are drawn, it may load nothing from any address, and it may take a minute. A chart that
this process has drawn lately is not drawn again: a child costs half a second, of which a chart is a tenth.
"""

from __future__ import annotations

import base64
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from io import BytesIO

from evalkit import child
from evalkit.errors import NoPicture
from evalkit.installed import install_hint
from evalkit.render.vega import Chart, Spec
from evalkit.text.escape import html, visible

MISSING = f"Charts are drawn by vl-convert, which is not installed here. Install the extra: {install_hint('charts')}"
_TIMEOUT_S = 60.0
_CHART_S = 2.0
"""Further time for each chart: a site draws dozens at once, and a busy machine takes a second for one."""
_MOST_BYTES = 2**26
_WIDTH = 760
_PNG_SCALE = 2.0
_KEPT_BYTES = 16_000_000
_kept: OrderedDict[tuple[str, bytes], str] = OrderedDict()
"""Drawings by kind and specification, the one used last at the end; `_KEPT_BYTES` together at most."""
_kept_lock = threading.Lock()
_CONFIG: Spec = {
    "background": "#ffffff",
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",  # of one width, on the machine that reads it too
    "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": "#dddddd"},
    "legend": {"labelFontSize": 12},
}


def available() -> bool:
    """Whether charts can be drawn here."""
    return find_spec("vl_convert") is not None


def svg(charts: Sequence[Chart]) -> list[str]:
    """Each chart as the text of an SVG file, with its words as its label. Raises NoPicture."""
    return [_labelled(drawn, chart.alt) for drawn, chart in zip(_drawn("svg", charts), charts, strict=True)]


def inline_svg(charts: Sequence[Chart]) -> list[str]:
    """Each chart as an element of an HTML page: transparent, and without an address in it. Raises NoPicture."""
    return [_inline(drawn) for drawn in svg(charts)]


def png(chart: Chart) -> bytes:
    """The chart as a PNG of some kilobytes. Raises NoPicture."""
    return pngs([chart])[0]


def pngs(charts: Sequence[Chart]) -> list[bytes]:
    """Each chart as a PNG. Raises NoPicture."""
    return [_packed(base64.b64decode(drawn)) for drawn in _drawn("png", charts)]


def _packed(png: bytes) -> bytes:
    """vl-convert hardly packs at all."""
    from PIL import Image

    packed = BytesIO()
    with Image.open(BytesIO(png)) as image:
        image.convert("RGB").save(packed, "PNG", optimize=True)
    return packed.getvalue()


def _drawn(kind: str, charts: Sequence[Chart]) -> list[str]:
    import orjson

    if not charts:
        return []
    if not available():
        raise NoPicture(MISSING)
    specs = [orjson.dumps(_wide(chart.spec)) for chart in charts]
    with _kept_lock:
        found = {spec: _kept[kind, spec] for spec in specs if (kind, spec) in _kept}
    missing = list(dict.fromkeys(spec for spec in specs if spec not in found))
    if missing:
        found |= zip(missing, _drawn_by_child(kind, missing), strict=True)
    _keep(kind, found)
    return [found[spec] for spec in specs]


def _drawn_by_child(kind: str, specs: Sequence[bytes]) -> list[str]:
    import orjson

    try:
        done = child.run(
            child.function(f"{__name__}:answer", kind),
            stdin=b"[" + b",".join(specs) + b"]",
            timeout_s=_TIMEOUT_S + _CHART_S * len(specs),
            most_bytes=_MOST_BYTES,
        )
    except child.ChildFailed as error:
        raise NoPicture(f"The charts could not be drawn: {error}.") from error
    if done.code:
        raise NoPicture(f"The charts could not be drawn: vl-convert ended with code {done.code}.")
    answered: dict[str, list[str] | str] = orjson.loads(done.out)
    drawn = answered.get("drawn")
    if not isinstance(drawn, list):
        raise NoPicture(f"The charts could not be drawn: {visible(str(answered.get('problem')), limit=300)}")
    return drawn


def _keep(kind: str, drawn: Mapping[bytes, str]) -> None:
    """Remember these; what was not used for longest goes."""
    with _kept_lock:
        for spec, drawing in drawn.items():
            _kept[kind, spec] = drawing
            _kept.move_to_end((kind, spec))
        size = sum(len(spec) + len(drawing) for (_, spec), drawing in _kept.items())
        while size > _KEPT_BYTES:
            (_, spec), drawing = _kept.popitem(last=False)
            size -= len(spec) + len(drawing)


def answer(kind: str) -> None:
    """What the child process does: specifications from stdin, drawings to stdout."""
    import orjson
    import vl_convert

    drawn = []
    try:
        for spec in orjson.loads(sys.stdin.buffer.read()):
            if kind == "svg":
                drawn.append(vl_convert.vegalite_to_svg(spec, config=_CONFIG, allowed_base_urls=[]))
            else:
                image = vl_convert.vegalite_to_png(spec, config=_CONFIG, allowed_base_urls=[], scale=_PNG_SCALE)
                drawn.append(base64.b64encode(image).decode())
    except ValueError as error:  # what vl-convert raises for a specification that Vega cannot draw
        sys.stdout.buffer.write(orjson.dumps({"problem": str(error).splitlines()[0]}))
        return
    sys.stdout.buffer.write(orjson.dumps({"drawn": drawn}))


def _wide(spec: Spec) -> Spec:
    """With a width, which the board takes from its page."""
    return spec if "width" in spec or "hconcat" in spec else {**spec, "width": _WIDTH}


def _labelled(drawn: str, words: str) -> str:
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{html(words, limit=5_000)}" ', 1)


def _inline(drawn: str) -> str:
    """Without the name spaces, which are addresses, and without the white paper, so that it suits a dark page."""
    head, _, rest = drawn.partition(">")
    head = re.sub(r' xmlns(:\w+)?="[^"]*"', "", head)
    rest = re.sub(r'^<rect [^>]*fill="(?:white|#ffffff)"/>', "", rest)
    return f"{head}>{rest}"
