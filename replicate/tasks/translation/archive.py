"""Files of a Debian package, read in memory with the standard library alone: nothing is installed or run."""

import io
import lzma
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from replicate.files import first_line
from replicate.tasks.translation.corpus import CorpusError, content_of

MAGIC = b"!<arch>\n"
HEADER = 60  # bytes before each member of an `ar` archive: its name at 0..16, its size at 48..58


def files_of(package: Path, name: str) -> Iterator[tuple[str, str]]:
    """The path within a .deb, and the text, of each file whose path matches a regular expression.

    Raises:
        CorpusError: it cannot be read, or is no Debian package of a kind that Python can unpack.
    """
    data = content_of(package)
    try:
        with tarfile.open(fileobj=io.BytesIO(_data_member(package, data))) as archive:
            for member in archive:
                if member.isfile() and re.search(name, member.name):
                    yield member.name, archive.extractfile(member).read().decode("utf-8")
    except OSError as error:
        raise CorpusError(f"cannot read {package}: {error.strerror or error}") from error
    except (tarfile.TarError, lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise CorpusError(f"{package} is damaged: {first_line(error)}") from error


def _data_member(package: Path, data: bytes) -> bytes:
    """The tar of the files themselves, `data.tar.*`, as it stands in the package."""
    if not data.startswith(MAGIC):
        raise CorpusError(f"{package} is no Debian package")
    at = len(MAGIC)
    while at + HEADER <= len(data):
        header = data[at : at + HEADER]
        name, size = header[:16].decode("ascii", "replace").strip(" /"), header[48:58].strip()
        if not size.isdigit():
            break
        start, at = at + HEADER, at + HEADER + int(size)
        if name.startswith("data.tar") and at <= len(data):
            return data[start:at]
        at += at % 2  # members start at even places
    raise CorpusError(f"{package} is damaged: it holds no whole data.tar")
