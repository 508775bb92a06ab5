import subprocess
import sys

import pytest

from mpfcgi.api import httpdconf
from mpfcgi.api.httpdconf import *  # noqa: F403
from mpfcgi.api.httpdconf import Comment, Container, ContainerTag, Directive, Directory, Files, PythonPath, VirtualHost
from mpfcgi.config import load
from tests.support.cycle import Site

Listen, SetHandler = httpdconf.Listen, httpdconf.SetHandler


def test_a_configuration_is_written_with_its_sections_indented():
    config = Container(
        Comment("one\ntwo"),
        Listen(8080),
        VirtualHost(
            "*:80", Directory("C:\\www", SetHandler("mod_python"), Files("*.py", Directive("Name", "a\\b", 0)))
        ),
        PythonPath("\"['a\\b'] + sys.path\""),
    )
    config.append(httpdconf.PythonInterpPerDirectory())
    assert str(config) == (
        "# one\n# two\nListen 8080\n<VirtualHost *:80>\n  <Directory C:/www>\n    SetHandler mod_python\n"
        "    <Files *.py>\n      Name a\\b\n    </Files>\n  </Directory>\n</VirtualHost>\n"
        "PythonPath \"['a\\b'] + sys.path\"\nPythonInterpPerDirectory Off\n"
    )


@pytest.mark.parametrize(
    ("condition", "written"),
    [
        ("True", True),
        ("False", False),
        ("mod_python.version.HTTPD_VERSION[0:3] == '2.4'", True),
        ("sys.maxsize < 0", False),
    ],
)
def test_a_container_may_depend_on_something(condition, written):
    assert str(Container(Listen("1"), only_if=condition)) == ("Listen 1\n" if written else "")


def test_what_is_shown_of_it_makes_it_again():
    config = Container(
        Comment("a\nb"), Container(Listen("1"), only_if="True"), Directory("/a", SetHandler("x"), Comment("c")),
        ContainerTag("Directory", "/b", (Listen(5),)),
    )  # fmt: skip
    assert str(eval(repr(config))) == str(config)


def test_a_basic_configuration_is_one_that_the_daemon_takes(tmp_path, capsys):
    root = tmp_path / "my site"
    path = httpdconf.write_basic_config(str(root), pythonoptions=["a b"], pythonpath=["/x y"], mp_comments=["mine"])
    assert path == str(root / "conf" / "httpd_conf.py")
    assert httpdconf.write_basic_config(str(root)) is None
    assert "already exists" in capsys.readouterr().err
    (root / "public" / "hello.py").write_text("def index(req):\n    return req.get_options()['a']\n")
    made = subprocess.run(
        [sys.executable, "-m", "mpfcgi", "genconfig", path], capture_output=True, text=True, check=True
    )
    assert "# mine\n" in made.stdout
    file = root / "conf" / "mpfcgi.conf"
    file.write_text(made.stdout)
    assert load(str(file)).warnings == ()
    site = Site(tmp_path, made.stdout.replace(str(root / "public"), str(tmp_path / "www")))
    (site.root / "hello.py").write_text((root / "public" / "hello.py").read_text())
    assert site.get("/hello").body == "b"


def test_a_file_for_genconfig_has_its_arguments(tmp_path):
    file = tmp_path / "conf.py"
    file.write_text("import sys\nfrom mod_python.httpdconf import *\nprint(Container(Listen(sys.argv[1])))\n")
    made = subprocess.run(
        [sys.executable, "-m", "mpfcgi", "genconfig", str(file), "8080"], capture_output=True, text=True, check=True
    )
    assert made.stdout == "Listen 8080\n\n"
