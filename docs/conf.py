"""Sphinx: the pages of docs/ as a static site that opens from disk."""

project = "Survey workbench"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Survey workbench"
exclude_patterns = ["_build", "examples"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]
nitpicky = False
html_show_sphinx = False
