"""ErrorDocument texts with values of the request in them, as ap_expr expands them."""

import pytest
from click.testing import CliRunner

from mpfcgi.cli import main
from tests.support.cycle import Site

PAGE = """
def handler(req):
    return int(req.args)
"""
CONFIG = """
<Directory ROOT>
    SetHandler mod_python
    PythonHandler page
    AllowOverride All
    ErrorDocument 404 "no %{escape:%{REQUEST_URI}} for %{req:X-Name}"
    ErrorDocument 403 "100% \\%{REQUEST_URI} $1"
    ErrorDocument 410 http://other.test%{REQUEST_URI}
</Directory>
"""


def test_a_text_has_values_of_the_request(tmp_path):
    answer = Site(tmp_path, CONFIG, page=PAGE).get("/a%20b?404", HTTP_X_NAME="joe")
    assert (answer.status, answer.raw) == (404, b"no /a%20b for joe")


def test_percent_signs_and_what_is_escaped_stay(tmp_path):
    assert Site(tmp_path, CONFIG, page=PAGE).get("/x?403").raw == b"100% %{REQUEST_URI} "


def test_an_address_has_values_too(tmp_path):
    assert Site(tmp_path, CONFIG, page=PAGE).get("/x?410").headers["location"] == "http://other.test/x"


def test_what_htaccess_gets_wrong_is_shown_as_it_is_written(tmp_path):
    site = Site(tmp_path, CONFIG, page=PAGE)
    (site.root / ".htaccess").write_text('ErrorDocument 404 "%{NOPE}"\n')
    assert site.get("/x?404").raw == b"%{NOPE}"


@pytest.mark.parametrize(
    "text", ["%{NOPE}", "%{nope:x}", "%{", "%{}", "a %{REQUEST_URI", "%{tolower:x", "%{ x}", "%{v:x}"]
)
@pytest.mark.parametrize("place", ["{}", "<Location /x>\n{}\n</Location>"])
def test_a_wrong_text_is_a_mistake_of_the_configuration(tmp_path, place, text):
    (tmp_path / "m.conf").write_text("Listen unix:s\n" + place.format(f'ErrorDocument 404 "{text}"') + "\n")
    result = CliRunner().invoke(main, ["check", "-c", str(tmp_path / "m.conf")])
    assert result.exit_code == 1
    assert "ErrorDocument" in result.stderr
