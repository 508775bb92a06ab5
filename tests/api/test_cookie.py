"""What the recorded answers do not say of cookies: signatures, digests, and garbage from clients."""

import base64
import hmac
import marshal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.api import Cookie
from mpfcgi.api.Cookie import CookieError, MarshalCookie, SignedCookie
from mpfcgi.api.table import mp_table

names = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=';=$,"'), min_size=1)
values = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters=';"')).map(str.lstrip)


class Request:
    def __init__(self, header=None):
        self.headers_in = mp_table({"Cookie": header} if header is not None else {})
        self.headers_out = mp_table()


@given(names, values)
def test_what_is_sent_is_parsed_again(name, value):
    if not value.startswith("="):
        assert Cookie.Cookie.parse(str(Cookie.Cookie(name, value)))[name].value == value


@given(names, values, st.text(min_size=1), st.sampled_from(["md5", "sha256", "sha3_512"]))
def test_a_signed_cookie_is_told_from_one_that_was_changed(name, value, secret, digest):
    sent = str(SignedCookie(name, value, secret, digest=digest))
    found = SignedCookie.parse(sent, secret, digest=digest)[name]
    assert type(found) is SignedCookie
    assert found.value == value
    assert str(found) == sent
    for changed in (sent + "x", sent.replace(f"{name}=", f"{name}=0", 1)):
        assert type(SignedCookie.parse(changed, secret, digest=digest)[name]) is Cookie.Cookie
    assert type(SignedCookie.parse(sent, secret + "x", digest=digest)[name]) is Cookie.Cookie


def test_a_signature_is_mod_pythons_unless_a_digest_is_asked_for():
    assert str(SignedCookie("spam", "eggs", "secret007")) == "spam=7014c2b32ddd6d0d95ab0d0f2dfdedc1eggs"
    stronger = hmac.new(b"secret007", b"spameggs", "sha256").hexdigest()
    assert str(SignedCookie("spam", "eggs", b"secret007", digest="sha256")) == f"spam={stronger}eggs"


def test_a_weaker_signature_is_not_accepted_where_a_stronger_is_asked_for():
    sent = str(SignedCookie("spam", "eggs", "secret007"))
    assert type(SignedCookie.parse(sent, "secret007", digest="sha256")["spam"]) is Cookie.Cookie


def test_a_name_can_not_be_given_to_another_signed_value():
    sent = str(SignedCookie("user", "eve", "s")).replace("user=", "admin=")
    assert type(SignedCookie.parse(sent, "s")["admin"]) is Cookie.Cookie


def test_wrong_signatures_are_left_out_or_raise_when_asked():
    assert SignedCookie.parse("a=b", "s", Cookie.Cookie.IGNORE) == {}
    with pytest.raises(CookieError, match="Incorrectly Signed Cookie: a=b"):
        SignedCookie.parse("a=b", "s", Cookie.Cookie.EXCEPTION)


@pytest.mark.parametrize("secret", ["", b"", None])
def test_no_secret_signs_nothing_and_verifies_nothing(secret):
    with pytest.raises(CookieError):
        str(SignedCookie("a", "b", secret))
    assert type(SignedCookie.parse("a=" + "0" * 32, secret)["a"]) is Cookie.Cookie


def test_what_is_not_signed_is_never_unmarshalled(monkeypatch):
    def refuse(data):
        raise AssertionError("unmarshalled")

    monkeypatch.setattr(marshal, "loads", refuse)
    payload = base64.b64encode(marshal.dumps([1])).decode()
    for value in (payload, "0" * 32 + payload):
        assert type(MarshalCookie.parse(f"a={value}", "s")["a"]) is Cookie.Cookie


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary(), lambda inner: st.lists(inner), max_leaves=5))
def test_a_marshal_cookie_brings_its_value_back(value):
    found = MarshalCookie.parse(str(MarshalCookie("a", value, "s")), "s")["a"]
    assert type(found) is MarshalCookie
    assert found.value == value


def test_unsign_and_unmarshal_open_a_cookie_in_place():
    plain = Cookie.Cookie.parse(str(MarshalCookie("a", [1], "s")))["a"]
    opened = MarshalCookie("a", plain.value)
    opened.unmarshal("s")
    assert opened.value == [1]
    with pytest.raises(CookieError):
        MarshalCookie("a", "junk").unmarshal("s")


