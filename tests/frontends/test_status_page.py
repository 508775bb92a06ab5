"""The status page behind nginx, asked by programs and shown by a browser, while a request hangs."""

import os
import shutil
import signal
import subprocess

import pytest
import requests

from tests.support.client import Client
from tests.support.servers import Daemon, nginx, wait_until
from tests.support.sites import one_handler

pytestmark = pytest.mark.frontend

STATUS = """\
<Location /status>
    SetHandler mpfcgi-status
    Require local
</Location>
"""
HANDLER = """\
import time

def handler(req):
    time.sleep(3600)
"""


@pytest.fixture
def page(tmp_path):
    """The address of the page, while one of two workers is in a request that hangs."""
    # nginx's workers are another user when it is started by root.
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o755)
    config = one_handler(tmp_path, HANDLER, listen="unix:mpfcgi.sock mode=0666")
    daemon = Daemon(tmp_path, config + 'CustomLog access.log "%r"\n' + STATUS)
    client = Client(daemon.socket)
    client.send("/hangs.py?now")
    client.sock.sendall(client.wire.stdin_end())
    with nginx(tmp_path, daemon.socket) as port:
        address = f"http://127.0.0.1:{port}/status"
        wait_until(lambda: "/hangs.py" in requests.get(address, timeout=20).text, "it hangs", daemon.process)
        yield address
        (pid,) = (worker["pid"] for worker in workers(address) if worker["request"] and "hangs" in worker["request"])
        os.kill(pid, signal.SIGKILL)
    daemon.stop()


def workers(address):
    (pool,) = requests.get(address + "?json", timeout=20).json()["pools"]
    return pool["workers"]


def test_the_page_and_its_other_forms_show_the_request_that_hangs(page):
    text = requests.get(page, timeout=20).text
    assert "GET localhost/hangs.py?now" in text
    assert "1 of 128" not in text
    (worker,) = (worker for worker in workers(page) if worker["request"] == "GET localhost/hangs.py?now")
    assert worker["state"] == "busy"
    assert worker["request_age"] > 0
    assert worker["pss"] > 0
    metrics = requests.get(page + "?metrics", timeout=20).text
    assert f'mpfcgi_worker_request_seconds{{pid="{worker["pid"]}",pool="localhost"}}' in metrics
    assert 'mpfcgi_workers_max{pool="localhost"} 2.0' in metrics


def test_a_browser_shows_the_request_while_it_hangs_and_keeps_the_page_up_to_date(page, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={tmp_path}/chromium", "--virtual-time-budget=5000", "--dump-dom", page,
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True).stdout
    assert "GET localhost/hangs.py?now" in shown
    assert "GET /status?rows HTTP/1.1" in (tmp_path / "access.log").read_text()
