"""What the book adds to Sphinx: formulas as MathML, figures for dark pages, and a rule for links."""

import re
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this, since docs/conf.py names the module."""
    app.add_html_math_renderer("mathml", (draw_formula, None), (draw_formula, None))
    app.connect("doctree-read", add_dark_figures, priority=400)  # before Sphinx collects the images
    app.connect("doctree-read", unlink_other_files)
    return {"parallel_read_safe": True}


def draw_formula(page: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers draw by themselves."""
    try:
        mathml = formula(node.astext(), "block" if isinstance(node, nodes.math_block) else "inline")
    except Exception:  # the converter's have no class in common
        mathml = "\\"
    if "\\" in mathml:
        logging.getLogger(__name__).warning(
            "this formula is not understood: %s", node.astext(), location=node
        )
    page.body.append(mathml)
    raise nodes.SkipNode


def formula(tex: str, display: str) -> str:
    """Return a LaTeX formula as MathML."""
    # The converter numbers the lines of `align`, as Jupyter does not, and knows no `aligned` and no `arg`.
    tex = re.sub(r"\\(begin|end)\{align(?:ed)?\}", r"\\\1{align*}", tex)
    tex = re.sub(r"\\arg\b", r"\\operatorname{arg}", tex)
    return convert(tex, display=display).replace(r"\_", "_")  # it leaves \texttt{a\_b} as it is


def add_dark_figures(app: Sphinx, page: nodes.document) -> None:
    """Put the dark version of a figure, where there is one beside it, after the light one."""
    for light in list(page.findall(nodes.image)):
        dark = light.deepcopy()
        dark["uri"] = light["uri"].replace(".png", "-dark.png")
        if light["uri"].endswith(".png") and (Path(page["source"]).parent / dark["uri"]).exists():
            light["classes"].append("only-light")  # the theme shows each in its mode
            dark["classes"].append("only-dark")
            light.parent.insert(light.parent.index(light) + 1, dark)


def unlink_other_files(app: Sphinx, page: nodes.document) -> None:
    """A link to a file of the checkout that is no page of the book becomes its text."""
    folder = Path(app.confdir).parent / Path(app.env.docname).parent
    for link in list(page.findall(pending_xref)):
        if link["refdomain"] is None and (folder / link["reftarget"]).exists():
            link.replace_self(link.children)
