"""Which front-end a request came through, and what is to be written in its configuration to mend what.

The dialects are those of docs/frontends.md. The tests break real servers, and mend them with these lines.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mpfcgi.api import Request
from mpfcgi.worker.selftest.findings import Remedy

NGINX, APACHE, FCGID, CGI = "nginx", "Apache mod_proxy_fcgi", "Apache mod_fcgid", "CGI"
LIGHTTPD, CADDY, HAPROXY, SERVE = "lighttpd", "Caddy", "HAProxy", "mpfcgi serve"
_BY_SOFTWARE = {"nginx": NGINX, "lighttpd": LIGHTTPD, "caddy": CADDY, "haproxy": HAPROXY, "mpfcgi": SERVE}
# Those that keep connections when they are told to; the others never do.
KEEPERS = (NGINX, APACHE, HAPROXY)


@dataclass(frozen=True)
class FrontEnd:
    """`kind` is one of the names above, "" for an unknown one; `software` what it calls itself; `way` how it came here.

    `kept` is whether it keeps the connection, None where there is none of FastCGI.
    """

    kind: str
    software: str
    way: str
    kept: bool | None


def recognise(req: Request, alone: bool) -> FrontEnd:
    """Who passed a request on. `alone`: this process serves the web server's socket without a daemon."""
    params = req._params
    software = params.get("SERVER_SOFTWARE", "")
    channel = getattr(req._exchange, "channel", None)
    kind = _kind(params, software, channel)
    if channel is None:
        return FrontEnd(kind, software, "in this process", None)
    family = "a unix socket" if channel.sock.family == socket.AF_UNIX else "TCP"
    kept: bool = channel.wire.keep_conn
    way = f"FastCGI over {family}, " + ("the connection is kept" if kept else "a connection for each request")
    if kind == CGI:
        way = "a CGI program for each request, which asks the daemon; mod_fcgid is faster where the host has it"
    elif alone:
        way = "one process answers, with no daemon (mpfcgi fcgi, or run -X)"
    return FrontEnd(kind, software, way, kept)


def _kind(params: Mapping[str, str], software: str, channel: Any) -> str:
    # What a shell leaves in the environment: parameters of a web server have other names, and a client's begin with HTTP_.
    if "PWD" in params:
        return CGI
    name = software.lower()
    if not name.startswith("apache"):
        return next((kind for prefix, kind in _BY_SOFTWARE.items() if name.startswith(prefix)), "")
    # mod_fcgid keeps no connection, and names the file itself.
    proxied = params.get("SCRIPT_FILENAME", "").startswith("proxy:") or (channel is not None and channel.wire.keep_conn)
    return APACHE if proxied else FCGID


_SERVER = "nginx, in the location with fastcgi_pass (or in its server, if the location has no fastcgi_param of its own)"
_HOST = "Apache, in the <VirtualHost>"
_PROXYPASS = _HOST + ", at the end of the ProxyPass line"
_HTACCESS = ".htaccess, before its other RewriteRules (or the <VirtualHost>)"
_FASTCGI = "lighttpd.conf"
_APP = "haproxy.cfg, in the fcgi-app"
_BACKEND = "haproxy.cfg, in the backend"
_CADDYFILE = "Caddyfile, in the reverse_proxy"
_BEFORE = "whatever stands before the web server (a proxy, a CDN, a firewall)"
OURS = "mpfcgi.conf"

