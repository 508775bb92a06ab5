"""`mod_python.httpdconf`: a configuration as Python objects, whose `str()` is its text.

    from mod_python.httpdconf import *
    config = Container(ServerName("example.com"), Directory("/srv/www", SetHandler("mod_python"), PythonHandler("hello")))
    print(config)

`mpfcgi genconfig FILE` runs such a file. Not in the manual; the interface is that of mod_python 3.5.0.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from mpfcgi.api import version as _version

# What conditions (`only_if`) may name.
_NAMES = {"mod_python": SimpleNamespace(version=_version, mp_version=_version.version), "os": os, "sys": sys}
_REPR_INDENT = " " * 4


class Directive:
    """`Name value`. Backslashes become slashes, as in paths of Windows, unless `flipslash` is 0."""

    def __init__(self, name: str, val: Any, flipslash: int = 1) -> None:
        self.name = name
        self.val = val
        self.flipslash = flipslash
        self.indent = 0

    def __repr__(self) -> str:
        return f"{self.name}({self.val!r})"

    def __str__(self) -> str:
        return f"{' ' * self.indent}{self.name} {_flipped(self.val, self.flipslash)}\n"


class Container:
    """Directives, comments and containers one behind the other.

    `only_if` is an expression: where it is false, nothing is written. It knows `mod_python.version`, `sys` and `os`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = list(args)
        self.only_if: str | None = kwargs.get("only_if")
        self.indent = 0

    def append(self, value: Any) -> None:
        """Add something at the end."""
        self.args.append(value)

    def __repr__(self) -> str:
        if self.only_if is None:
            return f"Container(\n{_listed(self.args)})"
        return f"Container(\n{_listed(self.args)}{_REPR_INDENT}only_if={self.only_if!r})"

    def __str__(self) -> str:
        if self.only_if is not None and not eval(self.only_if, dict(_NAMES)):
            return ""
        return _written(self.args, self.indent)


class ContainerTag:
    """`<Tag attr>`, what it contains, `</Tag>`."""

    def __init__(self, tag: str, attr: str, args: Sequence[Any], flipslash: int = 1) -> None:
        self.tag = tag
        self.attr = attr
        self.args = args
        self.flipslash = flipslash
        self.indent = 0

    def __repr__(self) -> str:
        return f"{self.tag}({self.attr!r},\n{_listed(self.args)})"

    def __str__(self) -> str:
        margin = " " * self.indent
        opening = f"{margin}<{self.tag} {_flipped(self.attr, self.flipslash)}>\n"
        return f"{opening}{_written(self.args, self.indent + 2)}{margin}</{self.tag}>\n"


class Comment:
    """Lines that begin with `#`."""

    def __init__(self, comment: str) -> None:
        self.comment = comment
        self.indent = 0

    def __repr__(self) -> str:
        lines = [repr(line + "\n") for line in self.comment.splitlines()] or ["''"]
        return "Comment(" + ("\n" + " " * len("Comment(")).join(lines) + ")"

    def __str__(self) -> str:
        return "".join(f"{' ' * self.indent}# {line}\n" for line in self.comment.splitlines())


class Directory(ContainerTag):
    """`<Directory dir>`."""

    def __init__(self, dir: str, *args: Any) -> None:
        super().__init__("Directory", dir, args)


class Files(ContainerTag):
    """`<Files dir>`."""

    def __init__(self, dir: str, *args: Any) -> None:
        super().__init__("Files", dir, args)


class Location(ContainerTag):
    """`<Location dir>`."""

    def __init__(self, dir: str, *args: Any) -> None:
        super().__init__("Location", dir, args)


class IfModule(ContainerTag):
    """`<IfModule dir>`."""

    def __init__(self, dir: str, *args: Any) -> None:
        super().__init__("IfModule", dir, args)


class VirtualHost(ContainerTag):
    """`<VirtualHost addr>`."""

    def __init__(self, addr: str, *args: Any) -> None:
        super().__init__("VirtualHost", addr, args)


def _directive(name: str, flipslash: int = 1, default: str | None = None) -> Any:
    """The class of a directive. With a default its value may be left out."""

    def init(self: Any, val: Any) -> None:
        Directive.__init__(self, name, val, flipslash)

    if default is not None:
        init.__defaults__ = (default,)
    return type(name, (Directive,), {"__init__": init, "__doc__": f"`{name} val`.", "__module__": __name__})


