"""What is told on stderr: whole lines, and no harm where nobody listens."""

import os
import subprocess
import sys

import pytest

from replicate.telling import tell

TELLS = "from replicate.telling import tell; tell('one'); tell('two'); print('done')"


def test_each_is_a_line_on_stderr(capfd):
    tell("one")
    tell("two")
    assert capfd.readouterr() == ("", "one\ntwo\n")


@pytest.mark.skipif(os.name == "nt", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize("listener", ["closed before", "gone meanwhile"])
def test_work_goes_on_without_a_listener_and_its_output_is_its_own(listener):
    command = [sys.executable, "-c", TELLS]
    if listener == "closed before":
        command = ["sh", "-c", 'exec "$0" "$@" 2>&-', *command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stderr.close()  # before the process, which has Python to load, comes to write
        assert process.stdout.read() == "done\n"
    assert process.returncode == 0
