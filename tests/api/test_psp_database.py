import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.api import psp_database
from mpfcgi.api.psp_database import MAGIC, Database

STAMP = (1, 2, 3)


def code(number):
    return compile(f"x = {number}", "page", "exec")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "pages")


def test_another_process_finds_what_was_put(path):
    Database(path).put("a", STAMP, code(1))
    second = Database(path)
    assert second.get("a", STAMP) == code(1)
    assert second.get("a", (1, 2, 4)) is None
    assert second.get("b", STAMP) is None
    Database(path).put("b", STAMP, code(2))
    assert second.get("b", STAMP) == code(2)


def test_the_file_is_its_owners_alone(path):
    Database(path).put("a", STAMP, code(1))
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_file_that_others_may_write_is_refused(path):
    Database(path).put("a", STAMP, code(1))
    os.chmod(path, 0o620)
    with pytest.raises(PermissionError, match="must be a file of this user"):
        Database(path).get("a", STAMP)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(path):
    Database(path).put("a", STAMP, code(1))
    os.chown(path, 12345, -1)
    with pytest.raises(PermissionError, match="must be a file of this user"):
        Database(path).get("a", STAMP)


def test_a_link_is_not_followed_and_a_folder_is_no_file(path, tmp_path):
    os.symlink(tmp_path / "elsewhere", path)
    for wrong in (path, str(tmp_path)):
        with pytest.raises(OSError):
            Database(wrong).put("a", STAMP, code(1))
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_of_another_kind_is_left_alone(path):
    with open(path, "w") as file:
        file.write("precious data of something else")
    with pytest.raises(OSError, match="no cache of compiled pages"):
        Database(path).put("a", STAMP, code(1))
    with open(path) as file:
        assert file.read() == "precious data of something else"


def test_a_deleted_file_is_made_again(path):
    database = Database(path)
    database.put("a", STAMP, code(1))
    os.remove(path)
    assert database.get("a", STAMP) is None
    database.put("a", STAMP, code(2))
    assert Database(path).get("a", STAMP) == code(2)


def test_a_file_that_has_grown_too_long_begins_anew_for_everybody(path, monkeypatch):
    other = Database(path)
    database = Database(path)
    for number in range(3):
        database.put(f"page {number}", STAMP, code(number))
        assert other.get(f"page {number}", STAMP)
    monkeypatch.setattr(psp_database, "LONGEST", os.path.getsize(path))
    database.put("last", STAMP, code(9))
    for each in (other, database, Database(path)):
        assert each.get("last", STAMP) == code(9)
        assert each.get("page 1", STAMP) is None


@given(st.data())
def test_damage_is_never_read_as_code(tmp_path_factory, data):
    path = str(tmp_path_factory.mktemp("damaged") / "pages")
    for number in range(3):
        Database(path).put(f"page {number}", STAMP, code(number))
    with open(path, "rb") as file:
        whole = file.read()
    at = data.draw(st.integers(len(MAGIC), len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(max_size=20))
    with open(path, "wb") as file:
        file.write(damaged)
    database = Database(path)
    for number in range(3):
        assert database.get(f"page {number}", STAMP) in (None, code(number))
    database.put("new", STAMP, code(7))
    assert Database(path).get("new", STAMP) == code(7)
