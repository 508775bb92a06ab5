"""Caddy: a site block for each host in a Caddyfile, with the fastcgi transport of reverse_proxy."""

from __future__ import annotations

import re

from mpfcgi.frontend.model import Backend, Deployment, Offer, Site
from mpfcgi.frontend.static import Static
from mpfcgi.frontend.text import block, head, text, title

_REMEDY = "for Caddy: SendfileHeader X-Accel-Redirect /url/ /folder/"


def generate(deployment: Deployment) -> str:
    """The text of a Caddyfile."""
    lines = head(
        "caddy",
        deployment,
        "A Caddyfile. Hosts without a certificate of their own are served without TLS, as configured.",
    )
    for number, site in enumerate(deployment.sites, 1):
        lines += [*_site(site, deployment, f"mpfcgi_{number}"), ""]
    return text(lines)


def _site(site: Site, deployment: Deployment, passing: str) -> list[str]:
    """A snippet that passes requests on to the daemon, and the site that imports it."""
    bound = sorted({address.host for address in site.addresses if address.host})
    lines = [f"bind {' '.join(bound)}"] if bound else []
    if site.tls is not None:
        lines += [f"tls {site.tls.certificate} {site.tls.key}"]
    if site.body_limit:
        lines += ["# LimitRequestBody", *block("request_body {", [f"max_size {site.body_limit}B"])]
    if site.statics:
        lines += ["# Folders that need no Python. What is no file there, and what begins with a dot, is the daemon's."]
    for number, static in enumerate(site.statics, 1):
        lines += _static(static, passing, number)
    if not any(static.uri == "/" for static in site.statics):
        lines += block("handle {", [f"import {passing}"])
    return [
        f"# {title(site)}",
        *block(f"({passing}) {{", _passing(site, deployment)),
        *block(f"{', '.join(_addresses(site))} {{", lines),
    ]


def _addresses(site: Site) -> list[str]:
    scheme = "https" if site.tls else "http"
    wild = [name for name in site.wild if name.startswith("*.") and not set(name[1:]) & set("*?")]
    addresses = []
    for address in site.addresses:
        names = [*site.names, *wild]
        # The first host of an address answers for names that no host has, patterns included: Caddy would send an empty 200.
        names = [*names, ""] if address in site.default_at or not names else names
        addresses += [f"{scheme}://{name}:{address.port}" for name in names]
    return addresses


def _static(static: Static, passing: str, number: int) -> list[str]:
    """Not by `handle_path`: what goes on to the daemon would have lost its prefix."""
    prefix = static.uri.rstrip("/")
    looked_for = block("file {", [f"root {static.folder}", f"try_files {{re.static_{number}.1}}"])
    sending = [
        f"root * {static.folder}",
        *([f"uri strip_prefix {prefix}"] if prefix else []),
        *block("file_server {", ["index .none"]),
    ]
    # The expression is matched before those within, which need what it has found.
    return [
        f"@static_{number} path_regexp static_{number} ^{re.escape(prefix)}(/.*)$",
        *block(
            f"handle @static_{number} {{",
            [
                *block("@file {", ["method GET HEAD", r"not path_regexp /\.|/$", *looked_for]),
                *block("handle @file {", sending),
                *block("handle {", [f"import {passing}"]),
            ],
        ),
    ]


def _passing(site: Site, deployment: Deployment) -> list[str]:
    transport = [
        *([f"root {site.root}"] if site.root else []),
        "dial_timeout 10s",
        "# The daemon gives up before Caddy does, so that it is the daemon's error page and log that tell.",
        f"read_timeout {deployment.patience}s",
        f"write_timeout {deployment.patience}s",
        "capture_stderr",
    ]
    passing = [
        "# What a handler flushes goes out at once.",
        "flush_interval -1",
        "# Caddy would pass on the status as a header, too.",
        "header_down -Status",
        *block("transport fastcgi {", transport),
    ]
    for number, offer in enumerate(site.offered_by("X-Accel-Redirect", _REMEDY), 1):
        passing += [
            "# Files that the daemon names (SendfileHeader). Caddy must be allowed to read them.",
            f"@named_{number} header X-Accel-Redirect {offer.url}*",
            *block(f"handle_response @named_{number} {{", _sending(offer)),
        ]
    return block(f"reverse_proxy {_address(site.backend)} {{", passing)


def _sending(offer: Offer) -> list[str]:
    return [
        *block("copy_response_headers {", ["exclude X-Accel-Redirect Status"]),
        f"root * {offer.folder}",
        "rewrite * {rp.header.X-Accel-Redirect}",
        f"uri strip_prefix {offer.url.rstrip('/')}" if offer.url != "/" else "",
        *block("file_server {", ["index .none"]),
    ]


def _address(backend: Backend) -> str:
    return f"unix/{backend.address}" if backend.family == "unix" else backend.address
