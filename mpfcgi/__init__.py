"""mpfcgi: mod_python applications outside the web server, in pools of workers that speak FastCGI.

The rooms, and the way of a request through them:

    fastcgi/     the wire: bytes <-> events, no IO
    config/      the rules: Apache-style text -> immutable answers
    ipc/         between processes: handoff, scoreboard, control, mutexes
    importer/    the autoreloading module importer
    supervisor/  the parent: pools, listeners, the router; never runs user code
    worker/      the child: where a socket meets the wire, and the phases run
    api/         what handlers import as ``mod_python``
    gateway/     the other way round: HTTP or CGI -> FastCGI
    frontend/    the web server's side: configurations for nginx, Apache and others
    porting/     what in old handlers must change, for `mpfcgi check`
    cli/         the ``mpfcgi`` command
"""

__version__ = "0.1.0"
