"""Notebooks become pages that need no other host, and a failure leaves what was there."""

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from shared import PROJECT, write_notebook
from typer.testing import CliRunner

from replicate.cli import app
from replicate.publish import report
from replicate.publish.execute import NotebookError, execute
from replicate.publish.site import formula, heading, markdown, write_site

pytestmark = pytest.mark.slow

TITLE = "# The first & last\n\nShows $h_t$ and\nmore.\n\nThe rest."
FIGURE = """import os
import matplotlib.pyplot as plt
figure = plt.figure(figsize=(1, 1))
for kind in ("png", "svg"):
    figure.savefig(f"{os.environ['REPLICATE_FIGURES']}/loss-curve.{kind}")"""
SCORES = pd.DataFrame({"mean": [0.91]}, index=["PSA"])
FETCHED = {"src", "srcset", "poster", "data"}


class Outside(HTMLParser):
    """Collects what a browser would fetch from other hosts to show a page."""

    def __init__(self, html: str):
        super().__init__()
        self.urls = re.findall(r"url\(['\"]?(?!data:)([^)]*//[^)]*)\)", html)  # in styles
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        fetched = FETCHED | {"href"} if tag == "link" else FETCHED
        self.urls += [value for name, value in attributes if name in fetched and "//" in value[:8]]

    def handle_data(self, data):
        if self.lasttag == "script":
            self.urls += re.findall(r"https?://\S+", data)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project of one notebook, whose headline scores need no training."""
    write_notebook(tmp_path / "notebooks/01_first.ipynb", TITLE, FIGURE)
    monkeypatch.setattr(report, "headline_tables", lambda: {"Scores": SCORES})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_notebook_runs_in_its_own_folder_with_its_parameters(tmp_path):
    notebook = write_notebook(tmp_path / "notebooks/01.ipynb", "import os; print(os.getcwd(), steps)")
    executed = nbformat.read(execute(notebook, tmp_path / "new/out.ipynb", {"steps": 3}), as_version=4)
    assert executed.cells[-1].outputs[0].text == f"{tmp_path / 'notebooks'} 3\n"


@pytest.mark.parametrize("name", ["a{b}", "{steps}", "{", "{{}}", "{0}"])
def test_braces_in_paths_are_no_parameters(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    write_notebook(Path(f"{name}.ipynb"), "# Parameters\nsteps = 1", "print(steps)")
    result = CliRunner().invoke(app, ["run", f"{name}.ipynb", f"{name}/{name}.ipynb", "-p", "steps", "3"])
    assert (result.exit_code, result.stdout) == (0, f"{name}/{name}.ipynb\n")
    executed = nbformat.read(f"{name}/{name}.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "3\n"
    assert sorted(path.name for path in Path().iterdir()) == sorted([name, f"{name}.ipynb"])
    assert [str(path) for path in tmp_path.iterdir()] == [str(tmp_path / name)]


def test_a_failed_cell_is_named_with_the_last_line_of_its_error(tmp_path):
    notebook = write_notebook(tmp_path / "02_bad.ipynb", "# Bad", "1", "raise OSError('first\\nlast')")
    with pytest.raises(NotebookError, match=r"^02_bad\.ipynb, cell 3: OSError: last$"):
        execute(notebook, tmp_path / "out.ipynb", {})


def test_a_dead_kernel_is_told_from_a_failed_cell(tmp_path):
    notebook = write_notebook(tmp_path / "03_dead.ipynb", "import os; os._exit(1)")
    with pytest.raises(NotebookError, match=r"^03_dead\.ipynb: its kernel died"):
        execute(notebook, tmp_path / "out.ipynb", {})


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
def test_formulas_are_found_in_markdown(source, display):
    html = markdown(source)
    assert f'display="{display}"' in html
    assert "$" not in html
    assert "begin" not in html


def test_code_keeps_its_dollars_and_links_lead_to_pages():
    html = markdown("`$x$` [a](02_task.ipynb#b) [c](https://example.org/d.ipynb)")
    assert "<code>$x$</code>" in html
    assert 'href="02_task.html#b"' in html
    assert 'href="https://example.org/d.ipynb"' in html


@pytest.mark.parametrize("path", sorted((PROJECT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_formula_of_the_notebooks_is_understood(path):
    cells = nbformat.read(path, as_version=4).cells
    html = "".join(markdown(cell.source) for cell in cells if cell.cell_type == "markdown")
    assert [math for math in re.findall(r"<math.*?</math>", html, re.DOTALL) if "\\" in math] == []


def test_title_and_summary_come_from_the_first_markdown_cell():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(TITLE)])
    assert heading(notebook) == ("The first & last", "Shows $h_t$ and\nmore.")


def test_pages_show_everything_without_another_host(tmp_path):
    figures = tmp_path / "site/figures"
    figures.mkdir(parents=True)
    cell = nbformat.v4.new_code_cell("1", execution_count=1)
    picture = {"image/png": "aGVsbG8=", "text/plain": "<Figure>"}
    cell.outputs = [
        nbformat.v4.new_output("display_data", picture, metadata={"caption": "The loss."}),
        nbformat.v4.new_output("display_data", {"text/latex": r"$\frac{a}{b}$"}),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(TITLE), cell])
    nbformat.write(notebook, tmp_path / "01_first.ipynb")
    (figures / "loss.png").touch()
    write_site([tmp_path / "01_first.ipynb"], tmp_path / "site", title="Report", tables={"Scores": SCORES})

    page, index = [(tmp_path / "site" / name).read_text() for name in ("01_first.html", "index.html")]
    assert (Outside(page).urls, Outside(index).urls) == ([], [])
    assert "<title>The first &amp; last</title>" in page
    assert 'alt="The loss."' in page
    assert "<mfrac>" in page
    assert '<a href="01_first.html">The first &amp; last</a>' in index
    assert "<math" in index
    assert "The rest" not in index
    assert 'href="figures/loss.svg"' in index
    assert "0.910" in index


def test_a_report_is_written_and_kept_when_the_next_one_fails(project):
    runner = CliRunner()
    done = runner.invoke(app, ["report"])
    assert done.exit_code == 0
    assert "0.91" in done.stdout
    assert "report/index.html" in done.stdout
    assert {path.name for path in (project / "report/figures").iterdir()} == {
        "loss-curve.png",
        "loss-curve.svg",
    }
    (project / "report/bench.json").write_text("{}")
    before = sorted(project.rglob("*"))

    write_notebook(project / "notebooks/01_first.ipynb", "# First", "1 / 0")
    failed = runner.invoke(app, ["report"])
    assert failed.exit_code == 1
    assert failed.stderr.endswith("replicate: 01_first.ipynb, cell 2: ZeroDivisionError: division by zero\n")
    assert sorted(project.rglob("*")) == before

    write_notebook(project / "notebooks/01_first.ipynb", "# Another", FIGURE)
    assert runner.invoke(app, ["report"]).exit_code == 0
    assert "Another" in (project / "report/index.html").read_text()
    assert sorted(project.rglob("*")) == before  # the measured ratios among them
