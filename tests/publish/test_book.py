"""The book's pages: their links, figures and formulas, and that nothing of them lies on another host."""

import base64
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from shared import PROJECT, write_notebook

from replicate.figures.catalogue import CATALOGUE
from replicate.publish import documents
from replicate.publish.book import DOCUMENTS, BookError, write_book
from replicate.publish.extension import formula
from replicate.publish.headlines import Finding

pytestmark = pytest.mark.slow


def figures(folder: Path, *names: str) -> Path:
    """A folder with small figures of these names, light and dark."""
    folder.mkdir()
    for name in names:
        for dark in ("", "-dark"):
            Image.new("RGB", (4, 3)).save(folder / f"{name}{dark}.png")
            (folder / f"{name}{dark}.svg").touch()
    return folder


def notebook(project: Path, text: str) -> Path:
    """A notebook of some Markdown and a figure, executed."""
    path = write_notebook(project / "notebooks/03_train.ipynb", text, "draw()")
    cells = nbformat.read(path, as_version=4)
    shown = {"filename": "loss-curve", "caption": "The [loss]."}
    cells.cells[-1].outputs = [
        nbformat.v4.new_output("display_data", {"image/png": "aGVsbG8="}, metadata=shown)
    ]
    nbformat.write(cells, path)
    return path


def pages(project: Path, text: str = "# Training") -> Path:
    """The book of the project with that notebook."""
    drawn = figures(project / "drawn", "loss-curve")
    write_book(project, [notebook(project, text)], drawn, project / "book")
    return project / "book"


def read(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def targets(page: Path, *kinds: str) -> dict[str, Path]:
    """What a page leads to and shows on this disk: what is written, and the file that it means."""
    found = [tag.get(kind) for kind in kinds for tag in read(page).find_all(attrs={kind: True})]
    local = [urlsplit(url) for url in found if not urlsplit(url).scheme and not url.startswith("#")]
    return {url.geturl(): (page.parent / unquote(url.path)).resolve() for url in local}


def test_the_first_page_has_the_example_the_findings_and_every_figure_with_its_caption(project):
    page = read(pages(project) / "index.html").article
    assert page.h1.get_text().startswith("The report")
    assert "4 7 11 2" in page.get_text() and "This way" not in page.get_text()
    finding = page.select_one(".findings").get_text()
    assert "Does it? It does." in finding
    (thumbnail,) = page.select(".gallery li a")
    assert thumbnail["href"] == "notebooks/03_train.html"
    assert thumbnail.get_text().strip() == CATALOGUE["loss-curve"].caption
    assert len(thumbnail.find_all("img")) == 2
    leads = [a["href"] for a in page.select(".toctree-wrapper a")]
    assert leads == [
        "live.html",
        "notebooks/03_train.html",
        *(page.replace(".md", ".html") for page in DOCUMENTS),
    ]


def test_the_models_that_answer_have_a_page_of_their_own(project):
    built = pages(project)
    first = read(built / "index.html").article.find("a", href="live.html")
    assert "six trained models" in first.get_text()
    answering = read(built / "live.html").article.find_all("script")
    assert any("attachShadow" in script.get_text() for script in answering)  # the fragment is there whole


def test_a_figure_is_shown_light_and_dark_and_code_is_folded(project):
    page = pages(project) / "notebooks/03_train.html"
    light, dark = read(page).article.find_all("img")
    assert ("only-light" in light["class"], "only-dark" in dark["class"]) == (True, True)
    assert [Path(image["src"]).name for image in (light, dark)] == ["loss-curve.png", "loss-curve-dark.png"]
    assert light["alt"] == "The [loss]."
    (code,) = read(page).article.find_all("details")
    assert "draw()" in code.get_text() and not code.find("img") and not code.has_attr("open")


def test_outputs_of_ones_own_are_shown(project):
    path = notebook(project, "# Training")
    cells = nbformat.read(path, as_version=4)
    image = base64.b64encode((figures(project / "drawn", "loss-curve") / "loss-curve.png").read_bytes())
    cells.cells[-1].outputs = [
        nbformat.v4.new_output("stream", text="\x1b[31mred\x1b[0m"),
        nbformat.v4.new_output("display_data", {"image/png": image.decode()}, metadata={"filename": "x.png"}),
    ]
    nbformat.write(cells, path)
    write_book(project, [path], project / "drawn", project / "book")
    page = read(project / "book/notebooks/03_train.html")
    assert "red" in page.article.get_text() and "\x1b" not in str(page) and "[31m" not in str(page)
    assert len(page.article.select(".cell_output img")) == 1


SHELL = ["!nproc", "%%bash\nls $HOME | wc -l", "out = !ls", "len?"]


@pytest.mark.parametrize("source", SHELL)
def test_cells_of_commands_and_magics_are_no_error(project, source):
    path = notebook(project, "# Training")
    cells = nbformat.read(path, as_version=4)
    cells.cells[-1].source = source
    printed = "\x1b]8;;https://a.org\x07a link\x1b]8;;\x07 <script>1</script>"
    cells.cells[-1].outputs = [
        nbformat.v4.new_output("stream", text=printed),
        nbformat.v4.new_output("execute_result", {"text/plain": printed}, execution_count=1),
    ]
    nbformat.write(cells, path)
    figures(project / "drawn", "loss-curve")
    write_book(project, [path], project / "drawn", project / "book")
    page = read(project / "book/notebooks/03_train.html").article
    assert page.find("details").get_text().strip().endswith(source) and not page.find("script")
    assert not page.select("details .err")  # red, as if it were wrong
    shown = [block.get_text() for block in page.select(".cell_output pre")]
    assert shown == ["a link <script>1</script>\n"] * 2


def test_code_that_is_not_of_its_language_is_shown_without_colours(project):
    path = notebook(project, "# Training\n\n```json\n{a: ..., !}\n```")
    figures(project / "drawn", "loss-curve")
    write_book(project, [path], project / "drawn", project / "book")
    assert "{a: ..., !}" in read(project / "book/notebooks/03_train.html").article.get_text()


def test_links_lead_to_pages_and_those_to_other_files_of_the_checkout_become_text(project):
    (project / "plan.yaml").touch()
    (project / "docs/running.md").write_text(
        "# Running\n\n[the *rules*](../results/rules.md) [training](../notebooks/03_train.ipynb#loss)"
        " [a `plan`](../plan.yaml) [the folder](../results) [outside](https://example.org/a.md)\n"
    )
    text = read(pages(project, "# Training\n\n## Loss") / "docs/running.html").article.p
    links = {a.get_text(): a["href"] for a in text.find_all("a")}
    assert links == {
        "the rules": "../results/rules.html",
        "training": "../notebooks/03_train.html#loss",
        "outside": "https://example.org/a.md",
    }
    assert text.get_text() == "the rules training a plan the folder outside"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x](gone.md)", r"notebooks/03_train\.ipynb:\d+: .*'gone\.md'"),
        ("[x](../docs/running.md#gone)", r"notebooks/03_train\.ipynb:\d+: .*gone"),
        ("![x](gone.png)", r"notebooks/03_train\.ipynb:\d+: .*gone\.png"),
        (r"$a \gone$", r"notebooks/03_train\.ipynb:\d+: WARNING: this formula is not understood: a \\gone"),
        (r"$\left( a$", r"notebooks/03_train\.ipynb:\d+: WARNING: this formula is not understood: \\left"),
    ],
)
def test_what_cannot_be_shown_is_named_in_one_line(project, text, said):
    with pytest.raises(BookError, match=rf"^the report: {said}.*$"):
        pages(project, f"# Training\n\n{text}")


