"""Caddy: a site block for each host in a Caddyfile, with the fastcgi transport of reverse_proxy."""

from __future__ import annotations

import re

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
    for site in deployment.sites:
        lines += [*_site(site, deployment), ""]
    return text(lines)


def _site(site: Site, deployment: Deployment) -> list[str]:
    scheme = "https" if site.tls else "http"
    # The first host of an address answers for names that no host has, patterns included: Caddy would send an empty 200.
    addresses = []
    for address in site.addresses:
        names = list(site.names) + [
            wild for wild in site.wild if wild.startswith("*.") and not set(wild[1:]) & set("*?")
        ]
        names = [*names, ""] if address in site.default_at else names
        addresses += [f"{scheme}://{name}:{address.port}" for name in names]
    bound = sorted({address.host for address in site.addresses if address.host})
    lines = [f"bind {' '.join(bound)}"] if bound else []
    if site.tls is not None:
        lines += [f"tls {site.tls.certificate} {site.tls.key}"]
    if site.body_limit:
        lines += ["# LimitRequestBody", *block("request_body {", [f"max_size {site.body_limit}B"])]
    if site.statics:
        lines += ["# Folders that need no Python. What is no file there, and what begins with a dot, is the daemon's."]
    for number, static in enumerate(site.statics, 1):
        lines += _static(static, f"static{number}")
    return [f"# {title(site)}", *block(f"{', '.join(addresses)} {{", [*lines, *_passing(site, deployment)])]


def _static(static: Static, name: str) -> list[str]:
    matcher = [
        "method GET HEAD",
        f"path_regexp {name} ^{re.escape(static.uri)}(.+)$",
        r"not path_regexp /\.",
        *block("file {", [f"root {static.folder}", f"try_files {{re.{name}.1}}"]),
    ]
    strip = [f"uri strip_prefix {static.uri.rstrip('/')}"] if static.uri != "/" else []
    return [
        *block(f"@{name} {{", matcher),
        *block(
            f"handle @{name} {{",
            [*strip, f"root * {static.folder}", *block("file_server {", ["index .none"])],
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
        *block("transport fastcgi {", transport),
    ]
    return block("handle {", block(f"reverse_proxy {_address(site.backend)} {{", passing))


def _address(backend: Backend) -> str:
    return f"unix/{backend.address}" if backend.family == "unix" else backend.address
