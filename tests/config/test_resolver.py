"""From a URI to a file, and to what the configuration says of it."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config import Resolver, load_text, parse_uri
from tests.support.resolvers import resolver_for


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


@pytest.mark.parametrize(
    ("section", "folder"),
    [
        ('DirectoryMatch "{site}/[s]"', "sub/"), ('Directory ~ "{site}/s"', "sub/"), ('DirectoryMatch "/deep/"', "sub/deep/"),
        ('DirectoryMatch "^{site}"', ""), ('DirectoryMatch "/f$"', "sub/deep/er/"), ('Directory "{site}/s*"', "sub/"),
        ('Directory "{site}/*"', ""), ('Directory "{site}/*/"', "sub/"), ('Directory "{site}/sub/*"', "sub/"),
        ('DirectoryMatch "/(deep|f)$"', "sub/deep/"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("inner", ["{}", "<Files f>\n{}\n</Files>"])
def test_the_folder_of_handlers_is_the_first_one_that_the_pattern_of_their_section_fits(site, section, folder, inner):
    (site / "sub" / "deep" / "er").mkdir(parents=True)
    (site / "sub" / "deep" / "er" / "f").touch()
    lines = inner.format("PythonHandler m")
    text = f"DocumentRoot {site}\n<{section.format(site=site)}>\n{lines}\n</{section.split()[0]}>"
    resolver, server = resolver_for(text)
    (handler,) = resolver.resolve(server, "/sub/deep/er/f")[0].settings.handlers["PythonHandler"]
    assert handler.directory == f"{site}/{folder}"


@pytest.mark.parametrize(
    "section", ["{site}/sub/a.py", "{site}/sub/*", "{site}/*/a.py", "{site}/sub/a.py/", "{site}/sub/?.py"]
)
def test_a_directory_section_may_be_about_a_file_that_is_there(site, section):
    text = (
        f"DocumentRoot {site}\n<Directory {section.format(site=site)}>\nPythonHandler m\nPythonOption a 1\n</Directory>"
    )
    resolver, server = resolver_for(text)
    settings = resolver.resolve(server, "/sub/a.py")[0].settings
    assert settings.options == {"a": "1"}
    assert settings.handlers["PythonHandler"][0].directory == f"{site}/sub/"
    for uri in ("/sub/a.py/info", "/sub/none.py", "/sub/", "/file.txt"):
        assert resolver.resolve(server, uri)[0].settings.options == {}


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
            PythonHandler three
            PythonHandler four | .py .txt
        </Directory>"""
    resolver, server = resolver_for(text)
    outer = resolver.resolve(server, "/file.txt")[0].settings.handlers["PythonHandler"]
    assert [(handler.handler, handler.directory) for handler in outer] == [("one", f"{site}/"), ("two", f"{site}/")]
    inner = resolver.resolve(server, "/sub/x")[0].settings.handlers["PythonHandler"]
    assert [(handler.handler, handler.directory) for handler in inner] == [
        ("three", f"{site}/sub/"),
        ("four", f"{site}/sub/"),
    ]


def test_handlers_for_an_extension_leave_those_for_others_and_for_all_files(site):
    text = f"""
        DocumentRoot {site}
        <Directory {site}>
            PythonHandler one
            PythonHandler two | .py .txt
        </Directory>
        <Directory {site}/sub>
            PythonHandler three | .py
        </Directory>"""
    resolver, server = resolver_for(text)
    inner = resolver.resolve(server, "/sub/x")[0].settings.handlers["PythonHandler"]
    assert [(handler.handler, handler.extensions) for handler in inner] == [
        ("three", (".py",)),
        ("one", ()),
        ("two", (".txt",)),
    ]


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


def test_links_are_refused_where_options_do_not_let_them(site):
    (site / "link.txt").symlink_to(site / "file.txt")
    resolver, server = resolver_for(f"DocumentRoot {site}\n<Directory {site}>\nOptions None\n</Directory>")
    assert resolver.resolve(server, "/link.txt")[0].status == 403
    assert resolver.resolve(server, "/file.txt")[0].status == 0


def test_redirects_give_status_and_place(site):
    resolver, server = resolver_for(
        f"DocumentRoot {site}\nRedirect permanent /old http://new.example/place\nRedirect gone /away"
    )
    moved = resolver.resolve(server, "/old/x")[0]
    assert (moved.status, moved.location) == (301, "http://new.example/place/x")
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