# Those of mod_python 3.5.0; others are Directive("Name", "value").
_SIMPLE = (
    "AddHandler", "AddOutputFilter", "AddType", "AuthBasicAuthoritative", "AuthBasicProvider", "AuthName", "AuthType",
    "CustomLog", "DirectoryIndex", "DocumentRoot", "ErrorLog", "KeepAliveTimeout", "Listen", "LoadModule", "LockFile",
    "LogLevel", "MaxClients", "MaxConnectionsPerChild", "MaxRequestsPerChild", "MaxSpareServers", "MaxSpareThreads",
    "MaxThreadsPerChild", "MinSpareThreads", "Mutex", "NameVirtualHost", "NumServers", "Options", "PidFile",
    "PythonAccessHandler", "PythonAuthenHandler", "PythonAuthzHandler", "PythonCleanupHandler", "PythonConnectionHandler",
    "PythonDebug", "PythonFixupHandler", "PythonHandler", "PythonImport", "PythonOption", "PythonOutputFilter",
    "PythonPostReadRequestHandler", "PythonTransHandler", "Require", "ServerAdmin", "ServerName", "ServerPath",
    "ServerRoot", "SetHandler", "StartServers", "StartThreads", "ThreadsPerChild", "Timeout", "TypesConfig",
)  # fmt: skip
globals().update({name: _directive(name) for name in _SIMPLE})
# In these a backslash means something.
LogFormat = _directive("LogFormat", 0)
PythonPath = _directive("PythonPath", 0)
PythonInterpPerDirectory = _directive("PythonInterpPerDirectory", default="Off")
PythonInterpPerDirective = _directive("PythonInterpPerDirective", default="Off")


def quote_if_space(s: str) -> str:
    """`s` in quotes if there is a blank in it."""
    return f'"{s}"' if " " in s else s


def write_basic_config(
    server_root: str,
    listen: str = "unix:logs/mpfcgi.sock",
    conf: str = "conf",
    logs: str = "logs",
    htdocs: str = "public",
    pythonhandler: str = "mod_python.publisher",
    pythonpath: Iterable[str] = (),
    pythonoptions: Iterable[str] = (),
    mp_comments: Iterable[str] = (),
    conf_name: str = "httpd_conf.py",
    createdirs: bool = True,
    replace_config: bool = False,
) -> str | None:
    """Write a file for `mpfcgi genconfig` that describes a small site, to begin with.

    Args:
        server_root: the site's folder.
        listen: where front-ends connect, as the Listen directive has it.
        conf, logs, htdocs: folders in it for the configuration, the logs and the pages.
        pythonhandler: the handler of all pages.
        pythonpath: folders that are added to sys.path.
        pythonoptions: values of PythonOption, 'name value' each.
        mp_comments: comments behind them.
        conf_name: the file's name.
        createdirs: make folders that are missing.
        replace_config: write over a file that is there.

    Returns the file's path; None where it was there already. Says on stderr what it does. OSError.
    """
    root = os.path.abspath(server_root)
    path = os.path.join(root, conf, conf_name)
    if os.path.exists(path) and not replace_config:
        _say(f"Error: {path!r} already exists, aborting.")
        return None
    for folder in (os.path.join(root, name) for name in ("", htdocs, conf, logs)):
        if createdirs and not os.path.isdir(folder):
            _say(f"Creating directory {folder!r}.")
            os.makedirs(folder)
    known = globals()
    handling = [
        known["SetHandler"]("mod_python"), Comment("PythonDebug On"), known["PythonHandler"](pythonhandler),
        *([PythonPath(f'"sys.path + {list(pythonpath)!r}"')] if pythonpath else []),
        *map(known["PythonOption"], pythonoptions), *map(Comment, mp_comments),
    ]  # fmt: skip
    config = Container(
        Comment("\nThis config was auto-generated, do not edit!\n\n"),
        known["ServerRoot"](quote_if_space(root)),
        known["ServerName"]("127.0.0.1"),
        known["Listen"](listen),
        known["DocumentRoot"](quote_if_space(os.path.join(root, htdocs))),
        LogFormat(r'"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined'),
        known["CustomLog"](quote_if_space(f"{logs}/access_log") + " combined"),
        known["ErrorLog"](quote_if_space(f"{logs}/error_log")),
        known["LogLevel"]("warn"),
        known["PidFile"](quote_if_space(f"{logs}/httpd.pid")),
        Container(*handling),
    )
    _say(f"Writing {path!r}.")
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            "# This config was auto-generated, but you can edit it!\n"
            "# mpfcgi genconfig <this file> > <the configuration>\n\n"
            f"from mod_python.httpdconf import *\n\nconfig = {config!r}\n\nprint(config)\n"
        )
    return path


def _flipped(value: Any, flipslash: int) -> str:
    return str(value).replace("\\", "/") if flipslash else str(value)


def _written(args: Iterable[Any], indent: int) -> str:
    written = []
    for arg in args:
        arg.indent = indent
        written.append(str(arg))
    return "".join(written)


def _listed(args: Iterable[Any]) -> str:
    """What `repr()` shows of a container's contents."""
    lines = (line for arg in args for line in f"{arg!r},".splitlines(keepends=True))
    return "".join(f"{_REPR_INDENT}{line}" + ("" if line.endswith("\n") else "\n") for line in lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
