"""Start a real lighttpd in a folder of its own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.servers import connects, free_port, program, wait_until

CONFIG = """\
server.port = {port}
server.bind = "127.0.0.1"
server.pid-file = "{folder}/lighttpd.pid"
server.errorlog = "{folder}/lighttpd.log"
server.upload-dirs = ("{folder}")
mimetype.assign = (".txt" => "text/plain", ".html" => "text/html")
"""


@contextlib.contextmanager
def lighttpd(folder: Path, config: str) -> Iterator[int]:
    """lighttpd with `config`; gives its port. Its error log is `folder`/lighttpd.log."""
    port = free_port()
    path = folder / "lighttpd.conf"
    path.write_text(CONFIG.format(folder=folder, port=port) + config)
    process = subprocess.Popen([program("lighttpd"), "-D", "-f", str(path)], cwd=folder)
    try:
        wait_until((folder / "lighttpd.pid").exists, "lighttpd starts", process)
        wait_until(lambda: connects(("127.0.0.1", port)), "lighttpd listens", process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
