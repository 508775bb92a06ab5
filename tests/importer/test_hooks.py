"""What a module can say about its own reloading: `__mp_clone__`, `__mp_purge__`, `__mp_info__`."""

import sys

import pytest


def test_a_module_hands_its_state_to_the_next(site):
    text = "if 'data' not in globals():\n    data = []\ndef __mp_clone__(module):\n    module.data = data\n"
    site.write("h.py", text)
    site.load("h").data.append(1)
    site.write("h.py", text + "# edited")
    assert site.load("h").data == [1]


def test_state_survives_an_edit_that_failed(site):
    text = "if 'data' not in globals():\n    data = []\ndef __mp_clone__(module):\n    module.data = data\n"
    site.write("h.py", text)
    site.load("h").data.append(1)
    for broken in ("x = (", text + "1 / 0"):
        site.write("h.py", broken)
        with pytest.raises((SyntaxError, ZeroDivisionError)):
            site.load("h")
    site.write("h.py", text)
    assert site.load("h").data == [1]


def test_a_module_whose_clone_fails_is_purged_and_loaded_afresh(site):
    text = (
        "if 'data' not in globals():\n    data = []\npurged = []\n"
        "def __mp_clone__(module):\n    module.data = data\n    raise RuntimeError\n"
        "def __mp_purge__():\n    purged.append(1)\n"
    )
    site.write("h.py", text)
    old = site.load("h")
    old.data.append(1)
    site.write("h.py", text + "# edited")
    with pytest.raises(RuntimeError):
        site.load("h")
    assert old.purged == [1]
    new = site.load("h")
    assert new is not old
    assert new.data == []


def test_a_module_that_hands_over_nothing_is_purged(site):
    text = "purged = []\ndef __mp_purge__():\n    purged.append(1)\n    raise ValueError('never mind')"
    site.write("h.py", text)
    old = site.load("h")
    site.write("h.py", text + " # edited")
    site.load("h")
    assert old.purged == [1]
    assert "never mind" in site.logged[-1]


def test_a_module_that_hands_its_state_over_keeps_it_open(site):
    text = "def __mp_clone__(module):\n    pass\ndef __mp_purge__():\n    raise SystemExit"
    site.write("h.py", text)
    site.load("h")
    site.write("h.py", text + " # edited")
    assert site.load("h")
    assert not site.logged


def test_a_module_knows_where_it_came_from(site):
    file = site.write("h.py", "import child")
    child = site.write("child.py", "")
    module = site.load("h")
    assert module.__mp_info__ is site.importer.module_info(file)
    assert [node.file for node in module.__mp_info__.children] == [child]
    assert module.__file__ == file
    assert sys.modules[module.__name__] is module
    assert site.importer.module_info("/no/such.py") is None
