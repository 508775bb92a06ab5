"""Start a real lighttpd in a folder of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support.servers import free_port, running

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
    with running("lighttpd", ["-D", "-f", str(path)], folder, port):
        yield port
