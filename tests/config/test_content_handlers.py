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


@pytest.mark.parametrize("line", ["SetHandler Python-Program", "SetHandler NONE", "ForceType Text/HTML"])
def test_the_case_of_handlers_and_types_is_of_no_account(line):
    (section,) = load_text(f"<Directory /x>\n{line}\n</Directory>").main.sections
    assert section.directives[0].value == line.split()[1].lower()


@pytest.mark.parametrize("name", ["Handler", "Type", "Charset", "Encoding", "Language"])
def test_nor_that_of_what_extensions_say(name):
    (line,) = load_text(f"Add{name} Mod_Python .X .y").main.directives
    assert line.value == {"x": "mod_python", "y": "mod_python"}
