"""The layout of a user without any rights: ~/.mpfcgi with a configuration, pages, logs and a run folder."""

from __future__ import annotations

import os

import click

from mpfcgi import places
from mpfcgi.cli.common import fail
from mpfcgi.config import runtime

CONFIG = """\
# Made by `mpfcgi start`. The syntax is Apache's; paths start at this folder.

# The web server's side connects here: it must be able to reach this folder, and to write to the socket.
Listen unix:run/mpfcgi.sock mode=0666

DocumentRoot htdocs
ErrorLog logs/error.log

<Directory />
    Options       FollowSymLinks
    AllowOverride All
    Require       all granted
</Directory>

<Files ".ht*">
    Require all denied
</Files>

# / calls index() in htdocs/index.py, and /more.py/name would call name() in htdocs/more.py.
DirectoryIndex index.html index.py
AddHandler     mod_python .py
PythonHandler  mod_python.publisher

# What is right between the web server and here, and what to write where it isn't. For clients on this machine; your
# browser's address goes into a second Require line.
<Location /mpfcgi-selftest>
    SetHandler mpfcgi-selftest
    Require    local
    #Require   ip 192.0.2.7
</Location>

<PythonPool "*">
    ProcessManager ondemand
    MaxProcesses   4
    ReloadFile     restart.txt
</PythonPool>
"""
PAGE = '''\
def index(req, name="World"):
    """The page /, and /?name=Ada."""
    return f"Hello {name}!"
'''


def make_layout() -> str:
    """Make what is missing of the layout; its configuration file."""
    from mpfcgi.supervisor import conditions

    if os.geteuid() == 0 and not conditions.environment_allows_root():
        fail(
            "there is no configuration, and the first one that is made is for a user without rights: root's pages would "
            "run as root. Start it as another user, or write a configuration with a User line, such as "
            f"{places.SYSTEM}; {conditions.ALLOW_ROOT}=1 in the environment if it is meant"
        )
    home = runtime.home()
    for name in ("run", "logs", "htdocs"):
        os.makedirs(os.path.join(home, name), exist_ok=True)
    path = os.path.join(home, "mpfcgi.conf")
    for file, text in ((path, CONFIG), (os.path.join(home, "htdocs", "index.py"), PAGE)):
        if not os.path.exists(file):
            with open(file, "w") as out:
                out.write(text)
    click.echo(f"mpfcgi: there was no configuration; {path} is a first one, and {home}/htdocs the folder of the pages")
    click.echo(
        "mpfcgi: `mpfcgi request '/mpfcgi-selftest?text'`, and that address of the site, tell whether all is right"
    )
    click.echo(
        "mpfcgi: `mpfcgi request /` asks for the first page, and `mpfcgi frontend nginx` prints the web server's side"
    )
    return path
