"""What an answer of the resolver costs: looks at the disk, and memory."""

import os

from mpfcgi.config import resolver as module
from tests.support.resolvers import resolver_for


def stats_of(monkeypatch, call):
    """The paths that are looked at on disk while `call` runs."""
    asked = []
    stat = os.stat
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda path, **more: asked.append(path) or stat(path, **more))
        call()
    return asked


def test_a_file_that_is_known_costs_one_look_at_the_disk(site, monkeypatch):
    resolver, server = resolver_for(f"DocumentRoot {site}")
    for uri in ("/file.txt", "/sub/a.py/x/y", "/sub/"):
        resolver.resolve(server, uri)
        assert len(stats_of(monkeypatch, lambda uri=uri: resolver.resolve(server, uri))) == 1
    resolver.lookup(server, f"{site}/file.txt", "/elsewhere")
    assert len(stats_of(monkeypatch, lambda: resolver.lookup(server, f"{site}/file.txt", "/elsewhere"))) == 1


def test_a_path_without_a_file_costs_a_look_at_the_gap_and_at_its_folder(site, monkeypatch):
    resolver, server = resolver_for(f"DocumentRoot {site}")
    resolver.resolve(server, "/none/x/y/z")
    again = stats_of(monkeypatch, lambda: resolver.resolve(server, "/none/x/y/z"))
    assert again == [f"{site}/none", f"{site}/"]


def test_htaccess_costs_a_look_only_in_the_folders_that_allow_it(site, monkeypatch):
    resolver, server = resolver_for(f"DocumentRoot {site}\n<Directory {site}/sub>\nAllowOverride All\n</Directory>")
    for uri, count in (("/file.txt", 1), ("/sub/a.py", 2)):
        resolver.resolve(server, uri)
        assert len(stats_of(monkeypatch, lambda uri=uri: resolver.resolve(server, uri))) == count


def test_links_are_not_looked_for_where_they_may_be_followed(site, monkeypatch):
    resolver, server = resolver_for(f"DocumentRoot {site}")
    monkeypatch.setattr(os.path, "islink", None)
    assert resolver.resolve(server, "/file.txt")[0].status == 0


def test_many_uris_and_combinations_do_not_fill_the_memory(site, monkeypatch):
    monkeypatch.setattr(module, "CACHE_SIZE", 5)
    resolver, server = resolver_for(f"DocumentRoot {site}\n<LocationMatch .>\nPythonDebug On\n</LocationMatch>")
    for i in range(20):
        assert resolver.resolve(server, f"/none{i}")[0].settings.get("PythonDebug") is True
    assert len(resolver._routes) <= 5
    assert len(resolver._interned) <= 5


def test_2000_hosts_cost_a_request_no_more_than_two(site, monkeypatch):
    def looks(count):
        text = "".join(
            f"<VirtualHost *:80>\nServerName h{i}\nDocumentRoot {site}\n<Directory {site}>\nPythonOption n {i}\n"
            "</Directory>\n</VirtualHost>\n"
            for i in range(count)
        )
        resolver, _ = resolver_for(text)
        server = resolver.server_for(f"h{count - 1}", "", "80", "127.0.0.1")
        assert resolver.resolve(server, "/file.txt")[0].settings.options == {"n": str(count - 1)}
        return len(resolver._interned), len(resolver._sections), len(resolver._base)

    assert looks(2000) == looks(2) == (1, 1, 1)
