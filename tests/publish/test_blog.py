"""Posts, as Liquid and kramdown render them: tables, images, front matter; what is refused."""

import copy
import html
import re
from datetime import datetime

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from shared import formulas, write_notebook
from test_chirpy import POST, drawn

from replicate.errors import ParameterError
from replicate.publish.blog import make_post, post_of
from replicate.publish.chirpy import write_post
from replicate.publish.dump import check_executed, post_body
from replicate.publish.execute import execute
from replicate.publish.read_notebook import MARK


def executed_notebook(**metadata) -> nbformat.NotebookNode:
    figure = new_output("display_data", {"image/png": "x", "text/plain": "Figure"}, metadata=metadata)
    html = "<div><style scoped>x</style><table><thead><tr><th></th><th>a|b</th></tr>"
    html += (
        "<tr><th>row</th><th></th></tr></thead><tbody><tr><th>one</th><td>1</td></tr></tbody></table></div>"
    )
    table = new_output("execute_result", {"text/html": html, "text/plain": "a"}, execution_count=2)
    cells = [
        new_markdown_cell("# The title\n\nIt says $p(y|x)$; see [the task](02_task.ipynb)."),
        new_code_cell("hidden = 1", execution_count=1, metadata={"tags": ["blog-drop"]}),
        new_code_cell("show(curve)", execution_count=2, outputs=[figure]),
        new_code_cell("table", execution_count=3, outputs=[table], metadata={"tags": ["blog-hide"]}),
        new_code_cell("print('a|b')", execution_count=4, metadata={"tags": ["blog-show"]}),
    ]
    cells[4].outputs = [
        new_output("stream", name="stdout", text="a|b\n"),
        new_output("stream", name="stderr", text="!"),
    ]
    return new_notebook(cells=cells)


def test_a_post_as_a_reader_sees_it(render, tmp_path):
    figures = drawn(tmp_path / "figures")
    notebook = executed_notebook(filename="a-curve", caption="Loss [nats] over updates.")
    path = tmp_path / "blog/_posts/2025-04-20-a-post.md"
    said = write_post(*post_body(notebook, figures, "a-post"), POST, tmp_path / "blog")
    assert said == f"{path}: written"
    _, front, body = path.read_text().split("---\n", 2)
    assert yaml.safe_load(front) == {
        "title": "A: post",
        "date": "2025-04-20 10:00:00 +0800",
        "categories": ["One", "Two"],
        "tags": ["tag"],
        "math": True,
    }
    page = render(body)
    assert not page.select("h1") and "hidden" not in page.get_text() and "!" not in page.get_text()
    assert formulas(page) == ["p(y|x)"] and not page.select("a")
    light, dark = page.select("img")
    assert (light["class"], dark["class"]) == (["light"], ["dark"])
    assert light["alt"] == "Loss [nats] over updates" and (light["w"], light["h"]) == ("700", "300")
    for image in (light, dark):
        with Image.open(tmp_path / "blog" / image["src"][1:]) as found:
            assert found.size == (1400, 600)
    assert dark.find_next_sibling("em").get_text() == "Loss [nats] over updates."
    assert [cell.get_text() for cell in page.select("table th, table td")] == ["row", "a|b", "one", "1"]
    assert [code.get_text().strip() for code in page.select("details code")] == ["show(curve)"]
    shown = [code.get_text().strip() for code in page.select("pre code") if not code.find_parent("details")]
    assert shown == ["print('a|b')", "a|b"]


