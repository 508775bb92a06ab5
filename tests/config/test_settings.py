import pytest

from mpfcgi.config import ConfigError, load_text
from mpfcgi.config.settings import Scope, merge


def config_of(text):
    return load_text(text).main


def settings(text):
    return merge(None, [Scope(config_of(text).directives)])


def inner(text):
    """The settings of the first <Directory>, laid over the server's."""
    main = config_of(text)
    return merge(
        merge(None, [Scope(main.directives)]), [Scope(main.sections[0].directives, main.sections[0].argument + "/")]
    )


def test_nothing_configured_is_nothing_set():
    empty = settings("")
    assert (empty.values, empty.handlers, empty.options, empty.python_config) == ({}, {}, {}, {})
    assert empty.get("Require") is None
    assert empty.get("Timeout", 60) == 60


def test_lines_of_one_section_add_up_and_an_inner_section_replaces():
    text = "PythonHandler a\nPythonHandler b\n<Directory /x>\nPythonHandler c\n</Directory>"
    assert [spec.handler for spec in settings(text).handlers["PythonHandler"]] == ["a", "b"]
    (spec,) = inner(text).handlers["PythonHandler"]
    assert (spec.handler, spec.directory, spec.location) == ("c", "/x/", None)


def test_options_merge_key_by_key_and_are_removed_without_a_value():
    text = "PythonOption a 1\nPythonOption b 2\n<Directory /x>\nPythonOption a\nPythonOption c 3\n</Directory>"
    assert settings(text).options == {"a": "1", "b": "2"}
    assert inner(text).options == {"b": "2", "c": "3"}


def test_the_case_of_an_options_name_is_of_no_account():
    text = (
        "PythonOption Key 1\nPythonOption other 2\n<Directory /x>\nPythonOption KEY\nPythonOption Other 3\n</Directory>"
    )
    assert settings(text).options == {"Key": "1", "other": "2"}
    assert inner(text).options == {"other": "3"}
    assert settings("PythonOption a 1\nPythonOption A 2").options == {"a": "2"}


@pytest.mark.parametrize(
    ("outer", "line", "result"),
    [
        ("Indexes", "+Includes", {"Indexes", "Includes"}),
        ("Indexes Includes", "-Indexes", {"Includes"}),
        ("Indexes", "None", set()),
        ("Indexes", "FollowSymLinks", {"FollowSymLinks"}),
    ],
)
def test_options_with_a_sign_change_what_holds(outer, line, result):
    assert inner(f"Options {outer}\n<Directory /x>\nOptions {line}\n</Directory>").get("Options") == result


def test_the_first_redirect_that_fits_is_that_of_the_inner_scope():
    text = "Redirect /a http://outer/\n<Directory /x>\nRedirect /a http://inner/\n</Directory>"
    assert [redirect.target for redirect in inner(text).get("Redirect")] == ["http://inner/", "http://outer/"]


def test_get_config_shows_flags_as_digits():
    shown = settings("PythonDebug On\nPythonAutoReload Off\nPythonInterpreter one").python_config
    assert shown == {"PythonDebug": "1", "PythonAutoReload": "0", "PythonInterpreter": "one"}


@pytest.mark.parametrize(("section", "excepted"), [("Limit", False), ("LimitExcept", True)])
def test_rules_in_limit_know_their_methods(section, excepted):
    text = f"<Directory /x>\n<{section} GET PUT>\nRequire valid-user\nAuthName here\n</{section}>\nRequire all granted\n</Directory>"
    limited, free = inner(text).get("Require")
    assert (limited.kind, limited.methods, limited.except_methods) == ("valid-user", {"GET", "PUT"}, excepted)
    assert (free.kind, free.methods) == ("all", None)
    assert inner(text).get("AuthName") == "here"


