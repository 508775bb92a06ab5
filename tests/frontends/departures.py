"""Where a front-end's answer is not nginx's, each with the reason. docs/frontends.md tells them to users."""

from __future__ import annotations

from typing import NamedTuple


class Departure(NamedTuple):
    """The status of the answer, None where that is left to chance, and why it is another one."""

    status: int | None
    why: str


NO_LENGTH = "Apache passes on a program's Content-Length only with SetEnv ap_trust_cgilike_cl, which is printed"
FORM_TYPE = "Caddy names a body without a type a form"
NO_LENGTH_READ = (
    "cgi-fcgi reads as much of a body as its length says, none without; Apache breaks off over what is left"
)
CHECKED = "with check-local lighttpd answers itself where it finds no file: it knows none of our aliases, redirects, error pages"

# By variant, or by kind of server, and case.
DEPARTURES: dict[tuple[str, str], Departure] = {
    ("lighttpd", "empty header of the client"): Departure(200, "lighttpd drops headers without a value"),
    ("apache-sethandler", "HEAD of a file"): Departure(200, NO_LENGTH),
    ("apache-sethandler", "length"): Departure(200, NO_LENGTH),
    ("apache-proxypassmatch", "HEAD of a file"): Departure(200, NO_LENGTH),
    ("apache-proxypassmatch", "length"): Departure(200, NO_LENGTH),
    ("haproxy", "chunked POST of a megabyte"): Departure(
        400, "HAProxy buffers a body whose length it isn't told, and refuses one above tune.bufsize (16 KB)"
    ),
    ("cgi-fcgi", "chunked POST"): Departure(None, NO_LENGTH_READ),
    ("cgi-fcgi", "chunked POST of a megabyte"): Departure(None, NO_LENGTH_READ),
    ("lighttpd-check-local", "missing file"): Departure(404, CHECKED),
    ("lighttpd-check-local", "missing folder"): Departure(404, CHECKED),
    ("lighttpd-check-local", "alias"): Departure(404, CHECKED),
    ("lighttpd-check-local", "redirect of the configuration"): Departure(404, CHECKED),
    ("lighttpd-check-local", "folder without its slash"): Departure(301, CHECKED),
    ("lighttpd-check-local", "folder without its slash, with a query"): Departure(301, CHECKED),
    **{
        ("caddy", name): Departure(200, FORM_TYPE)
        for name in (
            "PUT", "DELETE", "PATCH", "POST without a body", "POST of binary data", "POST of a megabyte",
            "empty chunked POST", "chunked POST of a megabyte",
        )
    },
}  # fmt: skip
