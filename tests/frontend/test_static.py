"""Which folders a front-end may serve by itself. One too few costs speed, one too many opens what is closed."""

import pytest

from mpfcgi.config import Resolver, load_text
from mpfcgi.frontend.static import Static, static_folders

BASE = """\
DocumentRoot /srv/www
<Directory />
    AllowOverride None
    Require all granted
</Directory>
<Files ".ht*">
    Require all denied
</Files>
<Directory /srv/www>
    AddHandler mod_python .py
    PythonHandler mptest
</Directory>
"""
PLAIN = """\
<Directory /srv/www/static>
    RemoveHandler .py
</Directory>
"""


def statics(text):
    config = load_text(text, server_root="/srv")
    return static_folders(Resolver(config), config.main)


def test_a_folder_that_no_handler_is_for_is_static():
    assert statics(BASE + PLAIN) == (Static("/static/", "/srv/www/static/"),)


def test_a_host_without_python_is_static_as_a_whole():
    assert statics("DocumentRoot /srv/www\n") == (Static("/", "/srv/www/"),)


def test_a_location_may_take_a_handler_away():
    """As Django's manual had it for mod_python."""
    text = "DocumentRoot /srv/www\n<Location />\nSetHandler python-program\nPythonHandler app\n</Location>\n"
    assert statics(text + "<Location /media/>\nSetHandler None\n</Location>\n") == (
        Static("/media/", "/srv/www/media/"),
    )


def test_an_alias_has_its_own_folder():
    assert statics(BASE + "Alias /style /srv/shared/css\n") == (Static("/style/", "/srv/shared/css/"),)


def test_a_relative_alias_is_below_the_server_root():
    assert statics(BASE + "Alias /style/ css/\n") == (Static("/style/", "/srv/css/"),)


# What may come between a file and its client, and where that may be said.
SAYS = [
    "PythonAccessHandler gate",
    "PythonLogHandler counter",
    "PythonHandlerModule everything",
    "PythonOutputFilter loud\nAddOutputFilter loud .txt",
    "SetOutputFilter DEFLATE",
    "Require valid-user",
    "Require all denied",
    "Require ip 10.0.0.0/8",
    "Order Deny,Allow\nDeny from all",
    "AllowOverride AuthConfig",
    "AllowOverrideList Require",
    "SetHandler mod_python",
    "AddHandler mod_python .css",
    "AddType text/x-own .css",
    "ForceType text/plain",
    "AddDefaultCharset utf-8",
    "Options -FollowSymLinks",
    "RedirectMatch old /new",
]
SECTIONS = [
    "<Directory /srv/www/static>\n{}\n</Directory>\n",
    "<Directory /srv/www/static/deep/down>\n{}\n</Directory>\n",
    "<DirectoryMatch ^/srv/www/st>\n{}\n</DirectoryMatch>\n",
    "<Directory /srv/www/*/down>\n{}\n</Directory>\n",
    "<Location /static/deep>\n{}\n</Location>\n",
    "<LocationMatch deep>\n{}\n</LocationMatch>\n",
    "<Directory /srv/www/static>\n<Files *.txt>\n{}\n</Files>\n</Directory>\n",
    "<FilesMatch \\.txt$>\n{}\n</FilesMatch>\n",
]


@pytest.mark.parametrize(
    ("line", "section"),
    [
        (line, section)
        for line in SAYS
        for section in SECTIONS
        # AllowOverride holds in <Directory> without an expression.
        if not line.startswith("AllowOverride") or section.startswith("<Directory /")
    ],
)
def test_what_has_a_say_in_a_file_keeps_its_folder_from_being_static(line, section):
    assert statics(BASE + PLAIN + section.format(line)) == ()


@pytest.mark.parametrize(
    "line", ["PythonTransHandler mapper", "PythonPostReadRequestHandler first", "PythonInitHandler a"]
)
def test_early_handlers_have_a_say_in_every_file(line):
    assert statics(BASE + PLAIN + line + "\n") == ()


@pytest.mark.parametrize(("prefix", "found"), [("/static/old", 0), ("/stat", 1), ("/static", 0), ("/", 0), ("/old", 1)])
def test_a_redirect_for_something_in_a_folder_keeps_it_from_being_static(prefix, found):
    assert len(statics(BASE + PLAIN + f"Redirect {prefix} /new\n")) == found


def test_sections_elsewhere_have_none():
    elsewhere = "<Directory /srv/www/staff>\nRequire valid-user\n</Directory>\n<Location /stat>\nRequire all denied\n</Location>\n"
    assert statics(BASE + PLAIN + elsewhere) == (Static("/static/", "/srv/www/static/"),)


def test_an_alias_within_a_folder_keeps_it_from_being_static():
    inner = "Alias /static/app /srv/app\n<Directory /srv/app>\nSetHandler mod_python\nPythonHandler a\n</Directory>\n"
    assert statics(BASE + PLAIN + inner) == ()


def test_expressions_for_aliases_may_lead_anywhere():
    assert statics(BASE + PLAIN + "AliasMatch ^/static/(.*)x /srv/x/$1\n") == ()


def test_names_that_a_front_end_would_read_otherwise_are_left_to_the_daemon():
    assert statics(BASE + 'Alias "/a b/" /srv/ab/\nAlias /c/ "/srv/c;d/"\n') == ()
