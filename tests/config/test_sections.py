import pytest

from mpfcgi.config import Resolver, load_text
from mpfcgi.config.sections import Sections
from tests.support.counted import Counted
from tests.support.resolvers import resolver_for


def order_of(text, root, uri):
    """The markers of the sections that hold, in the order of merging (a dict keeps it)."""
    config = load_text(text.replace("ROOT", str(root)))
    resolver = Resolver(config)
    server = config.vhosts[0] if config.vhosts else config.main
    return " ".join(resolver.resolve(server, uri, str(root))[0].settings.options)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "htdocs"
    (root / "sub" / "deep").mkdir(parents=True)
    for name in ("f.txt", "sub/g.txt", "sub/deep/d.txt"):
        (root / name).write_text("x")
    (root / "sub" / ".htaccess").write_text("PythonOption ht 1\n<Files g.txt>\nPythonOption htfiles 1\n</Files>\n")
    return root


def section(head, marker, inner=""):
    kind = head.split()[0]
    return f"<{head}>\nPythonOption {marker} 1\n{inner}\n</{kind}>\n"


MAIN = (
    section("Directory /", "root", "AllowOverride None")
    + section("Directory ROOT", "dir", "AllowOverride All\n" + section("Files *.txt", "dirfiles"))
    + section("Directory ROOT/../*/sub".replace("ROOT/..", "PARENT"), "wild")
    + section("Directory ROOT/s?b", "question")
    + section("Directory ~ deep", "rx-deep")
    + section("DirectoryMatch g.txt$", "rx-file")
    + section("DirectoryMatch /sub$", "rx-sub-end")
    + section("DirectoryMatch /sub/$", "rx-sub-slash-end")
    + section("Files g.txt", "mainfiles")
    + section("Location /sub", "loc")
    + section("Location /sub/", "loc-slash")
    + section("Location /*/g.txt", "loc-wild")
    + section("Location /", "loc-root")
)
VHOST = (
    "<VirtualHost *:80>\n"
    + section("Directory ROOT", "vdir")
    + section("Files g.txt", "vfiles")
    + section("Location /sub", "vloc")
    + "</VirtualHost>\n"
)


# Recorded from Apache 2.4.71 with the same sections.
@pytest.mark.parametrize(
    ("uri", "order"),
    [
        ("/f.txt", "root dir vdir dirfiles loc-root"),
        (
            "/sub/g.txt",
            "root dir vdir wild question ht rx-file mainfiles vfiles dirfiles htfiles loc loc-slash loc-wild loc-root vloc",
        ),
        ("/sub/deep/d.txt", "root dir vdir wild question ht rx-deep dirfiles loc loc-slash loc-root vloc"),
        ("/sub/", "root dir vdir wild question ht rx-sub-slash-end loc loc-slash loc-root vloc"),
    ],
)
def test_sections_are_merged_in_the_order_that_apache_has(root, uri, order):
    assert order_of((MAIN + VHOST).replace("PARENT", str(root.parent)), root, uri) == order


def test_shorter_paths_come_first_wherever_they_stand(root):
    text = section("Directory ROOT/sub/deep", "3") + section("Directory ROOT", "1") + section("Directory ROOT/sub", "2")
    assert order_of(text, root, "/sub/deep/d.txt") == "1 2 3"


def test_patterns_and_plain_names_of_one_depth_keep_the_order_of_the_file(root):
    wild, plain = section("Directory ROOT/s*", "wild"), section("Directory ROOT/sub", "plain")
    assert order_of(wild + plain, root, "/sub/g.txt") == "wild plain"
    assert order_of(plain + wild, root, "/sub/g.txt") == "plain wild"


def test_a_directory_section_is_for_whole_names(root):
    assert order_of(section("Directory ROOT/su", "su"), root, "/sub/g.txt") == ""


@pytest.mark.parametrize(("argument", "holds"), [("/app", True), ("/app/", True), ("/ap", False), ("~ ^/app/.$", True)])
def test_locations_hold_for_uris_that_have_no_file(root, argument, holds):
    assert (order_of(section(f"Location {argument}", "here"), root, "/app/x") == "here") is holds


def test_sections_of_other_folders_are_not_looked_through():
    config = load_text("".join(f"<Directory /srv/{i}>\nPythonDebug On\n</Directory>\n" for i in range(2000)))
    sections = Sections(config.main.sections)
    Counted.compared = 0
    assert [item.argument for item in sections._of_folder(Counted("/srv/1999/"))] == ["/srv/1999"]
    assert Counted.compared <= 3
    assert not sections._wild


@pytest.mark.parametrize(
    "path", ["ROOT/sub/../sub", "ROOT//sub", "ROOT/./sub/.", "ROOT/sub//", "/..ROOT/sub", "ROOT/x*/../sub"]
)
def test_the_path_of_a_section_is_taken_as_the_folder_that_it_means(root, path):
    assert order_of(section(f'Directory "{path}"', "here"), root, "/sub/g.txt") == "here"


@pytest.mark.parametrize(
    ("path", "meant"), [("ROOT/sub/../sub", "ROOT/sub"), ("ROOT//sub//", "ROOT/sub/"), ("ROOT/./sub/", "ROOT/sub/")]
)
def test_the_document_root_is_the_folder_that_it_means(root, path, meant):
    config = load_text("DocumentRoot " + path.replace("ROOT", str(root)))
    assert Resolver(config).document_root(config.main) == meant.replace("ROOT", str(root))


@pytest.mark.parametrize(
    ("patterns", "last"),
    [
        (("/sub/", "/su", "sub"), "/sub/"),
        (("sub", "/su", "/sub/"), "/sub/"),
        (("/su", "s", "/ub|/sub"), "/ub|/sub"),
        (("/sub", "/s"), "/s"),
    ],
)
def test_expressions_for_folders_count_by_their_slashes_then_in_the_order_of_the_file(tmp_path, patterns, last):
    (tmp_path / "sub").mkdir()
    sections = [f'<DirectoryMatch "{text}">\nPythonOption last {text}\n</DirectoryMatch>' for text in patterns]
    resolver, server = resolver_for(f"DocumentRoot {tmp_path}\n" + "\n".join(sections))
    assert resolver.resolve(server, "/sub/x")[0].settings.options == {"last": last}


def test_files_of_any_name_are_about_folders_too(tmp_path):
    (tmp_path / "sub").mkdir()
    text = "".join(
        f'<{name}>\nPythonOption "{name}" 1\n</{name.split()[0]}>\n'
        for name in ("Files *", "Files s*", "FilesMatch .", "FilesMatch ^")
    )
    resolver, server = resolver_for(f"DocumentRoot {tmp_path}\n" + text)
    assert set(resolver.resolve(server, "/sub/")[0].settings.options) == {"Files *", "FilesMatch ^"}
    assert set(resolver.resolve(server, "/")[0].settings.options) == {"Files *", "FilesMatch ^"}
    assert len(resolver.resolve(server, "/sub")[0].settings.options) == 4
