"""The daemon as its gateways find it: its address, a connection to it, its start where that is allowed.

Imports little: `mpfcgi cgi` starts anew for each request.
"""

from __future__ import annotations

# The module below `socket`, which takes longer to import than all of a gateway.
import _socket
import os

from mpfcgi import places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Where its socket is looked for, from the configuration's folder, before that is read.
BESIDE = ("mpfcgi.sock", "run/mpfcgi.sock")
# What a daemon is to keep of the environment of who started it, which is a web server, or a request.
KEPT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "MPFCGI_ALLOW_ROOT",
    "MPFCGI_HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
)


def connect(address: str) -> _socket.socket:
    """A connection to `unix:PATH` or `HOST:PORT`. OSError."""
    if address.startswith("unix:"):
        sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            sock.connect(address[5:])
        except OSError:
            sock.close()
            raise
        return sock
    from socket import create_connection

    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    return create_connection(("127.0.0.1" if host in ("", "*", "0.0.0.0") else host, int(port)))


class Upstream:
    """The daemon of the configuration file `config`.

    `address` is where it listens; None is one of BESIDE, or, where nobody answers there, what `address_in(config)`
    finds. `may_start`: whether it is started when nobody answers at all.
    """

    def __init__(
        self, config: str | None, address: str | None, may_start: bool, address_in: Callable[[str], str]
    ) -> None:
        self._config = config
        self._may_start = may_start
        self._address_in = address_in
        self._address = address

    def connect(self) -> _socket.socket:
        """A connection to the daemon, which is started if that is allowed. OSError, saying what to do."""
        if self._config is None and self._address is None:
            raise FileNotFoundError(places.none_of(places.of_the_user()))
        try:
            return self._connect()
        except OSError as error:
            # A socket that we may not use has a daemon behind it, perhaps: starting another one mends nothing.
            if not self._may_start or (isinstance(error, PermissionError) and self._address is not None):
                where = f"no daemon answers at {self._address}: " if self._address is not None else ""
                raise OSError(error.errno, f"{where}{error.strerror or error}") from None
        if self._config is None:
            raise FileNotFoundError("there is no configuration to start the daemon with: name one with -c")
        return self._start(self._config)

    def _connect(self) -> _socket.socket:
        if self._address is not None:
            return connect(self._address)
        assert self._config is not None
        folder = os.path.dirname(os.path.abspath(self._config))
        for name in BESIDE:
            address = "unix:" + os.path.join(folder, name)
            try:
                sock = connect(address)
            except PermissionError:
                self._address = address
                raise
            except OSError:
                continue
            self._address = address
            return sock
        self._address = self._address_in(self._config)
        return connect(self._address)

    def _start(self, config: str) -> _socket.socket:
        """Start the daemon, unless another gateway does so right now; a connection to it."""
        from fcntl import LOCK_EX, flock

        if os.stat(config).st_uid != os.geteuid():
            raise PermissionError(f"the daemon is not started: {config} belongs to another user")
        folder = os.path.dirname(os.path.abspath(config))
        path = os.path.join(folder, "starting.lock")
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OSError(error.errno, f"the daemon is not started: can't write {path}: {error.strerror}") from None
        try:
            flock(lock, LOCK_EX)
            try:
                return self._connect()
            except OSError:
                return self._start_alone(config)
        finally:
            os.close(lock)

    def _start_alone(self, config: str) -> _socket.socket:
        import subprocess

        from mpfcgi import program

        # `mpfcgi start` waits until the daemon's workers are there, and says why they are not.
        done = subprocess.run(
            program.command_line("start", "-c", os.path.abspath(config)),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", env=_environment(),
        )  # fmt: skip
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().replace("\n", "; ")
            raise OSError(f"the daemon does not start: {said}")
        return self._connect()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(("LC_", "PYTHON"))}
    kept.setdefault("HOME", os.path.expanduser("~"))
    kept.setdefault("PATH", "/usr/local/bin:/usr/bin:/bin")
    return kept
