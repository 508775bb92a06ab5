"""Each front-end in each of the ways in which it is set up: by what `mpfcgi frontend` prints, or by hand."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mpfcgi.config import load_text
from mpfcgi.frontend import GENERATORS, deployment
from tests.frontends.cases import SITE
from tests.support.apache import MODULES
from tests.support.servers import program

TLS = "SSLEngine On\n    SSLCertificateFile {folder}/site.pem\n    SSLCertificateKeyFile {folder}/site.pem.key"


@dataclass(frozen=True)
class Place:
    """Where the daemon is: its folder, its unix socket, its TCP port."""

    folder: Path
    socket: str
    port: int


@dataclass(frozen=True)
class Variant:
    """`write` gives the server's configuration for a place and two ports, the second with TLS where it is printed."""

    name: str
    kind: str
    write: Callable[[Place, int, int], str]
    printed: bool = False


def printed(kind: str, over_tcp: bool = False, head: str = "") -> Callable[[Place, int, int], str]:
    """What `mpfcgi frontend` prints for the site."""

    def write(place: Place, port: int, tls_port: int) -> str:
        listen = f"Listen 127.0.0.1:{place.port}\n" if over_tcp else f"Listen unix:{place.socket}\n"
        hosts = [
            SITE.format(address=f"127.0.0.1:{port}", folder=place.folder, more=""),
            SITE.format(address=f"127.0.0.1:{tls_port}", folder=place.folder, more=TLS.format(folder=place.folder)),
        ]
        text = GENERATORS[kind](deployment(load_text(head + listen + "".join(hosts), server_root=str(place.folder))))
        if kind == "apache":
            # Debian's ports.conf has such a line for port 80; printed are those for others.
            assert f"Listen 127.0.0.1:{port}\n" in text
        return text

    return write


def apache(passing: str, more: str = "") -> Callable[[Place, int, int], str]:
    def write(place: Place, port: int, tls_port: int) -> str:
        values = {"folder": place.folder, "socket": place.socket, "port": place.port}
        return f"""\
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
    ServerName site.test
    DocumentRoot {place.folder}/htdocs
    AllowEncodedSlashes NoDecode
    {more.format(**values)}
    <Location "/">
        CGIPassAuth On
        Require all granted
    </Location>
    {passing.format(**values)}
</VirtualHost>
"""

    return write


FCGID = """\
Listen 127.0.0.1:{port}
FcgidIPCDir {folder}
FcgidProcessTableFile {folder}/table
FcgidMaxProcesses 2
FcgidMaxRequestLen 200000000
<VirtualHost 127.0.0.1:{port}>
    ServerName site.test
    DocumentRoot {site}/htdocs
    AllowEncodedSlashes NoDecode
    MergeSlashes Off
    SetEnv ap_trust_cgilike_cl 1
    <Directory "{site}/htdocs">
        DirectorySlash Off
        DirectoryIndex disabled
        FallbackResource disabled
    </Directory>
    <Location "/">
        CGIPassAuth On
        Require all granted
        Options +ExecCGI
        SetHandler fcgid-script
        FcgidWrapper {folder}/mpfcgi.fcgi virtual
    </Location>
</VirtualHost>
"""


def fcgid(options: str) -> Callable[[Place, int, int], str]:
    """mod_fcgid with `mpfcgi fcgi` and its options, in a folder where its user may write."""

    def write(place: Place, port: int, tls_port: int) -> str:
        folder = Path(tempfile.mkdtemp(dir=place.folder))
        folder.chmod(0o777)
        head = f"Listen unix:{place.socket}\nErrorLog {folder}/error.log\nPythonOption mod_python.mutex_directory {folder}\n"
        (folder / "mpfcgi.conf").write_text(head + SITE.format(address="*", folder=place.folder, more=""))
        script = folder / "mpfcgi.fcgi"
        script.write_text(
            f"#!/bin/sh\nexec {sys.executable} -m mpfcgi fcgi -c {folder}/mpfcgi.conf {options.format(socket=place.socket)}\n"
        )
        script.chmod(0o755)
        return FCGID.format(site=place.folder, folder=folder, port=port)

    return write


CGI = """\
LoadModule cgid_module {modules}/mod_cgid.so
ScriptSock {folder}/cgid.sock
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
    ServerName site.test
    DocumentRoot {site}/htdocs
    AllowEncodedSlashes NoDecode
    MergeSlashes Off
    SetEnv ap_trust_cgilike_cl 1
    ScriptAlias "/" "{folder}/site.cgi/"
    <Location "/">
        CGIPassAuth On
        Require all granted
    </Location>
</VirtualHost>
"""


