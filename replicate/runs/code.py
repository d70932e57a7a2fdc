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
    """Of the names and contents of all modules."""
    files = sorted(PACKAGE.rglob("*.py"))
    found = [
        [path.relative_to(PACKAGE).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()]
        for path in files
    ]
    return hashlib.sha256(repr(found).encode()).hexdigest()


_DIGEST = _digest()
