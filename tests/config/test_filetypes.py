import mimetypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config import ConfigError, FileTypes, Resolver, load_text
from mpfcgi.config import filetypes as module
from mpfcgi.config.filetypes import FileType, extensions


@pytest.fixture
def types(tmp_path):
    file = tmp_path / "mime.types"
    file.write_text(
        "# types\ntext/html html htm\ntext/x-csrc c # source\napplication/gzip gz\nimage/png png\nempty/type\n"
    )
    return FileTypes(load_text(f"TypesConfig {file}").types)


def settings(text=""):
    config = load_text(text)
    return Resolver(config).server_settings(config.main)


MIME = """
AddLanguage fr .fr
AddLanguage de .DE
AddEncoding x-gzip .gz
AddEncoding x-compress .Z
AddHandler mod_python .py
AddCharset utf-8 utf8
AddType text/x-own .own .c2
"""


# The first sixteen are recorded from Apache 2.4.71.
@pytest.mark.parametrize(
    ("name", "content_type", "languages", "encoding"),
    [
        ("a.html", "text/html", (), None),
        ("a.unknown.html", "text/html", (), None),
        ("a.html.unknown", "text/html", (), None),
        (".png", None, (), None),
        (".htaccess", None, (), None),
        (".a.html", "text/html", (), None),
        ("x.tar.gz", "application/gzip", (), "x-gzip"),
        ("x.html.fr", "text/html", ("fr",), None),
        ("x.fr.html", "text/html", ("fr",), None),
        ("x.html.fr.de", "text/html", ("fr", "de"), None),
        ("x.HTML", "text/html", (), None),
        ("x.gz.Z", "application/gzip", (), "x-gzip, x-compress"),
        ("foo..html", "text/html", (), None),
        ("html", None, (), None),
        ("html.x", None, (), None),
        ("a.unknown.b..c", "text/x-csrc", (), None),
        ("", None, (), None),
        ("...", None, (), None),
        ("a.c.own", "text/x-own", (), None),
    ],
)
def test_names_tell_what_they_tell_apache(types, name, content_type, languages, encoding):
    found = types.lookup(settings(MIME), name)
    assert (found.content_type, found.languages, found.encoding) == (content_type, languages, encoding)
    assert found.known is (content_type is not None)


@pytest.mark.parametrize("name", ["page.py", "page.py.html", "page.html.PY", "page.utf8.py"])
def test_a_handler_may_be_named_by_any_extension(types, name):
    assert types.lookup(settings(MIME), name).handler == "mod_python"


def test_charset_comes_from_an_extension(types):
    assert types.lookup(settings(MIME), "a.html.utf8").charset == "utf-8"


def test_forcetype_and_sethandler_win_and_none_takes_them_back(types, tmp_path):
    (tmp_path / "inner").mkdir()
    text = (
        f"DocumentRoot {tmp_path}\n{MIME}\n"
        f"<Directory {tmp_path}>\nForceType a/b\nSetHandler mine\n</Directory>\n"
        f"<Directory {tmp_path}/inner>\nForceType None\nSetHandler None\n</Directory>"
    )
    config = load_text(text)
    resolver = Resolver(config)
    outer = resolver.resolve(config.main, "/a.py")[0].settings
    inner = resolver.resolve(config.main, "/inner/a.py")[0].settings
    assert types.lookup(outer, "a.html.py") == FileType("a/b", None, None, (), "mine", True)
    assert types.lookup(inner, "a.html.py") == FileType("text/html", None, None, (), "mod_python", True)


def test_remove_directives_take_back_what_outer_scopes_added(types, tmp_path):
    text = (
        f"DocumentRoot {tmp_path}\n{MIME}\n<Directory {tmp_path}>\nRemoveHandler .py\nRemoveLanguage fr\n"
        "RemoveEncoding .gz\nRemoveCharset .utf8\nRemoveType .html .own\n</Directory>"
    )
    config = load_text(text)
    inner = Resolver(config).resolve(config.main, "/x")[0].settings
    found = types.lookup(inner, "a.own.html.py.fr.gz.utf8")
    assert found == FileType("application/gzip", None, None, (), None, True)
    # As in Apache, RemoveType hides the types file, too.
    assert types.lookup(inner, "a.html").content_type is None


def test_answers_are_remembered_with_the_settings_and_bounded(types, monkeypatch):
    monkeypatch.setattr(module, "CACHE_SIZE", 3)
    one, other = settings(MIME), settings()
    assert types.lookup(one, "a.py") is types.lookup(one, "a.py")
    assert types.lookup(other, "a.py").handler is None
    for i in range(10):
        types.lookup(one, f"{i}.py")
    assert len(one.extras[FileTypes]) <= 3


def test_a_types_file_is_read_again_with_a_new_configuration(tmp_path):
    file = tmp_path / "mime.types"
    for content_type in ("text/one", "text/three"):
        file.write_text(f"{content_type} ext\n")
        assert load_text("TypesConfig mime.types", server_root=str(tmp_path)).types == {"ext": content_type}


def test_a_types_file_that_is_not_there_is_an_error_with_its_place(tmp_path):
    with pytest.raises(ConfigError, match=r"site.conf:1: TypesConfig /nowhere/types: No such file"):
        load_text("TypesConfig /nowhere/types", "site.conf")


def test_without_any_types_file_pythons_table_is_used(monkeypatch):
    monkeypatch.setattr(module, "SYSTEM", "/nowhere/mime.types")
    assert load_text("").types["html"] == mimetypes.types_map[".html"]


@given(st.text(max_size=20))
def test_extensions_are_lower_case_without_dots(name):
    assert all(part and "." not in part and part == part.lower() for part in extensions(name))
