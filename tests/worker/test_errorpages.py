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
