import gc
import http.server
import threading
from email.utils import formatdate

import pytest

from mpfcgi.api import cache


class Squares(cache.Cache):
    built: list
    stale = None

    def check(self, key, name, entry):
        return self.stale

    def build(self, key, name, opened, entry):
        self.built.append((name, opened))
        return int(name) ** 2


def test_a_value_is_built_when_it_is_missing_or_stale():
    squares = Squares()
    squares.built = []
    assert [squares[2], squares[2], squares[3]] == [4, 4, 9]
    squares.stale = "because"
    assert squares[2] == 4
    assert squares.built == [(2, None), (3, None), (2, "because")]
    squares.stale = None
    squares[2] = "set"
    assert squares[2] == "set"
    del squares[2]
    assert squares._checkitem(2)[:3] == (1, 2, 4)
    assert squares._checkitem(2)[:3] == (0, 2, 4)


def test_the_one_not_used_for_longest_goes():
    squares = Squares(max_size=2)
    squares.built = []
    assert (squares.mru(), squares.lru()) == (None, None)
    for name in (1, 2, 1, 3):
        squares[name]
    assert (squares.mru(), squares.lru()) == (3, 1)
    squares.clear()
    assert squares.lru() is None


def test_what_can_t_be_built_is_not_kept():
    squares = Squares()
    squares.built = []
    with pytest.raises(ValueError, match="x"):
        squares["x"]
    assert squares.mru() is None
    with pytest.raises(NotImplementedError, match="Cache has no build method"):
        cache.Cache()[1]


def test_threads_wait_for_the_one_that_builds():
    started, go = threading.Event(), threading.Event()

    class Slow(cache.Cache):
        count = 0

        def build(self, key, name, opened, entry):
            self.count += 1
            started.set()
            assert go.wait(10)
            return name

    slow, found = Slow(), []
    threads = [threading.Thread(target=lambda: found.append(slow["a"])) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert started.wait(10)
    go.set()
    for thread in threads:
        thread.join(10)
    assert (found, slow.count) == (["a"] * 3, 1)


def test_files_are_read_again_when_they_change(tmp_path):
    import os

    file = tmp_path / "a.txt"
    file.write_text("one")
    files, text = cache.FileCache(), cache.FileCache(mode="r")
    assert (files[str(file)], text[str(file)]) == (b"one", "one")
    file.write_text("two")
    os.utime(file, (1, 1))
    assert files[str(file)] == b"two"
    file.unlink()
    with pytest.raises(FileNotFoundError):
        files[str(file)]


def test_modules_are_executed_anew_and_are_nobody_elses(tmp_path):
    import os
    import sys

    file = tmp_path / "my page.py"
    file.write_text("x = 1")
    modules = cache.ModuleCache()
    first = modules[str(file)]
    assert (first.x, modules[str(file)] is first, first.__name__ in sys.modules) == (1, True, False)
    file.write_text("x = 2")
    os.utime(file, (1, 1))
    assert modules[str(file)].x == 2


def test_results_are_kept_by_arguments():
    calls = []
    function = cache.FunctionCache(lambda *args, **kw: calls.append((args, kw)) or len(calls))
    assert [function(1, a=2), function(1, a=2), function(1), function(a=2)] == [1, 1, 2, 3]
    with pytest.raises(TypeError):
        function([])


def test_weak_values_last_as_long_as_someone_has_them():
    class Value:
        pass

    class Values(cache.WeakCache):
        count = 0

        def build(self, key, name, opened, entry):
            self.count += 1
            return Value()

    values = Values()
    value = values[1]
    assert values[1] is value
    del value
    gc.collect()
    values[1]
    assert values.count == 2


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        asked: list = []
        headers_sent: dict = {}

        def do_GET(self):
            self.asked.append((self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")))
            known = self.headers.get("If-None-Match") == '"1"'
            self.send_response(304 if known else 200)
            for name, value in self.headers_sent.items():
                self.send_header(name, value)
            self.end_headers()
            if not known:
                self.wfile.write(b"x = 5")

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.url = f"http://127.0.0.1:{server.server_port}/code.py"
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({}, [(None, None)] * 2),
        ({"Cache-Control": "public, max-age=60"}, [(None, None)]),
        ({"Expires": formatdate(4e9, usegmt=True)}, [(None, None)]),
        ({"Expires": "0"}, [(None, None)] * 2),
        ({"ETag": '"1"'}, [(None, None), ('"1"', None)]),
        ({"Last-Modified": "Sun, 09 Sep 2001 01:46:40 GMT"}, [(None, None), (None, "Sun, 09 Sep 2001 01:46:40 GMT")]),
    ],
)
def test_a_server_is_asked_only_when_it_must_be(server, headers, asked):
    handler = server.RequestHandlerClass
    handler.asked, handler.headers_sent = [], headers
    pages = cache.HTTPCache()
    for _ in range(2):
        page = pages[server.url]
        assert (page.entity, str(page)) == (b"x = 5", "x = 5")
    assert handler.asked == asked
    assert cache.HttpModuleCache()[server.url].x == 5


def test_a_date_of_http():
    assert cache.parseRFC822Time("Sun, 09 Sep 2001 01:46:40 GMT") == 1e9
    with pytest.raises(ValueError, match="not a date"):
        cache.parseRFC822Time("soon")
