"""What the configuration says of files that the default handler sends."""

import base64
import hashlib

import pytest

from tests.support.cycle import Site

CONFIG = """
<Directory ROOT>
    Require all granted
</Directory>
"""


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


def test_access_files_and_password_files_are_never_sent(tmp_path):
    site = Site(tmp_path, CONFIG + "AccessFileName .mine\n")
    for name in (".htaccess", ".htpasswd", ".mine", ".other", "x.ht"):
        (site.root / name).write_text("sent")
    for name in (".htaccess", ".htpasswd", ".mine"):
        assert site.get(f"/{name}").status == 403, name
        assert f"client denied by server configuration: {site.root}/{name}" in site.log()
    for name in (".other", "x.ht"):
        assert site.get(f"/{name}").body == "sent"
