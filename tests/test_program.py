"""How this program starts itself anew."""

from __future__ import annotations

import subprocess
import sys

from mpfcgi import __version__, program


def test_the_command_finds_nothing_in_the_current_folder(tmp_path):
    (tmp_path / "mpfcgi.py").write_text("raise SystemExit('a wrong one')")
    (tmp_path / "select.py").write_text("raise SystemExit('a wrong one')")
    run = subprocess.run(program.command_line("--version"), cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stderr, __version__ in run.stdout) == (0, "", True)


def test_a_process_knows_its_own_command_line():
    run = "from mpfcgi import program; print(program.anew(True))"
    command = program.command_line("a b", "\udcff", run=run, flags=["-B"])
    out = subprocess.run(command, capture_output=True, text=True).stdout
    assert out.strip() == str([sys.executable, *program.OPTIMIZED, *command[1:]])


def test_what_the_configuration_has_put_in_it_takes_out():
    run = "from mpfcgi import program; print(program.anew(False), program.anew())"
    command = program.command_line("-O", run=run, flags=program.OPTIMIZED)
    out = subprocess.run(command, capture_output=True, text=True).stdout
    assert out.strip() == f"{program.command_line('-O', run=run)} {command}"


def test_without_python_s_help_the_kernel_tells_it():
    """Python 3.9 has no sys.orig_argv."""
    run = "import sys; sys.__dict__.pop('orig_argv', None); from mpfcgi import program; print(program.anew())"
    command = program.command_line("a b", "", run=run)
    out = subprocess.run(command, capture_output=True, text=True).stdout
    assert out.strip() == str(command)
