"""Posts, as Liquid and kramdown render them: tables, images, front matter; what is refused."""

import errno
import re
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
import yaml
from matplotlib import pyplot as plt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from shared import formulas, write_notebook

from replicate.figures.style import save
from replicate.parameters import ParameterError
from replicate.publish.blog import make_post, post_of
from replicate.publish.chirpy import Post, check_place, write_post
from replicate.publish.dump import check_executed, post_body
from replicate.publish.execute import execute

POST = Post("a-post", datetime.fromisoformat("2025-04-20T10:00:00+08:00"), "A: post", ["One", "Two"], ["tag"])


def drawn(folder: Path, name: str = "a-curve") -> Path:
    figure, axes = plt.subplots(figsize=(7, 3))
    axes.plot([1, 2], color="black")
    save(figure, folder, name)
    plt.close(figure)
    return folder


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
    assert formulas(page) == [r"p(y \mid x)"] and not page.select("a")
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


@pytest.mark.parametrize("slug", ["../x", "a/b", "a.b", "", "A", "-a", "a--b", "a b"])
def test_a_slug_that_could_leave_the_folder_is_refused(tmp_path, slug):
    with pytest.raises(ParameterError, match=r"slug .* must be small letters"):
        write_post("x", [], POST._replace(slug=slug), tmp_path / "blog")
    assert not (tmp_path / "blog").exists()


def test_a_folder_that_cannot_be_one_is_refused(tmp_path):
    (tmp_path / "blog").write_text("a file")
    with pytest.raises(ParameterError, match=r"cannot be a folder of posts: .*blog is no folder that you"):
        write_post("x", [], POST, tmp_path / "blog")


def test_a_disk_that_takes_no_folder_is_named(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(ParameterError, match="_posts cannot be a folder of posts: No space left on device"):
        write_post("x", [], POST, tmp_path / "blog")


def test_a_post_that_is_refused_leaves_no_folder(tmp_path):
    with pytest.raises(ParameterError, match="image must name a figure of the post, not 'none'"):
        write_post("x", [], POST._replace(image="none"), tmp_path / "blog")
    with pytest.raises(ParameterError, match="slug"):
        check_place("No", tmp_path / "blog")
    check_place("yes", tmp_path / "blog")  # as before an article is made
    assert not list(tmp_path.iterdir())


def test_a_post_that_is_there_is_left_alone_unless_forced(tmp_path):
    path = tmp_path / "_posts" / POST.file
    assert write_post("first", [], POST, tmp_path) == f"{path}: written"
    assert write_post("first", [], POST, tmp_path) == f"{path}: unchanged"
    said = write_post("second", [], POST, tmp_path)
    assert said == f"{path}: not written, for {path} would change; --force replaces what is there"
    assert "first" in path.read_text()
    assert write_post("second", [], POST, tmp_path, force=True) == f"{path}: replaced"
    assert "second" in path.read_text() and "first" not in path.read_text()


def test_images_without_a_post_and_changed_images_are_left_alone_unless_forced(tmp_path):
    drawn(tmp_path / "figures")
    figure, images = tmp_path / "figures/a-curve.png", tmp_path / "assets/img/posts/a-post"
    images.mkdir(parents=True)
    (images / "mine.png").write_text("mine")
    assert f"{images} would change" in write_post("text", [figure], POST, tmp_path)
    assert [path.name for path in images.iterdir()] == ["mine.png"]
    assert not list((tmp_path / "_posts").iterdir())
    assert "replaced" in write_post("text", [figure], POST, tmp_path, force=True)
    assert "unchanged" in write_post("text", [figure], POST, tmp_path)
    (images / "a-curve.png").write_text("mine")
    assert "not written" in write_post("text", [figure], POST, tmp_path)
    assert (images / "a-curve.png").read_text() == "mine"


def test_a_post_of_another_day_is_the_same_post(tmp_path):
    write_post("first", [], POST, tmp_path)
    later = POST._replace(date=datetime.fromisoformat("2026-01-01T10:00:00+08:00"))
    assert "not written" in write_post("first", [], later, tmp_path)
    assert "replaced" in write_post("first", [], later, tmp_path, force=True)
    assert [path.name for path in (tmp_path / "_posts").iterdir()] == ["2026-01-01-a-post.md"]
    other = POST._replace(slug="post")  # the end of a slug is no slug
    assert "written" in write_post("other", [], other, tmp_path)
    assert len(list((tmp_path / "_posts").iterdir())) == 2


def test_a_preview_shows_a_whole_figure_in_the_shape_of_the_theme(tmp_path):
    figure = drawn(tmp_path / "figures") / "a-curve.png"
    post = POST._replace(description='It\'s <b> & "so"', image="a-curve", title='"A" & b')
    write_post("text", [figure], post, tmp_path)
    fields = yaml.safe_load((tmp_path / "_posts" / POST.file).read_text().split("---\n")[1])
    assert fields["description"] == 'It\'s &lt;b&gt; &amp; "so"'
    assert fields["image"] == {
        "path": "/assets/img/posts/a-post/preview.png",
        "alt": "&quot;A&quot; &amp; b",
    }
    with Image.open(tmp_path / fields["image"]["path"][1:]) as image:
        assert image.size == (1200, 630)  # 1200 by 514 of figure
        assert image.getpixel((0, 0)) == image.getpixel((1199, 629)) == (255, 255, 255)
    with pytest.raises(ParameterError, match="image must name a figure of the post, not 'gone'"):
        write_post("text", [figure], post._replace(slug="other", image="gone"), tmp_path)
    assert not (tmp_path / "assets/img/posts/other").exists()


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"filename": "gone", "caption": "It."}, r"the figure .*gone\.png is missing"),
        ({"filename": "a-curve"}, "a figure has no name or no caption"),
        ({}, "a figure has no name or no caption"),
        ({"filename": "../a-curve", "caption": "It."}, r"a figure's name must be .* not '\.\./a-curve'"),
    ],
)
def test_a_figure_that_is_missing_or_unnamed_is_refused(tmp_path, metadata, message):
    with pytest.raises(ParameterError, match=message):
        post_body(executed_notebook(**metadata), drawn(tmp_path), "a-post")


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


