"""What a request knows of its host, its client and its connection: names, addresses, TLS, full URLs (manual 4.5.4)."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

from mpfcgi.api import constants as c
from mpfcgi.api import lookups
from mpfcgi.api.text import shown

if TYPE_CHECKING:
    from mpfcgi.api.connection import mp_conn
    from mpfcgi.api.server import mp_server


class Client:
    """Mixed into the request object."""

    _params: dict[str, str]
    _settings: Any
    _server: mp_server
    _services: Any

    if TYPE_CHECKING:

        @property
        def connection(self) -> mp_conn: ...

    @property
    def hostname(self) -> str | None:
        """The name the client asked for, in lower case and without a port; an IPv6 address without brackets."""
        host = self._params.get("HTTP_HOST") or self._params.get("SERVER_NAME")
        return shown(lookups.bare_host(host)).strip("[]") if host else None

    @property
    def useragent_ip(self) -> str:
        """The client's address."""
        return self.connection.client_ip

    @property
    def useragent_addr(self) -> tuple[str, int]:
        """(address, port) of the client."""
        return self.connection.client_addr

    def get_remote_host(self, type: int = c.REMOTE_NAME, str_is_ip: Any = None, /) -> Any:
        """The client's name, or address, as `type` (REMOTE_*) says; None when it isn't known.

        With `str_is_ip` not None, a pair of it and whether it is an address (1 or 0).
        """
        found = lookups.remote_host(self.connection, self._settings.get("HostnameLookups", "off"), index(type))
        if str_is_ip is None or found is None:
            return found
        return found, int(found == self.connection.client_ip)

    def is_https(self) -> int:
        """1 when the client came over TLS, by what the front-end says."""
        params = self._params
        return int(params.get("HTTPS", "").lower() in ("on", "1") or params.get("REQUEST_SCHEME") == "https")

    def ssl_var_lookup(self, name: str, /) -> str | None:
        """A TLS variable (SSL_PROTOCOL, SSL_CLIENT_VERIFY...) that the front-end sends as a parameter; None without it."""
        if not isinstance(name, str):
            raise TypeError(f"ssl_var_lookup() takes a string, not {_type_name(name)}")
        if name == "HTTPS":
            return "on" if self.is_https() else "off"
        value = self._params.get(name) if name.startswith("SSL_") else None
        return shown(value) if value else None

    def document_root(self) -> str:
        """The folder of the host's files."""
        return self._services.document_root(self)  # type: ignore[no-any-return]

    def construct_url(self, uri: str, /) -> str:
        """The full URL of a path on this server, with the port where it isn't the scheme's own."""
        if not isinstance(uri, str):
            raise TypeError(f"construct_url() takes a string, not {_type_name(uri)}")
        port = self._server_port()
        return f"{self._scheme()}://{self._server_name()}{'' if port == self._usual_port() else f':{port}'}{uri}"

    def _scheme(self) -> str:
        """What ServerName says, for a host behind something that ends TLS, or else how the client came."""
        return self._server.scheme or ("https" if self.is_https() else "http")

    def _usual_port(self) -> int:
        return 443 if self._scheme() == "https" else 80

    def _canonical_name(self) -> bool:
        return self._settings.get("UseCanonicalName", "off") == "on"  # type: ignore[no-any-return]

    def _server_name(self) -> str:
        """The host's name for URLs, as UseCanonicalName says."""
        if self._canonical_name():
            return self._server.server_hostname
        name = self.hostname or self._server.server_hostname
        return f"[{name}]" if ":" in name else name

    def _server_port(self) -> int:
        """The port for URLs: the one the client asked for, or the configured one.

        Where the front-end listens counts with UseCanonicalPhysicalPort only: it may be behind another.
        """
        physical = self.connection.local_addr[1] if self._settings.get("UseCanonicalPhysicalPort") else 0
        if not self._canonical_name():
            return self._asked_port() or physical or self._server.port or self._usual_port()
        return self._server.port or physical or self._usual_port()

    def _asked_port(self) -> int | None:
        """The port in the Host header."""
        named = lookups.port_of(self._params.get("HTTP_HOST", ""))
        return int(named) if named.isascii() and named.isdecimal() else None


def _type_name(value: object) -> str:
    return type(value).__name__
