"""The committed notebooks, executed anew and cleaned so that a diff shows what changed and nothing else."""

from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from replicate.files import write_whole
from replicate.publish.execute import NotebookError, execute


def refresh(notebook: Path) -> None:
    """Execute a notebook with its defaults and put the cleaned result in its place; a failed one stays.

    Raises:
        NotebookError: a cell failed, or the notebook was changed meanwhile: then it stays as it is.
    """
    before = notebook.read_bytes()
    with TemporaryDirectory() as folder:
        executed = nbformat.read(execute(notebook, Path(folder) / notebook.name, {}), as_version=4)
    if notebook.read_bytes() != before:
        raise NotebookError(f"{notebook} was changed while it was executed; it stays as it is now")
    write_whole(notebook, lambda file: nbformat.write(cleaned(executed), file))


def cleaned(notebook: NotebookNode) -> NotebookNode:
    """Without timings, papermill's marks, progress on stderr and the machine's exact Python."""
    language = {"name": "python", "file_extension": ".py"}  # without the machine's exact version
    kept = {key: value for key, value in notebook.metadata.items() if key in ("kernelspec", "blog")}
    notebook.metadata = {**kept, "language_info": language}
    for cell in notebook.cells:
        # `jupyter` says which cells are folded.
        cell.metadata = {name: cell.metadata[name] for name in ("tags", "jupyter") if cell.metadata.get(name)}
        if cell.cell_type == "code":
            cell.outputs = _merged([o for o in cell.outputs if o.get("name") != "stderr"])
    return notebook


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """One stdout stream a cell: the kernel may split it anywhere."""
    merged = []
    for output in outputs:
        if merged and output.output_type == merged[-1].output_type == "stream":
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged
