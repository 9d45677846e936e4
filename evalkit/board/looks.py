"""How the board looks, by Streamlit's settings: colours, sizes and names of fonts, and nothing that a browser fetches.

    theme.primaryColor = "#0072B2"                               # taken
    theme.font = "Other:https://fonts.example/other.css"         # left out: every reader's browser would load it

A sheet of styles from elsewhere could rewrite what a verdict says, and tells its host who reads it. So values of a
theme are plain words, and the pages say to browsers that they load from the board alone (`POLICY`).
"""

from __future__ import annotations

from contextlib import suppress

from streamlit import config

from evalkit.late import late

LOOKS: dict[str, object] = {"theme.light.primaryColor": "#0072B2", "theme.dark.primaryColor": "#2F8FC9"}
"""Where nobody says otherwise: Streamlit's own accent is a red, which reads as an error."""
_PLAIN = late(r"[\w #%.,()'\"+-]{0,300}")
"""No colon, slash or backslash, of which addresses are made, and nothing that ends a rule of a style."""
_MOST = 100
"""Values of a list, such as the colours of a chart."""
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",  # Streamlit's page, and the charts' expressions
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' data: blob:",
        "frame-ancestors 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
"""Content-Security-Policy of every page: nothing is loaded from, or sent to, another host."""


def hold_looks() -> None:
    """Set our accent where nobody chose another, and leave out what of a theme is no plain value."""
    for name, value in LOOKS.items():
        with suppress(RuntimeError):  # a release of Streamlit without this option
            if config.get_option(name) is None:
                config.set_option(name, value, "evalkit")
    for name, option in config.get_config_options().items():
        if name.startswith("theme.") and not is_plain(option.value):
            config.set_option(name, None, "evalkit")


def is_plain(value: object) -> bool:
    """Whether a value of a theme is a number, a plain word, or a list of such."""
    if isinstance(value, list | tuple):
        return len(value) <= _MOST and all(not isinstance(one, list | tuple) and is_plain(one) for one in value)
    return value is None or isinstance(value, int | float) or (isinstance(value, str) and bool(_PLAIN.fullmatch(value)))
