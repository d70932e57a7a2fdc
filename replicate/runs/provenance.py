"""Where numbers come from: the code, the versions and the machine that make them, and since when."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy
import torch

from replicate.files import RunError
from replicate.runs.code import PACKAGE, is_changed
from replicate.telling import tell


def begin() -> dict:
    """What is true as the work begins; a commit made while it lasts did not make its numbers."""
    return {
        "git_commit": git_commit(),
        "library": _version(),
        "started": now(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
    }


def _version() -> str | None:
    """Of the installed package, which is all that is known of a library without its checkout."""
    try:
        return version("seq2seq-replication")
    except PackageNotFoundError:
        return None


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def git_commit() -> str | None:
    """The commit of this source tree, `-dirty` added where the library, or what of it is loaded, differs.

    None outside git, where the library lies in another project's repository, and, with a word on stderr,
    where this is a checkout that git does not read, such as another person's.
    """
    try:
        if not _is_ours():
            return None
        differs = is_changed() or _git("status", "--porcelain", "--untracked-files=normal", ".")
        return _git("rev-parse", "HEAD") + ("-dirty" if differs else "")
    except (OSError, subprocess.CalledProcessError) as error:
        if _is_checkout():
            tell(f"no commit is recorded for what is made now: {_why(error)}")
        return None


def is_committed(path: Path) -> bool | None:
    """Whether a file of this source tree stands in its last commit as it is; None outside git.

    Raises:
        RunError: this is a checkout, and git does not read it.
    """
    reason = "the library lies in another project's repository"
    try:
        if _is_ours():
            return bool(_git("ls-files", path)) and not _git("status", "--porcelain", "--", path)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = _why(error)
    if not _is_checkout():
        return None
    raise RunError(f"git cannot tell whether {path} is committed: {reason}")


def _is_checkout() -> bool:
    return (PACKAGE.parent / ".git").exists()


def _why(error: OSError | subprocess.CalledProcessError) -> str:
    """In git's own words, or that there is none."""
    if isinstance(error, OSError):
        return "git is not installed"
    return os.fsdecode(error.stderr).strip().partition("\n")[0]


def _is_ours() -> bool:
    """Whether the repository that this source tree lies in is the project's own."""
    return Path(_git("rev-parse", "--show-toplevel")).resolve() == PACKAGE.parent


def _git(*arguments: str | Path) -> str:
    # GIT_DIR and its like, as a hook sets them, would answer for another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", PACKAGE, *arguments]
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    return os.fsdecode(done.stdout).strip()  # as Path decodes names, whatever the locale
