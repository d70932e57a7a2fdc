"""Where a post is put: its place, its preview, and what is there already, which stays."""

import errno
import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from matplotlib import pyplot as plt
from PIL import Image
from shared import full_disk

from replicate.errors import ParameterError
from replicate.figures.style import save
from replicate.publish.chirpy import check_place, write_post
from replicate.publish.front_matter import Post

POST = Post("a-post", datetime.fromisoformat("2025-04-20T10:00:00+08:00"), "A: post", ["One", "Two"], ["tag"])


def drawn(folder: Path, name: str = "a-curve") -> Path:
    figure, axes = plt.subplots(figsize=(7, 3))
    axes.plot([1, 2], color="black")
    save(figure, folder, name)
    plt.close(figure)
    return folder


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


def test_a_disk_that_takes_no_post_is_named(tmp_path):
    with full_disk(), pytest.raises(ParameterError, match=r"a-post\.md cannot be written: File too large"):
        write_post("x" * 1000, [], POST, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_preview_of_a_figure_that_is_cut_short_is_refused_with_the_reason(tmp_path):
    figure = drawn(tmp_path / "figures") / "a-curve.png"
    figure.write_bytes(figure.read_bytes()[:1000])
    with pytest.raises(ParameterError, match=r"a-post\.md cannot be written: .*(truncated|broken)"):
        write_post("x", [figure], POST._replace(image="a-curve"), tmp_path)


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
    (images / "a-curve.png").write_text("mine")
    assert f"{images} would change" in write_post("text", [figure], POST, tmp_path)
    assert {path.name: path.read_text() for path in images.iterdir()} == {
        "mine.png": "mine",
        "a-curve.png": "mine",
    }
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

    def stopped(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_post("second", [figure], POST, tmp_path, force=True)
    monkeypatch.setattr(Path, "replace", fails)
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


@pytest.mark.parametrize("step", ["touch", "replace"])
def test_what_a_killed_command_moved_away_is_named_until_it_is_back(tmp_path, monkeypatch, step):
    figure = drawn(tmp_path / "drawn") / "a-curve.png"
    write_post("first", [figure], POST, tmp_path)
    with monkeypatch.context() as killed:
        killed.setattr(Path, step, lambda *_, **__: os._exit(9))
        if not (child := os.fork()):
            write_post("second", [figure], POST, tmp_path, force=True)
        os.waitpid(child, 0)
    for name in (POST.file, POST.slug):
        with pytest.raises(ParameterError, match=rf"\.post-.* put old-\d-{name} back") as said:
            write_post("third", [figure], POST, tmp_path, force=True)
        (moved,) = tmp_path.glob(f".post-*/old-?-{name}")
        place = tmp_path / "_posts" if name == POST.file else tmp_path / "assets/img/posts"
        if (place / name).is_dir():
            shutil.rmtree(place / name)
        moved.replace(place / name)
        assert "\n" not in str(said.value)
    assert write_post("first", [figure], POST, tmp_path).endswith("unchanged")


def test_a_persons_own_files_among_the_images_stay(tmp_path):
    drawn(tmp_path / "figures")
    figure, images = tmp_path / "figures/a-curve.png", tmp_path / "assets/img/posts" / POST.slug
    write_post("text", [figure], POST, tmp_path)
    (images / "raw").mkdir()
    for name in ("mine.png", "raw/data.csv"):
        (images / name).write_text("mine")
    assert write_post("text", [figure], POST, tmp_path).endswith("unchanged")
    assert "not written" in write_post("other", [figure], POST, tmp_path)
    assert write_post("other", [figure], POST, tmp_path, force=True).endswith("replaced")
    assert all((images / name).read_text() == "mine" for name in ("mine.png", "raw/data.csv"))
    assert (images / "a-curve.png").read_bytes() == figure.read_bytes()
    (images / "nowhere").symlink_to("gone")
    assert write_post("without figures", [], POST, tmp_path, force=True).endswith("replaced")
    assert all((images / name).read_text() == "mine" for name in ("mine.png", "raw/data.csv"))
    assert (images / "nowhere").is_symlink()


def test_an_image_of_ones_own_beside_a_new_post_is_no_change(tmp_path):
    drawn(tmp_path / "figures")
    images = tmp_path / "assets/img/posts" / POST.slug
    images.mkdir(parents=True)
    (images / "mine.png").write_text("mine")
    said = write_post("text", [tmp_path / "figures/a-curve.png"], POST, tmp_path)
    assert said.endswith(": written") and (images / "mine.png").read_text() == "mine"
