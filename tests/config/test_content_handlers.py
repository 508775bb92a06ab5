"""A handler's name that is misspelt shows sources, and is warned about."""

import pytest

from mpfcgi.config import load_text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("SetHandler python-progam", "(did you mean python-program?)"),
        ("SetHandler mpfcgi-statsu", "(did you mean mpfcgi-status?)"),
        ("AddHandler modpython .py", "(did you mean mod_python?)"),
        ("AddHandler cgi-script .cgi", "(mod_python with PythonHandler mod_python.cgihandler runs scripts)"),
        ("AddHandler x-httpd-php .php", ""),
    ],
)
def test_a_handler_that_there_is_not_is_warned_about(line, said):
    name = " ".join(line.split()[:2])
    assert load_text(f"<Location /x>\n{line}\n</Location>", "t").warnings == (
        f"t:2: {name}: there is no such handler here: files are sent as they are {said}".rstrip(),
    )


@pytest.mark.parametrize(
    "line",
    [
        "SetHandler mod_python", "SetHandler python-program", "SetHandler None", "SetHandler default-handler",
        "AddHandler Server-Parsed .shtml", "SetHandler mpfcgi-status", "SetHandler mpfcgi-selftest",
    ],
)  # fmt: skip
def test_a_handler_that_there_is_is_not(line):
    assert load_text(line).warnings == ()
