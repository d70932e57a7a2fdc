"""Where numbers come from: the code, the versions and the machine that make them, and since when."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy
import torch

PACKAGE = Path(__file__).resolve().parent.parent


def begin() -> dict:
    """What is true as the work begins; a commit made while it lasts did not make its numbers."""
    return {
        "git_commit": git_commit(),
        "started": now(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def git_commit() -> str | None:
    """The commit of this source tree, `-dirty` added where the library differs from it.

    None outside git, and where the library lies in another project's repository.
    """
    # GIT_DIR and its like, as a hook sets them, would answer for another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*arguments: str) -> str:
        command = ["git", "-C", PACKAGE, *arguments]
        done = subprocess.run(command, capture_output=True, check=True, env=environment)
        return os.fsdecode(done.stdout).strip()  # as Path decodes names, whatever the locale

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != PACKAGE.parent:
            return None
        return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
