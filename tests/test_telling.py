"""What is told on stderr: whole lines, and no harm where nobody listens."""

import os
import subprocess
import sys

import pytest

from replicate.telling import tell

TELLS = "from replicate.telling import tell; tell('one'); tell('two'); print('done')"


SHOWS = """
from replicate.training.progress import Progress, Stage
stage = Stage("training", "updates", 10, 10)
with Progress([stage]) as progress:
    progress.show(stage, 10, 0.5)
print("done")
"""


def test_each_is_a_line_on_stderr(capfd):
    tell("one")
    tell("two")
    assert capfd.readouterr() == ("", "one\ntwo\n")


@pytest.mark.skipif(os.name == "nt", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize(
    ("script", "listener"),
    [(script, listener) for script in (TELLS, SHOWS) for listener in ("closed before", "gone meanwhile")],
)
def test_work_goes_on_without_a_listener_and_its_output_is_its_own(script, listener):
    command = [sys.executable, "-c", script]
    if listener == "closed before":
        command = ["sh", "-c", 'exec "$0" "$@" 2>&-', *command]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=os.environ | {"REPLICATE_PROGRESS": "lines"}, **pipes) as process:
        process.stderr.close()  # before the process, which has Python to load, comes to write
        assert process.stdout.read() == "done\n"
    assert process.returncode == 0
