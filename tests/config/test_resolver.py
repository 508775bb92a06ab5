import pytest

from mpfcgi.config import Resolver, load_text, names_vary, static_interpreters


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "htdocs"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "file.txt").write_text("x")
    (root / "sub" / "a.py").write_text("x")
    return root


def resolver_for(text, **more):
    resolver = Resolver(load_text(text, **more))
    return resolver, resolver.config.main


def test_the_file_and_the_path_behind_it_are_told_apart(site):
    resolver, server = resolver_for(f"DocumentRoot {site}")
    found = {uri: resolver.resolve(server, uri)[0] for uri in ("/file.txt", "/sub/a.py/x/y", "/none/x", "/sub/")}
    assert (found["/file.txt"].filename, found["/file.txt"].path_info) == (f"{site}/file.txt", "")
    assert (found["/sub/a.py/x/y"].filename, found["/sub/a.py/x/y"].path_info) == (f"{site}/sub/a.py", "/x/y")
    assert (found["/none/x"].filename, found["/none/x"].path_info) == (f"{site}/none", "/x")
    assert (found["/sub/"].filename, found["/sub/"].path_info) == (f"{site}/sub/", "")


def test_a_file_that_comes_or_goes_is_seen_at_the_next_request(site):
    resolver, server = resolver_for(f"DocumentRoot {site}")
    assert resolver.resolve(server, "/new/x")[0].path_info == "/x"
    (site / "new").mkdir()
    (site / "new" / "x").write_text("")
    assert resolver.resolve(server, "/new/x")[0].filename == f"{site}/new/x"
    (site / "new" / "x").unlink()
    assert resolver.resolve(server, "/new/x")[1] is None


def test_sections_are_merged_in_apaches_order(site):
    text = f"""
        DocumentRoot {site}
        PythonOption who server
        <Location /sub>
            PythonOption who location
        </Location>
        <Files a.py>
            PythonOption file yes
            PythonOption who files
        </Files>
        <Directory {site}/sub>
            PythonOption who deeper
            PythonOption gone
        </Directory>
        <Directory {site}>
            PythonOption who root
            PythonOption gone here
        </Directory>"""
    resolver, server = resolver_for(text)
    options = {uri: resolver.resolve(server, uri)[0].settings.options for uri in ("/file.txt", "/sub/a.py", "/sub/b")}
    assert options["/file.txt"] == {"who": "root", "gone": "here"}
    assert options["/sub/a.py"] == {"who": "location", "file": "yes"}
    assert options["/sub/b"] == {"who": "location"}


def test_settings_of_one_combination_are_one_object(site):
    resolver, server = resolver_for(f"DocumentRoot {site}\n<Directory {site}>\nPythonDebug On\n</Directory>")
    assert resolver.resolve(server, "/file.txt")[0].settings is resolver.resolve(server, "/sub/a.py")[0].settings


def test_handlers_of_an_inner_section_replace_those_of_an_outer_one(site):
    text = f"""
        DocumentRoot {site}
        <Directory {site}>
            PythonHandler one
            PythonHandler two
        </Directory>
        <Directory {site}/sub>
            PythonHandler three | .py
        </Directory>"""
    resolver, server = resolver_for(text)
    outer = resolver.resolve(server, "/file.txt")[0].settings.handlers["PythonHandler"]
    assert [(handler.handler, handler.directory) for handler in outer] == [("one", f"{site}/"), ("two", f"{site}/")]
    (inner,) = resolver.resolve(server, "/sub/x")[0].settings.handlers["PythonHandler"]
    assert (inner.handler, inner.extensions, inner.directory) == ("three", (".py",), f"{site}/sub/")


def test_htaccess_holds_where_it_is_allowed_and_is_read_again_when_it_changes(site):
    (site / "sub" / ".htaccess").write_text("PythonOption a 1\n")
    resolver, server = resolver_for(f"DocumentRoot {site}\n<Directory {site}>\nAllowOverride FileInfo\n</Directory>")
    assert resolver.resolve(server, "/sub/a.py")[0].settings.options == {"a": "1"}
    (site / "sub" / ".htaccess").write_text("PythonOption a 22\n")
    assert resolver.resolve(server, "/sub/a.py")[0].settings.options == {"a": "22"}
    (site / "sub" / ".htaccess").write_text("Options Indexes\n")
    resource = resolver.resolve(server, "/sub/a.py")[0]
    assert resource.status == 500
    assert ".htaccess:1: Options is not allowed here (AllowOverride Options allows it)" in resource.problem
    (site / "sub" / ".htaccess").unlink()
    assert resolver.resolve(server, "/sub/a.py")[0].settings.options == {}


def test_without_allowoverride_htaccess_is_not_looked_at(site):
    (site / ".htaccess").write_text("Nonsense\n")
    resolver, server = resolver_for(f"DocumentRoot {site}")
    assert resolver.resolve(server, "/file.txt")[0].status == 0


def test_interpreters_are_named_as_the_manual_says(site):
    text = f"""
        ServerName main.example
        DocumentRoot {site}
        <Directory {site}/sub>
            PythonInterpPerDirectory On
        </Directory>
        <Location /named>
            PythonInterpreter mine
        </Location>"""
    resolver, server = resolver_for(text)
    names = [resolver.resolve(server, uri)[0].interpreter for uri in ("/file.txt", "/sub/a.py", "/sub/deep/", "/named")]
    assert names == ["main.example", f"{site}/sub/", f"{site}/sub/deep/", "mine"]
    assert static_interpreters(resolver.config) == ("main.example", "mine")
    assert names_vary(resolver.config)


def test_links_are_refused_where_options_do_not_let_them(site):
    (site / "link.txt").symlink_to(site / "file.txt")
    resolver, server = resolver_for(f"DocumentRoot {site}\n<Directory {site}>\nOptions None\n</Directory>")
    assert resolver.resolve(server, "/link.txt")[0].status == 403
    assert resolver.resolve(server, "/file.txt")[0].status == 0


def test_redirects_give_status_and_place(site):
    resolver, server = resolver_for(
        f"DocumentRoot {site}\nRedirect permanent /old http://new.example/place\nRedirect gone /away"
    )
    assert resolver.resolve(server, "/old/x")[0][6:8] == (301, "http://new.example/place/x")
    assert resolver.resolve(server, "/away")[0].status == 410


def test_without_a_documentroot_the_front_ends_is_used(site):
    resolver, server = resolver_for("")
    assert resolver.resolve(server, "/file.txt", str(site))[0].filename == f"{site}/file.txt"
    assert (
        resolver.resolve(server, "/file.txt", "", f"proxy:fcgi://localhost{site}/file.txt")[0].filename
        == f"{site}/file.txt"
    )


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [
        ("a.example", "80", "a.example"), ("A.EXAMPLE:80", "80", "a.example"), ("www.b.example", "80", "b.example"),
        ("x.wild.example", "80", "b.example"), ("unknown", "80", "a.example"), ("c.example", "81", "c.example"),
        ("unknown", "81", "c.example"),
    ],
)  # fmt: skip
def test_hosts_are_found_by_address_and_name(host, port, name):
    resolver = Resolver(
        load_text(
            "<VirtualHost *:80>\nServerName a.example\n</VirtualHost>\n"
            "<VirtualHost *:80>\nServerName b.example\nServerAlias www.b.example *.wild.example\n</VirtualHost>\n"
            "<VirtualHost *:81>\nServerName c.example\n</VirtualHost>\n"
        )
    )
    assert resolver.server_for(host, "", port, "127.0.0.1").name == name