def test_a_notebook_becomes_a_post_with_its_own_front_matter(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", "# Title\n\nText.", "print(1 + 1)")
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
    refused("has no tags for a post")
    notebook.metadata["blog"]["tags"] = "one"
    refused("tags of a post must be a list, not 'one'")
    notebook.metadata["blog"]["tags"] = ["one"]
    refused("date must be like", date="2025-04-20")
    notebook.metadata["blog"]["layout"] = "wide"
    refused("a post has no layout; it has slug, date")
    del notebook.metadata["blog"]["layout"]
    nbformat.write(notebook, path)
    given = {
        "date": "2025-04-20 10:00:00 +0800",
        "title": "Given",
        "description": "Short.",
        "tags": ["x", "y"],
    }
    said = make_post(path, tmp_path / "blog", **given)
    post = tmp_path / "blog/_posts/2025-04-20-own.md"
    assert said == f"{post}: written"
    _, front, body = post.read_text().split("---\n", 2)
    fields = yaml.safe_load(front)
    assert (fields["title"], fields["description"], fields["tags"]) == ("Given", "Short.", ["x", "y"])
    assert "```text\n2\n```" in body
    # Another day keeps the date that is there, so that nothing has changed.
    del given["date"]
    assert make_post(path, tmp_path / "blog", **given) == f"{post}: unchanged"


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


def test_a_post_that_cannot_be_replaced_comes_back(tmp_path, monkeypatch):
    figure = drawn(tmp_path / "drawn") / "a-curve.png"
    write_post("first", [figure], POST, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}

    def fails(self, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(
        ParameterError, match=r"a-post\.md cannot be written: Invalid cross-device link; all is"
    ):
        write_post("second", [figure], POST, tmp_path, force=True)
    with pytest.raises(ParameterError, match="all is as it was"):
        write_post("new", [figure], POST._replace(slug="new"), tmp_path)
    after = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path: path.read_bytes() for path in after} == before
    assert not (tmp_path / "assets/img/posts/new").exists()


def test_of_two_posts_at_once_the_first_stays(tmp_path, monkeypatch):
    touch = Path.touch

    def another_was_faster(self, **options):
        self.write_text("another's")
        touch(self, **options)

    monkeypatch.setattr(Path, "touch", another_was_faster)
    with pytest.raises(ParameterError, match=r"a-post\.md cannot be written: File exists"):
        write_post("mine", [], POST, tmp_path)
    assert (tmp_path / "_posts" / POST.file).read_text() == "another's"