def test_a_dark_figure_differs_and_equal_figures_are_equal_bytes(tmp_path):
    first, second = drawn(tmp_path / "1"), drawn(tmp_path / "2")
    names = ["a-curve.png", "a-curve.svg", "a-curve-dark.png", "a-curve-dark.svg"]
    assert sorted(path.name for path in first.iterdir()) == sorted(names)
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    light, dark = (Image.open(first / name).convert("L") for name in (names[0], names[2]))
    assert light.getpixel((0, 0)) > 250 and dark.getpixel((0, 0)) < 40
    assert min(light.get_flattened_data()) < 20 and max(dark.get_flattened_data()) > 200  # the black line


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"filename": "gone", "caption": "It."}, r"the figure .*gone\.png is missing"),
        ({"filename": "a-curve"}, "a figure has no name or no caption"),
        ({}, "a figure has no name or no caption"),
        ({"filename": "../a-curve", "caption": "It."}, r"a figure's name must be .* not '\.\./a-curve'"),
        ({"filename": "_a", "caption": "It."}, "a figure's name must be .* not '_a'"),
        ({"filename": ".a", "caption": "It."}, r"a figure's name must be .* not '\.a'"),
        ({"filename": "a-dark", "caption": "It."}, "a figure cannot be called 'a-dark'"),
        ({"filename": "preview", "caption": "It."}, "a figure cannot be called 'preview'"),
    ],
)
def test_a_figure_that_is_missing_or_unnamed_is_refused(tmp_path, metadata, message):
    with pytest.raises(ParameterError, match=message):
        post_body(executed_notebook(**metadata), drawn(tmp_path), "a-post")


def test_two_figures_of_one_name_are_refused_and_one_may_be_shown_twice(tmp_path):
    figures = drawn(tmp_path)
    notebook = executed_notebook(filename="a-curve", caption="It.")
    notebook.cells += [copy.deepcopy(cell) for cell in notebook.cells if cell.cell_type == "code"]
    assert post_body(notebook, figures, "a-post")[0].count("a-curve.png") == 2
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    last = [output for output in outputs if "image/png" in output.get("data", {})][-1]
    last.data["image/png"] = "another"
    for name in ("a-curve", "A-Curve"):  # which are one file where the case is ignored
        last.metadata.filename = name
        with pytest.raises(ParameterError, match=f"two figures are called '{name}'"):
            post_body(notebook, figures, "a-post")