def test_a_file_that_turns_into_a_folder_is_seen(site):
    resolver, server = resolver_for(f"DocumentRoot {site}")
    assert resolver.resolve(server, "/sub/a.py/x")[0].path_info == "/x"
    (site / "sub" / "a.py").unlink()
    (site / "sub" / "a.py").mkdir()
    assert resolver.resolve(server, "/sub/a.py/x")[0].filename == f"{site}/sub/a.py/x"


def test_a_folder_that_goes_is_seen_behind_a_missing_file(site):
    resolver, server = resolver_for(f"DocumentRoot {site}")
    assert resolver.resolve(server, "/sub/deep/none/x")[0].filename == f"{site}/sub/deep/none"
    (site / "sub" / "deep").rmdir()
    found = resolver.resolve(server, "/sub/deep/none/x")[0]
    assert (found.filename, found.path_info) == (f"{site}/sub/deep", "/none/x")


def test_what_a_file_says_of_another_front_end_is_not_remembered_for_this_one(site, tmp_path):
    resolver, server = resolver_for("")
    other = tmp_path / "other.txt"
    other.write_text("")
    for sent in (f"{site}/file.txt", str(other)):
        assert resolver.resolve(server, "/x", "", sent)[0].filename == sent


def test_queries_of_proxy_names_do_not_make_new_answers(site):
    resolver, server = resolver_for("")
    for query in ("a=1", "a=2"):
        sent = f"proxy:fcgi://localhost{site}/file.txt?{query}"
        assert resolver.resolve(server, "/file.txt", "", sent, query)[0].filename == f"{site}/file.txt"
    assert len(resolver._routes) == 1


@pytest.mark.parametrize("sent", ["", "/etc/passwd", "proxy:fcgi://localhost:9000/etc/passwd"])
def test_without_any_root_no_file_of_the_disk_is_reached(sent):
    resolver, server = resolver_for("<Location /etc>\nPythonHandler virtual\n</Location>")
    resource, status = resolver.resolve(server, "/etc/passwd", "", sent)
    assert (resource.filename, resource.path_info, resource.kind, resource.status, status) == (
        "",
        "/etc/passwd",
        0,
        0,
        None,
    )
    assert resource.settings.handlers["PythonHandler"][0].location


def test_an_alias_is_not_left_through_dots(site):
    (site.parent / "secret").write_text("x")
    resolver, server = resolver_for(
        f"DocumentRoot {site}\nAliasMatch ^/files(.*) {site}/$1\nAlias /up {site}/sub/../sub"
    )
    assert resolver.resolve(server, "/files../secret")[0].status == 403
    assert resolver.resolve(server, "/files/file.txt")[0].filename == f"{site}/file.txt"
    assert resolver.resolve(server, "/up/a.py")[0].filename == f"{site}/sub/a.py"


@pytest.mark.parametrize(
    ("uri", "context"),
    [("/up/a.py", ("/up", "ROOT/sub/../sub")), ("/slash/a.py", ("/slash/", "ROOT/sub/")), ("/upper", None), ("/files/x", None),
     ("/first/x", None), ("/", None)],
)  # fmt: skip
def test_an_alias_is_the_context_of_what_is_under_it_but_an_expression_is_none(site, uri, context):
    resolver, server = resolver_for(
        f"DocumentRoot {site}\nAliasMatch ^/fi(.*) {site}/$1\nAlias /up {site}/sub/../sub\nAlias /slash/ {site}/sub/\n"
        f"Alias /first {site}/sub"
    )
    found = resolver.context(server, uri)
    assert found == (context and (context[0], context[1].replace("ROOT", str(site))))


@given(uri=st.text("ab./%25\\\x00é", max_size=25).map("/{}".format))
def test_no_uri_leads_out_of_the_root(tmp_path_factory, uri):
    root = tmp_path_factory.getbasetemp()
    resolver, server = resolver_for(f"DocumentRoot {root}/www")
    path, _, status = parse_uri(uri.encode().decode("latin-1"))
    if not status:
        assert (resolver.resolve(server, path)[0].filename + "/").startswith(f"{root}/www/")


