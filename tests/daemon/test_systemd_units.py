"""The units under contrib/systemd: their commands are ours, and systemd finds nothing wrong with them."""

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from mpfcgi.cli import main

FOLDER = Path(__file__).parents[2] / "contrib" / "systemd"
SERVICES = sorted(FOLDER.rglob("*.service"))


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read(path)
    return parser


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_their_commands_exist_with_these_options_and_end_as_the_daemon_is_told_to(path, tmp_path):
    service = unit(path)["Service"]
    assert service["Type"] == "notify"
    for name, command in (("ExecStart", "run"), ("ExecReload", "reload")):
        words = service[name].split()
        assert words[0].endswith("/mpfcgi")
        assert words[1] == command
        config = tmp_path / "mpfcgi.conf"
        config.write_text("NoSuchDirective x\n")
        arguments = [str(config) if word.endswith(".conf") else word for word in words[1:]]
        # Understood up to the configuration, which is wrong.
        assert "there is no directive NoSuchDirective" in CliRunner().invoke(main, arguments).output


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.s*")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_systemd_finds_nothing_wrong_with_them(path, tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    copies = [tmp_path / "mpfcgi.service", tmp_path / "mpfcgi.socket"]
    for copy in copies:
        source = path if path.name == copy.name else FOLDER / copy.name
        # The program need not be installed here.
        copy.write_text("\n".join(_with_a_program(line) for line in source.read_text().splitlines()))
    said = subprocess.run(
        [analyze, "verify", "--man=no", *map(str, copies)], capture_output=True, text=True, timeout=60
    )
    ours = [line for line in said.stderr.splitlines() if str(tmp_path) in line]
    assert not ours


def _with_a_program(line: str) -> str:
    name, equals, command = line.partition("=")
    return f"{name}=/bin/true {command.partition(' ')[2]}" if equals and name.startswith("Exec") else line
