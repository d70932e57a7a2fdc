"""Where numbers come from: the code, the versions and the machine that made them."""

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy
import torch


def provenance() -> dict:
    return {
        "git_commit": git_commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
    }


def git_commit() -> str | None:
    """The commit of this source tree, `-dirty` added where the library differs from it; None outside git."""
    root = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", root, *arguments], capture_output=True, text=True, check=True
        ).stdout

    try:
        return git("rev-parse", "HEAD").strip() + (
            "-dirty" if git("status", "--porcelain", ".").strip() else ""
        )
    except (OSError, subprocess.CalledProcessError):
        return None
