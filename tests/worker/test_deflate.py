"""DEFLATE, as Apache's mod_deflate answers."""

import gzip
import os
import zlib

import pytest

from mpfcgi.worker.deflate import takes_gzip
from tests.support.cycle import Site

CONFIG = """
<Directory ROOT>
    SetHandler mod_python
    PythonHandler page
    SetOutputFilter DEFLATE
</Directory>
<Files *.txt>
    SetHandler None
</Files>
"""
PAGE = """
def handler(req):
    req.content_type = "text/plain"
    exec(HOW[req.args])
    return 0

HOW = {
    "long": "req.write('abc' * 100, 0)",
    "short": "req.write('x' * 68, 0)",
    "flushed": "req.write('one '); req.write('two')",
    "length": "req.set_content_length(300); req.write('abc' * 100)",
    "encoded": "req.headers_out['Content-Encoding'] = 'br'; req.write('abc' * 100, 0)",
    "vary": "req.headers_out['Vary'] = 'Cookie'; req.write('abc' * 100, 0)",
    "varied": "req.headers_out['Vary'] = 'accept-encoding'; req.write('abc' * 100, 0)",
    "varied_thrice": "req.headers_out.add('Vary', 'A'); req.headers_out.add('Vary', 'B'); "
    "req.err_headers_out['Vary'] = 'C'; req.write('abc' * 100, 0)",
    "part": "req.headers_out['Content-Range'] = 'bytes 0-299/300'; req.write('abc' * 100, 0)",
    "no_gzip": "req.subprocess_env['no-gzip'] = '1'; req.write('abc' * 100, 0)",
    "only_html": "req.subprocess_env['gzip-only-text/html'] = '1'; req.write('abc' * 100, 0)",
    "force": "req.subprocess_env['force-gzip'] = '1'; req.write('abc' * 100, 0)",
    "empty": "req.status = 204",
    "twice": "req.add_output_filter('DEFLATE'); req.write('abc' * 100, 0)",
}
"""


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path, CONFIG, page=PAGE, **{"big.txt": "hello world\n" * 3000})
    # The validator of a file that has just been written is a weak one for a second.
    os.utime(made.root / "big.txt", (1e9, 1e9))
    return made


def packed(site, uri, accept="gzip", **params):
    return site.get(uri, HTTP_ACCEPT_ENCODING=accept, **params)


def test_a_response_is_packed_and_says_so(site):
    answer = packed(site, "/x?long")
    assert gzip.decompress(answer.raw) == b"abc" * 100
    assert answer.headers == {
        "content-type": "text/plain", "content-encoding": "gzip", "vary": "Accept-Encoding",
        "content-length": str(len(answer.raw)),
    }  # fmt: skip


@pytest.mark.parametrize("how", ["flushed", "length"])
def test_a_flushed_response_is_packed_piece_by_piece_without_a_length(site, how):
    answer = packed(site, f"/x?{how}")
    assert gzip.decompress(answer.raw) in (b"one two", b"abc" * 100)
    assert "content-length" not in answer.headers


def test_a_file_is_packed_and_its_validator_is_another(site):
    plain, answer = site.get("/big.txt"), packed(site, "/big.txt")
    assert gzip.decompress(answer.raw) == plain.raw == b"hello world\n" * 3000
    assert answer.headers["etag"] == plain.headers["etag"][:-1] + '-gzip"'
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["content-length"] == "36000"
    head = packed(site, "/big.txt", method="HEAD")
    assert (head.raw, head.headers) == (b"", answer.headers)


def test_a_client_that_has_the_packed_file_is_told_so(site):
    etag = packed(site, "/big.txt").headers["etag"]
    answer = packed(site, "/big.txt", HTTP_IF_NONE_MATCH=etag)
    assert (answer.status, answer.raw) == (304, b"")
    assert (answer.headers["etag"], answer.headers["vary"]) == (etag, "Accept-Encoding")
    assert "content-encoding" not in answer.headers
    assert site.get("/big.txt", HTTP_IF_NONE_MATCH=etag).status == 200


@pytest.mark.parametrize("how", ["short", "encoded", "part", "no_gzip", "only_html", "empty"])
def test_some_responses_are_left_alone_for_all_clients(site, how):
    answer = packed(site, f"/x?{how}")
    assert answer.headers.get("content-encoding") != "gzip"
    assert "vary" not in answer.headers
    assert answer.raw in (b"", b"x" * 68, b"abc" * 100)


def test_vary_keeps_what_it_says_already(site):
    assert packed(site, "/x?vary").headers["vary"] == "Cookie, Accept-Encoding"
    assert packed(site, "/x?varied").headers["vary"] == "accept-encoding"


def test_vary_keeps_all_that_both_tables_say(site):
    assert packed(site, "/x?varied_thrice").headers["vary"] == "A, B, C, Accept-Encoding"


def test_a_condition_that_fails_is_not_packed(site):
    response = packed(site, "/big.txt", HTTP_IF_MATCH='"x"')
    assert (response.status, response.raw) == (412, b"")
    assert "content-encoding" not in response.headers


def test_a_part_of_a_file_for_a_client_that_takes_it_plain(site):
    response = packed(site, "/big.txt", accept="identity", HTTP_RANGE="bytes=0-4")
    assert (response.status, response.raw) == (206, b"hello")


def test_packing_can_be_forced_and_is_never_done_twice(site):
    assert gzip.decompress(packed(site, "/x?force", "").raw) == b"abc" * 100
    assert gzip.decompress(packed(site, "/x?twice").raw) == b"abc" * 100


def test_the_level_is_the_configurations(tmp_path):
    made = Site(tmp_path, CONFIG + "DeflateCompressionLevel 1\n", page=PAGE, **{"big.txt": "hello world, " * 3000})
    least = packed(made, "/big.txt").raw
    assert least == zlib_at(1, b"hello world, " * 3000)
    assert gzip.decompress(least) == b"hello world, " * 3000


def zlib_at(level, data):
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True), ("br, GZIP", True), ("br, gzip;q=0.5", True), ("gzip; q=1", True), ("gzip;q=0", False),
        ("gzip;q=0.000", False), ("gzip;q=x", False), ("", False), ("identity", False), ("deflate, *", False),
        ("x-gzip", False),
    ],
)  # fmt: skip
def test_clients_say_by_name_and_weight_that_they_take_gzip(header, takes):
    assert takes_gzip(header) is takes
