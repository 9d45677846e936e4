"""How Sphinx builds the documentation site; `make docs` runs it on the folder that scripts/build_site.py lays out.

Pages are Markdown (MyST) and stay readable on GitHub: links are ordinary relative links. The reference of the Python
functions is made from docstrings; Sphinx reads the line under a field as the field's text.
"""

project = "evalkit"
copyright = "the evalkit authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
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
