from tests.support.cycle import Site

CONFIG = """
<Location /test>
    SetHandler mod_python
    PythonHandler mod_python.testhandler
    PythonOption my.option "a <b> & c"
    PythonDebug {}
</Location>
"""


def test_the_page_shows_the_request_and_the_configuration(tmp_path):
    site = Site(tmp_path, CONFIG.format("Off"))
    answer = site.get("/test/x?q=%3Cscript%3E", HTTP_X_ONE="<script>\xff", HTTP_HOST="example.com")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html")
    page = answer.body
    assert "<tr><td><code>X-One</code></td><td><code>&lt;script&gt;\\udcff</code></td></tr>" in page
    assert "<tr><td><code>my.option</code></td><td><code>a &lt;b&gt; &amp; c</code></td></tr>" in page
    assert "<tr><td><code>SERVER_NAME</code></td><td><code>example.com</code></td></tr>" in page
    assert f"<code>{site.root}</code>" in page
    assert "&lt;Location /test&gt;\n    SetHandler mod_python\n" in page
    assert "<script" not in page
    for section in ("General information", "Request input headers", "Request environment", "Request configuration",
                    "Request options", "Request notes", "Server configuration", "Server options",
                    "Server configuration tree"):  # fmt: skip
        assert f"<h3>{section}</h3>" in page


def test_the_log_can_be_read_under_debug_only(tmp_path):
    site = Site(tmp_path, CONFIG.format("On"))
    site.log_file.write_text("".join(f"line {number}\n" for number in range(150)))
    assert "?view_log=1" in site.get("/test").body
    answer = site.get("/test?view_log=1")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.body.startswith("line 50\n")
    assert answer.body.endswith("line 149\n")
    hidden = Site(tmp_path, CONFIG.format("Off"))
    assert "?view_log=1" not in hidden.get("/test").body
    assert "line 50" not in hidden.get("/test?view_log=1").body