def test_unexecuted_and_failed_notebooks_are_refused(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", "# Title", "x = 1")
    with pytest.raises(ParameterError, match=r"a\.ipynb, cell 2 has not been executed"):
        make_post(path, tmp_path / "blog")
    failed = executed_notebook()
    failed.cells[2].outputs = [new_output("error", ename="E", evalue="", traceback=[])]
    with pytest.raises(ParameterError, match="cell 3 failed"):
        check_executed(failed, "a.ipynb")
    (tmp_path / "b.ipynb").write_text("no notebook")
    (tmp_path / "d.ipynb").write_text('{"nbformat": 4}')
    named = {"b.ipynb": "is not a notebook", "c.ipynb": "cannot read", "d.ipynb": "is not a notebook"}
    for name, message in named.items():
        with pytest.raises(ParameterError, match=message):
            make_post(tmp_path / name, tmp_path / "blog")
    assert not (tmp_path / "blog").exists()


def test_an_output_that_is_another_one_in_the_post_is_told(tmp_path, capsys):
    path = write_notebook(tmp_path / "a.ipynb", "# T", "print(1)", "import os\nprint(os.getcwd())")
    execute(path, tmp_path / "elsewhere" / "a.ipynb", {}, tmp_path / "elsewhere")
    notebook = nbformat.read(tmp_path / "elsewhere" / "a.ipynb", as_version=4)
    notebook.metadata["blog"] = {"slug": "own", "title": "T", "categories": ["C"], "tags": ["t"]}
    nbformat.write(notebook, path)
    make_post(path, tmp_path / "blog")
    assert "a.ipynb was executed anew for the post, where cell 3 has another" in capsys.readouterr().err
    nbformat.write(notebook, tmp_path / "elsewhere" / "a.ipynb")
    make_post(tmp_path / "elsewhere" / "a.ipynb", tmp_path / "blog", force=True)
    assert "another output" not in capsys.readouterr().err
    bare = {"text/html": "<p>aside</p><table><tr><th>x</th></tr><tr><td>1</td></tr></table>"}
    changed = nbformat.from_dict(notebook)
    changed.cells[1].outputs = [nbformat.v4.new_output("display_data", bare)]  # which no post shows
    nbformat.write(changed, tmp_path / "elsewhere" / "a.ipynb")
    make_post(tmp_path / "elsewhere" / "a.ipynb", tmp_path / "blog", force=True)
    assert "where cell 2 has another output" in capsys.readouterr().err
    mark = nbformat.v4.new_markdown_cell("An error was here", metadata={"tags": [MARK]})
    notebook.cells.insert(1, mark)  # of a failed copy that was repaired
    nbformat.write(notebook, tmp_path / "elsewhere" / "a.ipynb")
    make_post(tmp_path / "elsewhere" / "a.ipynb", tmp_path / "blog", force=True)
    assert "another output" not in capsys.readouterr().err


def test_outputs_of_every_kind_are_compared_as_a_reader_sees_them(tmp_path, capsys):
    show = "from IPython.display import Latex, Markdown\n"
    image = "from replicate.figures.style import show, subplots\nfigure, _ = subplots(height=2)\n"
    image += "show(figure, 'one', 'A line.')"
    cells = [f"{show}Markdown('1 of 2')", f"{show}Latex('$a = 1$')", "print('0xff')", "print('1/3\\r3/3')"]
    path = write_notebook(tmp_path / "a.ipynb", *cells, "print(' at 0x7f01')", image)
    notebook = nbformat.read(execute(path, tmp_path / "out.ipynb", {}), as_version=4)
    notebook.metadata["blog"] = {"slug": "own", "title": "T", "categories": ["C"], "tags": ["t"]}
    notebook.cells[0].outputs[0].data["text/markdown"] = "2 of 2"
    notebook.cells[1].outputs[0].data["text/latex"] = "$a = 2$"
    notebook.cells[2].outputs[0].text = "0xfe\n"
    notebook.cells[3].outputs[0].text = "3/3\n"  # as JupyterLab stores it
    notebook.cells[4].outputs[0].text = " at 0x7f02\n"
    notebook.cells[5].outputs[0].pop("metadata")  # as other programs leave it out
    nbformat.write(notebook, path)
    make_post(path, tmp_path / "blog")
    assert "where cell 1, 2, 3, 6 has another output" in capsys.readouterr().err


def test_a_notebook_becomes_a_post_with_its_own_front_matter(tmp_path, capsys):
    printing = "import sys\nprint(1 + 1, flush=True)\nprint(0, file=sys.stderr, flush=True)\nprint(3)"
    path = write_notebook(tmp_path / "a.ipynb", "# Title\n\nText.", printing)
    execute(path, tmp_path / "run" / "a.ipynb", {})
    notebook = nbformat.read(tmp_path / "run" / "a.ipynb", as_version=4)

    def refused(message: str, **given) -> None:
        nbformat.write(notebook, path)
        with pytest.raises(ParameterError, match=message):
            make_post(path, tmp_path / "blog", **given)

    for odd in ("yes", ["a"], None, True):
        notebook.metadata["blog"] = odd
        refused("`blog` in its metadata must be names and values")
    notebook.metadata["blog"] = {"slug": "own", "title": "Own", "categories": ["C"]}
    refused("has no tags for a post: name it under `blog` in its metadata, or give --tag$")
    del notebook.metadata["blog"]["slug"], notebook.metadata["blog"]["categories"]
    refused("has no slug, categories, tags for a post: .* or give --slug, --category, --tag$")
    notebook.metadata["blog"] |= {"slug": "own", "categories": ["C"]}
    notebook.metadata["blog"]["tags"] = "one"
    refused("tags of a post must be a list, not 'one'")
    notebook.metadata["blog"]["tags"] = ["one"]
    refused(r"title of a post must be text, not \['a', 'b'\]", title=["a", "b"])
    refused(r"categories of a post must be text, not \['a'\]", categories=[["a"]])
    refused("title of a post must not be empty", title=" ")
    refused("tags of a post must not be empty", tags=["a", ""])
    refused("title of a post must be UTF-8, not 'caf", title="caf\udce9")
    refused("date must be like", date="2025-04-20")
    refused(r"slug 'a\*\*b' must be small letters", slug="a**b")
    cells, notebook.cells = notebook.cells, []
    refused(r"a\.ipynb has nothing to show in a post")
    notebook.cells = cells
    notebook.metadata["blog"]["layout"] = "wide"
    refused("a post has no layout; it has slug, date")
    del notebook.metadata["blog"]["layout"]
    notebook.metadata["blog"]["image"] = None
    nbformat.write(notebook, path)
    given = {
        "date": "2025-04-20 10:00:00 +0800",
        "title": "Given",
        "description": "Short.",
        "tags": ["x", "y"],
    }
    capsys.readouterr()
    said = make_post(path, tmp_path / "blog", **given)
    assert capsys.readouterr().err == f"executing {path.name}\n0\n"
    post = tmp_path / "blog/_posts/2025-04-20-own.md"
    assert said == f"{post}: written"
    _, front, body = post.read_text().split("---\n", 2)
    fields = yaml.safe_load(front)
    assert (fields["title"], fields["description"], fields["tags"]) == ("Given", "Short.", ["x", "y"])
    assert "```text\n2\n3\n```" in body and "image" not in fields
    # Another day keeps the date that is there, so that nothing has changed.
    del given["date"]
    assert make_post(path, tmp_path / "blog", **given) == f"{post}: unchanged"


def test_texts_of_a_front_matter_are_texts_in_every_yaml(tmp_path):
    """Ruby's takes `1,000` for a number, which Python's takes for text: each stands in quotes."""
    texts = ["1,000", "+.5", ":symbol", "yes", "a: b # c", '"', "é\\n", "2025-04-20"]
    front = {"title": texts[0], "description": texts[4], "categories": texts, "tags": texts, "image": "one"}
    _, text, _ = post_of(front, {"slug": "s"}, "an article", tmp_path).front_matter().split("---\n")
    fields = yaml.safe_load(text)
    assert fields["title"] == fields["image"]["alt"] == texts[0] and fields["description"] == texts[4]
    assert fields["categories"] == fields["tags"] == [html.escape(each, quote=False) for each in texts]
    scalars = [event for event in yaml.parse(text) if isinstance(event, yaml.ScalarEvent)]
    assert not [event.value for event in scalars if event.value in texts and event.style != '"']


def test_a_new_post_is_of_today(tmp_path):
    before = datetime.now().astimezone().replace(microsecond=0)
    front = {"title": "T", "categories": [], "tags": []}
    post = post_of(front, {"slug": "new"}, "an article", tmp_path)
    assert before <= post.date <= datetime.now().astimezone()
    _, text, _ = post.front_matter().split("---\n")
    stamp = re.search(r"date: (.+)", text)[1]
    assert datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S %z") == post.date.replace(microsecond=0)


@pytest.mark.parametrize(
    ("text", "why"), [(b"date: 2025-04-20\n", "date must be like"), (b"title: caf\xe9", "it is not UTF-8")]
)
def test_a_post_that_is_there_and_cannot_be_read_is_named(tmp_path, text, why):
    there = tmp_path / "_posts" / "2025-04-20-old.md"
    there.parent.mkdir()
    there.write_bytes(text)
    front = {"title": "T", "categories": [], "tags": []}
    with pytest.raises(ParameterError, match=f"the date of .*2025-04-20-old.md, which .* be read: {why}"):
        post_of(front, {"slug": "old"}, "an article", tmp_path)