def test_no_page_shows_anything_of_another_host(project):
    book = pages(project)
    for page in book.rglob("*.html"):
        tags = read(page).find_all(["script", "img", "link", "iframe", "source"])
        fetched = [tag.get("src") or tag.get("href") or "" for tag in tags]
        assert [url for url in fetched if "//" in url[:8]] == [], page
    for style in book.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import )['\"]?\w*:?//", style.read_text(encoding="utf-8")), style


def test_the_committed_notebooks_and_documents_make_a_book_whose_links_lead_to_files(tmp_path, monkeypatch):
    # Those of the results take long to compute, and tests/publish/test_documents.py holds them to the README.
    monkeypatch.setattr(documents, "findings", lambda: [Finding("?", "!", "06_why", "ladder")])
    notebooks = sorted((PROJECT / "notebooks").glob("[0-9]*.ipynb"))
    write_book(PROJECT, notebooks, figures(tmp_path / "drawn", *CATALOGUE), tmp_path / "book")
    written = [path for path in (tmp_path / "book").rglob("*.html") if "_static" not in path.parts]
    names = {str(path.relative_to(tmp_path / "book").with_suffix("")) for path in written}
    assert names >= {f"notebooks/{path.stem}" for path in notebooks}
    for page in written:
        lost = [url for url, file in targets(page, "href", "src").items() if not file.exists()]
        assert lost == [], page
        assert not [math for math in read(page).find_all("math") if "\\" in math.get_text()]


@pytest.mark.parametrize(
    ("tex", "parts"),
    [
        (r"\hat{y}_i = \tanh(W x_t)", ["<mover", "<msub>", "tanh"]),
        (r"\sum_{i=1}^{L} \frac{1}{L}", ["&#x02211;", "<mfrac>"]),
        (r"\text{PSA of } x < \sqrt{2}", ["<mtext>PSA", "&#x0003C;", "<msqrt>"]),
        (r"\begin{align} a &= 1 \\ b &= 2 \end{align}", ["<mtable", "<mtr><mtd", "</mtr><mtr>"]),
        (r"\begin{aligned} a &= 1 \\ b &= 2 \end{aligned}", ["<mtable", "</mtr><mtr>"]),
        (r"\begin{cases} 1 & x \\ 0 & y \end{cases}", ["&#x0007B;", "<mtable"]),
        (r"\texttt{max\_length} - 1", [">max_length<"]),
        (r"\arg\max_T p(T \mid S)", ["arg", "max", "&#x02223;"]),
    ],
)
def test_formulas_become_mathml(tex, parts):
    mathml = formula(tex, "block")
    assert all(part in mathml for part in parts)
    assert not re.search(r"\\|>&<|\(1\)", mathml)  # no command, no tab mark, no number left over


@pytest.mark.parametrize(
    ("source", "display"),
    [
        ("for $x_i$ only", "inline"),
        ("$$x_i$$", "block"),
        ("$$\n\\begin{align}\nx_i &= 1\n\\end{align}\n$$", "block"),
        ("\\begin{align}\nx_i &= 1\n\\end{align}", "block"),
    ],
)
def test_formulas_are_found_in_markdown_and_code_keeps_its_dollars(project, source, display):
    page = read(pages(project, f"# Training\n\n{source}\n\n`$x$`") / "notebooks/03_train.html").article
    assert page.math["display"] == display
    assert page.code.get_text() == "$x$"
    assert page.get_text().count("$") == 2 and "begin" not in page.get_text()
