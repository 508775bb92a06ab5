"""The real mod_python in Apache, and our daemon behind nginx, with one site."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.apache import NAMES, apache
from tests.support.servers import Daemon, nginx

SITE = Path(__file__).parent / "live"
# What each server writes, sessions and logs, goes into a folder of its own.
REAL, OURS = "theirs", "ours"
DAEMON = """\
ServerRoot {folder}
Listen unix:mpfcgi.sock mode=0666
ErrorLog {folder}/error.log
TypesConfig /etc/mime.types
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
"""


@contextlib.contextmanager
def both(folder: Path, site: str, modules: tuple[str, ...] = (), **more) -> Iterator[tuple[int, int]]:
    """The ports of Apache and of nginx before our daemon, with the files of `live/` in `folder`.

    In the configuration `site` ROOT stands for the document root, WRITTEN for the folder of what a server writes.
    `modules` are more of Apache's; `more` goes to Popen for Apache.
    """
    root = folder / "htdocs"
    shutil.copytree(SITE, folder, dirs_exist_ok=True)
    # Apache's and nginx's processes may be another user; pytest's folders are for one.
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o755)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    written = [folder / name for name in (REAL, OURS)]
    for place in written:
        place.mkdir()
        place.chmod(0o777)
    site = site.replace("ROOT", str(root))
    with contextlib.ExitStack() as stack:
        names = (*NAMES[:-1], *modules, NAMES[-1])
        real = stack.enter_context(apache(folder, site.replace("WRITTEN", str(written[0])), modules=names, **more))
        daemon = Daemon(folder, DAEMON.format(folder=folder) + site.replace("WRITTEN", str(written[1])))
        stack.callback(daemon.stop)
        yield real, stack.enter_context(nginx(folder, daemon.socket))
