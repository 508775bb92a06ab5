"""The server and its hosts: names, addresses, limits of requests."""

from __future__ import annotations

from typing import NamedTuple

from mpfcgi.config.directives.arguments import (
    BadValue,
    choice,
    flag,
    integer,
    one,
    path_or_off,
    seconds,
    size,
    waiting_time,
    words,
)
from mpfcgi.config.directives.merging import append
from mpfcgi.config.directives.registry import declare


class Buffering(NamedTuple):
    """RequestBuffering: whether bodies are collected before the handler starts; bytes kept in memory."""

    on: bool
    in_memory: int


def recursion(args: tuple[str, ...]) -> tuple[int, int]:
    """`number [number]`: the most internal redirects, and the most subrequests inside each other, or one for both."""
    if len(args) not in (1, 2):
        raise BadValue(f"takes one number or two, not {len(args)}")
    redirects, subrequests = (integer(1, 1000)((arg,)) for arg in (args[0], args[-1]))
    return redirects, subrequests


class Crowd(NamedTuple):
    """LimitConcurrentRequests: a group of requests, and how many of it a pool answers at once."""

    group: str
    most: int


def crowd(args: tuple[str, ...]) -> Crowd:
    """`group number`."""
    if len(args) != 2:
        raise BadValue(f"takes a group and a number, not {len(args)} arguments")
    return Crowd(args[0], integer(1, 10**6)(args[1:]))


def server_path(args: tuple[str, ...]) -> str:
    """A path that begins with a slash."""
    path = one(args)
    if not path.startswith("/"):
        raise BadValue(f"takes a path that begins with /, not {path!r}")
    return path


def buffering(args: tuple[str, ...]) -> Buffering:
    """`On [bytes in memory]` or `Off`."""
    if not 1 <= len(args) <= 2:
        raise BadValue("takes On or Off, and after On perhaps a size")
    on = flag(args[:1])
    return Buffering(on, size(args[1:]) if len(args) == 2 else 256 * 1024)


# fmt: off
declare("ServerRoot", "S", one, syntax="folder",
        help="Where relative paths start. Default: the folder of the configuration file.")
declare("ServerName", "SV", one, syntax="[scheme://]name[:port]", help="The host's name, and perhaps :port.")
declare("ServerAlias", "V", words, combine=append, syntax="name ...", help="More names of the host; * and ? are wildcards.")
declare("ServerAdmin", "SV", one, syntax="address", help="The address that error pages name.")
declare("ServerSignature", "SVDH", choice("On", "Off", "EMail"), override="any",
        help="The line under error pages. Default Off.")
declare("DocumentRoot", "SV", one, syntax="path", help="The folder of the host's files.")
declare("Listen", "SP", words, combine=append, syntax="address [option ...]",
        help="Where front-ends connect: unix:PATH [mode=0660] [owner=] [group=] [acl_users=] [acl_groups=] [backlog=511], HOST:PORT, or fd:N; "
             "with connection, where clients of a PythonConnectionHandler do, perhaps through a proxy "
             "(proxy_protocol).")
declare("Timeout", "SV", waiting_time,
        help="How long to wait for a front-end to send or take bytes. Default 60.")
declare("RequestBuffering", "S", buffering, syntax="On [size] | Off",
        help="Whether request bodies are collected before the handler starts, and how much of one stays in memory. "
             "Default On 256K.")
declare("FrontEndRewrites", "SV", flag,
        help="Whether the page is the one that the web server's rewriting has named (SCRIPT_NAME, PATH_INFO, QUERY_STRING), "
             "and not the one of the address that the client sent (REQUEST_URI). Default Off.")
declare("LimitConcurrentRequests", "SVDH", crowd, override="any", syntax="group number",
        help="How many workers of a pool may answer the requests of all places with this group at once; others get 503.")
declare("LimitRequestBody", "SVDH", size, override="any",
        help="The largest request body; 0 for any. Default 0.")
declare("LimitRequestLine", "SV", integer(0, 2**31), syntax="bytes",
        help="The longest request line: 414. Default: none.")
declare("LimitRequestFields", "SV", integer(0, 32767),
        help="The most header fields, 0 for any number: 400. Default: none.")
declare("LimitRequestFieldSize", "SV", integer(0, 2**31), syntax="bytes",
        help="The longest header field: 400. Default: none.")
declare("LimitInternalRecursion", "SV", recursion, syntax="number [number]",
        help="The most internal redirects one after the other: 500; and the most included pages inside each other, the"
             " same number unless it is given. Default 10.")
declare("KeepAlive", "SV", flag, shown_only=True, help="Shown as server.keep_alive.")
declare("KeepAliveTimeout", "SV", seconds, shown_only=True, help="Shown as server.keep_alive_timeout.")
declare("MaxKeepAliveRequests", "SV", integer(0, 2**31), shown_only=True, help="Shown as server.keep_alive_max.")
declare("UseCanonicalName", "SVD", choice("On", "Off", "DNS"),
        help="Whether our own URLs have ServerName or the client's Host. Default Off.")
declare("UseCanonicalPhysicalPort", "SVD", flag, help="Whether our own URLs may have the physical port. Default Off.")
declare("HostnameLookups", "SVD", choice("On", "Off", "Double"),
        help="Whether clients' addresses are looked up. Default Off.")
declare("AllowEncodedSlashes", "SV", choice("On", "Off", "NoDecode"),
        help="What becomes of %2F in paths. Default Off: 404.")
declare("ServerPath", "V", server_path, syntax="/path",
        help="The path by which requests without a Host header find the host; files of the host are looked for without it.")
declare("SendBufferSize", "S", integer(0, 2**31), shown_only=True, help="Shown as server.send_buffer_size.")
declare("ListenBacklog", "S", integer(1, 65535),
        help="The backlog of Listen lines that name none. Default 511.")
declare("PidFile", "S", one, syntax="file", help="The file with the daemon's process id. Default: in ~/.mpfcgi/run.")
declare("ControlSocket", "S", path_or_off, syntax="path|Off",
        help="The socket of mpfcgi status and its kin, for the daemon's user only. Default: in ~/.mpfcgi/run.")
