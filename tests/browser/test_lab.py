"""JupyterLab in a real browser: 03_train is opened, all its cells are run, and the curves appear."""

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


@pytest.fixture
def lab(tmp_path):
    """A server on a copy of the notebooks; its address."""
    (tmp_path / "notebooks").mkdir()
    notebook = nbformat.read(ROOT / "notebooks" / "03_train.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    nbformat.write(notebook, tmp_path / "notebooks" / "03_train.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    server = subprocess.Popen(
        [Path(sys.executable).parent / "jupyter-lab", *options, tmp_path / "notebooks"],
        env={
            **os.environ,
            "JUPYTER_TOKEN": TOKEN,
            "REPLICATE_RUNS": str(tmp_path / "runs"),
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


def test_all_cells_of_03_train_run_and_the_curves_appear(browser, lab):
    page = browser.new_page(viewport={"width": 1200, "height": 2400})
    page.goto(f"{lab}/lab/tree/03_train.ipynb?token={TOKEN}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).first.click()
    last = page.locator(".jp-CodeCell .jp-InputPrompt").last
    deadline = time.monotonic() + 400
    while "[*]" in (shown := last.inner_text()) or not any(c.isdigit() for c in shown):
        assert time.monotonic() < deadline, "03_train did not end"
        time.sleep(1)
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0
    curves = page.locator(".jp-RenderedImage img")
    assert curves.count() == 2
    assert all(curves.nth(i).evaluate("image => image.naturalWidth") > 300 for i in range(2))
