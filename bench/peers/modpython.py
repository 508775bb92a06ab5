"""Real mod_python in Apache prefork, asked directly: it is the web server.

A prefork child serves one kept connection at a time, so it gets a child for each of wrk's connections.
"""

from __future__ import annotations

import os

from .base import Peer, installed

MODULES = "/usr/lib/apache2/modules"
CONFIG = """\
ServerRoot {folder}
ServerName bench.test
PidFile {folder}/pid
Mutex file:{folder} default
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule python_module {modules}/mod_python.so
{user}
Listen 127.0.0.1:{port}
StartServers {children}
MinSpareServers 1
MaxSpareServers {children}
ServerLimit {children}
MaxRequestWorkers {children}
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
TypesConfig /dev/null
ErrorLog {folder}/error.log
DocumentRoot {root}
PythonOption mod_python.mutex_directory {folder}
<Directory {root}>
    Require all granted
    SetHandler mod_python
    PythonAutoReload On
    {directives}
</Directory>
"""


class ModPython(Peer):
    key = "mod_python"
    title = "mod_python in Apache"
    protocol = ""
    note = "no nginx; CPU is Apache's too"

    @property
    def processes(self) -> int:
        return self.shop.clients

    def command(self) -> list[str]:
        program = installed("apache2", "/usr/sbin/apache2")
        installed("libapache2-mod-python", f"{MODULES}/mod_python.so")
        # Its children are other users, and some keep sessions here.
        self.folder.chmod(0o777)
        config = self.folder / "httpd.conf"
        config.write_text(
            CONFIG.format(
                folder=self.folder,
                modules=MODULES,
                port=self.port,
                children=self.processes,
                root=self.shop.apps / self.app_folder,
                directives=self.directives,
                user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
            )
        )
        return [program, "-f", str(config), "-D", "FOREGROUND"]
