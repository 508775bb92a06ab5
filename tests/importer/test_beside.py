"""Packages and modules that lie beside handlers and nowhere else: for every import in the process."""

import importlib
import py_compile
import sys

import pytest


@pytest.fixture
def site(site):
    finders = list(sys.meta_path)
    site.importer.install()
    yield site
    sys.meta_path[:] = finders


def test_a_package_beside_a_handler_is_found(site):
    site.write("www/lying/__init__.py", "name = 'lying'\nfrom . import deep")
    site.write("www/lying/deep.py", "import lying\nx = 1")
    site.write(
        "www/h.py", "import lying.deep\nfrom lying import name\ndef f():\n    import lying.deep as d\n    return d.x"
    )
    handler = site.load("h", "www")
    assert (handler.lying.deep.x, handler.name, handler.f()) == (1, "lying", 1)


def test_so_is_one_that_has_the_handler_and_a_folder_without_an_init_file(site):
    site.write("www/holding/handlers/first.py", "x = 1")
    assert site.load("holding.handlers.first", "www").x == 1


def test_a_library_may_name_a_module_beside_the_handler(site):
    library = site.write(
        "lib/a_library.py", "import importlib\ndef read():\n    return importlib.import_module('its_settings')"
    )
    sys.path.append(str(site.root / "lib"))
    site.write("www/its_settings.py", "x = 1")
    handler = site.load(site.write("www/h.py", "import a_library\nmine = a_library.read()\nimport its_settings"), "www")
    assert handler.a_library.__file__ == library
    assert handler.mine is handler.its_settings


def test_the_folder_of_the_handler_that_runs_is_searched_first(site):
    for folder in ("one", "two"):
        site.write(f"{folder}/of_{folder}.py", "")
        site.write(f"{folder}/shared_name.py", f"x = {folder!r}")
        site.write(f"{folder}/lib/h.py", "import shared_name")
    site.load("of_one", "one")
    assert site.load("lib/h", "two").shared_name.x == "two"


def test_a_module_that_is_only_beside_another_handler_is_loaded_again_with_those_that_import_it(site):
    site.write("one/h.py", "")
    site.write("one/changing.py", "x = 1")
    site.write("two/h.py", "import changing")
    site.load("h", "one")
    assert site.load("h", "two").changing.x == 1
    site.write("one/changing.py", "x = 22")
    assert site.load("h", "two").changing.x == 22


def test_what_python_has_comes_first(site):
    site.write("www/json/__init__.py", "")
    site.write("www/h.py", "import json")
    assert site.load("h", "www").json.loads


def test_what_is_nowhere_is_pythons_error(site):
    site.write("www/h.py", "")
    site.load("h", "www")
    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere_at_all'"):
        importlib.import_module("nowhere_at_all")
    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere_at_all'"):
        site.load("nowhere_at_all.handler", "www")


def test_a_module_without_its_source_is_pythons(site):
    compiled = site.write("www/only_compiled.pyc", "")
    py_compile.compile(site.write("elsewhere.py", "x = 1"), compiled)
    site.write("www/h.py", "import only_compiled")
    assert site.load("h", "www").only_compiled.x == 1
    assert site.load("only_compiled", "www").x == 1
