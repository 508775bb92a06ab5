"""The rows of the benchmark, one module each; `ALL` has them in the order of the table."""

from __future__ import annotations

from . import floor, flup_threads, granian, gunicorn, library, modpython, ours, php, uwsgi
from .base import Missing, Peer, Workshop

ALL: dict[str, type[Peer]] = {
    peer.key: peer
    for peer in (
        floor.Floor,
        ours.Ours,
        granian.Granian,
        modpython.ModPython,
        uwsgi.Uwsgi,
        php.PhpKept,
        php.Php,
        gunicorn.Gunicorn,
        flup_threads.Flup,
        *library.ROWS,
    )
}

__all__ = ["ALL", "Missing", "Peer", "Workshop"]
