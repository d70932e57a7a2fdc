"""The library's source files as this process has loaded them, to tell when they are others."""

import hashlib
import re
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
    names = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if path.is_file())
    # What is hidden is an editor's.
    found = [[name, _content(PACKAGE / name)] for name in names if not re.search(r"(^|/)\.", name)]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _content(module: Path) -> bytes:
    return module.read_bytes().replace(b"\r\n", b"\n")


_DIGEST = _digest()
