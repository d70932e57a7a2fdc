"""Files of a Debian package, read in memory with the standard library alone: nothing is installed or run."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from replicate.files import first_line
from replicate.tasks.translation.corpus import CorpusError, content_of

MAGIC = b"!<arch>\n"
ZSTD = b"\x28\xb5\x2f\xfd"  # which Ubuntu packs by
UNPACK = {b"\x1f\x8b": gzip.decompress, b"\xfd7zXZ": lzma.decompress, b"BZh": bz2.decompress}
HEADER = 60  # bytes before each member of an `ar` archive: its name at 0..16, its size at 48..58


def files_of(package: Path, name: str) -> Iterator[tuple[str, str]]:
    """The path within a .deb, and the text, of each file whose path matches a regular expression.

    Raises:
        CorpusError: it cannot be read, or is no Debian package of a kind that Python can unpack.
    """
    packed = _data_member(package, content_of(package))
    if packed.startswith(ZSTD):
        raise CorpusError(
            f"{package} is packed by zstd, which is not read here: unpack it by `dpkg-deb -x` and give the "
            "folder of its pages, usr/share/libreoffice/help/ and the language in what it holds"
        )
    try:
        data = _unpacked(packed)
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                if member.isfile() and re.search(name, member.name):
                    yield member.name, archive.extractfile(member).read().decode("utf-8")
            if data[archive.offset :].strip(b"\0"):  # which tarfile takes for the end
                raise CorpusError(f"{package} is damaged: what follows byte {archive.offset} is no file")
    except CorpusError:
        raise
    except (tarfile.TarError, lzma.LZMAError, zlib.error, OSError, EOFError, ValueError) as error:
        raise CorpusError(f"{package} is damaged: {first_line(error)}") from error


def _unpacked(data: bytes) -> bytes:
    """A tar, its checksum compared."""
    for beginning, unpack in UNPACK.items():
        if data.startswith(beginning):
            try:
                return unpack(data)
            except ValueError as error:  # of a stream of bz2 that is cut
                raise EOFError(str(error)) from error
    return data


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