@pytest.mark.parametrize(
    "content",
    [
        "<Limit PUT>\nRequire all denied\n</Limit>",
        "PythonHandler x",
        "<Files x>\nRequire all denied\n</Files>",
        "Nonsense",
    ],
)
def test_nothing_in_limit_is_lost_in_silence(content):
    with pytest.raises(ConfigError):
        load_text(f"<Directory /x>\n<Limit GET>\n{content}\n</Limit>\n</Directory>")


@pytest.mark.parametrize("methods", ["get", "GET Post", "TRACE"])
def test_methods_of_limit_that_would_mean_nothing_are_mistakes(methods):
    with pytest.raises(ConfigError):
        load_text(f"<Directory /x>\n<Limit {methods}>\nRequire all denied\n</Limit>\n</Directory>")


@pytest.mark.parametrize("lines", [
    "Require not user joe", "<RequireNone>\nRequire user joe\n</RequireNone>", "<RequireAll>\n</RequireAll>", "Require ip",
    "<RequireAll>\nRequire not user joe\n</RequireAll>", "<RequireAny>\nRequire valid-user\nRequire not user joe\n</RequireAny>",
    "<RequireAll>\n<RequireNone>\nRequire user joe\n</RequireNone>\n</RequireAll>",
    "<RequireNone>\nRequire not user joe\n</RequireNone>", "<RequireAll>\n<Limit GET>\nRequire user joe\n</Limit>\n</RequireAll>",
])  # fmt: skip
def test_rules_that_can_not_mean_what_they_say_are_mistakes(lines):
    with pytest.raises(ConfigError):
        load_text(f"<Directory /x>\n{lines}\n</Directory>")


def test_rules_of_get_are_those_of_head():
    text = "<Directory /x>\n<Limit HEAD>\nRequire all denied\n</Limit>\n</Directory>"
    assert inner(text).get("Require")[0].methods == {"GET"}


@pytest.mark.parametrize(
    ("line", "left"), [("Allow from 10.1", {"Allow"}), ("Require all granted", {"Order", "Deny", "Satisfy"})]
)
def test_what_a_section_says_of_hosts_takes_the_place_of_all_that_outer_ones_say(line, left):
    text = f"<Directory /x>\nOrder deny,allow\nDeny from all\nSatisfy any\n</Directory>\n<Directory /x/y>\n{line}\n</Directory>"
    merged = merge(None, [Scope(section.directives) for section in config_of(text).sections])
    assert {name for name in ("Order", "Allow", "Deny", "Satisfy") if merged.get(name) is not None} == left


def test_a_container_of_rules_in_limit_is_limited_too():
    text = "<Directory /x>\n<Limit GET>\n<RequireAll>\nRequire all granted\n</RequireAll>\n</Limit>\n</Directory>"
    (rule,) = inner(text).get("Require")
    assert (rule.kind, rule.methods) == ("all-of", {"GET"})


@pytest.mark.parametrize(
    ("outer", "inside", "parts"),
    [
        ("All", "-MTime", "inode size"), ("MTime", "-MTime", ""), ("None", "+INode", "inode"), ("None", "-MTime", "none"),
        ("INode", "+MTime", "inode mtime"), ("All", "MTime", "mtime"), ("All", "MTime +INode", "inode mtime"),
        ("All", "+INode MTime", "mtime"), ("Size", "-MTime +MTime", "size mtime"), ("None", "+MTime -MTime", "none"),
        ("All", "None Size", "size"), ("All", "Size None", "none"), ("Size", "None +MTime", "none"), ("Size", "-Digest", "size"),
    ],
)  # fmt: skip
def test_the_parts_of_an_etag_with_a_sign_change_what_holds(outer, inside, parts):
    assert inner(f"FileETag {outer}\n<Directory /x>\nFileETag {inside}\n</Directory>").get("FileETag") == set(
        parts.split()
    )


@pytest.mark.parametrize("line", ["+All", "-None", "Digest", "+Digest", "time"])
def test_wrong_parts_of_an_etag_are_mistakes(line):
    with pytest.raises(ConfigError):
        load_text(f"FileETag {line}\n")
