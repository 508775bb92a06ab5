"""Forms: what becomes a field, how uploads are kept, and what is refused. What the real module answers is in parity."""

import contextlib
import os
import pickle
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpfcgi.api import forms, util
from mpfcgi.api.errors import SERVER_RETURN
from tests.support.forms import MULTIPART, URLENCODED, fields, multipart, request, text, upload


def refusal(req):
    with pytest.raises(SERVER_RETURN) as raised:
        util.FieldStorage(req)
    return raised.value.args[0]


# -- urlencoded


def test_the_body_of_a_post_comes_after_the_query_string():
    assert fields(request(b"b=2&a=3", args="a=1")) == [("a", "1"), ("b", "2"), ("a", "3")]


def test_other_methods_have_a_query_string_only():
    assert fields(request(b"b=2", args="a=1", method="PUT")) == [("a", "1")]


def test_blank_values_are_kept_on_demand():
    assert fields(request(b"a=&b&c=1")) == [("c", "1")]
    assert fields(request(b"a=&b&c=1"), keep_blank_values=1) == [("a", ""), ("b", ""), ("c", "1")]


@pytest.mark.parametrize(
    ("charset", "body", "value"),
    [("", b"a=caf%C3%A9", "café"), ("", b"a=caf\xc3\xa9", "café"), ("", b"a=caf%E9", "caf\ufffd"),
     ("; charset=iso-8859-1", b"a=caf%E9", "café"), ("; charset=nosuch", b"a=caf%C3%A9", "café"),
     ("; charset=punycode", b"a=xn--", "xn--"), ("; charset=zip", b"a=x", "x")],
)  # fmt: skip
def test_the_body_says_its_charset_and_anything_else_is_utf8(charset, body, value):
    assert fields(request(body, URLENCODED + charset)) == [("a", value)]


def test_too_many_fields_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(forms, "MAX_FIELDS", 10)
    assert fields(request(b"&".join([b"a=1"] * 10))) == [("a", "1")] * 10
    assert refusal(request(b";".join([b"a=1"] * 12))) == 413


def test_too_much_text_is_refused_without_reading_it_all(monkeypatch):
    monkeypatch.setattr(forms, "MAX_TEXT", 100)
    assert refusal(request(pieces=iter(lambda: b"x" * 50, None))) == 413


@pytest.mark.parametrize(
    ("kind", "status"),
    [("text/plain", 501), ("multipart/form-data", 400), ("multipart/mixed", 400), ("multipart", 501)],
)
def test_a_type_without_fields_or_boundary_is_refused(kind, status):
    assert refusal(request(b"x", kind)) == status


@pytest.mark.parametrize("body", [b"", b"x", b"--B", b"--B--", b"\r\n--B--\r\n"])
def test_a_body_without_a_part_has_no_fields_as_in_mod_python(body):
    assert len(util.FieldStorage(request(body, "multipart/form-data; boundary=B"))) == 0


def test_a_body_without_length_is_refused():
    req = request()
    del req._params["CONTENT_LENGTH"]
    assert refusal(req) == 411


# -- multipart


def test_ordinary_fields_are_str_and_uploads_have_bytes_and_a_file():
    body = multipart(text(b"name", "näme".encode()), upload(b"up", "dätei.txt".encode(), b"\0\r\n\xff"))
    form = util.FieldStorage(request(body, MULTIPART))
    assert (form["name"], form["name"].value, form["name"].filename) == ("näme", "näme", None)
    up = form["up"]
    assert isinstance(up, util.Field)
    assert (up.filename, up.value, up.type, up.disposition) == ("dätei.txt", b"\0\r\n\xff", "text/plain", "form-data")
    assert up.file.read() == b"\0\r\n\xff"
    up.file.seek(1)
    assert up.file.read() == b"\r\n\xff"
    assert form["name"].file.read() == "näme".encode()


def test_a_name_that_is_no_utf8_is_not_lost():
    form = util.FieldStorage(request(multipart(upload(b"up", b"caf\xe9", b"x")), MULTIPART))
    assert form["up"].filename == "caf\udce9"


@pytest.mark.parametrize("charset", [b"punycode", b"nosuch", b"unicode_escape", b"base64"])
def test_a_part_cannot_choose_a_decoder_that_is_no_charset(charset):
    headers = text(b"a", b"")[0] + b"\r\nContent-Type: text/plain; charset=" + charset
    assert fields(request(multipart((headers, rb"\x41")), MULTIPART)) == [("a", r"\x41")]


