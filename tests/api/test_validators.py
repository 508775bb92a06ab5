"""The ETag of a file."""

import os

from tests.support.cycle import Site


def test_an_etag_has_the_microseconds_of_the_file_itself(tmp_path):
    site = Site(tmp_path, "FileETag MTime\n")
    page = site.root / "page.txt"
    page.write_text("text")
    for microseconds in range(1_790_000_000_123_456, 1_790_000_000_123_556):
        # A float of seconds is too short for them.
        os.utime(page, ns=(0, microseconds * 1000 + 999))
        assert site.get("/page.txt").headers["etag"] == f'"{microseconds:x}"'
