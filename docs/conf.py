"""How Sphinx makes the report's pages of what `replicate report` lays out (replicate/publish/book.py)."""

project = html_title = "Sequence to sequence learning: a replication"
extensions = ["myst_nb", "replicate.publish.extension"]

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
nb_execution_mode = "off"  # they have been executed
nb_render_markdown_format = "myst"
suppress_warnings = ["misc.highlighting_failure"]  # of a cell in another language, which lacks colours alone
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "logo": {"text": "seq2seq, replicated"},
    "search_bar_text": "Search",
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "article_header_start": [],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
}
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_sidebars = {"**": ["contents.html"]}
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_extra_path = []  # folders here whose files go into the report as they are
html_math_renderer = "mathml"  # of the extension
html_copy_source = False
html_use_index = False
html_show_search_summary = False  # it would fetch pages, which browsers refuse from a disk
