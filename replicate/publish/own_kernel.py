"""The kernel that a notebook is executed in: started until it listens, and given time when it is to end."""

import sys
from typing import Any

import papermill
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbformat import NotebookNode

from replicate.publish.kernels import SAVING_SECONDS, are_ending

KERNEL_STARTS = 3
DIED_AT_START = "Kernel died before replying"  # what jupyter_client raises then


class OwnKernel(AsyncKernelManager):
    """A kernel of this very Python: what is registered as `python3` for a user or a site may be another."""

    kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3",
        language="python",
    )

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """End it; where that is because of Ctrl-C, it has the time to save what it trains."""
        if isinstance(sys.exception(), KeyboardInterrupt):
            # After half of the time it is asked once more, and then it saves nothing.
            self.shutdown_wait_time = 2 * SAVING_SECONDS
        await super().shutdown_kernel(now, restart)


def execute_in_own_kernel(*arguments: Any, **options: Any) -> NotebookNode:
    """As papermill does it, in another kernel where one dies before it has executed anything.

    The ports of a kernel are picked before it starts, and others may take one until it listens there.
    """
    kernel = {"kernel_manager_class": OwnKernel, "kernel_name": "python3", "language": "python"}
    for starts_left in reversed(range(KERNEL_STARTS)):
        try:
            return papermill.execute_notebook(*arguments, **options, **kernel)
        except RuntimeError as error:
            if DIED_AT_START not in str(error) or starts_left == 0 or are_ending():
                raise
