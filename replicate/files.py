"""Files written whole or not at all, read with care, and folders that one process at a time works on."""

from __future__ import annotations

import errno
import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from replicate.errors import FULL, OneLineError

if TYPE_CHECKING:  # slow to import, and checks of parameters do without
    import pandas as pd

UNFINISHED = "replicate-unfinished"  # ends the name of a file that is being written
LOCK = ".lock"  # the file by which processes keep each other off a folder; it stays there, empty


SOURCE = Path(__file__).resolve().parents[1]
IS_CHECKOUT = (SOURCE / "results" / "registered").is_dir()
PROJECT = SOURCE if IS_CHECKOUT else Path.cwd()  # the current folder of a library without its checkout


class RunError(OneLineError, ValueError):
    """A run folder that is missing, damaged or someone else's; one line that says which and what to do."""


def unwritable(folder: Path) -> Path | None:
    """What keeps a folder from being made or written in, such as a file or a link to nothing."""
    there = next(place for place in (folder, *folder.parents) if place.exists() or place.is_symlink())
    return None if there.is_dir() and os.access(there, os.W_OK | os.X_OK) else there


def numbered(path: Path) -> Iterator[Path]:
    """The path, and the same with numbers from 2 in its name."""
    yield path
    for number in itertools.count(2):
        yield path.with_stem(f"{path.stem}-{number}")


def free(path: Path) -> Iterator[Path]:
    """The path and the same with numbers, as far as nothing is there."""
    return (place for place in numbered(path) if not place.exists())


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Take the name of a file that is not there yet, so that of two commands one has it.

    Raises:
        RunError: it is there already, or cannot be.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
    except OSError as error:
        if path.exists():
            is_empty = path.is_file() and not path.stat().st_size
            state = (
                "exists and is empty, as a command at work, or one killed, leaves it"
                if is_empty
                else "exists"
            )
            raise RunError(f"{path} {state}; choose another file, or remove it first") from error
        raise RunError(f"{path} cannot be written: {error.strerror}") from error
    with freed_if_empty(path):
        yield


@contextmanager
def freed_if_empty(path: Path) -> Iterator[None]:
    """Remove a file whose name was taken, where nothing was written to it."""
    try:
        yield
    finally:
        if path.exists() and not path.stat().st_size:
            path.unlink()


@contextmanager
def locked(path: Path, seconds: float = 0) -> Iterator[None]:
    """Make the folder and keep other processes off it; the lock goes with the process that holds it.

    Raises:
        RunError: another process holds it, and for that many seconds did not let go; or it is no folder.
    """
    lock = FileLock(path / LOCK, timeout=seconds)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise RunError(f"another process is at work on {path}; wait for it or use another folder") from error
    except OSError as error:
        raise RunError(f"{path} cannot be used as a folder: {error.strerror}") from error
    try:
        for left in path.glob(f".*.{UNFINISHED}"):  # by a process that was killed
            left.unlink()
        yield
    finally:
        lock.release()


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, flush it to the disk, then give it its name in one step.

    Raises:
        RunError: the disk did not take it; what was there before still is.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{UNFINISHED}")
    try:
        write(temporary)
        with open(temporary, "r+b") as file:  # Windows flushes no file that is open for reading alone
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        hint = ": make room, then give the same command again" if error.errno in FULL else ""
        raise RunError(
            f"{path} cannot be written ({reason(error)}); what was saved before is still there{hint}"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, data: dict) -> None:
    write_whole(path, lambda file: file.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8"))


def write_table(path: Path, table: pd.DataFrame) -> None:
    write_whole(path, lambda file: table.to_csv(file, index=False, float_format="%.6g"))


def reason(error: OSError) -> str:
    """Why, in the system's words, or those of a library that raised it by itself."""
    return error.strerror or first_line(error)


def first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def read_bytes(path: Path) -> bytes:
    """What is in a file.

    Raises:
        OSError: it cannot be read, or is a pipe or a device, which might be waited for without end.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file")
    return path.read_bytes()


def read_utf8(path: Path) -> str:
    """The same as text; a ValueError where it is not UTF-8."""
    return read_bytes(path).decode()


def read_json(path: Path) -> dict:
    try:
        data = json.loads(read_utf8(path))
    except OSError as error:
        raise RunError(f"{path} is missing or no file, so {path.parent} is not a run folder") from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is damaged: {first_line(error)}") from error
    if not isinstance(data, dict):
        raise RunError(f"{path} is damaged: it holds no JSON object")
    return data
