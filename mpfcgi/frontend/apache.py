"""Apache: one <VirtualHost> for each host, everything through mod_proxy_fcgi."""

from __future__ import annotations

import re

from mpfcgi.frontend.model import Address, Backend, Deployment, Site
from mpfcgi.frontend.static import Static
from mpfcgi.frontend.text import block, head, indent, text, title

# The modules beside those that every Apache has, in the names of a2enmod.
MODULES = ("proxy", "proxy_fcgi", "rewrite", "alias", "env", "ssl")

NAMELESS = "A host without a name is for all names that no other has, if it comes first: `a2dissite 000-default`."


def generate(deployment: Deployment) -> str:
    """The text of a file such as /etc/apache2/sites-available/mpfcgi.conf."""
    modules = ["proxy_fcgi"]
    modules += ["rewrite"] if any(site.statics for site in deployment.sites) else []
    modules += ["xsendfile"] if any(site.offers for site in deployment.sites) else []
    modules += ["ssl"] if any(site.tls for site in deployment.sites) else []
    lines = head(
        "apache",
        deployment,
        f"On Debian: /etc/apache2/sites-available/mpfcgi.conf, then `a2enmod {' '.join(modules)}` and `a2ensite mpfcgi`.",
        *(() if all(site.name for site in deployment.sites) else (NAMELESS,)),
    )
    listens = sorted(
        {str(address) for site in deployment.sites for address in site.addresses if address.port not in (80, 443)}
    )
    if listens:
        lines += [*(f"Listen {listen}" for listen in listens), ""]
    for site in deployment.sites:
        lines += [*_host(site, deployment), ""]
    return text(lines)


def _host(site: Site, deployment: Deployment) -> list[str]:
    lines = [f"ServerName {site.name}"] if site.name else []
    aliases = [*site.aliases, *site.wild]
    lines += [f"ServerAlias {' '.join(aliases)}"] if aliases else []
    if site.tls is not None:
        lines += ["SSLEngine On", f"SSLCertificateFile {site.tls.certificate}", f"SSLCertificateKeyFile {site.tls.key}"]
    if site.root:
        lines += [f"DocumentRoot {site.root}"]
    limit = "The daemon has it, too" if site.body_limit else "The daemon's LimitRequestBody decides"
    lines += [
        "",
        "# The path as it was sent: // and %2F are the daemon's to judge.",
        "AllowEncodedSlashes NoDecode",
        "MergeSlashes Off",
        f"# {limit}.",
        f"LimitRequestBody {site.body_limit}",
        "# A client that stands still for so long is gone, as for the daemon.",
        f"Timeout {site.stall}",
        "# The daemon gives up before Apache does, so that it is the daemon's error page and log that tell.",
        f"ProxyTimeout {deployment.patience}",
        "# TRACE is for the web server, and no request for the application.",
        "TraceEnable Off",
        "# The lengths of answers are the daemon's, and right: downloads show how far they are.",
        "SetEnv ap_trust_cgilike_cl 1",
        "",
        "# Passwords are checked by the daemon: without this Apache keeps the header to itself.",
    ]
    lines += block('<Location "/">', ["CGIPassAuth On"], "</Location>")
    if site.statics:
        lines += ["", *_statics(site)]
    lines += ["", *_proxy(site.backend)]
    if offers := site.offered_by("X-Sendfile", "for Apache: SendfileHeader X-Sendfile /folder/"):
        lines += [
            "",
            "# Files that the daemon names (SendfileHeader). Apache must be allowed to read them.",
            "XSendFile On",
        ]
        lines += [f'XSendFilePath "{offer.folder}"' for offer in offers]
    addresses = " ".join(_address(address) for address in site.addresses)
    return [f"# {title(site)}", *block(f"<VirtualHost {addresses}>", lines, "</VirtualHost>")]


def _address(address: Address) -> str:
    return f"{address.host or '*'}:{address.port}"


def _proxy(backend: Backend) -> list[str]:
    target = (
        f"unix:{backend.address}|fcgi://{backend.name}/" if backend.family == "unix" else f"fcgi://{backend.address}/"
    )
    return [
        "# Connections are kept open (enablereuse), and what a handler flushes goes out at once (flushpackets).",
        f'ProxyPass "/" "{target}" enablereuse=on flushpackets=auto',
    ]


def _statics(site: Site) -> list[str]:
    lines = [
        "# Folders that need no Python. What is no file there, and what begins with a dot, is the daemon's.",
        "RewriteEngine On",
    ]
    for static in site.statics:
        lines += _static(static, site)
    return lines


def _static(static: Static, site: Site) -> list[str]:
    folder = static.folder.rstrip("/")
    lines = [
        'RewriteCond "%{REQUEST_METHOD}" "^(GET|HEAD)$"',
        r'RewriteCond "%{REQUEST_URI}" "!/\."',
        f'RewriteCond "{folder}$1" -f',
        f'RewriteRule "^{re.escape(static.uri.rstrip("/"))}(/.+)$" "-" [E=no-proxy:1]',
    ]
    if static.folder != site.root + static.uri:
        lines += [f'Alias "{static.uri}" "{static.folder}"']
    rules = ["Require all granted", "Options FollowSymLinks", "AllowOverride None"]
    return [*lines, f'<Directory "{folder}">', *indent(rules), "</Directory>"]