_FORWARDED_PROTO = 'SetEnvIf X-Forwarded-Proto "^https$" HTTPS=on'
_EXTFORWARD = Remedy(
    _FASTCGI, 'server.modules += ("mod_extforward")\nextforward.forwarder = ("ADDRESS OF THE PROXY" => "trust")'
)
_SAVED_HEADER = Remedy(_HTACCESS, "RewriteEngine On\nRewriteRule ^ - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]")
_FCGID_SIZE = Remedy("Apache, in the <VirtualHost> (only the host's admin can)", "FcgidMaxRequestLen 1073741824")
# By what is to be mended, then by kind; "" is for those that are not named.
_LINES: dict[str, dict[str, Remedy]] = {
    "keep": {
        NGINX: Remedy(_SERVER + ", and the second in the upstream", "fastcgi_keep_conn on;\nkeepalive 32;"),
        APACHE: Remedy(_PROXYPASS, "enablereuse=on"),
        HAPROXY: Remedy(_APP + ", take away", "no option keep-conn"),
    },
    "host": {
        NGINX: Remedy(_SERVER, "fastcgi_param HTTP_HOST $http_host;"),
        APACHE: Remedy(_HOST + ", take away", "RequestHeader set Host ..."),
        CADDY: Remedy(_CADDYFILE + ", take away", "header_up Host ..."),
        HAPROXY: Remedy(_BACKEND + ", take away", "http-request set-header Host ..."),
        "": Remedy(_BEFORE, "pass on the Host header of the client, with its port"),
    },
    "https": {
        NGINX: Remedy(_SERVER, "fastcgi_param HTTPS $https if_not_empty;"),
        "": Remedy(OURS + ", if something before the web server ends TLS", "ServerName https://www.example.com"),
    },
    # Where something before the web server ends TLS, and tells so.
    "forwarded-https": {
        NGINX: Remedy(_SERVER, "fastcgi_param HTTPS on;"),
        APACHE: Remedy(_HOST, _FORWARDED_PROTO),
        FCGID: Remedy(".htaccess", _FORWARDED_PROTO),
        CGI: Remedy(".htaccess", _FORWARDED_PROTO),
        LIGHTTPD: _EXTFORWARD,
        HAPROXY: Remedy(_APP, "set-param HTTPS on"),
        "": Remedy(OURS, "ServerName https://www.example.com"),
    },
    "client": {
        NGINX: Remedy("nginx, in the server", "set_real_ip_from ADDRESS OF THE PROXY;\nreal_ip_header X-Forwarded-For;"),
        APACHE: Remedy(_HOST + " (a2enmod remoteip)", "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy ADDRESS OF THE PROXY"),
        LIGHTTPD: _EXTFORWARD,
        "": Remedy("the web server", "take the client's address from X-Forwarded-For, of requests that this proxy sends"),
    },
    "authorization": {
        NGINX: Remedy(_SERVER, "fastcgi_param HTTP_AUTHORIZATION $http_authorization;"),
        APACHE: Remedy(_HOST, '<Location "/">\n    CGIPassAuth On\n</Location>'),
        FCGID: _SAVED_HEADER,
        CGI: _SAVED_HEADER,
        CADDY: Remedy(_CADDYFILE + ", take away", "header_up -Authorization"),
        HAPROXY: Remedy(_APP, "pass-header Authorization"),
        "": Remedy(_BEFORE, "pass on the Authorization header"),
    },
    "cookies": {
        NGINX: Remedy("nginx, take away", 'fastcgi_hide_header Set-Cookie;\nfastcgi_param HTTP_COOKIE "";'),
        "": Remedy(_BEFORE, "pass on Cookie and Set-Cookie, and cache nothing that has them"),
    },
    "body": {
        NGINX: Remedy("nginx, in the server", "client_max_body_size 0;"),
        APACHE: Remedy(_HOST, "LimitRequestBody 0"),
        FCGID: _FCGID_SIZE,
        LIGHTTPD: Remedy(_FASTCGI, "server.max-request-size = 0"),
        "": Remedy(OURS + ", and the web server's own limit", "LimitRequestBody 0"),
    },
    "type": {
        NGINX: Remedy(_SERVER, "fastcgi_param CONTENT_TYPE $content_type;\nfastcgi_param CONTENT_LENGTH $content_length;"),
        "": Remedy(_BEFORE, "pass on the Content-Type header"),
    },
    "chunked": {
        NGINX: Remedy(_SERVER, "fastcgi_request_buffering on;"),
        FCGID: _FCGID_SIZE,
        CGI: Remedy("the CGI program, instead of cgi-fcgi", 'exec mpfcgi cgi --start'),
        LIGHTTPD: Remedy(_FASTCGI, "server.stream-request-body = 0"),
        HAPROXY: Remedy("haproxy.cfg, in global", "tune.bufsize 65536"),
        "": Remedy(_BEFORE, "take bodies without a Content-Length (chunked)"),
    },
    "path": {
        NGINX: Remedy(_SERVER, "fastcgi_param REQUEST_URI $request_uri;"),
        "": Remedy("the web server", "REQUEST_URI must be the address as the client sent it, with its query"),
    },
    "stream": {
        NGINX: Remedy(_SERVER, "fastcgi_buffering off;"),
        APACHE: Remedy(_PROXYPASS, "flushpackets=on"),
        FCGID: Remedy("Apache, in the <VirtualHost> (only the host's admin can)", "FcgidOutputBufferSize 0"),
        LIGHTTPD: Remedy(_FASTCGI, "server.stream-response-body = 1"),
        CADDY: Remedy(_CADDYFILE, "flush_interval -1"),
        "": Remedy(_BEFORE, "pass answers on as they come"),
    },
    "clock": {"": Remedy("this machine, if its clock is the wrong one", "timedatectl set-ntp true")},
}  # fmt: skip
# Of nginx, where each parameter has a line of its own.
NGINX_VALUES = {
    "REQUEST_METHOD": "$request_method", "REQUEST_URI": "$request_uri", "QUERY_STRING": "$query_string",
    "SCRIPT_NAME": "$uri", "SERVER_PROTOCOL": "$server_protocol", "SERVER_NAME": "$server_name",
    "SERVER_PORT": "$server_port", "REMOTE_ADDR": "$remote_addr",
}  # fmt: skip


def remedy(topic: str, kind: str) -> Remedy | None:
    """What to write in a front-end of this kind. None where there is nothing to say."""
    lines = _LINES[topic]
    return lines.get(kind) or lines.get("")


def missing(names: list[str], kind: str) -> Remedy:
    """What to write so that these parameters come."""
    if kind == NGINX:
        lines = "\n".join(f"fastcgi_param {name} {NGINX_VALUES[name]};" for name in names)
        return Remedy(_SERVER + ": include mpfcgi_params, or of that at least", lines)
    return Remedy("the web server", f"send the parameters {', '.join(names)}; `mpfcgi frontend` prints how")
