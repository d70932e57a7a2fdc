"""`make lab` listens on this machine alone and wants its token."""

import json
import os
import signal
import subprocess
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
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
            while process.poll() is None and not listeners(said):
                time.sleep(0.1)
            yield said
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def listeners(said: dict) -> set[str]:
    """The addresses on which the server listens at its port."""
    connections = psutil.Process(said["pid"]).net_connections("tcp")
    return {
        c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN and c.laddr.port == said["port"]
    }


def test_the_lab_is_on_loopback_and_wants_its_token(server):
    assert listeners(server) == {"127.0.0.1"}
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{server['url']}api/contents")
    refused.value.close()
    assert refused.value.code == 403 and len(server["token"]) >= 32
    with urlopen(f"{server['url']}api/contents?token={server['token']}") as answer:
        assert "03_train.ipynb" in answer.read().decode()
