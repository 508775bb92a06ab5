"""A site whose pages are all answered by one handler, for the real daemon."""

from __future__ import annotations

from pathlib import Path

# Of such a site: two interpreters on one socket, so that there is a router.
TWO_HOSTS = """\
<VirtualHost *>
    ServerName one.test
    DocumentRoot htdocs
</VirtualHost>
<VirtualHost *>
    ServerName two.test
    DocumentRoot htdocs
</VirtualHost>
"""
# It says hello, or does what the query string asks for.
HANDLER = """\
import os
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    what = req.args or ""
    if what == "pid":
        req.write("%d" % os.getpid())
    elif what == "fail":
        raise ValueError("on purpose")
    elif what == "length":
        length = 0
        while data := req.read(65536):
            length += len(data)
        req.write("%d" % length)
    elif what.startswith("big="):
        piece = b"x" * 65536
        for _ in range(int(what[4:])):
            req.write(piece)
    else:
        req.write("hello")
    return apache.OK
"""


def one_handler(
    folder: Path, source: str = HANDLER, *, pool: str = "MaxProcesses 2", listen: str = "unix:mpfcgi.sock"
) -> str:
    """Write the handler module of a site in `folder`, site_handler; its configuration, to which more may be added.

    `pool` is what its <PythonPool> says.
    """
    (folder / "htdocs").mkdir(exist_ok=True)
    (folder / "htdocs" / "site_handler.py").write_text(source)
    return f"""\
Listen {listen}
ServerName localhost
DocumentRoot htdocs
ErrorLog error.log
<PythonPool "*">
    {pool}
</PythonPool>
<Directory {folder}/htdocs>
    AddHandler mod_python .py
    PythonHandler site_handler
</Directory>
"""
