"""Modules that are broken, gone, or import each other in a circle."""

import sys
import traceback

import pytest


def test_a_syntax_error_is_reported_until_it_is_mended(site):
    site.write("h.py", "x = 1")
    site.load("h")
    site.write("h.py", "x = (")
    for _ in range(2):
        with pytest.raises(SyntaxError) as caught:
            site.load("h")
        assert caught.value.filename == str(site.root / "h.py")
        assert caught.value.lineno == 1
    site.write("h.py", "x = 3")
    assert site.load("h").x == 3


def test_a_failing_child_is_reported_until_it_is_mended(site):
    site.write("h.py", "import child")
    site.write("child.py", "x = 1")
    site.load("h")
    site.write("child.py", "1 / 0")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            site.load("h")
    site.write("child.py", "x = 3")
    assert site.load("h").child.x == 3


def test_parent_and_child_broken_at_once_are_both_seen_when_mended(site):
    site.write("h.py", "import child\nx = child.x")
    site.write("child.py", "x = 1")
    site.load("h")
    site.write("child.py", "x = 2")
    site.write("h.py", "x = (")
    with pytest.raises(SyntaxError):
        site.load("h")
    site.write("h.py", "import child\nx = child.x")
    assert site.load("h").x == 2


def test_a_parent_that_can_do_without_a_child_is_loaded_again_only_when_that_is_mended(site):
    site.write("h.py", "try:\n    from child import x\nexcept ImportError:\n    x = None")
    site.write("child.py", "import no_such_library\nx = 1")
    first = site.load("h")
    assert first.x is None
    assert site.load("h") is first
    with pytest.raises(ImportError):
        site.load("child")
    assert site.load("h") is first
    site.write("child.py", "x = 1")
    assert site.load("h").x == 1


def test_a_deleted_module_is_an_import_error(site):
    for python_path in (False, True):
        if python_path:
            sys.path.append(str(site.root))
        name = f"gone{python_path}"
        site.write(f"{name}.py", "")
        site.load(name)
        (site.root / f"{name}.py").unlink()
        with pytest.raises(ImportError):
            site.load(name)


def test_a_deleted_child_is_an_import_error(site):
    site.write("h.py", "import gone_child")
    site.write("gone_child.py", "")
    site.load("h")
    (site.root / "gone_child.py").unlink()
    for _ in range(2):
        with pytest.raises(ImportError):
            site.load("h")
    site.write("gone_child.py", "")
    assert site.load("h").gone_child


def test_modules_may_import_each_other_in_a_circle(site):
    def write(name, value, follows):
        site.write(f"{name}.py", f"import {follows}\nx = {value!r}\ndef f():\n    return {follows}.x")

    write("a", "a", "b")
    write("b", "b", "c")
    write("c", "c", "a")
    first = site.load("a")
    assert (first.f(), first.b.f(), first.b.c.f()) == ("b", "c", "a")
    assert first.b.c.a is first
    assert site.load("a") is first
    for name, value in (("c", "c2"), ("a", "a2"), ("b", "b3")):
        write(name, value, {"a": "b", "b": "c", "c": "a"}[name])
        module = site.load("a")
        assert value in (module.x, module.b.x, module.b.c.x)
        assert module.b.c.a is module
        assert (site.load("a"), site.load("b"), site.load("c")) == (module, module.b, module.b.c)


def test_what_a_module_in_a_circle_has_not_yet_is_named(site):
    site.write("a.py", "import b\nx = 1")
    site.write("b.py", "from a import x")
    with pytest.raises(ImportError, match=r"cannot import name 'x' from partially initialized module.*circular import"):
        site.load("a")
    site.write("b.py", "import a\ny = a.x")
    with pytest.raises(AttributeError, match=r"partially initialized module.*circular import"):
        site.load("a")
    site.write("a.py", "x = 1\nimport b")
    assert site.load("a").b.y == 1


def test_functions_may_import_in_a_circle(site):
    site.write("a.py", "x = 1\nimport b\ndef f():\n    import b\n    return b.f()")
    site.write("b.py", "def f():\n    import a\n    return a.x")
    assert site.load("a").f() == 1
    for value in (2, 3):
        site.write("a.py", f"x = {value}\nimport b\ndef f():\n    import b\n    return b.f()")
        assert site.load("a").f() == value
    last = site.load("a")
    last.f()
    assert site.load("a") is last


def test_a_traceback_shows_the_true_file_and_line(site):
    file = site.write("h.py", "x = 1\n\ndef f():\n    raise KeyError('here')\n")
    with pytest.raises(KeyError) as caught:
        site.load("h").f()
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno, frame.line) == (file, 4, "raise KeyError('here')")


def test_no_compiled_file_is_written_or_read(site):
    site.write("h.py", "x = 1")
    site.load("h")
    assert [file.name for file in site.root.iterdir()] == ["h.py"]


def test_dataclasses_and_encodings_work(site):
    file = site.root / "h.py"
    file.write_bytes(
        b"# -*- coding: latin-1 -*-\nfrom __future__ import annotations\nimport dataclasses\n"
        b"text = '\xe9'\n@dataclasses.dataclass\nclass Point:\n    x: int = 1\n"
    )
    module = site.load("h")
    assert (module.text, module.Point().x) == ("é", 1)
