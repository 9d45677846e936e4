"""How Sphinx builds the documentation site; `make docs` runs it on the folder that scripts/build_site.py lays out.

Pages are Markdown (MyST) and stay readable on GitHub: links are ordinary relative links. The reference of the Python
functions is made from docstrings; Sphinx reads the line under a field as the field's text.
"""

import re

project = "evalkit"
copyright = "the evalkit authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
root_doc = "index"
html_theme = "furo"
html_title = "evalkit"
html_show_sphinx = False
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
suppress_warnings = ["myst.strikethrough"]
linkcheck_ignore = [".*"]  # no network in the build


def as_restructured_text(app, what, name, obj, options, lines):
    """Docstrings are plain text: what stands in backticks is code, and what is indented is an example."""
    text = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", "\n".join(lines))
    made: list[str] = []
    inside = False
    for line in text.splitlines():
        is_example = line.startswith("    ")
        if is_example and made and not made[-1] and not inside:
            made += ["::", ""]
        if line:
            inside = is_example
        made.append(line if is_example else re.sub(r"(?<!\S)\*|(?<=\w)_(?=\s|$)", r"\\\g<0>", line))
    lines[:] = made


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", as_restructured_text)
