from types import SimpleNamespace

import pytest

from mpfcgi.api import Request
from mpfcgi.api.exchange import MemoryExchange
from mpfcgi.api.response import status_line
from tests.support.requests import Settings


def make(method="GET", body=b"", **params):
    exchange = MemoryExchange({"REQUEST_METHOD": method, "REQUEST_URI": "/x?q", **params}, body)
    server = SimpleNamespace(scheme="", port=0)
    settings = Settings({"a": "1"}, python_config={"PythonDebug": "1"})
    return Request(exchange, server, None, settings, "/x", "q"), exchange


def test_a_flushed_write_has_no_length_and_a_buffered_one_has():
    req, exchange = make()
    req.content_type = "text/plain"
    req.write("héllo")
    req._finish()
    assert exchange.response == "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nhéllo".encode()
    req, exchange = make()
    req.write("ab", 0)
    req.write(b"c", 0)
    req._finish()
    assert exchange.response == b"Status: 200 OK\r\nContent-Length: 3\r\n\r\nabc"


def test_head_requests_and_empty_statuses_have_no_body():
    req, exchange = make("HEAD")
    req.write("abc", 0)
    req._finish()
    assert exchange.response == b"Status: 200 OK\r\nContent-Length: 3\r\n\r\n"
    req, exchange = make()
    req.status = 204
    req.write("abc", 0)
    req._finish()
    assert exchange.response == b"Status: 204 No Content\r\n\r\n"


def test_headers_are_sent_once_and_error_headers_first():
    req, exchange = make()
    req.headers_out.add("Set-Cookie", "a=1")
    req.headers_out.add("Set-Cookie", "b=2")
    req.err_headers_out["X-Err"] = "\tx"
    req.status, req.status_line = 299, "299 Custom"
    req._finish()
    assert exchange.response == (
        b"Status: 299 Custom\r\nX-Err: \tx\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    )


def test_a_header_that_would_write_another_one_ends_the_response():
    req, exchange = make()
    answered = []

    class Services:
        def log(self, level, text, request):
            answered.append(text)

        def answer_error(self, req, status):
            req._discard_output()
            req.status = status

    req._services = Services()
    req.err_headers_out["X-Evil"] = "x\r\nInjected: yes"
    req.write("lost", 0)
    req._finish()
    assert answered == ["Response header 'X-Evil' contains invalid characters, aborting request"]
    assert exchange.response == b"Status: 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("more", [{}, {"X-Other": "1"}])
def test_a_stream_of_events_is_not_buffered_by_the_web_server(more):
    req, exchange = make()
    req.content_type = "text/event-stream; charset=utf-8"
    req.headers_out.update(more)
    req.write("data: 1\n\n")
    assert b"\r\nX-Accel-Buffering: no\r\n" in exchange.response
    req, exchange = make()
    req.content_type = "text/event-stream"
    req.headers_out["x-accel-buffering"] = "yes"
    req.write("data: 1\n\n")
    assert exchange.response.lower().count(b"x-accel-buffering") == 1


def test_a_number_without_a_meaning_is_500():
    req, exchange = make()
    req.status = 299
    req._finish()
    assert exchange.response.startswith(b"Status: 500 Internal Server Error\r\n")


@pytest.mark.parametrize("wrong", [1, None, bytearray(b"x")])
def test_only_text_and_bytes_can_be_written(wrong):
    with pytest.raises(TypeError):
        make()[0].write(wrong)


def test_the_body_is_read_in_pieces_and_lines():
    req, _ = make("POST", b"one\ntwo\nthree", CONTENT_LENGTH="13")
    assert req.remaining == 0
    assert req.read(2) == b"on"
    assert req.remaining == 13
    assert req.readline() == b"e\n"
    assert req.readlines() == [b"two\n", b"three"]
    assert req.read() == b""
    assert (req.read_length, req.remaining) == (13, 0)


@pytest.mark.parametrize("call", ["read", "readline", "set_content_length", "get_remote_host"])
def test_numbers_are_asked_for_by_type(call):
    with pytest.raises(TypeError):
        getattr(make()[0], call)("5")


def test_headers_and_members_are_those_of_the_client():
    req, _ = make(HTTP_HOST="Example.com:8080", HTTP_X_ONE="caf\xc3\xa9", SERVER_PROTOCOL="HTTP/1.1", HTTPS="on")
    assert req.headers_in["x-one"] == "café"
    assert (req.hostname, req.proto_num, req.is_https(), req.the_request) == (
        "example.com",
        1001,
        1,
        "GET /x?q HTTP/1.1",
    )
    assert req.construct_url("/y") == "https://example.com:8080/y"
    assert req.get_options() == {"a": "1"}
    assert req.get_config() == {"PythonDebug": "1"}


def test_read_only_members_are_and_others_may_be_added():
    req, _ = make()
    for name in ("connection", "the_request", "protocol", "phase", "hostname", "method_number"):
        with pytest.raises(AttributeError):
            setattr(req, name, 1)
    req.mine = 1
    assert req.mine == 1
    assert not hasattr(req, "other")
    assert repr(type(req)) == "<class 'mp_request'>"


def test_basic_credentials_need_authtype_basic():
    import base64

    header = "Basic " + base64.b64encode(b"spam:eggs:x").decode()
    req, _ = make(HTTP_AUTHORIZATION=header)
    assert req.get_basic_auth_pw() is None
    req._settings = Settings(values={"AuthType": "Basic", "AuthName": "members"})
    assert (req.get_basic_auth_pw(), req.user, req.ap_auth_type) == ("eggs:x", "spam", "Basic")


@pytest.mark.parametrize(
    ("params", "user", "how"),
    [
        ({"REMOTE_USER": "gr\xc3\xbcn", "AUTH_TYPE": "Digest"}, "gr\xfcn", "Digest"),
        ({"REMOTE_USER": "spam"}, "spam", None),
        ({"REMOTE_USER": "", "AUTH_TYPE": ""}, None, None),
        ({"AUTH_TYPE": "Basic"}, None, None),
        ({"HTTP_REMOTE_USER": "spam"}, None, None),
        # Only what the client claims to be.
        ({"REMOTE_USER": "spam", "AUTH_TYPE": "Basic", "SERVER_SOFTWARE": "HAProxy 2.6"}, None, None),
        ({"REMOTE_USER": "spam", "AUTH_TYPE": "Basic", "FCGI_ROLE": "AUTHORIZER"}, None, None),
    ],
)
def test_the_user_may_be_known_to_the_front_end(params, user, how):
    req, _ = make(**params)
    assert (req.user, req.ap_auth_type) == (user, how)
    req.user = "other"
    assert (req.user, req.ap_auth_type) == ("other", None)


def test_handlers_are_added_to_phases_that_exist():
    req, _ = make()
    for wrong in ("PythonCleanupHandler", "Nonsense"):
        with pytest.raises(IndexError, match="Invalid phase"):
            req.add_handler(wrong, "m")
    with pytest.raises(ValueError, match="callable"):
        req.register_cleanup("no")


@pytest.mark.parametrize(
    ("status", "line", "sent"),
    [
        (100, None, b"500 Internal Server Error"),
        (103, None, b"500 Internal Server Error"),
        (100, "100 Continue", b"500 Internal Server Error"),
        (199, "199 Own", b"500 Internal Server Error"),
        (200, "100 Continue", b"200 OK"),
        (299, "299 Very Good", b"299 Very Good"),
    ],
)
def test_a_response_has_no_status_of_an_interim_one(status, line, sent):
    assert status_line(status, line) == b"Status: " + sent
