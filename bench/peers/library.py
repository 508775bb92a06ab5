"""What the library does, in ours and in the real mod_python: the same files under the same directives."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from .base import Peer, Workshop, installed
from .modpython import ModPython
from .ours import Ours


@dataclass(frozen=True)
class App:
    """A folder of bench/apps, the directives for it ({folder} is the row's own), and the path that is asked for."""

    name: str
    title: str
    folder: str
    directives: str
    script: str = "/hello.py"
    sessions: bool = False


def session_app(name: str, kind: str, options: str = "") -> App:
    directives = f"PythonHandler hello\n    PythonOption mod_python.session.session_type {kind}\n    {options}"
    return App(f"session-{name}", f"session counter, {kind}", "session", directives, sessions=True)


REDIS = session_app("redis", "RedisSession", "PythonOption mod_python.redis_session.url unix://{folder}/redis.sock")
APPS = (
    App("publisher", "publisher", "publisher", "PythonHandler mod_python.publisher", "/hello.py/hello"),
    App("psp", "PSP page", "psp", "PythonHandler mod_python.psp", "/hello.psp"),
    App("cgi", "cgihandler", "cgi", "PythonHandler mod_python.cgihandler"),
    session_app("memory", "MemorySession"),
    session_app("file", "FileSession", "PythonOption mod_python.file_session.database_directory {folder}"),
    session_app("dbm", "DbmSession", "PythonOption mod_python.dbm_session.database_filename {folder}/sessions.dbm"),
)


def row(kind: type[Peer], app: App) -> type[Peer]:
    """The class of the row of `app` in `kind`."""

    class Row(kind):  # type: ignore[misc, valid-type]
        key = f"{kind.key}-{app.name}"
        title = f"{kind.title}: {app.title}"
        script = app.script
        sessions = app.sessions
        app_folder = app.folder

        @property
        def directives(self) -> str:
            return app.directives.format(folder=self.folder)

    return Row


class OursRedis(row(Ours, REDIS)):  # type: ignore[misc]
    """The sessions of RedisSession, which the real module does not have, with a server of its own."""

    def __init__(self, shop: Workshop) -> None:
        super().__init__(shop)
        self.redis: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        program = installed("valkey-server or redis-server", "valkey-server", "redis-server")
        options = ["--port", "0", "--save", "", "--unixsocket", str(self.folder / "redis.sock")]
        self.redis = subprocess.Popen([program, *options], cwd=self.folder, stdout=subprocess.DEVNULL)
        return super().command()

    def stop(self) -> None:
        super().stop()
        if self.redis is not None:
            self.redis.terminate()
            self.redis.wait(5)


ROWS = (*(row(kind, app) for app in APPS for kind in (Ours, ModPython)), OursRedis)