def cgi(command: Callable[[], str]) -> Callable[[Place, int, int], str]:
    """A CGI script for the whole site, which passes each request on with a new process of `command`."""

    def write(place: Place, port: int, tls_port: int) -> str:
        folder = Path(tempfile.mkdtemp(dir=place.folder))
        folder.chmod(0o777)
        script = folder / "site.cgi"
        script.write_text(f"#!/bin/sh\nexec {command().format(socket=place.socket)}\n")
        script.chmod(0o755)
        return CGI.format(site=place.folder, folder=folder, port=port, modules=MODULES)

    return write


def lighttpd(options: str) -> Callable[[Place, int, int], str]:
    def write(place: Place, port: int, tls_port: int) -> str:
        return f"""\
server.modules = ("mod_fastcgi")
server.document-root = "{place.folder}/htdocs"
server.port = {port}
server.bind = "127.0.0.1"
fastcgi.server = ("/" => (("socket" => "{place.socket}", {options})))
"""

    return write


def nginx_unbuffered(place: Place, port: int, tls_port: int) -> str:
    text = printed("nginx", head="RequestBuffering Off\n")(place, port, tls_port)
    assert "fastcgi_request_buffering off;" in text
    return text.replace("fastcgi_keep_conn on;", "fastcgi_keep_conn on;\n    fastcgi_buffering off;")


def nginx_without_keepalive(place: Place, port: int, tls_port: int) -> str:
    text = printed("nginx")(place, port, tls_port)
    return text.replace("keepalive 32;", "").replace("fastcgi_keep_conn on;", "fastcgi_keep_conn off;")


def haproxy_multiplexed(place: Place, port: int, tls_port: int) -> str:
    text = printed("haproxy")(place, port, tls_port)
    return text.replace(
        "    pass-header", "    option get-values\n    option mpxs-conns\n    option max-reqs 10\n    pass-header"
    )


def haproxy_path_info(place: Place, port: int, tls_port: int) -> str:
    """As for PHP: the daemon goes by the address all the same."""
    text = printed("haproxy")(place, port, tls_port)
    return text.replace("    pass-header", "    index index.py\n    path-info ^(/.+\\.py)(/.*)?$\n    pass-header")


BY_HAND = '<Directory "{folder}/htdocs">\n        DirectorySlash Off\n        DirectoryIndex disabled\n    </Directory>'
VARIANTS = [
    Variant("nginx", "nginx", printed("nginx"), True),
    Variant("nginx-tcp", "nginx", printed("nginx", over_tcp=True)),
    Variant("nginx-unbuffered", "nginx", nginx_unbuffered),
    Variant("nginx-without-keepalive", "nginx", nginx_without_keepalive),
    Variant("apache", "apache", printed("apache"), True),
    Variant("apache-tcp", "apache", printed("apache", over_tcp=True)),
    Variant("apache-sethandler", "apache", apache('<Location "/">\n        SetHandler "proxy:unix:{socket}|fcgi://localhost/"\n    </Location>', BY_HAND)),
    Variant("apache-proxypassmatch", "apache", apache('ProxyPassMatch "^(/.*)$" "fcgi://127.0.0.1:{port}$1"')),
    Variant("fcgid-alone", "apache", fcgid("--alone")),
    Variant("fcgid-bridged", "apache", fcgid("--connect unix:{socket}")),
    Variant("cgi", "apache", cgi(lambda: f"{sys.executable} -m mpfcgi cgi --connect unix:{{socket}}")),
    Variant("cgi-fcgi", "apache", cgi(lambda: f"{program('cgi-fcgi')} -bind -connect {{socket}}")),
    Variant("lighttpd", "lighttpd", printed("lighttpd"), True),
    Variant("lighttpd-by-hand", "lighttpd", lighttpd('"check-local" => "disable"')),
    Variant("lighttpd-check-local", "lighttpd", lighttpd('"check-local" => "enable"')),
    Variant("caddy", "caddy", printed("caddy"), True),
    Variant("haproxy", "haproxy", printed("haproxy"), True),
    Variant("haproxy-tcp", "haproxy", printed("haproxy", over_tcp=True)),
    Variant("haproxy-multiplexed", "haproxy", haproxy_multiplexed),
    Variant("haproxy-path-info", "haproxy", haproxy_path_info),
]  # fmt: skip
