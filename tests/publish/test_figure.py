"""One figure alone: of a run, or by its notebook; what is refused."""

from pathlib import Path

import nbformat
import pytest
from PIL import Image
from shared import PROJECT, write_notebook

from replicate.errors import ParameterError
from replicate.figures.catalogue import CATALOGUE, Entry
from replicate.files import RunError
from replicate.publish import figure
from replicate.publish.figure import make_figure

pytestmark = pytest.mark.slow

DRAW = """from replicate.figures.style import show, subplots
figure, axes = subplots(height=2)
axes.plot([1, 2])
show(figure, "{name}", "A line.")"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(figure, "CATALOGUE", {})
    for number, name in ((1, "a-line"), (2, "loss-curve")):
        write_notebook(tmp_path / "notebooks" / f"{number:02}_x.ipynb", "# Title", DRAW.format(name=name))
        figure.CATALOGUE[name] = Entry(f"{number:02}_x", "A line.")
    return tmp_path


def test_the_catalogue_has_every_figure_of_the_notebooks_and_no_other():
    shown = {
        output.metadata["filename"]: (notebook.stem, output.metadata["caption"])
        for notebook in sorted((PROJECT / "notebooks").glob("[0-9]*.ipynb"))
        for cell in nbformat.read(notebook, as_version=4).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    }
    assert list(shown.items()) == list(CATALOGUE.items())


def test_a_figure_is_drawn_by_its_notebook_light_or_dark(project, tmp_path, capsys):
    make_figure(project, "a-line", tmp_path / "new" / "light.png", None, dark=False)
    assert capsys.readouterr().err == "executing 01_x.ipynb, which draws it\n"
    make_figure(project, "a-line", tmp_path / "dark.png", None, dark=True)
    for name, background in (("new/light.png", 255), ("dark.png", 27)):
        with Image.open(tmp_path / name) as image:
            assert image.size == (1400, 400) and image.convert("RGB").getpixel((0, 0))[0] == background


def test_a_figure_of_a_run_is_drawn_from_its_folder(project, tmp_path):
    make_figure(project, "loss-curve", tmp_path / "loss.svg", Path("results/quick"), dark=False)
    assert "training loss" in (tmp_path / "loss.svg").read_text().lower()


@pytest.mark.parametrize(
    ("name", "out", "run", "message"),
    [
        ("gone", "x.png", None, "there is no figure 'gone'; there are a-line, loss-curve"),
        ("a-line", "x.pdf", None, "must end in .png or .svg"),
        ("a-line", "notebooks/01_x.ipynb.png", "results/quick", "a-line takes no --run"),
        ("loss-curve", "x.png", None, "loss-curve needs --run"),
        ("loss-curve", "there.png", "results/quick", "there.png exists"),
        ("loss-curve", "x.png", "results/gone", "no run folder at"),
    ],
)
def test_what_cannot_be_drawn_is_refused(project, tmp_path, name, out, run, message):
    (tmp_path / "there.png").write_text("mine")
    with pytest.raises((ParameterError, RunError), match=message):
        make_figure(project, name, tmp_path / out, run and Path(run), dark=False)
    assert (tmp_path / "there.png").read_text() == "mine"


def test_a_figure_that_its_notebook_does_not_draw_is_named_and_leaves_no_file(project, tmp_path):
    figure.CATALOGUE["forgotten"] = Entry("01_x", "A line.")
    with pytest.raises(ParameterError, match="01_x has no cell that shows the figure forgotten"):
        make_figure(project, "forgotten", tmp_path / "forgotten.png", None, dark=False)
    assert not (tmp_path / "forgotten.png").exists()
