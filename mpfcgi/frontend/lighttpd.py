"""lighttpd: a whole lighttpd.conf, with mod_fastcgi for each host."""

from __future__ import annotations

import re

from mpfcgi.config.frontend_params import PASSED_ON
from mpfcgi.frontend.model import Address, Deployment, Site
from mpfcgi.frontend.text import block, head, name_expression, text, title


def generate(deployment: Deployment) -> str:
    """The text of a lighttpd.conf."""
    addresses = sorted({address for site in deployment.sites for address in site.addresses}, key=_order)
    modules = ["mod_fastcgi"]
    if any(site.statics for site in deployment.sites):
        # In this order: a rewrite asks for the file that an alias has named.
        modules += ["mod_alias", "mod_rewrite"]
    if any(site.tls for site in deployment.sites):
        modules += ["mod_openssl"]
    packages = ("mod_openssl is in Debian's package lighttpd-mod-openssl.",) if "mod_openssl" in modules else ()
    lines = head(
        "lighttpd", deployment, "The whole of lighttpd.conf. Everything else is left as lighttpd has it.", *packages
    )
    lines += [
        f"server.modules = ({', '.join(_quoted(name) for name in modules)})",
        "# Needed here, and used by no host.",
        'server.document-root = "/var/www/html"',
        f"server.port = {addresses[0].port}",
        *([f"server.bind = {_quoted(addresses[0].host)}"] if addresses[0].host else []),
        "",
        "# The path as it was sent: %2F is the daemon's to judge.",
        'server.http-parseopts = ("url-path-2f-decode" => "disable")',
        "# A client that stands still for so long is gone, as for the daemon (Timeout).",
        f"server.max-read-idle = {max(site.stall for site in deployment.sites)}",
        f"server.max-write-idle = {max(site.stall for site in deployment.sites)}",
        "# Answers go out as they come, with little of them held here.",
        "server.stream-response-body = 1",
        f"server.stream-request-body = {0 if deployment.buffering else 1}  # RequestBuffering",
    ]
    if not deployment.buffering:
        lines += [
            "# lighttpd passes on no body whose length it doesn't know: it has to have read it.",
            *block('$REQUEST_HEADER["Content-Length"] == "" {', ["server.stream-request-body = 0"]),
        ]
    if any(site.statics for site in deployment.sites):
        lines += [
            "# The types of files, from /etc/mime.types: Debian's script. Elsewhere, include a mimetype.assign here."
        ]
        lines += ['include_shell "/usr/share/lighttpd/create-mime.conf.pl"']
    for address in addresses:
        sites = [site for site in deployment.sites if address in site.addresses]
        lines += ["", *block(f'$SERVER["socket"] == "{_socket(address)}" {{', _listener(sites, deployment))]
    return text(lines)


def _socket(address: Address) -> str:
    return f"{address.host or '0.0.0.0'}:{address.port}"


def _listener(sites: list[Site], deployment: Deployment) -> list[str]:
    """What holds at one address: the certificate, and the hosts by name."""
    tls = next((site.tls for site in sites if site.tls), None)
    lines = [
        'ssl.engine = "enable"', f"ssl.pemfile = {_quoted(tls.certificate)}", f"ssl.privkey = {_quoted(tls.key)}",
    ] if tls else []  # fmt: skip
    if len(sites) == 1:
        return [*lines, f"# {title(sites[0])}", *_site(sites[0], deployment)]
    word = "$HTTP"
    for site in sites:
        if site.names or site.wild:
            lines += [f"# {title(site)}", *block(f'{word}["host"] =~ "{_condition(site)}" {{', _site(site, deployment))]
            word = "else $HTTP"
    lines += ["# Names that no host has: the daemon knows whose they are."]
    return [*lines, *block("else {", _passing(sites[0], deployment))]


def _order(address: Address) -> tuple[int, str]:
    return address.port, address.host


def _quoted(value: str) -> str:
    return f'"{value}"'


def _condition(site: Site) -> str:
    names = [re.escape(name) for name in site.names] + ([name_expression(site.wild)] if site.wild else [])
    return f"(?i)^(?:{'|'.join(names)})\\.?(?::[0-9]+)?$"


def _site(site: Site, deployment: Deployment) -> list[str]:
    lines = [f"server.document-root = {_quoted(site.root)}"] if site.root else []
    # In units of 1024 bytes; what is above the very limit, the daemon refuses.
    limit = -(-site.body_limit // 1024)
    why = "LimitRequestBody" if limit else "the daemon's LimitRequestBody decides"
    lines += [f"server.max-request-size = {limit}  # {why}"]
    passing = _passing(site, deployment)
    if not site.statics:
        return [*lines, *passing]
    plain = "|".join(re.escape(static.uri) for static in site.statics)
    moved = [static for static in site.statics if static.folder != site.root + static.uri]
    lines += ["# Folders that need no Python. What is no file there, and what begins with a dot, is the daemon's."]
    if moved:
        lines += [
            f"alias.url = ({', '.join(f'{_quoted(static.uri)} => {_quoted(static.folder)}' for static in moved)})"
        ]
    lines += [f'url.rewrite-if-not-file = ("^(?:{plain})" => "{PASSED_ON}")']
    lines += block(f'$HTTP["url"] !~ "^(?:{plain})(?!.*/\\.)(?!\\.)" {{', passing)
    lines += block('else $HTTP["request-method"] !~ "^(?:GET|HEAD)$" {', passing)
    return lines


def _passing(site: Site, deployment: Deployment) -> list[str]:
    backend = site.backend
    if backend.family == "unix":
        where = [f'"socket" => "{backend.address}",']
    else:
        host, _, port = backend.address.rpartition(":")
        where = [f'"host" => "{host.strip("[]")}", "port" => {port},']
    options = [
        *where,
        '"check-local" => "disable",  # the daemon knows which files there are',
        '"fix-root-scriptname" => "enable",',
        "# The daemon gives up before lighttpd does, so that it is the daemon's error page and log that tell.",
        f'"read-timeout" => {deployment.patience}, "write-timeout" => {deployment.patience}',
    ]
    if offers := site.offered_by("X-Sendfile", "for lighttpd: SendfileHeader X-Sendfile /folder/"):
        folders = ", ".join(_quoted(offer.folder) for offer in offers)
        options[-1] += ","
        options += [
            "# Files that the daemon names (SendfileHeader). lighttpd must be allowed to read them.",
            f'"x-sendfile" => "enable", "x-sendfile-docroot" => ({folders})',
        ]
    return block('fastcgi.server = ("/" => ((', options, ")))")
