"""Whether what a worker needs around it is there: folders, logs, sessions and their locks, room, and rights."""

from __future__ import annotations

import os
import pwd
import resource
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from mpfcgi.api import Request
from mpfcgi.ipc import syslog
from mpfcgi.ipc.mutex.contract import STORES
from mpfcgi.worker.logs import STDERR
from mpfcgi.worker.selftest.findings import LOOK, RIGHT, WRONG, Finding, Remedy, Visit
from mpfcgi.worker.selftest.frontends import OURS

MB = 1 << 20
# What uploads, and then logs, should find free, in bytes.
ROOM, LEAST_ROOM = 64 * MB, 1 * MB
# How many files a worker should be able to open, and how much memory one takes with an application in it.
FILES, MEMORY = 256, 128 * MB
# Processes of the same user beside the workers: the supervisor, a router, who starts a page by CGI or mod_fcgid.
BESIDE = 4
_SESSIONS = "PythonOption mod_python.session."


def user(visit: Visit) -> Finding:
    return of_user(os.geteuid())


def of_user(uid: int) -> Finding:
    """What is to be said of the user id of a worker."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return Finding(LOOK, f"the worker runs as {uid}, a user without a name or a home")
    if uid == 0:
        return Finding(WRONG, "the code of the pages runs as root", Remedy(OURS, "User  www-data\nGroup www-data"))
    return Finding(RIGHT, f"the code of the pages runs as {name}")


def document_root(visit: Visit) -> Finding:
    return of_folder(visit.services.document_root(visit.req))


def of_folder(root: str) -> Finding:
    """What is to be said of a folder of pages; "" for none."""
    if not root:
        return Finding(WRONG, "there is none, here or from the web server", Remedy(OURS, "DocumentRoot /srv/www"))
    try:
        is_folder = stat.S_ISDIR(os.stat(root).st_mode)
    except PermissionError:
        return _closed(root)
    except OSError as error:
        return Finding(WRONG, f"{root}: {error.strerror}", Remedy(OURS, "DocumentRoot, with a folder that is there"))
    if not is_folder:
        return Finding(WRONG, f"{root} is no folder", Remedy(OURS, "DocumentRoot, with a folder that is there"))
    return Finding(RIGHT, root) if os.access(root, os.R_OK | os.X_OK) else _closed(root)


def _closed(root: str) -> Finding:
    """The first folder on the way that the worker may not look into."""
    folder = "/"
    for part in [name for name in root.split("/") if name]:
        folder = os.path.join(folder, part)
        if not os.access(folder, os.X_OK):
            break
    return Finding(WRONG, f"the worker may not look into {folder}", Remedy("a shell", f"chmod o+rx {folder}"))


def sessions(visit: Visit) -> Finding:
    """A session is made, saved, found again and removed."""
    from mpfcgi.api import Session

    req = visit.req
    with _headers_kept(req):
        try:
            # An id that nobody has: what the visitor's own cookie leads to is left alone.
            made = Session.Session(req, sid=secrets.token_hex(16), lock=0)
            made["selftest"] = 1
            made.save()
            if not made.load():
                raise LookupError("what was saved is not found again")
            made.delete()
        except Exception as error:
            remedy = Remedy(OURS, f'{_SESSIONS}database_directory "/a/folder/of/the/worker\'s/user"')
            return Finding(WRONG, f"{type(error).__name__}: {error}", remedy)
    kind = type(made).__name__
    pool = visit.services.pool
    if kind == "MemorySession" and (visit.services.alone or pool.max_processes > 1):
        seen = "MemorySession: each process has sessions of its own, and there may be several"
        return Finding(WRONG, seen, Remedy(OURS, f"{_SESSIONS}session_type FileSession"))
    return Finding(RIGHT, f"{kind}: one was saved, found again and removed")


@contextmanager
def _headers_kept(req: Request) -> Iterator[None]:
    """What is done here leaves no trace in the answer: a session would send its cookie."""
    tables = req.headers_out, req.err_headers_out
    before = [list(table.items()) for table in tables]
    try:
        yield
    finally:
        for table, items in zip(tables, before):
            table.clear()
            for name, value in items:
                table.add(name, value)


def locks(visit: Visit) -> Finding:
    """One that is free is taken, and given back."""
    mutexes = visit.services.mutexes
    try:
        for index in range(STORES + 1, mutexes.count):
            if mutexes.acquire(index, block=False):
                mutexes.release(index)
                return Finding(RIGHT, f"{mutexes.count - 1} locks for sessions")
    except OSError as error:
        return Finding(
            WRONG, f"no lock can be taken: {error}", Remedy("a shell: they are made anew by", "mpfcgi restart")
        )
    seen = f"all {mutexes.count - 1} are held right now: pages with sessions wait for each other"
    return Finding(LOOK, seen, Remedy(OURS, "PythonOption mod_python.mutex_locks 64"))


def error_log(visit: Visit) -> Finding:
    name = visit.req.server.error_fname or visit.services.main_log.path
    file = visit.services.log_files.open(name)
    if syslog.is_syslog(file.path) or file.path == STDERR:
        return Finding(RIGHT, f"the lines go to {file.path}")
    if file.fileno() <= 2:
        return Finding(
            WRONG,
            f"{file.path} can't be written to",
            Remedy(OURS, "ErrorLog, with a file that the worker's user may write"),
        )
    status = os.fstat(file.fileno())
    if not _is_at(file.path, status):
        seen = f"{file.path} was moved or removed: lines still go to the old file"
        return Finding(LOOK, seen, Remedy("a shell", "kill -USR1 the daemon's process, or mpfcgi reload"))
    free = _free(file.fileno())
    if free < LEAST_ROOM:
        return Finding(WRONG, f"the disk of {file.path} is full")
    return Finding(RIGHT, file.path)


def _is_at(path: str, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), status)
    except PermissionError:
        # Opened before the worker became its pool's User, in a folder that is closed to that: nothing can be said.
        return True
    except OSError:
        return False


def room(visit: Visit) -> Finding:
    """Large uploads are kept in the folder for temporary files until they are read."""
    folder = tempfile.gettempdir()
    remedy = Remedy(OURS + ", in the <PythonPool>", "SetEnv TMPDIR /a/folder/with/room")
    try:
        with tempfile.TemporaryFile() as file:
            file.write(bytes(1 << 16))
            file.flush()
            free = _free(file.fileno())
    except OSError as error:
        return Finding(WRONG, f"no upload can be kept in {folder}: {error.strerror}", remedy)
    if free < ROOM:
        return Finding(LOOK, f"only {free // MB} MB are free for uploads in {folder}", remedy)
    return Finding(RIGHT, f"{free // MB} MB are free for uploads in {folder}")


def _free(fd: int) -> int:
    """Bytes that the user of this process may still write there."""
    system = os.fstatvfs(fd)
    return system.f_bavail * system.f_frsize


def limits(visit: Visit) -> Finding:
    return of_limits(visit.services.pool.max_processes)


def of_limits(most: int) -> Finding:
    """What is to be said of the system's limits, which hosts set low, for a pool of at most so many processes."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    memory, _ = resource.getrlimit(resource.RLIMIT_AS)
    processes, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if 0 <= files < FILES:
        remedy = Remedy(OURS + ", in the <PythonPool>", f"ResourceLimit nofile {FILES}")
        return Finding(LOOK, f"a worker may open {files} files, sockets and locks included", remedy)
    if 0 <= memory < MEMORY:
        remedy = Remedy(OURS + ", in the <PythonPool>, or ask the host", "ResourceLimit as unlimited")
        return Finding(LOOK, f"a worker may have {memory // MB} MB of memory", remedy)
    if 0 <= processes < most + BESIDE and os.geteuid() != 0:
        remedy = Remedy(OURS + ", in the <PythonPool>", f"MaxProcesses {max(processes - BESIDE, 1)}")
        return Finding(LOOK, f"the user may have {processes} processes, and the pool wants up to {most}", remedy)
    return Finding(RIGHT, "files, memory and processes of a worker suffice")
