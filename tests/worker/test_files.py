"""What the configuration says of files that the default handler sends, and of lists of folders."""

import base64
import hashlib

import pytest

from tests.support.cycle import Site

CONFIG = """
<Directory ROOT>
    Require all granted
    Options Indexes
    IndexIgnore *.bak secret
    IndexIgnore no?es
</Directory>
"""


def test_a_list_of_a_folder_leaves_out_what_is_ignored(tmp_path):
    files = {"page.html": "x", "page.bak": "x", "notes.d/x.txt": "x", "secret.txt": "x"}
    site = Site(tmp_path, CONFIG, **files)
    (site.root / "secret").write_text("x")
    (site.root / "nodes").mkdir()
    body = site.get("/").body
    assert "page.html" in body
    assert "notes.d" in body
    assert "secret.txt" in body
    for name in ("page.bak", '"secret"', "nodes"):
        assert name not in body


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.parametrize("sendfile", ["On", "Off"])
def test_a_file_is_the_same_with_the_kernel_copying_it_or_not(tmp_path, size, sendfile):
    text = "0123456789" * (size // 10)
    site = Site(tmp_path, CONFIG + f"EnableSendfile {sendfile}\nContentDigest On\n", **{"big.txt": text})
    answer = site.get("/big.txt")
    assert answer.body == text
    assert answer.headers["content-length"] == str(size)
    assert answer.headers["content-md5"] == base64.b64encode(hashlib.md5(text.encode()).digest()).decode()
    part = site.get("/big.txt", HTTP_RANGE="bytes=3-5")
    assert (part.status, part.body) == (206, "345")
