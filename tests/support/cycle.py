"""Run requests through the worker's request cycle in this process: no sockets, no daemon."""

from __future__ import annotations

from pathlib import Path

from mpfcgi.api.exchange import MemoryExchange
from mpfcgi.config import load_text
from mpfcgi.fastcgi import Pairs
from mpfcgi.fastcgi.cgi_head import parse_head
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.worker.phases import Cycle
from mpfcgi.worker.services import WorkerServices


class Exchange(MemoryExchange):
    broken = False

    def finish(self, app_status: int = 0) -> None:
        pass

    def break_off(self) -> None:
        self.broken = True


class Answer:
    """A response: `status`, `headers` (names in lower case), `body` as text, `raw` as bytes; `cut` when broken off."""

    def __init__(self, response: bytes, cut: bool = False) -> None:
        parsed = parse_head(response)
        assert parsed is not None
        head, body = parsed
        self.status = head.status
        self.headers = {name.decode().lower(): value.decode("latin-1") for name, value in head.headers}
        self.raw = body
        self.body = body.decode("utf-8", "replace")
        self.cut = cut


class Site:
    """`folder`/www is the DocumentRoot; `config` is the configuration, where ROOT stands for that folder."""

    def __init__(self, folder: Path, config: str, name: str = "localhost", **files: str) -> None:
        self.root = folder / "www"
        self.root.mkdir(exist_ok=True)
        for file, text in files.items():
            path = self.root / file.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path = path if path.suffix else path.with_suffix(".py")
            path.write_text(text)
        text = f"ServerRoot {folder}\nDocumentRoot {self.root}\nErrorLog {folder}/error.log\n" + config
        self.log_file = folder / "error.log"
        setup = WorkerSetup(load_text(text.replace("ROOT", str(self.root))), None, name, None, None, None)  # type: ignore[arg-type]
        self.services = WorkerServices(setup)
        self.services.install()
        self.cycle = self.services.cycle = Cycle(self.services)

    def get(self, uri: str, method: str = "GET", body: bytes = b"", **params: str) -> Answer:
        args = uri.partition("?")[2]
        exchange = Exchange(
            Pairs({
                "REQUEST_METHOD": method, "REQUEST_URI": uri, "SERVER_PROTOCOL": "HTTP/1.1", "QUERY_STRING": args,
                "REMOTE_ADDR": "127.0.0.1", "SERVER_NAME": "localhost", "SERVER_PORT": "80", **params,
            }),
            body,
        )  # fmt: skip
        self.cycle.serve(exchange)
        return Answer(exchange.response, exchange.broken)

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""
