"""What an error shows in the page."""

import pytest

from mpfcgi.importer import Importer
from mpfcgi.worker import errorpages


def test_a_traceback_page_is_escaped():
    try:
        raise ValueError("<b>")
    except ValueError as error:
        page = errorpages.traceback_page("PythonHandler <m>", error)
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert page.startswith(
        '\n<pre>\nMod_python error: "PythonHandler &lt;m&gt;"\n\nTraceback (most recent call last):\n'
    )


def test_a_traceback_page_can_be_sent_whatever_its_exception_says():
    error = OSError(2, "no such file", "caf\udce9")
    page = errorpages.traceback_page("PythonHandler m", error)
    assert r"caf\udce9" in page.encode("utf-8").decode()


@pytest.mark.parametrize(
    ("deep", "lines"),
    [
        ("1/0", ["import middle", "import deep", "1/0"]),
        ("import nowhere_at_all", ["import middle", "import deep", "import nowhere_at_all"]),
        ("x = (", ["import middle", "import deep", "x = ("]),
    ],
)
def test_a_traceback_goes_from_an_import_to_the_module(tmp_path, deep, lines):
    for name, text in (("outer", "import middle"), ("middle", "import deep"), ("deep", deep)):
        (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(Exception) as caught:
        Importer().load("outer", str(tmp_path))
    # The first one is the call above.
    items = "".join(errorpages.format_exception(caught.value)).splitlines()
    assert [line.strip() for line in items if line.startswith("    ") and not set(line) <= set(" ^~")][1:] == lines
    assert [line for line in items if "/importer/" in line] == []
