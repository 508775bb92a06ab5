"""Arguments that are out of all proportion."""

import pytest

from mpfcgi.config import ConfigError, load_text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Timeout 25d", "Timeout takes a time of at most 24d, not '25d'"),
        ("AliasMatch " + "(" * 3000 + ")" * 3000 + " /x", "is not a regular expression: "),
        ("AliasMatch a{99999999999999999999} /x", "is not a regular expression: "),
    ],
    ids=["time", "depth", "number"],
)
def test_what_no_machine_can_do_is_a_mistake_of_its_line(line, message):
    with pytest.raises(ConfigError, match=r"test\.conf:2: ") as raised:
        load_text(f"ServerName localhost\n{line}\n", "test.conf")
    assert message in str(raised.value)