def test_callbacks_choose_where_files_and_fields_go(tmp_path):
    opened = []

    def keep(filename):
        opened.append(filename)
        return (tmp_path / os.path.basename(filename)).open("w+b")

    body = multipart(text(b"name", b"value"), upload(b"up", b"x.txt", b"contents"))
    form = util.FieldStorage(request(body, MULTIPART), file_callback=keep, field_callback=lambda: keep("field"))
    assert (form["name"], form["up"].value, opened) == ("value", b"contents", ["field", "x.txt"])
    assert (tmp_path / "x.txt").exists()


@given(st.lists(st.integers(1, 400), max_size=30) | st.lists(st.integers(1, 9), min_size=90, max_size=200))
@settings(max_examples=100)
def test_any_cutting_of_the_body_gives_the_same_fields(cuts):
    body = multipart(text(b"a", b"1\r\n--BOUN\r\n"), upload(b"up", b"f", b"\r\r\n--BOUN-\n"), text(b"a", b""))
    # Two parts without a body, and boundaries with nothing between them.
    bare = b"--BOUND\r\n" + text(b"b", b"")[0] + b"\r\n\r\n"
    body = bare + bare + b"--BOUND\r\n" + body.removesuffix(b"--\r\n") + b"\r\n--BOUND--\r\n"
    pieces = []
    for cut in cuts:
        pieces, body = (pieces + [body[:cut]], body[cut:]) if body else (pieces, body)
    pieces += [body] if body else []
    wanted = [("b", ""), ("b", ""), ("a", "1\r\n--BOUN\r\n"), ("up", b"\r\r\n--BOUN-\n"), ("a", "")]
    assert fields(request(kind=MULTIPART, pieces=pieces)) == wanted


GARBAGE = st.lists(
    st.sampled_from([b"--BOUND", b"--", b"\r\n", b"\n", b"\r", b"Content-Disposition: form-data", b'; name="a"', b": ",
                     b'; filename="', b"\\", b'"', b"Content-Length: 3", b"\0", b"\xff", b"Content-Type: x; charset=\xfc", b"a"]),
    max_size=25,
)  # fmt: skip


@given(GARBAGE, st.booleans())
@settings(max_examples=300)
def test_any_garbage_gives_fields_or_a_refusal(pieces, begun):
    body = (b"--BOUND\r\n" if begun else b"") + b"".join(pieces)
    with contextlib.suppress(SERVER_RETURN):
        fields(request(body, MULTIPART))
        return
    assert refusal(request(body, MULTIPART)) in (400, 413)


@pytest.mark.parametrize(
    ("rest", "value"),
    [("", "one"), ("\r\n", "one\r\n"), ("\r\n--BOU", "one\r\n--BOU"), ("\r\n--BOUND", "one"), ("\r\n--BOUND\r\n", "one"),
     ("\r\n--BOUND--", "one")],
)  # fmt: skip
def test_a_body_that_breaks_off_within_a_part_keeps_what_came_of_it(rest, value):
    body = b"--BOUND\r\n" + text(b"a", b"")[0] + b"\r\n\r\none" + rest.encode()
    assert fields(request(body, MULTIPART)) == [("a", value)]


@pytest.mark.parametrize(
    "rest", ["Content-Disposition: fo", 'Content-Disposition: form-data; name="b"', "X: 1\r\n", "X"]
)
def test_a_body_that_breaks_off_within_the_head_of_a_part_is_refused(rest):
    whole = multipart(text(b"a", b"1")).removesuffix(b"--\r\n") + b"\r\n"
    assert fields(request(whole, MULTIPART)) == [("a", "1")]
    assert refusal(request(whole + rest.encode(), MULTIPART)) == 400


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [("Content-Length: 1", "Content-Length", "1"), ("Content-Length: x", "Content-Length", "x"), ("X@ y : 1", "X@ y", "1"),
     ("\u00c9: \u00e9", "\u00c9", "\u00e9"), (": 1", "", "1"), ("Content-Length: 1\r\n 2", "Content-Length", "1 2")],
)  # fmt: skip
def test_headers_of_a_part_that_forms_do_not_have_say_nothing(line, name, value):
    head = line.encode() + b"\r\n" + text(b"a", b"")[0]
    field = util.FieldStorage(request(multipart((head, b"one")), MULTIPART))["a"]
    assert (field, field.headers.items()[0]) == ("one", (name, value))


def test_boundaries_with_nothing_between_them_are_one():
    body = multipart(text(b"a", b"1"))
    assert fields(request(b"--BOUND\r\n--BOUND\r\n" + body, MULTIPART)) == [("a", "1")]


