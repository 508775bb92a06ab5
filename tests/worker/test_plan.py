"""What is decided once for a combination of settings."""

import pytest

from mpfcgi.worker.plan import extension_of


@pytest.mark.parametrize(
    ("name", "extension"), [("/a/b.py", ".py"), ("/a.d/b", ""), ("/x.foo.bar", ".foo.bar"), ("/.py", ".py")]
)
def test_the_extension_of_a_name_begins_at_its_first_dot(name, extension):
    assert extension_of(name) == extension