@given(st.text())
def test_any_header_parses_to_cookies_or_to_nothing(header):
    for cls, arguments in ((Cookie.Cookie, ()), (SignedCookie, ("s",)), (MarshalCookie, ("s",))):
        for name, cookie in cls.parse(header, *arguments).items():
            assert cookie.name == name
            assert not name.startswith("$")


def test_white_space_behind_a_quoted_value_begins_no_cookie():
    found = Cookie.Cookie.parse('a="x"\t; b="y"\r\n\tc=1')
    assert {name: cookie.value for name, cookie in found.items()} == {"a": '"x"', "b": '"y"', "c": "1"}


def test_a_huge_header_is_parsed_in_time_that_grows_with_its_length():
    assert Cookie.Cookie.parse('a="' * 100_000 + "\\" * 100_000)


def test_an_own_subclass_may_keep_what_it_likes():
    class Own(Cookie.Cookie):
        pass

    cookie = Own("a", "b", path="/")
    cookie.note = "x"
    assert repr(cookie) == "<Own: a=b; path=/>"
    assert type(Own.parse("a=b")["a"]) is Own


def test_a_plain_cookie_takes_no_unknown_attribute():
    with pytest.raises(AttributeError):
        Cookie.Cookie("a", "b").other = 1
    with pytest.raises(AttributeError, match="samesite"):
        Cookie.Cookie("a", "b", sitesame="x")


def test_get_cookie_reads_only_the_one_it_is_asked_for():
    req = Request("a=1; " + str(SignedCookie("b", "2", "s")))
    assert Cookie.get_cookie(req, "b", SignedCookie, secret="s").value == "2"
    assert Cookie.get_cookie(req, "c") is None
    assert Cookie.get_cookies(Request()) == {}


class Stronger(SignedCookie):
    """Signs in a way of its own, by the methods that the class offers for it."""

    def __init__(self, name, value, secret=None):
        super().__init__(name, value, secret)

    def hexdigest(self, text):
        return f"{len(text):03}"

    def unsign(self, secret):
        length, value = self.value[:3], self.value[3:]
        if length != f"{len(value):03}":
            raise CookieError("not signed")
        self.value = value
        self.__data__["secret"] = secret


def test_a_subclass_that_signs_in_its_own_way_is_asked_when_cookies_are_parsed():
    sent = str(Stronger("a", "value", "s"))
    assert sent == "a=005value"
    found = Stronger.parse(f"{sent}; b=006value", "s")
    assert (type(found["a"]), found["a"].value, str(found["a"])) == (Stronger, "value", sent)
    assert (type(found["b"]), found["b"].value) == (Cookie.Cookie, "006value")


def test_a_subclass_of_marshal_cookies_may_read_its_value_otherwise():
    class Words(MarshalCookie):
        def unmarshal(self, secret):
            self.unsign(secret)
            self.value = self.value.split(".")

    sent = str(SignedCookie("a", "x.y", "s"))
    assert Words.parse(sent, "s")["a"].value == ["x", "y"]


def test_what_is_rightly_signed_but_no_base64_is_a_plain_cookie_without_its_signature():
    found = MarshalCookie.parse(str(SignedCookie("a", "a.b", "s")), "s")["a"]
    assert (type(found), found.value) == (Cookie.Cookie, "a.b")


def test_what_is_rightly_signed_but_not_marshalled_is_a_plain_cookie_as_it_came():
    signed = SignedCookie("a", "AAAA", "s")
    found = MarshalCookie.parse(str(signed), "s")["a"]
    assert str(found) == str(signed)
    assert (type(found), len(found.value)) == (Cookie.Cookie, 32 + 4)


def test_cookies_that_a_handler_adds_to_the_request_are_found():
    req = Request("a=1")
    req.headers_in.add("Cookie", "b=2")
    assert sorted(Cookie.get_cookies(req)) == ["a", "b"]


def test_get_cookies_returns_what_the_class_parses():
    class Jar:
        @staticmethod
        def parse(header, **data):
            return [header, data]

    assert Cookie.get_cookies(Request("a=1"), Jar, secret="s") == ["a=1", {"secret": "s"}]


def test_headers_may_be_a_dictionary_in_lower_case_where_code_wraps_the_request():
    req = Request()
    req.headers_in = {"cookie": "a=1"}
    assert Cookie.get_cookie(req, "a").value == "1"
