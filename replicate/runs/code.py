"""The library's source files as this process has loaded them, to tell when they are others."""

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def code_digest() -> str:
    """The checksum of the library's source as it was when this module was loaded."""
    return _DIGEST


def is_changed() -> bool:
    """Whether the files have changed since: what runs is then neither they nor their commit."""
    return _digest() != _DIGEST


def _digest() -> str:
    """Of the names and contents of all modules, whatever ends their lines."""
    modules = [path for path in sorted(PACKAGE.rglob("[!.]*.py")) if path.is_file()]  # an editor's are hidden
    found = [[path.relative_to(PACKAGE).as_posix(), _content(path)] for path in modules]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _content(module: Path) -> bytes:
    return module.read_bytes().replace(b"\r\n", b"\n")


_DIGEST = _digest()
