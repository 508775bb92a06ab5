"""What the repository says about itself is so: its documents, its targets, the size of its modules."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.servers import program

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
LONGEST_MODULE = 400
# Tables, which are longer than a story may be.
LONGER = {"tests/parity/live_requests.py"}


def script(path: str):
    """A script of the repository that is in no package, as a module."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(language: str) -> list:
    """The fenced blocks of a language in all documents, as pytest parameters."""
    found = []
    for path in DOCUMENTS:
        # Between fences every second piece is inside one; its first line is the language.
        inside = re.split(r"^```", path.read_text(), flags=re.M)[1::2]
        for i, (named, _, text) in enumerate(block.partition("\n") for block in inside):
            if named == language:
                found.append(pytest.param(text, id=f"{path.name}-{i}"))
    return found


def is_configuration(text: str) -> bool:
    """Blocks without a language are shell commands or our configuration, which begins with a capital or <."""
    first = next((line for line in text.splitlines() if line and not line.startswith("#")), "")
    return bool(re.match(r"<[A-Z]|[A-Z][a-z]+[A-Za-z]* ", first))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_make_target_a_document_names_exists(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(), re.M))
    assert named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_file_a_document_links_exists(path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_command_a_document_names_exists(path):
    from mpfcgi.cli import main

    named = set(re.findall(r"(?:^|`)mpfcgi ([a-z]+)\b", path.read_text(), re.M)) - {"runs", "needs"}
    assert named <= set(main.commands)


def test_the_page_of_directives_is_current():
    build = script("docs/build.py")
    assert build.DIRECTIVES.read_text() == build.directives_page(), "run `make docs`"


def test_the_pages_of_the_api_are_of_what_handlers_import_and_are_given():
    pages = {path.stem: text for path, text in script("docs/build.py").reference_pages().items()}
    assert {"apache", "util", "Cookie", "Session", "psp", "request", "table"} <= pages.keys()
    assert not {"chain", "members", "exchange"} & pages.keys()
    assert all(f"`mp_request.{name}" in pages["request"] for name in ("write(", "read(", "user`", "add_handler("))
    assert "`class FieldStorage`" in pages["util"]
    assert "`HTTP_NOT_FOUND`" in pages["apache"]


@pytest.mark.parametrize("text", [b for b in blocks("") if is_configuration(b.values[0])])
def test_configuration_in_documents_is_accepted(text):
    from mpfcgi.config import load_text

    load_text(text)


def test_the_index_of_the_documents_links_them_all():
    index = (ROOT / "docs" / "index.md").read_text()
    assert [
        page.name for page in (ROOT / "docs").glob("*.md") if page.stem != "index" and f"]({page.name})" not in index
    ] == []
    assert "](docs/index.md)" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("text", blocks("python"))
def test_python_in_documents_compiles(text):
    compile(text, "<document>", "exec")


def test_the_configurations_that_the_repository_ships_are_accepted():
    from mpfcgi.config import load

    for path in [ROOT / "examples" / "mpfcgi.conf", *(ROOT / "conf").glob("*.conf")]:
        load(str(path))


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.py")), ids=lambda p: p.name)
def test_examples_are_python_3(path):
    compile(path.read_text(), str(path), "exec")


def test_the_index_of_the_examples_links_only_what_is_there():
    site = ROOT / "examples" / "htdocs"
    links = set(re.findall(r'(?:href|src)="/([^"?]*)', (site / "index.html").read_text()))
    made_by_handlers = {
        "handler/mirror.py",
        "publisher/greet/hello",
        "publisher/greet/add",
        "nowhere",
        "psp/table.psp_",
        "test/page",
        "wsgi/some/path",
        "missing/apache-error.html",
        "missing/handler-error.html",
    }
    assert {link for link in links - made_by_handlers if not (site / link).exists()} == set()


def test_modules_stay_short():
    long = {
        str(path.relative_to(ROOT)): count
        for path in [*(ROOT / "mpfcgi").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
        if (count := len(path.read_text().splitlines())) > LONGEST_MODULE
    }
    assert set(long) <= LONGER, long


def test_shell_scripts_parse():
    for path in ("tools/packages.sh", ".ci/run"):
        subprocess.run(["bash", "-n", ROOT / path], check=True)


def test_packages_knows_every_target_that_asks_it():
    asked = set(re.findall(r"tools/packages\.sh ([a-z]+)$", (ROOT / "Makefile").read_text(), re.M))
    known = set(re.findall(r"^        ([a-z]+)\)", (ROOT / "tools/packages.sh").read_text(), re.M))
    assert asked == known


def test_the_package_names_the_licence_it_comes_with():
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]
    assert "Apache-2.0" in (ROOT / "pyproject.toml").read_text()


@pytest.mark.frontend
def test_nginx_accepts_the_ready_configuration(tmp_path):
    nginx = program("nginx")
    for name in ("mpfcgi.conf", "mpfcgi_params"):
        shutil.copy(ROOT / "contrib" / "nginx" / name, tmp_path)
    site = (tmp_path / "mpfcgi.conf").read_text()
    (tmp_path / "mpfcgi.conf").write_text(site.replace("listen 80;", "listen unix:web.sock;"))
    folders = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = tmp_path / "nginx.conf"
    main.write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {folders} include mpfcgi.conf; }}")
    command = [nginx, "-t", "-e", tmp_path / "error.log", "-p", tmp_path, "-c", main]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_plot_of_the_benchmark_is_well_formed(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    import report

    sample = report.Sample(1000.0, 20.0, 0, 0.5, 2.0)
    rounds = [{"floor": sample, "ours": report.Sample(600.0, 30.0, 0, 0.5, 2.0)}]
    rows = [report.make_row(key, f"<{key}>", "", 2, rounds) for key in ("floor", "ours")]
    assert [row.ratio for row in rows] == [1.0, 0.6]
    ElementTree.fromstring(report.plot(rows))
    assert "0.60" in report.table(rows)
