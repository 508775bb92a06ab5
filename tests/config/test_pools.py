import pytest

from mpfcgi.config import ConfigError, load_text


def test_settings_that_contradict_are_refused_and_those_of_another_manager_reported():
    text = '<PythonPool "*">\n{}\n</PythonPool>\n'
    for lines, message in [
        ("ProcessManager dynamic\nMinSpareProcesses 3\nMaxSpareProcesses 2", "t:3: MinSpareProcesses is 3"),
        ("ProcessManager dynamic\nMaxProcesses 2\nMaxSpareProcesses 3", "t:4: MaxSpareProcesses is 3"),
        ("ProcessManager dynamic\nStartProcesses 9", "t:3: StartProcesses is 9, which is not within 1 to 4"),
    ]:
        with pytest.raises(ConfigError, match=message):
            load_text(text.format(lines), "t")
    assert load_text(text.format("IdleTimeout 3s"), "t").warnings == (
        "t:2: IdleTimeout is ignored: it is for ProcessManager ondemand",
    )
