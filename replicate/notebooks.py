"""Notebook files: found by their names, and where copies of them go, never over another file."""

import difflib
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os.path import expanduser, lexists
from pathlib import Path
from tempfile import gettempdir

from filelock import FileLock, Timeout

from replicate.errors import ParameterError
from replicate.files import PROJECT, free, freed_if_empty, unwritable, write_whole


def check_folders_of_jupyter() -> None:
    """Refuse a machine on which JupyterLab cannot write where it keeps its own files.

    Raises:
        ParameterError: one of its folders cannot be written; the message says how to name another.
    """
    from jupyter_core import paths

    for name in ("DATA", "RUNTIME"):
        folder = Path(getattr(paths, f"jupyter_{name.lower()}_dir")())
        if there := unwritable(folder):
            raise ParameterError(
                f"JupyterLab cannot write to {folder}: {there} is no folder that you may write to; name "
                f"another by JUPYTER_{name}_DIR"
            )


def find_notebook(name: str) -> Path:
    """A notebook by its path, or by its bare name in this folder, in `notebooks/` or among the project's.

    Raises:
        ParameterError: there is none; the message names the nearest.
    """
    file = name if name.endswith(".ipynb") else f"{name}.ipynb"
    for path in (Path(name), Path(file), Path("notebooks", file), PROJECT / "notebooks" / file):
        if path.is_file():
            return path
    if Path(name).is_dir():
        raise ParameterError(f"{name} is a folder; name a notebook")
    known = [path.stem for path in project_notebooks()]
    nearest = difflib.get_close_matches(Path(file).stem, known, n=1)
    hint = f": did you mean {nearest[0]}?" if nearest else ""
    listed = f" The project's notebooks are {', '.join(known)}" if known else ""
    raise ParameterError(f"there is no notebook {name}{hint or ('.' if listed else '')}{listed}")


def project_notebooks() -> list[Path]:
    """The project's own, in order; none where the library is installed without a checkout."""
    return sorted((PROJECT / "notebooks").glob("[0-9]*.ipynb"))


@contextmanager
def place_of_copy(notebook: Path, out: Path | None, force: bool) -> Iterator[Path]:
    """Where the executed copy goes: the file given, else `out-NOTEBOOK` here, with a number if it is taken.

    The name is taken at once, so that of two commands one has it. What is overwritten by force is set aside
    until the notebook has been executed, and comes back where it fails.

    Raises:
        ParameterError: the file given exists and is not to be overwritten, or cannot be a file.
    """
    hint = "name another file for the executed copy"
    first = Path(f"out-{notebook.name}")
    if out or force:  # else a free name is found
        _refuse_place(out or first, notebook, force, hint)
    if out is None:
        try:
            place = first if force else _taken(first)
        except OSError as error:  # the current folder was deleted, or is closed
            raise ParameterError(f"{first} cannot be written here: {error.strerror}; {hint}") from None
    else:
        place = out
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:  # a file is in the way, or the disk is full or closed
            raise ParameterError(f"{out} cannot be written: {error.filename}: {error.strerror}") from None
        try:
            out.touch(exist_ok=force)
        except FileExistsError:
            raise ParameterError(f"{out} exists: --force overwrites it, or {hint}") from None
        except OSError as error:
            raise ParameterError(f"{out} cannot be written: {error.strerror}") from None
    with _alone(place, hint), freed_if_empty(place), _set_aside(place) as copy:
        yield copy


@contextmanager
def _alone(place: Path, hint: str) -> Iterator[None]:
    """Keep other commands off a copy: of two with force, one would put back what the other has written."""
    who = f"{expanduser('~')} {place.resolve()}"
    name = hashlib.sha256(who.encode(errors="surrogateescape")).hexdigest()[:16]
    lock = FileLock(Path(gettempdir()) / f"replicate-{name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ParameterError(f"{place} is being written by another command; wait for it, or {hint}") from None
    except OSError:  # no place for a lock: this command may be alone all the same
        pass
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _set_aside(place: Path) -> Iterator[Path]:
    """The place, of a link the one that it leads to, with an empty file in place of what is there."""
    if not place.exists() or not place.stat().st_size:
        yield place
        return
    place = place.resolve() if place.is_symlink() else place
    try:
        before = place.rename(next(free(place.with_stem(f"{place.stem}-before"))))
        place.touch()  # so that no other command takes the name
    except OSError as error:
        raise ParameterError(f"{place} cannot be set aside: {error.strerror}") from None
    try:
        yield place
        before.unlink()
    except BaseException:
        if not place.exists() or not place.stat().st_size:  # a failed copy has another name
            before.replace(place)
        raise


def _refuse_place(place: Path, notebook: Path, force: bool, hint: str) -> None:
    if place.is_dir():
        raise ParameterError(f"{place} is a folder; name a file for the executed copy")
    if place.exists() and not place.is_file():
        raise ParameterError(f"{place} is a device or the like; {hint}")
    if place.is_symlink() and not place.exists():
        raise ParameterError(f"{place} is a link that leads nowhere; {hint}")
    if force and place.exists() and place.samefile(notebook):
        raise ParameterError(f"{place} exists: {hint}")


def set_apart(copy: Path) -> Path:
    """Rename the copy of a notebook that failed, so that it is in nobody's way; returns where it is."""
    apart = next(free(copy.with_stem(f"{copy.stem}-failed")))
    return copy.rename(apart)


def copy_to(folder: Path) -> tuple[list[str], list[str]]:
    """Copy the project's notebooks that are not in a folder yet; returns the names of these and of the rest.

    Raises:
        ParameterError: there are none.
    """
    notebooks = project_notebooks()
    if not notebooks:
        raise ParameterError(f"no notebooks in {PROJECT / 'notebooks'}: they are in the project's checkout")
    folder.mkdir(parents=True, exist_ok=True)
    kept = [notebook.stem for notebook in notebooks if lexists(folder / notebook.name)]
    new = [notebook for notebook in notebooks if notebook.stem not in kept]
    for notebook in new:
        write_whole(folder / notebook.name, lambda file, notebook=notebook: shutil.copyfile(notebook, file))
    return [notebook.stem for notebook in new], kept


def _taken(path: Path) -> Path:
    """The first free one, with an empty file in it."""
    for place in free(path):
        with suppress(FileExistsError):  # another command was faster
            place.touch(exist_ok=False)
            return place
