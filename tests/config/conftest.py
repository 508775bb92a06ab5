"""Files for the resolver."""

import pytest


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "htdocs"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "file.txt").write_text("x")
    (root / "sub" / "a.py").write_text("x")
    return root
