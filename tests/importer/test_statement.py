"""The import statement inside modules that were imported by the importer."""

import builtins
import inspect
import json
import os
import sys

import pytest


def test_it_finds_siblings_in_all_its_forms(site):
    site.write("sub.py", "x = 1\ny = 2")
    module = site.load(site.write("h.py", "import sub\nimport sub as other\nfrom sub import x\nfrom sub import *"))
    assert module.sub is module.other
    assert (module.x, module.y) == (1, 2)


def test_it_finds_siblings_in_functions_that_run_later(site):
    site.write("sub.py", "x = 1")
    handler = site.load(site.write("h.py", "def f():\n    import sub\n    return sub.x"))
    assert handler.f() == 1
    site.write("sub.py", "x = 2")
    assert site.load("h").f() == 2
    assert handler.f() == 2


def test_a_function_sees_one_module_throughout_a_request(site):
    site.write("sub.py", "x = 1")
    handler = site.load(site.write("h.py", "def f():\n    import sub\n    return sub.x"))
    handler.f()
    site.write("sub.py", "x = 2")
    assert handler.f() == 1


def test_a_sibling_that_appears_after_it_was_missed_is_found(site):
    handler = site.load(site.write("h.py", "def f():\n    import late_sibling\n    return late_sibling.x"))
    with pytest.raises(ModuleNotFoundError):
        handler.f()
    site.write("late_sibling.py", "x = 1")
    assert handler.f() == 1


def test_all_else_is_pythons(site):
    text = (
        "import os, json\nfrom json import decoder\nimport os.path as p\nimport xml.dom\n"
        "def f():\n    import os\n    from os import sep\n    from json import decoder\n    import os.path\n"
        "    import xml.dom.minidom\n    return os, sep, decoder, os.path, xml.dom.minidom\n"
    )
    module = site.load(site.write("h.py", text))
    assert (module.os, module.json, module.decoder, module.p) == (os, json, json.decoder, os.path)
    for _ in range(3):
        assert module.f() == (os, os.sep, json.decoder, os.path, sys.modules["xml.dom.minidom"])


def test_what_python_cannot_find_is_its_own_error(site):
    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere'"):
        site.load(site.write("h.py", "import nowhere"))
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        site.load(site.write("i.py", "from os import nothing"))
    with pytest.raises(ImportError, match="relative import"):
        site.load(site.write("j.py", "from . import k"))


def test_a_sibling_comes_before_a_module_of_python(site):
    site.write("calendar.py", "mine = True")
    assert site.load(site.write("h.py", "import calendar")).calendar.mine


def test_code_run_by_a_module_in_other_names_is_left_alone(site):
    site.write("sub.py", "x = 1")
    module = site.load(site.write("h.py", "def f():\n    exec('import sub', {})"))
    with pytest.raises(ModuleNotFoundError):
        module.f()


def test_a_call_of_the_function_means_the_same(site):
    site.write("sub.py", "x = 1")
    assert site.load(site.write("h.py", "sub = __import__('sub')")).sub.x == 1


def test_nobody_elses_imports_are_touched(site):
    before = builtins.__import__, list(sys.meta_path), list(sys.path_hooks)
    site.load(site.write("h.py", "import os"))
    assert before == (builtins.__import__, sys.meta_path, sys.path_hooks)


def test_another_import_hook_is_asked(site, monkeypatch):
    module = site.load(site.write("h.py", "import os\ndef f():\n    import os\n    return os"))
    native = builtins.__import__
    asked = []
    monkeypatch.setattr(builtins, "__import__", lambda name, *rest: asked.append(name) or native(name, *rest))
    assert module.f() is os
    assert asked == ["os"]


def test_names_that_are_made_builtin_later_are_seen(site, monkeypatch):
    module = site.load(site.write("h.py", "def f():\n    return translated('x')"))
    with pytest.raises(NameError):
        module.f()
    monkeypatch.setattr(builtins, "translated", str.upper, raising=False)
    assert site.load("h").f() == "X"
    monkeypatch.delattr(builtins, "translated")
    with pytest.raises(NameError):
        site.load("h").f()


def test_a_module_can_ask_for_the_files_beside_it(site):
    site.write("data/text.txt", "content")
    module = site.load(site.write("h.py", "import pkgutil\ntext = pkgutil.get_data(__name__, 'data/text.txt')"))
    assert module.text == b"content"
    assert inspect.getsource(module).startswith("import pkgutil")