def test_a_part_without_a_body_is_blank():
    head = b"--BOUND\r\n" + text(b"a", b"")[0] + b"\r\n\r\n"
    rest = multipart(text(b"b", b"2"))
    assert fields(request(head + rest, MULTIPART)) == [("a", ""), ("b", "2")]
    assert fields(request(rest.removesuffix(b"--BOUND--\r\n") + head + b"--BOUND--\r\n", MULTIPART)) == [
        ("b", "2"),
        ("a", ""),
    ]
    assert fields(request(head + b"--BOUND", MULTIPART)) == [("a", "--BOUND")]


@pytest.mark.parametrize("more", [b"", b"\r\n", b"--BOUND\r\n" * 3 + b"X"])
def test_a_body_whose_first_boundary_is_followed_by_the_last_has_no_fields(more):
    assert fields(request(b"--BOUND\r\n--BOUND--\r\n" + more, MULTIPART)) == []


def test_many_boundaries_with_nothing_between_them_take_time_that_grows_with_their_number():
    line = b"--BOUND\r\n"
    assert fields(request(line * 100_000 + b"--BOUND--\r\n", MULTIPART)) == []
    assert (
        len(fields(request(multipart(text(b"a", (b"x" + line) * 100_000)), MULTIPART))[0][1])
        == len(line + b"x") * 100_000
    )


def test_a_field_is_kept_by_what_pickles_it_without_its_file():
    body = multipart((text(b"a", b"")[0] + b"\r\nContent-Type: text/plain; charset=utf-8", b"one"))
    kept = pickle.loads(pickle.dumps(util.FieldStorage(request(body, MULTIPART))["a"]))
    assert (kept, kept.name, kept.type_options, kept.file.read()) == ("one", "a", {"charset": "utf-8"}, "one")
    assert dict(kept.headers)["Content-Type"] == "text/plain; charset=utf-8"


def test_too_many_parts_or_files_are_refused(monkeypatch):
    monkeypatch.setattr(forms, "MAX_PARTS", 5)
    monkeypatch.setattr(forms, "MAX_FILES", 3)
    assert refusal(request(multipart(*[text(b"a", b"1")] * 6), MULTIPART)) == 413
    assert refusal(request(multipart(*[upload(b"a", b"f", b"1")] * 4), MULTIPART)) == 413


def test_too_much_text_in_parts_is_refused(monkeypatch):
    monkeypatch.setattr(forms, "MAX_TEXT", 100)
    assert refusal(request(multipart(text(b"a", b"x" * 101)), MULTIPART)) == 413


def test_an_upload_goes_to_disk_and_takes_no_memory():
    size = 32 * 1024 * 1024
    head = multipart(upload(b"up", b"big", b""), end=b"")[:-2]
    piece = b"x" * forms.READ_SIZE
    pieces = (part for part in [head, *[piece] * (size // len(piece)), b"\r\n--BOUND--\r\n"])
    tracemalloc.start()
    try:
        form = util.FieldStorage(request(kind=MULTIPART, pieces=pieces))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * 1024 * 1024
    assert form["up"].file.seek(0, os.SEEK_END) == size


# -- as a dictionary


def test_a_form_is_used_like_a_dictionary():
    form = util.FieldStorage(request(args="a=1&b=2&a=3", method="GET"))
    assert (form["a"], form["b"], form.get("c", "none"), form.getfirst("a"), form.getlist("b")) == (
        ["1", "3"], "2", "none", "1", ["2"]
    )  # fmt: skip
    assert (form.keys(), len(form), form.has_key("a"), "c" in form) == (["a", "b"], 2, True, False)
    assert form.items() == [("a", "1"), ("b", "2"), ("a", "3")]
    # By keyword as mod_python calls them.
    assert (form.get(key="c", default=5), form.getfirst(key="c", default=6), form.getlist(key="c")) == (5, 6, [])
    form["a"] = "only"
    form.add_field("b", "more")
    assert (form["a"], form["b"]) == ("only", ["2", "more"])
    del form["b"]
    with pytest.raises(KeyError):
        form["b"]
    form.clear()
    assert list(form) == []


# -- redirect


def test_a_redirect_says_where_in_header_and_page_without_markup():
    req = request()
    with pytest.raises(SERVER_RETURN) as raised:
        util.redirect(req, '/x?a=1&b="<', permanent=1)
    assert (raised.value.args[0], req.status, req.err_headers_out["Location"]) == (-2, 301, '/x?a=1&b="<')
    assert b'href="/x?a=1&b=&quot;&lt;"' in req._exchange.response
    with pytest.raises(OSError, match="already been sent"):
        util.redirect(req, "/y")
