"""Caddy: a site block for each host in a Caddyfile, with the fastcgi transport of reverse_proxy."""

from __future__ import annotations

from mpfcgi.frontend.model import Backend, Deployment, Site
from mpfcgi.frontend.static import Static
from mpfcgi.frontend.text import block, head, text, title


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
    for static in site.statics:
        lines += _static(static, passing)
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


def _static(static: Static, passing: str) -> list[str]:
    matcher = ["method GET HEAD", r"not path_regexp /\.|/$", "file"]
    return block(
        f"handle_path {static.uri}* {{",
        [
            f"root * {static.folder}",
            *block("@file {", matcher),
            *block("handle @file {", block("file_server {", ["index .none"])),
            *block("handle {", [f"import {passing}"]),
        ],
    )


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
    return block(f"reverse_proxy {_address(site.backend)} {{", passing)


def _address(backend: Backend) -> str:
    return f"unix/{backend.address}" if backend.family == "unix" else backend.address
