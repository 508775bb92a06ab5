"""nginx: one `upstream` for each socket, one `server` for each host. Answers to nginx's ngx_http_fastcgi_module."""

from __future__ import annotations

from mpfcgi.frontend.model import Address, Backend, Deployment, Site
from mpfcgi.frontend.static import Static
from mpfcgi.frontend.text import block, head, name_expression, text, title

# What the daemon is told. It finds the file itself; the folder serves where its configuration names no DocumentRoot.
# Content-Length is empty where nginx doesn't know it (a chunked upload that isn't buffered): the daemon reads to the end.
PARAMS = """\
fastcgi_param GATEWAY_INTERFACE  CGI/1.1;
fastcgi_param SERVER_SOFTWARE    nginx/$nginx_version;

fastcgi_param REQUEST_METHOD     $request_method;
fastcgi_param REQUEST_URI        $request_uri;
fastcgi_param QUERY_STRING       $query_string;
fastcgi_param CONTENT_TYPE       $content_type;
fastcgi_param CONTENT_LENGTH     $content_length;

fastcgi_param SCRIPT_NAME        $uri;
fastcgi_param DOCUMENT_URI       $document_uri;
fastcgi_param DOCUMENT_ROOT      $document_root;
fastcgi_param SCRIPT_FILENAME    $document_root$uri;

fastcgi_param SERVER_PROTOCOL    $server_protocol;
fastcgi_param SERVER_NAME        $server_name;
fastcgi_param SERVER_ADDR        $server_addr;
fastcgi_param SERVER_PORT        $server_port;
fastcgi_param REMOTE_ADDR        $remote_addr;
fastcgi_param REMOTE_PORT        $remote_port;
fastcgi_param REQUEST_SCHEME     $scheme;
fastcgi_param HTTPS              $https if_not_empty;
"""
PLACE = (
    "A file for nginx's http context: /etc/nginx/conf.d/mpfcgi.conf. Debian's own /etc/nginx/sites-enabled/default is a",
    "default_server, too, and nginx refuses a second one of the same port: remove that file, or the word in this one.",
)


def generate(deployment: Deployment) -> str:
    """The text of a file for nginx's `http` context, such as /etc/nginx/conf.d/mpfcgi.conf."""
    lines = head("nginx", deployment, *PLACE)
    for backend in deployment.backends:
        lines += [*_upstream(backend), ""]
    for site in deployment.sites:
        lines += [*_server(site, deployment), ""]
    return text(lines)


def _upstream(backend: Backend) -> list[str]:
    address = f"unix:{backend.address}" if backend.family == "unix" else backend.address
    return block(
        f"upstream {backend.name} {{",
        [
            f"server {address};",
            "# Connections that each nginx worker keeps open. They occupy no worker of ours.",
            "keepalive 32;",
        ],
    )


def _server(site: Site, deployment: Deployment) -> list[str]:
    lines = [_listen(address, site) for address in site.addresses]
    lines += [f"server_name {' '.join(_names(site))};"]
    if site.tls is not None:
        lines += [f"ssl_certificate {site.tls.certificate};", f"ssl_certificate_key {site.tls.key};"]
    if site.root:
        lines += [f"root {site.root};"]
    lines += ["", *_limits(site, deployment), "", *_passing(deployment), ""]
    lines += block("location / {", [f"fastcgi_pass {site.backend.name};"])
    for offer in site.offered_by("X-Accel-Redirect", "for nginx: SendfileHeader X-Accel-Redirect /url/ /folder/"):
        lines += ["", "# Files that the daemon names (SendfileHeader). nginx must be allowed to read them."]
        lines += block(f"location ^~ {offer.url} {{", ["internal;", f"alias {offer.folder};"])
    if site.statics:
        lines += ["", *_statics(site)]
    return [f"# {title(site)}", *block("server {", lines)]


def _listen(address: Address, site: Site) -> str:
    options = (" ssl" if site.tls else "") + (" default_server" if address in site.default_at else "")
    return f"listen {address}{options};"


def _names(site: Site) -> list[str]:
    names = list(site.names) or ["_"]
    for wild in site.wild:
        plain_wildcard = wild.startswith("*.") and not set(wild[1:]) & set("*?")
        names.append(wild if plain_wildcard else f'"~^(?:{name_expression([wild])})$"')
    return names


def _limits(site: Site, deployment: Deployment) -> list[str]:
    why = "LimitRequestBody" if site.body_limit else "the daemon's LimitRequestBody decides"
    return [
        f"client_max_body_size {site.body_limit};  # {why}",
        f"client_body_timeout {site.stall}s;  # Timeout, as the daemon: a client that stands still for so long is gone",
        f"send_timeout {site.stall}s;",
    ]


def _passing(deployment: Deployment) -> list[str]:
    buffering = "on" if deployment.buffering else "off"
    return [
        "# The path as it was sent: // and %2F are the daemon's to judge.",
        "merge_slashes off;",
        "",
        *PARAMS.splitlines(),
        "",
        "fastcgi_keep_conn on;",
        f"fastcgi_request_buffering {buffering};  # RequestBuffering",
        "fastcgi_buffer_size 32k;  # the largest head of an answer",
        "fastcgi_buffers 8 32k;",
        "# The daemon gives up before nginx does, so that it is the daemon's error page and log that tell.",
        f"fastcgi_read_timeout {deployment.patience}s;",
        f"fastcgi_send_timeout {deployment.patience}s;",
    ]


def _statics(site: Site) -> list[str]:
    ask = f"fastcgi_pass {site.backend.name};"
    lines = ["# Folders that need no Python. What is no file there, and what begins with a dot, is the daemon's."]
    lines += block("location @mpfcgi {", [ask])
    lines += block(r"location ~ /\. {", [ask])
    for static in site.statics:
        lines += _static(static, site)
    return lines


def _static(static: Static, site: Site) -> list[str]:
    place = [] if static.folder == site.root + static.uri else [f"alias {static.folder};"]
    # Other methods than GET and HEAD are not for files; try_files alone would let nginx answer 405.
    rules = [*place, "error_page 405 = @mpfcgi;", "try_files $uri @mpfcgi;"]
    if static.uri == "/":
        return block("location ~ ^/ {", rules)
    return block(f"location {static.uri} {{", rules)
