import os

import pytest

from mpfcgi.config import htaccess as module
from mpfcgi.config.htaccess import HtaccessFiles, stamp

ALL = frozenset({"AuthConfig", "FileInfo", "Indexes", "Limit", "Options"})


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / ".htaccess")


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def test_a_file_is_read_once_and_again_when_it_changes(path):
    files = HtaccessFiles()
    write(path, "PythonDebug On\n")
    looked, first = files.read(path, ALL)
    assert [directive.name for directive in first.directives] == ["PythonDebug"]
    assert files.read(path, ALL)[1] is first
    assert looked.still_holds()
    write(path, "PythonDebug Off\nPythonOption a b\n")
    assert not looked.still_holds()
    assert len(files.read(path, ALL)[1].directives) == 2


def test_a_file_that_comes_or_goes_is_noticed(path):
    files = HtaccessFiles()
    looked, none = files.read(path, ALL)
    assert none is None
    assert looked.still_holds()
    write(path, "")
    assert not looked.still_holds()
    looked, file = files.read(path, ALL)
    assert file is not None
    os.unlink(path)
    assert not looked.still_holds()
    assert files.read(path, ALL)[1] is None


def test_a_replaced_file_is_noticed_though_time_and_size_are_the_same(path):
    write(path, "PythonOption a 1\n")
    before, times = stamp(path), os.stat(path)
    write(path + ".new", "PythonOption a 2\n")
    os.utime(path + ".new", ns=(times.st_atime_ns, times.st_mtime_ns))
    os.replace(path + ".new", path)
    assert stamp(path) != before


def test_what_is_allowed_in_one_place_is_not_in_another(path):
    files = HtaccessFiles()
    write(path, "Options Indexes\n")
    assert files.read(path, ALL)[1].status == 0
    refused = files.read(path, frozenset({"FileInfo"}))[1]
    assert (refused.status, refused.directives) == (500, ())
    assert f"{path}:1" in refused.problem


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_not_a_file_keeps_everybody_out(path, make):
    make(path)
    assert HtaccessFiles().read(path, ALL)[1].status == 403


def test_a_file_that_cannot_be_read_keeps_everybody_out(path, monkeypatch):
    write(path, "")

    def refuse(*args, **more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    found = HtaccessFiles().read(path, ALL)[1]
    assert (found.status, found.problem) == (403, f"{path}: Permission denied, ensure that it is readable")


def test_files_of_many_folders_do_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CACHE_SIZE", 3)
    files = HtaccessFiles()
    for i in range(10):
        write(str(tmp_path / str(i)), "")
        files.read(str(tmp_path / str(i)), ALL)
    assert len(files._known) <= 3


def test_conditions_in_a_file_ask_the_configuration(path, tmp_path):
    write(path, "<IfDefine LIVE>\nPythonDebug Off\n</IfDefine>\n<IfFile there>\nPythonDebug On\n</IfFile>\n")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "there").touch()
    found = HtaccessFiles(str(tmp_path / "root"), {"LIVE": ""}).read(path, ALL)[1]
    assert [directive.value for directive in found.directives] == [False, True]
    assert HtaccessFiles().read(path, ALL)[1].directives == ()


@pytest.mark.parametrize("line", ["Include /etc/passwd", "IncludeOptional /etc/*.conf", "Define A b", "UnDefine A"])
def test_a_file_neither_includes_nor_defines(path, line):
    write(path, line + "\n")
    found = HtaccessFiles().read(path, ALL)[1]
    assert found.status == 500
    assert "can't stand in .htaccess" in found.problem


def test_a_file_that_is_too_large_is_wrong(tmp_path):
    (tmp_path / ".htaccess").write_text("# " + "x" * module.LARGEST)
    _, found = HtaccessFiles().read(str(tmp_path / ".htaccess"), frozenset())
    assert found.status == 500
    assert f".htaccess has more than {module.LARGEST} bytes (make it smaller)" in found.problem
