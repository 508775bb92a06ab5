"""The daemon's mutexes: made at its start as the main server's options say, kept until its end."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from mpfcgi.config import Config, ConfigError
from mpfcgi.ipc import mutex
from mpfcgi.ipc.mutex import Mutexes, MutexSettings
from mpfcgi.supervisor.log import Log


def settings(config: Config) -> MutexSettings:
    """What PythonOption mod_python.mutex_* of the main server says; elsewhere it means nothing (manual 2.3.3).

    ConfigError, at the option's place, for what can't be.
    """
    options, place = {}, None
    for directive in config.main.directives:
        if directive.name == "PythonOption" and directive.args[0].startswith("mod_python.mutex_"):
            options.update(directive.value)
            place = directive.place
    try:
        return mutex.settings_of(options, config.server_root)
    except ValueError as error:
        raise ConfigError(str(error), place) from None


def create(
    config: Config, log: Log, shared: str | None = None, passed: dict[str, Any] | None = None
) -> Mutexes:  # fmt: skip
    """The mutexes of a daemon that starts; those that a dead one has left are removed. ConfigError as in `settings`.

    Processes that answer alone by one configuration file `shared` have the same ones: files beside it. After an upgrade
    they are the same as before (`passed`): old and new workers must lock with the same ones.
    """
    wanted = settings(config)
    if shared is not None:
        folder = os.path.dirname(os.path.abspath(shared))
        if not os.access(folder, os.W_OK):
            folder = wanted.directory
        wanted = replace(wanted, kind="flock", directory=folder, shared=os.path.realpath(shared))
    if passed is not None:
        try:
            kept = mutex.inherited(wanted, passed)
        except OSError as error:
            raise ConfigError(str(error)) from None
        if kept is not None:
            return kept
        log.warning(
            "other mutexes than before: until the old workers have left, they and the new ones lock by themselves"
        )
    removed = mutex.remove_stale(wanted.directory)
    if removed:
        log.notice(f"removed {removed} semaphores of a daemon that has died")
    try:
        return mutex.create(wanted)
    except OSError as error:
        raise ConfigError(error.strerror or str(error)) from None


def check_unchanged(before: Config, after: Config, log: Log) -> None:
    """Say at a reload that other mutexes need a restart: old and new workers must lock with the same ones."""
    if settings(before) != settings(after):
        log.warning("reload: PythonOption mod_python.mutex_type, mutex_locks and mutex_directory take a restart")
