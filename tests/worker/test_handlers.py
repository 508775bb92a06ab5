"""From a handler's name in the configuration to what is called."""

import pytest

from tests.support.cycle import Site

CONFIG = """\
<Directory ROOT>
    Require all granted
    SetHandler mod_python
    PythonHandler {name}
</Directory>
"""
MODULE = """\
class Kind:
    def __init__(self, req):
        pass

    def method(self, req):
        req.write("method")
        return 0

def handler(req):
    req.write("default")
    return 0
"""


@pytest.mark.parametrize(("name", "text"), [("named", "default"), ("named::Kind.method", "method")])
def test_the_object_is_the_named_one_or_the_phases_own(tmp_path, name, text):
    answer = Site(tmp_path, CONFIG.format(name=name), named=MODULE).get("/x")
    assert (answer.status, answer.body) == (200, text)


def test_a_name_that_ends_in_colons_names_nothing(tmp_path):
    site = Site(tmp_path, CONFIG.format(name="named::"), named=MODULE)
    assert site.get("/x").status == 500
    assert "contains no ''" in site.log_file.read_text()
