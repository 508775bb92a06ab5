"""When a module is loaded again, and when it is not."""

import os
import sys
import threading
from pathlib import Path

from mpfcgi.importer import Wanted


def test_an_edited_module_is_loaded_again_by_the_next_request(site):
    site.write("h.py", "x = 1")
    first = site.load("h")
    site.write("h.py", "x = 22")
    assert site.again("h") is first
    assert site.load("h").x == 22
    assert first.x == 1


def test_an_unchanged_module_is_not_loaded_again(site):
    site.write("h.py", "")
    assert site.load("h") is site.load("h")


def test_an_edit_is_seen_though_size_and_time_are_the_same(site):
    for number in range(5):
        file = site.write("h.py", f"x = {number}")
        os.utime(file, ns=(10**18, 10**18))
        assert site.load("h").x == number


def test_a_file_with_an_older_time_is_a_change(site):
    file = site.write("h.py", "")
    first = site.load("h")
    os.utime(file, (1, 1))
    assert site.load("h") is not first


def test_a_parent_is_loaded_again_when_only_a_grandchild_changed(site):
    site.write("h.py", "import child\nx = child.x")
    site.write("child.py", "from leaf import x")
    site.write("leaf.py", "x = 1")
    assert site.load("h").x == 1
    site.write("leaf.py", "x = 2")
    assert site.load("h").x == 2


def test_a_child_that_another_handler_had_loaded_again_reloads_its_parent(site):
    site.write("h.py", "from child import x")
    site.write("child.py", "x = 1")
    site.load("h")
    site.write("child.py", "x = 2")
    assert site.load("child").x == 2
    assert site.load("h").x == 2


def test_a_child_of_import_module_is_a_child_too(site):
    site.write("child.py", "x = 1")
    site.write("h.py", "")
    site.import_module("child", site.load("h"))
    first = site.load("h")
    site.write("child.py", "x = 2")
    assert site.load("h") is not first


def test_a_module_that_is_no_longer_imported_reloads_nothing(site):
    site.write("child.py", "")
    site.write("h.py", "import child")
    site.load("h")
    site.write("h.py", "")
    last = site.load("h")
    site.write("child.py", "x = 1")
    assert site.load("h") is last


def test_with_autoreload_off_a_module_is_loaded_once(site):
    site.write("h.py", "import child\nx = child.x")
    site.write("child.py", "x = 1")
    first = site.load("h", autoreload=False)
    site.write("child.py", "x = 2")
    assert site.load("h", autoreload=False) is first
    assert site.load("h", autoreload=True).x == 2


def test_autoreload_can_be_asked_for_one_import(site):
    file = site.write("child.py", "from leaf import x")
    site.write("leaf.py", "x = 1")
    site.load(site.write("h.py", ""), autoreload=False)
    assert site.import_module(file).x == 1
    site.write("leaf.py", "x = 2")
    site.load("h", autoreload=False)
    assert site.import_module(file).x == 1
    assert site.import_module(file, autoreload=True).x == 2


def test_frozen_modules_are_never_loaded_again_but_new_ones_are(site):
    site.write("h.py", "x = 1")
    site.load("h")
    site.importer.freeze_modules()
    site.write("h.py", "x = 2")
    site.write("new.py", "x = 3")
    assert site.load("h").x == 1
    assert site.import_module(str(site.root / "h.py"), autoreload=True).x == 1
    assert site.load("new").x == 3


def test_a_file_put_before_the_one_that_was_found_is_noticed(site):
    site.write("lib/h.py", "x = 'lib'")
    lib = str(site.root / "lib")
    assert site.load("h", path=(lib,)).x == "lib"
    site.write("h.py", "x = 'own'")
    assert site.load("h", path=(lib,)).x == "own"


def test_loading_is_logged_where_asked_for(site):
    file = site.write("h.py", "")
    site.load("h")
    site.write("h.py", "x = 1")
    site.load("h", log=True)
    site.load("h", log=True)
    site.import_module(site.write("other.py", ""), log=True)
    assert site.logged == [
        f"mod_python: (Re)importing module '{file}'",
        f"mod_python: Importing module '{site.root / 'other.py'}'",
    ]


def test_each_handler_has_its_own_settings_again_after_one_ran_inside_of_it(site):
    site.write("a/h.py", "")
    site.write("b/h.py", "")
    site.load("h", "a")
    scope = site.importer.scope
    site.again("h", "b")
    site.importer.scope = scope
    assert site.import_module("~/h.py").__file__ == str(site.root / "a/h.py")


def test_threads_that_need_the_same_module_load_it_once(site):
    site.write("h.py", "import sys\nsys.loads_of_h = getattr(sys, 'loads_of_h', 0) + 1")
    start = threading.Barrier(4)
    got = []

    def serve():
        start.wait()
        got.append(site.load("h"))

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 1
    assert sys.loads_of_h == 1
    del sys.loads_of_h


def test_each_thread_has_its_own_handler_root(site):
    site.write("a/h.py", "")
    site.write("b/h.py", "")
    site.load("h", "a")
    thread = threading.Thread(target=site.load, args=("h", "b"))
    thread.start()
    thread.join()
    assert site.import_module("~/h.py").__file__ == str(site.root / "a/h.py")


def test_a_file_that_was_looked_at_for_the_request_is_not_looked_at_again(site, monkeypatch):
    file = site.write("handler.py", "version = 1")
    wanted = Wanted("handler", (f"{site.root}/", (), True, False))
    first = site.importer.fetch(wanted)
    status = os.stat(file)
    site.importer.new_request()
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", None)
        assert site.importer.fetch(wanted, file, status) is first
    Path(file).write_text("version = 'two'")
    site.importer.new_request()
    assert site.importer.fetch(wanted, file, os.stat(file)).version == "two"
    Path(file).write_text("version = 'three'")
    site.importer.new_request()
    assert site.importer.fetch(wanted, "/another/file.py", status).version == "three"
