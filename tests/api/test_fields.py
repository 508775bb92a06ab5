"""Fields and their list: what code does with them, and makes of them. How they are read is in test_forms."""

import io

import pytest

from mpfcgi.api import util
from tests.support.forms import MULTIPART, fields, multipart, request, text


def test_a_form_that_adds_fields_in_its_own_way_is_asked_for_each_of_the_query_string_and_the_body():
    class Upper(util.FieldStorage):
        def add_field(self, name, value):
            super().add_field(name, value.upper())

    form = Upper(request(b"b=two", args="a=one"))
    assert form.items() == [("a", "ONE"), ("b", "TWO")]
    form["b"] = "three"
    assert form["b"] == "three"


def test_fields_can_be_subclassed():
    class Text(util.StringField):
        def __init__(self, value):
            util.StringField.__init__(self, value)
            self.name = "t"

    class File(util.Field):
        def __init__(self, name):
            util.Field.__init__(self, name)
            self.file, self.filename = io.BytesIO(b"own"), "x"

    form = util.FieldStorage(request(method="GET"))
    form.list += [Text("one"), File("f")]
    assert (form["t"], form["t"].value, form["f"].value) == ("one", "one", b"own")


def test_a_field_that_is_added_as_bytes_is_text():
    form = util.FieldStorage(request(method="GET"))
    form.add_field("a", "\xe9".encode())
    form["b"] = b"two"
    assert (form["a"], form["a"].value, form["b"]) == ("\xe9", "\xe9", "two")
    with pytest.raises(UnicodeDecodeError):
        form.add_field("c", b"\xff")


@pytest.mark.parametrize("field", [util.StringField(value="one"), util.Field("a", io.BytesIO(b"one"), "", {}, "", {})])
def test_the_value_of_a_field_can_be_set(field):
    assert field.value in ("one", b"one")
    for value in ("two", None):
        field.value = value
        assert field.value == value


def test_a_list_of_fields_gives_them_by_name():
    form = util.FieldStorage(request(args="a=1&b=2&a=3", method="GET"))
    assert form.list.table() == {"a": ["1", "3"], "b": ["2"]}


def test_the_headers_of_a_part_keep_the_spelling_of_the_client():
    head = b'content-disposition: form-data;\r\n name="a"\r\nX-iD: 1\r\nCONTENT-TYPE: text/plain'
    field = util.FieldStorage(request(multipart((head, b"one")), MULTIPART))["a"]
    assert field.headers.items() == [
        ("content-disposition", 'form-data; name="a"'), ("X-iD", "1"), ("CONTENT-TYPE", "text/plain"),
    ]  # fmt: skip
    assert field.headers["content-type"] == "text/plain"


def test_a_part_whose_type_is_blank_has_octets():
    head = text(b"a", b"")[0] + b"\r\nContent-Type: "
    assert util.FieldStorage(request(multipart((head, b"")), MULTIPART))["a"].type == "application/octet-stream"


def test_a_header_of_bytes_is_parsed_to_bytes():
    assert util.parse_header(b'Text/Plain; Charset="\xe9"') == (b"text/plain", {b"charset": "\xe9"})


def test_arguments_are_those_of_what_is_called_in_the_end():
    class Inner:
        def __call__(self, a="none"):
            return a

    class Outer:
        __call__ = Inner()

    class Static:
        @staticmethod
        def __call__(a="none"):
            return a

    form = util.FieldStorage(request(args="a=1", method="GET"))
    assert [util.apply_fs_data(made(), form) for made in (Inner, Outer, Static)] == ["1", "1", "1"]


def test_a_form_is_read_from_what_looks_like_a_request():
    class Wrapped:
        method, args = "POST", None
        headers_in = {"content-type": MULTIPART, "content-length": "500"}
        read = io.BytesIO(multipart(text(b"a", b"1"))).read

    assert fields(Wrapped()) == [("a", "1")]


def test_a_field_is_removed_by_its_name_not_by_its_value():
    form = util.FieldStorage(request(args="a=1&b=1&c=1", method="GET"))
    del form["b"]
    form["c"] = "2"
    assert form.items() == [("a", "1"), ("c", "2")]
