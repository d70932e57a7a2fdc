"""`make lab` listens on this machine alone and wants its token."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from shared import PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path):
    """What the server that `make lab` starts says of itself."""
    if not (PROJECT / ".venv" / ".ready").exists():
        pytest.skip("`make setup` was not run here, so `make lab` would install packages")
    environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(tmp_path), "BROWSER": "true"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(
        ["make", "lab"], cwd=PROJECT, env=environment, start_new_session=True, **quiet
    ) as process:
        try:
            while process.poll() is None and not list(tmp_path.glob("jpserver-*.json")):
                time.sleep(0.1)
            (record,) = tmp_path.glob("jpserver-*.json")
            said = json.loads(record.read_text())
            while process.poll() is None and not listeners(said["port"]):
                time.sleep(0.1)
            yield said
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def listeners(port: int) -> set[str]:
    """The addresses on which some process listens at a port, in the kernel's hexadecimal."""
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    rows = [line.split() for table in tables for line in table.read_text().splitlines()[1:]]
    listening = "0A"
    return {
        row[1].split(":")[0] for row in rows if row[3] == listening and int(row[1].split(":")[1], 16) == port
    }


def test_the_lab_is_on_loopback_and_wants_its_token(server):
    assert listeners(server["port"]) == {"0100007F"}  # 127.0.0.1
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{server['url']}api/contents")
    refused.value.close()
    assert refused.value.code == 403 and len(server["token"]) >= 32
    with urlopen(f"{server['url']}api/contents?token={server['token']}") as answer:
        assert "03_train.ipynb" in answer.read().decode()
