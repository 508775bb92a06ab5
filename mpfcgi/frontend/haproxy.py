"""HAProxy: a `frontend` for each address, a `backend` and an `fcgi-app` for each host. It sends no files itself."""

from __future__ import annotations

import re

from mpfcgi.frontend.model import Address, Deployment, Site
from mpfcgi.frontend.text import head, indent, name_expression, text, title


def generate(deployment: Deployment) -> str:
    """The text of a haproxy.cfg, without a `global` section: what is there already serves."""
    lines = head(
        "haproxy",
        deployment,
        "Sections for haproxy.cfg, behind its global section. HAProxy sends no files itself: all are the daemon's.",
        "A `chroot` line there must leave the sockets of the daemon in reach.",
    )
    for site in deployment.sites:
        site.offered_by("None", "HAProxy sends no files: SendfileHeader None")
    stall = max(site.stall for site in deployment.sites)
    lines += [
        "defaults mpfcgi",
        *indent([
            "mode http",
            "timeout connect 10s",
            "# A client that stands still for so long is gone, as for the daemon (Timeout).",
            f"timeout client {stall}s",
            f"timeout http-request {stall}s",
            "# The daemon gives up before HAProxy does, so that it is the daemon's error page and log that tell.",
            f"timeout server {deployment.patience}s",
            "timeout queue 30s",
        ]),
        "",
    ]  # fmt: skip
    addresses = dict.fromkeys(address for site in deployment.sites for address in site.addresses)
    for address in addresses:
        lines += [*_frontend(address, [site for site in deployment.sites if address in site.addresses], deployment), ""]
    for number, site in enumerate(deployment.sites, 1):
        lines += [*_backend(number, site), "", *_app(number, site), ""]
    return text(lines)


def _frontend(address: Address, sites: list[Site], deployment: Deployment) -> list[str]:
    tls = next((site.tls for site in sites if site.tls), None)
    # HAProxy looks for the key beside it, as CERTIFICATE.key, or in the same file.
    secure = f" ssl crt {tls.certificate}" if tls else ""
    lines = [f"bind {address.host or '*'}:{address.port}{secure}"]
    for site in sites[1:]:
        lines.append(f"use_backend {_name(deployment.sites.index(site) + 1)} if {_condition(site)}")
    lines.append(
        f"default_backend {_name(deployment.sites.index(sites[0]) + 1)}  # {title(sites[0])}, and unknown names"
    )
    return [f"frontend mpfcgi_{re.sub('[^0-9A-Za-z]+', '_', str(address))} from mpfcgi", *indent(lines)]


def _condition(site: Site) -> str:
    conditions = []
    if site.names:
        conditions.append(f"{{ req.hdr(host),field(1,:),lower -m str {' '.join(site.names)} }}")
    if site.wild:
        conditions.append(f"{{ req.hdr(host),field(1,:),lower -m reg ^(?:{name_expression(site.wild)})$ }}")
    return " or ".join(conditions)


def _name(number: int) -> str:
    return "mpfcgi" if number == 1 else f"mpfcgi_{number}"


def _backend(number: int, site: Site) -> list[str]:
    backend = site.backend
    lines = [f"use-fcgi-app {_name(number)}"]
    if site.body_limit:
        lines += [
            "# LimitRequestBody. What comes without a length, the daemon measures.",
            f"http-request deny deny_status 413 if {{ req.hdr_val(content-length) gt {site.body_limit} }}",
        ]
    where = f"unix@{backend.address}" if backend.family == "unix" else backend.address
    lines += [f"server daemon {where} proto fcgi"]
    return [f"# {title(site)}", f"backend {_name(number)} from mpfcgi", *indent(lines)]


def _app(number: int, site: Site) -> list[str]:
    root = (
        [f"docroot {site.root}"]
        if site.root
        else ["# Needed here; without a DocumentRoot of ours there are no files.", "docroot /"]
    )
    return [
        f"fcgi-app {_name(number)}",
        *indent([
            *root,
            "log-stderr global",
            "# Passwords are checked by the daemon: without this HAProxy keeps the header to itself.",
            "pass-header Authorization",
        ]),
    ]  # fmt: skip
