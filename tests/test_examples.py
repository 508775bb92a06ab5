"""The example site's forms, as a browser sends them, through the whole request cycle."""

import hashlib
from pathlib import Path

import pytest

from tests.support.cycle import Site

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def site(tmp_path):
    config = (EXAMPLES / "mpfcgi.conf").read_text().replace("DocumentRoot  htdocs", f"DocumentRoot {EXAMPLES}/htdocs")
    return Site(tmp_path, config)


def post(site, uri, body, kind="application/x-www-form-urlencoded"):
    return site.get(uri, "POST", body, CONTENT_TYPE=kind, CONTENT_LENGTH=str(len(body)))


def test_the_feedback_form_of_the_manual_thanks(site):
    assert 'action="form.py/email"' in site.get("/feedback/form.html").body
    answer = post(
        site, "/feedback/form.py/email", b"name=%3Cb%3EAda&email=ada%40example.com&comment=caf%C3%A9%0D%0Anext"
    )
    assert answer.status == 200
    assert "Dear &lt;b&gt;Ada" in answer.body
    assert "From: ada@example.com" in answer.body
    assert "café" in answer.body


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"name=x&email=&comment=x", "parameter is missing"), (b"", "parameter is missing"),
     (b"name=x&email=a%0D%0ABcc:b&comment=x", "no e-mail address")],
)  # fmt: skip
def test_the_feedback_form_tells_what_is_wrong(site, body, text):
    answer = post(site, "/feedback/form.py/email", body)
    assert (answer.status, text in answer.body) == (200, True)


def test_an_upload_is_measured(site):
    assert 'enctype="multipart/form-data"' in site.get("/upload/").body
    contents = b"\0\r\n" * 50000
    body = (
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="<a>.bin"\r\nContent-Type: x/y\r\n\r\n'
        + contents
        + b'\r\n--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nh\xc3\xa9\r\n--B--\r\n'
    )
    answer = post(site, "/upload/", body, "multipart/form-data; boundary=B")
    assert answer.status == 200
    assert "1 received. Note: hé" in answer.body
    assert (
        f"<td>&lt;a&gt;.bin</td><td>x/y</td><td>150000</td><td><code>{hashlib.sha256(contents).hexdigest()}"
        in answer.body
    )


def test_an_upload_form_without_a_file_is_no_error(site):
    body = b'--B\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--B--\r\n'
    assert "0 received" in post(site, "/upload/", body, "multipart/form-data; boundary=B").body
