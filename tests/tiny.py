"""Tiny notebooks for the tests to run."""

from pathlib import Path

import nbformat


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook of these cells: a heading makes a Markdown cell, `# Parameters` a tagged one."""
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(map(_cell, sources))), path)
    return path


def _cell(source: str) -> nbformat.NotebookNode:
    if source.startswith("# Parameters"):
        return nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    return (nbformat.v4.new_markdown_cell if source.startswith("# ") else nbformat.v4.new_code_cell)(source)
