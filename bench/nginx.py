"""The one nginx in front of every peer: a port for each, the same settings for all."""

from __future__ import annotations

import os
from collections.abc import Sequence

from peers.base import Peer, Workshop, installed

MAIN = """\
{user}
worker_processes auto;
pid {folder}/pid;
error_log {folder}/error.log warn;
daemon off;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}}}
"""

UPSTREAM = """\
    upstream {key} {{
        server unix:{socket};
        {keepalive}
    }}
    server {{
        listen 127.0.0.1:{port};
        server_name bench.test;
        root {root};
        location / {{
{pass_on}
        }}
    }}
"""

FASTCGI = """\
            fastcgi_pass {key};
            fastcgi_keep_conn {keep};
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param SCRIPT_NAME $fastcgi_script_name;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param DOCUMENT_URI $document_uri;
            fastcgi_param DOCUMENT_ROOT $document_root;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param REQUEST_SCHEME $scheme;
            fastcgi_param GATEWAY_INTERFACE CGI/1.1;
            fastcgi_param SERVER_SOFTWARE nginx/$nginx_version;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param REMOTE_PORT $remote_port;
            fastcgi_param SERVER_ADDR $server_addr;
            fastcgi_param SERVER_PORT $server_port;
            fastcgi_param SERVER_NAME $server_name;"""

HTTP = """\
            proxy_pass http://{key};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;"""


class Nginx(Peer):
    """Started and stopped like a peer, though it is no row."""

    key = "nginx"
    protocol = ""

    def __init__(self, shop: Workshop, behind: Sequence[Peer]) -> None:
        super().__init__(shop)
        self.behind = behind

    def command(self) -> list[str]:
        config = self.folder / "nginx.conf"
        config.write_text(
            MAIN.format(
                folder=self.folder,
                user="user root;" if os.geteuid() == 0 else "",
                servers="".join(map(self.upstream, self.behind)),
            )
        )
        self.port = self.behind[0].port
        return [
            installed("nginx", "/usr/sbin/nginx", "nginx"),
            "-e",
            str(self.folder / "error.log"),
            "-c",
            str(config),
        ]

    def upstream(self, peer: Peer) -> str:
        template = FASTCGI if peer.protocol == "fastcgi" else HTTP
        return UPSTREAM.format(
            key=peer.key,
            socket=peer.socket,
            port=peer.port,
            root=self.shop.apps / peer.app_folder,
            keepalive="keepalive 32;" if peer.keeps else "",
            pass_on=template.format(key=peer.key, keep="on" if peer.keeps else "off"),
        )
