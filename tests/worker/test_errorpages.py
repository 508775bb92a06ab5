"""What an error shows in the page."""

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
