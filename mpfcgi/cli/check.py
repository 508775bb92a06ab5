"""`mpfcgi check`: is the configuration right, and what in the handlers needs porting?"""

from __future__ import annotations

import json
import sys
from collections import Counter

import click

from mpfcgi import porting
from mpfcgi.cli.common import clear_errors, config_option, define_option, fail, read_config
from mpfcgi.config import Config, Mistakes, connection_interpreters, static_interpreters


@click.command()
@config_option
@define_option
@click.option("--json", "as_json", is_flag=True, help="The findings in PATH as a JSON list.")
@click.option("--as", "user", metavar="USER", help="The web server's user: can it get to the unix sockets?")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(exists=True))
@clear_errors
def check(
    config_file: str | None, defines: tuple[str, ...], as_json: bool, user: str | None, paths: tuple[str, ...]
) -> None:  # fmt: skip
    """Say what is wrong with the configuration, or what in old handlers needs porting, with file and line.

    Without PATH it is the configuration: directives that only the front-end can carry out are reported, and are no
    error. With PATH (files, or folders with .py, .psp, .conf and .htaccess files in them) it is what must change for
    Python 3 and for mpfcgi; Python 2 sources are read too. With both -c and PATH it is both.

    \b
    must    it fails, or does something else
    should  it works here, but is outdated
    look    it may be meant so

    Exit status 1 when the configuration is wrong or something must change.

    \b
    Examples:
      mpfcgi check -c mpfcgi.conf
      mpfcgi check --as www-data
      mpfcgi check /srv/www/old-site
      mpfcgi check --json handlers/*.py
    """
    if as_json and not paths:
        raise click.UsageError("--json is for the findings in PATH: name a file or a folder")
    if config_file is not None or user is not None or not paths:
        config = _check_config(config_file, defines, quiet=as_json)
        if user is not None:
            _check_reach(config, user)
    if paths:
        _check_handlers(paths, as_json)


def _check_reach(config: Config, user: str) -> None:
    from mpfcgi.supervisor import reach

    problems = reach.problems(config, reach.user(user))
    for problem in problems:
        click.echo(f"mpfcgi: {problem}", err=True)
    if problems:
        sys.exit(1)


def _check_config(config_file: str | None, defines: tuple[str, ...], quiet: bool) -> Config:
    from mpfcgi.supervisor import listeners, locks, surroundings
    from mpfcgi.worker import expanding, logs

    config = read_config(config_file, defines)
    mistakes = Mistakes()
    with mistakes.noted():
        logs.check(config)
    with mistakes.noted():
        expanding.check(config)
    with mistakes.noted():
        locks.settings(config)
    with mistakes.noted():
        surroundings.check(config)
    with mistakes.noted():
        listeners.check(config.listens)
    mistakes.end()
    for warning in (*config.warnings, *surroundings.warnings(config), *listeners.missing_folders(config.listens)):
        click.echo(f"warning: {warning}", err=True)
    if not config.listens:
        click.echo(f"warning: {config.file}: no Listen line: no front-end can connect", err=True)
    if not quiet:
        names = dict.fromkeys([*static_interpreters(config), *connection_interpreters(config)])
        click.echo(f"{config.file}: right. Interpreters: {', '.join(names)}")
    return config


def _check_handlers(paths: tuple[str, ...], as_json: bool) -> None:
    try:
        findings = list(porting.check_paths(paths))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", 2)
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in findings], indent=1))
    else:
        for finding in findings:
            place = f"{finding.file}:{finding.line}:{finding.column}"
            click.echo(f"{place}: {finding.severity}: {finding.message}; write {finding.instead}")
        count = Counter(finding.severity for finding in findings)
        files = len({finding.file for finding in findings})
        click.echo(
            f"{count[porting.MUST]} must change, {count[porting.SHOULD]} should, {count[porting.LOOK]} to look at, in {files} files"
            if findings
            else "nothing to port"
        )
    if any(finding.severity == porting.MUST for finding in findings):
        sys.exit(1)
