"""Checkpoints: tensors in a file that is written whole and read with care."""

import io
import zipfile
from pathlib import Path

import torch

from replicate.files import RunError, read_bytes, write_whole


def read_checkpoint(path: Path) -> dict:
    """Tensors and plain values only (`weights_only=True`): nothing in the file is executed."""
    try:
        data = read_bytes(path)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # What torch.load does not check: sums, sizes, and the bit that makes a file a folder.
            entries = archive.infolist()
            if archive.testzip() or any(e.file_size != e.compress_size or e.external_attr for e in entries):
                raise zipfile.BadZipFile
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing") from error
    except Exception as error:  # a damaged file can end the reader in any way
        raise RunError(f"{path} is damaged or no checkpoint") from error


def write_checkpoint(path: Path, data: dict) -> None:
    buffer = io.BytesIO()  # torch.save into a file hides why a write failed
    torch.save(data, buffer)
    write_whole(path, lambda file: file.write_bytes(buffer.getvalue()))
