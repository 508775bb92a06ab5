"""Every name that the manual documents in 4.5 and chapter 5 is there, and says what it is.

`documented_names.txt` is what `names_in` finds in the manual; where the manual stands beside the repository, the two
are compared.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpfcgi.api import apache
from mpfcgi.api.connection import mp_conn
from mpfcgi.api.filter import mp_filter
from mpfcgi.api.finfo import mp_finfo
from mpfcgi.api.request import mp_request
from mpfcgi.api.server import mp_server
from mpfcgi.api.table import mp_table
from mpfcgi.config.directives import REGISTRY

TABLE = Path(__file__).with_name("documented_names.txt")
MANUAL = Path(__file__).parents[3] / "shared" / "reference" / "mod_python-3.3.1-manual.md"
# The headings whose names belong together.
OBJECTS = {
    "4.5.1 Functions": "apache", "4.5.2 Attributes": "apache", "4.5.3 Table Object": "table", "Request Methods": "request",
    "4.5.5 Connection Object": "connection", "4.5.6 Filter Object": "filter", "4.5.7 Server Object": "server",
    "4.6 util": None, "Apache Configuration Directives": "directive", "Server Side Includes": None,
}  # fmt: skip
# What the manual's copy lost or later releases added, by the notes that stand beside it.
LATER = {
    "request": ("add_cgi_vars", "useragent_addr", "useragent_ip", "hlist", "extension", "get_addhandler_exts",
                "send_http_header", "build_wsgi_env", "wsgi_start_response"),
    "connection": ("client_addr", "client_ip"),
    "server": ("my_generation", "restart_time", "next"),
    "apache": ("AP_CONN_UNKNOWN", "AP_CONN_CLOSE", "AP_CONN_KEEPALIVE", "CGI_MAGIC_TYPE", "INCLUDES_MAGIC_TYPE",
               "INCLUDES_MAGIC_TYPE3", "DIR_MAGIC_TYPE", "MODULE_MAGIC_NUMBER_MAJOR", "MODULE_MAGIC_NUMBER_MINOR",
               "PROXYREQ_RESPONSE", "HTTP_IM_A_TEAPOT", "HTTP_UPGRADE_REQUIRED", "REQ_ABORTED", "REQ_EXIT",
               "REQ_PROCEED", "REQ_NOACTION", "URI_SCHEME", "URI_PATH", "URI_FRAGMENT", "FINFO_NAME", "FINFO_USER",
               "APR_DIR", "APR_REG", "APR_NOFILE", "APR_FINFO_MIN", "APR_FINFO_NORM", "REMOTE_DOUBLE_REV"),
    "directive": ("PythonPath",),
}  # fmt: skip
# Attributes of a module have no docstrings: these are told of where the module is described.
VALUES = {("apache", "interpreter"), ("apache", "main_server")}
NAME = r"[A-Za-z][A-Za-z_0-9]*"


def names_in(manual: str) -> Iterator[tuple[str, str]]:
    """(object, name) for each function, method, member, constant and directive that the manual documents."""
    owner = None
    for line in manual.splitlines():
        line = line.replace("\\_", "_").replace("\\*", "*").rstrip()
        for heading, found in OBJECTS.items():
            if line.startswith("#") and heading in line:
                owner = found
        if owner is None:
            continue
        if owner == "directive":
            if found_name := re.match(rf"#+ 5\.\d\.\d+ (Python{NAME})$", line):
                yield "directive", found_name[1]
        elif found_name := re.match(
            rf"(?:#+ )?(?:\*\*Request Members\*\*)?\*\*({NAME})(?:\([^*]*|\(\*.*)?\*\*(?!:)", line
        ):
            if found_name[1] not in ("class", "Note"):
                yield owner, found_name[1]
        elif found_name := re.match(r"((?!SSL_)[A-Z]+_[A-Z_]+)(?:\s|$)", line):
            yield "apache", found_name[1]


DOCUMENTED = [(owner, name) for owner, name in (line.split() for line in TABLE.read_text().splitlines())]
NAMES = DOCUMENTED + [(owner, name) for owner, names in LATER.items() for name in names]


def test_the_table_is_what_the_manual_says():
    if not MANUAL.exists():
        pytest.skip(f"no manual in {MANUAL}")
    assert list(dict.fromkeys(names_in(MANUAL.read_text()))) == DOCUMENTED
    assert len(DOCUMENTED) > 200


def owner_of(kind: str) -> object:
    return {
        "apache": apache, "connection": mp_conn, "filter": mp_filter, "request": mp_request, "server": mp_server, "table": mp_table,
    }[kind]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), [item for item in NAMES if item[0] != "directive"])
def test_a_documented_name_is_there_with_a_docstring(kind, name):
    if (kind, name) in VALUES:
        assert name in (apache.__doc__ or "")
        return
    if kind == "apache" and name.isupper():
        assert getattr(apache, name) is not None
        return
    value = inspect.getattr_static(owner_of(kind), name)
    assert inspect.getdoc(value), f"{kind}.{name} has no docstring"


@pytest.mark.parametrize("name", [name for kind, name in NAMES if kind == "directive"])
def test_a_documented_directive_is_there_with_a_line_of_help(name):
    assert REGISTRY[name.lower()].help


@pytest.mark.parametrize(
    "name",
    ["fname", "filetype", "valid", "protection", "user", "group", "size", "inode", "device", "nlink", "atime", "mtime",
     "ctime", "name"],
)  # fmt: skip
def test_file_information_says_what_its_members_are(name):
    assert inspect.getdoc(inspect.getattr_static(mp_finfo, name)) or mp_finfo.__slots__[name]
