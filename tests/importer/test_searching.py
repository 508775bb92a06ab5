"""Which module a name means: the search of manual 4.5.1."""

import pickle
import sys

import pytest

from mpfcgi.importer import finder


def test_modules_of_the_same_name_in_two_folders_are_two_modules(site):
    site.write("a/shared.py", "where = 'a'")
    site.write("b/shared.py", "where = 'b'")
    assert site.load("shared", "a").where == "a"
    assert site.load("shared", "b").where == "b"
    assert site.load("shared", "a").__name__ != site.load("shared", "b").__name__


def test_siblings_of_the_same_name_do_not_meet(site):
    for folder in "ab":
        site.write(f"{folder}/shared.py", f"where = '{folder}'")
        site.write(f"{folder}/index.py", "import shared\nfrom shared import where")
    assert site.load("index", "a").where == "a"
    assert site.load("index", "b").where == "b"


def test_a_module_is_the_same_however_it_is_named(site):
    file = site.write("sub/one.py", "")
    handler = site.load(site.write("handler.py", ""))
    for name in ("./sub/one.py", "~/sub/one.py", "~sub/one.py", "sub/one", file, "./sub/../sub/one.py"):
        assert site.import_module(name, handler) is site.import_module(file)


@pytest.mark.parametrize("name", ["~own.py", "~/own.py", "./own.py", "own"])
def test_a_handlers_module_beside_its_directive_has_several_names(site, name):
    file = site.write("own.py", "")
    assert site.load(name).__file__ == file


def test_a_module_may_have_any_extension(site):
    assert site.import_module(site.write("servlet.mps", "x = 1")).x == 1


def test_a_path_without_a_file_is_an_import_error_that_names_it(site):
    with pytest.raises(ImportError, match=r"no module file .*/nothing\.py"):
        site.import_module("./nothing.py", site.load(site.write("handler.py", "")))


def test_the_paths_of_a_module_are_relative_to_its_own_folder(site):
    site.write("up.py", "x = 'up'")
    site.write("sub/two.py", "x = 'two'")
    site.load("two", "sub")
    two = site.load("two", "sub")
    assert site.import_module("../up.py", two).x == "up"
    assert site.import_module("./two.py", two) is two


def test_pseudo_packages_are_folders_with_modules(site):
    site.write("pack/__init__.py", "me = 'init'")
    site.write("pack/mod.py", "import other\nme = other.me")
    site.write("pack/other.py", "me = 'other'")
    handler = site.load(site.write("handler.py", ""))
    assert site.import_module("pack/mod", handler).me == "other"
    assert site.import_module("pack/__init__", handler).me == "init"
    with pytest.raises(ImportError, match=r"no pack/none\.py"):
        site.import_module("pack/none", handler)


def test_folders_are_searched_in_the_order_of_the_manual(site):
    for folder in ("argument", "own", "mp_path", "option"):
        for module in ("argument", "own", "mp_path", "option")[
            ("argument", "own", "mp_path", "option").index(folder) :
        ]:
            site.write(f"{folder if folder != 'own' else 'h'}/from_{module}.py", f"found = '{folder}'")
    # Each module lies in all the folders that come after none of the others: the first that has it wins.
    handler_file = site.write("h/handler.py", f"__mp_path__.append({str(site.root / 'mp_path')!r})")
    handler = site.load(handler_file, "h", path=(str(site.root / "option"),))
    argument = [str(site.root / "argument")]
    assert site.import_module("from_argument", handler, path=argument).found == "argument"
    assert site.import_module("from_own", handler).found == "own"
    assert site.import_module("from_mp_path", handler, path=argument).found == "argument"
    assert site.import_module("from_mp_path", handler).found == "own"
    (site.root / "h/from_mp_path.py").unlink()
    assert site.import_module("from_mp_path", handler).found == "mp_path"
    (site.root / "h/from_option.py").unlink()
    (site.root / "mp_path/from_option.py").unlink()
    assert site.import_module("from_option", handler).found == "option"


def test_the_importer_path_may_be_relative_to_the_handler_root(site):
    site.write("modules/common.py", "x = 1")
    site.write("sub/handler.py", "import common")
    assert site.load("sub/handler", path=("~/modules",)).common.x == 1
    assert site.load("common", path=("~/modules",)).x == 1


def test_the_handler_root_is_searched_last_for_modules_in_other_folders_or_earlier_when_asked(site):
    # The manual's importer does not look there at all; releases before and after it did, and sites rely on it.
    site.write("rooted.py", "")
    site.write("json.py", "mine = True")
    site.write("sub/handler.py", "import rooted, json")
    handler = site.load("sub/handler")
    assert handler.rooted
    assert not hasattr(handler.json, "mine")
    assert site.load("sub/handler", path=("~",)).rooted


def test_a_path_given_with_the_path_of_a_module_becomes_its_mp_path(site):
    site.write("lib/far.py", "x = 1")
    site.write("parent.py", "import far\nmine = list(__mp_path__)")
    lib = str(site.root / "lib")
    parent = site.import_module(str(site.root / "parent.py"), path=[lib])
    assert (parent.mine, parent.far.x) == ([lib], 1)


def test_a_reloaded_module_keeps_the_mp_path_it_was_given(site):
    site.write("lib/far.py", "")
    file = site.write("parent.py", "import far")
    site.import_module(file, path=[str(site.root / "lib")])
    site.write("parent.py", "import far  # edited")
    assert site.load("parent").far


def test_what_is_found_nowhere_is_left_to_python(site):
    assert site.load("email.message") is sys.modules["email.message"]
    assert site.import_module("string") is sys.modules["string"]
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        site.load("no_such_module")


def test_a_package_on_the_python_path_and_a_handler_share_a_module_that_both_can_name(site):
    site.write("common.py", "class Thing: pass")
    site.write("package/__init__.py", "import common")
    site.write("handler.py", "import common, package")
    sys.path.append(str(site.root))
    handler = site.load("handler")
    assert handler.common is handler.package.common
    assert isinstance(pickle.loads(pickle.dumps(handler.common.Thing())), handler.common.Thing)


def test_a_module_named_as_one_of_pythons_does_not_take_its_place(site):
    site.write("calendar.py", "import calendar\nmonths = list(calendar.month_name)")
    sys.path.append(str(site.root))
    assert len(site.load("calendar").months) == 13
    import calendar

    assert calendar.month_name


def test_a_module_may_import_itself(site):
    handler = site.load(site.write("own.py", "import own\nx = 1\ndef me():\n    import own\n    return own"))
    assert handler.own is handler
    assert handler.me() is handler


def test_a_module_beside_its_handler_is_searched_for_once(site, monkeypatch):
    """The folders of the configuration end in a slash."""
    site.write("handler.py", "")
    folder = f"{site.root}/"
    first = site.importer.load("handler", folder)
    monkeypatch.setattr(finder, "find", None)
    site.importer.new_request()
    assert site.importer.load("handler", folder) is first
