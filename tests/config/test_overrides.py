"""AllowOverrideList and AuthMerging; what stands in a pool; what is ignored and why."""

import pytest

from mpfcgi.config import ConfigError, Resolver, load_text

RULES = """
DocumentRoot {root}
<Directory {root}>
    AllowOverride None
    AllowOverrideList Redirect DirectoryIndex
    Require ip 10
</Directory>
"""


@pytest.fixture
def resolve(tmp_path):
    def resolve(config, uri="/page"):
        config = load_text(config.format(root=tmp_path))
        return Resolver(config).resolve(config.main, uri)[0]

    (tmp_path / "page").write_text("x")
    return resolve


def test_an_htaccess_may_have_the_directives_that_are_listed(resolve, tmp_path):
    (tmp_path / ".htaccess").write_text("DirectoryIndex first.html\n")
    assert resolve(RULES).settings.get("DirectoryIndex") == ("first.html",)


@pytest.mark.parametrize("line", ["Options Indexes", "PythonDebug On"])
def test_an_htaccess_may_not_have_others(resolve, tmp_path, line):
    (tmp_path / ".htaccess").write_text(line + "\n")
    assert resolve(RULES).status == 500


@pytest.mark.parametrize(
    ("how", "kinds"),
    [("", ["user"]), ("AuthMerging Off", ["user"]), ("AuthMerging And", ["all-of"]), ("AuthMerging Or", ["any-of"])],
)
def test_rules_of_an_inner_section_replace_or_join_those_of_an_outer_one(resolve, how, kinds):
    inner = f"<Files page>\n{how}\nRequire user ada\n</Files>\n"
    rules = resolve(RULES + inner).settings.get("Require")
    assert [rule.kind for rule in rules] == kinds
    if kinds != ["user"]:
        assert [[rule.kind for rule in side.rules] for side in rules[0].rules] == [["ip"], ["user"]]


@pytest.mark.parametrize("name", ["KeepAlive", "ServerLimit"])
def test_a_pool_takes_nothing_that_it_would_not_do(name):
    with pytest.raises(ConfigError) as error:
        load_text(f"<PythonPool x>\n{name} 1\n</PythonPool>\n", "t")
    assert "<PythonPool>" in str(error.value)
    assert str(error.value).startswith("t:2: ")


def test_what_is_ignored_is_reported_with_the_reason():
    config = load_text("IndexOptions FancyIndexing\nSSLEngine On\nLimitXMLRequestBody 5\n", "t")
    assert list(config.warnings) == [
        "t:1: IndexOptions is ignored: lists of folders have one look here",
        "t:2: SSLEngine is ignored: the front-end sees to it",
        "t:3: LimitXMLRequestBody is ignored: nothing here reads XML bodies",
    ]


def test_a_listening_line_has_the_backlog_of_listenbacklog_or_its_own():
    config = load_text("Listen 1.2.3.4:80\nListen 1.2.3.4:81 backlog=5\nListenBacklog 100\n")
    assert [listen.backlog for listen in config.listens] == [100, 5]


def test_a_request_that_names_no_host_finds_it_by_its_path():
    config = load_text(
        "<VirtualHost *>\nServerName a.test\n</VirtualHost>\n"
        "<VirtualHost *>\nServerName b.test\nServerPath /b\n</VirtualHost>\n"
    )
    resolver = Resolver(config)
    assert [
        resolver.server_for(host, "a.test", "80", "", uri).name
        for host, uri in [("", "/b/x"), ("", "/b"), ("", "/b?q"), ("", "/bc"), ("a.test", "/b/x"), ("", "/")]
    ] == ["b.test", "b.test", "b.test", "a.test", "a.test", "a.test"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("mode=9999", "Listen mode= takes octal digits from 0 to 0777, not '9999'"),
        ("mode=77777", "Listen mode= takes octal digits from 0 to 0777, not '77777'"),
        ("backlog=-1", "Listen backlog= takes a number from 0 to 65535, not '-1'"),
    ],
)
def test_the_numbers_of_a_listening_line_have_bounds(option, message):
    with pytest.raises(ConfigError, match=message):
        load_text(f"Listen unix:/run/s {option}")
