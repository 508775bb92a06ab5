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


MODULES = """\
def inithandler(req):
    req.notes.add("ran", "init")
    return 0

def fixuphandler(req):
    req.notes.add("ran", "fixup of " + req.hlist.handler)
    return 0

def handler(req):
    req.write(" ".join(req.notes.values()) + " " + " ".join(req.get_config().keys()))
    return 0
"""


@pytest.mark.parametrize(
    ("place", "ran"), [("{}", "init fixup of serves "), ("<Directory ROOT>\n{}\n</Directory>", "fixup of serves ")]
)
def test_the_functions_of_a_handler_module_serve_their_phases(tmp_path, place, ran):
    rules = (
        place.format("PythonHandlerModule serves")
        + "\n<Directory ROOT>\nRequire all granted\nSetHandler mod_python\n</Directory>"
    )
    answer = Site(tmp_path, rules, serves=MODULES).get("/x")
    assert (answer.status, answer.body) == (200, ran)


def test_handler_modules_may_be_several_and_for_some_extensions_only(tmp_path):
    rules = CONFIG.format(name="one").replace(
        "</D", "PythonHandlerModule one two | .both\nPythonHandlerModule two\n</D"
    )
    two = "def fixuphandler(req):\n    req.notes.add('ran', 'two')\n    return 0\n"
    site = Site(tmp_path, rules, one=MODULES, two=two)
    assert site.get("/x.both").body == "fixup of one two "
    assert site.get("/x").body == "two "


@pytest.mark.parametrize(
    "line", ["PythonHandler one\nPythonHandlerModule two", "PythonHandlerModule two\nPythonHandler one"]
)
def test_a_module_without_a_phases_function_leaves_the_phase_to_the_others(tmp_path, line):
    rules = f"<Directory ROOT>\nRequire all granted\nSetHandler mod_python\n{line}\n</Directory>"
    site = Site(tmp_path, rules, one=MODULES, two="", **{"x.txt": "the file"})
    assert (site.get("/x.txt").status, site.get("/x.txt").body) == (200, " ")
