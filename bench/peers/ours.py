"""mpfcgi: a real handler in a <Directory>, every phase and the importer active, PythonAutoReload On."""

from __future__ import annotations

from .base import Peer, in_venv

CONFIG = """\
ServerRoot {folder}
ServerName bench.test
AllowRoot On
Listen unix:{socket} mode=0666
ErrorLog {folder}/error.log
DocumentRoot {root}
<PythonPool "*">
    ProcessManager static
    MaxProcesses {processes}
</PythonPool>
<Directory {root}>
    Require all granted
    SetHandler mod_python
    PythonAutoReload On
    {directives}
</Directory>
"""


class Ours(Peer):
    key = "ours"
    title = "mpfcgi"

    def command(self) -> list[str]:
        config = self.folder / "mpfcgi.conf"
        config.write_text(
            CONFIG.format(
                folder=self.folder,
                socket=self.socket,
                root=self.shop.apps / self.app_folder,
                directives=self.directives,
                processes=self.processes,
            )
        )
        return [in_venv("mpfcgi", "mpfcgi"), "run", "-c", str(config)]
