"""What a person has put into a case's folder, and how it stays there."""

import shutil
from collections.abc import Callable
from os.path import lexists
from pathlib import Path

from replicate.files import numbered
from replicate.sweeps.case_folder import OWN


def copy_files(place: Path, coming: Path, left_out: Callable[[Path], bool]) -> None:
    """Copy files, and links as links, but for the sweep's own and some others."""
    for path in place.rglob("*"):
        name = path.relative_to(place)
        if name.parts[0] in OWN or left_out(name):
            continue
        if path.is_symlink() or path.is_file():
            free = _free(coming, name)
            free.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, free, follow_symlinks=False)


def _free(root: Path, name: Path) -> Path:
    """The path in a folder, with numbers where something else is called so."""
    place = root
    for part in name.parts[:-1]:
        place = next(path for path in numbered(place / part) if path.is_dir() or not lexists(path))
    return next(path for path in numbered(place / name.name) if not lexists(path))
