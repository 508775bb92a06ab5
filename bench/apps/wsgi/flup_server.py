"""flup_server.py SOCKET PROCESSES: flup's threaded FastCGI server, in processes that share a socket."""

import os
import socket
import sys

from flup.server.fcgi import WSGIServer
from hello_wsgi import application


def main(path: str, processes: int) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen(511)
    os.dup2(listener.fileno(), 0)  # flup serves the descriptor that FastCGI's section 2.2 names
    listener.close()
    children = []
    for _ in range(processes):
        pid = os.fork()
        if pid == 0:
            WSGIServer(application, minSpare=8, maxSpare=16, maxThreads=32).run()
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