def test_names_that_cannot_be_looked_at_are_forbidden(site):
    resolver, server = resolver_for(f"DocumentRoot {site}")
    for uri in ("/" + "a" * 256, "/" + "a/" * 2100, "/file.txt/" + "b" * 5000):
        resource = resolver.resolve(server, uri)[0]
        assert (resource.status, resource.kind) == (403, 0)
        assert "too long" in resource.problem
        assert f"failed: {resource.filename[:50]}" in resource.problem
    assert resolver.resolve(server, "/file.txt/" + "b" * 300)[0].path_info == "/" + "b" * 300


def test_the_hosts_redirect_comes_before_the_main_servers_and_is_escaped(site):
    text = "Redirect /old http://main/\n<VirtualHost *:80>\nRedirect /old http://host/new\n</VirtualHost>"
    resolver, _ = resolver_for(text)
    resource = resolver.resolve(resolver.config.vhosts[0], "/old/a b\r\nX: é", str(site))[0]
    assert (resource.status, resource.location) == (302, "http://host/new/a%20b%0D%0AX:%20%C3%A9")


def test_redirects_need_no_file_that_can_be_looked_at(site):
    resolver, server = resolver_for(f"DocumentRoot {site}\nRedirect /old http://new/")
    assert resolver.resolve(server, "/old/" + "a" * 300)[0].status == 302


def test_redirects_by_expression_escape_what_comes_from_the_uri(site):
    resolver, server = resolver_for(f"DocumentRoot {site}\nRedirectMatch ^/u/(.*) http://new/?u=$1#there")
    assert resolver.resolve(server, "/u/a b")[0].location == "http://new/?u=a%20b#there"


def test_the_trans_phase_knows_the_location_and_no_more(site):
    text = (
        f"DocumentRoot {site}\nPythonOption a 1\n<Directory {site}>\nPythonOption b 1\n</Directory>\n"
        "<Location /sub>\nPythonOption c 1\n</Location>"
    )
    resolver, server = resolver_for(text)
    assert resolver.location_settings(server, "/sub/a.py").options == {"a": "1", "c": "1"}
    assert resolver.location_settings(server, "/sub/a.py") is resolver.location_settings(server, "/sub/b")
    assert resolver.location_settings(server, "/other") is resolver.server_settings(server)


def test_links_above_a_folder_without_followsymlinks_are_followed(site):
    (site.parent / "link").symlink_to(site)
    root = f"{site.parent}/link"
    resolver, server = resolver_for(f"DocumentRoot {root}\n<Directory {root}>\nOptions None\n</Directory>")
    assert resolver.resolve(server, "/file.txt")[0].status == 0
    (site / "sub" / "inner").symlink_to(site / "sub" / "deep")
    assert resolver.resolve(server, "/sub/inner/x")[0].status == 403
    owners, server = resolver_for(
        f"DocumentRoot {root}\n<Directory {root}>\nOptions SymLinksIfOwnerMatch\n</Directory>"
    )
    assert owners.resolve(server, "/sub/inner/x")[0].status == 0


def test_a_file_that_turns_into_a_forbidden_link_is_seen(site):
    resolver, server = resolver_for(f"DocumentRoot {site}\n<Directory {site}>\nOptions None\n</Directory>")
    assert resolver.resolve(server, "/file.txt")[0].status == 0
    (site / "file.txt").unlink()
    (site / "file.txt").symlink_to(site / "sub" / "a.py")
    assert resolver.resolve(server, "/file.txt")[0].status == 403


def test_folders_of_one_pattern_have_handlers_of_their_own(site):
    (site / "sub2").mkdir()
    resolver, server = resolver_for(f"DocumentRoot {site}\n<Directory {site}/sub*>\nPythonHandler h\n</Directory>")
    for folder in ("sub", "sub2"):
        (spec,) = resolver.resolve(server, f"/{folder}/x")[0].settings.handlers["PythonHandler"]
        assert spec.directory == f"{site}/{folder}/"


@pytest.mark.parametrize("method", [os.mkdir, os.mkfifo])
def test_an_htaccess_that_is_no_file_keeps_everybody_out(site, method):
    method(site / ".htaccess")
    resolver, server = resolver_for(f"DocumentRoot {site}\n<Directory {site}>\nAllowOverride All\n</Directory>")
    assert resolver.resolve(server, "/file.txt")[0].status == 403
    (site / ".htaccess").rmdir() if method is os.mkdir else (site / ".htaccess").unlink()
    assert resolver.resolve(server, "/file.txt")[0].status == 0
