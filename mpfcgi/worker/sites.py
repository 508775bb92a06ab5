"""Whose a request is: its virtual host and its interpreter, told from its parameters before any of it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpfcgi.config import Resource, Server
from mpfcgi.fastcgi import Pairs
from mpfcgi.ipc import handoff
from mpfcgi.worker.site import Head, Site

if TYPE_CHECKING:
    from mpfcgi.worker.services import WorkerServices

# Combinations of host name, port and address that are remembered: clients make up the first.
HOSTS_KEPT = 4096


class Sites:
    """The virtual hosts of one worker, each looked up once."""

    def __init__(self, services: WorkerServices) -> None:
        self._services = services
        self._resolver = services.resolver
        self._sites: dict[Server, Site] = {}
        self._hosts: dict[tuple[str | None, ...], Site] = {}

    def head(self, params: Pairs) -> Head:
        """What a request asks for; worked out once for its parameters."""
        head: Head | None = params.derived
        if head is None:
            head = params.derived = self._for(params).head(params)
        return head

    def of(self, server: Server) -> Site:
        """The site of a host of the configuration."""
        site = self._sites.get(server)
        if site is None:
            site = self._sites[server] = Site(server, self._services)
        return site

    def interpreter(self, params: Pairs) -> str:
        """The interpreter that a request belongs to."""
        head = self.head(params)
        if head.site.interpreter is not None:
            return head.site.interpreter
        if head.site.early_interpreter is not None:
            return params.get(handoff.INTERPRETER) or head.site.early_interpreter
        if head.status:
            return self._resolver.server_interpreter(head.site.server)
        return self._resource(head, params).interpreter

    def body_rules(self, params: Pairs) -> tuple[int, bool]:
        """LimitRequestBody (bytes, 0 for none) and whether the body is collected before the handler starts."""
        head = self.head(params)
        settings = head.site.settings if head.status else self._resource(head, params).settings
        buffering = settings.get("RequestBuffering")
        return settings.get("LimitRequestBody", 0), buffering is None or buffering.on

    def _for(self, params: Pairs) -> Site:
        """The site that a request is for."""
        get = params.get
        key = (get("HTTP_HOST"), get("SERVER_NAME"), get("SERVER_PORT"), get("SERVER_ADDR"))
        if not key[0]:
            # The path may tell the host (ServerPath).
            return self.of(self._server(key, get("REQUEST_URI", "")))
        site = self._hosts.get(key)
        if site is None:
            if len(self._hosts) >= HOSTS_KEPT:
                self._hosts.clear()
            site = self._hosts[key] = self.of(self._server(key))
        return site

    def _server(self, key: tuple[str | None, ...], uri: str = "") -> Server:
        host, name, port, address = (part or "" for part in key)
        return self._resolver.server_for(host, name, port, address, uri)

    def _resource(self, head: Head, params: Pairs) -> Resource:
        if head.site.document_root:
            return self._resolver.resolve(head.site.server, head.path)[0]
        get = params.get
        resource, _ = self._resolver.resolve(
            head.site.server, head.path,
            get("DOCUMENT_ROOT", ""), get("SCRIPT_FILENAME", ""), get("QUERY_STRING", ""),
        )  # fmt: skip
        return resource
