"""What functions assign inside themselves: read from their code, never by running them."""

import pytest

from mpfcgi.api.nested import UNKNOWN, rules_in

USERS = {"spam": "eggs"}


def function_of(body, scope=None):
    lines = "\n".join("    " + line for line in body.splitlines())
    namespace = {"USERS": USERS, "__builtins__": __builtins__} if scope is None else scope
    exec(f"def page(req):\n{lines}\n    return 'page'", namespace)
    return namespace["page"]


def test_a_function_that_assigns_none_has_no_rules():
    assert rules_in(function_of("x = 1\nprint('__auth__')")) is None


@pytest.mark.parametrize(
    "literal",
    ["0", "1", "None", "False", "True", "''", "'spam'", "300", "1.5", "b'x'", "()", "('a', 'b')", "[]", "['a']",
     "['a', 'b']", "['a', 'b', 'c', 'd']", "{}", "{'a': 'b'}", "{'a': 'b', 'c': 'd'}", "{'a', 'b'}", "{'a', 'b', 'c'}",
     "[['a'], {'b': ('c', 1)}]"],
)  # fmt: skip
def test_literals_are_read(literal):
    assert rules_in(function_of(f"__access__ = {literal}")) == {"__access__": eval(literal)}


def test_several_rules_stand_beside_each_other():
    found = rules_in(function_of("__auth_realm__ = 'Nested'\n__auth__ = USERS\nother = 5\n__access__ = ['spam']"))
    assert found == {"__auth_realm__": "Nested", "__auth__": USERS, "__access__": ["spam"]}


def test_a_nested_function_can_be_called_and_sees_the_module():
    function = function_of("def __auth__(req, user, password='none'):\n    return USERS.get(user) == password")
    check = rules_in(function)["__auth__"]
    assert (check(None, "spam", "eggs"), check(None, "spam"), check(None, "ham", "eggs")) == (True, False, False)


def test_a_lambda_does_as_well_and_keyword_defaults_hold():
    rules = rules_in(function_of("__auth__ = lambda req, user, password, *, wanted='x': password == wanted"))
    assert rules["__auth__"](None, "spam", "x")


def test_a_rule_that_inner_functions_use_is_read_too():
    assert rules_in(function_of("__auth__ = 0\ndef inner():\n    return __auth__")) == {"__auth__": 0}


@pytest.mark.parametrize(
    "body",
    ["__auth__ = USERS.copy()", "__auth__ = req.allowed", "__auth__ = 1 if req else 0", "__auth__ = not req",
     "__auth__ = 0\n__auth__ = 1", "if req:\n    __auth__ = 1\nelse:\n    __auth__ = 0", "__auth__ = [req]",
     "__auth__ = NOWHERE", "__auth__ = {'a': req}", "for __auth__ in (0, 1): pass", "import os as __auth__",
     "local = 5\ndef __auth__(r, u, p):\n    return local", "__auth__ = [x for x in 'ab']",
     "@staticmethod\ndef __auth__(r, u, p):\n    return 1", "def __auth__(r, u, p=req):\n    return 1",
     "with open('x') as __auth__: pass", "__auth__, x = req"],
)  # fmt: skip
def test_what_cannot_be_told_is_unknown(body):
    assert rules_in(function_of(body)) == {"__auth__": UNKNOWN}
