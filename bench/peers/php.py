"""PHP-FPM, twice. A child serves one connection at a time, so that kept connections need a child each:
`php` has the run's number of children and a connection per request, `php-keep` one child for each client.
"""

from __future__ import annotations

import os

from .base import Peer, installed

CONFIG = """\
[global]
error_log = /dev/stderr
daemonize = no
[www]
{user}
listen = {socket}
listen.mode = 0666
listen.backlog = 511
pm = static
pm.max_children = {children}
"""


class Php(Peer):
    app_folder = "php"
    key = "php"
    title = "PHP-FPM"
    keeps = False
    script = "/hello.php"
    note = "connection per request"

    def command(self) -> list[str]:
        program = installed("php-fpm", "/usr/sbin/php-fpm*")
        config = self.folder / "fpm.conf"
        user = "user = www-data\ngroup = www-data" if os.geteuid() == 0 else ""
        config.write_text(CONFIG.format(user=user, socket=self.socket, children=self.processes))
        return [program, "--nodaemonize", "--fpm-config", str(config)]


class PhpKept(Php):
    key = "php-keep"
    title = "PHP-FPM, keep-alive"
    keeps = True
    note = "a process per connection"

    @property
    def processes(self) -> int:
        return self.shop.clients
