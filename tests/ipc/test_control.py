"""The supervisor's line to a worker."""

from mpfcgi.ipc import control


def test_commands_reach_the_worker_until_it_is_gone():
    parent, child = control.control_pair()
    assert control.tell(parent, control.QUIT)
    assert child.recv(10) == control.QUIT
    child.close()
    assert not control.tell(parent, control.QUIT)


def test_nothing_said_is_something_else_than_nobody_there():
    parent, child = control.control_pair()
    assert control.hear(child) is None
    control.tell(parent, control.REOPEN)
    control.tell(parent, control.QUIT)
    assert control.hear(child) == control.REOPEN + control.QUIT
    parent.close()
    assert control.hear(child) == b""
    child.close()
