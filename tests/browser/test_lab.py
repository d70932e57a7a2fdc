"""JupyterLab in a real browser: 03_train runs and draws its curves; the explorer answers what is typed."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "for-this-test"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A server on copies of the notebooks, their outputs removed; its address."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("00_explore", "03_train"):
        notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.update(outputs=[], execution_count=None)
        nbformat.write(notebook, folder / f"{name}.ipynb")
    # All cells are on the page, not only those in view.
    settings = folder / ".settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    options.append("--expose-app-in-browser")
    server = subprocess.Popen(
        [Path(sys.executable).parent / "jupyter-lab", *options, folder],
        env={
            **{name: value for name, value in os.environ.items() if name != "REPLICATE_PROGRESS"},
            "JUPYTER_TOKEN": TOKEN,
            "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / ".workspaces"),
            "REPLICATE_RUNS": str(folder / "runs"),
            "JUPYTER_PREFER_ENV_PATH": "1",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(120):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.5)
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait()


RUN_ALL = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    const notebook = app.shell.currentWidget;
    await notebook.context.ready;
    await notebook.sessionContext.ready;
    await notebook.sessionContext.session.kernel.info;
    await app.commands.execute('notebook:run-all-cells');
}"""


COUNTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code').map(cell => cell.model.executionCount)"""


def open_page(browser, lab: str, name: str):
    page = browser.new_page(viewport={"width": 1200, "height": 4000})
    page.goto(f"{lab}/lab/workspaces/{name}/tree/{name}.ipynb?token={TOKEN}", timeout=120_000)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=120_000)
    return page


def run_all(browser, lab: str, name: str):
    """The page of a notebook of which all cells have run, none with an error."""
    page = open_page(browser, lab, name)
    page.evaluate(RUN_ALL)  # the menu's command; before the kernel is there the menu does nothing
    counts = page.evaluate(COUNTS)  # of a folded cell the prompt is not shown
    assert counts and None not in counts, counts
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0
    return page


def test_all_cells_of_03_train_run_and_the_curves_appear(browser, lab):
    page = run_all(browser, lab, "03_train")
    assert page.locator(".jp-OutputArea-output[data-mime-type*='stderr']").count() == 0  # on red ground
    assert any("scoring: 100%" in text for text in page.locator(".jp-OutputArea-output").all_inner_texts())
    curves = page.locator(".jp-RenderedImage img")
    assert curves.count() == 2
    assert all(curves.nth(i).evaluate("image => image.naturalWidth") > 300 for i in range(2))


def test_the_explorer_answers_what_is_typed_and_says_what_it_cannot_read(browser, lab):
    page = run_all(browser, lab, "00_explore")
    controls = page.locator(".jp-CodeCell").last
    figures = controls.locator("img")
    figures.nth(1).wait_for(timeout=60_000)
    before = [figures.nth(i).get_attribute("src") for i in range(2)]

    def type_source(text: str) -> None:
        controls.locator(".widget-text input[type=text]").first.fill(text)
        controls.locator(".widget-text input[type=text]").first.press("Enter")

    type_source("3 5 8")
    page.wait_for_function(
        "before => { const cell = [...document.querySelectorAll('.jp-CodeCell')].at(-1);"
        " const now = [...cell.querySelectorAll('img')].map(image => image.src);"
        " return now.length == 2 && now.every((src, i) => src != before[i]) }",
        arg=before,
        timeout=60_000,
    )
    type_source("3 five")
    controls.get_by_text("type whole numbers from 1 to").wait_for(timeout=60_000)
    type_source("3 5 8")
    figures.nth(1).wait_for(timeout=60_000)
    assert "target  3 5 EOS" in controls.inner_text()
    assert controls.locator("table").count() == 2  # what a beam finds, of each model


def test_the_explorer_shows_its_controls_before_its_figures_and_no_code(browser, lab):
    page = run_all(browser, lab, "00_explore")
    cell = page.locator(".jp-CodeCell").last
    cell.locator("img").nth(1).wait_for(timeout=60_000)
    heights = [cell.locator(what).first.bounding_box()["y"] for what in (".widget-text", "pre", "img")]
    assert heights == sorted(heights)
    assert cell.locator(".jp-InputArea-editor:visible").count() == 0
    said = cell.inner_text()
    assert "results/quick (post)" in said and "results/strong (lstm)" in said


def test_a_wrong_parameter_is_one_line(browser, lab):
    page = open_page(browser, lab, "03_train")
    page.evaluate(SET_PARAMETER, ["rounds = 4", "rounds = 0"])
    page.evaluate(RUN_ALL)
    error = page.locator(".jp-OutputArea-output[data-mime-type*='stderr']")
    assert error.first.inner_text() == "ParameterError: rounds must be greater than or equal to 1, not 0"


SET_PARAMETER = """async ([before, after]) => {
    await window.jupyterapp.restored;
    const notebook = window.jupyterapp.shell.currentWidget;
    await notebook.context.ready;
    const cell = notebook.content.widgets[1].model.sharedModel;
    cell.setSource(cell.getSource().replace(before, after));
}"""
