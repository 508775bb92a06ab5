"""Starting, watching, replacing and stopping the workers; the sockets and signals that belong to that."""

from mpfcgi.supervisor.supervisor import Supervisor

__all__ = ["Supervisor"]
